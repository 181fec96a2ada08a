"""Bringing a database to the form this code expects, and refusing one from the future."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from relay.errors import RefusalError
from relay.store.database import Database

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

_SCRIPTS = Path(__file__).parent / "migrations"
_LOCK = 7_262_018_451_001  # any number: the name of our advisory lock in PostgreSQL


def head() -> str:
    """The newest migration shipped with this code: files are named by their number."""
    return max(path.name[:4] for path in (_SCRIPTS / "versions").glob("[0-9]*.py"))


def script() -> ScriptDirectory:
    """The chain of migrations shipped with this code."""
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(_config())


async def migrate(
    database: Database,
    to: str = "head",
    complete: Callable[[AsyncConnection], Awaitable[object]] | None = None,
) -> None:
    """Bring the schema up to date, once, however many processes start together.

    `complete` fills in, in the same transaction, what only who holds the keys can.

    Raises `RefusalError` for a database newer than this code.
    """
    async with database.reading() as connection:
        if to == "head" and await is_current(connection):
            return  # every command comes by here: alembic is slow to import
    async with database.writing() as connection:
        if not database.is_sqlite:
            await connection.execute(sa.text("SELECT pg_advisory_xact_lock(:n)"), {"n": _LOCK})
        await connection.run_sync(_upgrade, to)
        if complete is not None:
            await complete(connection)


async def is_current(connection: AsyncConnection) -> bool:
    """Whether the schema is the one this code expects."""
    return await connection.run_sync(_present) == head()


def _present(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(
        sa.text("SELECT version_num FROM alembic_version")
    ).scalar()
    return found


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    return config


def _upgrade(connection: sa.Connection, to: str) -> None:
    from alembic.command import upgrade

    present = _present(connection)
    if present == head():
        return
    if present is not None and present not in {r.revision for r in script().walk_revisions()}:
        raise RefusalError("The database is newer than this program; install the newer program.")
    config = _config()
    config.attributes["connection"] = connection
    upgrade(config, to)
