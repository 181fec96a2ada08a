"""Hiding contacts in words that are said again later, or to others than they were meant for."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from channels.secret import Secret
from relay.circles import Circles
from relay.draft import Rules
from relay.model import Group, Member


class Hiding:
    """Replaces whatever could show whose words they are, by the members of this moment."""

    def __init__(self, circles: Circles, region: str) -> None:
        """`region` is where phones are that are written without a country."""
        self._circles = circles
        self._region = region

    async def hide(self, c: AsyncConnection, group: Group, author: Member, text: str) -> Secret:
        """Words of an author without anybody's contact, also where the group allows them."""
        how = group.settings.contacts
        settings = replace(group.settings, contacts="mask" if how == "allow" else how)
        rules = Rules(
            group=replace(group, settings=settings),
            author=author,
            circle=await self._circles.of(c, group.id),
            region=self._region,
        )
        return rules.masked(text, rules.look(text))
