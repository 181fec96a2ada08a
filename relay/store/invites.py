"""Invitations that were not taken up yet, and who vouched for whom. Keyed indexes only."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from policies.facts import MemberState
from relay.clock import milliseconds
from relay.model import Member
from relay.store.tables import INVITE, MEMBER, VOUCHER
from relay.store.upsert import insert
from relay.vault.vault import Purpose, Vault

MOST_TRIES = 5
"""Wrong numbers after which an invitation is no longer good."""


class Invites:
    """Reads and writes them. Every method takes the connection of its transaction."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    async def put(self, c: AsyncConnection, member: Member, code: str, until: datetime) -> None:
        """Invite a member by a number of digits; an earlier invitation of hers is gone."""
        await self.drop(c, member)
        row = {
            "member_id": member.id,
            "blind": self._blind(member, code),
            "until": milliseconds(until),
            "tries": 0,
        }
        await c.execute(sa.insert(INVITE), row)

    async def take(self, c: AsyncConnection, member: Member, code: str, now: datetime) -> bool:
        """Take up her invitation, once. A wrong number is counted, and too many end it."""
        query = sa.select(INVITE).where(INVITE.c.member_id == member.id).with_for_update()
        row = (await c.execute(query)).mappings().first()
        if row is None or row["until"] <= milliseconds(now):
            return False
        if row["blind"] == self._blind(member, code):
            await self.drop(c, member)
            return True
        of_hers = INVITE.c.member_id == member.id
        spent = row["tries"] + 1 >= MOST_TRIES
        wrong = {"tries": INVITE.c.tries + 1} | ({"until": milliseconds(now)} if spent else {})
        await c.execute(sa.update(INVITE).where(of_hers).values(**wrong))
        return False

    async def drop(self, c: AsyncConnection, member: Member) -> None:
        """Delete an invitation."""
        await c.execute(sa.delete(INVITE).where(INVITE.c.member_id == member.id))

    async def drop_expired(self, c: AsyncConnection, now: datetime) -> list[int]:
        """Delete those whose time is over. Whose they were, of who is still invited."""
        over = sa.delete(INVITE).where(INVITE.c.until <= milliseconds(now))
        ids = list((await c.execute(over.returning(INVITE.c.member_id))).scalars())
        still = sa.select(MEMBER.c.id).where(
            MEMBER.c.id.in_(ids), MEMBER.c.state == MemberState.INVITED
        )
        return list((await c.execute(still)).scalars())

    async def vouch(self, c: AsyncConnection, member: Member, by: Member) -> int:
        """Note that `by` vouches for a member. By how many she is vouched for now."""
        row = {
            "blind": self._vault.index(Purpose.VOUCHER, member.id, by.id),
            "member_id": member.id,
        }
        await c.execute(insert(c, VOUCHER).on_conflict_do_nothing(), row)
        count = sa.select(sa.func.count()).select_from(VOUCHER)
        found = await c.execute(count.where(VOUCHER.c.member_id == member.id))
        return int(found.scalar_one())

    async def forget_vouchers(self, c: AsyncConnection, member: Member) -> None:
        """Nobody need know who vouched for her."""
        await c.execute(sa.delete(VOUCHER).where(VOUCHER.c.member_id == member.id))

    def _blind(self, member: Member, code: str) -> bytes:
        return self._vault.index(Purpose.INVITE, member.id, code)
