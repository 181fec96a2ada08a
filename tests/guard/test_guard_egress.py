"""Whatever a finished message says anywhere in it, the last check reads."""

from __future__ import annotations

import base64
import io
import quopri
from email.header import Header
from email.message import EmailMessage
from email.mime.image import MIMEImage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

import pytest
from circle import CIRCLE
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from channels.mail.readable import readable, readable_body, readable_head
from relay.guard.watch import Watch

WATCH = Watch(CIRCLE)
MAIL = "mara.hale@example.org"
PHONE = "+49 170 1234567"
CLEAN = (
    b'From: "Robin" <mask7x@relay.example>\r\nTo: <alias9q@relay.example>\r\nSubject: Hello\r\n'
    b"Message-ID: <abcdefghijklmnopqrstuvwxyz@relay.example>\r\n"
    b"Date: Thu, 21 Nov 2024 18:00:00 +0000\r\nMIME-Version: 1.0\r\n"
)


def _plain(body: bytes, kind: str = "text/plain; charset=utf-8", coding: str = "8bit") -> bytes:
    head = f"Content-Type: {kind}\r\nContent-Transfer-Encoding: {coding}\r\n\r\n"
    return CLEAN + head.encode() + body


def _with_header(line: str) -> bytes:
    return CLEAN + line.encode() + b"\r\n\r\nhello\r\n"


def _word(text: str, charset: str = "utf-8") -> str:
    return Header(text, charset, maxlinelen=60).encode(linesep="\r\n")


def _parts(*parts: MIMEText | MIMEImage) -> bytes:
    whole = MIMEMultipart()
    for part in parts:
        whole.attach(part)
    return CLEAN + whole.as_bytes().replace(b"\n", b"\r\n").replace(
        b"MIME-Version: 1.0\r\n", b"", 1
    )


def _attached(name: str) -> bytes:
    message = EmailMessage()
    message.set_content("hello")
    message.add_attachment(b"x", maintype="image", subtype="png", filename=name)
    return message.as_bytes()


def _picture() -> bytes:
    kept = PngImagePlugin.PngInfo()
    kept.add_text("Author", MAIL)
    out = io.BytesIO()
    Image.new("RGB", (4, 4)).save(out, "PNG", pnginfo=kept)
    return out.getvalue()


def _all_quoted(text: str) -> bytes:
    return "".join(f"={octet:02X}" for octet in text.encode()).encode()


def _mixed(inside: bytes, before: bytes = b"", after: bytes = b"") -> bytes:
    kind = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    return kind + before + b"\r\n--b\r\n" + inside + b"\r\n--b--\r\n" + after


def _encoded(octets: bytes) -> bytes:
    return base64.encodebytes(octets)


LEAKS = {
    "body": _plain(f"I am {MAIL}".encode()),
    "body phone": _plain(f"call {PHONE}".encode()),
    "quoted-printable": _plain(quopri.encodestring(MAIL.encode()), coding="quoted-printable"),
    "all quoted": _plain(_all_quoted(MAIL), coding="quoted-printable"),
    "soft break": _plain(b"mara.hale@exam=\r\nple.org", coding="quoted-printable"),
    "base64": _plain(_encoded(MAIL.encode()), coding="base64"),
    "base64 said, plain meant": _plain(MAIL.encode(), coding="base64"),
    "unknown coding": _plain(MAIL.encode(), coding="x-none"),
    "utf-16": _plain(_encoded(MAIL.encode("utf-16")), "text/plain; charset=utf-16", "base64"),
    "utf-7": _plain(b"mara.hale+AEA-example.org", "text/plain; charset=utf-7", "7bit"),
    "latin-1": _plain(
        "caf\xe9 mara.hale@example.org".encode("latin-1"), "text/plain; charset=iso-8859-1"
    ),
    "wrong utf-16": _plain(MAIL.encode(), "text/plain; charset=utf-16"),
    "unknown charset": _plain(MAIL.encode(), "text/plain; charset=x-klingon"),
    "no type": CLEAN + b"\r\n" + MAIL.encode(),
    "zero width": _plain(f"mara.hale\u200b@example.org {'x' * 20}".encode()),
    "html": _plain(f"<p>{MAIL}</p>".encode(), "text/html; charset=utf-8"),
    "html split": _plain(b"mara.<b>hale</b>@<wbr>example<span>.</span>org", "text/html"),
    "html entity": _plain(b"<p>mara.hale&#64;example&period;org</p>", "text/html"),
    "html comment": _plain(f"<!-- {MAIL} -->x".encode(), "text/html"),
    "html attribute": _plain(f"<p data-a='{MAIL}'>x</p>".encode(), "text/html"),
    "html link": _plain(b"<a href='mailto:mara.hale%40example.org'>x</a>", "text/html"),
    "html after a word": _plain(f"<b>Mail</b>{MAIL}".encode(), "text/html"),
    "html many tags": _plain(b"mara.hale@" + b"<b></b>" * 12 + b"example.org", "text/html"),
    "html split after a word": _plain(b"<b>Mail</b>mara.<i>hale</i>@example.org", "text/html"),
    "html phone": _plain(b"<td>0170</td><td>123</td><td>4567</td>", "text/html"),
    "subject": _with_header(f"Subject: {MAIL}"),
    "subject encoded": _with_header(f"Subject: {_word(MAIL)}"),
    "subject two words": _with_header(
        "Subject: =?utf-8?q?mara=2Ehale=40exam?=\r\n =?utf-8?q?ple=2Eorg?="
    ),
    "subject latin": _with_header("Subject: " + _word("caf\xe9 " + MAIL, "iso-8859-1")),
    "subject base64": _with_header(
        f"Subject: =?utf-8?b?{base64.b64encode(MAIL.encode()).decode()}?="
    ),
    "subject folded": _with_header("Subject: mara.hale@\r\n example.org"),
    "display name": _with_header(f'Sender: "{MAIL}" <x@relay.example>'),
    "to": _with_header(f"Cc: {MAIL}"),
    "message id": _with_header("References: <mara.hale@example.org>"),
    "received": _with_header(f"Received: from x by y for <{MAIL}>; Thu, 21 Nov 2024"),
    "unknown header": _with_header(f"X-Anything: {PHONE}"),
    "type name": CLEAN + b'Content-Type: text/plain; name="mara.hale@example.org"\r\n\r\nhello',
    "name in pieces": CLEAN
    + b"Content-Type: text/plain; name*0=mara.hale%40ex;\r\n name*1=ample.org\r\n\r\nx",
    "boundary": _parts(MIMEText("x")).replace(b"===============", b"mara.hale@example.org==="),
    "second part": _parts(MIMEText("hello"), MIMEText(MAIL)),
    "text attachment": _parts(MIMEText("hello"), MIMEText(PHONE, "csv")),
    "calendar": _parts(MIMEText("hello"), MIMEText(f"ORGANIZER:mailto:{MAIL}", "calendar")),
    "file name": _attached(f"{MAIL}.png"),
    "file name not ascii": _attached(f"\u00e9t\u00e9 {MAIL}.png"),
    "picture": _parts(MIMEText("hello"), MIMEImage(_picture(), "png")),
    "picture phone": _parts(MIMEImage(b"\x89PNG\0\0\1tEXt+491701234567\0\0", "png")),
    "preamble": CLEAN + _mixed(b"\r\nx", before=MAIL.encode()),
    "epilogue": CLEAN + _mixed(b"\r\nx", after=MAIL.encode()),
    "part header": CLEAN + _mixed(b"Content-ID: <mara.hale@example.org>\r\n\r\nx"),
    "message in message": CLEAN
    + b"Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\n"
    + MAIL.encode(),
    "nested": CLEAN
    + _mixed(
        _mixed(b"Content-Transfer-Encoding: base64\r\n\r\n" + _encoded(MAIL.encode())).replace(
            b"b\r\n", b"c\r\n"
        )
    ),
    "missing boundary": CLEAN + b"Content-Type: multipart/mixed\r\n\r\n" + MAIL.encode(),
    "bare line feeds": _plain(MAIL.encode()).replace(b"\r\n", b"\n"),
}


@pytest.mark.parametrize("place", LEAKS)
def test_a_contact_anywhere_in_a_message_is_read(place: str) -> None:
    """A member's contact in any header, part, name or encoding is exposed by what is readable."""
    assert WATCH.exposed(readable(LEAKS[place])) == {1}


@pytest.mark.parametrize(
    "message",
    [
        _plain("Robin says: we meet on 21.11.2024 at 18:30. Caf\u00e9!".encode()),
        _plain(_encoded(b"hello " * 200), coding="base64"),
        _parts(MIMEText("hello"), MIMEImage(bytes(range(256)) * 400, "png")),
        _attached("picture-1.jpg"),
        CLEAN + b"\r\n",
        CLEAN,
        b"",
    ],
)  # fmt: skip
def test_a_clean_message_exposes_nobody(message: bytes) -> None:
    """Aliases, masks, tokens, dates and pictures are nobody's contact."""
    assert WATCH.exposed(readable(message)) == frozenset()


def test_head_and_body_can_be_read_apart() -> None:
    """A body that many readers share is read once: it holds no header, and the head no body."""
    message = _with_header(f"X-A: {MAIL}").replace(b"hello", PHONE.encode())
    assert WATCH.exposed(readable_head(message)) == {1}
    assert PHONE not in readable_head(message)
    assert PHONE in readable_body(message)
    assert MAIL not in readable_body(message)


@settings(max_examples=80, deadline=None)
@given(st.one_of(st.binary(), st.lists(st.sampled_from([*LEAKS.values()])).map(b"".join)))
def test_any_octets_can_be_read(octets: bytes) -> None:
    """The reader never fails, whatever a composer's bug may have made."""
    assert isinstance(readable(octets), str)


@pytest.mark.parametrize("depth", [50, 400, 1500])
def test_deep_nesting_is_read(depth: int) -> None:
    """A message nested beyond any sense neither fails nor hides what is inside."""
    octets = CLEAN
    for level in range(depth):
        octets += f"Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n--b{level}\r\n".encode()
    octets += b"\r\n" + MAIL.encode()
    assert WATCH.exposed(readable(octets)) == {1}
