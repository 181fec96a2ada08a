"""The last look: no finished message may show a contact of anybody but its own reader.

Independent of what was found and replaced when the message came in: it looks at what is about to
leave, with nothing but the contacts of the group's members. Its author's own contact may be in it
if she said so herself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncConnection

from relay.circles import Circles
from relay.guard.watch import Watch
from relay.model import Due

_MOST_TEXTS = 256
OURS = (
    r"(?<![\w.+-])(?![a-z0-9+]*[0-9]{{7}})"
    r"(?:(?:(?:bounce|confirm|u)\+)?[a-z2-9]{{12,26}}[@.]{domain}|u/[a-z2-7]{{26}})(?![\w.-])"
)
"""Aliases, masks and tokens of our own, but none with digits enough for a number in a row."""


@dataclass(slots=True)
class Look:
    """A group as it was when the first copy of these posts was taken."""

    watch: Watch
    ours: re.Pattern[str]
    posts: frozenset[int]
    mailboxes: frozenset[int]
    """Who in the group reads by mail."""
    found: dict[int, frozenset[int]] = field(default_factory=dict, repr=False)
    """What was found, by hash of the text, so that no word is kept: readers of a post share it."""

    def allows(self, text: str, reader: int, shown: int | None) -> bool:
        """Whether a text shows no contact but those of these two members."""
        exposed = self.found.get(hash(text))
        if exposed is None:
            exposed = self._look_up(self.ours.sub("", text))
        return exposed <= {reader, shown}

    def _look_up(self, text: str) -> frozenset[int]:
        """As `found`; without our own tokens the heads of one post are the same for all."""
        exposed = self.found.get(hash(text))
        if exposed is None:
            if len(self.found) >= _MOST_TEXTS:
                self.found.clear()
            exposed = self.found[hash(text)] = self.watch.exposed(text)
        return exposed


class Looks:
    """Keeps what is known of the groups at hand, so that a look costs no query."""

    def __init__(self, circles: Circles, domain: str | None) -> None:
        self._circles = circles
        self._ours = re.compile(OURS.format(domain=re.escape(domain or "relay.invalid")))
        self._groups: dict[int, Look] = {}

    async def prepare(self, c: AsyncConnection, rows: Sequence[Due]) -> None:
        """Look up who is in the groups of these copies, anew for every new post."""
        posts: dict[int, set[int]] = {}
        for row in rows:
            posts.setdefault(row.group_id, set()).add(row.post_id)
        fresh: dict[int, Look] = {}
        for group_id, of_group in posts.items():
            look = self._groups.get(group_id)
            if look is None or not of_group <= look.posts:
                circle = await self._circles.of(c, group_id)
                look = Look(circle.watch, self._ours, frozenset(of_group), circle.mailboxes)
            fresh[group_id] = look
        self._groups = fresh

    def forget(self) -> None:
        """Let go of every contact; copies in hand keep their own look."""
        self._groups = {}

    def at(self, row: Due) -> Look:
        """The look for a copy that was prepared."""
        return self._groups[row.group_id]
