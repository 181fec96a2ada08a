"""Fixtures that every part of the tests shares: settings, both databases, a clock that waits."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from relay import log
from relay.store.database import Database
from relay.store.migrate import migrate
from tests.support.postgres import Postgres, start_postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One PostgreSQL 18 for the whole run."""
    with tempfile.TemporaryDirectory(prefix="relay-pg-") as folder:
        Path(folder).chmod(0o755)  # the server runs under an account of its own
        with start_postgres(Path(folder), durable=False) as server:
            yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without any table: the test runs once on each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.sqlite'}"
        return
    yield from _database(request.getfixturevalue("postgres"), template="template1")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the schema of the code."""
    path = tmp_path_factory.mktemp("template") / "relay.sqlite"
    asyncio.run(_migrate(f"sqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres: Postgres) -> str:
    """A PostgreSQL database with the schema of the code."""
    postgres.create("ready")
    asyncio.run(_migrate(postgres.url("ready")))
    return "ready"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database with the schema and no row: once on each kind."""
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        shutil.copy(template, tmp_path / "relay.sqlite")
        yield f"sqlite:///{tmp_path / 'relay.sqlite'}"
        return
    name: str = request.getfixturevalue("postgres_template")
    yield from _database(request.getfixturevalue("postgres"), template=name)


def _database(server: Postgres, *, template: str) -> Iterator[str]:
    name = f"t{secrets.token_hex(6)}"
    server.create(name, template=template)
    yield server.url(name)
    server.drop(name)


async def _migrate(url: str) -> None:
    database = Database(url)
    await migrate(database)
    await database.close()


@pytest.fixture(autouse=True, scope="session")
def quiet_log() -> None:
    """The log goes where it goes in production, and says only what is wrong."""
    log.configure(level="error")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the machine reaches a test."""
    for name in [n for n in os.environ if n.startswith("RELAY_") and n != "RELAY_CORPUS"]:
        if name != "RELAY_DEMO_SCREENSHOT":
            monkeypatch.delenv(name)
    monkeypatch.setenv("RELAY_CONFIG", str(tmp_path / "relay.toml"))
