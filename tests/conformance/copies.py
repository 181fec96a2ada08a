"""The copies that the conformance suite sends, and how it watches a send."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from datetime import timedelta
from typing import Any, get_args

from channels.contract import Channel, Never, Outcome, Outgoing, Sent, Trouble
from channels.secret import Secret
from tests.conformance.bench import NOW, Bench

SUBJECT, TEXT = "Courthouse", "nightingale sings again"
CANARIES = ("nightingale", "Courthouse", "Robinson")
_OURS: ContextVar[bool] = ContextVar("inside a channel", default=False)


def token(number: int) -> Secret:
    """A token as the engine gives them out."""
    return Secret(f"{number:026}")


def outgoing(bench: Bench, reader: int = 0, **changed: Any) -> Outgoing:
    """A copy of one post for one of the two readers, with everything the engine fills in."""
    base = Outgoing(
        post=7,
        delivery=Secret(f"copy-for-{reader}"),
        to=bench.readers[reader],
        write_to=bench.places[reader],
        author=Secret("Robinson"),
        mask=Secret("m.ab1@relay.example"),
        subject=Secret(SUBJECT),
        text=Secret(TEXT),
        message_id=token(10 + reader),
        return_path=token(20 + reader),
        unsubscribe=token(30 + reader),
        list_id=token(40 + reader),
        status=token(50 + reader),
        expires=NOW + timedelta(hours=2),
    )
    return replace(base, **changed)


@contextmanager
def watched_tasks() -> Iterator[list[asyncio.Task[Any]]]:
    """Collects the tasks that begin inside `inside`, whoever begins them."""
    made: list[asyncio.Task[Any]] = []

    def make(
        loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, Any], **more: Any
    ) -> asyncio.Task[Any]:
        task = asyncio.Task(work, loop=loop, **more)
        if _OURS.get():
            made.append(task)
        return task

    loop = asyncio.get_running_loop()
    before = loop.get_task_factory()
    loop.set_task_factory(make)
    try:
        yield made
    finally:
        loop.set_task_factory(before)


async def inside(channel: Channel, out: Outgoing) -> Outcome:
    """Send; every task that comes of it is known by its context."""
    _OURS.set(True)
    return await channel.send(out)


async def send(channel: Channel, out: Outgoing) -> Outcome:
    """Send one copy; whatever comes back has the shape that the engine counts on."""
    outcome = await channel.send(out)
    assert isinstance(outcome, get_args(Outcome))
    if isinstance(outcome, Sent):
        assert isinstance(outcome.reference, Secret)
        assert outcome.cost >= 0
        assert not outcome.reported or out.status
    else:
        assert outcome.why in Trouble
    rest = None if isinstance(outcome, Never) else outcome.rest
    assert rest is None or rest > out.start
    shown = repr(outcome)
    assert not any(value in shown for value in (*CANARIES, out.to.reveal(), out.delivery.reveal()))
    return outcome
