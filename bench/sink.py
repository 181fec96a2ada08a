"""A fast SMTP server that takes everything: `python -m bench.sink` prints its port and serves.

Offers PIPELINING, 8BITMIME and SIZE, keeps nothing, and answers one word of its own, `XSTAT`,
with the number of messages taken, the monotonic time of the last one, and how many different
recipients there were.
"""

from __future__ import annotations

import asyncio
import sys
from time import monotonic

_END = b"\r\n.\r\n"
_HELLO = b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 10485760\r\n"
_FIXED = {
    b"EHLO": _HELLO,
    b"HELO": b"250 sink\r\n",
    b"MAIL": b"250 ok\r\n",
    b"RSET": b"250 ok\r\n",
    b"NOOP": b"250 ok\r\n",
}


class Count:
    """What was taken, by all connections."""

    def __init__(self) -> None:
        self.taken = 0
        self.last = 0.0
        self.recipients: set[bytes] = set()

    def line(self) -> bytes:
        """The answer to `XSTAT`."""
        return f"250 {self.taken} {self.last!r} {len(self.recipients)}\r\n".encode()


class Session(asyncio.Protocol):
    """One connection."""

    def __init__(self, count: Count) -> None:
        self._count = count
        self._buffer = bytearray()
        self._in_data = False
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        if isinstance(transport, asyncio.WriteTransport):
            self._transport = transport
            transport.write(b"220 sink ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        """Take what can be taken and answer all of it with one write."""
        self._buffer += data
        answers: list[bytes] = []
        while (answer := self._step()) is not None:
            answers.append(answer)
        if answers and self._transport is not None:
            self._transport.write(b"".join(answers))
            if answers[-1].startswith(b"221"):
                self._transport.close()

    def _step(self) -> bytes | None:
        """Take one command, or one message, from what has come in; `None`: not yet whole."""
        end = self._buffer.find(_END if self._in_data else b"\r\n")
        if end < 0:
            return None
        if self._in_data:
            del self._buffer[: end + len(_END)]
            return self._message()
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        return self._command(line)

    def _message(self) -> bytes:
        self._in_data = False
        self._count.taken += 1
        self._count.last = monotonic()
        return b"250 taken\r\n"

    def _command(self, line: bytes) -> bytes:
        verb = line[:4].upper()
        if verb == b"RCPT":
            self._count.recipients.add(line)
            return b"250 ok\r\n"
        if verb == b"DATA":
            self._in_data = True
            self._buffer[:0] = b"\r\n"  # so that an empty message ends like any other
            return b"354 go on\r\n"
        if verb == b"QUIT":
            return b"221 bye\r\n"
        return self._count.line() if verb == b"XSTA" else _FIXED.get(verb, b"502 no\r\n")


async def serve() -> None:
    """Serve until killed."""
    count = Count()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Session(count), "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve())
