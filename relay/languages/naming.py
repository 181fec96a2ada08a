"""Which words to the relay a sentence names, so that no translation sends anybody astray."""

from __future__ import annotations

import re

from relay.words.folding import folded
from relay.words.letting_go import is_no
from relay.words.reading import is_yes, parse
from relay.words.vocabulary import WORDS, Form

YES, NO = "yes", "no"
NO_WORDS = frozenset({"SMS", "OK", "UTC", "GSM"})
"""Capitals that are no word to the relay."""
_GAP = re.compile(r"\{\w+\}")
_QUOTED = re.compile("[\u00ab\u201c]([^\u00bb\u201d]+)[\u00bb\u201d]")
"""Where a script has no capitals, a word to the relay stands in quotes."""
_BY_SPELLING = {
    folded(spelling): word
    for word in reversed(WORDS)
    for many in word.spellings.values()
    for spelling in many
}
_FILLED = "7"
"""Stands for whatever is filled in: it could be a name, a number or the digits of a time."""


def named(sentence: str) -> frozenset[str]:
    """The words that a sentence names in capitals or in quotes, as what they are read as.

    What is read as none stands there as it was written, behind a question mark.
    """
    bare = _GAP.sub(f" {_FILLED} ", sentence)
    phrases = [*_QUOTED.findall(bare), *_in_capitals(_QUOTED.sub(" ", bare))]
    return frozenset(one for phrase in phrases for one in _read(phrase.split()))


def _in_capitals(text: str) -> list[str]:
    """Runs of words of two letters or more that are all capitals."""
    runs: list[list[str]] = [[]]
    for word in re.split(r"(\s+|[^\w\s'-]+)", text):
        if not word.strip():
            continue
        if word.isupper() and sum(c.isalpha() for c in word) > 1:
            runs[-1].append(word)
        elif runs[-1]:
            runs.append([])
    return [" ".join(run) for run in runs if run]


def _read(words: list[str]) -> list[str]:
    """What a run of words is read as, the longest first."""
    if not words or not any(map(str.isalpha, words[0])):
        return _read(words[1:]) if words else []
    for count in range(len(words), 0, -1):
        said, rest = " ".join(words[:count]), words[count:]
        found = _meant(said, " ".join(rest))
        if found is not None:
            takes_rest = found not in {YES, NO} and _takes(said, " ".join(rest))
            return [found] if takes_rest else [found, *_read(rest)]
    return _read(words[1:]) if words[0] in NO_WORDS else [f"?{words[0]}", *_read(words[1:])]


def _meant(said: str, rest: str) -> str | None:
    command = parse(said) or parse(said, to_mask=True)
    if command is not None:
        return command
    if _takes(said, rest) or folded(said) in _BY_SPELLING:
        return _BY_SPELLING[folded(said)].command
    if is_yes(said):
        return YES
    return NO if said.isalpha() and is_no(folded(said)) else None


def _takes(said: str, rest: str) -> bool:
    """Whether what follows belongs to the word."""
    word = _BY_SPELLING.get(folded(said))
    return word is not None and bool(rest) and (word.form is Form.WORDS or word.fits(rest))
