"""How long to wait before the next attempt. Pure: chance comes in as an argument."""

from __future__ import annotations

from datetime import timedelta

_STEPS = (15, 60, 240, 900, 1800)  # seconds; then the last one for the rest of the body's life


def delay(attempt: int, chance: float) -> timedelta:
    """The wait after the `attempt`-th failure, counted from 1.

    `chance` in [0, 1) spreads it between three quarters and five quarters, so that many copies
    that failed together do not come back together. Five fit into little more than an hour.
    """
    step = _STEPS[min(attempt, len(_STEPS)) - 1]
    return timedelta(seconds=step * (0.75 + chance / 2))
