"""The ground to measure on: a real engine on either database, filled quickly and truthfully.

Members get sealed contacts and cards under keys of their own, as the registrar would give them;
only the writing of keys and rows is done in bulk. Their routes and indexes lead nowhere, which
delivery never looks at.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # it ships no types
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.secret import Secret
from policies.facts import GroupState, MemberState, Role
from relay import log
from relay.clock import Clock, milliseconds
from relay.config import Settings, load_settings
from relay.engine import Engine, open_engine
from relay.model import Body, GroupSettings, MemberSettings, new_id, settings_to_card
from relay.store.outbox import Stored
from relay.store.tables import DELIVERY, GROUP, MEMBER
from relay.vault import master
from relay.vault.keyring import KeyRing
from relay.vault.vault import Vault
from tests.support.clock import StoppedClock
from tests.support.postgres import Postgres, start_postgres

LIFE = timedelta(hours=36)
BODY = Body(
    author=Secret("Robin"),
    mask=Secret("k3v9x2m4q7wd@relay.example"),
    subject=Secret(""),
    text=Secret("Thank you for last night. I slept, and I will be there on Tuesday. " * 4),
)
_CHUNK = 5_000
_SLOT = 128


NO_LIMITS = GroupSettings(jitter=0)
"""One may write as much as a benchmark does."""


@dataclass(frozen=True, slots=True)
class Site:
    """Where a run may put its files, and a PostgreSQL server that runs as long as it does."""

    folder: Path
    postgres: Postgres

    def places(self) -> list[tuple[str, Path, str]]:
        """A new empty database of each kind: its kind, a data folder, its address."""
        mark = secrets.token_hex(4)
        self.postgres.create(f"b{mark}")
        folders = [self.folder / f"{kind}-{mark}" for kind in ("sqlite", "postgresql")]
        for folder in folders:
            folder.mkdir()
        return [
            ("sqlite", folders[0], f"sqlite:///{folders[0] / 'relay.sqlite'}"),
            ("postgresql", folders[1], self.postgres.url(f"b{mark}")),
        ]


@contextmanager
def open_site() -> Iterator[Site]:
    """Make a site, and leave nothing behind."""
    log.configure(level="error")  # as few lines as possible: they are not what is measured
    with TemporaryDirectory(prefix="relay-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # the PostgreSQL server runs under an account of its own
        (folder / "server").mkdir(mode=0o755)
        with start_postgres(folder / "server") as postgres:
            yield Site(folder, postgres)


@dataclass(frozen=True, slots=True)
class Crowd:
    """A group and its members, by id."""

    group_id: int
    members: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Ground:
    """An open engine whose groups are full."""

    engine: Engine
    clock: Clock
    crowds: tuple[Crowd, ...]

    @property
    def is_sqlite(self) -> bool:
        """Which of the two databases it is."""
        return self.engine.database.is_sqlite

    @asynccontextmanager
    async def driver(self) -> AsyncIterator[Any]:
        """A connection of the driver itself, set up as ours: aiosqlite's or asyncpg's.

        On SQLite it is our one writer's, to be used only while we write nothing: the file must
        not have a second.
        """
        if self.is_sqlite:
            async with self.engine.database.writing() as c:
                own = (await c.get_raw_connection()).driver_connection
            yield own
            return
        connection = await asyncpg.connect(self.engine.settings.database)
        try:
            yield connection
        finally:
            await connection.close()

    async def add_posts(self, crowd: Crowd, count: int) -> list[Stored]:
        """Store sealed posts, without deliveries, by somebody who reads none of them."""
        now = self.clock.now()
        async with self.engine.database.writing() as c:
            return [
                await self.engine.outbox.add_post(
                    c,
                    group_id=crowd.group_id,
                    author_id=new_id(),
                    body=BODY,
                    expires=now + LIFE,
                    now=now,
                )
                for _ in range(count)
            ]

    async def fill(self, crowd: Crowd, posts: int, due: datetime) -> None:
        """Store posts with a delivery for each member, due at a time."""
        for post in await self.add_posts(crowd, posts):
            async with self.engine.database.writing() as c:
                await self.engine.outbox.fan_out(c, post, due)

    async def waiting(self) -> int:
        """How many deliveries are stored."""
        async with self.engine.database.reading() as c:
            query = sa.select(sa.func.count()).select_from(DELIVERY)
            return int((await c.execute(query)).scalar_one())


def settings_for(
    folder: Path, url: str, more: Mapping[str, object] = MappingProxyType({})
) -> Settings:
    """The settings of a ground; its keys are its own, whatever the environment says."""
    ours: dict[str, object] = {
        "data_dir": folder,
        "database_url": url,
        "master_key_file": folder / "keys" / "master.key",
        "domain": "relay.example",
    }
    return load_settings(**(ours | dict(more)))


@asynccontextmanager
async def open_ground(
    folder: Path,
    url: str,
    sizes: Sequence[int],
    *,
    channel: str = "sms",
    group: GroupSettings | None = None,
    clock: Clock | None = None,
    more: Mapping[str, object] | None = None,
) -> AsyncIterator[Ground]:
    """An engine with one group of each size, all members active on one channel.

    Its clock stands still unless another is given; `more` are further settings.
    """
    clock = clock or StoppedClock()
    settings = settings_for(folder, url, more or {})
    master.create(settings.master_key)
    crowds = tuple(Crowd(new_id(), tuple(new_id() for _ in range(size))) for size in sizes)
    owners = [owner for crowd in crowds for owner in (crowd.group_id, *crowd.members)]
    write_keys(settings, owners, clock.now())
    engine = await open_engine(settings, clock)
    try:
        async with engine.database.writing() as c:
            await _enrol(c, engine.vault, crowds, channel, group or NO_LIMITS)
        yield Ground(engine, clock, crowds)
    finally:
        await engine.close()


@asynccontextmanager
async def reopen(ground: Ground) -> AsyncIterator[Ground]:
    """A second engine on the same database and keys, as another process would have."""
    engine = await open_engine(ground.engine.settings, ground.clock)
    try:
        yield replace(ground, engine=engine)
    finally:
        await engine.close()


def write_keys(settings: Settings, owners: Sequence[int], now: datetime) -> None:
    """Write the keys of many owners behind those the ring has, with one sync for all of them.

    The ring itself syncs each, as it must where a member is told that she is in.
    """
    path = settings.data_dir / "keys" / "people.ring"
    wrapping = master.load(settings.master_key).derive("wrap/people")
    ring = KeyRing(path, "people", wrapping, slots=64)
    first, born = path.stat().st_size // _SLOT, milliseconds(now)
    slots = (
        ring._pack(first + n, owner, born, secrets.token_bytes(32))  # noqa: SLF001 - its format
        for n, owner in enumerate(owners)
    )
    with path.open("ab") as file:
        file.writelines(slots)
        file.flush()
        os.fsync(file.fileno())
    ring.close()


async def _enrol(
    c: AsyncConnection,
    vault: Vault,
    crowds: Sequence[Crowd],
    channel: str,
    settings: GroupSettings,
) -> None:
    groups = [_group_row(vault, crowd.group_id, settings) for crowd in crowds]
    await c.execute(sa.insert(GROUP), groups)
    rows: list[dict[str, Any]] = []
    for crowd in crowds:
        for member_id in crowd.members:
            rows.append(_member_row(vault, crowd.group_id, member_id, len(rows), channel))
    for start in range(0, len(rows), _CHUNK):
        await c.execute(sa.insert(MEMBER), rows[start : start + _CHUNK])


def _group_row(vault: Vault, group_id: int, settings: GroupSettings) -> dict[str, Any]:
    card = json.dumps({"name": f"Group {group_id}", **settings_to_card(settings)})
    return {
        "id": group_id,
        "state": GroupState.OPEN,
        "name_blind": secrets.token_bytes(16),
        "card": vault.seal(group_id, "group", card),
    }


def _member_row(
    vault: Vault, group_id: int, member_id: int, number: int, channel: str
) -> dict[str, Any]:
    card = {
        "name": f"Wren {number}",
        "alias": secrets.token_hex(8),
        "number": "+12025550181",
        "mask": secrets.token_hex(6),
        "agreed": "2026-11-01",
        **settings_to_card(MemberSettings()),
    }
    contact = f"+1202{number:07d}" if channel == "sms" else f"m{number}@d{number % 20}.example"
    return {
        "id": member_id,
        "group_id": group_id,
        "state": MemberState.ACTIVE,
        "channel": channel,
        "role": Role.MEMBER,
        "contact_blind": secrets.token_bytes(16),
        "name_blind": secrets.token_bytes(16),
        "contact": vault.seal(member_id, "contact", contact),
        "card": vault.seal(member_id, "member", json.dumps(card)),
    }
