"""TXT look-ups that never block the loop and tell "there is none" from "nobody knows"."""

from __future__ import annotations

import dns.asyncresolver
import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver

MOST_RECORDS = 3
"""TXT records of one name that are looked at."""


class DnsTroubleError(Exception):
    """The answer is not known now: timeout, SERVFAIL, nonsense. Ask later."""


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
        try:
            answer = await self._resolver.resolve(
                dns.name.from_text(name), dns.rdatatype.TXT, search=False
            )
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer, dns.resolver.YXDOMAIN):
            return ()
        except (dns.name.LabelTooLong, dns.name.NameTooLong, dns.name.EmptyLabel):
            return ()  # a name that cannot exist
        except (dns.exception.DNSException, OSError, EOFError, ValueError):
            raise DnsTroubleError from None
        return tuple(b"".join(record.strings) for record in list(answer)[:MOST_RECORDS])
