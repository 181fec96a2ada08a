"""The words about quiet hours and pauses: said by a member, about herself alone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from policies.facts import MemberState
from relay import wording
from relay.engine import Engine
from relay.errors import RefusalError
from relay.hours import FullError, UnclearError
from relay.obeying.said import Handlers, Said
from relay.pauses import PauseLengthError
from relay.wording import hours
from relay.wording.text import Text
from relay.words.times import in_plain_words
from relay.words.vocabulary import Command

_HOW = {
    FullError: hours.NO_TIME_LEFT,
    PauseLengthError: hours.LENGTH_OF_PAUSE,
    UnclearError: hours.UNCLEAR_HOURS,
}


class Hours:
    """Each word is answered with what holds from now on, on her own clock."""

    def __init__(self, engine: Engine) -> None:
        self._notices = engine.notices
        self._resting = engine.resting

    def handlers(self) -> Handlers:
        """What this does."""
        return {
            Command.QUIET: self._quiet,
            Command.PAUSE: self._pause,
            Command.RESUME: self._resume,
            Command.WAKE: self._wake,
        }

    async def _answer(
        self, said: Said, work: Callable[[], Awaitable[Text]], otherwise: Text
    ) -> Sequence[int]:
        """Say what was done, or why it was not."""
        try:
            text = await work()
        except RefusalError as error:
            text = _HOW.get(type(error), otherwise)
        await self._notices.tell(said.c, said.member.id, text, said.now, anyway=True)
        return ()

    async def _quiet(self, said: Said) -> Sequence[int]:
        """Set her hours, or say which hold."""
        c, member, group, rest, now = said.c, said.member, said.group, said.order.rest, said.now

        async def work() -> Text:
            if not rest:
                return self._resting.hours(member, group, now)
            return await self._resting.set_hours(c, member, group, rest, now)

        return await self._answer(said, work, hours.HOW_HOURS)

    async def _pause(self, said: Said) -> Sequence[int]:
        """Let her rest."""
        c, member, group, rest, now = said.c, said.member, said.group, said.order.rest, said.now
        return await self._answer(
            said, lambda: self._resting.pause(c, member, group, rest, now), hours.HOW_PAUSE
        )

    async def _resume(self, said: Said) -> Sequence[int]:
        """End her pause; who has said stop comes back by other ways only."""
        c, member, group, now = said.c, said.member, said.group, said.now
        if member.state is MemberState.STOPPED:
            await self._notices.tell(c, member.id, wording.WAY_BACK, now, anyway=True)
            return ()
        return await self._answer(
            said, lambda: self._resting.resume(c, member, group, now), hours.HOW_PAUSE
        )

    async def _wake(self, said: Said) -> Sequence[int]:
        """Say what may wake her."""
        c, member, now = said.c, said.member, said.now
        wake = in_plain_words(said.order.rest) == "on"
        return await self._answer(
            said, lambda: self._resting.set_wake(c, member, now, wake=wake), hours.HOW_HOURS
        )
