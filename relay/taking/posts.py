"""What goes on to the group, or to one member of it: words, pictures, and reactions to them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from channels.contact import EMAIL
from channels.contract import NO_WORDS, Receipt
from channels.secret import Secret
from policies.verdict import Pass, Reason
from relay import wording
from relay.engine import Engine
from relay.languages.speech import spoken
from relay.log import Word
from relay.model import Body
from relay.store.pending import Why
from relay.taking.answers import Answers
from relay.taking.case import Case, Fate
from relay.taking.kept import Kept, addressed

_SECOND_THOUGHTS = timedelta(hours=1)
"""How long `SEND AS IS` still finds what the others have got already."""


class Posts:
    """Publishes what nothing stands against, and tells its author what is not in it."""

    def __init__(self, engine: Engine, answers: Answers, kept: Kept) -> None:
        self._posting = engine.posting
        self._roster = engine.roster
        self._ledger = engine.outbox.ledger
        self._talk = engine.talk
        self._answers = answers
        self._kept = kept

    async def post(self, case: Case) -> Fate:
        """Bring it to its readers, or ask first whether they may see her own contact."""
        made, body = case.made, addressed(case, case.made.body)
        if made.telling and case.group.settings.contacts == "ask":
            return await self._kept.ask_for_a_wish(case)
        readers = await self._publish(case, body, case.reader_id)
        if made.telling:
            if readers and made.whole:
                until = case.now + _SECOND_THOUGHTS
                await self._kept.keep(case, made.whole, Why.SECOND, until)
            await self._answers.say(
                case, wording.MASKED_YOURS if readers and made.whole else wording.MASKED
            )
        if made.files_left_out or await self._is_seen_by_nobody(case, body):
            await self._answers.files_left_out(case)
        if body.review:
            return Fate(Receipt.TAKEN, Word.HELD, Reason.REVIEW)
        return Fate(Receipt.TAKEN, Word.TAKEN, readers=readers)

    async def _publish(self, case: Case, body: Body, reader_id: int | None) -> int:
        return await self._posting.publish(
            case.c, case.member, case.group, body, reader_id, case.now, present=case.present
        )

    async def _is_seen_by_nobody(self, case: Case, body: Body) -> bool:
        """Whether its pictures go to no phone, and nobody else in the group reads mail."""
        if not body.pictures or case.group.settings.text_pictures:
            return False
        return not await self._roster.has_readers(case.c, case.member, EMAIL)

    async def react(self, case: Case) -> Fate:
        """A phone's reaction repeats another member's words: those go no further."""
        how, sign = case.group.settings.reactions, case.inbound.reaction.reveal()
        fate = Fate(Receipt.TAKEN, Word.REACTED, how)
        if how == "fold" and await self._ledger.once(case.c, case.now, "reaction", case.member.id):
            await self._answers.say(case, wording.REACTION_KEPT)  # it may have been typed
        if how == "fold" or not isinstance(case.verdict, Pass) or case.to_mask:
            return fate
        if case.made.body.review:  # nobody looks at a sign first
            return fate
        if how == "count":
            by = -1 if sign.startswith("-") else 1
            await self._talk.react(case.c, case.group.id, sign.removeprefix("-"), by)
            return fate
        if sign.startswith("-"):
            return fate
        body = Body(
            author=case.member.name,
            mask=case.member.mask,
            subject=NO_WORDS,
            text=Secret(spoken(wording.REACTED.format(sign=sign), case.group.settings)),
        )
        return replace(fate, readers=await self._publish(case, body, None))
