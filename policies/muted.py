"""A member who is muted for a while."""

from __future__ import annotations

from datetime import datetime

from policies.facts import PostFacts
from policies.verdict import Drop, Pass, Reason, Verdict


def muted(facts: PostFacts, now: datetime) -> Verdict:
    """What a muted member writes reaches nobody until the time is over, and she is told so.

    She goes on reading, and is heard when she asks for help, reports something, or wants to leave:
    only posts are stopped.

    Example: at 20:00 the facilitator mutes Robin for two hours. What Robin texts at 21:00 is given
    back to her; what she texts at 22:00 reaches everybody.
    """
    if facts.muted_until is not None and now < facts.muted_until:
        return Drop(frozenset({Reason.MUTED}))
    return Pass()
