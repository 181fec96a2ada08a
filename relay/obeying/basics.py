"""The words that every member has: to end it, to go on, to be left alone by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from channels.contact import EMAIL
from channels.contract import Proof, Trait
from policies.facts import MemberState
from relay import wording
from relay.engine import Engine
from relay.notices import ANSWER_LIFE
from relay.obeying.said import Handlers, Said
from relay.wording import joining
from relay.wording.text import Text
from relay.words.vocabulary import Command


class Basics:
    """One method for each command. Nobody but the one who asked, and facilitators, hear of it."""

    def __init__(self, engine: Engine) -> None:
        self._leaving = engine.leaving
        self._notices = engine.notices
        self._outbox = engine.outbox
        self._pending = engine.pending
        self._posting = engine.posting
        self._roster = engine.roster

    def handlers(self) -> Handlers:
        """What this does."""
        return {
            Command.STOP: self._stop,
            Command.START: self._start,
            Command.MORE: self._more,
            Command.AS_IS: self._as_is,
        }

    async def _tell(self, said: Said, text: Text) -> None:
        await self._notices.tell(said.c, said.member.id, text, said.now, anyway=True)

    async def _start(self, said: Said) -> Sequence[int]:
        """Who said stop learns the way back, and may be invited again."""
        if said.inbound.proof is Proof.PROVEN:
            await self._roster.opt_outs.lift(said.c, said.inbound.sender)
        await self._tell(said, wording.WAY_BACK)
        return ()

    async def _stop(self, said: Said) -> Sequence[int]:
        """Nothing more to this person, in any group, from this transaction on."""
        c, inbound, member, now = said.c, said.inbound, said.member, said.now
        proven = inbound.proof is Proof.PROVEN  # else nobody knows who wants silence: only here
        ids = await self._roster.same_person(c, inbound.sender) if proven else [member.id]
        contact = inbound.sender if proven else None
        stopped = await self._leaving.stop(c, ids, now, contact=contact)
        known = member.state is MemberState.STOPPED and not (proven and inbound.channel == EMAIL)
        if not known and Trait.ANSWERED not in inbound.traits:  # one confirmation, not two
            await self._tell(said, joining.STOPPED_TOLD if stopped.told else wording.STOPPED)
        return ids

    async def _more(self, said: Said) -> Sequence[int]:
        """The next part of the newest long post she got."""
        until = said.now + ANSWER_LIFE
        aside = said.arrival.reader.id if said.arrival.reader else None
        if not await self._outbox.more(said.c, said.member.id, said.now, until, aside):
            await self._tell(said, wording.NO_MORE)
        return ()

    async def _as_is(self, said: Said) -> Sequence[int]:
        """Her newest message again, with her own contact in it, because she says so."""
        to = said.arrival.reader.id if said.arrival.reader else None
        waiting = await self._pending.take_newest(said.c, said.member, to, said.now)
        if waiting is None or waiting.body is None:
            await self._tell(said, wording.NOTHING_WAITS)
            return ()
        body, reader_id = waiting.body, waiting.reader_id
        if said.made.body.review:  # the group wants it by now
            body = replace(body, review=True)
        await self._posting.publish(said.c, said.member, said.group, body, reader_id, said.now)
        if body.guarded:
            await self._tell(said, wording.MASKED)
        if body.files_left_out:
            await self._tell(said, wording.SOME_FILES)
        return ()
