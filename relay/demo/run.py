"""`relay demo`: the real relay on embedded defaults, between an invented carrier and mail world."""

from __future__ import annotations

import asyncio
import signal
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from relay import setup, wiring
from relay.config import Settings
from relay.demo.nights import Night, nights
from relay.demo.page import Page
from relay.demo.sky import HOME
from relay.demo.stage import Enrolled, RunningRelay, Stage, World
from relay.demo.transcript import play
from relay.engine import Engine, open_engine

_GROUP = "Tuesday"
_NIGHT = "22:00-07:00"
_SETTINGS = {"timezone": HOME, "quiet": _NIGHT, "jitter": "5"}
_WISHES = {"Ana": {"after_quiet": "bundle"}, "Ivy": {"after_quiet": "bundle"}}
"""Who gets what waited for her night as one message."""
_PACE = 0.6
"""Seconds the outside world takes for each message on the page, so that one can watch."""


@dataclass(frozen=True, slots=True)
class Demonstrated:
    """A relay at work in this process, for the stage."""

    app: wiring.Application

    @property
    def http_url(self) -> str:
        """Where its web server listens."""
        return f"http://127.0.0.1:{self.app.http_port}"

    @property
    def smtp_port(self) -> int:
        """Where its mail server listens."""
        return self.app.smtp_port

    async def inventory(self) -> Mapping[str, Any]:
        """What it holds now, in numbers."""
        held = await self.app.engine.registrar.inventory()
        return {key: held[key] for key in ("bodies", "deliveries", "body_keys", "spool", "topics")}

    async def nights(self) -> Mapping[str, Night]:
        """Who of the cast sleeps, and what waits for her."""
        return await nights(self.app.engine, _GROUP)

    async def close(self) -> None:
        """Stop it."""
        await self.app.close()
        await self.app.engine.close()


@dataclass(frozen=True, slots=True)
class Factory:
    """Starts a relay in a folder, on a database, and enrols the cast."""

    folder: Path
    database_url: str | None = None

    async def __call__(self, world: World) -> tuple[RunningRelay, list[Enrolled]]:
        """Start, create the group, enrol everybody."""
        settings = settings_for(world, self.folder, self.database_url)
        await setup.initialise(settings, self.folder / "relay.toml")
        record = wiring.dkim_record(settings.dkim_key)
        world.publish(f"{settings.dkim_selector}._domainkey.{settings.domain}", record)
        engine = await open_engine(settings, world.clock)
        try:
            enrolled = await _enrol(engine, world)
            app = await wiring.start(engine, stopwatch=world.clock.ticks)
        except BaseException:
            await engine.close()
            raise
        world.clock.listen(app.wake)
        return Demonstrated(app), enrolled


def settings_for(world: World, folder: Path, database_url: str | None) -> Settings:
    """Settings for a demo: nothing of this machine's own settings or environment gets in."""
    defaults = {name: field.default for name, field in Settings.model_fields.items()}
    given = {
        "data_dir": folder / "data",
        "database_url": database_url,
        "domain": world.domain,
        "public_url": world.public_url,
        "http_listen": "127.0.0.1:0",
        "smtp_listen": "127.0.0.1:0",
        "smarthost": world.smarthost,
        "dns_server": world.dns_server,
        "twilio_account_sid": world.twilio_account_sid,
        "twilio_auth_token": world.twilio_auth_token,
        "twilio_api_url": world.twilio_api_url,
    }
    return Settings(**(defaults | given))


async def _enrol(engine: Engine, world: World) -> list[Enrolled]:
    registrar = engine.registrar
    await registrar.add_numbers(list(world.numbers))
    await registrar.create_group(_GROUP, _SETTINGS)
    enrolled = []
    for role in world.cast:
        member = await registrar.add_member(
            _GROUP,
            name=role.name,
            sms=role.contact if role.channel == "sms" else None,
            email=role.contact if role.channel == "email" else None,
            agreed=engine.clock.now().date().isoformat(),
            facilitator=False,
            wishes={"timezone": role.zone, "quiet": _NIGHT, **_WISHES.get(role.name, {})},
        )
        enrolled.append(
            Enrolled(
                name=role.name,
                channel=role.channel,
                contact=role.contact,
                write_to=member.write_to.reveal(),
                mask=member.mask.reveal(),
            )
        )
    return enrolled


async def main(*, port: int, transcript: bool) -> bool:
    """Show the page until stopped, or play the transcript. Whether all went well."""
    with tempfile.TemporaryDirectory(prefix="relay-demo-") as folder:
        stage = Stage(Factory(Path(folder)), pace=0.0 if transcript else _PACE)
        async with stage:
            if transcript:
                return await play(stage)
            return await _show(stage, port)


async def _show(stage: Stage, port: int) -> bool:
    page = Page(stage)
    try:
        await page.start(port)
    except OSError:
        typer.echo(f"Port {port} is taken; give another one with --port.", err=True)
        return False
    stopped = asyncio.Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(sign, stopped.set)
    typer.echo(f"The demo runs at {page.url} - stop it with Ctrl-C.")
    try:
        await stopped.wait()
    finally:
        await page.close()
    return True
