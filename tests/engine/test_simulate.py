"""What is foreseen is what happens: the same rules, asked ahead of time."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from policies import catalogue
from policies.verdict import Reason
from relay.errors import RefusalError
from relay.foresight import Wish, look
from relay.model import Member
from relay.simulate import Forecast
from tests.engine.conftest import House

ROBIN, SOL, IVY = "+12025550101", "+12025550102", "m.hale@willow.example"


async def foreseen(house: House, **wish: object) -> dict[str, Forecast]:
    """The forecasts for the group Tuesday, by pseudonym."""
    wanted = Wish(**{"days": 2} | wish)  # type: ignore[arg-type]
    _, found = await look(house.engine, catalogue.DELIVERY, "Tuesday", wanted)
    return {one.member.name.reveal(): one for one in found}


async def circle(house: House) -> dict[str, Member]:
    """Three people over three zones, each with her own way; it is noon of the 18th, UTC."""
    group = await house.group(quiet="22:00-07:00", jitter="0")
    return {
        "Robin": await house.member(
            group, "Robin", ROBIN, timezone="America/New_York", quiet="22:00-07:00"
        ),
        "Sol": await house.member(
            group, "Sol", SOL, timezone="Asia/Kolkata", mode="digest", digest_at="18:30"
        ),
        "Ivy": await house.member(group, "Ivy", IVY, mode="3h"),
    }


async def test_what_is_foreseen_comes_true(house: House) -> None:
    """Posts of Ana's written at any hour of a day arrive for each reader just when it was said."""
    await circle(house)
    ana = await house.member(
        (await house.engine.registrar.group("Tuesday"))[0], "Ana", "ana@willow.example"
    )
    moments = [f"{hour:02}:30" for hour in range(13, 24, 2)]
    forecasts = await foreseen(house, posts=tuple(f"2026-11-18 {at}" for at in moments))
    expected = {
        (name, one.arrives)
        for name, forecast in forecasts.items()
        if name != "Ana"
        for one in forecast.arrivals
    }
    came: set[tuple[str, datetime]] = set()
    writes = [datetime(2026, 11, 18, int(at[:2]), 30, tzinfo=UTC) for at in moments]
    while house.clock.now() < datetime(2026, 11, 20, tzinfo=UTC):
        if house.clock.now() in writes:
            await house.say(ana, "ana@willow.example", "hello")
        house.sms.sent.clear()
        house.email.sent.clear()
        await house.deliver()
        for out in [*house.sms.sent, *house.email.sent]:
            name = {ROBIN: "Robin", SOL: "Sol", IVY: "Ivy"}.get(out.to.reveal())
            if name is not None:
                came.add((name, house.clock.now()))
        house.clock.forward(minutes=30)
    assert came == expected


async def test_it_can_be_seen_before_it_is_saved(house: House) -> None:
    """Settings of the group and of members count as if they were set, and nothing is changed."""
    await circle(house)
    before = await house.engine.registrar.group("Tuesday")
    post = ("2026-11-18 23:30",)
    now = (await foreseen(house, posts=post))["Ivy"].arrivals
    assert [one.arrives for one in now] == [datetime(2026, 11, 19, 7, tzinfo=UTC)]
    assert Reason.QUIET_HOURS in now[0].why
    then = await foreseen(
        house, posts=post, group={"quiet": "off"}, members={"ivy": {"mode": "every"}}
    )
    assert [one.arrives for one in then["Ivy"].arrivals] == [
        datetime(2026, 11, 18, 23, 30, tzinfo=UTC)
    ]
    nudged = await foreseen(house, posts=post, members={"Ivy": {"mode": "nudge"}})
    assert [(one.arrives, one.why >= {Reason.NOT_ASKED_FOR}) for one in nudged["Ivy"].arrivals] == [
        (None, True)
    ]
    assert await house.engine.registrar.group("Tuesday") == before
    assert await house.stored() == (0, 0)


async def test_days_show_who_is_left_alone(house: House) -> None:
    """A strip has a half hour for each on her own clock, and 50 or 46 where the clocks change."""
    await circle(house)
    house.clock.forward(days=(datetime(2027, 3, 13) - datetime(2026, 11, 18)).days)  # noqa: DTZ001 - days
    robin = (await foreseen(house, days=3))["Robin"]
    full = [day for day in robin.days if None not in day.rests]
    assert {len(day.rests) for day in full} == {48, 46}
    spring = next(day for day in full if len(day.rests) == 46)
    assert spring.day.isoformat() == "2027-03-14"
    assert spring.rests == (True,) * 12 + (False,) * 30 + (True,) * 4


@pytest.mark.parametrize(
    "wish",
    [
        {"posts": ("yesterday",)},
        {"posts": ("someday 10:00",)},
        {"posts": ("25:00",)},
        {"posts": ("2031-01-01 10:00",)},
        {"group": {"quiet": "10-7"}},
        {"group": {"colour": "red"}},
        {"members": {"Nobody": {"mode": "1h"}}},
        {"members": {"Ivy": {"mode": "never"}}},
    ],
)
async def test_wrong_wishes_are_refused(house: House, wish: dict[str, object]) -> None:
    """One plain sentence, as for a setting that would be saved."""
    await circle(house)
    with pytest.raises(RefusalError):
        await foreseen(house, **wish)
