"""Pace: when a copy may leave, so that no number and no campaign sends faster than it may.

A leaky bucket (GCRA) for each number, in segments, and a calendar for all, in texts: what one
number has booked far ahead keeps no other number waiting. A copy gets its moment once and keeps
it, and no later copy of the same number has an earlier one. Kept in memory: after a restart
buckets are full again, which Twilio's own queue takes.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from channels.secret import Secret
from relay.clock import milliseconds, moment
from relay.config import Limits

Copy = tuple[int, int, int]
"""Post, reader, where its words begin. Rows are numbered anew, so their numbers name nothing."""

_MISSED = timedelta(minutes=1)
"""How late a copy may be for its moment. More means that for a while nothing could leave."""
_MOST_KEPT = 100_000
_MANY_PARTS = 10_000
_MINUTE = 60_000
_PARTS = 11
"""Into so many parts a minute is cut: a minute that begins anywhere touches one part more."""


@dataclass(slots=True)
class _Bucket:
    """One number: leaks `rate` units a second, holds `burst`; a rate of 0 means no limit."""

    rate: float
    burst: float
    full_until: datetime | None = None
    last: datetime | None = None

    def earliest(self, units: float, now: datetime) -> datetime:
        """When so many units may go, from now on, behind all that were booked before."""
        behind = max(now, self.last or now)
        if not self.rate or self.full_until is None:
            return behind
        over = units - max(self.burst, units)
        return max(behind, self.full_until + timedelta(seconds=over / self.rate))

    def take(self, units: float, at: datetime) -> None:
        """So many units go at a moment."""
        self.last = max(at, self.last or at)
        if self.rate:
            since = max(at, self.full_until or at)
            self.full_until = since + timedelta(seconds=units / self.rate)

    def begin_anew(self, now: datetime) -> None:
        """All that was booked is no longer. What has left meanwhile is unknown: as if it had."""
        self.last = None
        if self.rate:
            self.full_until = now + timedelta(seconds=self.burst / self.rate)


@dataclass(slots=True)
class _Calendar:
    """All numbers: how many texts are booked for each part of a minute."""

    part: int
    """Milliseconds, so that the moments of the store are exact."""
    most: int
    booked: Counter[int] = field(default_factory=Counter)

    @classmethod
    def of(cls, per_minute: int) -> _Calendar:
        """One in which no minute, wherever it begins, has more texts than this."""
        parts = min(_PARTS, max(1, per_minute - 1))
        return cls(part=-(-_MINUTE // parts), most=max(1, per_minute // (parts + 1)))

    def earliest(self, now: datetime) -> datetime:
        """When one more may go, from now on."""
        first = part = self._part(now)
        while self.booked[part] >= self.most:
            part += 1
        return now if part == first else moment(part * self.part)

    def take(self, at: datetime) -> None:
        """One goes at a moment."""
        self.booked[self._part(at)] += 1

    def forget(self, now: datetime, *, ahead: bool = False) -> None:
        """Let go of what is past; with `ahead`, of what was booked for later as well."""
        first = self._part(now) - 1
        until = first + 2 if ahead else None
        kept = {p: n for p, n in self.booked.items() if p >= first and (not until or p < until)}
        self.booked = Counter(kept)

    def _part(self, at: datetime) -> int:
        return milliseconds(at) // self.part


@dataclass(slots=True)
class Pace:
    """When copies may leave. One for each courier."""

    limits: Limits
    _numbers: dict[Secret, _Bucket] = field(default_factory=dict)
    _all: _Calendar = field(init=False)
    _booked: dict[Copy, datetime] = field(default_factory=dict)
    _last: datetime | None = None

    def __post_init__(self) -> None:
        self._all = _Calendar.of(self.limits.per_minute)

    def slot(
        self, copy: Copy, number: Secret, cost: int, now: datetime, *, urgent: bool
    ) -> datetime:
        """When a copy of so many segments may leave `number`: now, or later.

        `copy` tells it from all others. What is urgent is counted and leaves now.
        """
        self._notice_leaps(now)
        if now - self._booked.get(copy, now) > _MISSED:
            self._begin_anew(now)
        if copy not in self._booked:
            self._prune(now)
            self._booked[copy] = self._book(number, cost, now, urgent=urgent)
        return now if urgent else self._booked[copy]

    def _notice_leaps(self, now: datetime) -> None:
        """A clock set back must not stop all texts until it has caught up."""
        if self._last is not None and self._last - now > _MISSED:
            self._booked.clear()
            self._numbers.clear()
            self._all = _Calendar.of(self.limits.per_minute)
        self._last = now

    def _book(self, number: Secret, cost: int, now: datetime, *, urgent: bool) -> datetime:
        bucket = self._numbers.setdefault(number, _Bucket(self.limits.rate, self.limits.burst))
        at = now
        if not urgent:
            at = self._all.earliest(bucket.earliest(cost, now))
            at = at if at == now else _stored(at)
        bucket.take(cost, at)
        self._all.take(at)
        return at

    def gone(self, copy: Copy) -> None:
        """A copy is on its way, or waits for something else: another time is booked anew."""
        self._booked.pop(copy, None)

    def _begin_anew(self, now: datetime) -> None:
        """What missed its moment must not leave all at once: all is booked again, in its order."""
        self._booked.clear()
        self._all.forget(now, ahead=True)
        for bucket in self._numbers.values():
            bucket.begin_anew(now)

    def _prune(self, now: datetime) -> None:
        """Let go of what is past, and of the oldest copies, of which most have ended."""
        if len(self._all.booked) > _MANY_PARTS:
            self._all.forget(now)
        while len(self._booked) > _MOST_KEPT:
            del self._booked[next(iter(self._booked))]


def _stored(at: datetime) -> datetime:
    """The moment as the store keeps it, not before: a copy that comes then is not held again."""
    stored = moment(milliseconds(at))
    return stored if stored >= at else stored + timedelta(milliseconds=1)
