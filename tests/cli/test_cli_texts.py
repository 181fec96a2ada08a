"""`relay group texts` lists what the relay says; `set` with text.NAME rewords it."""

from __future__ import annotations

from tests.cli.conftest import Desk


def test_a_text_is_reworded_and_taken_back(staffed_here: Desk) -> None:
    """The list shows the words of now and whose they are; empty words go back."""
    desk = staffed_here
    before = {row["text"]: row for row in desk.ask("group", "texts", "Tuesday")}
    assert before["FROZEN"]["own"] is False
    desk.ask("group", "set", "Tuesday", "text.FROZEN=We are on a break.")
    after = {row["text"]: row for row in desk.ask("group", "texts", "Tuesday")}
    assert after["FROZEN"] == {"text": "FROZEN", "words": "We are on a break.", "own": True}
    assert "We are on a break." in desk("group", "texts", "Tuesday").out
    desk.ask("group", "set", "Tuesday", "text.FROZEN=")
    assert desk.ask("group", "texts", "Tuesday") == list(before.values())
