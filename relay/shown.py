"""Times as they are shown to one person: on her own clock, and short."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from relay.model import GroupSettings, MemberSettings, read_zone

_SOON = timedelta(hours=23)


def clock_of(member: MemberSettings, group: GroupSettings) -> ZoneInfo:
    """The clock she lives by: her own, or that of her group. Raises `RefusalError`."""
    return read_zone(member.timezone or group.timezone)


def shown_time(at: datetime, zone: ZoneInfo, now: datetime) -> str:
    """Show an instant: `08:00` if it is the next time her clock shows that, else with its date."""
    soon = timedelta(0) <= at - now < _SOON
    return f"{at.astimezone(zone):{'%H:%M' if soon else '%Y-%m-%d %H:%M'}}"


def city(zone: str) -> str:
    """Show a zone by its city: `America/New_York` as `New York`."""
    return zone.rpartition("/")[2].replace("_", " ")
