"""Mail out: the channel the engine sends through."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from channels.contact import EMAIL
from channels.contract import Later, Outcome, Outgoing, Trouble
from channels.mail.compose import Bodies, Voice, compose, octets, opaque, self_test
from channels.mail.config import MailOutConfig
from channels.mail.dkim import Signer
from channels.mail.smarthost import Smarthost

SIGNING_THREADS = 2
"""OpenSSL lets go of the interpreter lock while it signs."""

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
        )
        self._signer = Signer(config.domain, config.dkim_selector, config.dkim_key)
        self._threads = ThreadPoolExecutor(SIGNING_THREADS, thread_name_prefix="dkim")
        self._bodies = Bodies()
        self._smarthost = Smarthost(config)
        self._under_way = 0

    @property
    def name(self) -> str:
        """The word for this channel."""
        return EMAIL

    @property
    def concurrency(self) -> int:
        """One for each connection: nothing that was claimed waits for one."""
        return self._config.connections

    async def send(self, out: Outgoing) -> Outcome:
        """Compose, sign and hand over one copy. Raises nothing but cancellation."""
        self._under_way += 1
        try:
            return await self._send(out)
        except Exception:  # noqa: BLE001  # unknown errors mean "later"
            _log.exception("mail out")
            return Later(why=Trouble.OUR_FAULT)
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._bodies.forget()  # no word stays longer than it is needed

    async def close(self) -> None:
        """Hang up, end the signing threads, let go of all words."""
        self._bodies.forget()
        await self._smarthost.close()
        self._threads.shutdown(wait=True, cancel_futures=True)

    async def _send(self, out: Outgoing) -> Outcome:
        prepared = self._bodies.get(out.post, out.text)
        headers = compose(out, self._voice, prepared, self._clock())
        loop = asyncio.get_running_loop()
        signature = await loop.run_in_executor(
            self._threads, self._signer.sign, headers, prepared.hash
        )
        sender = f"bounce+{opaque('bounce', out.delivery)}@{self._config.domain}"
        message = octets([signature, *headers], prepared)
        return await self._smarthost.hand_over(sender, out.to, message)
