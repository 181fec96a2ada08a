"""`Outgoing` to octets, from nothing but `Outgoing`: no part of any received message is copied.

Everything is 7-bit, lines end in CR LF and hold at most 998 octets (RFC 5321 section 4.5.3.1.6).
Header values pass one gate, because Python 3.11.7's own classes let an encoded word become a
second header line.
"""

from __future__ import annotations

import base64
import hashlib
import quopri
import re
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime
from email.header import Header as EncodedWords
from email.utils import format_datetime

from channels.contract import Outgoing
from channels.mail.dkim import Header, body_hash
from channels.mail.headers import safe_header
from channels.mail.plain import clean
from channels.secret import Secret

NO_SUBJECT = "(no subject)"
_LONGEST_NAME = 100
_LONGEST_SUBJECT = 300
_PRINTABLE = re.compile(r"[ -~]*")
_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9.-]{1,189}")
_WIDTH = 76


class UnsafeHeaderError(ValueError):
    """A header value would not be one line. The text never holds the value."""


@dataclass(frozen=True, slots=True)
class Body:
    """A text made ready for the wire, shared between the readers of a post."""

    encoded: bytes
    transfer_encoding: bytes
    hash: bytes
    """For DKIM's `bh=`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """Who speaks when nobody of the group does, and for which domain."""

    domain: str
    programme_name: str
    notice_address: str


def body(text: Secret) -> Body:
    """Encode a text as quoted-printable or base64, whichever is shorter (RFC 2045)."""
    octets = clean(text.reveal()).rstrip("\n").encode("utf-8", "replace") + b"\n"
    printable = quopri.encodestring(octets).replace(b"\n", b"\r\n")
    coded = base64.b64encode(octets.replace(b"\n", b"\r\n"))
    if len(printable) <= len(coded) * 78 // 76 + 2:
        return Body(printable, b"quoted-printable", body_hash(printable))
    lines = b"".join(coded[at : at + _WIDTH] + b"\r\n" for at in range(0, len(coded), _WIDTH))
    return Body(lines, b"base64", body_hash(lines))


class Bodies:
    """The last few bodies, by post, so that the readers of one post share the work.

    A body is reused only for the same text: two notices may carry the same number.
    """

    def __init__(self, most: int = 8) -> None:
        self._most = most
        self._kept: OrderedDict[int, tuple[Secret, Body]] = OrderedDict()

    def get(self, post: int, text: Secret) -> Body:
        """The body of `text`, made or kept."""
        kept = self._kept.get(post)
        if kept is not None and kept[0] == text:
            self._kept.move_to_end(post)
            return kept[1]
        made = body(text)
        self._kept[post] = (text, made)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return made

    def forget(self) -> None:
        """Let go of all words."""
        self._kept.clear()


def compose(out: Outgoing, voice: Voice, prepared: Body, now: datetime) -> list[Header]:
    """The headers of one copy, in order, without the signature. `now` is aware.

    Raises `UnsafeHeaderError` rather than write a value that is not one line.
    """
    to = _address(out.write_to)
    fields = [
        ("From", _from(out, voice)),
        ("To", to),
        ("Reply-To", to),
        ("Subject", _words(_subject(out), "Subject")),
        ("Date", format_datetime(now.astimezone(UTC).replace(second=0, microsecond=0))),
        ("Message-ID", f"<{opaque('message-id', out.delivery)}@{voice.domain}>"),
        ("MIME-Version", "1.0"),
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Transfer-Encoding", prepared.transfer_encoding.decode("ascii")),
        *_kind_of_mail(out),
    ]
    return [header(name, value) for name, value in fields]


def octets(headers: list[Header], prepared: Body) -> bytes:
    """The message as it goes over the wire, before dot-stuffing."""
    head = b"".join(name + b":" + value for name, value in headers)
    return head + b"\r\n" + prepared.encoded


def opaque(use: str, delivery: Secret) -> str:
    """26 letters and digits out of a delivery's token; different for each use, no way back."""
    digest = hashlib.sha256(f"{use}\x00{delivery.reveal()}".encode()).digest()
    return base64.b32encode(digest[:16]).decode("ascii").rstrip("=").lower()


def header(name: str, value: str) -> Header:
    """The one gate every header passes: ASCII, folded only before a space, short lines."""
    lines = value.split("\r\n")
    folded_well = all(line.startswith(" ") and line.strip() for line in lines[1:])
    if not folded_well or not all(_PRINTABLE.fullmatch(line) for line in lines):
        raise UnsafeHeaderError(f"{name} would not be one line")
    if max(map(len, lines)) + len(name) > 900:
        raise UnsafeHeaderError(f"{name} would be too long")
    return name.encode("ascii"), b" " + value.encode("ascii") + b"\r\n"


def self_test() -> None:
    """Show, at start and on this very Python, that hostile values stay one line.

    Raises `UnsafeHeaderError` if they do not: better no mail than a forged header.
    """
    hostile = (
        "=?utf-8?q?a=0AX-Leak:=20y?=",
        "=?utf-8?q?=3D=3Futf-8=3Fq=3Fa=3D0D=3D0AX-Leak=3A_y=3F=3D?=",
        "a\r\nX-Leak: y",
        "a\nX-Leak: y",
        "a\u2028X-Leak: y",
        "=?utf-8?b?YQ0KWC1MZWFrOiB5?=",
        "=?nonsense?q?a=0D=0AX-Leak:_y?=",
    )
    for value in hostile:
        for written in (_words(value, "Subject"), _display_name(value)):
            _, line = header("Subject", written)
            if b"\nX-Leak" in line or b"\rX-Leak" in line or line.count(b"\r\n") > 3:
                raise UnsafeHeaderError("the self-test wrote a second header")
    try:
        header("Subject", "a\r\nX-Leak: y")
    except UnsafeHeaderError:
        return
    raise UnsafeHeaderError("the self-test was let through")


def _kind_of_mail(out: Outgoing) -> list[tuple[str, str]]:
    """Marks that keep robots from answering (RFC 3834 section 5, MS-OXCMAIL section 2.2.3)."""
    if out.author is None:
        return [("Auto-Submitted", "auto-generated"), ("X-Auto-Response-Suppress", "All")]
    return [
        ("Precedence", "list"),
        ("X-Auto-Response-Suppress", "All"),
        ("x-ms-reactions", "disallow"),
    ]


def _from(out: Outgoing, voice: Voice) -> str:
    if out.author is None:
        return f"{_display_name(voice.programme_name)} <{_address(Secret(voice.notice_address))}>"
    return f"{_display_name(out.author.reveal())} <{_address(out.mask)}>"


def _subject(out: Outgoing) -> str:
    return safe_header(out.subject.reveal())[:_LONGEST_SUBJECT].strip() or NO_SUBJECT


def _display_name(name: str) -> str:
    """A quoted string, or encoded words where it is not ASCII (RFC 5322 3.2.4, RFC 2047 5.3)."""
    clean_name = safe_header(name)[:_LONGEST_NAME].strip()
    if not _PRINTABLE.fullmatch(clean_name):
        return _encoded_words(clean_name, "From")
    return '"' + clean_name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _words(text: str, name: str) -> str:
    """Unstructured text: as it is where that is safe and short, else encoded words."""
    text = safe_header(text)
    if len(text) + len(name) <= _WIDTH and _PRINTABLE.fullmatch(text):
        return text
    return _encoded_words(text, name)


def _encoded_words(text: str, name: str) -> str:
    """RFC 2047 encoded words of at most 75 characters, one a line."""
    words = EncodedWords(text, "utf-8", maxlinelen=_WIDTH, header_name=name)
    return words.encode(linesep="\r\n")


def _address(address: Secret) -> str:
    """An address of ours that needs no quoting. Raises `UnsafeHeaderError`."""
    if not _ADDRESS.fullmatch(address.reveal()):
        raise UnsafeHeaderError("an address is not a plain one")
    return address.reveal()
