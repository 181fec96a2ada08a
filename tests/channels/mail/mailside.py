"""The other side of the mail edges, for tests: keys, a name server, a smarthost, a client."""

from __future__ import annotations

import asyncio
import base64
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import cast

import dkim
import dns.message
import dns.rcode
import dns.rrset
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

DOMAIN = "relay.example"
ALIAS = "k3v9q2@relay.example"
MARA = "mara@willow.example"
NOW = datetime.now(UTC)  # noqa: TID251  # dkimpy compares t= and x= with the real clock
SIGNED = ("from", "to", "cc", "subject", "date", "message-id")


@lru_cache
def key(bits: int = 2048, use: str = "") -> bytes:
    """A private key, PEM; the same for the same arguments."""
    made = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    return made.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())


def record(pem: bytes) -> bytes:
    """The TXT record of a key, of any size."""
    public = load_pem_private_key(pem, None).public_key()
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return b"v=DKIM1; k=rsa; p=" + base64.b64encode(der)


def date(when: datetime = NOW) -> str:
    """A Date header's value."""
    return when.strftime("%a, %d %b %Y %H:%M:%S +0000")


def mail(body: str = "Hello all.\r\n", /, **heads: str | None) -> bytes:
    """A message of Mara's to her alias; `heads` replace, add or (with `None`) leave out."""
    fields: dict[str, str | None] = {
        "From": f"Mara <{MARA}>",
        "To": ALIAS,
        "Subject": "Tuesday",
        "Date": date(),
        "Message-ID": "<1@willow.example>",
    }
    fields.update({name.replace("_", "-"): value for name, value in heads.items()})
    lines = [f"{name}: {value}\r\n" for name, value in fields.items() if value is not None]
    return ("".join(lines) + "\r\n" + body).encode()


def signed(
    raw: bytes,
    *,
    domain: str = "willow.example",
    selector: str = "s1",
    pem: bytes | None = None,
    heads: tuple[str, ...] = SIGNED,
    canonicalize: tuple[bytes, bytes] = (b"relaxed", b"relaxed"),
    length: bool = False,
) -> bytes:
    """`raw` with a DKIM signature made by dkimpy on top."""
    signature: bytes = dkim.sign(
        raw,
        selector.encode(),
        domain.encode(),
        pem or key(),
        canonicalize=canonicalize,
        include_headers=[name.encode() for name in heads],
        length=length,
    )
    return signature + raw


Zone = dict[str, list[bytes] | str]
"""TXT records by name; or `servfail`, `silence`, `garbage`."""


class NameServer(asyncio.DatagramProtocol):
    """Answers TXT questions over UDP, and over TCP what does not fit."""

    def __init__(self, zone: Zone) -> None:
        self.zone = zone
        self.asked: list[str] = []
        self.address = ""

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """One question."""
        answer = self.answer(data)
        if answer is None:
            return
        if len(answer) > 1_232:
            question = dns.message.make_response(dns.message.from_wire(data))
            question.flags |= 0x0200
            answer = question.to_wire()
        self.transport.sendto(answer, addr)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the socket."""
        self.transport = cast("asyncio.DatagramTransport", transport)

    def answer(self, data: bytes) -> bytes | None:
        """The octets of the answer, `None` for silence."""
        query = dns.message.from_wire(data)
        name = query.question[0].name
        plain = name.to_text(omit_final_dot=True).lower()
        self.asked.append(plain)
        found = self.zone.get(plain)
        if found == "silence":
            return None
        if found == "garbage":
            return data[:2] + b"\x81\x80" + b"\xff" * 40
        reply = dns.message.make_response(query)
        if found == "servfail":
            reply.set_rcode(dns.rcode.SERVFAIL)
        elif found is None:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        else:
            texts = [_quoted(one) for one in found if isinstance(one, bytes)]
            reply.answer.append(dns.rrset.from_text_list(name, 60, "IN", "TXT", texts))
        return reply.to_wire(max_size=65_535)

    async def tcp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One question over TCP."""
        (size,) = struct.unpack("!H", await reader.readexactly(2))
        answer = self.answer(await reader.readexactly(size)) or b""
        writer.write(struct.pack("!H", len(answer)) + answer)
        writer.close()
        await writer.wait_closed()


def _quoted(value: bytes) -> str:
    """A TXT value in zone file form, in strings of at most 255 octets."""
    strings = [value[at : at + 255] for at in range(0, len(value), 255)] or [b""]
    return " ".join('"' + "".join(f"\\{byte:03d}" for byte in one) + '"' for one in strings)


@asynccontextmanager
async def name_server(zone: Zone) -> AsyncIterator[NameServer]:
    """A name server on 127.0.0.1."""
    loop = asyncio.get_running_loop()
    server = NameServer(zone)
    tcp = await asyncio.start_server(server.tcp, "127.0.0.1", 0)
    port = tcp.sockets[0].getsockname()[1]
    udp, _ = await loop.create_datagram_endpoint(lambda: server, ("127.0.0.1", port))
    server.address = f"127.0.0.1:{port}"
    try:
        yield server
    finally:
        udp.close()
        tcp.close()
        await tcp.wait_closed()


@dataclass
class Client:
    """Speaks SMTP octet by octet."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def answer(self) -> bytes:
        """One whole reply."""
        lines = b""
        while True:
            line = await asyncio.wait_for(self.reader.readline(), 20)
            lines += line
            if line[3:4] != b"-":
                return lines

    async def say(self, line: bytes) -> bytes:
        """One command and its reply."""
        self.writer.write(line + b"\r\n")
        return await self.answer()

    async def envelope(self, to: str = ALIAS, sender: str = MARA) -> None:
        """EHLO up to the go-ahead for DATA."""
        await self.say(b"EHLO client.example")
        assert (await self.say(b"MAIL FROM:<%b>" % sender.encode())).startswith(b"250")
        assert (await self.say(b"RCPT TO:<%b>" % to.encode())).startswith(b"250")
        assert (await self.say(b"DATA")).startswith(b"354")

    async def message(self, raw: bytes) -> bytes:
        """The message, dot-stuffed, and the reply to it."""
        stuffed = (b"\r\n" + raw).replace(b"\r\n.", b"\r\n..")[2:]
        return await self.say(stuffed + (b"." if raw.endswith(b"\r\n") else b"\r\n."))


@asynccontextmanager
async def client(port: int) -> AsyncIterator[Client]:
    """A connection whose greeting was read."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    speaking = Client(reader, writer)
    try:
        await speaking.answer()
        yield speaking
    finally:
        writer.close()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)


Step = Callable[["Sink", asyncio.StreamWriter], Awaitable[None]] | bytes
"""What a smarthost does at a step instead of saying yes: octets to answer, or an action."""


@dataclass
class Sink:
    """A smarthost that keeps what it gets and can be scripted to fail once at any step."""

    script: dict[str, list[Step]] = field(default_factory=dict)
    """By verb (`CONNECT`, `EHLO`, `MAIL`, `RCPT`, `DATA`, `DOT`, ...), used up one by one."""
    offers: bytes = b""
    got: list[tuple[bytes, bytes, bytes]] = field(default_factory=list)
    """Sender, recipient, octets of each message."""
    verbs: list[str] = field(default_factory=list)
    connections: int = 0
    open: set[asyncio.StreamWriter] = field(default_factory=set)
    alone: asyncio.Event = field(default_factory=asyncio.Event)
    port: int = 0
    tls: object = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.connections += 1
        self.open.add(writer)
        plain = writer.transport
        try:
            await self._talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, AttributeError, ssl.SSLError):
            pass  # AttributeError: asyncio's own, when a handshake is broken off
        finally:
            if not writer.transport:
                writer._transport = plain  # type: ignore[attr-defined]  # asyncio lost it
            writer.transport.abort()
            self.open.discard(writer)
            if not self.open:
                self.alone.set()

    async def all_gone(self) -> None:
        """Wait until no connection is left."""
        while self.open:
            self.alone.clear()
            await self.alone.wait()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sender = to = b""
        await self._step("CONNECT", b"220 sink.example ESMTP", writer)
        while line := await reader.readline():
            verb = line[:4].upper().strip().decode()
            self.verbs.append(verb)
            if verb == "MAIL" and sender:
                writer.write(b"503 nested MAIL\r\n")
                continue
            if verb == "MAIL":
                sender = line[10:].strip().strip(b"<>")
            elif verb == "RCPT":
                to = line[8:].strip().strip(b"<>")
            answers = {"EHLO": self._ehlo(), "DATA": b"354 go", "QUIT": b"221 bye"}
            answers["STAR"] = b"220 go"
            if await self._step(verb, answers.get(verb, b"250 OK"), writer) and verb == "DATA":
                raw = await reader.readuntil(b"\r\n.\r\n")
                message = (b"\r\n" + raw[:-3]).replace(b"\r\n.", b"\r\n")[2:]
                if await self._step("DOT", b"250 OK", writer):
                    self.got.append((sender, to, message))
                sender = b""
            if verb == "RSET":
                sender = b""
            if verb == "STAR" and self.tls is not None:
                await writer.start_tls(self.tls)  # type: ignore[arg-type]

    def _ehlo(self) -> bytes:
        return b"250-sink.example\r\n" + self.offers + b"250 8BITMIME"

    async def _step(self, verb: str, answer: bytes, writer: asyncio.StreamWriter) -> bool:
        """Say yes, or what the script says; whether it was yes."""
        steps = self.script.get(verb, [])
        scripted = steps.pop(0) if steps else None
        if callable(scripted):
            await scripted(self, writer)
            return False
        writer.write((scripted or answer) + b"\r\n")
        await writer.drain()
        return scripted is None


async def hang_up(_sink: Sink, writer: asyncio.StreamWriter) -> None:
    """Break the connection."""
    writer.transport.abort()
    raise ConnectionResetError


async def fall_silent(_sink: Sink, writer: asyncio.StreamWriter) -> None:
    """Answer nothing, until the other side gives up."""
    await asyncio.gather(writer.wait_closed(), return_exceptions=True)
    raise ConnectionResetError


@asynccontextmanager
async def sink(
    script: dict[str, list[Step]] | None = None, offers: bytes = b"", tls: object = None
) -> AsyncIterator[Sink]:
    """A smarthost on 127.0.0.1."""
    made = Sink(script=script or {}, offers=offers, tls=tls)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        for writer in list(made.open):
            writer.transport.abort()
        await server.wait_closed()
        await made.all_gone()
