"""`relay number …`."""

from __future__ import annotations

from typing import Annotated

import typer

from relay.cli.output import Json, show, show_rows, with_engine

app = typer.Typer(no_args_is_help=True)


@app.command()
def add(
    numbers: Annotated[list[str], typer.Argument(metavar="+E164...")], as_json: Json = False
) -> None:
    """Add rented numbers to the pool."""
    count = with_engine(lambda e: e.registrar.add_numbers(numbers))
    show({"added": count}, as_json=as_json)


@app.command(name="list")
def list_all(as_json: Json = False) -> None:
    """List the pool: each number, how many phones write to it, whether it is parked."""
    numbers = with_engine(lambda e: e.registrar.numbers())
    rows = [
        {"number": n.number.reveal(), "phones": n.pairs, "state": "parked" if n.parked else "open"}
        for n in numbers
    ]
    columns = {"number": "NUMBER", "phones": "PHONES", "state": "STATE"}
    show_rows(rows, columns, as_json=as_json)


@app.command()
def park(number: Annotated[str, typer.Argument(metavar="+E164")], as_json: Json = False) -> None:
    """Give a number to nobody new; who has it keeps it."""
    with_engine(lambda e: e.registrar.park_number(number))
    show({"parked": number}, as_json=as_json)
