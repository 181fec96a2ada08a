"""When quiet hours end, phones do not light up all at once."""

from __future__ import annotations

from datetime import datetime, timedelta

from policies.boundaries import last_end, share
from policies.facts import DeliveryFacts
from policies.verdict import Hold, Pass, Reason, Verdict
from policies.windows import quiet_from


def spread(facts: DeliveryFacts, now: datetime) -> Verdict:
    """After a reader's quiet hours posts begin to come at a moment of her own, a little later.

    How much later is different for each reader and each night, up to as many minutes as the group
    has chosen. So neither what comes nor what is answered then tells where somebody's morning is,
    or how many people have the same. Where little time is free before the next quiet hours, it is
    spread over half of that. Answers to what she did herself come at once.

    Example: Robin and Ivy both sleep until 7:00, and the group spreads over ten minutes. What was
    written at night reaches Robin at 7:03 and Ivy at 7:08; tomorrow it may be the other way round.
    """
    if facts.notice or facts.answers or facts.urgent or not (facts.quiet and facts.jitter):
        return Pass()
    if facts.awake_until is not None and now < facts.awake_until:
        return Pass()
    end = last_end(facts.quiet, now - facts.jitter, now)
    if end is None:
        return Pass()
    again = quiet_from(facts.quiet, end)
    width = facts.jitter if again is None else min(facts.jitter, (again - end) / 2)
    until = end + timedelta(seconds=int(share(facts.luck, end) * width.total_seconds()))
    return Hold(until, frozenset({Reason.SPREAD})) if until > now else Pass()
