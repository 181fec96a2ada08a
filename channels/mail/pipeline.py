"""One SMTP connection, greeted, encrypted and logged in, on which transactions follow each other.

Where the server offers PIPELINING (RFC 2920) MAIL, RCPT and DATA go out together, and the next
envelope behind the dot of the message before it; elsewhere the same steps go one by one. Replies
are matched strictly in order. At every moment it is known of each copy whether its message may
have been taken: only from its own dot on, and only until that dot is answered.

Reply texts quote addresses, so nothing is kept of a reply but its codes.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto

from channels.contract import Later, Never, Outcome, Sent, Trouble

_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?", re.DOTALL)
_ENHANCED = re.compile(rb"\s*\d\.(\d{1,3})\.(\d{1,3})\b")
_LONGEST_REPLY = 32 * 1024
_FINAL = {(2, 1), (2, 3)}
_CALLER = (530, 534, 535, 538)


class Stage(Enum):
    """How far one copy got."""

    WAITING = auto()
    MAIL = auto()
    RCPT = auto()
    DATA = auto()
    SENT_OFF = auto()
    """The message is on its way and its dot has not been answered."""


class _Step(Enum):
    """What a reply that is still to come answers."""

    MAIL = auto()
    RCPT = auto()
    DATA = auto()
    DOT = auto()
    EMPTY = auto()
    """A lone dot: nobody was accepted, and the server asked for the message all the same."""
    RSET = auto()


@dataclass(frozen=True, slots=True)
class Reply:
    """The codes of a reply (RFC 5321 section 4.2, RFC 3463)."""

    code: int
    enhanced: tuple[int, int] | None = None
    """Subject and detail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Seconds a reply may take."""

    command: float
    data: float
    idle: float
    """How long a connection is kept that nobody uses."""


@dataclass(slots=True, eq=False, kw_only=True)
class Job:
    """One message for one recipient, on its way."""

    sender: bytes = field(repr=False)
    to: bytes = field(repr=False)
    domain: bytes = field(repr=False)
    parameters: bytes = b""
    """What is said behind the sender, with a space before it."""
    message: bytes = field(repr=False)
    ended: asyncio.Future[Outcome] = field(repr=False)
    stage: Stage = Stage.WAITING
    refused: _Step | None = None
    opens: bool = False
    """Whether it is the first on its connection."""

    def end(self, outcome: Outcome) -> None:
        """Answer, once. Whoever asked may have gone."""
        if not self.ended.done():
            self.ended.set_result(outcome)


Feed = Callable[["Pipe"], Job | None]
"""Where a connection gets its next job."""
Gone = Callable[["Pipe", list[Job]], None]
"""Told when a connection has ended, with the jobs of which nothing has left."""


class Pipe(asyncio.Protocol):
    """Drives the transactions of one connection.

    At most two are under way: one whose message has been sent off, and behind it one of which
    only the envelope has.
    """

    def __init__(
        self,
        transport: asyncio.Transport,
        pace: Pace,
        feed: Feed,
        gone: Gone,
        extensions: frozenset[str],
    ) -> None:
        """Takes the transport over. `extensions` are those of the last EHLO, in lower case."""
        self.extensions = extensions
        self._transport = transport
        self._pace = pace
        self._feed = feed
        self._gone = gone
        self._together = "pipelining" in extensions
        self._loop = asyncio.get_running_loop()
        self._buffer = bytearray()
        self._expected: deque[tuple[_Step, Job | None]] = deque()
        self._sent_off: Job | None = None
        self._envelope: Job | None = None
        self._used = False
        self._doomed = False
        """Something was begun on it that must not go on."""
        self._finishing = False
        self._over = False
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None

    # For the pool --------------------------------------------------------------------------

    def start(self) -> None:
        """Begin with what waits."""
        self._transport.set_protocol(self)
        if self._transport.is_closing():
            self._break()
        else:
            self._rest()

    @property
    def is_free(self) -> bool:
        """Whether it may be given a job now."""
        if self._over or self._doomed or self._finishing or self._envelope is not None:
            return False
        return self._together or not self._expected

    @property
    def is_idle(self) -> bool:
        """Whether nothing at all is under way."""
        return self.is_free and self._sent_off is None

    def serves(self, domain: bytes) -> bool:
        """Whether a copy for a domain is under way on it."""
        return any(
            job is not None and job.domain == domain for job in (self._sent_off, self._envelope)
        )

    def take(self, job: Job) -> None:
        """Begin a transaction. Only when `is_free`."""
        self._write(self._begin(job))

    def abandon(self, job: Job) -> None:
        """Nobody waits for this job any more: send its message not, if it has not been sent.

        What its connection was told of it cannot be taken back, so the connection ends, but not
        before the message ahead of it has been answered.
        """
        if self._over or job is not self._envelope:
            return  # once sent off, its answer only has to be read
        self._doomed = True
        if self._sent_off is None:
            self._break()

    def finish(self) -> None:
        """Take nothing more, and hang up when what is under way has ended."""
        self._finishing = True
        if not self._over and not self._expected:
            self._hang_up()

    # What the loop calls -------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Match replies with what they answer."""
        if self._over:
            return
        self._buffer += data
        try:
            while not self._over and (reply := self._next_reply()) is not None:
                self._match(reply)
        except ValueError:
            self._break()
            return
        if len(self._buffer) > _LONGEST_REPLY:
            self._break()

    def eof_received(self) -> bool:
        """The server will say nothing more."""
        self._break()
        return False

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the loop's shape
        """Whatever ended it, what matters is how far each copy got."""
        self._break()

    # Replies -------------------------------------------------------------------------------

    def _next_reply(self) -> Reply | None:
        """Take a whole reply off the buffer. Raises `ValueError` for what is none."""
        at, first = 0, None
        while (end := self._buffer.find(b"\n", at)) >= 0:
            line = _LINE.fullmatch(bytes(self._buffer[at:end]).rstrip(b"\r"))
            if line is None:
                raise ValueError
            first, at = first or line, end + 1
            if at > _LONGEST_REPLY:
                raise ValueError
            if line[2] != b"-":
                del self._buffer[:at]
                enhanced = _ENHANCED.match(first[3] or b"")
                pair = (int(enhanced[1]), int(enhanced[2])) if enhanced else None
                return Reply(int(line[1]), pair)
        return None

    def _match(self, reply: Reply) -> None:
        if not self._expected:
            self._break()  # nobody asked: most often 421, before it closes
            return
        step, job = self._expected.popleft()
        self._wait_for_next()
        if job is None:
            if step is _Step.RSET and reply.code != 250:
                self._break()
        elif step is _Step.DOT:
            self._answered(job, reply)
        elif step is _Step.DATA:
            self._data(job, reply)
        else:
            self._envelope_step(step, job, reply)
        if reply.code == 421:
            self._break()
        elif not self._over and not self._expected:
            self._rest()

    def _envelope_step(self, step: _Step, job: Job, reply: Reply) -> None:
        """MAIL or RCPT was answered."""
        stage = Stage.MAIL if step is _Step.MAIL else Stage.RCPT
        if reply.code == 250 or (step is _Step.RCPT and reply.code == 251):
            job.stage = Stage.RCPT if step is _Step.MAIL else Stage.DATA
            if not self._together:
                self._say(_Step.RCPT if step is _Step.MAIL else _Step.DATA, job)
            return
        if job.refused is not None or (step is _Step.MAIL and reply.code == 421):
            return  # refused already; or the connection was stale, and this copy goes elsewhere
        job.refused = step
        job.end(outcome_of(stage, reply))
        if not self._together:
            self._reset(b"")

    def _data(self, job: Job, reply: Reply) -> None:
        """DATA was answered: now, and only now, the message may leave."""
        if job.refused is None and reply.code == 354:
            self._send_off(job)
        elif reply.code == 354 and job.refused is _Step.RCPT:
            self._expected.append((_Step.EMPTY, None))
            self._reset(b".\r\n")
        elif reply.code == 354:
            self._break()  # it refused the sender and asks for the message: no telling for whom
        else:
            if job.refused is None:
                job.end(outcome_of(Stage.DATA, reply))
            self._reset(b"")

    def _send_off(self, job: Job) -> None:
        """The message and its dot, and behind it the next envelope."""
        if job.ended.done():
            self._break()  # called back at this very moment
            return
        job.stage = Stage.SENT_OFF
        self._sent_off, self._envelope = job, None
        self._expect(_Step.DOT, job)
        stuffed = job.message.replace(b"\n.", b"\n..")
        if stuffed.startswith(b"."):
            stuffed = b"." + stuffed
        job.message = b""
        self._write(stuffed + b".\r\n" + self._next())

    def _answered(self, job: Job, reply: Reply) -> None:
        """The dot was answered: this is how it ended."""
        self._used, self._sent_off = True, None
        job.end(outcome_of(Stage.SENT_OFF, reply))
        if self._doomed:
            self._break()

    def _reset(self, before: bytes) -> None:
        """Begin anew after a refusal, and with what comes next."""
        self._used, self._envelope = True, None
        if self._doomed:
            self._break()
            return
        self._expect(_Step.RSET, None)
        self._write(before + b"RSET\r\n" + (self._next() if self._together else b""))

    # Commands ------------------------------------------------------------------------------

    def _next(self) -> bytes:
        """The envelope of the next job, if there is one and it may go out already."""
        job = self._feed(self) if self.is_free else None
        return b"" if job is None else self._begin(job)

    def _begin(self, job: Job) -> bytes:
        job.stage, job.opens = Stage.MAIL, not self._used and self._sent_off is None
        self._envelope = job
        if not self._together:
            self._expect(_Step.MAIL, job)
            return _line(_Step.MAIL, job)
        for step in (_Step.MAIL, _Step.RCPT, _Step.DATA):
            self._expect(step, job)
        return b"".join(_line(step, job) for step in (_Step.MAIL, _Step.RCPT, _Step.DATA))

    def _say(self, step: _Step, job: Job) -> None:
        self._expect(step, job)
        self._write(_line(step, job))

    def _write(self, data: bytes) -> None:
        if data:
            self._transport.write(data)

    # Time ----------------------------------------------------------------------------------

    def _expect(self, step: _Step, job: Job | None) -> None:
        self._expected.append((step, job))
        if len(self._expected) == 1:
            self._wait_for_next()

    def _wait_for_next(self) -> None:
        """Note until when the next reply must be here."""
        if not self._expected:
            return
        slow = self._expected[0][0] is _Step.DOT
        self._due = self._loop.time() + (self._pace.data if slow else self._pace.command)
        self._watch()

    def _rest(self) -> None:
        """Nothing is under way: take what waits, or let go after a while."""
        if self._finishing:
            self._hang_up()
            return
        self._due = self._loop.time() + self._pace.idle
        self._watch()
        self._write(self._next())

    def _watch(self) -> None:
        """One timer is enough; it is moved only when it must ring earlier."""
        if self._timer is not None:
            if self._timer.when() <= self._due:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(self._due, self._rang)

    def _rang(self) -> None:
        self._timer = None
        if self._over:
            return
        if self._loop.time() < self._due:
            self._watch()
        elif self._expected:
            self._break(late=True)
        else:
            self._hang_up()

    # The end -------------------------------------------------------------------------------

    def _hang_up(self) -> None:
        """Part in good order. Nothing is under way."""
        self._transport.write(b"QUIT\r\n")
        self._break()

    def _break(self, *, late: bool = False) -> None:
        """The connection is over; say of each copy under way what that means for it."""
        if self._over:
            return
        self._over = True
        if self._timer is not None:
            self._timer.cancel()
        head = self._expected[0][1] if self._expected else None
        if self._expected:
            self._transport.abort()
        else:
            self._transport.close()
        again: list[Job] = []
        for job in (self._sent_off, self._envelope):
            if job is None:
                continue
            if job.stage is Stage.SENT_OFF:
                job.end(Later(why=Trouble.ANSWER_LOST, unsure=True))
            elif late and job is head:
                job.end(Later(why=Trouble.TIMEOUT))
            elif job.opens:
                job.end(Later(why=Trouble.UNREACHABLE))
            elif not job.ended.done():
                job.stage = Stage.WAITING
                again.append(job)
        self._expected.clear()
        self._gone(self, again)


def _line(step: _Step, job: Job) -> bytes:
    if step is _Step.MAIL:
        return b"MAIL FROM:<%b>%b\r\n" % (job.sender, job.parameters)
    return b"RCPT TO:<%b>\r\n" % job.to if step is _Step.RCPT else b"DATA\r\n"


def outcome_of(stage: Stage, reply: Reply) -> Outcome:
    """What a reply means for the copy it ends (RFC 5321 section 4.2.1, RFC 3463)."""
    if stage is Stage.SENT_OFF and 200 <= reply.code <= 299:
        return Sent()
    if not 500 <= reply.code <= 599:
        return Later(why=Trouble.REFUSED_FOR_NOW)
    if stage is Stage.MAIL or reply.code in _CALLER:
        return Later(why=Trouble.NOT_CONFIGURED)
    return _refused(reply.enhanced)


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
