"""Whether a message is an order to the relay, whether it is heard, and how it is done."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from channels.contract import NO_WORDS, Inbound, Receipt
from channels.secret import Secret
from relay import wording
from relay.agreeing import is_for_us
from relay.draft import Draft
from relay.engine import Engine
from relay.log import Word
from relay.obey import Obey
from relay.obeying.said import read_again, standing
from relay.store.pending import Waiting
from relay.store.roster import Arrival
from relay.taking.answers import Answers
from relay.taking.case import Case, Fate
from relay.vault.vault import Purpose
from relay.words.orders import Order, declared, is_marked_urgent, read_order, rest_of
from relay.words.vocabulary import OF_POSTS_ONLY, Command, Form

_CRIES = frozenset({Command.HELP, Command.CRISIS, Command.REPORT, Command.TELL})
"""What is heard even if nothing proves who says it, but then not as often as one likes."""


class Orders:
    """Finds the order that a message is, and has it done."""

    def __init__(self, engine: Engine, answers: Answers) -> None:
        self._obey = Obey(engine)
        self._ledger = engine.outbox.ledger
        self._vault = engine.vault
        self._answers = answers

    async def find(self, case: Case) -> Order | None:
        """The order that a whole message is, by its words or by what is going on."""
        order = None if case.forged else ordered(case.inbound, case.arrival, case.now)
        if order is None and case.may_pass:
            return await self._obey.loosely(case.c, case.inbound, case.arrival, case.made, case.now)
        return order

    async def doubts(self, case: Case) -> bool:
        """Whether a message may be one by what is going on, so that she has to be asked first."""
        return await self._obey.doubts(case.c, case.inbound, case.arrival, case.made, case.now)

    async def obey(self, case: Case, order: Order) -> Fate:
        """Do what it says."""
        if await self._is_flood(case, order.command):
            if order.rest:  # words of hers, perhaps: they are not to be lost without a word
                return Fate(Receipt.REFUSED, Word.REFUSED, "flood")
            return Fate(Receipt.AGAIN, Word.AGAIN)
        gone = await self._obey.obey(case.said(order, behind(order, case.made)))
        return Fate(Receipt.TAKEN, Word.COMMAND, order.command, gone=tuple(gone))

    async def obey_later(self, case: Case, waiting: Waiting) -> tuple[int, ...]:
        """An order that waited for her code word. Returns the members who have gone by it."""
        if waiting.body is None:
            return ()
        order, made = read_again(waiting.body)
        if standing(case.member) not in declared(order.command).who:  # not hers to ask any more
            await self._answers.say(case, wording.NOTHING_WAITS)
            return ()
        return tuple(await self._obey.obey(case.said(order, made)))

    async def _is_flood(self, case: Case, command: Command) -> bool:
        """Whether somebody, perhaps not she, cried for help in her name within this hour."""
        if case.proven or command not in _CRIES:
            return False
        hour = case.now.strftime("%Y-%m-%dT%H")
        blind = self._vault.index(Purpose.SEEN, command, case.member.id, hour)
        return not await self._ledger.is_new(case.c, blind, case.now)


def ordered(inbound: Inbound, arrival: Arrival, now: datetime) -> Order | None:
    """The order that a whole message is by its words."""
    if inbound.reaction:
        return None
    text, to_mask, member = inbound.text.reveal(), arrival.reader is not None, arrival.member
    if is_marked_urgent(text):
        return None  # a post, which says of itself that it is urgent
    order = read_order(text, standing(member), to_mask=to_mask)
    return order if order and is_for_us(order.command, member, arrival.group, now) else None


def has_words(order: Order | None) -> bool:
    """Whether words of hers stand behind it, which go somewhere."""
    return order is not None and declared(order.command).form is Form.WORDS


def behind(order: Order, made: Draft) -> Draft:
    """What would leave of what stands behind a word, with what the group must not see replaced."""
    if made.nothing or not order.rest:
        return made
    masked = rest_of(order.command, made.body.text.reveal())
    return replace(made, body=replace(made.body, text=Secret(masked), html=NO_WORDS), whole=None)


def is_heard(case: Case, command: Command) -> bool:
    """A stop is heard in a frozen group and from a stopped member, and in a mail nothing proves.

    Who may not write now may leave nevertheless, and cry for help. What only posts can be held
    against counts for no word, but for one that is a post itself, and for a name that everybody is
    told.
    """
    word, reasons = declared(command), case.reasons
    told = command is Command.RENAME and case.group.settings.tell_renamed
    against = reasons if word.posts or told else reasons - OF_POSTS_ONLY
    return case.may_pass or against <= word.despite
