"""Foreign messages on their way through the whole relay, and what became of each.

A corpus is a folder with `MANIFEST.tsv` (columns `file`, `source`, `kind`); it is no part of the
project. Every message is sent off by its own writer's provider (`provider.py`) to a group of
hers, in which one member reads mail and one reads texts. A `Fate` says how it ended and whether
anything of the message's machinery, or an address or number out of its head, went out.
"""

from __future__ import annotations

import asyncio
import csv
import email
import email.message
import html
import os
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, redirect_stderr
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from io import StringIO
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import structlog.testing

from channels.mail.charsets import decode, guess
from channels.mail.headers import safe_header
from relay import log
from relay.demo.carrier import Phone
from relay.demo.mailworld import Inbox, Mail
from relay.model import Member
from tests.support.provider import STAND_IN, Letter, Provider
from tests.support.town import DOMAIN, Town

DEFAULT = Path(__file__).resolve().parents[3] / "shared" / "corpus"
CORPUS = Path(os.environ.get("RELAY_CORPUS", DEFAULT))
FILES = frozenset({"ics", "vcf", "image", "document", "outlook-msg", "other"})
"""Kinds that are no messages: they come as somebody's attachment."""
GROUP_WISHES = {"longest": "6000"}
"""So that few messages are too long to be looked at in full."""
OPEN_WISHES = {"html": "yes", "pictures": "yes", "private": "yes"}
"""What every second group allows besides: more ways out, more that could leak."""


STRICT = True
"""Whether her own address in her own words is a leak too: the contact guard stands between."""


class Ending(StrEnum):
    """How a message ended. The first three and `REFUSED` with a reason are good endings."""

    DELIVERED = "delivered"
    TOLD = "told"
    ROBOT = "robot"
    REFUSED = "refused"
    LATER = "later"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Case:
    """One message of the corpus."""

    name: str
    source: str
    raw: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What became of one message."""

    case: Case
    ending: Ending
    why: str
    """The relay's own reason: a word of a closed list, or the notice she got."""
    signed: bool
    stands_in: bool
    exceptions: int = 0
    leaks: tuple[str, ...] = ()
    """What of the machinery, or of the head, went out; each says its kind and itself."""
    own_in_words: tuple[str, ...] = ()
    """Addresses and numbers of the head's From that stand in the text she wrote, and went out."""
    others_in_words: tuple[str, ...] = ()
    """The same of anybody else named in the head."""
    astray: int = 0
    """Copies that went to somebody not of her group."""
    text: str = field(default="", repr=False)
    """As the mail reader got it."""


# The corpus --------------------------------------------------------------------------------


def present() -> bool:
    """Whether there is a corpus here."""
    return (CORPUS / "MANIFEST.tsv").is_file()


def cases() -> list[Case]:
    """Every message: the real ones, bare bodies as plain mails, and files as attachments."""
    found: list[Case] = []
    with (CORPUS / "MANIFEST.tsv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            found += _cases(row["file"], row["source"], row["kind"])
    return found


def _cases(name: str, source: str, kind: str) -> Iterator[Case]:
    octets = (CORPUS / name).read_bytes()
    if kind == "message":
        for at, one in enumerate(_single(octets) if name.endswith(".mbox") else [octets]):
            yield Case(f"{name}#{at}" if at else name, source, one)
    elif kind == "text-body":
        markup = name.endswith((".html", ".htm"))
        yield Case(name, f"{source} (bodies)", _bare_body(octets, "html" if markup else "plain"))
    elif kind in FILES:
        yield Case(name, "files of all sources", _with_file(octets, name))


def _single(octets: bytes) -> list[bytes]:
    """The messages of an mbox file."""
    return [one for one in re.split(rb"(?m)^From [^\n]*\n", octets) if one.strip()]


def _bare_body(octets: bytes, kind: str) -> bytes:
    head = f"From: <{STAND_IN}>\nSubject: Re: a foreign body\nContent-Type: text/{kind}; charset="
    charset = "utf-8" if guess(octets).encode("utf-8", "replace") == octets else "windows-1252"
    return f"{head}{charset}\nContent-Transfer-Encoding: 8bit\n\n".encode() + octets


def _with_file(octets: bytes, name: str) -> bytes:
    draft = email.message.EmailMessage()
    draft["From"] = STAND_IN
    draft["Subject"] = "a file"
    draft.set_content("I send you this file.")
    shown = Path(name).name
    draft.add_attachment(octets, maintype="application", subtype="octet-stream", filename=shown)
    return draft.as_bytes()


# The run -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Circle:
    """A group: who writes, and the two who read."""

    writer: Member
    box: Inbox
    mail: Inbox
    phone: Phone


class Journey:
    """Sends messages through the relay of a town, one after the other."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self._circles: dict[str, _Circle] = {}
        self._numbers = count(1)
        self.provider = Provider(town.mail, lambda address: address.endswith("@" + DOMAIN))

    async def send(self, case: Case) -> Fate:
        """Send one message and wait until nothing of it is under way any more."""
        circle = await self._circle(self.provider.writer(case.raw))
        letter = self.provider.letter(case.raw, circle.writer.write_to.reveal())
        mailed = len(self.town.mail.mails)
        texted = {text.sid for text in self.town.carrier.delivered}
        with structlog.testing.capture_logs() as said:
            code, _ = await circle.box.send_raw(
                circle.writer.write_to.reveal(), letter.raw, mail_from=_envelope(letter.sender)
            )
            await self._settled()
        mails = self.town.mail.mails[mailed:]
        texts = [text for text in self.town.carrier.delivered if text.sid not in texted]
        copies = [mail for mail in mails if mail.recipient.lower() == circle.mail.address]
        told = [mail for mail in mails if mail.recipient.lower() == circle.box.address.lower()]
        arrived = bool(copies) and any(text.to == circle.phone.number for text in texts)
        strays = [text for text in texts if text.to != circle.phone.number]
        why = _why(said, told)
        leaks = leaks_of(letter, mails, [text.body for text in texts])
        return Fate(
            case=case,
            ending=_ending(code, arrived=arrived, told=bool(told), why=why),
            why=why,
            signed=letter.signed,
            stands_in=letter.stands_in,
            exceptions=sum(one["event"] in {"trouble", "library"} for one in said),
            leaks=leaks.machinery,
            own_in_words=leaks.own,
            others_in_words=leaks.others,
            astray=len(mails) - len(copies) - len(told) + len(strays),
            text=copies[-1].text if copies else "",
        )

    async def _circle(self, address: str) -> _Circle:
        if address.lower() not in self._circles:
            self._circles[address.lower()] = await self._founded(address)
        return self._circles[address.lower()]

    async def _founded(self, address: str) -> _Circle:
        town, number = self.town, next(self._numbers)
        name = f"Circle {number}"
        phone, reader = f"+1{200 + number}5550{number % 1000:03}", f"reader{number}@willow.example"
        assert town.app is not None
        registrar = town.app.engine.registrar
        await registrar.create_group(name, GROUP_WISHES | (OPEN_WISHES if number % 2 else {}))
        members = []
        for pseudonym, sms, mail in (
            ("Robin", None, address),
            ("Ana", None, reader),
            ("Sol", phone, None),
        ):
            members.append(
                await registrar.add_member(
                    name, name=pseudonym, sms=sms, email=mail, agreed="2026-01-01",
                    facilitator=False, wishes={},
                )
            )  # fmt: skip
        return _Circle(
            members[0], town.mail.inbox(address), town.mail.inbox(reader), town.carrier.phone(phone)
        )

    async def _settled(self) -> None:
        """Until nothing is on its way. What is held for an answer may stay."""
        assert self.town.app is not None
        registrar = self.town.app.engine.registrar
        while True:
            held = await registrar.inventory()
            moving = held["deliveries"]
            if not any(moving.get(why, 0) for why in ("due", "retrying", "sending")):
                return
            await asyncio.sleep(0.005)


def _envelope(sender: str) -> str:
    """The address a provider puts on the envelope: one of its own where hers is not ASCII."""
    return sender if sender.isascii() else f"bounces@{sender.rpartition('@')[2]}"


def _why(said: Sequence[Any], told: Sequence[Mail]) -> str:
    words = {"refused", "dropped", "held", "expired", "given_up", "never"}
    reasons = {str(one.get("why", "")) for one in said if one["event"] in words} - {""}
    return ",".join(sorted(reasons)) or (told[0].text.strip() if told else "")


def _ending(code: int, *, arrived: bool, told: bool, why: str) -> Ending:
    if code // 100 == 4:
        return Ending.LATER
    if code != 250:
        return Ending.REFUSED if why else Ending.LOST
    if arrived:
        return Ending.DELIVERED
    if told:
        return Ending.TOLD
    return Ending.ROBOT if "automatic" in why else Ending.LOST


def table(fates: Iterable[Fate]) -> list[str]:
    """One line a source, and one of all: how many messages, and how they ended."""
    rows: dict[str, Counter[str]] = {}
    for fate in fates:
        for source in (fate.case.source, "all"):
            row = rows.setdefault(source, Counter())
            row["messages"] += 1
            row[fate.ending.value] += 1
            row["exceptions"] += fate.exceptions
            row["leaks"] += len(fate.leaks) + fate.astray
            row["own_in_words"] += len(fate.own_in_words)
            row["others_in_words"] += len(fate.others_in_words)
    columns = ["messages", *(ending.value for ending in Ending)]
    columns += ["exceptions", "leaks", "own_in_words", "others_in_words"]
    everything = rows.pop("all", Counter())
    lines = [
        " ".join((source, *(f"{c} {row[c]}" for c in columns)))
        for source, row in [*sorted(rows.items()), ("all", everything)]
    ]
    return [f"mail_corpus.{line}" for line in lines]


def reasons(fates: Iterable[Fate]) -> list[str]:
    """How often each reason for another end than delivery was given."""
    given = Counter(
        f"mail_corpus.why {fate.ending.value}: {fate.why}"
        for fate in fates
        if fate.ending is not Ending.DELIVERED
    )
    return [f"{key} {number}" for key, number in sorted(given.items())]


def check(fates: Sequence[Fate]) -> None:
    """What must hold of every one of them."""
    bad = {Ending.LOST, Ending.LATER}
    assert [fate.case.name for fate in fates if fate.exceptions] == []
    assert [fate.case.name for fate in fates if fate.ending in bad] == []
    assert [(fate.case.name, fate.leaks) for fate in fates if fate.leaks] == []
    assert [fate.case.name for fate in fates if fate.astray] == []
    if STRICT:
        assert [(fate.case.name, fate.own_in_words) for fate in fates if fate.own_in_words] == []


@asynccontextmanager
async def travelling(folder: Path) -> AsyncIterator[Journey]:
    """A town whose relay runs in this process, and a journey through it; the log is heard."""
    with redirect_stderr(StringIO()):  # the log keeps the stream it is given here
        log.configure(level="info")
    town = Town(folder)
    await town.open()
    try:
        await town.start()
        yield Journey(town)
    finally:
        await town.close()
        log.configure(level="error")


# Leaks -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Leaks:
    """What went out that stood in the head or the machinery of a message."""

    machinery: tuple[str, ...]
    own: tuple[str, ...]
    others: tuple[str, ...]


_ADDRESS = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[\w-]+(?:\.[\w-]+)+")
_NUMBER = re.compile(r"(?<![\w.:-])\+?\(?\d[\d ()./-]{6,18}\d(?![\w:-])")
_TOKEN = re.compile(r"[^\s<>\"';,=()\[\]]{8,}")
_OURS = re.compile(rf"{re.escape(DOMAIN)}|^127\.0\.0\.1$")
"""The relay's own names, which stand in what it sends."""
_PIECE = re.compile(r"[\d@._/\\]")
_HARMLESS = re.compile(
    r"(?i)(?:text|multipart|message|application|image|audio|video)/[\w.+-]+|[\w-]*charset[\w-]*"
    r"|quoted-printable|rsa-sha256|relaxed/\w+|simple/\w+|iso-?\d{4}-\d{1,2}|windows-\d+|us-ascii|\d\d:\d\d:\d\d|[\d./:+-]{1,10}"
)


def leaks_of(letter: Letter, mails: Sequence[Mail], texts: Sequence[str]) -> Leaks:
    """Look for each thing that stands in the letter's head or machinery in all that went out.

    What also stands in the words of its body, as any program would show them, may have been
    written by her: addresses and numbers are then counted apart, for the contact guard.
    """
    message = email.message_from_bytes(letter.raw)
    frames = "\n".join(_frame(mail) for mail in mails).lower()
    words = [f"{mail.subject}\n{mail.text}\n{mail.html}" for mail in mails]
    shown = "\n".join([*words, *texts]).lower()
    own, hers = letter.sender.lower(), None
    machinery: set[str] = set()
    own_found: set[str] = set()
    others_found: set[str] = set()
    for kind, thing in _things(message):
        needle = thing.lower()
        if needle in frames:
            machinery.add(f"{kind}: {thing}")
            continue
        if needle not in shown:
            continue
        hers = _words_of(message) if hers is None else hers
        if needle not in hers:
            machinery.add(f"{kind}: {thing}")
        elif kind in {"address", "number"}:
            (own_found if needle == own else others_found).add(thing)
    return Leaks(*(tuple(sorted(found)) for found in (machinery, own_found, others_found)))


def _frame(mail: Mail) -> str:
    """Everything of a mail but its envelope's recipient, its subject and its words."""
    message = email.message_from_bytes(mail.raw)
    seen = [mail.mail_from]
    for part in message.walk():
        for name, value in part.items():
            if name.lower() != "subject":
                seen += [f"{name}: {value}", safe_header(str(value))]
        seen += [str(part.preamble or ""), str(part.epilogue or "")]
    return "\n".join(seen)


@lru_cache(maxsize=4)
def _things(message: email.message.Message) -> frozenset[tuple[str, str]]:
    """What could be told again: addresses, numbers, ids, hosts, boundaries, file names, values."""
    found: set[tuple[str, str]] = set()
    for part in message.walk():
        for name, raw in part.items():
            folded = name.lower()
            if folded in {"subject", "to", "date", "dkim-signature"} and part is message:
                continue  # words of hers; and what her provider made for us
            value = guess(str(raw).encode("utf-8", "surrogateescape")).replace("\r\n", " ")
            for form in {value, safe_header(value), unquote(value)}:
                found |= {("address", one) for one in _ADDRESS.findall(form)}
                if folded in {"from", "reply-to", "cc", "sender", "organization", "x-phone"}:
                    found |= {("number", one.strip()) for one in _NUMBER.findall(form)}
                found |= {(folded, one) for one in _TOKEN.findall(form) if _tells(one)}
    return frozenset(thing for thing in found if not _OURS.search(thing[1]))


def _tells(token: str) -> bool:
    return bool(_PIECE.search(token)) and not _HARMLESS.fullmatch(token.strip("."))


def _words_of(message: email.message.Message) -> str:
    """All text of the body and the subject, folded, read as generously as can be."""
    seen = [str(message.get("Subject", "")), safe_header(str(message.get("Subject", "")))]
    for part in message.walk():
        if part.is_multipart() or part.get_content_maintype() != "text":
            seen.append(str(part.get_payload()) if not part.is_multipart() else "")
            continue
        octets = part.get_payload(decode=True)
        octets = octets if isinstance(octets, bytes) else b""
        for text in (decode(octets, str(part.get_param("charset", "") or "")), guess(octets)):
            seen += [text, html.unescape(text), unquote(text)]
    return "\n".join(seen).lower()
