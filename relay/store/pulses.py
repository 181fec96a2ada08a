"""Questions that groups are asked, with their counts. Nothing of who answered, or when.

One row a group, rewritten in place with a seal of the same length, whatever was said.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.secret import Secret
from relay.clock import milliseconds, moment
from relay.store.tables import PULSE
from relay.store.upsert import insert
from relay.vault.vault import UnsealError, Vault

CHOICES = 5
"""A question is answered with a number from 1 to this."""

_DIGITS = 9
NOTHING_SAID = (0,) * CHOICES


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a group is asked, or was asked last."""

    group_id: int
    text: Secret
    closes: datetime
    counts: tuple[int, ...] = NOTHING_SAID
    """How many said each number, the lowest first."""
    least: int = 0
    """How many must answer, as those who answer were promised."""
    told: bool = False
    """Whether it is over and its end was told."""

    @property
    def answers(self) -> int:
        """How many answered."""
        return sum(self.counts)

    def with_one_more(self, choice: int) -> Question:
        """The same after somebody said a number."""
        counts = (n + (place == choice) for place, n in enumerate(self.counts, start=1))
        return replace(self, counts=tuple(counts))


class Pulses:
    """Reads and writes questions. Every method takes the connection of its transaction."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    async def find(
        self, c: AsyncConnection, group_id: int, *, lock: bool = False
    ) -> Question | None:
        """The last question of a group; `lock` keeps others from changing it meanwhile."""
        query = sa.select(PULSE).where(PULSE.c.group_id == group_id)
        row = (await c.execute(query.with_for_update() if lock else query)).mappings().first()
        return None if row is None else self._open(row)

    async def save(self, c: AsyncConnection, question: Question) -> None:
        """Write a question in place of the last one of its group."""
        row = {
            "group_id": question.group_id,
            "sealed": self._seal(question),
            "closes": milliseconds(question.closes),
        }
        statement = insert(c, PULSE).values(row)
        await c.execute(
            statement.on_conflict_do_update(
                index_elements=["group_id"],
                set_={"sealed": statement.excluded.sealed, "closes": statement.excluded.closes},
            )
        )

    async def over(self, c: AsyncConnection, now: datetime) -> Sequence[Question]:
        """Questions whose time is over and whose end nobody has been told yet."""
        query = sa.select(PULSE).where(PULSE.c.closes <= milliseconds(now))
        rows = (await c.execute(query.with_for_update(skip_locked=True))).mappings()
        found = (self._open(row) for row in rows)
        return [question for question in found if question is not None and not question.told]

    async def drop_before(self, c: AsyncConnection, when: datetime) -> None:
        """Forget questions that closed before a time."""
        await c.execute(sa.delete(PULSE).where(PULSE.c.closes < milliseconds(when)))

    def _seal(self, question: Question) -> bytes:
        counts = [f"{count:0{_DIGITS}}" for count in question.counts]
        card = {"text": question.text.reveal(), "counts": counts, "told": int(question.told)}
        card["least"] = f"{question.least:0{_DIGITS}}"
        return self._vault.seal(question.group_id, "pulse", json.dumps(card))

    def _open(self, row: Any) -> Question | None:
        """`None` where the key of the group is gone, and the group with it."""
        try:
            card = json.loads(self._vault.open(row["group_id"], "pulse", row["sealed"]))
        except UnsealError:
            return None
        return Question(
            group_id=row["group_id"],
            text=Secret(card["text"]),
            closes=moment(row["closes"]),
            counts=tuple(int(count) for count in card["counts"]),
            least=int(card["least"]),
            told=bool(card["told"]),
        )
