"""Phones that may be somebody else's by now: given up, or silent for long."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial

from sqlalchemy.ext.asyncio import AsyncConnection

from channels.contact import SMS
from channels.secret import Contact
from policies.facts import MemberState
from relay import wording
from relay.clock import day
from relay.engine import Engine
from relay.log import Word, say
from relay.store.phones import Phone, Phones
from relay.vault.vault import Purpose

Deactivated = Callable[[date], Awaitable[Collection[Contact]]]
"""The phones given up on a day. Raises if nobody can say."""

_DAYS_BACK = 3
_GIVEN_UP = (MemberState.ACTIVE, MemberState.INVITED, MemberState.SILENT)
"""Who can lose her phone. Who said stop has said it, and gets nothing anyway."""


class LostPhones:
    """Two duties of upkeep. Contacts are opened in memory only; the log hears counts."""

    def __init__(self, engine: Engine, deactivated: Deactivated, wake: Callable[[], None]) -> None:
        """`wake` is called when somebody was told something."""
        self._deactivated = deactivated
        self._wake = wake
        self._clock = engine.clock
        self._database = engine.database
        self._departures = engine.departures
        self._endings = engine.endings
        self._notices = engine.notices
        self._ledger = engine.outbox.ledger
        self._roster = engine.roster
        self._vault = engine.vault
        self._phones = Phones(engine.vault, engine.roster)
        self._days = engine.settings.silence_days
        self._looked_at: date | None = None

    async def deactivations(self) -> int:
        """Send nothing more to phones that were given up. Returns how many.

        Each day is looked at once it is over; after a start, the last few. A facilitator who
        lets a member go on is not overruled by the same day.
        """
        yesterday = self._clock.now().astimezone(UTC).date() - timedelta(days=1)
        first = yesterday - timedelta(days=_DAYS_BACK - 1)
        if self._looked_at is not None:
            first = max(first, self._looked_at + timedelta(days=1))
        found = 0
        while first <= yesterday:
            found += await self._given_up(first, await self._deactivated(first))
            self._looked_at = first
            first += timedelta(days=1)
        return found

    async def _given_up(self, when: date, contacts: Collection[Contact]) -> int:
        gone = frozenset(contacts)
        async with self._database.reading() as c:
            phones = await self._phones.of_members(c, _GIVEN_UP)
        lost = []
        for phone in phones:
            if phone.contact in gone and self._had_it(phone, when):
                work = partial(self._lose, phone=phone, when=when)
                if await self._database.transact(work):
                    lost.append(phone.member_id)
        self._gone(lost, "deactivated")
        return len(lost)

    def _had_it(self, phone: Phone, when: date) -> bool:
        """Whether she was a member by the day: who joined after it has the number anew."""
        born = self._vault.born(phone.member_id)
        return born is not None and born.astimezone(UTC).date() <= when

    async def _lose(self, c: AsyncConnection, *, phone: Phone, when: date) -> bool:
        now = self._clock.now()
        blind = self._vault.index(Purpose.SEEN, "given up", phone.member_id, when.isoformat())
        if not await self._ledger.is_new(c, blind, now):
            return False
        if phone.state is MemberState.ACTIVE:
            await self._endings.member_unreachable(
                c, phone.member_id, phone.group_id, MemberState.UNREACHABLE, now
            )
        elif await self._phones.move(c, phone.member_id, phone.state, MemberState.UNREACHABLE):
            await self._tell(c, phone.member_id, wording.UNREACHABLE, now)
        return True

    async def silence(self) -> int:
        """Ask members whose phone has said nothing for long whether it is still theirs.

        Until they answer they get nothing. Returns how many.
        """
        now = self._clock.now()
        before = day(now) - self._days
        async with self._database.writing() as c:
            await self._phones.start_listening(c, day(now))
        async with self._database.reading() as c:
            silent = await self._phones.silent_since(c, before)
        asked = []
        for member_id in silent:
            work = partial(self._ask_her, member_id=member_id, before=before)
            if await self._database.transact(work):
                asked.append(member_id)
        self._gone(asked, "silent")
        return len(asked)

    async def _ask_her(self, c: AsyncConnection, *, member_id: int, before: int) -> bool:
        if not await self._phones.is_silent(c, member_id, before):
            return False
        now = self._clock.now()
        await self._notices.tell(c, member_id, wording.STILL_YOU, now)
        await self._phones.move(c, member_id, MemberState.ACTIVE, MemberState.SILENT)
        await self._tell(c, member_id, wording.FELL_SILENT, now)
        return True

    async def _tell(self, c: AsyncConnection, member_id: int, text: str, now: datetime) -> None:
        """Tell her facilitators something about her."""
        found = await self._roster.look_up(c, member_id)
        if found is not None:
            member, group = found
            text = text.format(name=member.name.reveal())
            await self._endings.tell_facilitators(c, group.id, text, now, besides=member_id)

    def _gone(self, member_ids: Sequence[int], why: str) -> None:
        if member_ids:
            say(Word.BOUNCED, channel=SMS, why=why, count=len(member_ids))
            self._departures.announce(member_ids)
            self._wake()
