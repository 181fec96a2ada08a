"""Intake: what came in becomes a post, in one transaction, before anybody is told yes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from channels.contact import EMAIL, SMS
from channels.contract import NO_WORDS, Inbound, Proof, Receipt, Trait
from channels.secret import Secret
from channels.subjects import is_answer
from policies.authenticity import ASKED_FOR
from policies.facts import MemberState, PostPolicy
from policies.verdict import Drop, Hold, Pass, Reason, Refuse, Verdict
from relay import wording
from relay.agreeing import is_for_us, not_yet
from relay.brakes import Brakes
from relay.care import Care
from relay.clock import day, moment
from relay.draft import Draft, Rules, draft, nothing
from relay.engine import Engine
from relay.guiding import muted
from relay.judge import judge_post
from relay.languages.speech import spoken
from relay.log import Word, say
from relay.model import Body, Group, end_of_life
from relay.notices import ANSWER_LIFE
from relay.obey import Obey
from relay.obeying.said import Said, draft_again, read_again, standing, written
from relay.store.pending import Waiting, Why
from relay.store.roster import Arrival
from relay.vault.vault import PRIVATE, Purpose, Use
from relay.wayback import WayBack
from relay.wording import danger, guiding, modes
from relay.wording import joining as of_joining
from relay.wording.text import Text
from relay.words.orders import (
    Order,
    declared,
    is_marked_urgent,
    nearly,
    read_order,
    rest_of,
)
from relay.words.reading import Doubt, doubt, is_yes, matches, parse
from relay.words.vocabulary import OF_POSTS_ONLY, WORDS, Command, Form, Who

_ANSWERS = {
    Reason.ANNOUNCEMENTS_ONLY: guiding.ANNOUNCEMENTS_ONLY,
    Reason.EMPTY: wording.EMPTY,
    Reason.GROUP_CLOSED: wording.ENDED,
    Reason.GROUP_FROZEN: wording.FROZEN,
    Reason.MUTED: guiding.MUTED_FOR_NOW,
    Reason.NOT_AFFIRMED: of_joining.MUST_AGREE,
    Reason.NOT_A_MEMBER_NOW: wording.NOT_YET,
    Reason.RATE: modes.RATE,
    Reason.READS_ONLY: guiding.READS_ONLY,
    Reason.SHOWN_TO_OTHERS: wording.SHOWN_TO_OTHERS,
    Reason.TOO_LONG: wording.TOO_LONG,
    Reason.UNREACHABLE: wording.PAUSED,
}

_ASKS = {
    Doubt.REVOCATION: wording.WANTS_TO_GO,
    Doubt.NEAR_MISS: wording.NEAR_MISS,
    Doubt.REPORT: danger.NOT_REPORTED,
}

_ANY_WORDS = frozenset({Reason.NOT_PROVEN, Reason.EMPTY, Reason.TOO_LONG, Reason.RATE})
"""What may be said against the words of an answer that confirms something."""

_GUIDING = frozenset(w.command for w in WORDS if w.changes and w.who == {Who.FACILITATOR}) - {
    *(Command.FREEZE, Command.ON_DUTY, Command.REALLY, Command.TAKE)
}
"""What changes something for others. A freeze makes all safer, and waits for nothing, nor does who
looks after somebody; `REALLY` is the second word of what waited for the code word already."""

_WITH_CODE = _GUIDING | {Command.FORGET, Command.LEAVE, Command.VOUCH}
"""What a member with a code word can ask by text only after she has said it. Never a stop."""

_NOT_FROM_SUSPECTS = _GUIDING | {
    *(Command.AS_IS, Command.ASK, Command.ACCEPT),
    *(Command.VOUCH, Command.RENAME, Command.AVOID, Command.AGREE, Command.AGREEMENT),
}
"""What nobody can ask whose phone may be somebody else's by now."""

_CRIES = frozenset({Command.HELP, Command.CRISIS, Command.REPORT, Command.TELL})
"""What is heard even if nothing proves who says it, but then not as often as one likes."""

_URGENT = frozenset({Command.STOP, Command.LEAVE, Command.HELP, Command.CRISIS})

_SECOND_THOUGHTS = timedelta(hours=1)
"""How long `SEND AS IS` still finds what the others have got already."""

_ASKED_OF_LATE = timedelta(hours=1)
"""How long what waits for her code word counts as written by her."""
_LET_THE_ANSWER_LEAVE = timedelta(minutes=1)
"""After which the provider can have nothing more to do with a text that came in."""

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
        self._erasures = engine.erasures
        self._talk = engine.talk
        self._texts = engine.settings.texts
        self._tells_former = engine.settings.former_members == "told"
        self._pending = engine.pending
        self._posting = engine.posting
        self._pulse = engine.pulse
        self._vault = engine.vault
        self._endings = engine.endings
        self._notices = engine.notices
        self._obey = Obey(engine)
        self._care = Care(engine)
        self._life = engine.settings.post_life
        self._region = engine.settings.phone_region
        self._clock = engine.clock
        self._policies = policies
        self._wake = wake
        self._brakes = Brakes(engine.settings.limits)
        self._one_at_a_time = asyncio.Semaphore(1)
        self._way_back = WayBack(engine.database, engine.roster.opt_outs)

    async def accept(self, inbound: Inbound) -> Receipt:
        """Take one message in. When this returns `TAKEN` it survives a power cut."""
        inbound = _with_words(inbound)
        made = await self._draft(inbound)  # a stranger must not cost a write
        if made is None:
            await self._way_back.hear(inbound)
            fate = await self._stranger(inbound)
        else:
            fate = await self._database.transact(
                lambda c: self._take(c, inbound, made, self._clock.now())
            )
        say(fate.word, channel=inbound.channel, why=fate.why, count=fate.readers)
        self._departures.announce(fate.gone)
        await self._forget_removed(fate.gone)
        if fate.receipt is Receipt.TAKEN:
            self._wake()
        return fate.receipt

    async def _forget_removed(self, gone: tuple[int, ...]) -> None:
        """Destroy the keys of those of whom no row is left. After the commit: rows go first."""
        if gone:
            async with self._database.reading() as c:
                left = await self._roster.stored(c, gone)
            self._vault.forget(set(gone) - left)

    async def knows(self, inbound: Inbound) -> bool:
        """Whether it comes from somebody who may write where it is written to."""
        async with self._database.reading() as c:
            return await self._roster.arrive(c, inbound.to, inbound.sender) is not None

    async def too_late(self, inbound: Inbound) -> None:
        """A text that waited, unread, for longer than any may: tell her, and count it."""
        now = self._clock.now()

        async def work(c: AsyncConnection) -> None:
            arrival = await self._roster.arrive(c, inbound.to, inbound.sender)
            if arrival is None or not await self._outbox.is_new(c, self._seen(inbound), now):
                return
            await self._note_text(c, inbound, now)
            await self._notices.tell(c, arrival.member.id, wording.TOO_LATE, now)
            await self._outbox.lose(c, arrival.group.id, Reason.EXPIRED, 1, now)

        await self._database.transact(work)

    async def _stranger(self, inbound: Inbound) -> _Fate:
        """Nobody we know; one who was here may be told, once a month, that this leads nowhere."""
        if not self._tells_former or inbound.channel != SMS:
            return _UNKNOWN
        async with self._database.reading() as c:
            if not await self._roster.rests(c, inbound.to, inbound.sender):
                return _UNKNOWN
        to, sender = inbound.to.reveal(), inbound.sender.reveal()
        blind = self._vault.index(Purpose.SEEN, "former", to, sender)
        now = self._clock.now()
        first = await self._database.transact(lambda c: self._outbox.is_new(c, blind, now))
        return _Fate(Receipt.FORMER, Word.REFUSED, "former") if first else _UNKNOWN

    # Before the transaction ------------------------------------------------------------------

    async def _draft(self, inbound: Inbound) -> Draft | None:
        """What would leave if this is taken; `None` if it comes from nobody we know."""
        async with self._database.reading() as c:
            arrival = await self._roster.arrive(c, inbound.to, inbound.sender)
            if arrival is None or _asks_who_is_here(inbound, arrival):
                return None
            arrival = _as_if_present(arrival)
            text, files = inbound.text.reveal().strip(), inbound.files
            verdict = self._judge(inbound, arrival, len(text), len(files), self._clock.now())
            if isinstance(verdict, Drop | Refuse) and not _has_words(
                _order(inbound, arrival, self._clock.now())
            ):
                return nothing(arrival.member, len(text), files_left_out=bool(files))
            rules = Rules(
                group=arrival.group,
                author=arrival.member,
                circle=await self._circles.of(c, arrival.group.id),
                region=self._region,
                real_name=inbound.sender_name,
            )
        thread = self._thread(inbound, arrival)
        if files or len(text) > _LONG_WORK:
            async with self._one_at_a_time:  # a picture can take seconds, and much memory
                return await asyncio.to_thread(draft, inbound, thread, rules)
        return draft(inbound, thread, rules)

    def _judge(
        self, inbound: Inbound, arrival: Arrival, characters: int, pictures: int, now: datetime
    ) -> Verdict:
        return judge_post(
            self._policies,
            inbound,
            arrival.member,
            arrival.group,
            now,
            characters=characters,
            pictures=pictures,
            private=arrival.reader is not None or arrival.confirms is not None,
            written=self._brakes.written(arrival.member, arrival.group, now),
        )

    def _thread(self, inbound: Inbound, arrival: Arrival) -> tuple[int, ...]:
        """The posts it answers: only ids that we gave to this very member count.

        What was said to her alone leaves no trace in what she says to the group.
        """
        thread = []
        for token in inbound.answers:
            post, reader = self._vault.read(Use.MESSAGE, token) or (0, 0)
            alone = reader & PRIVATE
            if reader & ~PRIVATE == arrival.member.id and (arrival.reader or not alone):
                thread.append(post | alone)
        return tuple(thread)

    # In the transaction ----------------------------------------------------------------------

    async def _take(
        self, c: AsyncConnection, inbound: Inbound, made: Draft, now: datetime
    ) -> _Fate:
        arrival = await self._roster.arrive(c, inbound.to, inbound.sender)
        if arrival is None or _asks_who_is_here(inbound, arrival):  # removed between the two looks
            return _UNKNOWN
        silent = arrival.member.state is MemberState.SILENT
        arrival = _as_if_present(arrival)
        pictures = len(inbound.files) if made.nothing else len(made.body.pictures)
        verdict = self._judge(inbound, arrival, made.characters, pictures, now)
        made, verdict = _to_be_looked_at(made, verdict)
        order = await self._order(c, inbound, arrival, made, verdict, now)
        unproven = inbound.proof is not Proof.PROVEN  # whatever else is said against it
        if order and unproven and not declared(order.command).unproven:
            return _Fate(Receipt.REFUSED, Word.REFUSED, _why(verdict))
        if order and not _is_heard(order.command, verdict, arrival.group):
            order = None
        if not order and await self._is_refused(c, inbound, arrival, verdict):
            if inbound.channel == SMS and await self._outbox.is_new(c, self._seen(inbound), now):
                await self._note_text(c, inbound, now)  # else it may be found at the provider
            return _Fate(Receipt.REFUSED, Word.REFUSED, _why(verdict))
        if not await self._outbox.is_new(c, self._seen(inbound), now):
            return _Fate(Receipt.AGAIN, Word.AGAIN)
        if inbound.channel == SMS:
            await self._note_text(c, inbound, now)
        if not order and await self._is_answer(c, inbound, arrival, verdict, now):
            fate = _Fate(Receipt.TAKEN, Word.COMMAND, "answer")
        elif inbound.channel == SMS:
            before = await self._last_before(c, arrival)
            fate = await self._text(c, inbound, arrival, made, verdict, order, now, silent=silent)
            await self._answer_there(c, inbound, arrival, before, now)
        else:
            fate = await self._decide(c, inbound, arrival, made, verdict, order, now)
        await self._care.look(c, inbound, arrival, order, now)
        await self._outbox.count(c, {fate.word: 1}, now)
        self._note_post(fate, arrival, now)
        return fate

    def _note_post(self, fate: _Fate, arrival: Arrival, now: datetime) -> None:
        """What was passed on, or kept to be, counts towards how much may be written."""
        posted = fate.word in {Word.TAKEN, Word.HELD} or fate.why == Command.ANNOUNCE
        if posted or fate.readers:  # a reaction that was passed on as a line has some as well
            self._brakes.note(arrival.member, arrival.group, now)

    async def _last_before(self, c: AsyncConnection, arrival: Arrival) -> int:
        """The last copy for who writes to one member alone, before she is answered."""
        return 0 if arrival.reader is None else await self._outbox.newest_for(c, arrival.member.id)

    async def _answer_there(
        self, c: AsyncConnection, inbound: Inbound, arrival: Arrival, before: int, now: datetime
    ) -> None:
        """Answers to a text for one member alone come from the number it was written to.

        And those to one that came late come after her night.
        """
        if not _is_there(inbound):
            await self._outbox.no_answers(c, arrival.member.id, now, now + ANSWER_LIFE)
        if arrival.reader is not None:
            await self._outbox.turn_aside(c, arrival.member.id, arrival.reader.id, before)

    async def _order(
        self,
        c: AsyncConnection,
        inbound: Inbound,
        arrival: Arrival,
        made: Draft,
        verdict: Verdict,
        now: datetime,
    ) -> Order | None:
        """The order that a whole message is, by its words or by what is going on."""
        order = None if _is_forged(verdict) else _order(inbound, arrival, now)
        if order is None and isinstance(verdict, Pass | Hold):
            return await self._obey.loosely(c, inbound, arrival, made, now)
        return order

    async def _is_answer(
        self,
        c: AsyncConnection,
        inbound: Inbound,
        arrival: Arrival,
        verdict: Verdict,
        now: datetime,
    ) -> bool:
        """Whether it answers the question that the group is asked: then nobody else sees it."""
        may = isinstance(verdict, Pass | Hold) or _reasons(verdict) <= OF_POSTS_ONLY
        return may and await self._pulse.takes(c, inbound, arrival, now)

    async def _note_text(self, c: AsyncConnection, inbound: Inbound, now: datetime) -> None:
        """Taken in, so the provider's own copy can go; and texts are counted, for their price."""
        await self._outbox.count(c, {"texts_in": 1}, now)
        if self._texts:
            done = now + _LET_THE_ANSWER_LEAVE
            await self._erasures.add(c, [(Secret(inbound.provider_id), done)], now)

    async def _text(
        self,
        c: AsyncConnection,
        inbound: Inbound,
        arrival: Arrival,
        made: Draft,
        verdict: Verdict,
        order: Order | None,
        now: datetime,
        *,
        silent: bool,
    ) -> _Fate:
        """A text comes from a phone, which may be in other hands, or be somebody else's by now."""
        member, text = arrival.member, inbound.text.reveal()
        code = member.settings.code_word
        shown = bool(code) and matches(code, text)
        if shown or (silent and not code and matches(member.name.reveal(), text)):
            return await self._shown(c, inbound, arrival, verdict, now, silent=silent)
        suspect = silent or _is_long_silent(arrival, now)
        if not suspect:
            await self._roster.heard(c, member, inbound.sender, day(now))
        if order and _asks_first(order, coded=bool(code), suspect=suspect):
            return await self._ask_for_code(c, arrival, made, order, now, silent=silent)
        if order or not suspect or not isinstance(verdict, Pass):
            return await self._decide(c, inbound, arrival, made, verdict, order, now)
        if inbound.reaction:  # nothing to ask her for
            return _Fate(Receipt.TAKEN, Word.REACTED, "fold")
        if made.nothing:
            raise StaleDraftError
        return await self._from_suspect(c, inbound, arrival, made, now, silent=silent)

    async def _from_suspect(
        self,
        c: AsyncConnection,
        inbound: Inbound,
        arrival: Arrival,
        made: Draft,
        now: datetime,
        *,
        silent: bool,
    ) -> _Fate:
        """Words that wait until she has shown that it is she; not those that tried to show it."""
        name = (arrival.member.name.reveal(),) if silent else ()
        why = await self._doubt(c, inbound, arrival, made, now, also=name)
        if why:
            return await self._ask_what_she_means(c, arrival, made, why, now)
        return await self._ask_for_code(c, arrival, made, None, now, silent=silent)

    async def _shown(
        self,
        c: AsyncConnection,
        inbound: Inbound,
        arrival: Arrival,
        verdict: Verdict,
        now: datetime,
        *,
        silent: bool,
    ) -> _Fate:
        """She has shown that it is she: what waited for that goes on.

        Not what waited for long: the phone may have been in other hands then.
        """
        member = arrival.member
        await self._roster.set_heard(c, [member.id], day(now))
        if silent:
            await self._roster.set_state(c, [member.id], MemberState.ACTIVE)
            await self._notices.tell(c, member.id, wording.WELCOME_BACK, now, anyway=True)
        fate, gone = _Fate(Receipt.TAKEN, Word.COMMAND, "code"), tuple[int, ...]()
        if not isinstance(verdict, Pass):  # the same answer as for a near guess
            return fate if silent else await self._answer(c, inbound, arrival, verdict, now)
        waiting = await self._pending.take_all(c, member, (Why.CODE, Why.COMMAND), now)
        hers = [one for one in waiting if _is_fresh(one, waiting[-1], now)]
        for one in hers:
            if one.why is Why.COMMAND:
                gone += await self._obey_later(c, inbound, arrival, one, now)
            elif one.body is not None:
                fate = await self._let_go(c, inbound, arrival, one.body, one.reader_id, now)
        if len(hers) < len(waiting):
            text = wording.OLD_DROPPED.format(count=len(waiting) - len(hers))
            await self._notices.tell(c, member.id, text, now, anyway=True)
            await self._outbox.lose(
                c, member.group_id, "not_confirmed", len(waiting) - len(hers), now
            )
        elif not waiting and not silent:  # the same as for a near guess
            await self._notices.tell(c, member.id, wording.NEAR_MISS, now, anyway=True)
        return replace(fate, gone=gone)

    async def _obey_later(
        self,
        c: AsyncConnection,
        inbound: Inbound,
        arrival: Arrival,
        waiting: Waiting,
        now: datetime,
    ) -> tuple[int, ...]:
        """An order that waited for her code word."""
        if waiting.body is None:
            return ()
        order, made = read_again(waiting.body)
        if standing(arrival.member) not in declared(order.command).who:  # not hers to ask any more
            text = wording.NOTHING_WAITS
            await self._notices.tell(c, arrival.member.id, text, now, anyway=True)
            return ()
        said = Said(c=c, order=order, inbound=inbound, arrival=arrival, now=now, made=made)
        return tuple(await self._obey.obey(said))

    async def _ask_for_code(
        self,
        c: AsyncConnection,
        arrival: Arrival,
        made: Draft,
        order: Order | None,
        now: datetime,
        *,
        silent: bool,
    ) -> _Fate:
        """Keep it until she has shown that it is she."""
        until = end_of_life(now, self._life)
        if order and order.command in _WITH_CODE:
            body = written(order, _made_of(order, made))
            await self._keep(c, arrival, body, Why.COMMAND, until, now)
        elif order is None:
            body = replace(made.body, guarded=made.telling, files_left_out=made.files_left_out)
            await self._keep(c, arrival, body, Why.CODE, until, now)
        code = arrival.member.settings.code_word
        text = wording.CODE_FIRST if code else wording.STILL_YOU
        await self._notices.tell(c, arrival.member.id, text, now, anyway=True)
        return _Fate(Receipt.TAKEN, Word.HELD, "silent" if silent else "code")

    async def _is_refused(
        self, c: AsyncConnection, inbound: Inbound, arrival: Arrival, verdict: Verdict
    ) -> bool:
        """Whether it gets the answer of a stranger's; then nothing of it is noted."""
        if isinstance(verdict, Refuse):
            return not _must_be_told(inbound, verdict)
        if inbound.proof is Proof.PROVEN or Reason.AUTOMATIC in _reasons(verdict):
            return False
        if isinstance(verdict, Drop):  # who writes in her name must not fill her mailbox
            return arrival.confirms is None
        return arrival.confirms is None and await self._pending.is_full(c, arrival.member)

    async def _decide(
        self,
        c: AsyncConnection,
        inbound: Inbound,
        arrival: Arrival,
        made: Draft,
        verdict: Verdict,
        order: Order | None,
        now: datetime,
    ) -> _Fate:
        if order:
            return await self._obey_now(c, inbound, arrival, made, order, now)
        if arrival.confirms is not None and _reasons(verdict) <= _ANY_WORDS:
            return await self._confirm(c, inbound, arrival, arrival.confirms, now)
        if inbound.reaction and not isinstance(verdict, Refuse):
            review = made.body.review
            return await self._react(c, inbound, arrival, verdict, now, review=review)
        if made.nothing and isinstance(verdict, Pass | Hold):
            raise StaleDraftError
        if isinstance(verdict, Pass):
            why = await self._doubt(c, inbound, arrival, made, now)
            if why:
                return await self._ask_what_she_means(c, arrival, made, why, now)
            return await self._post(c, inbound, arrival, made, now)
        if isinstance(verdict, Hold):
            return await self._ask_for_proof(c, arrival, made, now + ASKED_FOR, now)
        return await self._answer(c, inbound, arrival, verdict, now)

    async def _obey_now(
        self,
        c: AsyncConnection,
        inbound: Inbound,
        arrival: Arrival,
        made: Draft,
        order: Order,
        now: datetime,
    ) -> _Fate:
        if await self._is_flood(c, inbound, arrival, order.command, now):
            if order.rest:  # words of hers, perhaps: they are not to be lost without a word
                return _Fate(Receipt.REFUSED, Word.REFUSED, "flood")
            return _Fate(Receipt.AGAIN, Word.AGAIN)
        said = Said(
            c=c,
            order=order,
            inbound=inbound,
            arrival=arrival,
            now=now,
            made=_made_of(order, made),
        )
        gone = await self._obey.obey(said)
        return _Fate(Receipt.TAKEN, Word.COMMAND, order.command, gone=tuple(gone))

    async def _doubt(
        self,
        c: AsyncConnection,
        inbound: Inbound,
        arrival: Arrival,
        made: Draft,
        now: datetime,
        also: tuple[str, ...] = (),
    ) -> Doubt | None:
        """Why nobody should read this before she has said what she means."""
        to_mask = arrival.reader is not None
        if made.body.pictures or parse(inbound.text.reveal(), to_mask=to_mask):
            return None  # a word that is none for her, such as START, is talk
        code = arrival.member.settings.code_word
        own = (code, *also) if code else also
        name = arrival.member.name.reveal()
        text = inbound.text.reveal()
        guides = arrival.member.facilitator
        why = doubt(text, own=own, name=name, to_mask=to_mask, guides=guides)
        meant = nearly(text, standing(arrival.member), to_mask=to_mask)
        if why is None and meant:
            why = Doubt.REPORT if meant is Command.REPORT else Doubt.NEAR_MISS
        if why is None and await self._obey.doubts(c, inbound, arrival, made, now):
            why = Doubt.NEAR_MISS
        return None if to_mask and why is Doubt.REVOCATION else why  # said to her, not to us

    async def _ask_what_she_means(
        self, c: AsyncConnection, arrival: Arrival, made: Draft, why: Doubt, now: datetime
    ) -> _Fate:
        """A slip in a word to the relay is for nobody; a wish to be let go is asked about."""
        member = arrival.member
        body = replace(made.body, guarded=made.telling, files_left_out=made.files_left_out)
        await self._keep(c, arrival, body, Why.DOUBT, end_of_life(now, self._life), now)
        await self._notices.tell(c, member.id, _ASKS[why], now, anyway=True)
        if why is Doubt.REVOCATION:
            text = wording.MAY_WANT_TO_GO.format(name=member.name.reveal())
            await self._endings.tell_facilitators(c, member.group_id, text, now, besides=member.id)
        return _Fate(Receipt.TAKEN, Word.HELD, why)

    async def _react(
        self,
        c: AsyncConnection,
        inbound: Inbound,
        arrival: Arrival,
        verdict: Verdict,
        now: datetime,
        *,
        review: bool,
    ) -> _Fate:
        """A phone's reaction repeats another member's words: those go no further."""
        how, sign = arrival.group.settings.reactions, inbound.reaction.reveal()
        fate = _Fate(Receipt.TAKEN, Word.REACTED, how)
        if how == "fold" and await self._outbox.once(c, now, "reaction", arrival.member.id):
            text = wording.REACTION_KEPT  # it may have been typed
            await self._notices.tell(c, arrival.member.id, text, now, anyway=True)
        if how == "fold" or not isinstance(verdict, Pass) or arrival.reader is not None:
            return fate
        if review:  # nobody looks at a sign first
            return fate
        if how == "count":
            by = -1 if sign.startswith("-") else 1
            await self._talk.react(c, arrival.group.id, sign.removeprefix("-"), by)
            return fate
        if sign.startswith("-"):
            return fate
        member = arrival.member
        body = Body(
            author=member.name,
            mask=member.mask,
            subject=NO_WORDS,
            text=Secret(spoken(wording.REACTED.format(sign=sign), arrival.group.settings)),
        )
        readers = await self._posting.publish(
            c, member, arrival.group, body, None, now, present=_is_there(inbound)
        )
        return replace(fate, readers=readers)

    async def _is_flood(
        self,
        c: AsyncConnection,
        inbound: Inbound,
        arrival: Arrival,
        command: Command,
        now: datetime,
    ) -> bool:
        """Whether somebody, perhaps not she, cried for help in her name within this hour."""
        if inbound.proof is Proof.PROVEN or command not in _CRIES:
            return False
        hour = now.strftime("%Y-%m-%dT%H")
        blind = self._vault.index(Purpose.SEEN, command, arrival.member.id, hour)
        return not await self._outbox.is_new(c, blind, now)

    async def _post(
        self, c: AsyncConnection, inbound: Inbound, arrival: Arrival, made: Draft, now: datetime
    ) -> _Fate:
        member, body = arrival.member, _addressed(made.body, arrival)
        if made.telling and arrival.group.settings.contacts == "ask":
            return await self._ask_for_a_wish(c, arrival, made, now)
        reader_id = arrival.reader.id if arrival.reader else None
        readers = await self._posting.publish(
            c, member, arrival.group, body, reader_id, now, present=_is_there(inbound)
        )
        if made.telling:
            if readers and made.whole:
                await self._keep(c, arrival, made.whole, Why.SECOND, now + _SECOND_THOUGHTS, now)
            text = wording.MASKED_YOURS if readers and made.whole else wording.MASKED
            await self._notices.tell(c, member.id, text, now, anyway=True)
        if made.files_left_out or await self._is_seen_by_nobody(c, arrival, body):
            await self._tell_of_files(c, arrival, now)
        if body.review:
            return _Fate(Receipt.TAKEN, Word.HELD, Reason.REVIEW)
        return _Fate(Receipt.TAKEN, Word.TAKEN, readers=readers)

    async def _is_seen_by_nobody(self, c: AsyncConnection, arrival: Arrival, body: Body) -> bool:
        """Whether its pictures go to no phone, and nobody else in the group reads mail."""
        if not body.pictures or arrival.group.settings.text_pictures:
            return False
        return not await self._roster.has_readers(c, arrival.member, EMAIL)

    async def _tell_of_files(self, c: AsyncConnection, arrival: Arrival, now: datetime) -> None:
        some = arrival.group.settings.pictures
        text = wording.SOME_FILES if some else wording.FILES_LEFT_OUT
        await self._notices.tell(c, arrival.member.id, text, now, anyway=True)

    async def _ask_for_a_wish(
        self, c: AsyncConnection, arrival: Arrival, made: Draft, now: datetime
    ) -> _Fate:
        text = wording.ASKED_WITHOUT
        if made.whole:
            text = wording.ASKED
            await self._keep(c, arrival, made.whole, Why.WISH, end_of_life(now, self._life), now)
        await self._notices.tell(c, arrival.member.id, text, now, anyway=True)
        return _Fate(Receipt.TAKEN, Word.HELD, "contact")

    async def _ask_for_proof(
        self,
        c: AsyncConnection,
        arrival: Arrival,
        made: Draft,
        until: datetime,
        now: datetime,
    ) -> _Fate:
        """Nothing proves that she wrote it: ask her, at the address we know."""
        body = replace(made.body, guarded=made.telling, files_left_out=made.files_left_out)
        pending_id = await self._keep(c, arrival, body, Why.PROOF, until, now)
        await self._notices.tell(
            c, arrival.member.id, wording.CONFIRM, now, anyway=True, confirm=pending_id
        )
        return _Fate(Receipt.TAKEN, Word.HELD, Reason.NOT_PROVEN)

    async def _keep(
        self,
        c: AsyncConnection,
        arrival: Arrival,
        body: Body,
        why: Why,
        until: datetime,
        now: datetime,
    ) -> int:
        """Keep a message back for its author's word."""
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
        self, c: AsyncConnection, inbound: Inbound, arrival: Arrival, pending_id: int, now: datetime
    ) -> _Fate:
        """She answers the question whether a message is hers; other notices take no answer."""
        member, settings = arrival.member, arrival.group.settings
        if pending_id == 0:
            await self._notices.tell(c, member.id, wording.NOBODY_READS, now, anyway=True)
            return _Fate(Receipt.TAKEN, Word.DROPPED, "notice")
        waiting = await self._pending.take(c, pending_id, now)
        if waiting is None or waiting.body is None:
            await self._notices.tell(c, member.id, wording.NOTHING_WAITS, now, anyway=True)
            return _Fate(Receipt.TAKEN, Word.DROPPED, Reason.EXPIRED)
        looser = waiting.body.shown and settings.contacts != "allow"  # than the group is by now
        if looser or not is_yes(inbound.text.reveal()):
            await self._notices.tell(c, member.id, wording.NOT_HERS, now, anyway=True)
            await self._outbox.lose(c, member.group_id, "not_confirmed", 1, now)
            return _Fate(Receipt.TAKEN, Word.DROPPED, Reason.NOT_PROVEN)
        said, made = replace(inbound, text=waiting.body.text, files=()), draft_again(waiting.body)
        why = await self._doubt(c, said, arrival, made, now)
        if why:
            return await self._ask_what_she_means(c, arrival, made, why, now)
        return await self._let_go(c, inbound, arrival, waiting.body, waiting.reader_id, now)

    async def _let_go(
        self,
        c: AsyncConnection,
        inbound: Inbound,
        arrival: Arrival,
        body: Body,
        reader_id: int | None,
        now: datetime,
    ) -> _Fate:
        """What was confirmed goes on as if it had been proven at once."""
        member, group = arrival.member, arrival.group
        looser = body.shown and group.settings.contacts != "allow"  # than the group is by now
        if looser or (body.guarded and group.settings.contacts == "ask"):
            await self._notices.tell(c, member.id, wording.ASKED_WITHOUT, now, anyway=True)
            return _Fate(Receipt.TAKEN, Word.HELD, "contact")
        readers = await self._posting.publish(
            c, member, group, body, reader_id, now, present=_is_there(inbound)
        )
        if body.guarded:
            await self._notices.tell(c, member.id, wording.MASKED, now, anyway=True)
        if body.files_left_out:
            await self._tell_of_files(c, arrival, now)
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
            files = bool(inbound.files) or Trait.FILES_LEFT_OUT in inbound.traits
            text = _answer_to(reasons, files=files)
            if text == guiding.MUTED_FOR_NOW:
                text = muted(arrival.member, arrival.group, now)
            if text == modes.RATE:
                text = await self._braked(c, arrival, now)
            if text is wording.NOT_YET:
                text = not_yet(arrival.member)
            await self._notices.tell(c, arrival.member.id, text, now, anyway=True)
        return _Fate(Receipt.TAKEN, Word.DROPPED, _why(verdict))

    async def _braked(self, c: AsyncConnection, arrival: Arrival, now: datetime) -> Text:
        """Too much in a short time: she is told when to send it again; facilitators, a count."""
        await self._outbox.lose(c, arrival.group.id, Reason.RATE, 1, now)
        wait = self._brakes.minutes_to_wait(arrival.member, arrival.group, now)
        return modes.RATE.format(count=wait)

    def _seen(self, inbound: Inbound) -> bytes:
        parts = (inbound.channel, inbound.provider_id, inbound.to.reveal().lower())
        return self._vault.index(Purpose.SEEN, *parts)


def is_urgent(inbound: Inbound) -> bool:
    """A whole message that nothing may delay: to end something, or a cry for help."""
    return parse(inbound.text.reveal()) in _URGENT


def _is_fresh(one: Waiting, newest: Waiting, now: datetime) -> bool:
    """Whether what waits is hers, as she has just been asked about it; to leave, only her last."""
    if one.why is Why.COMMAND and one is not newest:
        return False
    return now - moment(one.made) <= _ASKED_OF_LATE


def _as_if_present(arrival: Arrival) -> Arrival:
    """Whose phone was silent for long is judged as a member; what she says waits for her word."""
    if arrival.member.state is not MemberState.SILENT:
        return arrival
    return replace(arrival, member=replace(arrival.member, state=MemberState.ACTIVE))


def _is_long_silent(arrival: Arrival, now: datetime) -> bool:
    """Whether her group wants to hear her code word first, after so long."""
    member, days = arrival.member, arrival.group.settings.code_after
    if not days or not member.settings.code_word or member.heard_day is None:
        return False
    return day(now) - member.heard_day >= days


def _asks_who_is_here(inbound: Inbound, arrival: Arrival) -> bool:
    """A mask is known to the whole group: without proof it would tell whose address is in it."""
    return arrival.reader is not None and inbound.proof is not Proof.PROVEN


def _addressed(body: Body, arrival: Arrival) -> Body:
    return replace(body, private=arrival.reader is not None)


def _order(inbound: Inbound, arrival: Arrival, now: datetime) -> Order | None:
    """The order that a whole message is."""
    if inbound.reaction:
        return None
    text, to_mask, member = inbound.text.reveal(), arrival.reader is not None, arrival.member
    if is_marked_urgent(text):
        return None  # a post, which says of itself that it is urgent
    order = read_order(text, standing(member), to_mask=to_mask)
    return order if order and is_for_us(order.command, member, arrival.group, now) else None


def _asks_first(order: Order, *, coded: bool, suspect: bool) -> bool:
    """Whether she must show first that it is she; who only wants to see a list need not."""
    if order.command is Command.ACCEPT:  # also without a name
        return suspect
    if not order.rest and declared(order.command).form is not Form.ALONE:
        return False
    first = order.command in _WITH_CODE if coded else False
    return first or (suspect and order.command in _NOT_FROM_SUSPECTS)


def _has_words(order: Order | None) -> bool:
    """Whether words of hers stand behind it, which go somewhere."""
    return order is not None and declared(order.command).form is Form.WORDS


def _made_of(order: Order, made: Draft) -> Draft:
    """What would leave of what stands behind a word, with what the group must not see replaced."""
    if made.nothing or not order.rest:
        return made
    masked = rest_of(order.command, made.body.text.reveal())
    return replace(made, body=replace(made.body, text=Secret(masked), html=NO_WORDS), whole=None)


def _is_heard(command: Command, verdict: Verdict, group: Group) -> bool:
    """A stop is heard in a frozen group and from a stopped member, and in a mail nothing proves.

    Who may not write now may leave nevertheless, and cry for help. What only posts can be held
    against counts for no word, but for one that is a post itself, and for a name that everybody is
    told.
    """
    word, reasons = declared(command), _reasons(verdict)
    told = command is Command.RENAME and group.settings.tell_renamed
    against = reasons if word.posts or told else reasons - OF_POSTS_ONLY
    return isinstance(verdict, Pass | Hold) or against <= word.despite


def _to_be_looked_at(made: Draft, verdict: Verdict) -> tuple[Draft, Verdict]:
    """A facilitator looks at it when it would be published, so that goes with it until then.

    Before that its author may have to say that it is hers, and meant for the group.
    """
    if not isinstance(verdict, Hold) or Reason.REVIEW not in verdict.why:
        return made, verdict
    whole = None if made.whole is None else replace(made.whole, review=True)
    made = replace(made, body=replace(made.body, review=True), whole=whole)
    rest = verdict.why - {Reason.REVIEW}
    return made, Hold(verdict.until, rest) if rest else Pass()


def _with_words(inbound: Inbound) -> Inbound:
    """A mail that says all in its subject says it; an answer's subject is not its words."""
    subject = inbound.subject.reveal().strip()
    if inbound.text.reveal().strip() or is_answer(subject):
        return inbound
    return replace(inbound, text=Secret(subject))


def _is_there(inbound: Inbound) -> bool:
    """Whether its writer is awake: she wrote it just now."""
    return Trait.LATE not in inbound.traits


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
