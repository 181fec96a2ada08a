"""Words people write instead of a sign or a digit, in English, German, Spanish, French, Portuguese.

All are in the folded form (no accents). A replacement has the length of what it replaces, so
that places stay true.
"""

from __future__ import annotations

import re

ALONE = r"(?<![^\W_])"
"""Not in the middle of a word; an underscore is no letter."""
APART = r"(?![^\W_])"

AT = (
    r"at[\W_]?(?:sign|symbol|zeichen)|at|arrobas?|arrobb?ase|arobase|klammeraffe|bei|chez"
    r"|a[\W_]?commercial|commat|chiocciola"
)
DOT = r"dot|punkt|punto|ponto|point|period|full[\W_]?stop"
_SIGNS = {
    "@": AT + r"|(?<=[(\[{<])a(?=[)\]}>])",
    ".": DOT,
    "_": r"underscore|underline|unterstrich|tiret[\W_]bas|guion[\W_]bajo|sublinhado",
    "-": r"dash|hyphen|minus|bindestrich|guion|tiret|trait[\W_]d'union|hifen|traco",
    "+": r"plus|mais|mas",
    " ": r"no[\W_]?spam|remove[\W_]?(?:this|me)?|delete[\W_]?this",
}
_NAMES = ("at", "dot", "underscore", "dash", "plus", "nothing")
_SPELLED = re.compile(
    ALONE
    + "(?:"
    + "|".join(f"(?P<{name}>{words})" for name, words in zip(_NAMES, _SIGNS.values(), strict=True))
    + ")"
    + APART
)
_SIGN_OF = dict(zip(_NAMES, _SIGNS, strict=True))

_DIGITS = {
    "0": "zero oh nought null cero nul",
    "1": "one eins uno una un une um uma",
    "2": "two zwei zwo dos deux dois duas",
    "3": "three drei tres trois",
    "4": "four vier cuatro quatre quatro",
    "5": "five funf fuenf cinco cinq",
    "6": "six sechs seis",
    "7": "seven sieben siete sept sete",
    "8": "eight acht ocho huit oito",
    "9": "nine neun nueve neuf nove",
}
_DIGIT_OF = {word: digit for digit, words in _DIGITS.items() for word in words.split()}
_ONE = "|".join(_DIGIT_OF)
_MANY = r"(?P<many>double|triple|doppel|doble|triplo)[\W_]{0,3}"
_DIGIT_WORD = re.compile(f"{ALONE}(?:{_MANY})?(?:(?P<word>{_ONE})|(?P<digit>[0-9])){APART}")
_DIGIT_WORDS = frozenset(word.encode() for word in _DIGIT_OF if word != "one")
_LETTERS_ALONE = bytes(c if chr(c).isalpha() and c < 128 else 32 for c in range(256))
"""Everything but ASCII letters to spaces."""
_COUNTED = re.compile(
    f"(?:(?:{_ONE})[^0-9a-z]{{1,6}}){{2}}(?:{_ONE})|(?:double|triple|doppel|doble)[^0-9a-z]"
)
_DIGITISH = re.compile(r"[0-9oil][0-9oil ./()-]{6,}")
_LETTERED = re.compile(r"(?<![^\W_])(?=[oil]{0,20}[0-9])[0-9oil]{2,40}(?![^\W_])")
_AS_DIGITS = str.maketrans("oil", "011")


def listed(text: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(text.split())


def signs(view: str) -> str:
    """Return the text with spelled-out signs as signs: `at` as `@ `, `dot` as `.  `."""

    def sign(match: re.Match[str]) -> str:
        return _SIGN_OF[match.lastgroup or "nothing"].ljust(len(match[0]))

    return _SPELLED.sub(sign, view)


def numbers(view: str) -> str:
    """Return the text with spelled-out digits, and letters used as digits, as digits.

    Digit words count only where three follow each other; `O17O l23` counts as `0170 123`.
    """

    def digit(match: re.Match[str]) -> str:
        if match["digit"] and not match["many"]:
            return match[0]
        one = match["digit"] or _DIGIT_OF[match["word"]]
        times = 3 if (match["many"] or "").startswith("tripl") else 2 if match["many"] else 1
        return (one * times).ljust(len(match[0]))

    tokens = view.encode("utf-8", "replace").translate(_LETTERS_ALONE).split()
    if not _DIGIT_WORDS.isdisjoint(tokens) and _COUNTED.search(view):
        view = _DIGIT_WORD.sub(digit, view)
    return _DIGITISH.sub(lambda run: _LETTERED.sub(_as_digits, run[0]), view)


def _as_digits(match: re.Match[str]) -> str:
    return match[0].translate(_AS_DIGITS)
