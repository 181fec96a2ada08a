"""What a channel brings to the conformance suite: itself, and an outside world that obeys."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Protocol

from channels.contract import Accept, Channel, Inbound, Receipt
from channels.secret import Contact, Secret

NOW = datetime(2026, 11, 21, 18, 15, tzinfo=UTC)
"""The time that every clock on a bench shows."""


class World(StrEnum):
    """How the outside world meets what is sent from now on."""

    TAKES = "takes"
    BUSY = "busy"
    """Says that it takes nothing now."""
    NOBODY = "nobody"
    """Says that there is no such reader, and that there never will be."""
    NONSENSE = "nonsense"
    """Answers what nobody understands."""
    LOSES_ANSWER = "loses_answer"
    """Takes the copy, and hangs up instead of saying so."""
    HANGS = "hangs"
    """Takes the copy, and says nothing any more."""
    GONE = "gone"
    """Nobody is there. Only channels made after that see it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One copy as it was brought to a reader."""

    to: str
    """The real contact it was brought to."""
    author: str
    """Who it says it is from; empty if it says nobody, or the programme."""
    words: str
    """What she reads beside that: the subject, if one is shown, and the text."""
    whole: str
    """Everything the provider was given for it, but the contact that it is to be brought to."""
    fields: tuple[str, ...]
    """The names of the headers, parameters or lines that it is made of, sorted."""


class Bench(Protocol):
    """A way out before an outside world. The clock of its channels shows `NOW`."""

    kind: str
    """The kind of contact: `sms` or `email`."""
    readers: tuple[Contact, Contact]
    places: tuple[Secret, Secret]
    """Where each of these readers writes to."""
    lights_up: bool
    """Whether what arrives may wake somebody, so that `Outgoing.not_after` counts."""
    cannot: Mapping[World, str]
    """What this world has no way to do, and why."""

    def channel(self, *, patience: float = 20.0) -> Channel:
        """A new channel that waits at most so many seconds for one answer."""
        ...

    def become(self, world: World) -> None:
        """Change the outside world."""
        ...

    def seen(self) -> list[Seen]:
        """All that was ever brought to anybody, oldest first."""
        ...


class Heard(StrEnum):
    """What a provider makes of our answer to a message."""

    YES = "yes"
    """It is done with it, and tells its writer nothing."""
    LATER = "later"
    """It will try again."""
    NO = "no"
    """It is done with it, and tells its writer that it was not taken."""


class Door(Protocol):
    """A way in, behind an outside world that writes."""

    kind: str
    """The kind of contact: `sms` or `email`."""
    refusal_is_heard: bool
    """`Inbound.refusal_is_heard`."""
    people: tuple[Contact, Contact]
    """Two who write."""
    place: Secret
    """Where they write to."""
    said: list[str]
    """Our answers as they were, without what differs between any two (times, ids)."""

    async def open(self, accept: Accept) -> None:
        """Begin to take in."""
        ...

    async def write(self, text: str, *, who: int = 0, copies: int = 1) -> list[Heard]:
        """One of the people writes one message; the provider hands it in so many times."""
        ...

    async def forge(self, text: str) -> None:
        """Somebody else writes so that it looks as if the first of the people had."""
        ...

    async def close(self) -> None:
        """Take in nothing more, and end the outside world."""
        ...


@dataclass
class Engine:
    """Stands behind a door: keeps what is handed in and answers as it is told."""

    answers: list[Receipt | Exception] = field(default_factory=list)
    """Used up one by one; after that everything is taken."""
    taken: list[Inbound] = field(default_factory=list)
    entered: asyncio.Event = field(default_factory=asyncio.Event)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    """While it is unset, nothing is answered."""

    def __post_init__(self) -> None:
        self.gate.set()

    async def accept(self, message: Inbound) -> Receipt:
        """An `Accept`."""
        self.taken.append(message)
        self.entered.set()
        await self.gate.wait()
        answer = self.answers.pop(0) if self.answers else Receipt.TAKEN
        if isinstance(answer, Exception):
            raise answer
        return answer
