"""The spool: a text is taken in, or waits sealed beside the database, before Twilio hears yes.

A mail host asked to come again later does. Twilio, told anything but yes, keeps the whole request
in its debugger and hardly tries again (twilio.com/docs/usage/webhooks, error 11200). So what the
engine cannot take within a moment is written down, sealed, and taken in as soon as it can be.
Taking in twice does nothing: the provider's message id is claimed once in the database.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from weakref import WeakValueDictionary

from channels.contract import Accept, Fetch, Inbound, Receipt, Trait
from channels.secret import Contact
from relay.backoff import delay
from relay.clock import Clock, stopwatch
from relay.errors import RefusalError
from relay.lateness import as_of
from relay.log import Word, say, trouble
from relay.store.shelf import Kept, Shelf, Slip
from relay.vault.vault import UnsealError, Vault

Knows = Callable[[Inbound], Awaitable[bool]]

PATIENCE = 0.7
"""Seconds that a webhook waits for the engine; Twilio's own patience is 15."""

_MEDIA_PATIENCE = timedelta(minutes=15)
_MEDIA_TRIES = 3
_EVERY = 1.0
_TIDY_EVERY = 3600.0
_SECOND_LOOK = 60.0
"""Seconds until what could not be read, or judged, is looked at again."""
_LEAP = 300.0
_DOUBT = 3600.0
_FIRST_PAUSE = 1.0
_SLOWEST_STEP = 3  # of `backoff`: five minutes at the most
_LONGEST = 120.0
_AT_ONCE = 8
_BLAME = 3


@dataclass(slots=True)
class _Waiting:
    """One message of the line, without its words."""

    slip: Slip
    due: float
    """On the stopwatch."""
    taken_before: int
    """How many messages had been taken when it last failed."""
    urgent: bool
    """It goes before all others of the line."""
    tries: int = 0
    blame: int = 0
    """How often it failed while others were taken: the fault may be its own."""


class Spool:
    """`take` is what a channel is given instead of `Intake.accept`; `run` does the rest."""

    def __init__(
        self,
        vault: Vault,
        folder: Path,
        accept: Accept,
        fetch: Fetch | None,
        clock: Clock,
        *,
        life: timedelta,
        knows: Knows | None = None,
        urgent: Callable[[Inbound], bool] = lambda _: False,
        too_late: Callable[[Inbound], Awaitable[None]] | None = None,
        patience: float = PATIENCE,
        stopwatch: Callable[[], float] = stopwatch,
    ) -> None:
        """`life` is how long a message may wait; `patience`, in seconds, is the webhook's.

        `knows` says whether a message is from somebody we know: media of others are never fetched.
        What is `urgent`, such as a stop, stands behind nothing and is never too late. `too_late`
        tells the author of anything else that has waited for its whole life.
        """
        self._shelf = Shelf(vault, folder)
        self._lock_file = folder / "lock"
        self._accept = accept
        self._fetch = fetch
        self._knows = knows
        self._urgent = urgent
        self._too_late = too_late or _tell_nobody
        self._clock = clock
        self._life = life
        self._patience = patience
        self._stopwatch = stopwatch
        self._lines: dict[Contact, dict[Slip, _Waiting]] = {}
        self._known: dict[Slip, Contact] = {}
        self._unreadable: dict[Slip, float] = {}
        """Until when, on the stopwatch, each is left alone."""
        self._turns: WeakValueDictionary[Contact, asyncio.Lock] = WeakValueDictionary()
        self._under_way: set[asyncio.Task[Receipt]] = set()
        self._at_work: set[Contact] = set()
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._woken = asyncio.Event()
        self._taken = 0
        self._failing = False
        self._lock: int | None = None
        self._tidied_at = -_TIDY_EVERY
        self._seen = (clock.now(), stopwatch())
        self._doubted_until = stopwatch()

    # Taking in ------------------------------------------------------------------------------

    async def take(self, inbound: Inbound) -> Receipt:
        """Take one message in, or write it down. When this returns, it survives a power cut.

        What comes with media waits to be fetched, and what comes while something of the same
        sender waits stands behind it. Raises `OSError` if it cannot be written down either.
        """
        until = asyncio.get_running_loop().time() + self._patience
        if self._urgent(inbound):
            return await self._at_once(_without_media(inbound), until)
        if inbound.media and not await self._is_known(inbound):
            inbound = _without_media(inbound)
        async with self._turns.setdefault(inbound.sender, asyncio.Lock()):
            if inbound.media or self._waits(inbound.sender):
                self._put(inbound, pause=0.0)
                return Receipt.TAKEN
            return await self._at_once(inbound, until)

    async def _is_known(self, inbound: Inbound) -> bool:
        """Whether its media are worth fetching; in doubt they are."""
        if self._knows is None:
            return True
        try:
            async with asyncio.timeout(self._patience / 2):
                return await self._knows(inbound)
        except Exception as error:  # noqa: BLE001 - nothing of hers is lost for our trouble
            trouble(error, where="spool")
            return True

    def waiting(self) -> int:
        """How many messages wait."""
        return len(self._shelf.slips())

    async def close(self) -> None:
        """End what is still under way; it is written down. Call it when `run` has ended."""
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    async def _at_once(self, inbound: Inbound, until: float) -> Receipt:
        """Have the engine take it, but write it down unless it has done so in time.

        What is not done in time goes on: cancelled, it might fail for good where it only was slow.
        """
        loop = asyncio.get_running_loop()
        task = loop.create_task(_all_of(self._accept, inbound))
        self._under_way.add(task)
        task.add_done_callback(self._came_to_an_end)
        in_time = False
        try:
            await asyncio.wait({task}, timeout=max(0.0, until - loop.time()))
            in_time = task.done() and not _failed(task)
        finally:  # also if whoever asked has gone away
            if not in_time:
                slip = self._put(inbound, pause=_FIRST_PAUSE)
                task.add_done_callback(lambda task: self._done_late(slip, task))
        return task.result() if in_time else Receipt.TAKEN

    def _came_to_an_end(self, task: asyncio.Task[Receipt]) -> None:
        self._under_way.discard(task)
        if not _failed(task):
            self._all_is_well()
        elif not task.cancelled() and (error := task.exception()):
            self._failing = True
            trouble(error, where="spool")

    def _done_late(self, slip: Slip, task: asyncio.Task[Receipt]) -> None:
        """It was taken after all: nothing of it has to wait."""
        if _failed(task):
            return
        try:
            self._remove(slip)
        except (OSError, RefusalError) as error:  # it stays, and is found to be a repeat
            trouble(error, where="spool")

    def _all_is_well(self) -> None:
        """Something was taken: after trouble, everything that waits is tried at once."""
        self._taken += 1
        if self._failing:
            self._failing = False
            for line in self._lines.values():
                for waiting in line.values():
                    waiting.due = 0.0
            self._woken.set()

    # The line -------------------------------------------------------------------------------

    def _put(self, inbound: Inbound, *, pause: float) -> Slip:
        now = self._clock.now()
        slip = self._shelf.put(Kept(inbound=inbound, at=now), now)
        self._enter(slip, inbound, self._stopwatch() + pause)
        say(Word.LATER, channel=inbound.channel, where="spool")
        self._woken.set()
        return slip

    def _enter(self, slip: Slip, inbound: Inbound, due: float) -> None:
        sender = inbound.sender
        waiting = _Waiting(slip, due, self._taken, self._urgent(inbound))
        self._known[slip] = sender
        self._lines.setdefault(sender, {})[slip] = waiting

    def _leave(self, slip: Slip) -> None:
        sender = self._known.pop(slip, None)
        if sender is not None:
            line = self._lines[sender]
            del line[slip]
            if not line:
                del self._lines[sender]

    def _remove(self, slip: Slip) -> None:
        self._shelf.remove(slip)
        self._leave(slip)

    def _waits(self, sender: Contact) -> bool:
        self._look()
        return sender in self._lines

    def _look(self) -> None:
        """See what other processes, or this one before it died, wrote down and took up."""
        there = set(self._shelf.slips())
        for slip in self._known.keys() - there:
            self._leave(slip)
        ticks = self._stopwatch()
        self._unreadable = {
            slip: until
            for slip, until in self._unreadable.items()
            if slip in there and until > ticks
        }
        for slip in sorted(there - self._known.keys() - self._unreadable.keys()):
            kept = self._open(slip)
            if kept is not None:
                self._enter(slip, kept.inbound, 0.0)

    def _open(self, slip: Slip) -> Kept | None:
        """What a file says; one that says nothing any more is removed and counted."""
        try:
            return self._shelf.open(slip)
        except FileNotFoundError:
            return None  # taken up meanwhile
        except OSError as error:
            self._unreadable[slip] = self._stopwatch() + _SECOND_LOOK  # the disk may be well again
            trouble(error, where="spool")
        except UnsealError:
            has_key = self._shelf.has_key(slip)
            if self._shelf.remove(slip):
                say(Word.TROUBLE if has_key else Word.KEY_LOST, where="spool", why="damaged")
        return None

    # Taking up ------------------------------------------------------------------------------

    async def run(self) -> None:
        """Take up what waits, until cancelled. Of several processes one works, the rest wait."""
        async with asyncio.TaskGroup() as group:
            while True:
                try:
                    self._begin(group)
                except Exception as error:  # noqa: BLE001 - the next round tries again
                    trouble(error, where="spool")
                await self._pause()

    async def take_up(self) -> None:
        """One round, to its end: whatever is due."""
        async with asyncio.TaskGroup() as group:
            self._begin(group)

    async def _pause(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_EVERY):
                await self._woken.wait()
        self._woken.clear()

    def _begin(self, group: asyncio.TaskGroup) -> None:
        """Start on the line of each sender of whom something is due."""
        if not self._is_alone():
            return
        is_sane = self._clock_is_sane()
        if is_sane and self._stopwatch() - self._tidied_at >= _TIDY_EVERY:
            self._shelf.tidy(self._clock.now())
            self._tidied_at = self._stopwatch()
        self._look()
        for sender in self._lines.keys() - self._at_work:
            if self._next(sender) is not None:
                self._at_work.add(sender)
                group.create_task(self._work_off(sender))

    def _clock_is_sane(self) -> bool:
        """Whether the clock goes on as it did. One that leapt ahead is believed after an hour.

        Until then nothing is given up for its age, and no key destroyed for its.
        """
        now, ticks = self._clock.now(), self._stopwatch()
        (then, before), self._seen = self._seen, (now, ticks)
        if (now - then).total_seconds() - (ticks - before) > _LEAP:
            self._doubted_until = ticks + _DOUBT
            say(Word.TROUBLE, where="spool", why="clock_leapt")
        return ticks >= self._doubted_until

    def _is_alone(self) -> bool:
        """Whether this is the process that takes up; the lock goes with its holder."""
        if self._lock is not None:
            return True
        handle = os.open(self._lock_file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return False
        self._lock = handle
        return True

    def _next(self, sender: Contact) -> _Waiting | None:
        """The first of a line, if it is due. What fails for its own sake stands in no way.

        A stop that had to be written down is the first, whatever she wrote before it.
        """
        line = self._lines.get(sender, {}).values()
        for waiting in sorted(line, key=lambda waiting: (not waiting.urgent, waiting.slip)):
            if waiting.due <= self._stopwatch():
                return waiting
            if waiting.blame < _BLAME:
                return None
        return None

    async def _work_off(self, sender: Contact) -> None:
        try:
            async with self._room:
                while (waiting := self._next(sender)) is not None:
                    await self._take_up(waiting)
        except Exception as error:  # noqa: BLE001 - the next round tries again
            trouble(error, where="spool")
        finally:
            self._at_work.discard(sender)

    async def _take_up(self, waiting: _Waiting) -> None:
        """Hand one message in and forget it, or say when it is tried again."""
        kept = self._open(waiting.slip)
        if kept is None:
            self._leave(waiting.slip)
            return
        if self._is_too_late(kept):
            if not self._clock_is_sane():
                waiting.due = self._stopwatch() + _SECOND_LOOK
            elif await self._give_up(waiting, kept):
                self._remove(waiting.slip)
                say(Word.EXPIRED, channel=kept.inbound.channel, where="spool", count=1)
            return
        fetched = await self._with_media(waiting, kept)
        if fetched is not None and await self._hand_in(waiting, replace(kept, inbound=fetched)):
            self._remove(waiting.slip)

    def _is_too_late(self, kept: Kept) -> bool:
        """A stop is never too late, nor a cry for help."""
        return self._clock.now() - kept.at >= self._life and not self._urgent(kept.inbound)

    async def _give_up(self, waiting: _Waiting, kept: Kept) -> bool:
        """Have its author told. Whether that is done; otherwise it waits on."""
        try:
            await self._too_late(kept.inbound)
        except Exception as error:  # noqa: BLE001 - it is told later
            trouble(error, where="spool")
            self._failed_once_more(waiting)
            return False
        return True

    async def _hand_in(self, waiting: _Waiting, kept: Kept) -> bool:
        try:
            async with asyncio.timeout(_LONGEST):
                await self._accept(as_of(kept.inbound, kept.at, self._clock.now()))
        except Exception as error:  # noqa: BLE001 - an error nobody knows delays, it loses nothing
            trouble(error, where="spool")
            self._failed_once_more(waiting)
            if kept.inbound.files:
                self._write_again(waiting, kept)
            return False
        self._all_is_well()
        return True

    def _failed_once_more(self, waiting: _Waiting) -> None:
        self._failing = True
        if self._taken > waiting.taken_before:
            waiting.blame += 1
        waiting.taken_before = self._taken
        self._postpone(waiting)

    def _postpone(self, waiting: _Waiting) -> None:
        waiting.tries += 1
        wait = delay(min(waiting.tries, _SLOWEST_STEP), secrets.randbelow(1000) / 1000)
        waiting.due = self._stopwatch() + wait.total_seconds()

    def _write_again(self, waiting: _Waiting, kept: Kept) -> None:
        """Keep what was fetched: the provider has let go of it. Twice in the line is a repeat."""
        if self._shelf.open(waiting.slip).inbound.files:
            return
        old = waiting.slip
        slip = self._shelf.put(kept, self._clock.now(), old.place)
        self._known[slip] = kept.inbound.sender
        waiting.slip = slip
        self._lines[kept.inbound.sender][slip] = waiting
        self._remove(old)

    async def _with_media(self, waiting: _Waiting, kept: Kept) -> Inbound | None:
        """The message with what came with it; `None` if that is tried again later.

        Words are never lost for a picture: after a quarter of an hour they go without.
        """
        inbound = kept.inbound
        if not inbound.media:
            return inbound
        without = replace(inbound, media=(), traits=inbound.traits | {Trait.FILES_LEFT_OUT})
        if self._fetch is None:
            return without
        try:
            async with asyncio.timeout(_LONGEST):
                return replace(await self._fetch(inbound), media=())
        except Exception as error:  # noqa: BLE001 - an error nobody knows is "later"
            trouble(error, where="fetch")
        age = self._clock.now() - kept.at
        if waiting.tries + 1 >= _MEDIA_TRIES and age >= _MEDIA_PATIENCE:
            return without
        self._postpone(waiting)
        return None


async def _all_of(accept: Accept, inbound: Inbound) -> Receipt:
    """A coroutine of whatever can be awaited, as a task needs one."""
    return await accept(inbound)


def _failed(task: asyncio.Task[Receipt]) -> bool:
    return task.cancelled() or task.exception() is not None


def _without_media(inbound: Inbound) -> Inbound:
    """Its words alone; that something stayed behind is noted."""
    if not inbound.media:
        return inbound
    traits = inbound.traits | {Trait.FILES_LEFT_OUT}
    return replace(inbound, media=(), traits=traits)


async def _tell_nobody(inbound: Inbound) -> None:
    """There is nobody to tell."""
