"""Raw octets to a small value: the traps of real messages, and no octets that raise."""

from __future__ import annotations

import base64
import re
from email.message import EmailMessage
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.contract import Trait
from channels.mail.charsets import decode
from channels.mail.headers import addresses, mailbox, moment, safe_header
from channels.mail.markup import html_to_text
from channels.mail.parse import Limit, Parsed, Unreadable, parse, read
from channels.mail.plain import clean, unflow
from channels.mail.quotes import cut
from channels.secret import Secret
from tests.channels.mail.mailside import ALIAS, DOMAIN, MARA, mail


def text(raw: bytes) -> str:
    """The text that is passed on."""
    return read(raw, ours=DOMAIN).text.reveal()


def crlf(lines: str) -> bytes:
    """A message written with line feeds."""
    return lines.replace("\n", "\r\n").encode()


# The whole value ---------------------------------------------------------------------------


def test_a_plain_message_is_read() -> None:
    """Sender, addresses, date, subject, text and nothing else come out."""
    got = read(mail(Cc="Bo <bo@harbor.example>"))
    assert got.sender is not None
    assert got.sender.reveal() == MARA
    assert got.to == {Secret(ALIAS), Secret("bo@harbor.example")}
    assert got.subject.reveal() == "Tuesday"
    assert got.text.reveal() == "Hello all."
    assert got.traits == frozenset()
    assert got.date is not None
    assert got.date.utcoffset() is not None


def test_nothing_of_it_prints() -> None:
    """A parsed message shows neither words nor addresses nor ids."""
    shown = repr(read(mail()))
    for value in ("mara", "Tuesday", "Hello", "k3v9q2", "willow"):
        assert value not in shown


@pytest.mark.parametrize(
    ("value", "expect"),
    [
        ("Mara <mara@willow.example>", MARA),
        ("mara@willow.example", MARA),
        ("Norton I, Emperor <norton@sf.example.com>", "norton@sf.example.com"),
        ('"eve@evil.example" <mara@willow.example>', MARA),
        ("(eve@evil.example) mara@willow.example", MARA),
        ("=?utf-8?q?eve=40evil.example?= <mara@willow.example>", MARA),
        ("mara@willow.example <Mara@Willow.Example>", "Mara@willow.example"),
        ('"a\\" <eve@evil.example> \\"" <mara@willow.example>', MARA),
        ("eve@evil.example <mara@willow.example>", None),
        ("mara@willow.example, eve@evil.example", None),
        ('"unclosed eve@evil.example <mara@willow.example>', None),
        ("<@evil.example,@b.example:mara@willow.example>", None),
        ("The Service <The Service>", None),
        ("root@", None),
        ("", None),
        ("Ärger <ärger@willow.example>", None),
        ("mara@willow.example\x00", None),
        ("alice@example.org)bob@example.com", None),
        ("x" * 3_000 + "<mara@willow.example>", None),
    ],
)
def test_who_a_from_header_names(value: str, expect: str | None) -> None:
    """One mailbox, or in any doubt nobody (CVE-2023-27043 and its like)."""
    found = mailbox(value)
    assert (found.reveal() if found else None) == expect


def test_two_from_headers_name_nobody() -> None:
    """A second From means no sender, wherever it stands."""
    assert read(b"From: eve@evil.example\r\n" + mail()).sender is None


@pytest.mark.parametrize(
    ("head", "is_automatic"),
    [
        ({"Auto_Submitted": "auto-replied (vacation)"}, True),
        ({"Auto_Submitted": "no"}, False),
        ({"Auto_Submitted": "No; owner-email=x"}, False),
        ({"Precedence": "Bulk"}, True),
        ({"Precedence": "first-class"}, False),
        ({"List_Id": "<x.example>"}, True),
        ({"X_Autoreply": "yes"}, True),
        ({"X_Auto_Response_Suppress": "All"}, False),
        ({"Content_Type": 'multipart/report; boundary="b"'}, True),
    ],
)
def test_machines_are_noticed(head: dict[str, str], is_automatic: bool) -> None:
    """RFC 3834's signs and old customs count; what people's programs also set does not."""
    assert (Trait.AUTOMATIC in read(mail(**head)).traits) is is_automatic


def test_a_null_sender_is_a_machine() -> None:
    """The envelope sender `<>` is a bounce's or an auto-reply's."""
    got = parse(mail(), null_sender=True)
    assert isinstance(got, Parsed)
    assert got.traits == {Trait.AUTOMATIC}


# Traps of real mail ------------------------------------------------------------------------

MULTIPART = """\
From: mara@willow.example
Content-Type: multipart/mixed; boundary="b"

preamble
--b
{parts}
--b--
epilogue
"""

TRAPS = {
    "message id in brackets": (crlf("Message-ID: <[id]>\nFrom: root@\n\nwords\n"), "words"),
    "two MIME-Versions": (crlf("MIME-Version: 1.0\nMIME-Version: 1.0\n\nwords\n"), "words"),
    "boundary is not the declared one": (
        crlf(
            "Content-Type: multipart/mixed; boundary=aaa\n\n--bbb\n"
            "Content-Type: text/plain\n\nwords\n--bbb--\n"
        ),
        "words",
    ),
    "boundary quote never closed": (
        crlf('Content-Type: multipart/mixed; boundary="b\n\n--b\n\nwords\n--b--\n'),
        "words",
    ),
    "multipart without boundary": (crlf("Content-Type: multipart/mixed\n\nwords\n"), "words"),
    "never closed multipart": (
        crlf("Content-Type: multipart/mixed; boundary=b\n\n--b\n\nwords\n"),
        "words",
    ),
    "odd base64": (
        crlf("Content-Transfer-Encoding: BASE64 \n\nd29y\n ZH*M\n=\n"),
        "words",
    ),
    "windows-1250": (
        b"Content-Type: text/plain; charset=windows-1250\r\n\r\n\xb9\xe6\xea\r\n",
        "ąćę",
    ),
    "undeclared utf-8": ("\r\nżółw\r\n".encode(), "żółw"),
    "undeclared latin": (b"\r\ncaf\xe9 \x80\r\n", "café €"),
    "utf-8 with a latin letter": (
        b"Content-Type: text/plain; charset=utf-8\r\n\r\n\xc5\xbc caf\xe9\r\n",
        "ż café",
    ),
    "declared latin, is utf-8": (
        "Content-Type: text/plain; charset=iso-8859-1\r\n\r\nżółw\r\n".encode(),
        "żółw",
    ),
    "unknown charset": (
        b"Content-Type: text/plain; charset=x-klingon\r\n\r\ncaf\xe9\r\n",
        "café",
    ),
    "charset that is a codec of another kind": (
        b"Content-Type: text/plain; charset=rot13\r\n\r\nwords\r\n",
        "words",
    ),
    "charset with NUL": (b"Content-Type: text/plain; charset=\x00\r\n\r\nwords\r\n", "words"),
    "gb2312 means gb18030": (
        b"Content-Type: text/plain; charset=gb2312\r\n\r\n" + "镕你".encode("gb18030") + b"\r\n",
        "镕你",
    ),
    "iso-2022-jp": (
        b"Content-Type: text/plain; charset=ISO-2022-JP\r\n\r\n" + "日本".encode("iso2022-jp"),
        "日本",
    ),
    "malformed content type": (crlf("Content-Type: png\n\nwords\n"), "words"),
    "controls, overrides and NUL": (
        "\r\nwo\x00rd\u202es\u2066!\x07\ttab\u200d\r\n".encode(),
        "words!\ttab\u200d",
    ),
    "flowed": (
        crlf("Content-Type: text/plain; format=flowed\n\none \ntwo\n\n from\n> q \n> r\nend\n"),
        "one two\n\nfrom\n> q r\nend",
    ),
    "flowed with DelSp": (
        crlf("Content-Type: text/plain; format=flowed; delsp=yes\n\n日本 \n語\n"),
        "日本語",
    ),
    "several inline texts": (
        crlf(
            MULTIPART.format(
                parts="\none\n--b\nContent-Type: image/png\n\nxx\n--b\nContent-Type: text/plain\n"
                "Content-Disposition: inline\n\ntwo"
            )
        ),
        "one\n\ntwo",
    ),
    "attached text is a file": (
        crlf(MULTIPART.format(parts="\none\n--b\nContent-Disposition: attachment\n\nsecret")),
        "one",
    ),
    "calendar, card and embedded message stay out": (
        crlf(
            MULTIPART.format(
                parts="\none\n--b\nContent-Type: text/calendar\n\nORGANIZER:x\n--b\n"
                "Content-Type: text/vcard\n\nTEL:1\n--b\nContent-Type: message/rfc822\n\n"
                "From: eve@evil.example\n\ninner"
            )
        ),
        "one",
    ),
    "alternative prefers plain": (
        crlf(
            "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\n"
            "plain\n--b\nContent-Type: text/html\n\n<p>html</p>\n--b--\n"
        ),
        "plain",
    ),
    "alternative with an empty plain part": (
        crlf(
            "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\n"
            " \n--b\nContent-Type: text/html\n\n<p>html</p>\n--b--\n"
        ),
        "html",
    ),
    "quoted-printable in html": (
        crlf(
            "Content-Type: text/html; charset=utf-8\n"
            "Content-Transfer-Encoding: quoted-printable\n\n<p>caf=C3=A9 &amp; t=\nea</p>\n"
        ),
        "café & tea",
    ),
    "signed with PGP": (
        crlf(
            "Content-Type: multipart/signed; boundary=b\n\n--b\n\nwords\n--b\n"
            "Content-Type: application/pgp-signature\n\nxx\n--b--\n"
        ),
        "words",
    ),
    "header after a broken header line": (crlf("Subject : x\nTo: y\n\nwords\n"), None),
}


@pytest.mark.parametrize("name", TRAPS)
def test_traps_of_real_mail(name: str) -> None:
    """Each message gives the words a reader would have seen, never an exception."""
    raw, expect = TRAPS[name]
    got = text(raw)
    assert expect is None or got == expect


@pytest.mark.parametrize(
    "name", ["calendar, card and embedded message stay out", "several inline texts"]
)
def test_files_are_noted(name: str) -> None:
    """What is left out is noted, so that the sender can be told."""
    got = read(TRAPS[name][0])
    assert Trait.FILES_LEFT_OUT in got.traits
    assert got.files == ()


def test_an_attached_text_is_kept_as_a_file() -> None:
    """What a group may want is kept aside; it is neither read as her words nor noted as lost."""
    got = read(TRAPS["attached text is a file"][0])
    assert [file.octets for file in got.files] == [b"secret"]
    assert got.traits == frozenset()


@pytest.mark.parametrize("name", ["signed with PGP", "alternative prefers plain", "flowed"])
def test_machinery_is_no_file(name: str) -> None:
    """Signatures and the other form of the same text are not somebody's files."""
    assert Trait.FILES_LEFT_OUT not in read(TRAPS[name][0]).traits


# Subjects ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expect"),
    [
        ("=?utf-8?q?caf=C3=A9?= =?utf-8?q?_tea?=", "café tea"),
        ("=?utf-8?q?hi=0ABcc:=20x@y?=", "hi Bcc: x@y"),
        ("=?utf-8?q?=3D=3Futf-8=3Fq=3Fa=3D0AX=3A_y=3F=3D?=", "a X: y"),
        ("=?utf-8?b?4oCuZXZpbA==?=", "evil"),
        ("=?nonsense?q?caf=E9?=", "café"),
        ("=?utf-8?b?!!!?=", ""),
        ("a\u2028b\u200bc\x00d\r\n e", "a b c d e"),
        ("=?iso-2022-jp?b?GyRCRnxLXBsoQg==?=", "日本"),
        ("x =?= y =?", "x = ?= y = ?"),
    ],
)
def test_a_subject_is_one_clean_line(value: str, expect: str) -> None:
    """Encoded line ends, nested encodings, overrides and separators cannot get through."""
    assert safe_header(value) == expect


@given(st.text(max_size=300) | st.text("=?utf-8bq_ABC0D\r\n\u2028", max_size=200))
def test_a_safe_header_is_safe_and_stays_so(value: str) -> None:
    """Whatever comes in: one line, no controls, nothing left to decode; doing it twice is once."""
    once = safe_header(value)
    assert "=?" not in once
    assert not set(once) & set("\r\n\x00\u2028\u2029\u202e\u200b")
    assert safe_header(once) == once


# Quotes, signatures, attributions ----------------------------------------------------------

ON = "On Tue, Nov 3, 2026 at 10:00 AM Robin <m.ab1@relay.example> wrote:"
KEPT = {
    "threat quoted by hand": "On 3 May he wrote:\nI will find you",
    "hour and colon": "At 10:30 he said:\n> I'll find you\nand I ran",
    "short interleaved quotes": "> how?\nbadly\n> when?\nyesterday",
    "dashes": "one\n--\ntwo\n---\nthree",
    "a list of fields": "To do: rest\nFrom: Monday\nThen: work",
}
CUT = {
    "gmail": (f"Hi all\n\n{ON}\n> old\n> x\n", "Hi all"),
    "gmail, wrapped": ("Hi\n\n" + ON.replace("Robin ", "Robin\n") + "\n\n> old\n", "Hi"),
    "answer below": (f"{ON}\n> how?\n\nbadly", "> how?\n\nbadly"),
    "german": ("Ja\n\nAm Di., 3. Nov. 2026 um 10:00 schrieb Robin <m@relay.example>:\n> x", "Ja"),
    "french, no address": ("Oui\n\nLe mar. 3 nov. 2026 à 10:00, Robin a écrit :\n> x", "Oui"),
    "chinese": ("好\n\nRobin <m@relay.example> 于2026年11月3日周二 10:00写道：\n> x", "好"),
    "arabic": ("نعم\n\nفي الثلاثاء، 3 نوفمبر 2026 10:00 <m@relay.example> كتب:\n> x", "نعم"),
    "no marks": (f"Hi\n\n{ON}\n\nold unmarked words", "Hi"),
    "outlook divider": ("Hi\n-----Original Message-----\nFrom: x\nold", "Hi"),
    "outlook block": (
        "Hi\n\n________________________________\nFrom: Robin\nSent: Tuesday\nTo: Jane Doe\n"
        "Subject: x\n\nold",
        "Hi",
    ),
    "outlook block, german": (
        "Hi\n\nVon: Robin <a@relay.example>\nGesendet: Di\nAn: Jane\nBetreff: x\n\nold",
        "Hi",
    ),
    "signature": ("Hi\n-- \nJane Doe\n555 0100", "Hi"),
    "signature and history": (f"Hi\n-- \nJane\n\n{ON}\n> old", "Hi"),
    "bare quote at the end": ("Hi\n\n> old\n>\n> more\n", "Hi"),
}


@pytest.mark.parametrize("name", KEPT)
def test_what_she_wrote_stays(name: str) -> None:
    """In doubt nothing is cut."""
    assert cut(KEPT[name], DOMAIN) == KEPT[name]


@pytest.mark.parametrize("name", CUT)
def test_what_her_program_added_goes(name: str) -> None:
    """Signature, history and attribution go: they hold her alias, her name, her time zone."""
    written, expect = CUT[name]
    assert cut(written, DOMAIN) == expect


@given(st.lists(st.sampled_from(["> q", "", ON, "words", "-- ", "From: x", "To: y"]), max_size=12))
def test_an_attribution_never_stands_above_a_quote(lines: list[str]) -> None:
    """In whatever order: no line naming our domain is left directly above a quote."""
    left = [line for line in cut("\n".join(lines), DOMAIN).split("\n") if line.strip()]
    for above, below in pairwise(left):
        assert not (DOMAIN in above and below.startswith(">"))


# HTML --------------------------------------------------------------------------------------


def test_html_becomes_what_a_reader_saw() -> None:
    """Blocks are lines, quotes get `>`, links keep their address; hidden things give nothing."""
    got = html_to_text(
        "<head><title>t</title><style>x</style></head><div>Hello <b>you</b><div><br></div>"
        "two&nbsp; words<script>x</script><img alt=x><!--c--></div>"
        "<p>A <a href='https://x.example/a'>link</a>, <a href='https://x.example/'>x.example</a>,"
        " <a href='javascript:x'>js</a></p><span style='display: none'>no</span><p hidden>no</p>"
        "<ul><li>one<li>two</ul><table><tr><td>a<td>b<tr><td>c</table><blockquote>old<br>er"
        "</blockquote><pre> a\n  b</pre><div class=gmail_signature>Jane</div>"
    )
    assert got == (
        "Hello you\n\ntwo words\n\nA link <https://x.example/a>, x.example, js\n\n- one\n- two\n\n"
        "a b\nc\n\n> old\n> er\n\n a\n  b"
    )


BOMBS = {
    "deep": "<div>" * 200_000 + "words",
    "lists": "<ul><li>" * 100_000 + "words",
    "unmatched": "<div>" * 50_000 + "</p>" * 50_000 + "words",
    "formatting": "".join(f"<font x{i}>" for i in range(30_000)) + "<p>x" * 30_000 + "words",
    "attributes": "<p " + " ".join(f"a{i}=1" for i in range(50_000)) + ">words",
    "brackets": "<" * 500_000 + " words",
    "hidden attributes": "<p x='<p " + " ".join(f'a{i}="<p>"' for i in range(50_000)) + "'>words",
    "quoted attributes": "<p " + " ".join(f'a{i}=">"' for i in range(50_000)) + ">words",
    "unclosed values": "<p a='" * 100_000 + ">words",
    "quotes": "<blockquote>" * 3_000 + "words<br>" * 20_000,
    "open scripts": "words" + "<script>" * 50_000,
    "entities": "&lt" * 200_000 + "words",
}


@pytest.mark.timeout(30)
@pytest.mark.parametrize("name", BOMBS)
def test_html_bombs_go_off_harmlessly(name: str) -> None:
    """Sources that make the standard's tree building quadratic are read all the same, at once."""
    assert "words" in html_to_text(BOMBS[name])


# Limits and octets -------------------------------------------------------------------------


def _many_parts(count: int) -> bytes:
    return crlf(MULTIPART.format(parts="\nx\n--b" * count))


def _deep(levels: int) -> bytes:
    heads = "".join(
        f"Content-Type: multipart/mixed; boundary=b{i}\n\n--b{i}\n" for i in range(levels)
    )
    return crlf(heads + "\nwords\n")


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"X: " + b"x" * 200_000 + b"\r\n\r\nwords", Limit.HEAD_TOO_LARGE),
        (b"X: y\r\n" * 3_000 + b"\r\nwords", Limit.TOO_MANY_HEADERS),
        (_many_parts(600), Limit.TOO_MANY_PARTS),
        (_deep(40), Limit.TOO_DEEP),
    ],
    ids=str,
)
def test_limits_answer_with_a_reason(raw: bytes, why: Limit) -> None:
    """Over a limit there is a typed refusal, not an exception and not half a message."""
    assert parse(raw) == Unreadable(why)


def test_within_the_limits_it_is_read() -> None:
    """Just under them is a message."""
    assert text(_deep(29)) == "words"
    assert isinstance(parse(_many_parts(400)), Parsed)


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    "raw",
    [
        b"Content-Type: message/delivery-status\r\n\r\n" + b"\r\n" * 900_000,
        b"Content-Type: multipart/digest; boundary=b\r\n\r\n" + b"--b\r\n\r\n" * 400,
        b"Subject: " + b"=?a?q?" * 10_000 + b"\r\n\r\nx",
        b"From: " + b"(" * 60_000 + b"\r\nTo: " + b'"' * 60_000 + b"\r\n\r\nx",
        b"\r\n" + b" " * 1_900_000 + b"x",
        b"\r\n" + b"x" * 1_900_000,
        b"\r\n" + b"a: b\r\n" * 300_000,
        b"\r\n" + b"> " * 900_000,
        b"Content-Type: text/plain;" + b" a=b;" * 20_000 + b"\r\n\r\nx",
        b"Content-Type: multipart/mixed\r\n\r\n"
        + b"--x\r\nContent-Type: multipart/mixed\r\n\r\n" * 30_000,
    ],
    ids=[
        "reports",
        "digest",
        "words",
        "brackets",
        "blank",
        "line",
        "fields",
        "marks",
        "params",
        "broken",
    ],
)
def test_no_message_takes_long(raw: bytes) -> None:
    """Messages made to be slow to read are not: each takes minutes if something squares."""
    assert parse(raw, ours=DOMAIN)


@given(st.binary(max_size=2_000))
def test_any_octets_are_read_without_the_net(raw: bytes) -> None:
    """Arbitrary octets never raise, even inside."""
    assert isinstance(read(raw, ours=DOMAIN), Parsed)


WORDS = st.sampled_from(
    [
        *("text/plain", "text/html", "multipart/mixed", "multipart/alternative", "message/rfc822"),
        *("multipart/digest", "multipart/signed", "boundary", "charset", "utf-8", "utf-7", "idna"),
        *("format=flowed", "base64", "x-uuencode", "quoted-printable", "attachment", "--b", "=?"),
        *("Content-Type:", "Content-Transfer-Encoding:", "From:", "To:", "Subject:", "Date:"),
        *("\r\n", "\r\n\r\n", ";", "=", '"', "<", ">", "@", "(", "\x00", "é", "\ud800", " ", "\t"),
        *("boundary=b", 'charset="', "begin 644 x", "*0*=", "''", "%zz", "-- ", "wrote:", "<p>"),
    ]
)


@given(st.lists(WORDS, max_size=60))
def test_shuffled_pieces_of_mail_are_read_without_the_net(words: list[str]) -> None:
    """What looks almost like a message never raises either, and its text is clean."""
    raw = "".join(words).encode("utf-8", "surrogatepass")
    got = read(raw, ours=DOMAIN).text.reveal()
    assert got == clean(got)
    got.encode("utf-8")


LEAVES: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "text": st.text(max_size=60).map(lambda t: t.replace("\r", "").replace("\x00", "")),
        "subtype": st.sampled_from(["plain", "html"]),
        "charset": st.sampled_from(["utf-8", "utf-16", "utf-7", "iso-8859-1", "koi8-r"]),
        "cte": st.sampled_from(["base64", "quoted-printable"]),
    }
)


@given(st.recursive(LEAVES, lambda inner: st.lists(inner, min_size=1, max_size=4), max_leaves=12))
def test_generated_trees_are_read_without_the_net(tree: Any) -> None:
    """Well-formed trees of any shape never raise; a lone plain leaf's letters all arrive."""
    read(_built(tree).as_bytes(), ours=DOMAIN)


def _built(tree: Any) -> EmailMessage:
    message = EmailMessage()
    if isinstance(tree, list):
        message.make_mixed()
        for inner in tree:
            message.attach(_built(inner))
        return message
    octets = tree["text"].encode(tree["charset"], "replace")
    message.set_content(octets, "text", tree["subtype"], cte="base64")
    message.set_param("charset", tree["charset"])
    return message


@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Cf", "Zl", "Zp"]), max_size=200))
def test_letters_of_all_scripts_arrive(words: str) -> None:
    """Base64 in UTF-8, the common form for all scripts, loses nothing."""
    sent = f"a{words}b"
    raw = (
        b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + base64.encodebytes(sent.encode())
    )
    assert text(raw) == sent


@given(st.binary(max_size=200), st.text(max_size=20))
def test_decoding_never_raises(octets: bytes, label: str) -> None:
    """Any octets under any label give text that can be written down."""
    decode(octets, label).encode("utf-8")


@given(st.text(max_size=200), st.booleans())
def test_unflowing_never_raises(value: str, delsp: bool) -> None:
    """Any text is taken for flowed text."""
    unflow(clean(value), delsp=delsp)


@given(st.text(max_size=100))
def test_dates_never_raise(value: str) -> None:
    """Any text is taken for a date, or not."""
    for candidate in (value, f"Mon, 1 Jan {value}", f"1 Jan 2026 10:00 {value}"):
        found = moment(candidate)
        assert found is None or found.utcoffset() is not None


def test_addresses_are_found_in_linear_time() -> None:
    """A header of 120 kB without an `@` does not stop the relay for minutes."""
    for junk in ("a" * 120_000, "a@" * 60_000, "a." * 60_000, "@" * 120_000, "a@b" * 40_000):
        assert len(addresses(junk)) <= 60_000


@pytest.mark.parametrize(
    "value",
    ["Ivy <ivy@willow.example>", "a@b.example, c@d.example", "<x@y.example>;z@w.example", "q"],
)
def test_every_address_of_a_header_is_found(value: str) -> None:
    """The quick search finds what the plain one found."""
    plain = re.findall(r"[^\s<>,;:@()\[\]\"]+@[^\s<>,;:@()\[\]\"]+", value)
    assert {found.reveal() for found in addresses(value)} == set(plain)


def test_base64_with_a_letter_too_many_is_read() -> None:
    """A last letter that can stand for nothing does not make the rest unreadable."""
    head = b"From: a@b.example\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    assert read(head + b"SGVsbG8gV29ybGQhA\r\n").text.reveal() == "Hello World!"


def test_html_may_name_its_charset_itself() -> None:
    """Where the header names no charset, the one inside the html counts."""
    head = b"From: a@b.example\r\nContent-Type: text/html\r\n\r\n"
    page = '<meta charset="iso-8859-2"><p>Dzi\u0119kuj\u0119 \u017ce jeste\u015b</p>'
    made = read(head + page.encode("iso-8859-2"))
    assert made.text.reveal() == "Dzi\u0119kuj\u0119 \u017ce jeste\u015b"
