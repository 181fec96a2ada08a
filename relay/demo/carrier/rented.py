"""Numbers: on sale, rented, in a service, and where each one's texts and calls are announced.

https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

from .model import E164, TOLL_FREE, new_sid

URLS = {
    "SmsUrl": "",
    "SmsMethod": "POST",
    "SmsFallbackUrl": "",
    "SmsFallbackMethod": "POST",
    "VoiceUrl": "",
    "VoiceMethod": "POST",
    "VoiceFallbackUrl": "",
    "VoiceFallbackMethod": "POST",
    "VoiceCallerIdLookup": "false",
    "FriendlyName": "",
}
"""What may be set of a number, and what it is without: parameters of the API."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A number on sale."""

    number: str
    country: str
    sms: bool
    mms: bool

    @property
    def is_toll_free(self) -> bool:
        """Whether its area code is one of the toll-free ones of North America."""
        return bool(TOLL_FREE.fullmatch(self.number))


@dataclass(slots=True, kw_only=True)
class Rented:
    """A number of the account: an IncomingPhoneNumber resource."""

    sid: str
    number: str
    created: datetime
    serial: int
    sms: bool = True
    mms: bool = True
    settings: dict[str, str] = field(default_factory=lambda: dict(URLS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where something that comes in is announced, and where if that fails (empty: nowhere)."""

    url: str
    method: str = "POST"
    fallback_url: str = ""
    fallback_method: str = "POST"


class Numbers:
    """All numbers that are not just phones. Before the first is rented, every number is ours."""

    def __init__(self) -> None:
        self._offers: dict[str, Offer] = {}
        self._rented: dict[str, Rented] = {}
        self._by_sid: dict[str, Rented] = {}
        self._services: dict[str, tuple[str, ...]] = {}
        self._service_of: dict[str, str] = {}
        self._serial = count(1)

    def offer(self, numbers: Iterable[str], *, country: str, sms: bool, mms: bool) -> None:
        """Put numbers on sale."""
        for number in numbers:
            self._offers[number] = Offer(number=number, country=country, sms=sms, mms=mms)

    def on_sale(self, country: str, *, toll_free: bool) -> Iterator[Offer]:
        """What is on sale there, of one of the two types."""
        for offer in self._offers.values():
            if offer.country == country and offer.is_toll_free is toll_free:
                yield offer

    def rent(self, number: str, at: datetime) -> Rented:
        """Make it a number of the account; it is on sale no longer."""
        offer = self._offers.pop(number, None)
        if number not in self._rented:
            rented = Rented(sid=new_sid("PN"), number=number, created=at, serial=next(self._serial))
            if offer is not None:
                rented.sms, rented.mms = offer.sms, offer.mms
            self._rented[number] = self._by_sid[rented.sid] = rented
        return self._rented[number]

    def release(self, rented: Rented) -> None:
        """Give it back. It goes on sale again."""
        del self._rented[rented.number], self._by_sid[rented.sid]
        self.offer([rented.number], country="US", sms=rented.sms, mms=rented.mms)

    def is_on_sale(self, number: str) -> bool:
        """Whether it can be bought."""
        return number in self._offers

    def is_ours(self, number: str) -> bool:
        """Whether it belongs to the account."""
        return number in self._rented if self._rented else bool(E164.fullmatch(number))

    def by_sid(self, sid: str) -> Rented | None:
        """The rented number of that id."""
        return self._by_sid.get(sid)

    def newest_first(self) -> Iterator[Rented]:
        """All numbers of the account."""
        return reversed(self._rented.values())

    def serve(self, numbers: Iterable[str]) -> str:
        """Put numbers into a Messaging Service of their own; its id."""
        sid, together = new_sid("MG"), tuple(numbers)
        if not together:
            raise ValueError("A service needs a number.")
        self._services[sid] = together
        self._service_of.update(dict.fromkeys(together, sid))
        return sid

    def service_of(self, number: str) -> str:
        """The service that the number is in, or nothing."""
        return self._service_of.get(number, "")

    def sender_of(self, service: str) -> str:
        """The number a service sends from, or nothing if there is no such service."""
        return self._services.get(service, ("",))[0]

    def route(self, number: str, kind: str, otherwise: str) -> Route:
        """Where its texts (`Sms`) or calls (`Voice`) are announced: as set, or else there."""
        rented = self._rented.get(number)
        settings: Mapping[str, str] = rented.settings if rented is not None else URLS
        return Route(
            url=settings[f"{kind}Url"] or otherwise,
            method=settings[f"{kind}Method"],
            fallback_url=settings[f"{kind}FallbackUrl"],
            fallback_method=settings[f"{kind}FallbackMethod"],
        )
