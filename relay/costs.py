"""What texts cost in a month, estimated from counters. No text, phone or group is looked at.

Everything is counted by day: what went out on the days of carriers, what came in on those of UTC.
Only whole days count, so not today.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from relay.clock import day
from relay.config import Settings
from relay.engine import Engine
from relay.errors import RefusalError
from relay.store.spending import EVERYBODY, Spending, carriers_day
from relay.store.tables import NUMBER, SPENT, TALLY

MOST_DAYS = 35
"""Counters are kept no longer."""

_MONTH = 30
"""Days. Twilio charges numbers by the month and texts one by one."""
_TEXTS_IN = "texts_in"
_CURRENCY = "USD"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What the counters say."""

    segments_out: int
    texts_in: int
    numbers: int
    """Of the pool, parked ones too: they are rented as well."""
    days: int
    """Over how many whole days; 0 if nothing has been counted before today."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What was counted, and what a month like that costs at our prices."""

    counted: Counted
    text_price: Decimal
    number_price: Decimal

    @property
    def segments_out(self) -> int:
        """Segments that a month would have."""
        return round(self._month(self.counted.segments_out))

    @property
    def texts_in(self) -> int:
        """Texts that a month would bring in."""
        return round(self._month(self.counted.texts_in))

    @property
    def estimate(self) -> Decimal:
        """Dollars a month, to the cent."""
        texts = self._month(self.counted.segments_out + self.counted.texts_in)
        price = texts * Fraction(self.text_price)
        price += self.counted.numbers * Fraction(self.number_price)
        return Decimal(round(price * 100)).scaleb(-2)

    def _month(self, units: int) -> Fraction:
        return Fraction(units * _MONTH, self.counted.days) if self.counted.days else Fraction(0)

    def shown(self) -> dict[str, Any]:
        """The same for programs. The estimate is text, so that no cent gets lost."""
        return {
            "segments_out": self.counted.segments_out,
            "texts_in": self.counted.texts_in,
            "numbers": self.counted.numbers,
            "days": self.counted.days,
            "month": {
                "segments_out": self.segments_out,
                "texts_in": self.texts_in,
                "numbers": self.counted.numbers,
            },
            "currency": _CURRENCY,
            "estimate": str(self.estimate),
        }

    def sentences(self) -> list[str]:
        """The same for people, with what it does not know."""
        it = self.counted
        if not it.days:
            return [
                f"No whole day with texts has been counted yet. Numbers alone: {it.numbers} at"
                f" {self.number_price:f}, so {self.estimate} {_CURRENCY} a month."
            ]
        return [
            f"Whole days counted: {it.days}. Segments out: {it.segments_out}."
            f" Texts in: {it.texts_in}. Numbers in the pool: {it.numbers}.",
            f"A month like that costs about {self.estimate} {_CURRENCY}:"
            f" segments out, {self.segments_out}, and texts in, {self.texts_in},"
            f" at {self.text_price:f} each; numbers, {it.numbers}, at {self.number_price:f} each.",
            "It is an estimate. Prices are RELAY_TEXT_PRICE and RELAY_NUMBER_PRICE: what carriers"
            " add is in it as far as it is in those; registration, taxes and calls are not."
            " A text that came in counts as one segment, a message with pictures that goes out as"
            " three, and texts of strangers as nothing; all of these may cost more.",
        ]


async def costs(engine: Engine, days: int) -> Costs:
    """Estimate a month from the last `days` whole days. Raises `RefusalError`."""
    if not 1 <= days <= MOST_DAYS:
        raise RefusalError(f"From 1 to {MOST_DAYS} days can be looked at; no more are kept.")
    async with engine.database.reading() as c:
        counted = await _counted(c, engine.spending, engine.clock.now(), days)
    return at_prices(counted, engine.settings)


def at_prices(counted: Counted, settings: Settings) -> Costs:
    """What was counted, at the prices that are set."""
    return Costs(
        counted=counted,
        text_price=Decimal(str(settings.text_price)),
        number_price=Decimal(str(settings.number_price)),
    )


async def _counted(c: AsyncConnection, spending: Spending, now: datetime, days: int) -> Counted:
    today = day(now)
    came_in = sa.select(sa.func.coalesce(sa.func.sum(TALLY.c.count), 0)).where(
        TALLY.c.word == _TEXTS_IN, TALLY.c.day >= today - days, TALLY.c.day < today
    )
    numbers = sa.select(sa.func.count()).select_from(NUMBER)
    return Counted(
        segments_out=sum((await spending.last_days(c, now, days)).values()),
        texts_in=int((await c.execute(came_in)).scalar_one()),
        numbers=int((await c.execute(numbers)).scalar_one()),
        days=min(days, await _age(c, now)),
    )


async def _age(c: AsyncConnection, now: datetime) -> int:
    """How many days ago the first text was counted, of those that are kept.

    A relay that is a week old must not look as if it had been silent for the rest of the month.
    """
    out = sa.select(sa.func.min(SPENT.c.day)).where(SPENT.c.owner == EVERYBODY)
    came_in = sa.select(sa.func.min(TALLY.c.day)).where(TALLY.c.word == _TEXTS_IN)
    first_out = (await c.execute(out)).scalar_one()
    first_in = (await c.execute(came_in)).scalar_one()
    return max(
        0 if first_out is None else carriers_day(now) - first_out,
        0 if first_in is None else day(now) - first_in,
    )
