"""Progress: what a provider tells later about the copies it took.

News comes late, twice, out of order, or never. A copy's stage is a rank that only rises within one
attempt; whatever has been settled already is settled. News of an attempt whose answer was lost
settles the doubt, so that it is not sent again.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from sqlalchemy.ext.asyncio import AsyncConnection

from channels.contract import Later, Never, Outcome, Progress, Sent, Trouble
from channels.secret import Secret
from policies.facts import MemberState
from relay import wording
from relay.backoff import delay
from relay.ending import DEAD
from relay.engine import Engine
from relay.gather import Gather
from relay.log import Word, say
from relay.model import Due, Stage
from relay.store.outbox import Copy
from relay.store.roster import fits
from relay.vault.vault import ATTEMPT_SHIFT, Use, Vault

MOST_FAILURES = 3
"""How often one copy may be reported as not delivered before her phone counts as dead.

An attempt that the provider refused, or did not answer, says nothing about her phone.
"""
MOST_TROUBLES = 8
"""Attempts that may fail where something else is to blame: then its author is told."""
MOST_STRIKES = 2
"""Days, within two weeks, on which her phone may refuse something, before it counts as dead."""

_LINGER = 0.02
_HALF = 0.5
_POST = (1 << ATTEMPT_SHIFT) - 1


def asked_from(now: datetime, report: timedelta) -> datetime:
    """When the provider is asked how a copy ended of which no news came.

    Half of the time is left for asking again, should nobody answer, and for trying anew.
    """
    return now + report * _HALF


def status_token(vault: Vault, due: Due) -> Secret:
    """What tells the attempt that is made now from all others: `_read` reads it."""
    post = due.post_id | (due.attempts + 1 & 15) << ATTEMPT_SHIFT
    return vault.mint(Use.STATUS, post, due.member_id)


class _Step(Enum):
    """What news of a copy comes to."""

    NOTHING = "nothing"
    TAKEN = "taken"
    ARRIVED = "arrived"
    FAILED = "failed"
    NOTE = "note"
    """Its send is still under way: what was reported is noted beside it."""
    LATE = "late"
    """It counted as arrived already: bad news is about her phone still."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _News:
    """Progress of one copy, read."""

    post: int
    member: int
    attempt: int
    """Modulo 16."""
    token: Secret
    reference: Secret
    outcome: Outcome | None
    chance: float = field(default_factory=lambda: secrets.randbelow(1000) / 1000)
    """By which a wait is varied: the same for all copies that went in one message."""

    @property
    def rank(self) -> int:
        """Of several pieces of news of one attempt the highest counts: that it arrived."""
        return {type(None): 0, Later: 1, Never: 1, Sent: 2}[type(self.outcome)]


@dataclass(slots=True)
class _Done:
    """What one batch of news has changed, gathered to be written together."""

    ended: list[int] = field(default_factory=list)
    posts: list[int] = field(default_factory=list)
    missed: Counter[int] = field(default_factory=Counter)
    words: Counter[str] = field(default_factory=Counter)
    gone: set[int] = field(default_factory=set)

    def end(self, copy: Copy) -> None:
        """This copy has ended."""
        self.ended.append(copy.id)
        self.posts.append(copy.post_id)


class Following:
    """`follow` is what channels are given. What is no token of ours does nothing."""

    def __init__(self, engine: Engine, wake: Callable[[], None]) -> None:
        """`wake` is called when something may be due."""
        self._clock = engine.clock
        self._database = engine.database
        self._departures = engine.departures
        self._endings = engine.endings
        self._erasures = engine.erasures
        self._outbox = engine.outbox
        self._roster = engine.roster
        self._vault = engine.vault
        self._report = engine.settings.text_report
        self._wake = wake
        self._gather: Gather[_News] = Gather(self._hear, _LINGER)

    async def follow(self, progress: Progress) -> None:
        """Take in one piece of news. When this returns, what follows from it is durable."""
        news = self._read(progress)
        if news is not None:
            await self._gather.add(news)

    def _read(self, progress: Progress) -> _News | None:
        """News of a member's copy; `None` for what is no token, or one of nobody's."""
        read = self._vault.read(Use.STATUS, progress.token)
        if read is None or not fits(read[1]) or not self._vault.is_alive(read[1]):
            return None
        return _News(
            post=read[0] & _POST,
            member=read[1],
            attempt=read[0] >> ATTEMPT_SHIFT,
            token=progress.token,
            reference=progress.reference,
            outcome=progress.outcome,
        )

    async def _hear(self, batch: Sequence[_News]) -> None:
        best: dict[tuple[int, int, int], _News] = {}
        for news in batch:
            key = (news.post, news.member, news.attempt)
            if key not in best or news.rank >= best[key].rank:
                best[key] = news
        done = await self._database.transact(lambda c: self._act(c, batch, list(best.values())))
        for word, count in sorted((+done.words).items()):
            say(Word(word), channel="sms", count=count)
        self._departures.announce(done.gone)
        self._wake()

    async def _act(
        self, c: AsyncConnection, batch: Sequence[_News], best: Sequence[_News]
    ) -> _Done:
        now, done = self._clock.now(), _Done()
        await self._outbox.lock_posts(c, {news.post for news in best})  # as who settles does: first
        await self._note_references(c, batch, now)
        copies = await self._outbox.copies(c, {(news.post, news.member) for news in best})
        for news in best:
            found = copies.get((news.post, news.member), [])
            if not found:
                await self._late(c, news, now, done)
            for copy in found:
                await self._apply(c, news, copy, now, done)
        await self._outbox.end(c, done.ended, None)
        await self._outbox.ledger.count(c, +done.words, now)
        await self._endings.after(c, done.posts, done.missed, now)
        return done

    async def _note_references(
        self, c: AsyncConnection, batch: Sequence[_News], now: datetime
    ) -> None:
        """What has ended at the provider can be erased there now, the rest when it must have."""
        ended = {n.reference for n in batch if n.rank}
        when = {False: asked_from(now, self._report), True: now}
        await self._erasures.add(
            c,
            [(n.reference, when[n.rank > 0]) for n in batch if n.reference],
            now,
            {n.reference: n.token for n in batch if n.reference not in ended},
        )

    async def _apply(
        self, c: AsyncConnection, news: _News, copy: Copy, now: datetime, done: _Done
    ) -> None:
        step = _step(news, copy)
        if step is _Step.NOTE:
            stage = Stage.TAKEN if news.outcome is None else Stage.ARRIVED
            await self._outbox.set_stage(c, [copy.id], stage)
        elif step is _Step.TAKEN:
            done.words[Word.SENT] += 1
            await self._outbox.taken(c, [(copy.id, copy.rest)], now + self._report)
        elif step is _Step.ARRIVED:
            if copy.stage is Stage.WAITING:
                done.words[Word.SENT] += 1
            if copy.rest is None:
                done.end(copy)
            else:
                await self._outbox.rest(c, [(copy.id, copy.rest, copy.expires)])
        elif step is _Step.FAILED:
            await self._failed(c, news, copy, now, done)
        elif step is _Step.LATE:
            await self._late(c, news, now, done)

    async def _failed(
        self, c: AsyncConnection, news: _News, copy: Copy, now: datetime, done: _Done
    ) -> None:
        """It did not arrive: tried again where that may help, else told."""
        done.words[Word.UNDELIVERED] += 1
        outcome = news.outcome
        if isinstance(outcome, Later) and copy.start:  # pages before it arrived: no dead phone
            await self._outbox.rest(c, [(copy.id, copy.start, copy.expires)])
            return
        hers = _is_about_her_phone(outcome)
        times, most = (copy.failed, MOST_FAILURES) if hers else (copy.troubled, MOST_TROUBLES)
        if isinstance(outcome, Later) and times + 1 < most:
            wait = delay(copy.attempts, news.chance)
            until = now + max(wait, outcome.after or wait)
            await self._outbox.again(c, copy.id, until, her_phone=hers)
            return
        done.posts.append(copy.post_id)
        # At once: what else waits for her may end now, and must not take this post with it untold.
        await self._outbox.end(c, [copy.id], None)
        if not await self._is_over(c, news, copy.group_id, now, done):
            done.missed[copy.post_id] += 1

    async def _is_over(
        self, c: AsyncConnection, news: _News, group_id: int, now: datetime, done: _Done
    ) -> bool:
        """Whether nothing more goes to this phone, and a facilitator knows."""
        outcome = news.outcome
        if not _is_about_her_phone(outcome):
            return False
        refused = isinstance(outcome, Never) and outcome.why not in DEAD
        if refused and (await self._roster.strike(c, news.member, now) or 0) < MOST_STRIKES:
            return False
        return await self._no_more_to(c, news, group_id, now, done)

    async def _no_more_to(
        self, c: AsyncConnection, news: _News, group_id: int, now: datetime, done: _Done
    ) -> bool:
        """Her phone counts as dead. Let in again, she begins anew."""
        done.gone.add(news.member)
        await self._roster.forgive(c, news.member)
        return await self._endings.member_unreachable(
            c, news.member, group_id, _state_of(news.outcome), now
        )

    async def _late(self, c: AsyncConnection, news: _News, now: datetime, done: _Done) -> None:
        """The copy has been settled without news; bad news is about her phone still."""
        if news.rank != 1 or not _is_about_her_phone(news.outcome):
            return
        found = await self._roster.look_up(c, news.member)
        if found is None or found[0].state is not MemberState.ACTIVE:
            return
        member, group = found
        dead = isinstance(news.outcome, Never) and news.outcome.why in DEAD
        days = None if dead else await self._roster.strike(c, member.id, now)
        if dead or (days or 0) >= MOST_STRIKES:
            await self._no_more_to(c, news, group.id, now, done)
        elif days is not None:
            text = wording.GIVEN_BACK.format(name=member.name.reveal())
            told = await self._endings.tell_facilitators(c, group.id, text, now, besides=member.id)
            done.words[Word.UNTOLD] += not told
        done.words[Word.UNDELIVERED] += dead or days is not None  # the same again is no news


def _is_about_her_phone(outcome: Outcome | None) -> bool:
    """Not what our account, our number, a carrier's limit or what was said is to blame for."""
    if isinstance(outcome, Later):
        return outcome.why is Trouble.REFUSED_FOR_NOW
    return isinstance(outcome, Never) and outcome.why in {*DEAD, Trouble.REFUSED}


def _state_of(outcome: Outcome | None) -> MemberState:
    """What becomes of a member whose phone counts as dead."""
    if isinstance(outcome, Never):
        return DEAD.get(outcome.why, MemberState.UNREACHABLE)
    return MemberState.UNREACHABLE


def _step(news: _News, copy: Copy) -> _Step:
    """What news comes to, as a function of how far the copy got: the whole table."""
    same = copy.attempts & 15 == news.attempt
    arrived, failed = isinstance(news.outcome, Sent), isinstance(news.outcome, Later | Never)
    if copy.in_flight:
        if not same:
            return _Step.NOTHING
        return _Step.FAILED if failed else _Step.NOTE
    if copy.stage is Stage.WAITING:
        return _of_waiting(copy, same=same, arrived=arrived, failed=failed)
    if copy.stage is Stage.TAKEN and same:
        return _Step.ARRIVED if arrived else _Step.FAILED if failed else _Step.NOTHING
    if copy.stage is Stage.RESTING and same and failed:
        return _Step.LATE
    return _Step.NOTHING


def _of_waiting(copy: Copy, *, same: bool, arrived: bool, failed: bool) -> _Step:
    """It waits to be tried again: in doubt about the last time, or after bad news of it.

    Or it is the next page, asked for before there was news of the one before: then all news is of
    that one, and only a doubt about this very attempt can be settled.
    """
    in_doubt = copy.unsure > 0 and same
    if arrived and (in_doubt or not copy.start):
        return _Step.ARRIVED  # of an earlier attempt too: she has it
    if not in_doubt:
        return _Step.NOTHING
    return _Step.FAILED if failed else _Step.TAKEN
