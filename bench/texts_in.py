"""Webhooks a second that the relay answers yes, against a web server that keeps nothing.

A webhook is over when Twilio hears yes: by then the text is checked, judged, sealed, fanned out to
the group and durable. The other side is what anybody would write first: the same aiohttp, the
SDK's check of the signature, an empty answer. Whoever posts is a process of its own.
"""

from __future__ import annotations

import asyncio
import secrets
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic

import aiohttp
from aiohttp import web
from twilio.request_validator import RequestValidator

from bench.figures import Figure, Rates, duels
from bench.ground import BODY, Ground, Site, open_ground
from relay import wiring
from relay.clock import SystemClock
from relay.model import Member, show_id
from tests.support.town import free_port

_READERS = 5
_NAMES = [
    first + last for first in ("Bo", "Da", "Fe", "Gu") for last in ("ran", "mik", "sot", "lup")
]
_TEXTS = 400
_AT_ONCE = 8
_ROUNDS = 3
_ACCOUNT, _TOKEN = "AC" + "0" * 32, "not a secret"
_EMPTY = '<?xml version="1.0" encoding="UTF-8"?><Response></Response>'


async def measure(site: Site) -> AsyncIterator[Figure]:
    """On both databases."""
    for kind, folder, url in site.places():
        async for figure in _measured(kind, folder, url):
            yield figure


async def _measured(kind: str, folder: Path, url: str) -> AsyncIterator[Figure]:
    port, bare_port = free_port(), free_port()
    more: dict[str, object] = {
        "domain": None,
        "public_url": f"http://127.0.0.1:{port}",
        "http_listen": f"127.0.0.1:{port}",
        "twilio_account_sid": _ACCOUNT,
        "twilio_auth_token": _TOKEN,
        "twilio_api_url": "http://127.0.0.1:9",
    }
    async with (
        open_ground(folder, url, [_READERS], clock=SystemClock(), more=more) as ground,
        _bare(bare_port),
    ):
        authors = await _authors(ground)
        app = await wiring.start(ground.engine, {"web"})

        async def ours() -> Rates:
            return {"texts": await _posted(port, authors)}

        async def bare() -> Rates:
            return {"texts": await _posted(bare_port, authors)}

        try:
            found = await duels(ours, bare, rounds=_ROUNDS)
        finally:
            await app.close()
    against = "aiohttp and the SDK's check of the signature, nothing stored"
    for figure in found["texts"].figures(f"texts_in.{kind}", "webhooks/s", against):
        yield figure


async def _authors(ground: Ground) -> list[Member]:
    """Members who may write, all in the one group."""
    engine = ground.engine
    await engine.registrar.add_numbers(["+12025550181"])
    return [
        await engine.registrar.add_member(
            show_id(ground.crowds[0].group_id),
            name=name,
            sms=_phone(number),
            email=None,
            agreed=ground.clock.now().date().isoformat(),
            facilitator=False,
            wishes={},
        )
        for number, name in enumerate(_NAMES)
    ]


def _phone(number: int) -> str:
    return f"+1312555{number:04d}"


@asynccontextmanager
async def _bare(port: int) -> AsyncIterator[None]:
    """The other side."""
    validator = RequestValidator(_TOKEN)

    async def sms(request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        url = f"http://127.0.0.1:{port}{request.raw_path}"
        if not validator.validate(url, form, request.headers["X-Twilio-Signature"]):
            return web.Response(status=403)
        return web.Response(text=_EMPTY, content_type="text/xml")

    app = web.Application()
    app.router.add_post("/twilio/sms", sms)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield
    finally:
        await runner.cleanup()


async def _posted(port: int, authors: Sequence[Member]) -> float:
    """Webhooks a second; raises if one was not answered yes."""
    targets = [f"{_phone(n)} {author.write_to.reveal()}" for n, author in enumerate(authors)]
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.texts_in", str(port), *targets, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await child.communicate()
    if child.returncode:
        raise RuntimeError("a webhook was not answered yes")
    return float(out)


# Who posts -------------------------------------------------------------------------------------


async def _post_all(port: int, pairs: Sequence[tuple[str, str]]) -> float:
    """Post signed webhooks, so many at once, over kept connections. How many a second."""
    url, validator = f"http://127.0.0.1:{port}/twilio/sms", RequestValidator(_TOKEN)
    ready = []
    for number in range(_TEXTS):
        form = _form(*pairs[number % len(pairs)])
        ready.append((form, validator.compute_signature(url, form)))
    waiting = iter(ready)
    connector = aiohttp.TCPConnector(limit=_AT_ONCE)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def post() -> None:
            for form, signature in waiting:
                headers = {"X-Twilio-Signature": signature}
                async with session.post(url, data=form, headers=headers) as answer:
                    answer.raise_for_status()
                    await answer.read()

        before = monotonic()
        await asyncio.gather(*(post() for _ in range(_AT_ONCE)))
        return _TEXTS / (monotonic() - before)


def _form(sender: str, to: str) -> dict[str, str]:
    sid = "SM" + secrets.token_hex(16)
    return {
        "AccountSid": _ACCOUNT,
        "ApiVersion": "2010-04-01",
        "Body": BODY.text.reveal(),
        "From": sender,
        "MessageSid": sid,
        "NumMedia": "0",
        "NumSegments": "2",
        "SmsMessageSid": sid,
        "SmsSid": sid,
        "SmsStatus": "received",
        "To": to,
    }


def main() -> None:
    """Post to a port, each text from one of the given phones to its number."""
    pairs = [(sender, to) for sender, to in (pair.split() for pair in sys.argv[2:])]
    sys.stdout.write(str(asyncio.run(_post_all(int(sys.argv[1]), pairs))))


if __name__ == "__main__":
    main()
