"""Words between two members, and questions to the whole group."""

from __future__ import annotations

from collections.abc import Sequence

from relay.engine import Engine
from relay.obeying.said import Handlers, Said
from relay.pulse import read_question
from relay.wording import members as wording
from relay.wording.text import Text
from relay.words.vocabulary import Command


class Members:
    """One method for each command."""

    def __init__(self, engine: Engine) -> None:
        self._notices = engine.notices
        self._pulse = engine.pulse

    def handlers(self) -> Handlers:
        """What this does."""
        return {Command.PULSE: self._ask_group}

    async def _tell(self, said: Said, text: Text) -> None:
        await self._notices.tell(said.c, said.member.id, text, said.now, anyway=True)

    async def _ask_group(self, said: Said) -> Sequence[int]:
        """A question to every member, open for a day or for the hours that she named."""
        span, text = read_question(said.order.rest)
        refused = await self._pulse.ask(said.c, said.group, text, said.now, span)
        await self._tell(said, refused or wording.PULSE_STARTED)
        return ()
