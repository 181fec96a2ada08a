"""What waits costs nothing: taking what is due beside very many deliveries that are held.

All of them are held until the morning, for the readers to whom something is due now as well as for
others. `make proof-held` runs it with a million.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from statistics import median

from bench.figures import Figure
from bench.ground import Ground, Site, open_ground
from bench.scale import claim, fill_all

MANY, FEW = 100_000, 1_000
_READERS = 100
_POSTS = FEW // _READERS
"""Held for each reader, on both sides: who waits for more has more to be looked through."""
_TURNS = 20


async def measure(site: Site) -> AsyncIterator[Figure]:
    """On each database, beside 100,000 held and beside 1,000."""
    async for figure in compare(site, MANY):
        yield figure


async def compare(site: Site, many: int) -> AsyncIterator[Figure]:
    """How much longer a claim takes beside so many held deliveries than beside `FEW`."""
    for (kind, folder, url), (_, beside, small_url) in zip(
        site.places(), site.places(), strict=True
    ):
        crowd = many // _POSTS - _READERS
        async with (
            open_ground(folder, url, [crowd, _READERS]) as large,
            open_ground(beside, small_url, [1, _READERS]) as small,
        ):
            for ground in (large, small):
                await fill_all(ground, _POSTS)
            yield await _duel(kind, large, small)


async def _duel(kind: str, large: Ground, small: Ground) -> Figure:
    """Both in turns, after a warm-up."""
    held = await large.waiting()
    for ground in (large, small, large, small):
        await claim(ground)
    ratios = []
    for turn in range(_TURNS):
        sides = (large, small) if turn % 2 else (small, large)
        took = {id(ground): await claim(ground) for ground in sides}
        ratios.append(took[id(large)] / took[id(small)])
    return Figure(
        name=f"held.{kind}.claim",
        value=median(ratios),
        unit="x",
        against=f"a claim of 64 beside {held:,} held, against one beside {FEW:,}",
    )
