"""The bell: calls the next for a cry nobody has taken, and says beforehand when nobody is on duty.

Runs beside the couriers of one process or of several; each step is done once, whoever does it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from policies.facts import MemberState
from policies.windows import quiet_until
from relay import duty
from relay.alarms import Cries
from relay.duty import Gap
from relay.engine import Engine
from relay.judge import quiet_windows
from relay.log import Word, say, trouble
from relay.model import Group, Member, show_id
from relay.store.alarms import Alarms
from relay.wording import danger

BEFORE = timedelta(hours=1)
"""How long before nobody is on duty it is said."""

WORTH_SAYING = timedelta(hours=2)
"""A gap that is shorter is not."""

_EVERY = 5.0
_LOOK_AT_DUTY = timedelta(minutes=5)


class Bell:
    """Rings until cancelled."""

    def __init__(self, engine: Engine, wake: Callable[[], None]) -> None:
        """`wake` is called when there is something to say that may be due at once."""
        self._cries = Cries(engine)
        self._alarms = Alarms(engine.vault, engine.roster)
        self._clock = engine.clock
        self._database = engine.database
        self._notices = engine.notices
        self._ledger = engine.outbox.ledger
        self._roster = engine.roster
        self._wake = wake
        self._looked_at: datetime | None = None

    async def run(self) -> None:
        """Ring, and look after duty, until cancelled."""
        while True:
            try:
                await self.round()
            except Exception as error:  # noqa: BLE001 - the next round tries again
                trouble(error, where="bell")
            await asyncio.sleep(_EVERY)

    async def round(self) -> None:
        """Whatever is due now. What fails is tried again, and stands in nobody's way."""
        now = self._clock.now()
        await self._ring(now)
        if self._looked_at is None or abs(now - self._looked_at) >= _LOOK_AT_DUTY:
            await self._say_gaps(now)
            self._looked_at = now

    async def _ring(self, now: datetime) -> None:
        async with self._database.reading() as c:
            due = await self._cries.due(c, now)
        rung = 0
        for alarm_id in due:
            try:
                async with self._database.writing() as c:
                    rung += await self._cries.go_on(c, alarm_id, now)
            except Exception as error:  # noqa: BLE001 - the others are not to wait for it
                trouble(error, where="bell")
        if rung:
            say(Word.COMMAND, why="call", count=rung)
            self._wake()

    # Duty ------------------------------------------------------------------------------------

    async def _say_gaps(self, now: datetime) -> None:
        async with self._database.reading() as c:
            groups = await self._alarms.open_groups(c)
        for group_id in groups:
            try:
                await self._say_gap(group_id, now)
            except Exception as error:  # noqa: BLE001 - the other groups are looked at all the same
                trouble(error, where="duty")

    async def _say_gap(self, group_id: int, now: datetime) -> None:
        """Tell a group that uses duty of the next hours in which nobody is."""
        async with self._database.reading() as c:
            people = await self._alarms.runs_group(c, group_id)
            if not people or not duty.uses_duty(people):
                return
            group = await self._roster.find_group(c, show_id(group_id))
        gap = duty.next_gap(people, group.settings, now)
        if gap is None or not _is_worth_saying(gap, now):
            return
        async with self._database.writing() as c:
            if await self._is_news(c, people, group, gap, now):
                await self._tell_all(c, group, gap, now)
        self._wake()

    async def _is_news(
        self, c: AsyncConnection, people: list[Member], group: Group, gap: Gap, now: datetime
    ) -> bool:
        """Whether members do not know of it: what is the same each day is said once a month."""
        if gap.end is None:
            last = duty.last_word(people)
            return await self._ledger.once(c, now, "gap", group.id, "open", last)
        until = gap.end.isoformat(timespec="minutes")
        first = await self._ledger.once(c, now, "gap", group.id, "until", until)
        if gap.start > now:
            usual = _likeness(gap, gap.end, group)
            return await self._ledger.once(c, now, "gap", group.id, *usual) and first
        return first

    async def _tell_all(self, c: AsyncConnection, group: Group, gap: Gap, now: datetime) -> None:
        settings = group.settings
        for member in await self._roster.members(c, group):
            if member.state is not MemberState.ACTIVE or _sleeps_through(member, group, gap, now):
                continue
            zone = duty.zone_of(member, settings)
            start = duty.shown(gap.start, zone, now)
            end = "" if gap.end is None else duty.shown(gap.end, zone, now)
            text = danger.gap(start, end, settings.crisis, settings.alternatives)
            await self._notices.tell(c, member.id, text, now)


def _is_worth_saying(gap: Gap, now: datetime) -> bool:
    if gap.start - now > BEFORE:
        return False
    return gap.end is None or gap.end - max(gap.start, now) >= WORTH_SAYING


def _likeness(gap: Gap, end: datetime, group: Group) -> tuple[str, ...]:
    """What two gaps have in common so that members need not be told of both."""
    zone = duty.zone_of_group(group.settings)
    first, last = gap.start.astimezone(zone), end.astimezone(zone)
    return (f"{first:%H:%M}", f"{last:%H:%M}", str((last.date() - first.date()).days))


def _sleeps_through(member: Member, group: Group, gap: Gap, now: datetime) -> bool:
    awake = quiet_until(quiet_windows(group.settings, member.settings), now)
    return awake is not None and gap.end is not None and awake >= gap.end
