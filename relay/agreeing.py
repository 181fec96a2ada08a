"""What members agree to: its version, who is asked, and who can only read. Pure."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from policies.facts import MemberState
from relay import wording
from relay.clock import milliseconds
from relay.model import Group, Member
from relay.wording import joining as said
from relay.wording.text import Text
from relay.words.vocabulary import Command

WORDS_VERSION = 1
"""Raised when the programme's own part of the agreement changes, so that all are asked anew."""

GRACE = timedelta(days=14)
"""How long who was asked may take before she can only read."""
REMIND = timedelta(days=7)
"""After which she is reminded once."""
ANSWERS = timedelta(days=3)
"""How long her AGREE is an answer to what reached her: later she says it to somebody else."""


def version_of(group: Group) -> int:
    """The version of the agreement: it rises with the group's words and with the programme's."""
    return group.settings.agreement_version + WORDS_VERSION - 1


def waits(member: Member) -> bool:
    """Whether she has agreed and is not let in yet."""
    return member.state is MemberState.INVITED and member.agreed_on is not None


def was_shown(member: Member) -> bool:
    """Whether she took up her invitation and was shown what to agree to."""
    return member.state is MemberState.INVITED and member.settings.shown_version > 0


def is_asked(member: Member, now: datetime) -> bool:
    """Whether her AGREE is an answer to something, and not talk."""
    if member.state is MemberState.INVITED:
        return was_shown(member) and not waits(member)
    if not member.settings.asked_on:
        return False
    return milliseconds(now) < member.settings.agree_until or must_agree(member, now.date())


def is_due(member: Member, group: Group, today: date) -> bool:
    """Whether a member has to say that she agrees: to new words, or once more after so long."""
    if max(member.settings.agreed_version, 1) < version_of(group):
        return True
    last = max(
        member.settings.affirmed_on, "" if member.agreed_on is None else str(member.agreed_on)
    )
    weeks = group.settings.reaffirm
    if not weeks or not last:
        return False
    return today - date.fromisoformat(last) >= timedelta(weeks=weeks)


def must_agree(member: Member, today: date) -> bool:
    """Whether she was asked so long ago that she can only read until she answers."""
    asked = member.settings.asked_on
    if member.state is not MemberState.ACTIVE or not asked:
        return False
    return today - date.fromisoformat(asked) >= GRACE


def is_for_us(command: Command, member: Member, group: Group, now: datetime) -> bool:
    """Whether a word of joining means anything of this member here; else it is talk."""
    if command is Command.AGREE:
        return is_asked(member, now)
    if command is Command.VOUCH:
        return group.settings.vetting in {"vouch1", "vouch2"}
    return True


def not_yet(member: Member) -> Text:
    """What somebody hears who writes before she is in: the next step."""
    if waits(member):
        return said.NOT_LET_IN
    return said.NOT_AGREED if was_shown(member) else wording.NOT_YET
