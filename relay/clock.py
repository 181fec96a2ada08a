"""The only place that reads the clock; everything else is given the time."""

from __future__ import annotations

import time as _time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What time it is. Tests and the demo bring their own."""

    def now(self) -> datetime:
        """Return the time, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the machine's time in UTC."""
        return datetime.now(UTC)  # noqa: TID251 - the one allowed reader of the clock


def milliseconds(moment: datetime) -> int:
    """Milliseconds since 1970, as the store keeps times it must compare."""
    return int(moment.timestamp() * 1000)


def moment(stored: int) -> datetime:
    """The aware UTC time of a stored number of milliseconds."""
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=stored)


def day(at: datetime) -> int:
    """Days since 1970: the coarse time for whatever does not need a finer one."""
    return int(at.timestamp()) // 86_400


def stopwatch() -> float:
    """Seconds on a clock that never jumps, for measuring spans."""
    return _time.monotonic()
