"""What happens to messages on their way when the group is frozen or ends."""

from __future__ import annotations

from datetime import datetime, timedelta

from policies.facts import DeliveryFacts, GroupState
from policies.verdict import Drop, Hold, Pass, Reason, Verdict

LOOK_AGAIN = timedelta(minutes=5)
"""How soon a thawed group's waiting messages set out, at the latest."""


def group_running(facts: DeliveryFacts, now: datetime) -> Verdict:
    """While a group is frozen, its messages wait; once it is closed, those on their way are lost.

    A waiting message is looked at again every five minutes. Notices of the programme itself still
    go out: members must be able to learn that their group has ended.

    Example: the group is frozen at 20:00 and thawed at 20:12. A message of 19:59 that was still on
    its way arrives by 20:17.
    """
    if facts.notice or facts.group is GroupState.OPEN:
        return Pass()
    if facts.group is GroupState.FROZEN:
        return Hold(now + LOOK_AGAIN, frozenset({Reason.GROUP_FROZEN}))
    return Drop(frozenset({Reason.GROUP_CLOSED}))
