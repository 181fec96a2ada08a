"""Feedback: what mail hosts and readers let us know about the copies we sent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from channels.contract import News, Report
from policies.facts import MemberState
from relay import wording
from relay.clock import day
from relay.engine import Engine
from relay.log import Word, say
from relay.model import Member
from relay.store.roster import fits
from relay.vault.vault import DAY_SHIFT, Use
from relay.wording import joining

RETURN_PATH_DAYS = 14
"""How long a return path means something."""
MOST_STRIKES = 5
"""Days, within two weeks, on which a mailbox may give something back before it counts as dead."""

_WORDS = {
    News.DEAD: Word.BOUNCED,
    News.FAILED: Word.BOUNCED,
    News.UNWANTED: Word.BOUNCED,
    News.COMPLAINT: Word.COMPLAINED,
    News.UNSUBSCRIBE: Word.UNSUBSCRIBED,
}


class Feedback:
    """`hear` is what channels are given. What is no token of ours does nothing."""

    def __init__(self, engine: Engine, wake: Callable[[], None]) -> None:
        """`wake` is called when somebody was told something."""
        self._clock = engine.clock
        self._database = engine.database
        self._departures = engine.departures
        self._endings = engine.endings
        self._leaving = engine.leaving
        self._notices = engine.notices
        self._ledger = engine.outbox.ledger
        self._roster = engine.roster
        self._vault = engine.vault
        self._wake = wake

    async def hear(self, report: Report) -> None:
        """Act on one report. When this returns, what follows from it is durable."""
        now = self._clock.now()
        async with self._database.reading() as c:  # what anybody makes up must not cost a write
            if await self._whose(c, report, now) is None:
                return
        changed = await self._database.transact(lambda c: self._act(c, report, now))
        if changed is None:
            return
        say(_WORDS[report.news], why=report.news)
        if report.news is not News.FAILED:
            self._departures.announce([changed])
        self._wake()

    async def _act(self, c: AsyncConnection, report: Report, now: datetime) -> int | None:
        """The member about whom the report was, if it changed something."""
        member = await self._whose(c, report, now)
        if member is None:
            return None
        if report.news is News.UNWANTED:
            await self._ledger.lose(c, member.group_id, "unwanted", 1, now)
            return None
        if report.news is News.DEAD:
            done = await self._dead(c, member, now)
        elif report.news is News.FAILED:
            done = await self._failed(c, member, now)
        else:
            done = await self._unsubscribe(c, member, report.news, now)
        return member.id if done else None

    async def _whose(self, c: AsyncConnection, report: Report, now: datetime) -> Member | None:
        """The member whose token it is; `None` for an old token, or any 26 letters."""
        by_link = self._vault.read(Use.UNSUBSCRIBE, report.token)
        if report.news in {News.UNSUBSCRIBE, News.COMPLAINT} and by_link and fits(*by_link):
            found = await self._roster.look_up(c, by_link[0])
            if found is not None and found[1].id == by_link[1]:
                return found[0]
        by_path = self._vault.read(Use.BOUNCE, report.token)
        if report.news is News.UNSUBSCRIBE or by_path is None or not fits(by_path[0]):
            return None
        age = day(now) - (by_path[1] >> DAY_SHIFT)
        found = await self._roster.look_up(c, by_path[0])
        return found[0] if found and 0 <= age <= RETURN_PATH_DAYS else None

    async def _dead(self, c: AsyncConnection, member: Member, now: datetime) -> bool:
        """Nothing more to this mailbox; her facilitators learn it, the group does not."""
        if member.state not in {MemberState.ACTIVE, MemberState.INVITED}:
            return False
        await self._endings.member_unreachable(
            c, member.id, member.group_id, MemberState.UNREACHABLE, now
        )
        return True

    async def _failed(self, c: AsyncConnection, member: Member, now: datetime) -> bool:
        """One copy came back: told once a day; too many such days, and the mailbox is dead."""
        if member.state is not MemberState.ACTIVE:
            return False
        strikes = await self._roster.strike(c, member.id, now)
        if strikes is None:
            return False
        if strikes >= MOST_STRIKES:
            await self._roster.forgive(c, member.id)
            return await self._dead(c, member, now)
        text = wording.GIVEN_BACK.format(name=member.name.reveal())
        await self._endings.tell_facilitators(c, member.group_id, text, now, besides=member.id)
        return True

    async def _unsubscribe(
        self, c: AsyncConnection, member: Member, news: News, now: datetime
    ) -> bool:
        """Nothing more from this group, from this transaction on."""
        if member.state is MemberState.STOPPED:
            return False
        stopped = await self._leaving.stop(c, [member.id], now)
        if news is News.COMPLAINT:  # whatever we mailed her now would be the next complaint
            await self._roster.opt_outs.note_member(c, member.id)
            text = wording.COMPLAINED.format(name=member.name.reveal())
            await self._endings.tell_facilitators(c, member.group_id, text, now, besides=member.id)
        else:
            text = joining.GONE if stopped.told else wording.UNSUBSCRIBED
            await self._notices.tell(c, member.id, text, now, anyway=True)
        return True
