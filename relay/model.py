"""The nouns of the engine: frozen, typed, made from rows at one place (`relay.store`)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime, timedelta
from enum import IntEnum
from typing import Any
from zoneinfo import ZoneInfo

from channels.contract import NO_WORDS, Picture
from channels.secret import Secret
from policies.facts import GroupState, MemberState, Role
from relay.errors import RefusalError

_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford: no i, l, o, u, so it can be read out
_ID_LENGTH = 12


def new_id() -> int:
    """A random id of 60 bits: nothing about the order or number of things shows in it."""
    return secrets.randbits(60)


def show_id(number: int) -> str:
    """Write an id for people: 12 lower-case characters."""
    digits = []
    for _ in range(_ID_LENGTH):
        number, digit = divmod(number, 32)
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))


def read_id(text: str) -> int | None:
    """Read what `show_id` wrote; `None` if it is no id."""
    if len(text) != _ID_LENGTH or any(c not in _DIGITS for c in text.lower()):
        return None
    number = 0
    for c in text.lower():
        number = number * 32 + _DIGITS.index(c)
    return number


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSettings:
    """What a facilitator sets for a group."""

    preset: str = "medium"
    timezone: str = "UTC"
    quiet: str = ""
    """A line that `relay.hours` reads, such as `22:00-07:00`, or empty for none."""
    narrow: bool = True
    """Whether members may set quiet hours of their own in place of the group's."""
    language: str = "en"
    longest: int = 4000
    """Characters; a longer post is given back to its author."""
    contacts: str = "mask"
    """What happens to a member's number, address or name in a post: `mask`, `ask` or `allow`."""
    strangers: bool = True
    """Whether numbers and addresses of people outside the group count as well."""
    hotlines: str = ""
    """Numbers and addresses that are never touched, separated by commas."""
    unproven: str = "ask"
    """A mail that nothing proves to be hers: `ask` her to confirm it, or `refuse` it."""
    pictures: bool = False
    """Whether pictures and text files are passed on, made anew."""
    html: bool = False
    """Whether mail goes out as html as well."""
    private: bool = False
    """Whether a member may write to another one's mask."""
    text_pictures: bool = False
    """Whether pictures go to phones as well, where `pictures` are passed on."""
    reactions: str = "fold"
    """A phone's reaction to a message: `fold` it away, say it in a `line`, or `count` them."""
    reach: str = ""
    """How to reach a facilitator, in the answer to HELP."""
    crisis: str = ""
    """Whom to call in danger, in the answer to HELP."""
    budget: int = 0
    """Segments of texts that posts of the group may cost a day; 0: as the programme has it."""
    member_budget: int = 0
    """The same for the posts of one member."""
    code_after: int = 0
    """Days of silence after which a member with a code word must say it first; 0: never."""
    awake: int = 0
    """Minutes for which who writes in her own quiet hours counts as awake."""
    held_from: int = 3
    """From how many on an author is told how many read her post later; 0: she is told nothing."""
    urgent: int = 3
    """How many posts a day one who may can mark as urgent."""
    jitter: int = 1
    """Minutes over which what waited for the end of quiet hours is spread."""
    member_rate: int = 0
    """Posts that one member may write an hour; 0: as the programme has it."""
    group_rate: int = 0
    """Posts that all members together may write an hour; 0: as the programme has it."""
    vetting: str = "none"
    """Who lets in a member who has agreed: `none`, `approve` by a facilitator, or `vouch1` and
    `vouch2` by as many members."""
    agreement: str = ""
    """What the group adds to the words that a member agrees to."""
    agreement_version: int = 1
    """Counts how often those words were changed."""
    reaffirm: int = 0
    """Weeks after which a member is asked whether she still agrees; 0: never."""
    tell_joined: bool = False
    """Whether the group is told of who joins."""
    tell_left: bool = False
    """Whether the group is told of who has gone; nobody is told why."""
    tell_renamed: bool = False
    """Whether the group is told of a new pseudonym."""
    name_rest: int = 90
    """Days for which a freed pseudonym belongs to nobody."""
    posting: str = "everyone"
    """Who writes: `everyone`, `announce` for who runs the group alone, or `moderated`."""
    moderated_first: int = 0
    """How many posts of a new member a facilitator looks at first."""
    crisis_words: str = ""
    """Words, separated by commas, after which their writer gets the answer to CRISIS as well."""
    alternatives: str = ""
    """Whom members can turn to when nobody is on duty."""
    page_after: int = 10
    """Minutes after which the next facilitator is called, when the first has not answered."""
    pulse_from: int = 5
    """How many answers there must be before the counts of a question are shown."""
    pulse_to: str = "facilitators"
    """Who is told these counts: `facilitators`, or the whole `group`."""
    ends: str = ""
    """The last day of the group, as `YYYY-MM-DD`; empty: it has none."""
    end_told: str = ""
    """Of which last day the group was told last, and how many days ahead. Set by the relay."""
    ended: str = ""
    """The day on which it was closed; empty: it is not. Set by the relay."""
    keep_roster: int = 270
    """Days for which names and agreements are kept after the end, or after a member has gone."""
    texts: tuple[tuple[str, str], ...] = ()
    """What the programme says in the group's own words: names of texts, and words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A circle of members."""

    id: int
    state: GroupState
    name: Secret
    settings: GroupSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberSettings:
    """What a member sets for herself; empty means as the group has it."""

    timezone: str = ""
    quiet: str = ""
    language: str = ""
    real_names: str = ""
    """Names, separated by commas, that must not be seen in the group. Never shown."""
    code_word: str = ""
    """A word that shows that it is she. Never shown."""
    mode: str = "every"
    """How posts come: `every` one, in bundles `1h` or `3h`, as a `digest`, or as a `nudge`."""
    digest_at: str = "08:00"
    """When her digest comes, on her own clock."""
    after_quiet: str = "each"
    """What waited for the end of her quiet hours comes `each` by itself or as one `bundle`."""
    pause_until: int = 0
    """Until when, in milliseconds, she wants to get no posts; -1: until she says so."""
    awake_until: int = 0
    """Until when, in milliseconds, her quiet hours do not count, because she wrote."""
    muted_until: int = 0
    """Until when, in milliseconds, what she writes is not passed on; -1: until it is lifted."""
    may_urgent: bool = False
    """Whether she may mark a post as urgent."""
    wake: bool = True
    """Whether an urgent post may come in her quiet hours."""
    duty: str = ""
    """The hours in which a facilitator is on duty, as quiet hours are written."""
    duty_until: int = 0
    """Until when, in milliseconds, she is on duty because she said so; -1: until she ends it."""
    off_duty_until: int = 0
    """Until when, in milliseconds, those hours do not count for her, because she said that she is
    off duty; negative: since then, until she says that she is on."""
    hands_to: int = 0
    """The member whom she has asked to be on duty after her; 0: nobody."""
    to_moderate: int = 0
    """How many of her next posts a facilitator looks at first."""
    agreed_version: int = 0
    """To which words she agreed; 0: before they were counted."""
    agreed_by: str = ""
    """On which channel she agreed; empty: elsewhere."""
    affirmed_on: str = ""
    """The day on which she last said that she still agrees."""
    shown_version: int = 0
    """Which words she was shown last, to agree to; 0: none yet."""
    asked_on: str = ""
    """The day on which she was asked whether she agrees, and has not answered; else empty."""
    agree_until: int = 0
    """Until when, in milliseconds, a bare AGREE is an answer to that, and not talk."""
    reminded: bool = False
    """Whether she was reminded of that."""
    forget_until: int = 0
    """Until when, in milliseconds, she may say that she wants to be forgotten for good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A person in one group, without her contact."""

    id: int
    group_id: int
    state: MemberState
    channel: str
    role: Role
    name: Secret
    write_to: Secret
    mask: Secret
    agreed_on: date | None
    heard_day: int | None = None
    """The day (since 1970) on which her phone last said something."""
    settings: MemberSettings = field(default_factory=MemberSettings)

    @property
    def facilitator(self) -> bool:
        """Whether she runs the group, or helps to."""
        return self.role.runs_group


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What was said, and as whom; a removed author's last words still carry her pseudonym."""

    author: Secret | None
    """`None` when the programme itself speaks."""
    mask: Secret
    subject: Secret
    text: Secret
    html: Secret = NO_WORDS
    """The same words; empty where the group does not want html."""
    pictures: tuple[Picture, ...] = ()
    thread: tuple[int, ...] = ()
    """The posts it answers, the oldest first."""
    private: bool = False
    """For one reader alone."""
    shown: bool = False
    """Its author wants her own contact to be seen in it."""
    urgent: bool = False
    """Its author marks it as urgent; whether she may is asked when it is posted."""
    guarded: bool = False
    """Something in it was replaced, and its author is to be told; only while it waits."""
    files_left_out: bool = False
    """The same of files."""
    review: bool = False
    """A facilitator looks at it before the group does; only while it waits."""
    confirm: int = 0
    """A notice about the pending message of this id: an answer to it lets that go."""
    footnote: Secret = NO_WORDS
    """What mails say below the words."""


class Stage(IntEnum):
    """How far an attempt got. A rank: news that comes late or twice never lowers it."""

    WAITING = 0
    TAKEN = 1
    """The provider has it; whether it arrived will be reported."""
    ARRIVED = 2
    """Reported, while the answer to the attempt is not written down yet."""
    RESTING = 3
    """It arrived, and there is more of it that the reader may ask for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A delivery whose time has come, with what is needed to judge it. No contact, no words."""

    id: int
    post_id: int
    group_id: int
    author_id: int | None
    member_id: int
    channel: str
    attempts: int
    unsure: int
    in_flight: bool
    """It was claimed and never settled: the process that held it died."""
    expires: int
    stage: Stage = Stage.WAITING
    start: int = 0
    rest: int | None = None
    answers_until: int | None = None
    """Until when, in milliseconds, it answers what its reader did herself."""
    since: int = 0
    """When, in milliseconds, it began to wait."""
    leader: int | None = None
    """The post of the first copy of the bundle in which it was tried."""
    alone: bool = False
    """Its post was for this reader alone."""
    luck: int = 0
    """The reader's own number, out of which her moments are drawn."""
    urgent: bool = False
    """Its author may mark posts as urgent, and did."""
    number: Secret = NO_WORDS
    """Where the reader writes, which is the number her copy comes from: of what is hers alone, the
    one that leads to its author alone."""
    reader: MemberState
    reader_settings: MemberSettings
    group: GroupState
    group_settings: GroupSettings
    readable: bool
    """Whether the settings could be opened; a copy whose key is gone cannot be judged. Nor one for
    her alone by somebody who may not write to her alone any more."""

    def after_a_crash(self) -> Due:
        """A row that is still claimed was in somebody's hands when they died."""
        return self.again() if self.in_flight else self

    def again(self) -> Due:
        """The same delivery, once more unsure whether it was sent."""
        return replace(self, unsure=self.unsure + 1)


def end_of_life(now: datetime, life: timedelta) -> datetime:
    """When a body must be gone: a whole hour, so that it does not tell the minute of writing."""
    end = now + life
    whole = end.replace(minute=0, second=0, microsecond=0)
    return whole if whole == end else whole + timedelta(hours=1)


def settings_to_card(settings: GroupSettings | MemberSettings) -> dict[str, Any]:
    """The settings as plain JSON values."""
    return {f.name: getattr(settings, f.name) for f in fields(settings)}


def read_zone(name: str) -> ZoneInfo:
    """Read an IANA time zone name. Raises `RefusalError`."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise RefusalError(
            "This time zone is not known; use a name such as Europe/Berlin or America/Chicago."
        ) from None


def read_day(text: str) -> date:
    """Read `YYYY-MM-DD`. Raises `RefusalError`."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a day, no moment
    except ValueError:
        raise RefusalError("A day is written as YYYY-MM-DD.") from None
