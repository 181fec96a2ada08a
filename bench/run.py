"""Run benchmarks: `python -m bench.run [--json] [NAME...]`.

Prints one line a figure: name, value, unit, compared with what. With `--json` one JSON object
`{name: {"value": x, "unit": ..., "against": ...}}`, and nothing else on standard output. Without
names everything runs but `scale`, which takes minutes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable

from bench import held, mail_out, mail_sign, memory, scale, store, texts_in, vault, whole
from bench.figures import Figure
from bench.ground import Site, open_site

_TOPICS: dict[str, Callable[[Site], AsyncIterator[Figure]]] = {
    "store": store.measure,
    "memory": memory.measure,
    "vault": vault.measure,
    "mail_sign": mail_sign.measure,
    "mail_out": mail_out.measure,
    "texts_in": texts_in.measure,
    "whole": whole.measure,
    "held": held.measure,
    "scale": scale.measure,
}
_BY_DEFAULT = ("store", "memory", "vault", "mail_sign", "mail_out", "texts_in", "whole", "held")


def main() -> int:
    """Measure, and print what was found."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(_TOPICS))
    asked = parser.parse_args()
    unknown = sorted(set(asked.names) - _TOPICS.keys())
    if unknown:
        parser.error(f"there is no benchmark called {unknown[0]}; there are {', '.join(_TOPICS)}")
    with open_site() as site:
        figures = asyncio.run(_collect(site, asked.names or _BY_DEFAULT, quiet=asked.json))
    if asked.json:
        sys.stdout.write(json.dumps({f.name: _entry(f) for f in figures}, indent=1) + "\n")
    return 0


async def _collect(site: Site, names: list[str] | tuple[str, ...], *, quiet: bool) -> list[Figure]:
    figures: list[Figure] = []
    for name in names:
        _tell(figures, _load(f"{name}.load_before"), quiet=quiet)
        async for figure in _TOPICS[name](site):
            _tell(figures, figure, quiet=quiet)
        _tell(figures, _load(f"{name}.load_after"), quiet=quiet)
    return figures


def _tell(figures: list[Figure], figure: Figure, *, quiet: bool) -> None:
    figures.append(figure)
    if not quiet:
        sys.stdout.write(figure.line() + "\n")
        sys.stdout.flush()


def _load(name: str) -> Figure:
    cores = os.cpu_count() or 1
    against = f"{cores} cores: above that, others took part of the machine or we used it up"
    return Figure(name=name, value=os.getloadavg()[0], unit="processes", against=against)


def _entry(figure: Figure) -> dict[str, float | str]:
    return {"value": figure.value, "unit": figure.unit, "against": figure.against}


if __name__ == "__main__":
    sys.exit(main())
