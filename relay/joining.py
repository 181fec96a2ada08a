"""Joining: an invitation, what is agreed to, and being let in.

Nobody gets a word of a group before she has agreed, and nobody outside can tell from an answer
whether a group exists, who is in it, or why somebody is not let in.
"""

from __future__ import annotations

import secrets
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from channels.contact import SMS
from channels.secret import Contact
from policies.facts import GroupState, MemberState
from policies.windows import quiet_until
from relay.agreeing import ANSWERS, is_asked, is_due, not_yet, version_of, waits, was_shown
from relay.clock import milliseconds
from relay.ending import Endings
from relay.errors import RefusalError
from relay.judge import quiet_windows
from relay.languages.speech import spoken
from relay.model import Group, Member, show_id
from relay.naming import Naming
from relay.notices import Notices
from relay.store.apart import Apart
from relay.store.invites import Invites
from relay.store.ledger import Ledger
from relay.store.names import Names
from relay.store.roster import Roster
from relay.vault.vault import UnsealError
from relay.wording import joining as said
from relay.wording.text import Text
from relay.words.folding import folded
from relay.words.of_joining import CODE_LENGTH

CODE_LIFE = timedelta(hours=24)
"""How long an invitation can be taken up, from when it may reach her."""

_MOST_INVITATIONS = 3
"""So many a month to one person: who types somebody else's number must not pester her."""
_SAID_STOP = (
    "She said stop. Let her send START or, if she has told you that she agrees, add her with "
    "--agreed."
)
_ROOM = 140
"""Characters of the group's own words in one text, which has a count in front."""
_NEEDED = {"vouch1": 1, "vouch2": 2}


class Joining:
    """Everything between an invitation and a member, in the transaction of whoever asks."""

    def __init__(
        self,
        *,
        roster: Roster,
        invites: Invites,
        apart: Apart,
        names: Names,
        naming: Naming,
        notices: Notices,
        endings: Endings,
        ledger: Ledger,
        programme: str,
    ) -> None:
        self._roster = roster
        self._invites = invites
        self._apart = apart
        self._names = names
        self._naming = naming
        self._notices = notices
        self._endings = endings
        self._ledger = ledger
        self._programme = programme

    # Inviting ------------------------------------------------------------------------------

    async def invite(
        self, c: AsyncConnection, group: Group, member: Member, now: datetime
    ) -> Member:
        """Send her an invitation, in place of any before. Raises `RefusalError`."""
        _refuse_not_invitable(member)
        contact = await self._roster.contact_of(c, member)
        if await self._roster.opt_outs.holds(c, contact):
            raise RefusalError(_SAID_STOP)
        if await self._apart.wants_silence(c, member):
            raise RefusalError(
                "She left or said stop wherever she was. If she has told you that she agrees, add "
                "her with --agreed."
            )
        if not await self._ledger.once(c, now, "invite", member.id, most=_MOST_INVITATIONS):
            raise RefusalError("She was invited three times within a month; that is enough.")
        settings = replace(member.settings, shown_version=0)
        member = replace(member, state=MemberState.INVITED, settings=settings)
        await self._roster.save_member(c, member)
        code = f"{secrets.randbelow(10**CODE_LENGTH):0{CODE_LENGTH}}"
        arrives = quiet_until(quiet_windows(group.settings, member.settings), now) or now
        await self._invites.put(c, member, code, arrives + CODE_LIFE)
        text = said.INVITED.format(programme=self._programme, code=code)
        await self._notices.tell(c, member.id, text, now)
        return member

    async def refuse_forbidden(
        self, c: AsyncConnection, group: Group, contact: Contact, *, besides: int = 0
    ) -> None:
        """Raise `RefusalError`, which does not say why, for a contact that must not be let in."""
        if await self._apart.forbids(c, group, contact, besides=besides):
            raise RefusalError("This contact cannot be added to this group.")

    async def settle_by_hand(self, c: AsyncConnection, group: Group, member: Member) -> None:
        """An operator made a member of her: no invitation is left. Raises `RefusalError`."""
        contact = await self._roster.contact_of(c, member)
        await self.refuse_forbidden(c, group, contact, besides=member.id)
        await self._roster.opt_outs.lift(c, contact)
        await self._invites.forget_vouchers(c, member)
        await self._invites.drop(c, member)

    # Agreeing ------------------------------------------------------------------------------

    async def join(
        self, c: AsyncConnection, group: Group, member: Member, code: str, now: datetime
    ) -> None:
        """She takes up her invitation, and is shown what to agree to."""
        member = await self._locked(c, member)
        if member.state is not MemberState.INVITED:
            await self._answer(c, member, said.ALREADY_IN, now)
        elif waits(member):
            await self._answer(c, member, said.WAIT, now)
        elif await self._takes_up(c, group, member, code, now):
            await self.show(c, group, member, now)
        else:
            await self._answer(c, member, said.WRONG_CODE, now)

    async def _takes_up(
        self, c: AsyncConnection, group: Group, member: Member, code: str, now: datetime
    ) -> bool:
        """Whether this is her number, and good. It is not, all at once, for who must not come."""
        right = await self._invites.take(c, member, folded(code), now)
        return right and not await self._cannot(c, group, member, now)

    async def show(self, c: AsyncConnection, group: Group, member: Member, now: datetime) -> None:
        """Show her the whole agreement: some texts that say their count, or one mail."""
        member = await self._locked(c, member)
        settings = replace(member.settings, shown_version=version_of(group))
        if member.state is not MemberState.INVITED and is_due(member, group, now.date()):
            asked_on = settings.asked_on or now.date().isoformat()
            until = milliseconds(now + ANSWERS)
            settings = replace(settings, asked_on=asked_on, agree_until=until)
        member = replace(member, settings=settings)
        await self._roster.save_member(c, member)
        parts = list(agreement(self._programme, group, member, now))
        by_text = member.channel == SMS
        for text in _numbered(parts) if by_text else (_together(parts, group, member),):
            await self._answer(c, member, text, now)

    async def look(self, c: AsyncConnection, group: Group, member: Member, now: datetime) -> bool:
        """Show it to who asks to read it. `False` if she has not joined, and may not."""
        if member.state is MemberState.INVITED and not was_shown(member):
            return False
        await self.show(c, group, member, now)
        return True

    async def agree(self, c: AsyncConnection, group: Group, member: Member, now: datetime) -> None:
        """She agrees to what she was shown last. What is kept: version, day, channel."""
        member = await self._locked(c, member)
        version, today = version_of(group), now.date()
        if not is_asked(member, now):  # answered a moment ago
            return
        settings = member.settings
        if version not in (settings.shown_version, max(settings.agreed_version, 1)):
            await self.show(c, group, member, now)
            return
        anew = member.agreed_on is None or settings.agreed_version != version
        settings = replace(
            settings,
            agreed_version=version,
            agreed_by=member.channel if anew else settings.agreed_by,
            affirmed_on=today.isoformat(),
            asked_on="",
            reminded=False,
        )
        member = replace(member, settings=settings, agreed_on=today if anew else member.agreed_on)
        await self._roster.save_member(c, member)
        if member.state is MemberState.INVITED:
            await self._admit(c, group, member, now)
        else:
            await self._answer(c, member, said.AFFIRMED.format(version=version), now)

    async def _admit(self, c: AsyncConnection, group: Group, member: Member, now: datetime) -> None:
        """Let in who has agreed, or let her wait for who decides."""
        vetting, name = group.settings.vetting, member.name.reveal()
        if vetting == "none":
            if not await self.let_in(c, group, member, now, answers=True):
                await self._begin_anew(c, member, now)
            return
        await self._answer(c, member, said.WAIT, now)
        text = said.WANTS_IN if vetting == "approve" else said.WANTS_VOUCHING
        await self._endings.tell_facilitators(c, group.id, text.format(name=name), now)

    async def _begin_anew(self, c: AsyncConnection, member: Member, now: datetime) -> None:
        """Who must not be let in hears what she would if she had been invited anew meanwhile."""
        settings = replace(
            member.settings, shown_version=0, agreed_version=0, agreed_by="", affirmed_on=""
        )
        member = replace(member, agreed_on=None, settings=settings)
        await self._roster.save_member(c, member)
        await self._answer(c, member, not_yet(member), now)

    # Letting in ----------------------------------------------------------------------------

    async def let_in(
        self,
        c: AsyncConnection,
        group: Group,
        member: Member,
        now: datetime,
        *,
        answers: bool = False,
        by: int = 0,
    ) -> bool:
        """Make a member of who has agreed. `False` if she must not be, or is none who waits.

        `answers`: she has just said that she agrees, so it comes at any hour. `by`: a facilitator
        who hears it otherwise.
        """
        member = await self._locked(c, member)
        if not waits(member):
            return False
        if await self._cannot(c, group, member, now, besides=by):
            return False
        member = replace(member, state=MemberState.ACTIVE)
        await self._roster.save_member(c, member)
        await self._invites.forget_vouchers(c, member)
        await self._invites.drop(c, member)
        name = member.name.reveal()
        await self._notices.tell(c, member.id, said.WELCOME.format(name=name), now, anyway=answers)
        if group.settings.tell_joined:
            text = said.JOINED.format(name=name)
            await self._naming.tell_group(c, group, text, now, besides=member.id)
        return True

    async def approve_named(
        self, c: AsyncConnection, group: Group, name: str, now: datetime, *, by: Member
    ) -> Text | None:
        """A facilitator lets in who waits under this name. `None` if nobody does."""
        member = await self._names.of(c, group, name)
        if member is None or not waits(member):
            return None
        is_in = await self.let_in(c, group, member, now, by=by.id)
        return (said.LET_IN if is_in else said.CANNOT).format(name=member.name.reveal())

    async def vouch(
        self, c: AsyncConnection, group: Group, by: Member, name: str, now: datetime
    ) -> None:
        """A member knows the newcomer of this name. The answer is the same whoever that is."""
        member = await self._names.of(c, group, name)
        if member is not None and waits(member) and member.id != by.id:
            count = await self._invites.vouch(c, member, by)
            if count >= _NEEDED[group.settings.vetting]:
                await self.let_in(c, group, member, now)
        await self._answer(c, by, said.VOUCHED, now)

    async def not_taken_up(self, c: AsyncConnection, now: datetime) -> int:
        """Tell facilitators of invitations whose time is over. Returns how many."""
        over = await self._invites.drop_expired(c, now)
        for member_id in over:
            with suppress(UnsealError, ValueError, TypeError, KeyError):  # a damaged card
                found = await self._roster.look_up(c, member_id)
                if found is not None and found[1].state is not GroupState.CLOSED:
                    text = said.NOT_TAKEN_UP.format(name=found[0].name.reveal())
                    await self._endings.tell_facilitators(c, found[1].id, text, now)
        return len(over)

    # Inner ---------------------------------------------------------------------------------

    async def _cannot(
        self, c: AsyncConnection, group: Group, member: Member, now: datetime, *, besides: int = 0
    ) -> bool:
        """Whether she must not be let in. Who runs the group hears it, and not why."""
        contact = await self._roster.contact_of(c, member)
        if not await self._apart.forbids(c, group, contact, besides=member.id):
            return False
        text = said.CANNOT.format(name=member.name.reveal())
        await self._endings.tell_facilitators(c, group.id, text, now, besides=besides)
        return True

    async def _answer(self, c: AsyncConnection, member: Member, text: str, now: datetime) -> None:
        await self._notices.tell(c, member.id, text, now, anyway=True)

    async def _locked(self, c: AsyncConnection, member: Member) -> Member:
        """Her row as it is now; nobody else changes it until this transaction ends."""
        return await self._roster.find_member(c, show_id(member.id), lock=True)


def agreement(programme: str, group: Group, member: Member, now: datetime) -> Iterator[str]:
    """What a member of a group agrees to, each part short enough for one text."""
    yield said.CHOICE.format(programme=programme)
    yield from (said.PRIVATE, said.NOT_PRIVATE, said.REPORTERS, said.PHONE_COMPANIES, said.KEPT)
    yield from textwrap.wrap(group.settings.agreement, _ROOM)
    yield said.NO_HOTLINE
    last = said.SAY_AGREE if is_asked(member, now) else said.AGREED_TO
    yield last.format(version=version_of(group))


def _numbered(parts: Sequence[str]) -> Iterator[Text]:
    for number, words in enumerate(parts, 1):
        yield said.PART.format(number=number, count=len(parts), words=words)


def _together(parts: Sequence[str], group: Group, member: Member) -> str:
    """All of it as one, a paragraph each, in her language."""
    ours, hers = group.settings, member.settings
    return "\n\n".join(spoken(part, ours, hers, channel=member.channel) for part in parts)


def _refuse_not_invitable(member: Member) -> None:
    if waits(member):
        raise RefusalError("She has agreed already, and waits to be let in.")
    if member.state is MemberState.STOPPED:
        raise RefusalError("She said stop, so nothing is sent to her.")
    if member.state is MemberState.UNREACHABLE and member.agreed_on is None:
        return
    if member.state is not MemberState.INVITED:
        raise RefusalError("She is a member already.")
