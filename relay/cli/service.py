"""`relay init`, `serve`, `doctor`, `inventory`, `demo`."""

from __future__ import annotations

import asyncio
import signal
from typing import Annotated, Any

import typer

from relay import __version__, log, setup
from relay.cli.output import Json, settings_or_refuse, show, with_engine
from relay.config import Settings, config_path, load_settings
from relay.engine import open_engine
from relay.log import Word, say


def add_to(app: typer.Typer) -> None:
    """Put these commands at the top level."""
    app.command()(init)
    app.command()(serve)
    app.command()(doctor)
    app.command()(inventory)
    app.command()(demo)


def init(
    domain: Annotated[str | None, typer.Option(help="mail domain of aliases and masks")] = None,
    public_url: Annotated[
        str | None, typer.Option(help="where Twilio reaches us, https://…")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write settings and keys, once; print the DNS records and Twilio addresses to set."""
    given = {k: v for k, v in {"domain": domain, "public_url": public_url}.items() if v}
    settings = load_settings(**given)
    log.configure(level="warning")
    report = asyncio.run(setup.initialise(settings, config_path()))
    show(report if as_json else setup.as_text(report), as_json=as_json)


def serve(
    only: Annotated[
        str, typer.Option(help="some of web, mail, delivery; separated by commas")
    ] = "web,mail,delivery",
) -> None:
    """Take messages in and deliver them, until stopped."""
    from relay.wiring import ROLES

    roles = {part.strip() for part in only.split(",")}
    if not roles or roles - ROLES:
        raise typer.BadParameter(f"--only takes some of {', '.join(sorted(ROLES))}")
    settings = load_settings()
    log.configure(level=settings.log_level)
    asyncio.run(_serve(settings, roles))


async def _serve(settings: Settings, roles: set[str]) -> None:
    from relay import wiring

    setup.refuse_foreign_packages()
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sign, stopped.set)
    engine = await open_engine(settings)
    try:
        app = await wiring.start(engine, roles)
        say(Word.STARTED, version=__version__, where=",".join(sorted(roles)))
        waits = [asyncio.create_task(stopped.wait()), asyncio.create_task(app.failure())]
        try:
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in waits:
                task.cancel()
            await app.close()
    finally:
        await engine.close()
    say(Word.STOPPED)


def doctor(as_json: Json = False) -> None:
    """Check settings, keys, database, DNS, Twilio and clock; a line each."""
    from relay import doctor as checks

    settings = settings_or_refuse()
    found = asyncio.run(checks.examine(settings))
    if as_json:
        show([check.shown() for check in found], as_json=True)
    else:
        for check in found:
            typer.echo(check.line())
    if any(check.failed for check in found):
        raise typer.Exit(1)


def inventory(
    key: Annotated[str | None, typer.Argument(metavar="[GROUP]")] = None, as_json: Json = False
) -> None:
    """Show what is held right now, and until when."""
    held: dict[str, Any] = with_engine(lambda e: e.registrar.inventory(key))
    show(held, as_json=as_json)


def demo(
    port: Annotated[int, typer.Option(help="port of the page")] = 8800,
    transcript: Annotated[
        bool, typer.Option("--transcript", help="play a fixed conversation, without a browser")
    ] = False,
) -> None:
    """Run the whole relay between invented phones and mailboxes, on a page of this machine."""
    from relay.demo import run

    log.configure(level="error")
    if not asyncio.run(run.main(port=port, transcript=transcript)):
        raise typer.Exit(1)
