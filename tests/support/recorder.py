"""A channel whose outside world is a list: it records what leaves and answers as it is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from channels.contract import Never, Outcome, Outgoing, Sent, Trouble

Answer = Callable[[Outgoing], Outcome]


@dataclass
class Recorder:
    """Stands for a provider that takes everything, unless `answer` says otherwise."""

    name: str
    concurrency: int = 4
    priced: bool = False
    answer: Answer = lambda out: Sent()
    sent: list[Outgoing] = field(default_factory=list)
    gate: asyncio.Event | None = None
    """While it is there and unset, sends do not come back."""

    started: asyncio.Event = field(default_factory=asyncio.Event)
    """Set by the first send."""

    def cost(self, **copy: object) -> int:
        """One unit a copy, where copies cost something."""
        return int(self.priced)

    async def send(self, out: Outgoing) -> Outcome:
        """Record one copy, unless the engine's last look stops it, as for every channel."""
        if not out.may_leave(f"{out.subject.reveal()}\n{out.text.reveal()}"):
            return Never(why=Trouble.WOULD_LEAK)
        self.sent.append(out)
        self.started.set()
        if self.gate is not None:
            await self.gate.wait()
        return self.answer(out)

    async def close(self) -> None:
        """Nothing to let go of."""

    def texts_to(self, contact: str) -> list[str]:
        """What one contact got."""
        return [out.text.reveal() for out in self.sent if out.to.reveal() == contact]
