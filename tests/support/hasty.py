"""`relay serve` on a clock that runs faster than the wall's, for runs that would take many hours.

The variable `HASTY` holds since when and how many times as fast. Everything the relay compares
with its clock or its stopwatch comes sooner by that much; patience with the network does not.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from relay import clock

_time, _stopwatch = clock.SystemClock().now, clock.stopwatch
_ROUND = 120
"""Seconds of its clock between two rounds of upkeep, so that they are not all it does."""
_SHORTEST_ROUND = 0.2


@dataclass(frozen=True, slots=True)
class HastyClock:
    """Stood right at `since`, an aware time that has passed, and goes `speed` times as fast."""

    since: datetime
    speed: float

    @classmethod
    def starting_now(cls, speed: float) -> HastyClock:
        """One that is right at this moment."""
        return cls(_time(), speed)

    @classmethod
    def from_environment(cls) -> HastyClock:
        """The clock of whoever started this process."""
        since, speed = os.environ["HASTY"].split()
        return cls(datetime.fromisoformat(since), float(speed))

    def for_environment(self) -> dict[str, str]:
        """What `from_environment` reads."""
        return {"HASTY": f"{self.since.isoformat()} {self.speed}"}

    def now(self) -> datetime:
        """Its time, aware, in UTC."""
        return self.since + (_time() - self.since) * self.speed

    def stopwatch(self) -> Callable[[], float]:
        """A stopwatch that goes as fast."""
        return lambda: _stopwatch() * self.speed


def main() -> None:
    """Change what tells the time, then be the relay."""
    hasty = HastyClock.from_environment()
    clock.SystemClock.now = lambda _: hasty.now()  # type: ignore[method-assign]
    clock.stopwatch = hasty.stopwatch()
    from relay import upkeep
    from relay.cli import main as serve

    upkeep._TICK = max(_SHORTEST_ROUND, _ROUND / hasty.speed)
    serve()


if __name__ == "__main__":
    main()
