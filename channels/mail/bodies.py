"""What was said, made ready for the wire once a post: text first, then html, then pictures.

7-bit, lines of at most 76 octets that end in CR LF (RFC 2045, RFC 2046). All names and boundaries
in it are fixed: nothing of the message that came in, and nothing of its writer.
"""

from __future__ import annotations

import base64
import quopri
import re
from collections import OrderedDict
from dataclasses import dataclass, field
from html import escape

from channels.contract import NO_WORDS, Outgoing, Picture, PictureKind
from channels.mail.bundle import paragraphs
from channels.mail.dkim import Header, body_hash
from channels.mail.plain import clean
from channels.secret import Secret

_MIXED, _ALTERNATIVE = "=_q3v8n2m7c4xw", "=_h6t1z9d5k0ry"
"""No line of quoted-printable or base64 can hold `=_`, so nobody can write a boundary."""
_PAGE = (
    '<!DOCTYPE html>\n<html><head><meta charset="utf-8"><title></title></head>\n'
    '<body><div dir="auto">{words}</div></body></html>'
)
_LOADING = (
    "applet|audio|base|bgsound|body|button|embed|form|frame|frameset|head|html|iframe|image|img"
    "|input|link|math|meta|object|script|source|style|svg|template|textarea|title|track|video"
)
_NO_HARM = re.compile(rf"(?i)(?:[^<]++|</?(?!(?:{_LOADING})\b)[a-z][a-z0-9]*/?>)*+")
"""Html that can load nothing and lead nowhere: no tag has an attribute, none acts by itself."""
_ISOLATED = re.compile("\u2068([^\u2066-\u2069\r\n]*)\u2069")
"""Set apart by signs that end where they should, so that no order outside is turned (UAX #9)."""
_SUFFIXES = {
    PictureKind.JPEG: "jpg",
    PictureKind.PNG: "png",
    PictureKind.GIF: "gif",
    PictureKind.WEBP: "webp",
}


@dataclass(frozen=True, slots=True)
class Body:
    """What was said, made ready for the wire and shared between the readers of a post."""

    encoded: bytes
    content_type: str
    transfer_encoding: bytes
    hash: bytes
    """For DKIM's `bh=`."""
    heads: dict[tuple[Secret | None, Secret, Secret, str, bool], tuple[Header, ...]] = field(
        default_factory=dict, repr=False
    )
    """From, Subject and what describes the body, by author, mask, subject, the
    reader's words for none, and being an answer."""


def body(text: Secret, html: Secret = NO_WORDS, pictures: tuple[Picture, ...] = ()) -> Body:
    """Encode what was said (RFC 2045, 2046): the text first, complete, and readable by itself."""
    said = _part("text/plain; charset=utf-8", _lines(text))
    if html and _NO_HARM.fullmatch(html.reveal()):
        page = _PAGE.replace("{words}", clean(html.reveal()))
        formatted = _part("text/html; charset=utf-8", page.encode("utf-8", "replace") + b"\n")
        said = _multipart("alternative", _ALTERNATIVE, [said, formatted])
    if pictures:
        shown = [_picture(number, one) for number, one in enumerate(pictures, 1)]
        said = _multipart("mixed", _MIXED, [said, *shown])
    return Body(said.encoded, said.content_type, said.transfer_encoding, body_hash(said.encoded))


@dataclass(frozen=True, slots=True)
class _Part:
    content_type: str
    transfer_encoding: bytes
    encoded: bytes
    """Ends in CR LF."""
    disposition: str = ""

    def whole(self) -> bytes:
        """The part as it stands inside another."""
        more = f"Content-Disposition: {self.disposition}\r\n" if self.disposition else ""
        return b"Content-Type: %b\r\nContent-Transfer-Encoding: %b\r\n%b\r\n%b" % (
            self.content_type.encode("ascii"),
            self.transfer_encoding,
            more.encode("ascii"),
            self.encoded,
        )


def _lines(text: Secret) -> bytes:
    """Lines to be read. What stands in whole isolation, such as a name in Arabic, stays so."""
    pieces = [clean(piece) for piece in _ISOLATED.split(text.reveal())]
    pieces[1::2] = [f"\u2068{inside}\u2069" for inside in pieces[1::2]]
    return "".join(pieces).rstrip("\n").encode("utf-8", "replace") + b"\n"


def _part(content_type: str, octets: bytes) -> _Part:
    """Letters as quoted-printable or base64, whichever is shorter."""
    printable = quopri.encodestring(octets).replace(b"\n", b"\r\n")
    coded = _base64(octets.replace(b"\n", b"\r\n"))
    if len(printable) <= len(coded):
        return _Part(content_type, b"quoted-printable", printable)
    return _Part(content_type, b"base64", coded)


def _picture(number: int, picture: Picture) -> _Part:
    kind, name = PictureKind(picture.kind), f"picture-{number}.{_SUFFIXES[picture.kind]}"
    return _Part(
        f'image/{kind.value}; name="{name}"',
        b"base64",
        _base64(picture.octets),
        f'attachment; filename="{name}"',
    )


def _multipart(kind: str, boundary: str, parts: list[_Part]) -> _Part:
    line = b"--" + boundary.encode("ascii")
    inside = b"".join(line + b"\r\n" + part.whole() + b"\r\n" for part in parts)
    return _Part(f'multipart/{kind}; boundary="{boundary}"', b"7bit", inside + line + b"--\r\n")


def _base64(octets: bytes) -> bytes:
    return base64.encodebytes(octets).replace(b"\n", b"\r\n")


class Bodies:
    """The last few bodies, by post, so that the readers of one post share the work.

    A body is reused only for the same words: two notices may carry the same number.
    """

    def __init__(self, most: int = 8) -> None:
        self._most = most
        self._kept: OrderedDict[int, tuple[Secret, Secret, tuple[Picture, ...], Body]]
        self._kept = OrderedDict()

    def get(self, out: Outgoing) -> Body:
        """The body of a copy, made or kept."""
        wanted = (*_with_footnote(out), out.pictures)
        kept = self._kept.get(out.post)
        if kept is not None and kept[:3] == wanted:
            self._kept.move_to_end(out.post)
            return kept[3]
        made = body(*wanted)
        self._kept[out.post] = (*wanted, made)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return made

    def forget(self) -> None:
        """Let go of all words."""
        self._kept.clear()


def _with_footnote(out: Outgoing) -> tuple[Secret, Secret]:
    """Text and html, with what the programme says below both; of a bundle, the text of all."""
    if out.pieces:
        return Secret(paragraphs(out.pieces)), NO_WORDS
    if not out.footnote:
        return out.text, out.html
    line = out.footnote.reveal()
    text = Secret(f"{out.text.reveal()}\n\n[{line}]")
    html = out.html.reveal()
    return text, Secret(f"{html}<p>[{escape(line, quote=False)}]</p>" if html else "")
