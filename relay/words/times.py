"""Times and days as people write them in seven languages, put into the words of `relay.hours`.

`lunes a viernes 22h-7h` becomes `mon to fri 22h-7h`. What holds anything but times and words about
times is talk, and nothing comes of it.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from relay.words.folding import FIRST_WIDE
from relay.words.time_words import ENGLISH, FOREIGN, SHOWN

_DASHES = re.compile("[\u2010-\u2015\u2212]")
_TIME = re.compile(r"\d{1,4}(?:[:.h]\d{2}|h)?(?:[ap]\.?m\.?|[dhw])?")


def _bare(text: str) -> str:
    """Small letters without accents, plain dashes and apostrophes, digits of one script."""
    small = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(char for char in small if not unicodedata.combining(char))
    digits = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in kept)
    return _DASHES.sub("-", digits).replace("\u2019", "'").strip(" \t\r\n.!")


def _table() -> dict[str, str]:
    return {
        _bare(foreign.replace("_", " ")): english.replace("_", " ")
        for english, lines in FOREIGN.items()
        for line in lines
        for foreign in line.split()
    }


_TABLE = _table()
_FOREIGN = re.compile(
    "|".join(
        re.escape(phrase)
        if phrase[0] >= FIRST_WIDE
        else rf"(?<![^\W\d_]){re.escape(phrase)}(?![^\W\d_])"
        for phrase in sorted(_TABLE, key=len, reverse=True)
    )
)


@lru_cache(maxsize=256)
def in_plain_words(text: str) -> str | None:
    """Return what is said about times in the words of `relay.hours`; `None` if it is talk."""
    said = " ".join(_FOREIGN.sub(lambda found: f" {_TABLE[found[0]]} ", _bare(text)).split())
    said = re.sub(r"(?<=\d) at\b", "", re.sub(r"(?<=\d) h\b", "h", said))
    said = re.sub(r"(?<=\S) ?(?:-| (?:to|till|until) ) ?(?=\S)", "-", said)
    parts = [part for part in re.split(r"[\s,;\-]+", said) if part]
    if all(part in ENGLISH or _TIME.fullmatch(part) for part in parts):
        return said
    return None


def looks_like_a_time(text: str) -> bool:
    """Tell whether something is about times, or at least one word that begins with a digit."""
    said = _bare(text)
    if not any(char.isdecimal() for char in said):
        return False
    return in_plain_words(text) is not None or (said[:1].isdecimal() and len(said.split()) == 1)


def in_her_words(line: str, language: str) -> str:
    """Return a line of `relay.hours.write_schedule` with its few words in a language.

    It can be typed again, and means the same.
    """
    words = SHOWN.get(language, {})
    return re.sub("[a-z]+", lambda found: words.get(found[0], found[0]), line)
