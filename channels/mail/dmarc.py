"""DMARC (RFC 9989): what a domain asks to be done with mail that it did not vouch for.

Records are found, and domains of one owner told apart from neighbours under a public suffix, by
the DNS tree walk of section 4.10; there is no list of suffixes. In one point this is stricter
than the standard: a name of a single label is never anybody's own domain, whatever it publishes.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, replace

from channels.mail.dns import DnsTroubleError, Names

MOST_LABELS = 8
"""Names asked on one walk (section 4.10)."""
LONGEST_RECORD = 4_096
_VERSION = re.compile(rb"v[ \t]*=[ \t]*DMARC1[ \t]*(?:;|$)")
_POLICIES = ("none", "quarantine", "reject")


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A DMARC policy record, as far as it binds a receiver (section 4.7)."""

    own: str = "none"
    """`none`, `quarantine` or `reject`, for the domain itself."""
    below: str = "none"
    """For its subdomains that exist."""
    missing: str = "none"
    """For its subdomains that do not."""
    strict_dkim: bool = False
    strict_spf: bool = False
    suffix: bool | None = None
    """`psd=`: this is a public suffix, this is an owner's domain, or (`None`) not said."""
    testing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What holds for the domain in From."""

    enforced: bool = False
    """Mail without a pass is to be rejected or put aside."""
    strict_dkim: bool = False
    strict_spf: bool = False


def read(raw: bytes) -> Record | None:
    """Read one TXT record; `None` if it is no DMARC record.

    A broken tag is ignored, but a broken or missing policy, a tag said twice or a policy for
    subdomains that nobody understands makes all policies `none` (section 4.10.1).
    """
    if len(raw) > LONGEST_RECORD or not _VERSION.match(raw):
        return None
    tags: dict[str, str] = {}
    twice = False
    for part in raw.decode("ascii", "replace").split(";"):
        name, sign, value = part.partition("=")
        key = name.strip(" \t").lower()
        if sign and key:
            twice = twice or key in tags
            tags.setdefault(key, value.strip(" \t").lower())
    own = tags.get("p", "")
    below = tags.get("sp", own)
    missing = tags.get("np", below)
    if twice or not {own, below, missing} <= set(_POLICIES):
        own = below = missing = "none"
    return Record(
        own=own,
        below=below,
        missing=missing,
        strict_dkim=tags.get("adkim") == "s",
        strict_spf=tags.get("aspf") == "s",
        suffix={"y": True, "n": False}.get(tags.get("psd", "")),
        testing=tags.get("t") == "y",
    )


async def policy(domain: str, names: Names) -> Policy:
    """The policy for mail from `domain` (lower case, ASCII). Raises `DnsTroubleError`.

    A domain that is testing (`t=y`) asks not to have its policy applied, so nothing is enforced.
    """
    own = await _record(domain, names)
    if own is not None:
        return _policy(own, own.own)
    found = await _walk(domain, names)
    owner = _owner(domain, found)
    record = found.get(owner) or next((one for one in found.values() if one.suffix), None)
    if record is None:
        return Policy()
    wish = record.below
    if record.missing != record.below and not await _exists(domain, names):
        wish = record.missing
    return _policy(record, wish)


async def organisation(domain: str, names: Names) -> str:
    """The organisational domain of `domain` (section 4.10.2). Raises `DnsTroubleError`."""
    return _owner(domain, await _walk(domain, names))


def _policy(record: Record, wish: str) -> Policy:
    return Policy(
        enforced=wish != "none" and not record.testing,
        strict_dkim=record.strict_dkim,
        strict_spf=record.strict_spf,
    )


def _owner(domain: str, found: dict[str, Record]) -> str:
    """Out of the records of a walk, longest name first, the organisational domain."""
    shortest = domain
    for name, record in found.items():
        if record.suffix is False:
            return name
        if record.suffix and name != domain:
            return _one_below(name, domain)
        shortest = name
    return shortest


def _one_below(suffix: str, domain: str) -> str:
    labels = domain.split(".")
    return ".".join(labels[-(suffix.count(".") + 2) :])


def _targets(domain: str) -> list[str]:
    """The names of a walk: the domain, then shorter and shorter ones, at most eight."""
    labels = domain.split(".")
    first = 1 if len(labels) < MOST_LABELS else len(labels) - MOST_LABELS + 1
    return [domain, *(".".join(labels[at:]) for at in range(first, len(labels)))]


async def _walk(domain: str, names: Names) -> dict[str, Record]:
    """The records on the way up, until one that ends it. Raises `DnsTroubleError`.

    Asked all at once; trouble with a name counts only if the walk gets there.
    """
    targets = _targets(domain)
    answers = await asyncio.gather(
        *(_record(target, names) for target in targets), return_exceptions=True
    )
    found: dict[str, Record] = {}
    for target, answer in zip(targets, answers, strict=True):
        if isinstance(answer, BaseException):
            raise answer
        if answer is None:
            continue
        found[target] = answer if "." in target else replace(answer, suffix=True)
        if answer.suffix is not None:
            break
    return found


async def _record(domain: str, names: Names) -> Record | None:
    """The one record of a name; several cancel each other out."""
    found = [one for one in map(read, await names.txt(f"_dmarc.{domain}")) if one is not None]
    return found[0] if len(found) == 1 else None


async def _exists(domain: str, names: Names) -> bool:
    """Whether the name has an address or takes mail (section 3.2.9). Raises `DnsTroubleError`."""
    answers = await asyncio.gather(
        names.mail_hosts(domain),
        names.addresses(domain, 4),
        names.addresses(domain, 6),
        return_exceptions=True,
    )
    if any(answer and not isinstance(answer, BaseException) for answer in answers):
        return True
    if any(isinstance(answer, BaseException) for answer in answers):
        raise DnsTroubleError
    return False
