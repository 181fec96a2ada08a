"""The store: rows fanned out, claimed and settled a second, against the bare statements."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from datetime import timedelta
from statistics import median

from bench.bare import Bare, BarePostgres, BareSqlite
from bench.figures import Figure, Rates, Watch, duels
from bench.ground import Crowd, Ground, Site, open_ground
from policies import catalogue
from relay.clock import milliseconds
from relay.courier import Courier
from tests.support.recorder import Recorder

_MEMBERS = 1_000
_POSTS = 4
_BATCH = 500
_LEASE = timedelta(seconds=60)
_ROUNDS = 5
_COURIERS = (8, 64)
"""How many copies a courier may have under way: the claim is at most that many rows."""


async def measure(site: Site) -> AsyncIterator[Figure]:
    """Both databases, one after the other; our side and the bare one in turns."""
    for kind, folder, url in site.places():
        async with (
            open_ground(folder, url, [_MEMBERS]) as ground,
            ground.driver() as driver,
        ):
            bare = BareSqlite(driver) if ground.is_sqlite else BarePostgres(driver)
            async for figure in _measure(kind, ground, bare):
                yield figure


async def _measure(kind: str, ground: Ground, bare: Bare) -> AsyncIterator[Figure]:
    crowd = ground.crowds[0]

    async def our_steps() -> Rates:
        return await _our_steps(ground, crowd, bare)

    async def bare_steps() -> Rates:
        return await _bare_steps(ground, crowd, bare)

    against = {
        "fan_out": "bare INSERT ... SELECT, 1,000 members, one commit",
        "claim": f"bare UPDATE ... RETURNING, {_BATCH} a commit",
        "settle": f"bare DELETE, {_BATCH} a commit",
    }
    found = await duels(our_steps, bare_steps, rounds=_ROUNDS)
    for step, duel in found.items():
        for figure in duel.figures(f"store.{kind}.{step}", "rows/s", against[step]):
            yield figure
    for room in _COURIERS:
        async for figure in _measure_courier(kind, ground, bare, room):
            yield figure
    yield await _ping(kind, ground)


async def _our_steps(ground: Ground, crowd: Crowd, bare: Bare) -> Rates:
    engine, now = ground.engine, ground.clock.now()
    fan_out, claim, settle = Watch(), Watch(), Watch()
    for post in await ground.add_posts(crowd, _POSTS):
        with fan_out:
            async with engine.database.writing() as c:
                await engine.outbox.fan_out(c, post, now)
        taken = []
        for _ in range(_MEMBERS // _BATCH):
            token = secrets.randbits(62)
            with claim:
                async with engine.database.writing() as c:
                    rows = await engine.outbox.due(c, "sms", now, _BATCH)
                    await engine.outbox.claim(c, rows, token, now + _LEASE)
            taken.append((rows, token))
        for rows, token in taken:
            posts = [row.post_id for row in rows]
            with settle:
                async with engine.database.writing() as c:
                    await engine.outbox.lock_posts(c, posts)
                    await engine.outbox.end(c, [row.id for row in rows], token)
                    await engine.outbox.ledger.count(c, {"sent": len(rows)}, now)
                    await engine.endings.after(c, posts, {}, now)
    await _must_be_empty(ground)
    await bare.forget()
    return _rates(fan_out, claim, settle)


async def _bare_steps(ground: Ground, crowd: Crowd, bare: Bare) -> Rates:
    now = milliseconds(ground.clock.now())
    fan_out, claim, settle = Watch(), Watch(), Watch()
    for post in await ground.add_posts(crowd, _POSTS):
        with fan_out:
            await bare.fan_out(post.id, crowd.group_id, now)
        taken = []
        for _ in range(_MEMBERS // _BATCH):
            token = secrets.randbits(62)
            with claim:
                ids = await bare.claim("sms", now, now + 60_000, _BATCH, token)
            taken.append((ids, token))
        for ids, token in taken:
            with settle:
                await bare.settle(ids, token)
    await _must_be_empty(ground)
    await bare.forget()
    return _rates(fan_out, claim, settle)


def _rates(fan_out: Watch, claim: Watch, settle: Watch) -> Rates:
    rows = _POSTS * _MEMBERS
    return {
        "fan_out": rows / fan_out.seconds,
        "claim": rows / claim.seconds,
        "settle": rows / settle.seconds,
    }


async def _must_be_empty(ground: Ground) -> None:
    left = await ground.waiting()
    if left:
        raise RuntimeError(f"{left} deliveries were left over: the figures are worth nothing")


# A whole courier -------------------------------------------------------------------------------


async def _measure_courier(
    kind: str, ground: Ground, bare: Bare, room: int
) -> AsyncIterator[Figure]:
    """Everything a courier does but the network, against two bare statements a batch."""
    crowd = ground.crowds[0]

    async def ours() -> Rates:
        await ground.fill(crowd, 1, ground.clock.now())
        return {"courier": _MEMBERS / await drain([(ground, Recorder("sms", room))])}

    async def theirs() -> Rates:
        now = milliseconds(ground.clock.now())
        (post,) = await ground.add_posts(crowd, 1)
        await bare.fan_out(post.id, crowd.group_id, now)
        watch = Watch()
        with watch:
            while ids := await bare.claim("sms", now, now + 60_000, room, 7):
                await bare.settle(ids, 7)
        await bare.forget()
        return {"courier": _MEMBERS / watch.seconds}

    found = await duels(ours, theirs, rounds=3)
    against = f"bare UPDATE and DELETE, {room} rows and two commits a batch"
    for figure in found["courier"].figures(f"courier.{kind}.room_{room}", "deliveries/s", against):
        yield figure


def courier_of(ground: Ground, channel: Recorder) -> Courier:
    """A courier as the wiring builds it, on a channel that only records."""
    return Courier(ground.engine, channel, catalogue.DELIVERY, _nothing)


def _nothing() -> None:
    """No sweeper runs beside these couriers."""


async def drain(workers: Sequence[tuple[Ground, Recorder]]) -> float:
    """Let couriers work until nothing waits, each on its own ground. Returns the seconds it took.

    The end is seen by counting what was sent, not by asking the database over and over.
    """
    ground = workers[0][0]
    expected = await ground.waiting()
    watch = Watch()
    with watch:
        tasks = [
            asyncio.create_task(courier_of(house, channel).run()) for house, channel in workers
        ]
        while sum(len(channel.sent) for _, channel in workers) < expected:  # noqa: ASYNC110 - lists
            await asyncio.sleep(0.001)
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task
    await _must_be_empty(ground)
    return watch.seconds


async def _ping(kind: str, ground: Ground) -> Figure:
    """One durable commit of one row: the measure of everything that is done once a batch."""
    spent = []
    for _ in range(40):
        watch = Watch()
        with watch:
            async with ground.engine.database.writing() as c:
                await ground.engine.outbox.ledger.count(c, {"bench": 1}, ground.clock.now())
        spent.append(watch.seconds * 1000)
    return Figure(
        name=f"store.{kind}.commit",
        value=median(spent),
        unit="ms",
        against="one row, one durable commit, through our own connection",
    )
