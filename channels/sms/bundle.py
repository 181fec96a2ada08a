"""Several posts as one text: a line each, so that nobody writes one in another's name. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from channels.contract import Piece
from channels.sms.words import words_of


def lines(pieces: Sequence[Piece]) -> str:
    """`Robin: words` on the first line, `Sol: words` on the next. White space becomes one blank."""
    return "\n".join(map(_line, pieces))


def _line(piece: Piece) -> str:
    author = piece.author.reveal()
    said = words_of(piece.subject.reveal(), piece.text.reveal(), pseudonym=author)
    return f"{author}: {' '.join(said.split())}"
