"""A group message of a phone shows everybody's number to everybody in it."""

from __future__ import annotations

from datetime import datetime

from policies.facts import PostFacts
from policies.verdict import Drop, Pass, Reason, Verdict


def alone(facts: PostFacts, now: datetime) -> Verdict:
    """What was sent to other phones as well as to the relay is not passed on.

    Whoever is in such a group message sees the numbers of all. Passing it on would tell them which
    member of the group wrote it, and would invite others to answer there.

    Example: Robin puts the relay's number and her sister's into one message. Nobody in the group
    gets it, and Robin is told to write to the number alone.
    """
    if facts.shown_to_others:
        return Drop(frozenset({Reason.SHOWN_TO_OTHERS}))
    return Pass()
