"""Contract of `channels.sms.punctuation`: plain marks where they save a segment, else no touch."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.gsm import segments
from channels.sms.punctuation import folded, plain

LONG = "a" * 100


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It\u2019s \u2018ok\u2019", "It's 'ok'"),
        ("“yes” „ja“ «oui» \u2039si\u203a", '"yes" "ja" "oui" \'si\''),
        ("2019\u20132020 \u2014 well\u2011known", "2019-2020 - well-known"),
        ("wait\u2026", "wait..."),
        ("10\u202f000\u00a0Kč", "10 000 Kč"),
        ("a\u2009b\u200ac\u2003d\te", "a b c d e"),
        ("one\u2028two", "one\ntwo"),
    ],
)
def test_marks_have_a_plain_form(text: str, expected: str) -> None:
    """Quotes, dashes, ellipsis, odd spaces; nothing else of the text changes."""
    assert plain(text) == expected


def test_one_curly_quote_costs_no_second_segment() -> None:
    """Seventy-six characters with one curly quote are one segment, not two."""
    text = "It\u2019s " + "a" * 71
    assert (segments(text), segments(folded(text))) == (2, 1)
    assert folded(text) == "It's " + "a" * 71


@pytest.mark.parametrize(
    "text",
    [
        "It\u2019s me",  # one segment as it is
        LONG + "\u2019 😀",  # stays in UCS-2
        LONG + "\u2019 漢",
        LONG + "\u2019 ça va",
        LONG + "\u2019 `x`",
        LONG + "\u2019 a\u200db",  # joiners, variation selectors, marks of direction
        LONG + "\u2019 a\u200cb",
        LONG + "\u2019 x\ufe0f",
        LONG + "\u2019 \u200fx",
        LONG + "\u2019 \u2066x\u2069",
        LONG + "\u2019 a\u00adb",
        LONG + " á í ó ú â ê ã õ ç ´ \u2212 • ™ ½",
        "a" * 130 + "\u2026" * 3 + "漢",
        "\u2026" * 66,  # dots would need more room than UCS-2 does
    ],
)
def test_what_saves_nothing_stays_as_it_is(text: str) -> None:
    """A text that stays in UCS-2 anyway, or is as long in GSM-7, is not touched at all."""
    assert folded(text) == text


def test_toll_free_numbers_count_otherwise() -> None:
    """What saves a segment depends on how segments are counted."""
    text = "\u2019" + "\u2026" * 22 + "x" * 111  # 134 units, 178 septets
    assert (segments(text), segments(text, toll_free=True)) == (2, 3)
    assert folded(text) == text
    assert folded(text, toll_free=True) == plain(text)


@given(st.text() | st.text(alphabet="ab\u2019\u2026\u2013\u00a0“😀é", max_size=200), st.booleans())
@settings(deadline=None)
def test_folding_saves_or_does_nothing(text: str, toll_free: bool) -> None:
    """Never dearer, never a change without a saving, and twice is once."""
    result = folded(text, toll_free=toll_free)
    saved = segments(text, toll_free=toll_free) - segments(result, toll_free=toll_free)
    assert (result == text) if saved == 0 else (saved > 0 and result == plain(text))
    assert folded(result, toll_free=toll_free) == result
    kept = [c for c in text if plain(c) == c]
    assert [c for c in plain(text) if c not in "'\"-. \n"] == [
        c for c in kept if c not in "'\"-. \n"
    ]
