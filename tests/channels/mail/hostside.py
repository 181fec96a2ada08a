"""A smarthost that can fail at every reply, keeps what it took, and pipelines or does not."""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum, auto

from channels.mail.config import MailOutConfig
from channels.mail.smarthost import Smarthost
from tests.channels.mail.mailside import key

PIPELINING = b"250-PIPELINING\r\n"


class Fault(Enum):
    """What the host does instead of answering."""

    DROP = auto()
    """Cut the connection."""
    SILENCE = auto()
    """Say nothing more on this connection."""
    GARBAGE = auto()
    """Say what is no reply."""
    HALF = auto()
    """Cut the connection in the middle of a reply."""
    CLOSING = auto()
    """421, and then it closes."""


Act = bytes | Fault | None
"""Octets of a reply, a fault, or `None` for what a healthy host says."""
Choose = Callable[["Talk", str], Act]
"""Decides, at each command (`MAIL`, `RCPT`, `DATA`, `DOT`, `RSET`), what is done."""


def healthy(_talk: Talk, _verb: str) -> Act:
    """No fault at all."""
    return None


@dataclass(eq=False)
class Talk:
    """One connection, as the host sees it."""

    host: Host
    number: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    sender: bytes = b""
    recipient: bytes = b""
    lines: list[bytes] = field(default_factory=list)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    ahead: list[bool] = field(default_factory=list)
    """At each command: whether the client had already sent more than that."""

    async def run(self) -> None:
        """Talk until one side has enough."""
        self._say(b"220 host ESMTP")
        while line := (await self.reader.readline()).rstrip(b"\r\n"):
            verb = line[:4].upper().decode("ascii", "replace")
            self.lines.append(line)
            await self.host.gate(self, verb)
            self.ahead.append(bool(self.reader._buffer))  # type: ignore[attr-defined]  # to see
            if verb == "EHLO":
                self._say(b"250-host\r\n" + self.host.offers + b"250 8BITMIME")
            elif verb == "STAR":
                self._say(b"220 go")
                await self.writer.start_tls(self.host.tls)  # type: ignore[arg-type]
            elif verb == "QUIT" or not await self._step(verb, line):
                return
            await self.writer.drain()

    async def _step(self, verb: str, line: bytes) -> bool:
        """One command of a transaction. `False`: the talk is over."""
        act = self.host.choose(self, verb)
        good = self._good(verb, line)
        if isinstance(act, Fault):
            return await self._fail(act)
        answer = good if act is None else act
        self._say(answer)
        if verb == "MAIL" and answer.startswith(b"250"):
            self.sender, self.recipient = line[10:].partition(b">")[0].strip(b"<"), b""
        if verb == "RCPT" and answer.startswith(b"25"):
            self.recipient = line[8:].strip(b"<>")
        if verb == "RSET":
            self.sender = self.recipient = b""
        return verb != "DATA" or not answer.startswith(b"354") or await self._message()

    def _good(self, verb: str, _line: bytes) -> bytes:
        if verb == "MAIL" and self.sender:
            return b"503 5.5.1 nested MAIL"
        if verb == "RCPT" and not self.sender:
            return b"503 5.5.1 MAIL first"
        if verb == "DATA":
            return b"354 go" if self.recipient else b"503 5.5.1 RCPT first"
        return b"250 2.0.0 ok"

    async def _message(self) -> bool:
        raw = b"\r\n"
        while not raw.endswith(b"\r\n.\r\n"):
            line = await self.reader.readline()
            if not line:
                return False
            raw += line
        await self.host.gate(self, "DOT")
        self.ahead.append(bool(self.reader._buffer))  # type: ignore[attr-defined]  # to see
        sender, self.sender = self.sender, b""
        message = raw[2:-3].replace(b"\r\n.", b"\r\n")
        if not message:
            self.host.empty.append(self.recipient)
            self._say(b"554 5.5.1 no recipients" if not self.recipient else b"250 ok")
            return True
        act = self.host.choose(self, "DOT")
        if isinstance(act, Fault):
            if act is not Fault.CLOSING:  # 421 is an answer: not taken
                self.host.doubtful[self.recipient] += 1
                if self.host.takes_before_failing:
                    self.host.taken[self.recipient] += 1
            return await self._fail(act)
        answer = act or b"250 2.0.0 taken"
        if answer.startswith(b"2"):
            self.host.taken[self.recipient] += 1
            self.host.messages.append((sender, self.recipient, message))
        self.recipient = b""
        self._say(answer)
        return True

    async def _fail(self, fault: Fault) -> bool:
        if fault is Fault.SILENCE:
            await self.reader.read(-1)
        elif fault is Fault.GARBAGE:
            self._say(b"what?")
            return True
        elif fault is Fault.HALF:
            self.writer.write(b"25")
            await self.writer.drain()
        elif fault is Fault.CLOSING:
            self._say(b"421 4.4.2 closing")
            await self.writer.drain()
            self.writer.close()
            return False
        self.writer.transport.abort()
        return False

    def _say(self, answer: bytes) -> None:
        self.writer.write(answer + b"\r\n")


async def _open_gate(_talk: Talk, _verb: str) -> None:
    """Nothing is waited for."""


@dataclass(eq=False)
class Host:
    """The smarthost and what it saw."""

    offers: bytes = PIPELINING
    choose: Choose = healthy
    gate: Callable[[Talk, str], Awaitable[None]] = _open_gate
    tls: ssl.SSLContext | None = None
    takes_before_failing: bool = False
    """Whether a message whose answer is lost was taken all the same."""
    port: int = 0
    talks: list[Talk] = field(default_factory=list)
    taken: Counter[bytes] = field(default_factory=Counter)
    """By recipient, how often a message for her was taken."""
    doubtful: Counter[bytes] = field(default_factory=Counter)
    """By recipient, how often her message was here whole and the answer was not given."""
    empty: list[bytes] = field(default_factory=list)
    messages: list[tuple[bytes, bytes, bytes]] = field(default_factory=list)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        talk = Talk(self, len(self.talks), reader, writer)
        self.talks.append(talk)
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
        try:
            await talk.run()
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        except asyncio.CancelledError:
            pass  # by `end`; asyncio's own callback cannot bear a cancelled task
        finally:
            talk.over.set()
            if writer.transport:
                writer.transport.abort()
            if task is not None:
                self._tasks.discard(task)

    def commands(self) -> list[bytes]:
        """All lines of all connections."""
        return [line for talk in self.talks for line in talk.lines]

    async def end(self) -> None:
        """Cut all connections."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def host(**fields: object) -> AsyncIterator[Host]:
    """A smarthost on 127.0.0.1."""
    made = Host(**fields)  # type: ignore[arg-type]
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0, limit=2**20)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        await made.end()
        await server.wait_closed()


def config(at: Host, **changes: object) -> MailOutConfig:
    """Towards a host on this machine; `changes` replace."""
    fields: dict[str, object] = {
        "domain": "relay.example",
        "hostname": "mx.relay.example",
        "smarthost_host": "127.0.0.1",
        "smarthost_port": at.port,
        "dkim_selector": "r2026",
        "dkim_key": key(),
        "programme_name": "Group post",
        "notice_address": "programme@relay.example",
        **changes,
    }
    return MailOutConfig(**fields)  # type: ignore[arg-type]


@asynccontextmanager
async def smarthost(at: Host, **changes: object) -> AsyncIterator[Smarthost]:
    """Our side."""
    made = Smarthost(config(at, **changes))
    try:
        yield made
    finally:
        await made.close()
