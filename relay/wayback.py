"""START from somebody of whom no row is left: her stop holds no more. She hears nothing."""

from __future__ import annotations

from channels.contract import Inbound, Proof
from relay.store.database import Database
from relay.store.optouts import OptOuts
from relay.words.reading import parse
from relay.words.word import Command


class WayBack:
    """Lifts a stop that outlived its row. That, and nothing else, a stranger can do here."""

    def __init__(self, database: Database, opt_outs: OptOuts) -> None:
        self._database = database
        self._opt_outs = opt_outs

    async def hear(self, inbound: Inbound) -> None:
        """Take a proven START for what it is; who never said stop costs no write."""
        if inbound.proof is not Proof.PROVEN or parse(inbound.text.reveal()) is not Command.START:
            return
        async with self._database.reading() as c:
            if not await self._opt_outs.holds(c, inbound.sender):
                return
        await self._database.transact(lambda c: self._opt_outs.lift(c, inbound.sender))
