"""Every cleaner and guard, switched off, is missed by at least one test."""

from __future__ import annotations

from pathlib import Path

import pytest
from mutants import Bench, Mutant, mutants


@pytest.mark.proof
@pytest.mark.timeout(7_200)
def test_mutations(tmp_path: Path) -> None:
    """All mutants are killed by the tests that concern them; one line each is printed."""
    bench = Bench(tmp_path)
    told = {}
    print()
    for mutant in mutants():
        told[mutant.name] = bench.try_out(mutant)
        print(f"mutation {told[mutant.name]}: {mutant.name} ({mutant.file})", flush=True)
    killed = [name for name, word in told.items() if word == "killed"]
    print(f"mutations.killed {len(killed)} of {len(told)}")
    assert len(told) >= 100
    assert [(name, word) for name, word in told.items() if word != "killed"] == []


def test_a_change_that_does_not_fit_is_told(tmp_path: Path) -> None:
    """What a mutant changes must stand in the code exactly once; else it is no mutant."""
    mutant = Mutant("x", "x.py", "b = 2", "", old="a = 1")
    assert mutant.changed("a = 1\n") == "b = 2\n"
    for source in ("", "a = 1\na = 1\n"):
        with pytest.raises(ValueError, match="stands"):
            mutant.changed(source)
    assert Bench(tmp_path).try_out(mutant) == "unfit"
