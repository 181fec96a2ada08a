"""What a benchmark says, and how two things are measured against each other.

Machines are noisy and shared, so every figure of speed is one of two sides that ran in turns
within one run: per round the ratio is taken, and the median of the ratios is what counts. The
absolute number stands beside it only to give a feeling for the size.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from statistics import median
from time import perf_counter


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the report."""

    name: str
    value: float
    unit: str
    against: str

    def line(self) -> str:
        """For people."""
        return f"{self.name:<44} {_readable(self.value):>12} {self.unit:<16} {self.against}"


@dataclass(frozen=True, slots=True)
class Duel:
    """Two sides, each round's rate of both. Higher is faster."""

    ours: list[float]
    bare: list[float]

    @property
    def ratios(self) -> list[float]:
        """Ours over theirs, round by round."""
        return [a / b for a, b in zip(self.ours, self.bare, strict=True)]

    def figures(self, name: str, unit: str, against: str) -> Iterator[Figure]:
        """The ratio, then the rate of our side beside the other's."""
        ratios = self.ratios
        spread = f"{min(ratios):.2f}-{max(ratios):.2f} over {len(ratios)} rounds"
        yield Figure(
            name=f"{name}.ratio", value=median(ratios), unit="x", against=f"{against} ({spread})"
        )
        other = f"{against}: {_readable(median(self.bare))} {unit}"
        yield Figure(name=name, value=median(self.ours), unit=unit, against=other)


Rates = Mapping[str, float]
Side = Callable[[], Awaitable[Rates]]
"""Runs once and tells, for each thing it did, how many a second."""


async def duels(ours: Side, bare: Side, *, rounds: int, warm_up: int = 1) -> dict[str, Duel]:
    """Let two sides run in turns, the first place changing every round."""
    a: list[Rates] = []
    b: list[Rates] = []
    for number in range(warm_up + rounds):
        if number % 2:
            theirs, mine = await bare(), await ours()
        else:
            mine, theirs = await ours(), await bare()
        if number >= warm_up:
            a.append(mine)
            b.append(theirs)
    return {key: Duel([r[key] for r in a], [r[key] for r in b]) for key in a[0]}


class Watch:
    """Adds up the seconds spent inside `with watch:`."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._since = 0.0

    def __enter__(self) -> None:
        self._since = perf_counter()

    def __exit__(self, *_: object) -> None:
        self.seconds += perf_counter() - self._since


def _readable(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:,.3g}"
