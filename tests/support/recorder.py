"""A channel whose outside world is a list: it records what leaves and answers as it is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from channels.contact import SMS
from channels.contract import Later, Never, Outcome, Outgoing, Piece, Sent, Trouble
from channels.secret import Secret

Answer = Callable[[Outgoing], Outcome]


@dataclass
class Recorder:
    """Stands for a provider that takes everything, unless `answer` says otherwise.

    It keeps the contract of a channel, as long as `answer` raises nothing: that stands for a bug.
    """

    name: str
    concurrency: int = 4
    priced: bool = False
    answer: Answer = lambda out: Sent()
    sent: list[Outgoing] = field(default_factory=list)
    gate: asyncio.Event | None = None
    """While it is there and unset, sends do not come back."""

    started: asyncio.Event = field(default_factory=asyncio.Event)
    """Set by the first send."""
    clock: Callable[[], datetime] | None = None
    """Without it nothing is too late: the tests of the engine show that the engine minds it."""
    patience: float | None = None
    """Seconds to wait at the gate, at most."""
    closed: bool = False
    most_together: int = 100
    """Posts that fit into one message."""

    def cost(self, **copy: object) -> int:
        """One unit a copy, where copies cost something."""
        return int(self.priced)

    def cost_together(self, pieces: Sequence[Piece], number: Secret) -> int | None:
        """One unit for as many as fit."""
        return int(self.priced) if len(pieces) <= self.most_together else None

    async def send(self, out: Outgoing) -> Outcome:
        """Record one copy, unless the engine's last look stops it, as for every channel."""
        kept_back = self._kept_back(out)
        if kept_back is not None:
            return kept_back
        self.sent.append(out)
        self.started.set()
        if self.gate is not None:
            try:
                async with asyncio.timeout(self.patience):
                    await self.gate.wait()
            except TimeoutError:
                return Later(why=Trouble.ANSWER_LOST, unsure=True)
        outcome = self.answer(out)
        charged = isinstance(outcome, Sent) and self.priced and not outcome.cost
        return replace(outcome, cost=self.cost()) if charged else outcome

    def _kept_back(self, out: Outgoing) -> Outcome | None:
        if self.closed:
            return Later(why=Trouble.UNREACHABLE)
        if self.clock is not None:
            now = self.clock()
            if out.expires <= now:
                return Never(why=Trouble.REFUSED)
            if self.name == SMS and out.not_after is not None and out.not_after <= now:
                return Later(why=Trouble.BUSY, after=timedelta(seconds=1))
        author = "" if out.author is None else out.author.reveal()
        together = "\n".join(lines_of(out))
        try:
            leaves = out.may_leave(
                f"{author}\n{out.subject.reveal()}\n{out.text.reveal()}\n{together}"
            )
        except Exception:  # noqa: BLE001 - the contract: nothing is raised but cancellation
            return Later(why=Trouble.OUR_FAULT)
        return None if leaves else Never(why=Trouble.WOULD_LEAK)

    async def close(self) -> None:
        """Take nothing more."""
        self.closed = True

    def texts_to(self, contact: str) -> list[str]:
        """What one contact got; of a bundle, a line for each post."""
        return [
            "\n".join(lines_of(out)) if out.pieces else out.text.reveal()
            for out in self.sent
            if out.to.reveal() == contact
        ]


def lines_of(out: Outgoing) -> list[str]:
    """`Robin: words`, for each post of a bundle."""
    return [f"{piece.author.reveal()}: {piece.text.reveal()}" for piece in out.pieces]
