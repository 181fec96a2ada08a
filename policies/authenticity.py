"""Nobody speaks in another's name."""

from __future__ import annotations

from datetime import datetime

from policies.facts import PostFacts
from policies.verdict import Pass, Reason, Refuse, Verdict


def authenticity(facts: PostFacts, now: datetime) -> Verdict:
    """A message counts only if it is proven to come from the member it claims to come from.

    Mail can carry any sender one likes to write on it, like an envelope. What cannot be proven is
    refused with the answer a stranger gets.

    Example: somebody who knows Robin's address and her alias sends a mail "from" Robin. Her mail
    host did not sign it, so nobody reads it.
    """
    if facts.authentic:
        return Pass()
    return Refuse(frozenset({Reason.NOT_AUTHENTIC}))
