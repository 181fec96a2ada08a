"""Connections: the settings without which an acknowledged message could be lost or torn.

SQLite: one writer connection, every writing transaction `BEGIN IMMEDIATE`. The driver's default
lets a read-then-write lose updates in silence, and its default journal loses the last
acknowledged commit at a power cut. The pragmas are set and read back on every connection,
because several of them last only as long as the connection.
"""

from __future__ import annotations

import asyncio
import secrets
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from relay.errors import RefusalError

T = TypeVar("T")

_TRIES = 6
_PATIENCE, _PATIENCE_STEP = 300, 0.05
_PASSING = {"40001", "40P01", "23503", "23505"}
"""Serialisation failure, deadlock, a row that went or came meanwhile (PostgreSQL appendix A)."""

_PRAGMAS: dict[str, tuple[str, object]] = {
    "busy_timeout": ("15000", 15_000),
    "journal_mode": ("WAL", "wal"),
    "synchronous": ("FULL", 2),
    "secure_delete": ("ON", 1),
    "foreign_keys": ("ON", 1),
    "trusted_schema": ("OFF", 0),
    "temp_store": ("MEMORY", 2),
}


class FileGoneError(Exception):
    """The file of the database is not where it was. Carries no path."""


_SERVER = {
    "synchronous_commit": "on",  # acknowledging before it has written would make us lie
    "enable_seqscan": "off",
    "enable_sort": "off",
    "jit": "off",
}
"""PostgreSQL goes by our indexes, whatever it believes about the size of a table.

A connection keeps the plans of its statements, also those made while the queue was empty; with
them each claim of a morning's deliveries would read the whole table once for every row of it.
"""


class Database:
    """One database, two ways in: `writing` (a transaction) and `reading` (a snapshot)."""

    def __init__(self, url: str) -> None:
        """Prepare to connect. Raises `RefusalError` for an address that is none."""
        parsed = _parse(url)
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        in_a_file = self.is_sqlite and parsed.database not in (None, "", ":memory:")
        self._path = Path(str(parsed.database)) if in_a_file else None
        self._file: tuple[int, int] | None = None
        if self.is_sqlite:
            self._writer = _sqlite_engine(parsed, begin="BEGIN IMMEDIATE", size=1, checkpoint=1000)
            self._reader = _sqlite_engine(parsed, begin="BEGIN", size=4, checkpoint=0)
        else:
            self._writer = create_async_engine(
                parsed,
                hide_parameters=True,
                pool_size=8,
                max_overflow=4,
                pool_pre_ping=True,
                connect_args={"server_settings": _SERVER},
            )
            self._reader = self._writer.execution_options(isolation_level="REPEATABLE READ")

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that has committed, durably, when the block ends without an error.

        Raises `FileGoneError` where the file of SQLite was moved, replaced or deleted: what is
        written to a file without a name is lost with this process.
        """
        self.check_file()
        async with self._writer.begin() as connection:
            yield connection

    async def transact(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """Do `work` in a transaction, again from the start if another one got in its way.

        On PostgreSQL two transactions can deadlock, or one can take away what the other has just
        seen. Nothing of a failed try remains, so trying again is safe.
        """
        for _ in range(_TRIES - 1):
            try:
                async with self.writing() as connection:
                    return await work(connection)
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) not in _PASSING:
                    raise
            await asyncio.sleep(secrets.randbelow(50) / 1000)
        async with self.writing() as connection:
            return await work(connection)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A consistent view. What is written here is thrown away."""
        async with self._reader.connect() as connection, connection.begin() as view:
            yield connection
            await view.rollback()

    def check_file(self) -> None:
        """Raise `FileGoneError` unless the file of SQLite is still the one that is open."""
        if self._path is None:
            return
        try:
            state = self._path.stat()
        except FileNotFoundError:
            if self._file is None:
                return  # not made yet
            raise FileGoneError from None
        self._file = self._file or (state.st_dev, state.st_ino)
        if self._file != (state.st_dev, state.st_ino):
            raise FileGoneError

    async def close(self) -> None:
        """Close every connection."""
        await self._reader.dispose()
        await self._writer.dispose()


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise RefusalError("RELAY_DATABASE_URL is not a database address.") from None
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        return parsed.set(drivername="sqlite+aiosqlite")
    if backend in {"postgresql", "postgres"}:
        return parsed.set(drivername="postgresql+asyncpg")
    raise RefusalError("RELAY_DATABASE_URL must begin with sqlite: or postgresql:.")


def _set_patiently(connection: Any, cursor: Any, statement: str) -> None:
    """Run a PRAGMA; again while processes that start together make the same new file.

    SQLite's own waiting does not cover the change to WAL: it gives up at once, because waiting
    there could deadlock (https://www.sqlite.org/c3ref/busy_handler.html).
    """
    for _ in range(_PATIENCE):
        try:
            cursor.execute(statement)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            connection.run_async(lambda _: asyncio.sleep(_PATIENCE_STEP))
        else:
            return
    cursor.execute(statement)


def _sqlite_engine(url: URL, *, begin: str, size: int, checkpoint: int) -> AsyncEngine:
    engine = create_async_engine(
        url,
        hide_parameters=True,
        poolclass=AsyncAdaptedQueuePool,
        pool_size=size,
        max_overflow=0,
        pool_timeout=60,
    )

    @sa.event.listens_for(engine.sync_engine, "connect")
    def set_up(connection: Any, record: object) -> None:  # noqa: ARG001 - the event's signature
        connection.isolation_level = None  # the driver must not begin transactions by itself
        cursor = connection.cursor()
        for name, (wanted, shown) in _PRAGMAS.items():
            _set_patiently(connection, cursor, f"PRAGMA {name}={wanted}")
            cursor.execute(f"PRAGMA {name}")
            (found,) = cursor.fetchone()
            if found != shown:
                msg = f"This SQLite does not keep {name}={wanted}."
                raise RefusalError(msg)
        # Only the writer checkpoints: SQLite before 3.51.3 can corrupt a database when one
        # connection writes while another checkpoints.
        cursor.execute(f"PRAGMA wal_autocheckpoint={checkpoint}")
        cursor.close()

    @sa.event.listens_for(engine.sync_engine, "begin")
    def start(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine
