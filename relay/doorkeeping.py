"""What operators ask about who comes in, under which name, and who goes: each in a transaction.

Every refusal is a `RefusalError` with one plain sentence, and nothing was changed.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from channels import contact as contacts
from channels.contact import BadContactError
from channels.secret import Contact
from policies.facts import GroupState
from relay.agreeing import waits
from relay.clock import Clock
from relay.errors import RefusalError
from relay.joining import Joining
from relay.keeping_apart import KeepingApart
from relay.model import Member, read_id, show_id
from relay.store.database import Database
from relay.store.holdings import holdings
from relay.store.roster import Roster
from relay.vault.vault import Vault


class Doorkeeping:
    """Who is let in, and who is not."""

    def __init__(
        self,
        *,
        database: Database,
        roster: Roster,
        joining: Joining,
        apart: KeepingApart,
        vault: Vault,
        clock: Clock,
    ) -> None:
        self._database = database
        self._roster = roster
        self._joining = joining
        self._apart = apart
        self._vault = vault
        self._clock = clock

    async def invite(self, key: str) -> Member:
        """Invite a member once more; what she was sent before is no longer good."""

        async def work(c: AsyncConnection) -> Member:
            member = await self._roster.find_member(c, key, lock=True)
            group = await self._roster.group_of(c, member)
            if group.state is GroupState.CLOSED:
                raise RefusalError("This group is closed.")
            contact = await self._roster.contact_of(c, member)
            await self._joining.refuse_forbidden(c, group, contact, besides=member.id)
            return await self._joining.invite(c, group, member, self._clock.now())

        return await self._database.transact(work)

    async def let_in(self, key: str) -> Member:
        """Let in a member who has agreed and waits."""

        async def work(c: AsyncConnection) -> Member:
            member = await self._roster.find_member(c, key, lock=True)
            group = await self._roster.group_of(c, member)
            if group.state is GroupState.CLOSED:
                raise RefusalError("This group is closed.")
            if not waits(member):
                raise RefusalError("She does not wait to be let in.")
            contact = await self._roster.contact_of(c, member)
            await self._joining.refuse_forbidden(c, group, contact, besides=member.id)
            await self._joining.let_in(c, group, member, self._clock.now())
            return await self._roster.find_member(c, key)

        return await self._database.transact(work)

    async def avoid(self, key: str, *, sms: str | None, email: str | None, undo: bool) -> None:
        """Note, or take back, that a member must never share a group with a contact."""
        contact = _contact(sms, email)

        async def work(c: AsyncConnection) -> None:
            member = await self._roster.find_member(c, key, lock=True)
            if undo:
                await self._apart.allow(c, member, contact)
            elif not await self._apart.note(c, member, contact, self._clock.now()):
                raise RefusalError("No more numbers or addresses can be noted for her.")

        await self._database.transact(work)

    async def conflicts(self, group_key: str) -> list[tuple[Member, Member]]:
        """The pairs of members of a group who must not share it."""
        async with self._database.reading() as c:
            return await self._apart.pairs(c, await self._roster.find_group(c, group_key))

    async def ban(self, group_key: str, *, sms: str | None, email: str | None) -> None:
        """Never let a contact into a group again whose row is gone, or never was there."""
        contact = _contact(sms, email)

        async def work(c: AsyncConnection) -> None:
            group = await self._roster.find_group(c, group_key)
            if not await self._apart.ban(c, group, contact):
                raise RefusalError(
                    "Somebody in this group has this contact: `relay member remove ID --ban`."
                )

        await self._database.transact(work)

    async def unban(self, group_key: str, *, sms: str | None, email: str | None) -> None:
        """Let a contact be added to a group again that was removed for good."""
        contact = _contact(sms, email)

        async def work(c: AsyncConnection) -> None:
            group = await self._roster.find_group(c, group_key)
            if not await self._apart.lift_ban(c, group, contact):
                raise RefusalError("This contact was not banned from this group.")

        await self._database.transact(work)

    async def held_of(self, key: str) -> dict[str, Any]:
        """What is held of one member, in numbers. It can be asked after she is gone as well."""
        member_id = read_id(key)
        if member_id is None:
            raise RefusalError("This is no id of a member.")
        async with self._database.reading() as c:
            rows = await holdings(c, member_id)
        key_is_there = self._vault.is_alive(member_id)
        held = bool(sum(rows.values()) or key_is_there)
        return {"member": show_id(member_id), "held": held, "key": key_is_there, "rows": rows}


def _contact(sms: str | None, email: str | None) -> Contact:
    if (sms is None) == (email is None):
        raise RefusalError("Name either a number (--sms) or an address (--email).")
    try:
        return contacts.e164(sms) if sms is not None else contacts.address(email or "")
    except BadContactError as error:
        raise RefusalError(str(error)) from None
