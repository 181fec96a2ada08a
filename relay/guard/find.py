"""The contact guard: what in a member's words would tell where somebody is to be reached."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

import phonenumbers
from phonenumbers import NumberParseException

from relay.guard import shadow, strangers, words
from relay.guard.names import Names
from relay.guard.people import Finding, Kind, Person
from relay.guard.shadow import Shadow
from relay.guard.watch import Letters, Watch

_HOMES = 8
"""So many members' countries are understood in strangers' numbers, the most frequent first."""

_Raw = tuple[int, int, Kind, frozenset[int]]
"""Start and end in the original text, kind, owners (none: a stranger)."""


class Guard:
    """The contact guard of one group, built once and asked for every post."""

    def __init__(
        self,
        people: Sequence[Person],
        *,
        strangers: bool,
        keep: Sequence[str] = (),
        region: str | None = None,
        watch: Watch | None = None,
    ) -> None:
        """`watch` may be given, if there is one of the same people already."""
        self.watch = watch or Watch(people)
        self._names = Names(people)
        self._strangers = strangers
        self._regions = _regions(people, region)
        self._kept = _kept(keep, self._regions)

    def find(self, text: str) -> tuple[Finding, ...]:
        """Return what to mask in a text, in order, without overlaps."""
        raw: list[_Raw] = []
        for view in shadow.shadows(text):
            raw += self._members(view, text)
            if self._strangers:
                raw += self._others(view)
        return tuple(_merged(raw))

    def _members(self, view: Shadow, text: str) -> Iterator[_Raw]:
        for seen in self.watch.sightings(view.text):
            yield *view.span(seen.start, seen.end), seen.kind, seen.ids
        shown = "".join([text[place] for place in view.starts[: len(view.text)]])
        named = list(self._names.sightings(view.text, shown))
        around = list(strangers.addresses(view.text)) if named else []
        for start, end, whose, whole in named:
            inside = next(((a, b) for a, b in around if a < end and start < b), None)
            if not inside:
                yield *view.span(start, end), Kind.NAME, frozenset((whose,))
            elif whole:  # another address of hers
                low, high = min(start, inside[0]), max(end, inside[1])
                yield *view.span(low, high), Kind.ADDRESS, frozenset((whose,))

    def _others(self, view: Shadow) -> Iterator[_Raw]:
        for start, end in strangers.addresses(view.text):
            if _address_key(view.text[start:end]) not in self._kept:
                yield *view.span(start, end), Kind.ADDRESS, frozenset()
        for start, end in strangers.numbers(view.text, self._regions, self._kept):
            yield *view.span(start, end), Kind.NUMBER, frozenset()


def find(
    text: str,
    people: Sequence[Person],
    *,
    strangers: bool,
    keep: Sequence[str] = (),
    region: str | None = None,
) -> tuple[Finding, ...]:
    """Return every member's contact or name in the text, and strangers' contacts if asked.

    `keep` are numbers and addresses, in any form, that strangers may have here: hotlines. They
    do not free a member's own contact, so that the egress guard agrees. `region` is the group's
    country (ISO 3166), in whose national form numbers may be written.
    """
    return Guard(people, strangers=strangers, keep=keep, region=region).find(text)


def _merged(raw: Iterable[_Raw]) -> Iterator[Finding]:
    """Yield one finding for each stretch of text: the best of what overlaps names it."""
    stretch: list[_Raw] = []
    end = 0
    for one in sorted(raw, key=lambda found: found[:2]):
        if stretch and one[0] >= end:
            yield _joined(stretch)
            stretch = []
        end = max(one[1], end) if stretch else one[1]
        stretch.append(one)
    if stretch:
        yield _joined(stretch)


def _joined(stretch: Sequence[_Raw]) -> Finding:
    best = min(stretch, key=_rank)
    owners = best[3]
    names = {whose for found in stretch if found[2] is Kind.NAME for whose in found[3]}
    shared = best[2] is Kind.NAME and len(names) > 1
    return Finding(
        start=stretch[0][0],
        end=max(found[1] for found in stretch),
        kind=best[2],
        whose=min(owners) if owners and not shared else None,
    )


def _rank(found: _Raw) -> tuple[bool, bool, bool, int]:
    """Order what overlaps: a member's contact, her name, a stranger's; the longer first."""
    start, end, kind, owners = found
    return not owners, kind is Kind.NAME, kind is Kind.NUMBER, start - end


def _regions(people: Sequence[Person], region: str | None) -> tuple[str, ...]:
    """Return the group's country and those of its members' numbers."""
    counted: dict[str, int] = {}
    for person in people:
        for contact in person.contacts:
            if (value := contact.reveal()).startswith("+"):
                home = _home(value)
                counted[home] = counted.get(home, 0) + 1
    homes = sorted(counted, key=lambda home: -counted[home])[:_HOMES]
    known = dict.fromkeys([*([region.upper()] if region else []), *homes])
    return tuple(home for home in known if home in phonenumbers.SUPPORTED_REGIONS)


def _home(number: str) -> str:
    digits = number[1:]
    for size in (1, 2, 3):
        regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(digits[:size] or 0), ())
        if regions:
            return regions[0]
    return ""


def _kept(keep: Sequence[str], regions: Sequence[str]) -> frozenset[str]:
    """Return every form of the kept contacts that a text may hold, as `_Look` compares them."""
    forms: set[str] = set()
    for entry in keep:
        plain = shadow.views(entry)[-1]
        if "@" in plain:
            forms.add(_address_key(plain))
            continue
        forms |= _number_forms(plain, regions)
    return frozenset(forms - {""})


def _number_forms(number: str, regions: Sequence[str]) -> set[str]:
    digits = "".join(re.findall("[0-9]", number))
    forms = {digits, digits.lstrip("0")}
    for region in regions or ("ZZ",):
        try:
            parsed = phonenumbers.parse(number.upper(), region)
        except NumberParseException:
            continue
        national = phonenumbers.national_significant_number(parsed)
        code = str(parsed.country_code)
        forms |= {national, code + national, code + "0" + national, "011" + code + national}
        forms |= {"11" + code + national, national.lstrip("0"), "1" + national}
    return forms


def _address_key(address: str) -> str:
    """Return the letters and digits of an address: alike for every way to write it."""
    return "@" + Letters(words.signs(address)).octets.decode("utf-8", "replace")
