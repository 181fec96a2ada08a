"""The page on adding a word can be followed."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "adding-a-word.md"
RUN = "import followed\nfor name in list(vars(followed)):\n"
RUN += "    if name.startswith('test_'): getattr(followed, name)(); print(name)\n"


def put(path: Path, before: str, text: str) -> None:
    """Put text into a file in front of the only place where `before` stands."""
    source = path.read_text(encoding="utf-8")
    assert source.count(before) == 1, before
    path.write_text(source.replace(before, text + before), encoding="utf-8")


def follow(copy: Path) -> None:
    """Do to a copy of the repository's code what the page says."""
    page = PAGE.read_text(encoding="utf-8")
    name, entry, test = re.findall(r"^```python\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    (neighbours,) = re.findall(r"^```text\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    words = copy / "relay" / "words"
    table = words / "vocabulary.py"
    put(words / "word.py", "    # hours and how posts come\n", name)
    put(table, "\nWORDS = (", "\n" + entry)
    made = re.match(r"(\w+) = Word\(", entry)
    assert made
    source = table.read_text(encoding="utf-8")
    listed = source.replace(
        "    *of_members.WORDS,\n)", f"    *of_members.WORDS,\n    {made[1]},\n)"
    )
    assert listed != source
    table.write_text(listed, encoding="utf-8")
    put(words / "ordinary.py", '"""\n\n_ARABIC', neighbours)
    (copy / "followed.py").write_text(test, encoding="utf-8")


def test_the_page_on_adding_a_word_can_be_followed(tmp_path: Path) -> None:
    """The example, copied literally into the files the page names, passes the page's own test."""
    for package in ("channels", "policies", "relay"):
        shutil.copytree(ROOT / package, tmp_path / package)
    follow(tmp_path)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", RUN],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stderr == ""
    assert done.stdout.split() == ["test_help_lines"]


def test_every_name_the_page_points_to_is_there() -> None:
    """The files and names that a newcomer is sent to exist."""
    page = PAGE.read_text(encoding="utf-8")
    files = re.findall(r"`((?:relay|policies|tests)/[\w/.]+)`", page)
    assert len(files) >= 4
    assert [file for file in files if not (ROOT / file).is_file()] == []
    names = re.findall(r"`(relay(?:\.\w+)+)`", page)
    homes = [ROOT.joinpath(*name.split(".")[:-1]).with_suffix(".py") for name in names]
    gone = [
        name
        for name, home in zip(names, homes, strict=True)
        if not re.search(
            rf"^(?:def|class) {name.split('.')[-1]}\b", home.read_text("utf-8"), re.MULTILINE
        )
    ]
    assert names
    assert gone == []
