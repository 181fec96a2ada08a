"""The invented mail world, over real sockets: names, signatures, mailboxes and faults."""

from __future__ import annotations

import asyncio
import email
from collections.abc import AsyncIterator

import aiosmtplib
import dkim
import dns.asyncquery
import dns.asyncresolver
import dns.exception
import dns.flags
import dns.message
import dns.rdatatype
import dns.resolver
import pytest

from relay.demo.mailworld import HOME_IP, SELECTOR, MailWorld, key_record, signed

IVY = "m.hale@willow.example"
ALIAS = "k3v9@relay.example"


@pytest.fixture
async def world() -> AsyncIterator[MailWorld]:
    """A started mail world whose mailboxes hand their mail to its own host, as to a relay."""
    world = MailWorld()
    await world.start()
    host, port = world.smarthost.removeprefix("smtp://").split(":")
    world.set_relay(host, int(port))
    yield world
    await world.close()


def resolver(world: MailWorld) -> dns.asyncresolver.Resolver:
    """A stock resolver that asks the world's name server only."""
    asker = dns.asyncresolver.Resolver(configure=False)
    asker.nameservers = [world.dns_server.split(":")[0]]
    asker.port = int(world.dns_server.split(":")[1])
    asker.lifetime = 2.0
    return asker


async def texts(world: MailWorld, name: str) -> list[str]:
    """TXT of a name, asked over the wire."""
    answer = await resolver(world).resolve(name, "TXT")
    return [b"".join(record.strings).decode() for record in answer]


async def test_names_answer_what_mail_authentication_asks(world: MailWorld) -> None:
    """A stock resolver finds MX, A, SPF, DMARC and the DKIM key of an invented domain."""
    ask = resolver(world).resolve
    assert [str(mx) for mx in await ask("willow.example", "MX")] == ["10 mail.willow.example."]
    assert [str(a) for a in await ask("mail.willow.example", "A")] == ["127.0.0.1"]
    assert await texts(world, "willow.example") == ["v=spf1 ip4:127.0.0.1 -all"]
    assert await texts(world, "_dmarc.willow.example") == ["v=DMARC1; p=reject"]
    assert await texts(world, f"{SELECTOR}._domainkey.willow.example") == [key_record()]


async def test_unknown_names_and_types_are_told_apart(world: MailWorld) -> None:
    """An unknown name is NXDOMAIN; a known one without the type is an empty answer."""
    with pytest.raises(dns.resolver.NXDOMAIN):
        await resolver(world).resolve("nobody.example", "TXT")
    with pytest.raises(dns.resolver.NoAnswer):
        await resolver(world).resolve("mail.willow.example", "TXT")


async def test_large_answer_is_cut_by_udp_and_whole_by_tcp(world: MailWorld) -> None:
    """Without EDNS an answer over 512 bytes comes with TC set and in full over TCP (RFC 7766)."""
    world.publish("big.example", "x" * 900)
    host, port = world.dns_server.split(":")
    query = dns.message.make_query("big.example", dns.rdatatype.TXT)
    short = await dns.asyncquery.udp(query, host, port=int(port), timeout=2)
    full = await dns.asyncquery.tcp(query, host, port=int(port), timeout=2)
    assert short.flags & dns.flags.TC
    assert not short.answer
    assert b"".join(full.answer[0][0].strings) == b"x" * 900


async def test_names_can_fail_and_heal(world: MailWorld) -> None:
    """SERVFAIL for one name leaves the others; silence ends in a timeout; healing ends both."""
    world.fail_dns("servfail", "willow.example")
    with pytest.raises(dns.resolver.NoNameservers):
        await texts(world, "willow.example")
    assert await texts(world, "harbor.example")
    world.fail_dns("timeout")
    asker = resolver(world)
    asker.lifetime = 0.2
    with pytest.raises(dns.exception.Timeout):
        await asker.resolve("harbor.example", "TXT")
    world.heal()
    assert await texts(world, "willow.example")


async def test_garbage_does_not_stop_the_name_server(world: MailWorld) -> None:
    """Bytes that are no question get no answer, and the next question gets one."""
    host, port = world.dns_server.split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"\x00\x03abc")
    writer.close()
    await writer.wait_closed()
    assert world.names.answer(b"\xff" * 40, by_udp=True) is None
    assert await texts(world, "willow.example")


async def test_mail_is_signed_and_verifies_through_our_names(world: MailWorld) -> None:
    """What a mailbox sends passes dkimpy with the key fetched over the wire; a changed one not."""
    code, _ = await world.inbox(IVY, name="Mara Hale").write(ALIAS, "Tuesday", "Thank you. Żółw 🐢")
    mail = world.inbox(ALIAS).mails[0]
    [key] = await texts(world, f"{SELECTOR}._domainkey.willow.example")

    def fetched(name: bytes, timeout: float = 5) -> bytes:
        return key.encode() if name == f"{SELECTOR}._domainkey.willow.example.".encode() else b""

    assert code == 250
    assert dkim.verify(mail.raw, dnsfunc=fetched)
    assert not dkim.verify(mail.raw.replace(b"Tuesday", b"Thursday"), dnsfunc=fetched)
    signature = email.message_from_bytes(mail.raw)["DKIM-Signature"]
    names = "".join(signature.split()).partition(";h=")[2].partition(";")[0].split(":")
    assert names.count("from") == 2  # so a second From breaks it, with any verifier
    assert mail.signed


async def test_signed_mark_needs_a_valid_signature_of_the_domain_in_from(world: MailWorld) -> None:
    """No signature, a foreign domain's or one without a published key: not marked as signed."""
    ivy = world.inbox(IVY)
    await ivy.write(ALIAS, "a", "a", sign=False)
    await ivy.write(ALIAS, "b", "b", from_address="theo@harbor.example")
    await ivy.send_raw(ALIAS, signed(b"From: x@unknown.example\r\n\r\nc\r\n", "unknown.example"))
    assert [mail.signed for mail in world.inbox(ALIAS).mails] == [False, False, False]
    world.publish(f"{SELECTOR}._domainkey.unknown.example", key_record())
    await ivy.send_raw(ALIAS, signed(b"From: x@unknown.example\r\n\r\nc\r\n", "unknown.example"))
    assert world.inbox(ALIAS).mails[-1].signed


async def test_mail_arrives_parsed_and_raw(world: MailWorld) -> None:
    """The mailbox shows names, subject, text and HTML; the raw bytes keep what gives away."""
    await world.inbox(IVY, name="Mara Hale").write(
        ALIAS, "Dzień dobry", "plain\n.dot\n", "<p>rich</p>", files=[("cat.jpg", b"\xff\xd8")]
    )
    [mail] = world.inbox(ALIAS.upper()).mails
    assert (mail.from_name, mail.from_address) == ("Mara Hale", IVY)
    assert (mail.to, mail.recipient, mail.mail_from) == (ALIAS, ALIAS, IVY)
    assert (mail.subject, mail.text, mail.html) == ("Dzień dobry", "plain\n.dot", "<p>rich</p>")
    assert HOME_IP in mail.everything()
    assert "cat.jpg" in mail.everything()


async def test_everything_decodes_what_the_raw_bytes_hide(world: MailWorld) -> None:
    """Words in base64 bodies and encoded headers are in `everything`, so that no leak hides."""
    await world.inbox(IVY).write(ALIAS, "Grüße von +12025550143 żółw", "ruf mich an: 🐢 " * 9)
    [mail] = world.inbox(ALIAS).mails
    assert b"ruf mich an" not in mail.raw
    assert "ruf mich an" in mail.everything()
    assert "Grüße von +12025550143" in mail.everything()


async def test_reply_is_what_a_mail_program_sends(world: MailWorld) -> None:
    """A reply goes to Reply-To, threads by id, and quotes the original under an attribution."""
    theo = world.inbox("j.reed@harbor.example", name="Jonas Reed")
    await world.inbox(IVY, name="Mara Hale").write(
        theo.address, "Tuesday", "one\ntwo", headers={"Reply-To": ALIAS}
    )
    original = theo.mails[0]
    await theo.reply(original, "Me too.")
    [mail] = world.inbox(ALIAS).mails
    assert mail.subject == "Re: Tuesday"
    assert mail.references == (original.message_id,)
    assert email.message_from_bytes(mail.raw)["In-Reply-To"] == original.message_id
    head, _, quoted = mail.text.partition("\n\n")
    assert head == "Me too."
    assert quoted.endswith(f"Mara Hale <{IVY}> wrote:\n> one\n> two")


async def test_host_refuses_when_told(world: MailWorld) -> None:
    """A refusal hits its stage, its recipient and its number of times, and nothing is kept."""
    ivy = world.inbox(IVY)
    world.fail("Theo@harbor.example", code=550, times=1)
    world.fail(code=451, stage="data", times=1)
    assert (await ivy.write("theo@harbor.example", "s", "t"))[0] == 550
    assert (await ivy.write("theo@harbor.example", "s", "t"))[0] == 451
    assert world.mails == []
    assert (await ivy.write("theo@harbor.example", "s", "t"))[0] == 250


async def test_dropped_answer_keeps_the_mail(world: MailWorld) -> None:
    """Told to drop its answer, the host takes the mail and hangs up before the 250, once."""
    ivy = world.inbox(IVY)
    world.drop_answer()
    with pytest.raises(aiosmtplib.SMTPServerDisconnected):
        await ivy.write(ALIAS, "s", "t")
    assert len(world.mails) == 1
    assert (await ivy.write(ALIAS, "s", "t"))[0] == 250


async def test_waiting_ends_with_the_arrival(world: MailWorld) -> None:
    """`wait_for` returns when a mail makes the predicate true, and times out where none does."""
    box = world.inbox(ALIAS)
    waiting = asyncio.create_task(world.wait_for(lambda: len(box.mails) == 1, 10))
    await world.inbox(IVY).write(ALIAS, "s", "t")
    await waiting
    with pytest.raises(TimeoutError):
        await world.wait_for(lambda: len(box.mails) == 2, 0.01)


async def test_close_ends_open_talks(world: MailWorld) -> None:
    """Closing the world hangs up on a client in the middle of its talk."""
    host, port = world.smarthost.removeprefix("smtp://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    assert (await reader.readline()).startswith(b"220 ")
    await world.close()
    assert await reader.read() == b""
    writer.close()
