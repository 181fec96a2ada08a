"""Power cuts: what was acknowledged is on the disk, readable, at that very instant.

The relay keeps everything on an ext4 file system in a file. The moment a post is acknowledged,
that file is copied: the copy is what a disk holds when the power goes, namely all writes the
kernel submitted and none that only waited in memory. The copy is mounted, its journal is played
back as after a crash, and everything acknowledged so far is looked for and opened with the keys
found there. Killing processes never shows this, because the kernel lives on.

Needs root and loop devices; skipped, visibly, where there are none.
"""

from __future__ import annotations

import os
import secrets
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from relay import wiring
from relay.clock import moment
from relay.config import load_settings
from relay.engine import open_engine
from relay.store.tables import DELIVERY, POST
from relay.vault.vault import SealedBody
from tests.support.clients import Outside
from tests.support.town import Town

CUTS = 30
MEBIBYTES = 48


@dataclass(frozen=True, slots=True)
class Disk:
    """An ext4 file system in a file, mounted."""

    image: Path
    mount: Path

    @contextmanager
    def after_a_power_cut(self, copy: Path) -> Iterator[Path]:
        """What is found there when the power comes back. The copy is made at once."""
        _run("cp", "--sparse=always", str(self.image), str(copy))
        with _mounted(copy, copy.with_suffix(".mount")) as mount:
            yield mount
        copy.unlink()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """An empty disk."""
    if os.geteuid() != 0 or shutil.which("mkfs.ext4") is None:
        pytest.skip("needs root and mkfs.ext4")
    image = tmp_path / "disk"
    with image.open("wb") as file:
        file.truncate(MEBIBYTES * 2**20)
    _run("mkfs.ext4", "-q", "-F", str(image))
    try:
        mounted = _mounted(image, tmp_path / "mount")
        mount = mounted.__enter__()
    except subprocess.CalledProcessError:
        pytest.skip("this machine mounts no loop devices")
    try:
        yield Disk(image, mount)
    finally:
        mounted.__exit__(None, None, None)


@contextmanager
def _mounted(image: Path, at: Path) -> Iterator[Path]:
    at.mkdir(exist_ok=True)
    _run("mount", "-o", "loop", str(image), str(at))
    try:
        yield at
    finally:
        _run("umount", str(at))


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


@pytest.mark.proof
@pytest.mark.timeout(300)
async def test_power_cut(disk: Disk, tmp_path: Path) -> None:
    """A cut right after each of 30 acknowledgements: nothing acknowledged is missing, ever."""
    folder = disk.mount / "town"
    folder.mkdir()
    town = Town(folder, f"sqlite:///{folder / 'relay.sqlite'}")
    await town.open()
    try:
        said, missing = await _cut_after_each_post(town, disk, tmp_path)
    finally:
        await town.close()
    print(f"power_cut.sqlite.cuts {CUTS}")
    print(f"power_cut.sqlite.posts_acknowledged {said}")
    print(f"power_cut.sqlite.posts_missing {missing}")
    assert missing == 0


async def _cut_after_each_post(town: Town, disk: Disk, copies: Path) -> tuple[int, int]:
    """How many posts were acknowledged, and how many of them were missing, over all cuts."""
    await town.group("Tuesday")
    robin = await town.resident("Tuesday", "Robin", "+12025550101")
    ivy = await town.resident("Tuesday", "Ivy", "m.hale@willow.example")
    town.app = await wiring.start(await open_engine(town.settings), {"web", "mail"})
    said: set[str] = set()
    missing = 0
    async with Outside(town) as outside:
        for number in range(CUTS):
            words = f"words {number} {secrets.token_hex(4)}"
            author = (robin, ivy)[number % 2]
            assert await outside.post(author, words, "x")() in (200, 250)
            said.add(words)
            with disk.after_a_power_cut(copies / f"cut{number}") as mount:
                missing += len(said - await _found(town, mount / "town"))
    return len(said), missing


async def _found(town: Town, folder: Path) -> set[str]:
    """The words of all posts on a disk that can be opened and have somebody to go to."""
    settings = load_settings(
        data_dir=folder / "data",
        database_url=f"sqlite:///{folder / 'relay.sqlite'}",
        domain=town.settings.domain,
    )
    engine = await open_engine(settings)
    waiting = sa.exists().where(DELIVERY.c.post_id == POST.c.id)
    async with engine.database.reading() as c:
        rows = (await c.execute(sa.select(POST).where(waiting))).all()
        assert (await c.execute(sa.text("PRAGMA integrity_check"))).scalar_one() == "ok"
    found = {
        engine.vault.open_body(
            row.id, row.group_id, moment(row.expires), SealedBody(row.key_id, row.body)
        ).text.reveal()
        for row in rows
    }
    group, members = await engine.registrar.group("Tuesday")
    assert {member.name.reveal() for member in members} == {"Robin", "Ivy"}
    assert group.name.reveal() == "Tuesday"
    await engine.close()
    return found


@pytest.mark.proof
@pytest.mark.parametrize(("journal", "synchronous"), [("WAL", "NORMAL"), ("DELETE", "FULL")])
def test_power_cut_control(disk: Disk, tmp_path: Path, journal: str, synchronous: str) -> None:
    """The control: settings known to lose the last commit at a cut do lose it here."""
    connection = sqlite3.connect(disk.mount / "control", isolation_level=None)
    connection.execute(f"PRAGMA journal_mode={journal}")
    connection.execute(f"PRAGMA synchronous={synchronous}")
    connection.execute("CREATE TABLE t (n INTEGER)")
    os.sync()
    lost = 0
    for number in range(5):
        connection.execute("INSERT INTO t VALUES (?)", (number,))
        with disk.after_a_power_cut(tmp_path / f"cut{number}") as mount:
            after = sqlite3.connect(mount / "control")
            rows = after.execute("SELECT count(*) FROM t WHERE n = ?", (number,)).fetchone()
            lost += rows[0] == 0
            after.close()
    connection.close()
    print(f"power_cut.control.{journal}+{synchronous}.cuts 5")
    print(f"power_cut.control.{journal}+{synchronous}.commits_lost {lost}")
    assert lost > 0
