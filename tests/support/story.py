"""Stories: a transcript of some days of a group, played on the engine and compared to the letter.

A story is a page to read: who is in the group and where she lives, then lines in the order in which
things happen, each with the time that her own wall clock shows.

    Wed 21:40  Robin   writes  I cannot sleep
    Wed 21:40  Sol     reads   Robin: I cannot sleep
    Thu 07:00  Ana     reads   Robin: I cannot sleep

What she `writes` is played; everything anybody `reads` is what the relay did, and must be all of
it. What arrives in the same minute stands in the order of the names, because the relay mixes it;
posts that come as one message stand in one line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from channels.contract import Outgoing
from channels.secret import Secret
from relay.model import Group, Member
from relay.store.tables import DELIVERY, POST
from tests.engine.conftest import House

_LINE = re.compile(
    r"(?P<day>[A-Z][a-z]{2}) (?P<time>\d\d:\d\d)(?P<again>\*?) +(?P<who>\S+) +"
    r"(?P<does>writes|reads) +(?P<words>.*)"
)
_PERSON = re.compile(r"(?P<name>\S+) +(?P<way>texts|mails) +(?P<zone>\S+)(?P<wishes>.*)")
_AFTER = timedelta(days=3)
"""How long after the last line the relay is watched for what nobody expects."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody in a story."""

    name: str
    contact: str
    zone: ZoneInfo
    wishes: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line, as an instant."""

    at: datetime
    who: str
    does: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A story, read."""

    first_day: datetime
    group: dict[str, str]
    people: dict[str, Person]
    lines: tuple[str, ...]
    """As they stand on the page, without blank lines."""

    def writes(self) -> Iterator[Event]:
        """What is played, in order."""
        at = self.first_day
        for line in self.lines:
            found = _LINE.fullmatch(line)
            assert found, line
            person = self.people[found["who"]]
            at = _instant(found["day"], found["time"], person.zone, at, again=bool(found["again"]))
            if found["does"] == "writes":
                yield Event(at=at, who=person.name, does="writes", words=found["words"])

    def shown(self, events: Sequence[Event]) -> list[str]:
        """Events as lines of a page."""
        width = max(map(len, self.people))
        ordered = sorted(events, key=lambda e: (e.at, e.does == "reads", e.who))
        return [self._line(event, width) for event in ordered]

    def _line(self, event: Event, width: int) -> str:
        local = event.at.astimezone(self.people[event.who].zone)
        again = "*" if local.fold else " "
        when = f"{local:%a %H:%M}{again}"
        return f"{when} {event.who:<{width}}  {event.does:<6}  {event.words}"


def read_story(path: Path) -> Story:
    """Read a page. Raises `AssertionError` with the line that cannot be read."""
    head, _, body = path.read_text(encoding="utf-8").partition("\n---\n")
    group: dict[str, str] = {}
    people: dict[str, Person] = {}
    first = datetime.min.replace(tzinfo=UTC)
    for line in filter(None, map(str.strip, head.splitlines())):
        if line.startswith("#"):
            continue
        if line.startswith("from "):
            first = datetime.fromisoformat(line.removeprefix("from ")).replace(tzinfo=UTC)
        elif line.startswith("group "):
            group = _wishes(line.removeprefix("group "))
        else:
            found = _PERSON.fullmatch(line)
            assert found, line
            people[found["name"]] = _person(found, len(people))
    lines = tuple(line.rstrip() for line in body.splitlines() if line.strip())
    return Story(first_day=first, group=group, people=people, lines=lines)


async def play(story: Story, house: House) -> list[str]:
    """Play what is written in a story; return the page as the relay made it."""
    return await _Stage(story, house).play()


class _Stage:
    def __init__(self, story: Story, house: House) -> None:
        self._story = story
        self._house = house
        self._members: dict[str, Member] = {}
        self._events: list[Event] = []
        self._heard: dict[str, int] = {"sms": 0, "email": 0}
        self._names = {person.contact: person.name for person in story.people.values()}

    async def play(self) -> list[str]:
        self._go_to(self._story.first_day)
        group = await self._house.group(**self._story.group)
        for person in self._story.people.values():
            await self._enter(group, person)
        for event in self._story.writes():
            await self._until(event.at)
            self._events.append(event)
            contact = self._story.people[event.who].contact
            await self._house.say(self._members[event.who], contact, event.words)
            await self._deliver()
        await self._until(self._house.clock.now() + _AFTER)
        return self._story.shown(self._events)

    async def _enter(self, group: Group, person: Person) -> None:
        member = await self._house.member(group, person.name, person.contact, **person.wishes)
        self._members[person.name] = member

    def _go_to(self, at: datetime) -> None:
        self._house.clock.forward(seconds=(at - self._house.clock.now()).total_seconds())

    async def _until(self, at: datetime) -> None:
        """Let time pass, from one moment at which something falls due to the next."""
        while (due := await self._next()) is not None and due < at:
            self._go_to(due)
            await self._deliver()
        self._go_to(at)
        await self._deliver()

    async def _next(self) -> datetime | None:
        """When something falls due, or the life of a post is over."""
        async with self._house.engine.database.reading() as c:
            soonest = [
                (await c.execute(sa.select(sa.func.min(column)))).scalar_one()
                for column in (DELIVERY.c.due, POST.c.expires)
            ]
        times = [moment for moment in soonest if moment is not None]
        return datetime.fromtimestamp(min(times) / 1000, UTC) if times else None

    async def _deliver(self) -> None:
        await self._house.deliver()
        await self._house.sweeper.sweep()
        await self._house.deliver()
        for channel in (self._house.sms, self._house.email):
            for out in channel.sent[self._heard[channel.name] :]:
                self._note(out)
            self._heard[channel.name] = len(channel.sent)

    def _note(self, out: Outgoing) -> None:
        said = out.pieces or (out,)
        words = " / ".join(_line(one.author, one.text) for one in said)
        who = self._names[out.to.reveal()]
        now = self._house.clock.now()
        self._events.append(Event(at=now, who=who, does="reads", words=words))


def _instant(day: str, time: str, zone: ZoneInfo, not_before: datetime, *, again: bool) -> datetime:
    """The first instant, not before another, at which a wall clock shows that day and time."""
    local = not_before.astimezone(zone) - timedelta(days=1)
    for ahead in range(10):
        date = (local + timedelta(days=ahead)).date()
        if f"{date:%a}" != day:
            continue
        shown = datetime.combine(date, datetime.strptime(time, "%H:%M").time())  # noqa: DTZ007
        found = shown.replace(tzinfo=zone, fold=int(again)).astimezone(UTC)
        if found >= not_before - timedelta(minutes=1):
            return found
    raise AssertionError(f"no {day} {time} after {not_before}")


def _line(author: Secret | None, text: Secret) -> str:
    """What one reads of one post, or of the programme itself."""
    words = text.reveal().replace("\n", " / ")
    return words if author is None else f"{author.reveal()}: {words}"


def _person(found: re.Match[str], number: int) -> Person:
    name = found["name"]
    by_text = found["way"] == "texts"
    contact = f"+1202555{1000 + number}" if by_text else f"{name.lower()}@home.example"
    wishes = {"timezone": found["zone"], **_wishes(found["wishes"])}
    return Person(name=name, contact=contact, zone=ZoneInfo(found["zone"]), wishes=wishes)


def _wishes(text: str) -> dict[str, str]:
    """Settings, parted by `|`, so that quiet hours may have blanks and commas in them."""
    pairs = (pair.partition("=") for pair in text.split("|") if pair.strip())
    return {name.strip(): value.strip() for name, _, value in pairs}
