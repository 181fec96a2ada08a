"""What a provider is to delete: noted once, sealed, asked for until it is gone or time is up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from channels.secret import Secret
from relay.clock import day, milliseconds
from relay.store.database import Database
from relay.store.erasures import Backlog, Erasures, Owed
from relay.store.tables import ERASURE
from relay.vault import master
from relay.vault.vault import Vault
from tests.support.canary import search
from tests.support.clock import StoppedClock

LEASE = timedelta(minutes=1)


@dataclass
class Book:
    """The table on one database, with a clock."""

    database: Database
    erasures: Erasures
    clock: StoppedClock

    async def add(self, *names: str, **after: float) -> None:
        """Note references, due after a while."""
        now = self.clock.now()
        due = now + timedelta(**after)
        async with self.database.writing() as c:
            await self.erasures.add(c, [(Secret(name), due) for name in names], now)

    async def due(self, limit: int = 100) -> list[Owed]:
        """Take what is due."""
        now = self.clock.now()
        async with self.database.writing() as c:
            return await self.erasures.due(c, now, limit, now + LEASE)

    async def rows(self) -> list[sa.RowMapping]:
        """What stands in the table."""
        async with self.database.reading() as c:
            return list((await c.execute(sa.select(ERASURE))).mappings())

    async def backlog(self) -> Backlog:
        """How much is not deleted yet."""
        async with self.database.reading() as c:
            return await self.erasures.backlog(c, self.clock.now())


@pytest.fixture
async def book(database_url: str, tmp_path: Path) -> AsyncIterator[Book]:
    """An empty one."""
    master.create(tmp_path / "master.key")
    vault = Vault(tmp_path / "keys", master.load(tmp_path / "master.key"))
    database = Database(database_url)
    yield Book(database, Erasures(vault), StoppedClock())
    await database.close()
    vault.close()


def names(rows: list[Owed]) -> list[str]:
    """The references, opened."""
    return [row.reference.reveal() for row in rows if row.reference]


async def test_an_attempt_is_known_until_news_of_it_comes(book: Book) -> None:
    """Sealed with the reference; gone with news that lets it be deleted earlier, not before."""
    now = book.clock.now()
    late, soon = now + timedelta(hours=1), now + timedelta(minutes=1)
    one, other = Secret("SM1"), Secret("SM2")
    async with book.database.writing() as c:
        tokens = {one: Secret("token-1"), other: Secret("token-2")}
        await book.erasures.add(c, [(one, late), (other, late)], now, tokens)
        await book.erasures.add(c, [(one, soon), (one, late)], now)
    content = {str(n): bytes(row["sealed"]) for n, row in enumerate(await book.rows())}
    assert search({"attempt": "token-2"}, content) == []
    book.clock.forward(hours=1)
    found = {owed.reference: owed.attempt for owed in await book.due()}
    assert found == {one: None, other: Secret("token-2")}


async def test_a_reference_is_noted_once_and_never_in_the_clear(book: Book) -> None:
    """Twice the same is one row with the earlier time; nothing in it shows the reference."""
    await book.add("SM0123456789abcdef", "SM0123456789abcdef", hours=2)
    await book.add("SM0123456789abcdef", hours=1)
    await book.add("SM0123456789abcdef", hours=3)
    (row,) = await book.rows()
    assert row["due"] == milliseconds(book.clock.now() + timedelta(hours=1))
    assert row["until_day"] == day(book.clock.now()) + 14
    content = {"row": bytes(row["blind"]) + bytes(row["sealed"])}
    assert search({"reference": "SM0123456789abcdef"}, content) == []
    assert await book.due() == []
    book.clock.forward(hours=1)
    assert names(await book.due()) == ["SM0123456789abcdef"]


async def test_what_is_due_is_taken_by_one_and_comes_back(book: Book) -> None:
    """In batches, the longest waiting first; taken rows come back if nobody says how it ended."""
    await book.add("third", minutes=2)
    await book.add("first")
    await book.add("second", minutes=1)
    book.clock.forward(minutes=3)
    taken = await book.due(2)
    assert (names(taken), [row.tries for row in taken]) == (["first", "second"], [0, 0])
    assert names(await book.due()) == ["third"]
    assert await book.due() == []
    await book.add("first")  # known, and tried: it keeps its own time
    assert await book.due() == []
    book.clock.forward(minutes=1)
    again = await book.due()
    assert sorted(names(again)) == ["first", "second", "third"]
    assert {row.tries for row in again} == {1}


async def test_two_takers_never_take_the_same(book: Book) -> None:
    """Rows that one transaction is taking are left alone by another at the same time."""
    await book.add(*(f"SM{number}" for number in range(40)))
    batches = await asyncio.gather(*(book.due(10) for _ in range(4)))
    taken = [name for batch in batches for name in names(batch)]
    assert len(taken) == len(set(taken))
    assert len(taken) + len(names(await book.due())) == 40


async def test_how_it_ended(book: Book) -> None:
    """Gone is forgotten; not yet is asked for again at its time; a foreign seal says so."""
    await book.add("gone", "later")
    gone, later = sorted(await book.due(), key=lambda row: str(names([row])))
    async with book.database.writing() as c:
        await book.erasures.done(c, [gone.blind])
        await book.erasures.later(c, [later], book.clock.now() + timedelta(hours=6))
    book.clock.forward(hours=5)
    assert await book.due() == []
    book.clock.forward(hours=1)
    assert names(await book.due()) == ["later"]
    async with book.database.writing() as c:
        await c.execute(sa.update(ERASURE).values(sealed=b"x" * 40, due=0))
    assert [row.reference for row in await book.due()] == [None]


async def test_two_weeks_and_no_longer(book: Book) -> None:
    """The backlog is told with its age; after the fourteenth day the rest is given up."""
    assert await book.backlog() == Backlog(waiting=0, overdue=0, oldest_day=None)
    noted = day(book.clock.now())
    await book.add("old", "older")
    book.clock.forward(days=2)
    await book.add("new")
    assert await book.backlog() == Backlog(waiting=3, overdue=2, oldest_day=noted)
    book.clock.forward(days=12)
    for expected in (0, 2):
        async with book.database.writing() as c:
            assert await book.erasures.drop_over(c, book.clock.now()) == expected
        book.clock.forward(days=1)
    assert (await book.backlog()).waiting == 1
