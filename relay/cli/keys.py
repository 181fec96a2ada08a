"""`relay keys …`: the keys that sign outgoing mail, and their turn-over."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from relay.cli.output import Json, settings_or_refuse, show, show_rows
from relay.errors import RefusalError

if TYPE_CHECKING:
    from relay.config import Settings

app = typer.Typer(no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="SELECTOR")]
Unchecked = Annotated[bool, typer.Option("--unchecked", help="Do not look into DNS first.")]


@app.command(name="list")
def list_all(as_json: Json = False) -> None:
    """List all selectors: algorithm, state, and since when it has it."""
    from relay import signing

    settings = settings_or_refuse()
    rows = [
        {
            "selector": one.name,
            "kind": _kind(settings, one.name),
            "state": one.state.value,
            "since": one.since.strftime("%Y-%m-%dT%H:%MZ") if one.since else None,
        }
        for one in signing.read(settings).known.values()
    ]
    columns = {"selector": "SELECTOR", "kind": "KIND", "state": "STATE", "since": "SINCE (UTC)"}
    show_rows(rows, columns, as_json=as_json)


@app.command()
def new(
    ed25519: Annotated[
        bool, typer.Option("--ed25519", help="Ed25519 instead of RSA-2048.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Make the key of the next selector, and print the DNS record to publish."""
    from relay import signing, wiring

    settings = settings_or_refuse()
    domain = _domain(settings)
    with signing.changing(settings) as selectors:
        name = selectors.add(settings.dkim_selector, settings.data_dir / "keys", _now())
        path = signing.key_file(settings, name)
        wiring.make_dkim_key(path, ed25519=ed25519)
    record = _record(domain, name, wiring.dkim_record(path))
    if as_json:
        show({"selector": name, "kind": _kind(settings, name), "dns": record}, as_json=True)
        return
    show(f"Made the key {name}. Set this DNS record, then `relay keys use {name}`:", as_json=False)
    show(_as_line(record), as_json=False)


@app.command()
def use(
    selector: Name,
    unchecked: Unchecked = False,
    alone: Annotated[
        bool, typer.Option("--alone", help="Instead of all keys, not only of the one of its kind.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Sign with it from the next start of the relay on."""
    from relay import outside, signing, wiring

    settings = settings_or_refuse()
    ours = outside.key_in(wiring.dkim_record(_key(settings, selector)))
    kinds = {one: _kind(settings, one) or "" for one in signing.read(settings).needed}
    if not unchecked:
        _domain(settings)
        if asyncio.run(outside.published_keys(settings, selector)) != [ours]:
            raise RefusalError(
                "DNS does not show this key, so nobody could check its signatures; publish the"
                " record that `relay keys new` printed, and wait until it is seen."
            )
    with signing.changing(settings) as selectors:
        selectors.use(selector, kinds, _now(), alone=alone)
    leaving = [n for n, one in selectors.known.items() if one.state is signing.State.LEAVING]
    report = {"signing": selectors.signing, "leaving": leaving}
    sentence = f"From its next start on, the relay signs with {' and '.join(selectors.signing)}."
    if leaving:
        sentence += f" Leave the record of {' and '.join(leaving)} in DNS until it is retired."
    show(report if as_json else sentence, as_json=as_json)


@app.command()
def retire(
    selector: Name,
    force: Annotated[bool, typer.Option("--force", help="Without waiting for seven days.")] = False,
    as_json: Json = False,
) -> None:
    """Give a selector up for good, and print the DNS record that takes its key back."""
    from relay import signing, wiring

    settings = settings_or_refuse()
    domain = _domain(settings)
    with signing.changing(settings) as selectors:
        selectors.retire(selector, _now(), force=force)
        value = wiring.dkim_revocation(_key(settings, selector))
    record = _record(domain, selector, value)
    if as_json:
        show({"selector": selector, "dns": record}, as_json=True)
        return
    show(f"Retired {selector}. Put this DNS record in the place of its old one:", as_json=False)
    show(_as_line(record), as_json=False)


@app.command()
def publish(selector: Name, unchecked: Unchecked = False, as_json: Json = False) -> None:
    """Print the private key of a retired selector, so that old mail proves nothing any more.

    Whoever has it can make such mails: none can be held against a member as surely hers.
    """
    from relay import outside, signing

    settings = settings_or_refuse()
    private = _key(settings, selector).read_text(encoding="ascii")
    with signing.changing(settings) as selectors:
        selectors.publish(selector, _now())
        if not unchecked:
            _domain(settings)
            if any(asyncio.run(outside.published_keys(settings, selector))):
                raise RefusalError(
                    "DNS still shows this key, so anybody could write in the relay's name; put the"
                    " record that `relay keys retire` printed in its place first."
                )
    report = {"selector": selector, "private_key": private}
    show(report if as_json else private.rstrip("\n"), as_json=as_json)


def _record(domain: str, selector: str, value: str) -> dict[str, Any]:
    return {"name": f"{selector}._domainkey.{domain}", "type": "TXT", "value": value}


def _as_line(record: dict[str, Any]) -> str:
    return f"  {record['name']}  {record['type']}  {record['value']}"


def _domain(settings: Settings) -> str:
    if settings.domain is None:
        raise RefusalError("RELAY_DOMAIN is missing, and keys belong to a domain.")
    return settings.domain


def _key(settings: Settings, selector: str) -> Path:
    """The file of a key. Raises `RefusalError` where it is gone, or there is no such selector."""
    from relay import signing

    path = signing.key_file(settings, signing.read(settings).get(selector).name)
    if not path.is_file():
        raise RefusalError("The key of this selector is not beside the others any more.")
    return path


def _kind(settings: Settings, selector: str) -> str | None:
    """The algorithm of a key; nothing where the key is gone or is none."""
    from relay import signing, wiring

    return wiring.dkim_kind(signing.key_file(settings, selector))


def _now() -> datetime:
    from relay.clock import SystemClock

    return SystemClock().now()
