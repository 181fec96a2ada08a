"""First steps: settings file, keys, database; and what the operator must set elsewhere."""

from __future__ import annotations

import importlib.metadata
import os
from pathlib import Path
from typing import Any

import channels
import relay
from relay.config import Settings
from relay.engine import open_engine
from relay.errors import RefusalError
from relay.vault import master

_TEMPLATE = """\
# Settings of the relay. Environment variables win over this file:
# RELAY_DOMAIN over domain, and so on. Keep it readable by the relay alone.
"""


async def initialise(settings: Settings, config: Path) -> dict[str, Any]:
    """Write what is missing, never over anything. Returns what was written and what to set."""
    from relay import wiring

    os.umask(0o077)
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    written = [
        str(path)
        for path, make in (
            (config, lambda: _write_config(settings, config)),
            (settings.master_key, lambda: master.create(settings.master_key)),
            (settings.dkim_key, lambda: wiring.make_dkim_key(settings.dkim_key)),
        )
        if make()
    ]
    engine = await open_engine(settings)
    await engine.close()
    return {
        "written": written,
        "dns": dns_records(settings) if settings.domain else [],
        "twilio": twilio_urls(settings) if settings.public_url else {},
    }


def _write_config(settings: Settings, path: Path) -> bool:
    lines = [_TEMPLATE]
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        given = name in settings.model_fields_set and name in {"domain", "public_url"}
        lines.append(f"# {field.description}")
        lines.append(f'{name} = "{value}"\n' if given else f"# {name} =\n")
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    except OSError:
        raise RefusalError("The settings file relay.toml cannot be written here.") from None
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write("\n".join(lines))
    return True


def dns_records(settings: Settings) -> list[dict[str, str]]:
    """The records the mail domain needs (RFC 7208, 6376, 9989)."""
    from relay import wiring

    domain = settings.domain or ""
    return [
        {"name": domain, "type": "MX", "value": f"10 {domain}."},
        {"name": domain, "type": "TXT", "value": "v=spf1 mx -all"},
        {
            "name": f"{settings.dkim_selector}._domainkey.{domain}",
            "type": "TXT",
            "value": wiring.dkim_record(settings.dkim_key),
        },
        {
            "name": f"_dmarc.{domain}",
            "type": "TXT",
            "value": "v=DMARC1; p=reject; sp=reject; adkim=s; aspf=s",
        },
    ]


def twilio_urls(settings: Settings) -> dict[str, str]:
    """What to set for each number at Twilio, all with the method POST."""
    base = settings.public_url or ""
    return {
        "a message comes in": f"{base}/twilio/sms",
        "a call comes in": f"{base}/twilio/voice",
    }


def as_text(report: dict[str, Any]) -> str:
    """The report of `initialise` for people."""
    lines = [f"wrote {path}" for path in report["written"]] or ["everything is there already"]
    if report["dns"]:
        lines += ["", "Set these DNS records:"]
        lines += [f"  {r['name']}  {r['type']}  {r['value']}" for r in report["dns"]]
        lines.append("  If mail leaves through a smarthost of others, add it to the SPF record.")
    if report["twilio"]:
        lines += ["", "Set these at Twilio for each number (method POST):"]
        lines += [f"  {what}: {url}" for what, url in report["twilio"].items()]
    return "\n".join(lines)


def refuse_foreign_packages() -> None:
    """Refuse to run when another package owns our import name `channels` (docs/decisions/0002)."""
    owners = set(importlib.metadata.packages_distributions().get("channels", []))
    ours = Path(channels.__file__ or "").parent.parent == Path(relay.__file__).parent.parent
    if not ours or owners - {"anytime-relay"}:
        raise RefusalError(
            "Another package named channels is installed here; give the relay its own environment."
        )
