"""How posts come to a member, said and done: MODE, and READ NOTES."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from policies.facts import GroupState, Mode
from relay.engine import Engine
from relay.model import MemberSettings, show_id
from relay.modes import read_mode
from relay.notices import ANSWER_LIFE
from relay.nudging import Nudges
from relay.obeying.said import Handlers, Said
from relay.store.readers import Readers
from relay.wording import modes
from relay.wording.text import Text
from relay.words.vocabulary import Command


class Modes:
    """One method for each command. Nobody but the one who asked hears of it."""

    def __init__(self, engine: Engine) -> None:
        self._notices = engine.notices
        self._nudges = Nudges(engine.outbox, engine.notices)
        self._outbox = engine.outbox
        self._readers = Readers(engine.roster)
        self._roster = engine.roster

    def handlers(self) -> Handlers:
        """What this does."""
        return {Command.MODE: self._mode, Command.READ: self._read}

    async def _mode(self, said: Said) -> Sequence[int]:
        """Set how posts come; with nothing behind it, tell how they do."""
        member = said.member
        wished = read_mode(said.order.rest)
        if wished:
            member = await self._roster.find_member(said.c, show_id(member.id), lock=True)
            member = replace(member, settings=replace(member.settings, **wished))  # type: ignore[arg-type]
            await self._roster.save_member(said.c, member)
            await self._nudges.asked(said.c, member.id)
            await self._readers.judge_anew(said.c, [member.id], said.now)
        text = how_posts_come(member.settings)
        await self._notices.tell(said.c, member.id, text, said.now, anyway=True)
        return ()

    async def _read(self, said: Said) -> Sequence[int]:
        """What waits for her comes now, whatever it waits for: she is there.

        In a frozen group nothing comes; when it goes on she is told anew that there is something.
        """
        c, member, now = said.c, said.member, said.now
        await self._nudges.asked(c, member.id)
        frozen = said.group.state is GroupState.FROZEN
        if frozen or not await self._outbox.let_read(c, member.id, now, now + ANSWER_LIFE):
            await self._notices.tell(c, member.id, modes.NOTHING_NEW, now, anyway=True)
        return ()


def how_posts_come(settings: MemberSettings) -> Text:
    """The answer: how posts come to a member, with the time on her own clock."""
    mode = Mode(settings.mode)
    if mode is Mode.NUDGE:
        return modes.NUDGES
    if mode is Mode.DIGEST:
        return modes.DIGEST.format(time=settings.digest_at)
    if mode is Mode.EVERY:
        return modes.BUNDLES if settings.after_quiet == "bundle" else modes.EVERY
    return modes.HOURS.format(count=1 if mode is Mode.HOURLY else 3)
