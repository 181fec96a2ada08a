"""Messages that wait for a word of their author: to be confirmed, or to be sent as they are.

Each is sealed as a post is, under the same short-lived keys, and gone when its time is over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from relay.clock import milliseconds, moment
from relay.model import Body, Member, new_id
from relay.store.outbox import Outbox
from relay.store.tables import PENDING
from relay.vault.vault import SealedBody, UnsealError, Vault

MOST = 5
"""Waiting messages of one member. Who writes in her name must not fill her mailbox."""


class Why(StrEnum):
    """What a message waits for."""

    PROOF = "proof"
    """That she says it is hers."""
    WISH = "wish"
    """That she says her own contact may be seen in it; until then nobody got it."""
    SECOND = "second"
    """The same, but the others have it already, without her contact."""
    DOUBT = "doubt"
    """That she says it is meant for the group, and not for the relay."""
    CODE = "code"
    """That she shows, by her code word or her name, that it is she; nobody got it."""
    COMMAND = "command"
    """The same, of something she asked of the relay."""
    REVIEW = "review"
    """That a facilitator looks at it."""
    CONSENT = "consent"
    """That the one for whom alone it is lets her author write to her. No loss of the group's."""
    SURE = "sure"
    """That she says again what she asked of the relay, because it cannot be taken back."""

    @property
    def is_loss(self) -> bool:
        """Whether somebody's words are lost if nobody ever speaks for it."""
        return self not in {Why.SECOND, Why.SURE, Why.CONSENT}


_WISHES = (Why.WISH, Why.SECOND, Why.DOUBT)
_CODES = (Why.CODE, Why.COMMAND)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A pending message, opened. `body` is `None` if its key is gone."""

    member_id: int
    group_id: int
    reader_id: int | None
    why: Why
    made: int
    """When, in milliseconds."""
    body: Body | None


class Pending:
    """Reads and writes what waits. Every method takes the connection of its transaction."""

    def __init__(self, outbox: Outbox, vault: Vault) -> None:
        self._outbox = outbox
        self._vault = vault

    async def is_full(self, c: AsyncConnection, author: Member) -> bool:
        """Whether too much waits to be confirmed by her already."""
        of_hers = sa.and_(PENDING.c.member_id == author.id, PENDING.c.why == Why.PROOF)
        count = await c.execute(sa.select(sa.func.count()).select_from(PENDING).where(of_hers))
        return int(count.scalar_one()) >= MOST

    async def add(
        self,
        c: AsyncConnection,
        author: Member,
        body: Body,
        why: Why,
        *,
        reader_id: int | None,
        expires: datetime,
        now: datetime,
    ) -> int:
        """Keep a message back until `expires`. Its id. Of wishes only the newest are kept."""
        await self._outbox.anybody_seals(c)
        pending_id = new_id()
        sealed = self._vault.seal_body(pending_id, author.group_id, expires, body, now)
        row = {
            "id": pending_id,
            "member_id": author.id,
            "group_id": author.group_id,
            "reader_id": reader_id,
            "why": why,
            "made": milliseconds(now),
            "key_id": sealed.key_id,
            "body": sealed.blob,
            "expires": milliseconds(expires),
        }
        await c.execute(sa.insert(PENDING), row)
        if why is not Why.PROOF:
            kinds = (why,) if why is Why.CONSENT else _CODES if why in _CODES else _WISHES
            await self._keep_newest(c, author, kinds, now)
        return pending_id

    async def _keep_newest(
        self, c: AsyncConnection, author: Member, why: Sequence[Why], now: datetime
    ) -> None:
        waiting = _of(author, why).order_by(PENDING.c.made.desc(), PENDING.c.id)
        older = list((await c.execute(waiting.offset(MOST))).scalars())
        if not older:
            return
        dropped = await self._drop(c, PENDING.c.id.in_(older))
        lost = sum(1 for one in dropped if one.why.is_loss)
        if lost:
            await self._outbox.ledger.lose(c, author.group_id, "not_confirmed", lost, now)

    async def take(self, c: AsyncConnection, pending_id: int, now: datetime) -> Waiting | None:
        """Take one out, once; `None` if it is gone or its time is over."""
        return await self._take(c, PENDING.c.id == pending_id, now)

    async def take_newest(
        self, c: AsyncConnection, author: Member, reader_id: int | None, now: datetime
    ) -> Waiting | None:
        """Take out what her wish is about: the newest that she wrote to the same place."""
        here = _of(author, _WISHES).where(PENDING.c.reader_id.is_not_distinct_from(reader_id))
        newest = here.order_by(PENDING.c.made.desc(), PENDING.c.id).limit(1)
        return await self._take(c, PENDING.c.id.in_(newest.scalar_subquery()), now)

    async def _take(
        self, c: AsyncConnection, which: sa.ColumnElement[bool], now: datetime
    ) -> Waiting | None:
        fresh = PENDING.c.expires > milliseconds(now)
        gone = await c.execute(sa.delete(PENDING).where(which, fresh).returning(PENDING))
        row = gone.mappings().first()
        return None if row is None else self.opened(row)

    async def drop_expired(self, c: AsyncConnection, now: datetime, limit: int) -> list[Waiting]:
        """Delete what nobody spoke for in time."""
        ids = sa.select(PENDING.c.id).where(PENDING.c.expires <= milliseconds(now)).limit(limit)
        found = list((await c.execute(ids.with_for_update(skip_locked=True))).scalars())
        if not found:
            return []
        gone = await c.execute(sa.delete(PENDING).where(PENDING.c.id.in_(found)).returning(PENDING))
        return [_closed(row) for row in gone.mappings()]

    async def drop_of(self, c: AsyncConnection, member_ids: Sequence[int]) -> list[Waiting]:
        """Delete what waits for members who left or stopped."""
        return await self._drop(c, PENDING.c.member_id.in_(member_ids))

    async def drop_in(self, c: AsyncConnection, group_id: int) -> list[Waiting]:
        """Delete what waits in a group that has ended."""
        return await self._drop(c, PENDING.c.group_id == group_id)

    async def _drop(self, c: AsyncConnection, which: sa.ColumnElement[bool]) -> list[Waiting]:
        gone = await c.execute(sa.delete(PENDING).where(which).returning(PENDING))
        return [_closed(row) for row in gone.mappings()]

    async def count(self, c: AsyncConnection, group_id: int | None = None) -> int:
        """How many wait now."""
        query = sa.select(sa.func.count()).select_from(PENDING)
        if group_id is not None:
            query = query.where(PENDING.c.group_id == group_id)
        return int((await c.execute(query)).scalar_one())

    async def take_all(
        self, c: AsyncConnection, author: Member, why: Sequence[Why], now: datetime
    ) -> list[Waiting]:
        """Take out all of hers that waits for one of these, the oldest first."""
        fresh = PENDING.c.expires > milliseconds(now)
        of_hers = sa.and_(PENDING.c.member_id == author.id, PENDING.c.why.in_(why), fresh)
        gone = await c.execute(sa.delete(PENDING).where(of_hers).returning(PENDING))
        rows = sorted(gone.mappings(), key=lambda row: (row["made"], row["id"]))
        return [self.opened(row) for row in rows]

    async def take_for(
        self, c: AsyncConnection, author_id: int, reader_id: int, now: datetime
    ) -> list[Waiting]:
        """Take out what waited until that reader let its author write to her, the oldest first."""
        to_her = sa.and_(PENDING.c.member_id == author_id, PENDING.c.reader_id == reader_id)
        waits = sa.and_(PENDING.c.why == Why.CONSENT, PENDING.c.expires > milliseconds(now))
        gone = await c.execute(sa.delete(PENDING).where(to_her, waits).returning(PENDING))
        rows = sorted(gone.mappings(), key=lambda row: (row["made"], row["id"]))
        return [self.opened(row) for row in rows]

    def opened(self, row: Any) -> Waiting:
        """What waits, from its row."""
        sealed = SealedBody(row["key_id"], row["body"])
        expires = moment(row["expires"])
        try:
            body = self._vault.open_body(row["id"], row["group_id"], expires, sealed)
        except UnsealError:
            return _closed(row)
        return _closed(row, body)


def _of(author: Member, why: Sequence[Why]) -> sa.Select[tuple[int]]:
    return sa.select(PENDING.c.id).where(PENDING.c.member_id == author.id, PENDING.c.why.in_(why))


def _closed(row: Any, body: Body | None = None) -> Waiting:
    return Waiting(
        member_id=row["member_id"],
        group_id=row["group_id"],
        reader_id=row["reader_id"],
        why=Why(row["why"]),
        made=row["made"],
        body=body,
    )
