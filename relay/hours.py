"""Quiet hours as people write them, and as they are shown back: one line.

    22:00-07:00
    mon-fri 22:00-07:00, sat sun 23:00-09:00, 2026-12-24 18:00-23:59, free 2026-12-31

What is shown can be typed again and means the same. More is understood than is shown: `22-7`,
`10pm-7am`, `every night 10 pm to 7 am`, `sundays all day`. What could mean two things is refused:
of `10-7` nobody can tell whether it spares the night or the day.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from policies.schedule import END_OF_DAY, EVERY_DAY, Dated, Free, Schedule, Weekly
from policies.windows import HORIZON, longest_hold
from relay.errors import RefusalError
from relay.model import read_day, read_zone

MORNING = time(7)
"""When a silence ends that was asked for without an end."""

OFF = "off"

_MOST = 20
_LONGEST = 1000  # more than `_MOST` entries fill when shown back
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SHORT = tuple(day[:3] for day in _DAYS)
_SETS = dict.fromkeys(("daily", "day", "everyday", "nightly", "night"), EVERY_DAY) | {
    "weekdays": frozenset(range(5)),
    "weekend": frozenset({5, 6}),
    "weekends": frozenset({5, 6}),
}
_EMPTY_WORDS = frozenset({"and", "at", "every", "on"})
_NEVER = Weekly(start=time(), end=time())
_SOME_TIMES = (datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 7, 6, tzinfo=UTC))

_TIME = re.compile(r"(\d{1,2})(?:[:.h](\d{2})|h)?([ap]m)?")
_DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}")
_SPELLINGS = (
    (re.compile("[\u2010-\u2015\u2212]"), "-"),
    (re.compile(r"(?<=\d)\s*([ap])\.?\s?m\b\.?"), r"\1m"),
    (re.compile(r"\ball[ -]day\b"), "00:00-24:00"),
    (re.compile(r"\s+(?:to|till|until)\s+"), "-"),
    (re.compile(r"\s*-\s*"), "-"),
)

_HOW = (
    "Quiet hours are written as 22:00-07:00, with days or dates before them if you like, "
    "for example: sat sun 23:00-09:00."
)


class UnclearError(RefusalError):
    """Nobody can tell whether a time is of the morning or of the evening."""


class FullError(RefusalError):
    """No time is left free."""


def read_schedule(text: str, zone: str) -> Schedule:
    """Read quiet hours on the clock of an IANA zone. Raises `RefusalError`.

    `off`, and hours whose start is their end, are weekly hours in which nothing is quiet.
    """
    if len(text) > _LONGEST:
        raise RefusalError(f"Quiet hours have at most {_LONGEST} characters.")
    entries = [made for entry in _entries(text) for made in _read_entry(entry)]
    if not entries:
        raise RefusalError(_HOW)
    if len(entries) > _MOST:
        raise RefusalError(f"Quiet hours have at most {_MOST} parts.")
    schedule = Schedule(
        zone=read_zone(zone),
        weekly=tuple(entry for entry in entries if isinstance(entry, Weekly)),
        dated=tuple(entry for entry in entries if isinstance(entry, Dated)),
        free=tuple(entry for entry in entries if isinstance(entry, Free)),
    )
    _check_that_time_is_left(schedule)
    return schedule


@lru_cache(maxsize=512)
def read_time(text: str) -> time:
    """Read one time of day, `8:00` or `8pm`. Raises `RefusalError`."""
    return _read_start(_plain(text))


def leaves_time(schedules: Sequence[Schedule]) -> bool:
    """Tell whether hours leave some time in which a message could come, in winter and summer."""
    plain = [replace(schedule, dated=(), free=()) for schedule in schedules]
    return all(longest_hold(plain, at, timedelta()) < HORIZON for at in _SOME_TIMES)


def write_schedule(schedule: Schedule) -> str:
    """Write quiet hours, without their zone, as `read_schedule` reads them; empty for none."""
    return ", ".join(
        (
            *(_write_weekly(hours) for hours in schedule.weekly),
            *(f"{hours.day} {_write_hours(hours)}" for hours in schedule.dated),
            *(f"free {free.day}" for free in schedule.free),
        )
    )


def read_silence(text: str, zone: str, now: datetime) -> Dated:
    """Read a silence that is wanted once: `tonight from 20:00`, `tomorrow 18-20`. Raises as above.

    Today is the date on the clock of the zone at `now` (aware). Without an end it lasts until
    `MORNING`. What is over already is refused.
    """
    shown = now.astimezone(read_zone(zone)).replace(tzinfo=None)
    days = {"tonight": shown.date(), "today": shown.date()}
    days["tomorrow"] = shown.date() + timedelta(days=1)
    words = _plain(text).split()
    day = shown.date()
    if words and words[0] in days:
        day = days[words.pop(0)]
    elif len(words) > 1 and words[0][:1].isdecimal():
        day = read_day(words.pop(0))
    start, end = _read_silent_hours(words)
    ends = datetime.combine(day, end) + timedelta(days=end <= start)
    if ends <= shown or start == end:
        raise RefusalError("These hours are over already, or have no length.")
    return Dated(day=day, start=start, end=end)


def _read_silent_hours(words: list[str]) -> tuple[time, time]:
    match words:
        case ["from", start] if "-" not in start:
            return _read_start(start), MORNING
        case [hours] | ["from", hours]:
            return _read_hours(hours)
        case _:
            raise RefusalError(
                "A silence is written as: tonight from 20:00, or tomorrow 18:00-20:00."
            )


def _entries(text: str) -> Iterator[list[str]]:
    """Yield the words of each entry; days before a comma belong to the hours after it."""
    days: list[str] = []
    for part in re.split(r"[,;\n]", _plain(text)):
        words = [word for word in part.split() if word not in _EMPTY_WORDS]
        if words and all(_read_days(word) for word in words):
            days += words
        elif words:
            yield days + words
            days = []
    if days:
        raise RefusalError("After the days, say the hours, for example: sat sun 23:00-09:00.")


def _plain(text: str) -> str:
    """One spelling of dashes, widths, cases and of the halves of the day."""
    plain = unicodedata.normalize("NFKC", text).casefold().strip()
    for pattern, instead in _SPELLINGS:
        plain = pattern.sub(instead, plain)
    return plain


def _read_entry(words: list[str]) -> Iterator[Weekly | Dated | Free]:
    *before, last = words
    if words == [OFF]:
        yield _NEVER
    elif _DATE.fullmatch(last) and words[0] != "free":
        raise RefusalError("After a date, say the hours, for example: 2026-12-24 18:00-23:59.")
    elif words[0] == "free":
        if not before:
            raise RefusalError("After free, say the date, for example: free 2026-12-31.")
        yield from (Free(day=read_day(word)) for word in words[1:])
    elif before and before[0][0].isdecimal():
        start, end = _read_hours(last)
        yield from (Dated(day=read_day(word), start=start, end=end) for word in before)
    else:
        days = [_read_days(word) for word in before]
        if not all(days):
            raise RefusalError(_HOW)
        start, end = _read_hours(last)
        yield Weekly(days=frozenset().union(*days) or EVERY_DAY, start=start, end=end)


def _read_days(word: str) -> frozenset[int]:
    """Read `sun`, `mondays`, `mon-fri`, `weekends`; empty if it is something else."""
    if word in _SETS:
        return _SETS[word]
    first, dash, last = word.partition("-")
    start, end = _day_number(first), _day_number(last if dash else first)
    if start is None or end is None:
        return frozenset()
    return frozenset((start + n) % 7 for n in range((end - start) % 7 + 1))


def _day_number(word: str) -> int | None:
    found = (n for n, day in enumerate(_DAYS) if len(word) > 2 and f"{day}s".startswith(word))
    return next(found, None)


def _read_hours(text: str) -> tuple[time, time]:
    start, dash, end = text.partition("-")
    if not dash or not text[0].isdecimal():
        raise RefusalError(_HOW)
    return _read_start(start, beside=end), _read_time(end, beside=start)


def _read_start(text: str, *, beside: str = "") -> time:
    start = _read_time(text, beside=beside)
    if start == END_OF_DAY:
        raise RefusalError("Hours that begin at midnight are written with 00:00.")
    return start


def _read_time(text: str, *, beside: str = "") -> time:
    """Read one time of day; `beside` is the other one, which may tell what clock is meant."""
    found = _TIME.fullmatch(text)
    if not found:
        raise RefusalError("A time of day is written as HH:MM, for example 22:00.")
    hour, minute, half = int(found[1]), int(found[2] or 0), found[3]
    if _is_unclear(text, beside):
        raise UnclearError(
            "Please say am or pm with both times, or write HH:MM: 10pm-7am or 22:00-07:00."
        )
    if half:
        if not 1 <= hour <= 12:
            raise RefusalError("With am or pm, the hours go from 1 to 12.")
        hour = hour % 12 + (12 if half == "pm" else 0)
    if (hour, minute) == (24, 0):
        return END_OF_DAY
    if hour > 23 or minute > 59:
        raise RefusalError("A time of day goes from 00:00 to 24:00.")
    return time(hour, minute)


def _is_unclear(text: str, beside: str) -> bool:
    """Tell whether a time may mean the morning or the evening.

    A bare hour does, if neither time shows that the clock has 24 hours: `10-7`. So does one
    without am or pm beside one with it: `10pm-7`.
    """
    halves = [each.endswith("m") for each in (text, beside) if each]
    if any(halves):
        return not all(halves)
    shows_24 = any(
        each[:1] == "0" or "h" in each or ((hour := _TIME.match(each)) and int(hour[1]) > 12)
        for each in (text, beside)
    )
    return text.isdecimal() and not shows_24


def _check_that_time_is_left(schedule: Schedule) -> None:
    """Weekly hours that leave no minute free would never let anything through."""
    plain = replace(schedule, zone=ZoneInfo("UTC"), dated=(), free=())
    if not leaves_time((plain,)):
        raise FullError("These quiet hours leave no time in which a message could come.")


def _write_weekly(hours: Weekly) -> str:
    return OFF if hours == _NEVER else _write_days(hours.days) + _write_hours(hours)


def _write_days(days: Iterable[int]) -> str:
    """Write weekdays with a space behind: `mon-fri `, `sat sun `; nothing for every day."""
    ordered = sorted(days)
    if len(ordered) == len(_DAYS):
        return ""
    runs: list[list[int]] = []
    for day in ordered:
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return "".join(_write_run(run) for run in runs)


def _write_run(run: list[int]) -> str:
    if len(run) > 2:
        return f"{_SHORT[run[0]]}-{_SHORT[run[-1]]} "
    return "".join(f"{_SHORT[day]} " for day in run)


def _write_hours(hours: Weekly | Dated) -> str:
    return f"{_write_time(hours.start)}-{_write_time(hours.end)}"


def _write_time(moment: time) -> str:
    return "24:00" if moment == END_OF_DAY else f"{moment:%H:%M}"
