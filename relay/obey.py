"""Doing what somebody asks of the relay, in the transaction that took her word in."""

from __future__ import annotations

from collections.abc import Sequence

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
from relay.obeying.said import Handler, Said
from relay.words.vocabulary import Command


class Obey:
    """Knows which part of the relay does what a word says."""

    def __init__(self, engine: Engine) -> None:
        parts = (
            Basics(engine),
            Danger(engine),
            Comings(engine),
            Extending(engine),
            GuidingWords(engine),
            Hours(engine),
            Members(engine),
            Modes(engine),
            OnDuty(engine),
            PlanningWords(engine),
        )
        self._handlers: dict[Command, Handler] = {}
        for part in parts:
            self._handlers |= part.handlers()

    async def obey(self, said: Said) -> Sequence[int]:
        """Do what the order says. Returns the members who have gone by it."""
        return await self._handlers[said.order.command](said)
