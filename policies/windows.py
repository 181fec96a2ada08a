"""Arithmetic of daily windows on a wall clock, right at every change of the clocks.

One definition decides everything: an instant is quiet if the wall clock of the window's zone shows,
at that instant, a time from `start` (included) to `end` (excluded); a window whose start is later
than its end goes over midnight. What follows from it when clocks change:

- A time that the clock shows twice is quiet both times. A window that ends in the repeated hour
  therefore ends, begins again with the second showing, and ends once more.
- A window whose end the clock skips ends at the first instant after the skip; one whose start is
  skipped begins there; one that lies wholly inside the skip does not happen that day.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, time, timedelta

from policies.facts import Window

HORIZON = timedelta(hours=48)
"""How far ahead a quiet instant is followed. Windows that leave no gap in it are asked again."""

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_LONGEST_SKIP = timedelta(hours=3)
"""More than any change of the clocks that is not a change of the day itself."""


def is_quiet(window: Window, instant: datetime) -> bool:
    """Tell whether `instant` (aware) lies in `window`."""
    return _covers(window, instant.astimezone(window.zone).time())


def quiet_until(windows: Iterable[Window], now: datetime) -> datetime | None:
    """Return the first instant from `now` on that lies in no window, in UTC.

    `None` if `now` (aware) itself lies in none. If the windows together leave no instant free
    within `HORIZON`, the answer is `now + HORIZON`, which is then still quiet: ask again.
    """
    start = instant = now.astimezone(UTC)
    limit = start + HORIZON
    several = tuple(windows)
    moved = True
    while moved and instant < limit:
        moved = False
        for window in several:
            end = _end(window, instant)
            if end is not None:
                instant, moved = end, True
    return None if instant == start else min(instant, limit)


def quiet_from(windows: Iterable[Window], now: datetime) -> datetime | None:
    """Return the first instant after `now` (aware, not quiet) that lies in a window, in UTC.

    `None` if there is none within `HORIZON`.
    """
    starts = [start for window in windows for start in _starts(window, now.astimezone(UTC))]
    return min(starts, default=None)


def _starts(window: Window, now: datetime) -> Iterator[datetime]:
    """The first instant within `HORIZON` at which this window is quiet, if there is one."""
    if window.start == window.end:
        return
    local = now.astimezone(window.zone)
    for days in range(HORIZON.days + 1):
        for fold in (0, 1):
            shown = datetime.combine(local.date() + days * _DAY, window.start, window.zone)
            at = shown.replace(fold=fold).astimezone(UTC)
            for instant in (_skipped_to(window, at), at):
                if now < instant <= now + HORIZON and is_quiet(window, instant):
                    yield instant
    yield from _after_a_change(window, now)


def _skipped_to(window: Window, at: datetime) -> datetime:
    """Where the clock goes on if the start of a window is skipped that day; else `at`."""
    before, after = at - _LONGEST_SKIP, at + _LONGEST_SKIP
    zone = window.zone
    if before.astimezone(zone).utcoffset() == after.astimezone(zone).utcoffset():
        return at
    return _first_change(window, before, after)


def _after_a_change(window: Window, now: datetime) -> Iterator[datetime]:
    """A clock set back can show the inside of a window once more."""
    end = now + HORIZON
    if now.astimezone(window.zone).utcoffset() != end.astimezone(window.zone).utcoffset():
        change = _first_change(window, now, end)
        if now < change and is_quiet(window, change):
            yield change


def _covers(window: Window, shown: time) -> bool:
    """Tell whether a clock that shows `shown` is inside the window."""
    if window.start <= window.end:
        return window.start <= shown < window.end
    return shown >= window.start or shown < window.end


def _end(window: Window, instant: datetime) -> datetime | None:
    """Return an instant up to which this window is quiet from `instant` (UTC) on, if it is.

    It is the window's end, or a change of the clocks if that comes first: then ask again.
    """
    local = instant.astimezone(window.zone)
    shown = local.time()
    if not _covers(window, shown):
        return None
    # As if the clocks stayed as they are, which is true but for two nights a year.
    last_day = local.date() + _DAY if shown >= window.end else local.date()
    end = instant + (datetime.combine(last_day, window.end) - local.replace(tzinfo=None))
    offset = local.utcoffset()
    if end.astimezone(window.zone).utcoffset() == offset:
        return end
    return _first_change(window, instant, end)


def _first_change(window: Window, before: datetime, after: datetime) -> datetime:
    """Return the instant, to the second, at which the zone's offset changes in (before, after]."""
    offset = before.astimezone(window.zone).utcoffset()
    low, high = before.replace(microsecond=0), after
    while high - low > _SECOND:
        middle = low + timedelta(seconds=(high - low) // _SECOND // 2)
        if middle.astimezone(window.zone).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return high
