"""The sweeper: ends what has outlived itself, and destroys keys that seal nothing any more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from relay.clock import Clock, stopwatch
from relay.ending import Endings
from relay.log import Word, say, trouble
from relay.store.database import Database
from relay.store.outbox import Outbox
from relay.store.roster import Roster
from relay.vault.vault import Vault

_EVERY = 5.0
_FORGET_EVERY = 3600.0
_BATCH = 500


class Sweeper:
    """Runs beside the couriers, every few seconds."""

    def __init__(
        self,
        *,
        database: Database,
        roster: Roster,
        outbox: Outbox,
        vault: Vault,
        endings: Endings,
        clock: Clock,
        wake: Callable[[], None],
    ) -> None:
        self._database = database
        self._roster = roster
        self._outbox = outbox
        self._vault = vault
        self._endings = endings
        self._clock = clock
        self._wake = wake
        self._forgot_at = -_FORGET_EVERY

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            try:
                await self.sweep()
            except Exception as error:  # noqa: BLE001 - the next round tries again
                trouble(error, where="sweep")
            await asyncio.sleep(_EVERY)

    async def sweep(self) -> None:
        """One round: expire, forget, shred. Rows go before the keys that sealed them."""
        while await self._expire() == _BATCH:
            pass
        if stopwatch() - self._forgot_at >= _FORGET_EVERY:
            async with self._database.writing() as c:
                await self._outbox.forget_old(c, self._clock.now())
                await self._roster.end_quarantine(c, self._clock.now())
            self._forgot_at = stopwatch()
        await self._shred()

    async def _expire(self) -> int:
        now = self._clock.now()
        async with self._database.writing() as c:
            ended = await self._outbox.drop_expired(c, now, _BATCH)
            if ended:
                await self._endings.tell_authors(c, ended, now)
                await self._outbox.count(c, {Word.EXPIRED: len(ended)}, now)
        if ended:
            say(Word.EXPIRED, count=len(ended))
            self._wake()
        return len(ended)

    async def _shred(self) -> None:
        async with self._database.reading() as c:
            in_use = await self._outbox.keys_in_use(c)
        destroyed = await asyncio.to_thread(self._vault.shred, in_use, self._clock.now())
        if destroyed:
            say(Word.SHREDDED, count=destroyed)
