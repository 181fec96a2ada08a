"""The words between members alone, and answers to a question."""

from __future__ import annotations

import re

from relay.words.folding import folded
from relay.words.word import EVERYWHERE, Command, Form, Owner, Who, Word

_BEFORE, _BEHIND = (
    r"\s(*\u200e\u200f\uff08",
    r"\s.,!)*\u200e\u200f\ufe0f\u20e3\u3002\uff01\uff09\uff0e",
)
_ANSWER = re.compile(rf"[{_BEFORE}]*(\w)[{_BEHIND}]*")
_NUMERALS = {"一": 1, "二": 2, "三": 3, "四": 4, "五": 5}
_LEAST, _MOST = 1, 5


def read_answer(text: str) -> int | None:
    """Read a whole message as an answer from 1 to 5, in the digits of any script.

    `+1` and `-1` and `1?` say something else between people, and are none.
    """
    found = _ANSWER.fullmatch(text.strip())
    said = "" if found is None else found[1]
    number = _NUMERALS.get(said, int(folded(said)) if folded(said).isdecimal() else 0)
    return number if _LEAST <= number <= _MOST else None


PULSE = Word(
    command=Command.PULSE,
    spellings={
        "en": ("pulse",),
        "es": ("pulso",),
        "fr": ("sondage",),
        "de": ("umfrage",),
        "pt": ("enquete",),
        "ar": ("استطلاع",),
        "zh": ("调查", "調查"),
    },
    meaning="Asks the group a question that each member answers with a number from one to five.",
    who=frozenset({Who.FACILITATOR}),
    where=EVERYWHERE,
    owner=Owner.RELAY,
    changes=True,
    form=Form.WORDS,
)

WORDS: tuple[Word, ...] = (PULSE,)
