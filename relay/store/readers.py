"""The readers of a group: what they set for themselves, and what of theirs is judged anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from policies.facts import MemberState
from relay.clock import milliseconds
from relay.errors import RefusalError
from relay.model import Group, Member, MemberSettings, Stage, show_id
from relay.store.roster import Roster
from relay.store.tables import DELIVERY, MEMBER
from relay.vault.vault import UnsealError


class Readers:
    """Every method takes the connection of its transaction."""

    def __init__(self, roster: Roster) -> None:
        self._roster = roster

    async def settings(
        self, c: AsyncConnection, group_id: int, author_id: int, only: int | None = None
    ) -> list[MemberSettings]:
        """What each active member but the author has set; or one of them alone, by her id."""
        query = sa.select(MEMBER.c.id, MEMBER.c.card).where(
            MEMBER.c.group_id == group_id,
            MEMBER.c.state == MemberState.ACTIVE,
            MEMBER.c.id != author_id,
        )
        if only is not None:
            query = query.where(MEMBER.c.id == only)
        found = (self._opened(*row) for row in await c.execute(query))
        return [settings for settings in found if settings is not None]

    def _opened(self, member_id: int, card: bytes) -> MemberSettings | None:
        """A copy for whom this cannot be opened is told of when it is judged."""
        try:
            return self._roster.member_settings(member_id, card)
        except (UnsealError, ValueError, TypeError, KeyError):
            return None

    async def find(self, c: AsyncConnection, key: str) -> tuple[Member, Group]:
        """A member by id, and her group. Raises `RefusalError`."""
        member = await self._roster.find_member(c, key)
        found = await self._roster.look_up(c, member.id)
        if found is None:
            raise RefusalError("There is no such member.")
        return found

    async def change(self, c: AsyncConnection, member_id: int, **changes: Any) -> Member:
        """Change settings of a member, as she stands when this gets its turn."""
        member = await self._roster.find_member(c, show_id(member_id), lock=True)
        changed = replace(member, settings=replace(member.settings, **changes))
        await self._roster.save_member(c, changed)
        return changed

    async def judge_anew(
        self, c: AsyncConnection, member_ids: Sequence[int], now: datetime
    ) -> None:
        """What is held for these may be free by now, or free later than thought: look again."""
        await c.execute(
            sa.update(DELIVERY)
            .where(
                DELIVERY.c.member_id.in_(member_ids),
                DELIVERY.c.claim.is_(None),
                DELIVERY.c.attempts == 0,
                DELIVERY.c.stage == Stage.WAITING,
                DELIVERY.c.due > milliseconds(now),
            )
            .values(due=milliseconds(now))
        )
