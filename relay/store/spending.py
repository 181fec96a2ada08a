"""What texts cost, by day: of a group, of one author's posts, and of the whole programme."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from relay.clock import day
from relay.store.tables import SPENT
from relay.store.upsert import insert
from relay.vault.vault import Purpose, Vault

EVERYBODY = 0
"""The owner whose spending is that of the whole programme."""

CARRIERS = ZoneInfo("America/Los_Angeles")
"""Carriers' daily limits begin anew at midnight there (Twilio, "T-Mobile daily limits")."""

_KEPT = timedelta(days=35)
_PAYING = 7_262_018_451_003  # any number: the name of our advisory lock in PostgreSQL


@dataclass(frozen=True, slots=True)
class Spent:
    """What an owner has spent today, and whether anybody was told that it is much."""

    units: int = 0
    told: bool = False


def carriers_day(now: datetime) -> int:
    """The day, as carriers count days: since 1970."""
    return (now.astimezone(CARRIERS).date() - datetime(1970, 1, 1, tzinfo=CARRIERS).date()).days


def day_of(owner: int, now: datetime) -> int:
    """The day on which an owner spends now: everybody's is the carriers', others' that of UTC."""
    return carriers_day(now) if owner == EVERYBODY else day(now)


def renews(owner: int, now: datetime) -> datetime:
    """When an owner's next day begins."""
    zone = CARRIERS if owner == EVERYBODY else ZoneInfo("UTC")
    tomorrow = now.astimezone(zone).date() + timedelta(days=1)
    return datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=zone).astimezone(now.tzinfo)


class Spending:
    """Reads and adds up. Every method takes the connection of its transaction.

    An owner is stored as a keyed index: who writes how much is nobody's business.
    """

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def stored(self, owner: int) -> int:
        """The index under which an owner stands."""
        if owner == EVERYBODY:
            return EVERYBODY
        return int.from_bytes(self._vault.index(Purpose.SPENT, owner)[:7], "big") | 1

    async def lock(self, c: AsyncConnection) -> None:
        """Let nobody else who pays go on before this transaction ends.

        SQLite's one writer is alone anyway; PostgreSQL needs a named lock.
        """
        if c.dialect.name == "postgresql":
            await c.execute(sa.text("SELECT pg_advisory_xact_lock(:n)"), {"n": _PAYING})

    async def of(
        self, c: AsyncConnection, owners: Iterable[int], now: datetime
    ) -> dict[int, Spent]:
        """What each of these has spent today."""
        who = {self.stored(owner): owner for owner in owners}
        days = {stored: day_of(owner, now) for stored, owner in who.items()}
        query = sa.select(SPENT).where(SPENT.c.owner.in_(days), SPENT.c.day.in_(set(days.values())))
        found = dict.fromkeys(who.values(), Spent())
        for row in await c.execute(query):
            if row.day == days[row.owner]:
                found[who[row.owner]] = Spent(row.units, row.told)
        return found

    async def add(self, c: AsyncConnection, units: Mapping[int, int], now: datetime) -> None:
        """Charge owners, in order, so that two couriers cannot block each other."""
        rows = [(self.stored(owner), day_of(owner, now), n) for owner, n in units.items()]
        for owner, today, count in sorted(rows):
            statement = insert(c, SPENT).values(owner=owner, day=today, units=count)
            await c.execute(
                statement.on_conflict_do_update(
                    index_elements=["owner", "day"],
                    set_={"units": SPENT.c.units + statement.excluded.units},
                )
            )

    async def tell_once(self, c: AsyncConnection, owner: int, now: datetime) -> bool:
        """Note that it is told today that much is spent. `False` if it was told before."""
        mine = sa.and_(
            SPENT.c.owner == self.stored(owner), SPENT.c.day == day_of(owner, now), ~SPENT.c.told
        )
        done = await c.execute(sa.update(SPENT).where(mine).values(told=True))
        return done.rowcount == 1

    async def last_days(self, c: AsyncConnection, now: datetime, days: int) -> dict[int, int]:
        """What the whole programme spent on each of its last days, without today."""
        today = carriers_day(now)
        query = sa.select(SPENT.c.day, SPENT.c.units).where(
            SPENT.c.owner == EVERYBODY, SPENT.c.day >= today - days, SPENT.c.day < today
        )
        return {row.day: int(row.units) for row in await c.execute(query)}

    async def forget_old(self, c: AsyncConnection, now: datetime, groups: set[int]) -> None:
        """Keep the days of groups and of everybody for a month, of an author only her last."""
        of_author = SPENT.c.owner.not_in([EVERYBODY, *map(self.stored, groups)])
        await c.execute(sa.delete(SPENT).where(SPENT.c.day < day(now - _KEPT)))
        await c.execute(sa.delete(SPENT).where(of_author, SPENT.c.day < day(now)))
