"""Nothing of who writes, and with what, reaches anybody: mails through the whole relay, 0 out.

Each message is an RFC 5322 message by an enrolled member, signed by her provider and handed to
the real SMTP listener. Two members read mail and one reads texts. All that leaves, octets and
whatever can be decoded from them, envelopes, texts and the log, is searched afterwards.
"""

from __future__ import annotations

import asyncio
import codecs
import email.utils
import re
import time
import tomllib
import zlib
from base64 import b32encode, b64encode
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, redirect_stderr
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path

import pytest
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
    picture,
    says,
    vectors,
)

from channels.sms.punctuation import plain as plain_marks
from relay import log
from relay.demo.mailworld import Mail, signed
from relay.model import Member
from tests.support.town import Town

AT_ONCE = 4
OPEN = {"html": "yes", "pictures": "yes", "private": "yes", "longest": "6000"}
NAMES = {ROBIN: "Robin", IVY: "Ivy", OAK: "Oak", SOL: "Sol"}
IN_MACHINERY = {"12", "13", "14", "15", "16", *map(str, range(22, 34))}
"""Rows whose messages go through a group that lets html and pictures out."""
BACKWARDS = "right to left override"
"""An address typed backwards: the last look does not turn words around, the contact guard does."""


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
        return At(number, self.way_in(ROBIN), (self.mask(IVY), self.way_in(IVY)))

    async def send(self, raw: bytes, to: str = "", writer: str = ROBIN) -> int:
        """Hand a message in, as its writer's provider does; the code of the answer."""
        box = self.town.mail.inbox(writer)
        code, _ = await box.send_raw(to or self.way_in(writer), signed(raw, box.domain))
        return code

    async def agreed(self, reader: str) -> str:
        """The mask of somebody who has let Robin write to her alone."""
        wishes = ((ROBIN, f"ASK {NAMES[reader]}"), (reader, f"ACCEPT {NAMES[ROBIN]}"))
        for writer, words in wishes:
            code, _ = await self.town.mail.inbox(writer).write(self.way_in(writer), "", words)
            assert code == 250
            await self.settled()
        return self.mask(reader)

    async def settled(self) -> None:
        """Until nothing is on its way; what waits for an answer may stay."""
        assert self.town.app is not None
        async with asyncio.timeout(60):
            while True:
                held = await self.town.app.engine.registrar.inventory()
                waits = [held["deliveries"][why] for why in _UNDER_WAY]
                if not any(waits) and not held["spool"]:
                    return
                await asyncio.sleep(0.01)

    def others_ways(self, reader: str, seen: str) -> list[str]:
        """Whose ways in, but the reader's own, are in something that was seen, in lower case."""
        others = (who for who in self.members if who.lower() != reader.lower())
        return [who for who in others if self.way_in(who).lower().partition("@")[0] in seen]

    def copies(self, reader: str) -> list[Mail]:
        """What one mailbox got from members."""
        return [m for m in self.town.mail.inbox(reader).mails if m.from_name in NAMES.values()]

    def notices(self, reader: str) -> list[Mail]:
        """What one mailbox got from the relay itself."""
        return [m for m in self.town.mail.inbox(reader).mails if m.from_name not in NAMES.values()]

    def texts(self) -> list[str]:
        """What Sol's phone got."""
        return [message.body for message in self.town.carrier.phone(SOL).inbox]


_UNDER_WAY = ("due", "retrying", "sending", "on_the_way")


@asynccontextmanager
async def circle(
    folder: Path, wishes: dict[str, str], *, oak_reads: bool = False
) -> AsyncIterator[Circle]:
    """Such a town, its relay running, and its log heard. Oak is invited, or reads mail as well."""
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
        for contact, name in NAMES.items():
            members[contact] = await registrar.add_member(
                "Tuesday", name=name, facilitator=False, wishes={},
                agreed="2026-01-01" if oak_reads or contact != OAK else None,
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
    out: set[str] = set()
    known: dict[str, set[str]] = {}

    def look(where: str, texts: Iterable[str]) -> None:
        for text in texts:
            if text not in known:
                known[text] = found.hits([text])
            out.update(f"{where}: {what}" for what in known[text])

    for mail in there.town.mail.mails:
        seen = readings(mail.raw)
        keep = re.search(r"lantern\d{3}x", "".join(seen))
        where = f"{keep[0] if keep else '?'} to {mail.recipient.partition('.')[0]}"
        look(where, seen)
        look(f"{where} (envelope)", {mail.mail_from})
        everything = "\n".join([mail.mail_from, *seen]).lower()
        out |= {
            f"{where}: way in of {who}" for who in there.others_ways(mail.recipient, everything)
        }
    for text in there.texts():
        look(text[:24], {text})
        out |= {f"{text[:24]}: way in of {who}" for who in there.others_ways(SOL, text.lower())}
    look("log", set(there.printed.getvalue().splitlines()))
    return sorted(out)


def lost(there: Circle, sent: Sequence[tuple[Vector, At, int]]) -> list[str]:
    """What did not arrive and should have, or the other way round."""
    mailed = "\n".join(f"{m.subject}\n{m.text}" for m in there.copies(IVY))
    texted = "\n".join(there.texts())
    wrong = []
    for vector, at, code in sent:
        there_for = [at.keep in mailed, at.keep in texted]
        expected = {None: ([True] * 2, [False] * 2), True: ([True] * 2,), False: ([False] * 2,)}
        if there_for not in expected[vector.arrives]:
            wrong.append(f"{at.keep} {vector.row} {vector.name}: {code}, {there_for}")
    return wrong


async def send_all(
    there: Circle, chosen: Iterable[tuple[int, Vector]]
) -> list[tuple[Vector, At, int]]:
    """Send them, a few at once, and wait until all is done."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(number: int, vector: Vector) -> tuple[Vector, At, int]:
        at = there.at(number)
        async with gate:
            return vector, at, await there.send(written(vector, at))

    sent = await asyncio.gather(*(one(n, v) for n, v in chosen))
    await there.settled()
    return sent


@pytest.mark.parametrize("wishes", [OPEN, {}], ids=["open", "default"])
async def test_nothing_of_the_writer_leaves(tmp_path: Path, wishes: dict[str, str]) -> None:
    """Every vector: 0 leaks in mails, texts, envelopes and the log; all words arrive."""
    given = list(enumerate(vectors()))
    assert len(given) >= 230
    chosen = [(n, v) for n, v in given if (v.row in IN_MACHINERY) == bool(wishes)]
    if not wishes:  # where html and pictures must not leave, some bring them all the same
        chosen += [(n, v) for n, v in given if v.row in {"26", "33"}][::3]
    async with circle(tmp_path, wishes) as there:
        sent = await send_all(there, chosen)
        names = {at.keep: f"{vector.row} {vector.name}" for vector, at, _ in sent}
        out = [f"{names.get(line[:11], '')} {line}" for line in leaks(there, search())]
        assert out == []
        assert lost(there, sent) == []
        copies = there.copies(IVY)
        ways = (any(m.html for m in copies), any(b"picture-1." in m.raw for m in copies))
        assert ways == (bool(wishes), bool(wishes))
        assert '"event": "trouble"' not in there.printed.getvalue()
        assert "would_leak" not in there.printed.getvalue()


# Ways of their own ---------------------------------------------------------------------------


def plain(there: Circle, number: int, text: str, to: str = "") -> bytes:
    """A plain mail of Robin's."""
    at = there.at(number)
    raw = written(Vector("new", "plain", says(text)), at)
    return raw.replace(f"To: {at.to}".encode(), f"To: {to}".encode()) if to else raw


def tokens(mail: Mail) -> set[str]:
    """Whatever in a copy could be a token or an address of ours."""
    head = "\n".join([mail.mail_from, mail.raw.decode("latin-1").partition("\r\n\r\n")[0]])
    return set(re.findall(r"[a-z0-9]{12,40}(?=[@.>])", head))


async def test_each_reader_has_tokens_of_her_own(tmp_path: Path) -> None:
    """No token of a copy is in anybody else's, or countable; one recipient; no `for <...>`.

    Rows 36, 37 and 46: the readers are in touch with each other, and compare.
    """
    async with circle(tmp_path, OPEN, oak_reads=True) as there:
        for number in range(3):
            assert await there.send(plain(there, number, "{keep} hello")) == 250
            await there.settled()
        copies = {reader: there.copies(reader) for reader in (IVY, OAK)}
        assert [len(mails) for mails in copies.values()] == [3, 3]
        hers = {reader: set().union(*map(tokens, mails)) for reader, mails in copies.items()}
        shared = hers[IVY] & hers[OAK]
        assert shared == {there.mask(ROBIN).partition("@")[0]}
        every = [mail for mails in copies.values() for mail in mails]
        for seen in ([m.message_id for m in every], [m.mail_from for m in every]):
            assert len(set(seen)) == len(every)
            fixed = [{one[place] for one in seen} for place in range(7, 26)]
            assert all(len(letters) > 1 for letters in fixed), "letters that never change"
        for mail in every:
            lines = [m for m in there.town.mail.mails if m.raw == mail.raw]
            assert len(lines) == 1
            assert b"\r\nReceived:" not in mail.raw
            assert not re.search(rb"\bfor <", mail.raw)
            assert mail.raw.count(b"\r\nTo:") == 1
            assert b"\r\nCc:" not in mail.raw


async def test_a_mask_takes_nothing_along(tmp_path: Path) -> None:
    """A private mail to a mask reaches her alone, without a contact of anybody."""
    async with circle(tmp_path, OPEN, oak_reads=True) as there:
        mask = await there.agreed(IVY)
        text = f"{{keep}} only you: {ROBIN}, {OAK}, {SOL}"
        assert await there.send(plain(there, 1, text, mask), mask) == 250
        await there.settled()
        assert len(there.copies(IVY)) == 1
        assert there.copies(OAK) == []
        assert there.texts() == []
        assert "lantern001x only you" in there.copies(IVY)[0].text
        assert leaks(there, search()) == []


async def test_a_private_mail_takes_as_little_along(tmp_path: Path) -> None:
    """Every tenth vector, with html and pictures, written to one member's mask."""
    async with circle(tmp_path, OPEN) as there:
        mask = await there.agreed(IVY)
        chosen = [(n, v) for n, v in enumerate(vectors()) if n % 10 == 3 and v.arrives]
        for number, vector in chosen:
            at = replace(there.at(number), to=mask)
            assert await there.send(written(vector, at), mask) == 250
        await there.settled()
        words = "\n".join(mail.text for mail in there.copies(IVY))
        assert [v.name for n, v in chosen if there.at(n).keep not in words] == []
        assert there.texts() == []
        assert leaks(there, search()) == []


async def test_the_last_look_stops_what_no_guard_replaced(tmp_path: Path) -> None:
    """Where the group allows contacts, another member's address still reaches nobody but herself.

    Oak writes what she knows of Robin, in every guise of an address in words.
    """
    async with circle(tmp_path, {**OPEN, "contacts": "allow"}, oak_reads=True) as there:
        rows, unasked = {"17", "18", "20", "22"}, {"a stranger's address", BACKWARDS}
        given = [(n, v) for n, v in enumerate(vectors()) if v.row in rows]
        chosen = [(n, v) for n, v in given if v.name not in unasked][::2]
        for number, vector in chosen:
            hers = replace(vector, from_=f"Oak <{OAK}>")
            at = replace(there.at(number), to=there.way_in(OAK))
            assert await there.send(written(hers, at), writer=OAK) == 250
        await there.settled()
        assert there.printed.getvalue().count("would_leak") > len(chosen)
        found, mails = Search([ROBIN], []), there.town.mail.mails
        others = [mail for mail in mails if mail.recipient != ROBIN]
        assert [m.text for m in others if found.hits(readings(m.raw))] == []
        assert [text for text in there.texts() if found.hits({text})] == []


async def test_a_text_takes_nothing_along(tmp_path: Path) -> None:
    """What comes in by text is guarded alike: contacts of hers and of the others, with pictures."""
    async with circle(tmp_path, OPEN) as there:
        phone = there.town.carrier.phone(SOL)
        said = (
            f"call me at {SOL}",
            "or 202 555 0183",
            f"{ROBIN} knows",
            "mara.halewood (at) willow",
        )
        for text in said:
            assert await phone.text(there.way_in(SOL), f"lantern001x {text}", media=1) == 200
        await there.settled()
        assert len(there.copies(IVY)) == len(said)
        assert leaks(there, search()) == []


async def test_send_as_is_shows_her_own_and_no_other(tmp_path: Path) -> None:
    """Her own contact is shown because she said so, in the words alone; nobody else's is."""
    async with circle(tmp_path, OPEN) as there:
        text = f"{{keep}} mine is {ROBIN}, theirs is {IVY} and {SOL}"
        assert await there.send(plain(there, 1, text)) == 250
        await there.settled()
        assert leaks(there, search()) == []
        assert await there.send(plain(there, 2, "SEND AS IS")) == 250
        await there.settled()
        copies = there.copies(IVY)
        assert [ROBIN in mail.text for mail in copies] == [False, True]
        head = copies[-1].raw.partition(b"\r\n\r\n")[0].decode()
        assert Search([ROBIN], []).hits({head}) == set()
        assert leaks(there, Search([IVY, OAK, SOL], FOREIGN)) == []


async def test_what_she_confirms_leaks_nothing(tmp_path: Path) -> None:
    """A mail that nothing proves waits; neither the question nor what then goes out leaks."""
    async with circle(tmp_path, OPEN) as there:
        town, contact = there.town, "fenna.hollowell@clover.example"
        town.mail.add_domain("clover.example", dmarc="v=DMARC1; p=none")
        assert town.app is not None
        fern = await town.app.engine.registrar.add_member(
            "Tuesday", name="Fern", sms=None, email=contact, agreed="2026-01-01",
            facilitator=False, wishes={},
        )  # fmt: skip
        box = town.mail.inbox(contact, name=f"Fenna {TAG}")
        write_to = fern.write_to.reveal()
        text = f"lantern001x from {contact}, {ROBIN}"
        code, _ = await box.write(write_to, "Tuesday", text, sign=False, headers={"X-Mailer": TAG})
        assert code == 250
        await there.settled()
        (question,) = box.mails
        assert "lantern001x" not in question.text
        code, _ = await box.reply(question, f"yes {TAG}", sign=False)
        assert code == 250
        await there.settled()
        assert "lantern001x from Fern, " in town.mail.inbox(IVY).mails[-1].text
        assert leaks(there, Search([*PEOPLE, contact], FOREIGN)) == []


async def test_what_a_mail_host_says_is_kept_from_all(tmp_path: Path) -> None:
    """Rows 38 and 42: a refusal that quotes an address is in no notice, no log, no copy."""
    async with circle(tmp_path, OPEN, oak_reads=True) as there:
        said = f"5.1.1 <{IVY}> {TAG} no such user at mx.{TAG}.example;"
        there.town.mail.fail(rcpt=IVY, code=550, stage="rcpt", enhanced=said)
        there.town.mail.fail(
            rcpt=OAK, code=554, stage="data", enhanced=f"5.6.0 <{OAK}> {TAG} spam", times=1
        )
        assert await there.send(plain(there, 1, "{keep} hello")) == 250
        await there.settled()
        assert there.copies(IVY) == there.copies(OAK) == []
        assert len(there.notices(ROBIN)) >= 1
        assert '"event": "never"' in there.printed.getvalue()
        assert leaks(there, search()) == []


# What must stay ------------------------------------------------------------------------------


async def test_words_arrive_letter_for_letter(tmp_path: Path) -> None:
    """Dates, streets, names that are words, listed hotlines, all scripts: nothing is touched."""
    codings = ("base64", "quoted-printable", "8bit")
    with (Path(__file__).parent / "keep_texts.toml").open("rb") as file:
        given = tomllib.load(file)
    keep: list[str] = given["texts"]
    assert len(keep) >= 60
    async with circle(tmp_path, {"hotlines": given["hotlines"]}) as there:
        notes = [
            Vector("keep", text, says(text, cte=codings[number % 3]), None, f"Note {number}")
            for number, text in enumerate(keep)
        ]
        assert {code for _, _, code in await send_all(there, enumerate(notes))} == {250}
        mailed = {m.subject: m.text for m in there.copies(IVY)}
        assert {text: mailed[f"Note {n}"] for n, text in enumerate(keep)} == {t: t for t in keep}
        texted = {plain_marks(text) for text in there.texts()}
        wanted = [f"Robin: Note {n}\n{text}" for n, text in enumerate(keep)]
        assert [text for text in wanted if plain_marks(text) not in texted] == []
        assert there.notices(ROBIN) == []


# Controls ------------------------------------------------------------------------------------


_HEAD = b"From: a <a@b.example>\r\nSubject: x\r\n"


@pytest.mark.parametrize(
    "raw",
    [
        _HEAD + b"X: " + ROBIN.upper().encode() + b"\r\n\r\nx",
        _HEAD + b"X: =?utf-8?b?" + b64encode(ROBIN.encode()) + b"?=\r\n\r\nx",
        _HEAD + b"X: =?utf-8?q?mara=2Ehale?=\r\n =?utf-8?q?wood=40willow=2Eexample?=\r\n\r\nx",
        _HEAD + b"X: y; name*0*=utf-8''mara%2Ehalewood; name*1*=%40willow.example\r\n\r\nx",
        _HEAD + b"Content-Transfer-Encoding: base64\r\n\r\n" + b64encode(b"....." + ROBIN.encode()),
        _HEAD + b"\r\nmara.halewood=40will=\r\now.example",
        _HEAD + b"\r\nmara.halewood&#64;willow.ex<b>am</b>ple",
        _HEAD + b"\r\nmara%2ehalewood%40willow%2eexample",
        _HEAD + "\r\nmara.hale\u200bwood@wil\u00adlow.example".encode(),
        _HEAD + b"\r\n" + ROBIN.encode("utf-16"),
        _HEAD + b"\r\nmara.halewood+AEA-willow.example",
        _HEAD + b"\r\n" + ROBIN.encode()[::-1],
        _HEAD + b"\r\n" + codecs.encode(ROBIN, "rot13").encode(),
        _HEAD + b"\r\n" + ROBIN.encode().hex().encode(),
        _HEAD + b"\r\n" + b32encode(ROBIN.encode()).lower(),
        _HEAD + b"\r\n(202) 555-0183",
        _HEAD + b"\r\nMara Halewood",
        _HEAD + b"\r\n" + zlib.compress(ROBIN.encode()),
        _HEAD + b'Content-Type: multipart/mixed; boundary="q"\r\n\r\n--q\r\nX: y\r\n\r\n'
        + b64encode(picture("png")) + b"\r\n--q--",
    ],
)  # fmt: skip
def test_the_search_finds_what_is_there(raw: bytes) -> None:
    """The control: every guise in which a contact could leave is seen through."""
    assert search().hits(readings(raw)) & {ROBIN, SOL}


def test_the_search_finds_nothing_in_a_clean_message() -> None:
    """The other control."""
    assert search().hits(readings(_HEAD + b"\r\nhello, it is 10:30 on 2024-05-06")) == set()
