"""Quiet hours as people write them: what is understood, shown back, and refused."""

from __future__ import annotations

from datetime import date, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.schedule import END_OF_DAY, Dated, Free, Schedule, Weekly
from policies.windows import AGAIN, quiet_until
from relay.errors import RefusalError
from relay.hours import MORNING, read_schedule, read_silence, write_schedule
from tests.support.minutetable import utc

BERLIN = ZoneInfo("Europe/Berlin")


def test_a_whole_line_is_read_in_its_parts() -> None:
    """Days, spans, dates and free dates each become what they say, on the clock of the zone."""
    line = "mon-fri 22:00-07:00, sat sun 23:00-09:00, 2026-12-24 18:00-23:59, free 2026-12-31"
    schedule = read_schedule(line, "Europe/Berlin")
    assert schedule == Schedule(
        zone=BERLIN,
        weekly=(
            Weekly(days=frozenset(range(5)), start=time(22), end=time(7)),
            Weekly(days=frozenset({5, 6}), start=time(23), end=time(9)),
        ),
        dated=(Dated(day=date(2026, 12, 24), start=time(18), end=time(23, 59)),),
        free=(Free(day=date(2026, 12, 31)),),
    )
    assert write_schedule(schedule) == line


def test_what_people_type_is_shown_in_one_form() -> None:
    """Short forms, words, dashes, scripts and orders of days lead to the line that is shown."""
    forms = {
        "22:00-07:00": "22:00-07:00",
        "9:00 - 17:30": "09:00-17:30",
        "22-7": "22:00-07:00",
        "22:30-7": "22:30-07:00",
        "22.30-7.15": "22:30-07:15",
        "22h-7h30": "22:00-07:30",
        "9h-11": "09:00-11:00",
        "0-6": "00:00-06:00",
        "07-09": "07:00-09:00",
        "10pm-7am": "22:00-07:00",
        "10:30 P.M. \u2013 7 a.m.": "22:30-07:00",
        "12am-12pm": "00:00-12:00",
        "10pm-12am": "22:00-00:00",
        "\uff12\uff12\uff1a\uff10\uff10-\u0660\u0667:\u0660\u0660": "22:00-07:00",
        "every night 10 pm to 7 am": "22:00-07:00",
        "Mon - Fri 22-7; sat, sun 23 until 9": "mon-fri 22:00-07:00, sat sun 23:00-09:00",
        "weekdays 22-7\nweekends 23-9": "mon-fri 22:00-07:00, sat sun 23:00-09:00",
        "mon, wed, sun 22-7": "mon wed sun 22:00-07:00",
        "fri-mon 22-24": "mon fri-sun 22:00-24:00",
        "Sundays all day": "sun 00:00-24:00",
        "tues and thurs at 20-21": "tue thu 20:00-21:00",
        "mon-sun 13-14, 22-7": "13:00-14:00, 22:00-07:00",
        "2026-12-24 2026-12-26 all day": "2026-12-24 00:00-24:00, 2026-12-26 00:00-24:00",
        "free 2026-12-31 2027-01-01, 22-7": "22:00-07:00, free 2026-12-31, free 2027-01-01",
        "07:00-07:00": "07:00-07:00",
        "OFF": "off",
        "00:00-00:00": "off",
    }
    shown = {typed: write_schedule(read_schedule(typed, "Europe/Berlin")) for typed in forms}
    assert shown == forms


@pytest.mark.parametrize("text", ["off", "0-0", "22:00-22:00", "sat 7pm-7pm"])
def test_off_is_set_and_never_quiet(text: str) -> None:
    """Who turns her quiet hours off has set weekly hours, in which nothing is quiet."""
    schedule = read_schedule(text, "UTC")
    assert schedule.weekly
    assert quiet_until([schedule], utc(2026, 1, 17, 22)) is None


def test_mistakes_are_refused_in_one_plain_sentence() -> None:
    """Each is told with what would have been right; nothing of what was typed is repeated."""
    refusals = {
        "are written as 22:00-07:00": (
            ["", " , ", "never", "22", "22:00", "-7", "22 7", "mon 22-7 sun", "off mon", "22-7 uhr"]
        ),
        "with days or dates before": ["s 22-7", "never 22-7", "mon never 22-7"],
        "written as HH:MM, for": ["22-7-9", "22:0-7:00", "222-7", "22-07:000", "22-", "22-x"],
        "from 00:00 to 24:00": ["25:00-07:00", "22:60-07:00", "22:00-24:01"],
        "say am or pm": ["10-7", "10pm-7", "10-7am", "1-5", "10:30-7", "12-12"],
        "go from 1 to 12": ["13pm-7am", "0am-7am", "10pm-0am"],
        "written with 00:00": ["24:00-07:00"],
        "no time in which": ["all day", "mon-fri all day, weekend 0-24", "0-12, 12-24"],
        "After the days": ["mon", "mon-fri", "22-7, sat sun"],
        "After a date": ["2026-12-24", "mon 2026-12-24"],
        "After free": ["free"],
        "YYYY-MM-DD": ["free tomorrow", "2026-13-01 22-7", "24.12.2026 22-7", "free 22-7"],
        "at most 20 parts": [", ".join(["22-7"] * 21)],
        "at most 1000 characters": ["22-7" + " " * 1000],
    }
    for sentence, texts in refusals.items():
        for text in texts:
            with pytest.raises(RefusalError) as told:
                read_schedule(text, "Europe/Berlin")
            assert sentence in str(told.value), text
            assert str(told.value).endswith("."), text
    with pytest.raises(RefusalError, match="time zone"):
        read_schedule("22-7", "Mars/Olympus")


starts = st.builds(time, st.integers(0, 23), st.integers(0, 59))
ends = starts | st.just(END_OF_DAY)
days = st.dates(date(2020, 1, 1), date(2035, 12, 31))
schedules = st.builds(
    Schedule,
    zone=st.just(BERLIN),
    weekly=st.lists(
        st.builds(
            Weekly, days=st.frozensets(st.integers(0, 6), min_size=1), start=starts, end=ends
        ),
        min_size=1,
        max_size=6,
    ).map(tuple),
    dated=st.lists(st.builds(Dated, day=days, start=starts, end=ends), max_size=7).map(tuple),
    free=st.lists(st.builds(Free, day=days), max_size=7).map(tuple),
)


@settings(deadline=None)
@given(schedules)
def test_what_is_shown_can_be_typed_again(schedule: Schedule) -> None:
    """Reading what was written gives the same schedule, unless it never lets anything through."""
    weekly = Schedule(zone=ZoneInfo("UTC"), weekly=schedule.weekly)
    now = utc(2026, 1, 15)
    if quiet_until([weekly], now) == now + AGAIN and quiet_until([weekly], now + AGAIN):
        return
    line = write_schedule(schedule)
    assert read_schedule(line, "Europe/Berlin") == schedule
    assert line.isascii()
    assert len(line) < 1000


@settings(deadline=None)
@given(st.text(st.sampled_from("012379:-., apmfreonstud\u2013\u0662\u00bd"), max_size=30))
def test_no_text_does_anything_but_be_read_or_refused(text: str) -> None:
    """Whatever is typed is a schedule whose line reads the same, or one plain sentence."""
    try:
        schedule = read_schedule(text, "UTC")
    except RefusalError:
        return
    assert read_schedule(write_schedule(schedule), "UTC") == schedule


def test_a_silence_for_once() -> None:
    """An evening of one's own begins today on one's own clock, and lasts till morning if unsaid."""
    now = utc(2026, 1, 15, 23, 30)  # in Berlin it is the 16th already
    today, tomorrow = date(2026, 1, 16), date(2026, 1, 17)
    eight, ten = time(20), time(22)
    wanted = {
        "tonight from 20:00": Dated(day=today, start=eight, end=MORNING),
        "From 8 PM": Dated(day=today, start=eight, end=MORNING),
        "tonight 8pm to 10pm": Dated(day=today, start=eight, end=ten),
        "today from 20-22": Dated(day=today, start=eight, end=ten),
        "0:00-0:31": Dated(day=today, start=time(), end=time(0, 31)),
        "tomorrow 20-22": Dated(day=tomorrow, start=eight, end=ten),
        "tomorrow all day": Dated(day=tomorrow, start=time(), end=END_OF_DAY),
        "2026-12-24 20:00-22:00": Dated(day=date(2026, 12, 24), start=eight, end=ten),
    }
    assert {text: read_silence(text, "Europe/Berlin", now) for text in wanted} == wanted
    night = read_silence("tonight 20-7", "Europe/Berlin", utc(2026, 1, 16, 21))
    assert night == Dated(day=today, start=eight, end=time(7))


def test_a_silence_that_cannot_be_is_refused() -> None:
    """What is over, has no length, or cannot be understood is one plain sentence."""
    refusals = {
        "over already, or have no length": (
            ["0:00-0:30", "2026-01-15 20:00-22:00", "22-22", "from 7:00", "from 07:00"]
        ),
        "tonight from 20:00, or tomorrow": ["", "tonight", "tomorrow tomorrow 20-22"],
        "written as 22:00-07:00": ["soon", "tonight from", "tomorrow tomorrow"],
        "say am or pm": ["from 8", "8-10"],
        "written with 00:00": ["from 24:00", "24:00-07:00"],
        "from 00:00 to 24:00": ["from 25:00"],
        "YYYY-MM-DD": ["2026-02-30 20-22"],
    }
    for sentence, texts in refusals.items():
        for text in texts:
            with pytest.raises(RefusalError) as told:
                read_silence(text, "Europe/Berlin", utc(2026, 1, 15, 23, 30))
            assert sentence in str(told.value), text
