"""Who may post, through the real listener: keys, name server and dialogue as in earnest.

Each row is one message, what DNS says, and the answer: taken as proven, taken as weak, `550` for
a forgery, `451` where DNS leaves it open.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from ipaddress import ip_address

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from channels.contract import Inbound, Proof, Receipt
from channels.mail.authentic import MOST_LOOKUPS, body_digest, inside
from channels.mail.config import MailInConfig
from channels.mail.dns import Address, Resolver
from channels.mail.listen import LATER_DNS, REFUSED, TAKEN, Listener, serve
from relay.demo.nameserver import DnsFault, NameServer
from tests.channels.mail.mailside import (
    ALIAS,
    MARA,
    NOW,
    SIGNED,
    client,
    date,
    key,
    mail,
    record,
    signed,
)

W = "willow.example"
KEY = f"s1._domainkey.{W}"
POLICY = f"_dmarc.{W}"
ELSEWHERE = "203.0.113.5"
P, Q, N = "v=DMARC1; p=reject", "v=DMARC1; p=quarantine", "v=DMARC1; p=none"
YES, WEAK, FORGED, LATER = Proof.PROVEN, Proof.WEAK, Proof.FORGED, None
HERE = "v=spf1 ip4:127.0.0.1 -all"
TINY = b"""-----BEGIN RSA PRIVATE KEY-----
MIIBOgIBAAJBALQPouUzoKmfOs/E2UwAP1Jg1YBoL9kG5mJq9lpJSWpttLefkxIM
O1+d5QJEQMzGYY9C3CIe6N7RCi/0ZX6bctcCAwEAAQJBAJuY+4InGAocMB1FFSXo
/M86IKVC4z4fCU0480PYGtodGdqI9sBvTYQintlN6Q0DS5I5tmHJIgE38UUZZ+K2
KaECIQDg9kThLIHg0f3tgNPlDQPz+lvnn+k6IC3Fcnli+frocQIhAMznc9TIY3l9
B7Vh7cKGEJ49nP7FpW5BitV7JD37hnPHAiAjIRHcf9DARMp8XhO4vvGRFdVoNCZ9
dyzumlOuSw8NYQIgTaXL9C932rrxp9+TXOq283A/xSAa35xAw0Nl6YMeYVMCIBd6
2EWDTpsXP7l3+uvQOlWlWbzfvL+5z+8AlkabYSxn
-----END RSA PRIVATE KEY-----
"""
"""512 bits, broken in hours: it protects nothing."""
TINY_RECORD = (
    "v=DKIM1; k=rsa; p=MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBALQPouUzoKmfOs/E2UwAP1Jg1YBoL9kG"
    "5mJq9lpJSWpttLefkxIMO1+d5QJEQMzGYY9C3CIe6N7RCi/0ZX6bctcCAwEAAQ=="
)
_Zone = Mapping[str, str | list[str]]
"""TXT by name."""


@dataclass
class Case:
    """One row."""

    make: Callable[[], bytes]
    expect: Proof | None
    txt: _Zone = field(default_factory=dict)
    more: tuple[tuple[str, str, str], ...] = ()
    """Other records: name, type, value."""
    faults: dict[str, DnsFault] = field(default_factory=dict)
    sender: str = MARA
    helo: str = "mx.willow.example"
    alias: str = ALIAS
    stranger: bool = True
    """Whether the client counts as one from outside, or as the operator's own front."""


def good() -> bytes:
    """What she writes on an ordinary day."""
    return signed(mail())


def but(old: bytes, new: bytes) -> Callable[[], bytes]:
    """An ordinary mail, changed on the way."""
    return lambda: good().replace(old, new, 1)


def top(line: bytes) -> Callable[[], bytes]:
    """An ordinary mail with one more header above everything."""
    return lambda: line + b"\r\n" + good()


def inner(line: bytes) -> Callable[[], bytes]:
    """The same, between signature and From."""
    return lambda: good().replace(b"\r\nFrom: Mara", b"\r\n" + line + b"\r\nFrom: Mara", 1)


def below(line: bytes) -> Callable[[], bytes]:
    """The same, below all others."""
    return lambda: good().replace(b"\r\n\r\n", b"\r\n" + line + b"\r\n\r\n", 1)


def without(*names: str) -> Callable[[], bytes]:
    """Signed, but not over these headers."""
    return lambda: signed(mail(), heads=tuple(one for one in SIGNED if one not in names))


def by(domain: str, **heads: str | None) -> Callable[[], bytes]:
    """Signed by another domain."""
    return lambda: signed(mail(**heads), domain=domain)


def tags(old: bytes, new: bytes) -> Callable[[], bytes]:
    """A signature made over other tags: the header is hashed as it is sent."""
    return lambda: _ed25519_signed(mail(), extra=(old, new))


@lru_cache
def _ed25519() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


def ed25519_record() -> str:
    """RFC 8463 section 4."""
    public = _ed25519().public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return "v=DKIM1; k=ed25519; p=" + base64.b64encode(public).decode()


def _ed25519_signed(
    raw: bytes,
    extra: tuple[bytes, bytes] | None = None,
    heads: tuple[bytes, ...] = (b"from", b"to", b"subject", b"date"),
) -> bytes:
    """`raw` with an Ed25519 signature of selector `ed`, and one more tag in it if wanted."""

    class Pen:
        def sign(self, digest: bytes) -> object:
            return type("Made", (), {"signature": _ed25519().sign(digest)})()

    signer = dkim.DKIM(raw, signature_algorithm=b"ed25519-sha256")
    signer.hasher = hashlib.sha256
    fields = [
        *([(b"v", b"1"), (b"a", b"ed25519-sha256"), (b"c", b"relaxed/relaxed")]),
        *([(b"d", W.encode()), (b"s", b"ed")]),
        *([extra] if extra else []),
        *([(b"h", b" : ".join(heads)), (b"bh", base64.b64encode(body_digest(raw)))]),
        (b"b", b"0" * 60),
    ]
    policy = dkim.CanonicalizationPolicy.from_c_value(b"relaxed/relaxed")
    value: bytes = signer.gen_header(fields, heads, policy, b"DKIM-Signature", Pen())
    return b"DKIM-Signature: " + value + raw


ED = {f"ed._domainkey.{W}": ed25519_record()}
RECORD = record(key()).decode()
SUB = "m@mail.willow.example"
SERVFAIL, SILENT, REFUSES = DnsFault.SERVFAIL, DnsFault.TIMEOUT, DnsFault.REFUSED
OLD, AHEAD = date(NOW - timedelta(days=8)), date(NOW + timedelta(hours=2))
LONG_AGO = str(int(NOW.timestamp()) - 60).encode()
SOON = str(int(NOW.timestamp()) + 7_200).encode()

PROVEN_ROWS = {
    "ordinary": Case(good, YES),
    "ordinary under p=reject": Case(good, YES, {POLICY: P}),
    "1024 bits": Case(
        lambda: signed(mail(), pem=key(1024)), YES, {KEY: record(key(1024)).decode()}
    ),
    "Ed25519": Case(lambda: _ed25519_signed(mail()), YES, ED),
    "Ed25519 beside an unknown RSA": Case(
        lambda: _ed25519_signed(signed(mail(), selector="s9")), YES, ED
    ),
    "alias in Cc": Case(lambda: signed(mail(To="a@b.example", Cc=ALIAS)), YES),
    "upper case everywhere": Case(
        lambda: signed(mail(From="MARA@WILLOW.EXAMPLE", To=ALIAS.upper()), domain="WILLOW.example"),
        YES,
    ),
    "address in the display name": Case(
        lambda: signed(mail(From=f'"eve@evil.example" <{MARA}>')), YES, {POLICY: P}
    ),
    "display name in another script": Case(
        lambda: signed(mail(From=f"=?utf-8?b?0JzQsNGA0LA=?= <{MARA}>")), YES
    ),
    "IDN domain": Case(
        by("xn--mnchen-3ya.example", From="m@xn--mnchen-3ya.example"),
        YES,
        {"s1._domainkey.xn--mnchen-3ya.example": RECORD, "_dmarc.xn--mnchen-3ya.example": P},
    ),
    "parent signs, relaxed": Case(by(W, From=SUB), YES, {POLICY: P}),
    "child signs, relaxed": Case(
        by("mail.willow.example"), YES, {POLICY: P, "s1._domainkey.mail.willow.example": RECORD}
    ),
    "sister signs, relaxed": Case(
        by("out.willow.example", From=SUB),
        YES,
        {POLICY: P, "s1._domainkey.out.willow.example": RECORD},
    ),
    "exact, strict": Case(good, YES, {POLICY: P + "; adkim=s"}),
    "key by alias of the name server": Case(
        lambda: signed(mail(), selector="c"),
        YES,
        {"c.host.example": RECORD},
        ((f"c._domainkey.{W}", "CNAME", "c.host.example."),),
    ),
    "key for its own domain only": Case(good, YES, {KEY: RECORD + "; t=s"}),
    "behind the operator's own front": Case(good, YES, {POLICY: P}, stranger=False),
    "SPF fails, DKIM stands": Case(good, YES, {POLICY: P, W: "v=spf1 -all"}),
    "null sender, signed": Case(good, YES, {POLICY: P}, sender=""),
    "expires in an hour": Case(tags(b"x", SOON), YES, ED),
    "trouble with the policy does not matter": Case(good, YES, faults={POLICY: SERVFAIL}),
    "trouble with SPF does not matter": Case(good, YES, {POLICY: P}, faults={W: SERVFAIL}),
    "trouble with another key does not matter": Case(
        lambda: signed(good(), selector="s2"), YES, faults={f"s2._domainkey.{W}": SERVFAIL}
    ),
}
"""Taken as hers."""

WEAK_ROWS = {
    "nothing signed, no policy": Case(mail, WEAK),
    "nothing signed, p=none": Case(mail, WEAK, {POLICY: N}),
    "nothing signed, t=y": Case(mail, WEAK, {POLICY: P + "; t=y"}),
    "malformed policy": Case(mail, WEAK, {POLICY: "v=DMARC1; p=rejected"}),
    "policy said twice": Case(mail, WEAK, {POLICY: [P, Q]}),
    "SPF aligned": Case(mail, WEAK, {POLICY: P, W: HERE}),
    "SPF by a subdomain, relaxed": Case(
        mail, WEAK, {POLICY: P, "out.willow.example": HERE}, sender="b@out.willow.example"
    ),
    "SPF of HELO for the null sender": Case(
        mail, WEAK, {POLICY: P, "mx.willow.example": HERE}, sender=""
    ),
    "SPF include": Case(
        mail, WEAK, {POLICY: P, W: "v=spf1 include:p.example -all", "p.example": HERE}
    ),
    "SPF redirect": Case(
        mail, WEAK, {POLICY: Q, W: "v=spf1 redirect=p.example", "p.example": HERE}
    ),
    "SPF a": Case(mail, WEAK, {POLICY: P, W: "v=spf1 a -all"}, ((W, "A", "127.0.0.1"),)),
    "SPF mx": Case(
        mail,
        WEAK,
        {POLICY: P, W: "v=spf1 mx -all"},
        ((W, "MX", f"1 mx.{W}."), (f"mx.{W}", "A", "127.0.0.1")),
    ),
    "To not signed": Case(without("to"), WEAK, {POLICY: P}),
    "Subject not signed": Case(without("subject"), WEAK, {POLICY: P}),
    "Date not signed": Case(without("date"), WEAK, {POLICY: P}),
    "alias only in Bcc": Case(lambda: signed(mail(To="a@b.example", Bcc=ALIAS)), WEAK, {POLICY: P}),
    "a mail to somebody else, replayed": Case(
        lambda: signed(mail(To="him@evil.example")), WEAK, {POLICY: P}
    ),
    "a mail to another alias, replayed": Case(
        good, WEAK, {POLICY: P}, alias="other1@relay.example"
    ),
    "alias added below the signed To": Case(
        lambda: b"To: " + ALIAS.encode() + b"\r\n" + signed(mail(To="him@evil.example")),
        WEAK,
        {POLICY: P},
    ),
    "stale": Case(lambda: signed(mail(Date=OLD)), WEAK, {POLICY: P}),
    "from the future": Case(lambda: signed(mail(Date=AHEAD)), WEAK, {POLICY: P}),
    "no Date": Case(lambda: signed(mail(Date=None)), WEAK, {POLICY: P}),
    "no Date that anybody can read": Case(lambda: signed(mail(Date="tomorrow")), WEAK, {POLICY: P}),
    "second Subject on top": Case(top(b"Subject: other"), WEAK, {POLICY: P}),
    "parent signs, no policy anywhere": Case(by(W, From=SUB), WEAK),
    "a suffix signs": Case(
        by("co.example", From="m@willow.co.example"), WEAK, {"s1._domainkey.co.example": RECORD}
    ),
    "a neighbour under a suffix signs": Case(
        by("evil.host.example", From="m@mine.host.example"),
        WEAK,
        {"_dmarc.host.example": N + "; psd=y", "s1._domainkey.evil.host.example": RECORD},
    ),
    "the top level's record makes no neighbours kin": Case(
        by("evil.example"), WEAK, {"_dmarc.example": N, "s1._domainkey.evil.example": RECORD}
    ),
    "sp=none spares a subdomain": Case(
        lambda: mail(From=SUB), WEAK, {POLICY: P + "; sp=none"}, (("mail." + W, "A", ELSEWHERE),)
    ),
    "body changed, no policy": Case(but(b"Hello", b"Hullo"), WEAK),
    "expired, no policy": Case(tags(b"x", LONG_AGO), WEAK, ED),
    "made in the future": Case(tags(b"t", SOON), WEAK, ED),
    "l=, no policy": Case(lambda: signed(mail(), length=True), WEAK),
    "trouble with SPF where nothing is enforced": Case(
        mail, WEAK, {POLICY: N}, faults={W: SERVFAIL}
    ),
    "trouble with a key that could prove nothing": Case(
        without("to"), WEAK, {POLICY: N}, faults={KEY: SERVFAIL}
    ),
}
"""Taken, to be confirmed."""

FORGED_ROWS = {
    "p=reject, nothing signed": Case(mail, FORGED, {POLICY: P}),
    "p=quarantine, nothing signed": Case(mail, FORGED, {POLICY: Q}),
    "policy of the parent": Case(lambda: mail(From=SUB), FORGED, {POLICY: P}),
    "sp=reject": Case(
        lambda: mail(From=SUB),
        FORGED,
        {POLICY: N + "; sp=reject"},
        (("mail." + W, "A", ELSEWHERE),),
    ),
    "np=reject, no such subdomain": Case(
        lambda: mail(From=SUB), FORGED, {POLICY: N + "; np=reject"}
    ),
    "policy of the suffix": Case(
        lambda: mail(From="m@mine.host.example"), FORGED, {"_dmarc.host.example": P + "; psd=y"}
    ),
    "pct=0 is no excuse": Case(mail, FORGED, {POLICY: P + "; pct=0"}),
    "From above": Case(top(b"From: eve@willow.example"), FORGED),
    "From inside": Case(inner(b"From: eve@willow.example"), FORGED),
    "From below": Case(below(b"From: eve@willow.example"), FORGED),
    "the same From twice": Case(top(b"from: " + MARA.encode()), FORGED),
    "two mailboxes in From": Case(lambda: signed(mail(From=f"{MARA}, e@e.example")), FORGED),
    "group of two in From": Case(lambda: signed(mail(From=f"g: {MARA}, e@e.example;")), FORGED),
    "bare address before the mailbox": Case(
        lambda: signed(mail(From=f"e@e.example <{MARA}>")), FORGED
    ),
    "empty From": Case(lambda: signed(mail(From="")), FORGED),
    "empty group in From": Case(lambda: signed(mail(From="undisclosed:;")), FORGED),
    "no From": Case(lambda: mail(From=None), FORGED),
    "From without a domain": Case(lambda: mail(From="mara"), FORGED),
    "IDN domain in its own letters": Case(lambda: mail(From="m@münchen.example"), WEAK),
    "body changed": Case(but(b"Hello", b"Hullo"), FORGED, {POLICY: P}),
    "Subject changed": Case(but(b"Tuesday", b"Monday"), FORGED, {POLICY: P}),
    "l=": Case(lambda: signed(mail(), length=True), FORGED, {POLICY: P}),
    "l= with words behind it": Case(
        lambda: signed(mail(), length=True) + b"and more\r\n", FORGED, {POLICY: P}
    ),
    "From not signed": Case(
        lambda: _ed25519_signed(mail(), heads=(b"to", b"subject", b"date")),
        FORGED,
        {POLICY: P, **ED},
    ),
    "expired": Case(tags(b"x", LONG_AGO), FORGED, {POLICY: P, **ED}),
    "key revoked": Case(good, FORGED, {POLICY: P, KEY: "v=DKIM1; p="}),
    "key in testing": Case(good, FORGED, {POLICY: P, KEY: RECORD + "; t=y"}),
    "key for its own domain only, i= below": Case(
        lambda: _ed25519_signed(mail(), extra=(b"i", b"@sub.willow.example")),
        FORGED,
        {POLICY: P, f"ed._domainkey.{W}": ed25519_record() + "; t=s"},
    ),
    "key of another type": Case(good, FORGED, {POLICY: P, KEY: ed25519_record()}),
    "512 bits": Case(lambda: signed(mail(), pem=TINY), FORGED, {POLICY: P, KEY: TINY_RECORD}),
    "another key": Case(good, FORGED, {POLICY: P, KEY: record(key(2048, "x")).decode()}),
    "sha1": Case(but(b"rsa-sha256", b"rsa-sha1"), FORGED, {POLICY: P}),
    "parent signs, strict": Case(by(W, From=SUB), FORGED, {POLICY: P + "; adkim=s"}),
    "sister signs, strict": Case(
        by("out.willow.example", From=SUB),
        FORGED,
        {POLICY: P + "; adkim=s", "s1._domainkey.out.willow.example": RECORD},
    ),
    "a stranger signs": Case(
        by("evil.example"), FORGED, {POLICY: P, "s1._domainkey.evil.example": RECORD}
    ),
    "a suffix signs": Case(
        by("host.example", From="m@mine.host.example"),
        FORGED,
        {"_dmarc.host.example": P + "; psd=y", "s1._domainkey.host.example": RECORD},
    ),
    "a look-alike signs": Case(
        by("low.example"), FORGED, {POLICY: P, "s1._domainkey.low.example": RECORD}
    ),
    "SPF fails": Case(mail, FORGED, {POLICY: P, W: "v=spf1 -all"}),
    "SPF softfails": Case(mail, FORGED, {POLICY: P, W: "v=spf1 ~all"}),
    "SPF of a stranger": Case(
        mail, FORGED, {POLICY: P, "evil.example": HERE}, sender="e@evil.example"
    ),
    "SPF by a subdomain, strict": Case(
        mail,
        FORGED,
        {POLICY: P + "; aspf=s", "out.willow.example": HERE},
        sender="b@out.willow.example",
    ),
    "SPF of HELO does not count beside a sender": Case(
        mail, FORGED, {POLICY: P, "mx.willow.example": HERE}
    ),
    "SPF in a loop": Case(mail, FORGED, {POLICY: P, W: f"v=spf1 include:{W} +all"}),
    "SPF of a bomb": Case(
        mail,
        FORGED,
        {POLICY: P, W: "v=spf1 " + " ".join(["exists:" + "%{s}" * 90 + ".x.example"] * 11)},
    ),
    "SPF in vain three times": Case(
        mail, FORGED, {POLICY: P, W: "v=spf1 a:a.x.example a:b.x.example a:c.x.example +all"}
    ),
    "SPF twice": Case(mail, FORGED, {POLICY: P, W: [HERE, "v=spf1 +all"]}),
    "SPF says nothing about the operator's own front": Case(
        mail, FORGED, {POLICY: P, W: HERE}, stranger=False
    ),
    "others' verdicts count for nothing": Case(
        lambda: (
            b"Authentication-Results: mx.relay.example; dkim=pass header.d=willow.example\r\n"
            b"ARC-Authentication-Results: i=1; mx.relay.example; dmarc=pass\r\n"
            b"ARC-Seal: i=1; cv=pass; d=willow.example; s=s1; b=AA==\r\n"
            b"Received-SPF: pass\r\n" + mail()
        ),
        FORGED,
        {POLICY: P},
    ),
    "mbox line in the head": Case(below(b"From eve Mon"), FORGED, {POLICY: P}),
    "a head that no verifier reads": Case(below(b"no colon here"), FORGED, {POLICY: P}),
}
"""Turned away like an unknown alias."""

LATER_ROWS = {
    "no word of the key": Case(good, LATER, faults={KEY: SILENT}),
    "SERVFAIL for the key": Case(good, LATER, {POLICY: P}, faults={KEY: SERVFAIL}),
    "REFUSED for the key": Case(good, LATER, faults={KEY: REFUSES}),
    "no word of the policy": Case(mail, LATER, faults={POLICY: SILENT}),
    "SERVFAIL for the policy": Case(mail, LATER, {W: HERE}, faults={POLICY: SERVFAIL}),
    "SERVFAIL for the parent's policy": Case(
        lambda: mail(From=SUB), LATER, faults={POLICY: SERVFAIL}
    ),
    "SERVFAIL for the kinship": Case(by(W, From=SUB), LATER, faults={POLICY: SERVFAIL}),
    "SERVFAIL for the subdomain's being": Case(
        lambda: mail(From=SUB), LATER, {POLICY: N + "; np=reject"}, faults={"mail." + W: SERVFAIL}
    ),
    "no word of SPF": Case(mail, LATER, {POLICY: P}, faults={W: SILENT}),
    "SERVFAIL inside SPF": Case(
        mail, LATER, {POLICY: P, W: "v=spf1 include:p.example -all"}, faults={"p.example": SERVFAIL}
    ),
    "SERVFAIL for a key that could make it weak": Case(
        without("to"), LATER, {POLICY: P}, faults={KEY: SERVFAIL}
    ),
}
"""Told to come back."""

ROWS = {
    f"{word}: {name}": case
    for word, rows in (
        ("proven", PROVEN_ROWS),
        ("weak", WEAK_ROWS),
        ("forged", FORGED_ROWS),
        ("later", LATER_ROWS),
    )
    for name, case in rows.items()
}


@dataclass
class Edge:
    """A listener, its name server, and what was handed in."""

    listener: Listener
    names: NameServer
    taken: list[Inbound]


@asynccontextmanager
async def edge(case: Case) -> AsyncIterator[Edge]:
    """A listener on 127.0.0.1 over the case's zone; its engine refuses forgeries, like unknowns."""
    taken: list[Inbound] = []

    async def accept(message: Inbound) -> Receipt:
        seen = [one.provider_id for one in taken]
        taken.append(message)
        if message.proof is Proof.FORGED:
            return Receipt.REFUSED
        return Receipt.AGAIN if message.provider_id in seen else Receipt.TAKEN

    names = NameServer()
    for name, texts in {KEY: RECORD, **case.txt}.items():
        for text in [texts] if isinstance(texts, str) else texts:
            names.add_text(name, text)
    for name, kind, value in case.more:
        names.add(name, kind, value)
    for name, fault in case.faults.items():
        names.fail(fault, name)
    await names.start()
    listener = await serve(
        MailInConfig(domain="relay.example", hostname="mx.relay.example", port=0),
        accept,
        Resolver(names.address, seconds=0.3 if SILENT in case.faults.values() else 20),
        lambda: NOW,
        insider=_nobody if case.stranger else inside,
    )
    try:
        yield Edge(listener, names, taken)
    finally:
        await listener.close()
        await names.close()


def _nobody(_: Address) -> bool:
    """No client is the operator's own, not even one on this machine."""
    return False


async def post(at: Edge, case: Case, raw: bytes) -> str:
    """One dialogue; the answer to its message."""
    async with client(at.listener.port) as speaking:
        await speaking.say(b"EHLO " + case.helo.encode())
        await speaking.say(b"MAIL FROM:<%b>" % case.sender.encode())
        await speaking.say(b"RCPT TO:<%b>" % case.alias.encode())
        assert (await speaking.say(b"DATA")).startswith(b"354")
        return (await speaking.message(raw)).decode().rstrip("\r\n")


@pytest.mark.parametrize("name", ROWS)
async def test_who_may_post(name: str) -> None:
    """Each row gets its answer, over SMTP and DNS, within the limit of look-ups."""
    case = ROWS[name]
    async with edge(case) as at:
        answer = await post(at, case, case.make())
        assert len(set(at.names.asked)) <= MOST_LOOKUPS
        if case.expect is None:
            assert (answer, at.taken) == (LATER_DNS, [])
        else:
            assert [one.proof for one in at.taken] == [case.expect]
            assert answer == (REFUSED if case.expect is Proof.FORGED else TAKEN)


def test_the_table_is_a_table() -> None:
    """At least sixty rows, and every answer many times."""
    assert len(ROWS) >= 100
    answers = [case.expect for case in ROWS.values()]
    assert min(answers.count(one) for one in (YES, WEAK, FORGED, LATER)) >= 10


async def test_what_dns_kept_back_is_asked_again() -> None:
    """`451` is not for good: once DNS answers, the same mail is taken."""
    case = Case(good, YES, {POLICY: P}, faults={KEY: SERVFAIL})
    async with edge(case) as at:
        raw = good()
        assert await post(at, case, raw) == LATER_DNS
        at.names.heal()
        assert await post(at, case, raw) == TAKEN
        assert [one.proof for one in at.taken] == [YES]


@pytest.mark.parametrize("make", [good, mail], ids=["proven", "weak"])
async def test_a_replay_is_the_same_message(make: Callable[[], bytes]) -> None:
    """The same octets twice carry one id, whatever was proven."""
    case = Case(make, YES)
    async with edge(case) as at:
        raw = make()
        assert [await post(at, case, raw), await post(at, case, raw)] == [TAKEN, TAKEN]
        assert len({one.provider_id for one in at.taken}) == 1
        assert len(at.taken) == 2


@pytest.mark.parametrize(
    ("address", "ours"),
    [
        *((one, True) for one in ("127.0.0.1", "::1", "10.1.2.3", "172.31.0.1", "192.168.9.9")),
        *((one, True) for one in ("fd00::1", "fe80::1", "169.254.1.1", "::ffff:10.0.0.1")),
        *((one, False) for one in ("203.0.113.5", "8.8.8.8", "2001:db8::1", "172.32.0.1")),
        ("::ffff:8.8.8.8", False),
    ],
)
def test_which_clients_are_the_operators_own(address: str, *, ours: bool) -> None:
    """Loopback, private and link-local addresses, also inside IPv6."""
    assert inside(ip_address(address)) is ours
