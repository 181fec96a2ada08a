"""The size the store is designed for: 100,000 members, 1,000 groups, 1,000,000 deliveries waiting.

Takes minutes, so it runs only when asked for. What matters is that taking a few due deliveries
costs the same beside a million waiting ones as beside a thousand.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from statistics import median
from time import perf_counter

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bench.bare import BarePostgres, BareSqlite
from bench.figures import Duel, Figure, Rates, duels
from bench.ground import Ground, Site, open_ground
from bench.plans import Work, effort, finds_by_due, plans, reads_whole_table
from relay.clock import milliseconds
from relay.model import new_id

BIG = 10_000
SIZES = [BIG, *([90] * 909), *([91] * 90)]
"""1,000 groups, 100,000 members, one group of 10,000 among them."""

_POSTS = 10
_ROOM = 64
_LEASE = timedelta(seconds=60)
_WAIT = timedelta(hours=9)
_CLAIMS = 30


async def measure(site: Site) -> AsyncIterator[Figure]:
    """On each database: load, claim, fan out, look, expire."""
    small_places = site.places()
    for (kind, folder, url), (_, beside, small_url) in zip(
        site.places(), small_places, strict=True
    ):
        since = perf_counter()
        async with (
            open_ground(folder, url, SIZES) as large,
            open_ground(beside, small_url, [100] * 10) as small,
        ):
            yield _figure(kind, "enrol", since, f"{sum(SIZES):,} members, keys and rows in bulk")
            async for figure in _measure(kind, large, small):
                yield figure


async def _measure(kind: str, large: Ground, small: Ground) -> AsyncIterator[Figure]:
    since = perf_counter()
    for ground, posts in ((large, _POSTS), (small, 1)):
        await _never_analysed(ground)
        await fill_all(ground, posts)
    yield _figure(
        kind, "load", since, f"{await large.waiting():,} deliveries, one INSERT ... SELECT"
    )
    async for figure in _claims(f"scale.{kind}.claim", large, small):
        yield figure
    yield await _plan(f"scale.{kind}", large)
    for ground in (large, small):
        async with ground.engine.database.writing() as c:
            await c.execute(sa.text("ANALYZE"))
    async for figure in _claims(f"scale.{kind}.claim_analysed", large, small):
        yield figure
    yield await _plan(f"scale.{kind}.analysed", large)
    async for figure in _fan_out(kind, large):
        yield figure
    async for figure in _looking(kind, large):
        yield figure


async def _never_analysed(ground: Ground) -> None:
    """Leave PostgreSQL with what it knew of the empty tables, as after a quiet night."""
    if not ground.is_sqlite:
        async with ground.engine.database.writing() as c:
            for table in ("delivery", "post"):
                await c.execute(sa.text(f"ALTER TABLE {table} SET (autovacuum_enabled = off)"))
            await c.execute(sa.text("ANALYZE"))
        for _ in range(8):
            await effort(ground, _looker(ground))


async def fill_all(ground: Ground, posts: int) -> None:
    """Give every member of every group deliveries that wait for the morning."""
    for crowd in ground.crowds:
        await ground.add_posts(crowd, posts)
    statement = sa.text(
        "INSERT INTO delivery (post_id, member_id, channel, due, attempts, unsure)"
        " SELECT post.id, member.id, member.channel, :due, 0, 0"
        " FROM post JOIN member ON member.group_id = post.group_id"
    )
    async with ground.engine.database.writing() as c:
        await c.execute(statement, {"due": milliseconds(ground.clock.now() + _WAIT)})


# Claiming --------------------------------------------------------------------------------------


async def _claims(name: str, large: Ground, small: Ground) -> AsyncIterator[Figure]:
    turns = [await claim(ground) for _ in range(2) for ground in (large, small)]
    slow: list[float] = []
    fast: list[float] = []
    for _ in range(_CLAIMS):
        slow.append(await claim(large))
        fast.append(await claim(small))
    ratio = median(a / b for a, b in zip(slow, fast, strict=True))
    against = f"beside 1,000 waiting: {median(fast):.1f} ms, {len(turns) // 2} warm-ups"
    yield Figure(name=name, value=median(slow), unit="ms", against=against)
    yield Figure(
        name=f"{name}.ratio",
        value=ratio,
        unit="x",
        against=f"a claim of {_ROOM} beside 1,000 waiting; 1 means that size costs nothing",
    )


async def claim(ground: Ground) -> float:
    """Milliseconds for one claim as a courier makes it: look, take, write down, commit."""
    engine, now = ground.engine, ground.clock.now()
    crowd = ground.crowds[1 + secrets.randbelow(len(ground.crowds) - 1)]
    await ground.fill(crowd, 1, now)
    since = perf_counter()
    async with engine.database.reading() as c:
        await engine.outbox.next_due(c, "sms")
    async with engine.database.writing() as c:
        rows = await engine.outbox.due(c, "sms", now, _ROOM)
        await engine.outbox.claim(c, rows, new_id(), now + _LEASE)
    spent = perf_counter() - since
    if len(rows) != _ROOM:
        raise RuntimeError(f"{len(rows)} rows claimed instead of {_ROOM}")
    await _forget(ground, rows[0].post_id)
    return spent * 1000


async def _forget(ground: Ground, post_id: int) -> None:
    async with ground.engine.database.writing() as c:
        await c.execute(sa.text("DELETE FROM delivery WHERE post_id = :id"), {"id": post_id})
        await ground.engine.outbox.drop_finished(c, [post_id])


async def _plan(name: str, ground: Ground) -> Figure:
    """How much a claim looks at. Raises if it does not go by the index."""
    crowd = ground.crowds[1]
    await ground.fill(crowd, 1, ground.clock.now())
    looked_at = await effort(ground, _looker(ground))
    for plan in await plans(ground, _looker(ground)):
        if reads_whole_table(plan, "delivery") or not finds_by_due(plan):
            raise RuntimeError(f"the claim does not go by the index:\n{plan}")
    async with ground.engine.database.writing() as c:
        await c.execute(
            sa.text("DELETE FROM delivery WHERE due <= :now"),
            {"now": milliseconds(ground.clock.now())},
        )
    unit = "k steps" if ground.is_sqlite else "rows"
    against = f"a claim of {_ROOM} beside 1,000,000 waiting, by the index (channel, due, id)"
    return Figure(name=f"{name}.looked_at", value=looked_at, unit=unit, against=against)


def _looker(ground: Ground) -> Work:
    """What a courier asks before it takes."""
    outbox, now = ground.engine.outbox, ground.clock.now()

    async def ask(c: AsyncConnection) -> None:
        await outbox.next_due(c, "sms")
        await outbox.due(c, "sms", now, _ROOM)

    return ask


# The rest --------------------------------------------------------------------------------------


async def _fan_out(kind: str, ground: Ground) -> AsyncIterator[Figure]:
    crowd, due = ground.crowds[0], milliseconds(ground.clock.now() + _WAIT)

    async def ours() -> Rates:
        (post,) = await ground.add_posts(crowd, 1)
        since = perf_counter()
        async with ground.engine.database.writing() as c:
            await ground.engine.outbox.fan_out(c, post, ground.clock.now() + _WAIT)
        spent = perf_counter() - since
        await _forget(ground, post.id)
        return {"fan_out": BIG / spent}

    async with ground.driver() as driver:
        bare = BareSqlite(driver) if ground.is_sqlite else BarePostgres(driver)

        async def theirs() -> Rates:
            (post,) = await ground.add_posts(crowd, 1)
            since = perf_counter()
            await bare.fan_out(post.id, crowd.group_id, due)
            spent = perf_counter() - since
            await _forget(ground, post.id)
            return {"fan_out": BIG / spent}

        duel = (await duels(ours, theirs, rounds=5))["fan_out"]
    for figure in _with_latency(kind, duel):
        yield figure


def _with_latency(kind: str, duel: Duel) -> list[Figure]:
    name = f"scale.{kind}.fan_out_10k"
    latency = Figure(
        name=f"{name}.latency",
        value=1000 * BIG / median(duel.ours),
        unit="ms",
        against="one post into a group of 10,000, beside 1,000,000 waiting, durable",
    )
    return [latency, *duel.figures(name, "rows/s", "bare INSERT ... SELECT of the same")]


async def _looking(kind: str, ground: Ground) -> AsyncIterator[Figure]:
    engine = ground.engine
    since = perf_counter()
    async with engine.database.reading() as c:
        await engine.outbox.held(c, ground.clock.now())
    yield _figure(kind, "inventory", since, "what is held, by group")
    for figure in _keys(kind, ground):
        yield figure
    since = perf_counter()
    async with engine.database.writing() as c:
        ended = await engine.outbox.drop_expired(c, ground.clock.now() + timedelta(days=3), 500)
    against = f"one sweep of {len(ended)} posts whose life is over; no other writer on SQLite"
    yield _figure(kind, "sweep", since, against)


def _keys(kind: str, ground: Ground) -> Iterator[Figure]:
    """One more member, one member less: what her key costs beside 100,000 others."""
    vault, now = ground.engine.vault, ground.clock.now()
    owners = [new_id() for _ in range(10)]
    since = perf_counter()
    for owner in owners:
        vault.admit(owner, now)
    between = perf_counter()
    for owner in owners[:3]:
        vault.forget([owner])
    last = perf_counter()
    for what, spent in (("admit", (between - since) / 10), ("forget", (last - between) / 3)):
        yield Figure(
            name=f"scale.{kind}.{what}",
            value=spent * 1000,
            unit="ms",
            against=f"one key in a ring of {sum(SIZES):,}, durable",
        )


def _figure(kind: str, what: str, since: float, against: str) -> Figure:
    spent = perf_counter() - since
    return Figure(name=f"scale.{kind}.{what}", value=spent, unit="s", against=against)
