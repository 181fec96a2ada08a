"""Intake: what came in becomes a post, in one transaction, before anybody is told yes."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from channels.contract import Inbound, Receipt, Trait
from channels.secret import Secret
from policies.facts import MemberState, PostPolicy
from policies.verdict import Drop, Hold, Pass, Reason, Refuse, Verdict
from relay import wording
from relay.commands import Command, parse
from relay.draft import Draft, Rules, draft
from relay.engine import Engine
from relay.judge import judge_post
from relay.log import Word, say
from relay.model import Body, Member, end_of_life
from relay.obey import Obey
from relay.store.pending import Why
from relay.store.roster import Arrival
from relay.vault.vault import Purpose, Use

_ANSWERS = {
    Reason.EMPTY: wording.EMPTY,
    Reason.GROUP_CLOSED: wording.ENDED,
    Reason.GROUP_FROZEN: wording.FROZEN,
    Reason.NOT_A_MEMBER_NOW: wording.NOT_YET,
    Reason.TOO_LONG: wording.TOO_LONG,
    Reason.UNREACHABLE: wording.PAUSED,
}

_HEARD_UNPROVEN = {Command.STOP, Command.START, Command.HELP}
"""Done even when nothing proves who asks: they can only make things safer."""

_ANY_WORDS = frozenset({Reason.NOT_PROVEN, Reason.EMPTY, Reason.TOO_LONG})
"""What may be said against the words of an answer that confirms something."""

_SPEAKER = re.compile(r"\n(?=[^\S\n]*([^:\uff1a\n]{1,40})[:\uff1a])")
_PREFIXED = re.compile(r"\w{1,4}\s?:")
"""`Re:`, `AW:`, `Fwd:` and their like in any language."""

_LONG_WORK = 20_000
"""Characters from which on a draft is made off the loop."""


class StaleDraftError(Exception):
    """The group allowed longer messages while this one was looked at: it has to come again."""


@dataclass(frozen=True, slots=True)
class _Fate:
    """What became of a message, to be said once it is durable."""

    receipt: Receipt
    word: Word
    why: str = ""
    readers: int = 0
    gone: tuple[int, ...] = ()
    """Members who get nothing more from now on."""


_UNKNOWN = _Fate(Receipt.REFUSED, Word.REFUSED, "unknown")


class Intake:
    """Takes messages in. `accept` is what every channel is given."""

    def __init__(
        self, engine: Engine, policies: Sequence[PostPolicy], wake: Callable[[], None]
    ) -> None:
        """`wake` is called when something was taken that may be due at once."""
        self._database = engine.database
        self._circles = engine.circles
        self._departures = engine.departures
        self._roster = engine.roster
        self._outbox = engine.outbox
        self._pending = engine.pending
        self._posting = engine.posting
        self._vault = engine.vault
        self._notices = engine.notices
        self._obey = Obey(engine)
        self._life = engine.settings.post_life
        self._region = engine.settings.phone_region
        self._clock = engine.clock
        self._policies = policies
        self._wake = wake
        self._one_at_a_time = asyncio.Semaphore(1)

    async def accept(self, inbound: Inbound) -> Receipt:
        """Take one message in. When this returns `TAKEN` it survives a power cut."""
        inbound = _with_words(inbound)
        made = await self._draft(inbound)  # a stranger must not cost a write
        if made is None:
            fate = _UNKNOWN
        else:
            fate = await self._database.transact(
                lambda c: self._take(c, inbound, made, self._clock.now())
            )
        say(fate.word, channel=inbound.channel, why=fate.why, count=fate.readers)
        self._departures.announce(fate.gone)
        if fate.receipt is Receipt.TAKEN:
            self._wake()
        return fate.receipt

    # Before the transaction ------------------------------------------------------------------

    async def _draft(self, inbound: Inbound) -> Draft | None:
        """What would leave if this is taken; `None` if it comes from nobody we know."""
        async with self._database.reading() as c:
            arrival = await self._roster.arrive(c, inbound.to, inbound.sender)
            if arrival is None:
                return None
            text = await self._in_one_voice(c, arrival.member, inbound.text.reveal().strip())
            rules = Rules(
                group=arrival.group,
                author=arrival.member,
                circle=await self._circles.of(c, arrival.group.id),
                region=self._region,
                real_name=inbound.sender_name,
            )
        thread = self._thread(inbound, arrival.member)
        if inbound.files or len(text) > _LONG_WORK:
            async with self._one_at_a_time:  # a picture can take seconds, and much memory
                return await asyncio.to_thread(draft, inbound, text, thread, rules)
        return draft(inbound, text, thread, rules)

    def _thread(self, inbound: Inbound, author: Member) -> tuple[int, ...]:
        """The posts it answers: only ids that we gave to this very member count."""
        read = (self._vault.read(Use.MESSAGE, token) for token in inbound.answers)
        return tuple(found[0] for found in read if found is not None and found[1] == author.id)

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

    # In the transaction ----------------------------------------------------------------------

    async def _take(
        self, c: AsyncConnection, inbound: Inbound, made: Draft, now: datetime
    ) -> _Fate:
        arrival = await self._roster.arrive(c, inbound.to, inbound.sender)
        if arrival is None:  # removed between the two looks
            return _UNKNOWN
        verdict = judge_post(
            self._policies,
            inbound,
            arrival.member,
            arrival.group,
            now,
            characters=made.characters,
            pictures=len(made.body.pictures),
        )
        command = None if _is_forged(verdict) else _command(inbound, arrival)
        if isinstance(verdict, Refuse) and not command and not _must_be_told(inbound, verdict):
            return _Fate(Receipt.REFUSED, Word.REFUSED, _why(verdict))
        if not await self._outbox.is_new(c, self._seen(inbound), now):
            return _Fate(Receipt.AGAIN, Word.AGAIN)
        fate = await self._decide(c, inbound, arrival, made, verdict, command, now)
        await self._outbox.count(c, {fate.word: 1}, now)
        return fate

    async def _decide(
        self,
        c: AsyncConnection,
        inbound: Inbound,
        arrival: Arrival,
        made: Draft,
        verdict: Verdict,
        command: Command | None,
        now: datetime,
    ) -> _Fate:
        if made.too_long and isinstance(verdict, Pass | Hold) and arrival.confirms is None:
            raise StaleDraftError
        if command and _is_heard(command, verdict):
            gone = await self._obey.obey(c, command, inbound, arrival, now)
            return _Fate(Receipt.TAKEN, Word.COMMAND, command, gone=tuple(gone))
        if arrival.confirms is not None and _reasons(verdict) <= _ANY_WORDS:
            return await self._confirm(c, arrival, arrival.confirms, now)
        if isinstance(verdict, Pass):
            return await self._post(c, arrival, made, now)
        if isinstance(verdict, Hold):
            return await self._ask_for_proof(c, arrival, made, command, verdict.until, now)
        return await self._answer(c, inbound, arrival, verdict, now)

    async def _post(
        self, c: AsyncConnection, arrival: Arrival, made: Draft, now: datetime
    ) -> _Fate:
        member, body = arrival.member, _addressed(made.body, arrival)
        if made.guarded and arrival.group.settings.contacts == "ask":
            return await self._ask_for_a_wish(c, arrival, made, now)
        reader_id = arrival.reader.id if arrival.reader else None
        readers = await self._posting.publish(c, member, arrival.group, body, reader_id, now)
        if made.guarded:
            until = end_of_life(now, self._life)
            kept = readers and await self._keep(c, arrival, made.whole, Why.SECOND, until, now)
            text = wording.MASKED_YOURS if kept else wording.MASKED
            await self._notices.tell(c, member.id, text, now, anyway=True)
        if made.files_left_out:
            some = arrival.group.settings.pictures
            text = wording.SOME_FILES if some else wording.FILES_LEFT_OUT
            await self._notices.tell(c, member.id, text, now, anyway=True)
        return _Fate(Receipt.TAKEN, Word.TAKEN, readers=readers)

    async def _ask_for_a_wish(
        self, c: AsyncConnection, arrival: Arrival, made: Draft, now: datetime
    ) -> _Fate:
        until = end_of_life(now, self._life)
        kept = await self._keep(c, arrival, made.whole, Why.WISH, until, now)
        text = wording.ASKED if kept else wording.ASKED_WITHOUT
        await self._notices.tell(c, arrival.member.id, text, now, anyway=True)
        return _Fate(Receipt.TAKEN, Word.HELD, "contact")

    async def _ask_for_proof(
        self,
        c: AsyncConnection,
        arrival: Arrival,
        made: Draft,
        command: Command | None,
        until: datetime,
        now: datetime,
    ) -> _Fate:
        """Nothing proves that she wrote it: ask her, at the address we know."""
        if command:
            await self._notices.tell(c, arrival.member.id, wording.NOT_FOLLOWED, now, anyway=True)
            return _Fate(Receipt.TAKEN, Word.DROPPED, Reason.NOT_PROVEN)
        pending_id = await self._keep(c, arrival, made.body, Why.PROOF, until, now)
        if pending_id is None:
            return _Fate(Receipt.REFUSED, Word.REFUSED, Reason.NOT_PROVEN)
        await self._notices.tell(
            c, arrival.member.id, wording.CONFIRM, now, anyway=True, confirm=pending_id
        )
        return _Fate(Receipt.TAKEN, Word.HELD, Reason.NOT_PROVEN)

    async def _keep(
        self,
        c: AsyncConnection,
        arrival: Arrival,
        body: Body | None,
        why: Why,
        until: datetime,
        now: datetime,
    ) -> int | None:
        """Keep a message back for its author's word. `None` if there is nothing to keep."""
        if body is None:
            return None
        return await self._pending.add(
            c,
            arrival.member,
            _addressed(body, arrival),
            why,
            reader_id=arrival.reader.id if arrival.reader else None,
            expires=until,
            now=now,
        )

    async def _confirm(
        self, c: AsyncConnection, arrival: Arrival, pending_id: int, now: datetime
    ) -> _Fate:
        """She says that a message is hers: it goes on as if it had been proven at once."""
        waiting = await self._pending.take(c, pending_id, now)
        if waiting is None or waiting.body is None:
            await self._notices.tell(c, arrival.member.id, wording.NOTHING_WAITS, now, anyway=True)
            return _Fate(Receipt.TAKEN, Word.DROPPED, Reason.EXPIRED)
        readers = await self._posting.publish(
            c, arrival.member, arrival.group, waiting.body, waiting.reader_id, now
        )
        return _Fate(Receipt.TAKEN, Word.TAKEN, readers=readers)

    async def _answer(
        self,
        c: AsyncConnection,
        inbound: Inbound,
        arrival: Arrival,
        verdict: Verdict,
        now: datetime,
    ) -> _Fate:
        """Not passed on: tell the one who wrote; a machine is only counted."""
        reasons = _reasons(verdict)
        if Reason.AUTOMATIC in reasons:
            await self._outbox.lose(c, arrival.group.id, Reason.AUTOMATIC, 1, now)
        else:
            text = _answer_to(reasons, files=Trait.FILES_LEFT_OUT in inbound.traits)
            await self._notices.tell(c, arrival.member.id, text, now, anyway=True)
        return _Fate(Receipt.TAKEN, Word.DROPPED, _why(verdict))

    def _seen(self, inbound: Inbound) -> bytes:
        parts = (inbound.channel, inbound.provider_id, inbound.to.reveal().lower())
        return self._vault.index(Purpose.SEEN, *parts)


def _addressed(body: Body, arrival: Arrival) -> Body:
    return replace(body, private=arrival.reader is not None)


def _command(inbound: Inbound, arrival: Arrival) -> Command | None:
    """The command that a whole message is; START is one only for who said stop, HELP for others."""
    command = parse(inbound.text.reveal(), to_mask=arrival.reader is not None)
    stopped = arrival.member.state is MemberState.STOPPED
    if stopped and command is Command.HELP:
        return Command.START
    if command is Command.START and not stopped:
        return None
    return command


def _is_heard(command: Command, verdict: Verdict) -> bool:
    """A stop is heard in a frozen group and from a stopped member, and in a mail nothing proves."""
    if command in {Command.STOP, Command.START}:
        return True
    if isinstance(verdict, Hold):
        return command in _HEARD_UNPROVEN
    return isinstance(verdict, Pass)


def _with_words(inbound: Inbound) -> Inbound:
    """A mail that says all in its subject says it; an answer's subject is not its words."""
    subject = inbound.subject.reveal().strip()
    if inbound.text.reveal().strip() or _PREFIXED.match(subject):
        return inbound
    return replace(inbound, text=Secret(subject))


def _is_forged(verdict: Verdict) -> bool:
    """A forger commands nothing."""
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
