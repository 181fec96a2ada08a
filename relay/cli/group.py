"""`relay group …`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from policies.facts import GroupState
from relay.cli.output import Json, read_wishes, show, show_rows, with_engine

if TYPE_CHECKING:
    from relay.engine import Engine
    from relay.model import Group, Member

app = typer.Typer(no_args_is_help=True)

Key = Annotated[str, typer.Argument(metavar="GROUP", help="The group's id or name.")]


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What facilitators call the group.")],
    preset: Annotated[str, typer.Option(help="low, medium, high or professional")] = "medium",
    timezone: Annotated[str, typer.Option(help="IANA name, such as Europe/Berlin")] = "UTC",
    quiet: Annotated[
        str | None, typer.Option(help="quiet hours, such as 22:00-07:00; else as the preset")
    ] = None,
    language: Annotated[str, typer.Option(help="en, es, fr, de, pt, ar or zh")] = "en",
    as_json: Json = False,
) -> None:
    """Create a group. Its settings begin as its preset has them; what is named here wins."""
    wishes = {"preset": preset, "timezone": timezone, "language": language}
    if quiet is not None:
        wishes["quiet"] = quiet
    group = with_engine(lambda e: e.registrar.create_group(name, wishes))
    _show(group, [], as_json=as_json)
    if not as_json:
        from relay.cli.explain import to_mind

        for sentence in to_mind(group):
            show(sentence, as_json=False)


@app.command(name="show")
def show_one(key: Key, as_json: Json = False) -> None:
    """Show a group, what each setting does, and where it differs from the group's preset."""
    group, members = with_engine(lambda e: e.registrar.group(key))
    if as_json:
        _show(group, members, as_json=True)
        return

    from relay.cli.explain import explained

    show(explained(group, members), as_json=False)


@app.command(name="list")
def list_all(as_json: Json = False) -> None:
    """List the groups."""
    groups = with_engine(lambda e: e.registrar.groups())

    from relay.registrar import show_group

    columns = {"group": "ID", "name": "NAME", "state": "STATE"}
    rows = [{key: show_group(g, [])[key] for key in columns} for g in groups]
    show_rows(rows, columns, as_json=as_json)


@app.command(name="set")
def change(
    key: Key,
    settings: Annotated[list[str], typer.Argument(metavar="KEY=VALUE...")],
    as_json: Json = False,
) -> None:
    """Change a group's name or settings."""
    from relay.model import show_id

    wishes = read_wishes(settings)

    async def work(engine: Engine) -> tuple[Group, list[Member]]:
        changed = await engine.registrar.change_group(key, wishes)
        return await engine.registrar.group(show_id(changed.id))

    _show(*with_engine(work), as_json=as_json)


@app.command()
def texts(key: Key, as_json: Json = False) -> None:
    """List what the relay says to members, by name; `set` with text.NAME=words rewords it."""
    group, _ = with_engine(lambda e: e.registrar.group(key))

    from relay.languages.rewording import texts_of

    columns = {"text": "TEXT", "own": "OWN", "words": "WORDS"}
    show_rows(texts_of(group.settings), columns, as_json=as_json)


@app.command()
def preset(
    key: Key,
    name: Annotated[
        str | None, typer.Argument(help="low, medium, high or professional; else the group's own")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it, and do not only show it.")] = False,
    as_json: Json = False,
) -> None:
    """Show what a preset would change in a group; with --yes, change it."""
    from relay.cli.explain import compared, comparison

    async def work(engine: Engine) -> tuple[Group, Group]:
        before, _ = await engine.registrar.group(key)
        wanted = name or before.settings.preset
        planned = engine.registrar.with_preset(before, wanted)
        if yes:
            planned = await engine.registrar.follow_preset(key, wanted)
        return before, planned

    before, after = with_engine(work)
    if as_json:
        show(compared(before, after, done=yes), as_json=True)
        return
    show(comparison(before, after, done=yes), as_json=False)


@app.command()
def close(
    key: Key,
    tell: Annotated[
        bool, typer.Option(help="Whether its members are told that it has ended.")
    ] = True,
    as_json: Json = False,
) -> None:
    """End a group for good, at once, and tell its members: nothing comes in or goes out."""

    async def work(engine: Engine) -> tuple[Group, list[Member]]:
        closed = await engine.registrar.close(key, tell=tell)
        return await engine.registrar.group(show_id(closed.id))

    from relay.model import show_id

    _show(*with_engine(work), as_json=as_json)


@app.command()
def extend(
    key: Key,
    last_day: Annotated[str, typer.Argument(metavar="YYYY-MM-DD", help="The new last day.")],
    as_json: Json = False,
) -> None:
    """Give a group that has an end more time."""

    async def work(engine: Engine) -> tuple[Group, list[Member]]:
        await engine.registrar.extend(key, last_day)
        return await engine.registrar.group(key)

    _show(*with_engine(work), as_json=as_json)


@app.command()
def destroy(
    key: Key,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; it cannot be undone.")] = False,
    as_json: Json = False,
) -> None:
    """Destroy a closed group for good, and certify it. Without --yes, show what would go."""
    if yes:
        certificate = with_engine(lambda e: e.destruction.destroy(key))
        show(asdict(certificate) if as_json else certificate.text(), as_json=as_json)
        return
    plan = with_engine(lambda e: e.destruction.plan(key))
    if as_json:
        show(plan, as_json=True)
        return
    rows = {name: count for name, count in plan["rows"].items() if count}
    show({"group": plan["group"], "state": plan["state"], **rows}, as_json=False)
    show(_before_destroying(plan), as_json=False)


def _before_destroying(plan: dict[str, Any]) -> str:
    if plan["state"] != GroupState.CLOSED:
        return "Only a closed group is destroyed: `relay group close` first."
    waiting = f" {plan['waiting']} copies would never arrive." if plan["waiting"] else ""
    return f"Nothing is destroyed yet; --yes does it, for good.{waiting}"


@app.command()
def freeze(key: Key, as_json: Json = False) -> None:
    """Pause a group: nothing is taken in, what waits is held."""
    _set_state(key, GroupState.FROZEN, as_json=as_json)


@app.command()
def thaw(key: Key, as_json: Json = False) -> None:
    """Let a frozen group go on."""
    _set_state(key, GroupState.OPEN, as_json=as_json)


@app.command()
def pulse(
    key: Key,
    question: Annotated[
        str, typer.Argument(help="What to ask, or the word results for the last one's.")
    ],
    hours: Annotated[int, typer.Option(min=1, max=168, help="How long it can be answered.")] = 24,
    as_json: Json = False,
) -> None:
    """Ask all members a question that they answer from 1 to 5; nobody sees who said what."""

    async def work(engine: Engine) -> dict[str, Any]:
        if question != "results":
            await engine.pulse.ask_in(key, question, hours)
        return await engine.pulse.last_of(key)

    found = with_engine(work)
    if not as_json:
        found |= {f"answer {n}": count for n, count in found.pop("answers").items()}
    show(found, as_json=as_json)


def _set_state(key: str, state: GroupState, *, as_json: bool) -> None:
    async def work(engine: Engine) -> tuple[Group, list[Member]]:
        await engine.registrar.set_group_state(key, state)
        return await engine.registrar.group(key)

    _show(*with_engine(work), as_json=as_json)


def _show(group: Group, members: list[Member], *, as_json: bool) -> None:
    from relay.registrar import show_group

    show(show_group(group, members), as_json=as_json)
