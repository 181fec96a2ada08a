"""The mail parser under coverage-guided fuzzing: no crash, no slow input, bounded memory."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

FUZZ = Path(__file__).resolve().parents[1] / "fuzz"
SECONDS = int(os.environ.get("RELAY_FUZZ_SECONDS", "600"))
SLOWEST = 2
"""Seconds that one input may take."""
MEMORY = 1024
"""Megabytes."""


@pytest.mark.proof
@pytest.mark.timeout(SECONDS + 300)
def test_mail_fuzz(tmp_path: Path) -> None:
    """As long as it is told to, from the kept corpus on: nothing found, and what it did."""
    if importlib.util.find_spec("atheris") is None:
        pytest.skip("atheris is not installed: `make proof-fuzz` installs it")
    found = tmp_path / "found"
    found.mkdir()
    ended = subprocess.run(
        [
            sys.executable, FUZZ / "fuzz_parse.py", found, FUZZ / "corpus",
            f"-max_total_time={SECONDS}", f"-timeout={SLOWEST}", f"-rss_limit_mb={MEMORY}",
            "-max_len=16384", f"-dict={FUZZ / 'mail.dict'}", "-print_final_stats=1",
            f"-artifact_prefix={tmp_path}/",
        ],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
    )  # fmt: skip
    said = ended.stdout.decode("utf-8", "replace")
    crashes = [path.name for path in tmp_path.iterdir() if path.is_file()]
    stats = dict(re.findall(r"stat::(\w+):\s+(\d+)", said))
    print()
    for name, value in stats.items():
        print(f"mail_fuzz.{name} {value}")
    print(f"mail_fuzz.crashes {len(crashes)}")
    assert ended.returncode == 0, said[-4_000:]
    assert crashes == []
    assert int(stats["number_of_executed_units"]) > SECONDS
