"""Every message of the corpus goes through the whole relay: edge, engine, both ways out."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import foreign
from tests.support.foreign import travelling


@pytest.mark.proof
@pytest.mark.timeout(3_600)
async def test_mail_corpus(tmp_path: Path) -> None:
    """0 exceptions, 0 lost without a recorded reason, 0 leaks; the table is printed."""
    if not foreign.present():
        pytest.skip("no corpus: set RELAY_CORPUS to a folder with MANIFEST.tsv")
    async with travelling(tmp_path) as journey:
        fates = [await journey.send(case) for case in foreign.cases()]
    print()
    print(*foreign.table(fates), *foreign.reasons(fates), sep="\n")
    foreign.check(fates)
