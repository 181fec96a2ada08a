"""SMTP to the smarthost: a few kept connections, one recipient a transaction, every step timed.

aiosmtplib connects, does TLS and logs in; from there on `Pipe` drives the connection, so that it
is always known whether the message itself may have left. Reply texts are looked at for their
codes and dropped: they quote addresses.
"""

from __future__ import annotations

import asyncio
import logging
import re
import ssl
from collections import deque

from aiosmtplib import SMTP, SMTPException
from aiosmtplib.errors import SMTPResponseException

from channels.contract import Later, Outcome, Trouble
from channels.mail.config import MailOutConfig
from channels.mail.pipeline import Job, Pace, Pipe, Stage
from channels.secret import Contact

_SULK = 5.0
"""Seconds until we try for one more connection, where one was refused and others work."""

_IN_A_COMMAND = re.compile(rb"[^\x00-\x20\x7f<>]+")

_log = logging.getLogger(__name__)


class _NoTlsError(Exception):
    """The smarthost gives no TLS that can be trusted."""


class Smarthost:
    """Connections to one smarthost, opened when needed and kept while they are used."""

    def __init__(self, config: MailOutConfig) -> None:
        self._config = config
        self._tls = _tls_context(config)
        self._pace = Pace(
            command=config.command_seconds, data=config.data_seconds, idle=config.idle_seconds
        )
        self._waiting: deque[Job] = deque()
        self._pipes: list[Pipe] = []
        self._opening: set[asyncio.Task[None]] = set()
        self._sulks_until = 0.0
        self._closed = False

    async def hand_over(self, sender: str, to: Contact, message: bytes) -> Outcome:
        """Give one message for one recipient to the smarthost, within `send_seconds`."""
        job = _job(sender, to, message)
        self._waiting.append(job)
        self._dispatch()
        try:
            async with asyncio.timeout(self._config.send_seconds):
                return await job.ended
        except TimeoutError:
            if job.stage is Stage.SENT_OFF:
                return Later(why=Trouble.ANSWER_LOST, unsure=True)
            return Later(why=Trouble.TIMEOUT)
        finally:
            self._let_go(job)

    async def close(self) -> None:
        """Hang up all connections; those on which something is under way when it has ended."""
        self._closed = True
        self._end_waiting(Later(why=Trouble.UNREACHABLE))
        for task in list(self._opening):
            task.cancel()
        for pipe in list(self._pipes):
            pipe.finish()
        await asyncio.gather(*self._opening, return_exceptions=True)
        await asyncio.sleep(0)  # transports close in the loop's next turn

    # Who takes what ------------------------------------------------------------------------

    def _dispatch(self) -> None:
        """Give what waits to idle connections, then to busy ones with room; open more if short."""
        if self._closed:
            self._end_waiting(Later(why=Trouble.UNREACHABLE))
        for idle in (True, False):
            for pipe in list(self._pipes):
                if not self._waiting:
                    return
                if pipe.is_free and pipe.is_idle is idle and (job := self._next_for(pipe)):
                    pipe.take(job)
        self._open_more()

    def _next_for(self, pipe: Pipe) -> Job | None:
        """The longest waiting copy that may go over this connection now."""
        found: Job | None = None
        others: list[Job] = []
        while self._waiting and found is None:
            job = self._waiting.popleft()
            if job.ended.done():
                continue
            if not job.to.isascii() and "smtputf8" not in pipe.extensions:
                job.end(Later(why=Trouble.NOT_CONFIGURED))
            elif self._has_its_share(job.domain, pipe):
                others.append(job)
            else:
                job.parameters = self._parameters(job, pipe)
                found = job
        self._waiting.extendleft(reversed(others))
        return found

    def _has_its_share(self, domain: bytes, pipe: Pipe | None) -> bool:
        """Whether copies for a domain are on so many connections that no other may join them."""
        most = self._config.domain_connections
        if len(self._pipes) <= most:
            return False
        serving = [each for each in self._pipes if each.serves(domain)]
        return len(serving) >= most and pipe not in serving

    def _parameters(self, job: Job, pipe: Pipe) -> bytes:
        """What is asked for behind MAIL FROM, where it is offered (RFC 6531, RFC 8689)."""
        found = b"" if job.to.isascii() else b" SMTPUTF8"
        if self._config.require_tls_onward and "requiretls" in pipe.extensions:
            found += b" REQUIRETLS"
        return found

    def _let_go(self, job: Job) -> None:
        """Nobody waits for this copy any more."""
        if job.stage is Stage.WAITING and job in self._waiting:
            self._waiting.remove(job)
            return
        for pipe in list(self._pipes):
            pipe.abandon(job)

    def _gone(self, pipe: Pipe, again: list[Job]) -> None:
        """A connection has ended; of the copies in `again` nothing has left."""
        if pipe in self._pipes:
            self._pipes.remove(pipe)
        self._waiting.extendleft(reversed(again))
        if self._closed:
            self._end_waiting(Later(why=Trouble.UNREACHABLE))
        else:
            asyncio.get_running_loop().call_soon(self._dispatch)

    def _end_waiting(self, outcome: Outcome) -> None:
        while self._waiting:
            self._waiting.popleft().end(outcome)

    # Connections ---------------------------------------------------------------------------

    def _open_more(self) -> None:
        """Open a connection for each copy that waits, up to the limit."""
        others = self._pipes or self._opening  # somebody will take, or say no for all
        if others and asyncio.get_running_loop().time() < self._sulks_until:
            return
        room = self._config.connections - len(self._pipes) - len(self._opening)
        if room <= 0 or not self._waiting:
            return
        wanted = sum(not self._has_its_share(job.domain, None) for job in self._waiting)
        for _ in range(min(room, wanted - len(self._opening))):
            task = asyncio.create_task(self._add(), name="smarthost")
            self._opening.add(task)
            task.add_done_callback(self._opened)

    def _opened(self, task: asyncio.Task[None]) -> None:
        """One attempt has ended, whichever way."""
        self._opening.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, (OSError, SMTPException, _NoTlsError)):
            _log.error("mail out", exc_info=error)
        if error is not None and not self._pipes and not self._opening:
            self._end_waiting(_why_not_open(error))
        elif error is not None:
            self._sulks_until = asyncio.get_running_loop().time() + _SULK
        if not self._closed:
            self._dispatch()

    async def _add(self) -> None:
        """Open a connection and put it to use. Raises what keeps us from it."""
        client = await self._open()
        transport = client.transport
        if not isinstance(transport, asyncio.Transport):
            raise ConnectionResetError
        names = frozenset(name.lower() for name in client.esmtp_extensions)
        pipe = Pipe(transport, self._pace, self._next_for, self._gone, names)
        self._pipes.append(pipe)
        pipe.start()

    async def _open(self) -> SMTP:
        """A connection that is encrypted as it must be and logged in."""
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
        except BaseException:
            client.close()
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


def _job(sender: str, to: Contact, message: bytes) -> Job:
    """Raises `ValueError` for what must not be written into a command."""
    mail_from, rcpt_to = sender.encode("ascii"), to.reveal().encode("utf-8")
    if not (_IN_A_COMMAND.fullmatch(mail_from) and _IN_A_COMMAND.fullmatch(rcpt_to)):
        raise ValueError("an address that cannot stand in a command")
    return Job(
        sender=mail_from,
        to=rcpt_to,
        domain=rcpt_to.rpartition(b"@")[2].lower(),
        message=message,
        ended=asyncio.get_running_loop().create_future(),
    )


def _why_not_open(error: BaseException) -> Outcome:
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
    if isinstance(error, SMTPException):
        return Later(why=Trouble.NOT_CONFIGURED)  # no AUTH, or none that both sides know
    return Later(why=Trouble.OUR_FAULT)


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
