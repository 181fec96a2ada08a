"""Values of headers: one clean line, one `Re:`, and names that turn nothing around."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.mail.headers import isolated, one_reply_prefix, safe_header

ALWAYS = [
    "Re: Tuesday",
    "RE : Tuesday",
    "re[2]: Tuesday",
    "Re(3): Re^2: Tuesday",
    "RE: Re: re: Tuesday",
    "Antw: Tuesday",
    "Antwort: Re: Tuesday",
    "Rép\u00a0: Tuesday",
    "RIF: Tuesday",
    "Odp: Tuesday",
    "Ynt: Tuesday",
    "Vá: Tuesday",
    "Отв: Tuesday",
    "Ответ: Tuesday",
    "ΑΠ: Tuesday",
    "رد: Tuesday",
    "پاسخ: Tuesday",
    "תגובה: Tuesday",
    "उत्तर: Tuesday",
    "回复：Tuesday",
    "答复: 回复: Tuesday",
    "回覆：Tuesday",
    "返信: Tuesday",
    "회신: Tuesday",
    "Trả lời: Tuesday",
]
IN_AN_ANSWER = [
    "AW: Tuesday",
    "SV: Tuesday",
    "VS: Tuesday",
    "R: Tuesday",
    "RES: Tuesday",
    "TL: Re: Tuesday",
]
NEVER = [
    "Tuesday",
    "Reality: a talk",
    "Regarding: Tuesday",
    "Tuesday Re: x",
    "Fwd: Re: Tuesday",
    "Answer: Tuesday",
    "12: Tuesday",
    "Awe: Tuesday",
    "re Tuesday",
    ": Tuesday",
    "回复 Tuesday",
]


@pytest.mark.parametrize("subject", ALWAYS)
def test_answers_in_any_language_begin_alike(subject: str) -> None:
    """Whatever her mail program writes before an answer becomes one `Re: `; the words stay."""
    for is_answer in (True, False):
        assert one_reply_prefix(safe_header(subject), is_answer=is_answer) == "Re: Tuesday"


@pytest.mark.parametrize("subject", IN_AN_ANSWER)
def test_what_may_be_her_own_word_counts_in_an_answer_only(subject: str) -> None:
    """`Aw: how sweet` on a new post stays what she wrote."""
    assert one_reply_prefix(subject, is_answer=True) == "Re: Tuesday"
    assert one_reply_prefix(subject, is_answer=False) == subject


@pytest.mark.parametrize("subject", NEVER)
def test_words_are_no_prefix(subject: str) -> None:
    """When in doubt, what she wrote stays."""
    for is_answer in (True, False):
        assert one_reply_prefix(subject, is_answer=is_answer) == subject


@given(st.text(max_size=200), st.booleans())
def test_only_a_prefix_is_ever_taken(subject: str, is_answer: bool) -> None:
    """The end of the subject is as it was, and once is enough."""
    once = one_reply_prefix(subject, is_answer=is_answer)
    assert subject.endswith(once.removeprefix("Re: "))
    assert one_reply_prefix(once, is_answer=is_answer) == once


def test_a_very_long_run_of_prefixes_is_quick() -> None:
    """Linear: no subject makes the relay think for long."""
    assert one_reply_prefix("Re: " * 50_000 + "x", is_answer=True) == "Re: x"
    assert one_reply_prefix("re[1" * 50_000, is_answer=True) == "re[1" * 50_000


@pytest.mark.parametrize(
    ("value", "expect"),
    [
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("क्\u200dष", "क्\u200dष"),
        (
            "\U0001f468\u200d\U0001f469\u200d\U0001f467",
            "\U0001f468\u200d\U0001f469\u200d\U0001f467",
        ),
        ("a\u200d\u200c\u200db", "a\u200db"),
        ("\u200ca \u200d b\u200c", "a b"),
        ("a\u200d\u200c b", "a b"),
    ],
)
def test_joiners_stay_inside_words(value: str, expect: str) -> None:
    """Persian, Indic scripts and emoji need them; anywhere else they only hide something."""
    assert safe_header(value) == expect
    assert safe_header(expect) == expect


@given(st.text("ab \u200c\u200d\u200b=?\u2066", max_size=30))
def test_a_clean_line_stays_as_it_is(value: str) -> None:
    """Doing it twice is doing it once, joiners included."""
    once = safe_header(value)
    assert safe_header(once) == once
    assert "=?" not in once


def test_names_from_right_to_left_are_isolated() -> None:
    """First strong isolate around them; others stay as they are."""
    for name in ("ריבה", "ﺮﻴﻣ", "Robin ר", "ܐ"):
        assert isolated(name) == f"\u2068{name}\u2069"
    for name in ("Robin", "寒い", "Δάφνη", "१२", "7"):
        assert isolated(name) == name
