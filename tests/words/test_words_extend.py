"""EXTEND and a day: read as it is written, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest

from relay.words.orders import Order, nearly, read_order
from relay.words.vocabulary import Command, Who

HERE = Path(__file__).parent
TALK = (HERE / "ordinary_talk.txt").read_text(encoding="utf-8").splitlines()
SAID = (
    *(
        "extend",
        "Extend!",
        "EXTEND",
        "extend a hand",
        "extend it by 2 weeks",
        "extended 2027-01-31",
    ),
    *("extend the meeting to 2027-01-31", "prolonger un peu", "verlängern wir?", "can we extend"),
    *("extend 2 days", "extend 30", "prolongar 3 días"),
)
"""Talk: not one of these acts, or waits."""


@pytest.mark.parametrize(
    "spelling", ["EXTEND", "extend", "Prolongar", "تمديد", "延長", "verlangern"]
)
def test_a_day_moves_the_end(spelling: str) -> None:
    """In each language, of who runs the group; of others it is talk."""
    wanted = Order(command=Command.EXTEND, rest="2027-01-31")
    assert read_order(f"{spelling} 2027-01-31", Who.FACILITATOR) == wanted
    assert read_order(f"{spelling} 2027-01-31", Who.MEMBER) is None
    assert read_order(f"{spelling} 2027-01-31", Who.FACILITATOR, to_mask=True) is None


@pytest.mark.parametrize("day", ["31.1.2027", "1/31/2027", "2027-1-31", "31-01-27", "2027/01/31"])
def test_a_day_that_is_written_otherwise_is_asked_about(day: str) -> None:
    """No day is guessed: 1/2 is not the same everywhere."""
    assert read_order(f"EXTEND {day}", Who.FACILITATOR) is None
    assert nearly(f"EXTEND {day}", Who.FACILITATOR) is Command.EXTEND


def test_talk_stays_talk() -> None:
    """None of hundreds of ordinary lines acts as this word, or is held for it."""
    for text in (*TALK, *SAID):
        order = read_order(text, Who.FACILITATOR)
        assert order is None or order.command is not Command.EXTEND, text
        assert nearly(text, Who.FACILITATOR) is not Command.EXTEND, text
