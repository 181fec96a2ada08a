"""The words between members alone, and answers to a question."""

from __future__ import annotations

import re

from policies import pseudonym
from policies.verdict import Reason
from relay.words.arguments import plain_name
from relay.words.folding import folded
from relay.words.word import EVERYWHERE, HERSELF, Command, Form, Owner, Place, Who, Word

_BEFORE, _BEHIND = (
    r"\s(*\u200e\u200f\uff08",
    r"\s.,!)*\u200e\u200f\ufe0f\u20e3\u3002\uff01\uff09\uff0e",
)
_ANSWER = re.compile(rf"[{_BEFORE}]*(\w)[{_BEHIND}]*")
_NUMERALS = {"一": 1, "二": 2, "三": 3, "四": 4, "五": 5}
_LEAST, _MOST = 1, 5
_WORDS_OF_A_NAME = 3
"""More after a word is a sentence; who has so long a name is written to at her mask."""


def read_answer(text: str) -> int | None:
    """Read a whole message as an answer from 1 to 5, in the digits of any script.

    `+1` and `-1` and `1?` say something else between people, and are none.
    """
    found = _ANSWER.fullmatch(text.strip())
    said = "" if found is None else found[1]
    number = _NUMERALS.get(said, int(folded(said)) if folded(said).isdecimal() else 0)
    return number if _LEAST <= number <= _MOST else None


def _is_name(rest: str) -> bool:
    name = pseudonym.tidy(plain_name(rest))
    return len(name.split()) <= _WORDS_OF_A_NAME and pseudonym.problem(name) is None


ASK = Word(
    command=Command.ASK,
    spellings={
        "en": ("ask",),
        "es": ("preguntar", "pedir"),
        "fr": ("demander",),
        "de": ("anfragen",),
        "pt": ("perguntar",),
        "ar": ("على انفراد",),
        "zh": ("私聊",),
    },
    meaning="Asks a member whether you two may write to each other alone.",
    who=HERSELF,
    where=EVERYWHERE,
    owner=Owner.RELAY,
    changes=True,
    form=Form.SHORT,
    fits=_is_name,
    stressed=True,
    names=True,
)

ACCEPT = Word(
    command=Command.ACCEPT,
    spellings={
        "en": ("accept",),
        "es": ("aceptar",),
        "fr": ("autoriser", "autorise"),
        "de": ("annehmen",),
        "pt": ("aceitar",),
        "ar": ("قبول",),
        "zh": ("接受",),
    },
    meaning="Lets the member who asked you write to you alone.",
    who=HERSELF,
    where=EVERYWHERE,
    owner=Owner.RELAY,
    changes=True,
    form=Form.SHORT,
    fits=_is_name,
    stressed=True,
    names=True,
)

DENY = Word(
    command=Command.DENY,
    spellings={
        "en": ("deny",),
        "es": ("negar", "niego"),
        "fr": ("interdire",),
        "de": ("abweisen",),
        "pt": ("negar", "nego"),
        "ar": ("منع",),
        "zh": ("谢绝", "謝絕"),
    },
    meaning="Keeps a member from asking to write to you alone.",
    who=HERSELF,
    where=EVERYWHERE,
    owner=Owner.RELAY,
    changes=True,
    form=Form.SHORT,
    fits=_is_name,
    stressed=True,
    names=True,
    despite=frozenset({Reason.GROUP_FROZEN, Reason.SHOWN_TO_OTHERS}),
)

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
    where=frozenset({Place.GROUP}),
    owner=Owner.RELAY,
    changes=True,
    form=Form.WORDS,
)

WORDS: tuple[Word, ...] = (ASK, ACCEPT, DENY, PULSE)
