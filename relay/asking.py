"""Words between two members alone: only where both want them, and nobody else hears of it.

Who asks for it hears the same whether the other one says no, says nothing, has blocked her, or is
not there at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from channels.contact import EMAIL, SMS
from channels.secret import Secret
from policies.facts import MemberState
from policies.pseudonym import skeleton
from relay import wording as said
from relay.errors import RefusalError
from relay.model import Body, Group, Member, end_of_life
from relay.notices import Notices
from relay.store.consents import Consents, Side
from relay.store.ledger import Ledger
from relay.store.names import Names
from relay.store.pending import Pending, Waiting, Why
from relay.store.roster import Roster
from relay.wording import members as wording

ANSWER_WITHIN = timedelta(days=1)
_MOST_WISHES = 3
"""How often within a month one member is asked by the same one."""


class Asking:
    """Asks for consent, brings what was consented to, and ends it."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        pending: Pending,
        roster: Roster,
        names: Names,
        notices: Notices,
    ) -> None:
        self._ledger = ledger
        self._pending = pending
        self._roster = roster
        self._names = names
        self._consents: Consents = roster.consents
        self._notices = notices

    # Words -----------------------------------------------------------------------------------

    async def admit(
        self,
        c: AsyncConnection,
        author: Member,
        group: Group,
        body: Body,
        reader_id: int,
        now: datetime,
    ) -> Member | None:
        """The one member for whom a message is, if it may go to her now.

        If not, it waits for her yes, or its author is told.
        """
        reader = await self._reader(c, author, group, reader_id)
        if reader is not None and not await self._consents.are_open(c, author.id, reader.id):
            await self._hold(c, author, reader, body, now)
            return None
        if reader is None or reader.state is not MemberState.ACTIVE:
            await self._notices.tell(c, author.id, said.NOT_TO_HER, now, anyway=True)
            return None
        return reader

    async def _reader(
        self, c: AsyncConnection, author: Member, group: Group, reader_id: int
    ) -> Member | None:
        found = await self._roster.look_up(c, reader_id)
        if found is None or not group.settings.private:
            return None
        reader, hers = found
        return reader if hers.id == group.id and reader.id != author.id else None

    async def _hold(
        self, c: AsyncConnection, author: Member, reader: Member, body: Body, now: datetime
    ) -> None:
        """Nothing of her words reaches the other one before she has said yes."""
        until = end_of_life(now, ANSWER_WITHIN)
        await self._pending.add(
            c, author, body, Why.CONSENT, reader_id=reader.id, expires=until, now=now
        )
        await self._wish(c, author, reader, now)
        text = wording.HELD.format(name=reader.name.reveal())
        await self._notices.tell(c, author.id, text, now, anyway=True)

    # Consent ---------------------------------------------------------------------------------

    async def ask(
        self, c: AsyncConnection, asker: Member, group: Group, name: str, now: datetime
    ) -> Sequence[Waiting]:
        """Ask the member of that name, if there is one. Returns what may go now.

        Who asks one who has asked her has said yes.
        """
        other = await self._names.of(c, group, name)
        if not group.settings.private:
            await self._notices.tell(c, asker.id, wording.PRIVATE_OFF, now, anyway=True)
            return ()
        if other is not None and other.id != asker.id:
            await self._roster.blocks.lift(c, asker, other)
            if await self._consents.are_open(c, asker.id, other.id):
                await self._tell_open(c, asker, other, now)
                return ()
            here = other.state is MemberState.ACTIVE
            if here and await self._consents.is_asked(c, asker.id, other.id, now):
                return await self.accept(c, asker, group, other, now)
        if not await self._has_number(c, asker):
            await self._notices.tell(c, asker.id, wording.NO_NUMBER, now, anyway=True)
            return ()
        if other is not None:
            await self._wish(c, asker, other, now)
        await self._notices.tell(c, asker.id, wording.ASKED.format(name=name), now, anyway=True)
        return ()

    async def _wish(self, c: AsyncConnection, asker: Member, other: Member, now: datetime) -> None:
        """Bring a wish to another member, once, unless she has nothing to do with it."""
        gone = other.id == asker.id or other.state is not MemberState.ACTIVE
        if gone or await self._roster.blocks.holds(c, other, asker):
            return
        if await self._consents.is_asked(c, other.id, asker.id, now):
            return
        if not await self._ledger.once(c, now, "wish", asker.id, other.id, most=_MOST_WISHES):
            return
        await self._consents.ask(c, other.id, asker.id, end_of_life(now, ANSWER_WITHIN))
        text = wording.WANTS.format(name=asker.name.reveal())
        await self._notices.tell(c, other.id, text, now)

    async def _has_number(self, c: AsyncConnection, member: Member) -> bool:
        try:
            await self._side(c, member)
        except RefusalError:
            return False
        return True

    async def asker(
        self, c: AsyncConnection, member: Member, name: str, now: datetime
    ) -> Member | None:
        """Who of that name asks a member now; without a name, the only one who does."""
        found = [
            known[0]
            for asker_id in await self._consents.askers(c, member.id, now)
            if (known := await self._roster.look_up(c, asker_id)) is not None
        ]
        if not name:
            return found[0] if len(found) == 1 else None
        return next((m for m in found if skeleton(m.name.reveal()) == skeleton(name)), None)

    async def is_asked(self, c: AsyncConnection, member: Member, now: datetime) -> bool:
        """Whether anybody asks a member now."""
        return bool(await self._consents.askers(c, member.id, now))

    async def accept(
        self, c: AsyncConnection, member: Member, group: Group, asker: Member, now: datetime
    ) -> Sequence[Waiting]:
        """Let both write to each other alone. Returns what waited for that."""
        if not group.settings.private or asker.state is not MemberState.ACTIVE:
            await self._notices.tell(c, member.id, wording.NOBODY_ASKS, now, anyway=True)
            return ()
        phones = [m for m in (member, asker) if m.channel == SMS]
        await self._roster.serialise(c, *[await self._roster.contact_of(c, m) for m in phones])
        try:
            sides = [await self._side(c, m) for m in (member, asker)]
        except RefusalError:
            await self._notices.tell(c, member.id, wording.NO_NUMBER, now, anyway=True)
            return ()
        await self._consents.agree(c, *sides)
        await self._tell_open(c, member, asker, now)
        await self._tell_open(c, asker, member, now, anyway=False)
        return [
            *await self._pending.take_for(c, asker.id, member.id, now),
            *await self._pending.take_for(c, member.id, asker.id, now),
        ]

    async def _side(self, c: AsyncConnection, member: Member) -> Side:
        """How she will write. Raises `RefusalError` if no number is free for her phone."""
        if member.channel != SMS:
            return Side(member_id=member.id)
        phone = await self._roster.contact_of(c, member)
        number = await self._roster.number_apart(c, member, phone)
        return Side(member_id=member.id, phone=phone, number=Secret(number))

    async def _tell_open(
        self,
        c: AsyncConnection,
        member: Member,
        other: Member,
        now: datetime,
        *,
        anyway: bool = True,
    ) -> None:
        """Say how, from where she will write: so the two talks are apart on her phone."""
        text = wording.OPEN_BY_TEXT.format(name=other.name.reveal())
        if member.channel == EMAIL:
            text = wording.OPEN_BY_MAIL.format(name=other.name.reveal(), mask=other.mask.reveal())
        await self._notices.tell(c, member.id, text, now, anyway=anyway, aside=other.id)

    # No --------------------------------------------------------------------------------------

    async def block(self, c: AsyncConnection, member: Member, other: Member, now: datetime) -> None:
        """Neither writes to the other alone any more, and the other one cannot ask for it."""
        await self._roster.blocks.add(c, member, other)
        await self._consents.end(c, member.id, other.id, now)
        text = wording.BLOCKED.format(name=other.name.reveal())
        await self._notices.tell(c, member.id, text, now, anyway=True)
