"""Pages tell the truth: the names they mention exist, and their links lead somewhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from house_checks import ROOT, broken_links, files, known_names, modules, unresolved

SOURCES = {
    "relay.intake": (
        "from relay.vault import Vault\n"
        "LIMIT = 3\n"
        "async def accept(): ...\n"
        "class Post:\n"
        "    expires: int\n"
        "    def __init__(self): self.life = 1\n"
        "    def end(self): ...\n"
    )
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("`relay.intake.accept` and `intake.accept()` and `accept()`", []),
        ("`relay.intake.refuse`", ["relay.intake.refuse"]),
        ("`intake.refuse()`", ["intake.refuse()"]),
        ("`refuse()`", ["refuse()"]),
        ("`Post.expires`, `Post.end()`, `Post.life`, `relay.intake.LIMIT`", []),
        ("`Post.begin`", ["Post.begin"]),
        ("`Post` and `Vault`", []),
        ("`Parcel`", ["Parcel"]),
        ("`asyncio.shield` and `len()` and `asyncio.nonsense`", ["asyncio.nonsense"]),
        ("`relay.nothing`", ["relay.nothing"]),
        ("`policies/verdict.py`, `verdict.py`, `policies/`", []),
        ("`policies/weather.py` and `weather.py`", ["policies/weather.py", "weather.py"]),
        ("plain words, `words in code`, `sms`, `--json`, `relay.toml`", []),
        ("```\n`nowhere.at_all()`\n```\n", []),
    ],
)
def test_the_checker_of_names(text: str, expected: list[str]) -> None:
    """The checker finds names that are gone, at every level they may be given from."""
    assert unresolved(text, known_names(SOURCES)) == expected


@pytest.mark.parametrize("page", ["docs/flow.md", "docs/glossary.md"])
def test_every_name_on_the_page_exists(page: str) -> None:
    """The life of a message and the glossary are told in names that the code has."""
    sources = {name: path.read_text(encoding="utf-8") for name, path in modules().items()}
    assert unresolved((ROOT / page).read_text(encoding="utf-8"), known_names(sources)) == []


def test_the_checker_of_links(tmp_path: Path) -> None:
    """The checker finds missing files and headings, and leaves code and other sites alone."""
    (tmp_path / "other.md").write_text("# Two words: `code`\n\n## Twice\n\n## Twice\n", "utf-8")
    page = tmp_path / "page.md"
    page.write_text(
        "# Here\n[a](other.md) [b](other.md#two-words-code) [c](other.md#twice-1) [d](#here)\n"
        "[e](https://example.org/x) `[f](gone.md)` ![g](gone.png) [h](other.md#three) [i](#there)\n"
        '<img src="gone.svg" alt="">\n[ref]: gone.txt\n```\n[j](gone.md)\n```\n',
        "utf-8",
    )
    assert broken_links(tmp_path, [page]) == [
        "page.md: gone.png",
        "page.md: other.md#three",
        "page.md: #there",
        "page.md: gone.txt",
        "page.md: gone.svg",
    ]


@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "docs/flow.md",
        "docs/glossary.md",
    ],
)
def test_the_pages_a_newcomer_looks_for_are_there(page: str) -> None:
    """What a newcomer, an operator or a reporter of a hole looks for has its usual name."""
    assert (ROOT / page).is_file()


def test_every_relative_link_leads_somewhere() -> None:
    """No page links to a file or heading that is gone."""
    assert broken_links(ROOT, files("*.md")) == []
