"""Who stops gets nothing of what the courier has in hand and the network has not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import pytest

from channels.contract import Outcome, Outgoing
from relay.courier import Courier
from relay.model import Member, show_id
from tests.engine.conftest import House
from tests.support.recorder import Recorder

ROBIN, ANA, SOL = "robin@willow.example", "ana@willow.example", "sol@willow.example"


@dataclass
class Slow(Recorder):
    """A provider that takes a copy only when the gate is open; what is called back before, never.

    Copies that it has been asked to take, and has not, are counted.
    """

    asked: int = 0

    async def send(self, out: Outgoing) -> Outcome:
        """Wait, then record."""
        self.asked += 1
        self.started.set()
        if self.gate is not None:
            await self.gate.wait()
        self.sent.append(out)
        return self.answer(out)

    def readers(self) -> list[str]:
        """Who got something."""
        return sorted(out.to.reveal() for out in self.sent)


@asynccontextmanager
async def at_work(courier: Courier) -> AsyncIterator[None]:
    """The courier, until the end of the block."""
    task = asyncio.create_task(courier.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until_idle(house: House) -> None:
    """Nothing is due, under way or unsettled."""
    while await house.is_busy():
        await asyncio.sleep(0.005)


async def three(house: House) -> tuple[Member, Member]:
    """A group of three; the two who read what Robin says."""
    group = await house.group()
    robin = await house.member(group, "Robin", ROBIN)
    ana = await house.member(group, "Ana", ANA)
    await house.member(group, "Sol", SOL)
    await house.say(robin, ROBIN, "hello")
    return robin, ana


async def test_a_copy_in_hand_is_called_back(house: House) -> None:
    """Ana stops while her copy waits for the network: it never leaves and is not tried again.

    It counts as nobody's loss, and Sol's arrives.
    """
    _, ana = await three(house)
    slow = Slow("email", gate=asyncio.Event())
    courier = house.courier(slow)
    async with at_work(courier):
        while slow.asked < 2:
            await asyncio.sleep(0)
        courier.withdraw([ana.id])
        assert slow.gate is not None
        slow.gate.set()
        await until_idle(house)
    assert slow.readers() == [SOL]
    assert await house.stored() == (0, 0)  # and Robin is told nothing
    assert (await house.tallies()).get("dropped") == 1
    assert courier._in_hand == set()
    assert courier._called_back == set()


@pytest.mark.parametrize("moment", ["_fill", "_sleep"])
async def test_a_copy_claimed_at_the_moment_she_stops_is_called_back(
    house: House, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """Her STOP is committed between the claim and the first step of the send: nothing leaves.

    Just before the sends are begun, and just after, before any of them has run.
    """
    _, ana = await three(house)
    slow = Slow("email")
    courier = house.courier(slow)
    own = getattr(courier, moment)

    async def meanwhile() -> object:
        if moment == "_sleep":
            courier.withdraw([ana.id])
        found = await own()
        courier.withdraw([ana.id])
        return found

    monkeypatch.setattr(courier, moment, meanwhile)
    async with at_work(courier):
        await until_idle(house)
    assert slow.readers() == [SOL]
    assert await house.stored() == (0, 0)


async def test_what_she_gets_after_she_came_back_is_not_called_back(house: House) -> None:
    """A withdrawal is for what was claimed before it, not for ever."""
    robin, ana = await three(house)
    slow = Slow("email")
    courier = house.courier(slow)
    courier.withdraw([ana.id])
    async with at_work(courier):
        await until_idle(house)
        await house.say(robin, ROBIN, "again")
        courier.wake()
        await until_idle(house)
    assert slow.readers() == [ANA, ANA, SOL, SOL]


async def test_a_notice_in_hand_still_goes(house: House) -> None:
    """The one answer to her STOP is a notice, and reaches her."""
    group = await house.group()
    ana = await house.member(group, "Ana", ANA)
    slow = Slow("email", gate=asyncio.Event())
    courier = house.courier(slow)
    await house.say(ana, ANA, "STOP")
    async with at_work(courier):
        while slow.asked < 1:
            await asyncio.sleep(0)
        courier.withdraw([ana.id])
        assert slow.gate is not None
        slow.gate.set()
        await until_idle(house)
    assert slow.readers() == [ANA]


async def test_the_couriers_know_whom_they_are_writing_to(house: House) -> None:
    """So that a process can look whether another one has removed them."""
    group = await house.group()
    robin = await house.member(group, "Robin", "+12025550101")
    ana = await house.member(group, "Ana", "+12025550102")
    house.sms.gate = asyncio.Event()
    courier = house.courier(house.sms)
    task = asyncio.create_task(courier.run())
    await house.say(robin, "+12025550101", "hello")
    courier.wake()
    await house.sms.started.wait()
    assert courier.readers() == {ana.id}
    async with house.engine.database.reading() as c:
        assert await house.engine.roster.present(c, {ana.id, robin.id}) == {ana.id, robin.id}
    await house.engine.registrar.remove_member(show_id(ana.id))
    async with house.engine.database.reading() as c:
        assert await house.engine.roster.present(c, {ana.id, robin.id}) == {robin.id}
    house.sms.gate.set()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
