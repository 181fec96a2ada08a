"""Who may not write to whom alone, in one group: it outlives both their rows.

A keyed index of both contacts: whoever goes and comes back is the same as before.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from relay.model import Member
from relay.store.tables import BLOCK, MEMBER
from relay.store.upsert import insert
from relay.vault.vault import Purpose, Vault


class Blocks:
    """Reads and writes them. Every method takes the connection of its transaction."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    async def add(self, c: AsyncConnection, member: Member, other: Member) -> None:
        """Let `other` no longer write to `member` alone, while she is in this group or back."""
        row = {"blind": await self._blind(c, member, other), "group_id": member.group_id}
        await c.execute(insert(c, BLOCK).on_conflict_do_nothing(), row)

    async def lift(self, c: AsyncConnection, member: Member, other: Member) -> None:
        """Take back `add`."""
        await c.execute(sa.delete(BLOCK).where(await self._which(c, member, other)))

    async def holds(self, c: AsyncConnection, member: Member, other: Member) -> bool:
        """Whether `other` may not write to `member` alone."""
        query = sa.select(BLOCK.c.blind).where(await self._which(c, member, other))
        return (await c.execute(query.limit(1))).first() is not None

    async def _which(
        self, c: AsyncConnection, member: Member, other: Member
    ) -> sa.ColumnElement[bool]:
        """Those of before were of two rows: they hold as long as both are there."""
        older = self._vault.index(Purpose.BLOCK, member.id, other.id)
        return BLOCK.c.blind.in_([await self._blind(c, member, other), older])

    async def _blind(self, c: AsyncConnection, member: Member, other: Member) -> bytes:
        """Of the indexes of both contacts within their group (`Roster.contact_blind`)."""
        both = MEMBER.c.id.in_([member.id, other.id])
        rows = await c.execute(sa.select(MEMBER.c.id, MEMBER.c.contact_blind).where(both))
        contacts = {row.id: bytes(row.contact_blind).hex() for row in rows}
        return self._vault.index(Purpose.BLOCK, contacts[member.id], contacts[other.id])
