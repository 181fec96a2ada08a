"""What can be read in a finished message, taken apart by other code than what composed it.

The last check before octets leave asks `Watch.exposed` about this text. Nothing here trusts the
composer: transfer encodings, charsets and part types are read from the octets, and where they
may be wrong, the raw octets are read as well.
"""

from __future__ import annotations

import email
import re
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message

_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_FOLD = re.compile(r"\r?\n(?=[ \t])")
_WORD = re.compile(r"=\?[^?\s]{1,60}\?[bqBQ]\?[^?]{0,5000}\?=")
_PARAMETER = re.compile(r"\*\d+\*?=")
_TAG = re.compile(r"<[^<>]{0,20000}>")
_BASE64 = re.compile(r"[A-Za-z0-9+/=\s]*")
_PRINTABLE = re.compile(rb"[\x20-\x7e\xc3-\xf4\x80-\xbf]{6,}")


def readable(octets: bytes) -> str:
    """Return everything that can be read in a message (RFC 5322), one piece a line."""
    return readable_head(octets) + "\n" + readable_body(octets)


def readable_head(octets: bytes) -> str:
    """Return the header of a message, unfolded, its encoded words decoded (RFC 2047)."""
    end = _END_OF_HEAD.search(octets)
    head = octets[: end.start()] if end else octets
    return _unfolded(head.decode("utf-8", "replace"))


def readable_body(octets: bytes) -> str:
    """Return what is behind the header: every part's own header, and its content decoded.

    Html is given three times: as it is (comments, links, attributes), with its tags gone, and
    with spaces in their place. Of parts that are not text, whatever is printable is given.
    """
    pieces: list[str] = []
    try:
        whole = email.message_from_bytes(octets)
    except RecursionError:  # nested beyond what the parser can follow
        return octets.decode("utf-8", "replace")
    waiting = [whole]
    while waiting:
        part = waiting.pop()
        if part is not whole:
            pieces += [_unfolded(f"{name}: {value}") for name, value in part.items()]
        pieces += [part.get_filename() or "", part.preamble or "", part.epilogue or ""]
        inner = part.get_payload()
        if isinstance(inner, list):
            waiting += [each for each in inner if isinstance(each, Message)]
        else:
            _read_content(part, pieces)
    return "\n".join(pieces)


def _read_content(part: Message, pieces: list[str]) -> None:
    content = part.get_payload(decode=True)
    octets = content if isinstance(content, bytes) else b""
    raw = str(part.get_payload())
    if not _BASE64.fullmatch(raw):
        pieces.append(raw)
    if part.get_content_maintype() != "text" and not _looks_like_text(octets):
        pieces += [run.decode("utf-8", "replace") for run in _PRINTABLE.findall(octets)]
        return
    for text in _readings(octets, part.get_content_charset()):
        pieces.append(text)
        if "<" in text:
            pieces += [_TAG.sub("", text), _TAG.sub(" ", text)]


def _looks_like_text(octets: bytes) -> bool:
    return b"\0" not in octets[:4096] and octets[:4] not in {b"\x89PNG", b"GIF8", b"RIFF"}


def _readings(octets: bytes, charset: str | None) -> list[str]:
    """Return the octets as UTF-8, and in the charset they are said to have if it differs."""
    plain = octets.decode("utf-8", "replace")
    try:
        said = octets.decode(charset or "utf-8", "replace")
    except (LookupError, ValueError):
        said = octets.decode("latin-1")  # a charset nobody knows: letters and digits at least
    return list(dict.fromkeys((plain, said)))


def _unfolded(head: str) -> str:
    """Return header lines without folds; lines with encoded words a second time, decoded."""
    whole = _FOLD.sub("", head)
    if "=?" in whole:
        whole += "\n" + _WORD.sub(lambda match: _decoded_word(match[0]), whole)
    if _PARAMETER.search(whole):  # RFC 2231: a value in numbered pieces
        whole += "\n" + re.sub(r"\"?;?\s*[\w-]+\*\d+\*?=\"?", "", whole)
    return whole


def _decoded_word(word: str) -> str:
    try:
        octets, charset = decode_header(word)[0]
    except (HeaderParseError, ValueError):
        return word
    if isinstance(octets, str):
        return octets
    return "\n".join(_readings(octets, charset)) if charset else octets.decode("utf-8", "replace")
