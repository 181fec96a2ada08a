"""Settling: how sends ended is written down, and what follows from it.

Whatever was sent in a moment is settled in one transaction. News of a copy may have come before
the answer to its attempt (`relay.progress`): then the news counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from channels.contract import NO_WORDS, Later, Never, Outcome, Sent, Trouble
from policies.verdict import Reason
from relay.backoff import delay
from relay.ending import DEAD
from relay.engine import Engine
from relay.log import Field, Word
from relay.model import Due, Stage
from relay.progress import asked_from, status_token
from relay.store.bundles import Bundles

_MOST_TRIES = 8
"""Of a text that is refused for a reason nobody knows: some two hours."""
_WELL_FOR = timedelta(hours=1)
_LOST_ANSWER_WAIT = timedelta(minutes=2)
_OF_ONE = {Trouble.WOULD_LEAK, Trouble.REFUSED, Trouble.OUR_FAULT}
"""What may be against one post of a bundle, and nothing against the others."""


@dataclass(frozen=True, slots=True)
class Result:
    """How one send ended, not yet written down."""

    due: Due
    token: int
    outcome: Outcome | None
    """`None`: called back, because its reader wants nothing more."""
    others: tuple[Due, ...] = ()
    """The copies that went with it, in one message."""


class Settling:
    """Writes down the outcomes of one channel's sends."""

    def __init__(self, engine: Engine, *, priced: bool) -> None:
        self._endings = engine.endings
        self._erasures = engine.erasures
        self._outbox = engine.outbox
        self._bundles = Bundles(engine.outbox)
        self._vault = engine.vault
        self._report = engine.settings.text_report
        self._clock = engine.clock
        self._priced = priced
        self._well_at: datetime | None = None
        """When the provider last took something."""

    async def settle(
        self, c: AsyncConnection, batch: Sequence[Result]
    ) -> list[tuple[Word, dict[str, Field]]]:
        """Write down how these ended. Returns what is to be said once that is durable."""
        now = self._clock.now()
        said: list[tuple[Word, dict[str, Field]]] = []
        if any(isinstance(r.outcome, Sent) for r in batch):
            self._well_at = now
        batch, broken = _single([self._in_the_end(result, now) for result in batch])
        for result in broken:
            ids = [result.due.id, *(row.id for row in result.others)]
            await self._bundles.apart(c, ids, result.token, now)
        await self._outbox.lock_posts(c, (r.due.post_id for r in batch))
        await self._note_references(c, batch, now)
        followed = await self._follow(c, batch, now)
        by_token: dict[int, list[int]] = {}
        for result in batch:
            word, why = self._fate(result)
            if result.due.id in followed:
                word, why = Word.SENT, ""
            said.append((word, {"why": why, "attempt": result.due.attempts + 1}))
            if result.due.id in followed:
                continue
            if word is Word.LATER:
                await self._postpone(c, result, now)
                continue
            by_token.setdefault(result.token, []).append(result.due.id)
        ours: set[int] = set()
        for token, ids in by_token.items():
            ours |= await self._outbox.end(c, ids, token)
        missed = Counter(
            result.due.post_id
            for result, (word, fields) in zip(batch, said, strict=True)
            if word in {Word.NEVER, Word.GIVEN_UP}
            and result.due.id in ours
            and fields["why"] != Trouble.WOULD_LEAK  # told to facilitators: it answers no guess
        )
        await self._mark_dead(c, batch, missed, now)
        await self._stop_leaks(c, batch, now)
        await self._outbox.ledger.count(c, Counter(str(word) for word, _ in said), now)
        await self._endings.after(c, [r.due.post_id for r in batch], missed, now)
        return said

    def _in_the_end(self, result: Result, now: datetime) -> Result:
        """An error nobody knows passes. If it does not while others get theirs, it is her phone."""
        outcome = result.outcome
        unknown = isinstance(outcome, Later) and outcome.why is Trouble.REFUSED_FOR_NOW
        others_get_theirs = self._well_at is not None and now - self._well_at < _WELL_FOR
        if not (unknown and self._priced and others_get_theirs):
            return result
        if result.due.start or result.due.attempts + 1 < _MOST_TRIES:  # who asks for more is there
            return result
        return replace(result, outcome=Never(why=Trouble.BAD_CONTACT))

    async def _note_references(
        self, c: AsyncConnection, batch: Sequence[Result], now: datetime
    ) -> None:
        """What the provider keeps is to be erased, at the latest when news can come no more."""
        references = [
            (r.outcome.reference, asked_from(now, self._report))
            for r in batch
            if isinstance(r.outcome, Sent) and r.outcome.reference
        ]
        if references:
            attempts = {
                r.outcome.reference: status_token(self._vault, r.due)
                for r in batch
                if isinstance(r.outcome, Sent) and r.outcome.reported
            }
            await self._erasures.add(c, references, now, attempts)
        units = sum(r.outcome.cost for r in batch if isinstance(r.outcome, Sent))
        if units:
            await self._outbox.ledger.count(c, {"segments": units}, now)

    async def _follow(self, c: AsyncConnection, batch: Sequence[Result], now: datetime) -> set[int]:
        """Of what the provider took, wait for news; some of it may have come before its answer.

        Returns the deliveries that need nothing more here.
        """
        some = {r.due.id: r for r in batch if _may_be_reported(r.outcome)}
        if not some:
            return set()
        standing = await self._outbox.stages(c, some)
        done: set[int] = set()
        taken: list[tuple[int, int | None]] = []
        for delivery_id, result in some.items():
            claim, stage = standing.get(delivery_id, (None, Stage.WAITING))
            if claim != result.token:  # news has ended it, or its reader has gone
                done.add(delivery_id)
            elif stage is Stage.ARRIVED and _rest(result.outcome) is not None:
                rest = _rest(result.outcome) or 0
                await self._outbox.rest(c, [(delivery_id, rest, result.due.expires)])
                done.add(delivery_id)
            elif stage is not Stage.ARRIVED and (
                isinstance(result.outcome, Sent) or stage is Stage.TAKEN
            ):
                taken.append((delivery_id, _rest(result.outcome)))
                done.add(delivery_id)
            elif stage is Stage.ARRIVED:  # whatever became of the answer
                await self._outbox.end(c, [delivery_id], result.token)
                done.add(delivery_id)
        await self._outbox.taken(c, taken, now + self._report)
        return done

    def _fate(self, result: Result) -> tuple[Word, str]:
        outcome = result.outcome
        if outcome is None:
            return Word.DROPPED, Reason.STOPPED
        if isinstance(outcome, Sent):
            return Word.SENT, ""
        if isinstance(outcome, Never):
            return Word.NEVER, outcome.why
        if outcome.unsure and result.due.unsure > 0:
            return Word.GIVEN_UP, outcome.why
        return Word.LATER, outcome.why

    async def _postpone(self, c: AsyncConnection, result: Result, now: datetime) -> None:
        outcome, due = result.outcome, result.due
        if not isinstance(outcome, Later):
            return
        chance = (result.token ^ due.member_id) % 1000 / 1000  # the same for all of a bundle
        wait = delay(due.attempts + 1, chance)
        if outcome.unsure:
            wait = max(wait, _LOST_ANSWER_WAIT)
            await self._outbox.ledger.count(c, {Word.REPEATED: 1}, now)
        until = now + max(wait, outcome.after or wait)
        unsure = due.unsure + outcome.unsure
        await self._outbox.postpone(c, due, result.token, until, unsure, outcome.rest)

    async def _mark_dead(
        self, c: AsyncConnection, batch: Sequence[Result], missed: Counter[int], now: datetime
    ) -> None:
        """A dead or revoked contact gets nothing more; her facilitators learn that, once."""
        for result in batch:
            outcome, due = result.outcome, result.due
            state = DEAD.get(outcome.why) if isinstance(outcome, Never) else None
            if state is None:
                continue
            if await self._endings.member_unreachable(c, due.member_id, due.group_id, state, now):
                missed[due.post_id] -= 1  # told to a facilitator, so not to every author

    async def _stop_leaks(self, c: AsyncConnection, batch: Sequence[Result], now: datetime) -> None:
        """No other copy leaves of a post that would have shown somebody's contact."""
        leaks = Counter(
            (r.due.group_id, r.due.post_id)
            for r in batch
            if isinstance(r.outcome, Never) and r.outcome.why is Trouble.WOULD_LEAK
        )
        for (group_id, post_id), copies in sorted(leaks.items()):
            await self._endings.leak_stopped(c, group_id, post_id, copies, now)


def _single(batch: Sequence[Result]) -> tuple[list[Result], list[Result]]:
    """The outcome of each copy, and the bundles that fall apart.

    What the provider calls a bundle, and what it was charged as, is noted once.
    """
    single: list[Result] = []
    broken: list[Result] = []
    for result in batch:
        outcome = result.outcome
        if result.others and isinstance(outcome, Never) and outcome.why in _OF_ONE:
            broken.append(result)
            continue
        single.append(replace(result, others=()))
        if isinstance(outcome, Sent):
            outcome = replace(outcome, reference=NO_WORDS, cost=0)
        single += [Result(row, result.token, outcome) for row in result.others]
    return single, broken


def _may_be_reported(outcome: Outcome | None) -> bool:
    return (isinstance(outcome, Sent) and outcome.reported) or (
        isinstance(outcome, Later) and outcome.unsure
    )


def _rest(outcome: Outcome | None) -> int | None:
    return outcome.rest if isinstance(outcome, Sent | Later) else None
