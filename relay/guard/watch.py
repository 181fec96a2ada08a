"""Where members' own contacts stand in a text, however they are written.

An address is looked for in the letters and digits of the text alone: whatever stands between
them, spaces, breaks, brackets, is no hiding place. A number is looked for in the digits alone.
The cost does not grow with the number of members: places to look closer come from an index of
four-octet windows (addresses) and of last seven digits (numbers).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

from relay.guard import shadow, words
from relay.guard.people import Kind, Person

_APART = 17
"""How far apart two letters of one address may stand: a break, an indent, a quote mark."""
_TAGGED = 120
"""The same with a tag between local part and domain."""
_WINDOW = 4
_TAIL = 7
"""A member's last digits that give her away alone: a local number."""
_FULL = 9
"""From so many digits on, a national number is hers wherever it stands."""

_SAME = (
    ("gmail.com", "googlemail.com"),
    ("icloud.com", "me.com", "mac.com"),
    ("proton.me", "protonmail.com", "pm.me", "protonmail.ch"),
)
_PROVIDERS = words.listed(
    "gmail googlemail yahoo ymail hotmail outlook live msn icloud gmx web aol proton "
    "protonmail yandex freenet orange wanadoo laposte libero terra uol bol"
)
"""`mara at gmail` says it all; only with a sign or word for `at`."""

_OTHERS = bytes(code for code in range(128) if not chr(code).isalnum())
_SPACES = re.compile(r"[\W_]+")
_AT = re.compile(rf"@|{words.ALONE}(?:{words.AT}){words.APART}")
_GLUED = (b"at", b"arroba", b"nospam", b"atnospam")
_STOPS = words.DOT.replace(r"[\W_]?", "").split("|")
_DIGIT = re.compile("[0-9]")
_RUN = re.compile(r"[0-9](?:(?:[\W_]{0,40}|[\W_][^0-9]{0,38}[\W_])[0-9]){6,}")
"""Digits with signs between them, or with a few whole words."""
_TIGHT = re.compile(r"(?:[^\w,;:!?]|_){0,6}")
_EXTENSION = re.compile(
    r"[\s,;]{0,3}(?:ext(?:ension)?|x|dw|durchwahl|poste|ramal|anexo)[.:\s]{0,3}[0-9]{1,6}(?![0-9])"
)
_OPENING = re.compile(r"(?:\+[\s(]{0,2}|\(\s?)+\Z")


@dataclass(frozen=True, slots=True)
class Sighting:
    """A contact of members at `start:end` of a folded text."""

    start: int
    end: int
    kind: Kind
    ids: frozenset[int]


class Letters:
    """The letters and digits of a folded text as UTF-8, and where each octet stood."""

    __slots__ = ("__dict__", "octets", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        if text.isascii():
            self.octets = text.encode().translate(None, _OTHERS)
        else:
            self.octets = _SPACES.sub("", text).encode("utf-8", "replace")

    @cached_property
    def places(self) -> list[int]:
        """The place in `text` of each octet of `octets`."""
        places: list[int] = []
        for place, char in enumerate(self.text):
            if char.isalnum():
                places += [place] * (1 if char.isascii() else len(char.encode("utf-8", "replace")))
        return places


def extended(text: str, end: int) -> int:
    """Return where the extension behind a number ends, or `end`."""
    match = _EXTENSION.match(text, end)
    return match.end() if match else end


class Watch:
    """All contacts of a group's members, ready to be looked for. Build it once for a group."""

    def __init__(self, people: Sequence[Person]) -> None:
        self._locals: dict[bytes, dict[bytes, frozenset[int]]] = {}
        self._spelled: set[bytes] = set()
        """Domains as they look with words for their stops: worth a look at the words."""
        self._loose: set[bytes] = set()
        self._numbers: dict[str, list[tuple[int, str, str]]] = {}
        for person in people:
            for contact in person.contacts:
                if "@" in (value := contact.reveal()):
                    self._add_address(person.id, value)
                else:
                    self._add_number(person.id, value)
        self._lengths = {
            domain: sorted({len(local) for local in known}, reverse=True)
            for domain, known in self._locals.items()
        }
        self._short: list[bytes] = []
        self._windows: dict[int, list[bytes]] = {}
        for key in dict.fromkeys([*self._locals, *self._spelled]):
            self._index(key)

    def exposed(self, text: str) -> frozenset[int]:
        """Return the ids of the members whose address or number stands in the text."""
        found: set[int] = set()
        for view in shadow.views(text):
            for sighting in self.sightings(view):
                found |= sighting.ids
        return frozenset(found)

    def sightings(self, view: str) -> Iterator[Sighting]:
        """Yield the members' contacts in one folded text (`shadow.fold`), overlaps included."""
        letters = Letters(view)
        if near := self._near(letters.octets):
            yield from self._addresses(letters, near)
            if (spelled := words.signs(view)) != view:
                letters = Letters(spelled)
                yield from self._addresses(letters, self._near(letters.octets))
        if self._numbers:
            yield from self._digits(view)
            if (counted := words.numbers(view)) != view:
                yield from (_to_word_end(view, seen) for seen in self._digits(counted))

    def _add_address(self, whose: int, address: str) -> None:
        local, _, domain = shadow.fold(address).rpartition("@")
        base = local.strip('"').split("+")[0] or local
        domains = next((group for group in _SAME if domain in group), (domain,))
        given = address.lower().rpartition("@")[2]
        for name in dict.fromkeys([*domains, *_other_form(given)]):
            self._add_key(name, base, whose)
            self._spelled |= _spelled_forms(name)
            provider = name.split(".", maxsplit=1)[0]
            if provider in _PROVIDERS:
                self._loose.add(self._add_key(provider, base, whose))

    def _add_key(self, domain: str, local: str, whose: int) -> bytes:
        key = Letters(domain).octets
        known = self._locals.setdefault(key, {})
        for form in {Letters(local).octets, Letters(words.signs(local)).octets} - {b""}:
            known[form] = known.get(form, frozenset()) | {whose}
        return key

    def _add_number(self, whose: int, number: str) -> None:
        digits = "".join(_DIGIT.findall(shadow.fold(number)))
        code = next((digits[:n] for n in (1, 2, 3) if int(digits[:n] or 0) in _CODES), "")
        if len(digits) >= _TAIL:
            entry = (whose, code, digits[len(code) :])
            self._numbers.setdefault(digits[-_TAIL:], []).append(entry)

    # addresses

    def _index(self, key: bytes) -> None:
        """Enter a domain under its first windows: one of them is aligned wherever it stands."""
        if len(key) < 2 * _WINDOW - 1:
            self._short.append(key)
            return
        for start in range(_WINDOW):
            window = memoryview(key[start : start + _WINDOW]).cast("I")[0]
            self._windows.setdefault(window, []).append(key)

    def _near(self, octets: bytes) -> list[bytes]:
        """Return the domains that stand in the octets, also spelled out."""
        whole = memoryview(octets)[: len(octets) // _WINDOW * _WINDOW].cast("I")
        hits = self._windows.keys() & set(whole)
        keys = {key for hit in hits for key in self._windows[hit]}
        return [key for key in (*keys, *self._short) if key in octets]

    def _addresses(self, letters: Letters, near: Sequence[bytes]) -> Iterator[Sighting]:
        for domain in near:
            if domain not in self._locals:
                continue
            at = letters.octets.find(domain)
            while at >= 0:
                yield from self._before(letters, domain, at)
                at = letters.octets.find(domain, at + 1)

    def _before(self, letters: Letters, domain: bytes, at: int) -> Iterator[Sighting]:
        """Yield the addresses that end in the domain at octet `at`."""
        octets = letters.octets
        ends = [at, *(at - len(w) for w in _GLUED if octets.endswith(w, 0, at))]
        known = self._locals[domain]
        for end in [*ends, *_tag_starts(letters, at)]:
            for length in self._lengths[domain]:
                start = end - length
                ids = known.get(octets[start:end]) if start >= 0 else None
                if ids and self._holds(letters, (start, end, at), domain):
                    last = letters.places[at + len(domain) - 1] + 1
                    yield Sighting(letters.places[start], last, Kind.ADDRESS, ids)
                    return

    def _holds(self, letters: Letters, at: tuple[int, int, int], domain: bytes) -> bool:
        """Tell whether local part and domain, alike in letters, are an address as they stand."""
        start, end, host = at
        places, text = letters.places, letters.text
        first = places[start]
        if first and text[first - 1].isalnum():
            return False
        for low, high in ((start, end), (host, host + len(domain))):
            part = places[low:high]
            if any(b - a > _APART for a, b in pairwise(part)):
                return False
        between = text[places[end - 1] + 1 : places[host]]
        clear = end - start >= 5 and end - start + len(domain) >= 12 and domain not in self._loose
        if clear and end == host:
            return len(between) <= _APART
        return (clear or _AT.search(between) is not None) and len(between) <= _TAGGED

    # numbers

    def _digits(self, view: str) -> Iterator[Sighting]:
        for run in _RUN.finditer(view):
            places = [match.start() for match in _DIGIT.finditer(view, run.start(), run.end())]
            digits = "".join([view[place] for place in places])
            for end in range(_TAIL, len(digits) + 1):
                for entry in self._numbers.get(digits[end - _TAIL : end], ()):
                    start = _number_start(view, places, digits[:end], entry)
                    if start is not None:
                        last = extended(view, places[end - 1] + 1)
                        yield Sighting(start, last, Kind.NUMBER, frozenset((entry[0],)))


_CODES = frozenset(COUNTRY_CODE_TO_REGION_CODE)


def _other_form(domain: str) -> list[str]:
    """Return the other spelling of an internationalised domain, if it has one (RFC 5890)."""
    try:
        if "xn--" in domain:
            return [shadow.fold(domain.encode("ascii").decode("idna"))]
        return [domain.encode("idna").decode("ascii")] if not domain.isascii() else []
    except UnicodeError:
        return []  # not a domain that could be written in another way


def _to_word_end(view: str, seen: Sighting) -> Sighting:
    """Return the sighting up to the end of a spelled-out last digit."""
    end = seen.end
    while end < len(view) and view[end].isalpha():
        end += 1
    return replace(seen, end=end)


def _spelled_forms(domain: str) -> set[bytes]:
    """Return the letters of a domain with a word for each stop, or for the last one only."""
    first, stop, last = domain.rpartition(".")
    forms = {domain.replace(".", word) for word in _STOPS}
    forms |= {f"{first}{word}{last}" for word in _STOPS if stop}
    return {Letters(form).octets for form in forms}


def _tag_starts(letters: Letters, at: int) -> list[int]:
    """Return the octets at which a local part may end before `+tag`, `-tag` or `(comment)`."""
    place = letters.places[at]
    low = max(0, place - 100)
    head, sign, tail = letters.text[low:place].rpartition("@")
    if not sign or any(char.isalnum() for char in tail):
        return []
    starts = []
    for match in re.finditer(r"[+\-=(]", head):
        tag = head[match.end() :]
        if match[0] in "+(" or not re.search(r"\S\s+\S", tag):
            starts.append(bisect_left(letters.places, low + match.start()))
    return starts[-8:]


def _number_start(
    view: str, places: list[int], digits: str, entry: tuple[int, str, str]
) -> int | None:
    """Return where a number that ends with the last of `digits` starts; `None` if it is not hers.

    The whole national number counts anywhere. Its last seven digits or more count alone if no
    other digit touches them.
    """
    _, code, national = entry
    size = len(digits)
    same = _TAIL
    while same < min(len(national), size) and digits[-same - 1] == national[-same - 1]:
        same += 1
    if same >= len(national) >= _FULL:
        return _with_prefix(view, places, digits[: size - same], code)
    if view[places[size - 1] + 1 : places[size - 1] + 2].isdecimal():
        return None
    if same >= len(national) and _tight(view, places, size - same, size):
        return _with_prefix(view, places, digits[: size - same], code)
    for count in range(same, _TAIL - 1, -1):
        first = places[size - count]
        touched = first > 0 and view[first - 1].isdecimal()
        if not touched and _tight(view, places, size - count, size):
            return first
    return None


def _tight(view: str, places: list[int], low: int, high: int) -> bool:
    """Tell whether nothing but a few signs stands between the digits `low` to `high`."""
    part = places[low:high]
    return all(_TIGHT.fullmatch(view, a + 1, b) is not None for a, b in pairwise(part))


def _with_prefix(view: str, places: list[int], before: str, code: str) -> int:
    """Return where a national number starts with its country code, trunk zero, plus, bracket."""
    size = len(before)
    first = size
    for prefix in (f"00{code}0", f"011{code}", f"00{code}", f"{code}0", code, "0"):
        if before.endswith(prefix) and _tight(view, places, size - len(prefix), size + 1):
            first = size - len(prefix)
            break
    start = places[first]
    opening = _OPENING.search(view, max(0, start - 5), start)
    return opening.start() if opening else start
