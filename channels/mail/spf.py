"""SPF (RFC 7208): whether this client may send mail in the name of this domain.

Written out because it must run on our loop and ask our own resolver. A record is a small program
by a stranger, so everything it can do is bounded: terms that ask DNS, look-ups without an answer,
questions in all, the length of the record and of each term. `exp=` is never followed: nobody
reads it here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import AddressValueError, IPv4Network, IPv6Network, NetmaskValueError, ip_network
from urllib.parse import quote

from channels.mail.dns import Address, DnsTroubleError, Names

MOST_TERMS = 10
"""Terms that ask DNS, over all records (section 4.6.4)."""
MOST_VOID = 2
"""Look-ups that find nothing."""
MOST_HOSTS = 10
"""Mail hosts of one `mx`, and names of one `ptr`."""
MOST_QUESTIONS = 50
LONGEST_RECORD = 4_096
LONGEST_TERM = 512

_VERSION = re.compile(rb"v=spf1(?: |$)", re.IGNORECASE)
_MODIFIER = re.compile(r"([a-z][a-z0-9_.-]*)=(.*)", re.IGNORECASE)
_MECHANISM = re.compile(r"([+?~-]?)([a-z][a-z0-9]*)(?::([^ ]*?))?((?:/[0-9/]*)?)", re.IGNORECASE)
_LENGTHS = re.compile(r"(?:/(0|[1-9][0-9]?))?(?://(0|[1-9][0-9]{0,2}))?")
_LENGTH = re.compile(r"(?:/(0|[1-9][0-9]{0,2}))?")
_TOKEN = re.compile(
    r"%\{([slodiphvcrt])([0-9]*)(r?)([-.+,/_=]*)\}|%([%_-])|([!-$&-~])", re.IGNORECASE
)
_TOP_LABEL = re.compile(r"(?=.*[a-z-])[a-z0-9](?:[a-z0-9-]*[a-z0-9])?", re.IGNORECASE)
_EXPLAINING = frozenset("crt")
"""Macro letters that only an explanation may use."""
_ESCAPED = {"%": "%", "_": " ", "-": "%20"}
_DELIMITERS = re.compile(r"[-.+,/_=]")


class Spf(StrEnum):
    """The results of section 2.6."""

    PASS = "pass"  # noqa: S105  # a verdict, no secret
    FAIL = "fail"
    SOFTFAIL = "softfail"
    NEUTRAL = "neutral"
    NONE = "none"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


_QUALIFIERS = {
    "": Spf.PASS,
    "+": Spf.PASS,
    "-": Spf.FAIL,
    "~": Spf.SOFTFAIL,
    "?": Spf.NEUTRAL,
}


class _PermError(Exception):
    """The record cannot be understood, or wants too much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Term:
    """One mechanism."""

    result: Spf
    kind: str
    target: str = ""
    """A domain with macros; empty for the current one."""
    length4: int = 32
    length6: int = 128
    network: IPv4Network | IPv6Network | None = None


@dataclass(frozen=True, slots=True)
class _Record:
    """A record that was read to its end without an error."""

    terms: tuple[_Term, ...]
    redirect: str | None


async def check_host(client: Address, domain: str, sender: str, helo: str, names: Names) -> Spf:
    """Whether `client` may send for `domain`. Raises nothing.

    `sender` is the envelope sender; an empty one stands for `postmaster@helo` (section 2.4).
    """
    local, _, of = (sender or f"postmaster@{helo}").rpartition("@")
    inquiry = _Inquiry(client, local or "postmaster", of, helo, names)
    try:
        return await inquiry.check(domain)
    except _PermError:
        return Spf.PERMERROR
    except DnsTroubleError:
        return Spf.TEMPERROR


def _read(raw: bytes) -> _Record:
    """Read a record. Raises `_PermError` at the first mistake anywhere (section 4.6)."""
    if len(raw) > LONGEST_RECORD or not raw.isascii():
        raise _PermError
    terms: list[_Term] = []
    modifiers: dict[str, str] = {}
    for word in raw.decode("ascii")[len("v=spf1") :].split(" "):
        if not word:
            continue
        if len(word) > LONGEST_TERM:
            raise _PermError
        if modifier := _MODIFIER.fullmatch(word):
            name = modifier[1].lower()
            if name in modifiers and name in ("redirect", "exp"):
                raise _PermError
            modifiers[name] = _checked_modifier(name, modifier[2])
        else:
            terms.append(_term(word))
    return _Record(tuple(terms), modifiers.get("redirect"))


def _checked_modifier(name: str, value: str) -> str:
    """The value, if it has the form its name wants."""
    if name in ("redirect", "exp"):
        return _checked_domain(value)
    if _tokens(value) is None:
        raise _PermError
    return value


def _term(word: str) -> _Term:
    """Read a mechanism (section 5)."""
    match = _MECHANISM.fullmatch(word)
    if match is None:
        raise _PermError
    result, kind, target, length = _QUALIFIERS[match[1]], match[2].lower(), match[3], match[4]
    if kind == "all" and target is None and not length:
        return _Term(result=result, kind=kind)
    if kind in ("ip4", "ip6") and target:
        return _Term(result=result, kind=kind, network=_network(kind, target, length))
    if kind in ("include", "exists") and target and not length:
        return _Term(result=result, kind=kind, target=_checked_domain(target))
    if kind == "ptr" and target != "" and not length:
        return _Term(result=result, kind=kind, target=_checked_domain(target) if target else "")
    if kind in ("a", "mx") and target != "":
        target = _checked_domain(target) if target else ""
        four, six = _lengths(length)
        return _Term(result=result, kind=kind, target=target, length4=four, length6=six)
    raise _PermError


def _lengths(text: str) -> tuple[int, int]:
    """The prefix lengths in `/24//64`, each of which may be missing (section 5.6)."""
    match = _LENGTHS.fullmatch(text)
    if match is None:
        raise _PermError
    four, six = int(match[1] or 32), int(match[2] or 128)  # "0" is not empty
    if four > 32 or six > 128:
        raise _PermError
    return four, six


def _network(kind: str, target: str, length: str) -> IPv4Network | IPv6Network:
    version = 4 if kind == "ip4" else 6
    if not _LENGTH.fullmatch(length) or "%" in target:
        raise _PermError
    try:
        network = ip_network(target + length, strict=False)
    except (AddressValueError, NetmaskValueError, ValueError):
        raise _PermError from None
    if network.version != version:
        raise _PermError
    return network


def _tokens(text: str) -> list[re.Match[str]] | None:
    """The pieces of a macro string (section 7.1), `None` if it is none."""
    found = list(_TOKEN.finditer(text))
    if sum(len(one[0]) for one in found) != len(text):
        return None
    for one in found:
        letter, digits = one[1], one[2]
        nothing = digits and not digits.strip("0")
        if letter and (letter.lower() in _EXPLAINING or nothing):
            return None
    return found


def _checked_domain(text: str) -> str:
    """`text`, if it is a domain-spec: it ends in a top label or in a macro."""
    found = _tokens(text)
    if not found:
        raise _PermError
    tail = ""
    for one in reversed(found):
        if not one[6]:
            break
        tail = one[6] + tail
    if tail:
        _, dot, top = tail.removesuffix(".").rpartition(".")
        if not dot or not _TOP_LABEL.fullmatch(top):
            raise _PermError
    return text


def is_domain(text: str) -> bool:
    """Whether a look-up can be begun with it: two labels or more, none empty or too long."""
    labels = text.removesuffix(".").split(".")
    return len(labels) > 1 and len(text) <= 253 and all(1 <= len(one) <= 63 for one in labels)


class _Inquiry:
    """One check, over all the records it leads to."""

    def __init__(self, client: Address, local: str, of: str, helo: str, names: Names) -> None:
        mapped = client.ipv4_mapped if client.version == 6 else None
        self._client: Address = mapped or client
        self._local, self._of, self._helo = local, of, helo
        self._names = names
        self._terms = self._void = self._questions = 0
        self._own_names: tuple[str, ...] | None = None

    async def check(self, domain: str) -> Spf:
        """`check_host()` of section 4. Raises `_PermError`, `DnsTroubleError`."""
        if not is_domain(domain) or not domain.isascii():
            return Spf.NONE
        self._count_question()
        found = [one for one in await self._names.txt(domain) if _VERSION.match(one)]
        if not found:
            return Spf.NONE
        if len(found) > 1:
            raise _PermError
        record = _read(found[0])
        for term in record.terms:
            if await self._matches(term, domain):
                return term.result
        if record.redirect is None:
            return Spf.NEUTRAL
        self._count_term()
        result = await self.check(await self._expanded(record.redirect, domain))
        if result is Spf.NONE:
            raise _PermError
        return result

    async def _matches(self, term: _Term, domain: str) -> bool:
        """Whether a mechanism matches (section 5)."""
        if term.kind == "all":
            return True
        if term.network is not None:
            return self._client in term.network
        self._count_term()
        target = await self._expanded(term.target, domain) if term.target else domain
        if term.kind == "include":
            result = await self.check(target)
            if result is Spf.NONE:
                raise _PermError
            return result is Spf.PASS
        if term.kind == "exists":
            return bool(await self._addresses(target, 4))
        if term.kind == "ptr":
            return any(_is_below(name, target) for name in await self._client_names())
        hosts = [target] if term.kind == "a" else await self._mail_hosts(target)
        return await self._at_one_of(hosts, term)

    async def _at_one_of(self, hosts: list[str], term: _Term) -> bool:
        """Whether the client is in the same network as one of the hosts."""
        length = term.length4 if self._client.version == 4 else term.length6
        for host in hosts:
            for address in await self._addresses(host, self._client.version):
                if self._client in ip_network(f"{address}/{length}", strict=False):
                    return True
        return False

    async def _mail_hosts(self, target: str) -> list[str]:
        """Raises `_PermError` where there are more than ten (section 4.6.4)."""
        self._count_question()
        hosts = await self._names.mail_hosts(target)
        self._count_void(found=bool(hosts))
        if len(hosts) > MOST_HOSTS:
            raise _PermError
        return list(hosts)

    async def _addresses(self, host: str, version: int) -> tuple[Address, ...]:
        self._count_question()
        found = await self._names.addresses(host, version)
        self._count_void(found=bool(found))
        return found

    async def _client_names(self) -> tuple[str, ...]:
        """The names of the client that lead back to it (section 5.5). Trouble means none."""
        if self._own_names is None:
            self._own_names = await self._led_back()
        return self._own_names

    async def _led_back(self) -> tuple[str, ...]:
        self._count_question()
        try:
            claimed = await self._names.names_of(self._client)
        except DnsTroubleError:
            return ()
        self._count_void(found=bool(claimed))
        found = []
        for name in claimed[:MOST_HOSTS]:
            try:
                addresses = await self._addresses(name, self._client.version)
            except DnsTroubleError:
                continue
            if self._client in addresses:
                found.append(name.lower())
        return tuple(found)

    async def _expanded(self, text: str, domain: str) -> str:
        """A domain-spec with its macros filled in, shortened from the left to 253 characters."""
        pieces = []
        for one in _tokens(text) or ():
            if one[1]:
                pieces.append(await self._macro(one, domain))
            else:
                pieces.append(_ESCAPED[one[5]] if one[5] else one[6])
        name = "".join(pieces).removesuffix(".")
        while len(name) > 253:
            _, dot, name = name.partition(".")
            if not dot:
                break
        return name

    async def _macro(self, one: re.Match[str], domain: str) -> str:
        """One `%{...}` (sections 7.2 and 7.3)."""
        letter, digits, reverse, delimiters = one[1], one[2], one[3], one[4]
        value = await self._value(letter.lower(), domain)
        parts = re.split(f"[{re.escape(delimiters or '.')}]", value)
        if reverse:
            parts.reverse()
        if digits and len(digits) < 5:
            parts = parts[-int(digits) :]
        value = ".".join(parts)
        return quote(value, safe="-._~") if letter.isupper() else value

    async def _value(self, letter: str, domain: str) -> str:
        if letter == "p":
            return await self._best_name(domain)
        return {
            "s": f"{self._local}@{self._of}",
            "l": self._local,
            "o": self._of,
            "d": domain,
            "i": _dotted(self._client),
            "v": "in-addr" if self._client.version == 4 else "ip6",
            "h": self._helo,
        }[letter]

    async def _best_name(self, domain: str) -> str:
        """`%{p}`: the client's own name, rather one of this domain."""
        found = await self._client_names()
        same = [name for name in found if name == domain.lower()]
        below = [name for name in found if _is_below(name, domain)]
        return next(iter([*same, *below, *found]), "unknown")

    def _count_term(self) -> None:
        self._terms += 1
        if self._terms > MOST_TERMS:
            raise _PermError

    def _count_void(self, *, found: bool) -> None:
        self._void += not found
        if self._void > MOST_VOID:
            raise _PermError

    def _count_question(self) -> None:
        self._questions += 1
        if self._questions > MOST_QUESTIONS:
            raise _PermError


def _is_below(name: str, domain: str) -> bool:
    """Whether `name` is `domain` or one of its subdomains."""
    domain = domain.lower().removesuffix(".")
    return name == domain or name.endswith("." + domain)


def _dotted(address: Address) -> str:
    """`%{i}`: dotted decimals, or the nibbles of an IPv6 address with dots between."""
    if address.version == 4:
        return str(address)
    return ".".join(address.exploded.replace(":", ""))
