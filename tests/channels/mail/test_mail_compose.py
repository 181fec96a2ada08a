"""What leaves the relay: composed from nothing but an `Outgoing`, and one line a header."""

from __future__ import annotations

import email
import email.policy
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.contract import Outgoing, Picture, PictureKind
from channels.mail.bodies import Bodies, Body, body
from channels.mail.compose import (
    UnsafeHeaderError,
    Voice,
    compose,
    header,
    octets,
    opaque,
    self_test,
)
from channels.mail.plain import clean
from channels.secret import Contact, Secret

VOICE = Voice(
    domain="relay.example",
    programme_name="Group post",
    notice_address="programme@relay.example",
    public_url="https://relay.example",
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


def token(number: int) -> Secret:
    """A token as the engine gives them out."""
    return Secret(f"{number:026}")


def full(**changes: object) -> Outgoing:
    """The same with all its tokens, in a thread of three."""
    tokens: dict[str, object] = {
        "message_id": token(1),
        "references": (token(2), token(3)),
        "unsubscribe": token(4),
        "list_id": token(5),
    }
    return outgoing(**(tokens | changes))


def written(out: Outgoing, voice: Voice = VOICE) -> bytes:
    """The whole message, unsigned."""
    prepared = body(out.text, out.html, out.pictures)
    return octets(compose(out, voice, prepared, NOW), prepared)


def read(out: Outgoing, voice: Voice = VOICE) -> EmailMessage:
    """As a mail program reads it."""
    parsed = email.message_from_bytes(written(out, voice), policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    assert not parsed.defects
    return parsed


def names(raw: bytes) -> list[bytes]:
    """The names of its headers."""
    return re.findall(rb"(?m)^([A-Za-z-]+):", raw.partition(b"\r\n\r\n")[0])


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
    raw = written(full(author=Secret(value), subject=Secret(value), text=Secret("words")))
    assert names(raw) == names(written(full()))
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


@pytest.mark.parametrize("name", ["Robin", "Ünï", "寒い", "O'Neil (x)", 'a "b" c', "a, b"])
def test_pseudonyms_of_all_scripts_arrive(name: str) -> None:
    """A mail program shows the pseudonym as it is."""
    (shown,) = read(outgoing(author=Secret(name)))["From"].addresses
    assert shown.display_name == name
    assert shown.addr_spec == "m.ab1@relay.example"


@pytest.mark.parametrize("name", ["ﺮﻴﻣ", "מיכל", "Robin מ", "ریحانه"])
def test_a_pseudonym_from_right_to_left_turns_nothing_else_around(name: str) -> None:
    """It is isolated in From, and what the writer put there to turn things around is gone."""
    (shown,) = read(outgoing(author=Secret(f"\u202e\u2067{name}\u2069")))["From"].addresses
    assert shown.display_name == f"\u2068{name}\u2069"


def test_direction_overrides_and_isolates_reach_no_reader() -> None:
    """They are gone from text, html and subject; letters and joiners stay."""
    said = "می\u200cخواهم \u202eabc\u202c \u2066x\u2069"
    mail = read(outgoing(subject=Secret(said), text=Secret(said), html=Secret(f"<p>{said}</p>")))
    whole = mail["Subject"] + "".join(part.get_content() for part in mail.iter_parts())
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", whole)
    assert whole.count("می\u200cخواهم") == 3


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


def test_the_self_test_notices_each_check_that_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tokens, addresses and names that go out unchecked keep the channel from starting."""
    from channels.mail import compose as module

    for name, broken in (
        ("_token", lambda token: re.split("[^a-z]", token.reveal())[0]),
        ("_ours", lambda address, voice: "a@relay.example"),
        ("_display_name", lambda name: f'"{name}"'),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, broken)
            with pytest.raises(UnsafeHeaderError):
                self_test()


def test_a_body_is_shared_only_for_the_same_words() -> None:
    """Two copies of one post share it; a post of the same number with other words does not."""
    bodies = Bodies(most=2)

    def get(post: int, words: str, **changes: object) -> Body:
        return bodies.get(outgoing(post=post, text=Secret(words), **changes))

    one = get(1, "one")
    assert get(1, "one", to=Contact("email", "lou@elm.example")) is one
    assert get(1, "one", html=Secret("<p>one</p>")).encoded != one.encoded
    assert get(1, "one", pictures=(JPEG,)).encoded != one.encoded
    assert get(1, "two").encoded == b"two\r\n"
    get(2, "x")
    get(3, "y")
    kept = get(1, "two")
    assert get(1, "two") is kept
    bodies.forget()
    assert get(1, "two") is not kept


def test_shared_headers_are_shared_only_for_the_same_author_and_subject() -> None:
    """Copies of one body under another name or subject, or as an answer, get their own."""
    prepared = body(Secret("words"))
    for changes in (
        {},
        {"author": Secret("Lou")},
        {"mask": Secret("m.cd2@relay.example")},
        {"subject": Secret("Aw: Friday")},
        {"subject": Secret("Aw: Friday"), "references": (token(9),)},
        {"author": None},
    ):
        out = outgoing(text=Secret("words"), **changes)
        assert octets(compose(out, VOICE, prepared, NOW), prepared) == written(out)


# Lists and threads -------------------------------------------------------------------------


def test_a_post_of_a_thread_octet_by_octet() -> None:
    """Own ids only; one link and one address to unsubscribe; the marks of a list."""
    head = written(full()).partition(b"\r\n\r\n")[0].decode().split("\r\n")
    assert head[5:] == [
        "Message-ID: <00000000000000000000000001@relay.example>",
        "In-Reply-To: <00000000000000000000000003@relay.example>",
        "References: <00000000000000000000000002@relay.example>",
        " <00000000000000000000000003@relay.example>",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: quoted-printable",
        "List-Id: <00000000000000000000000005.relay.example>",
        "List-Unsubscribe: <https://relay.example/u/00000000000000000000000004>,",
        " <mailto:u+00000000000000000000000004@relay.example>",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        "Precedence: list",
        "X-Auto-Response-Suppress: All",
        "x-ms-reactions: disallow",
    ]


def test_long_threads_keep_their_beginning_and_their_end() -> None:
    """References is bounded: the oldest, by which programs group, and the newest."""
    ids = [token(n).reveal() for n in range(40)]
    found = str(read(full(references=tuple(map(Secret, ids))))["References"]).split()
    assert found == [f"<{one}@relay.example>" for one in (ids[0], *ids[-11:])]


def test_a_private_post_belongs_to_no_list_and_is_answered_to_its_author() -> None:
    """No List-Id and no Precedence; an answer goes to the mask, in all programs."""
    mail = read(full(private=True))
    assert mail["Reply-To"] == "m.ab1@relay.example"
    assert mail["To"] == "k3v9q2@relay.example"
    assert mail["List-Id"] is None
    assert mail["Precedence"] is None
    assert mail["List-Unsubscribe"] is not None


def test_a_notice_is_no_list_and_may_be_confirmed_by_an_answer() -> None:
    """`Auto-Submitted`, no List-Id; the answer to a question goes to its one-use address."""
    mail = read(full(author=None, confirm=token(6)))
    assert mail["Reply-To"] == "confirm+00000000000000000000000006@relay.example"
    assert mail["Auto-Submitted"] == "auto-generated"
    for name in ("List-Id", "Precedence", "x-ms-reactions"):
        assert mail[name] is None
    assert read(full(author=None))["Reply-To"] == "k3v9q2@relay.example"
    assert read(full(author=None, private=True))["Reply-To"] == "k3v9q2@relay.example"


def test_unsubscribing_without_a_page_is_by_mail() -> None:
    """Then there is no one-click header, which would be a lie (RFC 8058 section 3.1)."""
    mail = read(full(), replace(VOICE, public_url=None))
    assert mail["List-Unsubscribe"] == "<mailto:u+00000000000000000000000004@relay.example>"
    assert mail["List-Unsubscribe-Post"] is None
    assert read(full(unsubscribe=Secret("")))["List-Unsubscribe"] is None


def test_links_are_short_enough_for_every_program_or_the_relay_does_not_start() -> None:
    """76 octets each at the most: longer ones come out of some libraries as encoded words."""
    url = "https://" + "a" * 37
    raw = written(full(), replace(VOICE, public_url=url))
    links = re.findall(rb"<[^<>@]*/u/[^<>]*>|<mailto:[^<>]*>", raw)
    assert [len(link) for link in links] == [76, 51]
    again = email.message_from_bytes(raw, policy=email.policy.SMTP).as_bytes()
    assert f"<{url}/u/{token(4).reveal()}>".encode() in again
    domain = "a" * 30 + ".example"
    assert replace(VOICE, domain=domain, public_url=None)
    for bad in (
        {"public_url": url + "a"},
        {"public_url": "https://relay.example/>,<https://evil.example"},
        {"public_url": "javascript:x"},
        {"public_url": None, "domain": "a" + domain},
        {"domain": "relay.example\r\nX: y"},
    ):
        with pytest.raises(UnsafeHeaderError):
            replace(VOICE, **bad)
    long = replace(VOICE, domain="a" + domain, notice_address=f"n@a{domain}")
    there = {"mask": Secret(f"m@a{domain}"), "write_to": Secret(f"w@a{domain}")}
    link = read(full(**there), long)["List-Unsubscribe"]
    assert link == f"<https://relay.example/u/{token(4).reveal()}>"


@pytest.mark.parametrize("place", ["mask", "write_to"])
def test_a_contact_is_never_written_into_a_header(place: str) -> None:
    """An address that is not of our domain stops the copy, whoever put it there."""
    for bad in ("mara@willow.example", "mara@sub.relay.example", "mara@relay.example.evil.example"):
        with pytest.raises(UnsafeHeaderError, match="our domain"):
            written(full(**{place: Secret(bad)}))


@pytest.mark.parametrize("place", ["message_id", "unsubscribe", "list_id", "confirm"])
@pytest.mark.parametrize("bad", ["a b" * 9, "A" * 26, "a>\r\nX: y", "mara@willow.example", "a"])
def test_what_is_no_token_is_not_written(place: str, bad: str) -> None:
    """An id or link is made of tokens of ours or not at all."""
    for changes in ({place: Secret(bad)}, {"references": (token(1), Secret(bad))}):
        with pytest.raises(UnsafeHeaderError, match="a token is not one of ours"):
            written(full(**changes))


# Html and pictures -------------------------------------------------------------------------

JPEG = Picture(PictureKind.JPEG, b"\xff\xd8\xff" + bytes(range(256)) * 9)
PICTURES = (
    JPEG,
    Picture(PictureKind.PNG, b"\x89PNG" * 50),
    Picture(PictureKind.GIF, b"GIF89a"),
    Picture(PictureKind.WEBP, b"RIFF....WEBP"),
)


def shape(part: EmailMessage) -> object:
    """Types, nested as the parts are."""
    if part.is_multipart():
        return [part.get_content_type(), *(shape(one) for one in part.iter_parts())]  # type: ignore[arg-type]
    return part.get_content_type()


def test_html_comes_second_and_the_text_is_whole() -> None:
    """`multipart/alternative`: the words as text, then the same as a page of its own."""
    mail = read(full(html=Secret("<p>Hello <b>all</b>.</p><p>Second line.</p>")))
    assert shape(mail) == ["multipart/alternative", "text/plain", "text/html"]
    text, page = (part.get_content() for part in mail.iter_parts())
    assert text.replace("\r\n", "\n") == "Hello all.\nSecond line.\n"
    assert '<div dir="auto"><p>Hello <b>all</b>.</p><p>Second line.</p></div>' in page
    assert not re.search(r"(?i)src|href|url\(|http|style|@import", page)


@pytest.mark.parametrize(
    "html",
    [
        '<p>a<img src="https://evil.example/p.gif"></p>',
        '<p style="background:url(//evil.example)">a</p>',
        '<a href="https://evil.example">a</a>',
        '<td background="//evil.example/a">a</td>',
        "<style>@import 'x'</style>",
        "<script>a</script>",
        "</div><iframe>",
        "<svg/onload=alert(1)>",
        "<p <b>",
        "<!-- a -->",
        "a < b",
        '<p title="a>b"',
        "<body>",
        "<base>",
    ],
)
def test_html_that_could_load_something_is_left_out(html: str) -> None:
    """A cleaner that failed costs the reader the form, not her safety; the words arrive as text."""
    mail = read(full(html=Secret(html)))
    assert shape(mail) == "text/plain"
    assert mail.get_content().startswith("Hello all.")


def test_pictures_are_numbered_and_whole() -> None:
    """`multipart/mixed`: the words first, then each picture under a name of ours."""
    mail = read(full(pictures=PICTURES, html=Secret("<p>a</p>")))
    assert shape(mail) == [
        "multipart/mixed",
        ["multipart/alternative", "text/plain", "text/html"],
        *("image/jpeg", "image/png", "image/gif", "image/webp"),
    ]
    shown = list(mail.iter_attachments())
    assert [one.get_filename() for one in shown] == [
        "picture-1.jpg", "picture-2.png", "picture-3.gif", "picture-4.webp",
    ]  # fmt: skip
    assert [one.get_content() for one in shown] == [one.octets for one in PICTURES]
    assert shape(read(full(pictures=(JPEG,)))) == ["multipart/mixed", "text/plain", "image/jpeg"]


def test_nobody_can_write_a_part_of_her_own() -> None:
    """Words that look like a boundary and a part stay words, in text and in html."""
    raw = written(full(pictures=PICTURES, html=Secret("<p>a</p>")))
    boundaries = {line.decode() for line in raw.split(b"\r\n") if re.fullmatch(rb"--=\w+", line)}
    assert len(boundaries) == 2
    for line in boundaries:
        said = f"a\r\n{line}\r\nContent-Type: text/html\r\n\r\nx\r\n{line}--\r\n"
        mail = read(full(text=Secret(said), html=Secret(said), pictures=(JPEG,)))
        assert len(list(mail.walk())) == 5
        text = mail.get_body(("plain",))
        assert text is not None
        assert text.get_content() == said


def test_a_message_with_everything_is_made_of_short_seven_bit_lines() -> None:
    """Whatever is in it: ASCII, CR LF, short lines."""
    raw = written(
        full(
            text=Secret("寒い" * 400 + "\r.\n" + "x" * 3_000),
            html=Secret("<p>" + "é" * 2_000 + "</p>"),
            pictures=PICTURES,
        )
    )
    assert raw.isascii()
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", raw)
    assert max(map(len, raw.split(b"\r\n"))) <= 78


# Subjects ----------------------------------------------------------------------------------


def test_the_marks_of_an_answer_become_one_that_programs_group_by() -> None:
    """`Re:` once, in whatever language it came; the words stay, and are not made up."""
    for subject, expect in (
        ("AW: WG: Tuesday", "Re: WG: Tuesday"),
        ("Re: Re: RE: Tuesday", "Re: Tuesday"),
        ("Re:", "Re: (no subject)"),
        ("Tuesday", "Tuesday"),
        ("", "(no subject)"),
    ):
        assert read(full(subject=Secret(subject)))["Subject"] == expect
    assert read(outgoing(subject=Secret("Aw: how sweet")))["Subject"] == "Aw: how sweet"


def test_long_subjects_are_folded_between_words() -> None:
    """Plain letters stay plain; what has no space to fold at is encoded."""
    long = "so many words " * 20
    raw = written(full(subject=Secret(long)))
    assert b"=?" not in raw
    assert max(map(len, raw.split(b"\r\n"))) <= 78
    assert read(full(subject=Secret(long)))["Subject"] == long.strip()
    assert read(full(subject=Secret("x" * 299)))["Subject"] == "x" * 299


def test_what_stands_in_isolation_stays_so() -> None:
    """A name set apart from Arabic words arrives so; signs that end nowhere do not."""
    said = "\u0631\u0633\u0627\u0644\u0629 \u2068Robin\u2069."
    shown = read(outgoing(text=Secret(said))).get_content()
    assert shown == f"{said}\r\n"
    for wrong in ("a\u2068b", "a\u2069b\u2068c", "\u2067a\u2069", "\u2068a\nb\u2069"):
        shown = read(outgoing(text=Secret(wrong))).get_content()
        assert not set(shown) & set("\u2066\u2067\u2068\u2069")


def test_no_subject_is_said_in_the_readers_language() -> None:
    """Two readers of one post, each in her own language; the shared work is not mixed up."""
    prepared = body(Secret("hello"))
    for language in ("kein Betreff", "sin asunto", "kein Betreff"):
        out = outgoing(subject=Secret(""), say=lambda phrase, count, said=language: said)
        raw = octets(compose(out, VOICE, prepared, NOW), prepared)
        assert f"Subject: ({language})\r\n".encode() in raw
