"""What is left of a message when only its letters count."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 60
"""Characters of a message that can still be a word; what is longer is talk."""

_BLANK_LETTERS = frozenset("\u0640\u115f\u1160\u3164\uffa0")
"""Counted as letters by Unicode, but they show nothing, or only stretch a word (tatweel)."""
_ONE_LETTER = str.maketrans({"\u0629": "\u0647", "\u0649": "\u064a", "\u0131": "i"})
"""Letters that keyboards and writers mix up: two endings in Arabic, the dotless i of Turkish."""
_RUN = re.compile(r"(.)\1{2,}")
_DOUBLED = re.compile(r"(.)\1+")
FIRST_WIDE = "\u2e80"
"""From here on scripts write without spaces between words (Han, Kana, Hangul)."""


def folded(text: str) -> str:
    """Return the letters and digits alone, in small plain form: `“S-t-o-p!” 🙏` gives `stop`.

    Gone are case, accents and vowel marks, full width and fancy letters (Unicode NFKD), spaces,
    punctuation, emoji, and characters nobody sees. Digits of all scripts are 0 to 9.
    """
    small = unicodedata.normalize("NFKD", text).casefold()
    bare = unicodedata.normalize("NFKD", small).translate(_ONE_LETTER)
    kept = (char for char in bare if char.isalnum() and char not in _BLANK_LETTERS)
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in kept)


def parted(text: str) -> list[str]:
    """Return the words of a text, each folded; an apostrophe parts nothing, a hyphen does."""
    whole = re.sub("['`\u00b4\u02bc\u2018\u2019\uff07\u00ad\u200b-\u200f\u2060\ufeff]", "", text)
    return [word for part in re.split(r"[\W_]+", whole) if (word := folded(part))]


def shortened(word: str) -> str:
    """Return a folded word without the drawl: `stooooop` gives `stop`, `hello` stays."""
    return _RUN.sub(r"\1", word)


def undrawn(word: str) -> str:
    """Return a drawn out folded word with each letter said once: `heelllpp` gives `help`.

    One without a letter three times in a row is not drawn out, and stays.
    """
    return _DOUBLED.sub(r"\1", word) if _RUN.search(word) else word


def has_letters_for_slips(word: str) -> bool:
    """Tell whether one wrong letter in a folded word still shows which word was meant.

    In fewer than four letters it does not, nor where each sign is a word of its own.
    """
    return len(word) >= 4 and word[0] < FIRST_WIDE
