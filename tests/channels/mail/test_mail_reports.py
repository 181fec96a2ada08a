"""Bounces, complaints and requests to unsubscribe: what is read out of them, and what never is."""

from __future__ import annotations

import base64
import csv
import logging
import os
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from channels.contract import News, Report
from channels.mail.listen import LATER, TAKEN
from channels.mail.reports import Bounced, Complaint, Verdict, read_report
from channels.secret import Secret
from tests.channels.mail.edgeside import edge, post
from tests.channels.mail.mailside import DOMAIN, MARA, mail, signed

DEFAULT = Path(__file__).resolve().parents[4] / "shared" / "corpus"
CORPUS = Path(os.environ.get("RELAY_CORPUS", DEFAULT))
TOKEN = "abcdefghijklmnopqrstuvwxyz"
OTHER = "z" * 26
RETURN_PATH = f"bounce+{TOKEN}@{DOMAIN}"


def original(token: str = OTHER) -> str:
    """A copy of ours as providers return it, hostile words and other tokens of ours in its body."""
    return (
        f"Return-Path: <bounce+{token}@{DOMAIN}>\n"
        f"List-Unsubscribe: <https://relay.example/u/{token}>,\n <mailto:u+{token}@{DOMAIN}>\n"
        f"Message-ID: <{'m' * 26}@{DOMAIN}>\nSubject: Tuesday\n\n"
        f"550 5.1.1 User unknown\nList-Unsubscribe: <https://relay.example/u/{'b' * 26}>\n"
    )


def dsn(
    *recipients: str,
    text: str = "Sorry.",
    kind: str = "message/delivery-status",
    returned: str | None = None,
) -> bytes:
    """A report in the standard form; `recipients` are their groups of fields."""
    groups = "\n\n".join(("Reporting-MTA: dns; mx.willow.example", *recipients))
    return (
        (
            "From: MAILER-DAEMON@willow.example\nSubject: Undelivered\nMIME-Version: 1.0\n"
            'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
            f"--b\nContent-Type: text/plain; charset=utf-8\n\n{text}\n"
            f"--b\nContent-Type: {kind}\n\n{groups}\n"
            f"--b\nContent-Type: message/rfc822\n\n{returned or original()}\n--b--\n"
        )
        .replace("\n", "\r\n")
        .encode()
    )


def recipient(action: str = "failed", status: str = "5.1.1", why: str = "") -> str:
    """The fields of one recipient."""
    fields = [f"Final-Recipient: rfc822; {MARA}"]
    fields += [f"Action: {action}"] if action else []
    fields += [f"Status: {status}"] if status else []
    fields += [f"Diagnostic-Code: smtp; {why}"] if why else []
    return "\n".join(fields)


def plain(subject: str, text: str, **heads: str) -> bytes:
    """A report in words."""
    named = {"From": "Mail Delivery System <MAILER-DAEMON@willow.example>", **heads}
    return mail(text.replace("\n", "\r\n"), Subject=subject, **named)


def arf(kind: str = "abuse", *, returned: str | None = None, **fields: str) -> bytes:
    """A complaint in the form of RFC 5965."""
    lines = "".join(f"{name.replace('_', '-')}: {value}\n" for name, value in fields.items())
    return (
        (
            "From: feedback@willow.example\nSubject: FW: Tuesday\nMIME-Version: 1.0\n"
            'Content-Type: multipart/report; report-type=feedback-report; boundary="b"\n\n'
            "--b\nContent-Type: text/plain\n\nThis is an abuse report.\n"
            f"--b\nContent-Type: message/feedback-report\n\nFeedback-Type: {kind}\nVersion: 1\n"
            f"{lines}"
            "--b\nContent-Type: message/rfc822\n\n"
            f"{original() if returned is None else returned}"
            "\n--b--\n"
        )
        .replace("\n", "\r\n")
        .encode()
    )


STANDARD = {
    "no such user": (dsn(recipient()), "dead"),
    "no such domain": (dsn(recipient(status="5.1.2")), "dead"),
    "moved": (dsn(recipient(status="5.1.6")), "dead"),
    "null MX": (dsn(recipient(status="5.1.10")), "dead"),
    "disabled": (dsn(recipient(status="5.2.1")), "dead"),
    "full": (dsn(recipient(status="5.2.2")), "failed"),
    "too large": (dsn(recipient(status="5.2.3")), "unwanted"),
    "policy": (dsn(recipient(status="5.7.1")), "unwanted"),
    "DMARC": (dsn(recipient(status="5.7.26")), "unwanted"),
    "larger than the host takes": (dsn(recipient(status="5.3.4")), "unwanted"),
    "anything else permanent": (dsn(recipient(status="5.3.5")), "failed"),
    "expired": (dsn(recipient(status="4.4.7")), "failed"),
    "delayed": (dsn(recipient("delayed", "4.4.1")), "nothing"),
    "delayed, with a permanent status": (dsn(recipient("delayed", "5.1.1")), "nothing"),
    "delivered": (dsn(recipient("delivered", "2.0.0")), "nothing"),
    "relayed": (dsn(recipient("relayed", "2.1.9")), "nothing"),
    "expanded": (dsn(recipient("expanded", "2.1.5")), "nothing"),
    "action in capitals, commented": (dsn(recipient("FAILED (bad address)")), "dead"),
    "status commented": (dsn(recipient(status="5.1.1 (bad destination)")), "dead"),
    "no action": (dsn(recipient("")), "dead"),
    "no action, temporary": (dsn(recipient("", "4.2.2")), "nothing"),
    "no status": (dsn(recipient(status="", why="550 5.1.1 User unknown")), "dead"),
    "vague status, exact reason": (dsn(recipient(status="5.0.0", why="550 5.1.1 x")), "dead"),
    "vague status, reason in words": (
        dsn(recipient(status="5.0.0", why="550 No such user")),
        "dead",
    ),
    "vague status, policy": (dsn(recipient(status="5.0.0", why="550 5.7.1 blocked")), "unwanted"),
    "vague status, nothing": (dsn(recipient(status="5.0.0")), "failed"),
    "no such user, they say, but full": (
        dsn(recipient(status="5.1.1", why="552 mailbox full, over quota")),
        "failed",
    ),
    "no such user, they say, but spam": (
        dsn(recipient(status="5.1.1", why="550 rejected as spam")),
        "unwanted",
    ),
    "opensmtpd": (dsn(recipient("error", "5.0.0")), "failed"),
    "two, both gone": (dsn(recipient(), recipient(status="5.1.2")), "dead"),
    "two, one delivered": (dsn(recipient(), recipient("delivered", "2.0.0")), "failed"),
    "two, one full": (dsn(recipient(), recipient(status="5.2.2")), "failed"),
    "international": (dsn(recipient(), kind="message/global-delivery-status"), "dead"),
    "status in the returned copy": (dsn(recipient(status="5.3.0", why="x")), "failed"),
    "fields folded": (dsn("Final-Recipient: rfc822; x\nAction:\n failed\nStatus:\n 5.1.1"), "dead"),
}
WORDS = {
    "Gmail, plain": (
        plain(
            "Delivery Status Notification (Failure)",
            "** Address not found **\n\nYour message wasn't delivered to x@willow.example because"
            " the address couldn't be found, or is unable to receive mail.\n",
            X_Failed_Recipients=MARA,
        ),
        "dead",
    ),
    "Gmail, plain, older": (
        plain(
            "Delivery Status Notification (Failure)",
            "Delivery to the following recipient failed permanently:\n\n     x@willow.example\n\n"
            "Technical details of permanent failure:\nThe error that the other server returned was:"
            "\n550 550 5.1.1 <x@willow.example>: User unknown\n\n"
            "----- Original message -----\n\nx\n",
        ),
        "dead",
    ),
    "Gmail, full": (
        plain(
            "Delivery Status Notification (Failure)",
            "** Recipient inbox full **\n\nYour message couldn't be delivered to x@willow.example."
            " Their inbox is full, or it's getting too much mail right now.\n",
        ),
        "failed",
    ),
    "Gmail, blocked": (
        plain(
            "Delivery Status Notification (Failure)",
            "** Message blocked **\n\nYour message to x@willow.example has been blocked.\n",
        ),
        "failed",
    ),
    "Gmail, delayed": (
        plain(
            "Delivery Status Notification (Delay)",
            "** Delivery incomplete **\n\nThere was a temporary problem delivering your message to"
            " x@willow.example. Gmail will retry for 46 more hours.\n",
        ),
        "nothing",
    ),
    "Exchange, German": (
        plain(
            "Unzustellbar: Tuesday",
            "Fehler bei der Nachrichtenzustellung an folgende Empfänger oder Gruppen:\n\n"
            "x@willow.example\nDie eingegebene E-Mail-Adresse konnte nicht gefunden werden.\n",
        ),
        "dead",
    ),
    "Exchange, German, with a code": (
        plain(
            "Unzustellbar: Tuesday",
            "Ihre Nachricht hat einige oder alle Empfänger nicht erreicht.\n\nDie Nachricht wurde"
            " nicht zugestellt. <mx.willow.example #5.1.1 smtp;550 5.1.1>\n",
        ),
        "dead",
    ),
    "Exchange, German, full": (
        plain(
            "Unzustellbar: Tuesday",
            "Die Nachricht wurde nicht zugestellt: Das Postfach ist voll. #5.2.2\n",
        ),
        "failed",
    ),
    "qmail": (
        plain(
            "failure notice",
            "Hi. This is the qmail-send program at willow.example.\nI'm afraid I wasn't able to"
            " deliver your message to the following addresses.\nThis is a permanent error; I've"
            " given up. Sorry it didn't work out.\n\n<x@willow.example>:\nSorry, no mailbox here by"
            " that name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n\nx\n",
        ),
        "dead",
    ),
    "Exim": (
        plain(
            "Mail delivery failed: returning message to sender",
            "This message was created automatically by mail delivery software.\n\nA message that"
            " you sent could not be delivered to one or more of its recipients. This is a permanent"
            " error. The following address(es) failed:\n\n  x@willow.example\n    SMTP error from"
            " remote mail server after RCPT TO: 550 5.7.1 rejected by policy\n",
        ),
        "unwanted",
    ),
    "Exim, delayed": (
        plain(
            "Warning: message 1abc-000 delayed 24 hours",
            "A message that you sent has not yet been delivered to one or more of its recipients"
            " after more than 24 hours on the queue. No action is required on your part.\n",
        ),
        "nothing",
    ),
    "says nothing of why": (plain("Undeliverable: Tuesday", "Delivery has failed.\n"), "failed"),
    "the returned copy has the words": (
        plain(
            "Undeliverable: Tuesday",
            "Delivery has failed.\n\n--- Original message follows ---\n\n550 5.1.1 User unknown\n",
        ),
        "failed",
    ),
}
QMAIL = (
    "Hi. This is the qmail-send program at birch.example.\nI'm afraid I wasn't able to deliver your"
    " message to the following addresses.\n\n<x@willow.example>:\nSorry, no mailbox here by that"
    " name. (#5.1.1)\n"
)


def mixed(subject: str, text: str, *behind: str) -> bytes:
    """Words, the returned copy, and what stands behind it."""
    parts = [f"Content-Type: text/plain\n\n{text}", *behind]
    body = "".join(f"--b\n{part}\n" for part in parts) + "--b--\n"
    head = f'From: x@birch.example\nSubject: {subject}\nContent-Type: multipart/mixed; boundary="b"'
    return f"{head}\n\n{body}".replace("\n", "\r\n").encode()


WORDS["words behind the returned copy"] = (
    mixed(
        *("Undeliverable: Tuesday", "Delivery has failed."),
        *(
            "Content-Type: message/rfc822\n\nSubject: x\n\nx",
            f"Content-Type: text/plain\n\n{QMAIL}",
        ),
    ),
    "failed",
)
BOUNCES = STANDARD | WORDS
NO_REPORTS = {
    "a letter": mail(),
    "out of office": mail("Away.\r\n", Auto_Submitted="auto-replied", Subject="Out of office"),
    "read receipt": dsn("Disposition: x; displayed", kind="message/disposition-notification"),
    "a returned copy that looks like a bounce": mixed(
        "Tuesday",
        "I got this.",
        f"Content-Type: message/rfc822\n\nSubject: failure notice\n\n{QMAIL}",
    ),
    "empty": b"",
    "nonsense": b"\x00\xff" * 500,
    "too deep": "".join(
        f"Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n" for n in range(60)
    ).encode(),
    "too many parts": b"Content-Type: multipart/report; boundary=b\r\n\r\n"
    + b"--b\r\n\r\nx\r\n" * 900,
}


@pytest.mark.parametrize("name", BOUNCES)
async def test_a_bounce_says_what_it_says(name: str) -> None:
    """Through the real edge: gone, not delivered, or nothing; and about nobody but the token."""
    raw, verdict = BOUNCES[name]
    news = {"dead": News.DEAD, "failed": News.FAILED, "unwanted": News.UNWANTED}
    expect = [Report(news=news[verdict], token=Secret(TOKEN))] if verdict in news else []
    async with edge() as at:
        assert await post(at, raw, to=RETURN_PATH, sender="") == TAKEN
        assert at.heard == expect
        assert at.notes == [f"bounce_{verdict}"]
        assert at.taken == []


@pytest.mark.parametrize("name", NO_REPORTS)
async def test_what_is_no_report_is_swallowed(name: str) -> None:
    """Out-of-office answers and rubbish on the return path: taken, noted, and nobody is told."""
    async with edge() as at:
        assert await post(at, NO_REPORTS[name], to=RETURN_PATH) == TAKEN
        assert at.notes == ["not_a_bounce"]
        assert (at.heard, at.taken) == ([], [])


@pytest.mark.parametrize(
    "local", ["bounce+abc", "bounce+", "bounce+" + "a" * 60, "bounce+" + "0" * 26]
)
async def test_a_malformed_token_is_taken_and_means_nothing(local: str) -> None:
    """A real bounce to an address we never gave out."""
    async with edge() as at:
        assert await post(at, dsn(recipient()), to=f"{local}@{DOMAIN}", sender="") == TAKEN
        assert at.heard == []


@pytest.mark.parametrize("raw", [mail(), mail(""), mail(From="x"), b"", dsn(recipient())])
async def test_any_mail_to_the_unsubscribe_address_unsubscribes(raw: bytes) -> None:
    """Whoever sends it and whatever it says: the token is the right to ask."""
    async with edge() as at:
        assert (
            await post(at, raw, to=f"U+{TOKEN.upper()}@{DOMAIN}", sender="x@birch.example") == TAKEN
        )
        assert at.heard == [Report(news=News.UNSUBSCRIBE, token=Secret(TOKEN))]
        assert at.notes == ["unsubscribe"]


COMPLAINTS = {
    "abuse": arf(),
    "fraud": arf("fraud"),
    "other": arf("other"),
    "opt-out": arf("opt-out"),
    "unknown type": arf("something-new"),
    "no type": arf("").replace(b"Feedback-Type: \r\n", b""),
    "token in https only": arf(
        returned=f"List-Unsubscribe: <https://relay.example/u/{OTHER}>\n\nx\n"
    ),
    "token in mailto only": arf(returned=f"List-Unsubscribe: <mailto:u+{OTHER}@{DOMAIN}>\n\nx\n"),
    "token in the return path": arf(returned=f"Return-Path: <bounce+{OTHER}@{DOMAIN}>\n\nx\n"),
    "token in the report": arf(
        returned="Subject: x\n\nx\n", Original_Mail_From=f"<bounce+{OTHER}@{DOMAIN}>"
    ),
    "header folded": arf(
        returned=f"List-Unsubscribe: <https://x.example/a>,\n\t<mailto:u+{OTHER}@{DOMAIN}>\n\nx\n"
    ),
    "capitals": arf(returned=f"LIST-UNSUBSCRIBE: <MAILTO:U+{OTHER.upper()}@{DOMAIN}>\n\nx\n"),
    "only the head returned": arf().replace(b"message/rfc822", b"text/rfc822-headers"),
    "returned in base64": arf(returned="@@").replace(
        b"message/rfc822\r\n\r\n@@",
        b"message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + base64.b64encode(original().encode()),
    ),
    "Hotmail's old form": (
        "From: staff@hotmail.com\nSubject: complaint about message from 192.0.2.1\n"
        "MIME-Version: 1.0\n"
        f'Content-Type: multipart/mixed; boundary="b"\n\n--b\nContent-Type: message/rfc822\n\n'
        f"{original()}\n--b--\n"
    ).encode(),
}


@pytest.mark.parametrize("name", COMPLAINTS)
async def test_a_complaint_names_the_reader_by_our_token(name: str) -> None:
    """To the mailbox for complaints: the token of the head of the returned copy, and no other."""
    raw = COMPLAINTS[name].replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    async with edge() as at:
        assert await post(at, raw, to=f"complaints@{DOMAIN}") == TAKEN
        assert at.heard == [Report(news=News.COMPLAINT, token=Secret(OTHER))]
        assert at.notes == ["complaint"]


async def test_a_complaint_to_the_return_path_counts_too() -> None:
    """Some providers send it there; without a token of its own it is that of the address."""
    async with edge() as at:
        await post(at, arf(returned="Subject: x\n\nx\n"), to=RETURN_PATH, sender="")
        assert at.heard == [Report(news=News.COMPLAINT, token=Secret(TOKEN))]


NO_COMPLAINTS = {
    "not spam": (arf("not-spam"), "not_a_complaint"),
    "authentication failed": (arf("auth-failure"), "not_a_complaint"),
    "virus": (arf("virus"), "not_a_complaint"),
    "a letter": (mail(), "not_a_complaint"),
    "a bounce": (dsn(recipient()), "not_a_complaint"),
    "no token left": (arf(returned="Subject: x\n\nx\n"), "report_of_nobody"),
    "a token only in the body": (
        arf(returned=f"Subject: x\n\nList-Unsubscribe: <mailto:u+{OTHER}@{DOMAIN}>\n"),
        "report_of_nobody",
    ),
    "a token in another header": (
        arf(returned=f"Subject: u+{OTHER}@{DOMAIN}\n\nx\n"),
        "report_of_nobody",
    ),
    "a token too long": (
        arf(returned=f"List-Unsubscribe: <mailto:u+{OTHER}a@{DOMAIN}>\n\nx\n"),
        "report_of_nobody",
    ),
}


@pytest.mark.parametrize("name", NO_COMPLAINTS)
async def test_what_is_no_complaint_about_us_does_nothing(name: str) -> None:
    """It is taken all the same, and noted."""
    raw, note = NO_COMPLAINTS[name]
    async with edge() as at:
        assert await post(at, raw, to=f"complaints@{DOMAIN}") == TAKEN
        assert at.heard == []
        assert at.notes == [note]


@pytest.mark.parametrize("to", [RETURN_PATH, f"u+{TOKEN}@{DOMAIN}", f"complaints@{DOMAIN}"])
async def test_news_that_cannot_be_kept_is_asked_for_again(to: str) -> None:
    """An exception where news are heard is 451: the sender comes again."""
    async with edge() as at:
        at.trouble = RuntimeError("no disk")
        raw = arf() if "complaints" in to else dsn(recipient())
        assert await post(at, raw, to=to, sender="") == LATER
        assert at.notes == []
        at.trouble = None
        assert await post(at, raw, to=to, sender="") == TAKEN


async def test_a_report_to_an_alias_is_only_a_robot() -> None:
    """Bounces count where our tokens are, nowhere else."""
    async with edge() as at:
        assert (await post(at, dsn(recipient()), sender="")).startswith("550")
        assert (await post(at, signed(arf()))).startswith("550")
        assert at.heard == []


def test_nothing_of_a_report_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Neither we nor the library we ask write down what we read."""
    caplog.set_level(logging.DEBUG)
    for raw, _ in BOUNCES.values():
        read_report(raw)
    read_report(b"From: x\r\nContent-Type: message/delivery-status\r\n\r\n\xff\xff: \xff\r\n")
    assert caplog.records == []


def test_a_large_report_is_read_in_front_only() -> None:
    """A returned original of any size costs a bounded amount; the verdict stands before it."""
    raw = dsn(recipient(), returned="Subject: x\n\n" + "x" * 8_000_000)
    tracemalloc.start()
    assert read_report(raw) == Bounced(Verdict.DEAD)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8_000_000


_LINES = some.sampled_from(
    [
        *(b"Content-Type: multipart/report; boundary=b", b"--b", b"--b--", b"", b" folded"),
        *(b"Content-Type: message/delivery-status", b"Content-Type: message/feedback-report"),
        *(b"Content-Type: message/rfc822", b"Content-Type: text/plain; charset=utf-7"),
        *(b"Action: failed", b"Action: delayed", b"Status: 5.1.1", b"Status: 5." + b"9" * 400),
        *(b"Feedback-Type: abuse", b"Subject: Undeliverable: x", b"Subject: =?utf-7?q?+AA?="),
        *(b"Content-Transfer-Encoding: base64", b"Diagnostic-Code: smtp; 550 User unknown"),
        *(
            b"List-Unsubscribe: <mailto:u+" + OTHER.encode() + b"@x>",
            b"Final-Recipient: rfc822;\xff",
        ),
        *(b"X-Failed-Recipients: x", b"From: MAILER-DAEMON", b"<" * 900, b"a@" * 400, b"\x00\xff"),
        *(b"This is the qmail-send program", b"<x@y>:", b"  could not be delivered  ", b":" * 500),
    ]
)


@settings(max_examples=150, deadline=None)
@given(some.lists(_LINES | some.binary(max_size=40), max_size=60))
def test_generated_reports_never_raise(lines: list[bytes]) -> None:
    """Whatever stands where, a value comes out; a token in it has the shape of ours."""
    got = read_report(b"\r\n".join(lines))
    assert got is None or isinstance(got, Bounced | Complaint)
    if isinstance(got, Complaint) and got.token is not None:
        assert got.token.reveal() == OTHER


@settings(max_examples=150, deadline=None)
@given(some.binary(max_size=2_000))
def test_any_octets_never_raise(raw: bytes) -> None:
    """No octets at all make the reader raise."""
    read_report(raw)


def _corpus(folder: str) -> list[Path]:
    manifest = CORPUS / "MANIFEST.tsv"
    if not manifest.is_file():
        pytest.skip(
            f"no corpus: set RELAY_CORPUS to a folder with MANIFEST.tsv (not {CORPUS.name})"
        )
    with manifest.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [
            CORPUS / row["file"]
            for row in rows
            if row["kind"] == "message" and row["file"].startswith(folder)
        ]


def test_real_bounces_are_recognised() -> None:
    """Of the bounces that a library of detectors is tested with, all but a few odd ones."""
    files = _corpus("flufl.bounce/")
    missed = {
        file.stem for file in files if not isinstance(read_report(file.read_bytes()), Bounced)
    }
    assert len(files) > 100
    letters = {"groupwise_03", "qmail_08"}  # a person's letter, and an auto-reply
    assert missed - letters <= {"dumbass_01"}  # a virus wall of the year 2000


def test_delays_among_real_bounces_are_nothing() -> None:
    """What will be tried again is no failure."""
    named = {file.stem: file for file in _corpus("flufl.bounce/")}
    for stem in ("dsn_05", "dsn_06", "dsn_07", "dsn_08", "dsn_17", "simple_03", "simple_21"):
        assert read_report(named[stem].read_bytes()) == Bounced(Verdict.NOTHING), stem


def test_every_message_of_the_corpus_is_survived() -> None:
    """Whatever is sent to a return path, nothing raises; letters are no bounces."""
    for file in _corpus(""):
        read_report(file.read_bytes())
