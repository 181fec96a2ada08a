"""Writing needs an open group."""

from __future__ import annotations

from datetime import datetime

from policies.facts import GroupState, PostFacts
from policies.verdict import Pass, Reason, Refuse, Verdict


def group_open(facts: PostFacts, now: datetime) -> Verdict:
    """A frozen group takes no messages until it is thawed; a closed one takes none ever again.

    Both look from outside as if there were no group at all, also to those who are in it: a group
    is frozen when somebody may be watching.

    Example: a phone was stolen and the facilitator froze the group. Whoever holds that phone gets
    the answer that any stranger gets.
    """
    match facts.group:
        case GroupState.OPEN:
            return Pass()
        case GroupState.FROZEN:
            return Refuse(frozenset({Reason.GROUP_FROZEN}))
        case GroupState.CLOSED:
            return Refuse(frozenset({Reason.GROUP_CLOSED}))
