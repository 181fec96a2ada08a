"""What is held costs nothing: a claim beside a million takes as long as beside a few."""

from __future__ import annotations

import sys

import pytest

from bench.ground import open_site
from bench.held import compare

pytestmark = [pytest.mark.proof, pytest.mark.timeout(1800)]

HELD = 1_000_000
MOST = 2.0


async def test_a_claim_beside_a_million_held() -> None:
    """On both databases at most twice the time that it takes beside a thousand."""
    with open_site() as site:
        figures = [figure async for figure in compare(site, HELD)]
    for figure in figures:
        sys.stdout.write(figure.line() + "\n")
    assert len(figures) == 2
    assert all(figure.value <= MOST for figure in figures)
