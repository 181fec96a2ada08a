"""Intake: what came in becomes a post, in one transaction, before anybody is told yes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from channels.contact import EMAIL
from channels.contract import Inbound, Receipt, Trait
from channels.secret import Secret
from policies.facts import MemberState, PostPolicy
from policies.verdict import Drop, Hold, Pass, Reason, Refuse, Verdict
from relay import wording
from relay.commands import Command, parse
from relay.engine import Engine
from relay.judge import judge_post
from relay.log import Word, say
from relay.model import Body, Member, end_of_life
from relay.store.roster import Arrival
from relay.vault.vault import Purpose

_ANSWERS = {
    Reason.EMPTY: wording.EMPTY,
    Reason.GROUP_CLOSED: wording.ENDED,
    Reason.GROUP_FROZEN: wording.FROZEN,
    Reason.NOT_A_MEMBER_NOW: wording.NOT_YET,
    Reason.TOO_LONG: wording.TOO_LONG,
    Reason.UNREACHABLE: wording.PAUSED,
}


_SPEAKER = re.compile(r"\n(?=[^\S\n]*([^:\uff1a\n]{1,40})[:\uff1a])")
_PREFIXED = re.compile(r"\w{1,4}\s?:")
"""`Re:`, `AW:`, `Fwd:` and their like in any language."""


@dataclass(frozen=True, slots=True)
class _Fate:
    """What became of a message, to be said once it is durable."""

    receipt: Receipt
    word: Word
    why: str = ""
    readers: int = 0


_UNKNOWN = _Fate(Receipt.REFUSED, Word.REFUSED, "unknown")


class Intake:
    """Takes messages in. `accept` is what every channel is given."""

    def __init__(
        self, engine: Engine, policies: Sequence[PostPolicy], wake: Callable[[], None]
    ) -> None:
        """`wake` is called when something was taken that may be due at once."""
        self._database = engine.database
        self._roster = engine.roster
        self._outbox = engine.outbox
        self._vault = engine.vault
        self._endings = engine.endings
        self._notices = engine.notices
        self._life = engine.settings.post_life
        self._clock = engine.clock
        self._policies = policies
        self._wake = wake

    async def accept(self, inbound: Inbound) -> Receipt:
        """Take one message in. When this returns `TAKEN` it survives a power cut."""
        inbound = _with_words(inbound)
        async with self._database.reading() as c:  # a stranger must not cost a write
            known = await self._roster.arrive(c, inbound.to, inbound.sender)
        if known is None:
            fate = _UNKNOWN
        else:
            fate = await self._database.transact(
                lambda c: self._take(c, inbound, self._clock.now())
            )
        say(fate.word, channel=inbound.channel, why=fate.why, count=fate.readers)
        if fate.receipt is Receipt.TAKEN:
            self._wake()
        return fate.receipt

    async def _take(self, c: AsyncConnection, inbound: Inbound, now: datetime) -> _Fate:
        arrival = await self._roster.arrive(c, inbound.to, inbound.sender)
        if arrival is None:  # removed between the two looks
            return _UNKNOWN
        verdict = judge_post(self._policies, inbound, arrival.member, arrival.group, now)
        command = None if _is_forged(verdict) else _command(inbound, arrival.member)
        if isinstance(verdict, Refuse) and not command and not _must_be_told(inbound, verdict):
            return _Fate(Receipt.REFUSED, Word.REFUSED, _why(verdict))
        if not await self._outbox.is_new(c, self._seen(inbound), now):
            return _Fate(Receipt.AGAIN, Word.AGAIN)
        if command is Command.STOP:
            fate = await self._stop(c, inbound, arrival, now)
        elif command is Command.START:
            fate = await self._start(c, arrival, now)
        elif command is Command.HELP and isinstance(verdict, Pass):
            fate = await self._help(c, arrival, now)
        elif isinstance(verdict, Pass):
            fate = await self._post(c, inbound, arrival, now)
        else:
            fate = await self._answer(c, inbound, arrival, verdict, now)
        await self._outbox.count(c, {fate.word: 1}, now)
        return fate

    async def _post(
        self, c: AsyncConnection, inbound: Inbound, arrival: Arrival, now: datetime
    ) -> _Fate:
        member, expires = arrival.member, end_of_life(now, self._life)
        body = Body(
            author=member.name,
            mask=member.mask,
            subject=inbound.subject,
            text=Secret(await self._in_one_voice(c, member, inbound.text.reveal().strip())),
        )
        post = await self._outbox.add_post(
            c, group_id=member.group_id, author_id=member.id, body=body, expires=expires, now=now
        )
        readers = await self._outbox.fan_out(c, post, now)
        if readers == 0:
            await self._outbox.drop_finished(c, [post.id])
            await self._notices.tell(c, member.id, wording.NOBODY, now, anyway=True)
        if Trait.FILES_LEFT_OUT in inbound.traits:
            await self._notices.tell(c, member.id, wording.FILES_LEFT_OUT, now, anyway=True)
        return _Fate(Receipt.TAKEN, Word.TAKEN, readers=readers)

    async def _in_one_voice(self, c: AsyncConnection, author: Member, text: str) -> str:
        """Mark lines that would read as if another member spoke.

        A text arrives as `Robin: hello`; a second line `Lou: hello` in it would look like a second
        text. Only names of this group are marked, by `> `; all other words stay as they are.
        """
        named = {match[1].strip() for match in _SPEAKER.finditer(text)} - {author.name.reveal()}
        if not named:
            return text
        others = await self._roster.names_in_use(c, author.group_id, named)
        return _SPEAKER.sub(lambda m: "\n> " if m[1].strip() in others else m[0], text)

    async def _answer(
        self,
        c: AsyncConnection,
        inbound: Inbound,
        arrival: Arrival,
        verdict: Verdict,
        now: datetime,
    ) -> _Fate:
        """Not passed on: tell the one who wrote, unless it was a machine."""
        reasons = _reasons(verdict)
        if Reason.AUTOMATIC not in reasons:
            text = _answer_to(reasons, files=Trait.FILES_LEFT_OUT in inbound.traits)
            await self._notices.tell(c, arrival.member.id, text, now, anyway=True)
        return _Fate(Receipt.TAKEN, Word.DROPPED, _why(verdict))

    async def _stop(
        self, c: AsyncConnection, inbound: Inbound, arrival: Arrival, now: datetime
    ) -> _Fate:
        """Nothing more to this person, in any group, from this transaction on."""
        ids = await self._roster.same_person(c, inbound.sender)
        await self._roster.set_state(c, ids, MemberState.STOPPED)
        await self._endings.nothing_more_for(c, ids, now)
        if inbound.channel == EMAIL:  # the carrier confirms texts; twice is once too often
            await self._notices.tell(c, arrival.member.id, wording.STOPPED, now, anyway=True)
        return _Fate(Receipt.TAKEN, Word.COMMAND, Command.STOP)

    async def _start(self, c: AsyncConnection, arrival: Arrival, now: datetime) -> _Fate:
        """Who said stop does not come back by a word alone; she is told how."""
        await self._notices.tell(c, arrival.member.id, wording.WAY_BACK, now, anyway=True)
        return _Fate(Receipt.TAKEN, Word.COMMAND, Command.START)

    async def _help(self, c: AsyncConnection, arrival: Arrival, now: datetime) -> _Fate:
        """A word for the carriers that may be a cry: answered, and brought to facilitators."""
        member = arrival.member
        await self._notices.tell(c, member.id, wording.HELP, now, anyway=True)
        text = wording.WROTE_HELP.format(name=member.name.reveal())
        for facilitator in await self._roster.facilitators(c, member.group_id):
            if facilitator != member.id:
                await self._notices.tell(c, facilitator, text, now, anyway=True)
        return _Fate(Receipt.TAKEN, Word.COMMAND, Command.HELP)

    def _seen(self, inbound: Inbound) -> bytes:
        parts = (inbound.channel, inbound.provider_id, inbound.to.reveal().lower())
        return self._vault.index(Purpose.SEEN, *parts)


def _command(inbound: Inbound, author: Member) -> Command | None:
    """The command that a whole message is; START is one only for who said stop, HELP for others."""
    command = parse(inbound.text.reveal())
    if author.state is MemberState.STOPPED and command is Command.HELP:
        return Command.START
    if command is Command.START and author.state is not MemberState.STOPPED:
        return None
    return command


def _with_words(inbound: Inbound) -> Inbound:
    """A mail that says all in its subject says it; an answer's subject is not its words."""
    subject = inbound.subject.reveal().strip()
    if inbound.text.reveal().strip() or _PREFIXED.match(subject):
        return inbound
    return replace(inbound, text=Secret(subject))


def _is_forged(verdict: Verdict) -> bool:
    """A command is heard in a frozen group and from a stopped member, but not from a forger."""
    return Reason.NOT_AUTHENTIC in _reasons(verdict)


def _must_be_told(inbound: Inbound, verdict: Verdict) -> bool:
    """A member whose text is refused would hear nothing; one who said stop wants to."""
    heard = inbound.refusal_is_heard or _is_forged(verdict)
    return not heard and Reason.STOPPED not in _reasons(verdict)


def _answer_to(reasons: frozenset[Reason], *, files: bool) -> str:
    if Reason.EMPTY in reasons and files:
        return wording.ONLY_FILES
    return next(_ANSWERS[reason] for reason in sorted(reasons) if reason in _ANSWERS)


def _reasons(verdict: Verdict) -> frozenset[Reason]:
    return verdict.why if isinstance(verdict, Drop | Hold | Refuse) else frozenset()


def _why(verdict: Verdict) -> str:
    return ",".join(sorted(_reasons(verdict)))
