"""The SMS channel keeps the contract, over HTTP against the fake Twilio."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from channels.contract import Accept
from channels.secret import Contact, Secret
from channels.sms.config import SmsInConfig, SmsOutConfig
from channels.sms.send import SmsChannel
from channels.sms.webhook import routes
from relay.demo.carrier import Carrier
from tests.conformance.bench import NOW, Heard, Seen, World
from tests.conformance.suite import WayOut
from tests.conformance.suite_in import WayIn

MARA, IVY = "+15551000001", "+15551000002"
NUMBERS = ("+15552000001", "+15552000002")
_MORE = re.compile(r"(?: \.\.\.| \u2026) reply MORE for the rest$")


@dataclass
class Texts:
    """A bench: the channel before the fake Twilio."""

    carrier: Carrier
    kind: str = "sms"
    readers: tuple[Contact, Contact] = (Contact("sms", MARA), Contact("sms", IVY))
    places: tuple[Secret, Secret] = (Secret(NUMBERS[0]), Secret(NUMBERS[1]))
    lights_up: bool = True
    cannot: Mapping[World, str] = field(default_factory=dict)
    api_url: str = ""

    def channel(self, *, patience: float = 20.0) -> SmsChannel:
        """Towards the fake Twilio, or to where nobody listens."""
        config = SmsOutConfig(
            public_url="https://relay.example.org",
            account_sid=self.carrier.account_sid,
            auth_token=Secret(self.carrier.auth_token),
            api_url=self.api_url or self.carrier.api_url,
            timeout=timedelta(seconds=patience),
        )
        return SmsChannel(config, lambda: NOW)

    def become(self, world: World) -> None:
        """As Twilio does it."""
        self.carrier.delay(3600 if world is World.HANGS else 0)
        if world is World.BUSY:
            self.carrier.fail(code=20429)
        elif world is World.NOBODY:
            self.carrier.fail(code=21211)
        elif world is World.NONSENSE:
            self.carrier.fail(http=503)
        elif world is World.LOSES_ANSWER:
            self.carrier.lose_answer()
        elif world is World.GONE:
            self.api_url = f"http://127.0.0.1:{free_port()}"

    def seen(self) -> list[Seen]:
        """What the phones show, with what Twilio was asked for it."""
        asked = {(one["To"], one["Body"]): one for one in self.carrier.requests if "Body" in one}
        return [_seen(text.body, asked[text.to, text.body]) for text in self.carrier.delivered]


def _seen(body: str, asked: Mapping[str, str]) -> Seen:
    author, colon, words = body.partition(": ")
    return Seen(
        to=asked["To"],
        author=author if colon else "",
        words=_MORE.sub("", words if colon else body),
        whole=json.dumps({k: v for k, v in asked.items() if k != "To"}, ensure_ascii=False),
        fields=tuple(sorted(asked)),
    )


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Webhooks:
    """A door: our webhooks behind the fake Twilio."""

    carrier: Carrier
    kind: str = "sms"
    refusal_is_heard: bool = False
    people: tuple[Contact, Contact] = (Contact("sms", MARA), Contact("sms", IVY))
    place: Secret = field(default_factory=lambda: Secret(NUMBERS[0]))
    said: list[str] = field(default_factory=list)
    url: str = ""
    runner: web.AppRunner | None = None

    async def open(self, accept: Accept) -> None:
        """Serve the webhooks on a free port."""
        sock = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{sock.getsockname()[1]}"
        config = SmsInConfig(
            public_url=self.url,
            account_sid=self.carrier.account_sid,
            auth_tokens=(Secret(self.carrier.auth_token),),
            api_url=self.carrier.api_url,
        )
        app = web.Application(middlewares=[self._listen])
        app.add_routes(routes(config, accept))
        self.runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self.runner.setup()
        await web.SockSite(self.runner, sock).start()
        self.carrier.set_webhook(self.url)

    @web.middleware
    async def _listen(self, request: web.Request, handler: Any) -> web.StreamResponse:
        answer = await handler(request)
        self.said.append(f"{answer.status} {getattr(answer, 'text', '')}")
        return answer

    async def write(self, text: str, *, who: int = 0, copies: int = 1) -> list[Heard]:
        """A phone writes; Twilio posts it once or twice."""
        assert copies in (1, 2)
        self.carrier.duplicate_webhook(copies - 1)
        before = len(self.said)
        status = await self.carrier.phone(self.people[who].reveal()).text(self.place.reveal(), text)
        if copies == 1:
            return [_heard(status)]
        return [_heard(int(said.partition(" ")[0])) for said in self.said[before:]]

    async def forge(self, text: str) -> None:
        """Somebody who does not know the auth token posts."""
        sid = "SM" + "0" * 32
        form = {"AccountSid": self.carrier.account_sid, "MessageSid": sid, "Body": text}
        form |= {"From": MARA, "To": self.place.reveal(), "NumMedia": "0"}
        headers = {"X-Twilio-Signature": "AAAAAAAAAAAAAAAAAAAAAAAAAAA="}
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.url}/twilio/sms", data=form, headers=headers) as answer,
        ):
            assert answer.status == 403

    async def close(self) -> None:
        """Stop serving."""
        if self.runner is not None:
            await self.runner.cleanup()


def _heard(status: int) -> Heard:
    return Heard.YES if status == 200 else Heard.LATER


@pytest.fixture
async def carrier() -> AsyncIterator[Carrier]:
    """A fake Twilio that rents out two numbers."""
    fake = Carrier()
    await fake.start()
    fake.rent(*NUMBERS)
    yield fake
    await fake.close()


class TestTextsOut(WayOut):
    """Out by text."""

    @pytest.fixture
    def bench(self, carrier: Carrier) -> Texts:
        """The fake Twilio."""
        return Texts(carrier)


class TestTextsIn(WayIn):
    """In by text."""

    @pytest.fixture
    def door(self, carrier: Carrier) -> Webhooks:
        """The fake Twilio."""
        return Webhooks(carrier)
