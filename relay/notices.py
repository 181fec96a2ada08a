"""Notices: what the programme itself says to one member, on the same way as any post."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from channels.contract import NO_WORDS, Picture
from channels.secret import Secret
from policies.facts import MemberState
from policies.windows import quiet_until
from relay.clock import day
from relay.judge import quiet_windows
from relay.languages.speech import spoken
from relay.model import Body, Member, end_of_life
from relay.store.outbox import Outbox
from relay.store.roster import Roster

ANSWER_LIFE = timedelta(minutes=15)
"""How long an answer is one: after that she may be asleep again."""

_MOST_AN_HOUR = 20
"""How often a member is answered the same within an hour: two machines may talk to each other."""
_MOST_A_DAY = 5
"""The same within a day for who has stopped, has not agreed, or may be somebody else by now: her
number may be a machine's. Whom we could not reach, and who writes, is told each time."""

TO_DELIVER = timedelta(hours=6)
"""How long what waits for the end of quiet hours lives beyond it, to be brought then."""

_HEARING = {MemberState.ACTIVE, MemberState.INVITED}


class Notices:
    """Writes notices within the transaction that is their reason."""

    def __init__(self, outbox: Outbox, roster: Roster, life: timedelta) -> None:
        self._outbox = outbox
        self._roster = roster
        self._life = life

    async def tell(
        self,
        c: AsyncConnection,
        member_id: int,
        text: str,
        now: datetime,
        *,
        anyway: bool = False,
        urgent: bool = False,
        confirm: int = 0,
        reporter: int = 0,
        aside: int | None = None,
        pictures: tuple[Picture, ...] = (),
        ends: datetime | None = None,
    ) -> bool:
        """Tell a member something, alone. `False` if she is gone or wants to hear nothing.

        A text of the programme (`Text`) is said in her language.

        `anyway` is for answers to what she did just now, such as the confirmation of a stop:
        they come at once and in any state, unless they come too late to be one. What is `urgent`
        comes at any hour and stands behind nothing else. Everything else waits for the end of her
        quiet hours.
        With `confirm`, an answer to it lets the pending message of that id go. A `reporter`, whose
        words it brings, is told if it cannot be brought. With `aside` it comes from where she
        writes to that member alone. After `ends` it does not come any more.
        """
        found = await self._roster.look_up(c, member_id)
        if found is None:
            return False
        member, group = found
        if member.state not in _HEARING and not anyway:
            return False
        if anyway and not await self._is_worth_it(c, member, text, now, urgent=urgent):
            return False
        quiet = quiet_windows(group.settings, member.settings)
        at_once = anyway or urgent
        due = now if at_once else quiet_until(quiet, now) or now
        said = spoken(text, group.settings, member.settings, channel=member.channel)
        body = Body(
            author=None,
            mask=NO_WORDS,
            subject=NO_WORDS,
            text=Secret(said),
            confirm=confirm,
            pictures=pictures,
        )
        expires = ends or end_of_life(now, max(self._life, due + TO_DELIVER - now))
        post = await self._outbox.add_post(
            c,
            group_id=group.id,
            author_id=None,
            body=body,
            expires=expires,
            now=now,
            reporter_id=reporter or None,
            urgent=urgent,
        )
        until = expires if urgent else now + ANSWER_LIFE if anyway else None
        await self._outbox.address_to(c, post.id, member_id, member.channel, due, until, aside)
        return True

    async def _is_worth_it(
        self, c: AsyncConnection, member: Member, text: str, now: datetime, *, urgent: bool
    ) -> bool:
        """Whether an answer is not one too many: answers cost what all texts are paid from."""
        if urgent or member.state in {MemberState.ACTIVE, MemberState.UNREACHABLE}:
            hour = now.strftime("%Y-%m-%dT%H")
            return await self._outbox.ledger.once(c, now, member.id, text, hour, most=_MOST_AN_HOUR)
        return await self._outbox.ledger.once(c, now, member.id, text, day(now), most=_MOST_A_DAY)
