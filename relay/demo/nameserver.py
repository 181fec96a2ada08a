"""A name server over real sockets for the demo and the tests: UDP and TCP, one port, loopback.

It answers from an invented zone: what mail authentication asks for (TXT for DKIM keys, SPF and
DMARC; MX, A, PTR), following CNAME within it. A name it knows without the asked type gets an
empty answer, an unknown one NXDOMAIN, an answer too large for UDP comes cut short with TC set, so
that the asker returns by TCP. It can be told to fail. It knows nothing of the relay.
"""

from __future__ import annotations

import asyncio
import struct
from enum import StrEnum
from typing import cast

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.TXT
import dns.rrset

LOOPBACK = "127.0.0.1"
_TTL = 60
_TEXT_CHUNK = 255
_PORT_TRIES = 20
_MOST_ALIASES = 8
"""CNAME records followed for one answer."""


class DnsFault(StrEnum):
    """How the name server may fail."""

    SERVFAIL = "servfail"
    REFUSED = "refused"
    TIMEOUT = "timeout"
    """It reads the question and never answers."""


class NameServer:
    """An invented zone, served. `start` binds a free port, `close` lets go of it."""

    def __init__(self) -> None:
        self._zone: dict[str, dict[str, list[dns.rdata.Rdata]]] = {}
        self._faults: dict[str | None, DnsFault] = {}
        self._udp: asyncio.DatagramTransport | None = None
        self._tcp: asyncio.Server | None = None
        self._talks: set[asyncio.Task[None]] = set()
        self.port = 0
        self.asked: list[tuple[str, str]] = []
        """Every question so far: name without the last dot, type."""

    @property
    def address(self) -> str:
        """`127.0.0.1:port`."""
        return f"{LOOPBACK}:{self.port}"

    def add(self, name: str, kind: str, value: str) -> None:
        """Add a record in the notation of zone files: `add("willow.example", "MX", "10 mx.…")`."""
        self._put(name, kind, dns.rdata.from_text("IN", kind, value))

    def add_text(self, name: str, text: str) -> None:
        """Add a TXT record of any length, cut into strings of 255 (RFC 1035 section 3.3.14)."""
        raw = text.encode("ascii")
        chunks = [raw[at : at + _TEXT_CHUNK] for at in range(0, len(raw), _TEXT_CHUNK)] or [b""]
        record = dns.rdtypes.ANY.TXT.TXT(dns.rdataclass.IN, dns.rdatatype.TXT, chunks)
        self._put(name, "TXT", record)

    def remove(self, name: str) -> None:
        """Take all records of a name away."""
        self._zone.pop(_plain(name), None)

    def texts(self, name: str) -> list[str]:
        """The TXT records of a name, each joined to one string, without asking over the wire."""
        records = self._zone.get(_plain(name), {}).get("TXT", [])
        return [
            b"".join(record.strings).decode("ascii")
            for record in records
            if isinstance(record, dns.rdtypes.ANY.TXT.TXT)
        ]

    def fail(self, how: DnsFault | str, name: str | None = None) -> None:
        """Fail for one name, or for every name, until `heal`."""
        self._faults[None if name is None else _plain(name)] = DnsFault(how)

    def heal(self) -> None:
        """Work again."""
        self._faults.clear()

    async def start(self) -> None:
        """Bind one free port for UDP and TCP. Raises `OSError` where none can be had."""
        loop = asyncio.get_running_loop()
        for _ in range(_PORT_TRIES):
            self._tcp = await asyncio.start_server(self._talk, LOOPBACK, 0)
            self.port = self._tcp.sockets[0].getsockname()[1]
            try:
                self._udp, _ = await loop.create_datagram_endpoint(
                    lambda: _Datagrams(self), local_addr=(LOOPBACK, self.port)
                )
            except OSError:  # the port was free for TCP only: take another
                self._tcp.close()
                continue
            return
        raise OSError("no port is free for both UDP and TCP")

    async def close(self) -> None:
        """Close the sockets and end every talk."""
        if self._udp is not None:
            self._udp.close()
        if self._tcp is not None:
            self._tcp.close()
        for talk in self._talks:
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)

    def answer(self, wire: bytes, *, by_udp: bool) -> bytes | None:
        """The answer to one question in wire format, or `None` where silence is the answer."""
        try:
            query = dns.message.from_wire(wire)
        except dns.exception.DNSException:
            return None
        if len(query.question) != 1:
            return None
        asked = query.question[0]
        name, kind = _plain(asked.name.to_text()), dns.rdatatype.to_text(asked.rdtype)
        self.asked.append((name, kind))
        fault = self._faults.get(name, self._faults.get(None))
        if fault is DnsFault.TIMEOUT:
            return None
        reply = dns.message.make_response(query)
        if fault is not None:
            reply.set_rcode(dns.rcode.from_text(fault.value))
        else:
            self._fill(reply, asked, name, kind)
        limit = max(query.payload, 512) if by_udp else 65535
        return reply.to_wire(max_size=limit, prefer_truncation=True)

    def _fill(
        self, reply: dns.message.Message, asked: dns.rrset.RRset, name: str, kind: str
    ) -> None:
        reply.flags |= dns.flags.AA | dns.flags.RA
        at = asked.name
        for _ in range(_MOST_ALIASES):
            records = self._zone.get(name)
            if records is None:
                reply.set_rcode(dns.rcode.NXDOMAIN)
                return
            if kind in records or "CNAME" not in records:
                if kind in records:
                    reply.answer.append(dns.rrset.from_rdata_list(at, _TTL, records[kind]))
                return
            reply.answer.append(dns.rrset.from_rdata_list(at, _TTL, records["CNAME"]))
            at = dns.name.from_text(records["CNAME"][0].to_text())
            name = _plain(at.to_text())

    def _put(self, name: str, kind: str, record: dns.rdata.Rdata) -> None:
        self._zone.setdefault(_plain(name), {}).setdefault(kind, []).append(record)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One TCP connection: questions and answers, each behind its length (RFC 7766)."""
        task = asyncio.current_task()
        if task is not None:
            self._talks.add(task)
            task.add_done_callback(self._talks.discard)
        try:
            while True:
                (length,) = struct.unpack("!H", await reader.readexactly(2))
                answer = self.answer(await reader.readexactly(length), by_udp=False)
                if answer is not None:
                    writer.write(struct.pack("!H", len(answer)) + answer)
                    await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return  # the asker is done
        finally:
            writer.close()


class _Datagrams(asyncio.DatagramProtocol):
    """The UDP side: one datagram in, at most one out."""

    def __init__(self, server: NameServer) -> None:
        self._server = server
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self._transport = cast("asyncio.DatagramTransport", transport)  # no subclass before 3.12

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer where the question came from."""
        answer = self._server.answer(data, by_udp=True)
        if answer is not None and self._transport is not None:
            self._transport.sendto(answer, addr)


def _plain(name: str) -> str:
    return name.rstrip(".").lower()
