"""Addresses and phone numbers of nobody in the group, and what only looks like one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import phonenumbers
from phonenumbers import NumberParseException, PhoneMetadata

from relay.guard import words
from relay.guard.watch import extended

_LOOKS = 300
"""So many numbers of one text are checked; further ones count as numbers unchecked."""

# addresses

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
_LABEL = r"(?=[a-z0-9-]*[a-z])[a-z0-9-]{2,63}"
_STOP = rf"(?:\s{{0,3}}\.\s{{0,3}}|[\s(\[{{]{{1,3}}(?:{words.DOT}|\.)[\s)\]}}]{{1,3}})"
_LOOSE_HOST = re.compile(rf"[\W_]{{0,4}}{_LABEL}(?:{_STOP}{_LABEL}){{0,3}}?{_STOP}{_TLD}")
_BROKEN_HOST = re.compile(
    rf"[a-z0-9-]{{1,63}}(?:-?\s{{0,2}}[\r\n]{{1,2}}[> ]{{0,4}}|\s?\.\s{{0,2}}[\r\n]{{1,2}}[> ]{{0,4}}"
    rf"|\.){{1}}(?:[a-z0-9-]{{1,63}}\.){{0,4}}(?:[a-z0-9-]{{0,20}}[\r\n]{{1,2}})?{_TLD}"
)
_SPACED = re.compile(r"(?<!\S)(?:[\w.+-] {1,2}){2,64}@(?: {1,2}[\w.-]){4,64}(?!\S)")
_LOOSE_LOCAL = re.compile(
    rf"(?:[\w+-]{{1,64}}(?:{_STOP}))?(?<![\w.+-])[\w.+-]{{1,64}}['\"]?[\s(\[{{<*_]{{0,3}}\Z"
)
_SPELLED_AT = re.compile(
    rf"[(\[{{<*_]\s?(?:{words.AT}|a|@)\s?[)\]}}>*_]|{words.ALONE}(?:{words.AT}){words.APART}"
)
_DOTTED = re.compile(rf"{words.ALONE}(?:{words.DOT}){words.APART}")
_TALK = frozenset(
    "look looking looked meet met meeting work works worked working shop buy bought order ordered "
    "arrive be is was are were am stay stayed live lived see saw seen you me us them it here there "
    "home people page look up off down in on out over start sale shopping book booked listen watch "
    "read available stop only also just now then that this not start starts find found job deal "
    "posted article offer offers sold free new best service help team chat".split()
)


def addresses(view: str) -> Iterator[tuple[int, int]]:
    """Yield `(start, end)` of every mail address in a folded text."""
    for match in _SPACED.finditer(view):
        yield match.span()
    at = view.find("@")
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
    low = max(0, at - 66)
    local = _QUOTED.search(view, low, at) or _ATOM.search(view, low, at)
    host = _HOST.match(view, at + 1)
    return (local.start(), host.end()) if local and host else None


def _loose(view: str, at: int) -> tuple[int, int] | None:
    """Return the span of an address with spaces or a line break around its signs."""
    before = view[max(0, at - 140) : at]
    local = _LOOSE_LOCAL.search(before)
    if not local or not (word := re.sub(r"[\W_]", "", local[0])):
        return None
    start = at - len(before) + local.start()
    if not before[-1].isspace():
        host = _BROKEN_HOST.match(view, at + 1) or _LOOSE_HOST.match(view, at + 1)
        return (start, host.end()) if host else None
    host = _LOOSE_HOST.match(view, at + 1)
    mention = not view[at + 1 : at + 2].isspace() and word.isalpha() and "." not in local[0]
    return (start, host.end()) if host and not mention and word not in _TALK else None


def _spelled(view: str, sign: re.Match[str]) -> tuple[int, int] | None:
    """Return the span of an address with a word for its at sign.

    A bracketed `(at)` is meant. A bare `at` is English: the stop has to be spelled too, and what
    stands before must not be a word that often stands before `at`.
    """
    before = view[max(0, sign.start() - 140) : sign.start()]
    local = _LOOSE_LOCAL.search(before)
    host = _LOOSE_HOST.match(view, sign.end())
    if not local or not host or not (word := re.sub(r"[\W_]", "", local[0])):
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
            r"(?<![\d+])(?<![\d][./-])(?:19|20)\d\d([./-])\d{1,2}\1\d{1,2}(?:[t ]\d\d:?\d\d)?(?![./-]?\d)",
            r"(?<![\d+])(?<![\d][./-])\d{1,2}([./-])\d{1,2}\2(?:\d{4}|\d\d)(?![./-]?\d)",
            r"(?<![\d+])(?<!\d )\d{1,2} \d{1,2} (?:19|20)\d\d(?! ?\d)",
            r"(?<![\d+])(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])(?:t\d{4,6})?(?!\d)",
            # years and times, from and to
            r"(?<![\d+])(?<![\d][./-])(?:19|20)\d\d\s?[-/ ]\s?(?:19|20)\d\d(?![./-]?\d)",
            r"(?<![\d+])(?:[01]\d|2[0-4])[0-5]\d\s?-\s?(?:[01]\d|2[0-4])[0-5]\d(?!\d)",
            # books, addresses of machines, accounts
            r"isbn[^0-9]{0,12}[0-9][0-9x \-]{8,20}",
            r"(?<![\d+])97[89][ -]?(?:\d[ -]?){9}\d(?![ -]?\d)",
            r"(?<![\d+.])\d{1,3}\.\d{1,3}\.\d{3}\.\d{1,3}(?!\.?\d)",
            r"(?<![\d+.])\d{1,3}\.\d{3}\.\d{1,3}\.\d{1,3}(?!\.?\d)",
            r"(?<![a-z\d])[a-z]{2}\d\d(?: ?[0-9a-z]{4}){2,7}(?: ?[0-9a-z]{1,3})?(?![a-z\d])",
            # money and thousands
            r"[$€£¥]\s?\d[\d.,]*",
            r"(?<![\d+])\d[\d.,]*\s?(?:[€£¥$%]|eur|usd|gbp|mg|mcg|ml|kg|km|cm|kcal)(?!\w)",
            r"(?<![\d+])[1-9]\d{0,2}(?:[ .,']\d{3}){0,3}[ .,']000(?!\d)",
        )
    )
)
_ISBN10 = re.compile(r"(?<![\d+-])(?=[\d-]{12}[\dx](?![\d-]))\d{1,5}-\d{1,7}-\d{1,7}-[\dx]")
_RUN = re.compile(r"(?<![^\W_])(?:\+[\W_]{0,2})?\(?\+?[0-9](?:(?![+])[\s().,/_\-\xb7]{0,4}[0-9])*")
_GROUP = re.compile("[0-9]+")
_LINK = re.compile(
    r"(?:wa\.me/|tel:|sms:|smsto:|callto:|skype:|whatsapp:|phone=|phone:|send\?phone=)\s?\+?\(?\Z"
)
_CUE = re.compile(
    r"(?<![^\W_])(?:call|phone|tel|telephone|mobile|cell|whatsapp|signal|sms|text|ring|reach|dial"
    r"|fax|handy|anrufen|telefon|telefono|llama|llamame|movil|celular|liga|telemovel|appelle|mobil"
    r"|portable|zap)(?![^\W_])[^\d\n]{0,25}\Z"
)
_ONE_SIGN = re.compile(r"[ ]|[.\-/]")


def numbers(view: str, regions: Sequence[str], kept: frozenset[str]) -> Iterator[tuple[int, int]]:
    """Yield `(start, end)` of every plausible phone number that is not among `kept`.

    `regions` are the countries (ISO 3166) whose national form is understood.
    """
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
        self._left = _LOOKS

    def abroad(self, digits: str, *, sure: bool) -> bool:
        """Tell whether digits that start with a country code are a number."""
        return self._is_number("+" + digits, None, sure=sure)

    def at_home(self, digits: str) -> bool:
        """Tell whether digits are a number of one of the regions, as dialled there."""
        return any(self._is_number(digits, region, sure=False) for region in self.regions)

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
        if not kind and (first or not _even(view, groups)):
            continue
        for last in _ends(groups, first):
            digits = "".join([view[a:b] for a, b in groups[first:last]])
            if not kind and last != len(groups):
                break
            if not _counts(digits, kind, look):
                continue
            if digits.lstrip("0") not in look.kept and digits not in look.kept:
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
        if size >= 7:
            ends.append(last + 1)
    return ends[::-1]


def _start_of(view: str, start: int) -> str:
    """Return what a group of digits starts as: `+`, `00`, `link`, `0`, `cue`, or nothing."""
    before = view[max(0, start - 45) : start]
    if re.search(r"\+\s?\(?\Z", before):
        return "+"
    if _LINK.search(before):
        return "link"
    if view.startswith("00", start):
        return "00"
    if view.startswith("0", start):
        return "0"
    return "cue" if _CUE.search(before) else ""


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
        return look.at_home(digits) or (kind == "cue" and look.abroad(digits, sure=False))
    return look.open and 8 <= len(digits) <= 11 and look.at_home(digits)


def _even(view: str, groups: Sequence[tuple[int, int]]) -> bool:
    """Tell whether groups without any sign of a number are at least written as one.

    One kind of sign between all of them (or brackets around the first), and not two groups with
    a stop, which is a decimal fraction.
    """
    gaps = [view[a[1] : b[0]] for a, b in zip(groups, groups[1:], strict=False)]
    if not gaps:
        return True
    if ")" in gaps[0]:
        gaps = gaps[1:]
    if len(groups) == 2 and gaps == ["."]:
        return False
    return len(set(gaps)) <= 1 and all(_ONE_SIGN.fullmatch(gap) for gap in gaps)
