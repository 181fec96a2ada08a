"""How long a text is on the air, and how a long one is cut. Pure.

Lengths on the air are septets (GSM 7-bit default alphabet, 3GPP TS 23.038 section 6.2.1) or
UTF-16 units (UCS-2); Twilio uses no national shift tables. One character outside the alphabet
turns the whole message into UCS-2.

The limit of a body is Twilio's 1600 characters. It is counted here in UTF-16 units, the stricter
reading, so that no way of counting can find a body too long.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from enum import Enum
from itertools import islice

from channels.secret import Secret

LONGEST_BODY = 1600
LEFT_OUT = " (...)"
"""Ends the last body when the rest of the text does not fit. In the GSM alphabet, no language."""

_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_EXTENSION = frozenset("\f^{}\\[~]|€")

_ZERO_WIDTH_JOINER = "\u200d"
_EXTENDERS = frozenset("\u200c\u200d\u0e33\u0eb3\uff9e\uff9f")
"""Joiners, Thai and Lao AM, half-width Japanese sound marks: they extend, but are no marks (M)."""
_PREPENDED = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u08e2\U000110bd")
_VIRAMA = 9
"""Canonical combining class of the signs that join two Indic consonants."""

_ROOM_FOR_MARK = len("(99/99) ")
_LEAST_ROOM = 200
"""A pseudonym that leaves less than this to the words is no pseudonym."""


class Encoding(Enum):
    """What a text is sent in."""

    GSM_7 = "GSM-7"
    UCS_2 = "UCS-2"


_LIMITS = {
    Encoding.GSM_7: (160, 153, 152),
    Encoding.UCS_2: (70, 67, 66),
}
"""A single message; a part of several; the same on a toll-free number at Twilio."""


def encoding(text: str) -> Encoding:
    """GSM-7 if every character is in the alphabet or its extension, else UCS-2."""
    in_alphabet = all(c in _GSM or c in _GSM_EXTENSION for c in text)
    return Encoding.GSM_7 if in_alphabet else Encoding.UCS_2


def segments(text: str, *, toll_free: bool = False) -> int:
    """How many messages the carriers count. At least one.

    An escape pair (a character of the extension) and a surrogate pair move whole into the next.
    """
    kind = encoding(text)
    single, part, part_toll_free = _LIMITS[kind]
    costs = [_cost(c, kind) for c in text]
    if sum(costs) <= single:
        return 1
    limit = part_toll_free if toll_free else part
    count, used = 1, 0
    for cost in costs:
        if used + cost > limit:
            count, used = count + 1, 0
        used += cost
    return count


def _cost(character: str, kind: Encoding) -> int:
    if kind is Encoding.GSM_7:
        return 2 if character in _GSM_EXTENSION else 1
    return _units(character)


def _units(text: str) -> int:
    """Length in UTF-16 units."""
    return len(text) + sum(1 for c in text if c > "\uffff")


def render(author: Secret | None, text: Secret, *, most: int = 99) -> list[str]:
    """The bodies of one copy, in order: `Robin: hello`, or `Robin: (1/3) hello`.

    The programme itself (`author` is `None`) has no prefix. Words are not changed: without
    prefixes and marks the bodies join to the text. If `most` bodies do not hold it, the last one
    ends in `LEFT_OUT`. Raises `ValueError` when the prefix leaves no room.
    """
    prefix = f"{author.reveal()}: " if author is not None else ""
    words = text.reveal()
    if _units(prefix) + _units(words) <= LONGEST_BODY:
        return [prefix + words]
    room = LONGEST_BODY - _units(prefix) - _ROOM_FOR_MARK
    if room < _LEAST_ROOM:
        raise ValueError("The pseudonym leaves no room for words.")
    parts = list(islice(_split(words, room), most + 1))
    if len(parts) > most:
        parts = _shorten(parts, most, room)
    count = len(parts)
    if count == 1:
        return [prefix + parts[0]]
    return [f"{prefix}({number}/{count}) {part}" for number, part in enumerate(parts, 1)]


def _shorten(parts: list[str], most: int, room: int) -> list[str]:
    kept = parts[:most]
    kept[-1] = next(_split(kept[-1], room - len(LEFT_OUT))).rstrip() + LEFT_OUT
    return kept


def _split(words: str, room: int) -> Iterator[str]:
    """Cut into parts of at most `room` UTF-16 units, after white space or between graphemes."""
    part, used = "", 0
    for piece in _pieces(words, room):
        size = _units(piece)
        if used + size > room:
            head, tail = _last_word_border(part, room)
            yield head
            part, used = tail, _units(tail)
        part += piece
        used += size
    yield part


def _last_word_border(part: str, room: int) -> tuple[str, str]:
    """Cut after the last white space if that keeps at least half a part, else keep it whole."""
    for at in range(len(part), 0, -1):
        if part[at - 1].isspace() and not _belong_together(*part[at - 1 : at + 1].ljust(2)):
            return (part[:at], part[at:]) if 2 * _units(part[:at]) >= room else (part, "")
    return part, ""


def _pieces(words: str, room: int) -> Iterator[str]:
    """Graphemes; one larger than half a part (hundreds of marks) is cut between characters."""
    for grapheme in graphemes(words):
        if 2 * _units(grapheme) <= room:
            yield grapheme
        else:
            yield from grapheme


def graphemes(text: str) -> Iterator[str]:
    """What people see as one character, by the rules of UAX #29 that `unicodedata` can carry.

    Where the tables for a rule are missing this keeps together more than it must: anything after
    a joiner or an Indic virama stays with it.
    """
    start = 0
    flag_letters = 0
    for at in range(1, len(text)):
        flag_letters = flag_letters + 1 if _is_flag_letter(text[at - 1]) else 0
        inside_flag = flag_letters % 2 == 1 and _is_flag_letter(text[at])
        if not inside_flag and not _belong_together(text[at - 1], text[at]):
            yield text[start:at]
            start = at
    if text:
        yield text[start:]


def _belong_together(before: str, after: str) -> bool:
    """Whether no border runs between two characters, flags apart. Numbers: the rules of UAX #29."""
    if before < "\u0300" and after < "\u0300":  # nearly all there is in western scripts
        return before == "\r" and after == "\n"  # GB3
    return (
        _joins_hangul(before, after)  # GB6 to GB8
        or after in _EXTENDERS  # GB9
        or unicodedata.category(after)
        in ("Mn", "Me", "Mc")  # GB9, GB9a: marks, variation selectors
        or "\U0001f3fb" <= after <= "\U0001f3ff"  # GB9: skin tones
        or "\U000e0020" <= after <= "\U000e007f"  # GB9: tags of subdivision flags
        or before in _PREPENDED  # GB9b
        or before == _ZERO_WIDTH_JOINER  # GB11
        or unicodedata.combining(before) == _VIRAMA  # GB9c
    )


def _joins_hangul(before: str, after: str) -> bool:
    """Conjoining jamo: a lead takes leads, vowels and syllables, and all take vowels and tails."""
    if "\u1160" <= after <= "\u11ff" or "\ud7b0" <= after <= "\ud7fb":
        return True
    before_is_lead = "\u1100" <= before <= "\u115f" or "\ua960" <= before <= "\ua97c"
    after_is_lead = "\u1100" <= after <= "\u115f" or "\ua960" <= after <= "\ua97c"
    return before_is_lead and (after_is_lead or "\uac00" <= after <= "\ud7a3")


def _is_flag_letter(character: str) -> bool:
    """A regional indicator; two make a flag (GB12, GB13)."""
    return "\U0001f1e6" <= character <= "\U0001f1ff"
