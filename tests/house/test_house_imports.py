"""Imports run one way only, and a deliberate wrong turn is caught."""

from __future__ import annotations

import importlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from house_checks import PACKAGES, ROOT, modules

WRONG_TURNS = {
    "channels know neither the engine nor the rules": ("channels/planted.py", "import policies"),
    "policies know neither the engine nor the channels": ("policies/planted.py", "import relay"),
    "policies are pure: no input, output, clock or chance": ("policies/planted.py", "import time"),
    "channels do not know each other": ("channels/sms/planted.py", "import channels.mail"),
    "only relay.wiring knows the ways in and out and the list of rules": (
        "relay/planted.py",
        "import policies.catalogue",
    ),
}
"""For each contract of pyproject.toml a file that breaks it, and that one only."""


def contracts() -> list[str]:
    """Return the names of the contracts in pyproject.toml."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return [contract["name"] for contract in settings["tool"]["importlinter"]["contracts"]]


def lint(folder: Path) -> tuple[int, dict[str, str]]:
    """Run import-linter in a folder; return its exit status and KEPT or BROKEN by contract."""
    command = [
        sys.executable,
        "-c",
        "from importlinter.cli import lint_imports_command as run; run()",
    ]
    wide = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1", "PYTHONPATH": str(folder)}
    done = subprocess.run(
        [*command, "--no-cache"], cwd=folder, env=wide, capture_output=True, text=True, check=False
    )
    verdicts = dict(re.findall(r"^(.+?) (KEPT|BROKEN)", done.stdout, re.MULTILINE))
    assert verdicts, done.stdout + done.stderr
    return done.returncode, verdicts


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the three packages that a test may spoil."""
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package,
            tmp_path / package,
            ignore=shutil.ignore_patterns("__pycache__", "static"),
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_all_contracts_hold() -> None:
    """The engine may import channels and policies; nothing goes back or across."""
    status, verdicts = lint(ROOT)
    assert verdicts == dict.fromkeys(contracts(), "KEPT")
    assert status == 0


def test_every_contract_has_a_wrong_turn() -> None:
    """Whoever adds a contract shows here what it catches."""
    assert set(WRONG_TURNS) == set(contracts())


@pytest.mark.parametrize("contract", WRONG_TURNS)
def test_a_wrong_turn_is_caught(contract: str, copy: Path) -> None:
    """One planted import breaks exactly the contract that forbids it."""
    name, line = WRONG_TURNS[contract]
    (copy / name).write_text(f'"""A wrong turn."""\n\n{line}\n', encoding="utf-8")
    status, verdicts = lint(copy)
    assert status != 0
    assert [name for name, verdict in verdicts.items() if verdict == "BROKEN"] == [contract]


def test_only_wiring_may_turn_there(copy: Path) -> None:
    """The same import is right in relay/wiring.py and wrong in relay/cli."""
    lines = "\n".join(
        f"import {name}" for name in ("channels.sms", "channels.mail", "policies.catalogue")
    )
    (copy / "relay" / "wiring.py").write_text(f'"""Wiring."""\n\n{lines}\n', encoding="utf-8")
    (copy / "relay" / "planted.py").write_text(
        '"""Uses it."""\n\nimport relay.wiring\n', encoding="utf-8"
    )
    assert lint(copy)[0] == 0
    (copy / "relay" / "cli" / "planted.py").write_text(
        '"""Goes around it."""\n\nimport channels.mail\n', encoding="utf-8"
    )
    assert lint(copy)[0] != 0


@pytest.mark.parametrize(
    "name", [name for name in modules() if "migrations" not in name and "__main__" not in name]
)
def test_every_module_can_be_imported(name: str) -> None:
    """Importing a module needs no settings and no server, and every module says what it is for."""
    assert importlib.import_module(name).__doc__
