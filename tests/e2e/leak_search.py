"""Reads finished messages as a curious reader would, and looks for what must not be in them.

Nothing here is shared with the relay: transfer encodings, charsets, encoded words, parameters,
entities, compressed stretches of pictures and archives are undone by code of this file.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import html
import io
import quopri
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from urllib.parse import unquote

from tests.support.canary import guises

TAG = "zqxleak"
"""Stands in everything that is placed in the machinery of a message; no word holds it."""
_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bqBQ])\?([^?]*)\?=")
_SECTION = re.compile(r"\*\d*\*?=\"?(?:[\w-]*'[\w-]*')?")
_BOUNDARY = re.compile(r"boundary\s*=\s*\"?([^\";\r\n]+)", re.IGNORECASE)
_CODED = re.compile(r"[A-Za-z0-9+/]{16,}")
_DEFLATED = re.compile(rb"\x78[\x01\x5e\x9c\xda]|\x1f\x8b\x08")
_HIDDEN = re.compile(
    "[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe00-\ufe0f\ufeff]"
)
_TAGS = re.compile(r"<[^<>]*>")
_SIGNS = re.compile(r"[\W_]+")
_MOST_INFLATED = 1_000_000


# Reading -------------------------------------------------------------------------------------


def readings(raw: bytes) -> set[str]:
    """Everything that can be read in a message (RFC 5322), however it is encoded."""
    seen: set[bytes] = {raw}
    _part(raw, seen, 0)
    texts: set[str] = set()
    for octets in seen:
        texts |= _letters(octets)
    for text in list(texts):
        texts |= _decoded(text)
    return {text for text in texts if text}


def _part(raw: bytes, seen: set[bytes], depth: int) -> None:
    """One part: its head, its body without transfer encoding, and what is inside of that."""
    head, _, body = re.sub(rb"\r?\n", b"\n", raw).partition(b"\n\n")
    unfolded = re.sub(rb"\n[ \t]+", b" ", head)
    seen |= {head, unfolded, re.sub(rb"\n[ \t]+", b"", head), body}
    printable = quopri.decodestring(body)
    seen |= {printable, _base64(body)}
    for octets in (body, printable, _base64(body)):
        seen |= set(_unpacked(octets))
    boundary = _BOUNDARY.search(unfolded.decode("latin-1"))
    if boundary and depth < 8:
        for piece in body.split(b"--" + boundary[1].strip().encode("latin-1")):
            _part(piece.lstrip(b"\n"), seen, depth + 1)


def _base64(octets: bytes) -> bytes:
    letters = re.sub(rb"[^A-Za-z0-9+/]", b"", octets)
    try:
        return base64.b64decode(letters[: len(letters) // 4 * 4])
    except binascii.Error:
        return b""


def _unpacked(octets: bytes) -> Iterator[bytes]:
    """What archives and compressed stretches hold, wherever they begin."""
    for found in list(_DEFLATED.finditer(octets))[:200]:
        try:
            yield zlib.decompressobj(47).decompress(octets[found.start() :], _MOST_INFLATED)
        except zlib.error:
            continue
    if b"PK\x03\x04" in octets:
        try:
            with zipfile.ZipFile(io.BytesIO(octets)) as archive:
                yield "\n".join(archive.namelist()).encode()
                for name in archive.namelist():
                    yield archive.read(name)
        except (zipfile.BadZipFile, RuntimeError):
            return


def _letters(octets: bytes) -> set[str]:
    """The octets in every charset that could show letters in them."""
    texts = {octets.decode("utf-8", "replace"), octets.decode("latin-1")}
    if b"\0" in octets:
        texts |= {octets.decode(name, "replace") for name in ("utf-16-le", "utf-16-be")}
        texts.add(octets.replace(b"\0", b"").decode("latin-1"))
    if b"+" in octets:
        texts.add(octets.decode("utf-7", "replace"))
    return texts


def _decoded(text: str) -> set[str]:
    """A text with its encoded words, parameters, entities and percent signs undone."""
    joined = re.sub(r"\?=\s+=\?", "?==?", text)
    found = {_WORD.sub(_encoded_word, joined), _SECTION.sub("", text), unquote(text)}
    found |= {html.unescape(text), unquote(html.unescape(text))}
    found |= {_TAGS.sub("", one) for one in list(found) if "<" in one}
    coded = [_base64(run.encode()) for run in _CODED.findall(text)]
    found.add(b"\n".join(coded).decode("latin-1"))
    return found


def _encoded_word(match: re.Match[str]) -> str:
    octets = match[3].encode("latin-1", "replace")
    plain = _base64(octets) if match[2] in "bB" else quopri.decodestring(octets, header=True)
    try:
        return plain.decode(match[1], "replace")
    except LookupError:
        return plain.decode("latin-1")


# Looking -------------------------------------------------------------------------------------


class Search:
    """Looks for contacts, names and words in texts, in every guise."""

    def __init__(self, contacts: Iterable[str], words: Iterable[str]) -> None:
        """`contacts` are found however they are written; `words` (host names, programs) as such."""
        self._needles: dict[str, str] = {TAG: TAG, TAG[::-1]: TAG}
        self._numbers: dict[str, re.Pattern[str]] = {}
        contacts = list(contacts)
        for contact in contacts:
            if contact.startswith("+"):
                self._numbers[contact] = _number(contact)
            else:
                self._add_address(contact)
        self._exact = {
            needle: word for word in words for needle in {word.lower(), word.lower()[::-1]}
        }
        self._cased = _coded({*contacts, TAG})

    def _add_address(self, address: str) -> None:
        plain = _squashed(address)
        turned = _squashed(codecs.encode(address, "rot13"))
        coded = base64.b32encode(address.encode()).decode().rstrip("=").lower()
        forms = {plain, plain[::-1], turned, coded, address.encode().hex()}
        local = _squashed(address.partition("@")[0])
        self._needles |= dict.fromkeys(forms | {local, local[::-1]}, address)

    def hits(self, texts: Iterable[str]) -> set[str]:
        """What was found."""
        found: set[str] = set()
        for text in texts:
            lower = text.lower()
            found |= {word for needle, word in self._exact.items() if needle in lower}
            found |= {what for needle, what in self._cased.items() if needle in text}
            plain = _squashed(text)
            found |= {what for needle, what in self._needles.items() if needle in plain}
            digits = _HIDDEN.sub("", unicodedata.normalize("NFKC", text))
            found |= {number for number, form in self._numbers.items() if form.search(digits)}
        return found


def _squashed(text: str) -> str:
    """Letters and digits alone, each in one form."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", _HIDDEN.sub("", text))
    return _SIGNS.sub("", text).casefold()


def _number(number: str) -> re.Pattern[str]:
    """The national number in any grouping, and backwards."""
    digits = number[-10:]
    forward, backward = (r"\W{0,4}".join(one) for one in (digits, digits[::-1]))
    return re.compile(f"{forward}|{backward}")


def _coded(values: Iterable[str]) -> dict[str, str]:
    """What a value looks like in base64, in the middle of other octets."""
    found: dict[str, str] = {}
    for value in values:
        found |= {one.decode(): value for one in guises(value)["base64"] if len(one) > 7}
    return found
