"""Every rule of the relay. Alphabetical, because their order does not matter."""

from __future__ import annotations

from policies.agreement import agreement
from policies.alone import alone
from policies.authenticity import authenticity
from policies.budget import budget
from policies.delivery_mode import delivery_mode
from policies.facts import DeliveryPolicy, PostPolicy
from policies.group_open import group_open
from policies.group_running import group_running
from policies.last_day import last_day
from policies.life import life
from policies.membership import membership
from policies.moderation import moderation
from policies.muted import muted
from policies.pause import pause
from policies.posting_right import posting_right
from policies.quiet_hours import quiet_hours
from policies.rate import rate
from policies.reader import reader
from policies.robots import robots
from policies.size import size
from policies.spread import spread

POST: tuple[PostPolicy, ...] = (
    agreement,
    alone,
    authenticity,
    group_open,
    last_day,
    membership,
    moderation,
    muted,
    posting_right,
    rate,
    robots,
    size,
)
"""Asked when somebody writes."""

DELIVERY: tuple[DeliveryPolicy, ...] = (
    budget,
    delivery_mode,
    group_running,
    life,
    pause,
    quiet_hours,
    reader,
    spread,
)
"""Asked for each copy, at the moment it would leave."""
