"""`relay init`, `serve`, `doctor`, `inventory`, `demo`."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Annotated, Any

import typer

from relay import __version__
from relay.cli.output import Json, open_or_refuse, settings_or_refuse, show, table, with_engine
from relay.errors import RefusalError

if TYPE_CHECKING:
    from relay.check import Check
    from relay.config import Settings
    from relay.wiring import Application


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
    from relay import log, setup
    from relay.config import config_path, load_settings

    given = {k: v for k, v in {"domain": domain, "public_url": public_url}.items() if v}
    settings, config = load_settings(**given), config_path()
    log.configure(level="warning")
    setup.refuse_other_wishes(settings, config, given.keys())
    report = asyncio.run(setup.initialise(settings, config))
    show(report if as_json else setup.as_text(report, settings, config), as_json=as_json)


# Serving -----------------------------------------------------------------------------------


def serve(
    only: Annotated[
        str, typer.Option(help="some of web, mail, delivery; separated by commas")
    ] = "web,mail,delivery",
    as_json: Json = False,
) -> None:
    """Take messages in and deliver them, until stopped."""
    from relay import log
    from relay.config import load_settings
    from relay.wiring import ROLES

    roles = {part.strip() for part in only.split(",")}
    if not roles or roles - ROLES:
        raise typer.BadParameter(f"--only takes some of {', '.join(sorted(ROLES))}")
    settings = load_settings()
    log.configure(level=settings.log_level)
    log.guard()
    asyncio.run(_serve(settings, roles, as_json=as_json))


async def _serve(settings: Settings, roles: set[str], *, as_json: bool) -> None:
    from relay import setup, wiring
    from relay.log import Word, say

    setup.refuse_foreign_packages()
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sign, stopped.set)
    engine = await open_or_refuse(settings)
    try:
        app = await _start(wiring.start(engine, roles))
        say(Word.STARTED, version=__version__, where=",".join(sorted(roles)))
        _tell_ready(app, settings, as_json=as_json)
        await _until(stopped, app)
    finally:
        await engine.close()
    say(Word.STOPPED)


async def _start(starting: Any) -> Application:
    try:
        app: Application = await starting
    except OSError:
        raise RefusalError(
            "The relay cannot listen: an address of RELAY_HTTP_LISTEN or RELAY_SMTP_LISTEN"
            " is taken, or not this machine's."
        ) from None
    return app


async def _until(stopped: asyncio.Event, app: Application) -> None:
    """Work until told to stop, or until a part fails that never should."""
    waits = [asyncio.create_task(stopped.wait()), asyncio.create_task(app.failure())]
    try:
        done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in waits:
            task.cancel()
        await app.close()


def _tell_ready(app: Application, settings: Settings, *, as_json: bool) -> None:
    """Say where the doors are; with `--json` that is the one line on stdout."""
    http = _door(settings.http_listen, app.http_port)
    smtp = _door(settings.smtp_listen, app.smtp_port)
    if as_json:
        show({"http": http, "smtp": smtp}, as_json=True)
    else:
        show(f"Ready. Web: {http or 'not here'}. Mail: {smtp or 'not here'}.", as_json=False)


def _door(listen: str, port: int) -> str | None:
    return f"{listen.rpartition(':')[0]}:{port}" if port else None


# Looking -----------------------------------------------------------------------------------


def doctor(as_json: Json = False) -> None:
    """Check settings, keys, database, DNS, Twilio and clock; a line each."""
    from relay import check
    from relay import doctor as checks

    try:
        found = asyncio.run(checks.examine(settings_or_refuse()))
    except RefusalError as error:  # settings that cannot even be read
        found = [check.fail("settings", line) for line in str(error).splitlines()]
    _show_checks(found, as_json=as_json)
    failed = sum(each.failed for each in found)
    if failed:
        raise RefusalError(f"{failed} of {len(found)} checks failed.")


def _show_checks(found: list[Check], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps([each.shown() for each in found], ensure_ascii=False))
    for each in found if not as_json else ():
        typer.echo(each.line())


def inventory(
    key: Annotated[str | None, typer.Argument(metavar="[GROUP]")] = None,
    member: Annotated[
        str | None, typer.Option(metavar="ID", help="of one member, also once she is gone")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show what is held right now, and until when."""
    if member is not None:
        of_her: dict[str, Any] = with_engine(lambda e: e.doorkeeping.held_of(member))
        rows = {} if as_json else of_her.pop("rows")
        show(of_her | {f"rows in {name}": n for name, n in rows.items()}, as_json=as_json)
        return
    held: dict[str, Any] = with_engine(lambda e: e.registrar.inventory(key))
    show(held if as_json else _inventory_text(held), as_json=as_json)


_ALSO_HELD = {
    "topics": "Subjects kept for texts to join, 12 hours at the most",
    "waiting_for_author": "Messages that wait for a word of their author",
    "spool": "Texts that could not be taken in yet",
    "at_provider": "Texts and calls that Twilio is still to delete",
}


def _inventory_text(held: dict[str, Any]) -> str:
    copies = sum(held["deliveries"].values())
    if not held["bodies"] and not copies:
        lines = ["Nothing is held: no body, and no copy waits for anybody."]
    else:
        columns = {
            "group": "GROUP",
            "bodies": "BODIES",
            "due": "DUE NOW",
            "held": "ON HOLD",
            "retrying": "TO RETRY",
            "sending": "BEING SENT",
            "on_the_way": "ON THE WAY",
            "resting": "PART READ",
            "first_gone_by": "FIRST GONE BY (UTC)",
            "last_gone_by": "ALL GONE BY (UTC)",
        }
        lines = [
            f"Bodies held: {held['bodies']}. Copies that wait: {copies}.",
            "",
            table([_plain_times(row) for row in held["groups"]], columns),
            "",
            "A body is gone when its last copy has ended, and at these times at the latest.",
        ]
    lines.append(f"Keys of bodies: {held['body_keys']}.")
    lines += [f"{what}: {held[name]}." for name, what in _ALSO_HELD.items() if held[name]]
    if held["tallies"]:
        counted = ", ".join(f"{word} {count}" for word, count in sorted(held["tallies"].items()))
        lines.append(f"Counted lately, in all groups: {counted}.")
    return "\n".join(lines)


def _plain_times(row: dict[str, Any]) -> dict[str, Any]:
    times = ("first_gone_by", "last_gone_by")
    return row | {name: (row[name] or "").replace("T", " ").rstrip("Z") for name in times}


def demo(
    port: Annotated[int, typer.Option(help="port of the page")] = 8800,
    transcript: Annotated[
        bool, typer.Option("--transcript", help="play a fixed conversation, without a browser")
    ] = False,
    as_json: Json = False,
) -> None:
    """Run the whole relay between invented phones and mailboxes, on a page of this machine.

    With --json what it prints for people goes to stderr, and at its end stdout gets {"well": true}.
    """
    from relay import log
    from relay.demo import run

    log.configure(level="error")
    with redirect_stdout(sys.stderr if as_json else sys.stdout):
        well = asyncio.run(run.main(port=port, transcript=transcript))
    if as_json:
        show({"well": well}, as_json=True)
    if not well:
        raise typer.Exit(1)
