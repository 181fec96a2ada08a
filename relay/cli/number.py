"""`relay number …`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from relay.cli.output import Json, show, show_rows, table, with_engine

if TYPE_CHECKING:
    from channels.secret import Secret
    from relay.engine import Engine
    from relay.market import Synced
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


@app.command()
def buy(
    country: Annotated[str, typer.Option(metavar="CC", help="two letters")] = "US",
    area_code: Annotated[
        str | None, typer.Option(metavar="NNN", help="in the United States and Canada")
    ] = None,
    toll_free: Annotated[bool, typer.Option("--toll-free", help="a toll-free number")] = False,
    count: Annotated[int, typer.Option(help="how many")] = 1,
    as_json: Json = False,
) -> None:
    """Rent numbers at Twilio, point them here, and add them to the pool. It costs money."""
    from relay import market, wiring

    wish = market.read_wish(country=country, area_code=area_code, toll_free=toll_free, count=count)

    async def work(engine: Engine) -> list[Secret]:
        async with wiring.market(engine.settings) as place:
            return await market.buy(place, engine.registrar, wish)

    bought = _shown(with_engine(work))
    show({"bought": bought} if as_json else "\n".join(bought), as_json=as_json)


@app.command()
def sync(
    with_unknown: Annotated[
        bool, typer.Option("--add", help="Add what is rented but not in the pool.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Point the numbers of the pool here at Twilio, and compare them with what is rented.

    Status 1 if a number of the pool is not rented. Nothing is ever given back.
    """
    from relay import market, wiring

    async def work(engine: Engine) -> Synced:
        async with wiring.market(engine.settings) as place:
            return await market.sync(place, engine.registrar, add=with_unknown)

    synced = with_engine(work)
    show(_report(synced) if as_json else "\n".join(_sentences(synced)), as_json=as_json)
    if synced.missing:
        raise typer.Exit(1)


def _report(synced: Synced) -> dict[str, Any]:
    return {
        "rented": synced.rented,
        "pointed": _shown(synced.pointed),
        "added": _shown(synced.added),
        "unknown": _shown(synced.unknown),
        "missing": _shown(synced.missing),
    }


def _sentences(synced: Synced) -> list[str]:
    said = {
        "Pointed here, and did not before": synced.pointed,
        "Added to the pool": synced.added,
        "Rented, but not in the pool (--add adds them)": synced.unknown,
        "In the pool, but not rented: nobody reads what is written there": synced.missing,
    }
    lines = [f"{what}: {', '.join(_shown(which))}." for what, which in said.items() if which]
    return lines or [f"All is well: {synced.rented} rented, all in the pool, all point here."]


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


def _shown(numbers: Iterable[Secret]) -> list[str]:
    return [number.reveal() for number in numbers]
