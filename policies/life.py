"""Nothing is kept, or sent, beyond its time."""

from __future__ import annotations

from datetime import datetime

from policies.facts import DeliveryFacts
from policies.verdict import Drop, Pass, Reason, Verdict


def life(facts: DeliveryFacts, now: datetime) -> Verdict:
    """Each message has a last moment, fixed when it was written. From then on nobody gets it.

    Example: messages live for three days. Robin's phone was off for four. What was written on the
    first day is gone; what was written since then arrives.
    """
    if facts.expires <= now:
        return Drop(frozenset({Reason.EXPIRED}))
    return Pass()
