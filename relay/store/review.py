"""Posts that wait until a facilitator has looked at them, each under a short number.

Rows of the table of what waits, sealed as posts are, each under a key of its own: it may have to
stay for long, and must keep nothing else alive.
"""

from __future__ import annotations

import secrets
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from relay.clock import milliseconds
from relay.model import Body, Member, new_id
from relay.store.outbox import Outbox
from relay.store.pending import Pending, Waiting, Why
from relay.store.tables import PENDING
from relay.vault.vault import Vault

_TRIES = 12
_DIGITS = (2, 3, 4, 5, 6)


async def short_number(c: AsyncConnection, outbox: Outbox, group_id: int, now: datetime) -> int:
    """A number of few digits for something of a group, which means nothing else for a month.

    Drawn by chance, so that nobody can count by it how much there was.
    """
    for digits in _DIGITS:
        for _ in range(_TRIES):
            least = int("1".ljust(digits, "0"))
            number = least + secrets.randbelow(9 * least)
            if await outbox.ledger.once(c, now, "short", group_id, number):
                return number
    raise RuntimeError("no number is free")


class Review:
    """Reads and writes them. Every method takes the connection of its transaction."""

    def __init__(self, outbox: Outbox, pending: Pending, vault: Vault) -> None:
        self._outbox = outbox
        self._pending = pending
        self._vault = vault

    async def add(
        self, c: AsyncConnection, author: Member, body: Body, expires: datetime, now: datetime
    ) -> int:
        """Keep a post until somebody has looked at it. Returns its short number."""
        await self._outbox.anybody_seals(c)
        number = await short_number(c, self._outbox, author.group_id, now)
        row_id, group_id = new_id(), author.group_id
        seal = self._vault.seal_body
        sealed = seal(row_id, group_id, expires, body, now, own_key=True)
        row = {
            "id": row_id,
            "member_id": author.id,
            "group_id": group_id,
            "reader_id": None,
            "why": Why.REVIEW,
            "made": milliseconds(now),
            "key_id": sealed.key_id,
            "body": sealed.blob,
            "expires": milliseconds(expires),
            "short": number,
        }
        await c.execute(sa.insert(PENDING), row)
        return number

    async def take(
        self, c: AsyncConnection, group_id: int, number: int, now: datetime
    ) -> Waiting | None:
        """Take one out, once; `None` if there is none of this number, or its time is over."""
        this = sa.and_(_of(group_id, now), PENDING.c.short == number)
        gone = await c.execute(sa.delete(PENDING).where(this).returning(PENDING))
        row = gone.mappings().first()
        return None if row is None else self._pending.opened(row)

    async def waiting(
        self, c: AsyncConnection, group_id: int, now: datetime
    ) -> list[tuple[int, Waiting]]:
        """All that wait in a group, with their numbers, the oldest first."""
        query = sa.select(PENDING).where(_of(group_id, now))
        rows = (await c.execute(query.order_by(PENDING.c.made, PENDING.c.id))).mappings()
        return [(row["short"], self._pending.opened(row)) for row in rows]


def _of(group_id: int, now: datetime) -> sa.ColumnElement[bool]:
    fresh = PENDING.c.expires > milliseconds(now)
    return sa.and_(PENDING.c.group_id == group_id, PENDING.c.why == Why.REVIEW, fresh)
