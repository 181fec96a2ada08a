"""Did the sender write it? A valid DKIM signature of her domain, made for this place and now.

The rules and why each is there: a forged post would speak as somebody who must not be found
(RFC 6376; RFC 8301 for key sizes). Inbound Authentication-Results, ARC and SPF headers are
claims of whoever wrote them and are ignored.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Protocol

import dkim
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key
from dkim.canonicalization import Relaxed
from dkim.util import InvalidTagValueList, parse_tag_value

from channels.mail.dns import DnsTroubleError
from channels.mail.headers import addresses, as_text, mailbox, moment
from channels.mail.parse import Parsed
from channels.secret import Contact, Secret

OLDEST = timedelta(days=7)
MOST_AHEAD = timedelta(hours=1)
MOST_SIGNATURES = 5
DNS_SECONDS = 10.0
_SMALLEST_KEY, _LARGEST_KEY = 1024, 4096
_LARGEST_EXPONENT = 2**33
"""A hostile key of ten thousand bits would keep the whole process busy for seconds."""
_LONGEST_SIGNATURE = 8_192
_LONGEST_RECORD = 2_048
_SPACE_RUN = re.compile(rb"\s{100}")
_BLANKS = re.compile(rb"[ \t]+")
_LABEL = r"(?!-)[a-z0-9_-]{1,63}(?<!-)"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_ONCE = (
    *("from", "to", "cc", "subject", "date", "message-id"),
    *("mime-version", "content-type", "content-transfer-encoding"),
)
_FROM_LINE = re.compile(rb"^From ", re.MULTILINE)
"""An mbox line inside the head: one reader skips it, another begins the body there."""
_ALGORITHMS = {b"rsa-sha256": b"rsa", b"ed25519-sha256": b"ed25519"}


class Authenticity(Enum):
    """Whether the sender named in From wrote the message."""

    AUTHENTIC = "authentic"
    NOT = "not"
    UNKNOWN_FOR_NOW = "unknown_for_now"
    """DNS did not answer: ask the client to come back."""


@dataclass(frozen=True, slots=True)
class Checked:
    """The answer, and which headers the signature that decided covers (names in lower case)."""

    authenticity: Authenticity
    signed: frozenset[str] = frozenset()


class TxtResolver(Protocol):
    """What is asked for keys."""

    async def txt(self, name: str) -> tuple[bytes, ...]:
        """TXT records of a name; raises `DnsTroubleError`."""
        ...


_NO = Checked(Authenticity.NOT)
_Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A signature that would do if it verifies: `index` counts DKIM-Signature headers."""

    index: int
    name: str
    algorithm: bytes
    relaxed_body: bool
    identity: bytes
    domain: bytes
    signed: frozenset[str]


async def verify(
    raw: bytes, parsed: Parsed, alias: Secret, resolver: TxtResolver, now: datetime
) -> Authenticity:
    """Whether `parsed.sender` wrote `raw` to `alias`, seen at `now` (aware). Never raises."""
    return (await check(raw, parsed, alias, resolver, now)).authenticity


async def check(
    raw: bytes, parsed: Parsed, alias: Secret, resolver: TxtResolver, now: datetime
) -> Checked:
    """As `verify`, and says which headers are covered."""
    split = _split(raw)
    if split is None or parsed.sender is None:
        return _NO
    headers, body = split
    if not _is_plain_and_fresh(headers, parsed.sender, now):
        return _NO
    candidates = _candidates(headers, parsed.sender, alias, now)
    if not candidates:
        return _NO
    records = await _records(candidates, resolver)
    for candidate in candidates:
        keys = records.get(candidate.name)
        if not keys:
            continue
        if await asyncio.to_thread(_verifies, headers, body, candidate, keys):
            return Checked(Authenticity.AUTHENTIC, candidate.signed)
    unknown = any(records.get(candidate.name) is None for candidate in candidates)
    return Checked(Authenticity.UNKNOWN_FOR_NOW if unknown else Authenticity.NOT)


def body_digest(raw: bytes) -> bytes:
    """SHA-256 of the body as relaxed canonicalisation sees it (RFC 6376 section 3.4.4).

    Whatever a replayer may change without breaking a signature does not change this.
    """
    body = raw.partition(b"\r\n\r\n")[2]
    canonical: bytes = Relaxed.canonicalize_body(_BLANKS.sub(b" ", body))
    return hashlib.sha256(canonical).digest()


def _split(raw: bytes) -> tuple[_Headers, bytes] | None:
    """Headers and body exactly as the verifier sees them, `None` where it sees nonsense."""
    head, _, body = raw.partition(b"\r\n\r\n")
    if _FROM_LINE.search(head):
        return None
    try:
        headers, _ = dkim.rfc822_parse(head + b"\r\n\r\n")
    except (dkim.DKIMException, IndexError):
        return None
    return [(name, value) for name, value in headers], body


def _values(headers: _Headers, name: str) -> list[str]:
    wanted = name.encode()
    return [as_text(value).strip() for key, value in headers if key.lower() == wanted]


def _is_plain_and_fresh(headers: _Headers, sender: Contact, now: datetime) -> bool:
    """One From, To, Date and so on, the From we parsed, and a Date of about now.

    A second header of a kind could be one that the signature does not cover.
    """
    if any(len(_values(headers, name)) > 1 for name in _ONCE):
        return False
    written_by, dates = _values(headers, "from"), _values(headers, "date")
    if len(written_by) != 1 or len(dates) != 1 or mailbox(written_by[0]) != sender:
        return False
    date = moment(dates[0])
    return date is not None and now - OLDEST <= date <= now + MOST_AHEAD


def _candidates(
    headers: _Headers, sender: Contact, alias: Secret, now: datetime
) -> list[_Candidate]:
    """The signatures worth a look-up, among the topmost five."""
    values = [value for name, value in headers if name.lower() == b"dkim-signature"]
    from_domain = sender.reveal().rpartition("@")[2].lower()
    places = frozenset(
        name for name in ("to", "cc") if alias in addresses(",".join(_values(headers, name)))
    )
    must = {"from", "date"} | ({"subject"} if _values(headers, "subject") else set())
    found = []
    for index, value in enumerate(values[:MOST_SIGNATURES]):
        candidate = _candidate(index, value, from_domain, now)
        if candidate and must <= candidate.signed and candidate.signed & places:
            found.append(candidate)
    return found


def _candidate(index: int, value: bytes, from_domain: str, now: datetime) -> _Candidate | None:
    """Read one DKIM-Signature; `None` if nothing in it could convince us."""
    if len(value) > _LONGEST_SIGNATURE or _SPACE_RUN.search(value):
        return None
    try:
        tags: dict[bytes, bytes] = parse_tag_value(value)
        domain, selector = (tags[tag].decode("ascii").lower() for tag in (b"d", b"s"))
        algorithm, listed = tags[b"a"], tags[b"h"].decode("ascii").lower()
    except (InvalidTagValueList, KeyError, ValueError, IndexError):
        return None
    name = f"{selector}._domainkey.{domain}"
    if b"l" in tags or algorithm not in _ALGORITHMS or not _in_time(tags, now):
        return None
    if not _aligned(from_domain, domain) or not _HOST.fullmatch(name) or len(name) > 250:
        return None
    canonical = tags.get(b"c", b"simple/simple").split(b"/")
    return _Candidate(
        index=index,
        name=name,
        algorithm=algorithm,
        relaxed_body=canonical[1:] == [b"relaxed"],
        identity=tags.get(b"i", b"@" + tags[b"d"]).lower(),
        domain=tags[b"d"].lower(),
        signed=frozenset(part.strip() for part in listed.split(":")),
    )


def _in_time(tags: dict[bytes, bytes], now: datetime) -> bool:
    """Not expired (`x=`) and not from the future (`t=`), both in seconds since 1970."""
    seconds = now.timestamp()
    try:
        expires = int(tags.get(b"x", b"99999999999")[:15])
        made = int(tags.get(b"t", b"0")[:15])
    except ValueError:
        return False
    return seconds < expires and made <= seconds + MOST_AHEAD.total_seconds()


def _aligned(from_domain: str, domain: str) -> bool:
    """Relaxed alignment without a list of suffixes: the same domain, or a parent of two labels."""
    return "." in domain and (from_domain == domain or from_domain.endswith("." + domain))


async def _records(
    candidates: list[_Candidate], resolver: TxtResolver
) -> dict[str, tuple[bytes, ...] | None]:
    """Key records by name, looked up together; `None` where DNS did not answer in time."""
    names = sorted({candidate.name for candidate in candidates})

    async def look_up(name: str) -> tuple[bytes, ...] | None:
        try:
            async with asyncio.timeout(DNS_SECONDS):
                return await resolver.txt(name)
        except (TimeoutError, DnsTroubleError):
            return None

    return dict(zip(names, await asyncio.gather(*map(look_up, names)), strict=True))


def _verifies(
    headers: _Headers, body: bytes, candidate: _Candidate, keys: tuple[bytes, ...]
) -> bool:
    """Whether the signature holds under one of the key records. Runs in a thread."""
    if candidate.relaxed_body:  # the same hash, without the library's quadratic look for blanks
        body = _BLANKS.sub(b" ", body)
    for record in keys:
        key = _key(record, candidate)
        if key is None:
            continue
        message = _Message(headers, body, key)
        try:
            if message.verify(candidate.index) and key.holds:
                return True
        except Exception:  # noqa: BLE001, S112  # hostile octets in a foreign parser
            continue
    return False


class _Message(dkim.DKIM):  # type: ignore[misc]  # dkimpy has no type information
    """dkimpy's verifier over headers split once, with a key that was checked before."""

    def __init__(self, headers: _Headers, body: bytes, key: _Key) -> None:
        super().__init__(None, minkey=_SMALLEST_KEY)
        self.headers, self.body = headers, body
        self._checked = key

    def verify_sig(self, sig: Any, include_headers: Any, sig_header: Any, dnsfunc: Any) -> Any:
        """As dkimpy's own, except for where the key comes from."""
        self.pk, self.keysize = self._checked.for_dkimpy()
        self.ktag, self.seqtlsrpt = self._checked.kind, False
        return self.verify_sig_process(sig, include_headers, sig_header, dnsfunc)


class _Key:
    """A public key out of DNS, in the shape dkimpy takes.

    dkimpy computes RSA; Ed25519 it leaves to a library we do not have, so there it is made to
    call back into `verify`, which notes the answer in `holds`.
    """

    def __init__(self, key: RSAPublicKey | Ed25519PublicKey) -> None:
        self._key = key
        self.kind = b"rsa" if isinstance(key, RSAPublicKey) else b"ed25519"
        self.holds = isinstance(key, RSAPublicKey)

    def for_dkimpy(self) -> tuple[Any, int]:
        """The key and its bits in dkimpy's terms."""
        if isinstance(self._key, RSAPublicKey):
            numbers = self._key.public_numbers()
            return {"modulus": numbers.n, "publicExponent": numbers.e}, self._key.key_size
        return self, 256

    def verify(self, digest: bytes, signature: bytes) -> None:
        """Ed25519 over the header hash (RFC 8463 section 3)."""
        assert isinstance(self._key, Ed25519PublicKey)  # noqa: S101  # only set up for that kind
        try:
            self._key.verify(signature, digest)
        except InvalidSignature:
            self.holds = False
        else:
            self.holds = True


def _key(record: bytes, candidate: _Candidate) -> _Key | None:
    """Read a key record (RFC 6376 section 3.6.1); `None` if it may not be used for this."""
    if len(record) > _LONGEST_RECORD:
        return None
    try:
        tags: dict[bytes, bytes] = parse_tag_value(record)
        data = base64.b64decode(_BLANKS.sub(b"", tags[b"p"]), validate=True)
    except (InvalidTagValueList, KeyError, ValueError, IndexError, binascii.Error):
        return None
    kind = tags.get(b"k", b"rsa").lower()
    if kind != _ALGORITHMS[candidate.algorithm] or not _record_allows(tags, candidate):
        return None
    try:
        if kind == b"ed25519":
            return _Key(Ed25519PublicKey.from_public_bytes(data))
        key = load_der_public_key(data)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    if not isinstance(key, RSAPublicKey) or not _SMALLEST_KEY <= key.key_size <= _LARGEST_KEY:
        return None
    return _Key(key) if key.public_numbers().e < _LARGEST_EXPONENT else None


def _record_allows(tags: dict[bytes, bytes], candidate: _Candidate) -> bool:
    """Version, hash, service and flags. A key in testing (`t=y`) proves nothing by its own word."""
    services = [part.strip() for part in tags.get(b"s", b"*").split(b":")]
    hashes = [part.strip() for part in tags.get(b"h", b"sha256").split(b":")]
    flags = [part.strip() for part in tags.get(b"t", b"").split(b":")]
    strict = b"s" in flags and candidate.identity.rpartition(b"@")[2] != candidate.domain
    if tags.get(b"v", b"DKIM1") != b"DKIM1" or b"y" in flags or strict:
        return False
    return b"sha256" in hashes and (b"*" in services or b"email" in services)
