"""Members who must not share a group: noted without telling anybody who, where or why."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from channels.secret import Contact
from relay.model import Group, Member
from relay.notices import Notices
from relay.store.apart import Apart
from relay.store.roster import Roster
from relay.wording import joining as said


class KeepingApart:
    """Notes whom a member must not meet, in the transaction of whatever asks for it."""

    def __init__(self, apart: Apart, roster: Roster, notices: Notices) -> None:
        self._apart = apart
        self._roster = roster
        self._notices = notices

    async def note(
        self, c: AsyncConnection, member: Member, contact: Contact, now: datetime
    ) -> bool:
        """Note it for all her groups, now and later. `False` if she has noted too many.

        Where the two are in one group already, the others who run it learn that it is so, not of
        whom: told more, they might say something to one of the two.
        """
        if not await self._apart.avoid(c, member, contact):
            return False
        for group_id, both in await self._apart.shared(c, member, contact):
            for facilitator in await self._roster.facilitators(c, group_id):
                if facilitator not in both:
                    await self._notices.tell(c, facilitator, said.APART, now)
        return True

    async def allow(self, c: AsyncConnection, member: Member, contact: Contact) -> None:
        """Take it back."""
        await self._apart.allow(c, member, contact)

    async def ban(self, c: AsyncConnection, group: Group, contact: Contact) -> bool:
        """Keep a contact of which there is no row out of a group. `False` if there is one."""
        await self._apart.ban(c, group.id, contact)
        return not await self._apart.is_in(c, group.id, contact)

    async def lift_ban(self, c: AsyncConnection, group: Group, contact: Contact) -> bool:
        """Let a contact in again that was banned from a group. Whether it was."""
        return await self._apart.lift_ban(c, group.id, contact)

    async def pairs(self, c: AsyncConnection, group: Group) -> list[tuple[Member, Member]]:
        """The pairs of members of a group who must not share it, for the operator's eyes."""
        by_id = {m.id: m for m in await self._roster.members(c, group)}
        pairs = [sorted(pair) for pair in await self._apart.pairs(c, group)]
        return [(by_id[one], by_id[other]) for one, other in sorted(pairs)]
