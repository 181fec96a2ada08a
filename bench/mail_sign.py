"""Signed mails a second: one post for 1,000 readers, composed and signed on one core.

Against a loop that signs the same copies with dkimpy, which is all an ordinary program does, and
against the bare signatures of OpenSSL, which is all this machine can do. Nothing is sent.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from time import perf_counter

import dkim
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from bench.figures import Figure, Rates, duels
from bench.ground import Site
from channels.contact import EMAIL
from channels.contract import Outgoing
from channels.mail.bodies import Bodies
from channels.mail.compose import Voice, compose, octets
from channels.mail.dkim import Kind, Signer, SigningKey, generate_key
from channels.secret import Contact, Secret

_READERS = 1_000
_SLOW = 40
"""Copies that dkimpy signs in a round: 1,000 would take it a quarter of a minute."""
_ROUNDS = 5
_DOMAIN = "relay.example"
_NOW = datetime(2026, 11, 21, 18, 15, tzinfo=UTC)
_WORDS = Secret("Thank you all for last week. It helped me more than I can say.\n" * 26)

Work = Callable[[], int]
"""Does something and tells how often."""


async def measure(site: Site) -> AsyncIterator[Figure]:  # noqa: ARG001 - a topic's shape
    """RSA, Ed25519, and both on one mail."""
    copies = [_copy(number) for number in range(_READERS)]
    keys = {kind: SigningKey("relay1", generate_key(kind)) for kind in Kind}
    naive = _dkimpy(copies[:_SLOW], keys[Kind.RSA].pem)
    for name, kinds in (("rsa", [Kind.RSA]), ("ed25519", [Kind.ED25519]), ("both", list(Kind))):
        ours = _ours(copies, Signer(_DOMAIN, [keys[kind] for kind in kinds]))
        against = {
            "dkimpy": (naive, "dkimpy signs each copy in a loop, RSA-2048"),
            "openssl": (_bare([keys[kind].pem for kind in kinds]), "bare signatures of OpenSSL"),
        }
        for other, (work, what) in against.items():
            duel = (await duels(_side(ours), _side(work), rounds=_ROUNDS))["mails"]
            for figure in duel.figures(f"mail_sign.{name}.{other}", "mails/s", what):
                yield figure


def _side(work: Work) -> Callable[[], Awaitable[Rates]]:
    async def run() -> Rates:
        since = perf_counter()
        done = work()
        return {"mails": done / (perf_counter() - since)}

    return run


def _copy(number: int) -> Outgoing:
    def token(use: int) -> Secret:
        return Secret(f"{use:06}{number:020}")

    return Outgoing(
        post=1,
        delivery=token(0),
        to=Contact(EMAIL, f"reader{number}@elm.example"),
        write_to=Secret(f"w{number:012}@{_DOMAIN}"),
        author=Secret("Robin"),
        mask=Secret(f"m4t8q1@{_DOMAIN}"),
        subject=Secret("Re: Tuesday"),
        text=_WORDS,
        message_id=token(1),
        references=(token(2), token(3)),
        return_path=token(4),
        unsubscribe=token(5),
        list_id=token(6),
        expires=_NOW,
    )


def _ours(copies: list[Outgoing], signer: Signer) -> Work:
    """From `Outgoing` to signed octets, as the channel does it."""

    def work() -> int:
        bodies = Bodies()
        for out in copies:
            prepared = bodies.get(out)
            headers = compose(out, _VOICE, prepared, _NOW)
            octets([*signer.sign(headers, prepared.hash), *headers], prepared)
        return len(copies)

    return work


def _dkimpy(copies: list[Outgoing], pem: bytes) -> Work:
    """The same mails, made beforehand: only the signing counts, which is kind to this side."""
    bodies = Bodies()
    mails = [octets(compose(c, _VOICE, bodies.get(c), _NOW), bodies.get(c)) for c in copies]

    def work() -> int:
        for raw in mails:
            dkim.sign(raw, b"relay1", _DOMAIN.encode(), pem, canonicalize=(b"relaxed", b"relaxed"))
        return len(mails)

    return work


def _bare(pems: list[bytes]) -> Work:
    keys = [load_pem_private_key(pem, None) for pem in pems]

    def work() -> int:
        for number in range(_READERS):
            words = b"%032d" % number
            for key in keys:
                if isinstance(key, RSAPrivateKey):
                    key.sign(words, PKCS1v15(), SHA256())
                elif isinstance(key, Ed25519PrivateKey):
                    key.sign(words)
        return _READERS

    return work


_VOICE = Voice(
    domain=_DOMAIN,
    programme_name="Group relay",
    notice_address=f"programme@{_DOMAIN}",
    public_url=f"https://{_DOMAIN}",
)
