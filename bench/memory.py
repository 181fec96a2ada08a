"""What a waiting delivery costs: bytes of memory of the process, bytes on the disk."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import sqlalchemy as sa

from bench.figures import Figure
from bench.ground import Ground, Site, open_ground, reopen
from relay.model import GroupSettings

_MEMBERS = 1_000
_POSTS = 100
_WAITING = _MEMBERS * _POSTS
_ALL_DAY = GroupSettings(quiet="00:00-23:00")
"""The clock of a benchmark stands at noon: nothing may leave."""


async def measure(site: Site) -> AsyncIterator[Figure]:
    """100,000 deliveries wait for the end of quiet hours, each looked at once by a courier."""
    for kind, folder, url in site.places():
        async with open_ground(folder, url, [_MEMBERS], group=_ALL_DAY) as ground:
            empty = await _on_disk(ground)
        idle = await _resident(folder, url)
        async with reopen(ground) as again:
            await again.fill(again.crowds[0], _POSTS, again.clock.now())
            fresh = await _on_disk(again)
        busy = await _resident(folder, url)
        async with reopen(ground) as again:
            held = await _on_disk(again)
        yield Figure(
            name=f"memory.{kind}.per_waiting",
            value=(busy - idle) / _WAITING,
            unit="bytes",
            against=f"the same process with nothing waiting: {idle / 1e6:.0f} MB resident",
        )
        for name, size in (("fresh", fresh), ("held_once", held)):
            yield Figure(
                name=f"disk.{kind}.per_waiting.{name}",
                value=(size - empty) / _WAITING,
                unit="bytes",
                against=f"the same tables and indexes without {_WAITING:,} deliveries",
            )


async def _on_disk(ground: Ground) -> int:
    """Bytes taken by posts and deliveries with their indexes; on SQLite, by everything."""
    if ground.is_sqlite:
        query = (
            "SELECT (page_count - freelist_count) * page_size"
            " FROM pragma_page_count, pragma_freelist_count, pragma_page_size"
        )
    else:
        query = "SELECT pg_total_relation_size('delivery')"
    async with ground.engine.database.reading() as c:
        return int((await c.execute(sa.text(query))).scalar_one())


async def _resident(folder: Path, url: str) -> int:
    """Bytes a process holds resident whose courier has nothing left to do."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.waiting", str(folder), url, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await child.communicate()
    if child.returncode:
        raise RuntimeError("the measured process failed")
    return int(out)
