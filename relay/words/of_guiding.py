"""The words of who runs a group."""

from __future__ import annotations

import re

from relay.words.folding import folded
from relay.words.word import Command, Form, Owner, Place, Who, Word

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_LIKE_A_DAY = re.compile(r"[\d ./-]*\d[./-][\d ./-]*\d[\d ./-]*")


def _is_day(rest: str) -> bool:
    return _DAY.fullmatch(folded_day(rest)) is not None


def _is_like_a_day(rest: str) -> bool:
    return _LIKE_A_DAY.fullmatch(folded_day(rest)) is not None


def folded_day(rest: str) -> str:
    """What follows, with the digits of any script as ours, and without a full stop."""
    return "".join(folded(c) if c.isdecimal() else c for c in rest.strip().rstrip(".!\u3002"))


_EXTEND = Word(
    command=Command.EXTEND,
    spellings={
        "en": ("extend",),
        "es": ("prolongar",),
        "fr": ("prolonger",),
        "de": ("verlängern",),
        "pt": ("prolongar",),
        "ar": ("تمديد",),
        "zh": ("延长", "延長"),
    },
    meaning="Moves the last day of the group: EXTEND 2027-01-31.",
    who=frozenset({Who.FACILITATOR}),
    where=frozenset({Place.GROUP}),
    owner=Owner.RELAY,
    changes=True,
    form=Form.SHORT,
    fits=_is_day,
    near=_is_like_a_day,
)

WORDS: tuple[Word, ...] = (_EXTEND,)
