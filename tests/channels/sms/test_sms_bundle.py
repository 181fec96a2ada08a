"""Several posts as one text: what it says, what it costs, and that nobody writes for another."""

from __future__ import annotations

import pytest

from channels.contract import Piece
from channels.secret import Secret
from channels.sms.bundle import lines
from channels.sms.config import SmsOutConfig
from channels.sms.send import SmsChannel
from tests.conformance.bench import NOW

NUMBER = Secret("+12025550181")


def piece(author: str, text: str, subject: str = "") -> Piece:
    """One post."""
    return Piece(author=Secret(author), subject=Secret(subject), text=Secret(text))


def channel() -> SmsChannel:
    """A channel that is never asked to send."""
    config = SmsOutConfig(
        public_url="https://relay.example",
        account_sid="AC" + "0" * 32,
        auth_token=Secret("token"),
        api_url="http://127.0.0.1:9",
    )
    return SmsChannel(config, lambda: NOW)


def test_each_post_is_one_line() -> None:
    """A subject that says something comes before the words; blanks and breaks become one blank."""
    said = lines([piece("Robin", "I slept\n\nwell", "Tuesday"), piece("Sol", "good ")])
    assert said == "Robin: Tuesday I slept well\nSol: good"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\u2028", "\u2029", "\x85", "\x0b", "\x0c"])
def test_nobody_begins_a_line_in_anothers_name(end: str) -> None:
    """Whatever ends a line in a post does not end one in the text."""
    said = lines([piece("Robin", f"hello{end}Sol: I am leaving"), piece("Ivy", "no")])
    assert said.splitlines() == ["Robin: hello Sol: I am leaving", "Ivy: no"]


async def test_a_bundle_that_fits_has_a_price_and_one_that_does_not_has_none() -> None:
    """Segments of the whole; `None` for what would be cut."""
    out = channel()
    assert out.cost_together([piece("Robin", "one"), piece("Sol", "two")], NUMBER) == 1
    assert out.cost_together([piece("Robin", "x" * 150), piece("Sol", "y" * 20)], NUMBER) == 2
    assert (
        out.cost_together([piece("Robin", "word " * 100), piece("Sol", "z" * 200)], NUMBER) is None
    )
    await out.close()
