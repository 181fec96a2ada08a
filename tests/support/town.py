"""A town around the relay: carrier, mail world, and the relay itself, as itself or as a process.

Everything goes over real sockets. The relay runs in this process for tests that look inside, or
as `relay serve` of its own for tests that kill it or read all it prints.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from relay import setup, wiring
from relay.clock import SystemClock
from relay.config import Settings
from relay.demo.carrier import Carrier, Phone
from relay.demo.mailworld import Inbox, MailWorld
from relay.engine import Engine, open_engine
from relay.model import Group, Member

DOMAIN = "relay.example"
NUMBERS = ("+16175550160", "+16175550161")


@dataclass(frozen=True, slots=True)
class Resident:
    """A person outside, and her membership inside."""

    member: Member
    contact: str
    phone: Phone | None = None
    inbox: Inbox | None = None

    @property
    def write_to(self) -> str:
        """Where she writes."""
        return self.member.write_to.reveal()

    async def says(self, text: str, subject: str = "") -> int:
        """Write to the group; the answer's code."""
        if self.phone is not None:
            return await self.phone.text(self.write_to, text)
        assert self.inbox is not None
        code, _ = await self.inbox.write(self.write_to, subject, text)
        return code

    def got(self) -> list[str]:
        """The words that arrived: a text whole, a mail's text with its From name in front."""
        if self.phone is not None:
            return [message.body for message in self.phone.inbox]
        assert self.inbox is not None
        return [f"{mail.from_name}: {mail.text.strip()}" for mail in self.inbox.mails]


@dataclass
class Town:
    """The outside world, and a relay at its edge."""

    folder: Path
    database_url: str | None = None
    carrier: Carrier = field(default_factory=Carrier)
    mail: MailWorld = field(default_factory=MailWorld)
    residents: dict[str, Resident] = field(default_factory=dict)
    overrides: dict[str, str] = field(default_factory=dict)
    """Further settings, as environment variables."""
    app: wiring.Application | None = None
    process: asyncio.subprocess.Process | None = None
    beside: list[asyncio.subprocess.Process] = field(default_factory=list)
    """Further processes of the same relay."""
    printed: Path | None = None
    """All that relay processes of this town ever wrote to their outputs."""

    async def open(self) -> None:
        """Start the outside world and write the relay's settings and keys."""
        await self.carrier.start()
        await self.mail.start()
        self.carrier.rent(*NUMBERS)
        self.http_port, self.smtp_port = free_port(), free_port()
        self.printed = self.folder / "printed.log"
        self.settings = Settings(**self._given())
        await setup.initialise(self.settings, self.folder / "relay.toml")
        self.mail.publish(
            f"{self.settings.dkim_selector}._domainkey.{DOMAIN}",
            wiring.dkim_record(self.settings.dkim_key),
        )
        self.mail.set_relay("127.0.0.1", self.smtp_port)
        self.carrier.set_webhook(f"http://127.0.0.1:{self.http_port}")
        await self.inside(lambda e: e.registrar.add_numbers(list(NUMBERS)))

    async def close(self) -> None:
        """Stop the relay and the world."""
        await self.stop()
        await self.carrier.close()
        await self.mail.close()

    # Inside ----------------------------------------------------------------------------------

    async def inside(self, work: Callable[[Engine], object]) -> object:
        """Do something as the operator does: beside the running relay, on the same data."""
        engine = await open_engine(self.settings)
        try:
            return await work(engine)  # type: ignore[misc]
        finally:
            await engine.close()

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Engine]:
        """The operator's view of the same data, for as long as it is looked at."""
        engine = await open_engine(self.settings)
        try:
            yield engine
        finally:
            await engine.close()

    async def group(self, name: str) -> Group:
        """Create a group."""
        made = await self.inside(lambda e: e.registrar.create_group(name, {}))
        assert isinstance(made, Group)
        return made

    async def resident(self, group: str, name: str, contact: str, **more: object) -> Resident:
        """Enrol somebody, active at once, and give her a phone or a mailbox."""
        by_text = contact.startswith("+")
        member = await self.inside(
            lambda e: e.registrar.add_member(
                group,
                name=name,
                sms=contact if by_text else None,
                email=None if by_text else contact,
                agreed=SystemClock().now().date().isoformat(),
                facilitator=bool(more.get("facilitator")),
                wishes={},
            )
        )
        assert isinstance(member, Member)
        resident = Resident(
            member,
            contact,
            phone=self.carrier.phone(contact) if by_text else None,
            inbox=None if by_text else self.mail.inbox(contact, name=f"Real {name}"),
        )
        self.residents[f"{group}/{name}"] = resident
        return resident

    # The relay -------------------------------------------------------------------------------

    async def start(self) -> None:
        """Start the relay in this process."""
        engine = await open_engine(self.settings)
        self.app = await wiring.start(engine)

    async def spawn(self, *arguments: str, module: str = "relay") -> None:
        """Start `relay serve` as a process and wait for its doors; `printed` gets its words."""
        self.process = await self.launch(*arguments, module=module)
        await self.is_ready()

    async def spawn_beside(self, *arguments: str) -> None:
        """Start one more process of the same relay; it ends with the town."""
        self.beside.append(await self.launch(*arguments))

    async def launch(self, *arguments: str, module: str = "relay") -> asyncio.subprocess.Process:
        """Start `relay serve` and wait for nothing. `module` may stand in for the real one."""
        assert self.printed is not None
        with self.printed.open("ab") as out:
            return await asyncio.create_subprocess_exec(
                sys.executable, "-m", module, "serve", *arguments,
                env=self.environment(), stdout=out, stderr=out, cwd=self.folder,
            )  # fmt: skip

    async def is_ready(self) -> None:
        """Wait until both doors are open."""
        assert self.process is not None
        for port in (self.http_port, self.smtp_port):
            while True:
                if self.process.returncode is not None:
                    assert self.printed is not None
                    raise AssertionError(self.printed.read_text())
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.02)
                    continue
                writer.close()
                with suppress(ConnectionError):
                    await writer.wait_closed()
                break

    async def kill(self) -> None:
        """`kill -9`: no chance to write anything down."""
        assert self.process is not None
        with suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGKILL)
        await self.process.wait()
        self.process = None

    async def stop(self) -> None:
        """Stop the relay, however it runs."""
        if self.app is not None:
            await self.app.close()
            await self.app.engine.close()
            self.app = None
        running, self.beside = [*self.beside], []
        if self.process is not None:
            running.append(self.process)
            self.process = None
        for process in running:
            with suppress(ProcessLookupError):
                process.terminate()
        for process in running:
            await process.wait()

    async def is_empty(self) -> bool:
        """Whether the relay holds nothing."""
        return _is_nothing(await self.held())

    async def held(self) -> dict[str, Any]:
        """What the relay holds."""
        if self.app is not None:
            return await self.app.engine.registrar.inventory()
        async with self.opened() as engine:
            return await engine.registrar.inventory()

    async def settled(self, seconds: float = 30) -> dict[str, Any]:
        """Wait until the relay holds nothing, so that nothing more can arrive anywhere.

        Returns its last inventory, with the tallies.
        """
        async with asyncio.timeout(seconds), AsyncExitStack() as stack:
            if self.app is not None:
                engine = self.app.engine
            else:
                engine = await stack.enter_async_context(self.opened())
            while not _is_nothing(held := await engine.registrar.inventory()):
                await asyncio.sleep(0.02)
            return held

    def environment(self) -> dict[str, str]:
        """The environment of a relay process: only ours."""
        given = {
            f"RELAY_{name.upper()}": str(value)
            for name, value in self._given().items()
            if value is not None
        }
        keep = {k: v for k, v in os.environ.items() if k in {"PATH", "HOME", "LANG"}}
        ours = {
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "RELAY_CONFIG": str(self.folder / "relay.toml"),
        }
        return keep | given | ours | self.overrides

    def _given(self) -> dict[str, object]:
        defaults = {name: f.default for name, f in Settings.model_fields.items()}
        chosen = {
            "data_dir": self.folder / "data",
            "database_url": self.database_url,
            "domain": DOMAIN,
            "public_url": f"http://127.0.0.1:{self.http_port}",
            "http_listen": f"127.0.0.1:{self.http_port}",
            "smtp_listen": f"127.0.0.1:{self.smtp_port}",
            "smarthost": self.mail.smarthost,
            "dns_server": self.mail.dns_server,
            "twilio_account_sid": self.carrier.account_sid,
            "twilio_auth_token": self.carrier.auth_token,
            "twilio_api_url": self.carrier.api_url,
        }
        more = {k.removeprefix("RELAY_").lower(): v for k, v in self.overrides.items()}
        return defaults | chosen | more


def _is_nothing(held: dict[str, Any]) -> bool:
    return not (held["bodies"] or any(held["deliveries"].values()) or held["spool"])


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
