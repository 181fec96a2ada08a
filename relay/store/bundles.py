"""Bundles: which copies of one reader go, or went, as one message.

`delivery.leader` names the post of the first of them on every row. What is settled is settled for
all: a bundle is claimed, tried again, followed and ended as a whole. One that falls apart goes on
as single copies, each with its own fate.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from relay.clock import milliseconds
from relay.model import Due, Stage
from relay.store.outbox import Outbox
from relay.store.tables import DELIVERY, POST

_MOST_ROWS = 2_000


class Bundles:
    """Reads and marks the rows. Every method takes the connection of its transaction."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    async def beside(
        self, c: AsyncConnection, channel: str, readers: Iterable[int], now: datetime
    ) -> list[Due]:
        """What the group said and is due for these readers, in order; locked."""
        d = DELIVERY.c
        query = (
            self._outbox.to_judge()
            .where(
                d.member_id.in_(set(readers)),
                d.channel == channel,
                d.due <= milliseconds(now),
                d.stage == Stage.WAITING,
                POST.c.author_id.is_not(None),
            )
            .order_by(d.id)
            .limit(_MOST_ROWS)
            .with_for_update(of=DELIVERY, skip_locked=True)
        )
        return await self._outbox.dues(c, query)

    async def lead(self, c: AsyncConnection, claimed: Sequence[Sequence[Due]]) -> None:
        """Note who goes with whom, of rows that were just claimed.

        What was in a bundle with one of them before and is not now goes its own way.
        """
        for rows in claimed:
            before = {row.leader for row in rows} - {None}
            ids = [row.id for row in rows]
            if before:
                await c.execute(
                    sa.update(DELIVERY)
                    .where(DELIVERY.c.member_id == rows[0].member_id)
                    .where(DELIVERY.c.leader.in_(before), DELIVERY.c.id.not_in(ids))
                    .values(leader=None)
                )
            if before or len(rows) > 1:
                leader = rows[0].post_id if len(rows) > 1 else None
                mine = sa.update(DELIVERY).where(DELIVERY.c.id.in_(ids))
                await c.execute(mine.values(leader=leader))

    async def apart(
        self, c: AsyncConnection, ids: Sequence[int], token: int, now: datetime
    ) -> None:
        """Let the copies of a claimed bundle go on one by one, at once."""
        await c.execute(
            sa.update(DELIVERY)
            .where(DELIVERY.c.id.in_(ids), DELIVERY.c.claim == token)
            .values(claim=None, leader=None, due=milliseconds(now))
        )
