"""A town with an open relay, on each database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.town import Town


@pytest.fixture
async def town(tmp_path: Path, database_url: str) -> AsyncIterator[Town]:
    """A town whose relay runs in this process, with one group of five."""
    town = Town(tmp_path, database_url)
    await town.open()
    await town.group("Tuesday")
    for name, contact in (
        ("Robin", "+12025550101"),
        ("Ana", "+12025550102"),
        ("Sol", "+12025550103"),
        ("Ivy", "m.hale@willow.example"),
        ("Theo", "j.reed@harbor.example"),
    ):
        await town.resident("Tuesday", name, contact)
    await town.start()
    yield town
    await town.close()
