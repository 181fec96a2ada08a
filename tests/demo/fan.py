"""A relay of a hundred lines for tests of the demo: takes and sends over the real edges, fans out.

It stands in for the engine, which the stage and the page reach through their protocol only.
"""

from __future__ import annotations

import asyncio
import email
import email.policy
from contextlib import suppress
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage

import aiohttp
import aiosmtplib
from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session

from relay.demo.mailworld import SELECTOR, key_record, signed
from relay.demo.nights import Night
from relay.demo.stage import Enrolled, Inventory, World


@dataclass
class Fan:
    """Passes everything on to everybody else. `gate` closed: keeps the copies until it opens."""

    world: World
    members: list[Enrolled] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    bodies: int = 0
    waiting: int = 0
    leaky: bool = False
    http_url: str = ""
    smtp_port: int = 0
    closed: bool = False

    async def start(self) -> None:
        """Open both edges."""
        self.gate.set()
        self._tasks: set[asyncio.Task[None]] = set()
        app = web.Application()
        app.router.add_post("/twilio/sms", self._text)
        app.router.add_post("/twilio/status", self._status)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.http_url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        loop = asyncio.get_running_loop()
        self._smtp = await loop.create_server(
            lambda: SMTP(self, hostname="relay.example", loop=loop), "127.0.0.1", 0
        )
        self.smtp_port = self._smtp.sockets[0].getsockname()[1]

    async def inventory(self) -> Inventory:
        """What is held, with a word and a nested number more than the demo knows of."""
        return {
            "bodies": self.bodies,
            "deliveries": {"waiting": self.waiting, "held": 0},
            "oldest_seconds": 0.25 if self.bodies else None,
        }

    async def nights(self) -> dict[str, Night]:
        """Nobody sleeps."""
        return {}

    async def close(self) -> None:
        """Close both edges."""
        for task in self._tasks:
            task.cancel()
        self._smtp.close()
        await self._runner.cleanup()
        self.closed = True

    async def _status(self, request: web.Request) -> web.Response:
        return web.Response()

    async def _text(self, request: web.Request) -> web.Response:
        form = await request.post()
        author = self._by(str(form["From"]))
        if author is not None:
            self._fan_out(author, "", str(form["Body"]))
        return web.Response(text="<Response/>", content_type="application/xml")

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take mail to an alias from its owner only."""
        author = self._by(envelope.mail_from or "")
        if author is None or author.write_to != address:
            return "550 5.1.1 No such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - the library's name
        """Pass on the text part, without what it quotes."""
        message = email.message_from_bytes(
            envelope.original_content or b"", policy=email.policy.default
        )
        author = self._by(envelope.mail_from or "")
        body = message.get_body(("plain",))
        assert author is not None
        assert body is not None
        text = body.get_content().replace("\r\n", "\n").split("\n\nOn ")[0].strip()
        self._fan_out(author, str(message["Subject"]), text)
        return "250 OK"

    def _by(self, contact: str) -> Enrolled | None:
        return next((member for member in self.members if member.contact == contact), None)

    def _fan_out(self, author: Enrolled, subject: str, text: str) -> None:
        if self.leaky:
            text = f"{text} ({author.contact})"
        readers = [member for member in self.members if member is not author]
        self.bodies += 1
        self.waiting += len(readers)
        task = asyncio.create_task(self._deliver(author, readers, subject, text))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(
        self, author: Enrolled, readers: list[Enrolled], subject: str, text: str
    ) -> None:
        for reader in readers:
            await self.gate.wait()
            if reader.channel == "sms":
                await self._send_text(author, reader, text)
            else:
                await self._send_mail(author, reader, subject, text)
            self.waiting -= 1
        self.bodies -= 1

    async def _send_text(self, author: Enrolled, reader: Enrolled, text: str) -> None:
        world = self.world
        login = aiohttp.encode_basic_auth(world.twilio_account_sid, world.twilio_auth_token)
        path = f"/2010-04-01/Accounts/{world.twilio_account_sid}/Messages.json"
        form = {
            "To": reader.contact,
            "From": reader.write_to,
            "Body": f"{author.name}: {text}",
            "StatusCallback": f"{world.public_url}/twilio/status",
        }
        async with (
            aiohttp.ClientSession(headers={"Authorization": login}) as session,
            session.post(world.twilio_api_url + path, data=form) as answer,
        ):
            assert answer.status == 201, await answer.text()

    async def _send_mail(self, author: Enrolled, reader: Enrolled, subject: str, text: str) -> None:
        mail = EmailMessage(policy=email.policy.SMTP.clone(cte_type="7bit"))
        mail["From"] = Address(author.name, addr_spec=author.mask)
        mail["To"] = mail["Reply-To"] = reader.write_to
        mail["Subject"] = subject or "From your group"
        mail["Message-ID"] = f"<{id(mail)}@{self.world.domain}>"
        mail.set_content(text)
        raw = signed(mail.as_bytes(), self.world.domain)
        host, port = self.world.smarthost.removeprefix("smtp://").split(":")
        client = aiosmtplib.SMTP(hostname=host, port=int(port), local_hostname="relay.example")
        await client.connect()
        await client.sendmail(f"bounce@{self.world.domain}", [reader.contact], raw)
        with suppress(aiosmtplib.SMTPException):
            await client.quit()


async def start_fan(world: World) -> tuple[Fan, list[Enrolled]]:
    """The factory: a started fan with the cast in it."""
    fan = Fan(world)
    await fan.start()
    world.publish(f"{SELECTOR}._domainkey.{world.domain}", key_record())
    fan.members = [
        Enrolled(
            name=role.name,
            channel=role.channel,
            contact=role.contact,
            write_to=world.numbers[0] if role.channel == "sms" else f"a{at}k7@{world.domain}",
            mask=f"{role.name.lower()}-m{at}@{world.domain}",
        )
        for at, role in enumerate(world.cast)
    ]
    return fan, fan.members
