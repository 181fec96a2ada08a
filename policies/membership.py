"""Who may write: present members only."""

from __future__ import annotations

from datetime import datetime

from policies.facts import MemberState, PostFacts
from policies.verdict import Pass, Reason, Refuse, Verdict


def membership(facts: PostFacts, now: datetime) -> Verdict:
    """Only somebody who is a member at this moment can write to the group.

    Whoever has not yet agreed to join, or has left, or was removed, gets the same answer as a
    stranger, so that nobody can find out from outside whether a group exists or who is in it.

    Example: Robin left on Monday. On Tuesday her text is refused, and nothing of it is kept.
    """
    if facts.author is MemberState.ACTIVE:
        return Pass()
    return Refuse(frozenset({Reason.NOT_A_MEMBER_NOW}))
