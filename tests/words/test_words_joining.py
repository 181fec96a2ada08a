"""The words of joining: right ones act, and what people say to each other stays talk."""

from __future__ import annotations

from pathlib import Path

import pytest

from relay.words.of_joining import is_code, looks_like_contact, looks_like_name
from relay.words.orders import Order, nearly, read_order
from relay.words.vocabulary import Command, Who

TALK = (Path(__file__).parent / "ordinary_talk.txt").read_text(encoding="utf-8").splitlines()
HERS = {
    *(Command.JOIN, Command.AGREE, Command.AGREEMENT, Command.VOUCH, Command.RENAME),
    *(Command.AVOID, Command.FORGET, Command.FORGET_YES),
}
SAID = (
    *("join us at 7", "Join hands", "join 2024", "join the group", "join me for tea", "join"),
    *("I agree", "agreed", "agree with you", "we agree", "agree to disagree", "no agreement yet"),
    *("vouch for him", "vouch for her!", "I vouch for Robin", "rename it", "rename the file"),
    *(
        "rename my folder?",
        "Rename: what did you call it",
        "never with him",
        "never with you again",
    ),
    *(
        "Never with a man like that",
        "nunca con él",
        "jamais avec lui",
        "nie mit ihm",
        "nunca com ele",
    ),
    *("forget me not", "forget it", "don't forget me", "he will forget me", "forget me and go"),
    *("de acuerdo", "d'accord", "acuerdo", "entrar en casa", "participar", "rejoindre Paul"),
    *("加入我们", "同意你说的", "改名字了吗"),
)
"""Talk: not one of these acts as a word of joining, or is held for one."""


@pytest.mark.parametrize("who", [Who.MEMBER, Who.FACILITATOR])
def test_talk_stays_talk(who: Who) -> None:
    """None of hundreds of lines acts; a bare `agree` is a word only to who was asked."""
    for text in (*TALK, *SAID):
        for to_mask in (False, True):
            order = read_order(text, who, to_mask=to_mask)
            assert order is None or order.command not in HERS, text
            assert nearly(text, who, to_mask=to_mask) not in HERS, text


@pytest.mark.parametrize(
    ("text", "who", "command", "rest"),
    [
        ("JOIN 482913", Who.INVITED, Command.JOIN, "482913"),
        ("Join: 482 913.", Who.INVITED, Command.JOIN, "482 913."),
        ("انضمام ٤٨٢٩١٣", Who.INVITED, Command.JOIN, "٤٨٢٩١٣"),
        ("加入 482913", Who.INVITED, Command.JOIN, "482913"),
        ("agree", Who.INVITED, Command.AGREE, ""),
        ("Einverstanden!", Who.INVITED, Command.AGREE, ""),
        ("VOUCH robin", Who.MEMBER, Command.VOUCH, "robin"),
        ("vouch for Robin Blue", Who.MEMBER, Command.VOUCH, "Robin Blue"),
        ("rename Wren", Who.MEMBER, Command.RENAME, "Wren"),
        ("never with +1 555 010 0199", Who.MEMBER, Command.AVOID, "+1 555 010 0199"),
        ("Nie mit a.b@example.org", Who.INVITED, Command.AVOID, "a.b@example.org"),
        ("FORGET ME", Who.STOPPED, Command.FORGET, ""),
        ("forget me, yes!", Who.MEMBER, Command.FORGET_YES, ""),
        ("Daten löschen", Who.MEMBER, Command.FORGET, ""),
    ],
)
def test_what_is_meant_acts(text: str, who: Who, command: Command, rest: str) -> None:
    """In any case, dress, script and language."""
    assert read_order(text, who) == Order(command=command, rest=rest)


def test_a_contact_behind_a_word_is_never_published() -> None:
    """What goes on behind a number or an address, or is none quite, is asked about."""
    for text in ("never with him, +15550100199", "never with 55501", "rename me@example.org"):
        assert read_order(text, Who.MEMBER) is None
        assert nearly(text, Who.MEMBER) in HERS


def test_what_may_follow() -> None:
    """Numbers of invitations have six digits; names some letters; contacts nothing beside them."""
    assert [text for text in ("482913", "48-29 13", "٤٨٢٩١٣") if not is_code(text)] == []
    assert [text for text in ("48291", "4829134", "48291x", "") if is_code(text)] == []
    assert [
        text for text in ("Robin", "Ana María", "أمل", "小鸟") if not looks_like_name(text)
    ] == []
    assert [
        text for text in ("him", "the file", "to what?", "", "a" * 41) if looks_like_name(text)
    ] == []
    assert looks_like_contact("(555) 010-0199")
    assert not looks_like_contact("555 010")
