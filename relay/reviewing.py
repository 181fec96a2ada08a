"""Reviewing: a facilitator looks at a post before the group reads it."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from policies.moderation import LOOKED_AT_WITHIN
from relay.clock import day
from relay.ending import Endings
from relay.hiding import Hiding
from relay.model import Body, Group, Member, end_of_life
from relay.notices import Notices
from relay.store.ledger import Ledger
from relay.store.review import Review
from relay.wording import guiding
from relay.wording.text import Text


class Reviewing:
    """Keeps posts back within the transaction that would have published them."""

    def __init__(
        self,
        review: Review,
        endings: Endings,
        notices: Notices,
        ledger: Ledger,
        hiding: Hiding,
        life: timedelta,
    ) -> None:
        """`life` is how long posts live."""
        self._review = review
        self._endings = endings
        self._notices = notices
        self._ledger = ledger
        self._hiding = hiding
        self._life = min(life, LOOKED_AT_WITHIN)

    async def keep(
        self, c: AsyncConnection, author: Member, group: Group, body: Body, now: datetime
    ) -> None:
        """Keep a post, and show it to who runs the group; its author is told, once a day.

        If there is nobody to show it to, it is not kept, and she is told that.
        """
        number = await self._review.add(c, author, body, end_of_life(now, self._life), now)
        text = await self._question(c, author, group, body, number)
        pictures = body.pictures  # nobody lets go what she has not seen, where she can see it
        if not await self._endings.tell_facilitators(c, group.id, text, now, pictures=pictures):
            await self._review.take(c, group.id, number, now)
            await self._notices.tell(c, author.id, guiding.NOBODY_LOOKS, now, anyway=True)
            await self._ledger.lose(c, group.id, "not_confirmed", 1, now)
        elif await self._ledger.once(c, now, "looked-at", author.id, day(now)):
            await self._notices.tell(c, author.id, guiding.LOOKED_AT_FIRST, now, anyway=True)

    async def _question(
        self, c: AsyncConnection, author: Member, group: Group, body: Body, number: int
    ) -> Text:
        said = "\n".join(part for part in (body.subject.reveal(), body.text.reveal()) if part)
        words = (await self._hiding.hide(c, group, author, said)) if body.shown else said
        filling = {"number": number, "name": author.name.reveal()}
        filling["words"] = words if isinstance(words, str) else words.reveal()
        if not body.pictures:
            return guiding.TO_LOOK_AT.format(**filling)
        return guiding.TO_LOOK_AT_MORE.format(count=len(body.pictures), **filling)
