"""The MIME tree: taken apart within limits, the best text in it, and what came beside it.

The standard library's compat32 parser splits the tree. Everything it would read out of headers
on the way (types, boundaries, parameters) is read here instead, because its own readers raise on
hostile values, open embedded messages, and know no limits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from typing import TYPE_CHECKING, Any, cast

from channels.contract import File
from channels.files import could_go, is_picture
from channels.mail.armour import without_armour, without_places
from channels.mail.charsets import decode
from channels.mail.cleanhtml import clean_html, same_words
from channels.mail.headers import as_text
from channels.mail.markup import text_and_pictures
from channels.mail.plain import clean, unflow
from channels.mail.quotes import cut

if TYPE_CHECKING:
    StdMessage = Message[str, Any]
else:
    StdMessage = Message

MOST_PARTS = 500
DEEPEST = 30
MOST_FILES = 10
MOST_FILE_OCTETS = 10 * 1024 * 1024
_TRANSFER_ENCODINGS = {"base64", "quoted-printable", "x-uuencode", "uuencode", "x-uue"}
_TOKEN = re.compile(r"[a-z0-9!#$&^_.+-]{1,70}/[a-z0-9!#$&^_.+-]{1,70}")
_PARAMETER = re.compile(
    r";\s*([a-z0-9*_-]{1,40})\s*=\s*(\"(?:[^\"\\]|\\.)*\"?|[^;\s]*)", re.IGNORECASE
)
_BOUNDARY_LINE = re.compile(
    rb"(?:[^\n]{0,998}\n){0,20}?--([0-9A-Za-z'()+_,./:=? -]{1,200}?)[ \t]*\r?\nContent-",
    re.IGNORECASE,
)
_ESCAPE = re.compile(r"\\(.)")
_META_CHARSET = re.compile(rb"<meta\b[^>]{0,200}\bcharset=[\"']?([\w-]{1,40})", re.IGNORECASE)
_NO_BASE64 = re.compile(r"[^A-Za-z0-9+/]")
_COMMENT = re.compile(r"\([^()]*\)")
_READ_AS_PLAIN = {"text/plain", "text/markdown", "text/x-markdown"}
_SILENT = {
    "application/pgp-signature",
    "application/pkcs7-signature",
    "application/x-pkcs7-signature",
}
"""Machinery: nobody misses it."""
_OTHER_FORMS = {
    "text/enriched",
    "text/richtext",
    "text/rtf",
    "application/rtf",
    "text/watch-html",
    "text/x-amp-html",
}
"""Of these an alternative holds the same words once more, for other programs."""


class TooManyPartsError(ValueError):
    """More parts than `MOST_PARTS`."""


class TooDeepError(ValueError):
    """More levels of multipart than `DEEPEST`."""


class Part(StdMessage):
    """A node of the tree whose type and boundary are read by us.

    The parser asks these while it splits; an embedded message is told to be opaque, so that it
    is never opened.
    """

    depth = 0

    def attach(self, payload: Any) -> None:
        """Take in a child; the parser calls this when the child begins."""
        payload.depth = self.depth + 1
        if payload.depth > DEEPEST:
            raise TooDeepError
        super().attach(payload)

    def get_content_type(self) -> str:
        """`type/subtype` as the parser should see it."""
        return "application/octet-stream" if self.kind.startswith("message/") else self.kind

    def get_content_maintype(self) -> str:
        """The part before the slash."""
        return self.get_content_type().partition("/")[0]

    def get_boundary(self, failobj: Any = None) -> Any:
        """The declared boundary, also one whose quote is never closed."""
        return self.parameters().get("boundary", "").rstrip() or failobj

    @property
    def kind(self) -> str:
        """`type/subtype` in lower case; malformed counts as text/plain (RFC 2045 section 5.2)."""
        value = self.value("content-type")
        if value is None:
            return self.get_default_type()
        token = value.split(";")[0].strip().lower()
        return token if _TOKEN.fullmatch(token) else "text/plain"

    def parameters(self) -> dict[str, str]:
        """Parameters of Content-Type, keys in lower case; the first of a kind counts."""
        found: dict[str, str] = {}
        for match in _PARAMETER.finditer(self.value("content-type") or ""):
            value = match[2]
            if value.startswith('"'):
                value = _ESCAPE.sub(r"\1", value[1:].removesuffix('"'))
            found.setdefault(match[1].lower(), value.strip())
        return found

    def value(self, name: str) -> str | None:
        """The first header of that name, as letters, cut to a length that bounds the work."""
        for key, raw in self.raw_items():
            if key.lower() == name:
                return as_text(str(raw)[:2_000].encode("ascii", "surrogateescape"))
        return None

    def octets(self) -> bytes:
        """A leaf's content without its transfer encoding, whatever state that is in."""
        encoding = (self.value("content-transfer-encoding") or "").split(";")[0]
        encoding = _COMMENT.sub("", encoding).strip().strip("\"'").lower()
        del self["content-transfer-encoding"]
        if encoding in _TRANSFER_ENCODINGS:
            self["Content-Transfer-Encoding"] = encoding
        if encoding == "base64":
            self.set_payload(_whole_groups(str(self.get_payload())))
        payload = self.get_payload(decode=True)
        return payload if isinstance(payload, bytes) else b""


def _charset_inside(octets: bytes, what: str) -> str:
    """The charset that html names in itself, where its header names none."""
    found = _META_CHARSET.search(octets, 0, 2_000) if what == "text/html" else None
    return found[1].decode("ascii") if found else ""


def _whole_groups(text: str) -> str:
    """Base64 without a last letter that can stand for nothing; with it nothing would be decoded."""
    letters = len(_NO_BASE64.sub("", text))
    if letters % 4 != 1:
        return text
    last = max(text.rfind(letter) for letter in set(_NO_BASE64.sub("", text)))
    return text[:last] + text[last + 1 :]


def take_apart(raw: bytes, depth: int = 0) -> Part:
    """Parse a message that itself stands `depth` levels deep.

    Raises `TooManyPartsError`, `TooDeepError`, as soon as the parser gets there.
    """
    made = 0

    def make(policy: Any = compat32) -> Part:
        nonlocal made
        made += 1
        if made > MOST_PARTS:
            raise TooManyPartsError
        part = Part(policy)
        part.depth = depth
        return part

    return cast("Part", BytesParser(make, policy=compat32).parsebytes(raw))


@dataclass(frozen=True, slots=True)
class _Leaf:
    """A part that is a file: its octets, and the Content-ID by which html may show it."""

    octets: bytes = field(repr=False)
    shown_as: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Read:
    """What a part and those below it gave."""

    text: str = ""
    plain: bool = False
    """Whether the text was written plain."""
    source: str = ""
    """The html document that says the same; empty where there is none, or more than one."""
    files: tuple[_Leaf, ...] = ()
    left_out: bool = False
    not_hers: frozenset[str] = frozenset()
    """Content-IDs of pictures that stand in a signature or in history only."""


@dataclass(frozen=True, slots=True)
class Found:
    """What is kept of a tree."""

    text: str
    html: str
    """Clean html that says word for word the same; else empty."""
    files: tuple[File, ...]
    left_out: bool
    """Whether there was something of hers besides, which can never go further."""


def take_in(message: Part, ours: str) -> Found:
    """The words of a message without signatures and history, and what came with them.

    `ours` is the relay's mail domain. Of files, `MOST_FILES` and `MOST_FILE_OCTETS` together are
    kept, without their names and types, which nothing behind this knows.
    """
    found = _read(message, ours)
    text = cut(found.text, ours)
    files: list[File] = []
    left_out, room = found.left_out, MOST_FILE_OCTETS
    for leaf in found.files:
        if leaf.shown_as in found.not_hers:
            continue
        room -= len(leaf.octets)
        if room < 0 or len(files) == MOST_FILES:
            left_out = True
            break
        files.append(File(leaf.octets))
    return Found(text, _html(found.source, text), tuple(files), left_out)


def _html(source: str, text: str) -> str:
    """`source` as clean html, if it says just what the text says."""
    if not source or not text:
        return ""
    made = clean_html(source)
    return made if made and same_words(made, text) else ""


def _read(part: Part, ours: str) -> _Read:
    what = part.kind
    if part.is_multipart():
        return _read_many(what, cast("list[Part]", part.get_payload()), ours)
    if what.startswith("multipart/"):
        return _read_broken(part, ours)
    return _read_leaf(part, what, ours)


def _read_many(what: str, children: list[Part], ours: str) -> _Read:
    if what == "multipart/alternative":
        return _best(children, [_read(child, ours) for child in children])
    if what in {"multipart/signed", "multipart/report", "multipart/related"}:
        first, others = children[:1], children[1:]
        if what == "multipart/report":
            others = []
        found = [_read(child, ours) for child in first]
        return _joined(found + [_beside(child) for child in others if child.kind not in _SILENT])
    return _joined([_read(child, ours) for child in children])


def _joined(found: list[_Read]) -> _Read:
    """Parts that stand one after the other."""
    worded = [one for one in found if one.text.strip()]
    return _Read(
        "\n\n".join(one.text for one in worded),
        any(one.plain for one in found),
        worded[0].source if len(worded) == 1 else "",
        tuple(leaf for one in found for leaf in one.files),
        any(one.left_out for one in found),
        frozenset().union(*(one.not_hers for one in found)),
    )


def _best(children: list[Part], found: list[_Read]) -> _Read:
    """Of alternatives the plain one; without letters in it, the last that has any.

    Other forms of the same words, which we do not read, are nobody's files.
    """
    worded = [one for one in found if one.text.strip()]
    plain = [one for one in worded if one.plain]
    chosen = plain[0] if plain else worded[-1] if worded else _Read()
    told = [
        one.left_out and not (worded and child.kind in _OTHER_FORMS)
        for child, one in zip(children, found, strict=True)
    ]
    together = _joined(found)
    sources = [one.source for one in worded if one.source]
    source = sources[0] if len(sources) == 1 else ""
    return replace(
        together, text=chosen.text, plain=chosen.plain, source=source, left_out=any(told)
    )


def _read_broken(part: Part, ours: str) -> _Read:
    """A multipart whose declared boundary never comes: use the one that stands there, if any."""
    body = part.octets()
    match = _BOUNDARY_LINE.match(body[:20_000])
    if match and part.depth < DEEPEST:
        head = b'Content-Type: multipart/mixed; boundary="' + match[1] + b'"\r\n\r\n'
        again = take_apart(head + body, part.depth + 1)
        if again.is_multipart():
            return _read(again, ours)
    return _plain(clean(decode(body)), ours)


def _read_leaf(part: Part, what: str, ours: str) -> _Read:
    if what in _SILENT:
        return _Read()
    octets = part.octets()
    attached = _disposition(part) == "attachment"
    if attached or what not in _READ_AS_PLAIN | {"text/html"} or is_picture(octets):
        return _beside(part)
    given = part.parameters()
    text = decode(octets, given.get("charset") or _charset_inside(octets, what))
    if what == "text/html":
        shown, not_hers = text_and_pictures(text)
        return replace(_plain(clean(shown), ours), plain=False, source=text, not_hers=not_hers)
    text = clean(text)
    if given.get("format", "").lower() == "flowed":
        text = unflow(text, delsp=given.get("delsp", "").lower() == "yes")
    return _plain(text, ours)


def _plain(text: str, ours: str) -> _Read:
    """Words to read, without the blocks for machines that stand among them."""
    words, found = without_armour(without_places(text))
    return _Read(cut(words, ours), plain=True, left_out=found)


def _beside(part: Part) -> _Read:
    """A part that is no words to read: a file to keep, or one that can never go further.

    A picture is one by its octets; a text must be declared as plain, or as nothing, besides.
    """
    what = part.kind
    if part.is_multipart() or what.startswith(("message/", "multipart/")):
        return _Read(left_out=True)
    octets = part.octets()
    if not is_picture(octets):
        if what not in _READ_AS_PLAIN | {"application/octet-stream"} or not could_go(octets):
            return _Read(left_out=True)
        if what in _READ_AS_PLAIN:
            octets = decode(octets, part.parameters().get("charset", "")).encode()
    shown_as = (part.value("content-id") or "").strip().strip("<>")
    return _Read(files=(_Leaf(octets, shown_as),))


def _disposition(part: Part) -> str:
    return (part.value("content-disposition") or "").split(";")[0].strip().lower()
