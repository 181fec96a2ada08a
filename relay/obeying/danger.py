"""Cries for help, and what is told to who runs the group alone."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from channels.contract import Proof, Trait
from policies.pseudonym import skeleton
from relay import wording
from relay.alarms import Cries
from relay.draft import Rules, for_facilitators
from relay.engine import Engine
from relay.model import Member
from relay.obeying.said import Handlers, Said
from relay.store.alarms import Alarms
from relay.wording import danger, modes
from relay.wording.text import Text
from relay.words.folding import folded
from relay.words.slips import within
from relay.words.vocabulary import Command

_WORDS = re.compile(r"[^\W_]+")
_FORGIVING = 5
"""Letters from which on a slip in a name still names her."""
_ENDINGS = frozenset(("s", "es", "n", "en"))
"""What languages put behind a name: `Robins Ton`."""
_BEGINNINGS = frozenset(map(skeleton, "\u0648\u0641\u0628\u0644\u0643"))
"""What Arabic writes in front of a name, in one word with it: and, so, with, to, like."""
_FEWEST_OF_A_PART = 3
_FIRST_WIDE = "\u2e80"
_MOST_REPORTS = 10
"""An hour and member: who gets them must still see a call for help."""


class Danger:
    """What HELP, CRISIS, TAKE, REPORT and TELL FACILITATORS do."""

    def __init__(self, engine: Engine) -> None:
        self._alarms = Alarms(engine.vault, engine.roster)
        self._cries = Cries(engine)
        self._circles = engine.circles
        self._notices = engine.notices
        self._ledger = engine.outbox.ledger
        self._programme = engine.settings.programme_name
        self._region = engine.settings.phone_region

    def handlers(self) -> Handlers:
        """What this does."""
        return {
            Command.HELP: self._help,
            Command.CRISIS: self._crisis,
            Command.TAKE: self._take,
            Command.REPORT: self._report,
            Command.TELL: self._report,
        }

    async def _tell(self, said: Said, text: Text, *, urgent: bool = False) -> None:
        await self._notices.tell(said.c, said.member.id, text, said.now, anyway=True, urgent=urgent)

    async def _help(self, said: Said) -> Sequence[int]:
        """A word for the carriers that may be a cry: answered, and brought to facilitators."""
        s = said.group.settings
        reached = await self._cries.cry(said.c, said.member, said.group, said.now, crisis=False)
        answer = danger.help_answer(
            self._programme, s.reach, s.crisis, reached, alternatives=s.alternatives
        )
        await self._tell(said, answer, urgent=True)
        return ()

    async def _crisis(self, said: Said) -> Sequence[int]:
        """A cry: answered with whom to call, and brought to who is on duty, then to the next."""
        s = said.group.settings
        reached = await self._cries.cry(said.c, said.member, said.group, said.now, crisis=True)
        answer = danger.crisis_answer(reached, s.crisis, s.alternatives)
        await self._tell(said, answer, urgent=True)
        return ()

    async def _take(self, said: Said) -> Sequence[int]:
        """Somebody is there for her who cried."""
        digits = folded(said.order.rest)
        short = int(digits) if digits else None
        text = await self._cries.take(said.c, said.member, short, said.now)
        await self._tell(said, text, urgent=True)
        return ()

    # Reports ---------------------------------------------------------------------------------

    async def _report(self, said: Said) -> Sequence[int]:
        """To who runs the group, but nobody who is named in it; she hears how many got it."""
        if not said.order.rest:
            await self._tell(said, danger.HOW_TO_REPORT)
            return ()
        hour = said.now.strftime("%Y-%m-%dT%H")
        if not await self._ledger.once(
            said.c, said.now, "report", said.member.id, hour, most=_MOST_REPORTS
        ):
            await self._tell(said, modes.RATE.format(count=60 - said.now.minute))
            return ()
        rules = await self._rules(said)
        words, was_masked = for_facilitators(said.order.rest, rules)
        text = _template(said).format(name=said.member.name.reveal(), words=words.reveal())
        told = 0
        for one in await self._not_named(said, rules):
            told += await self._notices.tell(
                said.c, one.id, text, said.now, reporter=said.member.id
            )
        alternatives = said.group.settings.alternatives
        answer = danger.REPORT_TOLD.format(count=told) if told else danger.nobody_told(alternatives)
        await self._tell(said, answer)
        if told and was_masked:
            await self._tell(said, wording.MASKED)
        if told and (said.inbound.files or Trait.FILES_LEFT_OUT in said.inbound.traits):
            await self._tell(said, danger.FILES_NOT_TOLD)
        return ()

    async def _rules(self, said: Said) -> Rules:
        """By what her words are looked through, as if the group read them."""
        return Rules(
            group=said.group,
            author=said.member,
            circle=await self._circles.of(said.c, said.group.id),
            region=self._region,
            real_name=said.inbound.sender_name,
        )

    async def _not_named(self, said: Said, rules: Rules) -> list[Member]:
        """Who runs the group, without herself, and without whoever the report may be about."""
        people = await self._alarms.runs_group(said.c, said.group.id)
        reader = said.arrival.reader.id if said.arrival.reader else 0
        text = f"{said.inbound.subject.reveal()}\n{said.order.rest}"
        named = said_in(text)
        besides = {said.member.id, reader, *rules.whose(text)}
        return [m for m in people if m.id not in besides and not is_named(named, m.name.reveal())]


def names(text: str, name: str) -> bool:
    """Whether a text may name somebody; rather once too often than once too little.

    The words are compared as names are, in any writing that people could mix up, with an ending
    that languages put behind a name, and with one slip in a name of five letters or more. Of a
    name in several words one is enough.

    Examples of `Robin`: `robin shouts`, `Robin's`, `Robins Ton`, `Robbin`; not of it: `robbery`.
    """
    return is_named(said_in(text), name)


def said_in(text: str) -> frozenset[str]:
    """What could be names in a text: its words, some of them together, and all of it."""
    words = _WORDS.findall(text)
    runs = {*words}
    for size in (2, 3):
        some = (words[at : at + size] for at in range(len(words) + 1 - size))
        runs |= {" ".join(run) for run in some if min(map(len, run)) > 1}
    wide = {skeleton(text)} if any(char >= _FIRST_WIDE for char in text) else set()
    return frozenset(map(skeleton, runs)) | wide


def is_named(said: Collection[str], name: str) -> bool:
    """Whether one of what `said_in` found may mean somebody of that name."""
    meant = skeleton(name)
    if meant[:1] >= _FIRST_WIDE:
        return any(meant in run for run in said)
    parts = {skeleton(word) for word in _WORDS.findall(name)}
    parts = {part for part in parts if len(part) >= _FEWEST_OF_A_PART} | {meant}
    return any(_is_name(run, part) for run in said for part in parts)


def _is_name(said: str, meant: str) -> bool:
    if said.startswith(meant) and said[len(meant) :] in _ENDINGS | {""}:
        return True
    if said[1:] == meant and said[:1] in _BEGINNINGS:
        return True
    return len(meant) >= _FORGIVING and within(said, meant, 1)


def _template(said: Said) -> Text:
    proven = said.inbound.proof is Proof.PROVEN
    if said.order.command is Command.REPORT:
        return danger.REPORTED if proven else danger.PERHAPS_REPORTED
    return danger.TOLD if proven else danger.PERHAPS_TOLD
