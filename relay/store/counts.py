"""How often something happened in a group, by day. Never who did it, and nothing of what it was."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from relay.clock import day
from relay.store.tables import HAPPENED
from relay.store.upsert import insert

KEPT = timedelta(days=35)


async def add(c: AsyncConnection, group_id: int, word: str, now: datetime) -> None:
    """Count one more of today."""
    row = {"group_id": group_id, "day": day(now), "word": word, "count": 1}
    await c.execute(
        insert(c, HAPPENED)
        .values(row)
        .on_conflict_do_update(
            index_elements=["group_id", "day", "word"], set_={"count": HAPPENED.c.count + 1}
        )
    )


async def of_group(c: AsyncConnection, group_id: int) -> dict[str, int]:
    """How often what happened in a group, over the days that are kept."""
    query = sa.select(HAPPENED.c.word, sa.func.sum(HAPPENED.c.count)).where(
        HAPPENED.c.group_id == group_id
    )
    rows = await c.execute(query.group_by(HAPPENED.c.word))
    return {word: int(count) for word, count in rows}


async def forget_old(c: AsyncConnection, now: datetime) -> None:
    """Drop the days whose time is over."""
    await c.execute(sa.delete(HAPPENED).where(HAPPENED.c.day < day(now - KEPT)))
