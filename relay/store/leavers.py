"""Who has gone, and since when: how long her name and agreement are kept runs from that day."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from policies.facts import MemberState
from relay.store.tables import MEMBER

_GONE = MEMBER.c.state == MemberState.STOPPED


class Leavers:
    """Every method takes the connection of its transaction. Days are counted since 1970."""

    async def mark(self, c: AsyncConnection, today: int) -> None:
        """Note the day of who has gone since the last look; of who is back it is deleted."""
        fresh = sa.update(MEMBER).where(_GONE, MEMBER.c.left_day.is_(None))
        await c.execute(fresh.values(left_day=today))
        back = sa.update(MEMBER).where(sa.not_(_GONE), MEMBER.c.left_day.is_not(None))
        await c.execute(back.values(left_day=None))

    async def gone(self, c: AsyncConnection) -> list[tuple[int, int, int]]:
        """Everybody who has gone: member, group, day."""
        query = sa.select(MEMBER.c.id, MEMBER.c.group_id, MEMBER.c.left_day)
        rows = await c.execute(query.where(_GONE, MEMBER.c.left_day.is_not(None)))
        return [(row.id, row.group_id, row.left_day) for row in rows]

    async def is_gone(self, c: AsyncConnection, member_id: int) -> bool:
        """Whether she has gone still."""
        query = sa.select(MEMBER.c.id).where(MEMBER.c.id == member_id, _GONE)
        return (await c.execute(query)).first() is not None
