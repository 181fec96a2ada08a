"""`Outgoing` to octets, from nothing but `Outgoing`: no part of any received message is copied.

Everything is 7-bit, lines end in CR LF and hold at most 998 octets (RFC 5321 section 4.5.3.1.6).
Header values pass one gate, because Python 3.11.7's own classes let an encoded word become a
second header line; those classes are not used here at all.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache

from channels.contact import EMAIL
from channels.contract import Outgoing, Phrase
from channels.mail.bodies import Body, body
from channels.mail.dkim import Header
from channels.mail.headers import isolated, one_reply_prefix, safe_header
from channels.secret import Contact, Secret

LONGEST_LINK = 76
"""Octets of one `<...>` of List-Unsubscribe. Programs on the way encode what is longer than 77 with
the comma behind it, and then nobody finds the link."""
_LONGEST_NAME = 100
_LONGEST_SUBJECT = 300
_MOST_REFERENCES = 12
_PRINTABLE = re.compile(r"[ -~]*")
_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9.-]{1,189}")
_DOMAIN = re.compile(r"[A-Za-z0-9.-]{1,189}")
_URL = re.compile(r"https?://[!-;=?-~]+")
_TOKEN = re.compile(r"[a-z0-9]{8,40}")
_TOKEN_LETTERS = 26
_WIDTH = 76
_WORD_OCTETS = 42
"""Of UTF-8 in one encoded word: 56 letters in base64, 68 with its frame, a header's name before."""


class UnsafeHeaderError(ValueError):
    """A header value would not be one line, or not be ours. The text never holds the value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """Who speaks when nobody of the group does, and under which addresses."""

    domain: str
    programme_name: str
    notice_address: str
    public_url: str | None = None
    """Where the page behind unsubscribe links is; without it there is a mail address only."""

    def __post_init__(self) -> None:
        """Raise `UnsafeHeaderError` where these cannot be written into a header."""
        if not _DOMAIN.fullmatch(self.domain):
            raise UnsafeHeaderError("The mail domain is not a plain name.")
        url, token = self.public_url, "a" * _TOKEN_LETTERS
        if url is not None and (not _URL.fullmatch(url) or len(_page(url, token)) > LONGEST_LINK):
            most = LONGEST_LINK - len(_page("", token))
            raise UnsafeHeaderError(
                f"The public URL must be plain and at most {most} characters long: mail programs"
                " do not find a longer link to unsubscribe."
            )
        if not _links(self, token):
            most = LONGEST_LINK - len(_mailbox("", token))
            raise UnsafeHeaderError(
                f"A mail domain of more than {most} characters needs a public URL: mail programs"
                " do not find a longer address to unsubscribe."
            )


# Headers -----------------------------------------------------------------------------------


def compose(out: Outgoing, voice: Voice, prepared: Body, now: datetime) -> list[Header]:
    """The headers of one copy, in order, without the signature. `now` is aware.

    Raises `UnsafeHeaderError` rather than write a value that is not one line, or an address that
    is not of our domain.
    """
    is_answer = bool(out.references)
    key = (out.author, out.mask, out.subject, out.say(Phrase.NO_SUBJECT, 1), is_answer)
    shared = prepared.heads.get(key)
    if shared is None:
        shared = prepared.heads[key] = _shared(out, voice, prepared, is_answer=is_answer)
    from_, subject, *described = shared
    return [
        from_,
        header("To", _ours(out.write_to, voice)),
        header("Reply-To", _reply_to(out, voice)),
        subject,
        _date(now.astimezone(UTC).replace(second=0, microsecond=0)),
        *_thread(out, voice),
        *described,
        *_list(out, voice),
        *_MANNERS[_is_notice(out), out.private],
    ]


def _is_notice(out: Outgoing) -> bool:
    """A bundle is no one member's, but what members wrote."""
    return out.author is None and not out.pieces


def _shared(out: Outgoing, voice: Voice, prepared: Body, *, is_answer: bool) -> tuple[Header, ...]:
    """What all copies of a post have in common: From, Subject, and what describes the body."""
    return (
        header("From", _from(out, voice)),
        header("Subject", _words(_subject(out, is_answer=is_answer), "Subject")),
        header("MIME-Version", "1.0"),
        header("Content-Type", prepared.content_type),
        header("Content-Transfer-Encoding", prepared.transfer_encoding.decode("ascii")),
    )


def octets(headers: list[Header], prepared: Body) -> bytes:
    """The message as it goes over the wire, before dot-stuffing."""
    head = b"".join([b"%b:%b" % each for each in headers])
    return head + b"\r\n" + prepared.encoded


def opaque(use: str, delivery: Secret) -> str:
    """26 letters and digits out of a delivery's token; different for each use, no way back."""
    digest = hashlib.sha256(f"{use}\x00{delivery.reveal()}".encode()).digest()
    return base64.b32encode(digest[:16]).decode("ascii").rstrip("=").lower()


def header(name: str, value: str) -> Header:
    """The one gate every header passes: ASCII, folded only before a space, short lines."""
    lines = value.split("\r\n")
    for number, line in enumerate(lines):
        folded_well = not number or (line.startswith(" ") and line.strip())
        if not folded_well or not _PRINTABLE.fullmatch(line):
            raise UnsafeHeaderError(f"{name} would not be one line")
        if len(line) + len(name) > 900:
            raise UnsafeHeaderError(f"{name} would be too long")
    return name.encode("ascii"), b" %b\r\n" % value.encode("ascii")


_PROGRAMME = (("Auto-Submitted", "auto-generated"), ("X-Auto-Response-Suppress", "All"))
_TO_ONE = (("X-Auto-Response-Suppress", "All"), ("x-ms-reactions", "disallow"))
_TO_ALL = (("Precedence", "list"), *_TO_ONE)
_MANNERS = {
    (is_notice, is_private): tuple(header(*each) for each in marks)
    for is_notice, is_private, marks in (
        (True, False, _PROGRAMME),
        (True, True, _PROGRAMME),
        (False, True, _TO_ONE),
        (False, False, _TO_ALL),
    )
}
"""What keeps robots from answering (RFC 3834 section 5, MS-OXCMAIL 2.2.3.2.14), by kind of mail."""


@lru_cache(maxsize=4)
def _date(minute: datetime) -> Header:
    return header("Date", format_datetime(minute))


def _thread(out: Outgoing, voice: Voice) -> list[Header]:
    """Message-ID, and what it answers: ids of ours only (RFC 5322 section 3.6.4)."""
    own = _token(out.message_id) if out.message_id else opaque("message-id", out.delivery)
    found = [header("Message-ID", f"<{own}@{voice.domain}>")]
    ids = [f"<{_token(one)}@{voice.domain}>" for one in _few(out.references)]
    if ids:
        found += [header("In-Reply-To", ids[-1]), header("References", "\r\n ".join(ids))]
    return found


def _few(references: tuple[Secret, ...]) -> tuple[Secret, ...]:
    """The oldest, by which mail programs know the thread, and the newest ones."""
    if len(references) <= _MOST_REFERENCES:
        return references
    return (references[0], *references[1 - _MOST_REFERENCES :])


def _list(out: Outgoing, voice: Voice) -> list[Header]:
    """RFC 2919, 2369 and 8058. A private post belongs to no list, and a notice neither."""
    found = []
    if out.list_id and not _is_notice(out) and not out.private:
        found.append(header("List-Id", f"<{_token(out.list_id)}.{voice.domain}>"))
    if out.unsubscribe:
        links = _links(voice, _token(out.unsubscribe))
        found.append(header("List-Unsubscribe", ",\r\n ".join(links)))
        if voice.public_url is not None:
            found.append(_ONE_CLICK)
    return found


_ONE_CLICK = header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")


def _links(voice: Voice, token: str) -> list[str]:
    """What a mail program may use to end these mails: the page, and an address."""
    page = [] if voice.public_url is None else [_page(voice.public_url, token)]
    return [link for link in (*page, _mailbox(voice.domain, token)) if len(link) <= LONGEST_LINK]


def _page(url: str, token: str) -> str:
    return f"<{url}/u/{token}>"


def _mailbox(domain: str, token: str) -> str:
    return f"<mailto:u+{token}@{domain}>"


def _reply_to(out: Outgoing, voice: Voice) -> str:
    """Where an answer goes: to her group, to the one who wrote to her alone, or to us."""
    if out.confirm:
        return f"confirm+{_token(out.confirm)}@{voice.domain}"
    if out.private and out.author is not None:
        return _ours(out.mask, voice)
    return _ours(out.write_to, voice)


def _from(out: Outgoing, voice: Voice) -> str:
    if out.author is None:
        name, address = voice.programme_name, _ours(Secret(voice.notice_address), voice)
    else:
        name, address = out.author.reveal(), _ours(out.mask, voice)
    shown = _display_name(name)
    last = shown.rpartition("\r\n")[2]
    fits = len("From: ") + len(last) + len(address) + 3 <= _WIDTH
    return f"{shown} <{address}>" if fits else f"{shown}\r\n <{address}>"


def _subject(out: Outgoing, *, is_answer: bool) -> str:
    said = one_reply_prefix(safe_header(out.subject.reveal()), is_answer=is_answer)
    said = said[:_LONGEST_SUBJECT].strip()
    if said in {"", "Re:"}:
        return f"{said} ({out.say(Phrase.NO_SUBJECT, 1)})".strip()
    return said


def _display_name(name: str) -> str:
    """A quoted string, or encoded words where it is not ASCII (RFC 5322 3.2.4, RFC 2047 5.3)."""
    clean_name = safe_header(name)[:_LONGEST_NAME].strip()
    if not _PRINTABLE.fullmatch(clean_name):
        return _encoded_words(isolated(clean_name))
    return '"' + clean_name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _words(text: str, name: str) -> str:
    """Unstructured text: as it is, folded between words, where that is safe; else encoded."""
    text = safe_header(text)
    if not _PRINTABLE.fullmatch(text):
        return _encoded_words(text)
    lines, left = [""], _WIDTH - len(name) - 2
    for word in text.split(" "):
        if len(word) >= _WIDTH - len(name) - 2:
            return _encoded_words(text)
        if lines[-1] and len(lines[-1]) + 1 + len(word) > left:
            lines.append("")
            left = _WIDTH
        lines[-1] = f"{lines[-1]} {word}" if lines[-1] else word
    return "\r\n ".join(lines)


def _encoded_words(text: str) -> str:
    """RFC 2047 encoded words of at most 75 characters and whole letters each, one a line."""
    words, chunk = [], b""
    for letter in text:
        octets_of_it = letter.encode("utf-8", "replace")
        if len(chunk) + len(octets_of_it) > _WORD_OCTETS:
            words.append(chunk)
            chunk = b""
        chunk += octets_of_it
    words.append(chunk)
    return "\r\n ".join(f"=?utf-8?b?{base64.b64encode(word).decode()}?=" for word in words)


def _ours(address: Secret, voice: Voice) -> str:
    """An address that needs no quoting, of our own domain: a contact can never be written.

    Raises `UnsafeHeaderError`.
    """
    plain = address.reveal()
    if not _ADDRESS.fullmatch(plain):
        raise UnsafeHeaderError("an address is not a plain one")
    if plain.partition("@")[2].lower() != voice.domain.lower():
        raise UnsafeHeaderError("an address is not of our domain")
    return plain


def _token(token: Secret) -> str:
    """A token of ours. Raises `UnsafeHeaderError` where it is anything else."""
    if not _TOKEN.fullmatch(token.reveal()):
        raise UnsafeHeaderError("a token is not one of ours")
    return token.reveal()


# At start ----------------------------------------------------------------------------------

_HOSTILE = (
    "=?utf-8?q?a=0AX-Leak:=20y?=",
    "=?utf-8?q?=3D=3Futf-8=3Fq=3Fa=3D0D=3D0AX-Leak=3A_y=3F=3D?=",
    "a\r\nX-Leak: y",
    "a\nX-Leak: y",
    "a\rX-Leak: y",
    "a\u2028X-Leak: y",
    "=?utf-8?b?YQ0KWC1MZWFrOiB5?=",
    "=?nonsense?q?a=0D=0AX-Leak:_y?=",
    '"\r\nX-Leak: y',
    "\u0645\r\nX-Leak: y " * 20,
    "word " * 30 + "\r\n\r\nX-Leak: y",
)
_EXPECTED = (
    b"From To Reply-To Subject Date Message-ID In-Reply-To References MIME-Version Content-Type"
    b" Content-Transfer-Encoding List-Id List-Unsubscribe List-Unsubscribe-Post Precedence"
    b" X-Auto-Response-Suppress x-ms-reactions"
).split()
_NAME = re.compile(rb"(?m)^([^\s:]+):")


def self_test() -> None:
    """Show, at start and on this very Python, that hostile values stay one line.

    Whole messages are composed with them as pseudonym and subject; addresses and tokens that are
    none must stop the copy. Raises `UnsafeHeaderError`: better no mail than a forged header.
    """
    for value in _HOSTILE:
        raw = _hostile_message(name=value, subject=value)
        head = raw.partition(b"\r\n\r\n")[0] + b"\r\n"
        lone = re.search(rb"(?<!\r)\n|\r(?!\n)", raw)
        if _NAME.findall(head) != _EXPECTED or lone or b"\nX-Leak" in raw or not raw.isascii():
            raise UnsafeHeaderError("the self-test wrote a second header")
        for place in ("mask", "write_to", "message_id", "reference", "list_id", "unsubscribe"):
            try:
                _hostile_message(**{place: value})
            except UnsafeHeaderError:
                continue
            raise UnsafeHeaderError("the self-test was let through")
    for value in ("a\r\nX-Leak: y", "a\nX-Leak: y", "a\rX-Leak: y", "\u00e4"):
        try:
            header("Subject", value)
        except UnsafeHeaderError:
            continue
        raise UnsafeHeaderError("the self-test was let through")


def _hostile_message(
    *,
    name: str = "a",
    subject: str = "a",
    mask: str = "m@self.test",
    write_to: str = "w@self.test",
    message_id: str = "a" * _TOKEN_LETTERS,
    reference: str = "a" * _TOKEN_LETTERS,
    list_id: str = "a" * _TOKEN_LETTERS,
    unsubscribe: str = "a" * _TOKEN_LETTERS,
) -> bytes:
    voice = Voice(
        domain="self.test",
        programme_name="a",
        notice_address="a@self.test",
        public_url="https://self.test",
    )
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    out = Outgoing(
        post=0,
        delivery=Secret("a"),
        to=Contact(EMAIL, "a@reader.test"),
        write_to=Secret(write_to),
        author=Secret(name),
        mask=Secret(mask),
        subject=Secret(subject),
        text=Secret("a"),
        message_id=Secret(message_id),
        references=(Secret(reference),),
        list_id=Secret(list_id),
        unsubscribe=Secret(unsubscribe),
        expires=moment,
    )
    prepared = body(out.text)
    return octets(compose(out, voice, prepared, moment), prepared)
