"""Nobody floods a group, by mistake or on purpose."""

from __future__ import annotations

from datetime import datetime

from policies.facts import PostFacts
from policies.verdict import Drop, Pass, Reason, Verdict

MOST_HERS, MOST_OF_ALL = 10, 40
"""Posts within a minute: of one member, and of all members together."""


def rate(facts: PostFacts, now: datetime) -> Verdict:
    """Each member, and the whole group, may write so many posts an hour, and a few in a minute.

    What is more is not passed on, and its writer is told when to send it again. So a phone that
    repeats itself, or somebody who takes the group over, costs the others no sleep. The group, or
    else the programme, sets the limits of the hour; one that is 0 is none, and neither is that of
    the minute then. Words to the relay, such as STOP and HELP, count for nothing and always work.

    Example: the group lets everyone write 30 posts an hour. Robin's phone sends the same text over
    and over. Ten of them reach the group, then Robin is told to wait.
    """
    written = facts.written
    over = (
        0 < written.most_hers <= written.hers_in_hour
        or (written.most_hers and written.hers_in_minute >= MOST_HERS)
        or 0 < written.most_of_all <= written.all_in_hour
        or (written.most_of_all and written.all_in_minute >= MOST_OF_ALL)
    )
    return Drop(frozenset({Reason.RATE})) if over else Pass()
