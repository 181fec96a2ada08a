"""Addresses and phone numbers of nobody in the group, and what only looks like one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

import phonenumbers
from phonenumbers import (
    COUNTRY_CODE_TO_REGION_CODE,
    NumberParseException,
    PhoneMetadata,
    country_code_for_region,
)

from relay.guard import words
from relay.guard.watch import extended

_SHORTEST = 7
_LOOKS = 300
"""So many numbers of one text are checked; further ones count as numbers unchecked."""

# addresses

_BACK = 140
"""How far back a local part is looked for."""
_LETTERS = re.compile(r"[\W_]")
_ATOM = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}\Z")
_QUOTED = re.compile(r'"[^"\n]{1,64}"\Z')
_HOST = re.compile(
    r"(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}(?!\w)|(?:[\w-]{1,63}\.){1,8}xn--[a-z0-9-]{1,60}"
    r"|\[[0-9a-f.:]{3,45}\]|[0-9]{1,3}(?:\.[0-9]{1,3}){3}"
)
_TLD = (
    r"(?:com|org|net|edu|gov|info|biz|name|eu|de|at|ch|fr|es|pt|br|mx|ar|co|uk|us|ca|ie|it|nl|be|"
    r"lu|dk|se|no|fi|pl|cz|io|me|in|au|nz|za|jp|cn|ru|tr|gr|cl|pe|app|dev|email|online)(?!\w)"
)
_LABEL = r"(?=[a-z0-9-]{0,62}[a-z])[a-z0-9-]{2,63}"
_STOP = rf"(?:\s{{0,3}}\.\s{{0,3}}|[\s(\[{{]{{1,3}}(?:{words.DOT}|\.)[\s)\]}}]{{1,3}})"
_LOOSE_HOST = re.compile(rf"[\W_]{{0,4}}{_LABEL}(?:{_STOP}{_LABEL}){{0,3}}?{_STOP}{_TLD}")
_BREAK = re.compile(r"-?[ \t]{0,2}\r?\n[> \t]{0,4}")
_KNOWN_HOST = re.compile(rf"(?:[\w-]{{1,63}}\.){{1,4}}{_TLD}")
_SPACED = re.compile(r"(?<!\S)(?:[\w.+-] {1,2}){2,64}@(?: {1,2}[\w.-]){4,64}(?!\S)")
_LOOSE_LOCAL = re.compile(
    rf"(?:[\w+-]{{1,64}}(?:{_STOP})){{0,3}}(?<![\w.+-])[\w.+-]{{1,64}}['\"]?[\s(\[{{<*_]{{0,3}}\Z"
)
_SPELLED_AT = re.compile(
    rf"[(\[{{<*_]\s?(?:{words.AT}|a|@)\s?[)\]}}>*_]|{words.ALONE}(?:{words.AT}){words.APART}"
)
_DOTTED = re.compile(rf"{words.ALONE}(?:{words.DOT}){words.APART}")
_TALK = words.listed(
    "look looking looked meet met meeting work works worked working shop buy bought order be "
    "ordered arrive is was are were am stay stayed live lived see saw seen you me us them it "
    "here there home people page up off down in on out over start sale shopping book booked "
    "listen watch read available stop only also just now then that this not starts find found "
    "job deal posted article offer offers sold free new best service help team chat"
)
"""What often stands before the word `at` in talk."""


def addresses(view: str) -> Iterator[tuple[int, int]]:
    """Yield `(start, end)` of every mail address in a folded text."""
    at = view.find("@")
    if at >= 0:
        yield from (match.span() for match in _SPACED.finditer(view))
    while at >= 0:
        span = _plain(view, at) or _loose(view, at)
        if span:
            yield span
        at = view.find("@", at + 1)
    for match in _SPELLED_AT.finditer(view):
        span = _spelled(view, match)
        if span:
            yield span


def _plain(view: str, at: int) -> tuple[int, int] | None:
    """Return the span of an address written as it should be, around the sign at `at`."""
    host = _HOST.match(view, at + 1)
    if not host:
        return None
    low = max(0, at - 66)
    local = _QUOTED.search(view, low, at) or _ATOM.search(view, low, at)
    return (local.start(), host.end()) if local else None


def _loose(view: str, at: int) -> tuple[int, int] | None:
    """Return the span of an address with spaces or a line break around its signs."""
    before = view[max(0, at - _BACK) : at]
    end = _broken_end(view, at + 1)
    if not end:
        host = _LOOSE_HOST.match(view, at + 1)
        end = host.end() if host else 0
    local = _LOOSE_LOCAL.search(before) if end else None
    if not local or not (word := _LETTERS.sub("", local[0])):
        return None
    if before[-1].isspace():
        # "thanks @robin.me too" is a mention; "see you @ home.de" is talk
        mention = not view[at + 1].isspace() and word.isalpha() and "." not in local[0]
        if mention or word in _TALK:
            return None
    return at - len(before) + local.start(), end


def _broken_end(view: str, start: int) -> int:
    """Return where a host ends that is broken over two lines, 0 if there is none."""
    near = view[start : start + 200]
    gap = _BREAK.search(near)
    if not gap or re.search(r"\s", near[: gap.start()]):
        return 0
    host = _KNOWN_HOST.match(near[: gap.start()] + near[gap.end() :])
    if not host or host.end() <= gap.start():
        return 0
    return start + host.end() + len(gap[0])


def _spelled(view: str, sign: re.Match[str]) -> tuple[int, int] | None:
    """Return the span of an address with a word for its at sign.

    A bracketed `(at)` is meant. A bare `at` is English: the stop has to be spelled too, and what
    stands before must not be a word that often stands before `at`.
    """
    host = _LOOSE_HOST.match(view, sign.end())
    if not host:
        return None
    before = view[max(0, sign.start() - _BACK) : sign.start()]
    local = _LOOSE_LOCAL.search(before)
    if not local or not (word := _LETTERS.sub("", local[0])):
        return None
    start = sign.start() - len(before) + local.start()
    if not sign[0][0].isalnum():
        return start, host.end()
    handle = re.search(r"[._+\d]|\s(?:dot|punkt|punto|ponto|point)\s", local[0].strip())
    spelled = _DOTTED.search(host[0])
    meant = spelled and (handle or word not in _TALK)
    return (start, host.end()) if meant else None


# numbers

_NOT_NUMBERS = re.compile(
    "|".join(
        (
            # dates, with or without a time of day
            r"(?<![\d+])(?<![\d][./-])(?:19|20)\d\d([./-])\d{1,2}\1\d{1,2}"
            r"(?:[t ]\d\d:?\d\d)?(?![./-]?\d)",
            r"(?<![\d+])(?<![\d][./-])\d{1,2}([./-])\d{1,2}\2(?:\d{4}|\d\d)(?![./-]?\d)",
            r"(?<![\d+])(?<!\d )\d{1,2} \d{1,2} (?:19|20)\d\d(?! ?\d)",
            r"(?<![\d+])(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])(?:t\d{4,6})?(?!\d)",
            # years and times, from and to
            r"(?<![\d+])(?<![\d][./-])(?:19|20)\d\d\s?[-/ ]\s?(?:19|20)\d\d(?![./-]?\d)",
            r"(?<![\d+])(?:[01]\d|2[0-4])[0-5]\d\s?-\s?(?:[01]\d|2[0-4])[0-5]\d(?!\d)",
            # books, addresses of machines, accounts
            r"isbn[^0-9]{0,12}[0-9][0-9x \-]{8,20}",
            r"(?<![\d+])97[89][ -]?(?:\d[ -]?){9}\d(?![ -]?\d)",
            r"(?<![\d+.])(?!\d\d(?:\.\d\d){3}(?!\d))\d{1,3}(?:\.\d{1,3}){3}(?!\.?\d)",
            r"(?<![a-z\d])[a-z]{2}\d\d(?: ?[0-9a-z]{4}){2,7}(?: ?[0-9a-z]{1,3})?(?![a-z\d])",
            r"(?<![\d+-])(?<!\)\s)(?<!\))\d{5}-\d{4}(?![\d-])",
            # money and thousands
            r"[$€£¥]\s?\d[\d.,]*",
            r"(?<![\d+])\d[\d.,]*\s?(?:[€£¥$%]|eur|usd|gbp|mg|mcg|ml|kg|km|cm|kcal)(?!\w)",
            r"(?<![\d+])[1-9]\d{0,2}(?:[ .,']\d{3}){0,3}[ .,']000(?!\d)",
        )
    )
)
_ISBN10 = re.compile(r"(?<![\d+-])(?=[\d-]{12}[\dx](?![\d-]))\d{1,5}-\d{1,7}-\d{1,7}-[\dx]")
_RUN = re.compile(r"(?<![^\W_])(?:\+[\W_]{0,2})?\(?\+?[0-9](?:(?![+])[\s()./_-]{0,4}[0-9])*")
_SEVEN = re.compile(r"[0-9](?:[\s()./_-]{0,4}[0-9]){6}")
_GROUP = re.compile("[0-9]+")
_LINK = re.compile(
    r"(?:wa\.me/|tel:|sms:|smsto:|callto:|skype:|whatsapp:|phone=|phone:|send\?phone=)\s?\+?\(?\Z"
)
_CUE = re.compile(
    r"(?<![^\W_])(?:call|phone|tel|telephone|mobile|cell|whatsapp|signal|sms|text|ring|reach|dial"
    r"|fax|handy|anrufen|telefon|telefono|llama|llamame|movil|celular|liga|telemovel|appelle|mobil"
    r"|portable|zap)(?![^\W_])[^\d\n]{0,25}\Z"
)
_AMERICAN = re.compile(r"(?:1[ .-]?\(?)?[2-9]\d\d(?:\) ?|[ .-])\d{3}[ .-]\d{4}(?!\d)")
_ONE_SIGN = re.compile(r"[ ]|[.\-/]")


def numbers(view: str, regions: Sequence[str], kept: frozenset[str]) -> Iterator[tuple[int, int]]:
    """Yield `(start, end)` of every plausible phone number that is not among `kept`.

    `regions` are the countries (ISO 3166) whose national form is understood.
    """
    if not _SEVEN.search(view):
        return
    look = _Look(regions, kept)
    clear = _NOT_NUMBERS.sub(lambda match: "x" * len(match[0]), view)
    clear = _ISBN10.sub(_book, clear)
    for run in _RUN.finditer(clear):
        if clear[run.end() : run.end() + 1].isalpha() and extended(clear, run.end()) == run.end():
            continue  # part of a code, such as 20x4711b
        yield from _numbers_in(clear, run, look)


def _book(match: re.Match[str]) -> str:
    """Blank an ISBN-10 if its check digit is right (ISO 2108)."""
    digits = [10 if char == "x" else int(char) for char in match[0].replace("-", "")]
    if len(digits) != 10 or sum((10 - i) * d for i, d in enumerate(digits)) % 11:
        return match[0]
    return "x" * len(match[0])


class _Look:
    """Tells whether digits are a number, at a bounded cost for one text."""

    def __init__(self, regions: Sequence[str], kept: frozenset[str]) -> None:
        self.regions = regions
        self.kept = kept
        self.open = any(_has_no_trunk_zero(region) for region in regions)
        self.american = any(country_code_for_region(region) == 1 for region in regions)
        self._left = _LOOKS

    def abroad(self, digits: str, *, sure: bool) -> bool:
        """Tell whether digits that start with a country code are a number."""
        return self._is_number("+" + digits, None, sure=sure)

    def at_home(self, digits: str, *, sure: bool = False) -> bool:
        """Tell whether digits are a number of one of the regions, as dialled there.

        `sure`: they look so much like one that a number not in use counts too.
        """
        return any(self._is_number(digits, region, sure=sure) for region in self.regions)

    def is_kept(self, digits: str) -> bool:
        """Tell whether digits are a kept number, also with a country code before it."""
        plain = digits.lstrip("0")
        forms = {digits, plain}
        for size in (1, 2, 3):
            if len(plain) - size >= _SHORTEST and int(plain[:size]) in COUNTRY_CODE_TO_REGION_CODE:
                forms |= {plain[size:], plain[size:].lstrip("0")}
        return not forms.isdisjoint(self.kept)

    def _is_number(self, digits: str, region: str | None, *, sure: bool) -> bool:
        self._left -= 1
        if self._left < 0:
            return True
        try:
            number = phonenumbers.parse(digits, region)
        except NumberParseException:
            return False
        return phonenumbers.is_valid_number(number) or (
            sure and phonenumbers.is_possible_number(number)
        )


def _has_no_trunk_zero(region: str) -> bool:
    metadata = PhoneMetadata.metadata_for_region(region, None)
    return metadata is not None and metadata.national_prefix in {None, "1", ""}


def _numbers_in(view: str, run: re.Match[str], look: _Look) -> Iterator[tuple[int, int]]:
    """Yield the numbers of one run of digit groups, the longest first."""
    groups = [match.span() for match in _GROUP.finditer(view, run.start(), run.end())]
    done = 0
    for first, (start, _) in enumerate(groups):
        if first < done:
            continue
        kind = _start_of(view, start)
        if kind == "us" and not look.american:
            kind = ""
        if not kind and (first or not _even(view, groups)):
            continue
        for last in _ends(groups, first):
            digits = "".join([view[a:b] for a, b in groups[first:last]])
            if not kind and last != len(groups):
                break
            if not _counts(digits, kind, look):
                continue
            if not look.is_kept(digits):
                opened = re.search(r"[+(]{1,2}\s?\(?\Z", view[max(0, start - 4) : start])
                end = groups[last - 1][1]
                yield start - (len(opened[0]) if opened else 0), extended(view, end)
            done = last
            break


def _ends(groups: Sequence[tuple[int, int]], first: int) -> list[int]:
    """Return how far a number from group `first` may reach, the farthest first."""
    size = 0
    ends = []
    for last in range(first, min(len(groups), first + 18)):
        size += groups[last][1] - groups[last][0]
        if size > 18:
            break
        if size >= _SHORTEST:
            ends.append(last + 1)
    return ends[::-1]


def _start_of(view: str, start: int) -> str:
    """Return what a group of digits starts as: `+`, `00`, `link`, `0`, `us`, `cue`, or nothing."""
    before = view[max(0, start - 45) : start]
    if re.search(r"\+\s?\(?\Z", before):
        return "+"
    if _LINK.search(before):
        return "link"
    if view.startswith("00", start):
        return "00"
    if view.startswith("0", start):
        return "0"
    if _AMERICAN.match(view, start):
        return "us"
    area = before.endswith("(") and re.match(r"[0-9]{2,4}\)", view[start : start + 5])
    return "cue" if area or _CUE.search(before) else ""


def _counts(digits: str, kind: str, look: _Look) -> bool:
    """Tell whether digits of this start are a plausible number."""
    if kind in {"+", "link"}:
        plain = digits.removeprefix("00")
        if look.abroad(plain, sure=kind == "+"):
            return True
        # +49 (0)170: the zero that is dialled only at home
        return any(
            plain[n : n + 1] == "0" and look.abroad(plain[:n] + plain[n + 1 :], sure=False)
            for n in (1, 2, 3)
        ) or (kind == "link" and look.at_home(digits))
    if kind == "00":
        return look.abroad(digits[2:], sure=False) or look.at_home(digits)
    if kind == "0" and not look.regions:
        return 9 <= len(digits) <= 12
    if digits.startswith("011") and look.abroad(digits[3:], sure=False):
        return True
    if kind in {"0", "cue"}:
        return look.at_home(digits, sure=kind == "0" and len(digits) >= 10) or (
            kind == "cue" and look.abroad(digits, sure=False)
        )
    if kind == "us":
        return len(digits) >= 10 and look.at_home(digits, sure=True)
    return look.open and 8 <= len(digits) <= 11 and look.at_home(digits)


def _even(view: str, groups: Sequence[tuple[int, int]]) -> bool:
    """Tell whether groups without any sign of a number are at least written as one.

    One kind of sign between all of them (or brackets around the first), and not two groups with
    a stop, which is a decimal fraction.
    """
    gaps = [view[a[1] : b[0]] for a, b in pairwise(groups)]
    if not gaps:
        return True
    if ")" in gaps[0]:
        gaps = gaps[1:]
    if len(groups) == 2 and gaps == ["."]:
        return False
    return len(set(gaps)) <= 1 and all(_ONE_SIGN.fullmatch(gap) for gap in gaps)
