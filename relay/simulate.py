"""When posts would arrive: the rules that the courier asks, asked ahead of time. Pure.

Nothing is sent and nothing is written. What is not foreseen is what nobody can know: answers,
budgets, the pace of a carrier, and the moment within `jitter` at which a reader's night ends, for
which another moment of the same kind stands here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from policies.facts import DeliveryPolicy
from policies.verdict import Drop, Hold, Pass, Reason, Refuse
from relay.clock import milliseconds
from relay.errors import RefusalError
from relay.hours import read_time
from relay.judge import judge_delivery
from relay.model import Due, Group, Member, read_zone

STEP = timedelta(minutes=30)
_DAY = timedelta(days=1)
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TYPICAL = tuple(time(hour) for hour in range(0, 24, 3))
"""When somebody writes, if nobody says when."""
_PATIENCE = timedelta(days=3)
"""So long after the last day a post is followed."""
_MOST_HOLDS = 200

Life = Callable[[datetime], datetime]
"""When a post that is written then has outlived itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One post on its way to one reader."""

    written: datetime
    arrives: datetime | None
    """`None`: not by itself, or not within these days."""
    why: frozenset[Reason]
    """What held it up, or ended it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One day of a reader, on her own clock."""

    day: date
    rests: tuple[bool | None, ...]
    """For each half hour whether she is left alone; `None` outside of what is foreseen. A day on
    which the clocks change has more of them, or fewer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What one reader would get, and when."""

    member: Member
    zone: ZoneInfo
    days: tuple[Day, ...]
    arrivals: tuple[Arrival, ...]
    """In the order in which the posts were written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From which moment to which one looks ahead, both aware."""

    start: datetime
    end: datetime


def span_of(group: Group, now: datetime, days: int) -> Span:
    """So many whole days on the clock of the group, today first."""
    zone = read_zone(group.settings.timezone)
    today = now.astimezone(zone).date()
    return Span(start=_midnight(today, zone), end=_midnight(today + days * _DAY, zone))


def typical_posts(group: Group, span: Span) -> list[datetime]:
    """Every three hours on the clock of the group."""
    zone = read_zone(group.settings.timezone)
    return sorted(_at(day, hour, zone) for day in _days(span, zone) for hour in _TYPICAL)


def read_posts(texts: Sequence[str], group: Group, span: Span) -> list[datetime]:
    """Moments such as `fri 23:30`, `23:30` on every day, or `2026-12-24 22:00`, on its clock.

    Raises `RefusalError`.
    """
    zone = read_zone(group.settings.timezone)
    found = [moment for text in texts for moment in _read_post(text, span, zone)]
    if not found:
        raise RefusalError("None of these moments lies within the days that are looked at.")
    return sorted(found)


def _read_post(text: str, span: Span, zone: ZoneInfo) -> Iterator[datetime]:
    day, _, hour = text.strip().lower().rpartition(" ")
    if day and day[:3] not in _WEEKDAYS and not day[:1].isdigit():
        raise RefusalError("A moment is written as fri 23:30, 23:30 or 2026-12-24 22:00.")
    at = read_time(hour)
    for one in _days(span, zone):
        if day in {"", one.isoformat()} or day[:3] == _WEEKDAYS[one.weekday()]:
            yield _at(one, at, zone)


def foresee(
    rules: Sequence[DeliveryPolicy],
    group: Group,
    members: Sequence[Member],
    posts: Sequence[datetime],
    span: Span,
    life: Life,
) -> list[Forecast]:
    """What each of these members would get of posts that somebody else writes at these moments."""
    forecasts = []
    for place, member in enumerate(members):
        reader = _Reader(rules, group, member, place)
        zone = read_zone(member.settings.timezone or group.settings.timezone)
        last, arrivals = span.start, []
        for written in posts:
            arrival = reader.follow(written, life(written), last, span)
            last = arrival.arrives or last
            arrivals.append(arrival)
        days = tuple(reader.day(day, zone, span) for day in _days(span, zone))
        forecasts.append(Forecast(member=member, zone=zone, days=days, arrivals=tuple(arrivals)))
    return forecasts


@dataclass(frozen=True, slots=True)
class _Reader:
    rules: Sequence[DeliveryPolicy]
    group: Group
    member: Member
    place: int

    def follow(self, written: datetime, expires: datetime, last: datetime, span: Span) -> Arrival:
        """Ask the rules, wait as long as they say, ask again. Never before the one before it."""
        copy, now, why = self._copy(written, expires), max(written, last), frozenset[Reason]()
        for _ in range(_MOST_HOLDS):
            verdict = judge_delivery(self.rules, copy, now)
            if isinstance(verdict, Pass):
                return Arrival(written=written, arrives=now, why=why)
            if isinstance(verdict, Drop | Refuse):
                return Arrival(written=written, arrives=None, why=verdict.why)
            why |= verdict.why
            if Reason.NOT_ASKED_FOR in why or verdict.until > span.end + _PATIENCE:
                break
            now = verdict.until
        return Arrival(written=written, arrives=None, why=why)

    def day(self, day: date, zone: ZoneInfo, span: Span) -> Day:
        """Half hour by half hour, whether she is left alone."""
        rests: list[bool | None] = []
        at, end = _midnight(day, zone), _midnight(day + _DAY, zone)
        while at < end:
            rests.append(self._rests(at) if span.start <= at < span.end else None)
            at += STEP
        return Day(day=day, rests=tuple(rests))

    def _rests(self, now: datetime) -> bool:
        verdict = judge_delivery(self.rules, self._copy(now, now + _DAY), now)
        return isinstance(verdict, Hold) and bool(verdict.why & RESTING)

    def _copy(self, written: datetime, expires: datetime) -> Due:
        """A copy of a post of somebody else's, as the courier finds it in the queue."""
        return Due(
            id=1,
            post_id=1,
            group_id=self.group.id,
            author_id=1,
            member_id=self.member.id,
            channel=self.member.channel,
            attempts=0,
            unsure=0,
            in_flight=False,
            expires=milliseconds(expires),
            since=milliseconds(written),
            luck=self.place + 1,  # not her own number: that one nobody is to know
            reader=self.member.state,
            reader_settings=self.member.settings,
            group=self.group.state,
            group_settings=self.group.settings,
            readable=True,
        )


RESTING = frozenset({Reason.PAUSED, Reason.QUIET_HOURS})
"""Why she is left alone."""


def _days(span: Span, zone: ZoneInfo) -> Iterator[date]:
    """The days of a clock that a span touches."""
    day, last = span.start.astimezone(zone).date(), (span.end - STEP).astimezone(zone).date()
    while day <= last:
        yield day
        day += _DAY


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return _at(day, time(), zone)


def _at(day: date, hour: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, hour, zone).astimezone(UTC)
