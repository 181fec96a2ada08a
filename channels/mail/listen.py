"""The SMTP edge: takes mail for our domain, and tells outsiders nothing.

aiosmtpd runs the dialogue on our own loop (never its `Controller`, which starts a thread). `250`
is said only after the engine said the message is durable. Unknown alias, stranger, forgery and
nonsense get the same octets at the same stage; trouble on our side is always 4xx.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
import ssl
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from weakref import WeakSet

from aiosmtpd.smtp import SMTP, Envelope, Session

from channels.contact import EMAIL
from channels.contract import Accept, Hear, Inbound, Proof, Receipt, Report
from channels.mail.authentic import Checked, Dialogue, body_digest, check, inside
from channels.mail.config import MailInConfig
from channels.mail.dns import Address, Names
from channels.mail.parse import Parsed, Unreadable, parse
from channels.mail.reports import hear_out, is_for_machines
from channels.secret import Contact, Secret

TAKEN = "250 2.0.0 Message taken"
REFUSED = "550 5.7.1 Message not accepted"
"""For everything that is not taken, whatever the reason."""
LATER = "451 4.3.0 Trouble on our side, try again later"
LATER_DNS = "451 4.4.3 Trouble with DNS, try again later"
BARE_LINE_END = "550 5.6.11 Lines must end in CR LF"
TOO_LARGE = "552 5.3.4 Message too large"
NOT_OURS = "550 5.7.1 Relaying denied"
ONE_AT_A_TIME = "452 4.5.3 One recipient at a time"
TOO_BUSY = b"421 4.3.2 Too busy, try again later\r\n"
CLOSING = b"421 4.3.2 Closing\r\n"

_CALLS = {"EHLO": 5, "HELO": 5, "STARTTLS": 2, "HELP": 5, "VRFY": 5, "NOOP": 50, "*": 1_000}
_BARE = re.compile(rb"(?<!\r)\n|\r(?!\n)")
_LOCAL_PART = re.compile(r"[a-z0-9._+=-]{1,64}")
_END = b"\r\n.\r\n"
_WHOLE_BUFFER = 2**24
_MOST_DISCARDED = 16
_LARGE = 64 * 1024
_WORK_SECONDS = 120.0
_NOBODY = Contact(EMAIL, "nobody@sender.invalid")
"""Stands in where From names nobody, so that the same path is walked (RFC 2606)."""

_log = logging.getLogger(__name__)
_Read = TypeVar("_Read")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mail:
    """One message as the dialogue left it."""

    raw: bytes
    null_sender: bool
    to: str
    for_machines: bool
    """Whether it was sent to an address that only reports and requests come to."""
    dialogue: Dialogue


class _TooSlowError(Exception):
    """A message took longer to read than any honest one does."""


class Listener:
    """The listening socket and its sessions. `serve` makes one."""

    def __init__(
        self,
        config: MailInConfig,
        accept: Accept,
        resolver: Names,
        clock: Callable[[], datetime],
        note: Callable[[str], None],
        insider: Callable[[Address], bool],
        hear: Hear,
    ) -> None:
        self.config = config
        self._insider, self._hear = insider, hear
        self._note = note
        self._accept, self._resolver, self._clock = accept, resolver, clock
        self._tls = _tls_context(config)
        self._sessions: WeakSet[_Session] = WeakSet()
        self._work: set[asyncio.Task[str]] = set()
        self._large = asyncio.Semaphore(2)
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """The port listened on, also where the system chose it."""
        assert self._server is not None  # noqa: S101  # `serve` opened it
        return int(self._server.sockets[0].getsockname()[1])

    async def open(self) -> None:
        """Listen. Raises `OSError`."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._protocol, self.config.host, self.config.port)

    async def close(self) -> None:
        """Stop listening, let messages under way get their answer, end the sessions."""
        if self._server is None:
            return
        self._server.close()
        if self._work:
            await asyncio.wait(self._work, timeout=self.config.command_seconds)
        await asyncio.gather(*(session.end() for session in list(self._sessions)))
        await self._server.wait_closed()

    def _protocol(self) -> asyncio.BaseProtocol:
        if len(self._sessions) >= self.config.max_sessions:
            return _TooBusy()
        session = _Session(self, self._tls)
        self._sessions.add(session)
        return session

    def gone(self, session: _Session) -> None:
        """A session's connection was lost."""
        self._sessions.discard(session)

    async def take(self, mail: _Mail) -> str:
        """Answer one message. A client that hangs up does not interrupt the work."""
        work = asyncio.get_running_loop().create_task(self._answer(mail))
        self._work.add(work)
        work.add_done_callback(self._work.discard)
        return await asyncio.shield(work)

    async def _answer(self, mail: _Mail) -> str:
        try:
            if mail.for_machines:
                return await self._take_report(mail)
            return await self._take_post(mail)
        except _TooSlowError:
            self._note("parse_time")
            return LATER
        except Exception:  # noqa: BLE001  # whatever it is, the answer is "later"
            _log.exception("mail in")
            return LATER

    async def _take_report(self, mail: _Mail) -> str:
        """A message to a return path, an unsubscribe address or the mailbox for complaints.

        Whatever it is, it is taken: a 550 would have the smarthost report her address elsewhere,
        and would tell which tokens are real.
        """
        local = mail.to.rpartition("@")[0]
        heard = await self._apart(mail, lambda: hear_out(local, mail.raw))
        if heard.report is not None:
            await self._hear(heard.report)
        self._note(heard.note.value)
        return TAKEN

    async def _take_post(self, mail: _Mail) -> str:
        """A message to an alias, a mask or a confirming address: the engine knows which."""
        if _BARE.search(mail.raw):
            self._note("bare_line_end")
            return BARE_LINE_END
        parsed = await self._parse(mail)
        if isinstance(parsed, Unreadable):
            self._note(parsed.why.value)
            return REFUSED
        alias = Secret(mail.to)
        checked = await check(
            *(mail.raw, parsed, alias, mail.dialogue, self._resolver, self._clock()),
            insider=self._insider,
        )
        if checked.proof is None:
            self._note("dns_trouble")
            return LATER_DNS
        inbound = _inbound(mail, parsed, alias, checked, checked.proof)
        receipt = await self._accept(inbound)
        return TAKEN if receipt in (Receipt.TAKEN, Receipt.AGAIN) else REFUSED

    async def _parse(self, mail: _Mail) -> Parsed | Unreadable:
        null, ours = mail.null_sender, self.config.domain
        return await self._apart(mail, lambda: parse(mail.raw, null_sender=null, ours=ours))

    async def _apart(self, mail: _Mail, read: Callable[[], _Read]) -> _Read:
        """Read; off the loop where it takes more than a few milliseconds.

        Raises `_TooSlowError`. A thread cannot be stopped: it keeps its place until it ends, so
        that messages made to be slow cannot fill all threads.
        """
        if len(mail.raw) < _LARGE:
            return read()
        try:
            async with asyncio.timeout(self.config.parse_seconds):
                await self._large.acquire()  # a picture takes several times its size
                work = asyncio.ensure_future(asyncio.to_thread(read))
                work.add_done_callback(self._one_more)
                return await asyncio.shield(work)
        except TimeoutError as error:
            raise _TooSlowError from error

    def _one_more(self, work: asyncio.Future[Any]) -> None:
        self._large.release()
        _read_ending(work)


async def _hear_nothing(_report: Report) -> None:
    """For whoever sends nothing that could come back."""


async def serve(
    config: MailInConfig,
    accept: Accept,
    resolver: Names,
    clock: Callable[[], datetime],
    *,
    note: Callable[[str], None] = lambda _: None,
    insider: Callable[[Address], bool] = inside,
    hear: Hear = _hear_nothing,
) -> Listener:
    """Listen for mail on the running loop. `clock` gives aware times. Raises `OSError`.

    `note` is told, in a word of a closed list (`Limit`, `reports.Note`, `bare_line_end`,
    `dns_trouble`, `parse_time`), what became of a message that the engine did not see. `hear`
    gets what bounces, complaints and requests to unsubscribe say, before 250 is. `insider` says
    which clients are fronts of the operator's own, whom no SPF record speaks of.
    """
    listener = Listener(config, accept, resolver, clock, note, insider, hear)
    await listener.open()
    return listener


def _inbound(mail: _Mail, parsed: Parsed, alias: Secret, checked: Checked, proof: Proof) -> Inbound:
    return Inbound(
        channel=EMAIL,
        provider_id=_provider_id(mail.raw, parsed, alias, checked),
        sender=parsed.sender or _NOBODY,
        sender_name=parsed.sender_name,
        to=alias,
        text=parsed.text,
        subject=parsed.subject,
        html=parsed.html,
        files=parsed.files,
        answers=parsed.answers,
        proof=proof,
        traits=parsed.traits,
        refusal_is_heard=True,
    )


def _provider_id(raw: bytes, parsed: Parsed, alias: Secret, checked: Checked) -> str:
    """The same for every repeat of one message, also for one changed where nothing is signed.

    Made of what a valid signature covers: Date, Subject, From, the canonical body; and Message-ID
    unless the signature leaves it open to change.
    """
    open_to_change = checked.signed and "message-id" not in checked.signed
    sender = parsed.sender.reveal().lower() if parsed.sender else ""
    facts = (
        alias.reveal(),
        sender,
        str(parsed.date),
        parsed.subject.reveal(),
        "" if open_to_change else parsed.message_id.reveal(),
    )
    digest = hashlib.sha256(body_digest(raw))
    for fact in facts:
        octets = fact.encode("utf-8", "replace")
        digest.update(len(octets).to_bytes(4, "big") + octets)
    return digest.hexdigest()


def _tls_context(config: MailInConfig) -> ssl.SSLContext | None:
    if config.tls_cert is None or config.tls_key is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(config.tls_cert, config.tls_key)
    return context


class _TooBusy(asyncio.Protocol):
    """Turns a connection away."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say so and hang up."""
        assert isinstance(transport, asyncio.WriteTransport)  # noqa: S101  # a TCP socket
        transport.write(TOO_BUSY)
        transport.close()


class _Hooks:
    """What aiosmtpd asks its handler."""

    def __init__(self, domain: str) -> None:
        self._domain = domain.lower()

    async def handle_EHLO(  # noqa: N802  # aiosmtpd's name
        self,
        _server: SMTP,
        session: Session,
        _envelope: Envelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        """Without the AUTH that aiosmtpd offers after STARTTLS."""
        session.host_name = hostname
        return [line for line in responses if not line[4:].upper().startswith("AUTH")]

    async def handle_RCPT(  # noqa: N802  # aiosmtpd's name
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        """Any address of our domain: who is there and who may write comes after DATA."""
        if address.rpartition("@")[2].lower() != self._domain:
            return NOT_OURS
        if envelope.rcpt_tos:
            return ONE_AT_A_TIME
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_exception(self, error: Exception) -> str:
        """Nothing about our insides."""
        _log.error("mail in", exc_info=error)
        return LATER


class _Session(SMTP):
    """One connection."""

    def __init__(self, listener: Listener, tls: ssl.SSLContext | None) -> None:
        config = listener.config
        self._listener, self._config = listener, config
        # an instance's own: the class's would grow with every EHLO of every client
        self.command_size_limits = defaultdict(lambda: SMTP.command_size_limit)
        super().__init__(
            _Hooks(config.domain),
            data_size_limit=config.max_bytes,
            hostname=config.hostname,
            ident="ESMTP",
            tls_context=tls,
            timeout=config.command_seconds,
            command_call_limit=_CALLS,
            loop=asyncio.get_running_loop(),
        )

    def connection_lost(self, error: Exception | None) -> None:
        """Forget the session."""
        super().connection_lost(error)
        self._listener.gone(self)
        if self._handler_coroutine is not None:
            self._handler_coroutine.add_done_callback(_read_ending)

    async def end(self) -> None:
        """Hang up."""
        transport: Any = self.transport
        if transport is not None:
            transport.write(CLOSING)
            transport.abort() if self.session and self.session.ssl else transport.close()
        if self._handler_coroutine is not None:
            await asyncio.gather(self._handler_coroutine, return_exceptions=True)

    async def smtp_HELP(self, _arg: str | None) -> None:  # noqa: N802  # aiosmtpd's name
        """Nothing to learn."""
        await self.push("214 2.0.0 See RFC 5321")

    async def smtp_VRFY(self, _arg: str | None) -> None:  # noqa: N802  # aiosmtpd's name
        """The same for every address, ours or not, well-formed or not."""
        await self.push("252 2.5.0 Send some mail and see")

    async def smtp_EXPN(self, _arg: str | None) -> None:  # noqa: N802  # aiosmtpd's name
        """Not here."""
        await self.push("502 5.5.1 Not implemented")

    async def smtp_AUTH(self, _arg: str | None) -> None:  # noqa: N802  # aiosmtpd's name
        """Nobody logs in here."""
        await self.push("502 5.5.1 Not implemented")

    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802  # aiosmtpd's name
        """Take the message and answer it (RFC 5321 section 4.1.1.4)."""
        envelope = self.envelope
        if await self.check_helo_needed():
            return
        if envelope is None or not envelope.rcpt_tos:
            await self.push("503 5.5.1 Need RCPT")
            return
        if arg:
            await self.push("501 5.5.4 Syntax: DATA")
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        self._reset_timeout(self._config.data_seconds)
        raw = await self._receive()
        self.envelope = self._create_envelope()
        if raw is None:
            answer = TOO_LARGE
        else:
            self._reset_timeout(_WORK_SECONDS)
            answer = await self._listener.take(_mail(raw, envelope, self.session))
        self._reset_timeout()
        await self.push(answer)

    async def _receive(self) -> bytes | None:
        """The octets up to CR LF dot CR LF, unstuffed; `None` if they are too many.

        Only that sequence ends a message: SMTP smuggling lives from servers that take less.
        Lines may be of any length, because real mail programs write them so.
        """
        got, most, seen, too_large = bytearray(b"\r\n"), self._config.max_bytes, 0, False
        looked = 0
        while (end := got.find(_END, looked)) < 0:
            looked = max(0, len(got) - len(_END) + 1)
            if len(got) > most + len(_END):
                too_large, looked = True, 0
                del got[: -len(_END) + 1]
            chunk = await self._reader.read(_WHOLE_BUFFER)
            seen += len(chunk)
            if not chunk or seen > most * _MOST_DISCARDED:
                raise ConnectionResetError
            got += chunk
        if rest := bytes(got[end + len(_END) :]):
            self._reader.feed_data(rest)  # the buffer is empty: `read` took all of it
        del got[end + 2 :]
        if too_large or len(got) - 2 > most:
            return None
        return bytes(got).replace(b"\r\n.", b"\r\n")[2:]


def _mail(raw: bytes, envelope: Envelope, session: Session | None) -> _Mail:
    local, _, domain = envelope.rcpt_tos[0].lower().rpartition("@")
    known_shape = _LOCAL_PART.fullmatch(local)
    return _Mail(
        raw=raw,
        null_sender=envelope.mail_from in ("", "<>", None),
        to=f"{local if known_shape else '-'}@{domain}",
        for_machines=is_for_machines(local),
        dialogue=_dialogue(envelope, session),
    )


def _dialogue(envelope: Envelope, session: Session | None) -> Dialogue:
    """Who the client is, by its connection and by its own words."""
    peer: Any = session.peer if session else None
    mail_from = str(envelope.mail_from or "")
    return Dialogue(
        peer=Secret(str(peer[0]) if isinstance(peer, tuple) else ""),
        helo=Secret(str(session.host_name or "") if session else ""),
        mail_from=Secret("" if mail_from == "<>" else mail_from),
    )


def _read_ending(task: asyncio.Future[Any]) -> None:
    """Take notice of how a dialogue ended, so that asyncio does not print it."""
    if not task.cancelled():
        task.exception()
