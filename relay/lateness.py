"""What comes in long after it was written: its writer may be asleep by now."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from channels.contract import Inbound, Trait
from relay.notices import ANSWER_LIFE


def as_of(inbound: Inbound, at: datetime, now: datetime) -> Inbound:
    """The same message, marked as late if an answer to what was written `at` would be none."""
    late = now - at > ANSWER_LIFE
    return replace(inbound, traits=inbound.traits | {Trait.LATE}) if late else inbound
