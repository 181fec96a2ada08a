"""The words of who joins, is renamed, or goes."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat

from channels import contact as contacts
from channels.contact import BadContactError
from channels.contract import Proof
from channels.secret import Contact
from relay import wording
from relay.agreeing import not_yet
from relay.clock import milliseconds
from relay.engine import Engine
from relay.obeying.said import Handlers, Said
from relay.wording import joining as words
from relay.wording.text import Text
from relay.words.vocabulary import Command


class Comings:
    """Joining and agreeing, names, and going."""

    def __init__(self, engine: Engine) -> None:
        self._endings = engine.endings
        self._joining = engine.joining
        self._keeping_apart = engine.keeping_apart
        self._leaving = engine.leaving
        self._naming = engine.naming
        self._notices = engine.notices
        self._region = engine.settings.phone_region

    def handlers(self) -> Handlers:
        """What this does."""
        return {
            Command.JOIN: self._join,
            Command.AGREE: self._agree,
            Command.AGREEMENT: self._agreement,
            Command.VOUCH: self._vouch,
            Command.RENAME: self._rename,
            Command.AVOID: self._avoid,
            Command.LEAVE: self._leave,
            Command.FORGET: self._forget,
            Command.FORGET_YES: self._forget_yes,
        }

    async def _tell(self, said: Said, text: Text) -> None:
        await self._notices.tell(said.c, said.member.id, text, said.now, anyway=True)

    async def _join(self, said: Said) -> Sequence[int]:
        """The number in her invitation."""
        await self._joining.join(said.c, said.group, said.member, said.order.rest, said.now)
        return ()

    async def _agree(self, said: Said) -> Sequence[int]:
        """Her word counts if it is proven hers, or answers what only her mailbox has seen."""
        if said.inbound.proof is not Proof.PROVEN and said.arrival.confirms is None:
            await self._tell(said, words.ANSWER_THE_MAIL)
            return ()
        await self._joining.agree(said.c, said.group, said.member, said.now)
        return ()

    async def _agreement(self, said: Said) -> Sequence[int]:
        """What she agreed to, or is to agree to."""
        if not await self._joining.look(said.c, said.group, said.member, said.now):
            await self._tell(said, not_yet(said.member))
        return ()

    async def _vouch(self, said: Said) -> Sequence[int]:
        """She knows who waits under this name."""
        await self._joining.vouch(said.c, said.group, said.member, said.order.rest, said.now)
        return ()

    async def _rename(self, said: Said) -> Sequence[int]:
        """Another name for her."""
        rest = said.order.rest
        text = await self._naming.rename(said.c, said.group, said.member, rest, said.now)
        await self._tell(said, text)
        return ()

    async def _avoid(self, said: Said) -> Sequence[int]:
        """A contact that is to be in no group of hers. The answer tells nothing of who is where."""
        contact = read_contact(said.order.rest, self._region)
        if contact is None:
            await self._tell(said, words.NOT_A_CONTACT)
            return ()
        noted = await self._keeping_apart.note(said.c, said.member, contact, said.now)
        await self._tell(said, words.AVOIDED if noted else words.TOO_MANY)
        return ()

    async def _leave(self, said: Said) -> Sequence[int]:
        """Nothing more from this group, from this transaction on; her other groups stay."""
        stopped = await self._leaving.stop(said.c, [said.member.id], said.now)
        if stopped.fresh:
            await self._tell(said, words.GONE if stopped.told else wording.UNSUBSCRIBED)
        return [said.member.id]

    async def _forget(self, said: Said) -> Sequence[int]:
        """She is asked whether she is sure."""
        await self._leaving.ask(said.c, said.member, said.now)
        await self._tell(said, words.FORGET_ASKED)
        return ()

    async def _forget_yes(self, said: Said) -> Sequence[int]:
        """She is: nothing of her is left that could be answered."""
        if milliseconds(said.now) > said.member.settings.forget_until:
            await self._tell(said, words.FORGET_LATE)
            return ()
        return await self._leaving.remove(said.c, said.group, said.member, said.now, forget=True)


def read_contact(text: str, region: str) -> Contact | None:
    """A number as people write it, or an address; `None` if it is neither, or not whole."""
    with suppress(BadContactError, NumberParseException):
        if "@" in text:
            return contacts.address(text.strip().strip("<>.,;"))
        parsed = phonenumbers.parse(text, region)
        return contacts.e164(phonenumbers.format_number(parsed, PhoneNumberFormat.E164))
    return None
