"""The ledger: what has happened before, and how often what happens. Never by whom, nor to whom.

What happened is noted as a keyed index, so that a repeat is known and nothing can be read from it;
tallies are counts of a day, for the installation; losses, for one group.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from relay.clock import day
from relay.store.tables import LOSS, SEEN, TALLY
from relay.store.upsert import insert
from relay.vault.vault import Purpose, Vault

SEEN_FOR = timedelta(days=30)
"""How long a repeat of a message is still known as one; longer than any body lives."""

_TALLIES_KEPT = timedelta(days=35)


class Ledger:
    """Notes and counts. Every method takes the connection of its transaction."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    async def is_new(self, c: AsyncConnection, blind: bytes, now: datetime) -> bool:
        """Claim a provider's message id. `False` if it was claimed before: do nothing then."""
        row = {"blind": blind, "until_day": day(now + SEEN_FOR)}
        done = await c.execute(insert(c, SEEN).on_conflict_do_nothing(), row)
        return done.rowcount == 1

    async def once(
        self, c: AsyncConnection, now: datetime, *what: str | int, most: int = 1
    ) -> bool:
        """Whether something happens for the first time, or for the first few, within a month."""
        for number in range(most):
            blind = self._vault.index(Purpose.SEEN, "once", *what, number)
            if await self.is_new(c, blind, now):
                return True
        return False

    async def not_once(self, c: AsyncConnection, *what: str | int) -> None:
        """Forget that something happened: the next time is the first again."""
        blind = self._vault.index(Purpose.SEEN, "once", *what, 0)
        await c.execute(sa.delete(SEEN).where(SEEN.c.blind == blind))

    async def count(self, c: AsyncConnection, words: dict[str, int], now: datetime) -> None:
        """Add to the tallies of the day. In order, so that two couriers cannot block each other."""
        for word, count in sorted(words.items()):
            statement = insert(c, TALLY).values(day=day(now), word=word, count=count)
            await c.execute(
                statement.on_conflict_do_update(
                    index_elements=["day", "word"],
                    set_={"count": TALLY.c.count + statement.excluded.count},
                )
            )

    async def lose(
        self, c: AsyncConnection, group_id: int, why: str, count: int, now: datetime
    ) -> None:
        """Count messages to a group that nobody in it saw: its facilitators can ask for it."""
        row = {"group_id": group_id, "day": day(now), "why": why[:16], "count": count}
        statement = insert(c, LOSS).values(row)
        await c.execute(
            statement.on_conflict_do_update(
                index_elements=["group_id", "day", "why"],
                set_={"count": LOSS.c.count + statement.excluded.count},
            )
        )

    async def losses_to_tell(self, c: AsyncConnection, now: datetime) -> dict[int, int]:
        """How many of days gone by nobody has been told of, by group; once."""
        gone_by = sa.update(LOSS).where(LOSS.c.day < day(now), ~LOSS.c.told).values(told=True)
        counts: Counter[int] = Counter()
        for group_id, count in await c.execute(gone_by.returning(LOSS.c.group_id, LOSS.c.count)):
            counts[group_id] += count
        return counts

    async def losses(self, c: AsyncConnection, group_id: int) -> dict[str, int]:
        """How often what was not passed on to a group, over the days that are kept."""
        query = sa.select(LOSS.c.why, sa.func.sum(LOSS.c.count)).where(LOSS.c.group_id == group_id)
        return {why: int(total) for why, total in await c.execute(query.group_by(LOSS.c.why))}

    async def tallies(self, c: AsyncConnection) -> dict[str, int]:
        """How often what happened, over the days that are kept."""
        query = sa.select(TALLY.c.word, sa.func.sum(TALLY.c.count)).group_by(TALLY.c.word)
        return {word: int(total) for word, total in await c.execute(query)}

    async def forget_old(self, c: AsyncConnection, now: datetime) -> None:
        """Drop message ids and tallies whose time is over."""
        await c.execute(sa.delete(SEEN).where(SEEN.c.until_day < day(now)))
        await c.execute(sa.delete(TALLY).where(TALLY.c.day < day(now - _TALLIES_KEPT)))
        await c.execute(sa.delete(LOSS).where(LOSS.c.day < day(now - _TALLIES_KEPT)))
