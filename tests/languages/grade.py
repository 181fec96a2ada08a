"""How hard English is to read: the Flesch-Kincaid grade, with a way to count syllables."""

from __future__ import annotations

import re

_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?|[0-9]+(?:[:.-][0-9]+)*")
_SENTENCE_END = re.compile(r"[.!?]+(?:\s|$)|:\s")
_VOWELS = re.compile(r"[aeiouy]+")
_ODD = {
    "anyone": 3, "anybody": 4, "somebody": 3, "everyone": 3, "everybody": 4, "something": 2,
    "someone": 2, "being": 2, "area": 3, "idea": 3, "reaction": 3, "reactions": 3, "quiet": 2,
    "urgent": 2, "facilitator": 5, "facilitators": 5, "create": 2, "science": 2, "safety": 2,
    "reword": 2, "alone": 2, "people": 2, "sometimes": 2, "somewhere": 2, "themselves": 2,
    "going": 2, "doing": 2, "saying": 2, "seeing": 2, "every": 2, "invite": 2, "invited": 3,
    "interpreter": 4, "listener": 3, "message": 2, "messages": 3, "replaced": 2, "changes": 2,
}  # fmt: skip


def syllables(word: str) -> int:
    """How many a word has. A number counts as one: nobody spells it out."""
    word = word.replace("'", "")
    if word[0].isdigit():
        return 1
    if word in _ODD:
        return _ODD[word]
    count = len(_VOWELS.findall(word))
    silent = re.search(r"[^aeiouy]e$", word) and not re.search(r"[^aeiouy]le$", word)
    silent = silent or re.search(r"[^aeioutdy]ed$", word) or re.search(r"[^aeiouscxzgy]es$", word)
    return max(1, count - bool(silent))


def grade(text: str) -> float:
    """Years of school needed: 0.39 words a sentence + 11.8 syllables a word - 15.59.

    Kincaid, Fishburne, Rogers and Chissom 1975, Derivation of New Readability Formulas.
    """
    words = _WORD.findall(text.lower())
    sentences = max(1, len([s for s in _SENTENCE_END.split(text) if _WORD.search(s.lower())]))
    spoken = sum(map(syllables, words))
    return 0.39 * len(words) / sentences + 11.8 * spoken / len(words) - 15.59
