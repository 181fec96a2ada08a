"""Looking ahead for a group as it is stored, or as it would be with other settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from policies.facts import DeliveryPolicy
from relay.engine import Engine
from relay.errors import RefusalError
from relay.model import Group, Member, end_of_life
from relay.nights import life_of_post
from relay.simulate import Forecast, foresee, read_posts, span_of, typical_posts

MOST_DAYS = 31


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be foreseen."""

    days: int
    group: Mapping[str, str] = field(default_factory=dict)
    """Settings as if they were set, by name."""
    members: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """The same of members, by pseudonym."""
    posts: tuple[str, ...] = ()
    """When somebody writes; every three hours if nothing is said."""

    @property
    def told(self) -> str:
        """In words what is pretended; empty if nothing is."""
        pairs = [f"{name}={value}" for name, value in self.group.items()]
        for member, wishes in self.members.items():
            pairs += [f"{member}:{name}={value}" for name, value in wishes.items()]
        return f", as if {', '.join(pairs)}" if pairs else ""


async def look(
    engine: Engine, rules: Sequence[DeliveryPolicy], key: str, wish: Wish
) -> tuple[Group, list[Forecast]]:
    """What each member would get. Raises `RefusalError`; nothing is changed in any case."""
    registrar = engine.registrar
    group, members = await registrar.group(key)
    group = registrar.group_as_if(group, wish.group)
    members = _as_if(engine, members, wish.members)
    span = span_of(group, engine.clock.now(), wish.days)
    posts = read_posts(wish.posts, group, span) if wish.posts else typical_posts(group, span)

    readers = [member.settings for member in members]

    def life(written: datetime) -> datetime:
        usual = engine.settings.post_life
        return end_of_life(written, life_of_post(group.settings, readers, usual, written))

    return group, foresee(rules, group, members, posts, span, life)


def _as_if(
    engine: Engine, members: list[Member], wishes: Mapping[str, Mapping[str, str]]
) -> list[Member]:
    names = {member.name.reveal().casefold(): member.name.reveal() for member in members}
    unknown = [name for name in wishes if name.casefold() not in names]
    if unknown:
        raise RefusalError("There is no member of one of these names in the group.")
    wanted = {names[name.casefold()]: wish for name, wish in wishes.items()}
    return [
        engine.registrar.member_as_if(member, wanted.get(member.name.reveal(), {}))
        for member in members
    ]
