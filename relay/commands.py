"""Words to the relay itself. A command is a whole message, never the beginning of one."""

from __future__ import annotations

import unicodedata
from enum import StrEnum


class Command(StrEnum):
    """What a member can ask of the relay."""

    STOP = "stop"
    START = "start"
    HELP = "help"


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


def parse(text: str) -> Command | None:
    """Read a whole message as a command; `None` if it is anything else.

    Folded for case, accents, width, punctuation, spaces and invisible characters, so that
    `Stop.`, `STOP ALL` and `opt-out` are words, and `Stop the line at gate 3` is not.
    """
    if len(text) > 60:
        return None
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return _WORDS.get("".join(c for c in decomposed if c.isalnum()))
