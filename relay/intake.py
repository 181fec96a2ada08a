"""Intake: what came in becomes a post, in one transaction, before anybody is told yes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from channels.contact import SMS
from channels.contract import Inbound, Proof, Receipt
from channels.secret import Secret
from channels.subjects import is_answer
from policies.facts import MemberState, PostPolicy
from policies.verdict import Drop, Hold, Pass, Reason, Refuse, Verdict
from relay import wording
from relay.brakes import Brakes
from relay.care import Care
from relay.draft import Draft, Rules, draft, nothing
from relay.engine import Engine
from relay.judge import judge_post
from relay.log import Word, say
from relay.notices import ANSWER_LIFE
from relay.store.roster import Arrival
from relay.taking.answers import Answers
from relay.taking.case import Case, Fate, StaleDraftError
from relay.taking.kept import Kept
from relay.taking.orders import Orders, has_words, is_heard, ordered
from relay.taking.phones import Phones, as_if_present
from relay.taking.posts import Posts
from relay.vault.vault import PRIVATE, Purpose, Use
from relay.wayback import WayBack
from relay.words.orders import declared
from relay.words.reading import parse
from relay.words.vocabulary import OF_POSTS_ONLY, Command

_ANY_WORDS = frozenset({Reason.NOT_PROVEN, Reason.EMPTY, Reason.TOO_LONG, Reason.RATE})
"""What may be said against the words of an answer that confirms something."""

_URGENT = frozenset({Command.STOP, Command.LEAVE, Command.HELP, Command.CRISIS})

_LET_THE_ANSWER_LEAVE = timedelta(minutes=1)
"""After which the provider can have nothing more to do with a text that came in."""

_LONG_WORK = 20_000
"""Characters from which on a draft is made off the loop."""

_UNKNOWN = Fate(Receipt.REFUSED, Word.REFUSED, "unknown")


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
        self._ledger = engine.outbox.ledger
        self._erasures = engine.erasures
        self._texts = engine.settings.texts
        self._tells_former = engine.settings.former_members == "told"
        self._pending = engine.pending
        self._pulse = engine.pulse
        self._vault = engine.vault
        self._notices = engine.notices
        self._care = Care(engine)
        self._region = engine.settings.phone_region
        self._clock = engine.clock
        self._policies = policies
        self._wake = wake
        self._brakes = Brakes(engine.settings.limits)
        self._answers = Answers(engine, self._brakes)
        self._orders = Orders(engine, self._answers)
        self._kept = Kept(engine, self._answers, self._orders)
        self._posts = Posts(engine, self._answers, self._kept)
        self._phones = Phones(engine, self._answers, self._orders, self._kept)
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
            if arrival is None or not await self._ledger.is_new(c, self._seen(inbound), now):
                return
            await self._note_text(c, inbound, now)
            await self._notices.tell(c, arrival.member.id, wording.TOO_LATE, now)
            await self._ledger.lose(c, arrival.group.id, Reason.EXPIRED, 1, now)

        await self._database.transact(work)

    async def _stranger(self, inbound: Inbound) -> Fate:
        """Nobody we know; one who was here may be told, once a month, that this leads nowhere."""
        if not self._tells_former or inbound.channel != SMS:
            return _UNKNOWN
        async with self._database.reading() as c:
            if not await self._roster.rests(c, inbound.to, inbound.sender):
                return _UNKNOWN
        to, sender = inbound.to.reveal(), inbound.sender.reveal()
        blind = self._vault.index(Purpose.SEEN, "former", to, sender)
        now = self._clock.now()
        first = await self._database.transact(lambda c: self._ledger.is_new(c, blind, now))
        return Fate(Receipt.FORMER, Word.REFUSED, "former") if first else _UNKNOWN

    # Before the transaction ------------------------------------------------------------------

    async def _draft(self, inbound: Inbound) -> Draft | None:
        """What would leave if this is taken; `None` if it comes from nobody we know."""
        async with self._database.reading() as c:
            arrival = await self._roster.arrive(c, inbound.to, inbound.sender)
            if arrival is None or _asks_who_is_here(inbound, arrival):
                return None
            arrival = as_if_present(arrival)
            text, files = inbound.text.reveal().strip(), inbound.files
            verdict = self._judge(inbound, arrival, len(text), len(files), self._clock.now())
            if isinstance(verdict, Drop | Refuse) and not has_words(
                ordered(inbound, arrival, self._clock.now())
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

    async def _take(self, c: AsyncConnection, inbound: Inbound, made: Draft, now: datetime) -> Fate:
        case = await self._case(c, inbound, made, now)
        if case is None:
            return _UNKNOWN
        order = await self._orders.find(case)
        if order and not case.proven and not declared(order.command).unproven:
            return Fate(Receipt.REFUSED, Word.REFUSED, case.why)
        if order and is_heard(case, order.command):
            case = replace(case, order=order)
        if not case.order and await self._is_refused(case):
            if inbound.channel == SMS and await self._ledger.is_new(c, self._seen(inbound), now):
                await self._note_text(c, inbound, now)  # else it may be found at the provider
            return Fate(Receipt.REFUSED, Word.REFUSED, case.why)
        if not await self._ledger.is_new(c, self._seen(inbound), now):
            return Fate(Receipt.AGAIN, Word.AGAIN)
        if inbound.channel == SMS:
            await self._note_text(c, inbound, now)
        fate = await self._fate(case)
        await self._care.look(c, inbound, case.arrival, case.order, now)
        await self._ledger.count(c, {fate.word: 1}, now)
        self._note_post(case, fate)
        return fate

    async def _case(
        self, c: AsyncConnection, inbound: Inbound, made: Draft, now: datetime
    ) -> Case | None:
        """All that is known of it; `None` if its writer was removed between the two looks."""
        arrival = await self._roster.arrive(c, inbound.to, inbound.sender)
        if arrival is None or _asks_who_is_here(inbound, arrival):
            return None
        silent = arrival.member.state is MemberState.SILENT
        arrival = as_if_present(arrival)
        pictures = len(inbound.files) if made.nothing else len(made.body.pictures)
        verdict = self._judge(inbound, arrival, made.characters, pictures, now)
        made, verdict = _to_be_looked_at(made, verdict)
        return Case(
            c=c,
            inbound=inbound,
            arrival=arrival,
            made=made,
            verdict=verdict,
            now=now,
            silent=silent,
        )

    def _note_post(self, case: Case, fate: Fate) -> None:
        """What was passed on, or kept to be, counts towards how much may be written."""
        posted = fate.word in {Word.TAKEN, Word.HELD} or fate.why == Command.ANNOUNCE
        if posted or fate.readers:  # a reaction that was passed on as a line has some as well
            self._brakes.note(case.member, case.group, case.now)

    async def _note_text(self, c: AsyncConnection, inbound: Inbound, now: datetime) -> None:
        """Taken in, so the provider's own copy can go; and texts are counted, for their price."""
        await self._ledger.count(c, {"texts_in": 1}, now)
        if self._texts:
            done = now + _LET_THE_ANSWER_LEAVE
            await self._erasures.add(c, [(Secret(inbound.provider_id), done)], now)

    async def _is_refused(self, case: Case) -> bool:
        """Whether it gets the answer of a stranger's; then nothing of it is noted."""
        if isinstance(case.verdict, Refuse):
            return not _must_be_told(case)
        if case.proven or Reason.AUTOMATIC in case.reasons:
            return False
        if isinstance(case.verdict, Drop):  # who writes in her name must not fill her mailbox
            return case.arrival.confirms is None
        return case.arrival.confirms is None and await self._pending.is_full(case.c, case.member)

    async def _fate(self, case: Case) -> Fate:
        if not case.order and await self._is_answer(case):
            return Fate(Receipt.TAKEN, Word.COMMAND, "answer")
        if case.inbound.channel != SMS:
            return await self._decide(case)
        before = await self._last_before(case)
        fate = await self._phones.look(case) or await self._decide(case)
        await self._answer_there(case, before)
        return fate

    async def _is_answer(self, case: Case) -> bool:
        """Whether it answers the question that the group is asked: then nobody else sees it."""
        may = case.may_pass or case.reasons <= OF_POSTS_ONLY
        return may and await self._pulse.takes(case.c, case.inbound, case.arrival, case.now)

    async def _last_before(self, case: Case) -> int:
        """The last copy for who writes to one member alone, before she is answered."""
        return await self._outbox.newest_for(case.c, case.member.id) if case.to_mask else 0

    async def _answer_there(self, case: Case, before: int) -> None:
        """Answers to a text for one member alone come from the number it was written to.

        And those to one that came late come after her night.
        """
        c, member_id, now = case.c, case.member.id, case.now
        if not case.present:
            await self._outbox.no_answers(c, member_id, now, now + ANSWER_LIFE)
        if case.reader_id is not None:
            await self._outbox.turn_aside(c, member_id, case.reader_id, before)

    async def _decide(self, case: Case) -> Fate:
        confirms, verdict = case.arrival.confirms, case.verdict
        if case.order:
            return await self._orders.obey(case, case.order)
        if confirms is not None and case.reasons <= _ANY_WORDS:
            return await self._kept.confirm(case, confirms)
        if case.inbound.reaction and not isinstance(verdict, Refuse):
            return await self._posts.react(case)
        if case.made.nothing and case.may_pass:
            raise StaleDraftError
        if isinstance(verdict, Pass):
            why = await self._kept.doubt(case)
            if why:
                return await self._kept.ask_what_she_means(case, why)
            return await self._posts.post(case)
        if isinstance(verdict, Hold):
            return await self._kept.ask_for_proof(case)
        return await self._answers.not_passed_on(case)

    def _seen(self, inbound: Inbound) -> bytes:
        parts = (inbound.channel, inbound.provider_id, inbound.to.reveal().lower())
        return self._vault.index(Purpose.SEEN, *parts)


def is_urgent(inbound: Inbound) -> bool:
    """A whole message that nothing may delay: to end something, or a cry for help."""
    return parse(inbound.text.reveal()) in _URGENT


def _asks_who_is_here(inbound: Inbound, arrival: Arrival) -> bool:
    """A mask is known to the whole group: without proof it would tell whose address is in it."""
    return arrival.reader is not None and inbound.proof is not Proof.PROVEN


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


def _must_be_told(case: Case) -> bool:
    """A member whose text is refused would hear nothing; one who said stop wants to."""
    heard = case.inbound.refusal_is_heard or case.forged
    return not heard and Reason.STOPPED not in case.reasons
