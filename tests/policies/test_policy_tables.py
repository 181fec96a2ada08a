"""Each rule against a table of cases: the whole of what it decides."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from policies.agreement import agreement
from policies.alone import alone
from policies.authenticity import authenticity
from policies.budget import budget
from policies.facts import (
    Budget,
    DeliveryFacts,
    GroupState,
    MemberState,
    PostFacts,
    Proof,
    Window,
    Written,
)
from policies.group_open import group_open
from policies.group_running import LOOK_AGAIN, group_running
from policies.life import life
from policies.membership import membership
from policies.quiet_hours import quiet_hours
from policies.rate import rate
from policies.reader import reader
from policies.robots import robots
from policies.size import size
from policies.verdict import Drop, Hold, Pass, Reason, Refuse, Verdict

NOW = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
POST = PostFacts(
    group=GroupState.OPEN,
    author=MemberState.ACTIVE,
    proof=Proof.PROVEN,
    automatic=False,
    may_confirm=True,
    characters=5,
    pictures=0,
    longest=1600,
)
DELIVERY = DeliveryFacts(
    group=GroupState.OPEN,
    reader=MemberState.ACTIVE,
    notice=False,
    expires=NOW + timedelta(days=3),
    quiet=(),
)
NIGHT = Window(time(22), time(7), ZoneInfo("Europe/Berlin"))


def drop(reason: Reason) -> Drop:
    """Drop for one reason."""
    return Drop(frozenset({reason}))


def refuse(reason: Reason) -> Refuse:
    """Refuse for one reason."""
    return Refuse(frozenset({reason}))


@pytest.mark.parametrize(
    ("author", "verdict"),
    [
        (MemberState.ACTIVE, Pass()),
        (MemberState.INVITED, refuse(Reason.NOT_A_MEMBER_NOW)),
        (MemberState.SILENT, refuse(Reason.SILENT)),
        (MemberState.STOPPED, refuse(Reason.STOPPED)),
        (MemberState.UNREACHABLE, refuse(Reason.UNREACHABLE)),
    ],
)
def test_only_active_members_write(author: MemberState, verdict: Verdict) -> None:
    """All others are refused; each with a word of her own."""
    assert membership(replace(POST, author=author), NOW) == verdict


@pytest.mark.parametrize(
    ("proof", "verdict"),
    [
        (Proof.PROVEN, Pass()),
        (Proof.WEAK, Hold(NOW + timedelta(minutes=15), frozenset({Reason.NOT_PROVEN}))),
        (Proof.FORGED, refuse(Reason.NOT_AUTHENTIC)),
    ],
)
def test_only_proven_words_go_through(proof: Proof, verdict: Verdict) -> None:
    """What nothing proves waits to be confirmed; a forgery is refused as a stranger's mail is."""
    assert authenticity(replace(POST, proof=proof), NOW) == verdict


@pytest.mark.parametrize(
    ("group", "verdict"),
    [
        (GroupState.OPEN, Pass()),
        (GroupState.FROZEN, refuse(Reason.GROUP_FROZEN)),
        (GroupState.CLOSED, refuse(Reason.GROUP_CLOSED)),
    ],
)
def test_only_an_open_group_takes_posts(group: GroupState, verdict: Verdict) -> None:
    """Frozen and closed groups refuse: nothing that was sent meanwhile is kept."""
    assert group_open(replace(POST, group=group), NOW) == verdict


@pytest.mark.parametrize(
    ("automatic", "verdict"), [(False, Pass()), (True, drop(Reason.AUTOMATIC))]
)
def test_machines_are_not_passed_on(automatic: bool, verdict: Verdict) -> None:
    """What a machine wrote is dropped."""
    assert robots(replace(POST, automatic=automatic), NOW) == verdict


@pytest.mark.parametrize(
    ("characters", "verdict"),
    [
        (0, drop(Reason.EMPTY)),
        (1, Pass()),
        (1600, Pass()),
        (1601, drop(Reason.TOO_LONG)),
    ],
)
def test_a_post_has_words_and_not_too_many(characters: int, verdict: Verdict) -> None:
    """The longest length itself passes; nothing is ever cut."""
    assert size(replace(POST, characters=characters), NOW) == verdict


@pytest.mark.parametrize(
    ("state", "notice", "verdict"),
    [
        (MemberState.ACTIVE, False, Pass()),
        (MemberState.ACTIVE, True, Pass()),
        (MemberState.INVITED, False, drop(Reason.NOT_A_MEMBER_NOW)),
        (MemberState.INVITED, True, Pass()),
        (MemberState.STOPPED, False, drop(Reason.NOT_A_MEMBER_NOW)),
        (MemberState.STOPPED, True, Pass()),
        (MemberState.UNREACHABLE, False, drop(Reason.NOT_A_MEMBER_NOW)),
        (MemberState.UNREACHABLE, True, Pass()),
    ],
)
def test_who_is_not_a_member_reads_nothing(
    state: MemberState, notice: bool, verdict: Verdict
) -> None:
    """The invited and the stopped get notices only; to a dead contact goes nothing at all."""
    assert reader(replace(DELIVERY, reader=state, notice=notice), NOW) == verdict


@pytest.mark.parametrize(
    ("group", "notice", "verdict"),
    [
        (GroupState.OPEN, False, Pass()),
        (GroupState.FROZEN, False, Hold(NOW + LOOK_AGAIN, frozenset({Reason.GROUP_FROZEN}))),
        (GroupState.CLOSED, False, drop(Reason.GROUP_CLOSED)),
        (GroupState.OPEN, True, Pass()),
        (GroupState.FROZEN, True, Pass()),
        (GroupState.CLOSED, True, Pass()),
    ],
)
def test_a_group_that_stands_still_sends_no_posts(
    group: GroupState, notice: bool, verdict: Verdict
) -> None:
    """Posts of a frozen group wait five minutes at a time; those of a closed group are dropped."""
    assert group_running(replace(DELIVERY, group=group, notice=notice), NOW) == verdict
    assert timedelta(minutes=5) == LOOK_AGAIN


@pytest.mark.parametrize(
    ("left", "verdict"),
    [
        (timedelta(microseconds=1), Pass()),
        (timedelta(0), drop(Reason.EXPIRED)),
        (timedelta(days=-1), drop(Reason.EXPIRED)),
    ],
)
def test_nothing_is_sent_at_or_after_its_end(left: timedelta, verdict: Verdict) -> None:
    """The last moment itself is already too late."""
    assert life(replace(DELIVERY, expires=NOW + left), NOW) == verdict


@pytest.mark.parametrize(
    ("hour", "until"),
    [
        (20, None),
        (21, datetime(2026, 1, 16, 6, 0, tzinfo=UTC)),  # 22:00 in Berlin
        (23, datetime(2026, 1, 16, 6, 0, tzinfo=UTC)),
        (5, datetime(2026, 1, 15, 6, 0, tzinfo=UTC)),
        (6, None),  # 7:00 in Berlin
    ],
)
def test_posts_wait_for_the_end_of_quiet_hours(hour: int, until: datetime | None) -> None:
    """The start is quiet, the end is not, and the reader's clock decides."""
    now = datetime(2026, 1, 15, hour, 0, tzinfo=UTC)
    expected = Pass() if until is None else Hold(until, frozenset({Reason.QUIET_HOURS}))
    assert quiet_hours(replace(DELIVERY, quiet=(NIGHT,)), now) == expected


def test_answers_come_at_night_too() -> None:
    """An answer to what the member has just done finds her awake; other notices wait."""
    now = datetime(2026, 1, 15, 23, 0, tzinfo=UTC)
    assert quiet_hours(replace(DELIVERY, quiet=(NIGHT,), notice=True, answers=True), now) == Pass()
    assert quiet_hours(replace(DELIVERY, quiet=(NIGHT,), notice=True), now) != Pass()


def test_what_other_phones_saw_is_not_passed_on() -> None:
    """Whether it went to other phones as well is all that counts."""
    assert alone(POST, NOW) == Pass()
    shown = replace(POST, shown_to_others=True, author=MemberState.STOPPED)
    assert alone(shown, NOW) == drop(Reason.SHOWN_TO_OTHERS)


@pytest.mark.parametrize(
    ("spent", "most", "cost", "passes"),
    [
        (0, 200, 180, True),
        (0, 200, 181, False),
        (179, 200, 1, True),
        (180, 200, 1, False),
        (200, 200, 0, True),  # a channel that costs nothing
        (8, 10, 1, True),
        (9, 10, 1, False),
        (4, 5, 1, True),  # a tenth of five is less than one
        (5, 5, 1, False),
    ],
)
def test_posts_are_paid_from_nine_tenths_of_a_budget(
    spent: int, most: int, cost: int, passes: bool
) -> None:
    """What does not fit waits for the next day; answers go at any price."""
    tomorrow = NOW + timedelta(hours=12)
    one = Budget(spent=spent, most=most, renews=tomorrow)
    facts = replace(DELIVERY, cost=cost, budgets=(one,))
    expected = Pass() if passes else Hold(tomorrow, frozenset({Reason.BUDGET}))
    assert budget(facts, NOW) == expected
    assert budget(replace(facts, notice=True), NOW) == Pass()


def test_of_several_spent_budgets_the_last_to_renew_counts() -> None:
    """One that is not spent has no say."""
    hours = [timedelta(hours=n) for n in (3, 9, 20)]
    spent = [Budget(spent=10, most=10, renews=NOW + hour) for hour in hours[:2]]
    free = Budget(spent=0, most=10, renews=NOW + hours[2])
    for budgets in ((*spent, free), (free, *reversed(spent))):
        verdict = budget(replace(DELIVERY, cost=1, budgets=budgets), NOW)
        assert verdict == Hold(NOW + hours[1], frozenset({Reason.BUDGET}))


@pytest.mark.parametrize(("must", "verdict"), [(False, Pass()), (True, drop(Reason.NOT_AFFIRMED))])
def test_who_has_not_agreed_for_long_only_reads(must: bool, verdict: Verdict) -> None:
    """She is told, and never refused as a stranger would be."""
    assert agreement(replace(POST, must_agree=must), NOW) == verdict


@pytest.mark.parametrize(
    ("written", "passes"),
    [
        (Written(), True),
        (Written(hers_in_hour=29, hers_in_minute=9, all_in_hour=119, all_in_minute=39), True),
        (Written(hers_in_hour=30), False),
        (Written(hers_in_minute=10), False),
        (Written(all_in_hour=120), False),
        (Written(all_in_minute=40), False),
    ],
)
def test_so_many_posts_an_hour_and_a_few_a_minute(written: Written, passes: bool) -> None:
    """One more than a limit is not passed on; without limits everything is."""
    limited = replace(written, most_hers=30, most_of_all=120)
    verdict = rate(replace(POST, written=limited), NOW)
    assert verdict == (Pass() if passes else drop(Reason.RATE))
    assert rate(replace(POST, written=written), NOW) == Pass()
