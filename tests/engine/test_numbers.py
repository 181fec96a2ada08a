"""The pool: which number a phone is given, how long a pair rests, how far the numbers go.

What must never happen is that a pair of phone and number could mean two memberships: then a text
for one group would be posted in another.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels.contact import SMS
from channels.secret import Contact
from policies.facts import MemberState
from relay.clock import day
from relay.config import Settings
from relay.engine import Engine, open_engine
from relay.errors import RefusalError
from relay.lines import Kind, candidates, first_choice, line
from relay.model import Member, show_id
from relay.store.pool import Capacity
from relay.store.tables import GROUP, MEMBER, NUMBER, ROUTE
from relay.vault import master
from tests.engine.conftest import House
from tests.support.clock import StoppedClock

PHONES = ("+12025550101", "+12025550102", "+12025550103")
GROUPS = ("A", "B", "C", "D")
POOL = tuple(f"+120255501{n}" for n in range(80, 90))
QUARANTINE = 30
TOLL_FREE, CANADIAN, GERMAN = "+18885550100", "+14165550100", "+4915112345678"
NOWHERE = "+15551230000"


# What a number tells -------------------------------------------------------------------------


def test_what_a_number_tells() -> None:
    """Country and kind come from the number; 555 has no region, so its calling code is named."""
    told = {
        POOL[0]: ("US", Kind.LOCAL),
        TOLL_FREE: ("US", Kind.TOLL_FREE),
        CANADIAN: ("CA", Kind.LOCAL),
        GERMAN: ("DE", Kind.MOBILE),
        NOWHERE: ("+1", Kind.LOCAL),
        "+123456": ("+1", Kind.SHORT),
        "+88123456789": ("+881", Kind.LOCAL),
        "+9991234567": ("+0", Kind.LOCAL),
    }
    assert {n: (line(n).country, line(n).kind) for n in told} == told


@pytest.mark.parametrize(
    ("phone", "pool", "expected"),
    [
        (PHONES[0], {POOL[0], CANADIAN, GERMAN, TOLL_FREE}, {POOL[0], TOLL_FREE}),
        (PHONES[0], {NOWHERE, GERMAN}, {NOWHERE}),
        (NOWHERE, {POOL[0], CANADIAN, TOLL_FREE, GERMAN}, {POOL[0], CANADIAN, TOLL_FREE}),
        (GERMAN, {POOL[0], TOLL_FREE, "+123456"}, {POOL[0]}),
        (GERMAN, {TOLL_FREE, "+123456"}, set()),
        ("+14165550123", {POOL[0], TOLL_FREE}, {POOL[0], TOLL_FREE}),
        ("+14165550123", {CANADIAN, POOL[0], TOLL_FREE}, {CANADIAN, TOLL_FREE}),
        ("+18765550123", {TOLL_FREE}, set()),
        (GERMAN, set(), set()),
    ],
)
def test_which_numbers_a_phone_may_be_given(phone: str, pool: set[str], expected: set[str]) -> None:
    """Those of its country; without any, long codes of others, and nothing that works only there.

    A toll-free number of the United States counts for Canada, not for Jamaica.
    """
    assert set(candidates(line(phone), {n: line(n) for n in pool})) == expected


def test_which_of_several_comes_first() -> None:
    """The number most of the group uses, then the same region, local, the lowest."""
    free = {n: line(n) for n in (TOLL_FREE, CANADIAN, NOWHERE, POOL[1], POOL[0])}
    phone = line(PHONES[0])
    assert first_choice(phone, free, {TOLL_FREE: 2, POOL[0]: 1}) == TOLL_FREE
    assert first_choice(phone, free, {POOL[5]: 9}) == POOL[0]
    order = []
    while free:
        order.append(first_choice(phone, free, {}))
        del free[order[-1]]
    assert order == [POOL[0], POOL[1], TOLL_FREE, CANADIAN, NOWHERE]


# Who gets which ------------------------------------------------------------------------------


async def join(engine: Engine, group: str, phone: str, name: str = "Sol") -> Member:
    """Add a phone to a group."""
    return await engine.registrar.add_member(
        group, name=name, sms=phone, email=None, agreed="2026-01-02", facilitator=False, wishes={}
    )


async def test_a_group_shares_one_number_where_it_can(house: House) -> None:
    """Who is free for the group's number gets it, though another one is lower; others do not."""
    friday, tuesday = await house.group("Friday"), await house.group("Tuesday")
    low, high = "+12025550181", "+12025550182"
    first = await house.member(friday, "Robin", PHONES[0])
    both = await house.member(tuesday, "Robin", PHONES[0])
    alone = await house.member(tuesday, "Sol", PHONES[1])
    again = await house.member(friday, "Wren", PHONES[1])
    found = [one.write_to.reveal() for one in (first, both, alone, again)]
    assert found == [low, high, high, low]
    await house.engine.registrar.park_number(high)
    assert (await house.member(tuesday, "Ana", PHONES[2])).write_to.reveal() == low
    kept = await house.engine.registrar.member(show_id(both.id))
    assert kept.write_to.reveal() == high


async def test_a_phone_abroad_gets_a_long_code(house: House) -> None:
    """It gets a number of its country as soon as there is one, and never a toll-free one."""
    groups = [await house.group(name) for name in ("One", "Two", "Three")]
    await house.engine.registrar.park_number("+12025550182")
    await house.engine.registrar.add_numbers([TOLL_FREE])
    first = await house.member(groups[0], "Uli", "+4915112345679")
    with pytest.raises(RefusalError, match="no proxy number free"):
        await house.member(groups[1], "Uli", "+4915112345679")
    await house.engine.registrar.add_numbers([GERMAN])
    second = await house.member(groups[1], "Uli", "+4915112345679")
    assert [first.write_to.reveal(), second.write_to.reveal()] == ["+12025550181", GERMAN]
    with pytest.raises(RefusalError, match="no proxy number free"):
        await house.member(groups[2], "Uli", "+4915112345679")


# Pairs that rest -----------------------------------------------------------------------------


@asynccontextmanager
async def engine_in(
    folder: Path, database_url: str, numbers: int, groups: tuple[str, ...] = GROUPS
) -> AsyncIterator[tuple[Engine, StoppedClock]]:
    """An engine whose pairs rest for 30 days, with so many numbers, and groups."""
    clock = StoppedClock()
    chosen = Settings(
        data_dir=folder / "data", database_url=database_url, number_quarantine_days=QUARANTINE
    )
    master.create(chosen.master_key)
    engine = await open_engine(chosen, clock)
    try:
        await engine.registrar.add_numbers(list(POOL[:numbers]))
        for name in groups:
            await engine.registrar.create_group(name, {})
        yield engine, clock
    finally:
        await engine.close()


async def sweep(engine: Engine, clock: StoppedClock) -> int:
    """Free what has rested long enough, as the sweeper does."""
    async with engine.database.writing() as c:
        return await engine.roster.end_quarantine(c, clock.now())


async def test_a_left_pair_rests_as_long_as_the_setting_says(
    database_url: str, tmp_path: Path
) -> None:
    """A removed member's pair leads nowhere for so many days; then it may lead elsewhere."""
    async with engine_in(tmp_path, database_url, 1) as (engine, clock):
        member = await join(engine, "A", PHONES[0])
        await engine.registrar.remove_member(show_id(member.id))
        for days in (0, QUARANTINE):
            clock.forward(days=days)
            assert await sweep(engine, clock) == 0
            async with engine.database.reading() as c:
                assert (
                    await engine.roster.arrive(c, member.write_to, Contact(SMS, PHONES[0])) is None
                )
            for group in ("A", "B"):
                with pytest.raises(RefusalError, match="no proxy number free"):
                    await join(engine, group, PHONES[0])
        clock.forward(days=1)
        assert await sweep(engine, clock) == 2  # her pair, her mask
        assert (await join(engine, "B", PHONES[0])).write_to == member.write_to


async def test_who_is_out_of_delivery_keeps_her_pair(database_url: str, tmp_path: Path) -> None:
    """A pair stays live while its member is there, whatever her state, and for years."""
    async with engine_in(tmp_path, database_url, 1) as (engine, clock):
        member = await join(engine, "A", PHONES[0])
        for state in MemberState:
            async with engine.database.writing() as c:
                await engine.roster.set_state(c, [member.id], state)
            clock.forward(days=400)
            assert await sweep(engine, clock) == 0
            async with engine.database.reading() as c:
                arrived = await engine.roster.arrive(c, member.write_to, Contact(SMS, PHONES[0]))
            assert arrived is not None
            assert arrived.member.id == member.id
            with pytest.raises(RefusalError, match="no proxy number free"):
                await join(engine, "B", PHONES[0])


# Whatever happens ----------------------------------------------------------------------------

Step = tuple[str, str, str] | int
"""Join or leave, which group, which phone; or so many days pass."""

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("join"), st.sampled_from(GROUPS), st.sampled_from(PHONES[:2])),
        st.tuples(st.just("join"), st.sampled_from(GROUPS), st.just(PHONES[2])),
        st.tuples(st.just("leave"), st.sampled_from(GROUPS), st.sampled_from(PHONES)),
        st.sampled_from((1, QUARANTINE, QUARANTINE + 1, 400)),
    ),
    min_size=5,
    max_size=16,
)


def most_pairs(steps: list[Step]) -> int:
    """The most groups that any phone is ever in, if all joins succeed; left ones count for a time.

    Told without any number: only who is where, and how long each left group is to be counted.
    """
    inside: set[tuple[str, str]] = set()
    left: list[tuple[str, int]] = []
    today, most = 0, 0
    for step in steps:
        if isinstance(step, int):
            today += step
            left = [(phone, until) for phone, until in left if until >= today]
            continue
        what, group, phone = step
        if what == "join":
            inside.add((group, phone))
        elif (group, phone) in inside:
            inside.remove((group, phone))
            left.append((phone, today + QUARANTINE))
        for each in PHONES:
            pairs = sum(p == each for _, p in inside) + sum(p == each for p, _ in left)
            most = max(most, pairs)
    return most


@dataclass
class Play:
    """Steps through an engine with so many numbers, and what must be so after each step."""

    engine: Engine
    clock: StoppedClock
    inside: dict[tuple[str, str], Member] = field(default_factory=dict)
    resting: dict[tuple[str, str], int] = field(default_factory=dict)
    """By number and phone the last day of rest."""
    refused: int = 0

    async def run(self, steps: list[Step], numbers: int) -> int:
        """Begin with nothing and go through the steps. Returns how many joins were refused."""
        async with self.engine.database.writing() as c:
            for table in (ROUTE, MEMBER, GROUP, NUMBER):
                await c.execute(sa.delete(table))
        await self.engine.registrar.add_numbers(list(POOL[:numbers]))
        for name in GROUPS:
            await self.engine.registrar.create_group(name, {})
        for step in steps:
            if isinstance(step, int):
                await self.pass_days(step)
            elif step[0] == "join":
                await self.join(step[1], step[2])
            else:
                await self.leave(step[1], step[2])
            await self.check()
        return self.refused

    async def pass_days(self, days: int) -> None:
        """Let days pass, and free what has rested."""
        self.clock.forward(days=days)
        await sweep(self.engine, self.clock)
        today = day(self.clock.now())
        self.resting = {pair: until for pair, until in self.resting.items() if until >= today}

    async def join(self, group: str, phone: str) -> None:
        """Who is in the group is refused; whoever else is refused has no number left."""
        try:
            member = await join(self.engine, group, phone, f"Sol {phone[-1]}")
        except RefusalError:
            self.refused += (group, phone) not in self.inside
            return
        assert (group, phone) not in self.inside
        assert (member.write_to.reveal(), phone) not in self.resting
        self.inside[group, phone] = member

    async def leave(self, group: str, phone: str) -> None:
        """Leave for good, if there."""
        member = self.inside.pop((group, phone), None)
        if member is not None:
            await self.engine.registrar.remove_member(show_id(member.id))
            until = day(self.clock.now() + timedelta(days=QUARANTINE))
            self.resting[member.write_to.reveal(), phone] = until

    async def check(self) -> None:
        """What is stored is this and nothing else: each pair once, each member's as it was."""
        pair = self.engine.roster.numbers.pair
        expected = {
            pair(member.write_to.reveal(), Contact(SMS, phone)): (member.id, None)
            for (_, phone), member in self.inside.items()
        } | {
            pair(number, Contact(SMS, phone)): (None, until)
            for (number, phone), until in self.resting.items()
        }
        assert len(expected) == len(self.inside) + len(self.resting)
        async with self.engine.database.reading() as c:
            rows = await c.execute(sa.select(ROUTE).where(~ROUTE.c.to_mask))
            stored = {row.blind: (row.member_id, row.until_day) for row in rows}
            for (group, phone), member in self.inside.items():
                arrived = await self.engine.roster.arrive(c, member.write_to, Contact(SMS, phone))
                assert arrived is not None
                assert (arrived.member.id, arrived.group.name.reveal()) == (member.id, group)
                assert arrived.member.write_to == member.write_to
        assert stored == expected


def test_no_pair_is_ever_ambiguous_and_no_number_is_needed_in_vain(
    database_url: str, tmp_path: Path
) -> None:
    """Whoever joins, leaves and comes back: a pair means one membership, and a live one stays.

    As many numbers suffice as the most groups any phone is in, left ones counted while they rest;
    with one fewer somebody is refused. A phone is in a group once.
    """
    with asyncio.Runner() as runner:
        house = engine_in(tmp_path, database_url, 0, groups=())
        engine, clock = runner.run(house.__aenter__())

        @settings(
            max_examples=20 if database_url.startswith("sqlite") else 8,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(steps=STEPS)
        def check(steps: list[Step]) -> None:
            enough = most_pairs(steps)
            assert runner.run(Play(engine, clock).run(steps, enough)) == 0
            if enough:
                assert runner.run(Play(engine, clock).run(steps, enough - 1)) > 0

        try:
            check()
        finally:
            runner.run(house.__aexit__(None, None, None))


async def test_joining_at_once(database_url: str, tmp_path: Path) -> None:
    """Two processes' worth of engines add three phones to four groups at the same moment.

    Where there are three numbers, each phone gets each of them once, and is refused once.
    """
    async with engine_in(tmp_path, database_url, 3) as (one, clock):
        other = await open_engine(one.settings, clock)
        try:
            wishes = [(group, phone) for group in GROUPS for phone in PHONES]
            ended = await asyncio.gather(
                *(
                    join((one, other)[n % 2], group, phone, f"Sol {phone[-1]}")
                    for n, (group, phone) in enumerate(wishes)
                ),
                return_exceptions=True,
            )
        finally:
            await other.close()
        assert {type(e) for e in ended} == {Member, RefusalError}
        for phone in PHONES:
            numbers = [
                member.write_to.reveal()
                for member, (_, whose) in zip(ended, wishes, strict=True)
                if whose == phone and isinstance(member, Member)
            ]
            assert sorted(numbers) == list(POOL[:3])


# How far they go -----------------------------------------------------------------------------


async def test_how_far_the_numbers_go(database_url: str, tmp_path: Path) -> None:
    """By country: the numbers, the most any phone uses up, live and resting, and what is left.

    A pair that rests counts while its phone is in another group; a parked number helps nobody.
    """
    async with engine_in(tmp_path, database_url, 3) as (engine, _):

        async def far() -> list[Capacity]:
            async with engine.database.reading() as c:
                return list((await engine.roster.numbers.pool(c)).capacities)

        assert await far() == [Capacity(country="US", usable=3, busiest=0)]
        await join(engine, "A", PHONES[0], "Robin")
        left = await join(engine, "B", PHONES[0])
        await join(engine, "B", PHONES[1], "Wren")
        await engine.registrar.remove_member(show_id(left.id))
        (room,) = await far()
        assert (room.usable, room.busiest, room.joinable, room.advice) == (3, 2, 1, "")
        await engine.registrar.park_number(POOL[2])
        (room,) = await far()
        assert (room.usable, room.busiest, room.joinable) == (2, 2, 0)
        assert room.advice == "Buy a number: one phone could join no further group."
        await engine.registrar.add_numbers([GERMAN, TOLL_FREE])
        await join(engine, "A", CANADIAN, "Ana")
        assert await far() == [
            Capacity(country="CA", usable=4, busiest=1),  # no Canadian one: long codes, toll-free
            Capacity(country="DE", usable=1, busiest=0),
            Capacity(country="US", usable=3, busiest=2),
        ]
        pool = await engine.registrar.pool()
        told = [(n.number.reveal(), n.pairs, n.parked, n.country) for n in pool.numbers]
        assert told == [
            (GERMAN, 0, False, "DE"),
            (POOL[0], 2, False, "US"),
            (POOL[1], 1, False, "US"),  # what rests writes to nobody
            (POOL[2], 0, True, "US"),
            (TOLL_FREE, 0, False, "US"),
        ]
