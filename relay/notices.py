"""Notices: what the programme itself says to one member, on the same way as any post."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.contract import NO_WORDS
from channels.secret import Secret
from policies.facts import MemberState
from relay.model import Body
from relay.store.outbox import Outbox
from relay.store.tables import MEMBER

_HEARING = {MemberState.ACTIVE, MemberState.INVITED}


class Notices:
    """Writes notices within the transaction that is their reason."""

    def __init__(self, outbox: Outbox, life: timedelta) -> None:
        self._outbox = outbox
        self._life = life

    async def tell(
        self,
        c: AsyncConnection,
        member_id: int,
        text: str,
        now: datetime,
        *,
        anyway: bool = False,
    ) -> bool:
        """Tell a member something, alone. `False` if she is gone or wants to hear nothing.

        `anyway` is for answers to what she did just now, such as the confirmation of a stop.
        """
        query = sa.select(MEMBER.c.group_id, MEMBER.c.channel, MEMBER.c.state)
        row = (await c.execute(query.where(MEMBER.c.id == member_id))).first()
        if row is None or (row.state not in _HEARING and not anyway):
            return False
        body = Body(author=None, mask=NO_WORDS, subject=NO_WORDS, text=Secret(text))
        post = await self._outbox.add_post(
            c, group_id=row.group_id, author_id=None, body=body, expires=now + self._life, now=now
        )
        await self._outbox.address_to(c, post.id, member_id, row.channel, now)
        return True
