"""Nudges: who wants to ask for her posts is told, once, that there is something to ask for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from relay.model import Due
from relay.notices import Notices
from relay.store.outbox import Outbox
from relay.wording import modes

_WHAT = "nudge"


class Nudges:
    """Tells, and knows whether it has told. What it tells holds nothing of what was said."""

    def __init__(self, outbox: Outbox, notices: Notices) -> None:
        self._outbox = outbox
        self._notices = notices

    async def tell(self, c: AsyncConnection, held: Sequence[Due], now: datetime) -> None:
        """Copies are held until their readers ask: tell those who do not know yet.

        The notice keeps to her quiet hours, as every notice does.
        """
        for member_id in sorted({row.member_id for row in held}):
            if await self._outbox.ledger.once(c, now, _WHAT, member_id):
                count = await self._outbox.unread(c, member_id)
                await self._notices.tell(c, member_id, modes.NUDGE.format(count=count), now)

    async def asked(self, c: AsyncConnection, member_id: int) -> None:
        """She has asked, so of what comes now she is told again."""
        await self._outbox.ledger.not_once(c, _WHAT, member_id)
