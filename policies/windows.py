"""Arithmetic of quiet hours on a wall clock, right at every change of the clocks.

One definition decides everything: an instant is quiet if the date and time that the wall clock of
the schedule's zone shows at that instant lie in hours of the schedule, start included, end
excluded (`policies.schedule.spans`). What follows from it when clocks change:

- A time that the clock shows twice is quiet both times. Hours that end in the repeated hour
  therefore end, begin again with the second showing, and end once more.
- Hours whose end the clock skips end at the first instant after the skip; those whose start is
  skipped begin there; those that lie wholly inside the skip do not happen that day.
- Weekday and date are those that the clock shows, and hours belong to the date they begin on. A
  clock set back over midnight shows the end of a day twice: hours of that day are quiet both
  times, and what began in the first minutes of the next day begins again when it comes.
- Of a date that the clock skips as a whole, the night that began on it still ends on the next day.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from policies.facts import Window
from policies.schedule import EVERY_DAY, Schedule, Weekly, spans

HORIZON = timedelta(days=32)
"""How far ahead a quiet instant is followed to its end."""

AGAIN = timedelta(hours=48)
"""After how long to ask again where no instant is free. Hours that are the same every day are
followed only so far: what they leave free later is a moment in the night of a change at most."""

AHEAD = timedelta(days=8)
"""How far ahead a start is looked for: a week and a day, as clocks change."""

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


def is_quiet(window: Window | Schedule, instant: datetime) -> bool:
    """Tell whether `instant` (aware) lies in the quiet hours."""
    schedule = _schedule(window)
    return _end_shown(schedule, _shown(schedule.zone, instant)) is not None


def quiet_until(
    windows: Iterable[Window | Schedule], now: datetime, *, awake_until: datetime | None = None
) -> datetime | None:
    """Return the first instant from `now` on at which nothing is quiet, in UTC.

    `None` if nothing is quiet at `now` (aware) itself, or if she is awake, whatever the hour,
    because `now` is before `awake_until` (aware). If no instant is free within `HORIZON`, or
    within `AGAIN` of hours that are the same every day, the answer is `now + AGAIN`, which is
    then still quiet: ask again.
    """
    start = now.astimezone(UTC)
    if awake_until is not None and start < awake_until:
        return None
    schedules = _schedules(windows)
    free = _first_free(schedules, start, AGAIN if all(map(_is_daily, schedules)) else HORIZON)
    if free is None:
        return start + AGAIN
    return None if free == start else free


def quiet_from(
    windows: Iterable[Window | Schedule], now: datetime, *, awake_until: datetime | None = None
) -> datetime | None:
    """Return the first instant from `now` (aware) on that is quiet, in UTC: `now` itself if it is.

    While she is awake, until `awake_until` (aware), nothing is quiet. `None` if there is no such
    instant within `AHEAD`.
    """
    start = now if awake_until is None else max(now, awake_until)
    return _first_quiet(_schedules(windows), start.astimezone(UTC), AHEAD)


def longest_hold(
    windows: Iterable[Window | Schedule], now: datetime, horizon: timedelta
) -> timedelta:
    """Return the longest wait for a free instant that can begin from `now` (aware) to `horizon`.

    A hold that goes on at `now` counts from `now`; one that begins before the horizon counts to
    its end. Zero if nothing is quiet. A hold of `HORIZON` or more is told as `HORIZON`.
    """
    schedules = _schedules(windows)
    start = now.astimezone(UTC)
    longest = timedelta()
    instant = _first_quiet(schedules, start, horizon)
    while instant is not None:
        free = _first_free(schedules, instant, HORIZON)
        if free is None:
            return HORIZON
        longest = max(longest, free - instant)
        instant = _first_quiet(schedules, free, start + horizon - free)
    return longest


def _schedules(windows: Iterable[Window | Schedule]) -> tuple[Schedule, ...]:
    return tuple(map(_schedule, windows))


def _schedule(window: Window | Schedule) -> Schedule:
    """A window is a schedule that is the same every day."""
    if isinstance(window, Schedule):
        return window
    return Schedule(zone=window.zone, weekly=(Weekly(start=window.start, end=window.end),))


def _is_daily(schedule: Schedule) -> bool:
    """Tell whether the hours are the same every day."""
    dates = schedule.dated or schedule.free
    return not dates and all(hours.days == EVERY_DAY for hours in schedule.weekly)


def _first_free(
    schedules: Sequence[Schedule], start: datetime, ahead: timedelta
) -> datetime | None:
    """Return the first instant from `start` (UTC) on, in less than `ahead`, when none is quiet."""
    instant, limit = start, start + ahead
    moved = True
    while moved:
        moved = False
        for schedule in schedules:
            end = _end(schedule, instant)
            if end is not None:
                instant, moved = end, True
        if instant >= limit:
            return None
    return instant


def _first_quiet(
    schedules: Sequence[Schedule], start: datetime, ahead: timedelta
) -> datetime | None:
    """Return the first instant from `start` (UTC) on, `ahead` included, at which one is quiet."""
    limit = start + ahead
    first = None
    for schedule in schedules:
        found = _start(schedule, start, limit)
        if found is not None:
            first = limit = found  # none of the others need be looked for after it
    return first


def _start(schedule: Schedule, instant: datetime, limit: datetime) -> datetime | None:
    """Return the first quiet instant from `instant` to `limit` (UTC), both included."""
    if not (schedule.weekly or schedule.dated):
        return None
    while instant <= limit:
        shown = _shown(schedule.zone, instant)
        if _end_shown(schedule, shown) is not None:
            return instant
        # A day at a time, so that no change of the clocks is stepped over.
        instant = _forward(schedule.zone, instant, _next_start_shown(schedule, shown) - shown)
    return None


def _end(schedule: Schedule, instant: datetime) -> datetime | None:
    """Return an instant up to which the schedule is quiet from `instant` (UTC) on, if it is.

    It is an end, or a change of the clocks if that comes first: then ask again.
    """
    shown = _shown(schedule.zone, instant)
    end = _end_shown(schedule, shown)
    return None if end is None else _forward(schedule.zone, instant, end - shown)


def _shown(zone: ZoneInfo, instant: datetime) -> datetime:
    """What the wall clock shows at an instant, as a naive datetime."""
    return instant.astimezone(zone).replace(tzinfo=None)


def _end_shown(schedule: Schedule, shown: datetime) -> datetime | None:
    """Return the latest end, on the wall clock, of the hours in which it shows `shown`, if any."""
    today = shown.date()
    ends = [
        end
        for day in (today - _DAY, today)
        for begin, end in spans(schedule, day)
        if begin <= shown < end
    ]
    return max(ends, default=None)


def _next_start_shown(schedule: Schedule, shown: datetime) -> datetime:
    """Return the next start on the wall clock after `shown`, but at most a day on."""
    today = shown.date()
    starts = (begin for day in (today, today + _DAY) for begin, _ in spans(schedule, day))
    return min((begin for begin in starts if begin > shown), default=shown + _DAY)


def _forward(zone: ZoneInfo, instant: datetime, by: timedelta) -> datetime:
    """Return the instant when the clock has gone on `by`, or was changed if that comes first."""
    then = instant + by
    before = instant.astimezone(zone).utcoffset()
    return then if then.astimezone(zone).utcoffset() == before else _change(zone, instant, then)


def _change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """Return the instant in (before, after], a whole second, at which the offset changes."""
    offset = before.astimezone(zone).utcoffset()
    low, high = before.replace(microsecond=0), after.replace(microsecond=0)
    while high - low > _SECOND:
        middle = low + (high - low) // _SECOND // 2 * _SECOND
        if middle.astimezone(zone).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return high
