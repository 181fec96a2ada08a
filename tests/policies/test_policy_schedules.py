"""Schedules: weekdays, dates, free dates, who is bound by what, and clocks that change."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from random import Random  # noqa: TID251 - seeded, so that a run can be repeated
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.schedule import (
    END_OF_DAY,
    Dated,
    Free,
    Schedule,
    Weekly,
    binding,
    without_past,
)
from policies.windows import (
    AGAIN,
    AHEAD,
    HORIZON,
    is_quiet,
    longest_hold,
    quiet_from,
    quiet_until,
)
from tests.support.minutetable import (
    MINUTE,
    changes,
    compare,
    random_schedule,
    table_around,
    utc,
)

BERLIN = ZoneInfo("Europe/Berlin")
UTC_CLOCK = ZoneInfo("UTC")
WEEK = Schedule(
    zone=UTC_CLOCK,
    weekly=(
        Weekly(days=frozenset(range(5)), start=time(22), end=time(7)),
        Weekly(days=frozenset({5, 6}), start=time(23), end=time(9)),
    ),
)
NIGHTS = Schedule(zone=BERLIN, weekly=(Weekly(start=time(22), end=time(7)),))
ZONES = [
    "Africa/Cairo",  # changes at midnight
    "Africa/El_Aaiun",  # winter time in Ramadan
    "America/Havana",  # sets back to midnight
    "America/Nuuk",  # changes on the eve, at 22:00
    "America/Santiago",  # changes at 24:00: the same evening comes twice
    "America/St_Johns",
    "Antarctica/Troll",  # by two hours
    "Asia/Beirut",  # a gap at midnight, and back to the day before
    "Asia/Gaza",  # in and out of Ramadan
    "Atlantic/Azores",  # sets back to midnight
    "Australia/Lord_Howe",  # by half an hour
    "Europe/Berlin",
    "Pacific/Chatham",  # offset 12:45
]


def test_a_sample_of_zones_against_the_minute_table() -> None:
    """Made-up schedules, every edge and every half hour or so around two changes of each zone."""
    chance = Random(5)
    compared = 0
    for name in ZONES:
        zone = ZoneInfo(name)
        found = list(changes(zone, 2023, 2031))
        for at in chance.sample(found, 2):
            table = table_around(name, at)
            for _ in range(3):
                compared += compare(table, random_schedule(chance, zone, at), 29)
    assert compared > 10_000


@pytest.mark.parametrize(
    ("now", "until"),
    [
        (utc(2026, 1, 16, 22), utc(2026, 1, 17, 7)),  # Friday night, by Friday's hours
        (utc(2026, 1, 17, 8), None),  # Saturday morning belongs to Friday night
        (utc(2026, 1, 17, 22), None),  # Saturday begins later
        (utc(2026, 1, 17, 23), utc(2026, 1, 18, 9)),
        (utc(2026, 1, 18, 23), utc(2026, 1, 19, 9)),  # Monday morning belongs to Sunday night
        (utc(2026, 1, 19, 22), utc(2026, 1, 20, 7)),
    ],
)
def test_a_night_belongs_to_the_day_it_begins_on(now: datetime, until: datetime | None) -> None:
    """What holds on the morning after is decided by the evening before."""
    assert quiet_until([WEEK], now) == until
    assert is_quiet(WEEK, now) == (until is not None)


def test_hours_of_a_date_are_added_and_cross_midnight() -> None:
    """A memorial evening is quiet on its date only, on top of the weekly hours."""
    evening = Dated(day=date(2026, 1, 15), start=time(18), end=time(23, 30))
    night = Dated(day=date(2026, 1, 17), start=time(20), end=time(11))
    schedule = Schedule(zone=UTC_CLOCK, weekly=WEEK.weekly, dated=(evening, night))
    assert quiet_until([schedule], utc(2026, 1, 15, 18)) == utc(2026, 1, 16, 7)
    assert quiet_until([schedule], utc(2026, 1, 14, 18)) is None
    assert quiet_until([schedule], utc(2026, 1, 17, 21)) == utc(2026, 1, 18, 11)
    assert quiet_from([schedule], utc(2026, 1, 15, 12)) == utc(2026, 1, 15, 18)


def test_on_a_free_date_no_weekly_hours_begin() -> None:
    """New Year's Eve stays awake; the night before it and hours of that date itself count."""
    eve = date(2026, 12, 31)  # a Thursday
    schedule = Schedule(zone=UTC_CLOCK, weekly=WEEK.weekly, free=(Free(day=eve),))
    assert quiet_until([schedule], utc(2026, 12, 31, 3)) == utc(2026, 12, 31, 7)
    assert quiet_until([schedule], utc(2026, 12, 31, 23)) is None
    assert quiet_until([schedule], utc(2027, 1, 1, 3)) is None
    assert quiet_from([schedule], utc(2026, 12, 31, 7)) == utc(2027, 1, 1, 22)
    lunch = Dated(day=eve, start=time(12), end=time(13))
    both = Schedule(zone=UTC_CLOCK, weekly=WEEK.weekly, dated=(lunch,), free=(Free(day=eve),))
    assert quiet_until([both], utc(2026, 12, 31, 12)) == utc(2026, 12, 31, 13)


def test_equal_ends_are_off_and_the_end_of_the_day_is_not() -> None:
    """From seven to seven is never, from midnight to 24:00 the whole day, its last instant too."""
    sunday = frozenset({6})
    off = Schedule(
        zone=UTC_CLOCK,
        weekly=(Weekly(start=time(7), end=time(7)),),
        dated=(Dated(day=date(2026, 1, 15), start=time(), end=time()),),
    )
    assert quiet_until([off], utc(2026, 1, 15, 7)) is None
    assert quiet_from([off], utc(2026, 1, 15, 7)) is None
    rest = Schedule(zone=UTC_CLOCK, weekly=(Weekly(days=sunday, start=time(), end=END_OF_DAY),))
    monday = utc(2026, 1, 19)
    assert quiet_until([rest], utc(2026, 1, 18)) == monday
    assert quiet_until([rest], monday - timedelta(microseconds=1)) == monday
    assert quiet_until([rest], monday) is None


@pytest.mark.parametrize("days", [frozenset[int](), frozenset({7}), frozenset({-1, 3})])
def test_weekly_hours_have_a_weekday(days: frozenset[int]) -> None:
    """Hours that no day or no real day begins are a mistake of ours, told at once."""
    with pytest.raises(ValueError, match="weekday"):
        Weekly(days=days, start=time(22), end=time(7))


def test_a_clock_set_back_over_midnight() -> None:
    """In Beirut, Saturday from 23:00 on comes twice: Saturday's hours too, Sunday's once."""
    beirut = ZoneInfo("Asia/Beirut")  # 2026-10-25 0:00 (21:00 UTC) becomes Saturday 23:00
    late = Weekly(days=frozenset({5}), start=time(23), end=time(23, 30))
    sunday = Weekly(days=frozenset({6}), start=time(), end=time(1))
    schedule = Schedule(zone=beirut, weekly=(late, sunday))
    assert quiet_until([schedule], utc(2026, 10, 24, 20)) == utc(2026, 10, 24, 20, 30)
    assert quiet_from([schedule], utc(2026, 10, 24, 20, 30)) == utc(2026, 10, 24, 21)
    assert quiet_until([schedule], utc(2026, 10, 24, 21)) == utc(2026, 10, 24, 21, 30)
    assert quiet_until([schedule], utc(2026, 10, 24, 22)) == utc(2026, 10, 24, 23)


def test_a_date_that_the_clock_skips() -> None:
    """Samoa had no 30 December 2011: the night that would have begun on it ends on the 31st."""
    apia = ZoneInfo("Pacific/Apia")
    skipped = Dated(day=date(2011, 12, 30), start=time(22), end=time(7))
    schedule = Schedule(zone=apia, dated=(skipped,))
    at = utc(2011, 12, 30, 10)  # the 29th has ended
    assert quiet_from([schedule], at - timedelta(hours=1)) == at
    assert quiet_until([schedule], at) == at + timedelta(hours=7)


def test_what_is_looked_for_is_a_week_and_a_day_ahead() -> None:
    """Weekly hours are always found; what is farther off is no start to reckon with yet."""
    rare = Schedule(zone=BERLIN, weekly=(Weekly(days=frozenset({0}), start=time(1), end=time(2)),))
    assert quiet_from([rare], utc(2026, 1, 19, 1)) == utc(2026, 1, 26)
    once = Dated(day=date(2026, 1, 20), start=time(12), end=time(13))
    schedule = Schedule(zone=UTC_CLOCK, dated=(once,))
    starts = utc(2026, 1, 20, 12)
    assert quiet_from([schedule], starts - AHEAD) == starts
    assert quiet_from([schedule], starts - AHEAD - MINUTE) is None
    assert quiet_from([schedule, rare], starts - AHEAD - MINUTE) == utc(2026, 1, 19)


def test_who_is_awake_is_not_waited_for() -> None:
    """Until the time she counts as awake nothing is quiet; from then on her hours count again."""
    now, awake = utc(2026, 1, 15, 23), utc(2026, 1, 15, 23, 30)
    assert quiet_until([WEEK], now, awake_until=awake) is None
    assert quiet_from([WEEK], now, awake_until=awake) == awake
    assert quiet_until([WEEK], awake, awake_until=awake) == utc(2026, 1, 16, 7)
    assert quiet_from([WEEK], awake, awake_until=awake) == awake
    by_day = utc(2026, 1, 15, 12)
    assert quiet_from([WEEK], by_day, awake_until=by_day + MINUTE) == utc(2026, 1, 15, 22)
    assert quiet_from([WEEK], now, awake_until=now - MINUTE) == now


def test_the_longest_hold_of_a_schedule() -> None:
    """The longest night that begins before the horizon counts to its end, over all schedules."""
    monday = utc(2026, 1, 12, 12)
    day = timedelta(days=1)
    assert longest_hold([], monday, 7 * day) == timedelta()
    assert longest_hold([WEEK], monday, 3 * day) == timedelta(hours=9)
    assert longest_hold([WEEK], monday, 5 * day + timedelta(hours=10, minutes=59)) == timedelta(
        hours=9
    )
    assert longest_hold([WEEK], monday, 5 * day + timedelta(hours=11)) == timedelta(hours=10)
    assert longest_hold([WEEK], utc(2026, 1, 13, 3), timedelta()) == timedelta(hours=4)
    all_day = Dated(day=date(2026, 1, 17), start=time(), end=END_OF_DAY)
    memorial = Schedule(zone=UTC_CLOCK, dated=(all_day,))
    assert longest_hold([WEEK, memorial], monday, 7 * day) == timedelta(hours=2 + 24 + 9)


def test_a_hold_without_end_is_told_as_the_horizon() -> None:
    """Holds of a month are followed to their end; longer ones are asked again after two days."""
    start = date(2026, 1, 1)
    days = tuple(
        Dated(day=start + timedelta(days=n), start=time(), end=END_OF_DAY) for n in range(32)
    )
    assert quiet_until([Schedule(zone=UTC_CLOCK, dated=days)], utc(2026, 1, 1)) == utc(2026, 1, 3)
    month = Schedule(zone=UTC_CLOCK, dated=days[:31])
    assert quiet_until([month], utc(2026, 1, 1)) == utc(2026, 2, 1)
    assert longest_hold([month], utc(2026, 1, 1), timedelta()) == timedelta(days=31)
    ends = utc(2026, 1, 29)  # a stretch of four weeks that has weekdays in it
    weekend = Weekly(days=frozenset({5, 6}), start=time(), end=END_OF_DAY)
    others = tuple(dated for dated in days[:28] if dated.day.weekday() < 5)
    both = Schedule(zone=UTC_CLOCK, weekly=(weekend,), dated=others)
    assert quiet_until([both], utc(2026, 1, 1)) == ends
    assert quiet_until([NIGHTS, both], utc(2026, 1, 1)) == utc(2026, 1, 29, 6)
    always = Schedule(zone=UTC_CLOCK, weekly=(Weekly(start=time(), end=END_OF_DAY),))
    assert quiet_until([always], utc(2026, 1, 1)) == utc(2026, 1, 1) + AGAIN
    assert longest_hold([always], utc(2026, 1, 1), timedelta()) == HORIZON


OFF = Schedule(zone=BERLIN, weekly=(Weekly(start=time(), end=time()),))
ONE_EVENING = Schedule(
    zone=BERLIN, dated=(Dated(day=date(2026, 1, 15), start=time(18), end=time(20)),)
)


@pytest.mark.parametrize(
    ("group", "member", "may_narrow", "bound"),
    [
        (None, None, True, ()),
        (NIGHTS, None, True, (NIGHTS,)),
        (NIGHTS, None, False, (NIGHTS,)),
        (None, WEEK, True, (WEEK,)),
        (None, WEEK, False, (WEEK,)),
        (NIGHTS, WEEK, True, (WEEK,)),
        (NIGHTS, WEEK, False, (NIGHTS, WEEK)),
        (NIGHTS, OFF, True, (OFF,)),
        (NIGHTS, OFF, False, (NIGHTS, OFF)),
        (NIGHTS, ONE_EVENING, True, (NIGHTS, ONE_EVENING)),
        (NIGHTS, ONE_EVENING, False, (NIGHTS, ONE_EVENING)),
    ],
)
def test_what_binds_a_reader(
    group: Schedule | None,
    member: Schedule | None,
    may_narrow: bool,
    bound: tuple[Schedule, ...],
) -> None:
    """Hers always; the group's unless she may narrow it and set weekly hours. An evening adds."""
    assert binding(group, member, may_narrow=may_narrow) == bound
    if may_narrow:
        assert binding(group, member) == bound


@settings(deadline=None, max_examples=60)
@given(st.integers(), st.integers(0, 4 * 365 * 24 * 60), st.integers(1, 3))
def test_schedules_of_several_zones_are_one_wait(seed: int, minute: int, several: int) -> None:
    """The end of a wait is free of every schedule, and no minute before it is."""
    chance = Random(seed)
    now = utc(2026, 1, 1) + minute * MINUTE
    zones = [ZoneInfo(chance.choice(ZONES)) for _ in range(several)]
    schedules = [random_schedule(chance, zone, now) for zone in zones]
    until = quiet_until(schedules, now)
    assert until == quiet_until(schedules[::-1], now)
    at = now
    while until is not None and at < until:
        assert any(is_quiet(schedule, at) for schedule in schedules), at
        at += MINUTE
    asked_again = until == now + AGAIN
    assert asked_again or not any(is_quiet(schedule, at) for schedule in schedules), at
    if until is None:
        begins = quiet_from(schedules, now)
        assert begins is None or any(is_quiet(schedule, begins) for schedule in schedules)
        assert begins is None or quiet_until(schedules, begins - MINUTE / 60) is None


def test_dates_that_are_over_are_left_out() -> None:
    """No line grows with the years; what may still go on, and what comes, stays."""
    days = [date(2026, 1, day) for day in (1, 13, 14, 15, 20)]
    schedule = Schedule(
        zone=BERLIN,
        weekly=WEEK.weekly,
        dated=tuple(Dated(day=day, start=time(20), end=time(19)) for day in days),
        free=tuple(Free(day=day) for day in days),
    )
    now = utc(2026, 1, 15, 12)
    kept = without_past(schedule, now)
    assert [dated.day for dated in kept.dated] == days[2:]
    assert [free.day for free in kept.free] == days[2:]
    assert kept.weekly == schedule.weekly
    assert quiet_until([kept], now) == quiet_until([schedule], now) == utc(2026, 1, 15, 18)
