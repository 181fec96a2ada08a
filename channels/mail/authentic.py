"""Did the sender write it? What her domain signed, and what it asks to be done with the rest.

- PROVEN: a DKIM signature of her domain, or of one of the same owner, holds; it covers From, Date,
  Subject and the To or Cc in which her own alias stands; the message is of about now and has one
  header of each kind. A forged post would speak as somebody who must not be found, and a signed
  mail of hers to somebody else could be sent here by whoever has it (RFC 6376 section 8.6).
- FORGED: nobody can be asked (no From, several, doubt about it), or her domain wants mail
  rejected or put aside that it did not vouch for (DMARC, RFC 9989), and it did not vouch for this.
- WEAK: everything between. SPF never makes more than this: it says which machine sent a message,
  not who wrote it, and nothing about To. A signature that holds but is old, was made for
  another place or leaves To open is a pass for DMARC and proves nothing: weak.
- Not known now: DNS did not answer, and its answer could have made the outcome a better one.

A signature with `l=` counts for nothing: anybody may append to what it covers. Inbound
Authentication-Results, Received-SPF and ARC are claims of whoever wrote them and are ignored.
A client on this machine or in a private network is the operator's own front: it is not the one
that her domain's SPF record speaks of, so there SPF is none, and only DKIM can vouch.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from typing import Any

import dkim
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key
from dkim.canonicalization import Relaxed
from dkim.util import InvalidTagValueList, parse_tag_value

from channels.contract import Proof
from channels.mail import dmarc
from channels.mail.dns import Address, Budget, DnsTroubleError, Names
from channels.mail.headers import addresses, as_text, mailbox, moment
from channels.mail.parse import Parsed
from channels.mail.spf import Spf, check_host
from channels.secret import Contact, Secret

OLDEST = timedelta(days=7)
MOST_AHEAD = timedelta(hours=1)
MOST_SIGNATURES = 5
"""Signatures tried."""
MOST_LOOKED_AT = 20
"""DKIM-Signature headers read to find those."""
MOST_KEYS = 3
"""Records of one name that are taken for keys."""
MOST_LOOKUPS = 120
SECONDS = 30.0
"""For one message, all look-ups together."""
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
_INSIDE = tuple(
    ip_network(one)
    for one in (
        *("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"),
        *("100.64.0.0/10", "0.0.0.0/8", "::1/128", "::/128", "fc00::/7", "fe80::/10"),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialogue:
    """What the SMTP dialogue said about the client: its address, its name, the envelope sender."""

    peer: Secret
    """An IP address; anything else is nobody."""
    helo: Secret
    mail_from: Secret
    """Empty for the null sender."""


NO_DIALOGUE = Dialogue(peer=Secret(""), helo=Secret(""), mail_from=Secret(""))


@dataclass(frozen=True, slots=True)
class Checked:
    """The answer, and which headers the signature that proved it covers (names in lower case)."""

    proof: Proof | None
    """`None`: DNS did not answer. Ask the client to come back."""
    signed: frozenset[str] = frozenset()


_FORGED, _WEAK, _UNKNOWN_FOR_NOW = Checked(Proof.FORGED), Checked(Proof.WEAK), Checked(None)
_Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A signature that would do if it verifies: `index` counts DKIM-Signature headers."""

    index: int
    name: str
    algorithm: bytes
    relaxed_body: bool
    identity: bytes
    domain: str
    signed: frozenset[str]


def inside(peer: Address) -> bool:
    """Whether an address is of this machine or a private network: no stranger's."""
    mapped = peer.ipv4_mapped if peer.version == 6 else None
    address = mapped or peer
    return any(address in network for network in _INSIDE)


async def check(
    raw: bytes,
    parsed: Parsed,
    alias: Secret,
    dialogue: Dialogue,
    names: Names,
    now: datetime,
    *,
    insider: Callable[[Address], bool] = inside,
) -> Checked:
    """Whether `parsed.sender` wrote `raw` to `alias`, seen at `now` (aware). Never raises."""
    if parsed.sender is None:
        return _FORGED
    headers, body = _split(raw)
    if headers and not _same_author(headers, parsed.sender):
        return _FORGED
    case = _Case(headers, body, parsed.sender, dialogue, Budget(names, MOST_LOOKUPS), insider)
    signatures = _candidates(headers, case.domain, now)
    whole = _is_plain_and_fresh(headers, now)
    places = _places(headers, alias)
    complete = [one for one in signatures if whole and _covers_all(one, headers, places)]
    try:
        async with asyncio.timeout(SECONDS):
            return await _judge(case, signatures, complete)
    except (TimeoutError, DnsTroubleError):
        return _UNKNOWN_FOR_NOW


async def _judge(case: _Case, signatures: list[_Candidate], complete: list[_Candidate]) -> Checked:
    """The outcome. Raises `DnsTroubleError` where what DNS did not say could have bettered it."""
    vouching, doubt = await _first_that_holds(case, complete)
    if vouching:
        return Checked(Proof.PROVEN, vouching.signed)
    if doubt:
        raise DnsTroubleError
    policy = await dmarc.policy(case.domain, case.names)
    if not policy.enforced:
        return _WEAK
    others = [one for one in signatures if one not in complete]
    vouching, doubt = await _first_that_holds(case, others)
    if vouching:
        return _WEAK
    sent_by = await _spf(case)
    if sent_by is Spf.PASS:
        return _WEAK
    if doubt or sent_by is Spf.TEMPERROR:
        raise DnsTroubleError
    return _FORGED


async def _first_that_holds(
    case: _Case, signatures: list[_Candidate]
) -> tuple[_Candidate | None, bool]:
    """The first signature that is aligned and verifies; else whether DNS left one in doubt."""
    doubt = False
    await asyncio.gather(*map(case.fetch, signatures))
    for one in sorted(signatures, key=lambda one: one.domain != case.domain):
        try:
            if await case.verifies(one) and await case.aligned(one.domain, by_signature=True):
                return one, False
        except DnsTroubleError:
            doubt = True
    return None, doubt


async def _spf(case: _Case) -> Spf:
    """SPF for the envelope sender, or for HELO where there is none; `none` if not aligned."""
    sender, helo = case.dialogue.mail_from.reveal(), case.dialogue.helo.reveal()
    domain = (sender.rpartition("@")[2] if sender else helo).lower().removesuffix(".")
    try:
        peer = ip_address(case.dialogue.peer.reveal())
    except ValueError:
        return Spf.NONE
    if case.insider(peer) or not _HOST.fullmatch(domain):
        return Spf.NONE
    try:
        if not await case.aligned(domain, by_signature=False):
            return Spf.NONE
    except DnsTroubleError:
        return Spf.TEMPERROR
    return await check_host(peer, domain, sender, helo, case.names)


class _Case:
    """One message under inquiry."""

    def __init__(
        self,
        headers: _Headers,
        body: bytes,
        sender: Contact,
        dialogue: Dialogue,
        names: Budget,
        insider: Callable[[Address], bool],
    ) -> None:
        self._headers, self._body = headers, body
        self.domain = sender.reveal().rpartition("@")[2].lower()
        self.dialogue, self.names, self.insider = dialogue, names, insider

    async def fetch(self, candidate: _Candidate) -> None:
        """Ask for its key, so that the answers to all come at once; `verifies` reads it."""
        with contextlib.suppress(DnsTroubleError):
            await self.names.txt(candidate.name)

    async def verifies(self, candidate: _Candidate) -> bool:
        """Whether the signature holds. Raises `DnsTroubleError`."""
        keys = (await self.names.txt(candidate.name))[:MOST_KEYS]
        if not keys:
            return False
        return await asyncio.to_thread(_verifies, self._headers, self._body, candidate, keys)

    async def aligned(self, domain: str, *, by_signature: bool) -> bool:
        """Whether `domain` may vouch for From (RFC 9989 section 4.4). Raises `DnsTroubleError`."""
        if domain == self.domain:
            return True
        if not _may_be_related(self.domain, domain):
            return False
        policy = await dmarc.policy(self.domain, self.names)
        if policy.strict_dkim if by_signature else policy.strict_spf:
            return False
        mine = await dmarc.organisation(self.domain, self.names)
        if domain != mine and not domain.endswith("." + mine):
            return False
        return mine == await dmarc.organisation(domain, self.names)


def body_digest(raw: bytes) -> bytes:
    """SHA-256 of the body as relaxed canonicalisation sees it (RFC 6376 section 3.4.4).

    Whatever a replayer may change without breaking a signature does not change this.
    """
    body = raw.partition(b"\r\n\r\n")[2]
    canonical: bytes = Relaxed.canonicalize_body(_BLANKS.sub(b" ", body))
    return hashlib.sha256(canonical).digest()


def _split(raw: bytes) -> tuple[_Headers, bytes]:
    """Headers and body exactly as the verifier sees them; no headers where it sees nonsense."""
    head, _, body = raw.partition(b"\r\n\r\n")
    if _FROM_LINE.search(head):
        return [], body
    try:
        headers, _ = dkim.rfc822_parse(head + b"\r\n\r\n")
    except (dkim.DKIMException, IndexError):
        return [], body
    return [(name, value) for name, value in headers], body


def _values(headers: _Headers, name: str) -> list[str]:
    wanted = name.encode()
    return [as_text(value).strip() for key, value in headers if key.lower() == wanted]


def _same_author(headers: _Headers, sender: Contact) -> bool:
    """Whether the verifier sees one From, and in it whom we read out of it."""
    written_by = _values(headers, "from")
    return len(written_by) == 1 and mailbox(written_by[0]) == sender


def _is_plain_and_fresh(headers: _Headers, now: datetime) -> bool:
    """One To, one Date and so on, and a Date of about now.

    A second header of a kind could be one that the signature does not cover.
    """
    dates = _values(headers, "date")
    if len(dates) != 1 or any(len(_values(headers, name)) > 1 for name in _ONCE):
        return False
    date = moment(dates[0])
    return date is not None and now - OLDEST <= date <= now + MOST_AHEAD


def _places(headers: _Headers, alias: Secret) -> frozenset[str]:
    """Those of To and Cc in which the alias stands."""
    return frozenset(
        name for name in ("to", "cc") if alias in addresses(",".join(_values(headers, name)))
    )


def _covers_all(candidate: _Candidate, headers: _Headers, places: frozenset[str]) -> bool:
    """Whether nothing that matters could be changed or added without breaking the signature."""
    must = {"from", "date"} | ({"subject"} if _values(headers, "subject") else set())
    return must <= candidate.signed and bool(candidate.signed & places)


def _candidates(headers: _Headers, from_domain: str, now: datetime) -> list[_Candidate]:
    """The topmost signatures that are worth a look-up."""
    values = [value for name, value in headers if name.lower() == b"dkim-signature"]
    found = [
        candidate
        for index, value in enumerate(values[:MOST_LOOKED_AT])
        if (candidate := _candidate(index, value, from_domain, now))
    ]
    return found[:MOST_SIGNATURES]


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
    if not _may_be_related(from_domain, domain) or not _HOST.fullmatch(name) or len(name) > 250:
        return None
    signed = frozenset(part.strip() for part in listed.split(":"))
    if "from" not in signed:
        return None
    canonical = tags.get(b"c", b"simple/simple").split(b"/")
    return _Candidate(
        index=index,
        name=name,
        algorithm=algorithm,
        relaxed_body=canonical[1:] == [b"relaxed"],
        identity=tags.get(b"i", b"@" + tags[b"d"]).lower(),
        domain=domain,
        signed=signed,
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


def _may_be_related(one: str, other: str) -> bool:
    """Whether two domains could have one owner: the same, or the same last two labels.

    No owner's domain has fewer labels than two, so this saves look-ups and decides nothing.
    """
    return one == other or ("." in one and one.split(".")[-2:] == other.split(".")[-2:])


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
    identity = candidate.identity.rpartition(b"@")[2]
    strict = b"s" in flags and identity != candidate.domain.encode()
    if tags.get(b"v", b"DKIM1") != b"DKIM1" or b"y" in flags or strict:
        return False
    return b"sha256" in hashes and (b"*" in services or b"email" in services)
