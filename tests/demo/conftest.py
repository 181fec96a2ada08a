"""Fixtures of the fake Twilio's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest
from aiohttp import web
from twilio.rest import Client

from relay.demo.carrier import Carrier
from tests.demo.carrierside import PROXY, Api, Program, Sdk


@pytest.fixture
async def carrier() -> AsyncIterator[Carrier]:
    """A fake Twilio that rents out one number."""
    fake = Carrier()
    await fake.start()
    fake.rent(PROXY)
    yield fake
    await fake.close()


@pytest.fixture
async def api(carrier: Carrier) -> AsyncIterator[Api]:
    """The REST API of the fake Twilio."""
    async with aiohttp.ClientSession() as session:
        yield Api(carrier, session)


@pytest.fixture
def sdk(carrier: Carrier) -> Iterator[Sdk]:
    """Twilio's library, talking to the fake Twilio."""
    client = Client(carrier.account_sid, carrier.auth_token)
    client.api.base_url = client.messaging.base_url = carrier.api_url
    yield Sdk(client)
    client.http_client.session.close()


@pytest.fixture
async def program(carrier: Carrier) -> AsyncIterator[Program]:
    """Listens on a free port and is known to the fake Twilio."""
    served = Program()
    app = web.Application()
    app.add_routes([web.post("/{path:.*}", served.take), web.get("/{path:.*}", served.serve)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    served.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    carrier.set_webhook(served.url)
    served.close = runner.cleanup
    yield served
    await runner.cleanup()
