"""Every setting of a group and of a member: its name, what may be said, and what it does.

The one table from which settings are read, checked, explained and shown. What follows from one
setting for another is checked where both are known (`relay.registrar`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from relay.errors import RefusalError
from relay.hours import read_schedule, read_time
from relay.model import read_day, read_zone
from relay.words.reading import fits_as_code

PRESETS = ("low", "medium", "high", "professional")
LANGUAGES = ("en", "es", "fr", "de", "pt", "ar", "zh")
_YES, _NO = ("true", "yes", "on"), ("false", "no", "off")
_LONGEST_DIGITS = 9
_LONGEST_LIST = 500
_IN_HELP = 40
"""Characters of what a group adds to the answer to HELP, each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One setting."""

    name: str
    read: Callable[[str], Any]
    """What was typed, as a value. Raises `RefusalError` with one plain sentence."""
    about: str
    """What it does, as one plain sentence to who sets it."""


def read_options(options: Iterable[Option], wishes: Mapping[str, str]) -> dict[str, Any]:
    """Read what was typed, by name. Raises `RefusalError`; then nothing of it counts."""
    known = {option.name: option for option in options}
    for name in sorted(wishes.keys() - known.keys()):
        close = get_close_matches(name, known, n=1)
        hint = f"did you mean {close[0]}" if close else "the command show lists all there are"
        raise RefusalError(f"There is no such setting: {hint}.")
    return {name: known[name].read(text) for name, text in wishes.items()}


def switch(name: str, about: str) -> Option:
    """Yes or no."""

    def read(text: str) -> bool:
        if text.lower() not in (*_YES, *_NO):
            raise RefusalError(f"The setting {name} is either true or false.")
        return text.lower() in _YES

    return Option(name=name, read=read, about=about)


def choice(name: str, choices: tuple[str, ...], about: str) -> Option:
    """One of a few words."""

    def read(text: str) -> str:
        if text not in choices:
            raise RefusalError(f"The setting {name} is one of {', '.join(choices)}.")
        return text

    return Option(name=name, read=read, about=about)


def number(name: str, least: int, most: int, about: str) -> Option:
    """A whole number within bounds."""

    def read(text: str) -> int:
        is_number = text.isascii() and text.isdecimal() and len(text) <= _LONGEST_DIGITS
        if not is_number or not least <= int(text) <= most:
            raise RefusalError(f"The setting {name} is a whole number from {least:,} to {most:,}.")
        return int(text)

    return Option(name=name, read=read, about=about)


def line(name: str, longest: int, about: str) -> Option:
    """A line of words."""

    def read(text: str) -> str:
        if len(text) > longest or not text.isprintable():
            raise RefusalError(f"The setting {name} has at most {longest:,} printable characters.")
        return text

    return Option(name=name, read=read, about=about)


def _checked(name: str, check: Callable[[str], object], about: str, *, empty: bool) -> Option:
    """A line that has a form of its own; it may be empty, or not."""

    def read(text: str) -> str:
        if text.strip() or not empty:
            check(text)
        return text.strip()

    return Option(name=name, read=read, about=about)


def _language(text: str) -> None:
    if text not in LANGUAGES:
        raise RefusalError(f"A language is one of {', '.join(LANGUAGES)}.")


def _code_word(text: str) -> None:
    if not fits_as_code(text):
        raise RefusalError(
            "A code word has four letters or more, and is near no word of the relay."
        )


def _preset(text: str) -> None:
    if text not in PRESETS:
        raise RefusalError(f"A preset is one of {', '.join(PRESETS)}.")


def _schedule(text: str) -> None:
    read_schedule(text, "UTC")


OF_GROUP: tuple[Option, ...] = (
    _checked("preset", _preset, "From which preset the settings began.", empty=False),
    _checked("timezone", read_zone, "The clock of the group.", empty=False),
    _checked("quiet", _schedule, "Hours in which posts wait, but for urgent ones.", empty=True),
    switch("narrow", "Whether members may set quiet hours of their own in place of the group's."),
    _checked("language", _language, "The language of the group.", empty=False),
    number("longest", 100, 6_000, "How many characters a post may have."),
    choice(
        "contacts",
        ("mask", "ask", "allow"),
        "What happens to a number, address or real name in a post.",
    ),
    switch("strangers", "Whether numbers and addresses of people outside count as well."),
    line("hotlines", _LONGEST_LIST, "Numbers and addresses that are never touched."),
    choice("unproven", ("ask", "refuse"), "What happens to a mail that nothing proves."),
    switch("pictures", "Whether pictures and text files are passed on, made anew."),
    switch("html", "Whether mail goes out as html as well."),
    switch("private", "Whether members may write to each other alone."),
    switch("text_pictures", "Whether pictures go to phones as well."),
    choice("reactions", ("fold", "line", "count"), "What happens to a phone's reactions."),
    line("reach", _IN_HELP, "How to reach a facilitator, in the answer to HELP."),
    line("crisis", _IN_HELP, "Whom to call in danger, in the answer to HELP."),
    number("budget", 0, 1_000_000, "Segments of texts a day for all posts; 0: as the programme."),
    number("member_budget", 0, 1_000_000, "The same for the posts of one member."),
    number("code_after", 0, 365, "Days of silence after which a code word is asked for."),
    number("awake", 0, 240, "Minutes for which who writes in her quiet hours counts as awake."),
    number("held_from", 0, 100, "From how many on an author is told how many read later."),
    number("urgent", 1, 20, "How many posts a day can be marked as urgent by one who may."),
    number("jitter", 0, 60, "Minutes over which posts are spread after quiet hours."),
    number("member_rate", 0, 1_000, "Posts of one member an hour; 0: as the programme."),
    number("group_rate", 0, 10_000, "Posts of all members an hour; 0: as the programme."),
    choice("vetting", ("none", "approve", "vouch1", "vouch2"), "Who lets a new member in."),
    line("agreement", _LONGEST_LIST, "What the group adds to the words that members agree to."),
    number("agreement_version", 1, 10_000, "Raised when those words change: all are asked anew."),
    number("reaffirm", 0, 520, "Weeks after which members are asked whether they still agree."),
    switch("tell_joined", "Whether the group is told of who joins."),
    switch("tell_left", "Whether the group is told of who has gone, never why."),
    switch("tell_renamed", "Whether the group is told of a new pseudonym."),
    number("name_rest", 0, 3_650, "Days for which a freed pseudonym belongs to nobody."),
    choice("posting", ("everyone", "announce", "moderated"), "Who writes to the group."),
    number("moderated_first", 0, 100, "How many posts of a new member are looked at first."),
    line("crisis_words", _LONGEST_LIST, "Words after which their writer gets the crisis answer."),
    line("alternatives", _IN_HELP, "Whom to turn to when nobody is on duty."),
    number("page_after", 1, 120, "Minutes after which the next facilitator is called."),
    choice("pulse_to", ("facilitators", "group"), "Who is told the counts of a question."),
    number("pulse_from", 3, 1_000, "Answers a question needs before its counts are shown."),
    _checked("ends", read_day, "The last day of the group.", empty=True),
    number("keep_roster", 0, 3_650, "Days for which names and agreements stay after the end."),
)

OF_MEMBER: tuple[Option, ...] = (
    _checked("timezone", read_zone, "Her own clock.", empty=True),
    _checked(
        "quiet",
        _schedule,
        "Hours in which posts wait for her, but for urgent ones.",
        empty=True,
    ),
    _checked("language", _language, "Her own language.", empty=True),
    line("real_names", _LONGEST_LIST, "Names that must not be seen in the group."),
    _checked("code_word", _code_word, "A word that shows that it is she.", empty=True),
    choice("mode", ("every", "1h", "3h", "digest", "nudge"), "How posts come to her."),
    _checked("digest_at", read_time, "When her digest comes, on her own clock.", empty=False),
    choice("after_quiet", ("each", "bundle"), "How what waited for her quiet hours comes."),
    switch("may_urgent", "Whether she may mark a post as urgent."),
    switch("wake", "Whether an urgent post may come in her quiet hours."),
    _checked("duty", _schedule, "The hours in which a facilitator is on duty.", empty=True),
    number("to_moderate", 0, 100, "How many of her next posts are looked at first."),
)
