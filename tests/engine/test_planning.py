"""Posts that are planned for later, by word: they come when the clock of the group shows it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from policies.facts import GroupState
from relay import wording
from relay.model import show_id
from relay.store.tables import PLANNED
from relay.wording import planning
from relay.words.occasions import next_time, split
from tests.engine.test_guiding import ANA, IVY, LOU, Room, room

OAK = "oak@willow.example"

__all__ = ["room"]


class PowerCutError(Exception):
    """The machine stops."""


async def minutes_pass(room: Room, **span: float) -> None:
    """Time goes by, the sweeper comes round, and all that can leave leaves."""
    room.house.clock.forward(**span)
    await room.house.sweeper.sweep()
    await room.house.deliver()


def number(room: Room) -> str:
    """Of the plan that was just made."""
    return re.findall(r"UNPLAN (\d+)", room.told(ANA)[-1])[0]


async def test_a_post_comes_at_its_time_once(room: Room) -> None:
    """As hers, to everybody else, in the minute it was planned for and never again."""
    await room.set(timezone="Europe/Berlin")
    await room.says("ana", "PLAN 18:00 How are you all?")  # noon in UTC is 13:00
    said = planning.PLANNED.format(when="18:00", number=number(room))
    assert (room.told(ANA), room.read()) == ([said], [])
    await minutes_pass(room, hours=4, minutes=59)
    assert room.read() == []
    await minutes_pass(room, minutes=1)
    for _ in range(3):
        await minutes_pass(room, hours=12)
    assert room.read() == ["How are you all?"]
    assert [o.author.reveal() for o in room.house.email.sent if o.author] == ["Ana"]
    await room.says("ana", "plan")
    assert room.told(ANA)[-1] == planning.NOTHING_PLANNED


async def test_a_daily_post_comes_every_day_until_it_is_taken_back(room: Room) -> None:
    """Also after a long halt only once for that day, and not at all hours too late."""
    await room.says("ana", "PLAN daily 9:00 Good morning")
    taken = number(room)
    assert room.told(ANA)[-1].startswith("The group gets it first on 09:00")
    for _ in range(3):
        await minutes_pass(room, days=1)
    assert room.read() == ["Good morning"] * 3
    await minutes_pass(room, days=5, hours=4)  # 16:00: seven hours too late
    assert room.read() == ["Good morning"] * 3
    assert room.told(ANA)[-1].startswith("What you planned for 2026-11-22 09:00")
    await minutes_pass(room, hours=20)
    assert room.read() == ["Good morning"] * 4
    await room.says("ana", "PLAN")
    assert room.told(ANA)[-1] == planning.PLANS.format(plans=f"{taken}: 09:00")
    await room.says("ana", f"UNPLAN {taken}")
    await minutes_pass(room, days=1)
    assert room.read() == ["Good morning"] * 4
    await room.says("ana", f"UNPLAN {taken}")
    assert room.told(ANA)[-1] == planning.NO_SUCH_PLAN.format(number=taken)


async def test_a_frozen_group_skips_what_was_planned(room: Room) -> None:
    """Who planned it hears of it; the next day it comes again."""
    await room.says("ana", "PLAN daily 13:00 Lunch")
    await room.house.engine.registrar.set_group_state("Tuesday", GroupState.FROZEN)
    await minutes_pass(room, hours=1)
    assert (room.read(), room.told(ANA)[-1]) == (
        [],
        planning.SKIPPED.format(when="13:00"),
    )
    await room.house.engine.registrar.set_group_state("Tuesday", GroupState.OPEN)
    await minutes_pass(room, days=1)
    assert room.read() == ["Lunch"]


async def test_who_runs_the_group_no_more_says_nothing_more(room: Room) -> None:
    """A plan of hers ends when its time comes; with her membership it goes at once."""
    await room.says("ana", "PLAN daily 13:00 Lunch")
    await room.says("lou", "PLAN daily 13:00 Tea")
    await room.set_for(room.ana, role="member")
    await room.house.engine.registrar.remove_member(show_id(room.lou.id))
    for _ in range(2):
        await minutes_pass(room, days=1)
    assert room.read() == []
    assert len([told for told in room.told(ANA) if told.startswith("What you planned")]) == 1


async def test_what_was_planned_survives_a_stop_and_comes_once(room: Room) -> None:
    """Another process that sweeps at the same minute does not say it twice."""
    await room.says("ana", "PLAN 13:00 Lunch")
    room.house.clock.forward(hours=1)
    planned = room.house.engine.planning
    now = room.house.clock.now()

    async def fails() -> None:
        async with room.house.engine.database.writing() as c:
            assert await planned.publish(c, (await planned.due(c, now))[0], now)
            raise PowerCutError

    with pytest.raises(PowerCutError):
        await fails()
    assert await room.house.stored() == (0, 0)
    await minutes_pass(room)
    await minutes_pass(room)
    assert room.read() == ["Lunch"]


async def test_trouble_with_a_plan_keeps_nothing_else(room: Room) -> None:
    """What cannot be said, for a reason that nobody foresaw, does not keep the rest from ending."""
    await room.says("ana", "PLAN 13:00 Lunch")
    await room.says("sol", "STPO")
    broken = room.house.engine.vault.seal(room.group.id, "planned", '["Lunch", "never"]')
    async with room.house.engine.database.writing() as c:
        await c.execute(sa.update(PLANNED).values(sealed=broken))
    await room.house.sweeper.sweep()
    room.house.clock.forward(days=3)
    await room.house.sweeper.sweep()
    assert await room.waiting() == 0


async def test_contacts_are_replaced_when_it_is_planned_and_when_it_is_said(room: Room) -> None:
    """Also that of a member who came in between."""
    phone = "+12025550177"
    await room.says("ana", f"PLAN 13:00 call {ANA} or 202 555 0177")
    assert wording.MASKED in room.told(ANA)
    await room.set(strangers="false")
    await room.house.member(room.group, "Wren", phone)
    await minutes_pass(room, hours=1)
    (said,) = room.read()
    assert ANA not in said
    assert "0177" not in said


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("PLAN 2026-11-17 18:00 too late", planning.OVER),
        ("PLAN today 11:00 too late", planning.OVER),
        ("PLAN 18:00", planning.HOW_TO_PLAN),
        ("PLAN: we meet at noon", wording.NEAR_MISS),
        ("plan monday 18:00 pizza", wording.NEAR_MISS),
    ],
)
async def test_what_is_no_plan_is_told(room: Room, text: str, answer: str) -> None:
    """In a sentence; nobody reads it, and nothing is planned."""
    await room.says("ana", text)
    assert (room.told(ANA), room.read()) == ([answer], [])
    await room.says("ana", "plan")
    assert room.told(ANA)[-1] == planning.NOTHING_PLANNED


async def test_plans_are_the_business_of_who_runs_the_group(room: Room) -> None:
    """From a member they are talk; and talk about plans is talk from anybody."""
    await room.says("sol", "PLAN monday 18:00 pizza")
    await room.says("ana", "plan for tonight is the park")
    assert room.read() == ["PLAN monday 18:00 pizza", "plan for tonight is the park"]


@pytest.mark.parametrize(
    ("zone", "text", "after", "times"),
    [
        # Berlin springs over 02:00-03:00 on 29 March 2026, and shows it twice on 25 October.
        ("Europe/Berlin", "daily 2:30", "2026-03-28T00:00", ["03-28T01:30", "03-29T01:00"]),
        ("Europe/Berlin", "daily 2:30", "2026-10-24T23:00", ["10-25T00:30", "10-26T01:30"]),
        ("Pacific/Apia", "daily 9:00", "2011-12-29T12:00", ["12-29T19:00", "12-30T19:00"]),
        ("America/New_York", "mondays 18:00", "2026-03-02T00:00", ["03-02T23:00", "03-09T22:00"]),
        ("Asia/Kathmandu", "weekdays 0:00", "2026-01-02T20:00", ["01-04T18:15", "01-05T18:15"]),
        ("UTC", "monday 6 pm", "2026-11-16T18:00", ["11-23T18:00", "11-30T18:00"]),
    ],
)
def test_times_are_those_of_the_wall_clock(
    zone: str, text: str, after: str, times: list[str]
) -> None:
    """Skipped ones come at the first instant after the skip, repeated ones once, at the first."""
    found = split(f"{text} hello")
    assert found is not None
    moment = datetime.fromisoformat(after).replace(tzinfo=UTC)
    for expected in times:
        due = next_time(found[0], ZoneInfo(zone), moment)
        assert due is not None
        assert due.strftime("%m-%dT%H:%M") == expected
        moment = due


@pytest.mark.parametrize(
    ("text", "repeats"),
    [
        ("lunes 18:00", False),
        ("todos los lunes a las 18:00", True),
        ("tous les lundis \u00e0 18:00", True),
        ("jeden Montag 18:00", True),
        ("t\u00e4glich 18:00", True),
        ("segunda-feira \u00e0s 18:00", False),
        ("\u0627\u0644\u0627\u062b\u0646\u064a\u0646 18:00", False),
        ("\u6bcf\u5468\u4e00 18:00", True),
        ("Every Monday at 6 pm", True),
    ],
)
def test_times_are_read_in_every_language(text: str, repeats: bool) -> None:
    """A weekday or every day, with a time of day behind it; what follows stays as it was."""
    found = split(f"{text} Hola,  18:00!")
    assert found is not None
    assert (found[0].at.hour, found[0].repeats, found[1]) == (18, repeats, "Hola,  18:00!")


@pytest.mark.parametrize("text", ["9 to 5", "monday we meet", "2026-13-01 18:00 x", "25:00 x", "x"])
def test_what_is_no_time(text: str) -> None:
    """A bare number may mean the morning or the evening, or nothing of the kind."""
    assert split(text) is None


async def test_one_broken_plan_stops_no_other(room: Room) -> None:
    """What cannot be said, for a reason that nobody foresaw, is alone in that."""
    await room.says("ana", "PLAN 13:00 Breaks")
    broken = room.house.engine.vault.seal(room.group.id, "planned", '["Breaks", "never", ""]')
    async with room.house.engine.database.writing() as c:
        await c.execute(sa.update(PLANNED).values(sealed=broken))
    await room.says("ana", "PLAN 13:01 Lunch")
    await room.says("ana", "PLAN 13:02 Tea")
    await minutes_pass(room, hours=1, minutes=2)
    assert room.read() == ["Lunch", "Tea"]


async def test_a_plan_keeps_the_subject_of_its_mail(room: Room) -> None:
    """Without contacts; not one that says the order itself, nor that of a mail it answers."""
    for subject, text in (
        (f"Our week, {IVY}", "PLAN 13:00 one"),
        ("Re: Ivy was here", "PLAN 13:01 two"),
        ("PLAN 13:02 three", ""),
    ):
        await room.set_for(room.ivy, role="facilitator")
        await room.says("ivy", text, subject=subject)
    await room.set_for(room.sol, role="member")
    oak = await room.house.member(room.group, "Oak", OAK)
    await minutes_pass(room, hours=1, minutes=3)
    assert oak is not None
    sent = [o for o in room.house.email.sent if o.author and o.to.reveal() == OAK]
    assert [o.text.reveal() for o in sent] == ["one", "two", "three"]
    first, *others = [o.subject.reveal() for o in sent]
    assert (first.startswith("Our week, "), IVY in first) == (True, False)
    assert [subject for subject in others if "Ivy" in subject or "PLAN" in subject] == []


async def test_a_plan_is_no_way_round_a_mute(room: Room) -> None:
    """What a muted facilitator planned is skipped, and comes again when the mute is over."""
    await room.says("lou", "PLAN daily 13:00 Lunch")
    await room.says("ana", "MUTE lou 2h")
    await minutes_pass(room, hours=1)
    assert (room.read(), room.told(LOU)[-1]) == ([], planning.SKIPPED.format(when="13:00"))
    await minutes_pass(room, days=1)
    assert room.read() == ["Lunch"]
