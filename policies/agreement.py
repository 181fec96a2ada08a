"""Who writes has agreed to how the group works."""

from __future__ import annotations

from datetime import datetime

from policies.facts import PostFacts
from policies.verdict import Drop, Pass, Reason, Verdict


def agreement(facts: PostFacts, now: datetime) -> Verdict:
    """Who was asked whether she still agrees, and does not say so for two weeks, only reads.

    She is never removed for it, and hears how to write again: one word is enough.

    Example: the agreement changes on the first of May, and Robin is asked. On the eighth she is
    reminded. On the fifteenth she still gets all that is written, but what she writes is not
    passed on. She answers AGREE, and from then on it is.
    """
    if facts.must_agree:
        return Drop(frozenset({Reason.NOT_AFFIRMED}))
    return Pass()
