"""Who is on duty, when nobody is, and who is called next. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from policies.facts import Role
from policies.schedule import Schedule
from policies.windows import AHEAD, is_quiet, quiet_from, quiet_until
from relay.clock import milliseconds, moment
from relay.hours import read_schedule
from relay.judge import quiet_windows
from relay.model import GroupSettings, Member, MemberSettings

FOREVER = -1
"""In place of a time: until she says otherwise."""

_MOST_SHIFTS = 100
_SOON = timedelta(hours=20)


class Reached(StrEnum):
    """Who hears a cry for help at once."""

    ON_DUTY = "on_duty"
    """Who is on duty; in a group that does not use duty, everybody who runs it."""
    OTHERS = "others"
    """Nobody is on duty: others who run the group."""
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A span in which nobody is on duty; without an end, none is in sight."""

    start: datetime
    end: datetime | None


def is_on_duty(member: Member, group: GroupSettings, now: datetime) -> bool:
    """Whether one who runs the group is on duty at `now` (aware): her hours, or her word."""
    return _shift_ends(member, group, now) != now


def uses_duty(people: Sequence[Member]) -> bool:
    """Whether anybody has hours of duty, or has ever said that she is on duty."""
    said = (m.settings for m in people)
    return any(s.duty or s.duty_until or s.off_duty_until for s in said)


def go_on_duty(settings: MemberSettings, hours: int | None, now: datetime) -> MemberSettings:
    """On duty for so many hours, or until she says otherwise."""
    until = FOREVER if hours is None else milliseconds(now + timedelta(hours=hours))
    return replace(settings, duty_until=until, off_duty_until=0, hands_to=0)


def go_off_duty(member: Member, group: GroupSettings, now: datetime) -> MemberSettings:
    """Off duty: the hours she is in are over for her, the next ones count again."""
    schedule = _schedule(member, group)
    ends = quiet_until([schedule], now) if schedule else None
    off = -milliseconds(now) if schedule is None else milliseconds(ends or now)
    return replace(member.settings, duty_until=0, off_duty_until=off, hands_to=0)


def shift_ends(member: Member, group: GroupSettings, now: datetime) -> datetime | None:
    """When she goes off duty; `None` if no end is in sight."""
    return _shift_ends(member, group, now)


def next_gap(people: Sequence[Member], group: GroupSettings, now: datetime) -> Gap | None:
    """The next span, or the one that is now, in which nobody is on duty.

    `None` if somebody always is, as far as can be seen.
    """
    start = now
    for _ in range(_MOST_SHIFTS):
        ends = [_shift_ends(member, group, start) for member in people]
        if None in ends or start - now > AHEAD:
            return None
        latest = max((end for end in ends if end is not None), default=start)
        if latest == start:
            return Gap(start=start, end=_next_shift(people, group, start))
        start = latest
    return None


def last_word(people: Sequence[Member]) -> int:
    """When somebody last said that she is on or off duty, as a number that tells two apart."""
    said = (m.settings for m in people)
    return max((max(abs(s.duty_until), abs(s.off_duty_until)) for s in said), default=0)


def next_to_call(
    people: Sequence[Member],
    group: GroupSettings,
    called: Collection[int],
    now: datetime,
    *,
    all_at_once: bool = False,
) -> list[Member]:
    """Whom a cry for help is brought to next: several at once, one, or nobody.

    First who is on duty, at any hour. Then one after another: facilitators before those who help
    them, those who are awake before those in their quiet hours; who does not want to be woken is
    not. In a group that does not use duty all who may be called are called at once.

    Example: Ana is on duty, Lou is awake, Wren sleeps. Ana is called, ten minutes later Lou, and
    ten minutes after that Wren.
    """
    left = sorted((m for m in people if m.id not in called), key=_rank)
    on_duty = [m for m in left if is_on_duty(m, group, now)]
    if on_duty and not all_at_once:
        return on_duty
    awake = [m for m in left if m in on_duty or not _sleeps(m, group, now)]
    may_wake = [m for m in left if m not in awake and m.settings.wake]
    if all_at_once or not uses_duty(people):
        return [*awake, *may_wake]
    return [*awake, *may_wake][:1]


def reached(
    first: Sequence[Member], people: Sequence[Member], group: GroupSettings, now: datetime
) -> Reached:
    """As what those who are called first are called."""
    if not first:
        return Reached.NOBODY
    if not uses_duty(people) or any(is_on_duty(m, group, now) for m in first):
        return Reached.ON_DUTY
    return Reached.OTHERS


def zone_of(member: Member, group: GroupSettings) -> ZoneInfo:
    """The clock she lives by."""
    return ZoneInfo(member.settings.timezone or group.timezone)


def zone_of_group(group: GroupSettings) -> ZoneInfo:
    """The clock of a group."""
    return ZoneInfo(group.timezone)


def shown(at: datetime, zone: ZoneInfo, now: datetime) -> str:
    """A time on a clock; of one that is not soon with its date."""
    local = at.astimezone(zone)
    return f"{local:%H:%M}" if at - now < _SOON else f"{local:%Y-%m-%d %H:%M}"


def _rank(member: Member) -> tuple[bool, str]:
    return member.role is not Role.FACILITATOR, member.name.reveal().casefold()


def _sleeps(member: Member, group: GroupSettings, now: datetime) -> bool:
    return quiet_until(quiet_windows(group, member.settings), now) is not None


def _schedule(member: Member, group: GroupSettings) -> Schedule | None:
    if not member.settings.duty:
        return None
    return read_schedule(member.settings.duty, zone_of(member, group).key)


def _shift_ends(member: Member, group: GroupSettings, at: datetime) -> datetime | None:
    """When the duty ends that she is on at a time: that time itself if on none; `None`: never."""
    if member.settings.duty_until == FOREVER:
        return None
    end = at
    said = moment(member.settings.duty_until)
    if said > at:
        end = said
    schedule = _schedule(member, group)
    if schedule is None or _is_off(member, end) or not is_quiet(schedule, end):
        return end
    return quiet_until([schedule], end)


def _is_off(member: Member, at: datetime) -> bool:
    off = member.settings.off_duty_until
    return off < 0 or moment(off) > at


def _next_shift(people: Sequence[Member], group: GroupSettings, at: datetime) -> datetime | None:
    """When somebody is on duty next by her hours."""
    starts = []
    for member in people:
        schedule, off = _schedule(member, group), member.settings.off_duty_until
        if schedule is None or off < 0:
            continue
        start = quiet_from([schedule], max(at, moment(off)))
        if start is not None:
            starts.append(start)
    return min(starts, default=None)
