"""The store's design size: taking the few that are due costs the same beside all that wait."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bench.ground import Ground, open_ground, reopen
from bench.plans import effort, finds_by_due, plans, reads_whole_table
from bench.store import drain
from relay.store.tables import POST
from tests.support.recorder import Recorder

pytestmark = [pytest.mark.proof, pytest.mark.timeout(900)]

READERS = 2_000
WAITING_POSTS = 50
ROOM = 64
MORNING = timedelta(hours=9)


@pytest.fixture
async def ground(database_url: str, tmp_path: Path) -> AsyncIterator[Ground]:
    """A group of 2,000 and one of 100, in an empty database."""
    folder = tmp_path / "data"
    folder.mkdir()
    async with open_ground(folder, database_url, [READERS, 100]) as ground:
        yield ground


async def test_what_is_due_is_found_by_the_index(ground: Ground) -> None:
    """Beside 100,000 waiting deliveries nothing goes through the table, statistics or none."""
    await keep_ignorant(ground)
    await let_wait(ground)
    await ground.fill(ground.crowds[1], 1, ground.clock.now())
    for _ in ("never analysed", "analysed"):
        for plan in await plans(ground, look(ground)):
            assert not reads_whole_table(plan, "delivery"), plan
            assert finds_by_due(plan), plan
        await analyse(ground)


async def test_a_claim_looks_at_no_more_beside_100_000_waiting(ground: Ground) -> None:
    """The database reads as much for the same claim as when nothing else was there."""
    await keep_ignorant(ground)
    await ground.fill(ground.crowds[1], 1, ground.clock.now())
    await analyse(ground)
    alone = await effort(ground, look(ground))
    await let_wait(ground)
    assert await effort(ground, look(ground)) <= 2 * alone


async def test_a_quiet_night_does_not_make_the_morning_slow(ground: Ground) -> None:
    """Statements prepared while the queue was empty do not keep a plan made for an empty table.

    PostgreSQL keeps such a plan for as long as the connection lives; with it, each claim of a
    morning's 20,000 would read them some 20,000 times over.
    """
    await keep_ignorant(ground)
    await analyse(ground)
    for _ in range(10):
        await effort(ground, work(ground))
    await ground.fill(ground.crowds[0], 10, ground.clock.now())
    await ground.fill(ground.crowds[1], 1_000, ground.clock.now() + MORNING)
    in_the_morning = await effort(ground, work(ground))
    await analyse(ground)
    async with reopen(ground) as fresh:
        assert in_the_morning <= 4 * await effort(fresh, work(fresh))


async def test_two_couriers_deliver_20_000_once_each(ground: Ground) -> None:
    """Every copy leaves exactly once, no reader gets two at a time, and nothing is left behind.

    On PostgreSQL the couriers are two engines, as in two processes; SQLite has one writer.
    """
    await ground.fill(ground.crowds[0], 10, ground.clock.now())
    assert await ground.waiting() == 20_000
    channels = [Recorder("sms", ROOM), Recorder("sms", ROOM)]
    async with AsyncExitStack() as stack:
        other = ground if ground.is_sqlite else await stack.enter_async_context(reopen(ground))
        await drain([(ground, channels[0]), (other, channels[1])])
    assert all(channel.sent for channel in channels)
    copies = [out for channel in channels for out in channel.sent]
    assert len(copies) == 20_000
    assert len({out.delivery.reveal() for out in copies}) == 20_000
    readers = Counter(out.to.reveal() for out in copies)
    assert len(readers) == READERS
    assert set(readers.values()) == {10}
    assert await ground.waiting() == 0
    async with ground.engine.database.reading() as c:
        assert (await c.execute(sa.select(sa.func.count()).select_from(POST))).scalar_one() == 0


def look(ground: Ground) -> Callable[[AsyncConnection], Awaitable[None]]:
    """What a courier asks before it takes."""
    outbox, now = ground.engine.outbox, ground.clock.now()

    async def ask(c: AsyncConnection) -> None:
        await outbox.next_due(c, "sms")
        await outbox.due(c, "sms", now, ROOM)

    return ask


def work(ground: Ground) -> Callable[[AsyncConnection], Awaitable[None]]:
    """What a courier writes: a claim, and its end."""
    engine, now = ground.engine, ground.clock.now()

    async def claim_and_settle(c: AsyncConnection) -> None:
        await engine.outbox.next_due(c, "sms")
        rows = await engine.outbox.due(c, "sms", now, ROOM)
        await engine.outbox.claim(c, rows, 1, now + MORNING)
        posts = [row.post_id for row in rows]
        await engine.outbox.lock_posts(c, posts)
        await engine.outbox.end(c, [row.id for row in rows], 1)
        await engine.endings.after(c, posts, {}, now)

    return claim_and_settle


async def let_wait(ground: Ground) -> None:
    """100,000 deliveries that nobody may have before the morning."""
    await ground.fill(ground.crowds[0], WAITING_POSTS, ground.clock.now() + MORNING)
    assert await ground.waiting() >= 100_000


async def keep_ignorant(ground: Ground) -> None:
    """Keep PostgreSQL from gathering statistics by itself, at a moment nobody chose."""
    if not ground.is_sqlite:
        async with ground.engine.database.writing() as c:
            for table in ("delivery", "post", "member"):
                await c.execute(sa.text(f"ALTER TABLE {table} SET (autovacuum_enabled = off)"))


async def analyse(ground: Ground) -> None:
    """Let PostgreSQL gather statistics now. SQLite does without: nobody asks it to."""
    if not ground.is_sqlite:
        async with ground.engine.database.writing() as c:
            await c.execute(sa.text("ANALYZE"))
