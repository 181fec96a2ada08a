"""A process to be weighed: `python -m bench.waiting FOLDER URL` prints its resident bytes.

It opens an engine, lets a courier look at everything that is due in a group's quiet hours, and
weighs itself when all of it has been put off.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from contextlib import suppress
from pathlib import Path

from bench.ground import Ground, settings_for
from bench.store import courier_of
from relay import log
from relay.clock import milliseconds
from relay.engine import open_engine
from relay.store.database import Database
from relay.store.outbox import Outbox
from tests.support.clock import StoppedClock
from tests.support.recorder import Recorder

_ROOM = 500
_PAUSE = 0.02


async def main(folder: Path, url: str) -> int:
    """Resident bytes once nothing is due any more."""
    clock = StoppedClock()
    engine = await open_engine(settings_for(folder, url), clock)
    channel = Recorder("sms", concurrency=_ROOM)
    courier = courier_of(Ground(engine, clock, ()), channel)
    task = asyncio.create_task(courier.run())
    while await _is_due(engine.database, engine.outbox, milliseconds(clock.now())):
        courier.wake()
        await asyncio.sleep(_PAUSE)
    gc.collect()
    found = _resident()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    await engine.close()
    if channel.sent:
        raise RuntimeError("something left in quiet hours: the figure is worth nothing")
    return found


async def _is_due(database: Database, outbox: Outbox, now: int) -> bool:
    async with database.reading() as c:
        due = await outbox.next_due(c, "sms")
    return due is not None and due <= now


def _resident() -> int:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    log.configure(level="error")
    sys.stdout.write(str(asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))))
