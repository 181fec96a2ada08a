"""Texts in which a phone says that its owner reacted to a message: `Loved “see you soon”`. Pure.

A phone that reacts to a text has no other way than a text of its own, in words of its maker and in
its owner's language (`reactionwords`). Passed on it would cost a text for each reader and say
again, to all, what one of them wrote.

What is read as a reaction is hidden, so the whole message must be one: the sentence, around one
quoted span that is not closed before its end, or around one of a few fixed objects. Everything else
is talk, and passed on. Somebody who writes such a sentence by hand is taken for her phone.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from channels.contract import NO_WORDS
from channels.secret import Secret
from channels.sms import reactionwords
from channels.sms.segments import graphemes

_GAP = r"[\s\u200b\u200c\u2060\ufeff]"
"""White space, hair spaces among it, and the invisible marks that Google Messages sets."""

_GOOGLE = re.compile(
    r"\u200a?[^\u200a-\u200c]{0,40}(?P<mark>[\u200b\u200c])(?P<e>[^\s\u200b\u200c]{1,40})(?P=mark)"
    r"[^\u200a-\u200c“”\"«»„]{1,20}(?P<q>[“”\"«»„].+)",
    re.DOTALL,
)
"""Google Messages in any language: zero width spaces around an emoji that was set, zero width
non-joiners around one that was taken back. The words between are for people."""

_EDGES = (
    " \t\r\n\u00a0\u2002\u2003\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
    "\u200b\u200c\u2060\ufeff"
)
_LONGEST = 4000
"""Characters. Texts are shorter, and a quote in one is cut much earlier."""
_LONGEST_EMOJI = 40
_STYLED = {sign.removesuffix("\ufe0f"): sign for sign in reactionwords.ADDED}
_KEYCAP = "\u20e3"
_NOT_SO = frozenset("\u203c\u2049\u2194\u2934\u2935")
"""Emoji that Unicode files under punctuation and arrows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """Somebody reacted to a message, or took that back."""

    sign: str
    """One emoji. That of a sticker is a label."""
    removed: bool
    quoted: Secret
    """The words it is about, maybe cut short with an ellipsis; empty if it is about an object."""


def read(text: str) -> Reaction | None:
    """The reaction that the whole text says; `None` if it is anything else."""
    if len(text) > _LONGEST:
        return None
    return _google(text) or next(_sentences(text.strip(_EDGES)), None)


def _google(text: str) -> Reaction | None:
    match = _GOOGLE.fullmatch(text)
    if match is None:
        return None
    return _reaction(match["e"], match["q"], removed=match["mark"] == "\u200c")


def _sentences(text: str) -> Iterator[Reaction]:
    for pattern, sign, removed in _PATTERNS:
        if match := pattern.fullmatch(text):
            found = _reaction(sign or match["e"], match["q"], removed=removed)
            if found is not None:
                yield found


def _reaction(sign: str, about: str, *, removed: bool) -> Reaction | None:
    quoted = _quoted(about)
    if quoted is None or not _is_emoji(sign):
        return None
    return Reaction(sign=_STYLED.get(sign, sign), removed=removed, quoted=quoted)


def _quoted(about: str) -> Secret | None:
    """What stands between the quotes that open and close `about`; `None` if it is not one span."""
    about = about.strip(_EDGES)
    if about.replace("\u2019", "'") in reactionwords.OBJECTS:
        return NO_WORDS
    for opening, closing in reactionwords.QUOTES:
        if about.startswith(opening) and about.endswith(closing) and len(about) > 2:
            inside = about[1:-1].strip(_EDGES)
            if inside and _stays_open(inside, opening, closing):
                return Secret(inside)
    return None


def _stays_open(inside: str, opening: str, closing: str) -> bool:
    """Whether no quote within closes the one that was opened: `“a” and “b”` is no single span."""
    depth = 1
    for at, character in enumerate(inside):
        if opening == closing == character:  # one mark for both opens at the beginning of a word
            depth += 1 if at == 0 or inside[at - 1] in " \n\t(" else -1
        elif character == opening:
            depth += 1
        elif character == closing:
            depth -= 1
        if depth == 0:
            return False
    return True


def _is_emoji(sign: str) -> bool:
    """One grapheme that is a picture. Emoji newer than our tables lie in the same blocks."""
    if len(sign) > _LONGEST_EMOJI or len(list(graphemes(sign))) != 1:
        return False
    return (
        "\U0001f000" <= sign[0] <= "\U0001faff"
        or unicodedata.category(sign[0]) == "So"
        or sign[0] in _NOT_SO
        or sign.endswith(_KEYCAP)
    )


def _pattern(sentence: str) -> re.Pattern[str]:
    """A sentence of `reactionwords` as an expression for the whole text."""
    parts = re.split(r"(\{q\.?\}| ?\{e\} ?| |')", sentence)
    return re.compile("".join(map(_expression, parts)), re.DOTALL)


def _expression(part: str) -> str:
    known = {"{q}": "(?P<q>.+)", "{q.}": r"(?P<q>.+?)\.?", " ": f"{_GAP}+", "'": "['\u2019]"}
    if part.strip() == "{e}":
        return rf"{_GAP}*(?P<e>\S{{1,{_LONGEST_EMOJI}}}?){_GAP}*"
    return known.get(part, re.escape(part))


def _patterns() -> Iterator[tuple[re.Pattern[str], str, bool]]:
    for table, removed in ((reactionwords.ADDED, False), (reactionwords.REMOVED, True)):
        for sign, sentences in table.items():
            for sentence in sentences:
                yield _pattern(sentence), sign, removed
    for sentence in reactionwords.EMOJI_ADDED:
        yield _pattern(sentence), "", False
    for sentence in reactionwords.EMOJI_REMOVED:
        yield _pattern(sentence), "", True


_PATTERNS = tuple(_patterns())
