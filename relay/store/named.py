"""Members as people call them: by pseudonym, however it is written."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from policies.pseudonym import skeleton
from relay.model import Group, Member
from relay.store.roster import Roster


async def member_named(
    c: AsyncConnection, roster: Roster, group: Group, name: str
) -> Member | None:
    """The member of a group whom a name means; `None` if nobody is called so.

    Of two names that look alike there is only one in a group, so case, accents and signs are free.
    """
    meant = skeleton(name)
    members = await roster.members(c, group)
    return next((m for m in members if meant and skeleton(m.name.reveal()) == meant), None)
