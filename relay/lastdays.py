"""The end of groups and of memberships, as days go by: announced, closed, destroyed.

A group that has a last day is told of it in advance. It takes nothing more when that day is over
(`policies.last_day`), is closed in the morning after, once nothing is on its way any more, and is
destroyed when names and agreements have been kept as long as it wished. What a deadline would
destroy waits as long as a copy is still to come: while no mail host or carrier answers, the
farewell of a group is not thrown away. A copy waits no longer than its life.

Nothing here can be taken back, so all of it also waits for a clock that can be believed: one that
is wrong for an hour must end no group.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from policies.facts import GroupState
from relay import lastday
from relay.clock import day
from relay.engine import Engine
from relay.log import trouble
from relay.model import Group, read_day, show_id
from relay.store.leavers import Leavers
from relay.wording import last_days as wording
from relay.wording.text import Text

_LONGER = timedelta(days=28)
"""By so much an extension is proposed."""


class LastDays:
    """Once an hour, beside the sweeper."""

    def __init__(self, engine: Engine, wake: Callable[[], None]) -> None:
        """`wake` is called when members were told something that may be due at once."""
        self._database = engine.database
        self._roster = engine.roster
        self._registrar = engine.registrar
        self._leaving = engine.leaving
        self._destruction = engine.destruction
        self._endings = engine.endings
        self._naming = engine.naming
        self._departures = engine.departures
        self._vault = engine.vault
        self._clock = engine.clock
        self._leavers = Leavers()
        self._wake = wake

    async def round(self, *, sure: bool) -> None:
        """Look at every group once; one that is in trouble does not stand in the others' way.

        Unless it is `sure` what time it is, nothing is closed and nothing is destroyed.
        """
        now = self._clock.now()
        async with self._database.reading() as c:
            groups = await self._roster.groups(c)
        for group in groups:
            try:
                await self._look_at(group, now, sure=sure)
            except Exception as error:  # noqa: BLE001 - the next round tries again
                trouble(error, where="last_days")
        if sure:
            await self._forget_leavers(groups, now)

    async def _look_at(self, group: Group, now: datetime, *, sure: bool) -> None:
        if group.state is GroupState.CLOSED:
            if sure:
                await self._after_the_end(group, now)
        elif lastday.to_announce(group.settings, now) is not None:
            await self._announce(group, now)
        elif sure:
            await self._before_the_end(group, now)

    # Before --------------------------------------------------------------------------------

    async def _before_the_end(self, group: Group, now: datetime) -> None:
        closing = lastday.closing_at(group.settings)
        is_due = closing is not None and now >= closing
        if is_due and not await self._destruction.waits(group.id):
            await self._close(group, now)

    async def _announce(self, group: Group, now: datetime) -> None:
        """Tell everybody of the last day, and who runs the group how to move it. Once."""

        async def work(c: AsyncConnection) -> None:
            fresh = await self._roster.find_group(c, show_id(group.id), lock=True)
            settings = fresh.settings
            ahead = lastday.to_announce(settings, now)
            if ahead is None:
                return  # meanwhile somebody moved the day, or another process told it
            told = replace(settings, end_told=f"{settings.ends} {ahead}")
            await self._roster.save_group(c, replace(fresh, settings=told))
            then = (read_day(settings.ends) + _LONGER).isoformat()
            await self._tell_all(c, fresh, wording.ENDS_ON.format(day=settings.ends), now)
            text = wording.TO_EXTEND.format(day=settings.ends, then=then)
            await self._endings.tell_facilitators(c, fresh.id, text, now)

        await self._database.transact(work)
        self._wake()

    async def _close(self, group: Group, now: datetime) -> None:
        """The last day is over, and all that was written has come."""

        async def work(c: AsyncConnection) -> None:
            fresh = await self._roster.find_group(c, show_id(group.id), lock=True)
            closing = lastday.closing_at(fresh.settings)
            if fresh.state is GroupState.CLOSED or closing is None or now < closing:
                return  # meanwhile somebody else closed it, or gave it more time
            await self._registrar.close_in(c, fresh, now, tell=True)

        await self._database.transact(work)
        self._wake()

    async def _tell_all(self, c: AsyncConnection, group: Group, text: Text, now: datetime) -> None:
        """Not who has only been invited: she has agreed to nothing, and hears of no group."""
        await self._naming.tell_group(c, group, text, now)

    # After ---------------------------------------------------------------------------------

    async def _after_the_end(self, group: Group, now: datetime) -> None:
        gone_on = lastday.gone_on(group.settings)
        if gone_on is None:  # closed by a version that wrote down no day: it counts from now on
            await self._count_from(group, now)
            return
        is_due = lastday.today(group.settings, now) > gone_on
        if is_due and not await self._destruction.waits(group.id):
            await self._destruction.destroy(show_id(group.id))

    async def _count_from(self, group: Group, now: datetime) -> None:
        async with self._database.writing() as c:
            fresh = await self._roster.find_group(c, show_id(group.id), lock=True)
            ended = lastday.today(fresh.settings, now).isoformat()
            settings = replace(fresh.settings, ended=ended)
            await self._roster.save_group(c, replace(fresh, settings=settings))

    async def _forget_leavers(self, groups: list[Group], now: datetime) -> None:
        """Of who has gone, names and agreements are kept as long as after an end."""
        async with self._database.writing() as c:
            await self._leavers.mark(c, day(now))
            gone = await self._leavers.gone(c)
        kept = {group.id: group.settings.keep_roster for group in groups}
        for member_id, group_id, left_day in gone:
            if day(now) > left_day + kept.get(group_id, 0):
                await self._forget(member_id, now)

    async def _forget(self, member_id: int, now: datetime) -> None:
        async with self._database.writing() as c:
            member = await self._roster.find_member(c, show_id(member_id), lock=True)
            if not await self._leavers.is_gone(c, member_id):
                return  # let in again meanwhile
            group = await self._roster.group_of(c, member)
            await self._leaving.remove(c, group, member, now)
        self._departures.announce([member_id])
        self._vault.forget([member_id])  # after the commit: the rows must go before the key
