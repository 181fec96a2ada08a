"""The page for operators is complete: every setting, every log word, every place of the doctor."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from relay.config import Settings
from relay.log import Word
from relay.model import GroupSettings, MemberSettings
from relay.options import OF_GROUP, OF_MEMBER
from tests.cli.test_doctor import PLACES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")


def rows(header: str) -> list[list[str]]:
    """The cells of the table whose header begins so."""
    lines = PAGE.splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith(header)) + 2
    table = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        table.append([cell.strip() for cell in line.strip("|").split(" | ")])
    return table


def test_every_setting_is_explained_with_its_default() -> None:
    """The table of settings has each name once, in order, with the default it has."""
    expected = [
        [f"`RELAY_{name.upper()}`", "—" if field.default is None else f"`{field.default}`"]
        for name, field in Settings.model_fields.items()
    ]
    table = rows("| setting | default |")
    assert [row[:2] for row in table] == expected
    assert all(len(row) == 3 and row[2] for row in table)


@pytest.mark.parametrize(
    ("header", "settings"),
    [("| name | default |", GroupSettings), ("| of a member |", MemberSettings)],
)
def test_every_setting_of_groups_and_members_is_explained(header: str, settings: type) -> None:
    """What `group set` and `member set` take stands on the page, with the default of a group."""
    explained = {name: row for row in rows(header) for name in re.findall("`([a-z_]+)`", row[0])}
    options = OF_GROUP if settings is GroupSettings else OF_MEMBER
    assert {option.name for option in options} <= set(explained)
    if settings is GroupSettings:
        base = {name: getattr(GroupSettings(), name) for name in explained}
        for name in set(base) - {"timezone", "quiet", "language"}:
            shown = f"`{str(base[name]).lower()}`" if base[name] != "" else "none"
            assert explained[name][1] == shown, name


def test_every_word_of_the_log_is_explained() -> None:
    """The table of log words is the closed list, in its order."""
    assert [row[0] for row in rows("| word | means |")] == [f"`{word}`" for word in Word]


def test_every_place_of_the_doctor_is_explained() -> None:
    """For each line that can fail there is advice."""
    assert {row[0].strip("`") for row in rows("| place |")} == PLACES | {"certificate"}


@pytest.mark.parametrize("page", ["README.md", "docs/operating.md"])
def test_every_command_on_the_page_exists(page: str) -> None:
    """No page shows a command that is not there."""
    from relay.cli.main import app
    from tests.cli.test_cli_refusals import commands

    known = set(commands(app))
    text = (ROOT / page).read_text(encoding="utf-8")
    found = re.findall(r"(?:`|^|/)relay ([a-z]+)(?: ([a-z]+))?", text, re.MULTILINE)
    assert len(found) > 8
    for first, second in found:
        assert (first,) in known or (first, second) in known, (first, second)
