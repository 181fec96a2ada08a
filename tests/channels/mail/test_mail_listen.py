"""The SMTP edge over real sockets: what it says, octet by octet, and what it hands in."""

from __future__ import annotations

import asyncio
import logging
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import NameOID

from channels.contract import Proof, Trait
from channels.mail.listen import (
    BARE_LINE_END,
    LATER,
    LATER_DNS,
    NOT_OURS,
    ONE_AT_A_TIME,
    REFUSED,
    TAKEN,
    TOO_BUSY,
    TOO_LARGE,
)
from tests.channels.mail.edgeside import WHERE, edge, post
from tests.channels.mail.mailside import (
    ALIAS,
    MARA,
    NOW,
    Client,
    client,
    key,
    mail,
    signed,
)

LOOPBACK = ip_address("127.0.0.1")


async def test_a_signed_post_is_handed_in_as_it_was_written() -> None:
    """An authentic mail reaches the engine once, with nothing but what the contract names."""
    async with edge() as at:
        raw = signed(mail("Hello all.\r\n.dots\r\n..more\r\n"))
        assert await post(at, raw, to=ALIAS.upper()) == TAKEN
        (got,) = at.taken
        assert (got.channel, got.proof, got.traits) == ("email", Proof.PROVEN, frozenset())
        assert got.sender.reveal() == MARA
        assert got.to.reveal() == ALIAS
        assert got.text.reveal() == "Hello all.\n.dots\n..more"
        assert got.subject.reveal() == "Tuesday"


async def test_a_repeat_carries_the_same_id() -> None:
    """The same mail again, or with what no signature covers changed, is told yes and is one."""
    async with edge() as at:
        raw = signed(mail(), heads=("from", "to", "subject", "date"))
        assert await post(at, raw) == TAKEN
        for again in (
            raw,
            b"Received: by other\r\n" + raw,
            raw.replace(b"<1@", b"<2@"),
            raw.replace(b"Hello all.\r\n", b"Hello  all. \r\n\r\n"),
        ):
            assert await post(at, again) == TAKEN
        assert len({one.provider_id for one in at.taken}) == 1
        assert all(one.proof is Proof.PROVEN for one in at.taken)


async def test_different_posts_carry_different_ids() -> None:
    """Other words, another subject, another moment or another signed id is another post."""
    later = {"Date": "Sat, 21 Nov 2026 00:00:00 +0000"}
    variants = [mail(), mail("Other.\r\n"), mail(Subject="Monday"), mail(Message_ID="<2@x>")]
    async with edge() as at:
        for raw in [*variants, mail(**later)]:  # type: ignore[arg-type]
            await post(at, signed(raw))
        assert len({one.provider_id for one in at.taken}) == len(variants) + 1


def _deep(levels: int) -> bytes:
    line = "Content-Type: multipart/mixed; boundary=b{0}\r\n\r\n--b{0}\r\n"
    return "".join(line.format(level) for level in range(levels)).encode()


REFUSALS = {
    "unknown alias": (lambda: signed(mail(To="nobody9@relay.example")), "nobody9@relay.example"),
    "not signed": (mail, ALIAS),
    "forged": (lambda: signed(mail()).replace(b"Hello", b"Hullo"), ALIAS),
    "no sender": (lambda: signed(mail(From="")), ALIAS),
    "two senders": (lambda: b"From: e@e.example\r\n" + signed(mail()), ALIAS),
    "too deep": (lambda: _deep(40), ALIAS),
    "nonsense": (lambda: b"\x00\xff" * 50, ALIAS),
    "empty": (lambda: b"", ALIAS),
    "odd local part": (mail, '"a b"@relay.example'),
    "bounce without a token": (mail, "bounce@relay.example"),
    "confirmation of nothing": (mail, "confirm+abc@relay.example"),
}


async def test_all_refusals_are_the_same_octets() -> None:
    """Stranger, forger, unknown alias and nonsense cannot be told apart by what is answered."""
    async with edge() as at:
        answers = {name: await post(at, make(), to) for name, (make, to) in REFUSALS.items()}
    assert set(answers.values()) == {REFUSED}, answers


async def test_an_address_to_confirm_something_is_a_post_like_any_other() -> None:
    """What stands behind `confirm+` is the engine's business: it gets the whole address."""
    async with edge() as at:
        to = "confirm+abcdefghijklmnopqrstuvwxyz@relay.example"
        await post(at, signed(mail(To=to)), to=to)
        assert [one.to.reveal() for one in at.taken] == [to]
        assert at.heard == []


@pytest.mark.parametrize("to", [ALIAS, "bounce+abcdefghijklmnopqrstuvwxyz@relay.example"])
async def test_a_message_that_takes_too_long_to_read_is_put_off(to: str) -> None:
    """Large ones are read within a time or not now; the next one finds its place free."""
    async with edge(parse_seconds=0.0) as at:
        large = signed(mail("word\r\n" * 20_000))
        for _ in range(3):
            assert await post(at, large, to=to) == LATER
        assert at.notes == ["parse_time"] * 3
        assert (at.taken, at.heard) == ([], [])
        assert await post(at, signed(mail())) == TAKEN


async def test_large_messages_are_read_one_after_the_other() -> None:
    """More of them than places at once: each gets its turn and its answer."""
    async with edge() as at:
        large = signed(mail("word\r\n" * 20_000))
        answers = await asyncio.gather(*(post(at, large) for _ in range(6)))
        assert set(answers) == {TAKEN}


async def test_mail_without_a_sender_still_reaches_the_engine() -> None:
    """The path is the same length: the engine refuses a sender that exists nowhere."""
    async with edge() as at:
        await post(at, mail(From="nobody"))
        assert [one.sender.reveal() for one in at.taken] == ["nobody@sender.invalid"]
        assert at.taken[0].proof is Proof.FORGED


async def test_a_null_sender_is_marked_automatic() -> None:
    """`MAIL FROM:<>` makes the trait."""
    async with edge() as at:
        await post(at, signed(mail()), sender="")
        assert at.taken[0].traits == {Trait.AUTOMATIC}


async def test_every_refusal_before_the_engine_is_noted() -> None:
    """What the engine never sees is told in a word of a closed list."""
    async with edge(zone={WHERE: "servfail"}) as at:
        await post(at, signed(mail()))
        await post(at, REFUSALS["too deep"][0]())
        await post(at, b"a\nb")
        assert at.notes == ["dns_trouble", "too_deep", "bare_line_end"]
        assert at.taken == []


async def test_trouble_with_dns_is_temporary() -> None:
    """A key that cannot be had now is 451, never a refusal and never taken."""
    async with edge(zone={WHERE: "servfail"}) as at:
        assert await post(at, signed(mail())) == LATER_DNS


async def test_trouble_of_ours_is_temporary_and_silent() -> None:
    """An exception in the engine is 451 with constant words, and the next mail is taken."""
    async with edge() as at:
        at.trouble = RuntimeError(f"disk full for {MARA}")
        assert await post(at, signed(mail())) == LATER
        at.trouble = None
        assert await post(at, signed(mail("Other.\r\n"))) == TAKEN


# Line ends and smuggling -------------------------------------------------------------------

ENDS = [
    *(b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r.\r\n", b"\r\n.\r", b"\r.\n", b"\n.\r"),
    *(b"\n\n.\n", b"\r\r\n.\r\r\n", b"\r\n\x00.\r\n", b"\r\n.\x00\r\n", b"\r\n. \r\n"),
]
SMUGGLED = b"MAIL FROM:<eve@evil.example>\r\nRCPT TO:<" + ALIAS.encode() + b">\r\nDATA\r\n" + mail()


@pytest.mark.parametrize("end", ENDS, ids=repr)
async def test_only_crlf_dot_crlf_ends_a_message(end: bytes) -> None:
    """Whatever looks like an end is none: one answer for all of it, and one message at most."""
    async with edge() as at, client(at.listener.port) as speaking:
        await speaking.envelope()
        answer = await speaking.say(mail() + b"words" + end + SMUGGLED + b"\r\n.")
        assert answer.decode().rstrip() in (BARE_LINE_END, REFUSED)
        if answer.decode().rstrip() == REFUSED:
            assert len(at.taken) == 1
            assert at.taken[0].text.reveal().startswith("Hello all.\nwords")
        else:
            assert at.taken == []
        assert (await speaking.say(b"QUIT")).startswith(b"221")  # no other answer came before


@pytest.mark.parametrize(
    "bare", [b"a\nb", b"a\rb", b"a\r\r\nb", b"\n", b"\r", b"x: y\n\nz"], ids=repr
)
async def test_bare_line_ends_are_refused(bare: bytes) -> None:
    """A lone CR or LF anywhere is 550 5.6.11."""
    async with edge() as at:
        assert await post(at, mail(bare.decode() + "\r\n")) == BARE_LINE_END
        assert at.taken == []


async def test_a_message_cut_into_single_octets_is_whole() -> None:
    """The end is found wherever the packets break, and what follows it is the next command."""
    async with edge() as at, client(at.listener.port) as speaking:
        await speaking.envelope()
        sent = signed(mail("..\r\n.x\r\n")).replace(b"\r\n.", b"\r\n..") + b".\r\nNOOP\r\n"
        for byte in sent:
            speaking.writer.write(bytes([byte]))
            await speaking.writer.drain()
            await asyncio.sleep(0)
        assert (await speaking.answer()).decode().rstrip() == TAKEN
        assert (await speaking.answer()).startswith(b"250")
        assert at.taken[0].text.reveal() == "..\n.x"


async def test_commands_pipelined_behind_a_message_keep_their_order() -> None:
    """Two whole transactions in one packet get their answers in order."""
    async with edge() as at, client(at.listener.port) as speaking:
        await speaking.say(b"EHLO c.example")
        one = b"MAIL FROM:<m@w.example>\r\nRCPT TO:<" + ALIAS.encode() + b">\r\nDATA\r\n"
        two = signed(mail("one\r\n")) + b".\r\n" + one + signed(mail("two\r\n")) + b".\r\nQUIT\r\n"
        speaking.writer.write(one)
        for expect in (b"250", b"250", b"354"):
            assert (await speaking.answer()).startswith(expect)
        speaking.writer.write(two)
        for expect in (b"250", b"250", b"250", b"354", b"250", b"221"):
            assert (await speaking.answer()).startswith(expect)
        assert [message.text.reveal() for message in at.taken] == ["one", "two"]


async def test_long_lines_are_no_reason_to_refuse() -> None:
    """Lines over the 998 octets of the standard are taken: real programs write them."""
    async with edge() as at:
        assert await post(at, signed(mail("x" * 200_000 + "\r\n"))) == TAKEN
        assert len(at.taken[0].text) == 200_000


async def test_too_large_is_said_and_survived() -> None:
    """Over the limit is 552, announced or not; the session goes on; just under it is read."""
    async with edge(max_bytes=20_000) as at, client(at.listener.port) as speaking:
        await speaking.say(b"EHLO c.example")
        assert (await speaking.say(b"MAIL FROM:<m@w.example> SIZE=20001")).startswith(b"552")
        await speaking.envelope()
        assert (await speaking.message(b"x\r\n" * 20_000)).decode().rstrip() == TOO_LARGE
        await speaking.envelope()
        raw = signed(mail())
        raw += b"x" * (20_000 - len(raw))
        assert (await speaking.message(raw + b"\r\n")).decode().rstrip() == TOO_LARGE
        await speaking.envelope()
        assert (await speaking.message(raw[:19_990] + b"\r\n")).decode().rstrip() == REFUSED


# The dialogue ------------------------------------------------------------------------------


async def test_a_whole_dialogue_octet_by_octet() -> None:
    """What the edge says, and that it names no software and offers no login."""
    async with edge(max_bytes=1_000) as at:
        reader, writer = await asyncio.open_connection("127.0.0.1", at.listener.port)
        speaking = Client(reader, writer)
        assert await speaking.answer() == b"220 mx.relay.example ESMTP\r\n"
        assert await speaking.say(b"EHLO c.example") == (
            b"250-mx.relay.example\r\n250-SIZE 1000\r\n250-8BITMIME\r\n250 HELP\r\n"
        )
        for line, answer in (
            (b"MAIL FROM:<a@b.example>", b"250 OK\r\n"),
            (b"RCPT TO:<x@elsewhere.example>", NOT_OURS.encode() + b"\r\n"),
            (b"RCPT TO:<postmaster>", NOT_OURS.encode() + b"\r\n"),
            (b"RCPT TO:<anything@RELAY.EXAMPLE>", b"250 2.1.5 OK\r\n"),
            (b"RCPT TO:<other@relay.example>", ONE_AT_A_TIME.encode() + b"\r\n"),
            (b"RCPT TO:<x@elsewhere.example>", NOT_OURS.encode() + b"\r\n"),
            (b"VRFY k3v9q2", b"252 2.5.0 Send some mail and see\r\n"),
            (b"VRFY", b"252 2.5.0 Send some mail and see\r\n"),
            (b"EXPN all", b"502 5.5.1 Not implemented\r\n"),
            (b"HELP", b"214 2.0.0 See RFC 5321\r\n"),
            (b"HELP VRFY", b"214 2.0.0 See RFC 5321\r\n"),
            (b"AUTH PLAIN AGEAYg==", b"502 5.5.1 Not implemented\r\n"),
            (b"STARTTLS", b"454 TLS not available\r\n"),
            (b"RSET", b"250 OK\r\n"),
            (b"DATA", b"503 5.5.1 Need RCPT\r\n"),
            (b"QUIT", b"221 Bye\r\n"),
        ):
            assert await speaking.say(line) == answer
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()


async def test_ehlo_again_and_again_is_ended() -> None:
    """Repeated EHLO is cut off, and one client's does not widen another's command length."""
    async with edge() as at, client(at.listener.port) as speaking:
        answers = [await speaking.say(b"EHLO c.example") for _ in range(6)]
        assert [answer[:3] for answer in answers] == [b"250"] * 5 + [b"421"]
        async with client(at.listener.port) as other:
            await other.say(b"EHLO d.example")
            long = b"MAIL FROM:<" + b"a" * 560 + b"@b.example>"
            assert (await other.say(long)).startswith(b"500")


async def test_more_connections_than_allowed_are_turned_away() -> None:
    """The third of two gets 421; when one leaves, there is room again."""
    async with edge(max_sessions=2) as at:
        async with client(at.listener.port), client(at.listener.port):
            reader, writer = await asyncio.open_connection("127.0.0.1", at.listener.port)
            assert await reader.read() == TOO_BUSY
            writer.close()
            await writer.wait_closed()
        while True:
            async with client(at.listener.port) as speaking:
                if not speaking.reader.at_eof():
                    break
        assert await post(at, signed(mail())) == TAKEN


async def test_an_idle_client_is_hung_up_on() -> None:
    """Silence longer than allowed ends the session, in the dialogue and in a message."""
    async with edge(command_seconds=0.1, data_seconds=0.1) as at:
        async with client(at.listener.port) as speaking:
            assert await asyncio.wait_for(speaking.reader.read(), 20) == b""
        async with client(at.listener.port) as speaking:
            await speaking.envelope()
            speaking.writer.write(b"half a mess")
            assert await asyncio.wait_for(speaking.reader.read(), 20) == b""
        assert at.taken == []


async def test_hanging_up_does_not_undo_what_was_taken() -> None:
    """A client that leaves before the answer does not cancel the engine's work."""
    async with edge() as at:
        at.may_answer.clear()
        async with client(at.listener.port) as speaking:
            await speaking.envelope()
            speaking.writer.write(signed(mail()) + b".\r\n")
            await asyncio.wait_for(at.arrived.wait(), 20)
        async with client(at.listener.port) as other:  # by its answer the hang-up was seen
            await other.say(b"NOOP")
        at.may_answer.set()
        assert await post(at, signed(mail())) == TAKEN
        assert at.finished == 2
        assert len({one.provider_id for one in at.taken}) == 1


async def test_closing_lets_a_message_under_way_get_its_answer() -> None:
    """`close` waits for the engine, tells the client, and only then hangs up."""
    async with edge() as at, client(at.listener.port) as speaking:
        at.may_answer.clear()
        await speaking.envelope()
        speaking.writer.write(signed(mail()) + b".\r\n")
        await asyncio.wait_for(at.arrived.wait(), 20)
        closing = asyncio.create_task(at.listener.close())
        await asyncio.sleep(0)
        at.may_answer.set()
        assert (await speaking.answer()).decode().rstrip() == TAKEN
        await closing
        assert (await speaking.reader.read()).startswith(b"421")


GARBAGE = [
    b"\x00" * 1_000 + b"\r\n",
    b"\xff\xfe\r\n" * 30,
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)),
    b"EHLO \r\nMAIL FROM:\r\nMAIL FROM:<\r\nRCPT TO:<<>>\r\nDATA\r\n",
    b"EHLO x\r\nMAIL FROM:<a@b> SIZE=-1\r\nMAIL FROM:<a@b> X=\r\nMAIL FROM:<@>\r\n",
    b'EHLO x\r\nMAIL FROM:<(((((a>\r\nMAIL FROM:"\r\nMAIL FROM:<"a@b>\r\n',
    b"x" * 100_000 + b"\r\n",
    b"\n" * 100,
    b"BDAT 10 LAST\r\n0123456789",
]


@pytest.mark.parametrize("octets", GARBAGE, ids=range(len(GARBAGE)))
async def test_garbage_on_the_socket_is_survived(
    octets: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever is sent, nobody learns of our insides, and the next client is served."""
    caplog.set_level(logging.CRITICAL)
    async with edge() as at:
        reader, writer = await asyncio.open_connection("127.0.0.1", at.listener.port)
        writer.write(octets)
        writer.write_eof()
        said = await asyncio.wait_for(reader.read(), 20)
        writer.close()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)
        for word in (b"Error(", b"Traceback", b"ython", b"aiosmtpd"):
            assert word not in said
        assert await post(at, signed(mail())) == TAKEN


# STARTTLS ----------------------------------------------------------------------------------


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 signed by itself, and its key."""
    private = load_pem_private_key(key(), None)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mx.relay.example")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())  # type: ignore[arg-type]
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(NOW + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(LOOPBACK)]), critical=False)
        .sign(private, hashes.SHA256())  # type: ignore[arg-type]
    )
    cert, secret = folder / "cert.pem", folder / "key.pem"
    cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(key())
    return cert, secret


async def test_starttls_works_and_offers_no_login(tmp_path: Path) -> None:
    """After STARTTLS mail is taken and AUTH refused; what came before the handshake is gone."""
    cert, secret = certificate(tmp_path)
    trust = ssl.create_default_context(cafile=str(cert))
    trust.check_hostname = False
    async with edge(tls_cert=cert, tls_key=secret) as at, client(at.listener.port) as speaking:
        assert b"250-STARTTLS\r\n" in await speaking.say(b"EHLO c.example")
        speaking.writer.write(b"STARTTLS\r\nMAIL FROM:<eve@evil.example>\r\n")
        assert (await speaking.answer()).startswith(b"220")
        await speaking.writer.start_tls(trust)
        greeting = await speaking.say(b"EHLO c.example")
        assert b"AUTH" not in greeting
        assert b"STARTTLS" not in greeting
        assert (await speaking.say(b"AUTH PLAIN AGEAYg==")).startswith(b"502")
        await speaking.envelope()
        assert (await speaking.message(signed(mail()))).decode().rstrip() == TAKEN
        assert (await speaking.say(b"QUIT")).startswith(b"221")
