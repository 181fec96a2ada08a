"""The settings of the connections, and migrations."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from relay.errors import RefusalError
from relay.store.database import Database
from relay.store.migrate import head, migrate, script
from relay.store.tables import BLOCK, DELIVERY, MEMBER, METADATA, POST, TALLY


async def test_sqlite_keeps_what_it_acknowledges(tmp_path: Path) -> None:
    """Every SQLite connection, reader or writer, has the pragmas that durability rests on."""
    database = Database(f"sqlite:///{tmp_path / 'a.sqlite'}")
    wanted = {
        "journal_mode": "wal",
        "synchronous": 2,
        "secure_delete": 1,
        "foreign_keys": 1,
        "trusted_schema": 0,
    }
    for opened in (database.writing, database.reading):
        async with opened() as c:
            found = {n: (await c.execute(sa.text(f"PRAGMA {n}"))).scalar_one() for n in wanted}
        assert found == wanted
    await database.close()


async def test_no_update_is_lost_between_writers(database_url: str) -> None:
    """Read-then-write by many tasks and two processes' worth of connections loses nothing."""
    one, two = Database(database_url), Database(database_url)
    await migrate(one)
    async with one.writing() as c:
        await c.execute(sa.insert(TALLY), {"day": 1, "word": "x", "count": 0})

    async def add(database: Database) -> None:
        for _ in range(25):
            async with database.writing() as c:
                query = sa.select(TALLY.c.count).with_for_update()
                count = (await c.execute(query)).scalar_one()
                await c.execute(sa.update(TALLY).values(count=count + 1))

    await asyncio.gather(*(add(database) for database in (one, two) for _ in range(4)))
    async with one.reading() as c:
        assert (await c.execute(sa.select(TALLY.c.count))).scalar_one() == 200
    await one.close()
    await two.close()


async def test_reading_leaves_nothing_behind(database_url: str) -> None:
    """What is written through the reading side is thrown away."""
    database = Database(database_url)
    await migrate(database)
    async with database.reading() as c:
        await c.execute(sa.insert(TALLY), {"day": 1, "word": "x", "count": 1})
    async with database.reading() as c:
        assert (await c.execute(sa.select(TALLY))).first() is None
    await database.close()


async def test_migrations_give_the_schema_of_the_code(empty_database_url: str) -> None:
    """After all migrations nothing is left for a new one to do, on either database."""
    database = Database(empty_database_url)
    await migrate(database)

    def differences(connection: sa.Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), METADATA))

    async with database.reading() as c:
        assert await c.run_sync(differences) == []
    await database.close()


def test_migrations_are_named_by_their_number() -> None:
    """The newest file is the head of the chain: that is how it is known without alembic."""
    assert head() == script().get_current_head()


async def test_every_migration_runs_from_the_one_before(empty_database_url: str) -> None:
    """Each step of the chain works on a database that stopped at the step before."""
    for revision in reversed(list(script().walk_revisions())):
        database = Database(empty_database_url)
        await migrate(database, revision.revision)
        await database.close()


async def test_migrating_together_happens_once(empty_database_url: str) -> None:
    """Processes that start at the same moment do not trip over each other."""
    databases = [Database(empty_database_url) for _ in range(3)]
    await asyncio.gather(*(migrate(database) for database in databases))
    for database in databases:
        await database.close()


async def test_a_database_from_the_future_is_refused(empty_database_url: str) -> None:
    """A newer schema is refused in one plain sentence, and not touched."""
    database = Database(empty_database_url)
    await migrate(database)
    async with database.writing() as c:
        await c.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(RefusalError, match="newer"):
        await migrate(database)
    async with database.reading() as c:
        found = await c.execute(sa.text("SELECT version_num FROM alembic_version"))
        assert found.scalar_one() == "9999"
    await database.close()


async def test_whole_numbers_are_wide_enough() -> None:
    """Ids, times and keys have 64 bits: PostgreSQL's plain integer would overflow."""
    narrow = {
        f"{t.name}.{c.name}"
        for t in METADATA.sorted_tables
        for c in t.columns
        if isinstance(c.type, sa.Integer) and not isinstance(c.type, sa.BigInteger)
    }
    small = {"post.unreached", "delivery.attempts", "delivery.unsure", "tally.day"}
    small |= {"seen.until_day", "route.until_day", "strike.day", "loss.day", "spent.day"}
    small |= {"erasure.tries", "erasure.until_day", "member.heard_day", "member.left_day"}
    small |= {"delivery.stage", "delivery.start", "delivery.rest", "delivery.failed"}
    small |= {"delivery.troubled", "invite.tries", "resting_name.until_day"}
    small |= {"pending.short", "happened.day", "planned.short", "alarm.short"}
    assert narrow == small


async def test_what_was_stored_before_texts_in_full_goes_on(empty_database_url: str) -> None:
    """A copy that waited under the schema of 0002 waits on under the newest, from its beginning."""
    database = Database(empty_database_url)
    await migrate(database, "0002")
    old = [
        "INSERT INTO groups VALUES (1, 'open', :blind, :blind)",
        "INSERT INTO member (id, group_id, state, channel, facilitator, contact_blind, name_blind, "
        "contact, card) VALUES (2, 1, 'active', 'sms', false, :blind, :blind, :blind, :blind)",
        "INSERT INTO post (id, group_id, author_id, key_id, body, expires, unreached, private) "
        "VALUES (3, 1, 2, 4, :blind, 99, 0, false)",
        "INSERT INTO delivery (id, post_id, member_id, channel, due, attempts, unsure, claim) "
        "VALUES (5, 3, 2, 'sms', 7, 1, 0, NULL)",
    ]
    async with database.writing() as c:
        for statement in old:
            await c.execute(sa.text(statement), {"blind": b"x" * 16} if ":b" in statement else {})
    await migrate(database)
    async with database.reading() as c:
        row = (await c.execute(sa.select(DELIVERY))).mappings().one()
        heard = (await c.execute(sa.select(MEMBER.c.heard_day))).scalar_one()
    assert (row["due"], row["attempts"], row["stage"], row["start"]) == (7, 1, 0, 0)
    assert (row["rest"], row["failed"], heard) == (None, 0, None)
    await database.close()


async def test_who_ran_a_group_before_there_were_roles_runs_it_still(
    empty_database_url: str,
) -> None:
    """A facilitator under the schema of 0003 is one under the newest, and nobody else is."""
    database = Database(empty_database_url)
    await migrate(database, "0003")
    member = (
        "INSERT INTO member (id, group_id, state, channel, facilitator, contact_blind, name_blind, "
        "contact, card) VALUES ({id}, 1, 'active', 'sms', {runs}, :{one}, :{one}, :one, :one)"
    )
    old = [
        "INSERT INTO groups VALUES (1, 'open', :one, :one)",
        member.format(id=2, runs="true", one="one"),
        member.format(id=3, runs="false", one="two"),
        "INSERT INTO post (id, group_id, author_id, key_id, body, expires, unreached, private) "
        "VALUES (4, 1, 2, 4, :one, 99, 0, false)",
        "INSERT INTO delivery (post_id, member_id, channel, due, attempts, unsure) "
        "VALUES (4, 3, 'sms', 7, 0, 0)",
        "INSERT INTO block (blind, member_id) VALUES (:two, 3)",
    ]
    async with database.writing() as c:
        for statement in old:
            blinds = {"one": b"x" * 16, "two": b"y" * 16}
            used = {name: value for name, value in blinds.items() if f":{name}" in statement}
            await c.execute(sa.text(statement), used)
    await migrate(database)
    async with database.reading() as c:
        roles = {row.id: row.role for row in await c.execute(sa.select(MEMBER.c.id, MEMBER.c.role))}
        copy = (await c.execute(sa.select(DELIVERY))).mappings().one()
        urgent = (await c.execute(sa.select(POST.c.urgent))).scalar_one()
        blocks = (await c.execute(sa.select(BLOCK))).all()
    assert [tuple(row) for row in blocks] == [(b"y" * 16, 1)]
    assert roles == {2: "facilitator", 3: "member"}
    assert (copy["due"], copy["since"], copy["leader"], urgent) == (7, 0, None, False)
    await database.close()
