"""What a word to the relay is: how it is written, what may follow it, and what is true of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from policies.verdict import Reason

LANGUAGES = ("en", "es", "fr", "de", "pt", "ar", "zh")
"""Each word is spelled in each of these, and all spellings count in every group, always: who is
afraid or in a hurry writes in her own language. ISO 639-1."""


class Command(StrEnum):
    """What a member can ask of the relay."""

    STOP = "stop"
    START = "start"
    HELP = "help"
    LEAVE = "leave"
    MORE = "more"
    AS_IS = "as_is"
    BLOCK = "block"
    UNBLOCK = "unblock"
    # hours and how posts come
    QUIET = "quiet"
    PAUSE = "pause"
    RESUME = "resume"
    URGENT = "urgent"
    WAKE = "wake"

    MODE = "mode"
    READ = "read"

    # joining and leaving
    JOIN = "join"
    AGREE = "agree"
    AGREEMENT = "agreement"
    VOUCH = "vouch"
    RENAME = "rename"
    AVOID = "avoid"
    FORGET = "forget"
    FORGET_YES = "forget_yes"

    # running a group
    EXTEND = "extend"
    APPROVE = "approve"
    DECLINE = "decline"
    MUTE = "mute"
    UNMUTE = "unmute"
    FREEZE = "freeze"
    THAW = "thaw"
    REMOVE = "remove"
    REALLY = "really"
    ANNOUNCE = "announce"
    PLAN = "plan"
    UNPLAN = "unplan"

    # danger and duty
    CRISIS = "crisis"
    REPORT = "report"
    TELL = "tell"
    TAKE = "take"
    ON_DUTY = "on_duty"
    OFF_DUTY = "off_duty"
    HAND_OVER = "hand_over"

    # between members, and questions
    ASK = "ask"
    ACCEPT = "accept"
    DENY = "deny"
    PULSE = "pulse"


class Who(StrEnum):
    """Who may say a word and be heard."""

    MEMBER = "member"
    FACILITATOR = "facilitator"
    STOPPED = "stopped"
    """Who has said stop before, whatever else she is."""
    INVITED = "invited"
    """Who has not agreed yet, whatever else she is."""


class Place(StrEnum):
    """Where a word is read as one; elsewhere it is ordinary talk."""

    GROUP = "group"
    MASK = "mask"
    """Written to another member alone."""


class Owner(StrEnum):
    """Who decides what a word means."""

    LAW = "law"
    """It must act whoever says it, at once and without conditions."""
    CARRIER = "carrier"
    """The carrier may act on it as well, and answer by itself."""
    RELAY = "relay"


class Form(StrEnum):
    """What may follow a word. Whatever follows, the word and it are the whole message."""

    ALONE = "alone"
    """Nothing."""
    SHORT = "short"
    """What `Word.fits` knows, such as the times of `QUIET 22-7`. Anything else is talk."""
    WORDS = "words"
    """Words of her own, of any length, which go where the word says and nowhere else."""


def _nothing_fits(_: str) -> bool:
    return False


def anything(_: str) -> bool:
    """Whatever it is."""
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One word: how it is written, and what is true of it wherever it is read."""

    command: Command
    spellings: Mapping[str, tuple[str, ...]]
    """By language, as people write them; compared by `folding.folded`."""
    meaning: str
    """What it does, as one plain English sentence to a member."""
    who: frozenset[Who]
    where: frozenset[Place]
    owner: Owner
    changes: bool
    """Whether anything is different after it, so that the wrong hand could do harm with it."""
    form: Form = Form.ALONE
    fits: Callable[[str], bool] = _nothing_fits
    """Of a `SHORT` one: whether what follows, as it was written, is what it expects. One that is
    not `ALONE` is a word by itself too if an empty rest fits."""
    shouted: bool = False
    """Of a `SHORT` one that needs something behind it: in capitals, or with a colon, it also stands
    alone, where in small letters it is an ordinary word."""
    near: Callable[[str], bool] = _nothing_fits
    """Of a `SHORT` one: whether what follows was surely meant for it and is not right, so that it
    is kept from the group and she is asked. Ordinary talk must not be near."""
    despite: frozenset[Reason] = frozenset()
    """What may be said against a post of hers, but not against this word."""
    opens: Callable[[str], bool] = anything
    """Of one with `WORDS`: whether they begin as they must, such as `7` in `DECLINE 7 too long`.
    Anything else is talk; said with stress it is kept from the group and she is asked."""
    alone: bool = False
    """Of one with `WORDS`: it means something without any as well."""
    posts: bool = False
    """It brings words to others, so that whatever is said against a post counts against it too."""
    loud: bool = False
    """Of a `SHORT` one: in capitals, or with a colon, it is meant whatever follows, such as a name
    that could begin a sentence."""
    stressed: bool = False
    """Of a `SHORT` one: it acts only in capitals or before a colon, because it may begin a sentence
    that short. Otherwise what is going on says whether it is meant (`relay.obey.Obey.loosely`)."""
    names: bool = False
    """Of a `SHORT` one: it may be about a member, whatever her name looks like: a message with a
    name of the group behind the word is no talk, even where `fits` takes it for a sentence."""
    plain: bool = False
    """Of one with `WORDS`: it is meant even in small letters and without a colon. One that could
    begin a sentence is not: then she is asked."""
    asked: bool = True
    """Of one with `WORDS` that is not `plain`: whether she is asked. Not where it would do more
    harm that others wait for her words than that they are talk."""
    slips: bool = True
    """Of one that stands `ALONE`: whether a slip in it is asked about. Not where it is much like
    an ordinary word."""
    unproven: bool = False
    """Done even when nothing proves who asks: it can only make things safer."""

    @property
    def stands_alone(self) -> bool:
        """Whether it is an order without anything behind it."""
        return self.form is Form.ALONE or self.alone or self.fits("")

    @property
    def may_need_code(self) -> bool:
        """Whether a code word may be asked for. Never for what the law lets anyone say."""
        return self.changes and self.owner is not Owner.LAW


HERSELF = frozenset({Who.MEMBER, Who.FACILITATOR})
ANYONE = frozenset(Who)
EVERYWHERE = frozenset(Place)
WHATEVER = frozenset(Reason)
"""A forger is never heard, whatever the word (`relay.taking.orders`)."""
