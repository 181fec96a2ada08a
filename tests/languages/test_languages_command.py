"""What translators call."""

from __future__ import annotations

from pathlib import Path

import pytest

from relay.languages import catalogue
from relay.languages.__main__ import main
from relay.languages.catalogue import TRANSLATED, path_of
from relay.languages.texts import all_texts


def test_what_is_missing_is_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without catalogues all is missing, by language and name; writing them leaves gaps to fill."""
    monkeypatch.setattr(catalogue, "_FOLDER", tmp_path)
    assert main("missing") == 1
    before = capsys.readouterr().out.splitlines()
    assert len(before) == len(TRANSLATED) * len(all_texts())
    assert before[0] == "es: NOT_REACHED"
    assert main("update") == 0
    assert main("missing") == 1
    assert capsys.readouterr().out.splitlines() == before
    assert '#. STOPPED\nmsgid "You will get nothing' in path_of("de").read_text(encoding="utf-8")
    written = path_of("ar").read_bytes()
    assert main("update") == 0
    assert path_of("ar").read_bytes() == written


def test_an_unknown_wish_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence, and the exit code of wrong usage."""
    assert main("translate") == 2
    assert capsys.readouterr().err == "Say `missing` or `update`.\n"
