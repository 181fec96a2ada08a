"""An order that somebody gave, with all that is known of it, and what may do it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from channels.contract import Inbound
from policies.facts import MemberState
from relay.model import Group, Member
from relay.store.roster import Arrival
from relay.words.orders import Order
from relay.words.vocabulary import Command, Who


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One order, in the transaction that took it in."""

    c: AsyncConnection
    order: Order
    inbound: Inbound
    arrival: Arrival
    now: datetime

    @property
    def member(self) -> Member:
        """Who said it."""
        return self.arrival.member

    @property
    def group(self) -> Group:
        """In which group."""
        return self.arrival.group


Handler = Callable[[Said], Awaitable[Sequence[int]]]
"""Does it. Returns the members who have gone by it, to whom nothing in hand goes any more."""

Handlers = Mapping[Command, Handler]


def standing(member: Member) -> Who:
    """As what a member is heard."""
    if member.state is MemberState.STOPPED:
        return Who.STOPPED
    if member.state is MemberState.INVITED:
        return Who.INVITED
    return Who.FACILITATOR if member.facilitator else Who.MEMBER
