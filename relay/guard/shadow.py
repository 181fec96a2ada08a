"""A text as a reader's eye or mail program takes it, every character knowing where it stood.

Entities and percent signs are decoded, nothing is invisible, each letter and digit has one form.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html.entities import html5

_DEPTH = 5
"""How often `&amp;#64;` and `%2540` are peeled."""
_MEMO = 20_000

_ENTITIES = {name.rstrip(";").lower(): value for name, value in sorted(html5.items())}
_CODED = re.compile(
    r"&#(?P<decimal>[0-9]{1,7});?"
    r"|&#x(?P<hex>[0-9a-f]{1,6});?"
    r"|&(?P<named>[a-z][a-z0-9]{1,31});"
    r"|&(?P<bare>amp|nbsp|shy|lt|gt|quot)(?![a-z0-9])"
    r"|(?P<percent>(?:%[0-9a-f]{2})+)"
    r"|=(?P<quoted>40|2[bde]|5f)"  # quoted-printable that nobody decoded (RFC 2045, 6.7)
    r"|\\u\{?(?P<json>00[0-9a-f]{2})\}?"
    r"|\\x(?P<slash>[0-9a-f]{2})"
    r"|(?P<utf7>[+&]aea-)"  # the at sign in UTF-7 (RFC 2152)
)

_MARKS_OF_CODE = ("&", "%", "\\", "=40", "=2b", "=2d", "=2e", "=5f", "+aea-")
"""One of these is in every text that holds something encoded; looking for them costs nothing."""

_ASCII_OR_NOT = re.compile(r"[\x00-\x7f]+|[^\x00-\x7f]+")

# Letters of other scripts, and of no script, that look like Latin ones (Unicode TR 39), in the
# case folded form; stops and dashes that pass for a full stop and a hyphen.
_LOOKALIKES = (
    dict(
        zip(
            "аеорсухіјѕԁԛԝһӏкмтвнαορνικυτεχϲϳıłøđᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ",
            "aeopcyxijsdqwhlkmtbhaopvikutexcjilodabcdefghijklmnoprstuvwyz",
            strict=True,
        )
    )
    | dict.fromkeys("\u3002\xb7\u2027\u30fb\u2022", ".")
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-")
)

_MARKS = (
    (0x0300, 0x036F), (0x0483, 0x0489), (0x0591, 0x05C7), (0x0610, 0x061A), (0x064B, 0x065F),
    (0x0670, 0x0670), (0x1AB0, 0x1AFF), (0x1DC0, 0x1DFF), (0x20D0, 0x20FF), (0xFE20, 0xFE2F),
)  # fmt: skip
"""Accents and points that a writer may leave out; the vowels of Indic scripts are not among."""
_UNSEEN = (
    (0x034F, 0x034F), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x2800, 0x2800),
    (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFFA0, 0xFFA0), (0xE0100, 0xE01EF),
)  # fmt: skip
"""Fillers and variation selectors: they take no room, or none that tells."""
_BADGES = ((0x1F150, "a"), (0x1F170, "a"), (0x1F1E6, "a"))
"""Letters in circles, squares and flags that have no decomposition."""


def _within(code: int, ranges: Sequence[tuple[int, int]]) -> bool:
    return any(low <= code <= high for low, high in ranges)


def _folded(char: str) -> str:
    """Return the plain form of one character, empty for one that is not seen."""
    code = ord(char)
    if code < 128:
        return char.lower()
    category = unicodedata.category(char)
    if category == "Cf" or _within(code, _MARKS) or _within(code, _UNSEEN):
        return ""
    if category == "Cc":
        return " "
    if category == "Nd":
        return str(unicodedata.decimal(char))
    for first, letter in _BADGES:
        if first <= code < first + 26:
            return chr(ord(letter) + code - first)
    plain = "".join(c for c in unicodedata.normalize("NFKD", char) if not _within(ord(c), _MARKS))
    return "".join(_LOOKALIKES.get(c, c) for c in plain.casefold())


class _Fold(dict[int, str]):
    """`str.translate` by `_folded`, each character worked out once."""

    def __missing__(self, code: int) -> str:
        plain = _folded(chr(code))
        if len(self) < _MEMO:  # a text that holds all of Unicode must not stay in memory
            self[code] = plain
        return plain


_FOLD = _Fold()


@dataclass(frozen=True, slots=True)
class Shadow:
    """A normalised text. Character `i` of `text` stood at `starts[i]` to `ends[i]`."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return where in the original text the shadow's `start:end` stood."""
        return self.starts[start], self.ends[end - 1]


def fold(text: str) -> str:
    """Return the text with one form for each letter and digit, and nothing invisible."""
    return text.lower() if text.isascii() else text.translate(_FOLD)


def views(text: str) -> list[str]:
    """Return the folded text; and, if something in it is encoded, the decoded text too."""
    plain = fold(text)
    seen = [plain]
    for _ in range(_DEPTH):
        if not _may_be_coded(seen[-1]):
            break
        decoded = fold(_CODED.sub(_decoded, seen[-1]))
        if decoded == seen[-1]:
            break
        seen = [plain, decoded]
    return seen


def _may_be_coded(text: str) -> bool:
    return any(mark in text for mark in _MARKS_OF_CODE)


def shadows(text: str) -> list[Shadow]:
    """Return the `views` of a text with their places in it."""
    whole = range(len(text) + 1)
    plain = _fold_placed(Shadow(text, whole, whole[1:]))
    seen = [plain]
    for _ in range(_DEPTH):
        if not _may_be_coded(seen[-1].text):
            break
        decoded = _fold_placed(_replaced(seen[-1], _CODED, _decoded))
        if decoded.text == seen[-1].text:
            break
        seen = [plain, decoded]
    return seen


def _fold_placed(shadow: Shadow) -> Shadow:
    if shadow.text.isascii():
        return Shadow(shadow.text.lower(), shadow.starts, shadow.ends)
    letters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for run in _ASCII_OR_NOT.finditer(shadow.text):
        low, high = run.span()
        if run[0].isascii():
            letters.append(run[0].lower())
            starts += shadow.starts[low:high]
            ends += shadow.ends[low:high]
            continue
        for place in range(low, high):
            plain = _FOLD[ord(shadow.text[place])]
            letters.append(plain)
            starts += [shadow.starts[place]] * len(plain)
            ends += [shadow.ends[place]] * len(plain)
    return Shadow("".join(letters), starts, ends)


def _replaced(
    shadow: Shadow, pattern: re.Pattern[str], new: Callable[[re.Match[str]], str]
) -> Shadow:
    """Return the shadow with every match replaced; each new character stands for all of it."""
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    done = 0
    for match in pattern.finditer(shadow.text):
        low, high = match.span()
        put = new(match)
        pieces += (shadow.text[done:low], put)
        starts += shadow.starts[done:low]
        ends += shadow.ends[done:low]
        start, end = shadow.span(low, high)
        starts += [start] * len(put)
        ends += [end] * len(put)
        done = high
    size = len(shadow.text)
    return Shadow(
        "".join([*pieces, shadow.text[done:]]),
        [*starts, *shadow.starts[done:size]],
        [*ends, *shadow.ends[done:size]],
    )


def _decoded(match: re.Match[str]) -> str:
    """Return what an encoded piece stands for, or the piece itself if for nothing."""
    kind = match.lastgroup or ""
    coded = match[kind]
    if kind == "percent":
        octets = bytes.fromhex(coded.replace("%", ""))
        try:
            return octets.decode()
        except UnicodeDecodeError:
            return octets.decode("latin-1")
    if kind in {"named", "bare"}:
        return _ENTITIES.get(coded, match[0])
    if kind == "utf7":
        return "@"
    code = int(coded, 10 if kind == "decimal" else 16)
    seen = 0 < code < 0x110000 and not 0xD800 <= code < 0xE000
    return chr(code) if seen else match[0]
