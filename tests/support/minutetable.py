"""An oracle for quiet hours: a table of every minute, with clocks read by a second library.

It reads wall clocks with `whenever` and paints hours minute by minute onto a calendar; the code
under test uses `zoneinfo` and jumps. What both agree on is right for both.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random  # noqa: TID251 - the caller seeds it, so that a run can be repeated
from zoneinfo import ZoneInfo

from whenever import Instant

from policies.facts import Window
from policies.schedule import END_OF_DAY, EVERY_DAY, Dated, Free, Schedule, Weekly
from policies.windows import AHEAD, is_quiet, longest_hold, quiet_from, quiet_until

MINUTE = timedelta(minutes=1)
DAY = 24 * 60
AROUND = timedelta(hours=30)
"""How long before a change of the clocks a table begins, and how long after it it is compared."""

COMPARED = 2 * AROUND // MINUTE
LENGTH = COMPARED + AHEAD // MINUTE + 1


@dataclass(frozen=True, slots=True)
class Table:
    """What the clock of a zone shows at each minute from `begin` (UTC) on."""

    zone: str
    begin: datetime
    shown: list[int]
    """Minutes since the day 0 of `date.toordinal`, by the date and time shown."""


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    """Return an instant."""
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


def table_around(zone: str, change: datetime) -> Table:
    """Read the clock of the zone from 30 hours before `change` until 9 days after it."""
    begin = change - AROUND
    first = Instant(begin)
    shown = []
    for n in range(LENGTH):
        clock = first.add(minutes=n).to_tz(zone)
        day = date(clock.year, clock.month, clock.day).toordinal()
        shown.append((day * 24 + clock.hour) * 60 + clock.minute)
    return Table(zone, begin, shown)


def painted(schedule: Schedule, shown: list[int]) -> list[bool]:
    """Tell for each minute whether it is quiet, by the wall clock alone."""
    first, last = min(shown) // DAY - 1, max(shown) // DAY
    calendar = bytearray((last - first + 3) * DAY)
    for day in range(first, last + 1):
        for start, end in begun_on(schedule, date.fromordinal(day)):
            at = (day - first) * DAY
            calendar[at + start : at + end] = b"\1" * (end - start)
    return [bool(calendar[minute - first * DAY]) for minute in shown]


def begun_on(schedule: Schedule, day: date) -> Iterator[tuple[int, int]]:
    """Yield the hours that begin on a date, in minutes of that date; nights go beyond its end."""
    spans = [(d.start, d.end) for d in schedule.dated if d.day == day]
    if Free(day=day) not in schedule.free:
        spans += [(w.start, w.end) for w in schedule.weekly if day.weekday() in w.days]
    for start, end in spans:
        begin = start.hour * 60 + start.minute
        finish = DAY if end == END_OF_DAY else end.hour * 60 + end.minute
        if finish != begin:
            yield begin, finish + DAY * (finish < begin)


def compare(table: Table, quiet_hours: Window | Schedule, step: int) -> int:
    """Compare the code with the table at each edge and every `step`th minute; count instants."""
    schedule = quiet_hours
    if isinstance(schedule, Window):
        weekly = Weekly(start=schedule.start, end=schedule.end)
        schedule = Schedule(zone=schedule.zone, weekly=(weekly,))
    quiet = painted(schedule, table.shown)
    free: int | None = None
    silent: int | None = None
    compared = 0
    for n in reversed(range(LENGTH)):
        free, silent = (free, n) if quiet[n] else (n, silent)
        edge = n > 0 and quiet[n] != quiet[n - 1]
        if n < COMPARED and (edge or n % step == 0):
            compare_at(table, quiet_hours, n, free=free if quiet[n] else None, silent=silent)
            compared += 1
    compare_longest(table, quiet_hours, quiet)
    return compared


def compare_at(
    table: Table, quiet_hours: Window | Schedule, n: int, *, free: int | None, silent: int | None
) -> None:
    """Compare one instant; `free` and `silent` are the minutes when quiet ends and begins."""
    now = table.begin + n * MINUTE
    until = None if free is None else table.begin + free * MINUTE
    begins = None if silent is None else table.begin + silent * MINUTE
    if begins is not None and begins - now > AHEAD:
        begins = None
    assert is_quiet(quiet_hours, now) == (begins == now), (table.zone, quiet_hours, now)
    assert quiet_until([quiet_hours], now) == until, (table.zone, quiet_hours, now)
    assert quiet_from([quiet_hours], now) == begins, (table.zone, quiet_hours, now)


def compare_longest(table: Table, quiet_hours: Window | Schedule, quiet: list[bool]) -> None:
    """Compare the longest hold that begins in the part of the table that is compared."""
    longest = run = 0
    for n, silent in enumerate(quiet):
        run = run + 1 if silent and (run or n <= COMPARED) else 0
        longest = max(longest, run)
    found = longest_hold([quiet_hours], table.begin, COMPARED * MINUTE)
    assert found == longest * MINUTE, (table.zone, quiet_hours, table.begin)


def changes(zone: ZoneInfo, first: int, last: int) -> Iterator[datetime]:
    """Yield the full hours just before the zone's clocks change, `last` year excluded."""
    hour, stride = timedelta(hours=1), timedelta(hours=8)
    at, end = utc(first, 1, 1), utc(last, 1, 1)
    while at < end:
        if offset(zone, at) != offset(zone, at + stride):
            hours = (at + n * hour for n in range(8))
            yield next(h for h in hours if offset(zone, h) != offset(zone, h + hour))
        at += stride


def offset(zone: ZoneInfo, at: datetime) -> timedelta | None:
    """Return how far the zone's clock is ahead of UTC."""
    return at.astimezone(zone).utcoffset()


def random_schedule(chance: Random, zone: ZoneInfo, near: datetime) -> Schedule:
    """Make up a schedule whose edges and dates lie where the clocks of the zone change."""
    day = near.astimezone(zone).date()
    weekly = []
    for _ in range(chance.randrange(4)):
        days = frozenset(chance.sample(range(7), chance.randint(1, 6)))
        start, end = _times(chance)
        weekly.append(Weekly(days=chance.choice((days, EVERY_DAY)), start=start, end=end))
    dated = []
    for _ in range(chance.randrange(3)):
        start, end = _times(chance)
        dated.append(Dated(day=day + timedelta(days=chance.randint(-2, 3)), start=start, end=end))
    if chance.randrange(3) == 0:
        dated.append(Dated(day=day, start=time(), end=END_OF_DAY))
    free = [
        Free(day=day + timedelta(days=chance.randint(-2, 2))) for _ in range(chance.randrange(3))
    ]
    return Schedule(zone=zone, weekly=tuple(weekly), dated=tuple(dated), free=tuple(free))


def _times(chance: Random) -> tuple[time, time]:
    """Two times of day, most of them between ten in the evening and four in the morning.

    None go on after noon, before one: no schedule is without a gap.
    """
    start, end = sorted(chance.randrange(-2 * 60, 4 * 60) for _ in range(2))
    if chance.randrange(4) == 0:
        start, end = sorted(chance.randrange(4 * 60, 12 * 60) for _ in range(2))
    if chance.randrange(4) == 0:
        start = chance.randrange(13 * 60, 22 * 60)
    stop = END_OF_DAY if end % DAY == 0 else _time(end)
    return _time(start), stop


def _time(minute: int) -> time:
    return time(*divmod(minute % DAY, 60))
