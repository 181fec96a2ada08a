"""Signs what has come together meanwhile, a few copies at a time, on threads of its own."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from channels.mail.dkim import Header, Signer

THREADS = 2
"""OpenSSL lets go of the interpreter lock while it signs."""
_BATCH = 8
"""Copies a trip to a thread: a trip costs as much as a tenth of a signature."""

_Copy = tuple[Sequence[Header], bytes, asyncio.Future[list[Header]]]


class DeskClosedError(Exception):
    """There is nobody left to sign."""


class Desk:
    """A signer for many at once. Of one loop; `close` ends its threads."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="dkim")
        self._waiting: deque[_Copy] = deque()
        self._called = False
        self._trips: set[asyncio.Future[None]] = set()

    async def sign(self, headers: Sequence[Header], body_hash: bytes) -> list[Header]:
        """The signatures of one copy. Raises what `Signer.sign` raises, and `DeskClosedError`."""
        loop = asyncio.get_running_loop()
        signed: asyncio.Future[list[Header]] = loop.create_future()
        self._waiting.append((headers, body_hash, signed))
        if not self._called and len(self._trips) < THREADS:
            self._called = True
            loop.call_soon(self._start)  # when all that is asked for at this moment is here
        return await signed

    def close(self) -> None:
        """End the threads; what still waits is not signed."""
        for _, _, signed in self._waiting:
            if not signed.done():
                signed.set_exception(DeskClosedError())
        self._waiting.clear()
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _start(self) -> None:
        """Give each thread that is idle something to do."""
        self._called = False
        while self._waiting and len(self._trips) < THREADS:
            batch: list[_Copy] = []
            while self._waiting and len(batch) < _BATCH:
                copy = self._waiting.popleft()
                if not copy[2].done():  # nobody waits for it any more
                    batch.append(copy)
            trip = asyncio.ensure_future(self._trip(batch))
            self._trips.add(trip)
            trip.add_done_callback(self._back)

    def _back(self, trip: asyncio.Future[None]) -> None:
        self._trips.discard(trip)
        self._start()

    async def _trip(self, batch: Sequence[_Copy]) -> None:
        loop = asyncio.get_running_loop()
        found: Sequence[list[Header] | Exception]
        try:
            found = await loop.run_in_executor(self._threads, self._sign, batch)
        except RuntimeError:  # the threads have ended before it began
            found = [DeskClosedError()] * len(batch)
        for (_, _, signed), headers in zip(batch, found, strict=True):
            if signed.done():
                continue
            if isinstance(headers, Exception):
                signed.set_exception(headers)
            else:
                signed.set_result(headers)

    def _sign(self, batch: Sequence[_Copy]) -> Sequence[list[Header] | Exception]:
        """In a thread. What cannot be signed spoils none of the others."""
        try:
            return self._signer.sign_many([(headers, bh) for headers, bh, _ in batch])
        except Exception:  # noqa: BLE001 - whose it is shows one by one
            return [self._one(headers, bh) for headers, bh, _ in batch]

    def _one(self, headers: Sequence[Header], body_hash: bytes) -> list[Header] | Exception:
        try:
            return self._signer.sign(headers, body_hash)
        except Exception as error:  # noqa: BLE001 - handed to whoever waits for it
            return error
