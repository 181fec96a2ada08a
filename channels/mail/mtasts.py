"""Our own MTA-STS policy (RFC 8461): who sends mail to us shall do it over verified TLS.

Whoever looks up the MX of a domain applies its policy. We hand mail to one smarthost, whose name
and certificate we verify ourselves, so looking up the policies of readers' domains is its work;
what we publish protects what members write to us.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from enum import StrEnum

from channels.contact import is_domain

PATH = "/.well-known/mta-sts.txt"
CONTENT_TYPE = "text/plain; charset=us-ascii"
_MAX_AGE = 7 * 24 * 3600


class Mode(StrEnum):
    """What a sender shall do when it gets no verified TLS (RFC 8461 section 5)."""

    ENFORCE = "enforce"
    TESTING = "testing"
    NONE = "none"


def mta_sts_host(domain: str) -> str:
    """The name under which the policy must be served, over https with a certificate for it."""
    return f"mta-sts.{domain}"


def mta_sts_policy(domain: str, mx_hosts: Sequence[str], mode: Mode) -> str:
    """The policy file of a mail domain, whose MX records name `mx_hosts` (section 3.2).

    Without any the domain is its own MX host. Raises `ValueError` for what is no host name.
    """
    hosts = list(dict.fromkeys(host.lower().rstrip(".") for host in mx_hosts or [domain]))
    if not all(is_domain(host.removeprefix("*.")) for host in [domain, *hosts]):
        raise ValueError("an MX host is not a domain name")
    lines = ["version: STSv1", f"mode: {Mode(mode).value}"]
    lines += [f"mx: {host}" for host in hosts]
    return "\r\n".join([*lines, f"max_age: {_MAX_AGE}", ""])


def dns_records(domain: str, policy: str, reports_to: str | None = None) -> list[tuple[str, str]]:
    """The TXT records, name and value, that announce a policy (sections 3.1 and RFC 8460).

    The id is made of the policy, so it changes exactly when that does. `reports_to`, an address,
    gets daily counts of TLS failures from large providers: no contacts, no contents.
    """
    version = hashlib.sha256(policy.encode("ascii")).hexdigest()[:20]
    found = [(f"_mta-sts.{domain}", f"v=STSv1; id={version}")]
    if reports_to is not None:
        found.append((f"_smtp._tls.{domain}", f"v=TLSRPTv1; rua=mailto:{reports_to}"))
    return found
