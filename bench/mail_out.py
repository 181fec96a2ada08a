"""Handing finished messages to a smarthost: ours against aiosmtplib over as many connections.

No composing, no signing, nothing stored: only what goes over the wire, into a sink on this
machine that takes everything and offers PIPELINING.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from time import monotonic

from aiosmtplib import SMTP

from bench.figures import Figure, Rates, duels
from bench.ground import Site
from bench.whole import open_sink
from channels.contract import Sent
from channels.mail.config import MailOutConfig
from channels.mail.dkim import generate_key
from channels.mail.smarthost import Smarthost
from channels.secret import Contact

_COPIES = 1_500
_CONNECTIONS = 8
_AT_ONCE = 64
_ROUNDS = 3
_SENDER = "bounce+aaaaaaaaaaaaaaaaaaaaaaaaaa@relay.example"
_MESSAGE = b"".join(
    [b"From: <k3v9x2m4q7wd@relay.example>\r\nSubject: Tuesday\r\n\r\n", b"words " * 11 + b"\r\n"]
    * 24
)
"""1.7 kB, as one short mail with its signature is."""


Work = Callable[[int, int], Awaitable[None]]
"""One copy: its number, and which worker it is for."""


async def measure(_site: Site) -> AsyncIterator[Figure]:
    """Copies a second."""
    async with open_sink() as port:
        config = MailOutConfig(
            domain="relay.example",
            hostname="relay.example",
            smarthost_host="127.0.0.1",
            smarthost_port=port,
            dkim_selector="relay1",
            dkim_key=generate_key(),
            programme_name="Group post",
            notice_address="programme@relay.example",
            connections=_CONNECTIONS,
        )
        out = Smarthost(config)
        clients = [
            SMTP(hostname="127.0.0.1", port=port, start_tls=False) for _ in range(_CONNECTIONS)
        ]
        for client in clients:
            await client.connect()

        async def ours() -> Rates:
            before = monotonic()
            await _spread(_AT_ONCE, lambda number, _: _hand(out, number))
            return {"mail": _COPIES / (monotonic() - before)}

        async def bare() -> Rates:
            before = monotonic()
            await _spread(_CONNECTIONS, lambda number, at: _send(clients[at], number))
            return {"mail": _COPIES / (monotonic() - before)}

        found = await duels(ours, bare, rounds=_ROUNDS)
        await out.close()
        for client in clients:
            client.close()
    against = f"aiosmtplib over {_CONNECTIONS} kept connections, finished messages"
    for figure in found["mail"].figures("mail_out.handed_over", "copies/s", against):
        yield figure


async def _spread(workers: int, work: Work) -> None:
    """Do the work for each copy, by so many at once."""
    numbers = iter(range(_COPIES))

    async def worker(at: int) -> None:
        for number in numbers:
            await work(number, at)

    await asyncio.gather(*(worker(at) for at in range(workers)))


async def _hand(out: Smarthost, number: int) -> None:
    to = Contact("email", f"m{number}@d{number % 20}.example")
    if await out.hand_over(_SENDER, to, _MESSAGE) != Sent():
        raise RuntimeError("the sink did not take a copy")


async def _send(client: SMTP, number: int) -> None:
    await client.sendmail(_SENDER, [f"m{number}@d{number % 20}.example"], _MESSAGE)
