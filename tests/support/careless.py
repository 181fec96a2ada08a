"""`relay serve` with a careless line in it, which the variable `CARELESS` chooses.

For the control of the canary search: what a developer might write by mistake is written here on
purpose. `log` prints what a member said; `faults` lets it get into errors and other people's
loggers in every way Python has to report them.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import warnings

import structlog

from channels.contract import Inbound, Receipt
from relay.cli import main
from relay.intake import Intake

_accept = Intake.accept


async def logging_accept(self: Intake, inbound: Inbound) -> Receipt:
    """Log what a member said."""
    structlog.get_logger().warning("taken", words=inbound.text.reveal())
    return await _accept(self, inbound)


async def faulty_accept(self: Intake, inbound: Inbound) -> Receipt:
    """Let what a member said get into errors everywhere."""
    words = inbound.text.reveal()
    logging.getLogger("somebody.else").error("library-%s", words)
    warnings.warn(f"warning-{words}", stacklevel=1)
    thread = threading.Thread(target=_fail, args=(f"thread-{words}",), name=f"name-{words}")
    thread.start()
    thread.join()
    asyncio.create_task(_fail_later(f"task-{words}"), name=f"task-{words}")  # noqa: RUF006 - on purpose
    asyncio.get_running_loop().call_soon(_fail, f"callback-{words}")
    _Dying(words)
    await _accept(self, inbound)
    raise ValueError(f"handler-{words}")


class _Dying:
    """Fails where nobody can catch it."""

    def __init__(self, words: str) -> None:
        self._words = words

    def __del__(self) -> None:
        raise ValueError(f"unraisable-{self._words}")


def _fail(words: str) -> None:
    raise ValueError(words)


async def _fail_later(words: str) -> None:
    _fail(words)


if __name__ == "__main__":
    chosen = {"log": logging_accept, "faults": faulty_accept}[os.environ["CARELESS"]]
    Intake.accept = chosen  # type: ignore[method-assign]
    main()
