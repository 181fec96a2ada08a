"""Who may read: present members only."""

from __future__ import annotations

from datetime import datetime

from policies.facts import DeliveryFacts, MemberState
from policies.verdict import Drop, Pass, Reason, Verdict


def reader(facts: DeliveryFacts, now: datetime) -> Verdict:
    """What the group says reaches only those who are members at the moment of sending.

    Anybody else gets at most a notice of the programme itself, never anything that the group said:
    the one confirmation that she will hear nothing more, or an answer to what she just wrote. A
    number or address that is dead may have a new owner by now.

    Example: at 8:00 three messages from the night wait for Robin. She says stop at 7:59. They are
    destroyed unread, and she is told that nothing more will come.
    """
    if facts.notice or facts.reader is MemberState.ACTIVE:
        return Pass()
    return Drop(frozenset({Reason.NOT_A_MEMBER_NOW}))
