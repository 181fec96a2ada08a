"""Who of a group sleeps right now, and what waits for her."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from policies.windows import quiet_until
from relay.clock import milliseconds
from relay.engine import Engine
from relay.judge import quiet_windows
from relay.store.tables import DELIVERY


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """One reader."""

    waiting: int
    """Copies that are held for her."""
    until: int | None
    """When her quiet hours end, in milliseconds since 1970; `None` while she is awake."""


async def nights(engine: Engine, group: str) -> dict[str, Night]:
    """By pseudonym."""
    found, members = await engine.registrar.group(group)
    counted = sa.select(DELIVERY.c.member_id, sa.func.count()).group_by(DELIVERY.c.member_id)
    async with engine.database.reading() as c:
        waiting: dict[int, int] = {row[0]: row[1] for row in await c.execute(counted)}
    now, asleep = engine.clock.now(), {}
    for member in members:
        until = quiet_until(quiet_windows(found.settings, member.settings), now)
        asleep[member.name.reveal()] = Night(
            waiting=waiting.get(member.id, 0),
            until=None if until is None else milliseconds(until),
        )
    return asleep
