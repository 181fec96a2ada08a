"""An order that somebody gave, with all that is known of it, and what may do it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from channels.contract import NO_WORDS, Inbound
from channels.secret import Secret
from policies.facts import MemberState
from relay.draft import Draft
from relay.model import Body, Group, Member
from relay.store.roster import Arrival
from relay.words.orders import Order, declared
from relay.words.vocabulary import Command, Form, Who


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One order, in the transaction that took it in."""

    c: AsyncConnection
    order: Order
    inbound: Inbound
    arrival: Arrival
    now: datetime
    made: Draft
    """What would leave of the message; where something stands behind the word, of that alone."""

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

Judge = Callable[[Said], Awaitable[bool]]
"""Says whether it was meant as one."""

Judges = Mapping[Command, Judge]

Handlers = Mapping[Command, Handler]


def written(order: Order, made: Draft) -> Body:
    """An order as a body, to be kept until it may be done. `read_again` reads it."""
    rest = order.rest if declared(order.command).form is not Form.WORDS else made.body.text.reveal()
    body = replace(made.body, text=Secret(f"{order.command}\n{rest}"), html=NO_WORDS)
    return replace(body, guarded=made.telling, files_left_out=made.files_left_out)


def read_again(body: Body) -> tuple[Order, Draft]:
    """An order that was kept, and what would leave of the words behind it."""
    command, _, rest = body.text.reveal().partition("\n")
    made = draft_again(replace(body, text=Secret(rest)))
    return Order(command=Command(command), rest=rest), made


def draft_again(body: Body) -> Draft:
    """What would leave of a message that was kept."""
    return Draft(
        body=replace(body, guarded=False, files_left_out=False),
        whole=None,
        guarded=body.guarded,
        telling=body.guarded,
        files_left_out=body.files_left_out,
        characters=len(body.text.reveal()),
    )


def standing(member: Member) -> Who:
    """As what a member is heard."""
    if member.state is MemberState.STOPPED:
        return Who.STOPPED
    if member.state is MemberState.INVITED:
        return Who.INVITED
    return Who.FACILITATOR if member.facilitator else Who.MEMBER
