"""Canaries: words that must appear nowhere, and the search for them in every guise."""

from __future__ import annotations

import base64
import json
import quopri
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, quote_plus

_SHORTEST = 6
"""Octets. Anything shorter is found by chance."""
_NOTHING = bytes(64)


@dataclass(frozen=True, slots=True, order=True)
class Hit:
    """A canary was seen. Says which, never what it is."""

    canary: str
    guise: str
    place: str


def guises(value: str) -> dict[str, set[bytes]]:
    """A value as it could stand in a file: in the clear, and as programs encode it."""
    plain = value.encode()
    shown = {
        "raw": {plain},
        "digits": _digits(value),
        "spaced": _spaced(value),
        "url": {quote(value, safe="").encode(), quote_plus(value).encode(), quote(value).encode()},
        "base64": set(_base64(plain)),
        "hex": {plain.hex().encode(), plain.hex(" ").encode(), plain.hex(":").encode()},
        "quoted-printable": {quopri.encodestring(plain), quopri.encodestring(plain, header=True)},
        "utf-16": {value.encode("utf-16-le"), value.encode("utf-16-be")},
        "json": {json.dumps(value)[1:-1].encode(), repr(value)[1:-1].encode()},
    }
    return {name: {one for one in ones if len(one) >= _SHORTEST} for name, ones in shown.items()}


def search(canaries: Mapping[str, str], places: Mapping[str, bytes]) -> list[Hit]:
    """Where any canary stands in any guise, in any case of letters."""
    hits = set()
    for place, content in places.items():
        dense = content.replace(_NOTHING, b"")
        folded = dense.lower()
        for canary, value in canaries.items():
            for guise, needles in guises(value).items():
                exact = guise == "base64"
                if any((n in dense) if exact else (n.lower() in folded) for n in needles):
                    hits.add(Hit(canary, guise, place))
    return sorted(hits)


def files_below(*folders: Path, but: Iterable[Path] = ()) -> dict[str, bytes]:
    """The raw octets of every file below the folders."""
    left_out = set(but)
    return {
        str(path): path.read_bytes()
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path not in left_out
    }


def _digits(value: str) -> set[bytes]:
    return {value[1:].encode(), value[2:].encode()} if _is_phone(value) else set()


def _spaced(value: str) -> set[bytes]:
    if not _is_phone(value):
        return set()
    area, exchange, line = value[-10:-7], value[-7:-4], value[-4:]
    joined = {between.join((area, exchange, line)) for between in (" ", "-", ".")}
    joined |= {f"({area}) {exchange}-{line}", " ".join(value[1:])}
    return {text.encode() for text in joined}


def _is_phone(value: str) -> bool:
    return value.startswith("+") and value[1:].isdecimal()


def _base64(plain: bytes) -> Iterator[bytes]:
    """The middle of the value, as it stands in base64 after any number of octets before it."""
    for offset in range(3):
        coded = base64.b64encode(bytes(offset) + plain + b"\0\0")
        first = -(-offset * 4 // 3)
        last = (offset + len(plain)) * 4 // 3
        middle = coded[first:last]
        yield middle
        yield middle.replace(b"+", b"-").replace(b"/", b"_")
