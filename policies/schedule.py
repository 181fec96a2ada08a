"""Quiet hours as values: weekly hours, hours of single dates, and dates that are free of them.

A schedule is what its owner keeps for herself on the wall clock of one zone. Three rules say which
hours those are:

- Hours belong to the day they begin on. `fri 23:00-09:00` is Friday night, and ends on Saturday.
  If the start is later than the end, the end is that of the next day. Equal ends mean off.
- Hours of a date are added to the weekly ones, whatever weekday it is.
- On a free date no weekly hours begin. A night that began the evening before goes on to its end,
  and hours of that very date count.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

EVERY_DAY = frozenset(range(7))
END_OF_DAY = time.max
"""As an end it means 24:00, the very end of the day, which a `time` cannot say."""

_DAY = timedelta(days=1)
_LATEST_END = 2 * _DAY
"""A night ends on the next day, and a clock set back over midnight shows a day once more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weekly:
    """Hours that begin on weekdays: 0 is Monday, as in `date.weekday`. At least one day."""

    days: frozenset[int] = EVERY_DAY
    start: time
    end: time

    def __post_init__(self) -> None:
        if not self.days or self.days - EVERY_DAY:
            raise ValueError("weekly hours begin on one weekday or more, of 0 to 6")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated:
    """Hours that begin on one date only: a memorial day, or one evening of silence."""

    day: date
    start: time
    end: time


@dataclass(frozen=True, slots=True, kw_only=True)
class Free:
    """A date on which no weekly hours begin."""

    day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """All hours that one group or one member keeps for herself, on the clock of one zone."""

    zone: ZoneInfo
    weekly: tuple[Weekly, ...] = ()
    dated: tuple[Dated, ...] = ()
    free: tuple[Free, ...] = ()


def spans(schedule: Schedule, day: date) -> Iterator[tuple[datetime, datetime]]:
    """Yield start and end of the hours that begin on `day`, as naive times of the wall clock.

    They may overlap. The clock may show a part of them twice, or not at all.
    """
    if schedule.weekly and not any(free.day == day for free in schedule.free):
        weekday = day.weekday()
        for weekly in schedule.weekly:
            if weekday in weekly.days and weekly.start != weekly.end:
                yield _span(day, weekly.start, weekly.end)
    for dated in schedule.dated:
        if dated.day == day and dated.start != dated.end:
            yield _span(day, dated.start, dated.end)


def _span(day: date, start: time, end: time) -> tuple[datetime, datetime]:
    begin = datetime.combine(day, start)
    if end == END_OF_DAY:
        return begin, datetime.combine(day + _DAY, time())
    return begin, datetime.combine(day if start < end else day + _DAY, end)


def binding(
    group: Schedule | None, member: Schedule | None, *, may_narrow: bool = True
) -> tuple[Schedule, ...]:
    """Return the schedules that bind a reader: she is to be left alone when any of them says so.

    Her own always counts. The group's counts as well, unless the group lets its members narrow it
    and she has weekly hours of her own, be they off. Hours of single dates are not such: who asks
    for one evening of silence does not give up her nights. `None` is nothing set.
    """
    narrowed = may_narrow and member is not None and bool(member.weekly)
    bound = (None if narrowed else group, member)
    return tuple(schedule for schedule in bound if schedule is not None)


def without_past(schedule: Schedule, now: datetime) -> Schedule:
    """Return the schedule without the dates that can count no more at `now` (aware) or later."""
    past = now.astimezone(schedule.zone).date() - _LATEST_END
    return replace(
        schedule,
        dated=tuple(dated for dated in schedule.dated if dated.day > past),
        free=tuple(free for free in schedule.free if free.day > past),
    )
