"""Leaving: a member goes, is removed, or is forgotten for good; and what the group hears of it.

It hears the same, or nothing, whatever the reason. What waits for her goes in the same
transaction; her key is destroyed once that has committed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from policies.facts import MemberState
from relay.clock import milliseconds
from relay.ending import Endings
from relay.model import Group, Member, show_id
from relay.naming import Naming
from relay.store.apart import Apart
from relay.store.names import Names
from relay.store.outbox import Outbox
from relay.store.roster import Roster
from relay.store.tables import POST, TALK
from relay.wording import joining as said

SURE_WITHIN = timedelta(minutes=15)
"""How long who asks to be forgotten has to say that she is sure."""

_WAS_IN = {MemberState.ACTIVE, MemberState.UNREACHABLE, MemberState.SILENT}


class Leaving:
    """Takes members out, in the transaction of whatever asks for it."""

    def __init__(
        self,
        *,
        roster: Roster,
        outbox: Outbox,
        endings: Endings,
        apart: Apart,
        names: Names,
        naming: Naming,
    ) -> None:
        self._roster = roster
        self._outbox = outbox
        self._endings = endings
        self._apart = apart
        self._names = names
        self._naming = naming

    async def remove(
        self,
        c: AsyncConnection,
        group: Group,
        member: Member,
        now: datetime,
        *,
        ban: bool = False,
        forget: bool = False,
    ) -> Sequence[int]:
        """Take a member out for good. Returns her id, as who has gone by it.

        `ban`: her contact never comes in again. `forget`: what she wrote and still waits for
        others goes as well, and nothing shows that she may have her name back.
        """
        if forget:
            await self._take_back(c, group, member)
        await self._endings.nothing_more_for(c, [member.id], now)
        if ban:
            await self._apart.ban(c, group.id, await self._roster.contact_of(c, member))
        await self._apart.hand_over(c, member.id)
        await self._names.lay_to_rest(c, group, member, now, hers=not forget)
        await self._roster.remove_member(c, member, now)
        await self.tell(c, group, member, now)
        return [member.id]

    async def leave(self, c: AsyncConnection, group: Group, member: Member, now: datetime) -> bool:
        """Send her nothing more from this group. `False` if that was so before."""
        if not await self._roster.stop(c, [member.id]):
            return False
        await self._endings.nothing_more_for(c, [member.id], now)
        await self.tell(c, group, member, now)
        return True

    async def tell(self, c: AsyncConnection, group: Group, member: Member, now: datetime) -> None:
        """Tell the group that she has gone, if it wants to be told; `member`: as she was before."""
        if group.settings.tell_left and member.state in _WAS_IN:
            text = said.LEFT.format(name=member.name.reveal())
            await self._naming.tell_group(c, group, text, now, besides=member.id)

    async def ask(self, c: AsyncConnection, member: Member, now: datetime) -> None:
        """From now on, for a while, her second word counts."""
        member = await self._roster.find_member(c, show_id(member.id), lock=True)
        until = milliseconds(now + SURE_WITHIN)
        settings = replace(member.settings, forget_until=until)
        await self._roster.save_member(c, replace(member, settings=settings))

    async def _take_back(self, c: AsyncConnection, group: Group, member: Member) -> None:
        """Drop what she wrote and others have not got yet, and the subject of the last thread."""
        rows = await c.execute(sa.select(POST.c.id).where(POST.c.author_id == member.id))
        posts = list(rows.scalars())
        await self._outbox.lock_posts(c, posts)
        for post in posts:
            await self._outbox.stop_post(c, post)
        await self._outbox.drop_finished(c, posts)
        await c.execute(sa.delete(TALK).where(TALK.c.group_id == group.id))
