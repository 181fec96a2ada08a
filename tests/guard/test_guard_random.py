"""Any chain of the ways to hide a contact is undone; places stay true; the work stays linear."""

from __future__ import annotations

import re
import sys
import urllib.parse
from collections.abc import Callable

import pytest
from circle import CIRCLE, person
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.guard import shadow
from relay.guard.find import Guard, find
from relay.guard.mask import masked
from relay.guard.watch import Watch

Hide = Callable[[str], str]


def _spread(sign: str) -> Hide:
    def spread(text: str) -> str:
        return sign.join(text)

    return spread


def _full_width(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def _entities(text: str) -> str:
    return "".join(f"&#{ord(c)};" if not c.isspace() else c for c in text)


def _percent(text: str) -> str:
    return urllib.parse.quote(text, safe="")


EITHER: dict[str, Hide] = {
    "capitals": str.upper,
    "full width": _full_width,
    "decimal entities": _entities,
    "hex entities": lambda t: "".join(f"&#x{ord(c):X};" for c in t),
    "amp": lambda t: t.replace("&", "&amp;"),
    "percent": _percent,
    "zero width": _spread("\u200b"),
    "joiners": _spread("\u2060"),
    "soft hyphens": _spread("\u00ad"),
    "bidi": lambda t: f"\u202e{t}\u202c",
    "selectors": _spread("\ufe0f"),
    "spaced": _spread(" "),
    "broken in the middle": lambda t: t[: len(t) // 2] + "\n" + t[len(t) // 2 :],
    "quoted": lambda t: "> " + t[: len(t) // 2] + "\r\n> " + t[len(t) // 2 :],
    "in brackets": lambda t: f"<{t}>",
    "in a sentence": lambda t: f"please use {t}, thanks",
    "underlined": _spread("\u0332"),
}
ADDRESS: dict[str, Hide] = EITHER | {
    "at": lambda t: t.replace("@", " at "),
    "(at)": lambda t: t.replace("@", "(at)").replace("\uff20", "[at]"),
    "dots": lambda t: t.replace(".", " dot "),
    "[punkt]": lambda t: t.replace(".", "[punkt]"),
    "small at": lambda t: t.replace("@", "\ufe6b"),
    "period": lambda t: t.replace(".", "&period;"),
    "commat": lambda t: t.replace("@", "&commat;"),
    "accents": lambda t: t.replace("a", "\u00e1").replace("e", "e\u0301"),
    "cyrillic": lambda t: t.replace("a", "\u0430").replace("o", "\u043e"),
}
NUMBER: dict[str, Hide] = EITHER | {
    "dashes": _spread("-"),
    "dots": lambda t: re.sub(r"(\d\d)(?=\d)", r"\1.", t),
    "slashes": lambda t: re.sub(r"(\d\d\d)(?=\d)", r"\1/", t),
    "no-break": lambda t: re.sub(r"(\d\d)(?=\d)", "\\1\u00a0", t),
    "arabic": lambda t: t.translate({48 + i: 0x660 + i for i in range(10)}),
    "devanagari": lambda t: t.translate({48 + i: 0x966 + i for i in range(10)}),
    "words between": lambda t: re.sub(r"(\d{4})(?=\d)", r"\1 and then ", t, count=1),
}
# Encodings do not survive what is done to their own letters and digits afterwards.
LAST = {"decimal entities", "hex entities", "percent", "period", "commat", "amp"}

local_parts = st.from_regex(r"[b-df-z]{3,8}[._]?[b-df-z]{2,6}[0-9]{0,2}", fullmatch=True)
hosts = st.from_regex(r"[b-df-z]{4,10}\.(?:org|net|de|co\.uk)", fullmatch=True)


def _chain(draw: st.DrawFn, ways: dict[str, Hide], text: str) -> str:
    plain = sorted(set(ways) - LAST)
    for way in draw(st.lists(st.sampled_from(plain), max_size=3, unique=True)):
        text = ways[way](text)
    for way in draw(st.lists(st.sampled_from(sorted(LAST & set(ways))), max_size=2, unique=True)):
        text = ways[way](text)
    return text


@st.composite
def hidden_address(draw: st.DrawFn) -> tuple[str, str]:
    """An address, and a text that holds it under up to five layers."""
    address = f"{draw(local_parts)}@{draw(hosts)}"
    return address, _chain(draw, ADDRESS, address)


@st.composite
def hidden_number(draw: st.DrawFn) -> tuple[str, str]:
    """A German or American number, and a text that holds it under up to five layers."""
    national = draw(st.from_regex(r"1[5-7][0-9][2-9][0-9]{7}|[2-9][0-9]{9}", fullmatch=True))
    code = "+49" if national[0] == "1" else "+1"
    shown = draw(st.sampled_from([code + national, "00" + code[1:] + national, national]))
    return code + national, _chain(draw, NUMBER, shown)


@settings(max_examples=120, deadline=None)
@given(hidden_address())
def test_any_chain_of_hiding_an_address_is_undone(case: tuple[str, str]) -> None:
    """Under any layers the address is found, seen by the egress guard, and gone when masked."""
    _check(*case)


@settings(max_examples=120, deadline=None)
@given(hidden_number())
def test_any_chain_of_hiding_a_number_is_undone(case: tuple[str, str]) -> None:
    """Under any layers the number is found, seen by the egress guard, and gone when masked."""
    _check(*case)


def _check(contact: str, text: str) -> None:
    people = (person(1, "Robin", contact),)
    assert Watch(people).exposed(text) == {1}
    findings = find(text, people, strangers=False)
    assert {found.whose for found in findings} == {1}
    assert Watch(people).exposed(masked(text, findings, people)) == frozenset()


anything = st.one_of(
    st.text(),
    st.text(alphabet="mara.hle@exmpog 0123456789+-()\n&#;%4\u200b\u00ad\uff20\u0661"),
    st.lists(
        st.sampled_from(
            ["mara.hale@example.org", "0170 1234567", "&#64;", "%40", "Mara Hale", " at ", "\u200b",
             "bob@example.com", "+33 6 12 34 56 78", "\n> ", "jo@me.com", "word ", "&amp;", "é"]
        )
    ).map("".join),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(anything, st.booleans())
def test_places_are_true(text: str, strangers: bool) -> None:
    """Findings lie in the text, in order, apart; what stands between them is left untouched."""
    findings = find(text, CIRCLE, strangers=strangers, region="DE")
    ends = [0, *(found.end for found in findings)]
    starts = [*(found.start for found in findings), len(text)]
    assert all(low <= high for low, high in zip(ends, starts, strict=True))
    assert all(found.start < found.end for found in findings)
    marks = (person(each.id, "\0", *()) for each in CIRCLE)
    left = masked(text, findings, tuple(marks))
    between = [text[low:high] for low, high in zip(ends, starts, strict=True)]
    removed = ["\0" if found.whose is not None else f"[{found.kind} removed]" for found in findings]
    assert left == "".join(a + b for a, b in zip(between, [*removed, ""], strict=True))


@settings(max_examples=120, deadline=None)
@given(anything)
def test_both_guards_see_the_same_text(text: str) -> None:
    """The shadow with places and the one without say the same, and each character has a place."""
    placed = shadow.shadows(text)
    assert [each.text for each in placed] == shadow.views(text)
    for each in placed:
        spans = [each.span(i, i + 1) for i in range(len(each.text))]
        assert all(0 <= low < high <= len(text) for low, high in spans)
        assert spans == sorted(spans)


SOUPS = {
    "digits": "1234567890",
    "digits apart": "1 2 3 4 ",
    "zeros": "0 ",
    "numbers": "0170 1234567 ",
    "plus": "+49 ",
    "arabic digits": "\u0660\u0661",
    "at": "@",
    "a@": "a@",
    "at apart": " @ ",
    "a.a@": "a.a.a.a@a.a.",
    "stops": "a.",
    "zero width": "\u200b",
    "amp": "&amp;",
    "ands": "&",
    "percent": "%25",
    "letters apart": "a ",
    "at words": "at ",
    "dot words": "a at b dot ",
    "domains": "+@gmail.com",
    "names": "mara.hale ",
    "everyday names": "Hope ",
    "digit words": "one two ",
    "letters as digits": "0oil ",
    "isbn": "isbn 1",
    "money": "$1",
    "accents": "e\u0301",
    "quotes": '"a',
}


@pytest.mark.parametrize("soup", SOUPS)
def test_hostile_text_costs_linear_work(soup: str) -> None:
    """Twice the text costs at most about twice the steps, whatever it is made of.

    Counted are the calls that Python makes; the expressions are bounded by their own repeats.
    """
    guard = Guard(CIRCLE, strangers=True, region="DE")
    small, large = (_steps(guard, (SOUPS[soup] * size)[:size]) for size in (3_000, 6_000))
    assert large <= 2.3 * small + 2_000


def _steps(guard: Guard, text: str) -> int:
    """Return how many calls a search takes, of our functions and of the library's in C."""
    count = 0

    def step(_frame: object, event: str, _what: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    sys.setprofile(step)
    try:
        guard.find(text)
    finally:
        sys.setprofile(None)
    return count


def test_a_thousand_members_are_no_slower_to_ask() -> None:
    """The steps to look at a text do not grow with the members: ten or a thousand."""
    text = "Hello everyone, on 21.11.2024 at 18:30 we meet, write to bob@example.com " * 20
    few, many = (
        Watch([person(n, f"P{n}", f"m{n:04}.x@host{n % 7}.org", f"+49170{n:07}") for n in range(m)])
        for m in (10, 1000)
    )
    counts = []
    for watch in (few, many):
        count = 0

        def step(_frame: object, event: str, _what: object) -> None:
            nonlocal count
            count += event in {"call", "c_call"}

        sys.setprofile(step)
        try:
            assert watch.exposed(text) == frozenset()
        finally:
            sys.setprofile(None)
        counts.append(count)
    assert counts[1] <= 1.2 * counts[0] + 50


def test_hypothesis_is_used_for_what_it_says() -> None:
    """The layers really change the text: none of them is a no-op on a contact."""
    for ways, contact in ((ADDRESS, "name.xx@host.org"), (NUMBER, "+491701234567")):
        changed = {way for way, hide in ways.items() if hide(contact) != contact}
        assert set(ways) - changed <= {"amp", "capitals", "accents", "cyrillic"}
