"""Whose phone it is: a text may come from other hands, or from a number given to somebody else.

Who has a code word, or was silent for long, shows first that it is she; what she says until then
waits.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from channels.contract import Receipt
from policies.facts import MemberState
from policies.verdict import Pass
from relay import wording
from relay.clock import day, moment
from relay.engine import Engine
from relay.log import Word
from relay.obeying.said import written
from relay.store.pending import Waiting, Why
from relay.store.roster import Arrival
from relay.taking.answers import Answers
from relay.taking.case import Case, Fate, StaleDraftError
from relay.taking.kept import Kept, unsaid
from relay.taking.orders import Orders, behind
from relay.words.orders import Order, declared
from relay.words.reading import matches
from relay.words.vocabulary import WORDS, Command, Form, Who

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

_ASKED_OF_LATE = timedelta(hours=1)
"""How long what waits for her code word counts as written by her."""


class Phones:
    """Asks who holds a phone, and lets go what waited for the answer."""

    def __init__(self, engine: Engine, answers: Answers, orders: Orders, kept: Kept) -> None:
        self._roster = engine.roster
        self._ledger = engine.outbox.ledger
        self._pending = engine.pending
        self._answers = answers
        self._orders = orders
        self._kept = kept

    async def look(self, case: Case) -> Fate | None:
        """What becomes of a text because of whose phone it may be; `None` if nothing does."""
        member, text = case.member, case.inbound.text.reveal()
        code = member.settings.code_word
        shown = bool(code) and matches(code, text)
        if shown or (case.silent and not code and matches(member.name.reveal(), text)):
            return await self._shown(case)
        suspect = case.silent or _is_long_silent(case)
        if not suspect:
            await self._roster.heard(case.c, member, case.inbound.sender, day(case.now))
        if case.order and _asks_first(case.order, coded=bool(code), suspect=suspect):
            return await self._ask(case)
        if case.order or not suspect or not isinstance(case.verdict, Pass):
            return None
        if case.inbound.reaction:  # nothing to ask her for
            return Fate(Receipt.TAKEN, Word.REACTED, "fold")
        if case.made.nothing:
            raise StaleDraftError
        return await self._from_suspect(case)

    async def _from_suspect(self, case: Case) -> Fate:
        """Words that wait until she has shown that it is she; not those that tried to show it."""
        name = (case.member.name.reveal(),) if case.silent else ()
        why = await self._kept.doubt(case, also=name)
        if why:
            return await self._kept.ask_what_she_means(case, why)
        return await self._ask(case)

    async def _shown(self, case: Case) -> Fate:
        """She has shown that it is she: what waited for that goes on.

        Not what waited for long: the phone may have been in other hands then.
        """
        c, member, now = case.c, case.member, case.now
        await self._roster.set_heard(c, [member.id], day(now))
        if case.silent:
            await self._roster.set_state(c, [member.id], MemberState.ACTIVE)
            await self._answers.say(case, wording.WELCOME_BACK)
        fate, gone = Fate(Receipt.TAKEN, Word.COMMAND, "code"), tuple[int, ...]()
        if not isinstance(case.verdict, Pass):  # the same answer as for a near guess
            return fate if case.silent else await self._answers.not_passed_on(case)
        waiting = await self._pending.take_all(c, member, (Why.CODE, Why.COMMAND), now)
        hers = [one for one in waiting if _is_fresh(one, waiting[-1], now)]
        for one in hers:
            if one.why is Why.COMMAND:
                gone += await self._orders.obey_later(case, one)
            elif one.body is not None:
                fate = await self._kept.let_go(case, one.body, one.reader_id)
        if len(hers) < len(waiting):
            await self._drop_old(case, len(waiting) - len(hers))
        elif not waiting and not case.silent:  # the same as for a near guess
            await self._answers.say(case, wording.NEAR_MISS)
        return replace(fate, gone=gone)

    async def _drop_old(self, case: Case, count: int) -> None:
        await self._answers.say(case, wording.OLD_DROPPED.format(count=count))
        await self._ledger.lose(case.c, case.member.group_id, "not_confirmed", count, case.now)

    async def _ask(self, case: Case) -> Fate:
        """Keep it until she has shown that it is she."""
        order, until = case.order, self._kept.end_of_life(case)
        if order and order.command in _WITH_CODE:
            body = written(order, behind(order, case.made))
            await self._kept.keep(case, body, Why.COMMAND, until)
        elif order is None:
            await self._kept.keep(case, unsaid(case), Why.CODE, until)
        code = case.member.settings.code_word
        await self._answers.say(case, wording.CODE_FIRST if code else wording.STILL_YOU)
        return Fate(Receipt.TAKEN, Word.HELD, "silent" if case.silent else "code")


def as_if_present(arrival: Arrival) -> Arrival:
    """Whose phone was silent for long is judged as a member; what she says waits for her word."""
    if arrival.member.state is not MemberState.SILENT:
        return arrival
    return replace(arrival, member=replace(arrival.member, state=MemberState.ACTIVE))


def _is_long_silent(case: Case) -> bool:
    """Whether her group wants to hear her code word first, after so long."""
    member, days = case.member, case.group.settings.code_after
    if not days or not member.settings.code_word or member.heard_day is None:
        return False
    return day(case.now) - member.heard_day >= days


def _is_fresh(one: Waiting, newest: Waiting, now: datetime) -> bool:
    """Whether what waits is hers, as she has just been asked about it; to leave, only her last."""
    if one.why is Why.COMMAND and one is not newest:
        return False
    return now - moment(one.made) <= _ASKED_OF_LATE


def _asks_first(order: Order, *, coded: bool, suspect: bool) -> bool:
    """Whether she must show first that it is she; who only wants to see a list need not."""
    if order.command is Command.ACCEPT:  # also without a name
        return suspect
    if not order.rest and declared(order.command).form is not Form.ALONE:
        return False
    first = order.command in _WITH_CODE if coded else False
    return first or (suspect and order.command in _NOT_FROM_SUSPECTS)
