"""Posts that a facilitator looks at first."""

from __future__ import annotations

from datetime import datetime, timedelta

from policies.facts import PostFacts, Posting
from policies.verdict import Hold, Pass, Reason, Verdict

LOOKED_AT_WITHIN = timedelta(hours=36)
"""How long a post waits to be looked at, at the most; less if posts live for less."""


def moderation(facts: PostFacts, now: datetime) -> Verdict:
    """In a moderated group a facilitator reads each post before the others do.

    The same goes for the first posts of a new member, as many as the group wants. What who runs the
    group writes is never held, nor are words to one member alone, and nobody's cry for help is.

    Example: Robin is new and writes on Monday at 9:00. Ana, who runs the group, gets her words with
    a number, 7, and answers APPROVE 7 at 9:05. Then the group reads them. Had Ana answered DECLINE
    7, Robin would have been told, and nobody else.
    """
    if facts.role.runs_group or facts.private:
        return Pass()
    if facts.posting is Posting.MODERATED or facts.looked_at_first > 0:
        return Hold(now + LOOKED_AT_WITHIN, frozenset({Reason.REVIEW}))
    return Pass()
