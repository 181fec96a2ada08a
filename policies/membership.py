"""Who may write: present members only."""

from __future__ import annotations

from datetime import datetime

from policies.facts import MemberState, PostFacts
from policies.verdict import Pass, Reason, Refuse, Verdict

_WHY = {
    MemberState.INVITED: Reason.NOT_A_MEMBER_NOW,
    MemberState.SILENT: Reason.SILENT,
    MemberState.STOPPED: Reason.STOPPED,
    MemberState.UNREACHABLE: Reason.UNREACHABLE,
}


def membership(facts: PostFacts, now: datetime) -> Verdict:
    """Only somebody who is a member at this moment can write to the group.

    What anybody else sends is refused: from those who have not yet agreed to join, those who said
    stop, those whose number or address turned out to be dead, and those whose phone was silent for
    so long that it may be somebody else's by now. On the wire it looks like the
    refusal of a stranger, so that nobody can find out from outside whether a group exists.

    Example: Robin said stop on Monday. What she texts on Tuesday reaches nobody and is not kept.
    """
    if facts.author is MemberState.ACTIVE:
        return Pass()
    return Refuse(frozenset({_WHY[facts.author]}))
