"""Who may speak as a member: the table of signatures that do and do not convince."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from channels.contract import Proof
from channels.mail import authentic
from channels.mail.authentic import NO_DIALOGUE, body_digest, check
from channels.mail.dns import Address, Budget, DnsTroubleError, Names, Resolver
from channels.mail.parse import Parsed, read
from channels.secret import Secret
from tests.channels.mail.mailside import (
    ALIAS,
    MARA,
    NOW,
    SIGNED,
    Zone,
    date,
    key,
    mail,
    name_server,
    record,
    signed,
)

YES, WEAK, FORGED, LATER = Proof.PROVEN, Proof.WEAK, Proof.FORGED, None
WHERE = "s1._domainkey.willow.example"
ZONE: Zone = {WHERE: [record(key())]}


@dataclass
class Case:
    """One message, what DNS says, and what must come of it."""

    make: Callable[[], bytes]
    expect: Proof | None
    """Where her domain publishes no policy."""
    rejecting: Proof | None
    """Where it wants rejected what it did not vouch for."""
    zone: Zone = field(default_factory=lambda: dict(ZONE))
    alias: str = ALIAS


def _tampered(old: bytes, new: bytes) -> Callable[[], bytes]:
    return lambda: signed(mail()).replace(old, new, 1)


def _with_top(line: bytes) -> Callable[[], bytes]:
    return lambda: line + b"\r\n" + signed(mail())


def _bottom(line: bytes) -> Callable[[], bytes]:
    return lambda: signed(mail()).replace(b"\r\n\r\n", b"\r\n" + line + b"\r\n\r\n", 1)


def _tagged(old: bytes, new: bytes) -> Callable[[], bytes]:
    return lambda: signed(mail()).replace(old, new, 1)


def _without(name: str) -> Callable[[], bytes]:
    return lambda: signed(mail(), heads=tuple(one for one in SIGNED if one != name))


def _huge_key() -> bytes:
    """A record whose modulus has 16,000 bits: an hour of arithmetic if it were taken."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

    public = RSAPublicNumbers(65537, 2**16_000 - 1).public_key()
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return b"v=DKIM1; p=" + base64.b64encode(der)


def _bomb() -> bytes:
    """300,000 blanks in a row, the same to a relaxed signature as one: 129 s for dkimpy alone."""
    return signed(mail("a b\r\n")).replace(b"a b\r\n", b"a" + b" \t" * 150_000 + b"b\r\n")


RECORD = record(key())

CASES = {
    "plain good signature": Case(lambda: signed(mail()), YES, YES),
    "simple canonicalisation": Case(
        lambda: signed(mail(), canonicalize=(b"simple", b"simple")), YES, YES
    ),
    "relaxed/simple": Case(lambda: signed(mail(), canonicalize=(b"relaxed", b"simple")), YES, YES),
    "signed by the parent domain": Case(
        lambda: signed(mail(From="m@mail.willow.example")), WEAK, YES
    ),
    "alias in Cc": Case(lambda: signed(mail(To="a@b.example", Cc=ALIAS.upper())), YES, YES),
    "alias among many": Case(lambda: signed(mail(To=f'"x, y" <a@b.example>, <{ALIAS}>')), YES, YES),
    "no subject at all": Case(
        lambda: signed(mail(Subject=None), heads=("from", "to", "date")), YES, YES
    ),
    "second signature decides": Case(
        lambda: (
            b"DKIM-Signature: v=1; a=rsa-sha256; d=list.example; s=x; h=from; bh=; b=\r\n"
            + signed(mail())
        ),
        YES,
        YES,
    ),
    "key of 1024 bits": Case(
        lambda: signed(mail(), pem=key(1024)), YES, YES, zone={WHERE: [record(key(1024))]}
    ),
    "record after another TXT": Case(
        lambda: signed(mail()), YES, YES, zone={WHERE: [b"hello", RECORD]}
    ),
    "blanks by the hundred thousand": Case(_bomb, YES, YES),
    "not signed": Case(mail, WEAK, FORGED),
    "body changed": Case(_tampered(b"Hello all", b"Hello a1l"), WEAK, FORGED),
    "subject changed": Case(_tampered(b"Tuesday", b"Monday"), WEAK, FORGED),
    "appended under l=": Case(
        lambda: signed(mail(), length=True) + b"I will tell.\r\n", WEAK, FORGED
    ),
    "l= even if unchanged": Case(lambda: signed(mail(), length=True), WEAK, FORGED),
    "signed by another domain": Case(
        lambda: signed(mail(), domain="evil.example"),
        WEAK,
        FORGED,
        zone={"s1._domainkey.evil.example": [RECORD]},
    ),
    "signed by a child domain": Case(
        lambda: signed(mail(), domain="mail.willow.example"),
        WEAK,
        YES,
        zone={"s1._domainkey.mail.willow.example": [RECORD]},
    ),
    "signed by a look-alike": Case(lambda: signed(mail(From="m@notwillow.example")), WEAK, WEAK),
    "signed by the top level": Case(
        lambda: signed(mail(), domain="example"),
        WEAK,
        FORGED,
        zone={"s1._domainkey.example": [RECORD]},
    ),
    "to not signed": Case(_without("to"), WEAK, WEAK),
    "subject not signed": Case(_without("subject"), WEAK, WEAK),
    "date not signed": Case(_without("date"), WEAK, WEAK),
    "alias not in To": Case(lambda: signed(mail(To="friend@b.example")), WEAK, WEAK),
    "alias only in an unsigned Cc": Case(
        lambda: signed(mail(To="f@b.example", Cc=ALIAS), heads=("from", "to", "subject", "date")),
        WEAK,
        WEAK,
    ),
    "alias as display name only": Case(
        lambda: signed(mail(To=f'"{ALIAS}" <f@b.example>')), WEAK, WEAK
    ),
    "another alias": Case(lambda: signed(mail()), WEAK, WEAK, alias="other1@relay.example"),
    "second To on top": Case(_with_top(b"To: " + ALIAS.encode()), WEAK, WEAK),
    "second From on top": Case(_with_top(b"From: eve@willow.example"), FORGED, FORGED),
    "second From below": Case(_bottom(b"From: eve@willow.example"), FORGED, FORGED),
    "second Subject below": Case(_bottom(b"Subject: other"), WEAK, FORGED),
    "second Content-Type": Case(
        lambda: b"Content-Type: text/html\r\n" + signed(mail(Content_Type="text/plain")), WEAK, WEAK
    ),
    "two mailboxes in From": Case(
        lambda: signed(mail(From=f"{MARA}, eve@willow.example")), FORGED, FORGED
    ),
    "mbox line in the head": Case(_bottom(b"From eve words of mine"), WEAK, FORGED),
    "eight days old": Case(lambda: signed(mail(Date=date(NOW - timedelta(days=8)))), WEAK, WEAK),
    "two hours ahead": Case(lambda: signed(mail(Date=date(NOW + timedelta(hours=2)))), WEAK, WEAK),
    "no Date": Case(lambda: signed(mail(Date=None)), WEAK, WEAK),
    "expired by x=": Case(_tagged(b"v=1;", b"v=1; x=1000000000;"), WEAK, FORGED),
    "sha1": Case(_tagged(b"a=rsa-sha256", b"a=rsa-sha1"), WEAK, FORGED),
    "no such key": Case(lambda: signed(mail()), WEAK, FORGED, zone={}),
    "another key": Case(
        lambda: signed(mail()), WEAK, FORGED, zone={WHERE: [record(key(2048, "x"))]}
    ),
    "revoked key": Case(lambda: signed(mail()), WEAK, FORGED, zone={WHERE: [b"v=DKIM1; p="]}),
    "key in testing": Case(lambda: signed(mail()), WEAK, FORGED, zone={WHERE: [RECORD + b"; t=y"]}),
    "key of another service": Case(
        lambda: signed(mail()), WEAK, FORGED, zone={WHERE: [RECORD + b"; s=tlsrpt"]}
    ),
    "key for sha1 only": Case(
        lambda: signed(mail()), WEAK, FORGED, zone={WHERE: [RECORD + b"; h=sha1"]}
    ),
    "monstrous key": Case(lambda: signed(mail()), WEAK, FORGED, zone={WHERE: [_huge_key()]}),
    "hostile records": Case(
        lambda: signed(mail()),
        WEAK,
        FORGED,
        zone={WHERE: [b"\x00\xff;;==p", b"p=\xff\xfe", b"v=DKIM1; k=ed25519; p=AAAA"]},
    ),
    "inbound verdicts count for nothing": Case(
        lambda: (
            b"Authentication-Results: relay.example; dkim=pass\r\nReceived-SPF: pass\r\n" + mail()
        ),
        WEAK,
        FORGED,
    ),
    "signatures of strangers do not use up the tries": Case(
        lambda: (
            b"DKIM-Signature: v=1; a=rsa-sha256; d=x.test; s=x; h=from; bh=; b=\r\n" * 5
            + signed(mail())
        ),
        YES,
        YES,
    ),
    "sixth signature of hers is not tried": Case(
        lambda: (
            b"DKIM-Signature: v=1; a=rsa-sha256; d=willow.example; s=x; h=from; bh=; b=\r\n" * 5
            + signed(mail())
        ),
        WEAK,
        FORGED,
    ),
    "twenty-first signature is not read": Case(
        lambda: (
            b"DKIM-Signature: v=1; a=rsa-sha256; d=x.test; s=x; h=from; bh=; b=\r\n" * 20
            + signed(mail())
        ),
        WEAK,
        FORGED,
    ),
    "signature with endless blanks": Case(_tagged(b"v=1;", b"v=1;" + b"\r\n " * 500), WEAK, FORGED),
    "servfail": Case(lambda: signed(mail()), LATER, LATER, zone={WHERE: "servfail"}),
    "garbage from DNS": Case(lambda: signed(mail()), LATER, LATER, zone={WHERE: "garbage"}),
    "DNS silent": Case(lambda: signed(mail()), LATER, LATER, zone={WHERE: "silence"}),
    "one key unknown, the other good": Case(
        lambda: signed(signed(mail()), selector="s2"),
        YES,
        YES,
        zone={**ZONE, "s2._domainkey.willow.example": "servfail"},
    ),
}


def parsed(raw: bytes) -> Parsed:
    """As the listener parses."""
    return read(raw)


async def verify(
    raw: bytes, seen: Parsed, alias: Secret, names: Names, now: datetime
) -> Proof | None:
    """The outcome alone, for a client on this machine, of which SPF says nothing."""
    return (await check(raw, seen, alias, NO_DIALOGUE, names, now)).proof


@pytest.mark.parametrize("policy", ["no policy", "p=reject"])
@pytest.mark.parametrize("name", CASES)
async def test_who_is_believed(name: str, policy: str) -> None:
    """Each message of the table gets the answers that stand beside it, over a real name server."""
    case = CASES[name]
    raw = case.make()
    zone = dict(case.zone)
    if policy == "p=reject":
        zone["_dmarc.willow.example"] = [b"v=DMARC1; p=reject"]
    async with name_server(zone) as server:
        unanswered = not {"silence", "garbage"}.isdisjoint(map(str, case.zone.values()))
        resolver = Resolver(server.address, seconds=0.5 if unanswered else 20)
        answer = await verify(raw, parsed(raw), Secret(case.alias), resolver, NOW)
    assert answer is (case.rejecting if policy == "p=reject" else case.expect)


async def test_ed25519_counts_without_its_library() -> None:
    """An RFC 8463 signature convinces, and stops convincing when a letter changes."""
    import dkim

    class Signs:
        def __init__(self, made: Ed25519PrivateKey) -> None:
            self.made = made

        def sign(self, digest: bytes) -> object:
            return type("Signed", (), {"signature": self.made.sign(digest)})()

    made = Ed25519PrivateKey.generate()
    raw = mail()
    signer = dkim.DKIM(raw, signature_algorithm=b"ed25519-sha256")
    signer.hasher = __import__("hashlib").sha256
    policy = dkim.CanonicalizationPolicy.from_c_value(b"relaxed/relaxed")
    heads = (b"from", b"to", b"subject", b"date")
    fields = [
        (b"v", b"1"),
        (b"a", b"ed25519-sha256"),
        (b"c", b"relaxed/relaxed"),
        (b"d", b"willow.example"),
        (b"s", b"s1"),
        (b"h", b" : ".join(heads)),
        (b"bh", base64.b64encode(body_digest(raw))),
        (b"b", b"0" * 60),
    ]
    value = signer.gen_header(fields, heads, policy, b"DKIM-Signature", Signs(made))
    good = b"DKIM-Signature: " + value + raw
    public = base64.b64encode(made.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))
    async with name_server({WHERE: [b"v=DKIM1; k=ed25519; p=" + public]}) as server:
        resolver = Resolver(server.address)
        alias = Secret(ALIAS)
        assert await verify(good, parsed(good), alias, resolver, NOW) is YES
        bad = good.replace(b"Hello", b"hello")
        assert await verify(bad, parsed(bad), alias, resolver, NOW) is WEAK
        bad = good.replace(b"Tuesday", b"Monday")
        assert await verify(bad, parsed(bad), alias, resolver, NOW) is WEAK


async def test_the_sender_is_the_one_the_verifier_saw() -> None:
    """A signature for Mara's mail does not vouch for a sender read out of it in another way."""
    async with name_server(dict(ZONE)) as server:
        raw, other = signed(mail()), parsed(mail(From="eve@willow.example"))
        answer = await verify(raw, other, Secret(ALIAS), Resolver(server.address), NOW)
        assert answer is FORGED


async def test_nobody_is_asked_in_vain() -> None:
    """A signature that could not convince anyway costs no look-up."""
    async with name_server({}) as server:
        resolver = Resolver(server.address)
        raw = signed(mail(), domain="evil.test")
        await verify(raw, parsed(raw), Secret(ALIAS), resolver, NOW)
        assert [name for name in server.asked if "_domainkey" in name] == []


async def test_a_key_too_long_for_udp_comes_over_tcp() -> None:
    """A truncated answer is asked for again over TCP."""
    zone: Zone = {WHERE: [b"x" * 1_500, RECORD]}
    async with name_server(zone) as server:
        raw = signed(mail())
        answer = await verify(raw, parsed(raw), Secret(ALIAS), Resolver(server.address), NOW)
        assert answer is YES
        assert len(server.asked) == 2


async def test_names_that_cannot_exist_have_no_records() -> None:
    """Overlong and empty labels are "there is none", not an exception; no server is "later"."""
    async with name_server({}) as server:
        resolver = Resolver(server.address)
        for name in ("a" * 64 + ".example", "a..example", "x." * 200 + "example"):
            assert await resolver.txt(name) == ()
    with pytest.raises(DnsTroubleError):
        await Resolver("127.0.0.1:1", seconds=0.3).txt("a.example")


class _Anything:
    """A resolver that returns given records for every name."""

    def __init__(self, records: tuple[bytes, ...]) -> None:
        self.records = records

    async def txt(self, name: str) -> tuple[bytes, ...]:
        """The records."""
        return self.records

    async def addresses(self, name: str, version: int) -> tuple[Address, ...]:
        """None."""
        return ()

    async def mail_hosts(self, name: str) -> tuple[str, ...]:
        """None."""
        return ()

    async def names_of(self, address: Address) -> tuple[str, ...]:
        """None."""
        return ()


async def test_one_message_asks_each_thing_once_and_not_without_end() -> None:
    """A repeated question costs nothing; one too many is trouble, as is the repeat of trouble."""
    zone: Zone = {"a.example": [b"x"], "bad.example": "servfail"}
    async with name_server(zone) as server:
        names = Budget(Resolver(server.address), 3)
        assert [await names.txt("a.example"), await names.txt("A.example")] == [(b"x",)] * 2
        for _ in range(2):
            with pytest.raises(DnsTroubleError):
                await names.txt("bad.example")
        assert server.asked.count("a.example") == 1
        assert await names.addresses("a.example", 4) == ()
        with pytest.raises(DnsTroubleError):
            await names.addresses("a.example", 6)
        assert await names.txt("a.example") == (b"x",)


async def test_all_look_ups_together_have_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A message whose look-ups take longer than the limit is told to come back."""
    monkeypatch.setattr(authentic, "SECONDS", 0.2)
    raw = signed(mail())
    async with name_server({WHERE: "silence"}) as server:
        names = Resolver(server.address, seconds=600)
        assert await verify(raw, parsed(raw), Secret(ALIAS), names, NOW) is LATER


@given(st.lists(st.binary(max_size=300), max_size=3), st.binary(max_size=200))
async def test_hostile_records_and_signatures_never_raise(
    records: list[bytes], junk: bytes
) -> None:
    """Whatever stands in TXT records or in a DKIM-Signature, the answer is an answer."""
    line = junk.replace(b"\r", b"").replace(b"\n", b"")
    for raw in (signed(mail()), b"DKIM-Signature: " + line + b"\r\n" + mail(), line + mail()):
        resolver = _Anything((*records, b"v=DKIM1; p=" + line))
        assert await verify(raw, parsed(raw), Secret(ALIAS), resolver, NOW) in (WEAK, FORGED)


def test_what_a_replayer_can_change_does_not_change_the_digest() -> None:
    """Blanks and empty lines that relaxed canonicalisation ignores do not make a new message."""
    one = mail("Hello  all.\r\n\r\n\r\n")
    other = mail("Hello all.  \r\n")
    assert body_digest(one) == body_digest(other) != body_digest(mail("Hello you.\r\n"))


def test_limits_are_the_documented_ones() -> None:
    """The window and the caps are what the decision record says."""
    assert timedelta(days=7) == authentic.OLDEST
    assert timedelta(hours=1) == authentic.MOST_AHEAD
    assert (authentic.MOST_SIGNATURES, authentic.SECONDS) == (5, 30.0)
