"""More time for a group that has an end."""

from __future__ import annotations

from collections.abc import Sequence

from relay.engine import Engine
from relay.errors import RefusalError
from relay.model import show_id
from relay.obeying.said import Handlers, Said
from relay.wording import last_days as wording
from relay.wording.text import Text
from relay.words.of_guiding import folded_day
from relay.words.vocabulary import Command


class Extending:
    """Of who runs a group."""

    def __init__(self, engine: Engine) -> None:
        self._notices = engine.notices
        self._registrar = engine.registrar

    def handlers(self) -> Handlers:
        """What this does."""
        return {Command.EXTEND: self._extend}

    async def _extend(self, said: Said) -> Sequence[int]:
        """The last day is moved, and she is told which it is now."""
        text = await self._moved(said)
        await self._notices.tell(said.c, said.member.id, text, said.now, anyway=True)
        return ()

    async def _moved(self, said: Said) -> Text:
        try:
            group = await self._registrar.extend_in(
                said.c,
                show_id(said.group.id),
                folded_day(said.order.rest),
                said.now,
                by=said.member.id,
            )
        except RefusalError:
            ends = said.group.settings.ends
            return wording.LATER.format(day=ends) if ends else wording.NO_END
        return wording.EXTENDED.format(day=group.settings.ends)
