"""The clock of the invented world: it runs as every clock does, and can be moved forward."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from relay.clock import SystemClock, stopwatch

HOME = "America/New_York"
"""Where the group is."""
_AFTERNOON = time(14)
"""When a demo begins: everybody is awake, from Los Angeles to Berlin."""
FARTHEST = timedelta(days=30)
"""How far one may go at once."""


class MovableClock:
    """Tells the time of this machine, and as much more as it was moved."""

    def __init__(self) -> None:
        self._machine = SystemClock()
        self._ahead = timedelta()
        self._listeners: list[Callable[[], None]] = []

    def now(self) -> datetime:
        """The time in the invented world, in UTC."""
        return self._machine.now() + self._ahead

    def ticks(self) -> float:
        """Seconds that have gone by in the invented world; to it, moving the clock is no leap."""
        return stopwatch() + self._ahead.total_seconds()

    def listen(self, listener: Callable[[], None]) -> None:
        """Have something called whenever the clock was moved."""
        self._listeners.append(listener)

    def forward(self, span: timedelta) -> None:
        """Move on. Never back: what has happened has happened."""
        if not timedelta() <= span <= FARTHEST:
            raise ValueError("the clock moves forward, and at most so far")
        self._ahead += span
        for listener in self._listeners:
            listener()

    def forward_to(self, hour: time, zone: str = HOME) -> None:
        """Move on to the next time at which the clock of a zone shows this."""
        now = self.now()
        self.forward(next_at(hour, now, zone) - now)


def afternoon() -> MovableClock:
    """A clock on which it is two in the afternoon where the group is."""
    clock = MovableClock()
    clock.forward_to(_AFTERNOON)
    return clock


def next_at(hour: time, now: datetime, zone: str) -> datetime:
    """The first moment after now at which the clock of a zone shows this, in UTC."""
    local = now.astimezone(ZoneInfo(zone))
    today = datetime.combine(local.date(), hour, ZoneInfo(zone)).astimezone(UTC)
    if today > now:
        return today
    tomorrow = local.date() + timedelta(days=1)
    return datetime.combine(tomorrow, hour, ZoneInfo(zone)).astimezone(UTC)
