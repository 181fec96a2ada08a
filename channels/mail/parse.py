"""Raw octets in, a small value out. Pure, and never raises on any octets.

What is not in `Parsed` does not go any further: the message itself is thrown away, so no header,
boundary, file name or id of it can cross to a reader by construction.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from channels.contract import File, Trait
from channels.mail.headers import addresses, as_text, display_name, mailbox, moment, safe_header
from channels.mail.robots import automatic
from channels.mail.tree import Part, TooDeepError, TooManyPartsError, take_apart, take_in
from channels.secret import Contact, Secret

LARGEST_HEAD = 128 * 1024
"""Octets of the header block."""
MOST_HEADERS = 1_000
MOST_ANSWERS = 30
_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_MESSAGE_ID = re.compile(r"<([a-z2-7]{26})@([a-z0-9.-]{1,255})>")


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
    sender_name: Secret
    """The name beside it."""
    message_id: Secret
    date: datetime | None
    """Aware, UTC."""
    to: frozenset[Secret]
    """Addresses of To and Cc, in lower case."""
    subject: Secret
    """One clean line."""
    text: Secret
    html: Secret
    """Clean html that says word for word what `text` says; empty where none does."""
    files: tuple[File, ...]
    """What may be a picture or a text file: octets and nothing else."""
    answers: tuple[Secret, ...]
    """Tokens of ours out of References and In-Reply-To, the oldest first."""
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
    found = take_in(message, ours)
    subject = safe_header(_first(heads, "subject"))
    traits = {Trait.FILES_LEFT_OUT} if found.left_out else set()
    if automatic(
        message, heads, subject=subject, text=found.text, null_sender=null_sender, ours=ours
    ):
        traits.add(Trait.AUTOMATIC)
    return Parsed(
        sender=_sender(heads.get("from", [])),
        sender_name=display_name(_first(heads, "from")),
        message_id=Secret(_first(heads, "message-id").strip()[:998]),
        date=moment(_first(heads, "date")),
        to=addresses(",".join(heads.get("to", []) + heads.get("cc", []))),
        subject=Secret(subject),
        text=Secret(found.text),
        html=Secret(found.html),
        files=found.files,
        answers=_answers(heads, ours),
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


def _answers(heads: dict[str, list[str]], ours: str) -> tuple[Secret, ...]:
    """The tokens in those of the ids it answers that are of our form; of too many, the newest.

    RFC 5322 section 3.6.4: References from the oldest on, then In-Reply-To. Whose they are and
    whether we ever gave them out is not known here.
    """
    values = heads.get("references", []) + heads.get("in-reply-to", [])
    found = _MESSAGE_ID.findall(" ".join(values).lower())
    tokens = dict.fromkeys(token for token, domain in found if ours and domain == ours.lower())
    return tuple(Secret(token) for token in list(tokens)[-MOST_ANSWERS:])
