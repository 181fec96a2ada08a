"""Texts cost money, and carriers take only so many a day."""

from __future__ import annotations

from datetime import datetime

from policies.facts import DeliveryFacts
from policies.verdict import Hold, Pass, Reason, Verdict

_RESERVED = 10
"""Of so many parts of a budget, one is kept for answers: a crisis line, the end of messages."""


def budget(facts: DeliveryFacts, now: datetime) -> Verdict:
    """When a day's budget is spent, posts wait for the next day. Answers are never held back.

    A group has a budget, each writer has one, and so has the whole programme, because carriers
    stop delivering after so many texts a day. A tenth of each is kept for what must always go.

    Example: the group may cost 200 texts a day, and 180 are gone at noon. Robin's next post waits
    until the next day begins. Sam asks for HELP at one o'clock, and the answer comes at once.
    """
    if facts.notice:
        return Pass()
    over = [
        b
        for b in facts.budgets
        if b.renews > now and b.spent + facts.cost > b.most - b.most // _RESERVED
    ]
    if facts.cost == 0 or not over:
        return Pass()
    return Hold(max(b.renews for b in over), frozenset({Reason.BUDGET}))
