"""The phones of members and our own numbers, as upkeep looks through them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.contact import SMS
from channels.secret import Contact, Secret
from policies.facts import MemberState
from relay.store.roster import Roster
from relay.store.tables import MEMBER, NUMBER
from relay.vault.vault import UnsealError, Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """A member who texts."""

    member_id: int
    group_id: int
    state: MemberState
    contact: Contact


class Phones:
    """Every method takes the connection of its transaction."""

    def __init__(self, vault: Vault, roster: Roster) -> None:
        self._vault = vault
        self._roster = roster

    async def ours(self, c: AsyncConnection) -> list[Secret]:
        """The numbers of the pool, parked or not; one that cannot be opened is none."""
        rows = await c.execute(sa.select(NUMBER.c.id, NUMBER.c.sealed))
        return [number for row in rows if (number := self._number(row.id, row.sealed))]

    async def of_members(self, c: AsyncConnection, states: Iterable[MemberState]) -> list[Phone]:
        """The phones of members in these states; of who was just removed there is none."""
        query = sa.select(
            MEMBER.c.id, MEMBER.c.group_id, MEMBER.c.state, MEMBER.c.channel, MEMBER.c.contact
        ).where(MEMBER.c.channel == SMS, MEMBER.c.state.in_(set(states)))
        rows = (await c.execute(query)).mappings().all()
        return [phone for row in rows if (phone := self._phone(row))]

    async def move(
        self, c: AsyncConnection, member_id: int, was: MemberState, becomes: MemberState
    ) -> bool:
        """Change a member's state, if it still is what it was. Whether it was."""
        one = sa.update(MEMBER).where(MEMBER.c.id == member_id, MEMBER.c.state == was)
        return (await c.execute(one.values(state=becomes))).rowcount == 1

    async def start_listening(self, c: AsyncConnection, today: int) -> None:
        """Count the silence of a phone that was never heard from today on."""
        unheard = sa.update(MEMBER).where(*_ACTIVE_PHONE, MEMBER.c.heard_day.is_(None))
        await c.execute(unheard.values(heard_day=today))

    async def silent_since(self, c: AsyncConnection, before_day: int) -> list[int]:
        """The active members whose phone was last heard before a day."""
        query = sa.select(MEMBER.c.id).where(*_ACTIVE_PHONE, MEMBER.c.heard_day < before_day)
        return list((await c.execute(query.order_by(MEMBER.c.id))).scalars())

    async def is_silent(self, c: AsyncConnection, member_id: int, before_day: int) -> bool:
        """Whether that is so of one member now; nobody changes it until this transaction ends."""
        query = sa.select(MEMBER.c.id).where(
            MEMBER.c.id == member_id, *_ACTIVE_PHONE, MEMBER.c.heard_day < before_day
        )
        return (await c.execute(query.with_for_update())).first() is not None

    def _number(self, number_id: int, sealed: bytes) -> Secret | None:
        try:
            return Secret(self._vault.open_house("number", number_id, sealed))
        except UnsealError:
            return None

    def _phone(self, row: sa.RowMapping) -> Phone | None:
        try:
            contact = self._roster.open_contact(row["id"], row["channel"], row["contact"])
        except UnsealError:
            return None
        return Phone(
            member_id=row["id"],
            group_id=row["group_id"],
            state=MemberState(row["state"]),
            contact=contact,
        )


_ACTIVE_PHONE = (MEMBER.c.channel == SMS, MEMBER.c.state == MemberState.ACTIVE)
