"""Gathering: what comes one by one is worked off together, because each commit has its price."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class Gather(Generic[T]):
    """`add` returns when the batch its item was in is done, and raises what that raised."""

    def __init__(self, work: Callable[[Sequence[T]], Awaitable[None]], linger: float) -> None:
        """`linger`: seconds in which items come together."""
        self._work = work
        self._linger = linger
        self._items: list[tuple[T, asyncio.Future[None]]] = []
        self._worker: asyncio.Task[None] | None = None

    async def add(self, item: T) -> None:
        """Have one item worked off, with whatever else comes in a moment."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._items.append((item, done))
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work_off(), name="gather")
        await done

    async def _work_off(self) -> None:
        while self._items:
            await asyncio.sleep(self._linger)
            batch, self._items = self._items, []
            error: Exception | None = None
            try:
                await self._work([item for item, _ in batch])
            except Exception as found:  # noqa: BLE001 - given to everybody who waits for it
                error = found
            for _, done in batch:
                if done.cancelled():
                    continue
                if error is None:
                    done.set_result(None)
                else:
                    done.set_exception(error)
