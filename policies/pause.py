"""A member may rest from her group, and come back."""

from __future__ import annotations

from datetime import datetime, timedelta

from policies.facts import DeliveryFacts
from policies.verdict import Drop, Hold, Pass, Reason, Verdict

LAST = timedelta(minutes=15)
"""How long before the end of its life a message is given up for who still rests."""


def pause(facts: DeliveryFacts, now: datetime) -> Verdict:
    """While a member pauses, what the group says waits for her as long as it lives.

    What is still there when she comes back reaches her; what would be too old by then she does not
    get, and nobody is told, because she chose it. No mark of urgency passes a pause. What the
    relay itself has to tell her still comes, and what she asks for.

    Example: messages live for 36 hours. On Friday evening Robin pauses until Monday morning. What
    Sam writes on Saturday is gone by then. What he writes on Sunday is there on Monday.
    """
    until = facts.paused_until
    if facts.notice or facts.answers or until is None or until <= now:
        return Pass()
    last = facts.expires - LAST
    if last <= now:
        return Drop(frozenset({Reason.PAUSED}))
    return Hold(min(until, last), frozenset({Reason.PAUSED}))
