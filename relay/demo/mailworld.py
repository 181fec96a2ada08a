"""The outside mail world, invented but real on the wire: mail hosts, mailboxes, keys and names.

Nothing here knows the relay. What a relay needs from outside, it gets over sockets on 127.0.0.1,
so that its authentication of mail and its delivery run as in earnest:

- a name server (`dns_server`) with MX, A, SPF, DMARC and DKIM records of a few invented domains
  (RFC 2606 names), and whatever is added with `publish`; it can be told to fail: `fail_dns`;
- one SMTP host (`smarthost`), which is smarthost and the members' mail host at once. It verifies
  and refuses nothing, keeps every mail in the mailbox it was addressed to, and notes whether it
  carries a valid DKIM signature of the domain in From (`Mail.signed`). It can be told to fail:
  `fail`, `drop_answer`, `delay`;
- mailboxes that write and answer as mail programs do: `inbox(address)`, `Inbox.write`,
  `Inbox.reply`. Mails are DKIM-signed (From twice, so that a second one cannot be slipped in) and
  go by SMTP to the relay named with `set_relay`. They carry what real ones give away, a name, a
  host, an IP, so that a relay which passes any of it on is caught.

Waiting is for events, never for time: `await world.wait_for(lambda: len(box.mails) == 2, 5)`.
Addresses are plain strings here: they belong to nobody.

    world = MailWorld()
    await world.start()
    world.set_relay("127.0.0.1", 8025)
    ivy = world.inbox("m.hale@willow.example", name="Mara Hale")
    code, answer = await ivy.write("k3v9@relay.example", "Tuesday", "Thank you all.")
    await world.close()
"""

from __future__ import annotations

import asyncio
import email
import email.policy
import email.utils
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from functools import lru_cache
from typing import Any, Literal

import aiosmtplib
import dkim
from aiosmtpd.smtp import SMTP, Envelope, Session
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from relay.demo.nameserver import LOOPBACK, DnsFault, NameServer

DOMAINS = ("willow.example", "harbor.example", "meadow.example")
SELECTOR = "mail2026"
HOME_IP = "192.0.2.17"
"""The IP in the `Received` line of every mail written here (RFC 5737: nobody's)."""
FOREVER = 10_000_000
_COMPOSE = email.policy.SMTP.clone(cte_type="7bit")
_READ = email.policy.default
_SIGNED = (
    b"from from to subject date message-id in-reply-to references reply-to"
    b" mime-version content-type content-transfer-encoding"
).split()


class Bell:
    """Rings when something changed, for everyone who waits."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()
        self.rings = 0
        """How often it rang so far."""

    def ring(self) -> None:
        """Wake everyone who waits."""
        self.rings += 1
        self._rung.set()
        self._rung = asyncio.Event()

    async def heard(self, seconds: float | None = None, *, since: int | None = None) -> bool:
        """Wait for a ring after the one counted `since`, at most so long. False: none came."""
        rung = self._rung
        if since is not None and since != self.rings:
            return True
        try:
            async with asyncio.timeout(seconds):
                return await rung.wait()
        except TimeoutError:
            return False

    async def until(self, predicate: Callable[[], bool], seconds: float | None) -> None:
        """Wait until the predicate holds, asking at every ring. Raises `TimeoutError`."""
        async with asyncio.timeout(seconds):
            while not predicate():
                await self._rung.wait()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mail as it arrived in one mailbox."""

    at: datetime
    recipient: str
    """RCPT TO."""
    mail_from: str
    """MAIL FROM, empty for bounces."""
    from_name: str
    from_address: str
    to: str
    reply_to: str
    subject: str
    message_id: str
    references: tuple[str, ...]
    text: str
    html: str
    signed: bool
    """A DKIM signature of the domain in From is valid by our names."""
    raw: bytes

    def everything(self) -> str:
        """All a curious reader could see: envelope, raw bytes, every header and part decoded."""
        message = email.message_from_bytes(self.raw, policy=_READ)
        seen = [self.recipient, self.mail_from, self.raw.decode("latin-1")]
        for part in message.walk():
            seen += [f"{name}: {value}" for name, value in part.items()]
            if not part.is_multipart():
                content = part.get_payload(decode=True)
                if isinstance(content, bytes):
                    seen.append(content.decode(part.get_content_charset("utf-8"), "replace"))
        return "\n".join(seen)


@dataclass(slots=True, kw_only=True)
class _Fault:
    """A refusal, and how many times it is still to be given."""

    recipient: str | None
    code: int
    enhanced: str
    stage: Literal["rcpt", "data"]
    left: int

    def takes(self, stage: str, recipient: str) -> bool:
        """Whether it strikes here; counts it if so."""
        hit = self.left > 0 and self.stage == stage and self.recipient in (None, fold(recipient))
        self.left -= int(hit)
        return hit


class Inbox:
    """One mailbox and the mail program in front of it."""

    def __init__(self, world: MailWorld, address: str, name: str) -> None:
        self._world = world
        self.address = address
        self.name = name
        """The real name this person's mail program puts into From."""
        self.mails: list[Mail] = []

    @property
    def domain(self) -> str:
        """The part behind the @."""
        return self.address.rpartition("@")[2].lower()

    async def write(
        self,
        to: str,
        subject: str,
        text: str,
        html: str | None = None,
        *,
        sign: bool = True,
        from_address: str | None = None,
        mail_from: str | None = None,
        headers: Mapping[str, str] | None = None,
        files: Sequence[tuple[str, bytes]] = (),
    ) -> tuple[int, str]:
        """Write a mail as a mail program does and hand it to the relay; return its last answer.

        `from_address` and `mail_from` lie about the sender, `headers` adds or replaces, `files`
        are name and content. Raises `ConnectionError` where the relay hangs up or is not there.
        """
        draft = self._draft(to, subject, text, html, from_address or self.address)
        for name, content in files:
            draft.add_attachment(
                content, maintype="application", subtype="octet-stream", filename=name
            )
        for header, value in (headers or {}).items():
            del draft[header]
            draft[header] = value
        raw = draft.as_bytes()
        if sign:
            raw = signed(raw, self.domain)
        return await self.send_raw(to, _received(self.domain) + raw, mail_from=mail_from)

    async def reply(
        self, mail: Mail, text: str, html: str | None = None, *, sign: bool = True
    ) -> tuple[int, str]:
        """Answer a mail as mail programs do: to its Reply-To, with the original quoted below."""
        when = mail.at.strftime("%a, %d %b %Y at %H:%M")
        intro = f"On {when}, {mail.from_name} <{mail.from_address}> wrote:"
        quoted = "\n".join(f"> {line}".rstrip() for line in mail.text.splitlines())
        thread = {
            "In-Reply-To": mail.message_id,
            "References": " ".join((*mail.references, mail.message_id)),
        }
        return await self.write(
            mail.reply_to or mail.from_address,
            reply_subject(mail),
            f"{text}\n\n{intro}\n{quoted}\n",
            html,
            sign=sign,
            headers={name: value for name, value in thread.items() if value},
        )

    async def send_raw(
        self, to: str, raw: bytes, *, mail_from: str | None = None
    ) -> tuple[int, str]:
        """Hand these bytes to the relay for one recipient; return its last answer."""
        sender = self.address if mail_from is None else mail_from
        return await self._world.carry(sender, to, raw, helo=f"mail.{self.domain}")

    def _draft(
        self, to: str, subject: str, text: str, html: str | None, from_address: str
    ) -> EmailMessage:
        draft = EmailMessage(policy=_COMPOSE)
        draft["From"] = Address(self.name, addr_spec=from_address)
        draft["To"] = to
        draft["Subject"] = subject
        draft["Date"] = email.utils.format_datetime(self._world.now())
        draft["Message-ID"] = email.utils.make_msgid(domain=self.domain)
        draft["User-Agent"] = "Example Mail 4.2"
        draft.set_content(text)
        if html is not None:
            draft.add_alternative(html, subtype="html")
        return draft


class MailWorld:
    """Mail hosts, mailboxes and names outside the relay. See the module for how to use it."""

    def __init__(self, *, now: Callable[[], datetime] = email.utils.localtime) -> None:
        self.names = NameServer()
        self.now = now
        self.mails: list[Mail] = []
        """Every mail that arrived anywhere, in order."""
        self._boxes: dict[str, Inbox] = {}
        self._bell = Bell()
        self._faults: list[_Fault] = []
        self._drops = 0
        self._pause = 0.0
        self._relay: tuple[str, int] | None = None
        self._host: asyncio.Server | None = None
        self._talks: set[_Host] = set()

    async def start(self) -> None:
        """Open the sockets and publish the names of the invented domains."""
        await self.names.start()
        for domain in DOMAINS:
            self.add_domain(domain)
        loop = asyncio.get_running_loop()
        self._host = await loop.create_server(lambda: _Host(self, self._talks), LOOPBACK, 0)

    async def close(self) -> None:
        """Close every socket and connection."""
        if self._host is not None:
            self._host.close()
        for talk in list(self._talks):
            talk.hang_up()
        await self._bell.until(lambda: not self._talks, None)
        await self.names.close()

    @property
    def dns_server(self) -> str:
        """`127.0.0.1:port` of the name server."""
        return self.names.address

    @property
    def smarthost(self) -> str:
        """`smtp://127.0.0.1:port` of the mail host."""
        if self._host is None:
            raise RuntimeError("the mail world has not been started")
        return f"smtp://{LOOPBACK}:{self._host.sockets[0].getsockname()[1]}"

    def set_relay(self, host: str, port: int) -> None:
        """Name the SMTP server to which the mailboxes hand their mail."""
        self._relay = (host, port)

    def add_domain(self, domain: str, *, dmarc: str = "v=DMARC1; p=reject") -> None:
        """Publish the records of one more domain: MX, A, SPF, DMARC and the DKIM key."""
        self.names.add(domain, "MX", f"10 mail.{domain}.")
        self.names.add(domain, "A", LOOPBACK)
        self.names.add(f"mail.{domain}", "A", LOOPBACK)
        self.names.add_text(domain, f"v=spf1 ip4:{LOOPBACK} -all")
        self.names.add_text(f"_dmarc.{domain}", dmarc)
        self.names.add_text(f"{SELECTOR}._domainkey.{domain}", key_record())

    def publish(self, name: str, txt: str) -> None:
        """Publish one TXT record, as the owner of a domain does at her DNS provider."""
        self.names.add_text(name, txt)

    def inbox(self, address: str, name: str = "") -> Inbox:
        """The mailbox of an address; made at the first call. Case does not matter."""
        box = self._boxes.setdefault(fold(address), Inbox(self, address, name))
        box.name = name or box.name
        return box

    async def wait_for(self, predicate: Callable[[], bool], timeout: float | None = 10.0) -> None:  # noqa: ASYNC109 - the name every simulator of ours gives it
        """Wait until the predicate holds, asking whenever a mail arrives. Raises `TimeoutError`."""
        await self._bell.until(predicate, timeout)

    def fail(
        self,
        rcpt: str | None = None,
        code: int = 550,
        stage: Literal["rcpt", "data"] = "rcpt",
        times: int = FOREVER,
        *,
        enhanced: str = "",
    ) -> None:
        """Refuse with this code at this stage, for one recipient or all, so many times.

        The enhanced code (RFC 3463) of a 550 says that there is no such mailbox, unless given.
        """
        fault = _Fault(
            recipient=None if rcpt is None else fold(rcpt),
            code=code,
            enhanced=enhanced or ("5.1.1" if code == 550 else f"{code // 100}.0.0"),
            stage=stage,
            left=times,
        )
        self._faults.append(fault)

    def drop_answer(self, times: int = 1) -> None:
        """Take the next mails, then hang up before saying so."""
        self._drops = times

    def delay(self, seconds: float) -> None:
        """Take so long for the answer to DATA."""
        self._pause = seconds

    def fail_dns(self, how: DnsFault | str, name: str | None = None) -> None:
        """Let the name server fail (`servfail`, `refused`, `timeout`), for one name or all."""
        self.names.fail(how, name)

    def heal(self) -> None:
        """End every fault and delay."""
        self._faults.clear()
        self._drops = 0
        self._pause = 0.0
        self.names.heal()

    async def carry(self, sender: str, to: str, raw: bytes, *, helo: str) -> tuple[int, str]:
        """Hand a mail to the relay over a fresh connection; return the last code and text."""
        if self._relay is None:
            raise RuntimeError("no relay has been named: call set_relay")
        host, port = self._relay
        client = aiosmtplib.SMTP(
            hostname=host, port=port, local_hostname=helo, start_tls=False, timeout=30
        )
        await client.connect()
        try:
            await client.ehlo()
            _, text = await client.sendmail(sender, [to], raw)
        except aiosmtplib.SMTPRecipientsRefused as refused:
            return refused.recipients[0].code, refused.recipients[0].message
        except aiosmtplib.SMTPResponseException as refused:
            return refused.code, refused.message
        finally:
            with suppress(aiosmtplib.SMTPException):  # it hung up first; what it said counts
                await client.quit()
        return 250, text

    def refusal(self, stage: Literal["rcpt", "data"], recipient: str) -> str | None:
        """The line with which the host refuses this recipient now, if it was told to."""
        for fault in self._faults:
            if fault.takes(stage, recipient):
                return f"{fault.code} {fault.enhanced} Told to say so"
        return None

    async def take(self, envelope: Envelope) -> bool:
        """Put a mail into the mailboxes it is addressed to. False: hang up instead of answering."""
        raw = envelope.original_content or b""
        for recipient in envelope.rcpt_tos:
            mail = self._read(raw, envelope.mail_from or "", recipient)
            self.mails.append(mail)
            self.inbox(recipient).mails.append(mail)
        self._bell.ring()
        if self._pause:
            await asyncio.sleep(self._pause)
        if self._drops > 0:
            self._drops -= 1
            return False
        return True

    def changed(self) -> None:
        """Let those who wait ask again."""
        self._bell.ring()

    def _read(self, raw: bytes, mail_from: str, recipient: str) -> Mail:
        message = email.message_from_bytes(raw, policy=_READ)
        from_name, from_address = email.utils.parseaddr(str(message.get("From", "")))
        return Mail(
            at=self.now(),
            recipient=recipient,
            mail_from=mail_from.strip("<>"),
            from_name=from_name,
            from_address=from_address,
            to=_bare(message.get("To")),
            reply_to=_bare(message.get("Reply-To")),
            subject=str(message.get("Subject", "")),
            message_id=str(message.get("Message-ID", "")).strip(),
            references=tuple(str(message.get("References", "")).split()),
            text=_part(message, "plain"),
            html=_part(message, "html"),
            signed=self._signed_by(raw, from_address.rpartition("@")[2].lower()),
            raw=raw,
        )

    def _signed_by(self, raw: bytes, domain: str) -> bool:
        def look_up(name: bytes, timeout: float = 5) -> bytes:  # noqa: ARG001 - dkimpy passes it
            return "".join(self.names.texts(name.decode("ascii", "replace"))).encode("ascii")

        with suppress(dkim.DKIMException):
            verifier = dkim.DKIM(raw)
            return bool(verifier.verify(dnsfunc=look_up)) and verifier.domain == domain.encode()
        return False


class _Host(SMTP):
    """One connection to the mail host. Made by our own loop's server, no second thread."""

    def __init__(self, world: MailWorld, talks: set[_Host]) -> None:
        # The host name is given, or else the library asks the system's DNS for it.
        super().__init__(
            _Hooks(world), hostname="mail.example", loop=asyncio.get_running_loop(), ident="ESMTP"
        )
        self._world = world
        self._open = talks

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note that it is open."""
        self._open.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Note that it is gone."""
        super().connection_lost(error)
        self._open.discard(self)
        self._world.changed()

    def hang_up(self) -> None:
        """End the connection without a word."""
        if isinstance(self.transport, asyncio.Transport):
            self.transport.abort()


class _Hooks:
    """What aiosmtpd calls at each stage."""

    def __init__(self, world: MailWorld) -> None:
        self._world = world

    async def handle_RCPT(  # noqa: N802 - the library's name
        self,
        _server: _Host,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        """Take a recipient, unless told to refuse."""
        refusal = self._world.refusal("rcpt", address)
        if refusal is None:
            envelope.rcpt_tos.append(address)
        return refusal or "250 2.1.5 OK"

    async def handle_DATA(self, server: _Host, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - the library's name
        """Take the mail, unless told to refuse or to hang up."""
        for recipient in envelope.rcpt_tos:
            refusal = self._world.refusal("data", recipient)
            if refusal is not None:
                return refusal
        if not await self._world.take(envelope):
            server.hang_up()
            await asyncio.get_running_loop().create_future()  # until the loss ends this talk
        return "250 2.0.0 OK"


def fold(address: str) -> str:
    """The form under which two spellings of one mailbox are equal."""
    return address.strip().strip("<>").lower()


def reply_subject(mail: Mail) -> str:
    """The subject of an answer, with one `Re:`."""
    return mail.subject if mail.subject.lower().startswith("re:") else f"Re: {mail.subject}"


def signed(raw: bytes, domain: str) -> bytes:
    """The mail with a DKIM signature of this domain on top (RSA-2048, SHA-256, relaxed)."""
    pem, _ = _key()
    header = dkim.sign(
        raw,
        SELECTOR.encode("ascii"),
        domain.encode("ascii"),
        pem,
        canonicalize=(b"relaxed", b"relaxed"),
        include_headers=list(_SIGNED),
    )
    return bytes(header) + raw


def key_record() -> str:
    """The TXT record of the key that signs for every invented domain (RFC 6376 section 3.6.1)."""
    return f"v=DKIM1; k=rsa; p={_key()[1]}"


@lru_cache(maxsize=1)  # making a key takes about 100 ms, and one serves all domains
def _key() -> tuple[bytes, str]:
    """The private key as PKCS#1 PEM, and the public one in base64."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return pem, "".join(public.decode("ascii").splitlines()[1:-1])


def _received(domain: str) -> bytes:
    """What the writer's own mail host puts on top, with the place she writes from."""
    return f"Received: from [{HOME_IP}] (laptop.home) by mail.{domain} with ESMTPSA\r\n".encode()


def _bare(header: Any) -> str:
    return email.utils.parseaddr(str(header or ""))[1]


def _part(message: EmailMessage, kind: Literal["plain", "html"]) -> str:
    body = message.get_body((kind,))
    return "" if body is None else str(body.get_content()).replace("\r\n", "\n").rstrip("\n")
