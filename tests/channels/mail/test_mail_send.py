"""Mail out, over real sockets, into a smarthost that fails at every step it can."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import dkim as dkimpy
import pytest

from channels.contract import Channel, Later, Never, Outcome, Outgoing, Sent, Trouble
from channels.mail.compose import UnsafeHeaderError
from channels.mail.config import MailOutConfig
from channels.mail.dkim import dns_record
from channels.mail.send import MailChannel
from channels.secret import Contact, Secret
from tests.channels.mail.mailside import Sink, Step, fall_silent, hang_up, key, sink
from tests.channels.mail.test_mail_compose import outgoing
from tests.channels.mail.test_mail_listen import certificate

NOW = datetime(2026, 11, 21, 18, 15, 30, tzinfo=UTC)


def config(port: int, **changes: object) -> MailOutConfig:
    """Towards a sink on this machine; `changes` replace."""
    fields: dict[str, object] = {
        "domain": "relay.example",
        "hostname": "mx.relay.example",
        "smarthost_host": "127.0.0.1",
        "smarthost_port": port,
        "dkim_selector": "r2026",
        "dkim_key": key(),
        "programme_name": "Group post",
        "notice_address": "programme@relay.example",
        **changes,
    }
    return MailOutConfig(**fields)  # type: ignore[arg-type]


@asynccontextmanager
async def channel(at: Sink, **changes: object) -> AsyncIterator[MailChannel]:
    """A channel towards the sink."""
    made = MailChannel(config(at.port, **changes), lambda: NOW)
    try:
        yield made
    finally:
        await made.close()


def copy(number: int = 1, **changes: object) -> Outgoing:
    """A copy with a token of its own."""
    return outgoing(delivery=Secret(f"token-{number}"), **changes)


async def test_one_copy_arrives_signed_for_one_recipient() -> None:
    """Envelope, signature and content are right, and the channel fits the contract."""
    async with sink() as at, channel(at) as out:
        same: Channel = out
        assert (same.name, same.concurrency) == ("email", 8)
        assert await out.send(copy()) == Sent()
        ((sender, to, raw),) = at.got
        assert to == b"mara@willow.example"
        assert sender.startswith(b"bounce+")
        assert sender.endswith(b"@relay.example")
        assert b"token" not in raw + sender
        assert b"mara" not in raw
        assert dkimpy.verify(raw, dnsfunc=lambda _, timeout=5: dns_record(key()).encode())
        assert at.verbs == ["EHLO", "MAIL", "RCPT", "DATA"]


async def test_attempts_of_one_copy_look_the_same() -> None:
    """Sender and Message-ID are those of the first attempt, and differ between copies."""
    async with sink() as at, channel(at) as out:
        for number in (1, 1, 2):
            assert await out.send(copy(number)) == Sent()
        senders = [sender for sender, _, _ in at.got]
        ids = [raw.partition(b"Message-ID:")[2][:40] for _, _, raw in at.got]
        assert senders[0] == senders[1] != senders[2]
        assert ids[0] == ids[1] != ids[2]


async def test_dots_arrive_as_written() -> None:
    """Lines that begin with a dot survive the wire."""
    async with sink() as at, channel(at) as out:
        await out.send(copy(text=Secret(".\n..\n.words")))
        assert at.got[0][2].endswith(b"\r\n\r\n=2E\r\n..\r\n.words\r\n")


async def test_connections_are_kept_and_few() -> None:
    """Many copies, even at once, use at most the allowed connections."""
    async with sink() as at, channel(at, connections=3) as out:
        results = await asyncio.gather(*(out.send(copy(n)) for n in range(40)))
        assert set(results) == {Sent()}
        assert len(at.got) == 40
        assert at.connections <= 3
        before = at.connections
        await out.send(copy(41))
        assert at.connections == before


async def test_more_is_asked_for_at_once_only_while_the_smarthost_is_quick() -> None:
    """From one for each connection up to the most, one for each quick copy; trouble resets it."""
    async with sink() as at, channel(at, connections=2, most_in_hand=5) as out:
        seen = [out.concurrency]
        for number in range(5):
            assert await out.send(copy(number)) == Sent()
            seen.append(out.concurrency)
        assert seen == sorted(seen)
        assert (seen[0], seen[-1]) == (2, 5)
        at.script["DOT"] = [hang_up]
        assert await out.send(copy(9)) == LOST
        assert out.concurrency == 2


async def test_nothing_leaves_that_the_engine_says_no_to() -> None:
    """It is asked about the words as well as about the header, and before anything is sent."""
    for forbidden in ("Words of hers", "Subject: Tuesday"):
        asked: list[str] = []

        def may_leave(text: str, no: str = forbidden, heard: list[str] = asked) -> bool:
            heard.append(text)
            return no not in text

        async with sink() as at, channel(at) as out:
            words: dict[str, object] = {
                "text": Secret("Words of hers"),
                "subject": Secret("Tuesday"),
            }
            leak = outgoing(may_leave=may_leave, **words)
            assert await out.send(leak) == Never(why=Trouble.WOULD_LEAK)
            assert at.verbs == []
            assert any(forbidden in text for text in asked)
            assert await out.send(outgoing(**words)) == Sent()


LATER_CONFIG = Later(why=Trouble.NOT_CONFIGURED)
LATER_REFUSED = Later(why=Trouble.REFUSED_FOR_NOW)
UNREACHABLE = Later(why=Trouble.UNREACHABLE)
TIMEOUT = Later(why=Trouble.TIMEOUT)
LOST = Later(why=Trouble.ANSWER_LOST, unsure=True)
BAD, REFUSED = Never(why=Trouble.BAD_CONTACT), Never(why=Trouble.REFUSED)

FAILURES: dict[str, tuple[str, Step, Outcome]] = {
    "banner 554": ("CONNECT", b"554 no", LATER_CONFIG),
    "banner 421": ("CONNECT", b"421 busy", LATER_REFUSED),
    "no banner": ("CONNECT", fall_silent, TIMEOUT),
    "closed at once": ("CONNECT", hang_up, UNREACHABLE),
    "not SMTP": ("CONNECT", b"HTTP/1.1 400 Bad Request", LATER_CONFIG),
    "EHLO 550": ("EHLO", b"550 who are you", LATER_CONFIG),
    "EHLO 421": ("EHLO", b"421 later", LATER_REFUSED),
    "MAIL 550": ("MAIL", b"550 5.7.1 your domain", LATER_CONFIG),
    "MAIL 451": ("MAIL", b"451 4.3.0 later", LATER_REFUSED),
    "MAIL lost": ("MAIL", hang_up, UNREACHABLE),
    "MAIL silent": ("MAIL", fall_silent, TIMEOUT),
    "RCPT 550 5.1.1": ("RCPT", b"550 5.1.1 no such user mara@willow.example", BAD),
    "RCPT 550": ("RCPT", b"550 no such user", LATER_REFUSED),
    "RCPT 553": ("RCPT", b"553 bad", LATER_REFUSED),
    "RCPT 554 5.1.2": ("RCPT", b"554 5.1.2 no such host", BAD),
    "RCPT 554": ("RCPT", b"554 no", LATER_REFUSED),
    "RCPT full": ("RCPT", b"552 5.2.2 mailbox full", LATER_REFUSED),
    "RCPT relaying denied": ("RCPT", b"550 5.7.1 relaying denied", LATER_CONFIG),
    "RCPT authentication": ("RCPT", b"530 log in first", LATER_CONFIG),
    "RCPT 450": ("RCPT", b"450 4.2.1 greylisted", LATER_REFUSED),
    "RCPT lost": ("RCPT", hang_up, UNREACHABLE),
    "RCPT silent": ("RCPT", fall_silent, TIMEOUT),
    "DATA 554": ("DATA", b"554 no valid recipients", LATER_REFUSED),
    "DATA 451": ("DATA", b"451 4.3.0 later", LATER_REFUSED),
    "DATA 250": ("DATA", b"250 what", LATER_REFUSED),
    "DATA lost": ("DATA", hang_up, UNREACHABLE),
    "DATA silent": ("DATA", fall_silent, TIMEOUT),
    "content 554": ("DOT", b"554 5.6.0 spam", REFUSED),
    "content 550 5.1.1": ("DOT", b"550 5.1.1 no such user", BAD),
    "content 554 bare": ("DOT", b"554 Email address is not verified", LATER_REFUSED),
    "content 552 full": ("DOT", b"552 5.2.2 mailbox full", LATER_REFUSED),
    "content 554 5.7": ("DOT", b"554 5.7.0 account suspended", LATER_CONFIG),
    "RCPT disabled": ("RCPT", b"550 5.2.1 mailbox disabled", REFUSED),
    "content 452": ("DOT", b"452 4.3.1 disk full", LATER_REFUSED),
    "answer lost": ("DOT", hang_up, LOST),
    "answer silent": ("DOT", fall_silent, LOST),
    "answer malformed": ("DOT", b"what?", LOST),
}


@pytest.mark.parametrize("kept", [False, True], ids=["fresh", "kept"])
@pytest.mark.parametrize("name", FAILURES)
async def test_every_failure_has_its_outcome(name: str, kept: bool) -> None:
    """Each failure at each step ends as the table says, tells nothing, and the next copy arrives.

    On a kept connection that turns out stale, the copy is sent at once over a fresh one.
    """
    verb, step, expect = FAILURES[name]
    before_message = verb in ("MAIL", "RCPT", "DATA") and step is hang_up
    wait = 0.7 if step is fall_silent else 20.0
    seconds = {"command_seconds": wait, "connect_seconds": wait, "data_seconds": wait}
    async with sink() as at, channel(at, connections=1, **seconds) as out:
        if kept and verb not in ("CONNECT", "EHLO"):
            await _sent(out, 0)
        at.script[verb] = [step]
        got = await out.send(copy(1))
        assert got == (Sent() if before_message and kept else expect)
        assert "mara" not in repr(got)
        at.script.clear()
        await _sent(out, 2)
        assert len(at.got) == len({sender for sender, _, _ in at.got})


async def _sent(out: MailChannel, number: int) -> None:
    """Send a copy that must arrive; on a busy machine the short wait may pass before it does."""
    while (outcome := await out.send(copy(number))) == TIMEOUT:
        pass
    assert outcome == Sent()


async def test_a_connection_closed_while_idle_is_replaced_unnoticed() -> None:
    """421 or a hang-up between two copies costs nobody an attempt."""
    async with sink() as at, channel(at, connections=1) as out:
        assert await out.send(copy(1)) == Sent()
        at.script["MAIL"] = [b"421 4.4.2 idle too long"]
        assert await out.send(copy(2)) == Sent()
        assert at.connections == 2
        for writer in list(at.open):
            writer.transport.abort()
        assert await out.send(copy(3)) == Sent()
        assert at.connections == 3


async def test_421_on_a_fresh_connection_is_later() -> None:
    """A smarthost that turns everyone away is tried once over a fresh connection, not for ever."""
    async with sink({"MAIL": [b"421 busy", b"421 busy"]}) as at, channel(at) as out:
        assert isinstance(await out.send(copy(1)), Later)
        assert at.connections == 1


async def test_idle_connections_are_closed() -> None:
    """After the idle time nothing is left open; the next copy connects anew."""
    async with sink() as at, channel(at, idle_seconds=0.01) as out:
        assert await out.send(copy(1)) == Sent()
        await at.all_gone()
        assert await out.send(copy(2)) == Sent()
        assert at.connections == 2


async def test_nobody_there_is_later() -> None:
    """A port where nobody listens."""
    async with sink() as at:
        port = at.port
    out = MailChannel(config(port), lambda: NOW)
    assert await out.send(copy()) == UNREACHABLE
    await out.close()


async def test_what_is_under_way_when_it_closes_is_later() -> None:
    """Also what waits to be signed: every send comes back, none as cancelled, and none has left."""
    async with sink() as at:
        out = MailChannel(config(at.port), lambda: NOW)
        sending = [asyncio.create_task(out.send(copy(n))) for n in range(20)]
        await asyncio.sleep(0)
        await out.close()
        assert {type(outcome) for outcome in await asyncio.gather(*sending)} == {Later}
        assert at.got == []


async def test_a_cancelled_send_leaves_no_half_transaction() -> None:
    """After a cancellation half-way the connection is not used again, and the next copy arrives."""
    reached = asyncio.Event()

    async def stall(at: Sink, writer: asyncio.StreamWriter) -> None:
        reached.set()
        await fall_silent(at, writer)

    async with sink({"RCPT": [stall]}) as at, channel(at, connections=1) as out:
        sending = asyncio.create_task(out.send(copy(1)))
        await reached.wait()
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        assert await out.send(copy(2)) == Sent()
        assert at.connections == 2


@pytest.mark.parametrize(
    "changes",
    [{"write_to": Secret("a b")}, {"mask": Secret("")}, {"to": Contact("email", "a>\r\nDATA@b.c")}],
    ids=range(3),
)
async def test_what_cannot_be_written_is_our_fault_and_later(
    changes: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    """A bug delays and does not lose; nothing is put on the wire."""
    caplog.set_level(logging.CRITICAL)
    async with sink() as at, channel(at) as out:
        assert await out.send(copy(1, **changes)) == Later(why=Trouble.OUR_FAULT)
        assert at.got == []


def test_no_channel_where_headers_could_be_forged(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a Python that lets a second header line through, the channel does not start."""
    monkeypatch.setattr(
        "channels.mail.compose.header", lambda name, value: (name.encode(), value.encode())
    )
    with pytest.raises(UnsafeHeaderError):
        MailChannel(config(25), lambda: NOW)


def test_a_config_does_not_show_its_secrets() -> None:
    """Neither key, user nor password appear when it is printed."""
    shown = repr(config(25, user="relay@host.example", password=Secret("hunter2")))
    for value in ("hunter2", "relay@host", "PRIVATE"):
        assert value not in shown


# TLS ---------------------------------------------------------------------------------------


def _server_tls(folder: Path) -> tuple[ssl.SSLContext, str]:
    cert, secret = certificate(folder)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert, secret)
    return context, str(cert)


def test_tls_is_required_off_this_machine() -> None:
    """Only loopback may be spoken to in the clear, unless it is asked for there too."""
    for host in ("127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost", "LOCALHOST."):
        assert not config(25, smarthost_host=host).must_encrypt
    for host in ("192.0.2.1", "mx.example", "localhost.evil.example", "127.0.0.1.evil.example"):
        assert config(25, smarthost_host=host).must_encrypt
    assert config(25, require_tls=True).must_encrypt


async def test_without_starttls_nothing_is_said() -> None:
    """A smarthost that offers no TLS gets neither recipient nor words."""
    async with sink() as at, channel(at, require_tls=True) as out:
        assert await out.send(copy()) == Later(why=Trouble.NO_TLS)
        assert set(at.verbs) <= {"EHLO", "QUIT"}


async def test_a_certificate_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    """STARTTLS with a self-signed certificate: nothing is said, later."""
    context, _ = _server_tls(tmp_path)
    async with (
        sink(offers=b"250-STARTTLS\r\n", tls=context) as at,
        channel(at, require_tls=True) as out,
    ):
        assert await out.send(copy()) == Later(why=Trouble.NO_TLS)
        assert at.got == []
        assert "MAIL" not in at.verbs


async def test_a_certificate_for_another_name_is_refused(tmp_path: Path) -> None:
    """Trusted, but not for this host: nothing is said."""
    context, cert = _server_tls(tmp_path)
    async with (
        sink(offers=b"250-STARTTLS\r\n", tls=context) as at,
        channel(at, require_tls=True, ca_file=cert, smarthost_host="localhost") as out,
    ):
        assert await out.send(copy()) == Later(why=Trouble.NO_TLS)
        assert "MAIL" not in at.verbs


async def test_starttls_with_a_trusted_certificate_works(tmp_path: Path) -> None:
    """The mail goes out encrypted, after a second EHLO."""
    context, cert = _server_tls(tmp_path)
    async with (
        sink(offers=b"250-STARTTLS\r\n", tls=context) as at,
        channel(at, require_tls=True, ca_file=cert) as out,
    ):
        assert await out.send(copy()) == Sent()
        assert at.verbs[:3] == ["EHLO", "STAR", "EHLO"]
        assert len(at.got) == 1


async def test_implicit_tls_towards_a_plain_server_is_no_tls() -> None:
    """TLS from the first octet against a server that speaks plain: later, nothing said."""
    async with sink() as at, channel(at, implicit_tls=True, connect_seconds=2.0) as out:
        assert await out.send(copy()) == Later(why=Trouble.NO_TLS)
        assert at.got == []


async def test_a_failed_login_is_our_configuration() -> None:
    """AUTH that is not offered, or refused, is later and not her address's fault."""
    login = {"user": "relay", "password": Secret("hunter2")}
    async with sink() as at, channel(at, **login) as out:
        assert await out.send(copy()) == LATER_CONFIG
    async with (
        sink({"AUTH": [b"535 5.7.8 no"] * 3}, offers=b"250-AUTH PLAIN\r\n") as at,
        channel(at, **login) as out,
    ):
        assert await out.send(copy()) == LATER_CONFIG
        assert "MAIL" not in at.verbs
