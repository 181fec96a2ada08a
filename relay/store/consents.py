"""Who lets whom write to her alone: wishes that were not answered yet, and consents.

A consent is two rows, one for each of the two, sealed under her own key: with whom, and, for a
phone, the number that leads to the other one alone. Without the keys the table tells who has some
such consent, and nothing of with whom.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.contract import NO_WORDS
from channels.secret import Contact, Secret
from relay.clock import milliseconds
from relay.store.pool import Numbers
from relay.store.tables import CONSENT, ROUTE
from relay.vault.vault import Purpose, UnsealError, Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of two members who may write to each other alone, and how she does."""

    member_id: int
    phone: Contact | None = None
    """`None` if she mails."""
    number: Secret = NO_WORDS
    """The proxy number to which her phone writes to the other one."""


class Consents:
    """Reads and writes consents. Every method takes the connection of its transaction."""

    def __init__(self, vault: Vault, numbers: Numbers) -> None:
        self._vault = vault
        self._numbers = numbers

    async def ask(self, c: AsyncConnection, asked_id: int, asker_id: int, until: datetime) -> None:
        """Note that a member asks another one, who may say yes until a time."""
        await self._drop(c, asked_id, asker_id)
        await self._add(c, Side(member_id=asked_id), asker_id, b"", milliseconds(until))

    async def is_asked(
        self, c: AsyncConnection, asked_id: int, asker_id: int, now: datetime
    ) -> bool:
        """Whether a member is being asked by another one."""
        until = await self._until(c, asked_id, asker_id)
        return until is not None and until > milliseconds(now)

    async def askers(self, c: AsyncConnection, asked_id: int, now: datetime) -> list[int]:
        """Who asks a member now."""
        hers = sa.and_(CONSENT.c.member_id == asked_id, CONSENT.c.until > milliseconds(now))
        rows = await c.execute(sa.select(CONSENT.c.sealed).where(hers))
        return [int(self._card(asked_id, sealed)["other"]) for sealed in rows.scalars()]

    async def are_open(self, c: AsyncConnection, one_id: int, other_id: int) -> bool:
        """Whether these two may write to each other alone."""
        rows = await self.numbers(c, [(one_id, other_id), (other_id, one_id)])
        return len(rows) == 2

    async def agree(self, c: AsyncConnection, one: Side, other: Side) -> None:
        """Let these two write to each other alone, and lead their numbers there."""
        for side, to in ((one, other), (other, one)):
            await self._drop(c, side.member_id, to.member_id)
            pair = b""
            if side.phone is not None:
                pair = self._numbers.pair(side.number.reveal(), side.phone)
                route = {"blind": pair, "member_id": to.member_id, "to_mask": True}
                await c.execute(sa.insert(ROUTE), route)
            await self._add(c, side, to.member_id, pair, None)

    async def numbers(
        self, c: AsyncConnection, wanted: Collection[tuple[int, int]]
    ) -> Mapping[tuple[int, int], Secret]:
        """Where members write to others alone, by member and other; nothing for who may not.

        Empty for who mails.
        """
        blinds = {self._blind(*pair): pair for pair in wanted}
        if not blinds:
            return {}
        agreed = sa.and_(CONSENT.c.blind.in_(list(blinds)), CONSENT.c.until.is_(None))
        found = {}
        for blind, sealed in await c.execute(
            sa.select(CONSENT.c.blind, CONSENT.c.sealed).where(agreed)
        ):
            pair = blinds[bytes(blind)]
            try:
                found[pair] = Secret(self._card(pair[0], sealed)["number"])
            except UnsealError:
                continue  # she was just removed
        return found

    async def end(self, c: AsyncConnection, one_id: int, other_id: int, now: datetime) -> bool:
        """Let neither write to the other alone any more; their pairs rest. Whether they did."""
        ended = False
        for pair in ((one_id, other_id), (other_id, one_id)):
            ended |= await self._drop(c, *pair, now=now)
        return ended

    async def end_all(self, c: AsyncConnection, member_ids: Sequence[int], now: datetime) -> None:
        """The same with everybody, for members who go."""
        query = sa.select(CONSENT.c.member_id, CONSENT.c.sealed)
        rows = await c.execute(query.where(CONSENT.c.member_id.in_(member_ids)))
        for member_id, sealed in rows.all():
            await self.end(c, member_id, int(self._card(member_id, sealed)["other"]), now)

    async def drop_unanswered(self, c: AsyncConnection, now: datetime) -> None:
        """Forget wishes that nobody answered in time."""
        await c.execute(sa.delete(CONSENT).where(CONSENT.c.until <= milliseconds(now)))

    # Inner -----------------------------------------------------------------------------------

    async def _until(self, c: AsyncConnection, member_id: int, other_id: int) -> int | None:
        query = sa.select(CONSENT.c.until).where(
            CONSENT.c.blind == self._blind(member_id, other_id)
        )
        until: int | None = (await c.execute(query)).scalar_one_or_none()
        return until

    async def _add(
        self, c: AsyncConnection, side: Side, other_id: int, pair: bytes, until: int | None
    ) -> None:
        card = {"other": str(other_id), "number": side.number.reveal(), "pair": pair.hex()}
        row = {
            "blind": self._blind(side.member_id, other_id),
            "member_id": side.member_id,
            "until": until,
            "sealed": self._vault.seal(side.member_id, "consent", json.dumps(card)),
        }
        await c.execute(sa.insert(CONSENT), row)

    async def _drop(
        self, c: AsyncConnection, member_id: int, other_id: int, now: datetime | None = None
    ) -> bool:
        """Delete one row; with a time, what it led to rests from then on. Whether it was agreed."""
        this = sa.delete(CONSENT).where(CONSENT.c.blind == self._blind(member_id, other_id))
        row = (await c.execute(this.returning(CONSENT.c.until, CONSENT.c.sealed))).first()
        if row is None:
            return False
        pair = bytes.fromhex(self._card(member_id, row.sealed)["pair"])
        if pair and now is not None:
            rests = {"member_id": None, "until_day": self._numbers.rests_until(now)}
            await c.execute(sa.update(ROUTE).where(ROUTE.c.blind == pair).values(**rests))
        return row.until is None

    def _card(self, member_id: int, sealed: bytes) -> dict[str, Any]:
        card: dict[str, Any] = json.loads(self._vault.open(member_id, "consent", sealed))
        return card

    def _blind(self, member_id: int, other_id: int) -> bytes:
        return self._vault.index(Purpose.CONSENT, member_id, other_id)
