"""`relay number …`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from relay.cli.output import Json, show, show_rows, table, with_engine

if TYPE_CHECKING:
    from relay.store.pool import Pool

app = typer.Typer(no_args_is_help=True)

_NUMBER = {
    "number": "NUMBER",
    "phones": "PHONES",
    "state": "STATE",
    "country": "COUNTRY",
    "kind": "KIND",
}
_CAPACITY = {
    "country": "COUNTRY",
    "usable": "NUMBERS",
    "busiest": "MOST BY ONE PHONE",
    "joinable": "MORE GROUPS",
}


@app.command()
def add(
    numbers: Annotated[list[str], typer.Argument(metavar="+E164...")], as_json: Json = False
) -> None:
    """Add rented numbers to the pool."""
    count = with_engine(lambda e: e.registrar.add_numbers(numbers))
    show({"added": count}, as_json=as_json)


@app.command(name="list")
def list_all(as_json: Json = False) -> None:
    """List the pool by country and kind, and how many more groups a phone could join."""
    pool = with_engine(lambda e: e.registrar.pool())
    rows = [
        {
            "number": n.number.reveal(),
            "phones": n.pairs,
            "state": "parked" if n.parked else "open",
            "country": n.country,
            "kind": str(n.kind),
            "joinable": pool.capacity(n.country).joinable,
        }
        for n in pool.numbers
    ]
    show_rows(rows, _NUMBER, as_json=as_json)
    if not as_json:
        for text in _room(pool):
            show(f"\n{text}", as_json=False)


@app.command()
def capacity(as_json: Json = False) -> None:
    """Show by country how many more groups a phone could join, and when to buy a number.

    A phone needs a number of its own for each of its groups, and for each that it left of late.
    """
    pool = with_engine(lambda e: e.registrar.pool())
    if as_json:
        show(_capacities(pool), as_json=True)
    else:
        show("\n\n".join(_room(pool)) or "none", as_json=False)


@app.command()
def park(number: Annotated[str, typer.Argument(metavar="+E164")], as_json: Json = False) -> None:
    """Give a number to nobody new; who has it keeps it."""
    with_engine(lambda e: e.registrar.park_number(number))
    show({"parked": number}, as_json=as_json)


def _capacities(pool: Pool) -> list[dict[str, Any]]:
    return [
        {
            "country": one.country,
            "usable": one.usable,
            "busiest": one.busiest,
            "joinable": one.joinable,
            "advice": one.advice,
        }
        for one in pool.capacities
    ]


def _room(pool: Pool) -> list[str]:
    """The capacities as a table, and what to do, where there is something to say."""
    rows = _capacities(pool)
    advice = "\n".join(f"{row['country']}: {row['advice']}" for row in rows if row["advice"])
    return [text for text in (table(rows, _CAPACITY) if rows else "", advice) if text]
