"""Nothing of who writes, and with what, reaches anybody: mails through the whole relay, 0 out.

Each message is an RFC 5322 message by an enrolled member, signed by her provider and handed to
the real SMTP listener. Two members read mail and one reads texts. All that leaves, octets and
whatever can be decoded from them, envelopes, texts and the log, is searched afterwards.
"""

from __future__ import annotations

import asyncio
import email.utils
import re
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, redirect_stderr
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pytest
from keep_texts import HOTLINES, KEEP
from leak_search import TAG, Search, readings
from leak_vectors import (
    FOREIGN,
    IVY,
    OAK,
    PEOPLE,
    REAL,
    ROBIN,
    SOL,
    STRANGER,
    STRANGER_PHONE,
    At,
    Vector,
    says,
    vectors,
)

from relay import log
from relay.demo.mailworld import Mail, signed
from relay.model import Member
from tests.support.town import DOMAIN, Town

AT_ONCE = 4
OPEN = {"html": "yes", "pictures": "yes", "private": "yes", "longest": "6000"}
READERS = (IVY, OAK)


@dataclass
class Circle:
    """A town with one group: Robin writes, Ivy and Oak read mail, Sol reads texts."""

    town: Town
    members: dict[str, Member]
    printed: StringIO

    def way_in(self, contact: str) -> str:
        """Where this member writes."""
        return self.members[contact].write_to.reveal()

    def mask(self, contact: str) -> str:
        """Where others see her."""
        return self.members[contact].mask.reveal()

    def at(self, number: int) -> At:
        """What message `number` of Robin is made with."""
        others = tuple(m for who in READERS for m in (self.mask(who), self.way_in(who)))
        return At(number, self.way_in(ROBIN), others)

    async def send(self, raw: bytes, to: str = "", *, sign: bool = True) -> int:
        """Hand a message of Robin's in, as her provider does; the code of the answer."""
        box = self.town.mail.inbox(ROBIN)
        octets = signed(raw, box.domain) if sign else raw
        code, _ = await box.send_raw(to or self.way_in(ROBIN), octets)
        return code

    async def settled(self) -> None:
        """Until nothing is on its way; what waits for an answer may stay."""
        assert self.town.app is not None
        async with asyncio.timeout(60):
            while True:
                held = (await self.town.app.engine.registrar.inventory())["deliveries"]
                if not any(held.get(why, 0) for why in ("due", "retrying", "sending")):
                    return
                await asyncio.sleep(0.01)

    def copies(self, reader: str) -> list[Mail]:
        """What one mailbox got from members."""
        return [m for m in self.town.mail.inbox(reader).mails if m.from_name != "Relay"]

    def texts(self) -> list[str]:
        """What Sol's phone got."""
        return [message.body for message in self.town.carrier.phone(SOL).inbox]


@asynccontextmanager
async def circle(folder: Path, wishes: dict[str, str]) -> AsyncIterator[Circle]:
    """Such a town, its relay running, and its log heard."""
    printed = StringIO()
    with redirect_stderr(printed):  # the log keeps the stream it is given here
        log.configure(level="debug")
    town = Town(folder)
    await town.open()
    try:
        await town.start()
        assert town.app is not None
        registrar = town.app.engine.registrar
        await registrar.create_group("Tuesday", wishes)
        members: dict[str, Member] = {}
        for name, contact in (("Robin", ROBIN), ("Ivy", IVY), ("Oak", OAK), ("Sol", SOL)):
            members[contact] = await registrar.add_member(
                "Tuesday", name=name, agreed="2026-01-01", facilitator=False, wishes={},
                sms=contact if contact == SOL else None, email=None if contact == SOL else contact,
            )  # fmt: skip
            if contact != SOL:
                town.mail.inbox(contact, name=REAL[contact])
        yield Circle(town, members, printed)
    finally:
        await town.close()
        log.configure(level="error")


def written(vector: Vector, at: At) -> bytes:
    """The octets of a message, before its provider signs."""
    more, body = vector.make(at)
    date = email.utils.formatdate(time.time() - 60 * at.number)  # noqa: TID251 - outside
    head = (
        f"From: {vector.from_}\r\nTo: {at.to}\r\nSubject: {vector.subject}\r\n"
        f"Date: {date.replace('-0000', vector.date or '+0000')}\r\n"
        f"Message-ID: <{at.tag}.{at.number}@laptop.{at.tag}.example>\r\n{more}"
    )
    return head.encode() + b"\r\n" + (body if isinstance(body, bytes) else body.encode())


def search() -> Search:
    """For everything that must not leave."""
    return Search([*PEOPLE, STRANGER, STRANGER_PHONE], FOREIGN)


# Leaks ---------------------------------------------------------------------------------------


def leaks(there: Circle, found: Search) -> list[str]:
    """What went out that must not, each with where it was."""
    out: list[str] = []
    known: dict[str, frozenset[str]] = {}

    def look(where: str, texts: Iterable[str]) -> None:
        new = [text for text in texts if text not in known]
        for text in new:
            known[text] = frozenset(found.hits([text]))
        for text in texts:
            out.extend(f"{where}: {what}" for what in known[text])

    for mail in there.town.mail.mails:
        seen = readings(mail.raw)
        keep = re.search(r"lantern\d{3}x", "".join(seen))
        where = f"{keep[0] if keep else '?'} to {mail.recipient.partition('.')[0]}"
        look(where, {line for text in seen for line in _pieces(text)})
        look(f"{where} (envelope)", {mail.mail_from})
        out += [f"{where}: {what}" for what in _others_ways(there, mail)]
    for text in there.texts():
        look(text[:24], {text})
    look("log", set(there.printed.getvalue().splitlines()))
    return sorted(set(out))


def _pieces(text: str) -> tuple[str, ...]:
    """The whole; its head lines apart, which most mails have in common, are found sooner."""
    return (text,)


def _others_ways(there: Circle, mail: Mail) -> list[str]:
    """Ways in of anybody but the reader."""
    seen = "\n".join(readings(mail.raw)).lower()
    others = {c: there.way_in(c) for c in there.members if c.lower() != mail.recipient.lower()}
    return [f"way in of {REAL.get(c, 'Sol')}" for c, way in others.items() if way.lower() in seen]


def lost(there: Circle, sent: Sequence[tuple[Vector, At, int]]) -> list[str]:
    """What did not arrive and should have, or the other way round."""
    seen = {
        reader: "\n".join(f"{m.subject}\n{m.text}" for m in there.copies(reader)) for reader in READERS
    }
    seen[SOL] = "\n".join(there.texts())
    wrong = []
    for vector, at, code in sent:
        there_for = [reader for reader, text in seen.items() if at.keep in text]
        arrived = len(there_for) == len(seen)
        if vector.arrives is not None and (arrived != vector.arrives or (there_for and not arrived)):
            wrong.append(f"{at.keep} {vector.row} {vector.name}: {code}, {len(there_for)} of 3")
    return wrong


@pytest.mark.parametrize("wishes", [OPEN, {}], ids=["open", "default"])
async def test_nothing_of_the_writer_leaves(tmp_path: Path, wishes: dict[str, str]) -> None:
    """Every vector: 0 leaks in mails, texts, envelopes and the log; all words arrive."""
    given = vectors()
    assert len(given) >= 250
    chosen = [(n, v) for n, v in enumerate(given) if wishes or n % 4 == 0]
    async with circle(tmp_path, wishes) as there:
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(number: int, vector: Vector) -> tuple[Vector, At, int]:
            at = there.at(number)
            async with gate:
                return vector, at, await there.send(written(vector, at))

        sent = await asyncio.gather(*(one(n, v) for n, v in chosen))
        await there.settled()
        names = {at.keep: f"{vector.row} {vector.name}" for vector, at, _ in sent}
        out = [f"{names.get(line[:11], '')} {line}" for line in leaks(there, search())]
        assert out == []
        assert lost(there, sent) == []
        assert '"event": "trouble"' not in there.printed.getvalue()
        assert "would_leak" not in there.printed.getvalue()
