"""Endings: when the last copy of a post has ended, it is forgotten and its author told the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from channels.contract import Picture, Trouble
from policies.facts import MemberState
from relay import wording
from relay.log import Word
from relay.model import Due
from relay.notices import Notices
from relay.store.outbox import Ended, Outbox
from relay.store.pending import Pending, Waiting, Why
from relay.store.roster import Roster
from relay.wording import guiding, hours
from relay.wording.members import NO_YES

DEAD: Mapping[Trouble, MemberState] = {
    Trouble.BAD_CONTACT: MemberState.UNREACHABLE,
    Trouble.OPTED_OUT: MemberState.STOPPED,
}
"""What says that nothing more is to be sent to a contact, and what its member is from then on."""


class Endings:
    """Every accepted post ends as delivered, told to its author, or told to a facilitator."""

    def __init__(self, outbox: Outbox, pending: Pending, roster: Roster, notices: Notices) -> None:
        self._outbox = outbox
        self._pending = pending
        self._roster = roster
        self._notices = notices

    async def after(
        self,
        c: AsyncConnection,
        post_ids: Sequence[int],
        missed: Mapping[int, int],
        now: datetime,
    ) -> None:
        """Take note of readers not reached, and drop the posts that have no copy left."""
        await self._outbox.unreached(c, {post: n for post, n in missed.items() if n > 0})
        await self.tell_authors(c, await self._outbox.drop_finished(c, post_ids), now)

    async def nothing_more_for(
        self, c: AsyncConnection, member_ids: Sequence[int], now: datetime, *, missed: bool = False
    ) -> None:
        """Drop what waits for members who left, stopped or cannot be reached.

        With `missed` they count as not reached, and the authors will be told; the author of what
        was for one of them alone is told in any case.
        """
        for waiting in await self._pending.drop_of(c, member_ids):
            if waiting.why.is_loss:
                await self._outbox.ledger.lose(c, waiting.group_id, "not_confirmed", 1, now)
        await self._roster.consents.end_all(c, member_ids, now)
        touched = await self._outbox.drop_waiting_for(c, member_ids)
        await self._outbox.lock_posts(c, touched)
        alone = await self._outbox.private_among(c, touched)
        lost = {post: n for post, n in touched.items() if missed or post in alone}
        await self.after(c, list(touched), lost, now)

    async def tell_authors(self, c: AsyncConnection, ended: Sequence[Ended], now: datetime) -> None:
        """Tell authors that some were not reached, without naming or counting anyone.

        A notice that did not arrive is only counted: telling about it would never end.
        """
        lost_notices = 0
        for post in ended:
            if post.unreached == 0:
                continue
            told = post.author_id is not None and await self._notices.tell(
                c, post.author_id, wording.NOT_REACHED, now
            )
            if not told:
                lost_notices += post.unreached
        if lost_notices:
            await self._outbox.ledger.count(c, {Word.UNTOLD: lost_notices}, now)

    async def member_unreachable(
        self,
        c: AsyncConnection,
        member_id: int,
        group_id: int,
        state: MemberState,
        now: datetime,
    ) -> bool:
        """Send nothing more to a dead contact. Returns whether a facilitator was told."""
        if state is MemberState.STOPPED:  # who tells a carrier to stop means all of us
            await self._roster.opt_outs.note_member(c, member_id)
            for other, its_group in await self._roster.other_memberships(c, member_id):
                await self._unreachable(c, other, its_group, state, now)
        return await self._unreachable(c, member_id, group_id, state, now)

    async def _unreachable(
        self,
        c: AsyncConnection,
        member_id: int,
        group_id: int,
        state: MemberState,
        now: datetime,
    ) -> bool:
        name = await self._roster.stop_sending(c, member_id, state)
        if name is None:
            return True  # known already: told when it was found out
        text = wording.UNREACHABLE.format(name=name.reveal())
        told = await self.tell_facilitators(c, group_id, text, now, besides=member_id)
        await self.nothing_more_for(c, [member_id], now, missed=not told)
        return told

    async def held_by_budget(
        self, c: AsyncConnection, post_id: int, author_id: int, now: datetime
    ) -> None:
        """Tell an author, once a post, that some get it only when the next day begins."""
        if await self._outbox.ledger.once(c, now, "budget", post_id):
            await self._notices.tell(c, author_id, wording.HELD_BY_BUDGET, now)

    async def outlasted(self, c: AsyncConnection, due: Due, now: datetime) -> bool:
        """Tell an author, once a post, that hours set since then last longer than it lives.

        At once, unlike what is found out at its end: she may still find another way. `False` if
        nobody could be told.
        """
        if due.author_id is None:
            return False
        if not await self._outbox.ledger.once(c, now, "outlasted", due.post_id):
            return True
        return await self._notices.tell(c, due.author_id, hours.OUTLASTED, now)

    async def tell_facilitators(
        self,
        c: AsyncConnection,
        group_id: int,
        text: str,
        now: datetime,
        *,
        besides: int = 0,
        urgent: bool = False,
        pictures: tuple[Picture, ...] = (),
    ) -> bool:
        """Tell those who run a group, but not the one it is about. Whether anybody was told."""
        told = [
            await self._notices.tell(c, facilitator, text, now, urgent=urgent, pictures=pictures)
            for facilitator in await self._roster.facilitators(c, group_id)
            if facilitator != besides
        ]
        return any(told)

    async def leak_stopped(
        self, c: AsyncConnection, group_id: int, post_id: int, copies: int, now: datetime
    ) -> None:
        """No other copy of a post with somebody's contact in it leaves; told as a count."""
        if group_id not in await self._roster.group_ids(c):
            return  # destroyed while the copy was under way: there is nobody to tell
        copies += await self._outbox.stop_post(c, post_id)
        await self._outbox.ledger.lose(c, group_id, "leak_stopped", copies, now)
        text = wording.LEAK_STOPPED.format(count=copies)
        await self.tell_facilitators(c, group_id, text, now)

    async def tell_losses(self, c: AsyncConnection, now: datetime) -> None:
        """Tell facilitators, once a day, how many messages nobody in their group saw."""
        for group_id, count in (await self._outbox.ledger.losses_to_tell(c, now)).items():
            text = wording.NOT_PASSED_ON.format(count=count)
            await self.tell_facilitators(c, group_id, text, now)

    async def not_confirmed(
        self, c: AsyncConnection, waited: Sequence[Waiting], now: datetime
    ) -> None:
        """Tell authors what nobody spoke for in time; what the others have anyway is no loss."""
        unread: Counter[int] = Counter()
        for waiting in waited:
            if waiting.why is Why.CONSENT:  # between the two: no facilitator is told of a loss
                await self._notices.tell(c, waiting.member_id, NO_YES, now)
            if not waiting.why.is_loss:
                continue
            review = waiting.why is Why.REVIEW
            unread[waiting.group_id] += review
            text = guiding.NOT_LOOKED_AT if review else wording.NOT_CONFIRMED
            await self._notices.tell(c, waiting.member_id, text, now)
            await self._outbox.ledger.lose(c, waiting.group_id, "not_confirmed", 1, now)
        for group_id, count in (+unread).items():
            text = guiding.NOT_LOOKED_AT_BY_YOU.format(count=count)
            await self.tell_facilitators(c, group_id, text, now)
