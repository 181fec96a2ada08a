"""Posts that are to come later; what is said and when again is sealed under the group's key."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.secret import Secret
from relay.clock import milliseconds, moment
from relay.model import new_id
from relay.store.tables import PLANNED
from relay.vault.vault import UnsealError, Vault

_LABEL = "planned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One post that is to come."""

    id: int
    group_id: int
    member_id: int
    number: int
    due: datetime
    words: Secret | None
    """`None` if the key of the group is gone."""
    subject: Secret
    occasion: str
    """As `relay.words.occasions` wrote it."""


class Planned:
    """Reads and writes plans. Every method takes the connection of its transaction."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    async def add(
        self,
        c: AsyncConnection,
        *,
        group_id: int,
        member_id: int,
        number: int,
        due: datetime,
        words: Secret,
        subject: Secret,
        occasion: str,
    ) -> None:
        """Keep a post until its time."""
        said = [words.reveal(), occasion, subject.reveal()]
        text = json.dumps(said, ensure_ascii=False)
        row = {
            "id": new_id(),
            "group_id": group_id,
            "member_id": member_id,
            "short": number,
            "due": milliseconds(due),
            "sealed": self._vault.seal(group_id, _LABEL, text),
        }
        await c.execute(sa.insert(PLANNED), row)

    async def of_group(self, c: AsyncConnection, group_id: int) -> list[Plan]:
        """All of a group, the next first."""
        query = sa.select(PLANNED).where(PLANNED.c.group_id == group_id)
        rows = await c.execute(query.order_by(PLANNED.c.due, PLANNED.c.id))
        return [self._opened(row) for row in rows.mappings()]

    async def take_back(self, c: AsyncConnection, group_id: int, number: int) -> bool:
        """Delete one. `False` if there is none of this number."""
        this = sa.and_(PLANNED.c.group_id == group_id, PLANNED.c.short == number)
        return (await c.execute(sa.delete(PLANNED).where(this))).rowcount == 1

    async def due(self, c: AsyncConnection, now: datetime) -> list[int]:
        """The ids of those whose time has come, the earliest first."""
        query = sa.select(PLANNED.c.id).where(PLANNED.c.due <= milliseconds(now))
        return list((await c.execute(query.order_by(PLANNED.c.due, PLANNED.c.id))).scalars())

    async def hold(self, c: AsyncConnection, plan_id: int, now: datetime) -> Plan | None:
        """One of them, locked until this transaction ends; `None` if another has it, or had it."""
        is_due = sa.and_(PLANNED.c.id == plan_id, PLANNED.c.due <= milliseconds(now))
        query = sa.select(PLANNED).where(is_due).with_for_update(skip_locked=True)
        row = (await c.execute(query)).mappings().first()
        return None if row is None else self._opened(row)

    async def move(self, c: AsyncConnection, plan: Plan, due: datetime | None) -> None:
        """Let it come again at a time; without one it is over."""
        this = PLANNED.c.id == plan.id
        if due is None:
            await c.execute(sa.delete(PLANNED).where(this))
        else:
            await c.execute(sa.update(PLANNED).where(this).values(due=milliseconds(due)))

    def _opened(self, row: Any) -> Plan:
        words, occasion, subject = None, "", ""
        try:
            said, occasion, subject = json.loads(
                self._vault.open(row["group_id"], _LABEL, row["sealed"])
            )
            words = Secret(said)
        except UnsealError:
            pass
        return Plan(
            id=row["id"],
            group_id=row["group_id"],
            member_id=row["member_id"],
            number=row["short"],
            due=moment(row["due"]),
            words=words,
            subject=Secret(subject),
            occasion=occasion,
        )
