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
from collections.abc import Iterator
from dataclasses import dataclass

from channels.contract import NO_WORDS
from channels.secret import Secret
from channels.sms import reactionwords

_GAP = r"[\s\u200b\u200c\u2060\ufeff]"
"""White space, hair spaces among it, and the invisible marks that Google Messages sets."""

_GOOGLE = re.compile(
    r"\u200a?[^\u200a-\u200c]{0,40}(?P<mark>[\u200b\u200c])(?P<e>[^\s\u200b\u200c]{1,10})(?P=mark)"
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
_LONGEST_EMOJI = 10
"""Code points: two people of two colours with a heart and a kiss between them have so many."""
_STYLED = {sign.removesuffix("\ufe0f"): sign for sign in reactionwords.ADDED}
_PICTURE = (
    "["
    "\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u2199\u21a9\u21aa\u231a\u231b\u2328\u2388\u23cf"
    "\u23e9-\u23f3\u23f8-\u23fa\u24c2\u25aa\u25ab\u25b6\u25c0\u25fb-\u25fe\u2600-\u2605\u2607-\u2612"
    "\u2614-\u2685\u2690-\u2705\u2708-\u2712\u2714\u2716\u271d\u2721\u2728\u2733\u2734\u2744\u2747"
    "\u274c\u274e\u2753-\u2755\u2757\u2763-\u2767\u2795-\u2797\u27a1\u27b0\u27bf\u2934\u2935"
    "\u2b05-\u2b07\u2b1b\u2b1c\u2b50\u2b55\u3030\u303d\u3297\u3299"
    "\U0001f000-\U0001f0ff\U0001f170\U0001f171\U0001f17e\U0001f17f\U0001f18e\U0001f191-\U0001f19a"
    "\U0001f201\U0001f202\U0001f21a\U0001f22f\U0001f232-\U0001f23a\U0001f250\U0001f251"
    "\U0001f300-\U0001f3fa\U0001f400-\U0001f53d\U0001f546-\U0001f64f\U0001f680-\U0001f6ff"
    "\U0001f7e0-\U0001f7ff\U0001f90c-\U0001f93a\U0001f93c-\U0001f945\U0001f947-\U0001faff"
    "]"
)
"""Pictographs, and where Unicode keeps room for more of them: UTS #51, `Extended_Pictographic`."""
_STYLED_PICTURE = f"{_PICTURE}\ufe0f?[\U0001f3fb-\U0001f3ff]?\ufe0f?"
_EMOJI = re.compile(
    f"{_STYLED_PICTURE}(?:\u200d{_STYLED_PICTURE})*"
    "|[\U0001f1e6-\U0001f1ff]{2}"
    "|[0-9#*]\ufe0f?\u20e3"
    "|\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f"
)
"""Pictures that joiners hold together, a flag of two letters, a keycap, the flag of a region. No
other letter is in it: nothing can be said in a sign that is not read as words."""


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
            if found is not None and not (sign and _is_typed(match["q"])):
                yield found


def _is_typed(about: str) -> bool:
    """Whether the quotes are those of a keyboard."""
    return about.lstrip(_EDGES).startswith('"')


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
    """One picture and nothing else. Those newer than our tables lie in the same blocks."""
    return len(sign) <= _LONGEST_EMOJI and _EMOJI.fullmatch(sign) is not None


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
