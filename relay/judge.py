"""Judging: gather the facts of one case, run every policy, fold their verdicts. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from channels.contract import Inbound, Trait
from policies.facts import (
    Budget,
    DeliveryFacts,
    DeliveryPolicy,
    Mode,
    PostFacts,
    Posting,
    PostPolicy,
    Proof,
    Written,
)
from policies.schedule import Schedule, binding
from policies.verdict import Drop, Reason, Verdict, fold
from policies.windows import quiet_from
from relay.agreeing import must_agree
from relay.clock import moment
from relay.hours import leaves_time, read_schedule, read_time
from relay.lastday import over_at
from relay.model import Due, Group, GroupSettings, Member, MemberSettings, read_zone

FOREVER = datetime.max.replace(tzinfo=UTC)
URGENT_FOR = timedelta(hours=1)
"""So long after it was written an urgent post may wake whom it reaches."""


def judge_post(
    policies: Sequence[PostPolicy],
    inbound: Inbound,
    author: Member,
    group: Group,
    now: datetime,
    *,
    characters: int,
    pictures: int,
    private: bool = False,
    written: Written,
) -> Verdict:
    """Whether what came in becomes a post of so many characters and pictures.

    `private`: it is for one member alone. `written` is what was passed on before it.
    """
    facts = PostFacts(
        group=group.state,
        author=author.state,
        proof=Proof(inbound.proof),
        may_confirm=group.settings.unproven == "ask",
        automatic=Trait.AUTOMATIC in inbound.traits,
        characters=characters,
        pictures=pictures,
        longest=group.settings.longest,
        shown_to_others=Trait.SHOWN_TO_OTHERS in inbound.traits,
        over=over_at(group.settings),
        role=author.role,
        posting=Posting(group.settings.posting),
        private=private,
        muted_until=until(author.settings.muted_until),
        looked_at_first=author.settings.to_moderate,
        must_agree=must_agree(author, now.date()),
        written=written,
    )
    return fold(policy(facts, now) for policy in policies)


def judge_delivery(
    policies: Sequence[DeliveryPolicy],
    due: Due,
    now: datetime,
    *,
    cost: int = 0,
    budgets: tuple[Budget, ...] = (),
) -> Verdict:
    """Whether a copy of that cost may leave now."""
    if not due.readable:
        return Drop(frozenset({Reason.UNREADABLE}))
    facts = DeliveryFacts(
        group=due.group,
        reader=due.reader,
        notice=due.author_id is None,
        expires=moment(due.expires),
        quiet=quiet_windows(due.group_settings, due.reader_settings),
        answers=answers_now(due, now),
        urgent=_wakes(due, now),
        awake_until=awake_until(due.reader_settings),
        paused_until=paused_until(due.reader_settings),
        cost=cost,
        budgets=budgets,
        since=moment(due.since),
        mode=Mode(due.reader_settings.mode),
        zone=read_zone(due.reader_settings.timezone or due.group_settings.timezone),
        digest_at=read_time(due.reader_settings.digest_at),
        asked=due.answers_until is not None or due.start > 0,
        jitter=timedelta(minutes=due.group_settings.jitter),
        luck=due.luck,
    )
    return fold(policy(facts, now) for policy in policies)


def until(stored: int) -> datetime | None:
    """A stored end of something: `None` if it is not so at all; -1 is for ever."""
    if not stored:
        return None
    return datetime.max.replace(tzinfo=UTC) if stored < 0 else moment(stored)


def answers_now(due: Due, now: datetime) -> bool:
    """Whether a copy answers its reader still: an answer that comes hours late can wait."""
    until = _answers_until(due)
    return until is not None and now <= until


def _answers_until(due: Due) -> datetime | None:
    return None if due.answers_until is None else moment(due.answers_until)


def _wakes(due: Due, now: datetime) -> bool:
    """Whether a copy was marked as urgent for one who lets such wake her, and still is.

    What a pause or a retry held for hours waits for the end of her night, as any post.
    """
    until = _wakes_until(due)
    return until is not None and now <= until


def _wakes_until(due: Due) -> datetime | None:
    """Until when: a cry for help, which the relay passes on itself, as long as it lives."""
    if not (due.urgent and due.reader_settings.wake):
        return None
    return FOREVER if due.author_id is None else moment(due.since) + URGENT_FOR


def quiet_begins(due: Due, now: datetime) -> datetime | None:
    """When a provider must have stopped trying to bring a copy, because its reader rests then.

    `None` if that is far off, or it comes at any hour. An answer may come as long as it is one.
    """
    quiet = quiet_windows(due.group_settings, due.reader_settings)
    wakes_until = _wakes_until(due)
    if wakes_until == FOREVER or not quiet:
        return None
    may = (awake_until(due.reader_settings), _answers_until(due), wakes_until)
    awake = [until for until in may if until]
    return quiet_from(quiet, now, awake_until=max(awake, default=None))


def awake_until(reader: MemberSettings) -> datetime | None:
    """Until when she counts as awake in her quiet hours."""
    return moment(reader.awake_until) if reader.awake_until else None


def paused_until(reader: MemberSettings) -> datetime | None:
    """Until when she wants no posts; the end of all time if she did not say."""
    if reader.pause_until < 0:
        return FOREVER
    return moment(reader.pause_until) if reader.pause_until else None


@lru_cache(maxsize=4096)
def quiet_windows(group: GroupSettings, reader: MemberSettings) -> tuple[Schedule, ...]:
    """The hours that bind a reader: her own, and the group's unless she may do without them.

    Her own are read on her clock, or on the group's if she gave none; the group's on the group's.
    Who lives by another clock and has no weekly hours of her own keeps the group's nights on hers
    as well: hours that end before she gets up would not spare hers. Where both together leave no
    time at all, hers count.
    """
    zone = reader.timezone or group.timezone
    of_group = read_schedule(group.quiet, group.timezone) if group.quiet else None
    of_hers = read_schedule(reader.quiet, zone) if reader.quiet else None
    bound = binding(of_group, of_hers, may_narrow=group.narrow)
    if of_group is None or zone == group.timezone or (of_hers and of_hers.weekly):
        return bound
    at_home = replace(of_group, zone=read_zone(zone), dated=())
    if leaves_time((*bound, at_home)):
        return (*bound, at_home)
    return (at_home,) if of_hers is None else (at_home, of_hers)
