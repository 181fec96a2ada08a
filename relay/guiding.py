"""Guiding: what who runs a group does in it, by a word or by the command line.

Each method works in a transaction, and returns one sentence for who asked. What cannot be done is a
`RefusalError` with such a sentence, and nothing was changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from channels.contract import NO_WORDS
from channels.secret import Secret
from policies.facts import GroupState, MemberState, Role
from policies.windows import quiet_until
from relay import wording
from relay.clock import milliseconds
from relay.ending import Endings
from relay.errors import RefusalError
from relay.judge import quiet_windows
from relay.judge import until as stored_end
from relay.languages.speech import spoken
from relay.leaving import Leaving
from relay.model import Body, Group, Member, show_id
from relay.notices import Notices
from relay.posting import Posting
from relay.shown import clock_of, shown_time
from relay.store.outbox import Outbox
from relay.store.pending import Waiting
from relay.store.review import Review
from relay.store.roster import Roster
from relay.sure import Sure
from relay.wording import guiding
from relay.wording.text import Text

MUTED_FOR = timedelta(days=1)
"""How long who is muted without a time is muted."""
_MUTED_AT_MOST = timedelta(days=90)
_REMOVE = "remove"
_IN = {MemberState.ACTIVE, MemberState.SILENT, MemberState.UNREACHABLE}


def muted(member: Member, group: Group, now: datetime) -> Text:
    """What a muted member hears who writes nevertheless."""
    end = stored_end(member.settings.muted_until)
    if end is None or member.settings.muted_until < 0:
        return guiding.MUTED_FOR_NOW
    return guiding.MUTED.format(
        until=shown_time(end, clock_of(member.settings, group.settings), now)
    )


class Guiding:
    """The acts of facilitators. Nobody but those who must know hear of them."""

    def __init__(
        self,
        roster: Roster,
        review: Review,
        posting: Posting,
        notices: Notices,
        outbox: Outbox,
        endings: Endings,
        sure: Sure,
        leaving: Leaving,
    ) -> None:
        self._leaving = leaving
        self._sure = sure
        self._endings = endings
        self._roster = roster
        self._review = review
        self._posting = posting
        self._notices = notices
        self._outbox = outbox

    # Looking at posts first ----------------------------------------------------------------

    async def approve(self, c: AsyncConnection, group: Group, number: int, now: datetime) -> Text:
        """Let the group read what waits under a number, as if it were written now."""
        if group.state is not GroupState.OPEN:
            raise RefusalError(guiding.NOT_WHILE_FROZEN)
        waiting = await self._take(c, group, number, now)
        author = await self._writer(c, waiting)
        if author is None or waiting.body is None:
            await self._outbox.ledger.lose(c, group.id, "not_confirmed", 1, now)
            return guiding.WRITER_GONE.format(number=number)
        if waiting.body.shown and group.settings.contacts != "allow":  # stricter by now
            await self._notices.tell(c, author.id, wording.ASKED_WITHOUT, now)
            return guiding.GIVEN_BACK_TO_HER.format(number=number)
        await self._one_less_to_look_at(c, author)
        await self._posting.publish(c, author, group, waiting.body, None, now, present=False)
        return guiding.APPROVED.format(number=number)

    async def decline(
        self, c: AsyncConnection, group: Group, number: int, reason: str, now: datetime
    ) -> Text:
        """Give it back to its writer, who alone hears the reason."""
        waiting = await self._take(c, group, number, now)
        text = guiding.DECLINED_BECAUSE.format(reason=reason) if reason else guiding.DECLINED
        await self._notices.tell(c, waiting.member_id, text, now)
        return guiding.GIVEN_BACK_TO_HER.format(number=number)

    async def waiting(self, c: AsyncConnection, group: Group, now: datetime) -> Text:
        """Which numbers wait."""
        rows = await self._review.waiting(c, group.id, now)
        if not rows:
            return guiding.NOTHING_TO_LOOK_AT
        return guiding.WAITING.format(numbers=", ".join(str(number) for number, _ in rows))

    async def _take(self, c: AsyncConnection, group: Group, number: int, now: datetime) -> Waiting:
        waiting = await self._review.take(c, group.id, number, now)
        if waiting is None:
            raise RefusalError(guiding.NO_SUCH_NUMBER.format(number=number))
        return waiting

    async def _writer(self, c: AsyncConnection, waiting: Waiting) -> Member | None:
        """Who wrote it, if she is still in the group: also where messages do not reach her now.

        It was hers when she wrote it, whoever may have her phone by now.
        """
        found = await self._roster.look_up(c, waiting.member_id)
        return found[0] if found and found[0].state in _IN else None

    async def _one_less_to_look_at(self, c: AsyncConnection, author: Member) -> None:
        author = await self._roster.find_member(c, show_id(author.id), lock=True)
        if author.settings.to_moderate > 0:
            less = replace(author.settings, to_moderate=author.settings.to_moderate - 1)
            await self._roster.save_member(c, replace(author, settings=less))

    # Muting --------------------------------------------------------------------------------

    async def mute(
        self,
        c: AsyncConnection,
        group: Group,
        member: Member,
        span: timedelta | None,
        now: datetime,
        *,
        by: Member | None = None,
    ) -> Text:
        """Pass on nothing of a member for a time. `by` is who asks; `None` is the operator."""
        _check_rank(member, by)
        end = now + min(span or MUTED_FOR, _MUTED_AT_MOST)
        await self._set_muted(c, member, milliseconds(end))
        zone = clock_of(member.settings, group.settings)
        read = quiet_until(quiet_windows(group.settings, member.settings), now) or now
        text = guiding.MUTE_BEGINS.format(until=shown_time(end, zone, read))
        await self._notices.tell(c, member.id, text, now)
        hers = zone if by is None else clock_of(by.settings, group.settings)
        shown = shown_time(end, hers, now)
        return guiding.MUTED_BY_YOU.format(name=member.name.reveal(), until=shown)

    async def unmute(
        self, c: AsyncConnection, member: Member, now: datetime, *, by: Member | None = None
    ) -> Text:
        """Pass on again what she writes."""
        _check_rank(member, by)
        end = stored_end(member.settings.muted_until)
        if end is None or end <= now:
            return guiding.NOT_MUTED.format(name=member.name.reveal())
        await self._set_muted(c, member, 0)
        await self._notices.tell(c, member.id, guiding.MUTE_ENDS, now)
        return guiding.UNMUTED_BY_YOU.format(name=member.name.reveal())

    async def _set_muted(self, c: AsyncConnection, member: Member, end: int) -> None:
        member = await self._roster.find_member(c, show_id(member.id), lock=True)
        settings = replace(member.settings, muted_until=end)
        await self._roster.save_member(c, replace(member, settings=settings))

    # What cannot be taken back ---------------------------------------------------------------

    async def ask_to_remove(
        self, c: AsyncConnection, member: Member, now: datetime, *, by: Member
    ) -> Text:
        """Ask again before somebody is removed. Who only helps to run the group removes nobody."""
        if by.role is not Role.FACILITATOR:
            raise RefusalError(guiding.ONLY_ITS_HEAD)
        if member.id == by.id:
            raise RefusalError(guiding.NOT_YOURSELF)
        code = await self._sure.ask(c, by, f"{_REMOVE} {show_id(member.id)}", now)
        return guiding.SURE_TO_REMOVE.format(name=member.name.reveal(), code=code)

    async def really(
        self, c: AsyncConnection, group: Group, code: int, now: datetime, *, by: Member
    ) -> tuple[Text, Sequence[int]]:
        """Do what she was asked about. Returns what to tell her, and who has gone by it."""
        act = await self._sure.answered(c, by, code, now)
        what, _, key = (act or "").partition(" ")
        if what != _REMOVE or by.role is not Role.FACILITATOR:
            raise RefusalError(guiding.NOTHING_ASKED)
        member = await self._roster.find_member(c, key, lock=True)
        gone = await self._leaving.remove(c, group, member, now)
        name = member.name.reveal()
        text = guiding.REMOVED_BY.format(name=name, by=by.name.reveal())
        await self._endings.tell_facilitators(c, group.id, text, now, besides=by.id)
        return guiding.REMOVED_BY_YOU.format(name=name), gone

    # The whole group -------------------------------------------------------------------------

    async def announce(
        self,
        c: AsyncConnection,
        group: Group,
        body: Body,
        now: datetime,
        *,
        by: Member,
        present: bool = True,
    ) -> int:
        """Say something to everybody, marked as what it is. Returns to how many.

        `present`: it is she herself who says it.
        """
        text = guiding.ANNOUNCEMENT.format(words=body.text.reveal())
        marked = replace(body, text=Secret(spoken(text, group.settings)), html=NO_WORDS)
        return await self._posting.publish(c, by, group, marked, None, now, present=present)

    async def freeze(self, c: AsyncConnection, group: Group, now: datetime, *, by: Member) -> Text:
        """Take nothing in, and hold what waits, until a thaw; others who run it hear of it."""
        await self._set_state(c, group, GroupState.FROZEN, now)
        text = guiding.FROZEN_BY.format(name=by.name.reveal())
        await self._endings.tell_facilitators(c, group.id, text, now, besides=by.id, urgent=True)
        return guiding.FROZEN_BY_YOU

    async def thaw(self, c: AsyncConnection, group: Group, now: datetime, *, by: Member) -> Text:
        """Let it go on."""
        await self._set_state(c, group, GroupState.OPEN, now)
        text = guiding.THAWED_BY.format(name=by.name.reveal())
        await self._endings.tell_facilitators(c, group.id, text, now, besides=by.id)
        return guiding.THAWED_BY_YOU

    async def _set_state(
        self, c: AsyncConnection, group: Group, state: GroupState, now: datetime
    ) -> None:
        group = await self._roster.find_group(c, show_id(group.id), lock=True)
        if group.state is state or group.state is GroupState.CLOSED:
            raise RefusalError(guiding.SO_ALREADY)
        await self._roster.save_group(c, replace(group, state=state))
        await self._outbox.hurry(c, group.id, now)


def _check_rank(member: Member, by: Member | None) -> None:
    """Who helps to run a group decides nothing about who runs it."""
    if by is not None and by.role is not Role.FACILITATOR and member.facilitator:
        raise RefusalError(guiding.RUNS_THE_GROUP.format(name=member.name.reveal()))
