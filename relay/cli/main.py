"""The command line: exit status 0 done, 1 refused or failed with one sentence, 2 wrong usage."""

from __future__ import annotations

import sys

import typer

from relay import __version__
from relay.cli import group, member, number, service
from relay.errors import RefusalError
from relay.log import describe

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
service.add_to(app)


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


def main() -> None:
    """Run the command line."""
    try:
        app()
    except RefusalError as error:
        typer.echo(str(error), err=True)
        sys.exit(1)
    except Exception as error:  # noqa: BLE001 - a traceback could hold a contact; the places cannot
        typer.echo(f"Something went wrong that should not: {describe(error)}.", err=True)
        sys.exit(1)
