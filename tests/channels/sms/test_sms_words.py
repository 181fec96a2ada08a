"""Contract of `channels.sms.words`: a mail as a text, its subject first if it says something."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.sms.words import words_of

TEXT = "Can somebody come with me?"


@pytest.mark.parametrize(
    "subject",
    [
        "Court moved to Friday",
        "SOS: he is here",
        "Help: need a lift",
        "6 pm: meeting",
        "No",
        "Hello from the hospital",
        "Hi, I need help",
        "Question about Friday",
        "Restraining order",
        "Reply needed",
        "Robin and me",
        "😢",
        "明天见",
    ],
)
def test_a_subject_that_says_something_comes_first(subject: str) -> None:
    """On a line of its own; short words with a colon are no answers unless programs set them."""
    assert words_of(subject, TEXT, pseudonym="Robin") == f"{subject}\n{TEXT}"


def test_a_subject_is_one_line() -> None:
    """However it was folded."""
    assert words_of("  Court\r\n moved\tto   Friday ", TEXT) == f"Court moved to Friday\n{TEXT}"


@pytest.mark.parametrize(
    "subject",
    [
        "",
        " \n",
        "Re: Court moved",
        "RE : Court moved",
        "re[2]: Court moved",
        "Re(3): Court moved",
        "AW: Gericht",
        "Antw: Rechtbank",
        "SV: Rätten",
        "Fwd: Court moved",
        "FW: Court moved",
        "WG: Gericht",
        "RV: Tribunal",
        "Odp: Sąd",
        "回复：法院",
        "Re:",
        "hi",
        "Hello!",
        "HEY",
        "¡Hola!",
        "Hi all",
        "Hello everyone,",
        "hey there",
        "Good morning",
        "Buenos días",
        "(no subject)",
        "no subject",
        "(kein Betreff)",
        "ämne saknas",
        "제목 없음",
        "test",
        "Question?",
        "...",
        "--",
        "Robin",
        "robin!",
        "Can somebody come",
        "can somebody come with me",
        "CAN SOMEBODY COME WITH ME???",
    ],
)
def test_a_subject_that_says_nothing_is_left_out(subject: str) -> None:
    """Answers, greetings, fillers, the writer's own pseudonym, and what the text begins with."""
    assert words_of(subject, TEXT, pseudonym="Robin") == TEXT


def test_the_beginning_of_a_text_is_compared_by_words() -> None:
    """A subject is no beginning of the text because the first word begins alike."""
    assert words_of("Can some", TEXT) == f"Can some\n{TEXT}"
    assert words_of("It\u2019s Cafe", "its café Zoë") == "its café Zoë"


@pytest.mark.parametrize("subject", ["Court moved", "Re: Court moved", "hi", "Robin", "..."])
def test_a_mail_without_a_text_keeps_its_subject(subject: str) -> None:
    """Else nothing would be left of it."""
    assert words_of(subject, " \n", pseudonym="Robin") == subject


@given(st.text(), st.text())
def test_the_text_is_never_touched(subject: str, text: str) -> None:
    """It stands at the end as it was; before it, at most one line."""
    words = words_of(subject, text)
    if text.strip():
        assert words.endswith(text)
        assert words == text or words == " ".join(subject.split()) + "\n" + text
