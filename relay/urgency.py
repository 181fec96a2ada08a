"""Urgent posts: who may send them, and how often."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from relay.clock import day
from relay.model import Group, Member
from relay.notices import Notices
from relay.store import counts
from relay.store.ledger import Ledger
from relay.wording import hours as wording


class Urgency:
    """Grants it to those whom a facilitator allows it, so often a day, and counts it."""

    def __init__(self, ledger: Ledger, notices: Notices) -> None:
        self._ledger = ledger
        self._notices = notices

    async def is_granted(
        self, c: AsyncConnection, author: Member, group: Group, now: datetime, *, present: bool
    ) -> bool:
        """Whether a post that she marks as urgent is one. If not, she is told why.

        At once if she is `present`; else it waits for the end of her quiet hours.
        """
        if not author.settings.may_urgent:
            await self._notices.tell(c, author.id, wording.NOT_URGENT, now, anyway=present)
            return False
        most = group.settings.urgent
        if not await self._ledger.once(c, now, "urgent", author.id, day(now), most=most):
            text = wording.TOO_OFTEN_URGENT.format(count=most)
            await self._notices.tell(c, author.id, text, now, anyway=present)
            return False
        await counts.add(c, group.id, "urgent", now)
        return True
