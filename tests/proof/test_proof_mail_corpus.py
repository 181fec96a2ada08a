"""Every message of the corpus goes through the whole relay: edge, engine, both ways out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from relay import log
from tests.support import foreign
from tests.support.foreign import Ending, Fate, Journey
from tests.support.town import Town

GUARDED = False
"""Whether the contact guard stands between what she wrote and what goes out."""


@pytest.fixture
async def journey(tmp_path: Path) -> AsyncIterator[Journey]:
    """A town whose relay runs in this process; the log is heard in full."""
    log.configure(level="info")
    town = Town(tmp_path)
    await town.open()
    await town.start()
    yield Journey(town)
    await town.close()
    log.configure(level="error")


@pytest.mark.proof
@pytest.mark.timeout(1_800)
async def test_mail_corpus(journey: Journey) -> None:
    """0 exceptions, 0 lost without a recorded reason, 0 leaks; the table is printed."""
    if not foreign.present():
        pytest.skip("no corpus: set RELAY_CORPUS to a folder with MANIFEST.tsv")
    fates = [await journey.send(case) for case in foreign.cases()]
    print()
    for line in foreign.table(fates):
        print(line)
    for line in reasons(fates):
        print(line)
    check(fates)


def reasons(fates: list[Fate]) -> list[str]:
    """How often each reason for another end than delivery was given."""
    given: dict[str, int] = {}
    for fate in fates:
        if fate.ending is not Ending.DELIVERED:
            key = f"mail_corpus.why {fate.ending.value}: {fate.why}"
            given[key] = given.get(key, 0) + 1
    return [f"{key} {number}" for key, number in sorted(given.items())]


def check(fates: list[Fate]) -> None:
    """What must hold of every one of them."""
    assert [fate.case.name for fate in fates if fate.exceptions] == []
    assert [fate.case.name for fate in fates if fate.ending in (Ending.LOST, Ending.LATER)] == []
    assert [(fate.case.name, fate.leaks) for fate in fates if fate.leaks] == []
    assert [fate.case.name for fate in fates if fate.astray] == []
    if GUARDED:
        assert [(fate.case.name, fate.own_in_words) for fate in fates if fate.own_in_words] == []
