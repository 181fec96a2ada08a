"""The mail channel keeps the contract, over SMTP against the fake mail world."""

from __future__ import annotations

import email.policy
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest

from channels.contract import Accept
from channels.mail.config import MailInConfig, MailOutConfig
from channels.mail.dns import Resolver
from channels.mail.listen import Listener, serve
from channels.mail.send import MailChannel
from channels.secret import Contact, Secret
from relay.demo.mailworld import Mail, MailWorld
from tests.channels.mail.mailside import key
from tests.conformance.bench import NOW, Heard, Seen, World
from tests.conformance.suite import WayOut
from tests.conformance.suite_in import WayIn
from tests.conformance.test_conformance_sms import free_port

DOMAIN = "relay.example"
MARA, IVY = "mara.quill@willow.example", "ivy.thorn@meadow.example"
ALIASES = ("k3v9q2@relay.example", "w8x7y6@relay.example")
TODAY = datetime.now(UTC)  # noqa: TID251 - the mail world's own signatures are of now


@dataclass
class Mails:
    """A bench: the channel before a mail host."""

    world: MailWorld
    kind: str = "email"
    readers: tuple[Contact, Contact] = (Contact("email", MARA), Contact("email", IVY))
    places: tuple[Secret, Secret] = (Secret(ALIASES[0]), Secret(ALIASES[1]))
    lights_up: bool = False
    cannot: Mapping[World, str] = field(default_factory=dict)
    port: int = 0
    read: list[Seen] = field(default_factory=list)

    def channel(self, *, patience: float = 20.0) -> MailChannel:
        """Towards the mail host, or to where nobody listens."""
        config = MailOutConfig(
            domain=DOMAIN,
            hostname=DOMAIN,
            smarthost_host="127.0.0.1",
            smarthost_port=self.port or urlsplit(self.world.smarthost).port or 0,
            dkim_selector="r2026",
            dkim_key=key(),
            programme_name="Group post",
            notice_address=f"programme@{DOMAIN}",
            public_url="https://relay.example",
            send_seconds=patience,
        )
        return MailChannel(config, lambda: NOW)

    def become(self, world: World) -> None:
        """As a mail host does it."""
        self.world.heal()
        if world is World.BUSY:
            self.world.fail(code=451, stage="data")
        elif world is World.NOBODY:
            self.world.fail(code=550)
        elif world is World.NONSENSE:
            self.world.fail(code=599, stage="data")
        elif world is World.LOSES_ANSWER:
            self.world.drop_answer()
        elif world is World.HANGS:
            self.world.delay(3600)
        elif world is World.GONE:
            self.port = free_port()

    def seen(self) -> list[Seen]:
        """What lies in the mailboxes."""
        self.read += [_seen(mail) for mail in self.world.mails[len(self.read) :]]
        return list(self.read)


def _seen(mail: Mail) -> Seen:
    ours = mail.from_name == "Group post"
    message = email.message_from_bytes(mail.raw, policy=email.policy.default)
    return Seen(
        to=mail.recipient,
        author="" if ours else mail.from_name,
        words=f"{mail.subject}\n{mail.text}",
        whole=mail.everything().partition("\n")[2],
        fields=tuple(sorted(message.keys())),
    )


class Keeping(MailWorld):
    """A mail world whose providers can hand the same octets in again."""

    last: bytes = b""

    async def carry(self, sender: str, to: str, raw: bytes, *, helo: str) -> tuple[int, str]:
        """Keep what is handed over."""
        self.last = raw
        return await super().carry(sender, to, raw, helo=helo)


@dataclass
class Listening:
    """A door: our SMTP server behind the fake mail world."""

    world: Keeping
    kind: str = "email"
    refusal_is_heard: bool = True
    people: tuple[Contact, Contact] = (Contact("email", MARA), Contact("email", IVY))
    place: Secret = field(default_factory=lambda: Secret(ALIASES[0]))
    said: list[str] = field(default_factory=list)
    listener: Listener | None = None

    async def open(self, accept: Accept) -> None:
        """Listen on a free port."""
        self.listener = await serve(
            MailInConfig(domain=DOMAIN, hostname=DOMAIN, port=0),
            accept,
            Resolver(self.world.dns_server),
            lambda: TODAY,
        )
        self.world.set_relay("127.0.0.1", self.listener.port)

    async def write(self, text: str, *, who: int = 0, copies: int = 1) -> list[Heard]:
        """A mail program writes; its provider hands it in again where it must."""
        box = self.world.inbox(self.people[who].reveal(), name="A Real Name")
        answers = [await box.write(self.place.reveal(), "Tuesday", text)]
        while len(answers) < copies:
            answers.append(await box.send_raw(self.place.reveal(), self.world.last))
        self.said += [f"{code} {said}" for code, said in answers]
        return [_heard(code) for code, _ in answers]

    async def forge(self, text: str) -> None:
        """Somebody at another provider writes Mara's address into From."""
        stranger = self.world.inbox("stranger@river.example")
        await stranger.write(self.place.reveal(), "Tuesday", text, from_address=MARA)

    async def close(self) -> None:
        """Stop listening."""
        if self.listener is not None:
            await self.listener.close()


def _heard(code: int) -> Heard:
    return {2: Heard.YES, 4: Heard.LATER, 5: Heard.NO}[code // 100]


@pytest.fixture
async def providers() -> AsyncIterator[Keeping]:
    """A mail world."""
    made = Keeping(now=lambda: TODAY)
    await made.start()
    yield made
    await made.close()


class TestMailsOut(WayOut):
    """Out by mail."""

    @pytest.fixture
    def bench(self, providers: Keeping) -> Mails:
        """A mail host."""
        return Mails(providers)


class TestMailsIn(WayIn):
    """In by mail."""

    @pytest.fixture
    def door(self, providers: Keeping) -> Listening:
        """Providers, and a name server."""
        return Listening(providers)
