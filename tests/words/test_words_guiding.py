"""Words of who runs a group: none of them is ever published, and nobody else's talk is one."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.words.arguments import first_number, name_and_span
from relay.words.of_guiding import WORDS
from relay.words.orders import nearly, read_order
from relay.words.reading import doubt
from relay.words.vocabulary import Command, Form, Who, Word

TALK = (Path(__file__).parent / "ordinary_talk.txt").read_text(encoding="utf-8").splitlines()
GUIDES = {word.command for word in WORDS}
BEHIND = {
    Command.APPROVE: ("7", "12 and 345", "robin"),
    Command.DECLINE: ("7", "7 too long", "7: say it shorter please", "Robin"),
    Command.MUTE: ("robin", "Robin 2h", "Ana M\u00fcller 3 days", "robin for 30 min"),
    Command.UNMUTE: ("robin", "Robin."),
    Command.REMOVE: ("robin", "River Rose"),
    Command.REALLY: ("4821", "48 21", "482l"),
    Command.ANNOUNCE: ("we meet at noon",),
    Command.PLAN: ("monday 18:00 hello", "daily 9:00 good morning", "2026-12-24 18:00 peace"),
    Command.UNPLAN: ("12",),
    Command.EXTEND: ("2027-01-31",),
    Command.FREEZE: ("",),
    Command.THAW: ("",),
}
"""What stands behind each when it is meant."""

JOINED = {
    Command.APPROVE: ("7", "7\u548c12", "\u7f57\u5bbe"),
    Command.DECLINE: ("7\u592a\u957f", "7\uff1a\u592a\u957f"),
    Command.MUTE: ("\u7f57\u5bbe", "\u7f57\u5bbe2\u5c0f\u65f6"),
    Command.UNMUTE: ("\u7f57\u5bbe",),
    Command.REMOVE: ("\u7f57\u5bbe",),
    Command.REALLY: ("4821",),
    Command.ANNOUNCE: ("\u660e\u5929\u5f00\u4f1a",),
    Command.PLAN: ("18:00\u5927\u5bb6\u597d", "\u660e\u5929 18:00 \u5927\u5bb6\u597d"),
    Command.UNPLAN: ("12",),
    Command.EXTEND: ("2027-01-31",),
}
"""The same, right behind a word of a script that writes no spaces."""


def written(word: Word) -> list[str]:
    """A word with what belongs behind it, in every language and as people write it."""
    spellings = [s for many in word.spellings.values() for s in many]
    dressed = [how(s) for s, how in product(spellings, (str, str.upper, str.title))]
    return [f"{said} {rest}".strip() for said, rest in product(dressed, BEHIND[word.command])]


def is_for_nobody(text: str) -> bool:
    """Whether nobody reads it before she who runs the group has said what she means."""
    who = Who.FACILITATOR
    return bool(read_order(text, who) or nearly(text, who) or doubt(text, guides=True))


def test_no_order_of_a_facilitator_is_published() -> None:
    """In every language, in small letters and large: it acts, or she is asked."""
    assert set(BEHIND) == GUIDES
    assert [text for word in WORDS for text in written(word) if not is_for_nobody(text)] == []


def test_a_script_without_spaces_joins_an_order_to_its_word() -> None:
    """What belongs to it may stand right behind it, and is no talk for that."""
    who, read = Who.FACILITATOR, set()
    for word in WORDS:
        for spelling in word.spellings["zh"]:
            for rest in JOINED.get(word.command, ()):
                order = read_order(spelling + rest, who)
                meant = order.command if order else nearly(spelling + rest, who)
                assert meant is word.command, spelling + rest
                if order:
                    read.add((order.command, order.rest))
    assert {command for command, _ in read} == set(JOINED) - {Command.ANNOUNCE, Command.PLAN}
    assert name_and_span("\u7f57\u5bbe2\u5c0f\u65f6") == ("\u7f57\u5bbe", timedelta(hours=2))
    assert first_number("7\uff1a\u592a\u957f") == (7, "\u592a\u957f")
    told = read_order("\u544a\u8bc9\u4e3b\u6301\u4eba\u4ed6\u6253\u6211", Who.MEMBER)
    assert told is not None
    assert (told.command, told.rest) == (Command.TELL, "\u4ed6\u6253\u6211")
    assert nearly("\u4e3e\u62a5\u4ed6\u6253\u6211", Who.MEMBER) is Command.REPORT


@pytest.mark.parametrize(
    "text",
    [
        "MUTE La Luna 2h",
        "REMOVE La Luna",
        "Remove: the girl of spring",
        "REMOVE Robin, he is dangerous to all of us",
        "APPROVE Robin and Sol and Ivy",
        "UNMUTE My Own Name",
        f"REMOVE Robin because {'he went on and on ' * 8}",
    ],
)
def test_an_order_that_stands_out_is_never_published(text: str) -> None:
    """Whatever name or reason follows it, and however long."""
    assert read_order(text, Who.FACILITATOR) is not None
    assert read_order(text, Who.MEMBER) is None


def test_orders_are_read_as_what_they_are() -> None:
    """Each is the order that it says; one with words of her own behind it, with a colon."""
    for word in WORDS:
        colon = ":" if word.form is Form.WORDS else ""
        for spelling in (s for many in word.spellings.values() for s in many):
            for rest in BEHIND[word.command]:
                order = read_order(f"{spelling}{colon} {rest}", Who.FACILITATOR)
                slip = rest in {"48 21", "482l"}
                assert (order and order.command) == (None if slip else word.command), spelling


def test_talk_of_who_runs_a_group_is_talk() -> None:
    """No line that people write to each other acts or waits, whoever writes it."""
    who = Who.FACILITATOR
    assert [line for line in TALK if read_order(line, who)] == []
    assert [line for line in TALK if nearly(line, who) in GUIDES or doubt(line, guides=True)] == []


@settings(deadline=None, max_examples=200)
@given(
    st.sampled_from([text for word in WORDS for text in written(word)]),
    st.sampled_from(["", " ", ".", "!", " please", "\n"]),
    st.sampled_from([Who.MEMBER, Who.INVITED, Who.STOPPED]),
    st.booleans(),
)
def test_nobody_else_gives_such_an_order(text: str, more: str, who: Who, mask: bool) -> None:
    """What only who runs the group may ask is never done for anybody else."""
    order = read_order(text + more, who, to_mask=mask)
    assert order is None or order.command not in GUIDES
