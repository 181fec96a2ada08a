"""The MIME tree: taken apart within limits, and the best text in it.

The standard library's compat32 parser splits the tree. Everything it would read out of headers
on the way (types, boundaries, parameters) is read here instead, because its own readers raise on
hostile values, open embedded messages, and know no limits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from typing import TYPE_CHECKING, Any, cast

from channels.mail.charsets import decode
from channels.mail.headers import as_text
from channels.mail.markup import html_to_text
from channels.mail.plain import clean, unflow
from channels.mail.quotes import cut

if TYPE_CHECKING:
    StdMessage = Message[str, Any]
else:
    StdMessage = Message

MOST_PARTS = 500
DEEPEST = 30
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
_COMMENT = re.compile(r"\([^()]*\)")
_READ_AS_PLAIN = {"text/plain", "text/markdown", "text/x-markdown"}
_SIGNATURES = {
    "application/pgp-signature",
    "application/pkcs7-signature",
    "application/x-pkcs7-signature",
}


class TooManyPartsError(ValueError):
    """More parts than `MOST_PARTS`."""


class TooDeepError(ValueError):
    """More levels of multipart than `DEEPEST`."""


class Part(StdMessage):
    """A node of the tree whose type and boundary are read by us.

    The parser asks these while it splits; an embedded message is told to be opaque, so that it
    is never opened (masking.md E28, E29).
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
        payload = self.get_payload(decode=True)
        return payload if isinstance(payload, bytes) else b""


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
class Found:
    """What a part gave: its text, whether it was written plain, and whether files were skipped."""

    text: str = ""
    plain: bool = False
    files: bool = False


def best_text(message: Part, ours: str) -> Found:
    """The text of a message without signatures and history. `ours`: the relay's mail domain."""
    found = _read(message, ours)
    return Found(cut(found.text, ours), found.plain, found.files)


def _read(part: Part, ours: str) -> Found:
    what = part.kind
    if part.is_multipart():
        return _read_many(what, cast("list[Part]", part.get_payload()), ours)
    if what.startswith("multipart/"):
        return _read_broken(part, ours)
    return _read_leaf(part, what, ours)


def _read_many(what: str, children: list[Part], ours: str) -> Found:
    if what in {"multipart/signed", "multipart/report", "multipart/related"}:
        first = _read(children[0], ours) if children else Found()
        return Found(first.text, first.plain, first.files or _files_beside(what, children[1:]))
    found = [_read(child, ours) for child in children]
    files = any(one.files for one in found)
    if what == "multipart/alternative":
        return _best(found, files)
    texts = [one.text for one in found if one.text.strip()]
    return Found("\n\n".join(texts), any(one.plain for one in found), files)


def _files_beside(what: str, others: list[Part]) -> bool:
    """Whether what stands beside a root part is somebody's file rather than machinery."""
    return what != "multipart/report" and any(other.kind not in _SIGNATURES for other in others)


def _best(found: list[Found], files: bool) -> Found:
    """Of alternatives the plain one; without letters in it, the last that has any."""
    worded = [one for one in found if one.text.strip()]
    plain = [one for one in worded if one.plain]
    chosen = plain[0] if plain else worded[-1] if worded else Found()
    return Found(chosen.text, chosen.plain, files)


def _read_broken(part: Part, ours: str) -> Found:
    """A multipart whose declared boundary never comes: use the one that stands there, if any."""
    body = part.octets()
    match = _BOUNDARY_LINE.match(body[:20_000])
    if match and part.depth < DEEPEST:
        head = b'Content-Type: multipart/mixed; boundary="' + match[1] + b'"\r\n\r\n'
        again = take_apart(head + body, part.depth + 1)
        if again.is_multipart():
            return _read(again, ours)
    return Found(cut(clean(decode(body)), ours), plain=True)


def _read_leaf(part: Part, what: str, ours: str) -> Found:
    if _is_file(part, what):
        return Found(files=what not in _SIGNATURES)
    given = part.parameters()
    text = decode(part.octets(), given.get("charset", ""))
    if what == "text/html":
        return Found(cut(clean(html_to_text(text)), ours))
    text = clean(text)
    if given.get("format", "").lower() == "flowed":
        text = unflow(text, delsp=given.get("delsp", "").lower() == "yes")
    return Found(cut(text, ours), plain=True)


def _is_file(part: Part, what: str) -> bool:
    """Whether a leaf is something other than words to read. A name alone does not make a file."""
    disposition = (part.value("content-disposition") or "").split(";")[0].strip().lower()
    if disposition == "attachment":
        return True
    return what not in _READ_AS_PLAIN and what != "text/html"
