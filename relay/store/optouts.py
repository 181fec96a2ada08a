"""Contacts that said stop to all of us: it outlives their rows.

One keyed index each, the same for all groups and for nothing else: neither whose it is nor in which
group she was can be read from it. It stays until consent is given anew.
"""

from __future__ import annotations

from contextlib import suppress

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.contact import fold
from channels.secret import Contact
from policies.facts import MemberState
from relay.store.tables import MEMBER, OPTED_OUT
from relay.store.upsert import insert
from relay.vault.vault import Purpose, UnsealError, Vault


class OptOuts:
    """Reads and writes them. Every method takes the connection of its transaction."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    async def note(self, c: AsyncConnection, contact: Contact) -> None:
        """This contact wants nothing from us any more."""
        row = {"blind": self._blind(contact)}
        await c.execute(insert(c, OPTED_OUT).on_conflict_do_nothing(), row)

    async def note_member(self, c: AsyncConnection, member_id: int) -> None:
        """The same of the contact of a member."""
        await self._note_where(c, MEMBER.c.id == member_id)

    async def note_older(self, c: AsyncConnection) -> None:
        """The same of all who stopped before this was kept: which of them only left, nobody knows.

        They have no day yet from which on they are gone (`Leavers.mark`).
        """
        stopped = MEMBER.c.state == MemberState.STOPPED
        await self._note_where(c, sa.and_(stopped, MEMBER.c.left_day.is_(None)))

    async def holds(self, c: AsyncConnection, contact: Contact) -> bool:
        """Whether this contact said stop, and nothing else since."""
        query = sa.select(OPTED_OUT.c.blind).where(OPTED_OUT.c.blind == self._blind(contact))
        return (await c.execute(query)).first() is not None

    async def lift(self, c: AsyncConnection, contact: Contact) -> None:
        """She has said so herself, or agreed to come in."""
        await c.execute(sa.delete(OPTED_OUT).where(OPTED_OUT.c.blind == self._blind(contact)))

    async def _note_where(self, c: AsyncConnection, which: sa.ColumnElement[bool]) -> None:
        rows = await c.execute(
            sa.select(MEMBER.c.id, MEMBER.c.channel, MEMBER.c.contact).where(which)
        )
        for row in rows.all():
            with suppress(UnsealError):  # her key is gone: so is her contact
                opened = self._vault.open(row.id, "contact", row.contact)
                await self.note(c, Contact(row.channel, opened))

    def _blind(self, contact: Contact) -> bytes:
        return self._vault.index(Purpose.OPT_OUT, contact.channel, fold(contact))
