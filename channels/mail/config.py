"""What the two edges of the mail channel must be told. Nothing here is read from outside.

Times are seconds, sizes octets.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path

from channels.mail.dkim import SigningKey
from channels.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class MailInConfig:
    """How mail is taken in."""

    domain: str
    hostname: str
    """What the banner says; never looked up."""
    host: str = "127.0.0.1"
    port: int = 8025
    max_bytes: int = 10 * 1024 * 1024
    tls_cert: Path | None = None
    tls_key: Path | None = None
    """STARTTLS is offered when both are given."""
    command_seconds: float = 60.0
    data_seconds: float = 300.0
    parse_seconds: float = 20.0
    """For reading one large message; after that its sender is told to come again."""
    max_sessions: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class MailOutConfig:
    """How mail leaves: in whose name, signed with what, and through which smarthost."""

    domain: str
    """The domain of aliases, masks and signatures."""
    hostname: str
    """Our own name in EHLO."""
    smarthost_host: str
    smarthost_port: int
    user: str | None = field(default=None, repr=False)
    password: Secret | None = None
    implicit_tls: bool = False
    """TLS from the first octet (submissions, RFC 8314) instead of STARTTLS."""
    require_tls: bool | None = None
    """`None`: required unless the smarthost is this machine."""
    ca_file: str | None = None
    """Certificates to trust instead of the system's."""
    dkim_selector: str
    dkim_key: bytes = field(repr=False)
    """RSA or Ed25519 private key, PEM."""
    dkim_also: tuple[SigningKey, ...] = ()
    """Further keys that sign each mail too, such as Ed25519 beside RSA (RFC 8463 section 3)."""
    public_url: str | None = None
    """Where the page behind unsubscribe links is; at most 45 characters."""
    programme_name: str
    notice_address: str
    """Where notices come from; at `domain`."""
    connections: int = 8
    most_in_hand: int = 64
    """Copies that may be asked of the channel at once, when they are answered quickly."""
    domain_connections: int = 6
    """Copies for one recipient domain are on so many connections at a time: the others stay free
    for everybody else, however slow that domain is."""
    require_tls_onward: bool = False
    """Ask the smarthost, where it offers REQUIRETLS (RFC 8689), to hand the copy on only over
    verified TLS, or to give it back."""
    send_seconds: float = 45.0
    """For one whole copy, waiting included. The engine's lease must be longer."""
    connect_seconds: float = 10.0
    command_seconds: float = 30.0
    data_seconds: float = 60.0
    idle_seconds: float = 60.0

    @property
    def signing_keys(self) -> tuple[SigningKey, ...]:
        """Every key that signs."""
        return (SigningKey(self.dkim_selector, self.dkim_key), *self.dkim_also)

    @property
    def must_encrypt(self) -> bool:
        """Whether nothing may be said to the smarthost in the clear."""
        if self.require_tls is None:
            return not _is_loopback(self.smarthost_host)
        return self.require_tls


def _is_loopback(host: str) -> bool:
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
