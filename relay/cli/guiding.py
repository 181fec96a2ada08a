"""`relay group queue`, `approve`, `decline`, `announce`, `plan`, `plans`, `unplan`.

And `relay member mute`. What facilitators do by a word, for who sits at the machine: the same
service does it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from relay.cli.group import Key
from relay.cli.member import MemberId
from relay.cli.output import Json, show, show_rows, with_engine
from relay.errors import RefusalError

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from relay.engine import Engine
    from relay.model import Group, Member

Number = Annotated[int, typer.Argument(metavar="NUMBER", help="Under which it waits.")]
By = Annotated[str, typer.Option(metavar="ID", help="as whose post: a facilitator's id")]
Act = Callable[["Engine", "AsyncConnection"], Awaitable[Any]]


def add_to(group: typer.Typer, member: typer.Typer) -> None:
    """Add these commands to those of groups and of members."""
    of_group: tuple[Callable[..., None], ...] = (
        *(queue, approve, decline),
        *(announce, plan, plans, unplan),
    )
    of_member: tuple[Callable[..., None], ...] = (mute, unmute)
    for app, commands in ((group, of_group), (member, of_member)):
        for command in commands:
            app.command()(command)


def queue(
    key: Key,
    words: Annotated[bool, typer.Option("--words", help="show what was said")] = False,
    as_json: Json = False,
) -> None:
    """List the posts that wait until a facilitator has looked at them."""

    async def work(engine: Engine, c: AsyncConnection) -> list[dict[str, Any]]:
        group = await engine.roster.find_group(c, key)
        rows = await engine.review.waiting(c, group.id, engine.clock.now())
        names = {m.id: m.name.reveal() for m in await engine.roster.members(c, group)}
        shown = []
        for number, waiting in rows:
            row = {"number": number, "name": names[waiting.member_id]}
            if words and waiting.body is not None:
                row["words"] = waiting.body.text.reveal()
            shown.append(row)
        return shown

    columns = {"number": "NUMBER", "name": "NAME"} | ({"words": "WORDS"} if words else {})
    show_rows(_done(work), columns, as_json=as_json)


def approve(key: Key, number: Number, as_json: Json = False) -> None:
    """Let the group read what waits under a number."""
    _say(
        lambda e, c: _in_group(e, c, key, lambda g: e.guiding.approve(c, g, number, e.clock.now())),
        as_json=as_json,
    )


def decline(
    key: Key,
    number: Number,
    reason: Annotated[str, typer.Option(help="what its writer is told, and nobody else")] = "",
    as_json: Json = False,
) -> None:
    """Give what waits under a number back to its writer."""

    def act(engine: Engine, c: AsyncConnection) -> Awaitable[Any]:
        now = engine.clock.now()
        decide = engine.guiding.decline
        return _in_group(engine, c, key, lambda group: decide(c, group, number, reason, now))

    _say(act, as_json=as_json)


def announce(
    key: Key,
    words: Annotated[str, typer.Argument(metavar="WORDS", help="What all of the group get.")],
    by: By,
    as_json: Json = False,
) -> None:
    """Say something to the whole group, marked as an announcement, as a facilitator's."""

    async def act(engine: Engine, c: AsyncConnection) -> str:
        from channels.contract import NO_WORDS
        from relay.model import Body

        group, author = await _speaker(engine, c, key, by)
        _check(group, words)
        text = await engine.hiding.hide(c, group, author, words.strip())
        body = Body(author=author.name, mask=author.mask, subject=NO_WORDS, text=text)
        now = engine.clock.now()
        count = await engine.guiding.announce(c, group, body, now, by=author, present=False)
        return f"Said to members of the group: {count}."

    _say(act, as_json=as_json)


def plan(
    key: Key,
    text: Annotated[
        str, typer.Argument(metavar="TIME WORDS", help="such as 'monday 18:00 How are you?'")
    ],
    by: By,
    as_json: Json = False,
) -> None:
    """Plan a post for later, once or again and again, as a facilitator's."""

    async def act(engine: Engine, c: AsyncConnection) -> Any:
        from channels.secret import Secret

        group, author = await _speaker(engine, c, key, by)
        return await engine.planning.plan(c, group, author, Secret(text), engine.clock.now())

    _say(act, as_json=as_json)


def plans(key: Key, as_json: Json = False) -> None:
    """List what is planned in a group: numbers and times."""

    async def work(engine: Engine, c: AsyncConnection) -> list[dict[str, Any]]:
        group = await engine.roster.find_group(c, key)
        found = await engine.planning.of_group(c, group)
        return [{"number": one.number, "due": f"{one.due:%Y-%m-%dT%H:%MZ}"} for one in found]

    show_rows(_done(work), {"number": "NUMBER", "due": "DUE"}, as_json=as_json)


def unplan(key: Key, number: Number, as_json: Json = False) -> None:
    """Take back what is planned under a number."""
    _say(
        lambda e, c: _in_group(e, c, key, lambda g: e.planning.take_back(c, g, number)),
        as_json=as_json,
    )


def mute(
    key: MemberId,
    span: Annotated[str, typer.Argument(metavar="2h", help="30m, 2h, 3d; a day if left out")] = "",
    as_json: Json = False,
) -> None:
    """Keep what a member writes from her group for a time."""
    from relay.words.arguments import read_span

    lasts = read_span(span) if span else None
    if span and lasts is None:
        raise RefusalError("A time that something lasts is written as 30m, 2h or 3d.")

    async def act(engine: Engine, c: AsyncConnection) -> Any:
        member, group = await _her(engine, c, key)
        return await engine.guiding.mute(c, group, member, lasts, engine.clock.now())

    _say(act, as_json=as_json)


def unmute(key: MemberId, as_json: Json = False) -> None:
    """Pass on again what a member writes."""

    async def act(engine: Engine, c: AsyncConnection) -> Any:
        member, _ = await _her(engine, c, key)
        return await engine.guiding.unmute(c, member, engine.clock.now())

    _say(act, as_json=as_json)


async def _speaker(engine: Engine, c: AsyncConnection, key: str, by: str) -> tuple[Group, Member]:
    """A group, and who runs it as whom something is said."""
    from policies.facts import MemberState

    group = await engine.roster.find_group(c, key)
    author = await engine.roster.find_member(c, by)
    runs = author.group_id == group.id and author.facilitator
    if not runs or author.state is not MemberState.ACTIVE:
        raise RefusalError("This can be said only as who runs this group, and is in it now.")
    return group, author


def _check(group: Group, words: str) -> None:
    from policies.facts import GroupState

    if group.state is not GroupState.OPEN:
        raise RefusalError("The group is frozen or closed, so nothing was said.")
    if not 0 < len(words.strip()) <= group.settings.longest:
        raise RefusalError("There are no words, or too many for a post in this group.")


async def _her(engine: Engine, c: AsyncConnection, key: str) -> tuple[Member, Group]:
    member = await engine.roster.find_member(c, key)
    found = await engine.roster.look_up(c, member.id)
    if found is None:
        raise RefusalError("There is no such member.")
    return found


async def _in_group(
    engine: Engine, c: AsyncConnection, key: str, act: Callable[[Group], Awaitable[Any]]
) -> Any:
    return await act(await engine.roster.find_group(c, key))


def _done(act: Act) -> Any:
    """Do it in one transaction."""
    return with_engine(lambda engine: engine.database.transact(lambda c: act(engine, c)))


def _say(act: Act, *, as_json: bool) -> None:
    """Do it, and say what was done."""
    said = str(_done(act))
    show({"done": said} if as_json else said, as_json=as_json)
