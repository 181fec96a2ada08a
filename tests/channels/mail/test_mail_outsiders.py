"""What outsiders can learn from the SMTP edge: whole dialogues, compared octet by octet."""

from __future__ import annotations

import asyncio

import pytest

from channels.mail.listen import LATER
from tests.channels.mail.edgeside import Edge, edge, post
from tests.channels.mail.mailside import ALIAS, DOMAIN, MARA, client, mail, signed

TOKEN = "abcdefghijklmnopqrstuvwxyz"
EVE = "eve@willow.example"


def _from(address: str, **heads: str | None) -> bytes:
    return signed(mail(From=address, **heads))


OUTSIDERS: dict[str, tuple[str, str, bytes]] = {
    "unknown alias": ("zzzzzz@relay.example", MARA, signed(mail())),
    "unknown alias, not signed": ("zzzzzz@relay.example", MARA, mail()),
    "stranger": (ALIAS, EVE, _from(EVE)),
    "stranger, not written to us": (ALIAS, EVE, _from(EVE, To=None)),
    "stranger, not signed": (ALIAS, "eve@evil.example", mail(From="eve@evil.example")),
    "ex-member": ("formerly@relay.example", "lia@willow.example", _from("lia@willow.example")),
    "forged": (ALIAS, MARA, signed(mail()).replace(b"Hello", b"Hullo")),
    "signed by somebody else": (ALIAS, MARA, signed(mail(), domain="evil.example")),
    "no From": (ALIAS, MARA, mail(From=None)),
    "two Froms": (ALIAS, MARA, b"From: eve@evil.example\r\n" + signed(mail())),
    "robot": (ALIAS, MARA, signed(mail(Auto_Submitted="auto-replied"))),
    "null sender": (ALIAS, "", signed(mail())),
    "our own address": (ALIAS, f"robin9@{DOMAIN}", mail(From=f"robin9@{DOMAIN}")),
    "loop": (ALIAS, MARA, signed(mail(Received=f"from mx.{DOMAIN} by mail.willow.example; x"))),
    "mask of nobody": (f"robin.{TOKEN}@relay.example", MARA, signed(mail())),
    "confirmation of nothing": (f"confirm+{TOKEN}@relay.example", MARA, signed(mail())),
    "malformed confirmation": ("confirm+x@relay.example", MARA, signed(mail())),
    "return path without token": ("bounce@relay.example", MARA, signed(mail())),
    "postmaster": ("postmaster@relay.example", MARA, signed(mail())),
    "quoted local part": ('"a b"@relay.example', MARA, signed(mail())),
    "source route": (f"@evil.example:{ALIAS}", EVE, _from(EVE)),
    "percent hack": ("k3v9q2%evil.example@relay.example", MARA, signed(mail())),
    "bang path": ("evil.example!k3v9q2@relay.example", MARA, signed(mail())),
    "over-long local part": ("k" * 200 + "@relay.example", MARA, signed(mail())),
    "alias with a tag": ("k3v9q2+tag@relay.example", MARA, signed(mail())),
    "too deep": (
        ALIAS,
        MARA,
        "".join(
            f"Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n" for n in range(40)
        ).encode(),
    ),
    "too many parts": (
        ALIAS,
        MARA,
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 600,
    ),
    "nonsense": (ALIAS, MARA, b"\x00\xff" * 50),
    "empty": (ALIAS, MARA, b""),
}

REPORTED = {
    "bounce, token of the right shape": f"bounce+{TOKEN}",
    "bounce, another token": "bounce+" + "a" * 26,
    "bounce, too short": "bounce+abc",
    "bounce, too long": "bounce+" + "a" * 40,
    "bounce, over-long": "bounce+" + "a" * 100,
    "bounce, letters no token has": "bounce+" + "0" * 26,
    "bounce, nothing": "bounce+",
    "bounce, odd letters": "bounce+a/b",
    "unsubscribe, token of the right shape": f"u+{TOKEN}",
    "unsubscribe, too short": "u+abc",
    "unsubscribe, nothing": "u+",
    "unsubscribe, over-long": "u+" + "a" * 100,
    "complaints": "complaints",
}


async def dialogue(at: Edge, to: str, sender: str, raw: bytes) -> bytes:
    """All octets said to a client that sends one message, from the greeting to the end."""
    stuffed = (b"\r\n" + raw).replace(b"\r\n.", b"\r\n..")[2:]
    steps = [
        b"EHLO c.example\r\n",
        b"MAIL FROM:<%b>\r\n" % sender.encode(),
        b"RCPT TO:<%b>\r\n" % to.encode(),
        b"DATA\r\n",
        stuffed + (b"" if raw.endswith(b"\r\n") else b"\r\n") + b".\r\n",
        b"QUIT\r\n",
    ]
    async with client(at.listener.port) as speaking:
        said = b""
        for step in steps:
            speaking.writer.write(step)
            said += await speaking.answer()
        return said + await asyncio.wait_for(speaking.reader.read(), 20)


async def test_no_outsider_is_told_from_another() -> None:
    """Unknown alias, stranger, ex-member, forger, robot, nonsense: one dialogue for them all."""
    async with edge() as at:
        said = {name: await dialogue(at, *case) for name, case in OUTSIDERS.items()}
        insider = await dialogue(at, ALIAS, MARA, signed(mail("Mine.\r\n")))
    assert len(OUTSIDERS) >= 12
    odd = {name: one for name, one in said.items() if one != said["unknown alias"]}
    assert odd == {}
    assert insider not in said.values()


@pytest.mark.parametrize("raw", [mail(), signed(mail()), b"", b"\x00\r\n"], ids=range(4))
async def test_no_token_is_told_from_another(raw: bytes) -> None:
    """What goes to return paths and unsubscribe addresses is taken, real, unknown or malformed."""
    async with edge() as at:
        said = {
            await dialogue(at, f"{local}@relay.example", "eve@evil.example", raw)
            for local in REPORTED.values()
        }
        assert len(said) == 1
        assert b"\r\n250 2.0.0 Message taken\r\n" in said.pop()
        assert at.taken == []


async def test_who_sends_to_a_return_path_makes_no_difference() -> None:
    """Null sender, member and stranger get the same octets there."""
    async with edge() as at:
        to = f"bounce+{TOKEN}@relay.example"
        said = {await dialogue(at, to, sender, mail()) for sender in ("", MARA, EVE)}
        assert len(said) == 1


@pytest.mark.parametrize(
    "to",
    [
        *("x@elsewhere.example", "k3v9q2@[127.0.0.1]", "k3v9q2@sub.relay.example", "k3v9q2"),
        *("k3v9q2@relay.example.org", f"bounce+{TOKEN}@elsewhere.example", "postmaster"),
    ],
)
async def test_other_domains_are_all_turned_away_alike(to: str) -> None:
    """Not our domain: the same refusal at RCPT, known local part or not."""
    async with edge() as at, client(at.listener.port) as speaking:
        await speaking.say(b"EHLO c.example")
        await speaking.say(b"MAIL FROM:<m@w.example>")
        assert await speaking.say(b"RCPT TO:<%b>" % to.encode()) == b"550 5.7.1 Relaying denied\r\n"


@pytest.mark.parametrize("odd", [b"\x00", b"\xc3\xa9", b"\xff", b"\x7f", b"\t", b"\\"])
async def test_odd_octets_in_an_address_tell_nothing(odd: bytes) -> None:
    """In a known and in an unknown alias, at RCPT and after the message: the same answers."""
    said = []
    for local in (b"k3v9q2", b"zzzzzz"):
        async with edge() as at, client(at.listener.port) as speaking:
            await speaking.say(b"EHLO c.example")
            await speaking.say(b"MAIL FROM:<m@w.example>")
            answers = [await speaking.say(b"RCPT TO:<" + local + odd + b"@relay.example>")]
            answers.append(await speaking.say(b"DATA"))
            if answers[-1].startswith(b"354"):
                answers.append(await speaking.message(mail()))
                assert answers[-1].startswith(b"550")
            said.append(answers)
    assert said[0] == said[1]


async def test_trouble_is_the_same_for_all() -> None:
    """With the engine out of order, members and strangers hear the same."""
    async with edge() as at:
        at.trouble = RuntimeError("no disk")
        answers = {
            await post(at, signed(mail()), to=to)
            for to in (ALIAS, "zzzzzz@relay.example", f"u+{TOKEN}@relay.example")
        }
        assert answers == {LATER}
