"""What the tests of the SMS channel share: a fake Twilio, and the webhooks on a real socket."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest
from aiohttp import web

from channels.contract import Inbound, Outcome, Progress, Receipt
from channels.secret import Secret
from channels.sms.config import SmsInConfig
from channels.sms.webhook import routes
from relay.demo.carrier import Carrier

FORM = "application/x-www-form-urlencoded"
MEMBER = "+15551000001"
PROXY = "+15552000001"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@dataclass
class Edge:
    """The webhooks, served; what they handed in; and how the engine behind them behaves."""

    carrier: Carrier
    session: aiohttp.ClientSession
    url: str = ""
    taken: list[Inbound] = field(default_factory=list)
    progress: list[tuple[str, str, Outcome | None]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    receipt: Receipt = Receipt.TAKEN
    broken: bool = False
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    second_token: str = "the token before the rotation"

    async def accept(self, message: Inbound) -> Receipt:
        """The engine: takes everything, or is in trouble."""
        if self.broken:
            raise RuntimeError("trouble with " + MEMBER)
        self.asked.set()
        await self.may_answer.wait()
        self.taken.append(message)
        return self.receipt

    async def follow(self, news: Progress) -> None:
        """The engine: notes what became of a copy, or is in trouble."""
        if self.broken:
            raise RuntimeError("trouble")
        self.progress.append((news.token.reveal(), news.reference.reveal(), news.outcome))

    async def erase_call(self, call: Secret) -> None:
        """The engine: notes a call, or is in trouble."""
        if self.broken:
            raise RuntimeError("trouble")
        self.calls.append(call.reveal())

    def fields(self, **changed: str) -> dict[str, str]:
        """The parameters of an ordinary incoming text."""
        ordinary = {
            "AccountSid": self.carrier.account_sid,
            "ApiVersion": "2010-04-01",
            "Body": "hello",
            "From": MEMBER,
            "FromCity": "ANYTOWN",
            "MessageSid": "SM" + "0123456789abcdef" * 2,
            "NumMedia": "0",
            "SmsMessageSid": "SM" + "0123456789abcdef" * 2,
            "SmsSid": "SM" + "0123456789abcdef" * 2,
            "To": PROXY,
            "ToCity": "TORONTO",
        }
        return {**ordinary, **changed}

    def sign(self, fields: Mapping[str, str], path: str = "/twilio/sms") -> str:
        """What Twilio would sign."""
        return self.carrier.sign(self.url + path, fields)

    async def post(
        self,
        body: bytes | Mapping[str, str],
        *,
        signature: str | None = None,
        path: str = "/twilio/sms",
        method: str = "POST",
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, bytes]:
        """Ask and return status and body; a mapping is signed unless a signature is given."""
        if signature is None and not isinstance(body, bytes):
            signature = self.sign(body, path)
        raw = body if isinstance(body, bytes) else urlencode(body).encode()
        sent = {"Content-Type": FORM, "X-Twilio-Signature": signature or "", **(headers or {})}
        if signature is None:
            del sent["X-Twilio-Signature"]
        async with self.session.request(
            method, self.url + path, data=raw, headers=sent
        ) as response:
            return response.status, await response.read()

    async def raw(self, request: bytes) -> bytes:
        """Write bytes to the socket, hang up the sending side, and read all that comes."""
        reader, writer = await asyncio.open_connection(*self.url.removeprefix("http://").split(":"))
        writer.write(request)
        writer.write_eof()
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        return answer


@pytest.fixture
async def carrier() -> AsyncIterator[Carrier]:
    """A fake Twilio that rents out one number."""
    fake = Carrier()
    await fake.start()
    fake.rent(PROXY)
    yield fake
    await fake.close()


async def _picture(request: web.Request) -> web.Response:
    body = request.match_info["name"].encode()
    return web.Response(body=body, content_type="image/jpeg")


@asynccontextmanager
async def served(carrier: Carrier, **changed: Any) -> AsyncIterator[Edge]:
    """The webhooks on a free port of 127.0.0.1, known to the fake Twilio."""
    async with aiohttp.ClientSession() as session:
        edge = Edge(carrier, session)
        edge.may_answer.set()
        app = web.Application()
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        sock = socket.create_server(("127.0.0.1", 0))
        edge.url = f"http://127.0.0.1:{sock.getsockname()[1]}"
        config = SmsInConfig(
            public_url=edge.url,
            account_sid=carrier.account_sid,
            auth_tokens=(Secret(edge.second_token), Secret(carrier.auth_token)),
            api_url=carrier.api_url,
        )
        config = replace(config, **changed)
        app.add_routes(routes(config, edge.accept, edge.follow, edge.erase_call, lambda: NOW))
        app.add_routes([web.get("/m/{name}", _picture)])
        await runner.setup()
        await web.SockSite(runner, sock).start()
        carrier.set_webhook(edge.url)
        try:
            yield edge
        finally:
            await runner.cleanup()


@pytest.fixture
async def edge(carrier: Carrier) -> AsyncIterator[Edge]:
    """The webhooks as they are configured by default."""
    async with served(carrier) as ready:
        yield ready


@pytest.fixture
def serve(carrier: Carrier) -> Any:
    """Serves webhooks that are configured otherwise."""
    return lambda **changed: served(carrier, **changed)
