"""Quiet hours of every zone there is, at every change of its clocks, against a table of minutes."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from random import Random  # noqa: TID251 - seeded, so that a run can be repeated
from zoneinfo import ZoneInfo

import pytest

from policies.facts import Window
from policies.schedule import Schedule
from tests.support.minutetable import (
    changes,
    compare,
    offset,
    random_schedule,
    table_around,
    utc,
)

FIRST, LAST = 2020, 2031
SCHEDULES = 4
STEP = 7
"""Minutes between the instants compared besides the edges: coprime to hours and quarters."""

SPANS = (
    (time(22), time(7)),
    (time(1, 30), time(5)),  # starts in the hour that is often repeated or skipped
    (time(22), time(2, 30)),  # ends in it
    (time(2, 15), time(2, 45)),  # lies in it
    (time(0), time(23, 59)),
)

Clock = tuple[tuple[datetime, timedelta | None], ...]


def clocks() -> dict[Clock, str]:
    """Every zone of the database by what its clock does: those that agree are compared once."""
    seen: dict[Clock, str] = {}
    for name in sorted(zoneinfo.available_timezones()):
        zone = ZoneInfo(name)
        moments = [utc(FIRST, 1, 1), *changes(zone, FIRST, LAST)]
        clock = tuple((at, offset(zone, at + timedelta(hours=2))) for at in moments)
        seen.setdefault(clock, name)
    return seen


def wishes(chance: Random, zone: ZoneInfo, at: datetime) -> Iterator[Window | Schedule]:
    """One daily window, and several made-up schedules whose edges lie around the change."""
    yield Window(*chance.choice(SPANS), zone)
    for _ in range(SCHEDULES):
        yield random_schedule(chance, zone, at)


@pytest.mark.proof
@pytest.mark.timeout(7200)
def test_every_zone_for_ten_years_against_the_minute_table() -> None:
    """Every IANA zone, every change of 2020 to 2030, 30 hours around it, quiet 8 days ahead."""
    seen = clocks()
    chance = Random(2026)
    found = compared = 0
    for clock, name in seen.items():
        zone = ZoneInfo(name)
        for at, _ in clock:
            table = table_around(name, at)
            for wish in wishes(chance, zone, at):
                compared += compare(table, wish, STEP)
        found += len(clock) - 1
    assert compared > 1_000_000
    print(f"quiet_hours.zones {len(zoneinfo.available_timezones())}")
    print(f"quiet_hours.different_clocks {len(seen)}")
    print(f"quiet_hours.changes {found}")
    print(f"quiet_hours.instants_compared {compared}")
    print("quiet_hours.mistakes 0")
