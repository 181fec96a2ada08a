"""Doing what somebody asks of the relay, in the transaction that took her word in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from channels.contract import Inbound
from relay.draft import Draft
from relay.engine import Engine
from relay.obeying.basics import Basics
from relay.obeying.danger import Danger
from relay.obeying.duty import OnDuty
from relay.obeying.guiding import GuidingWords
from relay.obeying.hours import Hours
from relay.obeying.joining import Comings
from relay.obeying.last_days import Extending
from relay.obeying.members import Members
from relay.obeying.modes import Modes
from relay.obeying.planning import PlanningWords
from relay.obeying.said import Handler, Said, standing
from relay.store.roster import Arrival
from relay.words.orders import Order, loosely
from relay.words.vocabulary import Command


class Obey:
    """Knows which part of the relay does what a word says."""

    def __init__(self, engine: Engine) -> None:
        members, self._guides = Members(engine), GuidingWords(engine)
        parts = (
            Basics(engine),
            Danger(engine),
            Comings(engine),
            Extending(engine),
            self._guides,
            Hours(engine),
            members,
            Modes(engine),
            OnDuty(engine),
            PlanningWords(engine),
        )
        self._meant, self._doubted = members.meant(), members.doubted()
        self._handlers: dict[Command, Handler] = {}
        for part in parts:
            self._handlers |= part.handlers()

    async def loosely(
        self,
        c: AsyncConnection,
        inbound: Inbound,
        arrival: Arrival,
        made: Draft,
        now: datetime,
    ) -> Order | None:
        """The order that a message is although its word does not stand out, by what is going on.

        Example: `accept`, from somebody who has just been asked by another member.
        """
        said = _loosely_said(c, inbound, arrival, made, now)
        judge = self._meant.get(said.order.command) if said else None
        return said.order if said and judge and await judge(said) else None

    async def doubts(
        self,
        c: AsyncConnection,
        inbound: Inbound,
        arrival: Arrival,
        made: Draft,
        now: datetime,
    ) -> bool:
        """Whether a message may be such an order, so that its writer has to be asked first."""
        said = _loosely_said(c, inbound, arrival, made, now)
        judge = self._doubted.get(said.order.command) if said else None
        if said and judge and await judge(said):
            return True
        return not inbound.reaction and await self._guides.doubts(c, inbound, arrival)

    async def obey(self, said: Said) -> Sequence[int]:
        """Do what the order says. Returns the members who have gone by it."""
        return await self._handlers[said.order.command](said)


def _loosely_said(
    c: AsyncConnection, inbound: Inbound, arrival: Arrival, made: Draft, now: datetime
) -> Said | None:
    if inbound.reaction or inbound.files or arrival.reader is not None:
        return None
    order = loosely(inbound.text.reveal(), standing(arrival.member))
    if order is None:
        return None
    return Said(c=c, order=order, inbound=inbound, arrival=arrival, made=made, now=now)
