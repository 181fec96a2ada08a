"""Who may read: present members only."""

from __future__ import annotations

from datetime import datetime

from policies.facts import DeliveryFacts, MemberState
from policies.verdict import Drop, Pass, Reason, Verdict


def reader(facts: DeliveryFacts, now: datetime) -> Verdict:
    """What the group says reaches only those who are members at the moment of sending.

    Somebody who is invited gets notices, such as the invitation itself, and nothing that the group
    said. Somebody who has left, or was removed, gets nothing at all any more, not even a notice.

    Example: at 8:00 three messages from the night wait for Robin. She leaves at 7:59. They are
    destroyed unread.
    """
    if facts.reader is MemberState.ACTIVE:
        return Pass()
    if facts.reader is MemberState.INVITED and facts.notice:
        return Pass()
    return Drop(frozenset({Reason.NOT_A_MEMBER_NOW}))
