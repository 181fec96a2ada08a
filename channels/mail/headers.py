"""Header values: read defensively on the way in, made harmless on the way out.

Python 3.11.7's own header classes can be made to write a second header line out of an encoded
word (CVE-2024-6923, CVE-2026-1299), and its address parser can be led to the wrong mailbox
(CVE-2023-27043), so neither is relied on.
"""

from __future__ import annotations

import binascii
import re
import unicodedata
from datetime import UTC, datetime
from email.errors import HeaderParseError, MessageError
from email.header import decode_header
from email.utils import parsedate_to_datetime

from channels.contact import BadContactError, address
from channels.mail.charsets import decode, guess
from channels.secret import Contact, Secret

_LONGEST_NAME = 100
_ANGLES = re.compile(r"<[^<>]*>")
LONGEST_READ = 2_000
"""Characters of one header value that are looked at: bounds the work on hostile ones."""
_ROUNDS = 3
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff"
    "\ufff9-\ufffb\ud800-\udfff]"
)
_SPACES = re.compile(r"\s+")
_LOOSE_JOINERS = re.compile("(?<!\\S)[\u200c\u200d]+|[\u200c\u200d]+(?!\\S)")
_REPEATED_JOINERS = re.compile("([\u200c\u200d])[\u200c\u200d]+")
_RE = (
    "re|rép|antw?|antwort|odp|odg|ynt|rif|vá|bls|atb|vast|răsp|svar|απ|σχετ|отв|ответ|відп|"
    "תגובה|השב|رد|ردّ|پاسخ|उत्तर|जवाब|回复|回覆|答复|答覆|回信|返信|답장|회신|ตอบ|ตอบกลับ|trả lời"
)
"""What mail programs of many languages put before the subject of an answer."""
_RE_OR_WORDS = "aw|sv|vs|res|resp|tl|r|od|na"
"""The same, but also a way to begin a subject of one's own."""
_COUNT = r"(?:\[\d{1,3}\]|\(\d{1,3}\)|\^\d{1,3}|\*\d{1,3})?" + "\\s?[:\uff1a]\\s*"
_ANSWER = re.compile(rf"(?i)(?:(?:{_RE}){_COUNT})+")
_ANSWER_KNOWN = re.compile(rf"(?i)(?:(?:{_RE}|{_RE_OR_WORDS}){_COUNT})+")
_NAME = r"[^\s<>,;:@()\[\]\"]"
_ADDRESS = re.compile(rf"(?<!{_NAME}){_NAME}++@{_NAME}+")
"""Begins at the start of a token and never backs up: linear also where there is no `@` at all."""


def safe_header(value: str) -> str:
    """One clean line out of anything: up to 3 rounds of RFC 2047 decoding, then scrubbing.

    Controls, line separators, direction and zero-width marks become spaces, runs of spaces one,
    and what is left of `=?` is broken up, so that nobody decodes it a further time. Joiners stay
    inside words: Persian, Indic scripts and emoji are written with them.
    """
    text = value[:LONGEST_READ]
    for _ in range(_ROUNDS):
        if "=?" not in text:
            break
        text = _decoded_once(text)[:LONGEST_READ]
    text = _LOOSE_JOINERS.sub("", _UNSAFE.sub(" ", text))
    text = _SPACES.sub(" ", _REPEATED_JOINERS.sub(r"\1", text)).strip()
    while "=?" in text:
        text = text.replace("=?", "= ?")
    return text


def one_reply_prefix(subject: str, *, is_answer: bool) -> str:
    """`subject` with the prefixes of an answer, in whatever language, made one `Re: `.

    Mail programs group by the subject without `Re:`, and few know the others' words for it.
    Words that may be the writer's own (`Aw: how sweet`) count only where it is an answer.
    """
    found = (_ANSWER_KNOWN if is_answer else _ANSWER).match(subject)
    return "Re: " + subject[found.end() :] if found else subject


def isolated(name: str) -> str:
    """`name`, kept from turning around what stands beside it if it is written right to left.

    First strong isolate and pop directional isolate (UAX 9 section 2.4).
    """
    if any(unicodedata.bidirectional(letter) in {"R", "AL"} for letter in name):
        return f"\u2068{name}\u2069"
    return name


def _decoded_once(text: str) -> str:
    """One round of RFC 2047 decoding; what does not decode stays as it is."""
    try:
        chunks = decode_header(text)
        return "".join(_chunk(chunk, charset) for chunk, charset in chunks)
    except (HeaderParseError, MessageError, ValueError, binascii.Error, LookupError):
        return text


def _chunk(chunk: bytes | str, charset: str | None) -> str:
    if isinstance(chunk, str):
        return chunk
    if charset is None:  # the undecoded stretches, which `decode_header` made raw-unicode-escape
        return chunk.decode("raw-unicode-escape", "replace")
    return decode(chunk, charset)


def as_text(raw: bytes) -> str:
    """The raw octets of a header value, unfolded (RFC 5322 section 2.2.3), as letters."""
    return guess(raw.replace(b"\r", b"").replace(b"\n", b""))


def addresses(value: str) -> frozenset[Secret]:
    """All addresses of an address list, folded to lower case.

    Quoted strings and comments do not count (RFC 5322 sections 3.2.2 and 3.2.4), and encoded
    words are not decoded first, so that a display name cannot pose as an address.
    """
    return frozenset(Secret(found.lower()) for found in _ADDRESS.findall(_bare(value)))


def mailbox(value: str) -> Contact | None:
    """The one address of a From header, or `None` where there is none, more than one, or doubt."""
    if len(value) > LONGEST_READ:
        return None
    bare = _bare(value)
    found = {match.lower(): match for match in _ADDRESS.findall(bare)}
    if len(found) != 1 or bare.count("@") != len(_ADDRESS.findall(bare)):
        return None
    try:
        return address(next(iter(found.values())))
    except BadContactError:
        return None


def display_name(value: str) -> Secret:
    """The name beside the one address of a From header; empty where there is none."""
    shown = safe_header(value[:LONGEST_READ])
    name = _ANGLES.sub(" ", shown).replace('"', " ").replace("\\", " ")
    name = " ".join(name.strip(" ()'").split())
    if "@" in name or len(name) > _LONGEST_NAME:
        return Secret("")
    last, comma, first = name.partition(", ")
    return Secret(f"{first} {last}" if comma else name)


def _bare(value: str) -> str:
    """`value` without its quoted strings and comments. An unclosed one is left standing."""
    kept: list[str] = []
    at = 0
    while at < len(value):
        if value[at] == '"':
            end = _quoted_end(value, at)
        elif value[at] == "(":
            end = _comment_end(value, at)
        else:
            kept.append(value[at])
            at += 1
            continue
        if end is None:  # unclosed: everything behind it counts, which can only make doubt
            kept.append(" " + value[at + 1 :])
            break
        kept.append(" ")
        at = end
    return "".join(kept)


def _quoted_end(value: str, start: int) -> int | None:
    """Index behind the closing quote of the quoted string opening at `start`."""
    at = start + 1
    while at < len(value):
        if value[at] == '"':
            return at + 1
        at += 2 if value[at] == "\\" else 1
    return None


def _comment_end(value: str, start: int) -> int | None:
    """Index behind the bracket that closes the comment opening at `start`; comments nest."""
    depth, at = 0, start
    while at < len(value):
        if value[at] == "(":
            depth += 1
        elif value[at] == ")":
            depth -= 1
            if depth == 0:
                return at + 1
        at += 2 if value[at] == "\\" else 1
    return None


def moment(value: str) -> datetime | None:
    """A Date header as an aware time in UTC, or `None` where it is no date."""
    try:
        parsed = parsedate_to_datetime(value[:200])
        aware = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
        return aware.astimezone(UTC)
    except (ValueError, OverflowError, TypeError, IndexError, AttributeError):
        return None
