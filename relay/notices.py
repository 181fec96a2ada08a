"""Notices: what the programme itself says to one member, on the same way as any post."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from channels.contract import NO_WORDS
from channels.secret import Secret
from policies.facts import MemberState
from policies.windows import quiet_until
from relay.judge import quiet_windows
from relay.model import Body, end_of_life
from relay.store.outbox import Outbox
from relay.store.roster import Roster

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
        confirm: int = 0,
    ) -> bool:
        """Tell a member something, alone. `False` if she is gone or wants to hear nothing.

        `anyway` is for answers to what she did just now, such as the confirmation of a stop:
        they come at once and in any state. Everything else waits for the end of her quiet hours.
        With `confirm`, an answer to it lets the pending message of that id go.
        """
        found = await self._roster.look_up(c, member_id)
        if found is None:
            return False
        member, group = found
        if member.state not in _HEARING and not anyway:
            return False
        quiet = quiet_windows(group.settings, member.settings)
        due = now if anyway else quiet_until(quiet, now) or now
        body = Body(
            author=None, mask=NO_WORDS, subject=NO_WORDS, text=Secret(text), confirm=confirm
        )
        expires = end_of_life(now, self._life)
        post = await self._outbox.add_post(
            c, group_id=group.id, author_id=None, body=body, expires=expires, now=now
        )
        await self._outbox.address_to(c, post.id, member_id, member.channel, due)
        return True
