"""A desk: the command line as an operator has it, on each database."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from channels.contact import SMS
from channels.contract import Inbound, Proof
from channels.secret import Contact, Secret
from relay import setup
from relay.cli.main import run
from relay.config import load_settings
from relay.engine import Engine, open_engine
from relay.store.database import Database
from relay.store.shelf import Kept, Shelf
from relay.store.tables import METADATA

DOMAIN = "relay.example"
NUMBER = "+12025550181"
ROBIN = "+12025550101"
IVY = "m.hale@willow.example"


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """All it printed."""
        return self.out + self.err


@dataclass
class Desk:
    """Runs commands in this process, which is quick, or in one of their own."""

    folder: Path
    database_url: str
    capture: Callable[[], tuple[str, ...]]

    def __call__(self, *arguments: str) -> Ran:
        """Run a command here."""
        self.capture()
        umask = os.umask(0o077)  # the command changes it for good, as a process of its own may
        try:
            status = run(arguments)
        finally:
            os.umask(umask)
        out, err = self.capture()
        return Ran(status, out, err)

    def ask(self, *arguments: str) -> Any:
        """Run a command with --json; it must work and print one JSON value and nothing else."""
        ran = self(*arguments, "--json")
        assert (ran.status, ran.err) == (0, "")
        assert ran.out.count("\n") == 1
        return json.loads(ran.out)

    def command(self, *arguments: str) -> list[str]:
        """The same command for a process of its own."""
        return [sys.executable, "-m", "relay", *arguments]

    def environment(self) -> dict[str, str]:
        """A clean environment with our settings only."""
        keep = {k: v for k, v in os.environ.items() if k.startswith("RELAY_") or k == "PATH"}
        return keep | {"PYTHONPATH": str(Path(__file__).parents[2])}

    def spawn(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command in a process of its own."""
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environment(),
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def dump(self) -> dict[str, object]:
        """All that is stored: every row of every table, every key file, the settings file."""
        kept: dict[str, object] = dict(asyncio.run(self._rows()))
        for path in sorted([*self.folder.glob("data/keys/*"), *self.folder.glob("*.toml")]):
            kept[path.name] = path.read_bytes()
        return kept

    async def _rows(self) -> dict[str, list[str]]:
        database = Database(self.database_url)
        try:
            async with database.reading() as c:
                return {
                    name: sorted(str(row) for row in await c.execute(sa.select(table)))
                    for name, table in METADATA.tables.items()
                }
        finally:
            await database.close()

    def sql(self, statement: str) -> None:
        """Change the database behind the relay's back."""

        async def work() -> None:
            database = Database(self.database_url)
            try:
                async with database.writing() as c:
                    await c.execute(sa.text(statement))
            finally:
                await database.close()

        asyncio.run(work())


def shelve(engine: Engine, at: datetime) -> None:
    """Write down a text of Robin's as the spool does, at a time."""
    inbound = Inbound(
        channel=SMS, provider_id="SM1", sender=Contact(SMS, ROBIN), to=Secret(NUMBER),
        text=Secret("hello"), proof=Proof.PROVEN,
    )  # fmt: skip
    Shelf(engine.vault, engine.settings.spool).put(Kept(inbound=inbound, at=at), at)


@pytest.fixture(scope="session")
def signing_key() -> bytes:
    """One DKIM key for all desks: making one takes long."""
    from channels.mail import dkim

    return dkim.generate_key()


@pytest.fixture
def at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[str], Desk]:
    """Makes a desk in an empty folder on a database, with a mail domain in the environment."""

    def make(database_url: str) -> Desk:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("RELAY_DATABASE_URL", database_url)
        monkeypatch.setenv("RELAY_DOMAIN", DOMAIN)
        monkeypatch.setenv("RELAY_CONFIG", "relay.toml")
        return Desk(tmp_path, database_url, lambda: tuple(capsys.readouterr()))

    return make


@pytest.fixture
def desk(at: Callable[[str], Desk], database_url: str) -> Desk:
    """A desk with nothing on it, on each database."""
    return at(database_url)


@pytest.fixture
def here(at: Callable[[str], Desk], tmp_path: Path) -> Desk:
    """A desk for what has nothing to do with the kind of database."""
    return at(f"sqlite:///{tmp_path / 'relay.sqlite'}")


@pytest.fixture
def staffed(desk: Desk, signing_key: bytes) -> Desk:
    """A desk with one proxy number, a group Tuesday of Robin and Ivy, and an empty group Friday."""
    return staff(desk, signing_key)


@pytest.fixture
def staffed_here(here: Desk, signing_key: bytes) -> Desk:
    """The same where the kind of database does not matter."""
    return staff(here, signing_key)


def staff(desk: Desk, signing_key: bytes) -> Desk:
    """Put number, groups and members there, as the commands would."""
    (desk.folder / "data" / "keys").mkdir(parents=True, mode=0o700)
    (desk.folder / "data").chmod(0o700)
    key = desk.folder / "data" / "keys" / "dkim-relay1.pem"
    key.touch(mode=0o600)
    key.write_bytes(signing_key)

    async def work() -> None:
        settings = load_settings()
        await setup.initialise(settings, desk.folder / "relay.toml")
        engine = await open_engine(settings)
        try:
            registrar = engine.registrar
            await registrar.add_numbers([NUMBER])
            for group in ("Tuesday", "Friday"):
                await registrar.create_group(group, {})
            for name, sms, email in (("Robin", ROBIN, None), ("Ivy", None, IVY)):
                await registrar.add_member(
                    "Tuesday", name=name, sms=sms, email=email, agreed="2026-01-02",
                    facilitator=False, wishes={},
                )  # fmt: skip
        finally:
            await engine.close()

    umask = os.umask(0o077)
    asyncio.run(work())
    os.umask(umask)
    return desk
