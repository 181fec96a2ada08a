"""The command line: exit status 0 done, 1 refused or failed with one sentence, 2 wrong usage."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence

import typer
from typer.exceptions import TyperException

from relay import __version__
from relay.cli import costs, duty, group, guiding, keys, member, number, service, simulate
from relay.cli.output import Json, show
from relay.errors import RefusalError

app = typer.Typer(
    name="relay",
    help="A group relay: text or mail in, text and mail out, under pseudonyms.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(group.app, name="group", help="Groups and their settings.")
app.add_typer(member.app, name="member", help="Members of groups.")
app.add_typer(number.app, name="number", help="The pool of proxy numbers.")
app.add_typer(keys.app, name="keys", help="The keys that sign outgoing mail.")
service.add_to(app)
costs.add_to(app)
duty.add_to(app)
simulate.add_to(app)
guiding.add_to(group.app, member.app)

_CONTACTS = re.compile(r"[^\s'\"()]*@[^\s'\"()]*|\+?[0-9][0-9 .-]{5,}")


@app.command()
def version(as_json: Json = False) -> None:
    """Print the version."""
    show({"version": __version__} if as_json else __version__, as_json=as_json)


def main() -> None:
    """Run the command line on this process's arguments, and exit."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run the command line. Returns the exit status."""
    try:
        ended = app(list(arguments), prog_name="relay", standalone_mode=False)
    except RefusalError as error:
        typer.echo(str(error), err=True)
        return 1
    except TyperException as error:
        return _wrong_usage(error)
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except Exception as error:  # noqa: BLE001 - a traceback could hold a contact; the places cannot
        from relay.log import describe

        typer.echo(f"Something went wrong that should not: {describe(error)}.", err=True)
        return 1
    return ended if isinstance(ended, int) else 0


def _wrong_usage(error: TyperException) -> int:
    """Say what was wrong; typed at the wrong place, a contact would be repeated by the parser."""
    said = _CONTACTS.sub("[redacted]", error.format_message())
    context = getattr(error, "ctx", None)
    if context is None or "\n" in said:  # the help of a group of commands
        typer.echo(said, err=True)
    else:
        typer.echo(f"{said.rstrip('.')}. Try `{context.command_path} --help`.", err=True)
    return 2
