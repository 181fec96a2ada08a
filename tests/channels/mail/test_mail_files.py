"""What comes with a message: what is kept aside, what is never read, and whose answers it is."""

from __future__ import annotations

import base64
from email.message import EmailMessage
from email.mime.application import MIMEApplication
from email.mime.base import MIMEBase
from email.mime.image import MIMEImage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from typing import Any

import pytest

from channels.contract import Trait
from channels.mail.armour import without_armour
from channels.mail.parse import MOST_ANSWERS, Parsed, read
from channels.mail.tree import MOST_FILE_OCTETS, MOST_FILES
from tests.channels.mail.mailside import DOMAIN, mail

JPEG = b"\xff\xd8\xff\xe0" + b"Canary-pixels" * 3
PNG = b"\x89PNG\r\n\x1a\n" + b"Canary-pixels"


def parsed(message: Any) -> Parsed:
    """A message, read."""
    raw = message if isinstance(message, bytes) else message.as_bytes()
    return read(raw.replace(b"x-report/x-report", b"message/delivery-status"), ours=DOMAIN)


def mixed(*parts: Any, kind: str = "mixed") -> MIMEMultipart:
    """A multipart of that kind."""
    made = MIMEMultipart(kind, _subparts=parts)
    made["From"] = "mara@willow.example"
    return made


def part(kind: str, body: bytes | str, **heads: str) -> MIMEBase:
    """A leaf with its own headers, in base64."""
    made = MIMEBase(*kind.split("/"))
    octets = body if isinstance(body, bytes) else body.encode()
    made.set_payload(base64.encodebytes(octets).decode())
    made["Content-Transfer-Encoding"] = "base64"
    for name, value in heads.items():
        made[name.replace("_", "-")] = value
    return made


def octets(got: Parsed) -> list[bytes]:
    """What was kept aside."""
    return [file.octets for file in got.files]


def lost(got: Parsed) -> bool:
    """Whether the sender is told that something cannot go."""
    return Trait.FILES_LEFT_OUT in got.traits


# What is kept aside ------------------------------------------------------------------------

KEPT = {
    "attached": mixed(MIMEText("hi"), MIMEImage(JPEG, "jpeg")),
    "inline, Apple's way": mixed(
        MIMEText("hi"), part("image/jpeg", JPEG, Content_Disposition="inline; filename=Jane.jpg")
    ),
    "as octets": mixed(MIMEText("hi"), MIMEApplication(JPEG)),
    "under a wrong type": mixed(MIMEText("hi"), part("application/pdf", JPEG)),
    "as text": mixed(MIMEText("hi"), part("text/plain", JPEG)),
    "alone": part("image/png", JPEG),
    "shown in html": mixed(
        MIMEText("<p>hi <img src='cid:Jane%40x'></p>", "html"),
        part("image/jpeg", JPEG, Content_ID="<Jane@x>"),
        kind="related",
    ),
    "beside html that does not show it": mixed(
        MIMEText("<p>hi</p>", "html"), part("image/jpeg", JPEG, Content_ID="<a>"), kind="related"
    ),
    "deep in an alternative": mixed(
        MIMEText("hi"),
        mixed(
            MIMEText("<img src=cid:a>hi", "html"),
            part("image/jpeg", JPEG, Content_ID="<a>"),
            kind="related",
        ),
        kind="alternative",
    ),
}


@pytest.mark.parametrize("name", KEPT)
def test_pictures_are_kept_aside(name: str) -> None:
    """Wherever they hang and whatever they are called: octets, and nothing else of the part."""
    got = parsed(KEPT[name])
    assert octets(got) == [JPEG]
    assert got.text.reveal() in {"hi", ""}
    assert not lost(got)
    assert "Canary" not in repr(got)


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1", "utf-16"])
def test_a_text_file_is_kept_with_its_letters(charset: str) -> None:
    """Its declared charset goes no further, so its letters are made UTF-8 here."""
    head = "attachment; filename=Jane.txt"
    attached = part("text/plain", "schön".encode(charset), Content_Disposition=head)
    attached.replace_header("Content-Type", f"text/plain; charset={charset}; name=Jane.txt")
    got = parsed(mixed(MIMEText("hi"), attached))
    assert octets(got) == ["schön".encode()]
    assert got.text.reveal() == "hi"
    assert not lost(got)


SIGNED_HTML = (
    "<p>hi</p><div class=gmail_signature><img src='cid:logo'>Jane Doe</div>"
    "<div class=gmail_quote><blockquote type=cite><img src=cid:old>old</blockquote></div>"
)


def test_pictures_of_signatures_and_history_are_not_hers() -> None:
    """The sign of her firm and the picture she answers to are dropped without a word."""
    got = parsed(
        mixed(
            MIMEText(SIGNED_HTML, "html"),
            part("image/png", PNG, Content_ID="<logo>"),
            part("image/png", PNG, Content_ID="<old>"),
            part("image/jpeg", JPEG, Content_ID="<own>"),
            kind="related",
        )
    )
    assert octets(got) == [JPEG]
    assert got.text.reveal() == "hi"
    assert not lost(got)


def test_files_are_bounded() -> None:
    """So many, and so many octets together; the sender is told of the rest."""
    got = parsed(mixed(MIMEText("hi"), *(MIMEImage(JPEG, "jpeg") for _ in range(MOST_FILES + 1))))
    assert len(got.files) == MOST_FILES
    assert lost(got)
    half = JPEG + b"\0" * (MOST_FILE_OCTETS // 2)
    got = parsed(mixed(MIMEText("hi"), MIMEImage(half, "jpeg"), MIMEImage(half, "jpeg")))
    assert len(got.files) == 1
    assert lost(got)


# What never crosses ------------------------------------------------------------------------

CALENDAR = "BEGIN:VCALENDAR\nORGANIZER:mailto:canary@x.example\nUID:canary\nEND:VCALENDAR\n"
CARD = "BEGIN:VCARD\nFN:Canary\nEND:VCARD\n"
INNER = "From: canary@x.example\nSubject: canary\n\ncanary\n"
NEVER = {
    "calendar": part("text/calendar", CALENDAR),
    "calendar, attached": part("application/ics", CALENDAR, Content_Disposition="attachment"),
    "card": part("text/vcard", CARD),
    "card, old": part("text/x-vcard", CARD),
    "card as text": part("text/directory", CARD),
    "message": part("message/rfc822", INNER),
    "message, global": part("message/global", INNER),
    "report": part("x-report/x-report", "Final-Recipient: rfc822; canary@x.example\n"),
    "receipt": part("message/disposition-notification", "Reporting-UA: canary\n"),
    "heads": part("text/rfc822-headers", INNER),
    "enriched": part("text/enriched", "<bold>canary</bold>"),
    "rich": part("text/rtf", r"{\rtf1{\info{\author canary}}}"),
    "amp": part("text/x-amp-html", "<html amp4email>canary"),
    "html, attached": part("text/html", "canary", Content_Disposition="attachment"),
    "key": part("application/pgp-keys", "-----BEGIN PGP PUBLIC KEY BLOCK-----\ncanary"),
    "encrypted": part("application/pkcs7-mime", b"0\x82canary"),
    "tnef": part("application/ms-tnef", b"\x78\x9f\x3e\x22canary"),
    "tnef as octets": part("application/octet-stream", b"\x78\x9f\x3e\x22\0canary"),
    "pdf": part("application/pdf", b"%PDF-1.7 /Author (canary)"),
    "word": part("application/vnd.openxmlformats-officedocument", b"PK\3\4\0canary"),
    "svg": part("image/svg+xml", "<svg>canary</svg>"),
    "json": part("application/json", '{"name":"canary"}'),
    "sound": part("audio/mpeg", b"ID3\4\0canary"),
    "nonsense": part("x-canary/x-canary", "canary"),
}


@pytest.mark.parametrize("name", NEVER)
def test_what_can_never_cross_is_neither_read_nor_kept(name: str) -> None:
    """Beside the words or under them; the sender is told that something stayed."""
    for kind in ("mixed", "related"):
        got = parsed(mixed(MIMEText("hi"), NEVER[name], kind=kind))
        assert got.text.reveal() == "hi"
        assert got.files == ()
        assert lost(got)


@pytest.mark.parametrize("name", NEVER)
def test_a_message_that_is_only_that_is_empty(name: str) -> None:
    """Its words are none."""
    made = NEVER[name]
    got = parsed(b"From: mara@willow.example\r\n" + made.as_bytes().replace(b"\n", b"\r\n"))
    assert "canary" not in got.text.reveal().lower()
    assert got.html.reveal() == ""
    assert got.files == ()
    assert lost(got)


@pytest.mark.parametrize("name", ["amp", "enriched", "rich"])
def test_other_forms_of_the_same_words_are_not_missed(name: str) -> None:
    """As one of several forms they are machinery: nothing of hers stays behind."""
    got = parsed(mixed(MIMEText("hi"), NEVER[name], MIMEText("hi", "html"), kind="alternative"))
    assert got.text.reveal() == "hi"
    assert got.html.reveal() == "<p>hi</p>"
    assert not lost(got)


def test_an_invitation_among_the_forms_is_told() -> None:
    """Outlook sends an appointment as one more form: she means it to arrive."""
    got = parsed(mixed(MIMEText("hi"), part("text/calendar", CALENDAR), kind="alternative"))
    assert got.text.reveal() == "hi"
    assert lost(got)


@pytest.mark.parametrize("kind", ["application/pgp-signature", "application/pkcs7-signature"])
def test_signatures_are_machinery(kind: str) -> None:
    """They do not cross, and nobody is told."""
    got = parsed(mixed(MIMEText("hi"), part(kind, b"canary"), kind="signed"))
    assert got.text.reveal() == "hi"
    assert got.files == ()
    assert not lost(got)


def test_nothing_of_the_tree_crosses() -> None:
    """Boundary, preamble, epilogue, names, ids, descriptions, places and parameters stay here."""
    heads = {
        "Content_ID": "<canary@canary.example>",
        "Content_Description": "canary",
        "Content_Location": "file:///C:/Users/canary/a.jpg",
        "Content_Disposition": "attachment; filename=canary.jpg; creation-date=canary",
        "X_Canary": "canary",
        "Content_Language": "canary",
    }
    made = mixed(MIMEText("hi", "plain", "utf-8"), part("image/jpeg; name=canary", JPEG, **heads))
    made.set_boundary("canary-host.example")
    made.preamble = made.epilogue = "canary"
    made["Content-Language"] = "canary"
    got = parsed(made)
    assert octets(got) == [JPEG]
    values = (got.text, got.subject, got.html, got.message_id, *got.answers)
    assert all("canary" not in value.reveal() for value in values)


# Machines' blocks among the words ----------------------------------------------------------

KEY = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\ncanary\n-----END PGP PUBLIC KEY BLOCK-----"
SIGNATURE = "-----BEGIN PGP SIGNATURE-----\n\ncanary\n-----END PGP SIGNATURE-----"
UU = "begin 644 canary.jpg\n#86)C\n`\nend"
BLOCKS = {
    "key": (f"hi\n{KEY}\nbye", "hi\nbye", True),
    "key in a quote": ("hi\n> " + KEY.replace("\n", "\n> ") + "\nbye", "hi\nbye", True),
    "key that does not end": ("hi\n-----BEGIN PGP PUBLIC KEY BLOCK-----\n\ncanary", "hi", True),
    "signed text": (
        f"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nhi\n- -- one\n{SIGNATURE}\n",
        "hi\n-- one\n",
        False,
    ),
    "signature": (f"hi\n{SIGNATURE}", "hi", False),
    "certificate": (
        "hi\n-----BEGIN CERTIFICATE-----\ncanary\n-----END CERTIFICATE-----",
        "hi",
        True,
    ),
    "ssh key": (
        "hi\n-----BEGIN OPENSSH PRIVATE KEY-----\ncanary\n-----END OPENSSH PRIVATE KEY-----",
        "hi",
        True,
    ),
    "card": (f"hi\n{CARD}bye", "hi\nbye", True),
    "appointment": (f"hi\n{CALENDAR}bye", "hi\nbye", True),
    "uuencoded": (f"hi\n{UU}\nbye", "hi\nbye", True),
    "base64": ("hi\nbegin-base64 644 canary.jpg\nY2FuYXJ5\n====\nbye", "hi\nbye", True),
    "yenc": ("hi\n=ybegin line=128 name=canary\ncanary\n=yend size=5\nbye", "hi\nbye", True),
    "her own words": ("begin 500 miles from here\nBEGIN:\n-----BEGIN MY STORY-----\n", None, False),
}


@pytest.mark.parametrize("name", BLOCKS)
def test_blocks_for_machines_go_and_words_stay(name: str) -> None:
    """Each names its owner; what stands around it is hers."""
    written, expect, told = BLOCKS[name]
    assert without_armour(written) == (written if expect is None else expect, told)
    got = parsed(MIMEText(written))
    assert "canary" not in got.text.reveal()
    assert lost(got) is told


def test_marks_of_pictures_go() -> None:
    """Gmail, Outlook and Apple leave a picture's name or id in the plain text."""
    got = parsed(
        MIMEText("a [image: Canary.jpg] b [cid:canary@x] c <cid:canary>\n<Canary 1.HEIC>\nd <3\n")
    )
    assert "anary" not in got.text.reveal()
    assert got.text.reveal().split() == ["a", "b", "c", "d", "<3"]


def test_several_documents_of_html_give_none() -> None:
    """Which one would it be."""
    got = parsed(mixed(MIMEText("one", "html"), MIMEText("two", "html")))
    assert got.text.reveal() == "one\n\ntwo"
    assert got.html.reveal() == ""


# Answers -----------------------------------------------------------------------------------

TOKENS = [f"{letter * 25}{n}" for letter in "abcdefg" for n in "234567"]


def ids(*tokens: str, domain: str = DOMAIN) -> str:
    """A header's value."""
    return " ".join(f"<{token}@{domain}>" for token in tokens)


def answers(**heads: str) -> list[str]:
    """The tokens that are found."""
    return [token.reveal() for token in read(mail(**heads), ours=DOMAIN).answers]


def test_answers_are_told_by_our_ids() -> None:
    """References from the oldest on, then In-Reply-To, each once."""
    one, two, three = TOKENS[:3]
    assert answers(References=ids(one, two), In_Reply_To=ids(three)) == [one, two, three]
    assert answers(References=ids(one, two), In_Reply_To=ids(two)) == [one, two]
    assert answers(In_Reply_To=ids(one)) == [one]
    assert answers(References=ids(one) + "\r\n " + ids(two)) == [one, two]
    assert answers(References=ids(one.upper(), domain=DOMAIN.upper())) == [one]
    assert answers() == []


@pytest.mark.parametrize(
    "value",
    [
        ids(TOKENS[0], domain="evil.example"),
        ids(TOKENS[0], domain=f"x.{DOMAIN}"),
        ids(TOKENS[0], domain=f"{DOMAIN}.evil.example"),
        ids(TOKENS[0][1:]),
        ids(TOKENS[0] + "a"),
        ids(TOKENS[0][:-1] + "1"),
        ids(TOKENS[0][:-1] + "é"),
        f"{TOKENS[0]}@{DOMAIN}",
        f"<{TOKENS[0]} @{DOMAIN}>",
        "<" * 3_000,
        "<>",
    ],
)
def test_other_ids_are_no_answers(value: str) -> None:
    """Foreign, malformed, too short or too long: as if they were not there."""
    assert answers(References=value, In_Reply_To=value) == []


def test_without_a_domain_of_ours_there_are_no_answers() -> None:
    """An empty domain matches nothing."""
    assert read(mail(References=ids(TOKENS[0])), ours="").answers == ()


def test_of_many_answers_the_newest_count() -> None:
    """A thread may be long; what is answered stands at its end."""
    assert len(TOKENS) > MOST_ANSWERS
    assert answers(References=ids(*TOKENS)) == TOKENS[-MOST_ANSWERS:]


def test_a_message_of_all_kinds_at_once() -> None:
    """As Apple Mail writes it: words, picture, words, paper."""
    message = EmailMessage()
    message["From"] = "mara@willow.example"
    message.set_content("before")
    message.add_attachment(JPEG, "image", "jpeg", filename="Jane.jpg")
    message.add_attachment("after", disposition="inline")
    message.add_attachment(b"%PDF-1.7", "application", "pdf", filename="Jane.pdf")
    got = parsed(message)
    assert got.text.reveal() == "before\n\nafter"
    assert octets(got) == [JPEG]
    assert lost(got)
