"""What bounds a DKIM signature that holds: its own times, by our clock, and the size of its key."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from dkim.crypto import parse_pem_private_key

from channels.contract import Proof
from channels.mail.authentic import NO_DIALOGUE, body_digest, check
from channels.mail.dns import Resolver
from channels.mail.parse import read
from channels.secret import Secret
from tests.channels.mail.mailside import (
    ALIAS,
    NOW,
    date,
    key,
    mail,
    name_server,
    record,
    signed,
)

WHERE = "s1._domainkey.willow.example"
HEADS = (b"from", b"to", b"subject", b"date")
P, Q = 2**384 - 317, 2**383 - 31
"""Primes of a key that nobody should use."""


def timed(raw: bytes, tag: bytes, when: datetime) -> bytes:
    """`raw` under a signature that says `t=` or `x=`, and signs that too."""
    signer = dkim.DKIM(raw)
    signer.hasher = __import__("hashlib").sha256
    fields = [
        (b"v", b"1"),
        (b"a", b"rsa-sha256"),
        (b"c", b"relaxed/relaxed"),
        (b"d", b"willow.example"),
        (b"s", b"s1"),
        (tag, str(int(when.timestamp())).encode()),
        (b"h", b" : ".join(HEADS)),
        (b"bh", base64.b64encode(body_digest(raw))),
        (b"b", b"0" * 60),
    ]
    policy = dkim.CanonicalizationPolicy.from_c_value(b"relaxed/relaxed")
    pair = parse_pem_private_key(key())
    made: bytes = signer.gen_header(fields, HEADS, policy, b"DKIM-Signature", pair)
    return b"DKIM-Signature: " + made + raw


async def proof(raw: bytes, now: datetime, pem: bytes) -> Proof | None:
    """What is made of it at a time, with the public key in DNS."""
    async with name_server({WHERE: [record(pem)]}) as server:
        resolver = Resolver(server.address)
        return (await check(raw, read(raw), Secret(ALIAS), NO_DIALOGUE, resolver, now)).proof


@pytest.mark.parametrize(
    ("tag", "minutes", "seen_after", "expected"),
    [
        (b"x", 60, 30, Proof.PROVEN),
        (b"x", 60, 61, Proof.WEAK),
        (b"t", 0, 0, Proof.PROVEN),
        (b"t", 0, -59, Proof.PROVEN),
        (b"t", 0, -61, Proof.WEAK),
    ],
)
async def test_the_times_of_a_signature_count_by_our_clock(
    tag: bytes, minutes: int, seen_after: int, expected: Proof
) -> None:
    """Expired, or made in what is the future for us: it proves nothing, though it holds."""
    raw = timed(mail(Date=date(NOW - timedelta(hours=2))), tag, NOW + timedelta(minutes=minutes))
    assert await proof(raw, NOW + timedelta(minutes=seen_after), key()) is expected


async def test_a_key_that_can_be_broken_proves_nothing() -> None:
    """767 bits are a weekend's work for anybody (RFC 8301: 1,024 at the least)."""
    e = 65537
    d = rsa.rsa_recover_private_exponent(e, P, Q)
    crt = rsa.rsa_crt_dmp1(d, P), rsa.rsa_crt_dmq1(d, Q), rsa.rsa_crt_iqmp(P, Q)
    public = rsa.RSAPublicNumbers(e, P * Q)
    pair = rsa.RSAPrivateNumbers(P, Q, d, *crt, public).private_key()
    pem = pair.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    assert await proof(signed(mail(), pem=pem), NOW, pem) is Proof.WEAK
