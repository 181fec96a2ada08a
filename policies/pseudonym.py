"""Which names a member may carry in her group, and which two names are too alike.

A pseudonym is the only thing by which members know each other, and the relay writes it in front
of every text, as in `Robin: hello`. So no name may hide characters, speak for the relay, give
away a contact, or pass for another member's name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from enum import StrEnum
from functools import lru_cache

from confusable_homoglyphs.confusables import confusables_data

from policies.reserved import COMMANDS, ROLES

LONGEST = 24
"""Characters as a reader counts them: marks that sit on a letter do not count."""

_FEWEST_PHONE_DIGITS = 6
_PILED = re.compile("[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u20d0-\u20ff]{3}")
"""Three accents on one letter: no name needs more than two, as Vietnamese has them."""
_ALLOWED_SIGNS = frozenset(" '\u2019-.\u00b7")
_INVISIBLE = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
) | {chr(c) for c in (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))}
"""Letters and marks that show nothing (Unicode Default_Ignorable_Code_Point, and blank Braille)."""
_COLONS = frozenset(str(seen["c"]).strip("\u200e") for seen in confusables_data[":"]) | {":"}
_LINK = re.compile(r"\w\.\w\w", re.UNICODE)
_SAME_IN_ASCII = str.maketrans({"i": "l", "1": "l", "0": "o"})
_FIRST_WIDE = "\u2e80"
"""From here on scripts write without spaces between words (Han, Kana, Hangul)."""


class NameProblem(StrEnum):
    """Why a name cannot be a pseudonym. The whole list."""

    EMPTY = "empty"
    TOO_LONG = "too_long"
    HIDDEN_CHARACTERS = "hidden_characters"
    FORBIDDEN_CHARACTERS = "forbidden_characters"
    CONTACT = "contact"
    RESERVED = "reserved"
    TAKEN = "taken"

    @property
    def sentence(self) -> str:
        """One plain sentence for the one who chose the name; it does not repeat the name."""
        return _SENTENCES[self]


_SENTENCES = {
    NameProblem.EMPTY: "A pseudonym needs at least one letter.",
    NameProblem.TOO_LONG: f"A pseudonym has at most {LONGEST} characters.",
    NameProblem.HIDDEN_CHARACTERS: "A pseudonym has no line breaks and no invisible characters.",
    NameProblem.FORBIDDEN_CHARACTERS: (
        "A pseudonym is made of letters, digits, spaces, apostrophes, hyphens and full stops."
    ),
    NameProblem.CONTACT: "A pseudonym must not look like a phone number, an address or a link.",
    NameProblem.RESERVED: "This pseudonym could be taken for the relay or for a facilitator.",
    NameProblem.TAKEN: "This pseudonym, or one that looks like it, is taken in this group.",
}


def tidy(name: str) -> str:
    """Return the spelling to store: composed (NFC), single spaces, none at the ends."""
    return " ".join(part for part in unicodedata.normalize("NFC", name).split(" ") if part)


def check(name: str, taken: Collection[str]) -> NameProblem | None:
    """Say what is wrong with `name` in a group whose names have the skeletons `taken`."""
    found = problem(name)
    if found is None and skeleton(name) in taken:
        return NameProblem.TAKEN
    return found


def problem(name: str) -> NameProblem | None:
    """Say what is wrong with a name in itself; `None` if nothing is.

    Examples: `Ana M\u00fcller`, `O'Brien`, `Robin 2` are fine. `Robin: hi` could fake who speaks,
    `call 030 1234567` gives away a contact, `The Admin` speaks for others.
    """
    shown = unicodedata.normalize("NFKC", tidy(name))
    both = name + shown
    if any(_is_hidden(char) for char in both):
        return NameProblem.HIDDEN_CHARACTERS
    if "@" in both or _LINK.search(shown) or _digits(shown) >= _FEWEST_PHONE_DIGITS:
        return NameProblem.CONTACT
    if not all(_is_allowed(char) for char in both) or _fakes(shown):
        return NameProblem.FORBIDDEN_CHARACTERS
    if not any(unicodedata.category(char)[0] == "L" for char in shown):
        return NameProblem.EMPTY
    if _is_too_long(shown):
        return NameProblem.TOO_LONG
    return NameProblem.RESERVED if _is_reserved(shown) else None


def skeleton(name: str) -> str:
    """Return the form that two names share exactly if people could mix them up.

    It ignores case, spaces, punctuation and accents, and takes letters of any script that look
    alike for the same (Unicode TR 39), as well as I, l, 1; O, 0; rn, m; vv, w. It errs on the
    side of too alike (`Ian` and `Lan`): a second choice of name costs little, telling the wrong
    person may cost much. Known limit: a Greek or Cyrillic word in capitals only is compared by
    how its small letters look.
    """
    words = unicodedata.normalize("NFKC", name).split()
    plain = "".join(_plain(word) for word in words).translate(_SAME_IN_ASCII)
    return plain.replace("rn", "m").replace("vv", "w")


def _plain(word: str) -> str:
    """Return one word in small letters without accents or signs, look-alikes made equal."""
    if re.search("[A-Za-z]", word):  # a foreign capital among Latin letters passes for a Latin one
        word = "".join(_latin_twin(char) or char for char in word)
    bare = unicodedata.normalize("NFKD", word.casefold())
    return "".join(_folded_twin(char) for char in bare if _counts(char))


def _counts(char: str) -> bool:
    """Tell whether a character tells names apart: letters, digits, and vowel signs."""
    category = unicodedata.category(char)
    accent = "\u0300" <= char <= "\u036f"
    return category[0] == "L" or category == "Nd" or (category[0] == "M" and not accent)


@lru_cache(maxsize=4096)
def _folded_twin(char: str) -> str:
    """Return what a small letter looks like: a Latin letter if it or its capital looks like one."""
    if char.isascii():
        return char
    small = _latin_twin(char)
    if small is not None:
        return small.lower()
    capital = _latin_twin(char.upper()) if len(char.upper()) == 1 else None
    return capital.lower() if capital is not None else _prototype(char)


def _latin_twin(char: str) -> str | None:
    """Return the ASCII letters or digits that a character looks like, if there are any."""
    if char.isascii():
        return None
    for twin in _twins(char):
        if twin.isascii() and twin.isalnum():
            return twin
    return None


def _prototype(char: str) -> str:
    """Return the one character that stands for all that look like this one."""
    twins = [twin for twin in _twins(char) if len(twin) == 1]
    if len(twins) != 1:
        return char
    return twins[0] if len(_twins(twins[0])) > 1 else min(char, twins[0])


def _twins(char: str) -> list[str]:
    """Return what looks like a character, without accents and the table's direction marks."""
    found = (str(entry["c"]).replace("\u200e", "") for entry in confusables_data.get(char, []))
    return [re.sub("[\u0300-\u036f]", "", twin) for twin in found]


def _is_hidden(char: str) -> bool:
    """Tell whether a character is a control, a direction mark, unassigned, or shows nothing."""
    if char in _INVISIBLE:
        return True
    category = unicodedata.category(char)
    return category[0] == "C" or category in {"Zl", "Zp"}


def _is_allowed(char: str) -> bool:
    """Tell whether a character may stand in a name: letters, marks, digits, a few signs."""
    category = unicodedata.category(char)
    return char in _ALLOWED_SIGNS or category[0] in "LM" or category == "Nd"


def _fakes(shown: str) -> bool:
    """Tell whether a name, in front of a text, would look like `Robin: ` or change what precedes.

    The vowel sign visarga looks like a colon and is a part of Indian names, but not of Latin ones.
    """
    colons = _COLONS.intersection(shown)
    if re.search("[A-Za-z]", shown) is None:
        colons = frozenset(char for char in colons if unicodedata.category(char) != "Mc")
    return bool(colons) or unicodedata.category(shown[:1] or " ")[0] == "M"


def _digits(text: str) -> int:
    """Count decimal digits of any script."""
    return sum(unicodedata.category(char) == "Nd" for char in text)


def _is_too_long(text: str) -> bool:
    """Tell whether a name has too many characters, or a letter too many marks piled on it."""
    piled = _PILED.search(unicodedata.normalize("NFD", text))
    marks = sum(unicodedata.category(char)[0] == "M" for char in text)
    return len(text) - marks > LONGEST or marks > LONGEST or piled is not None


def _is_reserved(shown: str) -> bool:
    """Tell whether a name is a command, or has a word in it that speaks for the relay."""
    whole = skeleton(shown)
    if whole in _COMMANDS or whole in _ROLES:
        return True
    words = {skeleton(word) for word in re.split(r"[ '\u2019.\u00b7-]+", shown)}
    return not words.isdisjoint(_ROLES) or any(role in whole for role in _WIDE_ROLES)


_ROLES = frozenset(skeleton(word) for word in ROLES)
_COMMANDS = frozenset(skeleton(word) for word in COMMANDS)
_WIDE_ROLES = tuple(skeleton(word) for word in ROLES if word[0] >= _FIRST_WIDE)
