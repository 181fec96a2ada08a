"""Upkeep: what is done with the text provider beside sending and taking in.

What it keeps of ours is deleted there, what it could not bring us is taken in, and phones that
were given up, or are silent for so long that they may be somebody else's, get nothing more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Protocol, TypeVar

from channels.contact import SMS
from channels.contract import Accept, Erased, Inbound, Outcome, Progress
from channels.secret import Contact, Secret
from relay.clock import stopwatch
from relay.engine import Engine
from relay.lateness import as_of
from relay.log import Word, say, trouble
from relay.lostphones import LostPhones
from relay.progress import Following
from relay.store.erasures import Owed
from relay.store.phones import Phones

LOOK_BACK = timedelta(days=14)
"""How far back is looked after a start, for what never reached us and for what is left there."""

LOOK_AGAIN = timedelta(days=1)
"""The same every hour from then on."""

WEBHOOKS_OWN = timedelta(minutes=5)
"""How long a text is left to its webhook, which says more of it than the provider's list."""

SETTLED_AFTER = timedelta(hours=1)
"""When nothing more is expected of a text, and the provider's copy of it can go."""

_TICK = 2.0
_HOUR = 3600.0
_SOON = 300.0
_BATCH = 50
_AT_ONCE = 8
_LEASE = timedelta(minutes=10)
_AGAIN = (
    timedelta(minutes=1),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=6),
)
"""How long to wait after each try; after the last one for ever so."""
_LEAP = 300.0


class Record(Protocol):
    """What the provider keeps of one message."""

    @property
    def sid(self) -> str:
        """The provider's id of it."""
        ...

    @property
    def at(self) -> datetime:
        """Aware: when it was sent, or came in."""
        ...

    @property
    def direction(self) -> str:
        """`in` or `out`."""
        ...


R = TypeVar("R")


class Provider(Protocol[R]):
    """The account at the provider. `R` is its own kind of `Record`."""

    async def erase(self, reference: Secret) -> Erased:
        """As `channels.contract.Erase`."""
        ...

    async def ended(self, reference: Secret) -> Outcome | None:
        """How a copy ended; `None` if that is not known, or not yet. Raises if it cannot say."""
        ...

    async def recent(self, number: Secret, since: datetime, until: datetime) -> Sequence[R]:
        """What it keeps of messages to and from one of our numbers. Raises if it cannot say."""
        ...

    async def missed(self, record: R) -> Inbound | None:
        """The message of a record as it should have come in; `None` if it is none."""
        ...

    async def deactivated(self, day: date) -> Collection[Contact]:
        """The phones given up on a day. Raises if it cannot say."""
        ...


@dataclass(slots=True)
class _Duty:
    """Something done now and then."""

    name: str
    work: Callable[[], Awaitable[object]]
    every: float
    """Seconds."""
    due: float = float("-inf")


class Upkeep:
    """Runs beside the couriers of one process or of several: every duty can be done twice."""

    def __init__(
        self,
        engine: Engine,
        provider: Provider[Any],
        take: Accept,
        wake: Callable[[], None],
        *,
        urgent: Callable[[Inbound], bool],
        too_late: Callable[[Inbound], Awaitable[None]],
        stopwatch: Callable[[], float] = stopwatch,
    ) -> None:
        """`take` is what texts are handed to, `wake` is called when something may be due.

        What is `urgent` is handed in however old; `too_late` tells the author of anything else
        that is older than messages live.
        """
        settings = engine.settings
        self._provider = provider
        self._take = take
        self._urgent = urgent
        self._too_late = too_late
        self._life = settings.post_life
        self._look_back = LOOK_BACK
        self._clock = engine.clock
        self._database = engine.database
        self._erasures = engine.erasures
        self._ledger = engine.outbox.ledger
        self._roster = engine.roster
        self._vault = engine.vault
        self._phones = Phones(engine.vault, engine.roster)
        self._follow = Following(engine, wake).follow
        self._redacted = settings.twilio_message_privacy
        self._settled = max(SETTLED_AFTER, settings.text_report)
        self._stopwatch = stopwatch
        self._woken = asyncio.Event()
        self._last: tuple[datetime, float] | None = None
        lost = LostPhones(engine, provider.deactivated, wake)
        self.deactivations, self.silence = lost.deactivations, lost.silence
        self._duties = (
            _Duty("erase", self.erase, 0.0),
            _Duty("reconcile", self.reconcile, _HOUR),
            _Duty("deactivations", self.deactivations, _HOUR),
            _Duty("silence", self.silence, _HOUR),
            _Duty("give_up", self.give_up, _HOUR),
        )

    async def run(self) -> None:
        """Do what is to be done until cancelled."""
        while True:
            await self.round()
            with suppress(TimeoutError):
                async with asyncio.timeout(_TICK):
                    await self._woken.wait()
            self._woken.clear()

    def wake(self) -> None:
        """There may be something to delete."""
        self._woken.set()

    async def round(self) -> None:
        """Every duty whose time has come. One that fails is done again soon, the others go on."""
        if not self._clock_is_sane():
            for duty in self._duties:
                duty.due = max(duty.due, self._stopwatch() + _HOUR)
        for duty in self._duties:
            if duty.due > self._stopwatch():
                continue
            duty.due = self._stopwatch() + duty.every
            try:
                await duty.work()
            except Exception as error:  # noqa: BLE001 - it is done again
                duty.due = self._stopwatch() + min(duty.every, _SOON)
                trouble(error, where=duty.name)

    def _clock_is_sane(self) -> bool:
        """Whether the clock goes on as it did. One that leapt is believed when it has not since.

        Otherwise a leap of weeks would make every phone a silent one at once.
        """
        now, ticks = self._clock.now(), self._stopwatch()
        last, self._last = self._last, (now, ticks)
        if last is None or (now - last[0]).total_seconds() - (ticks - last[1]) <= _LEAP:
            return True
        say(Word.TROUBLE, where="upkeep", why="clock_leapt")
        return False

    # What the provider keeps ----------------------------------------------------------------

    async def erase(self) -> int:
        """Have the provider delete what is due. Returns how much is gone."""
        total, gone = 0, 1
        while gone:  # where nothing at all succeeds, the rest would not either
            now = self._clock.now()
            async with self._database.reading() as c:
                if not await self._erasures.is_due(c, now):  # a look that takes no lock
                    break
            async with self._database.writing() as c:
                owed = await self._erasures.due(c, now, _BATCH, now + _LEASE)
            gone = await self._erase(owed)
            total += gone
        return total

    async def _erase(self, owed: Sequence[Owed]) -> int:
        room = asyncio.Semaphore(_AT_ONCE)
        answers = await asyncio.gather(*(self._ask(one, room) for one in owed))
        gone = [one for one, answer in zip(owed, answers, strict=True) if answer is Erased.GONE]
        kept = [one for one, answer in zip(owed, answers, strict=True) if answer is not Erased.GONE]
        if not owed:
            return 0
        now = self._clock.now()
        async with self._database.writing() as c:
            await self._erasures.done(c, [one.blind for one in gone])
            for step, wait in enumerate(_AGAIN):
                some = [one for one in kept if min(one.tries, len(_AGAIN) - 1) == step]
                if some:
                    await self._erasures.later(c, some, now + wait)
            if gone:
                await self._ledger.count(c, {Word.ERASED: len(gone)}, now)
        if gone:
            say(Word.ERASED, channel=SMS, count=len(gone))
        return len(gone)

    async def _ask(self, one: Owed, room: asyncio.Semaphore) -> Erased:
        """One that cannot be opened any more is nothing that anybody could ask for."""
        if one.reference is None:
            say(Word.KEY_LOST, where="erase")
            return Erased.GONE
        async with room:
            try:
                if one.attempt is not None:
                    await self._hear_how_it_ended(one.reference, one.attempt)
                return await self._provider.erase(one.reference)
            except Exception as error:  # noqa: BLE001 - an error nobody knows is "not yet"
                trouble(error, where="erase")
                return Erased.NOT_YET

    async def _hear_how_it_ended(self, reference: Secret, attempt: Secret) -> None:
        """No news came of this copy. News is posted once, and lost while nobody takes it.

        So ask, before its record is gone: what did not arrive is not to pass for delivered.
        """
        outcome = await self._provider.ended(reference)
        if outcome is not None:
            await self._follow(Progress(token=attempt, reference=reference, outcome=outcome))

    async def give_up(self) -> int:
        """Give up what the provider has not deleted for two weeks, and count it."""
        now = self._clock.now()
        async with self._database.writing() as c:
            left = await self._erasures.drop_over(c, now)
            if left:
                await self._ledger.count(c, {Word.LEFT_BEHIND: left}, now)
        if left:
            say(Word.LEFT_BEHIND, channel=SMS, count=left)
        return left

    # What never reached us -------------------------------------------------------------------

    async def reconcile(self) -> int:
        """Take in texts that never reached us, and note all for deletion.

        After a start far back, then of the last day. The author of one that is older than any
        message may live is told; a stop is never too old. What came a moment ago is left to its
        webhook.
        Returns how many were handed in. A text counts as seen once it was taken in, or noted for
        deletion by whoever saw it. Nothing of a stranger is handed in, and nothing that was
        written before its writer was added: it was not meant for this group.
        """
        now = self._clock.now()
        records, complete = await self._records(now)
        handed = 0
        seen: list[tuple[Secret, datetime]] = []
        for record in await self._unnoted(records):
            incoming = record.direction == "in"
            if incoming and now - record.at < WEBHOOKS_OWN:
                self._look_again_soon()  # its webhook may have found nobody at home
                continue
            if incoming and not self._redacted:
                outcome = await self._hand_in(record)
                if outcome is None:
                    complete = False
                    continue
                handed += outcome
            wait = SETTLED_AFTER if incoming else self._settled
            # Counted from now: what came with it may have to be fetched first.
            seen.append((Secret(record.sid), now + wait))
        async with self._database.writing() as c:
            await self._erasures.add(c, seen, now)
        if handed:
            say(Word.TAKEN, channel=SMS, why="missed", count=handed)
        if not complete:
            raise IncompleteError
        self._look_back = LOOK_AGAIN
        return handed

    def _look_again_soon(self) -> None:
        for duty in self._duties:
            if duty.name == "reconcile":
                duty.due = min(duty.due, self._stopwatch() + _SOON)

    async def _records(self, now: datetime) -> tuple[list[Record], bool]:
        """What the provider has, oldest first, and whether that is all."""
        async with self._database.reading() as c:
            numbers = await self._phones.ours(c)
        found: list[Record] = []
        complete = True
        for number in numbers:
            try:
                found += await self._provider.recent(number, now - self._look_back, now)
            except Exception as error:  # noqa: BLE001 - the other numbers are looked at all the same
                complete = False
                trouble(error, where="reconcile")
        return sorted(found, key=lambda record: record.at), complete

    async def _unnoted(self, records: Sequence[Record]) -> list[Record]:
        async with self._database.reading() as c:
            known = await self._erasures.known(c, (Secret(record.sid) for record in records))
        return [record for record in records if Secret(record.sid) not in known]

    async def _hand_in(self, record: Record) -> int | None:
        """Hand in one text. 0 if it is nothing for us, `None` if that has to be tried again."""
        try:
            inbound = await self._provider.missed(record)
            if inbound is None or not await self._is_hers(inbound, record.at):
                return 0
            if self._clock.now() - record.at >= self._life and not self._urgent(inbound):
                await self._too_late(inbound)
            else:
                await self._take(as_of(inbound, record.at, self._clock.now()))
        except Exception as error:  # noqa: BLE001 - an error nobody knows delays, it loses nothing
            trouble(error, where="reconcile")
            return None
        return 1

    async def _is_hers(self, inbound: Inbound, at: datetime) -> bool:
        """Whether it is from a member who was one when she wrote it."""
        async with self._database.reading() as c:
            arrival = await self._roster.arrive(c, inbound.to, inbound.sender)
        born = None if arrival is None else self._vault.born(arrival.member.id)
        return born is not None and born <= at


class IncompleteError(Exception):
    """Something could not be looked through: what could be was, and the rest is tried again."""
