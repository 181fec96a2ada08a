"""Three in the morning, over the real edges: a cry, quiet hours, and a relay killed in between."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

from relay.demo.carrier import Carrier
from relay.model import show_id
from relay.wording import danger
from tests.support.cries import number_of, unnumbered
from tests.support.hasty import HastyClock
from tests.support.town import Resident, Town

SPEED = 30.0
WAIT = 60.0
HELD = (danger.CRISIS_ON_DUTY.format(crisis=danger.EMERGENCY),)


def around(now: datetime) -> str:
    """Hours that hold now, and long after."""
    return f"{now - timedelta(hours=2):%H:%M}-{now + timedelta(hours=20):%H:%M}"


async def test_a_cry_is_heard_at_night_and_survives_a_kill(
    tmp_path: Path, database_url: str
) -> None:
    """The one on duty is called in her quiet hours; after `kill -9` the next, and nobody twice."""
    clock = HastyClock.starting_now(SPEED)
    town = Town(
        tmp_path,
        database_url,
        carrier=Carrier(now=clock.now),
        overrides=clock.for_environment(),
    )
    await town.open()
    try:
        robin, ana, lou, sol = await _people(town, around(clock.now()))
        await town.spawn(module="tests.support.hasty")
        assert await sol.says("cannot sleep") == 200
        assert await robin.says("CRISIS") == 200
        await town.carrier.wait_for(lambda: bool(robin.got() and ana.got()), timeout=WAIT)
        await _is_settled(town)
        await town.kill()
        await town.spawn(module="tests.support.hasty")
        await town.carrier.wait_for(lambda: bool(lou.got()), timeout=WAIT)
        call = danger.WROTE_CRISIS.format(name="Robin", short="10")
        assert unnumbered(ana.got()) == unnumbered(lou.got()) == unnumbered([call])
        await lou.says(f"TAKE {number_of(lou.got()[0])}")
        await town.carrier.wait_for(lambda: len(robin.got()) == len(ana.got()) == 2, timeout=WAIT)
        assert robin.got() == [*HELD, danger.LOOKED_AFTER.format(name="Lou")]
        assert sol.got() == []
    finally:
        await town.close()


async def _is_settled(town: Town) -> None:
    """Wait until nothing is in flight: what is would come twice rather than not at all."""
    async with asyncio.timeout(WAIT), town.opened() as engine:
        while True:
            waiting = (await engine.registrar.inventory())["deliveries"]
            if not (waiting["due"] or waiting["sending"] or waiting["on_the_way"]):
                return
            await asyncio.sleep(0.02)


async def _people(town: Town, quiet: str) -> list[Resident]:
    """Robin and Sol, and Ana and Lou who run the group; all asleep, Ana on duty."""
    await town.group("Tuesday")
    wishes = {"quiet": quiet, "page_after": "2", "held_from": "0"}
    await town.inside(lambda e: e.registrar.change_group("Tuesday", wishes))
    people = []
    for number, (name, runs) in enumerate(
        (("Robin", False), ("Ana", True), ("Lou", True), ("Sol", False))
    ):
        contact = f"+1202555010{number}"
        people.append(await town.resident("Tuesday", name, contact, facilitator=runs))
    key = show_id(people[1].member.id)
    await town.inside(lambda e: e.registrar.change_member(key, {"duty": quiet}))
    return people
