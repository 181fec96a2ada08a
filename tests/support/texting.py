"""A run of many texts through the fake Twilio with faults of every class, and its bookkeeping.

What counts is what the fake knows: which phone was shown what, from which number. A copy that is
missing must have been told, to its author or to who runs the group; a second copy must be of a
text whose first one nobody could know about.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic

from relay import wording
from relay.demo.carrier import Carrier, TextMessage
from relay.engine import Engine
from relay.model import show_id
from tests.support.hasty import HastyClock
from tests.support.town import Resident, Town

MORE_NUMBERS = ("+16175550162", "+16175550163")
_NAMES = ("Robin", "Ana", "Sol", "Ivy", "Theo", "Mia", "Noor", "Kai")
_WRITERS = 8
_AHEAD = 400
"""How many copies the relay may be behind before the writers wait."""
_QUEUED = timedelta(hours=4)
"""How long before who runs a group was told about a reader a copy for her may have been written.

By the relay's clock: three attempts, each reported as failed within the hour that a report may
take, the waits between them, and the same again for the notice itself.
"""
_ONE_DAY = timedelta(days=1)
"""Who runs a group is told once a day that something did not reach a member."""
_WORD = re.compile(r"note\d{5}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How large a run is. `speed` is that of the relay's clock, `late` in seconds of the wall's."""

    posts: int
    groups: int
    members: int
    speed: float
    kills: int = 2
    down: int
    """How many texts are written while the relay is down, after each kill."""
    report: int = 60
    """Minutes that a text may be on its way, which a server on this machine would not have."""
    picture_every: int
    """Every so many-th post of a group that passes pictures on is one."""
    rate: float = 0.05
    late: float = 1.0
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Absence:
    """A member was said to be out of reach, and later let in again."""

    key: str
    since: datetime
    until: datetime

    def explains(self, key: str, post: Post) -> bool:
        """Whether a copy of this post for that member was dropped by it."""
        return key == self.key and self.since - _QUEUED <= post.at <= self.until


@dataclass(slots=True)
class Post:
    """One text of a member, and what Twilio was answered."""

    word: str
    group: int
    author: Resident
    picture: bool
    at: datetime
    answer: int = 0


@dataclass(slots=True)
class Figures:
    """What came out of a run."""

    posts: int = 0
    unheard: int = 0
    """Posts for which Twilio heard no yes."""
    copies: int = 0
    """Copies that had to arrive."""
    arrived: int = 0
    pictures: int = 0
    """Copies that arrived with a picture."""
    lost: int = 0
    """Copies that neither arrived nor were told to anybody."""
    missing: list[str] = field(default_factory=list)
    """What is known of each of those."""
    told: Counter[str] = field(default_factory=Counter)
    """Copies that did not arrive, by whom it was told to."""
    doubles: Counter[str] = field(default_factory=Counter)
    """Copies that arrived twice, by why the first one could not be known about."""
    most: int = 0
    """Copies of one text that one phone was shown."""
    wrong: int = 0
    """Copies at a wrong phone, from a wrong number, or under a wrong name."""
    taken: int = 0
    left_behind: int = 0
    backlog: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    tallies: dict[str, int] = field(default_factory=dict)
    minutes: dict[str, float] = field(default_factory=dict)

    def must_be_well(self) -> None:
        """What must hold after any such run. Raises `AssertionError`."""
        found = "\n".join([*self.lines("texts"), *self.missing])
        assert self.lost == self.wrong == 0, found
        assert self.most <= 2, found
        assert self.doubles["unexplained"] == 0, found
        assert self.left_behind == self.backlog == 0, found

    def lines(self, name: str) -> Iterator[str]:
        """One line a figure."""
        for word in (
            "posts", "unheard", "copies", "arrived", "pictures", "lost", "most", "wrong", "taken",
            "left_behind", "backlog",
        ):  # fmt: skip
            yield f"{name}.{word} {getattr(self, word)}"
        for group in ("told", "doubles", "faults", "tallies"):
            for word, count in sorted(getattr(self, group).items()):
                yield f"{name}.{group}.{word} {count}"
        for word, minutes in self.minutes.items():
            yield f"{name}.minutes.{word} {minutes:.1f}"


class Run:
    """A town of texting groups, its members writing, faults, and a relay that is killed."""

    def __init__(self, folder: Path, database_url: str, plan: Plan) -> None:
        self.plan = plan
        self.clock = HastyClock.starting_now(plan.speed)
        self.town = Town(
            folder,
            database_url,
            carrier=Carrier(now=self.clock.now),
            overrides={
                "RELAY_LEASE_SECONDS": "600",
                "RELAY_POST_LIFE_HOURS": "72",
                "RELAY_TEXT_REPORT_MINUTES": str(plan.report),
                **self.clock.for_environment(),
            },
        )
        self.groups: list[list[Resident]] = []
        self.posts: list[Post] = []
        self.kills: list[datetime] = []
        self.absences: list[Absence] = []
        self._up = asyncio.Event()
        self._expected = 0
        self._looked_at: Counter[str] = Counter()

    async def play(self) -> Figures:
        """The whole run, until the relay is empty and down."""
        await self.town.open()
        try:
            await self._found()
            return await self._played()
        finally:
            await self.town.close()

    async def _found(self) -> None:
        """Groups whose phones overlap: the last of one is the first of the next."""
        await self.town.inside(lambda e: e.registrar.add_numbers(list(MORE_NUMBERS)))
        self.town.carrier.rent(*MORE_NUMBERS)
        async with self.town.opened() as engine:
            for number in range(self.plan.groups):
                self.groups.append(await self._one_group(engine, number))
        chances = self.plan
        self.town.carrier.chaos(chances.rate, chances.seed, late=chances.late)

    async def _one_group(self, engine: Engine, number: int) -> list[Resident]:
        pictures = {"pictures": "yes", "text_pictures": "yes"}
        wishes = pictures if self._has_pictures(number) else {}
        name = f"Group {chr(65 + number)}"
        await engine.registrar.create_group(name, wishes)
        found = []
        for seat in range(self.plan.members):
            contact = f"+1202555{number * (self.plan.members - 1) + seat:04d}"
            member = await engine.registrar.add_member(
                name, name=_NAMES[seat], sms=contact, email=None,
                agreed=self.clock.since.date().isoformat(), facilitator=seat < 2, wishes={},
            )  # fmt: skip
            found.append(Resident(member, contact, phone=self.town.carrier.phone(contact)))
        return found

    def _has_pictures(self, group: int) -> bool:
        return group % 3 == 0

    # Writing ---------------------------------------------------------------------------------

    async def _played(self) -> Figures:
        figures, began = Figures(), monotonic()
        await self.town.spawn(module="tests.support.hasty")
        self._up.set()
        await self._write_all()
        figures.minutes["writing"] = (monotonic() - began) / 60
        figures.tallies = (await self._settled())["tallies"]
        await self._look_after()
        figures.minutes["settling"] = (monotonic() - began) / 60
        figures.backlog = await self._erased()
        figures.minutes["erasing"] = (monotonic() - began) / 60
        await self.town.stop()
        self._count(figures)
        return figures

    async def _write_all(self) -> None:
        numbers = iter(range(self.plan.posts))

        async def writer() -> None:
            for number in numbers:
                await self._up.wait()
                await self._before(number)
                await self._write(number)

        await asyncio.gather(*(writer() for _ in range(_WRITERS)))

    async def _before(self, number: int) -> None:
        """Kill the relay, or bring it back, where the plan has it; never outrun it by far."""
        plan = self.plan
        share = plan.posts // (plan.kills + 1)
        after, nth = number % share, number // share
        if after == 0 and 1 <= nth <= plan.kills:
            await self._kill()
        elif after == plan.down and 1 <= nth <= plan.kills:
            await self._come_back()
        if number % 50 == 0:
            await self._look_after()
        with suppress(TimeoutError):  # what was given up never comes
            await self.town.carrier.wait_for(
                lambda: self._expected - len(self.town.carrier.taken) < _AHEAD, timeout=5
            )

    async def _kill(self) -> None:
        self._up.clear()
        await self.town.kill()
        self.kills.append(self.clock.now())
        self._up.set()

    async def _come_back(self) -> None:
        self._up.clear()
        await self.town.spawn(module="tests.support.hasty")
        self._up.set()

    async def _write(self, number: int) -> None:
        group = number % self.plan.groups
        turn = number // self.plan.groups
        author = self.groups[group][turn % self.plan.members]
        picture = self._has_pictures(group) and turn % self.plan.picture_every == 0
        post = Post(f"note{number:05d}", group, author, picture, self.clock.now())
        self.posts.append(post)
        assert author.phone is not None
        post.answer = await author.phone.text(author.write_to, post.word, media=int(picture))
        if post.answer == 200:
            self._expected += self.plan.members - 1

    async def _look_after(self) -> None:
        """Who runs a group looks after whom nothing reaches, and lets her in again."""
        for group in self.groups:
            news = [
                text for reader in group if reader.member.facilitator for text in self._new(reader)
            ]
            for person in group:
                said = wording.UNREACHABLE.format(name=person.member.name.reveal())
                since = [text.at for text in news if text.body == said]
                if since:
                    await self._let_in(person)
                    self.absences.append(Absence(_key(person), min(since), self.clock.now()))

    def _new(self, reader: Resident) -> list[TextMessage]:
        """What her phone shows since it was last looked at."""
        shown = _shown(reader)
        new = shown[self._looked_at[_key(reader)] :]
        self._looked_at[_key(reader)] = len(shown)
        return new

    async def _let_in(self, person: Resident) -> None:
        key = show_id(person.member.id)
        await self.town.inside(lambda e: e.registrar.change_member(key, {"state": "active"}))

    # Ending ----------------------------------------------------------------------------------

    async def _settled(self) -> dict[str, dict[str, int]]:
        """Wait until nothing is on its way any more: faults go on to the end."""
        return await self.town.settled(900)

    async def _erased(self) -> int:
        """Wait until nothing is to be deleted any more, however often the provider refused.

        Asked before it deletes, it may tell of a copy that did not arrive, and that is told: so
        nothing may be on its way either, at two looks in a row.
        """
        async with self.town.opened() as engine, asyncio.timeout(600):
            calm = 0
            while calm < 2:
                await asyncio.sleep(0.1)
                calm = calm + 1 if await self._is_calm(engine) else 0
            return await self._backlog(engine)

    async def _is_calm(self, engine: Engine) -> bool:
        if self.town.carrier.left_behind() or await self._backlog(engine):
            return False
        held = await engine.registrar.inventory()
        return not held["bodies"]

    async def _backlog(self, engine: Engine) -> int:
        async with engine.database.reading() as c:
            return (await engine.erasures.backlog(c, self.clock.now())).waiting

    # Counting --------------------------------------------------------------------------------

    def _count(self, figures: Figures) -> None:
        carrier = self.town.carrier
        figures.posts = len(self.posts)
        figures.unheard = sum(post.answer != 200 for post in self.posts)
        figures.copies = figures.posts * (self.plan.members - 1)
        figures.taken = len(carrier.taken)
        left = carrier.left_behind()
        figures.left_behind = len(left.messages) + len(left.media) + len(left.calls)
        figures.faults = Counter(carrier.faults_done)
        by_word = {post.word: post for post in self.posts}
        copies: dict[tuple[str, str], list[TextMessage]] = {}
        for text in carrier.delivered:
            found = _WORD.search(text.body)
            if found is None:
                continue
            post = by_word[found.group()]
            copies.setdefault((post.word, text.to), []).append(text)
            figures.wrong += not self._is_right(post, text)
            figures.pictures += bool(text.media)
        figures.arrived = len(copies)
        figures.most = max(map(len, copies.values()))
        figures.doubles = Counter(self._why(texts) for texts in copies.values() if len(texts) > 1)
        self._count_missing(figures, copies)

    def _is_right(self, post: Post, text: TextMessage) -> bool:
        """Whether it is at a reader of that group, from her own number there, as its author."""
        readers = {
            (person.contact, person.write_to)
            for person in self.groups[post.group]
            if person is not post.author
        }
        name = post.author.member.name.reveal()
        return (text.to, text.from_) in readers and text.body == f"{name}: {post.word}"

    def _why(self, texts: Sequence[TextMessage]) -> str:
        """Why the relay could not know that the first of two copies had been taken."""
        truth = {taken.sid: taken for taken in self.town.carrier.taken}
        if any(truth[text.sid].lost_answer for text in texts):
            return "answer_lost"
        first, last = min(text.at for text in texts), max(text.at for text in texts)
        return "killed" if any(first <= kill <= last for kill in self.kills) else "unexplained"

    def _count_missing(
        self, figures: Figures, copies: Mapping[tuple[str, str], Sequence[TextMessage]]
    ) -> None:
        told = _Told(self.groups, self.absences)
        for post in self.posts:
            readers = [person for person in self.groups[post.group] if person is not post.author]
            missing = [one for one in readers if (post.word, one.contact) not in copies]
            if len(missing) == len(readers) and told.author(post.author, wording.PAUSED):
                figures.told["author_that_she_is_paused"] += len(missing)
                continue
            left = [one for one in missing if not told.about(one, post)]
            figures.told["facilitators"] += len(missing) - len(left)
            if left and told.author(post.author, wording.NOT_REACHED):
                figures.told["author"] += len(left)
                left = []
            figures.lost += len(left)
            figures.missing += [self._record(post, reader) for reader in left]

    def _record(self, post: Post, reader: Resident) -> str:
        """All that is known of a copy that neither arrived nor was told."""
        carrier = self.town.carrier
        tries = [t for t in carrier.taken if t.to == reader.contact and post.word in t.body]
        news = [(c[1], c[2]) for t in tries for c in carrier.callbacks if c[0] == t.sid]
        return f"{post} for {reader.member.name.reveal()}: {tries} {news}"


class _Told:
    """What members were told. What an author is told explains one post; the rest, a time."""

    def __init__(self, groups: Sequence[Sequence[Resident]], absences: Sequence[Absence]) -> None:
        self._authors: Counter[tuple[str, str]] = Counter()
        self._given_back: dict[str, list[datetime]] = {}
        self._absences = absences
        for group in groups:
            self._read(group)

    def _read(self, group: Sequence[Resident]) -> None:
        for person in group:
            self._authors.update((_key(person), text.body) for text in _shown(person))
            name = person.member.name.reveal()
            back = wording.GIVEN_BACK.format(name=name)
            self._given_back[_key(person)] = [
                text.at
                for reader in group
                if reader.member.facilitator
                for text in _shown(reader)
                if text.body == back
            ]

    def author(self, author: Resident, words: str) -> bool:
        """Whether she was told so once more than was asked for."""
        key = (_key(author), words)
        self._authors[key] -= 1
        return self._authors[key] >= 0

    def about(self, reader: Resident, post: Post) -> bool:
        """Whether who runs the group was told that something did not reach this reader."""
        if any(absence.explains(_key(reader), post) for absence in self._absences):
            return True
        return any(abs(at - post.at) < _ONE_DAY for at in self._given_back[_key(reader)])


def _shown(person: Resident) -> list[TextMessage]:
    """What her phone shows of this group."""
    assert person.phone is not None
    return [text for text in person.phone.inbox if text.from_ == person.write_to]


def _key(person: Resident) -> str:
    """Her pair of phone and number, which is one membership."""
    return person.contact + person.write_to
