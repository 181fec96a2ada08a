"""Bringing a database to the form this code expects, and refusing one from the future."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic.command import upgrade
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import AsyncConnection

from relay.errors import RefusalError
from relay.store.database import Database

_SCRIPTS = Path(__file__).parent / "migrations"
_LOCK = 7_262_018_451_001  # any number: the name of our advisory lock in PostgreSQL


def script() -> ScriptDirectory:
    """The chain of migrations shipped with this code."""
    return ScriptDirectory.from_config(_config())


async def migrate(database: Database, to: str = "head") -> None:
    """Bring the schema up to date, once, however many processes start together.

    Raises `RefusalError` for a database newer than this code.
    """
    async with database.writing() as connection:
        if not database.is_sqlite:
            await connection.execute(sa.text("SELECT pg_advisory_xact_lock(:n)"), {"n": _LOCK})
        await connection.run_sync(_upgrade, to)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    return config


def _upgrade(connection: sa.Connection, to: str) -> None:
    chain = script()
    head = chain.get_current_head()
    present = MigrationContext.configure(connection).get_current_revision()
    if present == head:
        return
    if present is not None and present not in {r.revision for r in chain.walk_revisions()}:
        raise RefusalError("The database is newer than this program; install the newer program.")
    config = _config()
    config.attributes["connection"] = connection
    upgrade(config, to)


async def is_current(connection: AsyncConnection) -> bool:
    """Whether the schema is the one this code expects."""

    def look(sync: sa.Connection) -> str | None:
        return MigrationContext.configure(sync).get_current_revision()

    return await connection.run_sync(look) == script().get_current_head()
