"""Machines do not speak in a group."""

from __future__ import annotations

from datetime import datetime

from policies.facts import PostFacts
from policies.verdict import Drop, Pass, Reason, Verdict


def robots(facts: PostFacts, now: datetime) -> Verdict:
    """Holiday notes, failure reports and other messages written by machines reach nobody.

    Passed on, they could answer each other without end, and they often carry a full name or an
    address in their footer.

    Example: Robin's mailbox answers "I am away until Monday, Robin Smith". The group never sees it.
    """
    if facts.automatic:
        return Drop(frozenset({Reason.AUTOMATIC}))
    return Pass()
