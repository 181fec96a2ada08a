"""Cries for help that no facilitator has taken yet, and who may be called for them."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from policies.facts import GroupState, MemberState, Role
from relay.clock import milliseconds, moment
from relay.errors import RefusalError
from relay.log import trouble
from relay.model import Member, new_id
from relay.store.roster import Roster
from relay.store.tables import ALARM, GROUP, MEMBER
from relay.store.upsert import insert
from relay.vault.vault import UnsealError, Vault

_SHORT = (range(10, 100), range(100, 1000))
"""Two digits, which nobody says for another reason behind the word; three where those run out."""
_KEPT_IF_DAMAGED = timedelta(hours=12)
_RUNS_GROUP = [role for role in Role if role.runs_group]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """One cry. `due` is when to look at it again: to call the next, or to forget it."""

    id: int
    group_id: int
    member_id: int
    short: int
    due: datetime
    until: datetime
    """When it is forgotten."""
    called: tuple[int, ...]
    """The members who have been called."""
    over: bool = False
    """Everybody who could be called has been, or somebody has taken it."""
    taken: bool = False
    """Somebody looks after her. It is kept for a cry that follows."""
    stopped: bool = False
    """She had said stop before she cried."""
    crisis: bool = True
    """Cried with a word of crisis; else with one of help."""


class Alarms:
    """Reads and writes cries. Every method takes the connection of its transaction."""

    def __init__(self, vault: Vault, roster: Roster) -> None:
        self._vault = vault
        self._roster = roster

    async def runs_group(self, c: AsyncConnection, group_id: int) -> list[Member]:
        """The active members who run a group."""
        rows = await c.execute(
            sa.select(MEMBER).where(
                MEMBER.c.group_id == group_id,
                MEMBER.c.role.in_(_RUNS_GROUP),
                MEMBER.c.state == MemberState.ACTIVE,
            )
        )
        found = []
        for row in rows.mappings():
            try:
                found.append(self._roster.member_from(row))
            except (UnsealError, ValueError, TypeError, KeyError) as error:
                trouble(error, where="runs_group")  # the others are to be called all the same
        return found

    async def open_groups(self, c: AsyncConnection) -> list[int]:
        """The ids of the groups that are open."""
        found = sa.select(GROUP.c.id).where(GROUP.c.state == GroupState.OPEN)
        return list((await c.execute(found)).scalars())

    async def of(self, c: AsyncConnection, member_id: int) -> Alarm | None:
        """The last cry of a member. Nobody else opens one for her until this commits."""
        await c.execute(sa.select(MEMBER.c.id).where(MEMBER.c.id == member_id).with_for_update())
        found = await self._found(c, ALARM.c.member_id == member_id)
        return found[0] if found else None

    async def in_group(self, c: AsyncConnection, group_id: int) -> list[Alarm]:
        """The cries of a group."""
        return await self._found(c, ALARM.c.group_id == group_id)

    async def due(self, c: AsyncConnection, now: datetime) -> list[int]:
        """The ids of those of which the time has come, the longest due first. Takes no lock."""
        query = sa.select(ALARM.c.id).where(ALARM.c.due <= milliseconds(now))
        return list((await c.execute(query.order_by(ALARM.c.due))).scalars())

    async def take_due(self, c: AsyncConnection, alarm_id: int, now: datetime) -> Alarm | None:
        """One of them, for this transaction alone; `None` if another was faster."""
        which = sa.and_(ALARM.c.id == alarm_id, ALARM.c.due <= milliseconds(now))
        found = await self._found(c, which)
        return found[0] if found else None

    async def add(self, c: AsyncConnection, member: Member, draft: Alarm) -> Alarm:
        """Write a cry down under a number that no other one of its group has."""
        taken = {alarm.short for alarm in await self.in_group(c, member.group_id)}
        free = [n for n in _SHORT[len(taken) >= len(_SHORT[0]) // 2] if n not in taken]
        while free:
            alarm = replace(draft, id=new_id(), short=secrets.choice(free))
            row = {
                "id": alarm.id,
                "group_id": alarm.group_id,
                "member_id": alarm.member_id,
                "short": alarm.short,
                "due": milliseconds(alarm.due),
                "called": self._sealed(alarm),
            }
            done = await c.execute(insert(c, ALARM).on_conflict_do_nothing(), row)
            if done.rowcount == 1:
                return alarm
            free.remove(alarm.short)
        raise RefusalError("This group has too many open cries for help.")

    async def save(self, c: AsyncConnection, alarm: Alarm) -> None:
        """Write down how far it got."""
        await c.execute(
            sa.update(ALARM)
            .where(ALARM.c.id == alarm.id)
            .values(due=milliseconds(alarm.due), called=self._sealed(alarm))
        )

    async def end(self, c: AsyncConnection, alarm: Alarm) -> None:
        """Forget it."""
        await c.execute(sa.delete(ALARM).where(ALARM.c.id == alarm.id))

    async def _found(self, c: AsyncConnection, which: sa.ColumnElement[bool]) -> list[Alarm]:
        rows: Sequence[Any] = (
            (await c.execute(sa.select(ALARM).where(which).order_by(ALARM.c.id).with_for_update()))
            .mappings()
            .all()
        )
        return [self._opened(row) for row in rows]

    def _opened(self, row: Any) -> Alarm:
        """One whose card is damaged is rung once more from the beginning."""
        due = moment(row["due"])
        try:
            card = json.loads(self._vault.open(row["group_id"], _label(row["id"]), row["called"]))
        except (UnsealError, ValueError):
            card = {"until": milliseconds(due + _KEPT_IF_DAMAGED), "called": ()}
        return Alarm(
            id=row["id"],
            group_id=row["group_id"],
            member_id=row["member_id"],
            short=row["short"],
            due=due,
            until=moment(card.pop("until")),
            called=tuple(card.pop("called")),
            **card,
        )

    def _sealed(self, alarm: Alarm) -> bytes:
        card = {
            "until": milliseconds(alarm.until),
            "called": alarm.called,
            "over": alarm.over,
            "taken": alarm.taken,
            "stopped": alarm.stopped,
            "crisis": alarm.crisis,
        }
        return self._vault.seal(alarm.group_id, _label(alarm.id), json.dumps(card))


def _label(alarm_id: int) -> str:
    return f"alarm-{alarm_id}"
