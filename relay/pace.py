"""Pace: when a copy may leave, so that no number and no campaign sends faster than it may.

A leaky bucket (GCRA) for each number, in segments, and one for all, in texts. A copy gets its
moment once and keeps it, so that a later copy cannot overtake it. Kept in memory: after a restart
buckets are full again, which Twilio's own queue takes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from channels.secret import Secret
from relay.config import Limits

Copy = tuple[int, int, int]
"""Post, reader, where its words begin. Rows are numbered anew, so their numbers name nothing."""

_LONG_AGO = timedelta(hours=1)
_MOST_KEPT = 100_000
_SHARE_AT_ONCE = 4
"""A quarter of a minute's texts may leave at once."""


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


@dataclass(slots=True)
class Pace:
    """When copies may leave. One for each courier."""

    limits: Limits
    _numbers: dict[Secret, _Bucket] = field(default_factory=dict)
    _all: _Bucket = field(init=False)
    _booked: dict[Copy, datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        per_minute = self.limits.per_minute
        self._all = _Bucket(per_minute / 60, max(1, per_minute // _SHARE_AT_ONCE))

    def slot(
        self, copy: Copy, number: Secret, cost: int, now: datetime, *, urgent: bool
    ) -> datetime:
        """When a copy of so many segments may leave `number`: now, or later.

        `copy` tells it from all others. What is urgent is counted and leaves now.
        """
        if copy not in self._booked:
            bucket = self._numbers.setdefault(number, _Bucket(self.limits.rate, self.limits.burst))
            self._prune(now)
            self._booked[copy] = max(bucket.book(cost, now), self._all.book(1, now))
        return now if urgent else self._booked[copy]

    def gone(self, copy: Copy) -> None:
        """A copy is on its way; another attempt is booked anew."""
        self._booked.pop(copy, None)

    def _prune(self, now: datetime) -> None:
        if len(self._booked) > _MOST_KEPT:
            limit = now - _LONG_AGO
            self._booked = {copy: at for copy, at in self._booked.items() if at > limit}
