"""Circles: who is in a group and what must not be seen of them, kept ready for both guards.

Building that takes milliseconds for a large group, and every post needs it twice, so it is kept
until anything about the group's members changes: the rows themselves say so.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from sqlalchemy.ext.asyncio import AsyncConnection

from channels.contact import EMAIL
from relay.guard.find import Guard
from relay.guard.people import Person
from relay.guard.watch import Watch
from relay.model import GroupSettings
from relay.store.roster import Roster

_MOST_GROUPS = 64
_MOST_GUARDS = 4


@dataclass
class Circle:
    """A group's members as they were at one moment."""

    version: bytes
    people: Sequence[Person]
    guards: dict[tuple[bool, str, str], Guard] = field(default_factory=dict, repr=False)

    @cached_property
    def watch(self) -> Watch:
        """Finds members' contacts in what is about to leave."""
        return Watch(self.people)

    @property
    def mailboxes(self) -> frozenset[int]:
        """Who reads by mail."""
        by_mail = (p.id for p in self.people if any(c.channel == EMAIL for c in p.contacts))
        return frozenset(by_mail)

    def guard(self, settings: GroupSettings, region: str) -> Guard:
        """Finds contacts in what a member wrote, by the rules of her group."""
        key = (settings.strangers, settings.hotlines, region)
        guard = self.guards.get(key)
        if guard is None:
            if len(self.guards) >= _MOST_GUARDS:
                self.guards.clear()
            keep = [entry.strip() for entry in settings.hotlines.split(",") if entry.strip()]
            guard = Guard(
                self.people,
                strangers=settings.strangers,
                keep=keep,
                region=region,
                watch=self.watch,
            )
            self.guards[key] = guard
        return guard


class Circles:
    """The circles of the groups that were last at work. They hold contacts, in memory only."""

    def __init__(self, roster: Roster) -> None:
        self._roster = roster
        self._kept: OrderedDict[int, Circle] = OrderedDict()

    async def of(self, c: AsyncConnection, group_id: int) -> Circle:
        """The circle of a group as this transaction sees it."""
        rows, version = await self._roster.sealed_people(c, group_id)
        circle = self._kept.pop(group_id, None)
        if circle is None or circle.version != version:
            circle = Circle(version, self._roster.people(rows))
        self._kept[group_id] = circle
        while len(self._kept) > _MOST_GROUPS:
            self._kept.popitem(last=False)
        return circle

    def forget(self) -> None:
        """Let go of every contact: somebody's key was destroyed."""
        self._kept.clear()
