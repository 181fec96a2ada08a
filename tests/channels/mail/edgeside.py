"""A listener for tests, with an engine behind it that takes what Mara wrote to her alias."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from channels.contract import Inbound, Proof, Receipt, Report, Trait
from channels.mail.config import MailInConfig
from channels.mail.dns import Resolver
from channels.mail.listen import Listener, serve
from channels.secret import Secret
from tests.channels.mail.mailside import (
    ALIAS,
    MARA,
    NOW,
    Zone,
    client,
    key,
    name_server,
    record,
)

WHERE = "s1._domainkey.willow.example"


@dataclass
class Edge:
    """A listener, and the engine behind it as the test wants it."""

    listener: Listener = field(init=False)
    taken: list[Inbound] = field(default_factory=list)
    heard: list[Report] = field(default_factory=list)
    finished: int = 0
    notes: list[str] = field(default_factory=list)
    trouble: Exception | None = None
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def accept(self, message: Inbound) -> Receipt:
        """Take what Mara typed and sent to her alias, once; refuse the rest."""
        self.taken.append(message)
        self.arrived.set()
        await self.may_answer.wait()
        self.finished += 1
        if self.trouble is not None:
            raise self.trouble
        if message.to != Secret(ALIAS) or message.proof is not Proof.PROVEN:
            return Receipt.REFUSED
        if Trait.AUTOMATIC in message.traits or message.sender.reveal() != MARA:
            return Receipt.REFUSED
        seen = [one.provider_id for one in self.taken[:-1]]
        return Receipt.AGAIN if message.provider_id in seen else Receipt.TAKEN

    async def hear(self, report: Report) -> None:
        """Keep the news."""
        self.heard.append(report)
        if self.trouble is not None:
            raise self.trouble


@asynccontextmanager
async def edge(zone: Zone | None = None, **config: object) -> AsyncIterator[Edge]:
    """A listener on 127.0.0.1 with a name server of its own."""
    settings = {"domain": "Relay.example", "hostname": "mx.relay.example", "port": 0, **config}
    async with name_server({WHERE: [record(key())]} if zone is None else zone) as names:
        made = Edge()
        made.may_answer.set()
        made.listener = await serve(
            MailInConfig(**settings),  # type: ignore[arg-type]
            made.accept,
            Resolver(names.address, seconds=20),
            lambda: NOW,
            note=made.notes.append,
            hear=made.hear,
        )
        try:
            yield made
        finally:
            await made.listener.close()


async def post(at: Edge, raw: bytes, to: str = ALIAS, sender: str = MARA) -> str:
    """Hand one message in over a connection of its own; the answer to it."""
    async with client(at.listener.port) as speaking:
        await speaking.envelope(to, sender)
        return (await speaking.message(raw)).decode().rstrip("\r\n")
