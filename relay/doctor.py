"""`relay doctor`: looks at everything the relay stands on, and says what is wrong, a line each.

Nothing is repaired, created or migrated here. No check can hide another: each runs by itself, and
whatever goes wrong inside one becomes a line of its own. Sentences hold no contact, no token and
no answer of somebody else's server.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import stat
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import sqlalchemy as sa
from alembic.runtime.migration import MigrationContext
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from relay import groupcheck, outside, setup, textcheck
from relay.check import Check, Health, fail, note, ok
from relay.config import Settings, config_path, serving_problems
from relay.errors import RefusalError
from relay.log import describe
from relay.store.database import Database
from relay.store.migrate import script
from relay.store.tables import GROUP, MEMBER
from relay.vault import master
from relay.vault.keyring import KeyRing

__all__ = ["Check", "Health", "examine"]

Look = Callable[[Settings], Awaitable[list[Check]]]

_ENOUGH_DISK = 100 * 1024 * 1024
_OLDEST_POSTGRESQL = 140_000
_SOUND_SQLITE = (3, 51, 3)
_CONNECT_SECONDS = 5.0
_DATABASE_SECONDS = 120.0
"""Reading a whole SQLite file once, to see that it is sound, may take a while."""
_PRIVATE = stat.S_IRWXG | stat.S_IRWXO


async def examine(settings: Settings) -> list[Check]:
    """Look at everything; network and disk at the same time, the lines always in one order."""
    looks: tuple[tuple[str, Look], ...] = (
        ("settings", _settings),
        ("packages", _packages),
        ("master key", _master_key),
        ("files", _files),
        ("disk", _disk),
        ("database", _database),
        ("key rings", _key_rings),
        ("certificate", outside.certificate),
        ("mail records", outside.mail_records),
        ("smarthost", outside.smarthost),
        ("twilio", outside.twilio),
        ("signatures", textcheck.signatures),
        ("numbers", textcheck.numbers),
        ("spool", textcheck.spool),
        ("erasing", textcheck.erasing),
        ("groups", groupcheck.groups),
        ("public URL", outside.public_url),
    )
    found = await asyncio.gather(*(_alone(what, look, settings) for what, look in looks))
    return [check for checks in found for check in checks]


async def _alone(what: str, look: Look, settings: Settings) -> list[Check]:
    try:
        return await look(settings)
    except RefusalError as error:
        return [fail(what, str(error))]
    except TimeoutError:
        return [fail(what, "This took too long to answer.")]
    except Exception as error:  # noqa: BLE001 - one broken check must not hide the others
        return [fail(what, f"This could not be looked at: {describe(error)}.")]


# On this machine ---------------------------------------------------------------------------


async def _settings(settings: Settings) -> list[Check]:
    problems = [fail("settings", sentence) for sentence in serving_problems(settings)]
    if settings.texts != settings.mails:
        off = "Mail is off: it needs RELAY_DOMAIN and RELAY_SMARTHOST."
        if settings.mails:
            off = "Text messaging is off: it needs Twilio's account and token."
        problems.append(note("settings", off))
    return problems or [ok("settings", "Complete, and they fit together.")]


async def _packages(settings: Settings) -> list[Check]:  # noqa: ARG001 - a look's shape
    setup.refuse_foreign_packages()
    return [ok("packages", "Nobody else owns the import name channels.")]


async def _master_key(settings: Settings) -> list[Check]:
    master.load(settings.master_key)
    checks = [ok("master key", "Readable, by its owner only.")]
    if settings.master_key.resolve().is_relative_to(settings.data_dir.resolve()):
        checks.append(
            note(
                "master key",
                "It lies inside the data directory, so a copy of that folder opens everything;"
                " better keep it elsewhere and say where with RELAY_MASTER_KEY_FILE.",
            )
        )
    return checks


async def _files(settings: Settings) -> list[Check]:
    if not settings.data_dir.is_dir():
        raise RefusalError("There is no data directory yet; run `relay init` first.")
    checks = [c for path in _private_files(settings) if (c := _is_private(path)) is not None]
    return checks or [ok("files", "Data and keys can be read by their owner only.")]


def _private_files(settings: Settings) -> Iterator[Path]:
    """What nobody else may read: folders, keys, rings, spool, database, settings file."""
    keys = settings.data_dir / "keys"
    yield settings.data_dir
    if keys.is_dir():
        yield keys
        yield from sorted(keys.iterdir())
    if settings.spool.is_dir():
        yield settings.spool
        yield from sorted(settings.spool.iterdir())
    yield from sorted(settings.data_dir.glob("relay.sqlite*"))
    named = {settings.master_key, config_path(), settings.smtp_tls_key}
    yield from sorted(p for p in named if p and p.parent != keys and p.exists())


def _is_private(path: Path) -> Check | None:
    try:
        found = path.stat()
    except FileNotFoundError:  # a text of the spool, taken in just now
        return None
    if found.st_mode & _PRIVATE:
        mode = "0700" if path.is_dir() else "0600"
        return fail("files", f"{path} can be read by others; set its mode to {mode}.")
    if found.st_uid != os.geteuid():
        sentence = f"{path} belongs to another account than the one that runs this."
        return note("files", sentence) if os.geteuid() == 0 else fail("files", sentence)
    return None


async def _disk(settings: Settings) -> list[Check]:
    folder = settings.data_dir.absolute()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    sentence = f"{free // (1024 * 1024)} MB are free."
    return [ok("disk", sentence) if free > _ENOUGH_DISK else fail("disk", sentence)]


# Database and keys -------------------------------------------------------------------------


async def _database(settings: Settings) -> list[Check]:
    setup.refuse_missing_database(settings)
    database = Database(settings.database)
    try:
        async with asyncio.timeout(_DATABASE_SECONDS if database.is_sqlite else _CONNECT_SECONDS):
            async with database.reading() as c:
                schema = await _schema(c)
                kind = await (_sqlite(c) if database.is_sqlite else _postgresql(c))
    except (SQLAlchemyError, OSError):
        raise RefusalError("The database cannot be opened with this address.") from None
    finally:
        await database.close()
    return [schema, *kind]


async def _schema(c: AsyncConnection) -> Check:
    def look(sync: sa.Connection) -> str | None:
        return MigrationContext.configure(sync).get_current_revision()

    present, chain = await c.run_sync(look), script()
    if present is None:
        return fail("database", "It is empty; run `relay init` first.")
    if present == chain.get_current_head():
        return ok("database", "Opens, and its schema is current.")
    if present in {r.revision for r in chain.walk_revisions()}:
        return note("database", "Its schema is old; the next command brings it up to date.")
    return fail("database", "It is newer than this program; install the newer program.")


async def _sqlite(c: AsyncConnection) -> list[Check]:
    """The pragmas were set and read back when the connection was made (`relay.store.database`)."""
    damage = (await c.exec_driver_sql("PRAGMA quick_check(1)")).scalar_one()
    if damage != "ok":
        return [fail("database", "SQLite finds the file damaged; restore it from a back-up.")]
    checks = [ok("database", "SQLite finds the file sound, and writes durably.")]
    if sqlite3.sqlite_version_info < _SOUND_SQLITE:
        checks.append(
            note(
                "database",
                f"This Python is linked to SQLite {sqlite3.sqlite_version}; 3.51.3 mends a rare"
                " fault, which the relay avoids by having one writer. Run one `relay serve` only,"
                " or use PostgreSQL to split it.",
            )
        )
    return checks


async def _postgresql(c: AsyncConnection) -> list[Check]:
    async def ask(name: str) -> str:
        return str((await c.execute(sa.text(f"SHOW {name}"))).scalar_one())

    checks = []
    if int(await ask("server_version_num")) < _OLDEST_POSTGRESQL:
        checks.append(fail("database", "This PostgreSQL is too old; it must be 14 or newer."))
    for name in ("synchronous_commit", "fsync", "full_page_writes"):
        if await ask(name) == "off":
            sentence = f"PostgreSQL runs with {name} off, so acknowledged messages can be lost."
            checks.append(fail("database", sentence))
    return checks or [ok("database", "PostgreSQL is new enough, and writes durably.")]


async def _key_rings(settings: Settings) -> list[Check]:
    key = master.load(settings.master_key)
    people = await asyncio.to_thread(_open_ring, settings, key, "people")
    for name in ("bodies", "spool"):
        await asyncio.to_thread(_open_ring, settings, key, name)
    checks = [ok("key rings", "They open with this master key.")]
    lost = len(await _owners(settings) - people)
    if lost:
        sentence = f"{lost} groups or members have no key, and nobody can read them any more."
        checks.append(fail("key rings", sentence))
    return checks


def _open_ring(settings: Settings, key: master.MasterKey, name: str) -> set[int]:
    """Unwrap every key of a ring. Returns whose keys there are. Raises `RefusalError`."""
    path = settings.data_dir / "keys" / f"{name}.ring"
    if not path.is_file():
        raise RefusalError("There are no key rings yet; run `relay init` first.")
    ring = KeyRing(path, name, key.derive(f"wrap/{name}"), slots=64)
    try:
        owners = {slot.key_id for slot in ring.slots()}
        for owner in owners:
            ring.get(owner)
    finally:
        ring.close()
    return owners


async def _owners(settings: Settings) -> set[int]:
    """Whose keys must be there; nobody's while there is no database to ask."""
    database = Database(settings.database)
    try:
        setup.refuse_missing_database(settings)
        async with asyncio.timeout(_CONNECT_SECONDS), database.reading() as c:
            groups = await c.execute(sa.select(GROUP.c.id))
            members = await c.execute(sa.select(MEMBER.c.id))
            return {*groups.scalars(), *members.scalars()}
    except (RefusalError, SQLAlchemyError, OSError, TimeoutError):
        return set()  # the check of the database says so
    finally:
        await database.close()
