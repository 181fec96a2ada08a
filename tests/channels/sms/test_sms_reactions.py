"""Contract of `channels.sms.reactions`: a phone's sentence about a reaction, and nothing else."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from channels.secret import Secret
from channels.sms import reactionwords
from channels.sms.reactions import Reaction, read

_MARKS = str.maketrans({"H": "\u200a", "Z": "\u200b", "N": "\u200c"})


def vectors() -> dict[str, Any]:
    """The table of messages."""
    source = Path(__file__).with_name("reactions.toml").read_text(encoding="utf-8")
    return tomllib.loads(source)


def expected(case: dict[str, Any]) -> tuple[str, Reaction]:
    """A text of the table as it comes in, and what it says."""
    text, quoted = case["text"], case["quoted"]
    if case.get("lines"):
        text, quoted = text.replace("\\n", "\n"), quoted.replace("\\n", "\n")
    if case.get("google"):
        text, quoted = text.translate(_MARKS), quoted.translate(_MARKS)
    removed = case.get("removed", False)
    return text, Reaction(sign=case["sign"], removed=removed, quoted=Secret(quoted))


def test_what_phones_write_is_a_reaction() -> None:
    """Every reaction of the table: its sign, whether it was taken back, and about which words."""
    cases = [expected(case) for case in vectors()["reaction"]]
    assert len(cases) >= 50
    assert [(text, read(text)) for text, _ in cases] == cases


def test_talk_is_passed_on() -> None:
    """Nothing that people write around, before or behind such a sentence is taken for one."""
    (talk,) = vectors()["talk"]
    assert len(talk["text"]) >= 50
    assert [text for text in talk["text"] if read(text) is not None] == []


def test_every_sentence_of_the_table_is_read() -> None:
    """In all languages, with any quotes and apostrophes, odd spaces around.

    Straight quotes are a phone's only where the sentence holds the sign itself.
    """
    sentences = [
        (sentence, sign, removed)
        for table, removed in ((reactionwords.ADDED, False), (reactionwords.REMOVED, True))
        for sign, all_of_it in table.items()
        for sentence in all_of_it
    ]
    sentences += [(sentence, "\U0001f525", False) for sentence in reactionwords.EMOJI_ADDED]
    sentences += [(sentence, "\U0001f525", True) for sentence in reactionwords.EMOJI_REMOVED]
    for sentence, sign, removed in sentences:
        for opening, closing in reactionwords.QUOTES:
            text = sentence.replace("{e}", "\U0001f525").replace("{q.}", "{q}")
            for form in (text, text.replace("'", "\u2019"), text.replace(" ", "\u00a0")):
                found = read("\n" + form.replace("{q}", f"{opening}\u202fHa\nha{closing}") + " ")
                reaction = Reaction(sign=sign, removed=removed, quoted=Secret("Ha\nha"))
                typed = opening == '"' and "{e}" not in sentence
                assert found == (None if typed else reaction), text


def test_a_reaction_does_not_show_what_it_quotes() -> None:
    """The words are a member's: they travel as a secret."""
    assert "see you" not in repr(read("Loved “see you”"))


def test_long_texts_are_read_in_no_time() -> None:
    """Texts made to be slow come back, as nothing; a pattern that tries all ways would not end."""
    for bit in (" ", "\u200b", "“", "a ", "\u200b😀", '" "', "« "):
        for text in ("Loved " + bit * 2000, bit * 1990 + "x", "Hat mit " + bit * 1990):
            assert read(text) is None
    assert read("Loved “" + "a" * 5000 + "”") is None


@given(st.text(alphabet='Loved “”"an image😂to\u200a\u200b', max_size=40) | st.text())
def test_any_text_can_be_read(text: str) -> None:
    """Nothing raises, and what is quoted stands in the text."""
    found = read(text)
    assert found is None or found.quoted.reveal() in text
