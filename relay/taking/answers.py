"""What she who wrote is told of what became of it."""

from __future__ import annotations

from channels.contract import Receipt, Trait
from policies.verdict import Reason
from relay import wording
from relay.agreeing import not_yet
from relay.brakes import Brakes
from relay.engine import Engine
from relay.guiding import muted
from relay.log import Word
from relay.taking.case import Case, Fate
from relay.wording import guiding, modes
from relay.wording import joining as of_joining
from relay.wording.text import Text

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


class Answers:
    """Answers her, alone and at once."""

    def __init__(self, engine: Engine, brakes: Brakes) -> None:
        """`brakes` know when she may write again."""
        self._notices = engine.notices
        self._ledger = engine.outbox.ledger
        self._brakes = brakes

    async def say(self, case: Case, text: str, *, confirm: int = 0) -> None:
        """Tell her something; with `confirm`, she lets a pending message go by answering it."""
        await self._notices.tell(
            case.c, case.member.id, text, case.now, anyway=True, confirm=confirm
        )

    async def files_left_out(self, case: Case) -> None:
        """Tell her that some of her files go to nobody, or all."""
        some = case.group.settings.pictures
        await self.say(case, wording.SOME_FILES if some else wording.FILES_LEFT_OUT)

    async def not_passed_on(self, case: Case) -> Fate:
        """Tell her why nobody gets it; a machine is only counted."""
        if Reason.AUTOMATIC in case.reasons:
            await self._ledger.lose(case.c, case.group.id, Reason.AUTOMATIC, 1, case.now)
        else:
            await self.say(case, await self._why_not(case))
        return Fate(Receipt.TAKEN, Word.DROPPED, case.why)

    async def _why_not(self, case: Case) -> str:
        files = bool(case.inbound.files) or Trait.FILES_LEFT_OUT in case.inbound.traits
        text = _answer_to(case.reasons, files=files)
        if text == guiding.MUTED_FOR_NOW:
            text = muted(case.member, case.group, case.now)
        if text == modes.RATE:
            text = await self._braked(case)
        if text is wording.NOT_YET:
            text = not_yet(case.member)
        return text

    async def _braked(self, case: Case) -> Text:
        """Too much in a short time: she is told when to send it again; facilitators, a count."""
        await self._ledger.lose(case.c, case.group.id, Reason.RATE, 1, case.now)
        wait = self._brakes.minutes_to_wait(case.member, case.group, case.now)
        return modes.RATE.format(count=wait)


def _answer_to(reasons: frozenset[Reason], *, files: bool) -> str:
    if Reason.EMPTY in reasons and files:
        return wording.ONLY_FILES
    return next(_ANSWERS[reason] for reason in sorted(reasons) if reason in _ANSWERS)
