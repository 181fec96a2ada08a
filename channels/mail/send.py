"""Mail out: the channel the engine sends through."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime

from channels.contact import EMAIL
from channels.contract import Later, Never, Outcome, Outgoing, Piece, Trouble
from channels.mail import bundle
from channels.mail.bodies import Bodies, Body
from channels.mail.compose import Voice, compose, octets, opaque, self_test
from channels.mail.config import MailOutConfig
from channels.mail.desk import Desk
from channels.mail.dkim import Header, Signer
from channels.mail.readable import readable_body, readable_head
from channels.mail.smarthost import Smarthost
from channels.secret import Secret

_QUICK = 0.5
"""Seconds, from asking for a copy to its answer."""

_MOST_READ = 8

_log = logging.getLogger(__name__)


class MailChannel:
    """Composes, signs and hands over. Implements `channels.contract.Channel`."""

    def __init__(self, config: MailOutConfig, clock: Callable[[], datetime]) -> None:
        """`clock` gives aware times. Raises `BadKeyError`, `UnsafeHeaderError`."""
        self_test()
        self._config = config
        self._clock = clock
        self._voice = Voice(
            domain=config.domain,
            programme_name=config.programme_name,
            notice_address=config.notice_address,
            public_url=config.public_url,
        )
        self._desk = Desk(Signer(config.domain, config.signing_keys))
        self._bodies = Bodies()
        self._read: dict[int, tuple[Body, str]] = {}
        """What can be read in the bodies at hand, by their identity."""
        self._smarthost = Smarthost(config)
        self._closed = False
        self._under_way = 0
        self._room = config.connections

    @property
    def name(self) -> str:
        """The word for this channel."""
        return EMAIL

    @property
    def priced(self) -> bool:
        """Mail has no price."""
        return False

    def cost(self, **copy: object) -> int:  # noqa: ARG002 - the contract's shape
        """Nothing."""
        return 0

    def cost_together(self, pieces: Sequence[Piece], number: Secret) -> int | None:  # noqa: ARG002 - the contract's shape
        """Nothing, if they fit into one mail."""
        return 0 if bundle.fits(pieces) else None

    @property
    def concurrency(self) -> int:
        """One for each connection, and more while a copy is answered soon after it was asked for.

        So large batches meet a quick smarthost, and little is in hand, to be waited for at a STOP
        or in doubt after a crash, where it is slow.
        """
        return self._room

    async def send(self, out: Outgoing) -> Outcome:
        """Compose, sign and hand over one copy. Raises nothing but cancellation."""
        self._under_way += 1
        loop = asyncio.get_running_loop()
        begun = loop.time()
        outcome: Outcome = Later(why=Trouble.OUR_FAULT)
        try:
            outcome = await self._send(out)
        except Exception:  # noqa: BLE001  # unknown errors mean "later"
            _log.exception("mail out")
        finally:
            self._adapt(outcome, loop.time() - begun)
            self._under_way -= 1
            if not self._under_way:
                self._forget()  # no word stays longer than it is needed
        return outcome

    def _adapt(self, outcome: Outcome, seconds: float) -> None:
        """One more at once for each that was quick, one less for each that was not."""
        least, most = self._config.connections, self._config.most_in_hand
        if isinstance(outcome, Later) and outcome.why is not Trouble.REFUSED_FOR_NOW:
            self._room = least
        else:
            step = 1 if seconds < _QUICK else -1
            self._room = max(least, min(most, self._room + step))

    async def close(self) -> None:
        """Hang up, end the signing threads, let go of all words. A send after this is later."""
        self._closed = True
        self._forget()
        await self._smarthost.close()
        self._desk.close()

    async def _send(self, out: Outgoing) -> Outcome:
        now = self._clock()
        if self._closed:
            return Later(why=Trouble.UNREACHABLE)
        if out.expires <= now:
            return Never(why=Trouble.REFUSED)  # after `expires` the copy must not reach anyone
        prepared = self._bodies.get(out)
        headers = compose(out, self._voice, prepared, now)
        if not self._may_leave(out, headers, prepared):
            return Never(why=Trouble.WOULD_LEAK)
        signatures = await self._desk.sign(headers, prepared.hash)
        token = out.return_path.reveal() or opaque("bounce", out.delivery)
        sender = f"bounce+{token}@{self._config.domain}"
        message = octets([*signatures, *headers], prepared)
        return await self._smarthost.hand_over(sender, out.to, message)

    def _may_leave(self, out: Outgoing, headers: Sequence[Header], prepared: Body) -> bool:
        """Ask about all that a reader would see; the body is read once for all of them."""
        head = b"".join([b"%b:%b" % each for each in headers])
        read = self._read.get(id(prepared))
        if read is None or read[0] is not prepared:
            if len(self._read) >= _MOST_READ:
                self._read.clear()
            text = readable_body(head + b"\r\n" + prepared.encoded)
            read = self._read[id(prepared)] = (prepared, text)
        return out.may_leave(read[1]) and out.may_leave(readable_head(head))

    def _forget(self) -> None:
        self._bodies.forget()
        self._read.clear()
