"""Who must not be in one group together: named by a member, or banned from it.

Of both only keyed indexes are kept. That of a contact a member names is one for all groups.
"""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.contact import fold
from channels.secret import Contact
from policies.facts import MemberState
from relay.model import Group, Member
from relay.store.roster import Roster
from relay.store.tables import AVOID, BANNED, MEMBER
from relay.store.upsert import insert
from relay.vault.vault import Purpose, Vault

MOST = 20
"""Contacts that one member may name."""

_HERE = tuple(state for state in MemberState if state is not MemberState.STOPPED)
"""Who said stop shares a group with nobody any more."""


class Apart:
    """Reads and writes them. Every method takes the connection of its transaction."""

    def __init__(self, vault: Vault, roster: Roster) -> None:
        self._vault = vault
        self._roster = roster

    async def avoid(self, c: AsyncConnection, member: Member, contact: Contact) -> bool:
        """Note that a member must never share a group with a contact. `False` if it is too many."""
        await self._roster.serialise(c, contact)  # nobody is let in while this is noted
        of_hers = AVOID.c.member_id == member.id
        count = await c.execute(sa.select(sa.func.count()).select_from(AVOID).where(of_hers))
        if int(count.scalar_one()) >= MOST:
            return False
        row = {"blind": self._blind(contact), "member_id": member.id}
        await c.execute(insert(c, AVOID).on_conflict_do_nothing(), row)
        return True

    async def allow(self, c: AsyncConnection, member: Member, contact: Contact) -> None:
        """Take back `avoid`, in every group she is in."""
        ids = await self._person(c, member)
        hers = sa.and_(AVOID.c.member_id.in_(ids), AVOID.c.blind == self._blind(contact))
        await c.execute(sa.delete(AVOID).where(hers))

    async def ban(self, c: AsyncConnection, group_id: int, contact: Contact) -> None:
        """Never let a contact into a group again. Whoever has it there stays until removed."""
        await self._roster.serialise(c, contact)  # nobody is let in while this is noted
        row = {"blind": self._roster.contact_blind(group_id, contact), "group_id": group_id}
        await c.execute(insert(c, BANNED).on_conflict_do_nothing(), row)

    async def is_in(self, c: AsyncConnection, group_id: int, contact: Contact) -> bool:
        """Whether a group has a row of this contact, in whatever state."""
        blind = self._roster.contact_blind(group_id, contact)
        query = sa.select(MEMBER.c.id).where(MEMBER.c.contact_blind == blind)
        return (await c.execute(query)).first() is not None

    async def lift_ban(self, c: AsyncConnection, group_id: int, contact: Contact) -> bool:
        """Take back `ban`. Whether there was one."""
        blind = self._roster.contact_blind(group_id, contact)
        gone = await c.execute(sa.delete(BANNED).where(BANNED.c.blind == blind))
        return gone.rowcount > 0

    async def forbids(
        self, c: AsyncConnection, group: Group, contact: Contact, *, besides: int = 0
    ) -> bool:
        """Whether a contact must not be let into a group. `besides`: her own membership in it."""
        await self._roster.serialise(c, contact)
        blind = self._roster.contact_blind(group.id, contact)
        banned = await c.execute(sa.select(BANNED.c.blind).where(BANNED.c.blind == blind))
        if banned.first() is not None:
            return True
        return bool(await self.with_whom(c, group, contact, besides=besides))

    async def with_whom(
        self, c: AsyncConnection, group: Group, contact: Contact, *, besides: int = 0
    ) -> set[int]:
        """Members of a group who must not share it with a contact, whoever of the two said so."""
        found = await self._who_avoid(c, group, contact)
        found |= await self._whom_she_avoids(c, group, contact)
        return found - {besides}

    async def pairs(self, c: AsyncConnection, group: Group) -> set[frozenset[int]]:
        """All pairs of members of a group who must not share it."""
        found = set()
        for member in await self._roster.readable_members(c, group.id):
            if member.state in _HERE:
                contact = await self._roster.contact_of(c, member)
                others = await self.with_whom(c, group, contact, besides=member.id)
                found |= {frozenset({member.id, other}) for other in others}
        return found

    async def shared(
        self, c: AsyncConnection, member: Member, contact: Contact
    ) -> list[tuple[int, set[int]]]:
        """The groups in which a member and a contact are, each with the two as they are there."""
        found = []
        hers = [(member.id, member.group_id)]
        hers += await self._roster.other_memberships(c, member.id)
        for member_id, group_id in hers:
            query = sa.select(MEMBER.c.id).where(
                MEMBER.c.contact_blind == self._roster.contact_blind(group_id, contact),
                MEMBER.c.state.in_(set(_HERE) - {MemberState.INVITED}),
                MEMBER.c.id != member_id,
            )
            other = (await c.execute(query)).scalar_one_or_none()
            if other is not None:
                found.append((group_id, {member_id, other}))
        return found

    async def wants_silence(self, c: AsyncConnection, member: Member) -> bool:
        """Whether she has said stop in all other groups that she was in, if there is any."""
        others = [other for other, _ in await self._roster.other_memberships(c, member.id)]
        query = sa.select(MEMBER.c.state).where(MEMBER.c.id.in_(others))
        states = set((await c.execute(query)).scalars())
        return states == {MemberState.STOPPED}

    async def hand_over(self, c: AsyncConnection, member_id: int) -> None:
        """What a member named goes on to hold in her other groups once she is out of this one."""
        hers = sa.select(AVOID.c.blind).where(AVOID.c.member_id == member_id)
        blinds = list((await c.execute(hers)).scalars())
        others = await self._roster.other_memberships(c, member_id) if blinds else []
        for other, _ in others[:1]:
            rows = [{"blind": blind, "member_id": other} for blind in blinds]
            await c.execute(insert(c, AVOID).on_conflict_do_nothing(), rows)

    async def _who_avoid(self, c: AsyncConnection, group: Group, contact: Contact) -> set[int]:
        """Members of a group who named this contact, there or in another group of theirs."""
        named = sa.select(AVOID.c.member_id).where(AVOID.c.blind == self._blind(contact))
        found: set[int] = set()
        for member_id in list((await c.execute(named)).scalars()):
            person = {member_id}
            person |= {other for other, _ in await self._roster.other_memberships(c, member_id)}
            found |= await self._in_group(c, group, person)
        return found

    async def _whom_she_avoids(
        self, c: AsyncConnection, group: Group, contact: Contact
    ) -> set[int]:
        """Members of a group whom the owner of a contact named, in whichever group of hers."""
        person = await self._roster.same_person(c, contact)
        hers = sa.select(AVOID.c.blind).where(AVOID.c.member_id.in_(person))
        named = set((await c.execute(hers)).scalars())
        if not named:
            return set()
        members = [m for m in await self._roster.readable_members(c, group.id) if m.state in _HERE]
        return {m.id for m in members if self._blind(await self._roster.contact_of(c, m)) in named}

    async def _in_group(self, c: AsyncConnection, group: Group, ids: Collection[int]) -> set[int]:
        query = sa.select(MEMBER.c.id).where(
            MEMBER.c.id.in_(ids), MEMBER.c.group_id == group.id, MEMBER.c.state.in_(_HERE)
        )
        return set((await c.execute(query)).scalars())

    async def _person(self, c: AsyncConnection, member: Member) -> list[int]:
        return await self._roster.same_person(c, await self._roster.contact_of(c, member))

    def _blind(self, contact: Contact) -> bytes:
        return self._vault.index(Purpose.AVOID, contact.channel, fold(contact))
