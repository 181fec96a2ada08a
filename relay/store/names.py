"""Pseudonyms of a group: whose one is, and those that rest because they were freed."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from relay.clock import day
from relay.model import Group, Member
from relay.store.roster import Roster
from relay.store.tables import MEMBER, RESTING_NAME
from relay.store.upsert import insert


class Names:
    """Reads and writes them. Every method takes the connection of its transaction."""

    def __init__(self, roster: Roster) -> None:
        self._roster = roster

    async def of(self, c: AsyncConnection, group: Group, name: str) -> Member | None:
        """The member of a group whom this name, or one that looks like it, belongs to."""
        blind = self._roster.name_blind(group.id, name)
        query = sa.select(MEMBER).where(MEMBER.c.group_id == group.id, MEMBER.c.name_blind == blind)
        row = (await c.execute(query)).mappings().first()
        return None if row is None else self._roster.member_from(row)

    async def rests(
        self, c: AsyncConnection, group: Group, name: str, taker: bytes, now: datetime
    ) -> bool:
        """Whether a name was freed of late by somebody else than `taker`, an index of a contact."""
        r = RESTING_NAME.c
        query = sa.select(r.blind).where(
            r.blind == self._roster.name_blind(group.id, name),
            r.until_day >= day(now),
            r.holder != taker,
        )
        return (await c.execute(query)).first() is not None

    async def lay_to_rest(
        self, c: AsyncConnection, group: Group, member: Member, now: datetime, *, hers: bool
    ) -> None:
        """Her name is to belong to nobody for a time. `hers`: she may take it back before."""
        if group.settings.name_rest == 0:
            return
        holder = secrets.token_bytes(16)
        if hers:
            holder = await self.taker(c, member)
        row = {
            "blind": self._roster.name_blind(group.id, member.name.reveal()),
            "group_id": group.id,
            "until_day": day(now + timedelta(days=group.settings.name_rest)),
            "holder": holder,
        }
        newest = {"until_day": row["until_day"], "holder": holder}
        statement = insert(c, RESTING_NAME).values(row)
        await c.execute(statement.on_conflict_do_update(index_elements=["blind"], set_=newest))

    async def taker(self, c: AsyncConnection, member: Member) -> bytes:
        """The index of a member's contact in her group."""
        contact = await self._roster.contact_of(c, member)
        return self._roster.contact_blind(member.group_id, contact)

    async def wake(self, c: AsyncConnection, now: datetime) -> int:
        """Free the names that have rested long enough. Returns how many."""
        done = await c.execute(sa.delete(RESTING_NAME).where(RESTING_NAME.c.until_day < day(now)))
        return done.rowcount
