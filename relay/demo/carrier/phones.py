"""The phones: what each one shows, and what is done with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from .model import TextMessage

Pictures = int | Sequence[tuple[str, bytes]]
"""How many of them, or each one's content type and octets."""


class Line(Protocol):
    """The way from a phone into the network."""

    async def take_from_phone(
        self, number: str, to: str, body: str, media: Pictures = 0, others: Sequence[str] = ()
    ) -> int:
        """What `Phone.text` does."""
        ...

    async def take_call(self, number: str, to: str) -> str:
        """What `Phone.call` does."""
        ...


@dataclass(frozen=True, slots=True)
class Phone:
    """One phone: `inbox` is what it shows, oldest first; `text` writes from it, `call` calls."""

    number: str
    inbox: list[TextMessage]
    _line: Line = field(repr=False, compare=False)

    async def text(
        self, to: str, body: str, media: Pictures = 0, *, others: Sequence[str] = ()
    ) -> int:
        """Write to a number of Twilio's; the HTTP status the webhook answered with.

        `media` is a number of pictures, or each one's content type and octets. `others` are the
        other recipients of a native group message of the phone's, which is an MMS even without
        media.

        0 if no connection came about or no answer came. With a duplicate scripted, the status of
        the last copy; where the fallback address was called, the status of that. Raises
        `ValueError` for a number that is nobody's.
        """
        return await self._line.take_from_phone(self.number, to, body, media, others)

    async def call(self, to: str) -> str:
        """Call a number of Twilio's; the TwiML that the program answers with, or nothing.

        Raises `ValueError` for a number that is nobody's.
        """
        return await self._line.take_call(self.number, to)


class Phones:
    """All phones: there is one for every number, from its first use."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._phones: dict[str, Phone] = {}
        self.delivered: list[TextMessage] = []

    def of(self, number: str) -> Phone:
        """The phone of that number."""
        if number not in self._phones:
            self._phones[number] = Phone(number, [], self._line)
        return self._phones[number]

    def deliver(self, text: TextMessage) -> None:
        """Have the phone it is written to show it."""
        self.of(text.to).inbox.append(text)
        self.delivered.append(text)
