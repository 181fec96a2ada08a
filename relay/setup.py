"""First steps: settings file, keys, database; and what the operator must set elsewhere."""

from __future__ import annotations

import importlib.metadata
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

import channels
import relay
from relay import signing
from relay.config import Settings, load_settings, serving_problems
from relay.engine import open_engine
from relay.errors import RefusalError
from relay.vault import master

_TEMPLATE = """\
# Settings of the relay. Environment variables win over this file:
# RELAY_DOMAIN over domain, and so on. Keep it readable by the relay alone.
"""


async def initialise(settings: Settings, config: Path) -> dict[str, Any]:
    """Write what is missing, never over anything. Returns what was written and what to set.

    `{"written": [path], "dns": [{"name", "type", "value"}], "twilio": {what: url}}`.
    """
    os.umask(0o077)
    try:
        written = _write_missing(settings, config)
        engine = await open_engine(settings)
    except OSError:
        raise RefusalError("Settings, keys or data cannot be written here.") from None
    except SQLAlchemyError:
        raise RefusalError("The database cannot be opened; check RELAY_DATABASE_URL.") from None
    await engine.close()
    return {
        "written": [str(path) for path in written],
        "dns": dns_records(settings) if settings.domain else [],
        "twilio": twilio_urls(settings) if settings.public_url else {},
    }


def refuse_other_wishes(settings: Settings, config: Path, given: Iterable[str]) -> None:
    """Refuse what was asked for by option when a settings file is there that does not say so."""
    if not config.exists():
        return
    there = load_settings()
    for name in given:
        if getattr(there, name) != getattr(settings, name):
            raise RefusalError(
                f"The settings file is there already and is never written over; set {name} in it."
            )


def _write_missing(settings: Settings, config: Path) -> list[Path]:
    from relay import wiring

    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    written = []
    if _write_config(settings, config):
        written.append(config)
    if master.create(settings.master_key):
        written.append(settings.master_key)
    keys = (signing.key_file(settings, name) for name in signing.read(settings).signing)
    written += [path for path in keys if wiring.make_dkim_key(path)]
    return written


def _write_config(settings: Settings, path: Path) -> bool:
    lines = [_TEMPLATE]
    for name, field in Settings.model_fields.items():
        value = json.dumps(str(getattr(settings, name)), ensure_ascii=False)  # as TOML quotes
        given = name in settings.model_fields_set and name in {"domain", "public_url"}
        lines.append(f"# {field.description}")
        lines.append(f"{name} = {value}\n" if given else f"# {name} = {_default(field)}\n")
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    except OSError:
        raise RefusalError("The settings file cannot be written here.") from None
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write("\n".join(lines))
    return True


def _default(field: FieldInfo) -> str:
    """A default as TOML writes it; what has none is left empty, to be filled in."""
    value = field.default
    if value is None:
        return '""'
    return json.dumps(value if isinstance(value, bool | int | float) else str(value))


def dns_records(settings: Settings) -> list[dict[str, str]]:
    """The records the mail domain needs (RFC 7208, 6376, 9989)."""
    from relay import wiring

    domain = settings.domain or ""
    return [
        {"name": domain, "type": "MX", "value": f"10 {domain}."},
        {"name": domain, "type": "TXT", "value": "v=spf1 mx -all"},
        *(
            {
                "name": f"{selector}._domainkey.{domain}",
                "type": "TXT",
                "value": wiring.dkim_record(signing.key_file(settings, selector)),
            }
            for selector in signing.read(settings).needed
            if signing.key_file(settings, selector).is_file()
        ),
        {
            "name": f"_dmarc.{domain}",
            "type": "TXT",
            "value": "v=DMARC1; p=reject; sp=reject; adkim=s; aspf=s",
        },
        *(
            {"name": name, "type": "TXT", "value": value}
            for name, value in wiring.mta_sts_records(settings)
        ),
    ]


def twilio_urls(settings: Settings) -> dict[str, str]:
    """What to set for each number at Twilio, all with the method POST.

    `relay number buy` and `sync` set them by themselves.
    """
    base = settings.public_url or ""
    return {
        "a message comes in": f"{base}/twilio/sms#rc=5&rp=all",
        "the handler fails": f"{base}/twilio/fallback",
        "a call comes in": f"{base}/twilio/voice",
    }


def as_text(report: dict[str, Any], settings: Settings, config: Path) -> str:
    """The report of `initialise` for people."""
    keys = [signing.key_file(settings, name) for name in signing.read(settings).signing]
    ours = (config, settings.master_key, *keys)
    kept = [str(path) for path in ours if str(path) not in report["written"]]
    lines = [f"Wrote {path}." for path in report["written"]]
    lines += [f"Kept {path} as it was." for path in kept]
    if report["dns"]:
        lines += ["", "Set these DNS records:"]
        lines += [f"  {r['name']}  {r['type']}  {r['value']}" for r in report["dns"]]
        lines.append("  If mail leaves through a smarthost of others, add it to the SPF record.")
    if report["twilio"]:
        lines += ["", "Set these at Twilio for each number (method POST):"]
        lines += [f"  {what}: {url}" for what, url in report["twilio"].items()]
        lines.append("  `relay number sync` sets them for the numbers of the pool.")
    problems = serving_problems(settings)
    if problems:
        lines += ["", f"Still to do, in {config} or the environment:"]
        lines += [f"  {problem}" for problem in problems]
    lines += ["", "Next: `relay doctor` checks all of it."]
    return "\n".join(lines)


def refuse_missing_database(settings: Settings) -> None:
    """Refuse to look into a SQLite file that is not there: opening it would make one."""
    url = make_url(settings.database)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        raise RefusalError("There is no database yet; run `relay init` first.")


def refuse_foreign_packages() -> None:
    """Refuse to run when another package owns our import name `channels` (docs/decisions/0002)."""
    owners = set(importlib.metadata.packages_distributions().get("channels", []))
    ours = Path(channels.__file__ or "").parent.parent == Path(relay.__file__).parent.parent
    if not ours or owners - {"anytime-relay"}:
        raise RefusalError(
            "Another package named channels is installed here; give the relay its own environment."
        )
