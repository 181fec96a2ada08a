"""What a policy may look at: plain facts, fetched once by the engine. No contacts, no words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from policies.schedule import Schedule
from policies.verdict import Verdict


class Proof(StrEnum):
    """How sure it is that the author wrote it."""

    PROVEN = "proven"
    WEAK = "weak"
    FORGED = "forged"


class GroupState(StrEnum):
    """Life of a group."""

    OPEN = "open"
    FROZEN = "frozen"
    CLOSED = "closed"


class MemberState(StrEnum):
    """Life of a membership. Only `ACTIVE` writes and receives."""

    INVITED = "invited"
    ACTIVE = "active"
    STOPPED = "stopped"
    UNREACHABLE = "unreachable"
    SILENT = "silent"
    """Her phone has been silent for so long that it may be somebody else's: she is asked."""


class Role(StrEnum):
    """What a member is in her group."""

    FACILITATOR = "facilitator"
    CO_FACILITATOR = "co_facilitator"
    """Helps to run it: all that a facilitator may, but what destroys and who runs it."""
    INTERPRETER = "interpreter"
    """Says in one language what was said in another; writes also where others may not."""
    LISTENER = "listener"
    """Reads and does not write."""
    MEMBER = "member"

    @property
    def runs_group(self) -> bool:
        """Whether what goes to facilitators goes to her."""
        return self in {Role.FACILITATOR, Role.CO_FACILITATOR}


class Mode(StrEnum):
    """How posts come to a reader."""

    EVERY = "every"
    HOURLY = "1h"
    THREE_HOURLY = "3h"
    DIGEST = "digest"
    NUDGE = "nudge"
    """She is told that there is something, without a word of it, and asks for it."""


class Posting(StrEnum):
    """Who may write to the whole group."""

    EVERYONE = "everyone"
    ANNOUNCE = "announce"
    """Who runs it, and who interprets."""
    MODERATED = "moderated"
    """Everyone, after a facilitator has looked at it."""


@dataclass(frozen=True, slots=True)
class Window:
    """A daily span of a wall clock, `start` inclusive, `end` exclusive; equal ends mean never."""

    start: time
    end: time
    zone: ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What may be spent in a day, in segments of texts, and what of it is gone."""

    spent: int
    most: int
    renews: datetime
    """Aware: when the next day begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """How many posts were passed on within the last hour, and the last minute of it."""

    hers_in_hour: int = 0
    hers_in_minute: int = 0
    all_in_hour: int = 0
    all_in_minute: int = 0
    most_hers: int = 0
    """How many an hour each member may write; 0: as many as she likes."""
    most_of_all: int = 0
    """The same for all of the group together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostFacts:
    """What is known when somebody writes."""

    group: GroupState
    author: MemberState
    proof: Proof
    may_confirm: bool
    """Whether the group lets her confirm what nothing proves."""
    automatic: bool
    characters: int
    pictures: int
    longest: int
    shown_to_others: bool = False
    """It went to other people's phones as well."""
    over: datetime | None = None
    """When the last day of the group is over (aware); `None` where it has no end."""
    role: Role = Role.MEMBER
    posting: Posting = Posting.EVERYONE
    private: bool = False
    """It is for one member alone, who let her write to her."""
    muted_until: datetime | None = None
    """Aware: until when nothing of hers is passed on."""
    looked_at_first: int = 0
    """How many of her next posts a facilitator looks at first."""
    must_agree: bool = False
    """She was asked whether she still agrees, and has not answered for too long."""
    written: Written = Written()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryFacts:
    """What is known when a copy is about to leave."""

    group: GroupState
    reader: MemberState
    notice: bool
    """The programme itself speaks to one person: an answer, not a post."""
    expires: datetime
    quiet: tuple[Window | Schedule, ...]
    """The hours that bind this reader: her own, and the group's unless she may do without."""
    answers: bool = False
    """It answers what its reader did herself a moment ago, so she is awake; or it is a cry."""
    urgent: bool = False
    """Its writer may mark posts as urgent and did, and its reader lets such wake her."""
    awake_until: datetime | None = None
    """Aware: until when she counts as awake, because she wrote in her own quiet hours."""
    paused_until: datetime | None = None
    """Aware: until when she wants no posts; the end of all time if she did not say how long."""
    cost: int = 0
    """What this copy would cost, in segments; 0 on a channel that costs nothing."""
    budgets: tuple[Budget, ...] = ()
    """Those it would be paid from: the group's, its writer's, the programme's."""
    since: datetime | None = None
    """Aware: when it began to wait; without it, now."""
    mode: Mode = Mode.EVERY
    zone: ZoneInfo = ZoneInfo("UTC")  # noqa: RUF009 - it is never changed
    """Whose clock her bundles and digests go by."""
    digest_at: time = time(8)
    asked: bool = False
    """She has asked for it herself, or it goes on with what she has begun to read."""
    jitter: timedelta = timedelta()
    """Over how long the end of quiet hours is spread."""
    luck: int = 0
    """The reader's own number, out of which her moments are drawn. Nobody else knows it."""


PostPolicy = Callable[[PostFacts, datetime], Verdict]
DeliveryPolicy = Callable[[DeliveryFacts, datetime], Verdict]
