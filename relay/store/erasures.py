"""What a provider still keeps of ours, until it has deleted it.

A row is a keyed index of the provider's id, the id sealed, and when to ask next: nothing of it
says whose message it was, or which. As long as no news came of a copy, the token of its attempt is
sealed with the id, so that the provider can be asked how it ended before it forgets.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.secret import Secret
from relay.clock import day, milliseconds
from relay.store.tables import ERASURE
from relay.store.upsert import insert
from relay.vault.vault import Purpose, UnsealError, Vault

TRIED_FOR = timedelta(days=14)
"""How long a provider is asked to delete something."""

_LABEL = "erasure"
_NO_ATTEMPTS: Mapping[Secret, Secret] = MappingProxyType({})
_AT_ONCE = 500
"""Values in one statement; SQLite takes no more than some thousands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """Something to be deleted now."""

    blind: bytes
    reference: Secret | None
    """The provider's id of it; `None` if it cannot be opened any more."""
    tries: int
    """How often it was tried before."""
    attempt: Secret | None = None
    """`Outgoing.status` of the attempt it was the answer to, if no news came of how that ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """How much is not deleted yet."""

    waiting: int
    overdue: int
    """Of these, how many were noted more than a day ago."""
    oldest_day: int | None
    """The day, since 1970, on which the oldest of them was noted."""


class Erasures:
    """Every method takes the connection of its transaction."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    async def add(
        self,
        c: AsyncConnection,
        references: Iterable[tuple[Secret, datetime]],
        now: datetime,
        attempts: Mapping[Secret, Secret] = _NO_ATTEMPTS,
    ) -> None:
        """Note what a provider is to delete, and from when it may be asked.

        What is noted already keeps the earlier time; what was tried already keeps its own.
        `attempts` are, by reference, the attempts whose end is to be asked for first.
        """
        ordered = sorted(references, key=lambda each: each[1], reverse=True)  # the earliest stays
        found = (self._row(*each, now, attempts.get(each[0])) for each in ordered)
        rows = {row["blind"]: row for row in found}
        if not rows:
            return
        new = insert(c, ERASURE)
        sooner = (ERASURE.c.tries == 0) & (new.excluded.due < ERASURE.c.due)
        await c.execute(
            new.on_conflict_do_update(
                index_elements=["blind"],
                set_={"due": new.excluded.due, "sealed": new.excluded.sealed},
                where=sooner,
            ),
            [rows[blind] for blind in sorted(rows)],  # in order: two writers must not cross
        )

    async def known(self, c: AsyncConnection, references: Iterable[Secret]) -> set[Secret]:
        """Which of these are noted."""
        blinds = {self._blind(reference): reference for reference in references}
        found: set[Secret] = set()
        wanted = list(blinds)
        for start in range(0, len(wanted), _AT_ONCE):
            some = wanted[start : start + _AT_ONCE]
            query = sa.select(ERASURE.c.blind).where(ERASURE.c.blind.in_(some))
            found |= {blinds[blind] for blind in (await c.execute(query)).scalars()}
        return found

    async def is_due(self, c: AsyncConnection, now: datetime) -> bool:
        """Whether anything is to be deleted, or asked for, now."""
        query = sa.select(ERASURE.c.blind).where(ERASURE.c.due <= milliseconds(now)).limit(1)
        return (await c.execute(query)).first() is not None

    async def due(
        self, c: AsyncConnection, now: datetime, limit: int, until: datetime
    ) -> list[Owed]:
        """Take what is due, the longest waiting first.

        It counts as tried, and is due again at `until` should nobody say how it ended.
        """
        query = (
            sa.select(ERASURE.c.blind, ERASURE.c.sealed, ERASURE.c.tries)
            .where(ERASURE.c.due <= milliseconds(now))
            .order_by(ERASURE.c.due, ERASURE.c.blind)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        rows = (await c.execute(query)).all()
        if rows:
            await c.execute(
                sa.update(ERASURE)
                .where(ERASURE.c.blind.in_([row.blind for row in rows]))
                .values(due=milliseconds(until), tries=ERASURE.c.tries + 1)
            )
        return [self._owed(row.blind, row.sealed, row.tries) for row in rows]

    async def done(self, c: AsyncConnection, blinds: Sequence[bytes]) -> None:
        """These are gone there, so they are forgotten here."""
        await c.execute(sa.delete(ERASURE).where(ERASURE.c.blind.in_(blinds)))

    async def later(self, c: AsyncConnection, rows: Sequence[Owed], when: datetime) -> None:
        """Ask again for these at a time."""
        blinds = [row.blind for row in rows]
        update = sa.update(ERASURE).where(ERASURE.c.blind.in_(blinds))
        await c.execute(update.values(due=milliseconds(when)))

    async def drop_over(self, c: AsyncConnection, now: datetime) -> int:
        """Give up what was tried for long enough. Returns how many."""
        done = await c.execute(sa.delete(ERASURE).where(ERASURE.c.until_day < day(now)))
        return done.rowcount

    async def backlog(self, c: AsyncConnection, now: datetime) -> Backlog:
        """How much is not deleted yet."""
        until = ERASURE.c.until_day
        old = until < day(now - timedelta(days=1) + TRIED_FOR)
        query = sa.select(
            sa.func.count(), sa.func.sum(sa.case((old, 1), else_=0)), sa.func.min(until)
        ).select_from(ERASURE)
        waiting, overdue, first = (await c.execute(query)).one()
        oldest = None if first is None else first - TRIED_FOR.days
        return Backlog(waiting=waiting, overdue=int(overdue or 0), oldest_day=oldest)

    def _row(
        self, reference: Secret, due: datetime, now: datetime, attempt: Secret | None
    ) -> dict[str, Any]:
        blind, known = self._blind(reference), [reference] + ([attempt] if attempt else [])
        words = " ".join(one.reveal() for one in known)
        return {
            "blind": blind,
            "sealed": self._vault.seal_house(_LABEL, _number(blind), words),
            "due": milliseconds(due),
            "tries": 0,
            "until_day": day(now + TRIED_FOR),
        }

    def _blind(self, reference: Secret) -> bytes:
        return self._vault.index(Purpose.ERASURE, reference.reveal())

    def _owed(self, blind: bytes, sealed: bytes, tries: int) -> Owed:
        try:
            words = self._vault.open_house(_LABEL, _number(blind), sealed)
        except UnsealError:
            return Owed(blind=blind, reference=None, tries=tries)
        reference, _, attempt = words.partition(" ")
        return Owed(
            blind=blind,
            reference=Secret(reference),
            tries=tries,
            attempt=Secret(attempt) if attempt else None,
        )


def _number(blind: bytes) -> int:
    """What a row is sealed to, as it has no other number."""
    return int.from_bytes(blind, "big")
