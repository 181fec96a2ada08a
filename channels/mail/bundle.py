"""Several posts as one mail: each set in below its writer's name. Pure.

Only a name begins at the margin, so nobody can write a paragraph in another's name.
"""

from __future__ import annotations

from collections.abc import Sequence

from channels.contract import Piece
from channels.mail.headers import safe_header

MOST_PIECES = 100
MOST_LETTERS = 100_000
_SET_IN = "    "


def paragraphs(pieces: Sequence[Piece]) -> str:
    """The text of the mail."""
    return "\n\n".join(map(_paragraph, pieces))


def fits(pieces: Sequence[Piece]) -> bool:
    """Whether these are few and short enough for one mail."""
    letters = sum(len(piece.subject.reveal()) + len(piece.text.reveal()) for piece in pieces)
    return len(pieces) <= MOST_PIECES and letters <= MOST_LETTERS


def _paragraph(piece: Piece) -> str:
    subject = safe_header(piece.subject.reveal()).strip()
    head = f"{piece.author.reveal()}: {subject}".rstrip()
    below = piece.text.reveal().strip().splitlines()
    if piece.footnote:
        below += ["", f"[{piece.footnote.reveal()}]"]
    return "\n".join([head, *(f"{_SET_IN}{line}".rstrip() for line in below)])
