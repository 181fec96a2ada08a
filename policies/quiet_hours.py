"""No phone lights up in the hours its owner keeps for herself."""

from __future__ import annotations

from datetime import datetime

from policies.facts import DeliveryFacts
from policies.verdict import Drop, Hold, Pass, Reason, Verdict
from policies.windows import quiet_until


def quiet_hours(facts: DeliveryFacts, now: datetime) -> Verdict:
    """During a reader's quiet hours, what others write to her waits; then it comes.

    The hours are those of her own clock, wherever the writer is, also in the nights when clocks
    change. Answers to something she has just done herself are not held back: she is awake. Nor is
    what one who may do so has marked as urgent, unless she does not want to be woken. Messages
    live long enough for every night that is known when they are written; if hours are set later
    that last longer than a message, it cannot come any more, and the one who wrote it is told.

    Example: Robin's quiet hours are 22:00 to 7:00 in Berlin. Sam writes from New York at 18:00,
    which is midnight for Robin. Her phone stays dark, and at 7:00 the message is there. When Robin
    texts STOP at 23:00, the answer comes at once.
    """
    if facts.answers or facts.urgent:
        return Pass()
    until = quiet_until(facts.quiet, now, awake_until=facts.awake_until)
    if until is None:
        return Pass()
    if until >= facts.expires:
        return Drop(frozenset({Reason.OUTLASTED}))
    return Hold(until, frozenset({Reason.QUIET_HOURS}))
