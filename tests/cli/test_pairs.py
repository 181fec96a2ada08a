"""One phone never holds one proxy number twice: not in two groups, not at once, not too soon."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from relay.config import Settings
from relay.engine import Engine, open_engine
from relay.errors import RefusalError
from relay.model import Member, show_id
from relay.store.roster import QUARANTINE
from relay.vault import master
from tests.support.clock import StoppedClock

PHONES = ("+12025550101", "+12025550102")
GROUPS = ("A", "B", "C", "D", "E")


@asynccontextmanager
async def engine_in(
    folder: Path, numbers: int, database_url: str | None = None
) -> AsyncIterator[tuple[Engine, StoppedClock]]:
    """An engine with so many proxy numbers, and five groups."""
    clock, chosen = StoppedClock(), Settings(data_dir=folder / "data", database_url=database_url)
    master.create(chosen.master_key)
    engine = await open_engine(chosen, clock)
    try:
        await engine.registrar.add_numbers([f"+120255501{n:02}" for n in range(80, 80 + numbers)])
        for name in GROUPS:
            await engine.registrar.create_group(name, {})
        yield engine, clock
    finally:
        await engine.close()


async def join(engine: Engine, group: str, phone: str, name: str = "Sol") -> Member:
    """Add a phone to a group."""
    return await engine.registrar.add_member(
        group, name=name, sms=phone, email=None, agreed="2026-01-02", facilitator=False, wishes={}
    )


STEPS = st.lists(
    st.tuples(st.sampled_from(("join", "leave")), st.sampled_from(GROUPS), st.sampled_from(PHONES)),
    max_size=14,
)


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(numbers=st.integers(1, 3), steps=STEPS)
def test_with_n_numbers_a_phone_can_be_in_at_most_n_groups(
    numbers: int, steps: list[tuple[str, str, str]]
) -> None:
    """Whatever joins and leaves: a pair that ever led to a group leads to no other one.

    So a phone is refused exactly when it has used up the numbers, a left group's included.
    """

    async def play(folder: Path) -> None:
        inside: dict[tuple[str, str], Member] = {}
        used: dict[str, set[str]] = {phone: set() for phone in PHONES}
        async with engine_in(folder, numbers) as (engine, _):
            for what, group, phone in steps:
                here = inside.get((group, phone))
                if what == "leave" and here is not None:
                    await engine.registrar.remove_member(show_id(inside.pop((group, phone)).id))
                elif what == "join":
                    possible = here is None and len(used[phone]) < numbers
                    try:
                        member = await join(engine, group, phone, f"Sol {phone[-3:]} x"[:20])
                    except RefusalError:
                        assert not possible
                        continue
                    assert possible
                    number = member.write_to.reveal()
                    assert number not in used[phone]
                    used[phone].add(number)
                    inside[group, phone] = member

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(play(Path(folder)))


async def test_a_left_pair_rests_and_is_free_again(database_url: str, tmp_path: Path) -> None:
    """A removed member's pair leads nowhere for a year; then it may lead to another group."""
    async with engine_in(tmp_path, 1, database_url) as (engine, clock):
        member = await join(engine, "A", PHONES[0])
        await engine.registrar.remove_member(show_id(member.id))
        for days in (0, QUARANTINE.days - 1):
            clock.forward(days=days)
            async with engine.database.writing() as c:
                assert await engine.roster.end_quarantine(c, clock.now()) == 0
            with pytest.raises(RefusalError, match="no proxy number free"):
                await join(engine, "B", PHONES[0])
        clock.forward(days=2)
        async with engine.database.writing() as c:
            assert await engine.roster.end_quarantine(c, clock.now()) == 2  # her pair, her mask
        again = await join(engine, "B", PHONES[0])
        assert again.write_to == member.write_to


async def test_joining_five_groups_at_once(database_url: str, tmp_path: Path) -> None:
    """Two processes' worth of engines add phones to five groups at the same moment.

    Each phone gets five different numbers, or, where there are only three, exactly three.
    """
    async with engine_in(tmp_path, 3, database_url) as (one, clock):
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
        assert {type(e) for e in ended} <= {Member, RefusalError}
        for phone in PHONES:
            numbers = [
                member.write_to.reveal()
                for member, (_, whose) in zip(ended, wishes, strict=True)
                if whose == phone and isinstance(member, Member)
            ]
            assert len(numbers) == len(set(numbers)) == 3
