"""A verifier of DKIM signatures written from RFC 6376 and RFC 8463 alone, for a second opinion.

Shares no code with the signer and none with dkimpy: `cryptography` does the arithmetic, the rest
is here. Slow and strict: every signature must hold, or it tells why not.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

Fields = list[tuple[bytes, bytes]]
TxtOf = Callable[[str], str | None]
"""The TXT record at a name."""


def verdicts(raw: bytes, txt_of: TxtOf) -> list[str]:
    """`rsa-sha256 pass`, `ed25519-sha256 wrong body`…, one a signature, from top to bottom."""
    head, _, body = raw.partition(b"\r\n\r\n")
    fields: Fields = []
    for line in (head + b"\r\n").splitlines(keepends=True):
        if line[:1] in b" \t":
            fields[-1] = (fields[-1][0], fields[-1][1] + line)
        else:
            name, _, value = line.partition(b":")
            fields.append((name, value))
    signatures = [field for field in fields if field[0].lower() == b"dkim-signature"]
    return [f"{_tags(s[1])['a']} {_judge(s, fields, body, txt_of)}" for s in signatures]


def _judge(signature: tuple[bytes, bytes], fields: Fields, body: bytes, txt_of: TxtOf) -> str:
    tags = _tags(signature[1])
    algorithm = tags["a"].removesuffix("-sha256")
    if tags["v"] != "1" or tags["c"] != "relaxed/relaxed" or "l" in tags:
        return "of a kind this does not read"
    if base64.b64encode(hashlib.sha256(_relaxed_body(body)).digest()).decode() != tags["bh"]:
        return "wrong body"
    if "from" not in tags["h"].lower().split(":"):
        return "From is not signed"
    record = _tags((txt_of(f"{tags['s']}._domainkey.{tags['d']}") or "").encode())
    if not record.get("p") or record.get("k", "rsa") != algorithm:
        return "no key"
    empty = re.sub(rb"(\bb\s*=)[^;]*$", rb"\1", signature[1])  # b= is the last tag of ours
    signed = b"".join(_chosen(tags["h"], fields))
    signed += _relaxed((signature[0], empty)).removesuffix(b"\r\n")
    sealed, public = base64.b64decode(tags["b"]), base64.b64decode(record["p"])
    try:
        if algorithm == "ed25519":
            Ed25519PublicKey.from_public_bytes(public).verify(
                sealed, hashlib.sha256(signed).digest()
            )
        else:
            key = load_der_public_key(public)
            assert isinstance(key, RSAPublicKey)
            key.verify(sealed, signed, PKCS1v15(), SHA256())
    except InvalidSignature:
        return "wrong signature"
    return "pass"


def _chosen(names: str, fields: Fields) -> list[bytes]:
    """Section 5.4.2: each mention takes the next one from the bottom; too many take nothing."""
    left: dict[str, list[bytes]] = {}
    for field in fields:
        left.setdefault(field[0].decode().strip().lower(), []).append(_relaxed(field))
    return [left[name].pop() for name in names.lower().split(":") if left.get(name)]


def _relaxed(field: tuple[bytes, bytes]) -> bytes:
    """Section 3.4.2."""
    value = b" ".join(re.split(rb"[ \t]+", field[1].replace(b"\r\n", b"")))
    return field[0].strip().lower() + b":" + value.strip(b" ") + b"\r\n"


def _relaxed_body(body: bytes) -> bytes:
    """Section 3.4.4."""
    lines = [re.sub(rb"[ \t]+", b" ", line).rstrip(b" ") for line in body.split(b"\r\n")]
    while lines and not lines[-1]:
        lines.pop()
    return b"".join(line + b"\r\n" for line in lines)


def _tags(value: bytes) -> dict[str, str]:
    """Section 3.2; white space is nowhere of meaning in the tags that matter here."""
    found: dict[str, str] = {}
    for part in filter(bytes.strip, value.split(b";")):
        name, _, content = part.partition(b"=")
        assert name.strip().decode() not in found
        found[name.strip().decode()] = "".join(content.decode().split())
    return found
