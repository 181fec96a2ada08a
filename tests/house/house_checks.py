"""The checkers behind the house tests: each takes text or files and returns what is wrong."""

from __future__ import annotations

import ast
import builtins
import importlib
import re
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("relay", "channels", "policies")

_FENCE = re.compile(r"^(```|~~~).*?^\1[^\n]*$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_DOTTED = re.compile(r"([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+)(?:\(\))?")
_CALLED = re.compile(r"([A-Za-z_]\w*)\(\)")
_CLASS = re.compile(r"[A-Z][A-Za-z0-9]*[a-z][A-Za-z0-9]*")
_FILE = re.compile(r"[\w./-]+\.py|[\w.-]+(?:/[\w.-]+)*/")
_NOT_CODE = (".toml", ".md", ".lock", ".txt", ".json", ".example", ".com", ".org", ".net")
_HEADERS = frozenset({"From", "To", "Subject", "Date", "Sender", "Received", "Host"})
_LINK = re.compile(r"!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?[^)]*\)")
_REFERENCE = re.compile(r"^\[[^\]]+\]:\s*(\S+)", re.MULTILINE)
_SOURCE = re.compile(r"""<(?:img|a|source)\b[^>]*?(?:src|srcset|href)=["']([^"']+)["']""")
_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)


def files(*patterns: str) -> list[Path]:
    """Return every file that is committed or about to be, as `git` sees it, sorted."""
    git = ["git", "-c", "safe.directory=*", "ls-files", "-z"]  # a container may own the checkout
    command = [*git, "--cached", "--others", "--exclude-standard", *patterns]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    names = sorted(set(listed.stdout.decode().split("\0")) - {""})
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def texts(*patterns: str) -> Iterator[tuple[Path, str]]:
    """Yield the files that are text, with their text."""
    for path in files(*patterns):
        raw = path.read_bytes()
        if b"\0" not in raw:
            yield path, raw.decode("utf-8", "replace")


def modules() -> dict[str, Path]:
    """Return the dotted names of all modules of the three packages, and their files."""
    found = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def known_names(sources: dict[str, str]) -> set[str]:
    """Return every dotted name that the modules (dotted name to source) define, at any depth."""
    known: set[str] = set()
    for module, source in sources.items():
        known.add(module)
        known.update(f"{module}.{name}" for name in _defined(ast.parse(source).body))
    return known


def _defined(body: Iterable[ast.stmt]) -> Iterator[str]:
    """Yield the names a module or class defines, and `Class.member` for what is inside classes."""
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from (alias.asname or alias.name for alias in node.names)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name
        elif isinstance(node, ast.ClassDef):
            yield node.name
            yield from (f"{node.name}.{inner}" for inner in _defined(node.body))
            yield from (f"{node.name}.{held}" for held in _held(node))
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (target.id for target in targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.If | ast.Try):
            yield from _defined(node.body)


def _held(node: ast.ClassDef) -> Iterator[str]:
    """Yield the attributes that a class gives to `self`."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Attribute) and isinstance(inner.ctx, ast.Store):
            yield inner.attr


def unresolved(text: str, known: set[str]) -> list[str]:
    """Return the code names in backticks on a page that name nothing.

    Looked at: `dotted.names`, `calls()`, `ClassNames`, and `files.py` or `folders/`. A name may
    be given from any level on: `relay.intake.accept`, `intake.accept` or `accept()`.
    """
    ends = {
        ".".join(name.split(".")[start:]) for name in known for start in range(name.count(".") + 1)
    }
    tokens = dict.fromkeys(_INLINE.findall(_FENCE.sub("", text)))
    return [token for token in tokens if not _resolves(token, ends)]


def _resolves(token: str, ends: set[str]) -> bool:
    if _FILE.fullmatch(token):
        return (ROOT / token).exists() or ("/" not in token and any(ROOT.rglob(f"*/{token}")))
    if token.endswith(_NOT_CODE):
        return True
    if match := _CALLED.fullmatch(token):
        return match[1] in ends or hasattr(builtins, match[1])
    if match := _DOTTED.fullmatch(token):
        return match[1] in ends or _imports(match[1])
    if _CLASS.fullmatch(token):
        return token in ends or token in _HEADERS or hasattr(builtins, token)
    return True


def _imports(name: str) -> bool:
    """Tell whether a name of somebody else's code can be imported, such as `asyncio.shield`."""
    parts = name.split(".")
    if parts[0] in PACKAGES:
        return False  # ours are all in the index
    for end in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:end]))
        except ImportError:
            continue
        for part in parts[end:]:
            found = getattr(found, part, None)
        return found is not None
    return False


def broken_links(root: Path, pages: Iterable[Path]) -> list[str]:
    """Return `page: target` for each relative link to a file or heading that is not there."""
    broken: list[str] = []
    for page in pages:
        text = _FENCE.sub("", page.read_text(encoding="utf-8"))
        plain = _INLINE.sub("", text)
        for pattern in (_LINK, _REFERENCE, _SOURCE):
            targets = pattern.findall(plain)
            gone = [target for target in targets if not _reaches(page, target)]
            broken.extend(f"{page.relative_to(root)}: {target}" for target in gone)
    return broken


def _reaches(page: Path, target: str) -> bool:
    if re.match(r"[a-z][a-z0-9+.-]*:", target):
        return True  # another site; no test depends on the network
    name, _, anchor = target.partition("#")
    file = (page.parent / name).resolve() if name else page
    if not file.exists():
        return False
    return not anchor or anchor in _anchors(file.read_text(encoding="utf-8"))


def _anchors(text: str) -> set[str]:
    """Return the anchors of a page's headings, made as GitHub makes them."""
    anchors: set[str] = set()
    for heading in _HEADING.findall(_FENCE.sub("", text)):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
        number = 0
        while (anchor := f"{slug}-{number}" if number else slug) in anchors:
            number += 1
        anchors.add(anchor)
    return anchors


def python_blocks(text: str) -> list[str]:
    """Return the fenced Python blocks of a page."""
    return re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
