"""Pseudonyms: which one a member may have, and what happens when she takes another one."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from channels.secret import Secret
from policies import pseudonym
from policies.facts import MemberState
from relay.circles import Circles
from relay.clock import day
from relay.errors import RefusalError
from relay.guard.people import Person
from relay.model import Group, Member, show_id
from relay.notices import Notices
from relay.store.ledger import Ledger
from relay.store.names import Names
from relay.store.roster import Roster
from relay.wording import joining as said
from relay.wording.text import Text

_PLAIN = """
Amber Aspen Auk Bramble Briar Brook Cedar Clover Coral Dune Elder Fern Finch Flint Gale Garnet Hazel
Heath Heron Iris Ivory Juniper Kestrel Lark Linden Maple Marten Meadow Moss Nettle Ocean Olive Opal
Osprey Otter Pebble Peony Plover Quill Reed River Rowan Rush Saffron Sage Shore Sky Sorrel Sparrow
Spruce Starling Swift Tansy Teal Thistle Thrush Tide Umber Vale Violet Wave Willow Wren Yarrow
Zephyr
"""
SUGGESTIONS = tuple(_PLAIN.split())
"""Names that tell nothing of whoever has them. No two look alike; a test compares."""

_OFFERED = 3

_MOST_A_DAY = 3
"""New names of one member: each may be told to everybody, and lets the last one rest."""


class Naming:
    """Checks and changes names, in the transaction of whatever asks for it."""

    def __init__(
        self, names: Names, roster: Roster, circles: Circles, notices: Notices, ledger: Ledger
    ) -> None:
        self._names = names
        self._roster = roster
        self._circles = circles
        self._notices = notices
        self._ledger = ledger

    async def taker(self, c: AsyncConnection, member: Member) -> bytes:
        """Who may take back the names that she had."""
        return await self._names.taker(c, member)

    async def suggest(self, c: AsyncConnection, group: Group, now: datetime) -> list[str]:
        """Some names that are free in a group, in no order; numbered where none is left."""
        plain = list(SUGGESTIONS)
        secrets.SystemRandom().shuffle(plain)
        numbered = (f"{name} {secrets.randbelow(90) + 10}" for name in plain)
        people = (await self._circles.of(c, group.id)).people
        found: list[str] = []
        for name in (*plain, *numbered):
            if any(_is_part_of(name, person) for person in people):
                continue
            if await self.is_free(c, group, name, NO_TAKER, now):
                found.append(name)
            if len(found) == _OFFERED:
                break
        return found

    async def is_free(
        self, c: AsyncConnection, group: Group, name: str, taker: bytes, now: datetime
    ) -> bool:
        """Whether nobody in the group has the name, and it does not rest for another one."""
        if await self._names.of(c, group, name) is not None:
            return False
        return not await self._names.rests(c, group, name, taker, now)

    async def refuse_resting(
        self, c: AsyncConnection, group: Group, name: str, taker: bytes, now: datetime
    ) -> None:
        """Raise `RefusalError` for a name that somebody else had until of late."""
        if await self._names.rests(c, group, name, taker, now):
            raise RefusalError(
                "This pseudonym was somebody else's, and rests before anybody may have it."
            )

    async def rename(
        self, c: AsyncConnection, group: Group, member: Member, wish: str, now: datetime
    ) -> Text:
        """Give a member another name, if she may have it. What she is told."""
        name = pseudonym.tidy(wish)
        member = await self._roster.find_member(c, show_id(member.id), lock=True)
        trouble = await self._trouble(c, group, member, name, now)
        if trouble is not None:
            free = ", ".join(await self.suggest(c, group, now))
            return trouble.format(names=free)
        if not await self._ledger.once(c, now, "rename", member.id, day(now), most=_MOST_A_DAY):
            return said.NAMES_ENOUGH
        changed = replace(member, name=Secret(name))
        await self._roster.save_member(c, changed)
        await self.renamed(c, group, member, changed, now)
        return said.RENAMED.format(name=name)

    async def _trouble(
        self, c: AsyncConnection, group: Group, member: Member, name: str, now: datetime
    ) -> Text | None:
        if pseudonym.problem(name) is not None:
            return said.NAME_WRONG
        people = (await self._circles.of(c, group.id)).people
        shown = {person.id for person in people if _is_part_of(name, person)}
        if member.id in shown:
            return said.NAME_GIVES_AWAY
        if shown:  # another's: the same as for a name that is taken, or she could ask who is here
            return said.NAME_TAKEN
        has = await self._names.of(c, group, name)
        if has is not None and has.id != member.id:
            return said.NAME_TAKEN
        taker = await self._names.taker(c, member)
        return said.NAME_TAKEN if await self._names.rests(c, group, name, taker, now) else None

    async def renamed(
        self, c: AsyncConnection, group: Group, before: Member, member: Member, now: datetime
    ) -> None:
        """Let the old name rest, and tell the group if it wants to be told."""
        old, new = before.name.reveal(), member.name.reveal()
        if pseudonym.skeleton(old) != pseudonym.skeleton(new):
            await self._names.lay_to_rest(c, group, before, now, hers=True)
        if group.settings.tell_renamed and member.state is MemberState.ACTIVE and old != new:
            text = said.NOW_CALLED.format(old=old, name=new)
            await self.tell_group(c, group, text, now, besides=member.id)

    async def tell_group(
        self, c: AsyncConnection, group: Group, text: Text, now: datetime, *, besides: int = 0
    ) -> None:
        """Tell every present member something, but not the one it is about."""
        for member in await self._roster.readable_members(c, group.id):
            if member.state is MemberState.ACTIVE and member.id != besides:
                await self._notices.tell(c, member.id, text, now)


NO_TAKER = b""


def _is_part_of(name: str, person: Person) -> bool:
    """Whether a name is, or is a word of, what must not be seen of somebody."""
    wish = pseudonym.skeleton(name)
    parts = {pseudonym.skeleton(part) for real in person.names for part in real.reveal().split()}
    whole = {pseudonym.skeleton(real.reveal()) for real in person.names}
    return wish in parts | whole
