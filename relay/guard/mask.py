"""What the readers see in place of what was found."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from relay.guard.people import Finding, Kind, Person
from relay.wording import phrases

REMOVED = {
    Kind.ADDRESS: phrases.ADDRESS_REMOVED,
    Kind.NUMBER: phrases.NUMBER_REMOVED,
    Kind.NAME: phrases.NAME_REMOVED,
}


def masked(
    text: str,
    findings: Sequence[Finding],
    people: Sequence[Person],
    say: Callable[[str], str] = str,
) -> str:
    """Return the text with each finding replaced: a member's by her pseudonym.

    `findings` are those of `find` for this text: in order, without overlaps. `say` says in the
    readers' language what was there.
    """
    names = {person.id: person.name for person in people}
    pieces: list[str] = []
    done = 0
    for found in findings:
        name = names.get(found.whose) if found.whose is not None else None
        pieces += (
            text[done : found.start],
            name.reveal() if name else f"[{say(REMOVED[found.kind])}]",
        )
        done = found.end
    return "".join([*pieces, text[done:]])
