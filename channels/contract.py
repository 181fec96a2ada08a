"""The contract between the engine and every channel: what comes in, what goes out, how it ended.

A channel turns the outside world's message into an `Inbound` and hands it to `Accept`; it turns
an `Outgoing` into the outside world's message and answers with an `Outcome`. It keeps no state
about groups or members and never touches the store. Everything that travels is immutable, and
whatever could identify a person or repeat her words travels inside `Secret`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, StrEnum
from typing import Protocol

from channels.secret import Contact, Secret

NO_WORDS = Secret("")


class Trait(StrEnum):
    """What a channel noticed about a message without judging it."""

    AUTOMATIC = "automatic"
    """Written by a machine: an auto-reply, bounce, list mail (RFC 3834 section 5)."""
    FILES_LEFT_OUT = "files_left_out"
    """Pictures or files came with it and are not passed on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """One message that came in, boiled down to what the engine needs."""

    channel: str
    provider_id: str
    """The provider's own id; a repeat of the same message carries the same one."""
    sender: Contact
    to: Secret
    """The proxy number or alias it was written to: it decides the group, nothing else does."""
    text: Secret
    subject: Secret = NO_WORDS
    authentic: bool
    """Whether the channel could verify that `sender` wrote it."""
    traits: frozenset[Trait] = frozenset()
    refusal_is_heard: bool = False
    """Whether `REFUSED` reaches the writer by itself, as an SMTP 550 does; a text has no such."""


class Receipt(Enum):
    """What became of an `Inbound`. Why is not the channel's business: outsiders learn nothing."""

    TAKEN = "taken"
    """Durable. The provider may be told yes."""
    AGAIN = "again"
    """Seen before; nothing was done. The provider may be told yes."""
    REFUSED = "refused"
    """Nothing was stored: unknown place, unknown sender, or a sender who may not write there."""


Accept = Callable[[Inbound], Awaitable[Receipt]]
"""How a channel hands a message in. An exception means trouble on our side: answer "later"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One copy of one post for one reader, to be composed from nothing but this."""

    post: int
    """Equal for all copies of a post, so that a channel may share work between them."""
    delivery: Secret
    """A random token of this copy, the same at every attempt, so that a repeat can be seen."""
    to: Contact
    write_to: Secret
    """The reader's own proxy number or alias: where her answer goes."""
    author: Secret | None
    """The writer's pseudonym; `None` when the programme itself speaks."""
    mask: Secret
    """The address under which the author appears in mail."""
    subject: Secret
    text: Secret
    expires: datetime
    """Aware. After this the copy must not reach anyone."""


class Trouble(StrEnum):
    """Why a send did not succeed: a closed list, safe to log and to count."""

    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    BUSY = "busy"
    REFUSED_FOR_NOW = "refused_for_now"
    REFUSED = "refused"
    BAD_CONTACT = "bad_contact"
    OPTED_OUT = "opted_out"
    NOT_CONFIGURED = "not_configured"
    NO_TLS = "no_tls"
    ANSWER_LOST = "answer_lost"
    OUR_FAULT = "our_fault"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The provider took it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """Not now. An error nobody recognises is always `Later`: a bug must delay, not lose."""

    why: Trouble
    after: timedelta | None = None
    """Wait at least this long, where the provider said so."""
    unsure: bool = False
    """The provider may have taken it: its answer was lost. Repeated once at the most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Never:
    """This copy cannot reach this contact."""

    why: Trouble


Outcome = Sent | Later | Never


class Channel(Protocol):
    """The way out. `send` answers with an `Outcome` and raises nothing but cancellation."""

    @property
    def name(self) -> str:
        """`sms`, `email`: the word stored with a member and shown in the command line."""
        ...

    @property
    def concurrency(self) -> int:
        """How many sends the engine may have under way at once."""
        ...

    async def send(self, out: Outgoing) -> Outcome:
        """Compose and send one copy. The engine has recorded the attempt before calling."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
