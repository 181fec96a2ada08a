"""What a policy may look at: plain facts, fetched once by the engine. No contacts, no words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum
from zoneinfo import ZoneInfo

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


@dataclass(frozen=True, slots=True)
class Window:
    """A daily span of a wall clock, `start` inclusive, `end` exclusive; equal ends mean never."""

    start: time
    end: time
    zone: ZoneInfo


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


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryFacts:
    """What is known when a copy is about to leave."""

    group: GroupState
    reader: MemberState
    notice: bool
    """The programme itself speaks to one person: an answer, not a post."""
    expires: datetime
    quiet: tuple[Window, ...]
    """The windows that bind this reader: her own, and the group's unless she set her own."""


PostPolicy = Callable[[PostFacts, datetime], Verdict]
DeliveryPolicy = Callable[[DeliveryFacts, datetime], Verdict]
