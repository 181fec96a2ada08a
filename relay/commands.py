"""The words to the relay that `relay.obey` does something about; `relay.words` knows them all."""

from __future__ import annotations

from relay.words import reading
from relay.words.reading import Doubt, doubt, fits_as_code, is_yes, matches
from relay.words.vocabulary import Command

__all__ = ["Command", "Doubt", "doubt", "fits_as_code", "is_yes", "matches", "parse"]

_NOT_OBEYED = frozenset({Command.LEAVE, Command.MORE})
"""Read by `reading.parse`, but nothing is done about them: here they stay ordinary talk."""


def parse(text: str, *, to_mask: bool = False) -> Command | None:
    """Read a whole message as a command somebody obeys, as `reading.parse` does."""
    command = reading.parse(text, to_mask=to_mask)
    return None if command in _NOT_OBEYED else command
