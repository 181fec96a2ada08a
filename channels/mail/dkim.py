"""DKIM signing (RFC 6376, RFC 8301, RFC 8463): dkimpy's canonicalisation, OpenSSL's signatures.

dkimpy signs in pure Python, 13 ms each; this takes one signature of OpenSSL, about 1 ms with RSA
and 0.05 ms with Ed25519. The body hash is computed once a body, and what is the same in every
signature once a kind of mail. No `t=`: it would tell the second; no `l=`: text could be appended.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from dkim.canonicalization import CanonicalizationPolicy

Header = tuple[bytes, bytes]
"""Name and value; the value begins with a space and ends in CR LF, as it goes out."""

BITS = 2048
_POLICY = CanonicalizationPolicy.from_c_value(b"relaxed/relaxed")
_SIGNATURE = b"DKIM-Signature"
_OVERSIGNED = (
    b"from",
    b"to",
    b"subject",
    b"date",
    b"message-id",
    b"reply-to",
    b"cc",
    b"sender",
    b"in-reply-to",
    b"references",
    b"mime-version",
    b"content-type",
    b"content-transfer-encoding",
    b"list-id",
    b"list-unsubscribe",
    b"list-unsubscribe-post",
    b"auto-submitted",
    b"precedence",
    b"x-auto-response-suppress",
    b"x-ms-reactions",
)
"""Each is signed once more often than it stands there, so that none can be added on the way.

All headers we write are among them: what is not signed is not sent.
"""
_PADDING = padding.PKCS1v15()
_PREHASHED = Prehashed(hashes.SHA256())
_WIDTH = 74


class Kind(StrEnum):
    """The algorithm of a key, as `k=` in DNS names it."""

    RSA = "rsa"
    ED25519 = "ed25519"


class BadKeyError(ValueError):
    """Not a private key that may sign mail. The text holds nothing of it."""


class UnsignedHeaderError(ValueError):
    """A header stands there twice, or is one that no signature would cover."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key (PEM) and the selector under which its public half is in DNS."""

    selector: str
    pem: bytes = field(repr=False)


def generate_key(kind: Kind = Kind.RSA) -> bytes:
    """A new private key, PEM (PKCS #8), unencrypted: the caller keeps the file safe."""
    key: rsa.RSAPrivateKey | Ed25519PrivateKey
    if kind is Kind.ED25519:
        key = Ed25519PrivateKey.generate()
    else:
        key = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def kind_of(pem: bytes) -> Kind:
    """Which algorithm a key is for. Raises `BadKeyError`."""
    return Kind.RSA if isinstance(_load(pem), rsa.RSAPrivateKey) else Kind.ED25519


def dns_record(pem: bytes) -> str:
    """The TXT value to publish at `{selector}._domainkey.{domain}`. Raises `BadKeyError`."""
    public = _load(pem).public_key()
    if isinstance(public, rsa.RSAPublicKey):
        kind, encoding = Kind.RSA, serialization.Encoding.DER
        form = serialization.PublicFormat.SubjectPublicKeyInfo
    else:  # RFC 8463 section 4: the bare 32 octets
        kind, encoding = Kind.ED25519, serialization.Encoding.Raw
        form = serialization.PublicFormat.Raw
    octets = public.public_bytes(encoding, form)
    return f"v=DKIM1; k={kind}; p={base64.b64encode(octets).decode()}"


def revocation_record(pem: bytes) -> str:
    """The TXT value that takes a key back (RFC 6376 section 3.6.1: an empty `p=`)."""
    return f"v=DKIM1; k={kind_of(pem)}; p="


def body_hash(body: bytes) -> bytes:
    """The `bh=` value of a body with CR LF line ends."""
    return base64.b64encode(hashlib.sha256(_POLICY.canonicalize_body(body)).digest())


@dataclass(frozen=True, slots=True)
class _Frame:
    """A signature header but for its two values, as it goes out and as it is hashed."""

    sent: bytes
    hashed: bytes


class _Pen:
    """One key, and how its signatures look."""

    def __init__(self, domain: str, key: SigningKey) -> None:
        self._domain, self._selector = domain.encode("ascii"), key.selector.encode("ascii")
        self._key = _load(key.pem)
        self.kind = Kind.RSA if isinstance(self._key, rsa.RSAPrivateKey) else Kind.ED25519

    def frame(self, listed: Sequence[bytes]) -> _Frame:
        """The frame of all signatures over headers of these names."""
        sent = b" v=1; a=%b-sha256; c=relaxed/relaxed;\r\n d=%b; s=%b;\r\n h=%b;\r\n bh=" % (
            self.kind.encode(),
            self._domain,
            self._selector,
            _folded(listed),
        )
        ((name, value),) = _POLICY.canonicalize_headers([(_SIGNATURE, sent + b"; b=\r\n")])
        return _Frame(sent, name + b":" + value.removesuffix(b"; b=\r\n"))

    def write(self, frame: _Frame, signed: bytes, bh: bytes) -> Header:
        """The signature over `signed`, the headers in canonical form."""
        digest = hashlib.sha256(b"%b%b%b; b=" % (signed, frame.hashed, bh)).digest()
        encoded = base64.b64encode(self._sign(digest))
        lines = b"\r\n ".join([encoded[at : at + 70] for at in range(0, len(encoded), 70)])
        return _SIGNATURE, b"%b%b;\r\n b=%b\r\n" % (frame.sent, bh, lines)

    def _sign(self, digest: bytes) -> bytes:
        if isinstance(self._key, rsa.RSAPrivateKey):
            return self._key.sign(digest, _PADDING, _PREHASHED)
        return self._key.sign(digest)  # RFC 8463 section 3: PureEdDSA over the SHA-256 hash


@dataclass(frozen=True, slots=True)
class _Plan:
    """How mails with the same headers are signed: which come in which order, and the frames."""

    order: list[tuple[bytes, int]]
    frames: list[_Frame]


class Signer:
    """Signs for one domain with one key or more, read and checked once."""

    def __init__(self, domain: str, keys: Sequence[SigningKey]) -> None:
        """Raises `BadKeyError`, also where there is no key at all."""
        if not keys:
            raise BadKeyError("There is no DKIM key to sign with.")
        pens = [_Pen(domain, key) for key in keys]
        # RFC 8463 is young: what looks at one signature only shall find the one it knows on top.
        self._pens = sorted(pens, key=lambda pen: pen.kind is not Kind.RSA)
        self._plans: dict[tuple[bytes, ...], _Plan] = {}

    def sign(self, headers: Sequence[Header], body_hash_value: bytes) -> list[Header]:
        """A DKIM-Signature header a key, over all of `headers` and a body hash.

        Raises `UnsignedHeaderError`.
        """
        names = tuple([name for name, _ in headers])
        plan = self._plans.get(names)
        if plan is None:  # there are a few kinds of mail, so there are a few of these
            plan = self._plans[names] = self._plan(names)
        values = _relaxed([value for _, value in headers])
        signed = b"".join([b"%b:%b\r\n" % (name, values[at].strip()) for name, at in plan.order])
        pairs = zip(self._pens, plan.frames, strict=True)
        return [pen.write(frame, signed, body_hash_value) for pen, frame in pairs]

    def sign_many(self, copies: Iterable[tuple[Sequence[Header], bytes]]) -> list[list[Header]]:
        """As `sign`, for many copies at once: one way to another thread and back for all."""
        return [self.sign(headers, bh) for headers, bh in copies]

    def _plan(self, names: Sequence[bytes]) -> _Plan:
        present = {name.lower(): at for at, name in enumerate(names)}
        order = [(name, present[name]) for name in _OVERSIGNED if name in present]
        if len(order) != len(names):
            raise UnsignedHeaderError("a header would go out twice or unsigned")
        listed = [name for name in _OVERSIGNED for _ in range(1 + (name in present))]
        return _Plan(order, [pen.frame(listed) for pen in self._pens])


def _relaxed(values: Sequence[bytes]) -> list[bytes]:
    """Header values in canonical form but for blanks at their ends.

    dkimpy's canonicalisation costs ten times as much when it is called for each header alone, so
    all go through it as one, apart by an octet that no header can hold.
    """
    ((_, joined),) = _POLICY.canonicalize_headers([(b"", b"\0".join(values))])
    apart: list[bytes] = joined.removesuffix(b"\r\n").split(b"\0")
    if len(apart) != len(values):
        raise UnsignedHeaderError("a header holds what no header can hold")
    return apart


def _folded(names: Sequence[bytes]) -> bytes:
    """Names for `h=`, folded behind colons."""
    lines = [b""]
    for name in names:
        if len(lines[-1]) + len(name) > _WIDTH:
            lines.append(b"")
        lines[-1] += name + b":"
    return b"\r\n ".join(lines).removesuffix(b":")


def _load(pem: bytes) -> rsa.RSAPrivateKey | Ed25519PrivateKey:
    """Read a private key, with OpenSSL's full check of its numbers."""
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError):
        raise BadKeyError("The DKIM key is not a private key in PEM form.") from None
    if isinstance(key, Ed25519PrivateKey):
        return key
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < BITS:
        raise BadKeyError(
            "The DKIM key must be an RSA key of at least 2048 bits, or an Ed25519 key."
        )
    return key
