"""Judging: gather the facts of one case, run every policy, fold their verdicts. Pure."""

from __future__ import annotations

from collections.abc import Sequence
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
)
from policies.schedule import Schedule, binding
from policies.verdict import Drop, Reason, Verdict, fold
from relay.agreeing import must_agree
from relay.clock import moment
from relay.hours import read_schedule, read_time
from relay.lastday import over_at
from relay.model import Due, Group, GroupSettings, Member, MemberSettings, read_zone


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
) -> Verdict:
    """Whether what came in becomes a post of so many characters and pictures.

    `private`: it is for one member alone.
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
    return due.answers_until is not None and now <= moment(due.answers_until)


@lru_cache(maxsize=4096)
def quiet_windows(group: GroupSettings, reader: MemberSettings) -> tuple[Schedule, ...]:
    """The hours that bind a reader: her own, and the group's unless she may do without them.

    All are read on her own clock where she gave one, else on the group's.
    """
    zone = reader.timezone or group.timezone
    of_group, of_hers = (
        read_schedule(text, zone) if text else None for text in (group.quiet, reader.quiet)
    )
    return binding(of_group, of_hers, may_narrow=group.narrow)
