"""Quiet hours that are the same every day, against a table of every minute."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.facts import Window
from policies.windows import AGAIN, is_quiet, quiet_from, quiet_until
from tests.support.minutetable import MINUTE, changes, compare, table_around, utc

BERLIN = ZoneInfo("Europe/Berlin")

ZONES = [
    "Africa/Cairo",  # changes at midnight
    "Africa/Casablanca",  # winter time in Ramadan
    "America/Havana",  # changes at midnight
    "America/New_York",
    "America/Nuuk",  # changes on the eve, at 22:00
    "America/Santiago",  # changes at 24:00
    "Antarctica/Troll",  # by two hours
    "Asia/Beirut",  # a gap at midnight
    "Australia/Lord_Howe",  # by half an hour
    "Europe/Berlin",
    "Pacific/Chatham",  # at 2:45, offset 12:45
]
SPANS = [
    (time(22), time(7)),
    (time(1, 30), time(5)),  # starts in the hour that is repeated or skipped
    (time(22), time(2, 30)),  # ends in it
    (time(2, 15), time(2, 45)),  # lies in it
    (time(23, 30), time(0, 30)),
    (time(0), time(23, 59)),
    (time(7), time(6, 59)),
]


@pytest.mark.parametrize("zone", ZONES)
def test_every_change_of_clocks_against_the_minute_table(zone: str) -> None:
    """Every edge, and every half hour or so, 30 hours around two changes of 2026 or 2027."""
    found = list(changes(ZoneInfo(zone), 2026, 2028))[:2]
    assert len(found) == 2
    for at in found:
        table = table_around(zone, at)
        for span in SPANS:
            assert compare(table, Window(*span, ZoneInfo(zone)), 29) > 100


@pytest.mark.parametrize(
    ("span", "now", "until"),
    [
        # 2026-03-29 in Berlin: 2:00 (1:00 UTC) becomes 3:00
        ((time(22), time(2, 30)), utc(2026, 3, 28, 23), utc(2026, 3, 29, 1)),
        ((time(2, 30), time(6)), utc(2026, 3, 29, 0, 59), None),
        ((time(2, 30), time(6)), utc(2026, 3, 29, 1), utc(2026, 3, 29, 4)),
        ((time(2, 15), time(2, 45)), utc(2026, 3, 29, 1), None),
        ((time(22), time(7)), utc(2026, 3, 28, 23), utc(2026, 3, 29, 5)),
        # 2026-10-25 in Berlin: 3:00 (1:00 UTC) becomes 2:00
        ((time(22), time(2, 30)), utc(2026, 10, 24, 23), utc(2026, 10, 25, 0, 30)),
        ((time(22), time(2, 30)), utc(2026, 10, 25, 0, 45), None),
        ((time(22), time(2, 30)), utc(2026, 10, 25, 1), utc(2026, 10, 25, 1, 30)),
        ((time(2, 30), time(6)), utc(2026, 10, 25, 0, 30), utc(2026, 10, 25, 1)),
        ((time(2, 30), time(6)), utc(2026, 10, 25, 1, 30), utc(2026, 10, 25, 5)),
        ((time(22), time(7)), utc(2026, 10, 24, 23), utc(2026, 10, 25, 6)),
    ],
)
def test_the_nights_the_clocks_change(
    span: tuple[time, time], now: datetime, until: datetime | None
) -> None:
    """A skipped end is the end of the skip; a repeated time is quiet both times."""
    assert quiet_until([Window(*span, BERLIN)], now) == until


def test_equal_ends_are_never_quiet() -> None:
    """A window from seven to seven means off, not always."""
    window = Window(time(7), time(7), BERLIN)
    for hour in range(24):
        assert quiet_until([window], utc(2026, 1, 15, hour)) is None


def test_no_windows_are_never_quiet() -> None:
    """Who set no quiet hours is never waited for."""
    assert quiet_until([], utc(2026, 1, 15)) is None
    assert quiet_from([], utc(2026, 1, 15)) is None


def test_seconds_and_less_are_kept() -> None:
    """The last microsecond of a window is quiet; the answer is the end itself."""
    window = Window(time(22), time(7), BERLIN)
    end = utc(2026, 1, 15, 6)
    assert quiet_until([window], end - timedelta(microseconds=1)) == end
    assert quiet_until([window], end) is None
    skipped = Window(time(22), time(2, 30), BERLIN)
    now = utc(2026, 3, 28, 23) + timedelta(microseconds=123_457)
    assert quiet_until([skipped], now) == utc(2026, 3, 29, 1)


def test_windows_that_meet_are_one_wait() -> None:
    """The group's night and the reader's own, in two zones, end when both have ended."""
    group = Window(time(22), time(7), BERLIN)
    own = Window(time(23), time(6, 30), ZoneInfo("America/New_York"))
    assert quiet_until([group, own], utc(2026, 1, 15, 22)) == utc(2026, 1, 16, 11, 30)


def test_windows_without_a_gap_are_asked_again_after_two_days() -> None:
    """Where no instant will be free, the answer is 48 hours on, and not for ever."""
    halves = [Window(time(0), time(12), BERLIN), Window(time(12), time(0), BERLIN)]
    now = utc(2026, 1, 15, 3, 17)
    assert quiet_until(halves, now) == now + AGAIN
    assert timedelta(hours=48) == AGAIN


windows = st.builds(
    Window,
    st.builds(time, st.integers(0, 23), st.integers(0, 59)),
    st.builds(time, st.integers(0, 23), st.integers(0, 59)),
    st.sampled_from(ZONES).map(ZoneInfo),
)
minutes = st.integers(0, 4 * 365 * 24 * 60).map(lambda n: utc(2026, 1, 1) + n * MINUTE)


@settings(deadline=None, max_examples=150)
@given(st.lists(windows, min_size=1, max_size=4), minutes)
def test_no_delivery_inside_a_window_and_none_later_than_needed(
    several: list[Window], now: datetime
) -> None:
    """The answer is free of every window; every minute before it lies in one."""
    until = quiet_until(several, now)
    if until is None:
        assert not any(is_quiet(window, now) for window in several)
        return
    assert now < until <= now + AGAIN
    if until < now + AGAIN:
        assert not any(is_quiet(window, until) for window in several)
    at = now
    while at < until:
        assert any(is_quiet(window, at) for window in several), at
        at += MINUTE


two_orders = st.lists(windows, min_size=2, max_size=4).flatmap(
    lambda several: st.tuples(st.just(several), st.permutations(several))
)


@settings(deadline=None)
@given(two_orders, minutes)
def test_the_order_of_windows_does_not_matter(
    orders: tuple[list[Window], list[Window]], now: datetime
) -> None:
    """Her own window first or the group's: the same wait."""
    one, other = orders
    assert quiet_until(one, now) == quiet_until(other, now)
