"""Renting proxy numbers: `relay number buy` and `sync`. Nothing is ever given back.

A number that was given back would be rented to a stranger, who would get what members still write
to it. So there is no word for that here, and none in `Market`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

from channels.secret import Secret
from relay.errors import RefusalError
from relay.log import describe
from relay.registrar import Registrar

_MOST_AT_ONCE = 20
_NORTH_AMERICA = frozenset({"US", "CA"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rented:
    """A number that is rented to us."""

    number: Secret
    points_here: bool
    """Whether texts, texts after trouble, and calls to it are all brought to this relay."""
    texts: bool = True
    """Whether it can text at all."""


class Market(Protocol):
    """Where numbers are rented. Every method raises `RefusalError` if it does not work out."""

    async def search(
        self, *, country: str, area_code: str | None, toll_free: bool, limit: int
    ) -> list[Secret]:
        """Find numbers on offer that can text, at most so many."""
        ...

    async def buy(self, number: Secret) -> None:
        """Rent one of these. Costs money from now on."""
        ...

    async def rented(self) -> list[Rented]:
        """All numbers that are rented to us."""
        ...

    async def point(self, number: Secret) -> None:
        """Have texts, texts after trouble, and calls to a rented number brought to this relay."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What kind of number is wanted, and how many."""

    country: str
    area_code: str | None
    toll_free: bool
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """How the pool and what is rented compare, and what was done about it."""

    rented: int
    """How many numbers that are ours or could be: those that can text, and the pool's."""
    pointed: tuple[Secret, ...]
    """Did not point here, and do now."""
    added: tuple[Secret, ...]
    """Were rented but not in the pool, and are now."""
    unknown: tuple[Secret, ...]
    """Are rented but not in the pool; somebody else may use them, and they are left alone."""
    missing: tuple[Secret, ...]
    """Are in the pool but not rented: what is written to them reaches nobody."""


def read_wish(*, country: str, area_code: str | None, toll_free: bool, count: int) -> Wish:
    """Check what was typed. Raises `RefusalError`."""
    country = country.upper()
    if not re.fullmatch("[A-Z]{2}", country):
        raise RefusalError("A country is given by its two letters, such as US.")
    if area_code is not None and country not in _NORTH_AMERICA:
        raise RefusalError("Only numbers of the United States and Canada have area codes.")
    if area_code is not None and not re.fullmatch("[2-9][0-9]{2}", area_code):
        raise RefusalError("An area code has three digits, of which the first is 2 to 9.")
    if not 1 <= count <= _MOST_AT_ONCE:
        raise RefusalError(f"From 1 to {_MOST_AT_ONCE} numbers can be bought at once.")
    return Wish(country=country, area_code=area_code, toll_free=toll_free, count=count)


async def buy(market: Market, registrar: Registrar, wish: Wish) -> list[Secret]:
    """Rent numbers, point them here, and add each to the pool once it is ready.

    Raises `RefusalError`. If fewer are on offer, nothing is bought. If something breaks on the
    way, what was finished stays, and the sentence says how to make up for the rest.
    """
    found = await market.search(
        country=wish.country,
        area_code=wish.area_code,
        toll_free=wish.toll_free,
        limit=wish.count,
    )
    if len(found) < wish.count:
        raise RefusalError(f"Only {len(found)} such numbers are on offer; nothing was bought.")
    bought = found[: wish.count]
    for done, number in enumerate(bought):
        try:
            await market.buy(number)
        except RefusalError as error:
            raise RefusalError(
                f"{str(error).rstrip('.')}; {done} of {wish.count} numbers were bought and are in"
                " the pool, and `relay number sync` shows whether another one is rented."
            ) from None
        await _finish(market, registrar, number)
    return bought


async def _finish(market: Market, registrar: Registrar, number: Secret) -> None:
    """Point first: a number that nobody listens to must not be given to a phone."""
    try:
        await market.point(number)
        await registrar.add_numbers([number.reveal()])
    except Exception as error:  # noqa: BLE001 - it is paid for: whatever broke, she has to hear that
        why = str(error).rstrip(".") if isinstance(error, RefusalError) else describe(error)
        raise RefusalError(
            "A number was bought and is not in the pool yet; once this is mended,"
            f" `relay number sync --add` puts it there: {why}."
        ) from None


async def sync(market: Market, registrar: Registrar, *, add: bool) -> Synced:
    """Point every number of the pool here, and compare the pool with what is rented.

    What is rented but not in the pool may serve something else of the organisation's: it is named,
    and only with `add` pointed here and added. What cannot text is none of ours. Raises
    `RefusalError`; what fails halfway can be repeated.
    """
    ours = [one.number for one in (await registrar.pool()).numbers]
    known = frozenset(ours)
    rented = [one for one in await market.rented() if one.texts or one.number in known]
    unknown = tuple(one.number for one in rented if one.number not in known)
    astray = tuple(
        one.number for one in rented if not one.points_here and (add or one.number in known)
    )
    for number in astray:
        await market.point(number)
    if add:
        await registrar.add_numbers([number.reveal() for number in unknown])
    theirs = {one.number for one in rented}
    return Synced(
        rented=len(rented),
        pointed=astray,
        added=unknown if add else (),
        unknown=() if add else unknown,
        missing=tuple(number for number in ours if number not in theirs),
    )
