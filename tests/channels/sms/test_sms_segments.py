"""Contract of `channels.sms.segments`: exact counts, and long texts cut where people would."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.secret import Secret
from channels.sms.segments import LEFT_OUT, Encoding, encoding, graphemes, render, segments

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
FLAG = "\U0001f1e9\U0001f1ea"
SCOTLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"


def units(text: str) -> int:
    """UTF-16 units, counted by the codec."""
    return len(text.encode("utf-16-le")) // 2


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("a" * 152 + "€" + "a" * 8, 2),
        ("a" * 152 + "€" + "a" * 152, 3),  # the € moves whole, so the second part overflows
        ("漢" * 70, 1),
        ("漢" * 71, 2),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("漢" * 66 + "😀" + "漢" * 66, 3),
        ("a" * 1600, 11),
        ("漢" * 1600, 24),
    ],
)
def test_segments_of_a_long_code(text: str, count: int) -> None:
    """160 or 153 septets, 70 or 67 units; pairs never straddle (3GPP TS 23.040)."""
    assert segments(text) == count


def test_segments_of_a_toll_free_number() -> None:
    """Twilio's toll-free numbers take one less in each part, and as much in a single one."""
    assert segments("漢" * 1600, toll_free=True) == 25
    assert segments("a" * 160, toll_free=True) == 1
    assert (segments("a" * 305), segments("a" * 305, toll_free=True)) == (2, 3)


def test_one_character_outside_the_alphabet_costs_the_whole_text() -> None:
    """GSM-7 or UCS-2, nothing between."""
    for character in "@£Çàé\n\rÆß ΔΩ€^{}\\[~]|\f":
        assert encoding(character) is Encoding.GSM_7
    for character in "`\t\u2019\u201c\u2013…\u00a0çáíóúâêãõ😀漢":
        assert encoding("a" * 10 + character) is Encoding.UCS_2


def test_the_alphabet_is_complete() -> None:
    """127 characters without the escape, and 10 in the extension."""
    single = [chr(c) for c in range(0x10000) if encoding(chr(c)) is Encoding.GSM_7]
    assert len(single) == 127 + 10


def test_a_post_is_the_pseudonym_colon_space_words() -> None:
    """And nothing else: words are not changed, notices have no prefix."""
    words = "  hello  everyone\n\u2019tis “me” 😀 "
    assert render(Secret("Robin"), Secret(words)) == ["Robin: " + words]
    assert render(None, Secret(words)) == [words]


def test_what_fits_stays_whole() -> None:
    """1600 characters with the prefix are one body, 1601 are two."""
    assert len(render(Secret("Robin"), Secret("a" * 1593))) == 1
    assert len(render(Secret("Robin"), Secret("a" * 1594))) == 2
    assert len(render(None, Secret("😀" * 800))) == 1
    assert len(render(None, Secret("😀" * 801))) == 2


def test_every_part_has_pseudonym_and_mark() -> None:
    """`Robin: (2/3) ...`: parts may arrive in any order."""
    bodies = render(Secret("Robin"), Secret("lorem ipsum " * 330))
    assert [body[:13] for body in bodies] == ["Robin: (1/3) ", "Robin: (2/3) ", "Robin: (3/3) "]
    notice = render(None, Secret("lorem ipsum " * 330))
    assert [body[:6] for body in notice] == ["(1/3) ", "(2/3) ", "(3/3) "]


def test_words_are_not_broken() -> None:
    """A part ends after white space wherever there is some in its second half."""
    bodies = render(Secret("Robin"), Secret("lorem ipsum " * 330))
    assert all(body.endswith(" ") for body in bodies)


def test_a_part_is_not_cut_short_for_an_early_space() -> None:
    """Where there is no white space in its second half, a part is filled."""
    bodies = render(Secret("Robin"), Secret("a " + "b" * 3000))
    assert [units(body) for body in bodies[:-1]] == [1598]  # two less: the mark may need them


def test_what_does_not_fit_is_left_out_visibly() -> None:
    """At most `most` bodies, the last of which says that there was more."""
    words = "lorem ipsum " * 2000
    bodies = render(Secret("Robin"), Secret(words), most=4)
    assert len(bodies) == 4
    assert bodies[-1].endswith("lorem ipsum" + LEFT_OUT) or bodies[-1].endswith("lorem" + LEFT_OUT)
    assert all(units(body) <= 1600 for body in bodies)
    (only,) = render(Secret("Robin"), Secret(words), most=1)
    assert only.startswith("Robin: lorem")
    assert only.endswith(LEFT_OUT)


def test_no_room_is_an_error() -> None:
    """A pseudonym of 1500 letters leaves none; better an error than a body Twilio refuses."""
    with pytest.raises(ValueError, match="no room"):
        render(Secret("R" * 1500), Secret("a" * 1600))


def test_a_grapheme_larger_than_a_part_is_cut_between_characters() -> None:
    """Two thousand marks on one letter: bodies stay within the limit and nothing is lost."""
    words = "x" * 100 + "e" + "\u0301" * 4000 + " end"
    bodies = render(Secret("Robin"), Secret(words))
    assert all(units(body) <= 1600 for body in bodies)
    assert "".join(re.sub(r"^Robin: \(\d+/\d+\) ", "", body) for body in bodies) == words


@pytest.mark.parametrize(
    "cluster",
    [
        "a",
        "e\u0301",
        "\r\n",
        FAMILY,
        FLAG,
        SCOTLAND,
        "\U0001f44d\U0001f3fd",  # thumbs up, skin tone
        "\u2764\ufe0f",  # heart, emoji style
        "1\ufe0f\u20e3",  # keycap
        "\u0915\u094d\u0937",  # ka, virama, ssa
        "\u0e01\u0e33",  # ko kai, sara am
        "\u1112\u1161\u11ab",  # conjoining jamo: han
        "\ud55c",
        "\uac00\u11a8",  # syllable and tail
        "\u0600\u0661",  # Arabic number sign and digit
        "\U00010000\u0301",
    ],
)
def test_a_grapheme_is_one_piece_between_others(cluster: str) -> None:
    """UAX #29 as far as `unicodedata` carries it."""
    assert list(graphemes("x" + cluster + "y")) == ["x", cluster, "y"]
    assert list(graphemes(cluster * 3)) == [cluster] * 3


def test_no_text_has_no_graphemes() -> None:
    """The empty text has none."""
    assert list(graphemes("")) == []


clusters = st.sampled_from(
    ["a", "漢", "é", "é", "😀", "❤️", " ", "\n", "\r\n", "word ", "👍🏽", "क्ष"] * 2
    + [FAMILY, FLAG, SCOTLAND, "x" * 700, " " * 300]
)


@given(st.lists(clusters, min_size=1, max_size=30), st.integers(1, 40))
@settings(deadline=None)
def test_no_cut_inside_a_grapheme_and_nothing_lost(pieces: list[str], times: int) -> None:
    """The parts join to the text, keep the limit, and every cut is a border of the pieces."""
    pieces = pieces * times
    while sum(map(len, pieces)) > 10_000:
        pieces = pieces[: len(pieces) // 2]
    words = "".join(pieces)
    bodies = render(Secret("Robin"), Secret(words))
    if len(bodies) > 1:
        parts = [re.sub(rf"^Robin: \({n}/{len(bodies)}\) ", "", b) for n, b in enumerate(bodies, 1)]
    else:
        parts = [bodies[0].removeprefix("Robin: ")]
    assert all(units(body) <= 1600 and body.startswith("Robin: ") for body in bodies)
    if not parts[-1].endswith(LEFT_OUT):
        assert "".join(parts) == words
    borders, at = {0}, 0
    for piece in pieces:
        borders |= {at + n for n in range(len(piece))} if piece[0] in "xw " else set()
        at += len(piece)
        borders.add(at)
    cut = 0
    for part in parts[:-1]:
        cut += len(part)
        assert cut in borders


@given(st.text())
def test_graphemes_join_to_the_text(text: str) -> None:
    """Nothing is lost or changed by looking at it."""
    assert "".join(graphemes(text)) == text
    assert segments(text) >= 1
