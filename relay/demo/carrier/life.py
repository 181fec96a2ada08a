"""What goes on while the fake runs: work in the background, pauses, and waiting for events."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress


class Life:
    """Tasks that end with the fake, pauses that end with it, and those who wait for something."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = asyncio.Event()
        self._waiters: set[asyncio.Future[None]] = set()

    def open(self) -> None:
        """Begin, or begin again."""
        self._closing.clear()

    async def close(self) -> None:
        """End pauses, drop what is under way."""
        self._closing.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def in_background(self, work: Coroutine[None, None, None]) -> None:
        """Run this until it is done or everything ends."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def pause(self, seconds: float) -> None:
        """Wait this long, or until everything ends."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), seconds)

    def happened(self) -> None:
        """Tell all who wait to look again."""
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def wait_for(self, predicate: Callable[[], bool], seconds: float) -> None:
        """Return once `predicate()` holds. Raises `TimeoutError` after that many seconds."""
        async with asyncio.timeout(seconds):
            while not predicate():
                waiter = asyncio.get_running_loop().create_future()
                self._waiters.add(waiter)
                try:
                    await waiter
                finally:
                    self._waiters.discard(waiter)
