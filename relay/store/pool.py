"""The pool of proxy numbers: which number a phone is given, and how many groups it could join.

What names a membership is the pair of a phone and a number, stored as a keyed index: a route. A
pair is live while its member is there, whatever her state. After that it rests: a late text must
not land in another group. So a phone needs as many numbers as it has pairs, live and resting.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.contact import SMS
from channels.secret import Contact, Secret
from relay import lines
from relay.clock import day
from relay.errors import RefusalError
from relay.lines import Kind, Line
from relay.model import new_id
from relay.store.tables import MEMBER, NUMBER, ROUTE
from relay.vault.vault import Purpose, UnsealError, Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyNumber:
    """A rented number of the pool."""

    id: int
    number: Secret
    parked: bool
    country: str
    """ISO 3166-1 alpha-2, or a calling code such as `+1`."""
    kind: Kind
    pairs: int
    """How many phones write to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """How far the pool goes for the phones of one country."""

    country: str
    usable: int
    """Numbers such a phone may be given: not parked, of its country or fit for it."""
    busiest: int
    """The most of these that one member's phone has a pair with, live or resting."""

    @property
    def joinable(self) -> int:
        """How many more groups that phone could join, and therefore any."""
        return self.usable - self.busiest

    @property
    def advice(self) -> str:
        """What to do, as a sentence; empty where nothing has to be done."""
        if self.joinable > 0:
            return ""
        return "Buy a number: one phone could join no further group."


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """The numbers by country, kind and value, and the capacity for each country, by country."""

    numbers: tuple[ProxyNumber, ...]
    capacities: tuple[Capacity, ...]

    def capacity(self, country: str) -> Capacity:
        """The capacity for phones of a country of which there is a number or a phone."""
        return next(c for c in self.capacities if c.country == country)


class Numbers:
    """Reads and writes the pool. Every method takes the connection of its transaction.

    `quarantine` is how long the pair of a removed member leads nowhere.
    """

    def __init__(self, vault: Vault, quarantine: timedelta) -> None:
        self._vault = vault
        self._quarantine = quarantine

    async def add(self, c: AsyncConnection, number: Contact) -> None:
        """Add a rented number to the pool. Raises `RefusalError` if it is there."""
        if await self.is_ours(c, number.reveal()):
            raise RefusalError("This number is in the pool already.")
        row_id, blind = new_id(), self._blind(number.reveal())
        sealed = self._vault.seal_house("number", row_id, number.reveal())
        row = {"id": row_id, "number_blind": blind, "sealed": sealed, "parked": False}
        await c.execute(sa.insert(NUMBER), row)

    async def park(self, c: AsyncConnection, number: Contact) -> None:
        """Give the number to nobody new; who has it keeps it. Raises `RefusalError`."""
        mine = NUMBER.c.number_blind == self._blind(number.reveal())
        if (await c.execute(sa.update(NUMBER).where(mine).values(parked=True))).rowcount == 0:
            raise RefusalError("This number is not in the pool.")

    async def is_ours(self, c: AsyncConnection, number: str) -> bool:
        """Whether a phone number is one of the pool."""
        query = sa.select(NUMBER.c.id).where(NUMBER.c.number_blind == self._blind(number))
        return (await c.execute(query.limit(1))).first() is not None

    async def allocate(
        self, c: AsyncConnection, phone: Contact, in_group: Mapping[str, int]
    ) -> str:
        """Find a number that leads nowhere yet for this phone. Raises `RefusalError`.

        `in_group` counts the members of the group by number: their number comes first, or last
        where it counts below nothing. Others who ask for the same phone have to wait until this
        transaction has ended.
        """
        pool = {text: lines.line(text) for text, parked in await self._texts(c) if not parked}
        own = lines.line(phone.reveal())
        pairs = {self.pair(n, phone): n for n in lines.candidates(own, pool)}
        taken = await c.execute(sa.select(ROUTE.c.blind).where(ROUTE.c.blind.in_(list(pairs))))
        for (blind,) in taken:
            del pairs[blind]
        if not pairs:
            raise RefusalError(
                "There is no proxy number free for this phone; add one with `relay number add`."
            )
        return lines.first_choice(own, {n: pool[n] for n in pairs.values()}, in_group)

    def pair(self, number: str, phone: Contact) -> bytes:
        """The keyed index of a phone and a number: it names one membership."""
        return self._vault.index(Purpose.PAIR, number, phone.reveal())

    def rests_until(self, now: datetime) -> int:
        """The last day on which the pair of who is removed now leads nowhere."""
        return day(now + self._quarantine)

    async def pool(self, c: AsyncConnection) -> Pool:
        """The whole pool, and what it has room for.

        A phone is counted while it belongs to a member of some group: of others nothing is known.
        """
        rows = (await c.execute(sa.select(NUMBER))).mappings().all()
        texts = {r["id"]: self._vault.open_house("number", r["id"], r["sealed"]) for r in rows}
        own = {text: lines.line(text) for text in texts.values()}
        usable = {texts[r["id"]]: own[texts[r["id"]]] for r in rows if not r["parked"]}
        phones = [(phone, lines.line(phone.reveal())) for phone in await self._phones(c)]
        held, pairs = await self._held(c, [phone for phone, _ in phones], own)
        numbers = [
            ProxyNumber(
                id=row["id"],
                number=Secret(text := texts[row["id"]]),
                parked=row["parked"],
                country=own[text].country,
                kind=own[text].kind,
                pairs=pairs[text],
            )
            for row in sorted(rows, key=lambda r: lines.in_order(texts[r["id"]]))
        ]
        capacities = _capacities(usable, own.values(), [(p, held[phone]) for phone, p in phones])
        return Pool(numbers=tuple(numbers), capacities=tuple(capacities))

    async def _texts(self, c: AsyncConnection) -> list[tuple[str, bool]]:
        rows = await c.execute(sa.select(NUMBER.c.id, NUMBER.c.sealed, NUMBER.c.parked))
        return [(self._vault.open_house("number", row, sealed), bool(p)) for row, sealed, p in rows]

    async def _phones(self, c: AsyncConnection) -> set[Contact]:
        """The phones of all members, each once; of who was removed just now nothing is left."""
        phones = set()
        query = sa.select(MEMBER.c.id, MEMBER.c.contact).where(MEMBER.c.channel == SMS)
        for member_id, sealed in await c.execute(query):
            try:
                phones.add(Contact(SMS, self._vault.open(member_id, "contact", sealed)))
            except UnsealError:
                continue
        return phones

    async def _held(
        self, c: AsyncConnection, phones: Iterable[Contact], numbers: Iterable[str]
    ) -> tuple[dict[Contact, set[str]], Counter[str]]:
        """The numbers each phone has a pair with, and how many live pairs each number has."""
        rows = await c.execute(sa.select(ROUTE.c.blind, ROUTE.c.member_id))
        routes = {row.blind: row.member_id for row in rows}
        held: dict[Contact, set[str]] = {}
        live: Counter[str] = Counter()
        texts = list(numbers)
        for phone in phones:
            found = {n: b for n in texts if (b := self.pair(n, phone)) in routes}
            held[phone] = set(found)
            live.update(n for n, blind in found.items() if routes[blind] is not None)
        return held, live

    def _blind(self, number: str) -> bytes:
        return self._vault.index(Purpose.NUMBER, number)


def _capacities(
    usable: Mapping[str, Line], pool: Iterable[Line], phones: Iterable[tuple[Line, set[str]]]
) -> list[Capacity]:
    """The capacity for each country of which there is a number or a phone, by its name."""
    found = list(phones)
    homes = {one.country: one for one in [*pool, *(phone for phone, _ in found)]}
    fit = {name: set(lines.candidates(home, usable)) for name, home in homes.items()}
    busiest = dict.fromkeys(homes, 0)
    for phone, held in found:
        name = phone.country
        busiest[name] = max(busiest[name], len(held & fit[name]))
    return [
        Capacity(country=name, usable=len(fit[name]), busiest=busiest[name])
        for name in sorted(homes)
    ]
