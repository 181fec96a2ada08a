"""The algebra of verdicts, and that the order of rules cannot matter."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from policies import catalogue
from policies.facts import (
    Budget,
    DeliveryFacts,
    DeliveryPolicy,
    GroupState,
    MemberState,
    Mode,
    PostFacts,
    Posting,
    PostPolicy,
    Proof,
    Role,
    Window,
    Written,
)
from policies.verdict import Drop, Hold, Pass, Reason, Refuse, Verdict, fold, join

calm = settings(deadline=None)

times = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 -- hypothesis wants naive bounds
whys = st.frozensets(st.sampled_from(Reason), min_size=1, max_size=3)
verdicts: st.SearchStrategy[Verdict] = st.one_of(
    st.builds(Pass), st.builds(Hold, times, whys), st.builds(Drop, whys), st.builds(Refuse, whys)
)
windows = st.builds(
    Window,
    st.times(),
    st.times(),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu"]).map(ZoneInfo),
)
post_facts = st.builds(
    PostFacts,
    group=st.sampled_from(GroupState),
    author=st.sampled_from(MemberState),
    proof=st.sampled_from(Proof),
    automatic=st.booleans(),
    may_confirm=st.booleans(),
    characters=st.integers(0, 20),
    pictures=st.integers(0, 2),
    longest=st.integers(1, 20),
    shown_to_others=st.booleans(),
    role=st.sampled_from(Role),
    posting=st.sampled_from(Posting),
    private=st.booleans(),
    muted_until=st.none() | times,
    looked_at_first=st.integers(0, 2),
    written=st.builds(
        Written,
        hers_in_hour=st.integers(0, 3),
        all_in_minute=st.integers(0, 50),
        most_hers=st.integers(0, 3),
        most_of_all=st.integers(0, 3),
    ),
)
delivery_facts = st.builds(
    DeliveryFacts,
    group=st.sampled_from(GroupState),
    reader=st.sampled_from(MemberState),
    notice=st.booleans(),
    expires=times,
    quiet=st.lists(windows, max_size=3).map(tuple),
    cost=st.integers(0, 5),
    budgets=st.lists(
        st.builds(Budget, spent=st.integers(0, 12), most=st.integers(1, 12), renews=times),
        max_size=3,
    ).map(tuple),
    since=st.none() | times,
    mode=st.sampled_from(Mode),
    digest_at=st.times(),
    asked=st.booleans(),
    urgent=st.booleans(),
    jitter=st.integers(0, 60).map(lambda minutes: timedelta(minutes=minutes)),
    luck=st.integers(0, 9),
)


@calm
@given(verdicts, verdicts)
def test_join_is_commutative(one: Verdict, other: Verdict) -> None:
    """It does not matter which of two rules is asked first."""
    assert join(one, other) == join(other, one)


@calm
@given(verdicts, verdicts, verdicts)
def test_join_is_associative(one: Verdict, two: Verdict, three: Verdict) -> None:
    """It does not matter how rules are grouped."""
    assert join(join(one, two), three) == join(one, join(two, three))


@calm
@given(verdicts)
def test_join_is_idempotent_and_pass_is_its_unit(verdict: Verdict) -> None:
    """A rule asked twice, or one that has nothing to say, changes nothing."""
    assert join(verdict, verdict) == verdict
    assert join(verdict, Pass()) == verdict


@calm
@given(verdicts, verdicts)
def test_the_sterner_verdict_wins(one: Verdict, other: Verdict) -> None:
    """Pass < Hold < Drop < Refuse: joining keeps the rank and all reasons of it."""
    order = [Pass, Hold, Drop, Refuse]
    joined = join(one, other)
    assert order.index(type(joined)) == max(order.index(type(one)), order.index(type(other)))
    for verdict in (one, other):
        if type(verdict) is type(joined) and not isinstance(verdict, Pass):
            assert not isinstance(joined, Pass)
            assert verdict.why <= joined.why


@calm
@given(times, times, whys, whys)
def test_of_two_holds_the_later_counts(
    one: datetime, other: datetime, first: frozenset[Reason], second: frozenset[Reason]
) -> None:
    """Nothing is sent before every rule allows it."""
    assert join(Hold(one, first), Hold(other, second)) == Hold(max(one, other), first | second)


def test_no_rules_mean_pass() -> None:
    """The fold of nothing is the unit."""
    assert fold([]) == Pass()


@calm
@given(post_facts, times, st.permutations(catalogue.POST))
def test_shuffled_post_rules_decide_the_same(
    facts: PostFacts, now: datetime, order: list[PostPolicy]
) -> None:
    """Rules for writing may stand in any order."""
    shuffled = fold(rule(facts, now) for rule in order)
    assert shuffled == fold(rule(facts, now) for rule in catalogue.POST)


@calm
@given(delivery_facts, times, st.permutations(catalogue.DELIVERY))
def test_shuffled_delivery_rules_decide_the_same(
    facts: DeliveryFacts, now: datetime, order: list[DeliveryPolicy]
) -> None:
    """Rules for delivering may stand in any order."""
    shuffled = fold(rule(facts, now) for rule in order)
    assert shuffled == fold(rule(facts, now) for rule in catalogue.DELIVERY)


@calm
@given(delivery_facts, times)
def test_a_hold_is_always_in_the_future(facts: DeliveryFacts, now: datetime) -> None:
    """A held delivery moves on: it is never due again at the same instant."""
    tomorrow = now + timedelta(hours=25)  # the longest day
    budgets = tuple(replace(one, renews=tomorrow) for one in facts.budgets)
    facts = replace(facts, budgets=budgets)
    verdict = fold(rule(facts, now) for rule in catalogue.DELIVERY)
    if isinstance(verdict, Hold):
        assert now < verdict.until
        assert Reason.BUDGET in verdict.why or verdict.until <= now + timedelta(hours=49)


def test_everything_ordinary_passes() -> None:
    """Present members of an open group talk by day without any rule in the way."""
    now = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
    night = Window(time(22), time(7), ZoneInfo("Europe/Berlin"))
    post = PostFacts(
        group=GroupState.OPEN,
        author=MemberState.ACTIVE,
        proof=Proof.PROVEN,
        automatic=False,
        may_confirm=True,
        characters=5,
        pictures=0,
        longest=1600,
    )
    copy = DeliveryFacts(
        group=GroupState.OPEN,
        reader=MemberState.ACTIVE,
        notice=False,
        expires=now + timedelta(days=1),
        quiet=(night,),
    )
    assert fold(rule(post, now) for rule in catalogue.POST) == Pass()
    assert fold(rule(copy, now) for rule in catalogue.DELIVERY) == Pass()
