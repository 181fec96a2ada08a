"""How posts come: bundles, digests, a nudge; and how the end of quiet hours is spread."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from policies.boundaries import last_end, next_boundary, share
from policies.delivery_mode import delivery_mode
from policies.facts import DeliveryFacts, GroupState, MemberState, Mode, Window
from policies.spread import spread
from policies.verdict import Hold, Pass, Reason

NOW = datetime(2026, 1, 15, 12, 10, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
FACTS = DeliveryFacts(
    group=GroupState.OPEN,
    reader=MemberState.ACTIVE,
    notice=False,
    expires=NOW + timedelta(days=3),
    quiet=(),
    since=NOW,
    zone=BERLIN,
    digest_at=time(8),
)
CHANGES = [
    ("Europe/Berlin", datetime(2026, 3, 29, 1, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 10, 25, 1, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 11, 1, 6, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 4, 4, 15, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),
    ("Asia/Beirut", datetime(2026, 3, 28, 22, tzinfo=UTC)),
    ("Asia/Kathmandu", datetime(2026, 3, 28, 22, tzinfo=UTC)),
]


@pytest.mark.parametrize(
    ("mode", "until"),
    [
        (Mode.HOURLY, datetime(2026, 1, 15, 13, tzinfo=UTC)),
        (Mode.THREE_HOURLY, datetime(2026, 1, 15, 14, tzinfo=UTC)),  # 15:00 in Berlin
        (Mode.DIGEST, datetime(2026, 1, 16, 7, tzinfo=UTC)),
    ],
)
def test_a_copy_waits_for_the_next_boundary_on_its_readers_clock(
    mode: Mode, until: datetime
) -> None:
    """Until the boundary it is held, from then on it passes, however late it is by then."""
    facts = replace(FACTS, mode=mode)
    assert delivery_mode(facts, NOW) == Hold(until, frozenset({Reason.BUNDLE}))
    assert isinstance(delivery_mode(facts, until - timedelta(microseconds=1)), Hold)
    assert delivery_mode(facts, until) == Pass()
    assert delivery_mode(facts, until + timedelta(days=1)) == Pass()


def test_a_nudge_holds_until_she_asks() -> None:
    """What she did not ask for is held and held again; what she asked for passes."""
    facts = replace(FACTS, mode=Mode.NUDGE)
    for days in (0, 1, 2):
        verdict = delivery_mode(facts, NOW + timedelta(days=days))
        assert isinstance(verdict, Hold)
        assert verdict.why == {Reason.NOT_ASKED_FOR}
    assert delivery_mode(replace(facts, asked=True), NOW) == Pass()


def test_a_nudge_holds_nothing_while_she_rests() -> None:
    """Her pause does, and no longer than it lasts: then she is told."""
    facts = replace(FACTS, mode=Mode.NUDGE, paused_until=NOW + timedelta(hours=3))
    assert delivery_mode(facts, NOW) == Pass()
    assert isinstance(delivery_mode(facts, NOW + timedelta(hours=3)), Hold)


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("free", ["notice", "asked", "urgent"])
def test_answers_and_what_is_urgent_wait_for_no_bundle(mode: Mode, free: str) -> None:
    """What the programme says, what she asked for and what is urgent pass in every mode."""
    assert delivery_mode(replace(FACTS, mode=mode, **{free: True}), NOW) == Pass()


@pytest.mark.parametrize(("zone", "change"), CHANGES)
def test_boundaries_are_right_when_clocks_change(zone: str, change: datetime) -> None:
    """Around a change each boundary is the first minute at which the clock shows one.

    Found by looking at every minute. A boundary that the clock skips may come up to the length of
    the skip after it.
    """
    clock = ZoneInfo(zone)
    for mode in (Mode.HOURLY, Mode.THREE_HOURLY, Mode.DIGEST):
        for minutes in range(-200, 200, 41):
            since = change + timedelta(minutes=minutes)
            at = next_boundary(mode, since, clock, time(2, 30))
            assert at > since
            shown = [
                minute
                for minute in (since + timedelta(minutes=n) for n in range(1, 50 * 60))
                if _is_boundary(mode, minute.astimezone(clock))
            ]
            skipped = at < shown[0] and not _is_boundary(mode, at.astimezone(clock))
            assert at == shown[0] or (skipped and at - change <= timedelta(hours=1))


def _is_boundary(mode: Mode, shown: datetime) -> bool:
    if mode is Mode.DIGEST:
        return (shown.hour, shown.minute) == (2, 30)
    return shown.minute == 0 and shown.hour % (3 if mode is Mode.THREE_HOURLY else 1) == 0


NIGHT = Window(time(22), time(7), BERLIN)
MORNING = datetime(2026, 1, 16, 6, tzinfo=UTC)  # 7:00 in Berlin
TEN = timedelta(minutes=10)


def test_the_end_of_quiet_hours_is_spread_for_each_reader_and_night() -> None:
    """Never before the end, never later than the group says; another moment for others."""
    moments = set()
    for luck in range(200):
        facts = replace(FACTS, quiet=(NIGHT,), jitter=TEN, luck=luck)
        verdict = spread(facts, MORNING - timedelta(hours=1))
        assert isinstance(verdict, Hold)
        assert MORNING <= verdict.until < MORNING + TEN
        assert spread(facts, MORNING - timedelta(hours=5)) == verdict  # it is the same all night
        assert verdict.until == MORNING or isinstance(spread(facts, MORNING), Hold)
        assert spread(facts, verdict.until) == Pass()
        moments.add(verdict.until)
    assert len(moments) > 150  # of 600 seconds
    assert share(1, MORNING) != share(1, MORNING + timedelta(days=1))


def test_by_day_and_for_answers_nothing_is_spread() -> None:
    """No quiet hours nearby, none at all, no spread, or an answer: it passes."""
    facts = replace(FACTS, quiet=(NIGHT,), jitter=TEN, luck=7)
    assert spread(facts, MORNING + TEN) == Pass()
    assert spread(facts, NOW) == Pass()
    for free in ({"quiet": ()}, {"jitter": timedelta()}, {"answers": True}, {"notice": True}):
        assert spread(replace(facts, **free), MORNING) == Pass()  # type: ignore[arg-type]


def test_a_spread_ends_before_the_next_quiet_hours() -> None:
    """Where ten minutes are free a day, whoever reads gets her posts within the first five."""
    busy = Window(time(7, 10), time(7), BERLIN)
    for luck in range(50):
        facts = replace(FACTS, quiet=(busy,), jitter=timedelta(hours=1), luck=luck)
        verdict = spread(facts, MORNING - timedelta(hours=1))
        assert isinstance(verdict, Hold)
        assert MORNING <= verdict.until < MORNING + TEN / 2
        assert spread(facts, verdict.until) == Pass()


def test_the_last_of_several_ends_counts() -> None:
    """Of short quiet hours close together, the spread begins with the last end."""
    nap = Window(time(7, 4), time(7, 6), BERLIN)
    end = MORNING + timedelta(minutes=6)
    now = MORNING + timedelta(minutes=8)
    assert last_end((NIGHT, nap), now - TEN, now) == end
    assert last_end((NIGHT, nap), now, now) is None
