"""The last day of a group, on its own clock. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from relay.errors import RefusalError
from relay.model import GroupSettings, read_day, read_zone

AHEAD = (14, 7, 1)
"""So many days before the last one, at the latest, a group is told of it."""
MORNING = time(10)
"""From when on, on the clock of the group, it is told of its end, and closed."""

_DAY = timedelta(days=1)


def today(settings: GroupSettings, now: datetime) -> date:
    """The day it is where the group is."""
    return now.astimezone(read_zone(settings.timezone)).date()


def over_at(settings: GroupSettings) -> datetime | None:
    """When the last day is over (aware, UTC); `None` for a group without end."""
    if not settings.ends:
        return None
    return _at(read_day(settings.ends) + _DAY, time(), settings)


def closing_at(settings: GroupSettings) -> datetime | None:
    """From when on the group may be closed: the morning after its last day (aware, UTC)."""
    if not settings.ends:
        return None
    return _at(read_day(settings.ends) + _DAY, MORNING, settings)


def _at(day: date, hour: time, settings: GroupSettings) -> datetime:
    return datetime.combine(day, hour, read_zone(settings.timezone)).astimezone(UTC)


def to_announce(settings: GroupSettings, now: datetime) -> int | None:
    """Which of `AHEAD` the group is to be told now, if it has not been."""
    if not settings.ends or now.astimezone(read_zone(settings.timezone)).time() < MORNING:
        return None
    left = (read_day(settings.ends) - today(settings, now)).days
    due = min((ahead for ahead in AHEAD if 0 <= left <= ahead), default=None)
    return None if due is None or told(settings) <= due else due


def is_told(settings: GroupSettings) -> bool:
    """Whether the group has been told of its present last day."""
    return bool(settings.ends) and told(settings) <= max(AHEAD)


def told(settings: GroupSettings) -> int:
    """Which of `AHEAD` the group has been told of its present last day; else a larger number."""
    day, _, ahead = settings.end_told.partition(" ")
    return int(ahead) if day == settings.ends and ahead else max(AHEAD) + 1


def gone_on(settings: GroupSettings) -> date | None:
    """The day on which a closed group is destroyed; `None` as long as it is not closed."""
    if not settings.ended:
        return None
    return read_day(settings.ended) + timedelta(days=settings.keep_roster)


def refuse_too_soon(settings: GroupSettings, now: datetime) -> None:
    """Raises `RefusalError` unless everybody can still be told of the last day before it is over.

    On a day of which half is gone nobody might be: an end is never a surprise by mistake.
    """
    if settings.ends and read_day(settings.ends) <= today(settings, now):
        raise RefusalError(
            "The last day of the group is tomorrow or later; `relay group close` ends it at once."
        )


def moved(settings: GroupSettings, ends: str) -> GroupSettings:
    """The settings with another last day, of which nobody has been told, even if it was so once."""
    return replace(settings, ends=ends, end_told="")


def extended(settings: GroupSettings, typed: str, now: datetime) -> GroupSettings:
    """The settings with a later last day. Raises `RefusalError`."""
    if not settings.ends:
        raise RefusalError("This group has no last day, so there is nothing to extend.")
    day = read_day(typed.strip())
    if day <= read_day(settings.ends):
        raise RefusalError(f"The last day is {settings.ends} so far; name a later one.")
    longer = moved(settings, ends=day.isoformat())
    refuse_too_soon(longer, now)
    return longer
