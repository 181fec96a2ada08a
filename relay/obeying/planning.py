"""What facilitators plan for later: `PLAN monday 18:00 How are you?`."""

from __future__ import annotations

from collections.abc import Sequence

from channels.contract import NO_WORDS
from channels.secret import Secret
from channels.subjects import is_answer
from relay import wording
from relay.engine import Engine
from relay.errors import RefusalError
from relay.obeying.said import Handlers, Said
from relay.wording.text import Text
from relay.words.arguments import numbers
from relay.words.vocabulary import Command


class PlanningWords:
    """One method for each command. Whoever asks is told what was done."""

    def __init__(self, engine: Engine) -> None:
        self._notices = engine.notices
        self._planning = engine.planning

    def handlers(self) -> Handlers:
        """What this does."""
        return {Command.PLAN: self._plan, Command.UNPLAN: self._unplan}

    async def _plan(self, said: Said) -> Sequence[int]:
        """Alone it tells what is planned."""
        if not said.order.rest:
            await self._tell(said, await self._planning.listed(said.c, said.group, said.now))
            return ()
        made = said.made
        if made.telling and said.group.settings.contacts == "ask":
            await self._tell(said, wording.ASKED_WITHOUT)
            return ()
        try:
            words, subject = made.body.text, _subject(said)
            text = await self._planning.plan(
                said.c, said.group, said.member, words, said.now, subject
            )
        except RefusalError as error:
            text = error.args[0]
        else:
            if made.telling:
                await self._tell(said, wording.MASKED)
            if made.files_left_out or made.body.pictures:
                await self._tell(said, wording.SOME_FILES)
        await self._tell(said, text)
        return ()

    async def _unplan(self, said: Said) -> Sequence[int]:
        try:
            number = numbers(said.order.rest)[0]
            text = await self._planning.take_back(said.c, said.group, number)
        except RefusalError as error:
            text = error.args[0]
        await self._tell(said, text)
        return ()

    async def _tell(self, said: Said, text: Text) -> None:
        await self._notices.tell(said.c, said.member.id, text, said.now, anyway=True)


def _subject(said: Said) -> Secret:
    """That of a mail of her own. An answer's is another's, and one may say what the words say."""
    subject = said.made.body.subject
    own = said.inbound.subject.reveal().strip()
    return NO_WORDS if is_answer(own) or own == said.inbound.text.reveal().strip() else subject
