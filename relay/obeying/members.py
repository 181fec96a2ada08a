"""Words between two members, and questions to the whole group."""

from __future__ import annotations

from collections.abc import Sequence

from relay.engine import Engine
from relay.obeying.said import Handlers, Judges, Said
from relay.pulse import read_question
from relay.store.names import Names
from relay.store.pending import Waiting
from relay.wording import members as wording
from relay.wording.text import Text
from relay.words.arguments import name_and_span, plain_name
from relay.words.vocabulary import Command

_BY_NAME = (Command.APPROVE, Command.MUTE, Command.UNMUTE, Command.REMOVE, Command.VOUCH)
"""What else is said of a member by name. Were it taken for talk, all would read it."""


class Members:
    """One method for each command."""

    def __init__(self, engine: Engine) -> None:
        self._asking = engine.asking
        self._names = Names(engine.roster)
        self._notices = engine.notices
        self._posting = engine.posting
        self._pulse = engine.pulse
        self._roster = engine.roster

    def handlers(self) -> Handlers:
        """What this does."""
        return {
            Command.ASK: self._ask,
            Command.ACCEPT: self._accept,
            Command.DENY: self._deny,
            Command.BLOCK: self._block,
            Command.UNBLOCK: self._unblock,
            Command.PULSE: self._ask_group,
        }

    def meant(self) -> Judges:
        """When a message that could be talk is an order.

        If she was asked just that, or if its word stands out and a member has that name.
        """
        by_name = dict.fromkeys((Command.ASK, *_BY_NAME), self._stands_out)
        return {**by_name, Command.ACCEPT: self._is_asked, Command.DENY: self._is_asked}

    def doubted(self) -> Judges:
        """When a message may be an order: if a member has that name."""
        between = (Command.ASK, Command.ACCEPT, Command.DENY)
        return {
            **dict.fromkeys(between, self._is_between_members),
            **dict.fromkeys(_BY_NAME, self._is_of_a_member),
        }

    async def _tell(self, said: Said, text: Text) -> None:
        await self._notices.tell(said.c, said.member.id, text, said.now, anyway=True)

    # Between two members ---------------------------------------------------------------------

    async def _is_asked(self, said: Said) -> bool:
        name = plain_name(said.order.rest)
        if not name:
            return await self._asking.is_asked(said.c, said.member, said.now)
        asker = await self._asking.asker(said.c, said.member, name, said.now)
        return asker is not None or await self._stands_out(said)

    async def _is_of_a_member(self, said: Said) -> bool:
        name, _ = name_and_span(said.order.rest)
        other = await self._names.of(said.c, said.group, name) if name else None
        return other is not None and other.id != said.member.id

    async def _is_between_members(self, said: Said) -> bool:
        return said.group.settings.private and await self._is_of_a_member(said)

    async def _stands_out(self, said: Said) -> bool:
        """Whether its word is in capitals, or of a script without any, and of a member."""
        word = said.inbound.text.reveal().split()[0]
        stands_out = word == word.upper() or word.endswith((":", "\uff1a"))
        if not stands_out or said.order.command not in _BY_NAME:
            return stands_out and await self._is_between_members(said)
        return await self._is_of_a_member(said)

    async def _ask(self, said: Said) -> Sequence[int]:
        """May the two write to each other alone? Only the other one hears of it."""
        name = plain_name(said.order.rest)
        waited = await self._asking.ask(said.c, said.member, said.group, name, said.now)
        return await self._let_go(said, waited)

    async def _accept(self, said: Said) -> Sequence[int]:
        """Yes. What waited for it comes at once."""
        c, member, now = said.c, said.member, said.now
        name = plain_name(said.order.rest)
        asker = await self._asking.asker(c, member, name, now)
        if asker is None:
            await self._tell(said, await self._why_nobody(said, name))
            return ()
        return await self._let_go(
            said, await self._asking.accept(c, member, said.group, asker, now)
        )

    async def _why_nobody(self, said: Said, name: str) -> Text:
        """Why nobody is meant by a word to who asks."""
        several = not name and await self._asking.is_asked(said.c, said.member, said.now)
        return wording.WHO if several else wording.NOBODY_ASKS

    async def _let_go(self, said: Said, waited: Sequence[Waiting]) -> Sequence[int]:
        """Bring what waited for a yes, by the rules of the group as they are now."""
        for waiting in waited:
            found = await self._roster.look_up(said.c, waiting.member_id)
            body = waiting.body
            if found is None or body is None:
                continue
            author, group = found
            if body.shown and group.settings.contacts != "allow":
                await self._notices.tell(said.c, author.id, wording.NO_YES, said.now)
                continue
            reader_id = waiting.reader_id
            here = author.id == said.member.id
            await self._posting.publish(
                said.c, author, group, body, reader_id, said.now, present=here
            )
        return ()

    async def _deny(self, said: Said) -> Sequence[int]:
        """No, and no further question. Nobody hears of it."""
        name = plain_name(said.order.rest)
        other = await self._asking.asker(said.c, said.member, name, said.now)
        if other is None and name:
            other = await self._names.of(said.c, said.group, name)
        if other is None and not name:
            await self._tell(said, await self._why_nobody(said, name))
            return ()
        if other is None or other.id == said.member.id:
            await self._tell(said, wording.NOBODY_CALLED_SO)
            return ()
        await self._asking.block(said.c, said.member, other, said.now)
        return ()

    async def _block(self, said: Said) -> Sequence[int]:
        """Neither she nor the member at whose mask or number she says it writes any more."""
        if said.arrival.reader is not None:
            await self._asking.block(said.c, said.member, said.arrival.reader, said.now)
        return ()

    async def _unblock(self, said: Said) -> Sequence[int]:
        """She may be asked again."""
        other = said.arrival.reader
        if other is not None:
            await self._roster.blocks.lift(said.c, said.member, other)
            await self._tell(said, wording.UNBLOCKED.format(name=other.name.reveal()))
        return ()

    # A question to the group -----------------------------------------------------------------

    async def _ask_group(self, said: Said) -> Sequence[int]:
        """A question to every member, open for a day or for the hours that she named."""
        span, text = read_question(said.order.rest)
        refused = await self._pulse.ask(said.c, said.group, text, said.now, span)
        await self._tell(said, refused or wording.PULSE_STARTED)
        return ()
