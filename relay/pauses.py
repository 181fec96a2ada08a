"""How long somebody wants to rest, as she writes it: `3d`, `8 hours`, `until monday`."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from relay.errors import RefusalError
from relay.hours import MORNING
from relay.model import read_day
from relay.words.times import in_plain_words

LONGEST_PAUSE = timedelta(days=90)

_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_LENGTH = re.compile(r"(?:for )?(\d{1,4}) ?(h|hours?|d|days?|w|weeks?)")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TIME = re.compile(r"(?:at )?(\d{1,2})(?:[:.h](\d{2})|h)")
_DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}")
_HOW = "A pause is written as: 3d, 8h, or until monday."


class PauseLengthError(RefusalError):
    """It ends before it begins, or too late."""


def read_pause(text: str, zone: ZoneInfo, now: datetime) -> datetime:
    """Return when a pause ends that is asked for at `now`, both aware. Raises `RefusalError`.

    A day ends it at `relay.hours.MORNING` of her clock, so that nothing comes at midnight.
    """
    said = in_plain_words(text) or ""
    length = _LENGTH.fullmatch(said)
    if length is not None:
        until = now + int(length[1]) * _UNITS[length[2][0]]
    elif said.startswith(("until ", "till ")):
        until = _read_end(said.partition(" ")[2], zone, now)
    else:
        raise RefusalError(_HOW)
    if not now < until <= now + LONGEST_PAUSE:
        raise PauseLengthError(f"A pause ends within {LONGEST_PAUSE.days} days from now.")
    return until


def _read_end(said: str, zone: ZoneInfo, now: datetime) -> datetime:
    shown = now.astimezone(zone)
    clock = _TIME.fullmatch(said)
    if clock is not None:
        hour, minute = int(clock[1]), int(clock[2] or 0)
        if hour > 23 or minute > 59:
            raise RefusalError("A time of day goes from 00:00 to 23:59.")
        end = _at(shown, 0, time(hour, minute))
        return end if end > now else _at(shown, 1, time(hour, minute))
    if _DATE.fullmatch(said):
        return _at(shown, (read_day(said) - shown.date()).days, MORNING)
    if said == "tomorrow":
        return _at(shown, 1, MORNING)
    day = _DAYS.index(said[:3]) if said[:3] in _DAYS else None
    if day is None or " " in said:
        raise RefusalError(_HOW)
    return _at(shown, (day - shown.weekday() - 1) % 7 + 1, MORNING)


def _at(shown: datetime, days: int, clock: time) -> datetime:
    """The instant of a wall clock some days on, in UTC; a time it skips comes an hour later."""
    day = shown.date() + timedelta(days=days)
    return datetime.combine(day, clock, shown.tzinfo).astimezone(UTC)
