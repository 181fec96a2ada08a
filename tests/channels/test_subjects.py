"""Which subjects are those of an answer, and which say something."""

from __future__ import annotations

from channels.subjects import is_answer, without_answers


def test_what_answers_and_what_speaks() -> None:
    """A list of prefixes, not any short word with a colon: those may be a cry for help."""
    answers = ("Re: x", "RE : x", "AW: Fwd: x", "Re[2]: x", " sv: x", "回复：x", "رد: x")
    speaks = ("SOS: he is here", "Help: need a lift", "Thursday", "Note: new room", "Real: yes", "")
    assert [s for s in answers if not is_answer(s)] == []
    assert [s for s in speaks if is_answer(s)] == []


def test_a_subject_is_bared_of_every_answer() -> None:
    """However often it was answered; what it says stays."""
    assert without_answers("Re: AW: Fwd: Thursday") == "Thursday"
    assert without_answers("SOS: he is here") == "SOS: he is here"
    assert without_answers("Re:") == ""
