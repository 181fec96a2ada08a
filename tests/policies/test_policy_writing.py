"""Who may write, whose posts are looked at first, and who is muted: each rule as a table."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from policies import catalogue
from policies.facts import GroupState, MemberState, PostFacts, Posting, Proof, Role
from policies.moderation import LOOKED_AT_WITHIN, moderation
from policies.muted import muted
from policies.posting_right import posting_right
from policies.verdict import Drop, Hold, Pass, Reason, fold

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
LOOKED_AT = Hold(NOW + LOOKED_AT_WITHIN, frozenset({Reason.REVIEW}))
WRITERS = {Role.FACILITATOR, Role.CO_FACILITATOR, Role.INTERPRETER}
GUIDES = {Role.FACILITATOR, Role.CO_FACILITATOR}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("posting", Posting)
@pytest.mark.parametrize("private", [False, True])
def test_who_writes(role: Role, posting: Posting, private: bool) -> None:
    """A listener never; in a group for announcements who runs it and who interprets."""
    facts = replace(POST, role=role, posting=posting, private=private)
    if role is Role.LISTENER:
        assert posting_right(facts, NOW) == Drop(frozenset({Reason.READS_ONLY}))
    elif posting is Posting.ANNOUNCE and role not in WRITERS and not private:
        assert posting_right(facts, NOW) == Drop(frozenset({Reason.ANNOUNCEMENTS_ONLY}))
    else:
        assert posting_right(facts, NOW) == Pass()


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("posting", Posting)
@pytest.mark.parametrize(("private", "first"), [(False, 0), (False, 1), (True, 1)])
def test_what_is_looked_at_first(role: Role, posting: Posting, private: bool, first: int) -> None:
    """All posts of a moderated group and the first of a new member; never a facilitator's."""
    facts = replace(POST, role=role, posting=posting, private=private, looked_at_first=first)
    held = (posting is Posting.MODERATED or first > 0) and not private and role not in GUIDES
    assert moderation(facts, NOW) == (LOOKED_AT if held else Pass())


@pytest.mark.parametrize(
    ("until", "reaches"),
    [
        (None, True),
        (NOW - timedelta(microseconds=1), True),
        (NOW, True),
        (NOW + timedelta(microseconds=1), False),
        (datetime.max.replace(tzinfo=UTC), False),
    ],
)
def test_who_is_muted(until: datetime | None, reaches: bool) -> None:
    """Until the time is over, its last moment not included, whoever she is."""
    expected = Pass() if reaches else Drop(frozenset({Reason.MUTED}))
    assert {muted(replace(POST, muted_until=until, role=r), NOW) for r in Role} == {expected}


def test_a_mute_is_sterner_than_a_look() -> None:
    """What a muted member writes in a moderated group is given back, not looked at."""
    facts = replace(POST, posting=Posting.MODERATED, muted_until=NOW + timedelta(hours=1))
    verdict = fold(rule(facts, NOW) for rule in catalogue.POST)
    assert verdict == Drop(frozenset({Reason.MUTED}))
