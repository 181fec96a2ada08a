"""What must not be in any file of this repository, and what every test file must have."""

from __future__ import annotations

import ast
import re
import sys
import tomllib

import pytest
from house_checks import PACKAGES, ROOT, files, texts

# Written so that this file does not contain what it looks for.
TRACES = {
    "host of a package registry": (
        r"py[p]i\.(org|python)|pythonhoste[d]|npm[j]s\.|crates\.i[o]\b|g[o]lang\.org/"
    ),
    "path of somebody's machine": (
        r"(?<![\w.])/(w[o]rk|ro[o]t|home/\w+|Use[r]s/(?!canary|mhale)\w+|op[t]/py[p]i)/"
    ),
    "words of somebody's tools": (
        r"\.libr[a]ry\b|find_rep[o]s|find_stri[n]g|farm-(b[e]nch|st[u]dio)|issues sho[w]"
    ),
    "number of a private list": r"(?i)\biss[u]e\s+#?\d",
}
UNFINISHED = r"\b(TO[D]O|FIX[M]E|X[X]X|NotImplemente[d]Error)\b"


@pytest.mark.parametrize("trace", TRACES)
def test_no_file_carries_traces_of_where_it_was_made(trace: str) -> None:
    """Sources name no registry, no path of one machine, no private tools: they work anywhere."""
    found = [
        str(path.relative_to(ROOT)) for path, text in texts() if re.search(TRACES[trace], text)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("trace", "text"),
    [
        ("host of a package registry", "https://py" + "pi.org/simple"),
        ("host of a package registry", "files.python" + "hosted.org"),
        ("path of somebody's machine", "open('/wo" + "rk/main')"),
        ("path of somebody's machine", "/ro" + "ot/.cache"),
        ("words of somebody's tools", "find_" + "repos"),
        ("number of a private list", "see Iss" + "ue 5"),
    ],
)
def test_traces_are_recognised(trace: str, text: str) -> None:
    """Each search finds what it is for."""
    assert re.search(TRACES[trace], text)


@pytest.mark.parametrize("text", ["./work/x", "network/root/x", "a/work/b", "issue: none"])
def test_ordinary_words_are_no_traces(text: str) -> None:
    """Relative paths and ordinary words are left alone."""
    assert not any(re.search(pattern, text) for pattern in TRACES.values())


def test_nothing_is_left_unfinished() -> None:
    """No stub and no note to do it later is in any file."""
    found = [str(path.relative_to(ROOT)) for path, text in texts() if re.search(UNFINISHED, text)]
    assert found == []


def test_no_module_hides_one_of_the_standard_library() -> None:
    """Run from inside a folder, Python would take our `email` or `types` for its own."""
    names = {
        part
        for path in files(*(f"{package}/*.py" for package in PACKAGES))
        for part in path.relative_to(ROOT).with_suffix("").parts
    }
    assert names & sys.stdlib_module_names == set()


def test_importing_a_package_imports_nothing_else() -> None:
    """`channels/__init__.py` is a docstring: a mix-up with another `channels` cannot half-work."""
    body = ast.parse((ROOT / "channels" / "__init__.py").read_text(encoding="utf-8")).body
    assert [type(node).__name__ for node in body] == ["Expr"]


def test_every_test_says_what_it_shows() -> None:
    """Each test function has a docstring that states its contract."""
    silent = []
    for path, text in texts("tests/*.py"):
        for node in ast.walk(ast.parse(text)):
            is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            if is_function and node.name.startswith("test_") and not ast.get_docstring(node):
                silent.append(f"{path.relative_to(ROOT)}: {node.name}")
    assert silent == []


LOCKS = ("requirements/runtime.lock", "requirements/dev.lock")
PIN = re.compile(r"([a-z0-9][a-z0-9._-]*)(?:\[[a-z0-9,._-]+\])?==([^\s;\\]+)(?: ; [^\\@]+?)? \\")
HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}(?: \\)?")


def pins(lock: str) -> dict[str, str]:
    """Return name and version of each pin; fail on any line that is neither pin nor hash."""
    found = {}
    for line in (ROOT / lock).read_text(encoding="utf-8").splitlines():
        if HASH.fullmatch(line):
            continue
        pin = PIN.fullmatch(line)
        assert pin, f"{lock}: {line}"
        found[pin[1]] = pin[2]
    return found


@pytest.mark.parametrize("lock", LOCKS)
def test_locks_hold_exact_versions_with_hashes_only(lock: str) -> None:
    """No address, option or loose version: what is installed is what was tested."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert len(pins(lock)) > 20
    for block in re.split(r"\n(?=\S)", text.strip()):
        assert "--hash=sha256:" in block, block.splitlines()[0]


@pytest.mark.parametrize("lock", LOCKS)
def test_nothing_brings_another_package_of_our_names(lock: str) -> None:
    """Django Channels, among others, would be installed over our folder without a word."""
    assert not set(PACKAGES) & set(pins(lock))


def test_both_locks_agree_and_cover_what_pyproject_asks_for() -> None:
    """What is tested is what runs; nothing asked for is missing."""
    runtime, dev = (pins(lock) for lock in LOCKS)
    assert {name: dev.get(name) for name in runtime} == runtime
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for asked, lock in (
        (project["dependencies"], runtime),
        (project["optional-dependencies"]["dev"], dev),
    ):
        names = {re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0].lower() for line in asked}
        assert names <= set(lock)
