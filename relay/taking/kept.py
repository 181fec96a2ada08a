"""What waits for a word of its author: whether it is hers, and whether she means it for the group.

Held in doubt, without proof, or for her own contact in it; let go by her answer.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from channels.contract import Receipt
from policies.authenticity import ASKED_FOR
from policies.verdict import Reason
from relay import wording
from relay.engine import Engine
from relay.log import Word
from relay.model import Body, end_of_life
from relay.obeying.said import draft_again, standing
from relay.store.pending import Why
from relay.taking.answers import Answers
from relay.taking.case import Case, Fate
from relay.taking.orders import Orders
from relay.wording import danger
from relay.words.orders import nearly
from relay.words.reading import Doubt, doubt, is_yes, parse
from relay.words.vocabulary import Command

_ASKS = {
    Doubt.REVOCATION: wording.WANTS_TO_GO,
    Doubt.NEAR_MISS: wording.NEAR_MISS,
    Doubt.REPORT: danger.NOT_REPORTED,
}


class Kept:
    """Keeps messages back, asks their authors, and lets go what they speak for."""

    def __init__(self, engine: Engine, answers: Answers, orders: Orders) -> None:
        self._pending = engine.pending
        self._posting = engine.posting
        self._endings = engine.endings
        self._ledger = engine.outbox.ledger
        self._life = engine.settings.post_life
        self._answers = answers
        self._orders = orders

    async def doubt(self, case: Case, also: tuple[str, ...] = ()) -> Doubt | None:
        """Why nobody should read this before she has said what she means.

        `also` are words of her own that are nobody's to read, beside her code word.
        """
        text, to_mask, member = case.inbound.text.reveal(), case.to_mask, case.member
        if case.made.body.pictures or parse(text, to_mask=to_mask):
            return None  # a word that is none for her, such as START, is talk
        code, name = member.settings.code_word, member.name.reveal()
        own = (code, *also) if code else also
        why = doubt(text, own=own, name=name, to_mask=to_mask, guides=member.facilitator)
        meant = nearly(text, standing(member), to_mask=to_mask)
        if why is None and meant:
            why = Doubt.REPORT if meant is Command.REPORT else Doubt.NEAR_MISS
        if why is None and await self._orders.doubts(case):
            why = Doubt.NEAR_MISS
        return None if to_mask and why is Doubt.REVOCATION else why  # said to her, not to us

    async def ask_what_she_means(self, case: Case, why: Doubt) -> Fate:
        """A slip in a word to the relay is for nobody; a wish to be let go is asked about."""
        await self.keep(case, unsaid(case), Why.DOUBT, self.end_of_life(case))
        await self._answers.say(case, _ASKS[why])
        if why is Doubt.REVOCATION:
            member = case.member
            text = wording.MAY_WANT_TO_GO.format(name=member.name.reveal())
            await self._endings.tell_facilitators(
                case.c, member.group_id, text, case.now, besides=member.id
            )
        return Fate(Receipt.TAKEN, Word.HELD, why)

    async def ask_for_a_wish(self, case: Case) -> Fate:
        """Her own contact is in it: ask her whether the group may see that."""
        text = wording.ASKED_WITHOUT
        if case.made.whole:
            text = wording.ASKED
            await self.keep(case, case.made.whole, Why.WISH, self.end_of_life(case))
        await self._answers.say(case, text)
        return Fate(Receipt.TAKEN, Word.HELD, "contact")

    async def ask_for_proof(self, case: Case) -> Fate:
        """Nothing proves that she wrote it: ask her, at the address we know."""
        pending_id = await self.keep(case, unsaid(case), Why.PROOF, case.now + ASKED_FOR)
        await self._answers.say(case, wording.CONFIRM, confirm=pending_id)
        return Fate(Receipt.TAKEN, Word.HELD, Reason.NOT_PROVEN)

    async def keep(self, case: Case, body: Body, why: Why, until: datetime) -> int:
        """Keep a message back for its author's word. Returns its id."""
        return await self._pending.add(
            case.c,
            case.member,
            addressed(case, body),
            why,
            reader_id=case.reader_id,
            expires=until,
            now=case.now,
        )

    def end_of_life(self, case: Case) -> datetime:
        """Until when what is kept now may wait."""
        return end_of_life(case.now, self._life)

    async def confirm(self, case: Case, pending_id: int) -> Fate:
        """She answers the question whether a message is hers; other notices take no answer."""
        if pending_id == 0:
            await self._answers.say(case, wording.NOBODY_READS)
            return Fate(Receipt.TAKEN, Word.DROPPED, "notice")
        waiting = await self._pending.take(case.c, pending_id, case.now)
        if waiting is None or waiting.body is None:
            await self._answers.say(case, wording.NOTHING_WAITS)
            return Fate(Receipt.TAKEN, Word.DROPPED, Reason.EXPIRED)
        if _is_looser(case, waiting.body) or not is_yes(case.inbound.text.reveal()):
            await self._answers.say(case, wording.NOT_HERS)
            await self._ledger.lose(case.c, case.member.group_id, "not_confirmed", 1, case.now)
            return Fate(Receipt.TAKEN, Word.DROPPED, Reason.NOT_PROVEN)
        was_said = replace(case.inbound, text=waiting.body.text, files=())
        kept = replace(case, inbound=was_said, made=draft_again(waiting.body))
        why = await self.doubt(kept)
        if why:
            return await self.ask_what_she_means(kept, why)
        return await self.let_go(case, waiting.body, waiting.reader_id)

    async def let_go(self, case: Case, body: Body, reader_id: int | None) -> Fate:
        """What was confirmed goes on as if it had been proven at once."""
        asked_about = body.guarded and case.group.settings.contacts == "ask"
        if _is_looser(case, body) or asked_about:
            await self._answers.say(case, wording.ASKED_WITHOUT)
            return Fate(Receipt.TAKEN, Word.HELD, "contact")
        readers = await self._posting.publish(
            case.c, case.member, case.group, body, reader_id, case.now, present=case.present
        )
        if body.guarded:
            await self._answers.say(case, wording.MASKED)
        if body.files_left_out:
            await self._answers.files_left_out(case)
        return Fate(Receipt.TAKEN, Word.TAKEN, readers=readers)


def addressed(case: Case, body: Body) -> Body:
    """What she says to one member alone is marked so."""
    return replace(body, private=case.to_mask)


def unsaid(case: Case) -> Body:
    """What would leave, with what she has to be told of it once it does."""
    made = case.made
    return replace(made.body, guarded=made.telling, files_left_out=made.files_left_out)


def _is_looser(case: Case, body: Body) -> bool:
    """Whether what waited shows more than the group allows by now."""
    return body.shown and case.group.settings.contacts != "allow"
