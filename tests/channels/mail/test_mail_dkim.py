"""Signatures: three verifiers agree, nothing can be added or changed, and keys are checked."""

from __future__ import annotations

import os
import re
from collections.abc import Callable

import dkim as dkimpy
import pytest

from channels.contract import Picture, PictureKind
from channels.mail import dkim
from channels.mail.bodies import body
from channels.mail.compose import compose, octets
from channels.mail.dkim import (
    BadKeyError,
    Header,
    Kind,
    Signer,
    SigningKey,
    UnsignedHeaderError,
    dns_record,
    generate_key,
    kind_of,
    revocation_record,
)
from channels.secret import Secret
from tests.channels.mail.mailside import key
from tests.channels.mail.test_mail_compose import NOW, VOICE, full, outgoing, token
from tests.support import mail_dkim, rfc6376

DOMAIN = "relay.example"
RSA = SigningKey("r2026", key())
ED25519 = SigningKey("e2026", generate_key(Kind.ED25519))
RECORDS = {f"{one.selector}._domainkey.{DOMAIN}": dns_record(one.pem) for one in (RSA, ED25519)}

MAILS: dict[str, dict[str, object]] = {
    "post": {},
    "notice": {"author": None},
    "question": {"author": None, "confirm": token(7)},
    "private": {"private": True},
    "no tokens": {"references": (), "unsubscribe": Secret(""), "list_id": Secret("")},
    "long thread": {"references": tuple(map(token, range(30)))},
    "other scripts": {"author": Secret("Ünï 寒い " * 8), "subject": Secret("寒" * 150)},
    "long subject": {"subject": Secret("so many  words " * 20)},
    "blank lines at the end": {"text": Secret("寒い日\n\n\n" * 90)},
    "empty": {"text": Secret("")},
    "dots and blanks": {"text": Secret(".\n..\nFrom x\n trailing \t \n")},
    "html": {"html": Secret("<p>Hello all.</p>")},
    "pictures": {"pictures": (Picture(PictureKind.JPEG, bytes(range(256)) * 40),)},
}


def sealed(*keys: SigningKey, **changes: object) -> bytes:
    """A signed message."""
    out = full(**changes)
    prepared = body(out.text, out.html, out.pictures)
    heads = compose(out, VOICE, prepared, NOW)
    signer = Signer(DOMAIN, keys or (RSA,))
    return octets([*signer.sign(heads, prepared.hash), *heads], prepared)


def dkimpy_passes(raw: bytes) -> bool:
    """What dkimpy says of the topmost signature."""
    passes: bool = dkimpy.verify(
        raw,
        dnsfunc=lambda name, timeout=5: RECORDS[name.decode().rstrip(".")].encode(),
        minkey=2048,
    )
    return passes


def rfc_passes(raw: bytes) -> bool:
    """What the verifier of our own says of all signatures."""
    return rfc6376.verdicts(raw, RECORDS.get) == ["rsa-sha256 pass"]


@pytest.mark.parametrize("what", MAILS)
def test_rsa_verifies_with_dkimpy_and_by_the_letter_of_the_rfc(what: str) -> None:
    """Two verifiers that share nothing accept every kind of mail we send; no line is overlong."""
    raw = sealed(**MAILS[what])
    assert dkimpy_passes(raw)
    assert rfc6376.verdicts(raw, RECORDS.get) == ["rsa-sha256 pass"]
    assert max(map(len, raw.split(b"\r\n"))) <= 78


@pytest.mark.parametrize("what", MAILS)
def test_both_algorithms_verify_on_one_mail_with_rsa_on_top(what: str) -> None:
    """RFC 8463: either signature holds by itself, in whichever order the keys were given."""
    raw = sealed(ED25519, RSA, **MAILS[what])
    assert rfc6376.verdicts(raw, RECORDS.get) == ["rsa-sha256 pass", "ed25519-sha256 pass"]
    assert dkimpy_passes(raw)
    alone = sealed(ED25519, **MAILS[what])
    assert rfc6376.verdicts(alone, RECORDS.get) == ["ed25519-sha256 pass"]


@pytest.mark.parametrize("what", MAILS)
def test_rsa_verifies_with_mail_dkim(what: str) -> None:
    """Perl's Mail::DKIM accepts what we send, and no longer when a letter changed."""
    if not mail_dkim.is_there():
        if os.environ.get("RELAY_REQUIRE_MAIL_DKIM"):
            pytest.fail("Mail::DKIM is not installed, and it must be here")
        pytest.skip("Mail::DKIM is not installed (Debian: libmail-dkim-perl)")
    ((name, record), _) = RECORDS.items()
    raw = sealed(ED25519, RSA, **MAILS[what])
    assert mail_dkim.verdicts(raw, name, record)[0] == "rsa-sha256 pass"
    changed = raw.replace(b"\r\nDate: Sat", b"\r\nDate: Sun")
    assert mail_dkim.verdicts(changed, name, record)[0] == "rsa-sha256 fail"


@pytest.mark.parametrize("passes", [dkimpy_passes, rfc_passes], ids=["dkimpy", "rfc"])
@pytest.mark.parametrize("what", ["post", "no tokens", "notice"])
def test_no_header_can_be_added_taken_or_changed_on_the_way(
    what: str, passes: Callable[[bytes], bool]
) -> None:
    """A second one, a first where we wrote none, one less, one letter: the signature breaks."""
    raw = sealed(**MAILS[what])
    assert passes(raw)
    for name in (
        *("From", "To", "Cc", "Subject", "Date", "Message-ID", "Reply-To", "Sender", "References"),
        *("In-Reply-To", "MIME-Version", "Content-Type", "Content-Transfer-Encoding", "List-Id"),
        *("List-Unsubscribe", "List-Unsubscribe-Post", "Auto-Submitted", "Precedence"),
        *("X-Auto-Response-Suppress", "x-ms-reactions"),
    ):
        line = name.encode() + b": x\r\n"
        head, rest = raw.split(b"\r\nFrom:", 1)
        assert not passes(line + raw)
        assert not passes(head + b"\r\n" + line + b"From:" + rest)
        assert not passes(raw.replace(b"\r\n\r\n", b"\r\n" + line + b"\r\n", 1))
        there = re.compile(rb"\r\n%b:((?:[^\r]|\r\n )*)" % name.encode())
        if there.search(raw):
            assert not passes(there.sub(b"", raw))
            assert not passes(there.sub(rb"\r\n%b:\1x" % name.encode(), raw))


def test_every_header_we_write_is_signed() -> None:
    """A header that no signature would cover, or that stands twice, is not sent."""
    signer = Signer(DOMAIN, [RSA])
    heads: list[Header] = [(b"From", b" a\r\n"), (b"X-New", b" b\r\n")]
    for bad in (heads, [heads[0], heads[0]], [heads[0], (b"FROM", b" c\r\n")]):
        with pytest.raises(UnsignedHeaderError):
            signer.sign(bad, b"bh")


def test_a_signature_tells_no_time_and_no_length() -> None:
    """No `t=`, `x=`, `l=` or `i=`; appended and changed words break it, in both algorithms."""
    raw = sealed(RSA, ED25519)
    for signature in raw.split(b"\r\nFrom:")[0].split(b"DKIM-Signature:")[1:]:
        tags = re.sub(rb"\s", b"", signature).split(b";")
        assert [tag.partition(b"=")[0] for tag in tags] == b"v a c d s h bh b".split()
    for changed in (raw + b"more\r\n", raw.replace(b"Hello", b"Hallo")):
        assert not dkimpy_passes(changed)
        assert rfc6376.verdicts(changed, RECORDS.get) == [
            "rsa-sha256 wrong body", "ed25519-sha256 wrong body",
        ]  # fmt: skip
    changed = raw.replace(b"Subject: Tuesday", b"Subject: Thursday")
    assert rfc6376.verdicts(changed, RECORDS.get) == [
        "rsa-sha256 wrong signature", "ed25519-sha256 wrong signature",
    ]  # fmt: skip


def test_many_are_signed_as_one_is() -> None:
    """Copies that are signed together share work and nothing else."""
    signer, copies = Signer(DOMAIN, [ED25519, RSA]), []
    for number in range(20):
        out = outgoing(message_id=token(number), author=Secret(f"Robin {number % 3}"))
        prepared = body(Secret(f"words {number % 2}"))
        copies.append((compose(out, VOICE, prepared, NOW), prepared.hash))
    together = signer.sign_many(copies)
    assert together == [signer.sign(*copy) for copy in copies]
    assert len({signature[0] for signature in together}) == 20


def test_keys_are_made_published_and_checked() -> None:
    """New keys sign and their records fit DNS; what may not sign is refused, silently."""
    pem = generate_key()
    assert b"PRIVATE KEY" in pem
    assert re.fullmatch(r"v=DKIM1; k=rsa; p=[A-Za-z0-9+/]{390,}=*", dns_record(pem))
    assert re.fullmatch(r"v=DKIM1; k=ed25519; p=[A-Za-z0-9+/]{43}=", dns_record(ED25519.pem))
    assert revocation_record(pem) == "v=DKIM1; k=rsa; p="
    assert revocation_record(ED25519.pem) == "v=DKIM1; k=ed25519; p="
    assert (kind_of(pem), kind_of(ED25519.pem)) == (Kind.RSA, Kind.ED25519)
    for bad in (b"", b"nonsense", key(1024), pem[:200], pem.replace(b"A", b"B")):
        with pytest.raises(BadKeyError):
            Signer(DOMAIN, [SigningKey("s", bad)])
        with pytest.raises(BadKeyError):
            dns_record(bad)
    with pytest.raises(BadKeyError):
        Signer(DOMAIN, [])
    assert dkim.BITS == 2048


def test_the_record_of_rfc_8463_is_read_and_made() -> None:
    """Appendix A: the published Ed25519 key has exactly this record."""
    pem = (
        b"-----BEGIN PRIVATE KEY-----\n"
        b"MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
        b"-----END PRIVATE KEY-----\n"
    )
    public = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
    assert dns_record(pem) == f"v=DKIM1; k=ed25519; p={public}"


def test_keys_do_not_show_themselves() -> None:
    """A printed key tells its selector only."""
    assert repr(RSA) == "SigningKey(selector='r2026')"
