"""Writing needs an open group."""

from __future__ import annotations

from datetime import datetime

from policies.facts import GroupState, PostFacts
from policies.verdict import Pass, Reason, Refuse, Verdict


def group_open(facts: PostFacts, now: datetime) -> Verdict:
    """A frozen group takes no messages until it is thawed; a closed one takes none ever again.

    What is sent meanwhile is refused and not kept: a group is frozen when something is wrong, and
    words that wait could reach the wrong eyes later.

    Example: a phone was stolen, and the facilitator froze the group on Friday. What is sent from
    that phone on Saturday reaches nobody, also not after the group is thawed on Sunday.
    """
    match facts.group:
        case GroupState.OPEN:
            return Pass()
        case GroupState.FROZEN:
            return Refuse(frozenset({Reason.GROUP_FROZEN}))
        case GroupState.CLOSED:
            return Refuse(frozenset({Reason.GROUP_CLOSED}))
