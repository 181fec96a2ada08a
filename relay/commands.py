"""Words to the relay itself. A command is a whole message, never the beginning of one."""

from __future__ import annotations

import unicodedata
from enum import StrEnum


class Command(StrEnum):
    """What a member can ask of the relay."""

    STOP = "stop"
    START = "start"
    HELP = "help"
    AS_IS = "as_is"
    BLOCK = "block"
    UNBLOCK = "unblock"


_STOP = (
    "stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout", "stopp",
    "alto", "baja", "arret", "parar", "sair", "abmelden", "desabonner",
)  # fmt: skip
"""The words of law and carrier (47 CFR 64.1200(a)(10); Twilio's default opt-out words), and
those of other languages. They win over what else they might mean in a group."""

_START = ("start", "unstop", "subscribe")
"""Twilio lifts its own block on the first two; nobody is back in a group by them."""

_HELP = ("help", "info", "ayuda", "aide", "hilfe", "ajuda")
"""`HELP` and `INFO` belong to the carriers. They may be a cry: facilitators hear of them."""

_WORDS = dict.fromkeys(_STOP, Command.STOP) | dict.fromkeys(_START, Command.START)
_WORDS |= dict.fromkeys(_HELP, Command.HELP)
_WORDS |= {"sendasis": Command.AS_IS}

_ALONE = {"block": Command.BLOCK, "unblock": Command.UNBLOCK}
"""Words to another member's mask: they are about her alone."""


_YES = frozenset(
    ("", "y", "yes", "ok", "okay", "confirm", "confirmed", "si", "oui", "ja", "sim", "da", "tak")
)


_SURELY = frozenset(("yes", "si", "oui", "ja", "sim"))


def is_yes(text: str) -> bool:
    """Whether an answer to a question says yes: in a word, or by an empty mail, or begins so."""
    first = text.strip().split(maxsplit=1)[:1]
    return len(text) <= 60 and (_folded(text) in _YES or _folded("".join(first)) in _SURELY)


def _folded(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return "".join(c for c in decomposed if c.isalnum())


def parse(text: str, *, to_mask: bool = False) -> Command | None:
    """Read a whole message as a command; `None` if it is anything else.

    `to_mask`: it was written to another member alone.

    Folded for case, accents, width, punctuation, spaces and invisible characters, so that
    `Stop.`, `STOP ALL` and `opt-out` are words, and `Stop the line at gate 3` is not.
    """
    if len(text) > 60:
        return None
    word = _folded(text)
    return _ALONE.get(word, _WORDS.get(word)) if to_mask else _WORDS.get(word)
