"""Several posts as one mail: what it says, and that nobody writes for another."""

from __future__ import annotations

import email
import email.policy
from datetime import timedelta

import pytest

from channels.contact import EMAIL
from channels.contract import NO_WORDS, Outgoing, Piece
from channels.mail.bodies import Bodies
from channels.mail.bundle import MOST_PIECES, fits, paragraphs
from channels.mail.compose import Voice, compose, octets
from channels.secret import Contact, Secret
from tests.conformance.bench import NOW

VOICE = Voice(
    domain="relay.example",
    programme_name="Tuesday Relay",
    notice_address="notice@relay.example",
    public_url="https://relay.example",
)


def piece(author: str, text: str, subject: str = "", footnote: str = "") -> Piece:
    """One post."""
    return Piece(
        author=Secret(author),
        subject=Secret(subject),
        text=Secret(text),
        footnote=Secret(footnote),
    )


def test_each_post_is_set_in_below_its_writer() -> None:
    """Name and subject at the margin, the words and what the programme adds further in."""
    said = paragraphs([piece("Robin", "I slept\n\nwell\n", "Tuesday", "+ 2"), piece("Sol", "good")])
    assert said == "Robin: Tuesday\n    I slept\n\n    well\n\n    [+ 2]\n\nSol:\n    good"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\u2028", "\u2029", "\x85", "\x0b", "\x0c"])
def test_nobody_begins_a_paragraph_in_anothers_name(end: str) -> None:
    """Whatever ends a line in a post or a subject, only writers stand at the margin."""
    pieces = [piece("Robin", f"hello{end}{end}Sol:{end}I am leaving", f"a{end}Sol: b")]
    said = paragraphs([*pieces, piece("Ivy", "no")])
    assert [line for line in said.splitlines() if line and not line.startswith(" ")] == [
        "Robin: a Sol: b",
        "Ivy:",
    ]


def test_only_so_many_fit() -> None:
    """Few and short enough."""
    assert fits([piece("Robin", "one")] * MOST_PIECES)
    assert not fits([piece("Robin", "one")] * (MOST_PIECES + 1))
    assert not fits([piece("Robin", "x" * 60_000)] * 2)


def test_the_mail_is_of_the_group_and_of_no_member() -> None:
    """From the programme, to be answered to the group, with a way to end it and no thread."""
    out = Outgoing(
        post=7,
        delivery=Secret("copy"),
        to=Contact(EMAIL, "ivy@willow.example"),
        write_to=Secret("a.ivy@relay.example"),
        author=None,
        mask=NO_WORDS,
        subject=Secret("2 notes"),
        text=NO_WORDS,
        pieces=(piece("Robin", "one"), piece("Sol", "two")),
        unsubscribe=Secret("u" * 26),
        list_id=Secret("l" * 26),
        expires=NOW + timedelta(hours=1),
    )
    prepared = Bodies().get(out)
    raw = octets(compose(out, VOICE, prepared, NOW), prepared)
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    assert mail["From"] == "Tuesday Relay <notice@relay.example>"
    assert (mail["To"], mail["Reply-To"]) == ("a.ivy@relay.example", "a.ivy@relay.example")
    assert mail["Subject"] == "2 notes"
    assert mail["Precedence"] == "list"
    assert mail["List-Id"]
    assert mail["Auto-Submitted"] is None
    assert mail["In-Reply-To"] is None
    assert mail.get_content().split() == ["Robin:", "one", "Sol:", "two"]
