"""How every command answers: plain lines, or one JSON value with `--json`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable
from typing import Annotated, Any, TypeVar

import typer

from relay import log
from relay.config import Settings, load_settings
from relay.engine import Engine, open_engine

Json = Annotated[bool, typer.Option("--json", help="Answer with one JSON value.")]
Reveal = Annotated[bool, typer.Option("--reveal", help="Show real numbers and addresses.")]

T = TypeVar("T")


def show(value: Any, *, as_json: bool) -> None:
    """Print an object, a list of objects, or a sentence."""
    if as_json:
        typer.echo(json.dumps(value, ensure_ascii=False))
    elif isinstance(value, dict):
        _show_object(value)
    elif isinstance(value, list):
        for item in value:
            typer.echo("  ".join(str(v) for v in item.values() if v not in {"", None}))
    else:
        typer.echo(value)


def _show_object(value: dict[str, Any]) -> None:
    width = max((len(key) for key in value), default=0)
    for key, item in value.items():
        text = json.dumps(item, ensure_ascii=False) if isinstance(item, dict | list) else item
        typer.echo(f"{key:<{width}}  {text}")


def with_engine(work: Callable[[Engine], Awaitable[T]]) -> T:
    """Open the engine, do one thing, close it."""
    settings = settings_or_refuse()

    async def run() -> T:
        engine = await open_engine(settings)
        try:
            return await work(engine)
        finally:
            await engine.close()

    return asyncio.run(run())


def settings_or_refuse() -> Settings:
    """The settings, with logging set up by them. Raises `RefusalError`."""
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
