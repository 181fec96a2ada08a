"""When a member is left alone: her quiet hours, one-off silences and pauses, and what may wake her.

What she asks for in a word of her own and what is set for her on the command line is done here.
Every change has what waits for her judged anew, because it may be free by now.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from policies.pause import LAST
from policies.schedule import Schedule, Weekly, without_past
from policies.windows import quiet_from, quiet_until
from relay.clock import milliseconds
from relay.hours import OFF, FullError, leaves_time, read_schedule, read_silence, write_schedule
from relay.judge import FOREVER, paused_until, quiet_windows
from relay.model import Group, Member
from relay.pauses import read_pause
from relay.shown import city, clock_of, shown_time
from relay.store.readers import Readers
from relay.wording import hours as wording
from relay.wording.text import Text
from relay.words.times import in_her_words, in_plain_words

_SILENT_DAYS = ("tonight", "today", "tomorrow")
_FOR_EVER = -1


class Resting:
    """Every method takes the connection of its transaction and raises `RefusalError`."""

    def __init__(self, readers: Readers, life: timedelta) -> None:
        """`life` is how long a post lives at least."""
        self._readers = readers
        self._life = life

    async def set_hours(
        self, c: AsyncConnection, member: Member, group: Group, said: str, now: datetime
    ) -> Text:
        """Set her quiet hours, or add a silence or dates to them. Returns what to say of it."""
        line = in_plain_words(said)
        zone = member.settings.timezone or group.settings.timezone
        hours = with_hours(member.settings.quiet, line if line is not None else said, zone, now)
        wish = replace(member.settings, quiet=write_schedule(hours))
        if not leaves_time(quiet_windows(group.settings, wish)):  # with those of her group
            raise FullError("These quiet hours leave no time in which a message could come.")
        changed = await self._readers.change(c, member.id, quiet=wish.quiet)
        await self._readers.judge_anew(c, [member.id], now)
        return self.hours(changed, group, now)

    async def pause(
        self, c: AsyncConnection, member: Member, group: Group, said: str, now: datetime
    ) -> Text:
        """Let her rest for a time; until she says so if none is named. Returns what to say."""
        zone = clock_of(member.settings, group.settings)
        line = in_plain_words(said)
        if line == "off":
            return await self.resume(c, member, group, now)
        until = FOREVER if line == "" else read_pause(said, zone, now)
        stored = _FOR_EVER if until == FOREVER else milliseconds(until)
        changed = await self._readers.change(c, member.id, pause_until=stored)
        await self._readers.judge_anew(c, [member.id], now)
        if until == FOREVER:
            return wording.PAUSED
        woken = quiet_until(quiet_windows(group.settings, changed.settings), until) or until
        text = wording.PAUSED_LONG if woken + LAST >= now + self._life else wording.PAUSED_UNTIL
        return text.format(until=_with_city(shown_time(until, zone, now), changed))

    async def pause_for(self, c: AsyncConnection, key: str, said: str, now: datetime) -> Member:
        """The same for a member by her id, as a facilitator types it. Returns how she stands."""
        member, group = await self._readers.find(c, key)
        await self.pause(c, member, group, said, now)
        return (await self._readers.find(c, key))[0]

    async def resume(self, c: AsyncConnection, member: Member, group: Group, now: datetime) -> Text:
        """End her pause. All else is as it was before. Returns what to say of it."""
        changed = await self._readers.change(c, member.id, pause_until=0)
        await self._readers.judge_anew(c, [member.id], now)
        until = quiet_until(quiet_windows(group.settings, changed.settings), now)
        if until is None:
            return wording.RESUMED
        zone = clock_of(changed.settings, group.settings)
        return wording.RESUMED_LATER.format(time=_with_city(shown_time(until, zone, now), changed))

    async def set_wake(
        self, c: AsyncConnection, member: Member, now: datetime, *, wake: bool
    ) -> Text:
        """Say whether urgent posts may come in her quiet hours. Returns what to say of it."""
        await self._readers.change(c, member.id, wake=wake)
        await self._readers.judge_anew(c, [member.id], now)
        return wording.WAKES if wake else wording.WAKES_NOT

    def hours(self, member: Member, group: Group, now: datetime) -> Text:
        """The quiet hours that bind her, on her own clock."""
        hers, windows = member.settings.quiet, quiet_windows(group.settings, member.settings)
        own = in_her_words(hers, member.settings.language or group.settings.language)
        start = quiet_from(windows, now)
        if start is None:
            return wording.NO_HOURS
        if len(windows) == 1 and hers:
            return wording.HOURS.format(hours=_with_city(own, member))
        zone = clock_of(member.settings, group.settings)
        end = quiet_until(windows, start) or start
        span = f"{shown_time(start, zone, now)}-{shown_time(end, zone, start)}"
        return wording.GROUP_HOURS.format(hours=_with_city(span, member))


def with_hours(before: str, line: str, zone: str, now: datetime) -> Schedule:
    """Her line with what she says now: weekly hours take the place of the old, dates are added.

    `off` ends all of it. Raises `RefusalError`.
    """
    said = line.removeprefix("from ") if "-" in line.removeprefix("from ") else line
    old = read_schedule(before, zone) if before else Schedule(zone=read_schedule(OFF, zone).zone)
    old = without_past(old, now)
    if said == OFF:
        return read_schedule(OFF, zone)
    if said.startswith(("from ", *_SILENT_DAYS)):
        return _checked(replace(old, dated=(*old.dated, read_silence(said, zone, now))), zone)
    new = read_schedule(said, zone)
    weekly: tuple[Weekly, ...] = new.weekly or old.weekly
    dated, free = (*old.dated, *new.dated), (*old.free, *new.free)
    return _checked(replace(new, weekly=weekly, dated=dated, free=free), zone)


def _checked(hours: Schedule, zone: str) -> Schedule:
    """Not more parts than a line may have, and some time left."""
    return read_schedule(
        write_schedule(replace(hours, dated=tuple(dict.fromkeys(hours.dated)))), zone
    )


def _with_city(shown: str, member: Member) -> str:
    """Name the clock if it is her own: she may have moved."""
    zone = member.settings.timezone
    return f"{shown} ({city(zone)})" if zone else shown


def shown_pause(member: Member) -> str:
    """Her pause, for who looks after the group: until when, in UTC, or that it has no end."""
    until = paused_until(member.settings)
    if until is None:
        return ""
    return "until she says so" if until == FOREVER else until.strftime("%Y-%m-%dT%H:%MZ")
