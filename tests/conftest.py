"""Fixtures that every part of the tests shares: settings, both databases, a clock that waits."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from relay import log
from tests.support.postgres import Postgres, start_postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One PostgreSQL 18 for the whole run."""
    with tempfile.TemporaryDirectory(prefix="relay-pg-") as folder:
        Path(folder).chmod(0o755)  # the server runs under an account of its own
        with start_postgres(Path(folder)) as server:
            yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database: the test runs once on each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'relay.sqlite'}"
        return
    server: Postgres = request.getfixturevalue("postgres")
    name = f"t{secrets.token_hex(6)}"
    server.create(name)
    yield server.url(name)
    server.drop(name)


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
