"""What a member asks of the relay itself, done in the transaction that took her word in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from channels.contact import EMAIL
from channels.contract import Inbound, Proof, Trait
from policies.facts import MemberState
from relay import wording
from relay.engine import Engine
from relay.notices import ANSWER_LIFE
from relay.store.roster import Arrival
from relay.words.vocabulary import Command


class Obey:
    """One method for each command. Nobody but the one who asked, and facilitators, hear of it."""

    def __init__(self, engine: Engine) -> None:
        self._endings = engine.endings
        self._notices = engine.notices
        self._outbox = engine.outbox
        self._pending = engine.pending
        self._programme = engine.settings.programme_name
        self._posting = engine.posting
        self._roster = engine.roster

    async def obey(
        self,
        c: AsyncConnection,
        command: Command,
        inbound: Inbound,
        arrival: Arrival,
        now: datetime,
    ) -> Sequence[int]:
        """Do what the command says. Returns the members who have gone by it."""
        if command is Command.STOP:
            return await self._stop(c, inbound, arrival, now)
        if command is Command.LEAVE:
            return await self.leave(c, arrival, now)
        if command is Command.START:
            await self._tell(c, arrival, wording.WAY_BACK, now)
        elif command is Command.HELP:
            await self._help(c, arrival, now)
        elif command is Command.MORE:
            await self._more(c, arrival, now)
        elif command is Command.AS_IS:
            await self._as_is(c, arrival, now)
        else:
            await self._block(c, command, arrival, now)
        return ()

    async def _tell(self, c: AsyncConnection, arrival: Arrival, text: str, now: datetime) -> None:
        await self._notices.tell(c, arrival.member.id, text, now, anyway=True)

    async def _stop(
        self, c: AsyncConnection, inbound: Inbound, arrival: Arrival, now: datetime
    ) -> Sequence[int]:
        """Nothing more to this person, in any group, from this transaction on."""
        proven = inbound.proof is Proof.PROVEN  # else nobody knows who wants silence: only here
        ids = await self._roster.same_person(c, inbound.sender) if proven else [arrival.member.id]
        fresh = await self._roster.stop(c, ids)
        await self._endings.nothing_more_for(c, fresh, now)  # of others only an answer waits
        known = arrival.member.state is MemberState.STOPPED and not (
            proven and inbound.channel == EMAIL
        )
        if not known and Trait.ANSWERED not in inbound.traits:  # one confirmation, not two
            await self._tell(c, arrival, wording.STOPPED, now)
        return ids

    async def leave(self, c: AsyncConnection, arrival: Arrival, now: datetime) -> Sequence[int]:
        """Nothing more from this group, from this transaction on; her other groups stay."""
        member = arrival.member
        for fresh in await self._roster.stop(c, [member.id]):
            await self._endings.nothing_more_for(c, [fresh], now)
            await self._tell(c, arrival, wording.UNSUBSCRIBED, now)
        return [member.id]

    async def _more(self, c: AsyncConnection, arrival: Arrival, now: datetime) -> None:
        """The next part of the newest long post she got."""
        if not await self._outbox.more(c, arrival.member.id, now, now + ANSWER_LIFE):
            await self._tell(c, arrival, wording.NO_MORE, now)

    async def _help(self, c: AsyncConnection, arrival: Arrival, now: datetime) -> None:
        """A word for the carriers that may be a cry: answered, and brought to facilitators."""
        member, settings = arrival.member, arrival.group.settings
        text = wording.WROTE_HELP.format(name=member.name.reveal())
        told = await self._endings.tell_facilitators(
            c, member.group_id, text, now, besides=member.id, urgent=True
        )
        answer = wording.help_answer(self._programme, settings.reach, settings.crisis, told=told)
        await self._notices.tell(c, member.id, answer, now, anyway=True, urgent=True)

    async def _as_is(self, c: AsyncConnection, arrival: Arrival, now: datetime) -> None:
        """Her newest message again, with her own contact in it, because she says so."""
        to = arrival.reader.id if arrival.reader else None
        waiting = await self._pending.take_newest(c, arrival.member, to, now)
        if waiting is None or waiting.body is None:
            await self._tell(c, arrival, wording.NOTHING_WAITS, now)
            return
        body, reader_id = waiting.body, waiting.reader_id
        await self._posting.publish(c, arrival.member, arrival.group, body, reader_id, now)
        if body.guarded:
            await self._tell(c, arrival, wording.MASKED, now)
        if body.files_left_out:
            await self._tell(c, arrival, wording.SOME_FILES, now)

    async def _block(
        self, c: AsyncConnection, command: Command, arrival: Arrival, now: datetime
    ) -> None:
        """Whether the member at whose mask she says it may write to her alone."""
        if arrival.reader is None:
            return
        if command is Command.BLOCK:
            await self._roster.block(c, arrival.member, arrival.reader)
            await self._tell(c, arrival, wording.BLOCKED, now)
        else:
            await self._roster.unblock(c, arrival.member, arrival.reader)
            await self._tell(c, arrival, wording.UNBLOCKED, now)
