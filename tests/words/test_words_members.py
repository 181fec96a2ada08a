"""ASK, ACCEPT, DENY and PULSE: stressed they act, and what people say to each other stays talk."""

from __future__ import annotations

from pathlib import Path

import pytest

from relay.words.orders import Order, loosely, nearly, read_order
from relay.words.vocabulary import WORDS, Command, Who

HERE = Path(__file__).parent
TALK = (HERE / "ordinary_talk.txt").read_text(encoding="utf-8").splitlines()
HERS = (Command.ASK, Command.ACCEPT, Command.DENY)
SAID = (
    *("Ask Robin", "ask robin", "ask", "Ask your doctor about it", "ASK", "accept it", "Accept"),
    *("accept what you cannot change", "deny everything", "Deny it", "Pide ayuda", "acepto"),
    *(
        "pregunta a Robin",
        "Je refuse",
        "refuse de parler",
        "frag Robin",
        "negar",
        "ASK ROBIN WHEN IT IS",
    ),
    *("1", "5", "a pulse of 80", "my pulse is 80", "3 of us"),
)
"""Talk: not one of these acts by itself."""


def test_with_a_name_behind_it_a_stressed_word_acts() -> None:
    """Every spelling acts in capitals where there are any, and before a colon; the name follows."""
    for word in (w for w in WORDS if w.command in HERS):
        for spelling in (s for many in word.spellings.values() for s in many):
            wanted = Order(command=word.command, rest="Robin")
            assert read_order(f"{spelling}: Robin", Who.MEMBER) == wanted
            assert read_order(f"{spelling}: Robin", Who.FACILITATOR, to_mask=True) == wanted
            if spelling.upper() != spelling:
                assert read_order(f"{spelling.upper()} Robin", Who.MEMBER) == wanted
            assert read_order(f"{spelling}: Robin", Who.STOPPED) is None
            assert read_order(f"{spelling}: Robin", Who.INVITED) is None


def test_unstressed_it_is_only_what_may_have_been_meant() -> None:
    """`Accept Sol` and `accept` are left to what is going on; a longer sentence is talk."""
    assert loosely("Accept Sol.", Who.MEMBER) == Order(command=Command.ACCEPT, rest="Sol.")
    assert loosely("accept", Who.MEMBER) == Order(command=Command.ACCEPT)
    assert loosely("Ask Robin", Who.MEMBER) == Order(command=Command.ASK, rest="Robin")
    assert loosely("ask robin whether she could bring the key tonight", Who.MEMBER) is None
    assert loosely("I accept", Who.MEMBER) is None


def test_a_question_is_the_facilitators_word() -> None:
    """Stressed it acts, otherwise she is asked; from a member it is talk."""
    wanted = Order(command=Command.PULSE, rest="How are you?")
    assert read_order("PULSE How are you?", Who.FACILITATOR) == wanted
    assert read_order("Umfrage: How are you?", Who.FACILITATOR) == wanted
    assert read_order("Pulse How are you?", Who.FACILITATOR) is None
    assert nearly("Pulse How are you?", Who.FACILITATOR) is Command.PULSE
    for said in ("PULSE How are you?", "Pulse How are you?", "pulse"):
        assert (read_order(said, Who.MEMBER), nearly(said, Who.MEMBER)) == (None, None)


@pytest.mark.parametrize("who", [Who.MEMBER, Who.FACILITATOR])
def test_talk_stays_talk(who: Who) -> None:
    """None of hundreds of ordinary lines acts as one of these words, or is held for one."""
    hers = {*HERS, Command.PULSE}
    for text in (*TALK, *SAID):
        for to_mask in (False, True):
            order = read_order(text, who, to_mask=to_mask)
            assert order is None or order.command not in hers, text
            assert nearly(text, who, to_mask=to_mask) not in hers, text
