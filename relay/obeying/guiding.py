"""What facilitators ask for: to look at posts first, and to mute."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import replace
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from channels.contract import Inbound
from channels.secret import Secret
from relay import wording
from relay.engine import Engine
from relay.errors import RefusalError
from relay.model import Member, end_of_life
from relay.obeying.said import Handlers, Said, standing
from relay.store.names import Names
from relay.store.pending import Why
from relay.store.roster import Arrival
from relay.wording import guiding
from relay.wording.text import Text
from relay.words.arguments import first_number, name_and_span, numbers, plain_name
from relay.words.orders import after_a_word_of_members
from relay.words.vocabulary import Command

_MOST_NAMES = 4
"""Words of a name, at the most, that are looked up."""


class GuidingWords:
    """One method for each command. Whoever asks is told what was done."""

    def __init__(self, engine: Engine) -> None:
        self._guiding = engine.guiding
        self._joining = engine.joining
        self._life = engine.settings.post_life
        self._notices = engine.notices
        self._pending = engine.pending
        self._names = Names(engine.roster)

    def handlers(self) -> Handlers:
        """What this does."""
        return {
            Command.APPROVE: self._approve,
            Command.DECLINE: self._decline,
            Command.MUTE: self._mute,
            Command.UNMUTE: self._unmute,
            Command.REMOVE: self._remove,
            Command.REALLY: self._really,
            Command.ANNOUNCE: self._announce,
            Command.FREEZE: self._freeze,
            Command.THAW: self._thaw,
        }

    async def doubts(self, c: AsyncConnection, inbound: Inbound, arrival: Arrival) -> bool:
        """Whether a message begins with a word and a member's name, so that it may be an order.

        Example: `remove robin, she tells others where we meet`.
        """
        rest = after_a_word_of_members(inbound.text.reveal(), standing(arrival.member))
        words = rest.split(maxsplit=_MOST_NAMES)[:_MOST_NAMES]
        for count in range(1, len(words) + 1):
            name = plain_name(" ".join(words[:count]))
            if await self._names.of(c, arrival.group, name) is not None:
                return True
        return False

    async def _approve(self, said: Said) -> Sequence[int]:
        """Alone it tells what waits."""
        rest = said.order.rest
        if not rest:
            await self._tell(said, await self._guiding.waiting(said.c, said.group, said.now))
        for number in numbers(rest):
            await self._answer(said, self._guiding.approve(said.c, said.group, number, said.now))
        if rest and not numbers(rest):
            await self._let_in(said, rest)
        return ()

    async def _let_in(self, said: Said, name: str) -> None:
        """A newcomer who waits, by her name."""
        text = await self._joining.approve_named(said.c, said.group, name, said.now, by=said.member)
        if text is None:
            await self._ask_about_name(said)
        else:
            await self._tell(said, text)

    async def _decline(self, said: Said) -> Sequence[int]:
        found = first_number(said.order.rest)
        if found is None:
            await self._ask_about_name(said)
            return ()
        number, reason = found[0], _reason(said)
        await self._answer(
            said, self._guiding.decline(said.c, said.group, number, reason, said.now)
        )
        return ()

    async def _mute(self, said: Said) -> Sequence[int]:
        """A name may end like a time: `Robin 2h` is she who is called so, if nobody is Robin."""
        name, span = name_and_span(said.order.rest)
        member = await self._names.of(said.c, said.group, name)
        if member is None:
            member, span = await self._named(said, plain_name(said.order.rest)), None
        if member is not None:
            await self._answer(said, self._mute_her(said, member, span))
        return ()

    def _mute_her(self, said: Said, member: Member, span: timedelta | None) -> Awaitable[Text]:
        return self._guiding.mute(said.c, said.group, member, span, said.now, by=said.member)

    async def _unmute(self, said: Said) -> Sequence[int]:
        member = await self._named(said, plain_name(said.order.rest))
        if member is not None:
            await self._answer(said, self._guiding.unmute(said.c, member, said.now, by=said.member))
        return ()

    async def _remove(self, said: Said) -> Sequence[int]:
        """Asked about first."""
        member = await self._named(said, plain_name(said.order.rest))
        if member is not None:
            work = self._guiding.ask_to_remove(said.c, member, said.now, by=said.member)
            await self._answer(said, work)
        return ()

    async def _really(self, said: Said) -> Sequence[int]:
        gone: Sequence[int] = ()
        try:
            text, gone = await self._guiding.really(
                said.c, said.group, numbers(said.order.rest)[0], said.now, by=said.member
            )
        except RefusalError as error:
            text = error.args[0]
        await self._tell(said, text)
        return gone

    async def _announce(self, said: Said) -> Sequence[int]:
        """Nothing that she would be asked about in a post goes out in an announcement."""
        made = said.made
        if made.telling and said.group.settings.contacts == "ask":
            await self._tell(said, wording.ASKED_WITHOUT)
            return ()
        await self._guiding.announce(said.c, said.group, made.body, said.now, by=said.member)
        if made.telling:
            await self._tell(said, wording.MASKED)
        if made.files_left_out:
            await self._tell(said, wording.SOME_FILES)
        return ()

    async def _freeze(self, said: Said) -> Sequence[int]:
        """At once, and without a question: a thaw takes it back."""
        await self._answer(said, self._guiding.freeze(said.c, said.group, said.now, by=said.member))
        return ()

    async def _thaw(self, said: Said) -> Sequence[int]:
        await self._answer(said, self._guiding.thaw(said.c, said.group, said.now, by=said.member))
        return ()

    async def _named(self, said: Said, name: str) -> Member | None:
        """Whom a name means; if nobody is called so, she is asked what she meant."""
        member = await self._names.of(said.c, said.group, name)
        if member is None:
            await self._ask_about_name(said)
        return member

    async def _ask_about_name(self, said: Said) -> None:
        """It may have been said to the group: kept from it until she says so."""
        if not said.made.nothing:
            reader = said.arrival.reader
            text = Secret(f"{_word(said)}{said.made.body.text.reveal()}")
            await self._pending.add(
                said.c,
                said.member,
                replace(said.made.body, text=text, private=reader is not None),
                Why.DOUBT,
                reader_id=reader.id if reader else None,
                expires=end_of_life(said.now, self._life),
                now=said.now,
            )
        await self._tell(said, guiding.NO_SUCH_NAME)

    async def _answer(self, said: Said, work: Awaitable[Text]) -> None:
        try:
            text = await work
        except RefusalError as error:
            text = error.args[0]
        await self._tell(said, text)

    async def _tell(self, said: Said, text: Text) -> None:
        await self._notices.tell(said.c, said.member.id, text, said.now, anyway=True)


def _word(said: Said) -> str:
    """The word as she wrote it, with what stands between it and the rest."""
    text, rest = said.inbound.text.reveal().strip(), said.order.rest
    return text.removesuffix(rest) if text.endswith(rest) else f"{said.order.command} "


def _reason(said: Said) -> str:
    """What she says to the writer, with nobody's contact in it."""
    found = first_number(said.made.body.text.reveal())
    return found[1] if found else ""
