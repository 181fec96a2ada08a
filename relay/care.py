"""Care: where a group has listed words, who writes one of them is told whom to call, she alone.

Nothing is guessed: without a list nobody's words are looked at, and nobody is called by it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from channels.contract import Inbound, Proof, Trait
from relay.clock import day
from relay.engine import Engine
from relay.store.roster import Arrival
from relay.wording import danger
from relay.words.folding import folded, parted
from relay.words.orders import Order

_FIRST_WIDE = "\u2e80"
"""From here on scripts write without spaces between words (Han, Kana, Hangul)."""


class Care:
    """Looks for the words of a group's own list, in the transaction that took a message in."""

    def __init__(self, engine: Engine) -> None:
        self._notices = engine.notices
        self._ledger = engine.outbox.ledger

    async def look(
        self,
        c: AsyncConnection,
        inbound: Inbound,
        arrival: Arrival,
        order: Order | None,
        now: datetime,
    ) -> None:
        """Tell her whom to call, once a day at the most. What she wrote goes its way as always."""
        member, group = arrival.member, arrival.group
        listed = group.settings.crisis_words
        if order or not listed or inbound.reaction or inbound.proof is not Proof.PROVEN:
            return
        if Trait.AUTOMATIC in inbound.traits or not holds(inbound.text.reveal(), listed):
            return
        if await self._ledger.once(c, now, "care", member.id, day(now)):
            text = danger.CARE.format(crisis=danger.in_danger(group.settings.crisis))
            await self._notices.tell(c, member.id, text, now, anyway=True, urgent=True)


def holds(text: str, listed: str) -> bool:
    """Whether one of the listed words, separated by commas, stands in a text as a whole.

    Case, accents and signs do not count. Example: of `end it, kill` the text `I will END it.` holds
    one, `skills` holds none.
    """
    words = parted(text)
    return any(_stands(meant, words, text) for meant in _listed(listed))


def _listed(listed: str) -> Iterator[list[str]]:
    for entry in listed.replace("\uff0c", ",").replace("\u060c", ",").split(","):
        if meant := parted(entry):
            yield meant


def _stands(meant: Sequence[str], words: Sequence[str], text: str) -> bool:
    if meant[0] >= _FIRST_WIDE:
        return "".join(meant) in folded(text)
    size = len(meant)
    return any(list(words[at : at + size]) == meant for at in range(len(words) - size + 1))
