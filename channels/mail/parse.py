"""Raw octets in, a small value out. Pure, and never raises on any octets.

What is not in `Parsed` does not go any further: the message itself is thrown away, so no header,
boundary, file name or id of it can cross to a reader by construction.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from channels.contract import Trait
from channels.mail.headers import addresses, as_text, mailbox, moment, safe_header
from channels.mail.tree import Part, TooDeepError, TooManyPartsError, best_text, take_apart
from channels.secret import Contact, Secret

LARGEST_HEAD = 128 * 1024
"""Octets of the header block."""
MOST_HEADERS = 1_000
_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_AUTOMATIC_PRECEDENCE = {"bulk", "junk", "list", "auto_reply", "auto-reply"}
_NOT_A_SIGN = {"x-auto-response-suppress"}
"""People's mail programs set it as well (rules.md 4.2)."""
_REPORTS = {"multipart/report", "message/disposition-notification", "message/delivery-status"}


class Limit(StrEnum):
    """Why a message is not read. The whole list."""

    HEAD_TOO_LARGE = "head_too_large"
    TOO_MANY_HEADERS = "too_many_headers"
    TOO_MANY_PARTS = "too_many_parts"
    TOO_DEEP = "too_deep"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The message is refused as a whole: reading it would be unsafe."""

    why: Limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What is kept of a message."""

    sender: Contact | None
    """The one mailbox of the one From header; `None` in any doubt."""
    message_id: Secret
    date: datetime | None
    """Aware, UTC."""
    to: frozenset[Secret]
    """Addresses of To and Cc, in lower case."""
    subject: Secret
    """One clean line."""
    text: Secret
    traits: frozenset[Trait]


def parse(raw: bytes, *, null_sender: bool = False, ours: str = "") -> Parsed | Unreadable:
    """Read a message. `null_sender`: its envelope sender was `<>`; `ours`: our mail domain."""
    if too_large := _head_limit(raw):
        return Unreadable(too_large)
    try:
        return read(raw, null_sender=null_sender, ours=ours)
    except TooManyPartsError:
        return Unreadable(Limit.TOO_MANY_PARTS)
    except (TooDeepError, RecursionError):
        return Unreadable(Limit.TOO_DEEP)
    except Exception:  # noqa: BLE001  # the last net under foreign octets; tests call `read` bare
        return Unreadable(Limit.BROKEN)


def read(raw: bytes, *, null_sender: bool = False, ours: str = "") -> Parsed:
    """As `parse`, without limits on the head and without the net."""
    message = take_apart(raw)
    heads = _heads(message)
    found = best_text(message, ours)
    traits = {Trait.AUTOMATIC} if null_sender or _automatic(message, heads) else set()
    if found.files:
        traits.add(Trait.FILES_LEFT_OUT)
    return Parsed(
        sender=_sender(heads.get("from", [])),
        message_id=Secret(_first(heads, "message-id").strip()[:998]),
        date=moment(_first(heads, "date")),
        to=addresses(",".join(heads.get("to", []) + heads.get("cc", []))),
        subject=Secret(safe_header(_first(heads, "subject"))),
        text=Secret(found.text),
        traits=frozenset(traits),
    )


def _head_limit(raw: bytes) -> Limit | None:
    """A cheap look before anything is parsed."""
    end = _END_OF_HEAD.search(raw, 0, LARGEST_HEAD + 4)
    if end is None and len(raw) > LARGEST_HEAD:
        return Limit.HEAD_TOO_LARGE
    if raw.count(b"\n", 0, end.start() if end else len(raw)) > MOST_HEADERS * 2:
        return Limit.TOO_MANY_HEADERS
    return None


def _heads(message: Part) -> dict[str, list[str]]:
    """All header values as letters, under their names in lower case, in order."""
    heads: dict[str, list[str]] = {}
    for name, value in message.raw_items():
        octets = str(value).encode("ascii", "surrogateescape")
        heads.setdefault(name.lower(), []).append(as_text(octets))
    return heads


def _first(heads: dict[str, list[str]], name: str) -> str:
    return heads.get(name, [""])[0]


def _sender(values: list[str]) -> Contact | None:
    return mailbox(values[0]) if len(values) == 1 else None


def _automatic(message: Part, heads: dict[str, list[str]]) -> bool:
    """Whether a machine wrote it (RFC 3834 section 5, RFC 2919, RFC 3798, and old customs)."""
    for value in heads.get("auto-submitted", []):
        if value.split(";")[0].split("(")[0].strip().lower() != "no":
            return True
    if any(v.strip().lower() in _AUTOMATIC_PRECEDENCE for v in heads.get("precedence", [])):
        return True
    if any(_is_machines(name) for name in heads):
        return True
    return message.kind in _REPORTS


def _is_machines(name: str) -> bool:
    signs = ("list-", "x-auto")
    return name == "x-failed-recipients" or (name.startswith(signs) and name not in _NOT_A_SIGN)
