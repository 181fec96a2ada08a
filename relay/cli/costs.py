"""`relay costs`."""

from __future__ import annotations

from typing import Annotated

import typer

from relay.cli.output import Json, show, with_engine


def add_to(app: typer.Typer) -> None:
    """Put the command at the top level."""
    app.command()(costs)


def costs(
    days: Annotated[int, typer.Option(help="how many whole days to look back, 1 to 35")] = 30,
    as_json: Json = False,
) -> None:
    """Estimate what texts cost a month, from counters and the prices in the settings."""
    from relay import costs as counters

    found = with_engine(lambda e: counters.costs(e, days))
    show(found.shown() if as_json else "\n".join(found.sentences()), as_json=as_json)
