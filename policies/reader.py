"""Who may read: present members only."""

from __future__ import annotations

from datetime import datetime

from policies.facts import DeliveryFacts, MemberState
from policies.verdict import Drop, Pass, Reason, Verdict


def reader(facts: DeliveryFacts, now: datetime) -> Verdict:
    """What the group says reaches only those who are members at the moment of sending.

    Somebody who is invited, and somebody who said stop, gets notices of the programme itself (the
    invitation; the one confirmation that she will hear nothing more) and nothing that the group
    said. To a number or address that is dead nothing is sent at all: it may have a new owner.

    Example: at 8:00 three messages from the night wait for Robin. She says stop at 7:59. They are
    destroyed unread, and she is told that nothing more will come.
    """
    if facts.reader is MemberState.ACTIVE:
        return Pass()
    if facts.notice and facts.reader is not MemberState.UNREACHABLE:
        return Pass()
    return Drop(frozenset({Reason.NOT_A_MEMBER_NOW}))
