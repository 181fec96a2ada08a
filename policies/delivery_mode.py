"""Not every note needs to come at once: readers choose how posts reach them."""

from __future__ import annotations

from datetime import datetime

from policies.boundaries import next_boundary
from policies.facts import DeliveryFacts, Mode
from policies.verdict import Hold, Pass, Reason, Verdict
from policies.windows import AGAIN


def delivery_mode(facts: DeliveryFacts, now: datetime) -> Verdict:
    """A reader gets every post at once, or bundles, or one digest a day, or is only told of them.

    Bundles come when her clock strikes the hour, or every third hour; a digest comes at the time of
    day she chose. Who wants to be told only gets the posts themselves when she asks for them. What
    the programme says to her, what she asked for, and what is urgent do not wait for that.

    Example: Robin wants bundles every three hours. Sam writes at 12:10 and Ivy at 14:50, and at
    15:00 both notes reach Robin as one message.
    """
    if facts.notice or facts.asked or facts.urgent or facts.mode is Mode.EVERY:
        return Pass()
    if facts.mode is Mode.NUDGE:
        if facts.paused_until is not None and facts.paused_until > now:
            return Pass()  # who rests is told of nothing: her pause holds it, and no longer
        return Hold(now + AGAIN, frozenset({Reason.NOT_ASKED_FOR}))
    since = now if facts.since is None else min(facts.since, now)  # a clock may be set back
    due = next_boundary(facts.mode, since, facts.zone, facts.digest_at)
    return Pass() if due <= now else Hold(due, frozenset({Reason.BUNDLE}))
