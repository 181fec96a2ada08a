"""`relay duty`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from relay.cli.output import Json, show, table, with_engine

if TYPE_CHECKING:
    from relay.engine import Engine
    from relay.rota import Rota

_COLUMNS = {
    "name": "NAME", "role": "ROLE", "on_duty": "ON DUTY", "until": "UNTIL", "hours": "HOURS",
}  # fmt: skip


def add_to(app: typer.Typer) -> None:
    """Put the command at the top level."""
    app.command()(duty)


def duty(
    key: Annotated[str, typer.Argument(metavar="GROUP", help="The group's id or name.")],
    on: Annotated[str, typer.Option(metavar="NAME", help="put her on duty")] = "",
    off: Annotated[str, typer.Option(metavar="NAME", help="take her off duty")] = "",
    hours: Annotated[int | None, typer.Option(min=1, max=72, help="with --on: how long")] = None,
    as_json: Json = False,
) -> None:
    """Show who is on duty in a group, and when nobody will be; or put somebody on or off."""
    if on and off:
        raise typer.BadParameter("either --on or --off, not both")
    if hours is not None and not on:
        raise typer.BadParameter("--hours goes with --on")

    async def work(engine: Engine) -> Rota:
        from relay import rota

        if on or off:
            return await rota.put(engine, key, on or off, on=bool(on), hours=hours)
        return await rota.look(engine, key)

    found = with_engine(work)
    if as_json:
        show(found.shown(), as_json=True)
        return
    if found.people:
        show(table(found.rows(), _COLUMNS), as_json=False)
    show(found.sentence(), as_json=False)
