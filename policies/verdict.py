"""What a policy answers: pass, hold until, drop or refuse, each with a reason out of a closed set.

Verdicts form a semilattice, `Pass < Hold < Drop < Refuse`: joining is commutative, associative
and idempotent, so the order of policies cannot matter. Two holds join to the later one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Reason(StrEnum):
    """Why something did not simply go through. The whole list."""

    ANNOUNCEMENTS_ONLY = "announcements"
    ANSWER_LOST = "answer_lost"
    AUTOMATIC = "automatic"
    BUDGET = "budget"
    BUNDLE = "bundle"
    EMPTY = "empty"
    EXPIRED = "expired"
    GROUP_CLOSED = "group_closed"
    GROUP_FROZEN = "group_frozen"
    MUTED = "muted"
    NOT_AFFIRMED = "not_affirmed"
    NOT_A_MEMBER_NOW = "not_a_member_now"
    NOT_ASKED_FOR = "not_asked_for"
    NOT_AUTHENTIC = "not_authentic"
    NOT_PROVEN = "not_proven"
    OUTLASTED = "outlasted"
    PACE = "pace"
    PAUSED = "paused"
    QUIET_HOURS = "quiet_hours"
    RATE = "rate"
    READS_ONLY = "reads_only"
    REVIEW = "review"
    SHOWN_TO_OTHERS = "shown_to_others"
    SILENT = "silent"
    SPREAD = "spread"
    STOPPED = "stopped"
    TOO_LONG = "too_long"
    UNREADABLE = "unreadable"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Pass:
    """Nothing against it."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Not before `until` (aware). Waiting is not failing: it uses up no attempt."""

    until: datetime
    why: frozenset[Reason]


@dataclass(frozen=True, slots=True)
class Drop:
    """Not at all. Somebody is told, as for every ending."""

    why: frozenset[Reason]


@dataclass(frozen=True, slots=True)
class Refuse:
    """Not at all, and the one who wrote learns no more than a stranger would."""

    why: frozenset[Reason]


Verdict = Pass | Hold | Drop | Refuse

_RANK: dict[type[Verdict], int] = {Pass: 0, Hold: 1, Drop: 2, Refuse: 3}


def join(one: Verdict, other: Verdict) -> Verdict:
    """The sterner of two verdicts; of equally stern ones the later time and both reasons."""
    if _RANK[type(one)] != _RANK[type(other)]:
        return max(one, other, key=lambda verdict: _RANK[type(verdict)])
    if isinstance(one, Hold) and isinstance(other, Hold):
        return Hold(max(one.until, other.until), one.why | other.why)
    if isinstance(one, Drop) and isinstance(other, Drop):
        return Drop(one.why | other.why)
    if isinstance(one, Refuse) and isinstance(other, Refuse):
        return Refuse(one.why | other.why)
    return one


def fold(verdicts: Iterable[Verdict]) -> Verdict:
    """Join any number of verdicts; of none, `Pass`."""
    folded: Verdict = Pass()
    for verdict in verdicts:
        folded = join(folded, verdict)
    return folded
