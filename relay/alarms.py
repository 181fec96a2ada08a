"""Cries for help: who is called at once, who next, and what she who cried hears of it.

A cry is a row until somebody takes it. Each step, the row and all that is said by it, is one
transaction: a process that dies between two steps has neither lost one nor done one twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from policies.facts import MemberState
from relay import duty
from relay.duty import Reached
from relay.engine import Engine
from relay.model import Group, GroupSettings, Member
from relay.store.alarms import Alarm, Alarms
from relay.wording import danger
from relay.wording.text import Text

KEPT = timedelta(hours=24)
"""How long one that nobody took can still be taken."""

_MOST_AN_HOUR = 6
"""How often the same member's cry is brought to who was called already."""


class Cries:
    """What is done for a cry, within the transaction that is its reason."""

    def __init__(self, engine: Engine) -> None:
        self._alarms = Alarms(engine.vault, engine.roster)
        self._roster = engine.roster
        self._notices = engine.notices
        self._ledger = engine.outbox.ledger

    async def cry(
        self, c: AsyncConnection, member: Member, group: Group, now: datetime, *, crisis: bool
    ) -> Reached:
        """Call for help for a member, and say who is called at once."""
        people = await self._others(c, member)
        alarm = await self._alarms.of(c, member.id)
        if alarm is not None and not alarm.over:
            await self._once_more(c, alarm, member, people, now, crisis=crisis)
            told = [one for one in people if one.id in alarm.called]
            return duty.reached(told, people, group.settings, now)
        again = crisis and alarm is not None and alarm.taken  # and that was not enough
        first = duty.next_to_call(people, group.settings, (), now, all_at_once=again)
        begun = Alarm(
            id=0, group_id=group.id, member_id=member.id, short=0,
            due=_next_step(group.settings, now), until=now + KEPT,
            called=tuple(one.id for one in first), crisis=crisis,
            stopped=member.state is MemberState.STOPPED,
        )  # fmt: skip
        if alarm is None:
            alarm = await self._alarms.add(c, member, begun)
        else:
            alarm = replace(begun, id=alarm.id, short=alarm.short)
            await self._alarms.save(c, alarm)
        await self._call(c, alarm, member, first, now)
        if not first:
            await self._leave_open(c, alarm, member, group.settings, people, now)
        return duty.reached(first, people, group.settings, now)

    async def go_on(self, c: AsyncConnection, alarm_id: int, now: datetime) -> bool:
        """Nobody has taken it in time: call the next, or say that there is none. Whether it did."""
        alarm = await self._alarms.take_due(c, alarm_id, now)
        found = None if alarm is None else await self._roster.look_up(c, alarm.member_id)
        if alarm is None or found is None:
            return False
        if now >= alarm.until or alarm.taken:
            await self._alarms.end(c, alarm)
            return False
        member, group = found
        people = await self._others(c, member)
        following = duty.next_to_call(people, group.settings, alarm.called, now)
        if alarm.over:  # for who comes on duty later
            following = [one for one in following if duty.is_on_duty(one, group.settings, now)]
        elif not following:
            await self._leave_open(c, alarm, member, group.settings, people, now)
            await self._say_honestly(c, alarm, member, group.settings, now)
            return True
        called = (*alarm.called, *(one.id for one in following))
        due = min(_next_step(group.settings, now), alarm.until)
        await self._alarms.save(c, replace(alarm, called=called, due=due))
        await self._call(c, alarm, member, following, now)
        return bool(following)

    async def take(
        self, c: AsyncConnection, taker: Member, short: int | None, now: datetime
    ) -> Text:
        """One who runs the group looks after her. Returns what she is to be told."""
        found = await self._alarms.in_group(c, taker.group_id)
        some = [one for one in found if short in {None, one.short} and not one.taken]
        if len(some) > 1:
            return danger.WHICH_CALL
        if not some:
            return danger.NO_CALL
        (alarm,) = some
        cried = await self._roster.look_up(c, alarm.member_id)
        if alarm.member_id == taker.id:
            return danger.NOT_YOUR_OWN
        if cried is None:
            return danger.NO_CALL
        await self._alarms.save(c, replace(alarm, taken=True, over=True, due=alarm.until))
        member, name = cried[0], taker.name.reveal()
        told = danger.LOOKED_AFTER.format(name=name)
        hears = await self._tell_her(c, alarm, member, told, now)
        others = danger.OTHER_TOOK.format(taker=name, name=member.name.reveal())
        for one in alarm.called:
            if one != taker.id:
                await self._notices.tell(c, one, others, now, urgent=True)
        answer = danger.YOU_TOOK if hears else danger.YOU_TOOK_UNHEARD
        return answer.format(name=member.name.reveal())

    async def due(self, c: AsyncConnection, now: datetime) -> list[int]:
        """The cries of which the time has come."""
        return await self._alarms.due(c, now)

    async def _others(self, c: AsyncConnection, member: Member) -> list[Member]:
        people = await self._alarms.runs_group(c, member.group_id)
        return [one for one in people if one.id != member.id]

    async def _call(
        self,
        c: AsyncConnection,
        alarm: Alarm,
        member: Member,
        people: Iterable[Member],
        now: datetime,
    ) -> None:
        template = danger.WROTE_CRISIS if alarm.crisis else danger.WROTE_HELP
        text = template.format(name=member.name.reveal(), short=alarm.short)
        for one in people:
            await self._notices.tell(c, one.id, text, now, urgent=True)

    async def _once_more(
        self,
        c: AsyncConnection,
        alarm: Alarm,
        member: Member,
        people: list[Member],
        now: datetime,
        *,
        crisis: bool,
    ) -> None:
        """She cries again: who was called hears it again, but not as often as one likes."""
        hour = now.strftime("%Y-%m-%dT%H")
        worse = crisis and not alarm.crisis
        if worse:
            alarm = replace(alarm, crisis=True)
            await self._alarms.save(c, alarm)
        if worse or await self._ledger.once(c, now, "cry", member.id, hour, most=_MOST_AN_HOUR):
            called = [one for one in people if one.id in alarm.called]
            await self._call(c, alarm, member, called, now)

    async def _leave_open(
        self,
        c: AsyncConnection,
        alarm: Alarm,
        member: Member,
        group: GroupSettings,
        people: list[Member],
        now: datetime,
    ) -> None:
        """Nobody is left to call. Who does not want to be woken hears of it when she is up."""
        due = min(_next_step(group, now), alarm.until)
        await self._alarms.save(c, replace(alarm, over=True, due=due))
        text = danger.NOBODY_TOOK.format(name=member.name.reveal(), short=alarm.short)
        for one in people:
            if one.id not in alarm.called:
                await self._notices.tell(c, one.id, text, now)

    async def _say_honestly(
        self,
        c: AsyncConnection,
        alarm: Alarm,
        member: Member,
        settings: GroupSettings,
        now: datetime,
    ) -> None:
        text = danger.no_answer(settings.crisis, settings.alternatives)
        await self._tell_her(c, alarm, member, text, now)

    async def _tell_her(
        self, c: AsyncConnection, alarm: Alarm, member: Member, text: Text, now: datetime
    ) -> bool:
        """At any hour; but who has stopped since she cried may have done so to be safe."""
        if member.state is MemberState.STOPPED and not alarm.stopped:
            return False
        return await self._notices.tell(c, member.id, text, now, anyway=True, urgent=True)


def _next_step(settings: GroupSettings, now: datetime) -> datetime:
    return now + timedelta(minutes=settings.page_after)
