"""What leaves the relay: composed from nothing but an `Outgoing`, signed, and one line a header."""

from __future__ import annotations

import email
import email.policy
import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.contract import Outgoing
from channels.mail.compose import (
    Bodies,
    UnsafeHeaderError,
    Voice,
    body,
    compose,
    header,
    octets,
    opaque,
    self_test,
)
from channels.mail.plain import clean
from channels.secret import Contact, Secret

VOICE = Voice(
    domain="relay.example", programme_name="Group post", notice_address="programme@relay.example"
)
NOW = datetime(2026, 11, 21, 23, 45, 59, 999, tzinfo=timezone(timedelta(hours=5, minutes=30)))


def outgoing(**changes: object) -> Outgoing:
    """A post of Robin's for Mara; `changes` replace."""
    fields: dict[str, object] = {
        "post": 7,
        "delivery": Secret("token-one"),
        "to": Contact("email", "mara@willow.example"),
        "write_to": Secret("k3v9q2@relay.example"),
        "author": Secret("Robin"),
        "mask": Secret("m.ab1@relay.example"),
        "subject": Secret("Tuesday"),
        "text": Secret("Hello all.\nSecond line."),
        "expires": datetime(2026, 11, 22, tzinfo=UTC),
    }
    fields.update(changes)
    return Outgoing(**fields)  # type: ignore[arg-type]


def written(out: Outgoing) -> bytes:
    """The whole message, unsigned."""
    prepared = body(out.text)
    return octets(compose(out, VOICE, prepared, NOW), prepared)


def test_a_post_octet_by_octet() -> None:
    """Exactly these headers, in this order, and nothing of the reader's or writer's contact."""
    assert written(outgoing()) == (
        b'From: "Robin" <m.ab1@relay.example>\r\n'
        b"To: k3v9q2@relay.example\r\n"
        b"Reply-To: k3v9q2@relay.example\r\n"
        b"Subject: Tuesday\r\n"
        b"Date: Sat, 21 Nov 2026 18:15:00 +0000\r\n"
        b"Message-ID: <" + opaque("message-id", Secret("token-one")).encode() + b"@relay.example>"
        b"\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\n"
        b"Content-Transfer-Encoding: quoted-printable\r\n"
        b"Precedence: list\r\n"
        b"X-Auto-Response-Suppress: All\r\n"
        b"x-ms-reactions: disallow\r\n"
        b"\r\n"
        b"Hello all.\r\nSecond line.\r\n"
    )


def test_a_notice_speaks_for_the_programme() -> None:
    """Without an author: the programme's name and address, and the marks of automatic mail."""
    got = written(outgoing(author=None)).decode()
    assert got.startswith('From: "Group post" <programme@relay.example>\r\n')
    assert "Auto-Submitted: auto-generated\r\n" in got
    assert "X-Auto-Response-Suppress: All\r\n" in got
    assert "Precedence" not in got
    assert "m.ab1" not in got


def test_ids_are_stable_opaque_and_not_linkable() -> None:
    """One delivery has one Message-ID at every attempt; nothing in it tells the token or use."""
    one, again = (opaque("message-id", Secret("t")) for _ in range(2))
    assert one == again
    assert len({one, opaque("bounce", Secret("t")), opaque("message-id", Secret("u"))}) == 3
    assert re.fullmatch(r"[a-z2-7]{26}", one)


def test_an_empty_subject_gets_a_neutral_one() -> None:
    """Nothing is made up about the content."""
    assert b"\r\nSubject: (no subject)\r\n" in written(outgoing(subject=Secret(" \u202e\n ")))


HOSTILE = [
    "a\r\nBcc: x@y.example",
    "a\nBcc: x@y.example",
    "a\rBcc: x@y.example",
    "=?utf-8?q?a=0ABcc:=20x@y.example?=",
    "=?utf-8?b?YQ0KQmNjOiB4QHkuZXhhbXBsZQ==?=",
    "=?utf-8?q?=3D=3Futf-8=3Fq=3Fa=3D0ABcc=3A_x=3F=3D?=",
    "a\u2028Bcc: x@y.example",
    "a\x85Bcc: x@y.example",
    'quo"ted\\ \\"',
    "=?utf-8?q?" * 20,
    "\ud800 lone",
    "Ünï cödé " * 30,
    "長" * 200,
    "x" * 5_000,
    "\x00\x1b[31m",
    '"',
    "\\",
    ">",
    "<eve@evil.example>",
    ", eve@evil.example",
]


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names_and_subjects_stay_one_header(value: str) -> None:
    """On this Python, below the fixed releases too: same headers, one From, short lines."""
    out = outgoing(author=Secret(value), subject=Secret(value), text=Secret("words"))
    raw = written(out)
    names = re.findall(rb"(?m)^([A-Za-z-]+):", raw.partition(b"\r\n\r\n")[0])
    expect = re.findall(rb"(?m)^([A-Za-z-]+):", written(outgoing()).partition(b"\r\n\r\n")[0])
    assert names == expect
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    parsed = email.message_from_bytes(raw, policy=email.policy.default)
    assert [one.addr_spec for one in parsed["From"].addresses] == ["m.ab1@relay.example"]


@given(st.text(max_size=120), st.text(max_size=300))
def test_any_name_and_text_make_a_clean_message(name: str, words: str) -> None:
    """Whatever a member is called and writes: 7-bit, CR LF only, her words arrive unchanged."""
    raw = written(outgoing(author=Secret(name), subject=Secret(name), text=Secret(words)))
    assert raw.isascii()
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)|\x00", raw)
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    parsed = email.message_from_bytes(raw, policy=email.policy.default)
    payload = parsed.get_payload(decode=True)
    assert isinstance(payload, bytes)
    assert payload.decode().replace("\r\n", "\n") == clean(words).rstrip("\n") + "\n"


@pytest.mark.parametrize("name", ["Robin", "Ünï", "寒い", "O'Neil (x)", 'a "b" c', "ﺮﻴﻣ", "a, b"])
def test_pseudonyms_of_all_scripts_arrive(name: str) -> None:
    """A mail program shows the pseudonym as it is."""
    raw = written(outgoing(author=Secret(name)))
    parsed = email.message_from_bytes(raw, policy=email.policy.default)
    assert parsed["From"].addresses[0].display_name == name


def test_long_texts_choose_the_shorter_encoding() -> None:
    """Western text is quoted-printable, other scripts base64."""
    assert body(Secret("naïve words " * 50)).transfer_encoding == b"quoted-printable"
    assert body(Secret("寒い日 " * 50)).transfer_encoding == b"base64"


def test_bad_addresses_are_not_written() -> None:
    """An alias or mask that is not a plain address stops the copy, without telling it."""
    for bad in ("a b@relay.example", "a@b>\r\nBcc: c", "", "ä@relay.example", '"x"@relay.example'):
        for field in ("mask", "write_to"):
            with pytest.raises(UnsafeHeaderError) as told:
                written(outgoing(**{field: Secret(bad)}))
            assert not bad or bad not in str(told.value)


def test_the_gate_refuses_what_is_not_one_line() -> None:
    """No value with a line end, a control or a letter passes the gate; folding does."""
    for bad in ("a\r\nb", "a\nb", "a\r", "ä", "a\x00", "a\r\n \r\n b", "x" * 2_000):
        with pytest.raises(UnsafeHeaderError):
            header("Subject", bad)
    assert header("Subject", "a\r\n b") == (b"Subject", b" a\r\n b\r\n")


def test_the_self_test_passes_here_and_notices_a_broken_gate(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is silent on this Python and raises when the gate lets a second line through."""
    self_test()
    from channels.mail import compose as module

    monkeypatch.setattr(module, "header", lambda name, value: (name.encode(), value.encode()))
    with pytest.raises(UnsafeHeaderError):
        self_test()


def test_a_body_is_shared_only_for_the_same_words() -> None:
    """Two copies of one post share it; a post of the same number with other words does not."""
    bodies = Bodies(most=2)
    one = bodies.get(1, Secret("one"))
    assert bodies.get(1, Secret("one")) is one
    assert bodies.get(1, Secret("two")).encoded == b"two\r\n"
    bodies.get(2, Secret("x"))
    bodies.get(3, Secret("y"))
    assert bodies.get(1, Secret("two")) is not one
    kept = bodies.get(1, Secret("two"))
    bodies.forget()
    assert bodies.get(1, Secret("two")) is not kept
