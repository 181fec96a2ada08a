"""How a long text is cut: one page of it at a time, as one body. Pure.

The limit of a body is Twilio's 1600 characters. It is counted here in UTF-16 units, the stricter
reading, so that no way of counting can find a body too long.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from channels.contract import Phrase, in_english
from channels.gsm import NOTHING, Encoding, Scale, Weight, encoding, segments
from channels.secret import Secret
from channels.sms.punctuation import folded, plain

__all__ = ["Encoding", "Page", "encoding", "graphemes", "page", "segments"]

LONGEST_BODY = 1600
_NO_BREAK = "\u00a0\u2007\u202f"
"""White space at which nobody ends a line."""

_ZERO_WIDTH_JOINER = "\u200d"
_EXTENDERS = frozenset("\u200c\u200d\u0e33\u0eb3\uff9e\uff9f")
"""Joiners, Thai and Lao AM, half-width Japanese sound marks: they extend, but are no marks (M)."""
_PREPENDED = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u08e2\U000110bd")
_VIRAMA = 9
"""Canonical combining class of the signs that join two Indic consonants."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One body, and where in the words the next one begins."""

    body: str
    next: int | None
    """An index into the words, in code points; `None` if all is said."""
    segments: int


def page(
    author: Secret | None,
    words: str,
    *,
    start: int = 0,
    most: int = 4,
    toll_free: bool = False,
    more: str = in_english(Phrase.MORE),
) -> Page:
    """As much of `words` from `start` on as `most` segments hold: `Robin: words`.

    `start` is an index like `Page.next`. The programme itself (`author` is `None`) has no prefix.
    If something is left, the body says in the words of `more` how to get it. Words are cut after
    white space where that keeps half a page, else between graphemes; one that no page holds is
    cut between characters.
    Only white space at either end of a page is left out, and only punctuation changes (`folded`).
    Whether a page is in GSM-7 depends on nothing but that page.

    Raises `ValueError` when `start` is outside of the words, or the prefix leaves no room.
    """
    if not 0 <= start <= len(words):
        raise ValueError("There is no such place in the words.")
    prefix = f"{author.reveal()}: " if author is not None else ""
    end = max(start, len(words.rstrip()))
    hints = _hints(more)
    sheets = [_Sheet(Scale(kind, toll_free), most, hints) for kind in Encoding]
    if start < end:
        start = _skip_space(words, start)
    cut = _reach(words, start, end, prefix, sheets)
    if cut == end:
        body, following = folded(prefix + words[start:end], toll_free=toll_free), None
    else:
        cut = _word_border(words, start, cut)
        body = _announced((prefix + words[start:cut]).rstrip(), hints, toll_free)
        following = _skip_space(words, cut)
    return Page(body=body, next=following, segments=segments(body, toll_free=toll_free))


def _hints(more: str) -> dict[Encoding, str]:
    """What ends a page that is not the last: an ellipsis would turn one in GSM-7 into UCS-2.

    So would words that are not in GSM-7; there English stands for them.
    """
    plain_more = more if encoding(more) is Encoding.GSM_7 else in_english(Phrase.MORE)
    return {Encoding.GSM_7: f" ... {plain_more}", Encoding.UCS_2: f" \u2026 {more}"}


def _announced(said: str, hints: dict[Encoding, str], toll_free: bool) -> str:
    body = folded(said + hints[Encoding.GSM_7], toll_free=toll_free)
    return body if encoding(body) is Encoding.GSM_7 else said + hints[Encoding.UCS_2]


@dataclass(frozen=True, slots=True)
class _Sheet:
    """An empty page in one encoding."""

    scale: Scale
    most: int
    hints: dict[Encoding, str]

    def add(self, weight: Weight, text: str) -> Weight | None:
        """The weight with `text` behind it; `None` if that does not fit."""
        if self.scale.encoding is Encoding.GSM_7:
            text = plain(text)
        added = self.scale.add(weight, text)
        if added is None or added.units > LONGEST_BODY:
            return None
        return added if self.scale.segments(added) <= self.most else None

    def fill(self, prefix: str, pieces: Iterable[str]) -> int | None:
        """How many characters of `pieces` fit when a rest is announced; `None` if all fit."""
        weight = self.add(NOTHING, prefix)
        if weight is None:
            return 0
        borders = [(0, weight)]
        for piece in pieces:
            weight = self.add(weight, piece)
            if weight is None:
                break
            borders.append((borders[-1][0] + len(piece), weight))
        else:
            return None
        return next((at for at, full in reversed(borders) if self._has_room_for_more(full)), 0)

    def _has_room_for_more(self, weight: Weight) -> bool:
        """Whether the announcement fits; in 1600 characters it must do so in either form.

        Else a page in GSM-7 would go out in UCS-2 for the sake of two more characters.
        """
        if weight.units + max(map(len, self.hints.values())) > LONGEST_BODY:
            return False
        return self.add(weight, self.hints[self.scale.encoding]) is not None


def _reach(words: str, start: int, end: int, prefix: str, sheets: list[_Sheet]) -> int:
    """Where a page ends in the encoding that gets it further: at `end`, or at a border before."""
    shown = words[start : min(end, start + LONGEST_BODY + 1)]  # one more than any page holds
    for cut in (graphemes, iter):
        reaches = [sheet.fill(prefix, cut(shown)) for sheet in sheets]
        if None in reaches:
            return end
        if furthest := max(reach for reach in reaches if reach is not None):
            return start + furthest
    raise ValueError("The pseudonym leaves no room for words.")


def _word_border(words: str, start: int, cut: int) -> int:
    """The last place after or before white space, if that keeps at least half, else `cut`."""
    if _ends_word(words[cut]):
        return cut
    for at in range(cut, start + (cut - start + 1) // 2 - 1, -1):
        if _ends_word(words[at - 1]) and not _belong_together(words[at - 1], words[at]):
            return at
    return cut


def _ends_word(character: str) -> bool:
    return character.isspace() and character not in _NO_BREAK


def _skip_space(words: str, at: int) -> int:
    """The first place from `at` on that is not white space; there is one."""
    while words[at].isspace() and (
        words[at + 1].isspace() or not _belong_together(words[at], words[at + 1])
    ):
        at += 1
    return at


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
