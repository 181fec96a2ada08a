"""The rota of a group, for who sits at the command line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from policies.facts import MemberState
from policies.pseudonym import skeleton
from relay import duty
from relay.duty import Gap
from relay.engine import Engine
from relay.errors import RefusalError
from relay.model import Group, Member, show_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Rota:
    """Who runs a group, and the next hours in which nobody is on duty."""

    group: Group
    people: Sequence[Member]
    gap: Gap | None
    now: datetime

    def rows(self) -> list[dict[str, Any]]:
        """One for each who runs the group, with times on her own clock."""
        return [self._row(member) for member in self.people]

    def shown(self) -> dict[str, Any]:
        """All of it, with times in UTC."""
        gap = self.gap
        return {
            "group": show_id(self.group.id),
            "uses_duty": duty.uses_duty(self.people),
            "nobody_from": None if gap is None else _utc(gap.start),
            "nobody_until": None if gap is None else _utc(gap.end),
            "people": self.rows(),
        }

    def sentence(self) -> str:
        """When nobody is on duty, on the clock of the group."""
        if not duty.uses_duty(self.people):
            return "Nobody has said when she is on duty: a call for help goes to all at once."
        if self.gap is None:
            return "Somebody is on duty at all hours of the days to come."
        zone = duty.zone_of_group(self.group.settings)
        start = duty.shown(self.gap.start, zone, self.now)
        if self.gap.end is None:
            return f"Nobody is on duty from {start} on."
        return f"Nobody is on duty from {start} to {duty.shown(self.gap.end, zone, self.now)}."

    def _row(self, member: Member) -> dict[str, Any]:
        settings = self.group.settings
        on = duty.is_on_duty(member, settings, self.now)
        ends = duty.shift_ends(member, settings, self.now) if on else None
        zone = duty.zone_of(member, settings)
        return {
            "name": member.name.reveal(),
            "role": str(member.role),
            "on_duty": on,
            "until": "" if ends is None else duty.shown(ends, zone, self.now),
            "hours": member.settings.duty,
        }


async def look(engine: Engine, key: str) -> Rota:
    """The rota of a group. Raises `RefusalError`."""
    group, members = await engine.registrar.group(key)
    people = [m for m in members if m.facilitator and m.state is MemberState.ACTIVE]
    now = engine.clock.now()
    gap = duty.next_gap(people, group.settings, now) if duty.uses_duty(people) else None
    return Rota(group=group, people=people, gap=gap, now=now)


async def put(engine: Engine, key: str, name: str, *, on: bool, hours: int | None) -> Rota:
    """Put one who runs a group on duty, or off. Raises `RefusalError`."""
    rota = await look(engine, key)
    hers = [m for m in rota.people if skeleton(m.name.reveal()) == skeleton(name)]
    if not hers:
        raise RefusalError("Nobody of that name runs this group.")
    now = engine.clock.now()
    async with engine.database.writing() as c:
        member = await engine.roster.find_member(c, show_id(hers[0].id), lock=True)
        settings = duty.go_off_duty(member, rota.group.settings, now)
        if on:
            settings = duty.go_on_duty(member.settings, hours, now)
        await engine.roster.save_member(c, replace(member, settings=settings))
    return await look(engine, key)


def _utc(at: datetime | None) -> str | None:
    return None if at is None else at.strftime("%Y-%m-%dT%H:%MZ")
