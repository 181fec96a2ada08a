"""Generated messages: trees of any shape, whole and broken. Whole ones arrive letter for letter."""

from __future__ import annotations

import base64
import html
import quopri
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from channels.mail.parse import Limit, Parsed, Unreadable, parse
from channels.mail.plain import clean
from tests.channels.mail.mailside import DOMAIN

SCRIPTS = {
    "abcdefgh": ("us-ascii", "utf-8", "iso-8859-1", "utf-16", "utf-7", "x-nobody-knows"),
    "aåäöñéßç": ("utf-8", "iso-8859-1", "iso-8859-15", "windows-1252", "utf-7", "utf-16"),
    "абвгджзю": ("utf-8", "koi8-r", "windows-1251", "iso-8859-5", "utf-16", "x-nobody-knows"),
    "ąčďęłńřž": ("utf-8", "iso_8859-2:1987", "windows-1250", "iso-8859-2"),
    "αβγδεζηθ": ("utf-8", "iso-8859-7", "windows-1253"),
    "ابتثجحخد": ("utf-8", "windows-1256", "iso-8859-6", "utf-16"),
    "אבגדהוזח": ("utf-8", "windows-1255", "iso-8859-8-i"),
    "कखगघचछजझ": ("utf-8", "utf-16", "utf-7"),
    "กขคงจฉชซ": ("utf-8", "tis-620", "windows-874"),
    "日本語東京山川": ("utf-8", "shift_jis", "euc-jp", "iso-2022-jp", "utf-16"),
    "かなカナひらがは": ("utf-8", "shift_jis", "euc-jp", "iso-2022-jp"),
    "中文简体汉字我你": ("utf-8", "gb2312", "gbk", "gb18030", "hz-gb-2312"),
    "繁體中文漢字我你": ("utf-8", "big5", "gb18030"),
    "한국어가나다라마": ("utf-8", "euc-kr", "ks_c_5601-1987"),
}
"""Letters, and the charsets they are sent in. An unknown one is sent as UTF-8."""


WRITES_AS = {
    "x-nobody-knows": "utf-8",
    "iso-8859-8-i": "iso-8859-8",
    "windows-874": "cp874",
    "iso_8859-2:1987": "iso-8859-2",
}
"""What Python calls those it does not know by their name in mail."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A part with words, and what must be read of it."""

    raw: bytes
    words: str


@st.composite
def leaves(draw: st.DrawFn) -> Leaf:
    """A text part whose charset and encoding are what it says."""
    letters = draw(st.sampled_from(list(SCRIPTS)))
    charset = draw(st.sampled_from(SCRIPTS[letters]))
    word = st.text(letters, min_size=1, max_size=9)
    lines = draw(st.lists(st.lists(word, min_size=1, max_size=7), min_size=1, max_size=5))
    form = draw(st.sampled_from([_plain, _flowed, _html, _html_in_pieces]))
    kind, source = form(lines)
    octets = source.encode(WRITES_AS.get(charset, charset))
    coded, encoding = _coded(octets, draw(st.integers(0, 2)))
    named = draw(st.sampled_from(['charset="{}"', "charset={}", "CharSet = {}", "x=y; charset={}"]))
    head = f"Content-Type: {kind}; {named.format(charset)}\r\nContent-Transfer-Encoding: {encoding}"
    words = " ".join(" ".join(line) for line in lines)
    return Leaf(f"{head}\r\n\r\n".encode() + coded, words)


def _plain(lines: list[list[str]]) -> tuple[str, str]:
    return "text/plain", "\r\n".join(" ".join(line) for line in lines)


def _flowed(lines: list[list[str]]) -> tuple[str, str]:
    return "text/plain; format=flowed", "\r\n".join(" \r\n".join(line) for line in lines)


def _html(lines: list[list[str]]) -> tuple[str, str]:
    paragraphs = "".join(f"<p>{html.escape(' '.join(line))}</p>" for line in lines)
    head = "<html><head><title>no</title><style>p{}</style></head><body>"
    return "text/html", f"{head}{paragraphs}<script>no</script></body></html>"


def _html_in_pieces(lines: list[list[str]]) -> tuple[str, str]:
    """Every second letter as an entity, in tags that break words nowhere a reader would see."""
    pieces = []
    for line in lines:
        for word in line:
            coded = "".join(f"&#{ord(c)};" if i % 2 else f"<b>{c}</b>" for i, c in enumerate(word))
            pieces.append(f"<span>{coded}</span>&nbsp;\n")
        pieces.append("<br>")
    return "text/html", "".join(pieces)


def _coded(octets: bytes, way: int) -> tuple[bytes, str]:
    lines = octets.split(b"\n")
    clear = all(len(line) < 900 for line in lines) and b"\x00" not in octets
    if way == 0 and clear and octets.isascii():
        return octets, "7bit"
    if way == 1 and clear and b"\xfe" not in octets:
        return quopri.encodestring(octets.replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n"), (
            "Quoted-Printable"
        )
    return base64.encodebytes(octets).replace(b"\n", b"\r\n"), "BASE64"


Joined = Callable[[list[Leaf], str], Leaf]


def _mixed(parts: list[Leaf], border: str) -> Leaf:
    """All of them count."""
    return Leaf(_multipart("mixed", parts, border), " ".join(part.words for part in parts))


def _alternative(parts: list[Leaf], border: str) -> Leaf:
    """The same words twice: as a page with nothing in it, and as they are."""
    page = Leaf(b"Content-Type: text/html\r\n\r\n<p><img src=x></p>", "")
    return Leaf(_multipart("alternative", [page, parts[0]], border), parts[0].words)


def _related(parts: list[Leaf], border: str) -> Leaf:
    """The first, and a picture it shows."""
    picture = Leaf(b"Content-Type: image/png\r\nContent-ID: <x>\r\n\r\nno", "")
    return Leaf(_multipart("related", [parts[0], picture], border), parts[0].words)


def _signed(parts: list[Leaf], border: str) -> Leaf:
    """The first, and a signature."""
    mark = Leaf(b"Content-Type: application/pgp-signature; name=s.asc\r\n\r\n-----no", "")
    return Leaf(_multipart("signed", [parts[0], mark], border), parts[0].words)


def _multipart(kind: str, parts: list[Leaf], border: str) -> bytes:
    head = f'Content-Type: multipart/{kind}; boundary="{border}"\r\n\r\npreamble no\r\n'.encode()
    body = b"".join(b"--%s\r\n%s\r\n" % (border.encode(), part.raw) for part in parts)
    return head + body + f"--{border}--\r\nepilogue no\r\n".encode()


BORDERS = st.text("abc'()+_,-./:=?019", min_size=1, max_size=12)


@st.composite
def trees(draw: st.DrawFn, depth: int = 3) -> Leaf:
    """A leaf, or parts joined. Borders of inner levels end otherwise than those of outer ones."""
    if depth == 0 or draw(st.booleans()):
        return draw(leaves())
    parts = draw(st.lists(trees(depth=depth - 1), min_size=1, max_size=3))
    join: Joined = draw(st.sampled_from([_mixed, _alternative, _related, _signed]))
    return join(parts, f"{draw(BORDERS)}{depth}x")


HEAD = b"From: <jane@willow.example>\r\nTo: <k3v9@relay.example>\r\nSubject: x\r\nMIME-Version: 1.0"


@settings(deadline=None, max_examples=100)
@given(trees())
def test_what_is_declared_right_arrives_letter_for_letter(tree: Leaf) -> None:
    """Any shape of tree, charset, encoding and script: all words, in order, and nothing else."""
    got = parse(HEAD + b"\r\n" + tree.raw, ours=DOMAIN)
    assert isinstance(got, Parsed)
    assert got.text.reveal().split() == tree.words.split()


GARBAGE = [
    *(b"Content-Type: multipart/mixed", b"Content-Type: multipart/mixed; boundary=\r\n"),
    *(b"Content-Type: text/plain; charset=utf-16\r\n", b"Content-Type: ;;;=\r\n"),
    *(b"Content-Type: message/rfc822\r\n", b"Content-Type: text/html; charset=\x00\r\n"),
    *(b"Content-Transfer-Encoding: base64\r\n", b"Content-Transfer-Encoding: x-uuencode\r\n"),
    *(b"\r\n\r\n", b"\r", b"\n", b"\x00", b"\xff\xfe", b"--", b"=", b"=?utf-8?b?", b"?=", b"\t"),
    *(b"begin 644 x\r\n", b"From nobody\r\n", b": no name\r\n", b" folded\r\n", b"From: (((\r\n"),
    *(b"Subject: =?utf-8?q?=0D=0AX:_y?=\r\n", b"<div>" * 40, b"<!--", b"&#x110000;", b"> " * 50),
]


@st.composite
def broken(draw: st.DrawFn) -> bytes:
    """A whole message, with pieces cut out of it, doubled, and garbage put in."""
    raw = HEAD + b"\r\n" + draw(trees()).raw
    for _ in range(draw(st.integers(1, 6))):
        at, end = sorted(draw(st.tuples(*[st.integers(0, len(raw))] * 2)))
        put: bytes = draw(st.sampled_from([b"", raw[at:end] * 2, *GARBAGE]) | st.binary(max_size=9))
        cut_to = draw(st.sampled_from([at, min(end, at + 30)]))
        raw = raw[:at] + put + raw[cut_to:]
    return raw[:60_000]


@settings(deadline=None, max_examples=150)
@given(broken())
@example(b"Content-Type: multipart/mixed; boundary=\r\n\r\n--\r\n\r\na\r\n----\r\n")
def test_broken_messages_are_read_and_give_no_more_than_they_hold(raw: bytes) -> None:
    """Never an exception, never more text than there was, and always text that can be written."""
    got = parse(raw, ours=DOMAIN)
    if isinstance(got, Unreadable):
        assert got.why is not Limit.BROKEN
        return
    text = got.text.reveal()
    text.encode("utf-8")
    assert text == clean(text)
    assert len(text) <= 5 * len(raw) + 100
    assert sum(len(file.octets) for file in got.files) <= len(raw)
    assert "\n" not in got.subject.reveal()


def test_what_fuzzing_kept_is_read_without_the_net() -> None:
    """Each input that once reached new places: read, or refused for a limit. See tests/fuzz."""
    kept = sorted((Path(__file__).parents[2] / "fuzz" / "corpus").iterdir())
    assert 100 <= len(kept) <= 300
    assert sum(path.stat().st_size for path in kept) <= 1_000_000
    for path in kept:
        got = parse(path.read_bytes(), ours=DOMAIN)
        assert not isinstance(got, Unreadable) or got.why is not Limit.BROKEN, path.name


@pytest.mark.parametrize("charset", sorted({c for known in SCRIPTS.values() for c in known}))
def test_wrong_charsets_lose_no_line(charset: str) -> None:
    """Octets that do not fit the label are replaced or guessed: what is ASCII in them stays."""
    octets = b"before\r\n\xc3\xa9\xff\x80 \xd0\xb6\r\nafter"
    raw = f"Content-Type: text/plain; charset={charset}\r\n\r\n".encode() + octets
    got: Any = parse(raw, ours=DOMAIN)
    if charset not in {"utf-16", "utf-7"}:
        assert got.text.reveal().split("\n")[0] == "before"
        assert got.text.reveal().split("\n")[-1].endswith("after")
    assert got.text.reveal()
