"""Questions to a group that are answered with a number, and nobody learns by whom.

Counts alone are stored, and told when the time is over and enough have answered. That a member
answers once is known to this process alone, under a key that it makes anew: after a restart, or in
another process, she could answer again.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from channels.contract import Inbound, Proof
from channels.secret import Secret
from policies.facts import GroupState, MemberState
from relay.circles import Circles
from relay.clock import Clock
from relay.errors import RefusalError
from relay.model import Group, show_id
from relay.notices import Notices
from relay.store.database import Database
from relay.store.pulses import NOTHING_SAID, Pulses, Question
from relay.store.roster import Arrival, Roster
from relay.wording import members as wording
from relay.wording.text import Text
from relay.words.of_members import read_answer

OPEN_FOR = timedelta(hours=24)
MOST_HOURS = 168
_LATE = timedelta(days=1)
"""How long a number that comes after the end is taken for an answer: who reads the question in the
morning must not say to all what nobody was to know of her."""
_KEPT = timedelta(days=7)
"""How long counts can be asked for."""
_LONGEST = 90
"""Letters of a question: with what is said around it, it is one text."""
_HOURS = re.compile(r"(\d{1,3})\s?h\b[\s,:.]*", re.IGNORECASE)


class Pulse:
    """Asks, counts, and tells the counts."""

    def __init__(
        self,
        *,
        database: Database,
        pulses: Pulses,
        roster: Roster,
        notices: Notices,
        circles: Circles,
        region: str,
        clock: Clock,
    ) -> None:
        """`region` is where phone numbers without a country code are at home."""
        self._database = database
        self._pulses = pulses
        self._roster = roster
        self._notices = notices
        self._circles = circles
        self._region = region
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._answered: dict[tuple[int, datetime], dict[bytes, bytes]] = {}
        """By question: who answered, and in which message, under a key of this process."""

    # Asking ----------------------------------------------------------------------------------

    async def ask(
        self, c: AsyncConnection, group: Group, text: str, now: datetime, span: timedelta
    ) -> Text | None:
        """Ask every member of a group. Why it was not asked; `None` if it was."""
        text = " ".join(text.split())
        if len(text) > _LONGEST:
            return wording.PULSE_TOO_LONG.format(most=_LONGEST)
        if await self._shows_contact(c, group, text):
            return wording.PULSE_CONTACT
        before = await self._pulses.find(c, group.id, lock=True)
        if before is not None and not before.told:
            return wording.PULSE_OPEN
        question = Question(
            group_id=group.id,
            text=Secret(text),
            closes=(now + span).replace(microsecond=0),
            least=group.settings.pulse_from,
        )
        await self._pulses.save(c, question)
        asked = wording.PULSE_ASKED.format(question=text)
        await self._tell_all(c, group, asked, now, ends=question.closes)
        return None

    async def _shows_contact(self, c: AsyncConnection, group: Group, text: str) -> bool:
        circle = await self._circles.of(c, group.id)
        return bool(circle.guard(group.settings, self._region).find(text))

    async def ask_in(self, key: str, text: str, hours: int) -> Group:
        """Ask a group, by its id or name, for so many hours. Raises `RefusalError`."""
        span = timedelta(hours=hours)

        async def work(c: AsyncConnection) -> Group:
            group = await self._roster.find_group(c, key, lock=True)
            if group.state is not GroupState.OPEN:
                raise RefusalError("This group takes no messages now.")
            if not text.strip():
                raise RefusalError("The question has no words.")
            refused = await self.ask(c, group, text, self._clock.now(), span)
            if refused is not None:
                raise RefusalError(str(refused))
            return group

        return await self._database.transact(work)

    # Counting --------------------------------------------------------------------------------

    async def takes(
        self, c: AsyncConnection, inbound: Inbound, arrival: Arrival, now: datetime
    ) -> bool:
        """Take a message as an answer. `False` if it is none, or nothing was asked."""
        choice = read_answer(inbound.text.reveal())
        alone = arrival.reader is not None or bool(arrival.confirms)
        if choice is None or alone or inbound.files or inbound.reaction:
            return False
        question = await self._pulses.find(c, arrival.group.id, lock=True)
        if question is None or now >= question.closes + _LATE:
            return False
        if now >= question.closes or question.told:
            await self._answer(c, arrival, wording.PULSE_CLOSED, now)
        elif inbound.proof is not Proof.PROVEN:
            await self._answer(c, arrival, wording.PULSE_NOT_HERS, now)
        elif self._is_first(question, arrival, inbound, now):
            await self._pulses.save(c, question.with_one_more(choice))
        return True

    async def _answer(
        self, c: AsyncConnection, arrival: Arrival, text: Text, now: datetime
    ) -> None:
        await self._notices.tell(c, arrival.member.id, text, now, anyway=True)

    def _is_first(
        self, question: Question, arrival: Arrival, inbound: Inbound, now: datetime
    ) -> bool:
        """Whether she has not answered yet. The same message may be tried again."""
        self._answered = {key: who for key, who in self._answered.items() if key[1] > now}
        answered = self._answered.setdefault((question.group_id, question.closes), {})
        her, message = self._veiled(arrival.member.id), self._veiled(inbound.provider_id)
        return answered.setdefault(her, message) == message

    def _veiled(self, what: int | str) -> bytes:
        return hmac.digest(self._key, str(what).encode(), hashlib.sha256)

    # Telling ---------------------------------------------------------------------------------

    async def close(self, c: AsyncConnection, now: datetime) -> int:
        """End what is over, and tell the counts, where there are enough. Returns how many."""
        over = await self._pulses.over(c, now)
        for question in over:
            group = await self._roster.find_group(c, show_id(question.group_id))
            enough = _is_enough(group, question)
            told = replace(question, told=True)
            if not enough:
                told = replace(told, counts=NOTHING_SAID)
            await self._pulses.save(c, told)
            whole = group.settings.pulse_to == "group"
            await self._tell_all(c, group, _said(question, enough=enough), now, whole=whole)
        await self._pulses.drop_before(c, now - _KEPT)
        return len(over)

    async def _tell_all(
        self,
        c: AsyncConnection,
        group: Group,
        text: Text,
        now: datetime,
        *,
        whole: bool = True,
        ends: datetime | None = None,
    ) -> None:
        """Tell a group, or those who run it; not after `ends`."""
        for member in await self._roster.members(c, group):
            if member.state is MemberState.ACTIVE and (whole or member.facilitator):
                await self._notices.tell(c, member.id, text, now, ends=ends)

    async def last_of(self, key: str) -> dict[str, Any]:
        """The last question of a group, with its counts if it is over. Raises `RefusalError`."""
        async with self._database.reading() as c:
            group = await self._roster.find_group(c, key)
            question = await self._pulses.find(c, group.id)
        if question is None:
            raise RefusalError("This group was asked nothing of late.")
        counts = dict.fromkeys(("1", "2", "3", "4", "5"), None)
        if question.told and _is_enough(group, question):
            counts = {str(n): count for n, count in enumerate(question.counts, start=1)}
        return {
            "group": group.name.reveal(),
            "question": question.text.reveal(),
            "open": not question.told,
            "closes": question.closes.strftime("%Y-%m-%dT%H:%MZ"),
            "answers": counts,
        }


def read_question(rest: str) -> tuple[timedelta, str]:
    """A question as it is typed: how long it is open, such as `6h`, may stand before it."""
    found = _HOURS.match(rest)
    if found is None or not 1 <= int(found[1]) <= MOST_HOURS or not rest[found.end() :].strip():
        return OPEN_FOR, rest
    return timedelta(hours=int(found[1])), rest[found.end() :]


def _is_enough(group: Group, question: Question) -> bool:
    """As many as the group wanted when it was asked, or wants now, whatever is more."""
    return question.answers >= max(question.least, group.settings.pulse_from)


def _said(question: Question, *, enough: bool) -> Text:
    text = question.text.reveal()
    if not enough:
        return wording.PULSE_TOO_FEW.format(question=text)
    one, two, three, four, five = question.counts
    return wording.PULSE_COUNTS.format(
        question=text, one=one, two=two, three=three, four=four, five=five
    )
