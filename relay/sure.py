"""Asking twice before something that cannot be taken back: `REALLY 4821`."""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from channels.contract import NO_WORDS
from channels.secret import Secret
from relay.model import Body, Member
from relay.store.pending import Pending, Why

ANSWERED_WITHIN = timedelta(minutes=15)
"""How long the second word is waited for."""


class Sure:
    """Keeps what somebody asked for, sealed, until she says its code; one thing at a time.

    The code is worth nothing to anybody else, or on another channel: it is read as hers. A wrong
    one ends it, so that nobody finds it by trying.
    """

    def __init__(self, pending: Pending) -> None:
        self._pending = pending

    async def ask(self, c: AsyncConnection, member: Member, act: str, now: datetime) -> str:
        """Keep an act of hers, in place of any before. Returns the code to be said."""
        await self._pending.take_all(c, member, (Why.SURE,), now)
        code = str(1000 + secrets.randbelow(9000))
        body = Body(author=None, mask=NO_WORDS, subject=Secret(code), text=Secret(act))
        expires = now + ANSWERED_WITHIN
        await self._pending.add(c, member, body, Why.SURE, reader_id=None, expires=expires, now=now)
        return code

    async def answered(
        self, c: AsyncConnection, member: Member, code: int, now: datetime
    ) -> str | None:
        """The act that she is sure of; `None` if there is none of this code."""
        for waiting in await self._pending.take_all(c, member, (Why.SURE,), now):
            if waiting.body is None:
                continue
            kept = waiting.body.subject.reveal()
            if hmac.compare_digest(kept.encode(), str(code).encode()):
                return waiting.body.text.reveal()
        return None
