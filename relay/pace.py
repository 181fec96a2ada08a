"""Pace: when a copy may leave, so that no number and no campaign sends faster than it may.

A leaky bucket (GCRA) for each number, in segments, and one for all, in texts. A copy gets its
moment once and keeps it, so that a later copy cannot overtake it. Kept in memory: after a restart
buckets are full again, which Twilio's own queue takes.
"""

from __future__ import annotations

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
_SHARE_AT_ONCE = 10
"""A tenth of a minute's texts may leave at once."""


@dataclass(slots=True)
class _Bucket:
    """Leaks `rate` units a second, holds `burst`; a rate of 0 means that there is no limit."""

    rate: float
    burst: float
    full_until: datetime | None = None

    def book(self, units: float, now: datetime) -> datetime:
        """When so many units may go, from now on; they are taken."""
        if not self.rate:
            return now
        since = max(self.full_until or now, now)
        self.full_until = since + timedelta(seconds=units / self.rate)
        return max(now, self.full_until - timedelta(seconds=max(self.burst, units) / self.rate))

    def empty(self, now: datetime) -> None:
        """Nothing may go at once from now on."""
        if self.rate:
            self.full_until = now + timedelta(seconds=self.burst / self.rate)


@dataclass(slots=True)
class Pace:
    """When copies may leave. One for each courier."""

    limits: Limits
    _numbers: dict[Secret, _Bucket] = field(default_factory=dict)
    _all: _Bucket = field(init=False)
    _booked: dict[Copy, datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        per_minute = self.limits.per_minute
        burst = max(1, per_minute // _SHARE_AT_ONCE)
        self._all = _Bucket((per_minute + 1 - burst) / 60, burst)  # no minute has more than its cap

    def slot(
        self, copy: Copy, number: Secret, cost: int, now: datetime, *, urgent: bool
    ) -> datetime:
        """When a copy of so many segments may leave `number`: now, or later.

        `copy` tells it from all others. What is urgent is counted and leaves now.
        """
        if now - self._booked.get(copy, now) > _MISSED:
            self._begin_anew(now)
        if copy not in self._booked:
            bucket = self._numbers.setdefault(number, _Bucket(self.limits.rate, self.limits.burst))
            self._prune()
            at = max(bucket.book(cost, now), self._all.book(1, now))
            self._booked[copy] = at if at == now else _stored(at)
        return now if urgent else self._booked[copy]

    def gone(self, copy: Copy) -> None:
        """A copy is on its way, or waits for something else: another time is booked anew."""
        self._booked.pop(copy, None)

    def _begin_anew(self, now: datetime) -> None:
        """What missed its moment must not leave all at once: all is booked again, in its order."""
        self._booked.clear()
        for bucket in (self._all, *self._numbers.values()):
            bucket.empty(now)

    def _prune(self) -> None:
        """Let go of the oldest, of which most have ended."""
        while len(self._booked) > _MOST_KEPT:
            del self._booked[next(iter(self._booked))]


def _stored(at: datetime) -> datetime:
    """The moment as the store keeps it, not before: a copy that comes then is not held again."""
    stored = moment(milliseconds(at))
    return stored if stored >= at else stored + timedelta(milliseconds=1)
