"""Posting: what a member said goes to the readers it is for."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from channels.contact import EMAIL
from policies.facts import MemberState
from relay import wording
from relay.model import Body, Group, Member, end_of_life
from relay.notices import Notices
from relay.store.outbox import Outbox
from relay.store.roster import Roster


class Posting:
    """Stores posts and their copies within the transaction that took the message in."""

    def __init__(self, outbox: Outbox, roster: Roster, notices: Notices, life: timedelta) -> None:
        self._outbox = outbox
        self._roster = roster
        self._notices = notices
        self._life = life

    async def publish(
        self,
        c: AsyncConnection,
        author: Member,
        group: Group,
        body: Body,
        reader_id: int | None,
        now: datetime,
    ) -> int:
        """Bring a message to the group, or to one member of it alone. Returns to how many.

        If it is nobody, its author is told.
        """
        if reader_id is not None and not await self._may_write_to(c, author, group, reader_id):
            await self._notices.tell(c, author.id, wording.NOT_TO_HER, now, anyway=True)
            return 0
        post = await self._outbox.add_post(
            c,
            group_id=group.id,
            author_id=author.id,
            body=body,
            expires=end_of_life(now, self._life),
            now=now,
        )
        if reader_id is not None:
            await self._outbox.address_to_member(c, post.id, reader_id, now)
            return 1
        readers = await self._outbox.fan_out(c, post, now)
        if readers == 0:
            await self._outbox.drop_finished(c, [post.id])
            await self._notices.tell(c, author.id, wording.NOBODY, now, anyway=True)
        return readers

    async def _may_write_to(
        self, c: AsyncConnection, author: Member, group: Group, reader_id: int
    ) -> bool:
        found = await self._roster.look_up(c, reader_id)
        if found is None or not group.settings.private:
            return False
        reader, hers = found
        present = reader.state is MemberState.ACTIVE and hers.id == group.id
        if not present or reader.id == author.id or reader.channel != EMAIL:
            return False  # an answer by text would go to the whole group
        return not await self._roster.is_blocked(c, reader, author)
