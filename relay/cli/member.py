"""`relay member …`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from relay.cli.group import Key
from relay.cli.output import Json, Reveal, read_wishes, show, show_rows, with_engine

if TYPE_CHECKING:
    from relay.engine import Engine
    from relay.model import Member

app = typer.Typer(no_args_is_help=True)

MemberId = Annotated[str, typer.Argument(metavar="ID", help="The member's id.")]


@app.command()
def add(
    key: Key,
    name: Annotated[
        str | None, typer.Option(help="her pseudonym in this group; left out, one is chosen")
    ] = None,
    sms: Annotated[str | None, typer.Option(metavar="+E164", help="reach her by text")] = None,
    email: Annotated[str | None, typer.Option(metavar="ADDR", help="reach her by mail")] = None,
    agreed: Annotated[
        str | None, typer.Option(metavar="YYYY-MM-DD", help="the day she agreed to join")
    ] = None,
    timezone: Annotated[str, typer.Option(help="her own time zone")] = "",
    quiet: Annotated[str, typer.Option(help="her own quiet hours, such as 22:00-07:00")] = "",
    language: Annotated[str, typer.Option(help="her own language")] = "",
    facilitator: Annotated[bool, typer.Option("--facilitator", help="she runs the group")] = False,
    as_json: Json = False,
) -> None:
    """Add a member, by text or by mail. Without --agreed she is only invited."""
    if (sms is None) == (email is None):
        raise typer.BadParameter("give either --sms or --email")
    wishes = {"timezone": timezone, "quiet": quiet, "language": language}
    member = with_engine(
        lambda e: e.registrar.add_member(
            key,
            name=name,
            sms=sms,
            email=email,
            agreed=agreed,
            facilitator=facilitator,
            wishes=wishes,
        )
    )
    show(_shown(member), as_json=as_json)


@app.command(name="list")
def list_all(key: Key, as_json: Json = False) -> None:
    """List the members of a group: pseudonyms and states."""
    _, members = with_engine(lambda e: e.registrar.group(key))
    columns = {
        "member": "ID",
        "name": "NAME",
        "channel": "CHANNEL",
        "state": "STATE",
        "facilitator": "FACILITATOR",
    }
    rows = [{key: _shown(m)[key] for key in columns} for m in members]
    show_rows(rows, columns, as_json=as_json)


@app.command(name="show")
def show_one(key: MemberId, as_json: Json = False, reveal: Reveal = False) -> None:
    """Show a member; her real contact only with --reveal."""

    async def look(engine: Engine) -> dict[str, Any]:
        member = await engine.registrar.member(key)
        shown = _shown(member)
        if reveal:
            shown["contact"] = (await engine.registrar.contact_of(member)).reveal()
        return shown

    show(with_engine(look), as_json=as_json)


@app.command(name="set")
def change(
    key: MemberId,
    settings: Annotated[list[str], typer.Argument(metavar="KEY=VALUE...")],
    as_json: Json = False,
) -> None:
    """Change name, timezone, quiet, language, real_names, code_word, role, agreed.

    Let a member go on who had stopped, or was lost: state=active.
    """
    wishes = read_wishes(settings)

    async def work(engine: Engine) -> tuple[Member, bool]:
        before = await engine.registrar.member(key)
        member = await engine.registrar.change_member(key, wishes)
        lost = before.facilitator and not member.facilitator
        return member, lost and await _has_nobody(engine, member.group_id)

    member, alone = with_engine(work)
    show(_shown(member) | _warning(alone=alone), as_json=as_json)


@app.command()
def pause(
    key: MemberId,
    until: Annotated[list[str] | None, typer.Argument(metavar="3d|until DAY|off")] = None,
    as_json: Json = False,
) -> None:
    """Give a member a rest from posts: 8h, 3d, until monday, or until she says so; off ends it."""
    said = " ".join(until or ())
    member = with_engine(
        lambda e: e.database.transact(lambda c: e.resting.pause_for(c, key, said, e.clock.now()))
    )
    show(_shown(member), as_json=as_json)


@app.command()
def remove(
    key: MemberId,
    ban: Annotated[bool, typer.Option("--ban", help="never let her in here again")] = False,
    forget: Annotated[
        bool, typer.Option("--forget", help="also drop what she wrote and others wait for")
    ] = False,
    as_json: Json = False,
) -> None:
    """Remove a member, at once and for good."""

    async def work(engine: Engine) -> tuple[Member, bool]:
        member = await engine.registrar.remove_member(key, ban=ban, forget=forget)
        return member, member.facilitator and await _has_nobody(engine, member.group_id)

    member, alone = with_engine(work)
    show({"removed": _shown(member)["member"]} | _warning(alone=alone), as_json=as_json)


@app.command()
def invite(key: MemberId, as_json: Json = False) -> None:
    """Send an invitation anew, good for a day; the one before is no longer good."""
    member = with_engine(lambda e: e.doorkeeping.invite(key))
    show(_shown(member), as_json=as_json)


@app.command()
def approve(key: MemberId, as_json: Json = False) -> None:
    """Let in a member who has agreed and waits."""
    member = with_engine(lambda e: e.doorkeeping.let_in(key))
    show(_shown(member), as_json=as_json)


@app.command()
def rename(key: MemberId, name: str, as_json: Json = False) -> None:
    """Give a member another pseudonym; the old one rests before anybody else may have it."""
    member = with_engine(lambda e: e.registrar.change_member(key, {"name": name}))
    show(_shown(member), as_json=as_json)


Phone = Annotated[str | None, typer.Option(metavar="+E164")]
Mailbox = Annotated[str | None, typer.Option(metavar="ADDR")]


@app.command()
def avoid(
    key: MemberId,
    sms: Phone = None,
    email: Mailbox = None,
    undo: Annotated[bool, typer.Option("--undo", help="take it back")] = False,
    as_json: Json = False,
) -> None:
    """Name a number or address that must never share a group with a member."""
    with_engine(lambda e: e.doorkeeping.avoid(key, sms=sms, email=email, undo=undo))
    show({"noted": not undo} if as_json else "Noted. Nobody is told.", as_json=as_json)


@app.command()
def conflicts(key: Key, as_json: Json = False) -> None:
    """List the pairs of members of a group who must not share it."""
    pairs = with_engine(lambda e: e.doorkeeping.conflicts(key))
    columns = {"member": "ID", "name": "NAME", "other": "AND", "other_name": "NAME"}
    rows = [
        {
            "member": _shown(one)["member"],
            "name": _shown(one)["name"],
            "other": _shown(other)["member"],
            "other_name": _shown(other)["name"],
        }
        for one, other in pairs
    ]
    show_rows(rows, columns, as_json=as_json)


@app.command()
def ban(key: Key, sms: Phone = None, email: Mailbox = None, as_json: Json = False) -> None:
    """Never let a number or address into a group again that is not in it any more."""
    with_engine(lambda e: e.doorkeeping.ban(key, sms=sms, email=email))
    show({"banned": True} if as_json else "It cannot be added any more.", as_json=as_json)


@app.command()
def unban(key: Key, sms: Phone = None, email: Mailbox = None, as_json: Json = False) -> None:
    """Let a number or address be added to a group again that was banned from it."""
    with_engine(lambda e: e.doorkeeping.unban(key, sms=sms, email=email))
    show({"banned": False} if as_json else "It can be added again.", as_json=as_json)


async def _has_nobody(engine: Engine, group_id: int) -> bool:
    """Whether a group has nobody left who runs it and is reached."""
    async with engine.database.reading() as c:
        return not await engine.roster.facilitators(c, group_id)


def _warning(*, alone: bool) -> dict[str, str]:
    """Done is done, but whoever did it may not have meant that."""
    if not alone:
        return {}
    return {
        "warning": "Nobody runs this group now: cries for help and reports reach nobody. "
        "Make somebody a facilitator: relay member set ID role=facilitator"
    }


def _shown(member: Member) -> dict[str, Any]:
    from relay.registrar import show_member

    return show_member(member)
