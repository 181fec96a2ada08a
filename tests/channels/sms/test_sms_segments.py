"""Contract of `channels.sms.segments`: exact counts, and long texts cut where people would."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.secret import Secret
from channels.sms.punctuation import plain
from channels.sms.segments import (
    Encoding,
    Page,
    encoding,
    graphemes,
    page,
    segments,
)

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
FLAG = "\U0001f1e9\U0001f1ea"
SCOTLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"


MORE, MORE_UCS_2 = " ... reply MORE for the rest", " \u2026 reply MORE for the rest"


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
    assert segments("漢" * 70, toll_free=True) == 1
    assert (segments("a" * 305), segments("a" * 305, toll_free=True)) == (2, 3)
    assert (segments("漢" * 133), segments("漢" * 133, toll_free=True)) == (2, 3)
    assert segments("a" * 151 + "€" + "a" * 151, toll_free=True) == 3  # the € moves whole


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


ROBIN = Secret("Robin")


def pages(words: str, *, most: int = 4, toll_free: bool = False) -> list[tuple[int, Page]]:
    """All pages of a text and where they begin; fails instead of going on for ever."""
    at: int | None = 0
    found: list[tuple[int, Page]] = []
    while at is not None:
        found.append((at, page(ROBIN, words, start=at, most=most, toll_free=toll_free)))
        at = found[-1][1].next
        assert at is None or at > found[-1][0]
    return found


def spoken(text: str) -> str:
    """The words of a body of Robin's, without prefix and announcement."""
    return text.removeprefix("Robin: ").removesuffix(MORE).removesuffix(MORE_UCS_2)


def test_what_fits_is_one_page() -> None:
    """The pseudonym, a colon, a space, the words as they are; notices have no prefix."""
    words = "hello  everyone\n\u2019tis “me” 😀"
    assert page(ROBIN, words) == Page(body="Robin: " + words, next=None, segments=1)
    assert page(None, words).body == words
    assert page(ROBIN, "").body == "Robin: "
    assert page(ROBIN, "a" * 153, most=1) == Page(body="Robin: " + "a" * 153, next=None, segments=1)
    assert page(ROBIN, "a" * 605).next is None
    assert page(ROBIN, "漢" * 261).next is None
    assert page(None, "a" * 1600, most=99) == Page(body="a" * 1600, next=None, segments=11)
    assert page(None, "漢" * 1600, most=99, toll_free=True).segments == 25


def test_a_page_says_how_to_get_the_rest() -> None:
    """In dots where they keep the page in GSM-7, with an ellipsis where it is UCS-2 anyway."""
    first = page(ROBIN, "lorem ipsum " * 60)
    assert first.body.endswith("lorem" + MORE) or first.body.endswith("ipsum" + MORE)
    assert encoding(first.body) is Encoding.GSM_7
    assert first.segments == 4
    japanese = page(ROBIN, "漢" * 262)
    assert japanese.body == "Robin: " + "漢" * (4 * 67 - 7 - len(MORE_UCS_2)) + MORE_UCS_2
    assert japanese.segments == 4


@pytest.mark.parametrize(
    ("words", "most", "toll_free", "fits"),
    [
        ("a" * 154, 1, False, 160 - 7 - 28),
        ("a" * 606, 4, False, 4 * 153 - 7 - 28),
        ("a" * 606, 4, True, 4 * 152 - 7 - 28),
        ("€" * 400, 4, False, (146 // 2) + 76 + 76 + (153 - 28) // 2),
        ("漢" * 64, 1, False, 70 - 7 - 26),
        ("😀" * 400, 4, False, 30 + 33 + 33 + (67 - 26) // 2),
        ("a" * 5000, 99, False, 1600 - 7 - 28),
        ("漢" * 5000, 99, False, 1600 - 7 - 28),
    ],
)
def test_a_page_is_filled_to_the_last_place(
    words: str, most: int, toll_free: bool, fits: int
) -> None:
    """By septets or units, in whole pairs, up to 1600 characters."""
    assert page(ROBIN, words, most=most, toll_free=toll_free).next == fits


def test_the_encoding_is_that_of_the_page() -> None:
    """One emoji makes the page it stands on dear, not those before and behind it."""
    words = "lorem ipsum " * 60 + "😀 " + "dolor sit " * 80
    kinds = [encoding(found.body) for _, found in pages(words)]
    assert kinds.count(Encoding.UCS_2) == 1
    assert kinds[0] is Encoding.GSM_7
    assert kinds[-1] is Encoding.GSM_7


def test_a_page_ends_before_an_emoji_where_that_holds_more() -> None:
    """400 letters in GSM-7 rather than 200 letters in UCS-2 for the sake of what follows."""
    assert page(ROBIN, "a" * 400 + "😀" * 200).next == 400
    assert (page(ROBIN, "a" * 20 + "😀" * 200).next or 0) > 100


def test_punctuation_is_folded_page_by_page() -> None:
    """Where that saves a segment; `next` still counts the words as they were."""
    words = "It\u2019s late \u2013 she said \u201cno\u201d\u2026 " * 40
    (start, first), (middle, second), *_ = pages(words)
    assert encoding(first.body) is Encoding.GSM_7
    assert spoken(first.body).startswith("It's late - she said \"no\"... It's")
    assert spoken(second.body).startswith(plain(words[middle:])[:30])
    assert spoken(first.body) == plain(words[start:middle]).rstrip()
    assert page(ROBIN, "It\u2019s me").body == "Robin: It\u2019s me"  # nothing to save


def test_words_are_not_broken_on_pages() -> None:
    """A page ends after white space if there is some in its second half, and begins without."""
    for at, found in pages("lorem ipsum,   " * 300):
        assert spoken(found.body).endswith("lorem") or spoken(found.body).endswith("ipsum,")
        assert at % 15 in (0, 6)
    assert page(ROBIN, "a " + "b" * 3000).next == 4 * 153 - 7 - 28
    whole = "a" * 400 + " " + "b" * 176 + " " + "c" * 99
    assert page(ROBIN, whole).next == 578  # the last place is the end of a word
    assert page(ROBIN, "a" * 400 + "\u00a0" + "b" * 400).next == 577  # never at a no-break space


def test_a_mark_on_white_space_stays_there() -> None:
    """What carries a mark is no white space to cut at or to leave out."""
    assert page(ROBIN, "a" * 180 + " \u0301" + "b" * 999).next == 4 * 67 - 7 - 26
    assert all(at == 0 or at % 2 for at, _ in pages("x" + " \u0301" * 600))


def test_white_space_is_no_page() -> None:
    """A text with five thousand empty lines before and behind it is one page."""
    empty = "\n" * 5000
    assert page(ROBIN, empty + "hi" + empty) == Page(body="Robin: hi", next=None, segments=1)


@pytest.mark.parametrize("cluster", [FAMILY, FLAG, SCOTLAND, "👍🏽", "❤️", "e\u0301", "क्ष"])
def test_no_page_ends_inside_a_grapheme(cluster: str) -> None:
    """Whatever stands before it: all cuts are multiples of its length away from the start."""
    for shift in range(len(cluster) * 2):
        for _, found in pages("a" * shift + cluster * 120):
            assert ((found.next or shift) - shift) % len(cluster) == 0


def test_a_grapheme_that_no_page_holds_is_cut_between_characters() -> None:
    """Four thousand marks on one letter: limits hold, nothing is lost, and it ends."""
    words = "x" * 100 + "e" + "\u0301" * 4000 + " end"
    found = pages(words)
    assert all(one.segments <= 4 for _, one in found)
    assert "".join(spoken(one.body) for _, one in found) == words


def test_no_room_on_a_page_is_an_error() -> None:
    """A pseudonym that leaves none, and a place that is none: better than a wrong body."""
    with pytest.raises(ValueError, match="no room"):
        page(Secret("R" * 1600), "a" * 10)
    with pytest.raises(ValueError, match="no such place"):
        page(ROBIN, "hello", start=6)
    assert page(ROBIN, "hello", start=5).next is None


bits = st.one_of(
    st.text(max_size=40),
    st.text(alphabet="a b\u2019\u2026\n\u00a0€", max_size=200),
    st.sampled_from(
        [
            FAMILY,
            FLAG,
            SCOTLAND,
            "👍🏽",
            "क्ष",
            "\r\n",
            "x" * 150,
            "漢" * 60,
            " " * 80,
            "lorem ip " * 9,
        ]
    ),
)
texts = st.lists(bits, max_size=25).map("".join)


@given(texts, st.integers(1, 5), st.booleans())
@settings(deadline=None, max_examples=60)
def test_pages_say_all_words_within_their_limits(words: str, most: int, toll_free: bool) -> None:
    """For any text: they end, join to the text, keep the limits, and are cut at borders."""
    found = pages(words, most=most, toll_free=toll_free)
    assert found == pages(words, most=most, toll_free=toll_free)
    for at, one in found:
        part = words[at : one.next].strip()
        assert one.body.startswith("Robin: ")
        assert spoken(one.body).strip() in (part, plain(part))
        assert one.segments == segments(one.body, toll_free=toll_free) <= most
        assert units(one.body) <= 1600
    borders, at = {0}, 0
    for grapheme in graphemes(words):
        at += len(grapheme)
        borders |= {at} if len(grapheme) < 20 else set(range(at + 1))
    assert {at for at, _ in found} <= borders


@given(texts, st.integers(1, 3), st.booleans())
@settings(deadline=None, max_examples=40)
def test_no_page_is_cut_short_without_reason(words: str, most: int, spaced: bool) -> None:
    """Against the slow way: without white space the longest that fits, with it half of that."""
    words = words[:900] if spaced else re.sub(r"\s", "", words)[:900]
    for at, one in pages(words, most=most):
        if one.next is None:
            continue
        first = len(words) - len(words[at:].lstrip())
        place, longest = first, first
        for grapheme in graphemes(words[first : first + 700]):
            place += len(grapheme)
            said = "Robin: " + words[first:place]
            cost = min(segments(plain(said) + MORE), segments(said + MORE_UCS_2))
            longest = place if cost <= most else longest
        assert one.next >= (first + (longest - first) // 2 if spaced else longest)


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


@given(st.text())
def test_graphemes_join_to_the_text(text: str) -> None:
    """Nothing is lost or changed by looking at it."""
    assert "".join(graphemes(text)) == text
    assert segments(text) >= 1


def test_the_hint_is_in_the_readers_language_where_that_costs_nothing() -> None:
    """In Latin letters on any page; in others only on a page that is in UCS-2 anyway."""
    spanish, chinese = "MAS para ver el resto", "\u56de\u590d\u201c\u66f4\u591a\u201d"
    latin = page(ROBIN, "lorem ipsum " * 60, more=spanish)
    assert (latin.body.endswith(f" ... {spanish}"), latin.segments) == (True, 4)
    mixed = page(ROBIN, "lorem ipsum " * 60, more=chinese)
    assert (mixed.body.endswith(MORE), mixed.segments) == (True, 4)
    own = page(ROBIN, "\u6f22" * 300, more=chinese)
    assert (own.body.endswith(f" \u2026 {chinese}"), own.segments) == (True, 4)
