"""Cleaners and guards switched off one at a time, each in a copy of the tree.

A mutant is a small named change after which something that must not pass would pass. It is killed
when at least one of the tests that concern it fails. A change that no longer fits the code, or
after which the tests cannot even be collected, counts as neither: it must be mended here.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_COPIED = ("relay", "channels", "policies", "tests", "pyproject.toml")
_FAILED = 1
"""pytest's exit status when tests ran and at least one failed."""
_LONGEST = 180
"""Seconds for the tests of one mutant; without it they take a few."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One cleaner switched off: `old` becomes `new`, or `new` is put at the end of the file."""

    name: str
    file: str
    new: str
    tests: str
    """What pytest is given, separated by spaces."""
    old: str = ""

    def changed(self, source: str) -> str:
        """The source with the change. Raises `ValueError` where it does not fit."""
        if not self.old:
            return f"{source}\n\n{self.new}\n"
        if source.count(self.old) != 1:
            raise ValueError(f"{self.name}: what it changes stands {source.count(self.old)} times")
        return source.replace(self.old, self.new)


def mutants() -> list[Mutant]:
    """All of them."""
    with Path(__file__).with_suffix(".toml").open("rb") as file:
        return [Mutant(**one) for one in tomllib.load(file)["mutant"]]


class Bench:
    """A copy of the tree in which one mutant after the other is tried."""

    def __init__(self, folder: Path) -> None:
        """`folder` is empty, and nobody else's."""
        self._folder = folder
        self._sound: dict[str, bool] = {}
        """Whether the tests pass while nothing is changed, by what pytest is given."""
        for name in _COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, folder / name)

    def fits(self, mutant: Mutant) -> bool:
        """Whether what it changes is there."""
        try:
            mutant.changed((self._folder / mutant.file).read_text("utf-8"))
        except (OSError, ValueError):
            return False
        return True

    def try_out(self, mutant: Mutant) -> str:
        """`killed` or `survived`; or that the change does not fit, or what is wrong without it."""
        if not self.fits(mutant):
            return "unfit"
        if mutant.tests not in self._sound:
            self._sound[mutant.tests] = self.run(mutant.tests) == 0
        if not self._sound[mutant.tests]:
            return "unsound"
        with self._mutated(mutant):
            status = self.run(mutant.tests)
        return {0: "survived", _FAILED: "killed"}.get(status, "broken")

    def run(self, tests: str) -> int:
        """The exit status of pytest on some tests."""
        paths, _, wanted = tests.partition(" -k ")
        chosen = ["-k", wanted] if wanted else []
        fixed = ("-x", "-q", "-p", "no:randomly", "-p", "no:cacheprovider", "-m", "not proof")
        process = subprocess.Popen(
            [sys.executable, "-m", "pytest", *fixed, *paths.split(), *chosen],
            cwd=self._folder,
            env={**os.environ, "PYTHONPATH": str(self._folder)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            return process.wait(_LONGEST)
        except subprocess.TimeoutExpired:  # C code that no test can interrupt
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return _FAILED

    @contextmanager
    def _mutated(self, mutant: Mutant) -> Iterator[None]:
        file = self._folder / mutant.file
        before, stat = file.read_text("utf-8"), file.stat()
        file.write_text(mutant.changed(before), "utf-8")
        try:
            yield
        finally:
            file.write_text(before, "utf-8")
            os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))  # as compiled before


def main(wanted: Iterable[str]) -> None:
    """Try those whose name holds one of the given words; all of them where none is given."""
    import tempfile

    words = list(wanted)
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        bench = Bench(Path(folder))
        for mutant in mutants():
            if words and not any(word in mutant.name for word in words):
                continue
            print(f"mutation {bench.try_out(mutant)}: {mutant.name} ({mutant.file})", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
