"""Look-ups that never block the loop and tell "there is none" from "nobody knows"."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any, Protocol, TypeVar

import dns.asyncresolver
import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver
import dns.reversename

MOST_RECORDS = 100
"""Records of one name that are looked at."""

Address = IPv4Address | IPv6Address
_Found = TypeVar("_Found")
_Key = tuple[str, str]


class DnsTroubleError(Exception):
    """The answer is not known now: timeout, SERVFAIL, nonsense. Ask later."""


class Names(Protocol):
    """What is asked about senders. Everything raises `DnsTroubleError`; none is an empty tuple."""

    async def txt(self, name: str) -> tuple[bytes, ...]:
        """TXT records, each joined from its strings (RFC 7208 section 3.3)."""
        ...

    async def addresses(self, name: str, version: int) -> tuple[Address, ...]:
        """A records with `version` 4, AAAA records with 6."""
        ...

    async def mail_hosts(self, name: str) -> tuple[str, ...]:
        """The hosts of the MX records, best first, without the last dot."""
        ...

    async def names_of(self, address: Address) -> tuple[str, ...]:
        """The names of the PTR records, without the last dot."""
        ...


class Resolver:
    """Asks `server` ("host:port") or, with `None`, the servers of the system."""

    def __init__(self, server: str | None = None, *, seconds: float = 5.0) -> None:
        self._resolver = dns.asyncresolver.Resolver(configure=server is None)
        if server is not None:
            host, _, port = server.rpartition(":")
            self._resolver.nameservers = [host.strip("[]")]
            self._resolver.port = int(port)
        self._resolver.cache = dns.resolver.LRUCache(2_000)
        self._resolver.timeout = min(2.0, seconds)
        self._resolver.lifetime = seconds

    async def txt(self, name: str) -> tuple[bytes, ...]:
        """The TXT records of an ASCII name, each joined from its strings; empty if there is none.

        Raises `DnsTroubleError`, which carries no name.
        """
        return tuple(b"".join(one.strings) for one in await self._ask(name, "TXT"))

    async def addresses(self, name: str, version: int) -> tuple[Address, ...]:
        """The addresses of a name. Raises `DnsTroubleError`."""
        found = await self._ask(name, "A" if version == 4 else "AAAA")
        return tuple(ip_address(one.address) for one in found)

    async def mail_hosts(self, name: str) -> tuple[str, ...]:
        """The mail hosts of a name. Raises `DnsTroubleError`."""
        found = sorted(await self._ask(name, "MX"), key=lambda one: int(one.preference))
        return tuple(one.exchange.to_text(omit_final_dot=True) for one in found)

    async def names_of(self, address: Address) -> tuple[str, ...]:
        """What an address calls itself. Raises `DnsTroubleError`."""
        asked = dns.reversename.from_address(str(address)).to_text(omit_final_dot=True)
        found = await self._ask(asked, "PTR")
        return tuple(one.target.to_text(omit_final_dot=True) for one in found)

    async def _ask(self, name: str, kind: str) -> list[Any]:
        """The records of a kind, at most `MOST_RECORDS`."""
        try:
            asked = _name(name)
            answer = await self._resolver.resolve(asked, kind, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer, dns.resolver.YXDOMAIN):
            return []
        except (dns.name.LabelTooLong, dns.name.NameTooLong, dns.name.EmptyLabel, UnicodeError):
            return []  # a name that cannot exist
        except (dns.exception.DNSException, OSError, EOFError, ValueError):
            raise DnsTroubleError from None
        return list(answer)[:MOST_RECORDS]


def _name(text: str) -> dns.name.Name:
    """Label by label: a backslash out of a hostile record is a letter like any other."""
    labels = text.removesuffix(".").split(".")
    return dns.name.Name([*(label.encode("ascii") for label in labels), b""])


class Budget:
    """`names` for one message: no question is asked twice, and only `most` are asked at all.

    One question too many is `DnsTroubleError`, as is the repeat of one that met with trouble.
    """

    def __init__(self, names: Names, most: int) -> None:
        self._names, self._left = names, most
        self._known: dict[_Key, Any] = {}

    async def txt(self, name: str) -> tuple[bytes, ...]:
        """As `Names.txt`."""
        return await self._once(("TXT", name.lower()), lambda: self._names.txt(name))

    async def addresses(self, name: str, version: int) -> tuple[Address, ...]:
        """As `Names.addresses`."""
        key = (f"A{version}", name.lower())
        return await self._once(key, lambda: self._names.addresses(name, version))

    async def mail_hosts(self, name: str) -> tuple[str, ...]:
        """As `Names.mail_hosts`."""
        return await self._once(("MX", name.lower()), lambda: self._names.mail_hosts(name))

    async def names_of(self, address: Address) -> tuple[str, ...]:
        """As `Names.names_of`."""
        return await self._once(("PTR", str(address)), lambda: self._names.names_of(address))

    async def _once(self, key: _Key, ask: Callable[[], Awaitable[_Found]]) -> _Found:
        if key not in self._known:
            if self._left <= 0:
                raise DnsTroubleError
            self._left -= 1
            try:
                self._known[key] = await ask()
            except DnsTroubleError:
                self._known[key] = None
        found: _Found | None = self._known[key]
        if found is None:
            raise DnsTroubleError
        return found
