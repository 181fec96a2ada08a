"""A clock that moves only when it is told to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class StoppedClock:
    """Stands at noon of a Wednesday in UTC until moved."""

    def __init__(self) -> None:
        self._now = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)

    def now(self) -> datetime:
        """The time it was last set to."""
        return self._now

    def forward(self, **span: float) -> None:
        """Move on, by what `timedelta` takes."""
        self._now += timedelta(**span)
