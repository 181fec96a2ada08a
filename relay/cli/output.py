"""How every command answers: plain lines, or one JSON value with `--json`.

What is heavy to import (database, settings, logging) is imported where it is used, so that help,
wrong usage and refusals come at once.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from relay.errors import RefusalError

if TYPE_CHECKING:
    from relay.config import Settings
    from relay.engine import Engine

Json = Annotated[bool, typer.Option("--json", help="Answer with one JSON value.")]
Reveal = Annotated[bool, typer.Option("--reveal", help="Show real numbers and addresses.")]

T = TypeVar("T")


def show(value: Any, *, as_json: bool) -> None:
    """Print one object or one sentence."""
    if as_json:
        typer.echo(json.dumps(value, ensure_ascii=False))
    elif isinstance(value, dict):
        width = max(len(key) for key in value)
        for key, item in value.items():
            typer.echo(f"{key:<{width}}  {cell(item)}".rstrip())
    else:
        typer.echo(value)


def show_rows(
    rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str], *, as_json: bool
) -> None:
    """Print a list of objects: whole as JSON, or the columns (key and header) as a table."""
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False))
    else:
        typer.echo(table(rows, columns) if rows else "none")


def table(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> str:
    """Aligned columns under a header."""
    lines = [[*columns.values()], *([cell(row[key]) for key in columns] for row in rows)]
    widths = [max(len(cell) for cell in column) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(f"{cell:<{w}}" for cell, w in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def cell(value: object) -> str:
    """One value, for people."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def with_engine(work: Callable[[Engine], Awaitable[T]]) -> T:
    """Open the engine, do one thing, close it."""
    settings = settings_or_refuse()

    async def run() -> T:
        engine = await open_or_refuse(settings)
        try:
            return await work(engine)
        finally:
            await engine.close()

    return asyncio.run(run())


async def open_or_refuse(settings: Settings) -> Engine:
    """Open the engine. Raises `RefusalError`, also where database or files cannot be opened."""
    from sqlalchemy.exc import SQLAlchemyError

    from relay.engine import open_engine

    try:
        return await open_engine(settings)
    except (OSError, SQLAlchemyError):
        raise RefusalError(
            "The database or the key files cannot be opened; `relay doctor` tells more."
        ) from None


def settings_or_refuse() -> Settings:
    """The settings, with logging set up by them. Raises `RefusalError`."""
    from relay import log
    from relay.config import load_settings

    settings = load_settings()
    log.configure(level="warning")
    return settings


def read_wishes(pairs: Iterable[str]) -> dict[str, str]:
    """Read `KEY=VALUE` words. Wrong usage if one has no `=`."""
    wishes: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise typer.BadParameter("settings are written as KEY=VALUE")
        wishes[key] = value
    return wishes
