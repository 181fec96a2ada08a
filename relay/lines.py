"""What a phone number tells by itself: its country and what kind of sender it is. Pure.

Region and kind are those of the `phonenumbers` tables. Numbers of the North American area code
555, as in examples and Twilio's tests, have no region: for them the calling code has to do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberType

_LONGEST_SHORT_CODE = 6
_SHARED_TOLL_FREE = frozenset({"US", "CA"})
"""Toll-free codes of the North American plan lead to the same senders in both."""


class Kind(StrEnum):
    """What kind of sender a number is; carriers treat each differently."""

    LOCAL = "local"
    MOBILE = "mobile"
    TOLL_FREE = "toll_free"
    SHORT = "short"


_ORDER = tuple(Kind)
_LONG = frozenset({Kind.LOCAL, Kind.MOBILE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Where a number is at home."""

    code: int
    """The country calling code."""
    region: str | None
    """ISO 3166-1 alpha-2; `None` where the number does not tell."""
    kind: Kind

    @property
    def country(self) -> str:
        """The region, or the calling code such as `+1`: the name under which it is counted."""
        return self.region or f"+{self.code}"


def line(number: str) -> Line:
    """Read a number in E.164 form. Raises nothing: what is no number of any country is `+0`."""
    try:
        parsed = phonenumbers.parse(number, None)
    except NumberParseException:
        return Line(code=0, region=None, kind=Kind.LOCAL)
    region = phonenumbers.region_code_for_number(parsed)
    named = region if region and region.isalpha() else None  # `001` stands for satellites and such
    return Line(code=parsed.country_code or 0, region=named, kind=_kind(parsed))


def _kind(parsed: phonenumbers.PhoneNumber) -> Kind:
    if len(str(parsed.national_number)) <= _LONGEST_SHORT_CODE:
        return Kind.SHORT
    found = phonenumbers.number_type(parsed)
    kinds = {PhoneNumberType.MOBILE: Kind.MOBILE, PhoneNumberType.TOLL_FREE: Kind.TOLL_FREE}
    return kinds.get(found, Kind.LOCAL)


def in_order(number: str) -> tuple[str, int, int]:
    """The key that sorts the pool: by country, then by kind, then in numerical order."""
    own = line(number)
    return own.country, _ORDER.index(own.kind), int(number.removeprefix("+"))


def candidates(phone: Line, pool: Mapping[str, Line]) -> list[str]:
    """The numbers a phone may be given: those of its country.

    If the pool has none, then long codes of other countries: a phone abroad cannot reach toll-free
    numbers and short codes. A toll-free number of the United States serves Canada besides.
    """
    home = [number for number, own in pool.items() if _at_home(phone, own)]
    if home:
        return home + [n for n, own in pool.items() if n not in home and _shared(phone, own)]
    return [n for n, own in pool.items() if own.kind in _LONG or _shared(phone, own)]


def _at_home(phone: Line, own: Line) -> bool:
    regions = {phone.region, own.region}
    return phone.code == own.code and (len(regions) == 1 or None in regions)


def _shared(phone: Line, own: Line) -> bool:
    both = {phone.region, own.region} <= _SHARED_TOLL_FREE
    return own.kind is Kind.TOLL_FREE and phone.code == own.code == 1 and both


def first_choice(phone: Line, free: Mapping[str, Line], in_group: Mapping[str, int]) -> str:
    """The best of some free numbers, of which there is at least one.

    What most of the group writes to already, so that they can speak of one number; then the same
    region, local before toll-free, the lowest. `in_group` counts the group's members by number.
    """

    def rank(number: str) -> tuple[int, bool, bool, int]:
        own = free[number]
        elsewhere = own.code != phone.code or own.region != phone.region
        special = own.kind not in _LONG
        return -in_group.get(number, 0), elsewhere, special, int(number.removeprefix("+"))

    return min(free, key=rank)
