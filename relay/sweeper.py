"""The sweeper: ends what has outlived itself, and destroys keys that seal nothing any more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial

from relay.clock import stopwatch
from relay.engine import Engine
from relay.lastdays import LastDays
from relay.log import Word, say, trouble
from relay.shredding import shred
from relay.store import counts

_AT_MOST_EVERY = 1.0
_EVERY = 5.0
_FORGET_EVERY = 3600.0
_BATCH = 50  # posts; each may have as many copies as its group has members
_LEAP = 300.0
_DISTRUST = 600.0
_SURE = 6 * 3600.0
"""Seconds for which the clock must have gone on steadily before anything ends for good by it."""


class Sweeper:
    """Runs beside the couriers, every few seconds."""

    def __init__(
        self,
        engine: Engine,
        wake: Callable[[], None],
        stopwatch: Callable[[], float] = stopwatch,
    ) -> None:
        """`wake` is called when authors were told something that may be due at once."""
        self._database = engine.database
        self._roster = engine.roster
        self._outbox = engine.outbox
        self._pending = engine.pending
        self._pulse = engine.pulse
        self._spending = engine.spending
        self._talk = engine.talk
        self._vault = engine.vault
        self._endings = engine.endings
        self._planning = engine.planning
        self._last_days = LastDays(engine, wake)
        self._affirming = engine.affirming
        self._clock = engine.clock
        self._wake = wake
        self._woken = asyncio.Event()
        self._stopwatch = stopwatch
        self._forgot_at = -_FORGET_EVERY
        self._last: tuple[datetime, float] | None = None
        self._distrust_until = 0.0
        self._steady_since = stopwatch()

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            try:
                await self.sweep()
            except Exception as error:  # noqa: BLE001 - the next round tries again
                trouble(error, where="sweep")
            await self._pause()

    def wake(self) -> None:
        """A post has ended: there may be a key to destroy."""
        self._woken.set()

    async def _pause(self) -> None:
        """Until woken, but never less than a second, so that keys are not made in vain."""
        await asyncio.sleep(_AT_MOST_EVERY)
        with suppress(TimeoutError):
            async with asyncio.timeout(_EVERY - _AT_MOST_EVERY):
                await self._woken.wait()
        self._woken.clear()

    async def sweep(self) -> None:
        """One round: expire, forget, shred. Rows go before the keys that sealed them."""
        if self._clock_is_sane():
            await self._say_what_was_planned()
            while await self._expire() == _BATCH:
                pass
            await self._forget()
        await shred(self._database, self._outbox, self._vault)

    def _clock_is_sane(self) -> bool:
        """Whether the time can be trusted to end things by.

        A clock that leaps forward would end everything that is held at once. It is believed only
        when it has gone on steadily for a while since.
        """
        now, ticks = self._clock.now(), self._stopwatch()
        if self._last is not None:
            leap = (now - self._last[0]).total_seconds() - (ticks - self._last[1])
            if abs(leap) > _LEAP:
                self._steady_since = ticks
            if leap > _LEAP:
                self._distrust_until = ticks + _DISTRUST
                say(Word.TROUBLE, where="sweep", why="clock_leapt")
        self._last = (now, ticks)
        return ticks >= self._distrust_until

    async def _forget(self) -> None:
        """Drop old message ids and tallies, end quarantines, destroy keys of nobody.

        And tell facilitators of the days gone by, and ask members whether they still agree.
        """
        if self._stopwatch() - self._forgot_at < _FORGET_EVERY:
            return
        now = self._clock.now()
        async with self._database.writing() as c:
            await self._outbox.ledger.forget_old(c, now)
            await counts.forget_old(c, now)
            await self._roster.consents.drop_unanswered(c, now)
            await self._endings.tell_losses(c, now)
            await self._roster.end_quarantine(c, now)
            everyone = await self._roster.everyone(c)
            await self._spending.forget_old(c, now, await self._roster.group_ids(c))
        self._vault.forget_strays(everyone, now - timedelta(hours=1))
        if await self._affirming.round(now):
            self._wake()
        self._forgot_at = self._stopwatch()
        await self._last_days.round(sure=self._stopwatch() - self._steady_since >= _SURE)

    async def _say_what_was_planned(self) -> None:
        """Publish what facilitators planned for this minute, each in a transaction of its own."""
        now = self._clock.now()
        async with self._database.reading() as c:
            due = await self._planning.due(c, now)
        for plan_id in due:
            publish = partial(self._planning.publish, plan_id=plan_id, now=now)
            try:
                await self._database.transact(publish)
            except Exception as error:  # noqa: BLE001 - other plans, and what is over, go on
                trouble(error, where="planned")
        if due:
            self._wake()

    async def _expire(self) -> int:
        now = self._clock.now()
        async with self._database.writing() as c:
            ended = await self._outbox.drop_expired(c, now, _BATCH)
            if ended:
                await self._endings.tell_authors(c, ended, now)
                await self._outbox.ledger.count(c, {Word.EXPIRED: len(ended)}, now)
            await self._talk.drop_expired(c, now)
            waited = await self._pending.drop_expired(c, now, _BATCH)
            await self._endings.not_confirmed(c, waited, now)
            told = await self._pulse.close(c, now)
        if ended or waited:
            say(Word.EXPIRED, count=len(ended) + len(waited))
        if ended or waited or told:
            self._wake()
        return max(len(ended), len(waited))
