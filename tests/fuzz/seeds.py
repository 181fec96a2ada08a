"""Writes the first messages of the fuzzer's corpus, all made up: `python -m tests.fuzz.seeds DIR`.

The programs and languages are those of the quote tests; broken forms are added by hand.
"""

from __future__ import annotations

import base64
import hashlib
import quopri
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.channels.mail.quotes.programs import HELD_OUT_PROGRAMS, LANGUAGES, PROGRAMS, Style

HEAD = "From: Jane <jane@willow.example>\r\nTo: k3v9@relay.example\r\nSubject: {subject}\r\n"
CHARSETS = ("utf-8", "utf-16", "utf-7", "iso-2022-jp", "gb2312", "koi8-r", "windows-1256", "x-none")
BROKEN = (
    b"",
    b"\r\n\r\nwords",
    b"words without a head",
    b"Content-Type: multipart/mixed; boundary=\r\n\r\n--\r\n\r\na\r\n----\r\n",
    b'Content-Type: multipart/mixed; boundary="a\r\n\r\n--a\r\n\r\nx\r\n--a\r\n\r\ny',
    b"Content-Type: multipart/alternative; boundary=b\r\n\r\n--wrong\r\nContent-Type: text/plain"
    b"\r\n\r\nhi\r\n--wrong--\r\n",
    b"Content-Type: text/plain; charset=utf-8; format=flowed; delsp=yes\r\n\r\n> a \r\nb \r\nc\r\n"
    b"-- \r\nsig\r\n",
    b"Content-Type: message/rfc822\r\n\r\nFrom: x@y.example\r\n\r\ninside\r\n",
    b"Content-Type: text/html\r\n\r\n<div hidden>x</div><p>a<br>b<blockquote type=cite>q</p>&#x41;",
    b"Subject: =?utf-8?q?a=0D=0AX:_y?= =?x?b?!!?=\r\n\r\nw",
    b"Content-Transfer-Encoding: base64\r\n\r\nSGVsbG8\r\n=\xff\xfe\r\n",
    b"Content-Transfer-Encoding: quoted-printable\r\n\r\na=\r\nb=ZZ=C3=A9=\r\n",
    b"Content-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 a\r\n#0V%T\r\n`\r\nend\r\n",
    b"Content-Type: multipart/report; report-type=delivery-status; boundary=r\r\n\r\n--r\r\n\r\nx"
    b"\r\n--r\r\nContent-Type: message/delivery-status\r\n\r\nStatus: 5.1.1\r\n--r--\r\n",
    b"Auto-Submitted: auto-replied\r\nFrom: a@b.example, c@d.example\r\nFrom: e@f.example\r\n\r\nx",
)


def seeds() -> Iterator[bytes]:
    """Every seed."""
    yield from BROKEN
    languages = list(LANGUAGES)
    for number, write in enumerate((PROGRAMS | HELD_OUT_PROGRAMS).values()):
        for language in languages[number % 3 :: 3]:
            style = Style(language)
            yield _whole(style.hers, write[0](style), write[1](style), number)
    for number, charset in enumerate(CHARSETS):
        words = Style(languages[number % len(languages)]).hers
        octets = words.encode(charset if charset != "x-none" else "utf-8", "replace")
        yield (
            HEAD.format(subject="x") + f"Content-Type: text/plain; charset={charset}\r\n"
            "Content-Transfer-Encoding: base64\r\n\r\n"
        ).encode() + base64.encodebytes(octets)


def _whole(subject: str, text: str, html: str, number: int) -> bytes:
    words = base64.b64encode(subject.split("\n", maxsplit=1)[0].encode()).decode()
    head = HEAD.format(subject=f"=?utf-8?b?{words}?=").encode()
    if number % 3 == 0:
        return head + b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + text.encode()
    plain = b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + text.encode()
    coded = b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + quopri.encodestring(
        html.encode()
    )
    page = b"Content-Type: text/html; charset=utf-8\r\n" + coded
    if number % 3 == 1:
        return head + page
    kind = b"Content-Type: multipart/alternative; boundary=b1\r\n\r\n"
    return head + kind + b"--b1\r\n" + plain + b"\r\n--b1\r\n" + page + b"\r\n--b1--\r\n"


def main(folder: Path) -> None:
    """Write them, named by their content."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed in seeds():
        (folder / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
