"""docs/adding-a-channel.md is followed, word for word, and what comes of it is a channel."""

from __future__ import annotations

import asyncio
import hashlib
import importlib
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import channels
from policies import catalogue
from relay.config import Settings
from relay.courier import Courier
from relay.engine import open_engine
from relay.intake import Intake
from relay.sweeper import Sweeper
from relay.vault import master
from tests.conformance.suite import WayOut
from tests.conformance.suite_in import WayIn
from tests.engine.conftest import House
from tests.support.clock import StoppedClock
from tests.support.recorder import Recorder

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "adding-a-channel.md"
PACKAGES = ("relay", "channels", "policies")
SUITE = ("__init__", "bench", "copies", "suite", "suite_in")
POSTBOX_TEST = "tests/conformance/test_conformance_postbox.py"
FENCE = r"```(?:python|toml)\n(.*?)^```$"

ANA, BEA, MAIL = "+15551000001", "+15551000002", "robin@willow.example"

SERVED = """
import asyncio, sys
from pathlib import Path
from relay import log, wiring
from relay.config import load_settings
from relay.engine import open_engine
from relay.store.database import Database
from relay.store.migrate import migrate
from relay.vault import master

ANA, BEA = sys.argv[1:]

async def enrol(engine, name, phone):
    member = {"name": name, "sms": phone, "email": None, "agreed": "2026-11-01"}
    return await engine.registrar.add_member("Tuesday", **member, facilitator=False, wishes={})

async def main():
    log.configure(level="error")
    settings = load_settings()
    settings.data_dir.mkdir()
    master.create(settings.master_key)
    database = Database(settings.database)
    await migrate(database)
    await database.close()
    engine = await open_engine(settings)
    await engine.registrar.add_numbers(["+12025550181", "+12025550182"])
    await engine.registrar.create_group("Tuesday", {})
    ana, _ = [await enrol(engine, *each) for each in (("Ana", ANA), ("Bea", BEA))]
    app = await wiring.start(engine)
    print(sorted(task.get_name() for task in app.tasks))
    for person in (ANA, BEA):
        for side in ("in", "out"):
            (settings.postbox / person / side).mkdir(parents=True)
    letter = settings.postbox / ANA / "out" / "1.letter"
    letter.with_suffix(".new").write_text(ana.write_to.reveal() + "\\nsee you")
    letter.with_suffix(".new").replace(letter)
    async with asyncio.timeout(30):
        while not (got := list((settings.postbox / BEA / "in").glob("*.letter"))):
            await asyncio.sleep(0.01)
    print(got[0].read_text().split("\\n")[1:])
    await app.close()
    await engine.close()

asyncio.run(main())
"""


def follow(copy: Path) -> None:
    """Do to a copy of the code what the page says, all of it."""
    page = PAGE.read_text(encoding="utf-8")
    step = re.compile(
        rf"^(?:New file `([^`]+)`|In `([^`]+)`, in front of `([^`]+)`):\n\n{FENCE}",
        re.MULTILINE | re.DOTALL,
    )
    for new, old, before, block in step.findall(page):
        path = copy / (new or old)
        if new:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block, encoding="utf-8")
            continue
        source = path.read_text(encoding="utf-8")
        assert source.count(before) == 1, before
        apart = "\n\n" if block.startswith(("def ", "async def ", "class ")) else ""
        path.write_text(source.replace(before, block + apart + before), encoding="utf-8")
    assert len(step.findall(page)) == len(re.findall(FENCE, page, re.MULTILINE | re.DOTALL))


def run(copy: Path, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run Python in the copy, where only the copy can be imported."""
    return subprocess.run(
        [sys.executable, *command],
        cwd=copy,
        env={"PYTHONPATH": str(copy), "COLUMNS": "200", "NO_COLOR": "1", **more},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


@dataclass(frozen=True)
class Followed:
    """A copy of the three packages and the suite, in which the page was followed."""

    folder: Path
    before: dict[str, str]
    """As `tree` gives it."""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Followed:
    """The page, followed once."""
    copy = tmp_path_factory.mktemp("followed")
    for package in PACKAGES:
        ignored = shutil.ignore_patterns("__pycache__", "static")
        shutil.copytree(ROOT / package, copy / package, ignore=ignored)
    (copy / "tests" / "conformance").mkdir(parents=True)
    suite = (f"tests/conformance/{name}.py" for name in SUITE)
    for name in ("pyproject.toml", "tests/__init__.py", *suite):
        shutil.copy(ROOT / name, copy / name)
    before = tree(copy)
    follow(copy)
    return Followed(copy, before)


@pytest.fixture
def followed(page: Followed) -> Path:
    """Where it was followed."""
    return page.folder


@pytest.fixture
def postbox(followed: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The package of the page as one of our `channels`, beside the engine as it is."""
    monkeypatch.setattr(channels, "__path__", [*channels.__path__, str(followed / "channels")])
    names = ("channels.postbox", "channels.postbox.send", "channels.postbox.collect")
    yield [importlib.import_module(name) for name in names]
    for name in names:
        del sys.modules[name]
    del channels.postbox  # type: ignore[attr-defined]  # set by the import


def tree(folder: Path) -> dict[str, str]:
    """The files of the packages below a folder, each with a digest of what is in it."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for package in PACKAGES
        for path in (folder / package).rglob("*.py")
    }


def test_only_what_names_channels_is_touched(page: Followed) -> None:
    """No file of the engine or of the rules changes but wiring and settings, and none is added."""
    before, after = page.before, tree(page.folder)
    assert before.keys() <= after.keys()
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"relay/wiring.py", "relay/config.py"}
    added = after.keys() - before.keys()
    assert {name.rpartition("/")[0] for name in added} == {"channels/postbox"}


def test_the_toy_passes_the_suite(followed: Path) -> None:
    """Every check of both halves, in the test file that the page gives; none is left out."""
    done = run(followed, "-m", "pytest", "tests/conformance", "-p", "no:randomly", "-q")
    assert done.returncode == 0, done.stdout + done.stderr
    (passed,) = re.findall(r"^(\d+) passed in", done.stdout, re.MULTILINE)
    checks = [name for half in (WayOut, WayIn) for name in vars(half) if name.startswith("test_")]
    assert int(passed) > len(checks) > 25


def test_the_toy_keeps_the_house_rules(followed: Path) -> None:
    """Its imports run one way, a wrong turn of it is caught, and the linter finds nothing."""
    lint = ("-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache")
    kept = run(followed, *lint)
    assert kept.returncode == 0, kept.stdout
    wrong = followed / "channels" / "postbox" / "wrong.py"
    wrong.write_text('"""A wrong turn."""\n\nimport channels.mail\n', encoding="utf-8")
    try:
        assert "channels do not know each other BROKEN" in run(followed, *lint).stdout
    finally:
        wrong.unlink()
    places = ("channels/postbox", "relay/wiring.py", "relay/config.py", POSTBOX_TEST)
    for check in (("check",), ("format", "--check")):
        done = run(followed, "-m", "ruff", *check, "--no-cache", *places)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
async def house(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[House]:
    """An engine as it is, with a recorder for mail; texts have no channel yet."""
    shutil.copy(sqlite_template, tmp_path / "relay.sqlite")
    settings = Settings(
        data_dir=tmp_path / "data",
        database_url=f"sqlite:///{tmp_path / 'relay.sqlite'}",
        domain="relay.example",
    )
    master.create(settings.master_key)
    clock = StoppedClock()
    engine = await open_engine(settings, clock)
    await engine.registrar.add_numbers(["+12025550181", "+12025550182"])
    intake = Intake(engine, catalogue.POST, lambda: None)
    sweeper = Sweeper(engine, lambda: None, stopwatch=lambda: clock.now().timestamp())
    yield House(engine, clock, intake, sweeper, Recorder("sms"), Recorder("email"))
    await engine.close()


async def deliver(house: House, *sending: Any) -> None:
    """Let a courier for each of these channels work until nothing is due."""
    couriers = [
        Courier(house.engine, each, catalogue.DELIVERY, house.sweeper.wake) for each in sending
    ]
    tasks = [asyncio.create_task(each.run()) for each in couriers]
    while await house.is_busy():
        await asyncio.sleep(0.005)
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_a_member_with_a_postbox_talks_with_a_member_who_mails(
    house: House, postbox: Any, tmp_path: Path
) -> None:
    """The engine as it is takes her letter to a mailbox, and the answer into her folder."""
    _, sending, collecting = postbox
    post = tmp_path / "post"
    for side in ("in", "out"):
        (post / ANA / side).mkdir(parents=True)
    group = await house.group()
    ana = await house.member(group, "Ana", ANA)
    robin = await house.member(group, "Robin", MAIL)
    collector = collecting.Collector(post, house.intake.accept)
    channel = sending.PostboxChannel(post, house.clock.now)

    letter = post / ANA / "out" / "1.letter"
    letter.write_text(f"{ana.write_to.reveal()}\nis anybody there", "utf-8")
    await collector.round()
    assert not letter.exists()
    await deliver(house, channel, house.email)
    (mail,) = house.email.sent
    assert (mail.to.reveal(), mail.author, mail.text.reveal()) == (
        MAIL,
        ana.name,
        "is anybody there",
    )

    await house.say(robin, MAIL, "I am")
    await deliver(house, channel, house.email)
    (got,) = (post / ANA / "in").glob("*.letter")
    assert got.read_text("utf-8") == f"{ana.write_to.reveal()}\nRobin\n\nI am"
    assert await house.stored() == (0, 0)

    (post / ANA / "out" / "2.letter").write_text("+12025550182\nto nobody", "utf-8")
    await collector.round()
    assert list((post / ANA / "out").iterdir()) == []
    assert await house.stored() == (0, 0)
    await channel.close()


def test_the_lines_for_wiring_make_it_serve(followed: Path, tmp_path: Path) -> None:
    """With the setting alone, a relay of the copy carries a letter from one folder to another."""
    data, post = tmp_path / "data", tmp_path / "post"
    done = run(
        *(followed, "-W", "error", "-c", SERVED, ANA, BEA),
        RELAY_DATA_DIR=str(data),
        RELAY_POSTBOX=str(post),
        RELAY_CONFIG=str(tmp_path / "none.toml"),
        RELAY_HTTP_LISTEN="127.0.0.1:0",
    )
    assert done.returncode == 0, done.stderr
    tasks, letter = done.stdout.splitlines()
    assert "'courier-sms'" in tasks
    assert "'postbox'" in tasks
    assert letter == "['Ana', '', 'see you']"


def test_the_page_names_what_is_there() -> None:
    """Every file and dotted name that a newcomer is sent to exists, or is made by the page."""
    page = PAGE.read_text(encoding="utf-8")
    prose = re.sub(r"^```.*?^```$", "", page, flags=re.MULTILINE | re.DOTALL)
    files = set(re.findall(r"`((?:relay|channels|policies|tests|docs)/[\w/.]*)`", prose))
    made = {path for path in files if "postbox" in path}
    assert [path for path in files - made if not (ROOT / path).exists()] == []
    dotted = re.findall(r"`(relay(?:\.\w+)+)`", prose)
    assert dotted
    for name in dotted:
        module, _, noun = name.rpartition(".")
        assert hasattr(importlib.import_module(module), noun), name
    contract = importlib.import_module("channels.contract")
    for noun, member in re.findall(r"`(Channel|Outgoing|Sent|Later)\.(\w+)`", prose):
        owner = getattr(contract, noun)
        assert member in vars(owner) or member in owner.__annotations__, member
