"""`relay group pulse`: asks a group, and shows counts when they may be seen."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Desk


def test_a_question_is_asked_and_its_counts_stay_closed(staffed: Desk) -> None:
    """It goes to each member; nobody sees counts while it is open, nor a second one."""
    shown = staffed.ask("group", "pulse", "Tuesday", "How are you?", "--hours=6")
    assert shown.pop("closes").endswith("Z")
    nothing = dict.fromkeys("12345")
    assert shown == {
        "group": "Tuesday",
        "question": "How are you?",
        "open": True,
        "answers": nothing,
    }
    assert staffed.ask("inventory")["deliveries"]["due"] == 2
    before = staffed.dump()
    assert staffed.ask("group", "pulse", "Tuesday", "results")["answers"] == nothing
    again = staffed("group", "pulse", "Tuesday", "And now?")
    assert (again.status, again.out) == (1, "")
    assert again.err.startswith("The last question is still open.")
    assert staffed.dump() == before


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("results", "This group was asked nothing of late.\n"),
        (" ", "The question has no words.\n"),
        ("x" * 91, "Your question is too long. Please use at most 90 letters.\n"),
    ],
)
def test_what_cannot_be_asked(staffed_here: Desk, typed: str, sentence: str) -> None:
    """One plain sentence, and nothing is changed."""
    before = staffed_here.dump()
    ran = staffed_here("group", "pulse", "Tuesday", typed)
    assert (ran.status, ran.out, ran.err) == (1, "", sentence)
    assert staffed_here.dump() == before
