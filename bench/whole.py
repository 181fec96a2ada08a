"""Deliveries a second through the whole relay to local sinks, against what anybody would write.

From the call that accepts the first message to the last copy's arrival: accepted durably, fanned
out, claimed, judged, opened, composed, signed, sent over real sockets, settled. The other side is
a loop over the members with `smtplib` and `dkimpy`, or with Twilio's own client, that keeps
nothing, forgets nobody and judges nothing.
"""

from __future__ import annotations

import asyncio
import secrets
import smtplib
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from time import monotonic
from typing import Protocol

import dkim
from twilio.rest import Client

from bench.figures import Figure, Rates, duels
from bench.ground import BODY, Ground, Site, open_ground
from channels.contract import Inbound, Proof, Receipt
from channels.secret import Contact
from policies import catalogue
from relay import wiring
from relay.clock import SystemClock
from relay.demo.carrier import Carrier
from relay.intake import Intake
from relay.model import Member, show_id
from tests.support.town import free_port

_MAIL_READERS = 200
_TEXT_READERS = 50
_MESSAGES = 3
_LOOP_MAILS = 30
_LOOP_TEXTS = 50
_ROUNDS = 3
_PATIENCE = 120.0
_AUTHORS = {"email": "author@willow.example", "sms": "+13125550178"}

Say = Callable[[], Awaitable[None]]


class Outside(Protocol):
    """Who receives the copies."""

    async def taken(self) -> int:
        """How many copies came so far."""
        ...

    async def has(self, count: int) -> float:
        """Wait until that many came in all. The monotonic time of the last one."""
        ...


async def measure(site: Site) -> AsyncIterator[Figure]:
    """Mail and text, on both databases."""
    for kind, folder, url in site.places():
        async with (
            open_sink() as port,
            open_ground(
                folder,
                url,
                [_MAIL_READERS],
                channel="email",
                clock=SystemClock(),
                more={"smarthost": f"smtp://127.0.0.1:{port}"},
            ) as ground,
        ):
            async for figure in _mails(kind, ground, port):
                yield figure
    for kind, folder, url in site.places():
        carrier = Carrier()
        await carrier.start()
        port = free_port()
        carrier.set_webhook(f"http://127.0.0.1:{port}")
        more: dict[str, object] = {
            "domain": None,
            "public_url": f"http://127.0.0.1:{port}",
            "http_listen": f"127.0.0.1:{port}",
            "twilio_account_sid": carrier.account_sid,
            "twilio_auth_token": carrier.auth_token,
            "twilio_api_url": carrier.api_url,
        }
        async with open_ground(
            folder, url, [_TEXT_READERS], clock=SystemClock(), more=more
        ) as ground:
            async for figure in _texts(kind, ground, carrier):
                yield figure
        await carrier.close()


# Mail ------------------------------------------------------------------------------------------


async def _mails(kind: str, ground: Ground, port: int) -> AsyncIterator[Figure]:
    settings = ground.engine.settings
    wiring.make_dkim_key(settings.dkim_key)
    key = settings.dkim_key.read_bytes()

    async def loop() -> Rates:
        before = monotonic()
        await asyncio.to_thread(_mail_loop, port, key, _LOOP_MAILS)
        return {"mail": _LOOP_MAILS / (monotonic() - before)}

    async with _relay(ground, "email") as say:

        async def ours() -> Rates:
            return {"mail": await _through(say, _Sink(port), _MAIL_READERS)}

        found = await duels(ours, loop, rounds=_ROUNDS)
    against = "smtplib and dkimpy in a loop, RSA-2048, nothing stored"
    for figure in found["mail"].figures(f"whole.{kind}.mail", "deliveries/s", against):
        yield figure


def _mail_loop(port: int, key: bytes, count: int) -> None:
    with smtplib.SMTP("127.0.0.1", port) as smtp:
        for number in range(count):
            message = EmailMessage()
            message["From"] = '"Robin" <k3v9x2m4q7wd@relay.example>'
            message["To"] = message["Reply-To"] = f"{secrets.token_hex(8)}@relay.example"
            message["Subject"] = "Tuesday"
            message["Date"] = formatdate()
            message["Message-ID"] = make_msgid(domain="relay.example")
            message.set_content(BODY.text.reveal())
            raw = message.as_bytes().replace(b"\n", b"\r\n")
            signature = dkim.sign(raw, b"relay1", b"relay.example", key)
            smtp.sendmail(
                "bounce@relay.example", [f"m{number}@d{number % 20}.example"], signature + raw
            )


@asynccontextmanager
async def open_sink() -> AsyncIterator[int]:
    """A fast SMTP server in a process of its own, and its port."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.sink", stdout=asyncio.subprocess.PIPE
    )
    if child.stdout is None:
        raise RuntimeError("the sink has no output")
    port = int(await child.stdout.readline())
    try:
        yield port
    finally:
        child.kill()
        await child.wait()


class _Sink:
    """The sink, asked over SMTP."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def taken(self) -> int:
        """How many copies came so far."""
        async with self._ask() as ask:
            return (await ask())[0]

    async def has(self, count: int) -> float:
        """Wait until that many came in all. The monotonic time of the last one."""
        async with asyncio.timeout(_PATIENCE), self._ask() as ask:
            while (found := await ask())[0] < count:  # noqa: ASYNC110 - it is elsewhere
                await asyncio.sleep(0.02)
            return found[1]

    @asynccontextmanager
    async def _ask(self) -> AsyncIterator[Callable[[], Awaitable[tuple[int, float]]]]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        await reader.readline()

        async def ask() -> tuple[int, float]:
            writer.write(b"XSTAT\r\n")
            _, taken, last, _ = (await reader.readline()).split()
            return int(taken), float(last)

        try:
            yield ask
        finally:
            writer.close()
            await writer.wait_closed()


# Texts -----------------------------------------------------------------------------------------


async def _texts(kind: str, ground: Ground, carrier: Carrier) -> AsyncIterator[Figure]:
    async def loop() -> Rates:
        before = monotonic()
        await asyncio.to_thread(_text_loop, carrier, _LOOP_TEXTS)
        return {"text": _LOOP_TEXTS / (monotonic() - before)}

    await ground.engine.registrar.add_numbers(["+12025550181"])
    async with _relay(ground, "sms") as say:

        async def ours() -> Rates:
            return {"text": await _through(say, _Phones(carrier), _TEXT_READERS)}

        found = await duels(ours, loop, rounds=_ROUNDS)
    against = "Twilio's own client in a loop, nothing stored"
    for figure in found["text"].figures(f"whole.{kind}.text", "deliveries/s", against):
        yield figure


class _Phones:
    """All phones together."""

    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier

    async def taken(self) -> int:
        """How many copies came so far."""
        return len(self._carrier.requests)

    async def has(self, count: int) -> float:
        """Wait until that many came in all. The monotonic time of the last one."""
        await self._carrier.wait_for(lambda: len(self._carrier.requests) >= count, _PATIENCE)
        return monotonic()


def _text_loop(carrier: Carrier, count: int) -> None:
    client = Client(carrier.account_sid, carrier.auth_token)
    client.api.base_url = carrier.api_url
    for number in range(count):
        client.messages.create(
            to=f"+1202{number:07d}", from_="+12025550181", body=f"Robin: {BODY.text.reveal()}"
        )


# The relay -------------------------------------------------------------------------------------


async def _through(say: Say, outside: Outside, readers: int) -> float:
    """Deliveries a second for a few messages said one after the other."""
    expected = await outside.taken() + _MESSAGES * readers
    before = monotonic()
    for _ in range(_MESSAGES):
        await say()
    return _MESSAGES * readers / (await outside.has(expected) - before)


@asynccontextmanager
async def _relay(ground: Ground, channel: str) -> AsyncIterator[Say]:
    """The relay's delivery, as it is wired for use, and an author in its one group.

    Of texts it hears as well what became of them: that is part of sending them.
    """
    engine, contact = ground.engine, _AUTHORS[channel]
    author = await engine.registrar.add_member(
        show_id(ground.crowds[0].group_id),
        name="Quill",
        sms=contact if channel == "sms" else None,
        email=contact if channel == "email" else None,
        agreed=ground.clock.now().date().isoformat(),
        facilitator=False,
        wishes={},
    )
    app = await wiring.start(engine, {"delivery", "web"} if channel == "sms" else {"delivery"})
    try:
        intake = Intake(engine, catalogue.POST, app.wake)

        async def say() -> None:
            await _say(intake, author, contact)

        yield say
    finally:
        await app.close()


async def _say(intake: Intake, author: Member, contact: str) -> None:
    inbound = Inbound(
        channel=author.channel,
        provider_id=secrets.token_hex(12),
        sender=Contact(author.channel, contact),
        to=author.write_to,
        text=BODY.text,
        proof=Proof.PROVEN,
    )
    if await intake.accept(inbound) is not Receipt.TAKEN:
        raise RuntimeError("the relay did not take the message")
