"""For any hours and posts: nothing comes in hours that forbid it, nothing is lost, all in order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policies.windows import is_quiet
from relay.errors import RefusalError
from relay.hours import leaves_time
from relay.judge import quiet_windows
from relay.model import GroupSettings, Member, MemberSettings
from relay.store.tables import DELIVERY
from tests.engine.conftest import House

ZONES = (
    *("Europe/Berlin", "America/Chicago", "America/St_Johns", "Australia/Lord_Howe"),
    *("Asia/Kolkata", "Pacific/Chatham", "Africa/Casablanca", "UTC"),
)
MOST_MOMENTS = 400
"""At which something falls due in one example; what is never due again has been lost."""

times = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from((0, 15, 30, 59)))
spans = st.builds("{}-{}".format, times, times)
days = st.sampled_from(("", "mon-fri ", "sat sun ", "wed ", "fri-mon "))
weekly = st.builds("{}{}".format, days, spans)
lines = st.one_of(
    st.sampled_from(("", "off", "22:00-07:00", "sat sun 00:00-24:00")),
    st.lists(weekly, min_size=1, max_size=3).map(", ".join),
)
people = st.lists(st.tuples(st.sampled_from(("", *ZONES)), lines), min_size=2, max_size=4)
posts = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 900)), min_size=1, max_size=5
)  # who writes, and how many minutes after the one before


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A group, its people, and what they write."""

    group: GroupSettings
    people: tuple[MemberSettings, ...]
    posts: tuple[tuple[int, int], ...]
    wait: int
    """Days before it begins."""


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Draw a case in which everybody has some time that is free."""
    group = GroupSettings(
        quiet=draw(lines),
        timezone=draw(st.sampled_from(ZONES)),
        narrow=draw(st.booleans()),
        jitter=draw(st.sampled_from((0, 10, 60))),
        held_from=0,
    )
    group = group if _leaves_time(group, MemberSettings()) else GroupSettings(held_from=0)
    wishes = (MemberSettings(timezone=zone, quiet=quiet) for zone, quiet in draw(people))
    members = tuple(w if _leaves_time(group, w) else MemberSettings() for w in wishes)
    made = tuple((who % len(members), minutes) for who, minutes in draw(posts))
    return Case(group=group, people=members, posts=made, wait=draw(st.integers(0, 40)))


def _leaves_time(group: GroupSettings, member: MemberSettings) -> bool:
    try:
        return leaves_time(quiet_windows(group, member))
    except RefusalError:
        return False


class Night:
    """One case on the engine, moment by moment."""

    def __init__(self, house: House, case: Case) -> None:
        self.house = house
        self.case = case
        self.members: list[Member] = []
        self.came: dict[str, list[tuple[str, datetime]]] = {}
        self.heard = len(house.email.sent)

    async def play(self) -> None:
        """Everything that is written, and everything that comes of it."""
        house, case = self.house, self.case
        house.clock.forward(days=case.wait)
        house.messages += 1
        group = await house.group(f"Night {house.messages}", **_wishes(case.group))
        for n, wish in enumerate(case.people):
            contact = f"m{n}@willow.example"
            hers = {"timezone": wish.timezone, "quiet": wish.quiet}
            self.members.append(await house.member(group, f"Reader {'abcd'[n]}", contact, **hers))
        for n, (who, minutes) in enumerate(case.posts):
            await self.until(house.clock.now() + timedelta(minutes=minutes))
            await house.say(self.members[who], f"m{who}@willow.example", f"post {n}")
            await self.deliver()
        await self.until(house.clock.now() + timedelta(days=40))

    async def until(self, at: datetime) -> None:
        """Go from one moment at which something is due to the next."""
        for _ in range(MOST_MOMENTS):
            due = await self.next_due()
            if due is None or due > at:
                break
            self.house.clock.forward(seconds=(due - self.house.clock.now()).total_seconds())
            await self.deliver()
        if await self.next_due() is not None:
            self.house.clock.forward(seconds=(at - self.house.clock.now()).total_seconds())

    async def next_due(self) -> datetime | None:
        """When something is due next."""
        async with self.house.engine.database.reading() as c:
            due = (await c.execute(sa.select(sa.func.min(DELIVERY.c.due)))).scalar_one()
        return None if due is None else datetime.fromtimestamp(due / 1000, UTC)

    async def deliver(self) -> None:
        """Let what is due leave, and note it."""
        await self.house.deliver()
        await self.house.sweeper.sweep()
        for out in self.house.email.sent[self.heard :]:
            here = self.came.setdefault(out.to.reveal(), [])
            here.append((out.text.reveal(), self.house.clock.now()))
        self.heard = len(self.house.email.sent)

    def check(self) -> None:
        """Each reader has all that others wrote, in their order, and none of it at night."""
        for n, wish in enumerate(self.case.people):
            windows = quiet_windows(self.case.group, wish)
            came = self.came.get(f"m{n}@willow.example", [])
            wanted = [f"post {p}" for p, (who, _) in enumerate(self.case.posts) if who != n]
            assert [text for text, _ in came] == wanted
            woken = [at for _, at in came if any(is_quiet(window, at) for window in windows)]
            assert woken == []


def _wishes(group: GroupSettings) -> dict[str, str]:
    narrow = "yes" if group.narrow else "no"
    return {
        "quiet": group.quiet,
        "timezone": group.timezone,
        "narrow": narrow,
        "jitter": str(group.jitter),
        "held_from": "0",
    }


async def _holds(house: House, case: Case) -> None:
    night = Night(house, case)
    await night.play()
    night.check()
    assert await house.stored() == (0, 0)


quick = settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@quick
@given(case=cases())
async def test_any_hours_hold_and_lose_nothing(house: House, case: Case) -> None:
    """On the engine itself, with its own policies, over changes of the clocks."""
    await _holds(house, case)


@pytest.mark.proof
@settings(quick, max_examples=150, derandomize=False)
@given(case=cases())
async def test_nights_of_any_kind(house: House, case: Case) -> None:
    """The same for many more: `make proof-nights`."""
    await _holds(house, case)
