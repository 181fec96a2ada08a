"""What may stand behind a word: a number, a name, a time that something lasts. Pure."""

from __future__ import annotations

import re
import unicodedata
from datetime import timedelta

from policies import pseudonym
from relay.words.folding import folded

_MOST_DIGITS = 6
_MOST_NAMES = 3
"""Words of a pseudonym, at the most, behind a word to the relay."""
_LONGEST_SPAN = timedelta(days=365)

_NUMBERED = re.compile(
    r"\s*#?(\d{1,6})(?!\d)(?:[.,:\uff1a\uff0c\u3001-]*(?:\s|$)|[:\uff1a\uff0c\u3001](?!\d)|(?=[\u2e80-\uffef]))(.*)",
    re.DOTALL,
)
"""`7 too long`, `7: too long`, and without a space where none is written."""
_NEW_DIGITS = re.compile(r"(?<=[\u2e80-\uffef])(?=\d)")
"""Where digits begin in a script without spaces."""

_AND = frozenset(("and", "y", "et", "und", "e", "و", "和"))
_NO_NAMES = frozenset(
    folded(word)
    for word in (
        *("a", "all", "an", "any", "at", "each", "every", "everyone", "for", "from", "her", "hers"),
        *("him", "his", "how", "in", "is", "it", "its", "me", "mine", "my", "myself", "of", "on"),
        *("or", "our", "out", "some", "that", "the", "their", "them", "these", "this", "those"),
        *("to", "up", "us", "was", "what", "when", "with", "you", "your", "yourself", "and", "but"),
        *("el", "la", "los", "las", "lo", "un", "una", "mi", "mis", "tu", "tus", "su", "sus", "de"),
        *("le", "les", "une", "des", "du", "mon", "ma", "mes", "ton", "ta", "tes", "son", "sa"),
        *("der", "die", "das", "den", "dem", "ein", "eine", "einen", "mein", "meine", "dein", "es"),
        *("ihn", "sie", "uns", "euch", "o", "os", "as", "um", "uma", "meu", "minha", "seu", "sua"),
    )
)
"""Words with which people go on in a sentence, and nobody's name begins."""

_SPAN = re.compile(r"(?:(?:for|por|pour|für|durante)\s+)?(\d{1,4})\s*([^\W\d]+)", re.IGNORECASE)
_UNITS = {
    timedelta(minutes=1): ("m", "min", "mins", "minute", "minutes", "minuto", "minutos"),
    timedelta(hours=1): (
        *("h", "hr", "hrs", "hour", "hours", "hora", "horas", "heure", "heures", "std"),
        *("stunde", "stunden", "ساعة", "ساعات", "小时", "小時"),
    ),
    timedelta(days=1): (
        *("d", "day", "days", "dia", "dias", "jour", "jours", "tag", "tage", "tagen"),
        *("يوم", "أيام", "天"),
    ),
    timedelta(weeks=1): (
        *("w", "week", "weeks", "semana", "semanas", "semaine", "semaines", "woche", "wochen"),
        *("أسبوع", "أسابيع", "周", "週"),
    ),
}
_LENGTHS = {folded(name): length for length, names in _UNITS.items() for name in names} | {
    folded("دقيقة"): timedelta(minutes=1),
    folded("دقائق"): timedelta(minutes=1),
    folded("分钟"): timedelta(minutes=1),
    folded("分鐘"): timedelta(minutes=1),
    folded("minuten"): timedelta(minutes=1),
}


def numbers(text: str) -> list[int]:
    """Read a few short numbers, `7` or `7 and 12`, in digits of any script; empty if it is more."""
    found = []
    for word in re.split(r"[\s,;&+#\u3001\uff0c\u548c]+", text.strip(" .!#")):
        said = folded(word)
        if said.isdecimal() and len(said) <= _MOST_DIGITS:
            found.append(int(said))
        elif said not in _AND:
            return []
    return found


def first_number(text: str) -> tuple[int, str] | None:
    """Read the number that a text begins with, and what follows it; `None` if there is none."""
    begun = _NUMBERED.match(text)
    return (int(folded(begun[1])), begun[2].strip()) if begun else None


def is_name(text: str) -> bool:
    """Whether a text can be somebody's pseudonym, and is no part of a sentence."""
    words = plain_name(text).split()
    if not 1 <= len(words) <= _MOST_NAMES or folded(words[0]) in _NO_NAMES:
        return False
    return can_be_name(" ".join(words))


def can_be_name(text: str) -> bool:
    """Whether a text can be somebody's pseudonym at all, even if it reads like a sentence."""
    return pseudonym.problem(plain_name(text)) in {None, pseudonym.NameProblem.RESERVED}


def plain_name(text: str) -> str:
    """A name without the signs people put around it."""
    return " ".join(text.strip().strip(".!,;:\"'“”„«»").split())


def name_and_span(text: str) -> tuple[str, timedelta | None]:
    """Read `robin 2h`: a name, and how long; `None` where nothing is said of that."""
    plain = unicodedata.normalize("NFKC", text).strip().rstrip(".!\u3002")
    words = _NEW_DIGITS.sub(" ", plain).split()
    for count in (3, 2, 1):
        span = read_span(" ".join(words[-count:])) if len(words) > count else None
        if span is not None:
            return plain_name(" ".join(words[:-count])), span
    return plain_name(text), None


def read_span(text: str) -> timedelta | None:
    """Read `2h`, `30 min`, `for 3 days`; `None` if it is anything else, nothing, or too long."""
    found = _SPAN.fullmatch(unicodedata.normalize("NFKC", text).strip())
    length = _LENGTHS.get(folded(found[2])) if found else None
    if found is None or length is None:
        return None
    span = int(found[1]) * length
    return span if timedelta() < span <= _LONGEST_SPAN else None
