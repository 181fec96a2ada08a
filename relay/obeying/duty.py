"""Who is on duty: said by who runs the group, in a word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from policies.pseudonym import skeleton
from relay import duty
from relay.clock import moment
from relay.engine import Engine
from relay.model import Member, MemberSettings, show_id
from relay.obeying.said import Handlers, Said
from relay.store.alarms import Alarms
from relay.wording import danger
from relay.wording.text import Text
from relay.words.of_danger import hours_of
from relay.words.vocabulary import Command

_WORDS_OF_A_NAME = 4


class OnDuty:
    """What ON DUTY, OFF DUTY and HAND OVER do."""

    def __init__(self, engine: Engine) -> None:
        self._alarms = Alarms(engine.vault, engine.roster)
        self._notices = engine.notices
        self._roster = engine.roster

    def handlers(self) -> Handlers:
        """What this does."""
        return {
            Command.ON_DUTY: self._on,
            Command.OFF_DUTY: self._off,
            Command.HAND_OVER: self._hand_over,
        }

    async def _tell(self, said: Said, text: Text) -> None:
        await self._notices.tell(said.c, said.member.id, text, said.now, anyway=True)

    async def _save(self, said: Said, member: Member, settings: MemberSettings) -> None:
        fresh = await self._roster.find_member(said.c, show_id(member.id), lock=True)
        hers = replace(
            fresh.settings,
            duty_until=settings.duty_until,
            off_duty_until=settings.off_duty_until,
            hands_to=settings.hands_to,
        )
        await self._roster.save_member(said.c, replace(fresh, settings=hers))

    async def _on(self, said: Said) -> Sequence[int]:
        """On duty; whoever handed over to her is off duty from now on."""
        settings = duty.go_on_duty(said.member.settings, hours_of(said.order.rest), said.now)
        await self._save(said, said.member, settings)
        for other in await self._alarms.runs_group(said.c, said.group.id):
            if other.settings.hands_to == said.member.id:
                off = duty.go_off_duty(other, said.group.settings, said.now)
                await self._save(said, other, off)
                text = danger.TAKEN_OVER.format(name=said.member.name.reveal())
                await self._notices.tell(said.c, other.id, text, said.now)
        await self._tell(said, self._until(said, settings))
        return ()

    @staticmethod
    def _until(said: Said, settings: MemberSettings) -> Text:
        if settings.duty_until == duty.FOREVER:
            return danger.ON_DUTY
        zone = duty.zone_of(said.member, said.group.settings)
        until = moment(settings.duty_until)
        return danger.ON_DUTY_UNTIL.format(until=duty.shown(until, zone, said.now))

    async def _off(self, said: Said) -> Sequence[int]:
        """Off duty; she hears when nobody else is on."""
        group = said.group.settings
        await self._save(said, said.member, duty.go_off_duty(said.member, group, said.now))
        people = await self._alarms.runs_group(said.c, said.group.id)
        others = [m for m in people if m.id != said.member.id]
        covered = any(duty.is_on_duty(m, group, said.now) for m in others)
        await self._tell(said, danger.OFF_DUTY if covered else danger.OFF_DUTY_ALL)
        return ()

    async def _hand_over(self, said: Said) -> Sequence[int]:
        """Ask another one who runs the group to be on duty; until she is, nothing changes."""
        people = await self._alarms.runs_group(said.c, said.group.id)
        others = [m for m in people if m.id != said.member.id]
        asked, _ = _named(said.order.rest, others)
        if asked is None:
            await self._tell(said, danger.NOBODY_OF_THAT_NAME)
            return ()
        await self._save(said, said.member, replace(said.member.settings, hands_to=asked.id))
        name = said.member.name.reveal()
        masked = said.made.body.text.reveal()  # the note goes as the group would read it
        beginning, behind = _named(masked, others)
        note = behind if beginning else masked
        text = danger.TAKE_OVER.format(name=name)
        if note:
            text = danger.TAKE_OVER_NOTE.format(name=name, note=note)
        await self._notices.tell(said.c, asked.id, text, said.now, reporter=said.member.id)
        await self._tell(said, danger.ASKED_OVER.format(name=asked.name.reveal()))
        return ()


def _named(rest: str, people: Sequence[Member]) -> tuple[Member | None, str]:
    """Whom it begins with, and what follows her name; the longest name counts."""
    words = rest.split()
    known = {skeleton(m.name.reveal()): m for m in people}
    for size in range(min(_WORDS_OF_A_NAME, len(words)), 0, -1):
        found = known.get(skeleton(" ".join(words[:size]).rstrip(":,.")))
        if found is not None:
            return found, " ".join(words[size:])
    return None, ""
