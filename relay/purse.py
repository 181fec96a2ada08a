"""What a batch of copies would cost, and the budgets it is paid from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from policies.facts import Budget
from relay import wording
from relay.config import Limits
from relay.ending import Endings
from relay.model import Due
from relay.store.spending import EVERYBODY, Spending, Spent, renews

_MUCH = 8, 10
"""From eight tenths on facilitators are told."""


@dataclass(slots=True)
class Purse:
    """The budgets of the copies of one claim. What passes is reserved, what leaves is paid."""

    now: datetime
    spent: dict[int, Spent]
    limits: Limits
    reserved: Counter[int] = field(default_factory=Counter)
    paid: Counter[int] = field(default_factory=Counter)
    groups: dict[int, Due] = field(default_factory=dict)

    def budgets(self, due: Due) -> tuple[Budget, ...]:
        """The budgets a copy would be paid from, with what is reserved already."""
        owners = [(due.group_id, self._of_group(due)), (EVERYBODY, self.limits.per_day)]
        if due.author_id is not None:
            most = due.group_settings.member_budget or self.limits.member
            owners.append((due.author_id, most))
        return tuple(
            Budget(
                spent=self.spent[owner].units + self.reserved[owner],
                most=most,
                renews=renews(owner, self.now),
            )
            for owner, most in owners
        )

    def _of_group(self, due: Due) -> int:
        return due.group_settings.budget or self.limits.group

    def reserve(self, due: Due, cost: int) -> None:
        """It may leave, if there is room."""
        self.reserved.update(dict.fromkeys(_owners(due), cost))

    def pay(self, due: Due, cost: int) -> None:
        """It leaves."""
        self.paid.update(dict.fromkeys(_owners(due), cost))
        self.groups[due.group_id] = due

    def is_much(self, group_id: int) -> bool:
        """Whether most of a group's day is spent, and nobody knows yet."""
        before = self.spent[group_id]
        units = before.units + self.paid[group_id]
        most = self._of_group(self.groups[group_id])
        return not before.told and units * _MUCH[1] >= most * _MUCH[0]


def _owners(due: Due) -> list[int]:
    return [EVERYBODY, due.group_id] + ([due.author_id] if due.author_id is not None else [])


class Purses:
    """Opens purses, and writes down what was paid, in the transaction of a claim."""

    def __init__(self, spending: Spending, endings: Endings, limits: Limits) -> None:
        self._spending = spending
        self._endings = endings
        self._limits = limits

    async def alone(self, c: AsyncConnection) -> None:
        """Before anything is claimed: what is left of a budget must not be seen by two at once."""
        await self._spending.lock(c)

    async def open(self, c: AsyncConnection, rows: Sequence[Due], now: datetime) -> Purse:
        """The budgets of these copies."""
        owners = {owner for row in rows for owner in _owners(row)} | {EVERYBODY}
        return Purse(now, await self._spending.of(c, owners, now), self._limits)

    async def settle(self, c: AsyncConnection, purse: Purse) -> None:
        """Charge what was paid, and tell facilitators once a day that it is much."""
        await self._spending.add(c, +purse.paid, purse.now)
        for group_id in purse.groups:
            told = purse.is_much(group_id) and await self._spending.tell_once(
                c, group_id, purse.now
            )
            if told:
                await self._endings.tell_facilitators(c, group_id, wording.BUDGET, purse.now)
