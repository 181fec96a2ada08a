"""A group that has an end takes nothing more after its last day."""

from __future__ import annotations

from datetime import datetime

from policies.facts import PostFacts
from policies.verdict import Pass, Reason, Refuse, Verdict


def last_day(facts: PostFacts, now: datetime) -> Verdict:
    """Once the last day of a group is over, nothing new is taken; what was written still arrives.

    The group is closed only in the morning after, when all the farewells of the last evening have
    come, also to those who sleep. Until then facilitators can still give it more time.

    Example: the last day is the 20th of June. Sam writes at 23:50, and Robin reads it at 7:00 on
    the 21st. What Ana writes at 0:10 is not passed on, and she is told that the group has ended.
    """
    if facts.over is None or now < facts.over:
        return Pass()
    return Refuse(frozenset({Reason.GROUP_CLOSED}))
