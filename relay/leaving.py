"""Leaving: a member goes, is removed, or is forgotten for good; and what the group hears of it.

It hears the same, or nothing, whatever the reason. What waits for her goes in the same
transaction; her key is destroyed once that has committed.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.secret import Contact
from policies.facts import MemberState
from relay.clock import milliseconds
from relay.ending import Endings
from relay.model import Group, Member, show_id
from relay.naming import Naming
from relay.store.apart import Apart
from relay.store.names import Names
from relay.store.outbox import Outbox
from relay.store.roster import Roster
from relay.store.tables import MEMBER, POST, TALK
from relay.vault.vault import UnsealError
from relay.wording import joining as said

SURE_WITHIN = timedelta(minutes=15)
"""How long who asks to be forgotten has to say that she is sure."""

_WAS_IN = {MemberState.ACTIVE, MemberState.UNREACHABLE, MemberState.SILENT}


class Stopped(NamedTuple):
    """What came of a stop."""

    fresh: bool
    """It was not so before."""
    told: bool
    """A group was told that she has gone."""


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
        if member.state in _WAS_IN:
            await self._tell(c, group, member, now)
        return [member.id]

    async def stop(
        self,
        c: AsyncConnection,
        member_ids: Sequence[int],
        now: datetime,
        *,
        contact: Contact | None = None,
    ) -> Stopped:
        """Send these, who are one person, nothing more. The groups they were in may be told.

        `contact`: hers, if she wants nothing of anybody here; that outlives her rows.
        """
        if contact is not None:
            await self._roster.opt_outs.note(c, contact)
        there = sa.and_(MEMBER.c.id.in_(member_ids), MEMBER.c.state.in_(_WAS_IN))
        were_in = set((await c.execute(sa.select(MEMBER.c.id).where(there))).scalars())
        fresh = await self._roster.stop(c, member_ids)
        await self._endings.nothing_more_for(c, fresh, now)
        told = [await self._tell_of(c, member_id, now) for member_id in were_in.intersection(fresh)]
        return Stopped(fresh=bool(fresh), told=any(told))

    async def _tell_of(self, c: AsyncConnection, member_id: int, now: datetime) -> bool:
        """The same; a damaged card must not stand in the way of a stop."""
        with suppress(UnsealError, ValueError, TypeError, KeyError):
            found = await self._roster.look_up(c, member_id)
            return found is not None and await self._tell(c, found[1], found[0], now)
        return False

    async def _tell(self, c: AsyncConnection, group: Group, member: Member, now: datetime) -> bool:
        """Tell the group that a member has gone, if it wants to be told."""
        if not group.settings.tell_left:
            return False
        text = said.LEFT.format(name=member.name.reveal())
        await self._naming.tell_group(c, group, text, now, besides=member.id)
        return True

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
