"""Nobody speaks in another's name."""

from __future__ import annotations

from datetime import datetime, timedelta

from policies.facts import PostFacts, Proof
from policies.verdict import Hold, Pass, Reason, Refuse, Verdict

ASKED_FOR = timedelta(minutes=15)
"""How long a message waits to be confirmed."""


def authenticity(facts: PostFacts, now: datetime) -> Verdict:
    """A message counts only if it is proven to come from the member it claims to come from.

    Mail can carry any sender one likes to write on it, like an envelope. A message whose sender
    nothing proves, because her mail host signs nothing, waits until she has confirmed it from her
    own mailbox. One that her mail host disowns is refused with the answer a stranger gets.

    Example: Robin's small mail host does not sign. She mails, gets a question back, and answers
    it; then the group reads her. Somebody who writes Robin's address on his own mail gets no
    further: the question goes to Robin, who did not write.
    """
    if facts.proof is Proof.PROVEN:
        return Pass()
    if facts.proof is Proof.WEAK and facts.may_confirm:
        return Hold(now + ASKED_FOR, frozenset({Reason.NOT_PROVEN}))
    return Refuse(frozenset({Reason.NOT_AUTHENTIC}))
