"""SMTP to the smarthost: kept connections, one recipient a transaction, every step timed.

aiosmtplib connects, does TLS and logs in; the transaction is driven here command by command, so
that it is always known whether the message itself may have left. Reply texts are looked at for
their codes and dropped: they quote addresses.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from dataclasses import dataclass
from enum import Enum, auto

from aiosmtplib import SMTP, SMTPException, SMTPResponse
from aiosmtplib.errors import SMTPResponseException, SMTPTimeoutError
from aiosmtplib.protocol import SMTPProtocol

from channels.contract import Later, Never, Outcome, Sent, Trouble
from channels.mail.config import MailOutConfig
from channels.secret import Contact

_ENHANCED = re.compile(r"\s*(\d)\.(\d{1,3})\.(\d{1,3})\b")
_STUFF = re.compile(rb"(?m)^\.")
_FINAL = {(2, 1), (2, 3)}
_CALLER = (530, 534, 535, 538)


class _Stage(Enum):
    """How far a transaction got; the order of the members is the order of the steps."""

    MAIL = auto()
    RCPT = auto()
    DATA = auto()
    SENT_OFF = auto()
    """The message is on its way and has not been answered."""


@dataclass(slots=True)
class _Attempt:
    """One message on its way, and how far it got: what a deadline means depends on it."""

    sender: str
    to: Contact
    message: bytes
    stage: _Stage = _Stage.MAIL


class _NoTlsError(Exception):
    """The smarthost gives no TLS that can be trusted."""


class Smarthost:
    """A few connections to one smarthost, opened when needed and kept while they are used."""

    def __init__(self, config: MailOutConfig) -> None:
        self._config = config
        self._slots = asyncio.Semaphore(config.connections)
        self._idle: list[tuple[SMTP, asyncio.TimerHandle]] = []
        self._tls = _tls_context(config)
        self._closed = False

    async def hand_over(self, sender: str, to: Contact, message: bytes) -> Outcome:
        """Give one message for one recipient to the smarthost, within `send_seconds`."""
        attempt = _Attempt(sender, to, message)
        try:
            async with asyncio.timeout(self._config.send_seconds), self._slots:
                return await self._deliver(attempt)
        except TimeoutError:
            if attempt.stage is _Stage.SENT_OFF:
                return Later(why=Trouble.ANSWER_LOST, unsure=True)
            return Later(why=Trouble.TIMEOUT)

    async def _deliver(self, attempt: _Attempt) -> Outcome:
        client = self._kept()
        if client is not None:
            outcome = await self._transact(client, attempt)
            if outcome is not None:
                return outcome
        opened = await self._open()
        if not isinstance(opened, SMTP):
            return opened
        outcome = await self._transact(opened, attempt)
        return outcome or Later(why=Trouble.UNREACHABLE)

    async def close(self) -> None:
        """Hang up all connections. Transactions under way end by themselves."""
        self._closed = True
        while self._idle:
            client, timer = self._idle.pop()
            timer.cancel()
            client.close()
        await asyncio.sleep(0)  # transports close in the loop's next turn

    def _kept(self) -> SMTP | None:
        while self._idle:
            client, timer = self._idle.pop()
            timer.cancel()
            if client.is_connected:
                return client
        return None

    def _keep(self, client: SMTP) -> None:
        if self._closed:
            client.close()
            return
        loop = asyncio.get_running_loop()
        timer = loop.call_later(self._config.idle_seconds, self._drop, client)
        self._idle.append((client, timer))

    def _drop(self, client: SMTP) -> None:
        self._idle = [kept for kept in self._idle if kept[0] is not client]
        client.close()

    async def _open(self) -> SMTP | Outcome:
        """A connection that is encrypted as it must be and logged in, or why there is none."""
        config = self._config
        client = SMTP(
            hostname=config.smarthost_host.strip("[]"),
            port=config.smarthost_port,
            local_hostname=config.hostname,
            timeout=config.connect_seconds,
            use_tls=config.implicit_tls,
            start_tls=False,
            tls_context=self._tls,
        )
        try:
            await client.connect()
            client.timeout = config.command_seconds
            await self._greet(client)
        except BaseException as error:
            client.close()
            if isinstance(error, (OSError, SMTPException, _NoTlsError)):
                return _why_not_open(error)
            raise
        return client

    async def _greet(self, client: SMTP) -> None:
        """EHLO, STARTTLS where it must be, AUTH where it is set."""
        config = self._config
        await client.ehlo()
        if config.must_encrypt and not config.implicit_tls:
            if not client.supports_extension("starttls"):
                raise _NoTlsError
            await client.starttls()
            await client.ehlo()
        if config.user is not None and config.password is not None:
            await client.login(config.user, config.password.reveal())

    async def _transact(self, client: SMTP, attempt: _Attempt) -> Outcome | None:
        """One transaction. `None`: the connection was stale and nothing of the message left."""
        attempt.stage = _Stage.MAIL
        try:
            sender, to = attempt.sender.encode("ascii"), attempt.to.reveal().encode("ascii")
            answer = await client.execute_command(b"MAIL", b"FROM:<%b>" % sender)
            if answer.code == 250:
                attempt.stage = _Stage.RCPT
                answer = await client.execute_command(b"RCPT", b"TO:<%b>" % to)
            if attempt.stage is _Stage.RCPT and answer.code in (250, 251):
                attempt.stage = _Stage.DATA
                answer = await client.execute_command(b"DATA")
            if attempt.stage is _Stage.DATA and answer.code == 354:
                protocol = _write(client, attempt.message)
                attempt.stage = _Stage.SENT_OFF
                answer = await protocol.read_response(timeout=self._config.data_seconds)
        except (OSError, SMTPException) as error:
            client.close()
            return _broken(attempt.stage, error)
        except BaseException:
            client.close()  # cancelled half-way: nobody could say what the next answer belongs to
            raise
        if attempt.stage is _Stage.MAIL and answer.code == 421:
            client.close()
            return None
        await self._put_back(client, attempt.stage)
        return _outcome(attempt.stage, answer)

    async def _put_back(self, client: SMTP, stage: _Stage) -> None:
        """Keep the connection, after a reset if the transaction was broken off."""
        if not client.is_connected:
            return
        if stage is not _Stage.SENT_OFF:
            try:
                clean = (await client.execute_command(b"RSET")).code == 250
            except (OSError, SMTPException):
                clean = False
            except BaseException:
                client.close()
                raise
            if not clean:
                client.close()
                return
        self._keep(client)


def _write(client: SMTP, message: bytes) -> SMTPProtocol:
    """Send the message itself and its dot; the answer that decides is still to be read."""
    if client.protocol is None:
        raise ConnectionResetError
    client.protocol.write(_STUFF.sub(b"..", message) + b".\r\n")
    return client.protocol


def _outcome(stage: _Stage, answer: SMTPResponse) -> Outcome:
    """What an answer means for this copy (RFC 5321 section 4.2.1, RFC 3463)."""
    code = answer.code
    if stage is _Stage.SENT_OFF and 200 <= code <= 299:
        return Sent()
    if not 500 <= code <= 599:
        return Later(why=Trouble.REFUSED_FOR_NOW)
    match = _ENHANCED.match(answer.message)
    enhanced = (int(match[2]), int(match[3])) if match else None
    if stage is _Stage.MAIL or code in _CALLER:
        return Later(why=Trouble.NOT_CONFIGURED)
    return _refused(enhanced)


def _refused(enhanced: tuple[int, int] | None) -> Outcome:
    """What a 5xx says by its enhanced code (RFC 3463): final only where that is beyond doubt.

    5.1 is her address; 5.2.1, 5.2.3 and 5.6 are final for this copy; 5.7 is about us, and somebody
    must look. All else may pass: a smarthost gives a bare 550 for limits and mistakes of its own.
    """
    if enhanced is not None and enhanced[0] == 1:
        return Never(why=Trouble.BAD_CONTACT)
    if enhanced is not None and (enhanced in _FINAL or enhanced[0] == 6):
        return Never(why=Trouble.REFUSED)
    about_us = enhanced is not None and enhanced[0] == 7
    return Later(why=Trouble.NOT_CONFIGURED if about_us else Trouble.REFUSED_FOR_NOW)


def _broken(stage: _Stage, error: Exception) -> Outcome | None:
    """The connection failed in a transaction."""
    if stage is _Stage.SENT_OFF:
        return Later(why=Trouble.ANSWER_LOST, unsure=True)
    if isinstance(error, (SMTPTimeoutError, TimeoutError)):
        return Later(why=Trouble.TIMEOUT)
    return None


def _why_not_open(error: Exception) -> Outcome:
    """Why no connection could be had. All of it passes or is ours to mend, so all is later."""
    if isinstance(error, _NoTlsError) or _is_tls_trouble(error):
        return Later(why=Trouble.NO_TLS)
    if isinstance(error, SMTPResponseException):
        passing = 400 <= error.code <= 499
        return Later(why=Trouble.REFUSED_FOR_NOW if passing else Trouble.NOT_CONFIGURED)
    if isinstance(error, TimeoutError):
        return Later(why=Trouble.TIMEOUT)
    if isinstance(error, OSError):
        return Later(why=Trouble.UNREACHABLE)
    return Later(why=Trouble.NOT_CONFIGURED)  # no AUTH, or none that both sides know


def _is_tls_trouble(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__
    return False


def _tls_context(config: MailOutConfig) -> ssl.SSLContext | None:
    """Certificates are always verified, and the name with them."""
    if not config.implicit_tls and not config.must_encrypt:
        return None
    context = ssl.create_default_context(cafile=config.ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
