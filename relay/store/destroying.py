"""Every row of a group, counted and deleted, whichever table it stands in.

A table belongs to groups if it has a column `group_id`, to members if it has `member_id`; so a new
table of either kind is in it by itself. All others are the programme's (`HOUSE`), and a test wants
each table to be of one kind.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from relay.model import Stage
from relay.store.pool import Numbers
from relay.store.spending import Spending
from relay.store.tables import (
    DELIVERY,
    GROUP,
    MEMBER,
    METADATA,
    PENDING,
    POST,
    ROUTE,
    SPENT,
    TALK,
)

HOUSE = frozenset({"number", "seen", "tally", "erasure", "opted_out"})
"""Tables of which no row belongs to a group: none names one, and their days run out.

But who said stop is not written to by any group, however long it is.
"""


@dataclass(frozen=True, slots=True)
class Owners:
    """A group, and everybody who is or was in it and is still known."""

    group: int
    members: tuple[int, ...]

    @property
    def all(self) -> tuple[int, ...]:
        """Whoever of them may have a key."""
        return (self.group, *self.members)


class Destroying:
    """Counts and deletes. Every method takes the connection of its transaction."""

    def __init__(self, numbers: Numbers, spending: Spending) -> None:
        self._numbers = numbers
        self._spending = spending

    async def owners(self, c: AsyncConnection, group_id: int) -> Owners:
        """Of whom there is something to destroy."""
        query = sa.select(MEMBER.c.id).where(MEMBER.c.group_id == group_id)
        return Owners(group_id, tuple((await c.execute(query)).scalars()))

    async def count(self, c: AsyncConnection, owners: Owners) -> dict[str, int]:
        """How many rows of each table are theirs."""
        found = {}
        for table, which in self._theirs(owners):
            query = sa.select(sa.func.count()).select_from(table).where(which)
            found[table.name] = int((await c.execute(query)).scalar_one())
        return dict(sorted(found.items()))

    async def body_keys(self, c: AsyncConnection, owners: Owners) -> set[int]:
        """The keys that seal what is stored of its messages; they may seal other groups' too."""
        found: set[int | None] = set()
        for table in (POST, PENDING, TALK):
            query = sa.select(table.c.key_id).where(table.c.group_id == owners.group)
            found |= set((await c.execute(query)).scalars())
        return {key_id for key_id in found if key_id is not None}

    async def waits(self, c: AsyncConnection, group_id: int) -> int:
        """How many copies of a group are still to come, without those that rest."""
        query = (
            sa.select(sa.func.count())
            .select_from(DELIVERY)
            .join(POST, POST.c.id == DELIVERY.c.post_id)
            .where(POST.c.group_id == group_id, DELIVERY.c.stage != Stage.RESTING)
        )
        return int((await c.execute(query)).scalar_one())

    async def delete(self, c: AsyncConnection, owners: Owners, now: datetime) -> date:
        """Delete them all; what leads to members rests for the quarantine, leading nowhere.

        Keys (`Vault.forget`, `Vault.shred`) go once this has committed. Returns the last day of
        the quarantine.
        """
        until_day = self._numbers.rests_until(now)
        for table, which in self._theirs(owners):
            if table is ROUTE:
                resting = sa.update(ROUTE).where(which)
                await c.execute(resting.values(member_id=None, until_day=until_day))
            else:
                await c.execute(sa.delete(table).where(which))
        return date(1970, 1, 1) + timedelta(days=until_day)

    def _theirs(self, owners: Owners) -> Iterator[tuple[sa.Table, sa.ColumnElement[bool]]]:
        """Each table with the condition for their rows in it; what refers to others comes first."""
        posts = sa.select(POST.c.id).where(POST.c.group_id == owners.group)
        for table in reversed(METADATA.sorted_tables):
            if table is GROUP:
                yield table, GROUP.c.id == owners.group
            elif table is SPENT:
                yield table, SPENT.c.owner.in_([self._spending.stored(o) for o in owners.all])
            elif table is DELIVERY:
                hers = DELIVERY.c.member_id.in_(owners.members)
                yield table, hers | DELIVERY.c.post_id.in_(posts)
            elif "group_id" in table.c:
                yield table, table.c.group_id == owners.group
            elif "member_id" in table.c:
                yield table, table.c.member_id.in_(owners.members)
