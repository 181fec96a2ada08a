"""Reading what facilitators are told of a cry for help."""

from __future__ import annotations

import re
from collections.abc import Iterable

_TAKE = re.compile(r"TAKE (\d+)")


def unnumbered(texts: Iterable[str]) -> list[str]:
    """Texts with nothing in place of the number of a call, which is drawn by chance."""
    return [_TAKE.sub("TAKE ", text) for text in texts]


def number_of(text: str) -> str:
    """The number of the call that a text is about."""
    found = _TAKE.search(text)
    assert found
    return found[1]
