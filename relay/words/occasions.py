"""When something planned is to come: once, on a weekday, or every day; on the clock of a group.

Pure. `2026-12-24 18:00`, `monday 18:00`, `every monday 18:00`, `daily 9:00`, `18:00`.
"""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from policies.schedule import END_OF_DAY, EVERY_DAY, Dated, Schedule
from policies.windows import quiet_from
from relay.words.times import in_plain_words

_MOST_WORDS = 7
"""Of so many a time is made at the most, as people write it: `todos los lunes a las 18:00`."""
_AHEAD = 400
"""Days for which the next time is looked for."""
_DAY = timedelta(days=1)

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SETS = {
    **dict.fromkeys(("daily", "everyday", "every day"), EVERY_DAY),
    "weekdays": frozenset(range(5)),
    "weekends": frozenset({5, 6}),
}
_TIME = re.compile(r"(\d{1,2})(?:[:.h](\d{2})|h)? ?(am|pm)?")
_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_JOINED = re.compile(r"(?<=\d)(?=[\u2e80-\uffef])")
"""Where a time ends in a script without spaces."""
_FILL = frozenset(("at", "on", "the", "to"))
_EVERY = re.compile(
    r"(?:cada|todos los|todas las|chaque|tous les|toutes les|jeden|jede|jedes|todo|toda|todos os|"
    r"todas as|كل)\s+|每个?",
    re.IGNORECASE,
)
"""`every` in the other languages, in front of a weekday."""
_DAILY = re.compile(
    r"(?:tous les jours|t\u00e4glich|diariamente|todos os dias)(?= )", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """A time of day, and the days on which it counts."""

    at: time
    days: frozenset[int] = frozenset()
    """Weekdays on which it comes again and again; 0 is Monday."""
    day: str = ""
    """One day: a date, a weekday, `today` or `tomorrow`; empty: the next time that the clock shows
    it."""

    @property
    def repeats(self) -> bool:
        """Whether it comes again and again."""
        return bool(self.days)


def split(text: str) -> tuple[Occasion, str] | None:
    """Read a time and the words behind it; `None` if the text begins with no time."""
    return _split(text) or _split(_JOINED.sub(" ", text, count=1))


def _split(text: str) -> tuple[Occasion, str] | None:
    words = text.split()
    for count in range(min(_MOST_WORDS, len(words)), 0, -1):
        occasion = _read_head(" ".join(words[:count]))
        if occasion is not None:
            return occasion, _rest(text, count)
    return None


def begins(text: str) -> bool:
    """Whether a text begins with a time."""
    return split(text) is not None


def next_time(occasion: Occasion, zone: ZoneInfo, after: datetime) -> datetime | None:
    """The first such instant after `after` (aware), in UTC; `None` if it is over.

    A time that the clock skips comes at the first instant after the skip, one that it shows twice
    comes once, at the first.
    """
    today = after.astimezone(zone).date()
    for ahead in range(-1, _AHEAD):
        day = today + ahead * _DAY
        if _counts(occasion, day, today):
            instant = _instant(day, occasion.at, zone)
            if instant is not None and instant > after:
                return instant
    return None


def fixed(occasion: Occasion, instant: datetime, zone: ZoneInfo) -> Occasion:
    """An occasion that comes once, with its date instead of `monday` or `tomorrow`."""
    if occasion.repeats:
        return occasion
    return Occasion(at=occasion.at, day=instant.astimezone(zone).date().isoformat())


def to_json(occasion: Occasion) -> str:
    """As it is stored."""
    return json.dumps([f"{occasion.at:%H:%M}", sorted(occasion.days), occasion.day])


def from_json(text: str) -> Occasion:
    """What `to_json` wrote."""
    at, days, day = json.loads(text)
    return Occasion(at=time.fromisoformat(at), days=frozenset(days), day=day)


def _counts(occasion: Occasion, day: date, today: date) -> bool:
    if occasion.repeats:
        return day.weekday() in occasion.days
    if occasion.day in _WEEKDAYS:
        return day.weekday() == _WEEKDAYS.index(occasion.day) and day >= today
    if occasion.day in {"today", "tomorrow"}:
        return day == today + (occasion.day == "tomorrow") * _DAY
    return not occasion.day or day.isoformat() == occasion.day


def _instant(day: date, at: time, zone: ZoneInfo) -> datetime | None:
    """When the clock first shows a time of a day, or a later one of it; `None` if never."""
    rest_of_day = Schedule(zone=zone, dated=(Dated(day=day, start=at, end=END_OF_DAY),))
    return quiet_from((rest_of_day,), datetime.combine(day, time(), UTC) - 2 * _DAY)


def _read_head(head: str) -> Occasion | None:
    """Read a time in any of the languages."""
    head = _DAILY.sub("daily", head, count=1)
    found = _read(_plain(in_plain_words(head) or head))
    every = _EVERY.match(head)
    if found is None and every is not None:
        rest = re.sub(r"^(\w+di)s\b", r"\1", head[every.end() :])  # `tous les lundis`
        found = _read(_plain(f"every {in_plain_words(rest) or rest}"))
    return found


def _plain(text: str) -> str:
    small = unicodedata.normalize("NFKC", text).casefold().strip(" :,")
    small = re.sub(r"(?<=[a-z])-(?=\d)", " ", small)  # `lunes a las 18:00` is no span
    return " ".join(word for word in small.split() if word not in _FILL)


def _rest(text: str, count: int) -> str:
    """What stands behind the first words, as it was written."""
    return re.sub(rf"^\s*(?:\S+\s*){{{count}}}", "", text, count=1).strip()


def _read(said: str) -> Occasion | None:
    found = re.fullmatch(rf"(.*?)(?:^|(?<= ))({_TIME.pattern})", said)
    at = _time(found[2]) if found else None
    if found is None or at is None:
        return None
    day = found[1].strip()
    if not day:
        return Occasion(at=at)
    days = _SETS.get(day) or _every(day)
    if days:
        return Occasion(at=at, days=days)
    once = _once(day)
    return Occasion(at=at, day=once) if once else None


def _every(day: str) -> frozenset[int]:
    """Read `every monday` and `mondays`."""
    every = day.startswith("every ")
    name = _weekday(day.removeprefix("every ").removesuffix("s"))
    return (
        frozenset({name}) if name is not None and (every or day.endswith("days")) else frozenset()
    )


def _once(day: str) -> str:
    """Read a single day; empty if it is none."""
    number = _weekday(day)
    if number is not None:
        return _WEEKDAYS[number]
    if day in {"today", "tonight"}:
        return "today"
    found = _DATE.fullmatch(day)
    if found is None:
        return day if day == "tomorrow" else ""
    try:
        return date(int(found[1]), int(found[2]), int(found[3])).isoformat()
    except ValueError:
        return ""


def _weekday(name: str) -> int | None:
    found = (n for n, day in enumerate(_WEEKDAYS) if len(name) > 2 and day.startswith(name))
    return next(found, None)


def _time(text: str) -> time | None:
    """Read a time of day that can mean one thing only: not a bare number."""
    found = _TIME.fullmatch(text)
    if found is None or text.isdecimal():
        return None
    hour, minute, half = int(found[1]), int(found[2] or 0), found[3]
    if half and not 1 <= hour <= 12:
        return None
    hour = hour % 12 + 12 * (half == "pm") if half else hour
    return time(hour, minute) if hour < 24 and minute < 60 else None
