"""Who is on duty: by hours, by word, handed over; and members know beforehand when nobody is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from relay import duty
from relay.bell import Bell
from relay.model import Group, Member, show_id
from relay.wording import danger
from tests.engine.conftest import House

ROBIN, ANA, LOU, SOL = (f"+1202555010{n}" for n in range(1, 5))


@dataclass
class Rota:
    """Ana and Lou run the group; Robin and Sol are members, Sol in Berlin. It is noon."""

    house: House
    bell: Bell
    people: dict[str, Member]
    group: Group

    async def says(self, contact: str, text: str) -> None:
        """She texts, and all that can leave leaves."""
        await self.house.say(self.people[contact], contact, text)
        await self.house.deliver()

    async def at(self, hour: int, minute: int = 0) -> None:
        """Time goes on to that hour, with the bell ringing on the way."""
        now = self.house.clock.now()
        end = now.replace(hour=hour, minute=minute)
        end += timedelta(days=end <= now)
        while self.house.clock.now() < end:
            self.house.clock.forward(minutes=min(30, (end - self.house.clock.now()).seconds // 60))
            await self.bell.round()
            await self.house.deliver()

    def got(self, contact: str) -> list[str]:
        """What her phone showed."""
        return self.house.sms.texts_to(contact)

    async def on(self) -> list[str]:
        """Who is on duty."""
        _, people = await self.house.engine.registrar.group("Tuesday")
        runs = [m for m in people if m.facilitator]
        now = self.house.clock.now()
        return [m.name.reveal() for m in runs if duty.is_on_duty(m, self.group.settings, now)]


async def rota(house: House, hours: str = "", **wishes: str) -> Rota:
    """A group whose Ana has those hours of duty."""
    house.clock.forward(hours=(12 - house.clock.now().hour) % 24)
    group = await house.group(crisis="988", **wishes)
    people = {
        ANA: await house.member(group, "Ana", ANA, facilitator="yes", duty=hours),
        LOU: await house.member(group, "Lou", LOU, facilitator="yes"),
        ROBIN: await house.member(group, "Robin", ROBIN),
        SOL: await house.member(group, "Sol", SOL, timezone="Europe/Berlin"),
    }
    return Rota(house, Bell(house.engine, lambda: None), people, group)


async def test_on_and_off_by_word(house: House) -> None:
    """For some hours or until she ends it; said over her own hours it counts for these alone."""
    here = await rota(house, "10:00-18:00")
    assert await here.on() == ["Ana"]
    await here.says(ANA, "off duty")
    assert (await here.on(), here.got(ANA)) == ([], [danger.OFF_DUTY_ALL])
    await here.says(LOU, "On duty 4 h")
    assert here.got(LOU) == [danger.ON_DUTY_UNTIL.format(until="16:00")]
    await here.says(ANA, "ON DUTY")
    await here.says(ANA, "OFF DUTY")
    assert here.got(ANA)[1:] == [danger.ON_DUTY, danger.OFF_DUTY]
    house.clock.forward(hours=4)
    assert await here.on() == []
    house.clock.forward(hours=19)
    assert await here.on() == ["Ana"]


async def test_words_of_duty_are_talk_of_members(house: House) -> None:
    """A nurse among the members may say that she is on duty; a facilitator is asked in doubt."""
    here = await rota(house)
    await here.says(ROBIN, "on duty")
    await here.says(ROBIN, "ON DUTY 4h")
    assert here.got(SOL) == ["on duty", "ON DUTY 4h"]
    await here.says(LOU, "on duty tonight at work")
    assert here.got(SOL)[2:] == ["on duty tonight at work"]
    assert await here.on() == []


async def test_hand_over(house: House) -> None:
    """The asked one gets the note; she who asks stays on duty until the other says so."""
    here = await rota(house)
    await here.says(ANA, "ON DUTY")
    await here.says(ANA, "HAND OVER robin please")
    assert here.got(ANA)[-1] == danger.NOBODY_OF_THAT_NAME
    await here.says(ANA, "HAND OVER: lou Robin had a hard day")
    note = danger.TAKE_OVER_NOTE.format(name="Ana", note="Robin had a hard day")
    assert here.got(LOU)[-1:] == [note]
    assert here.got(ANA)[-1] == danger.ASKED_OVER.format(name="Lou")
    assert await here.on() == ["Ana"]
    await here.says(LOU, "ON DUTY")
    assert await here.on() == ["Lou"]
    await here.says(LOU, f"HAND OVER ana ask Sol on {SOL}")
    note = danger.TAKE_OVER_NOTE.format(name="Lou", note="ask Sol on [number removed]")
    assert here.got(ANA)[-1] == note
    assert here.got(ANA)[-2] == danger.TAKEN_OVER.format(name="Lou")
    assert here.got(ROBIN) == []


async def test_members_hear_beforehand_when_nobody_will_be_on(house: House) -> None:
    """An hour before, each on her own clock; what is the same each day once a month."""
    here = await rota(house, "10:00-18:00", alternatives="211")
    await here.at(16, 30)
    assert here.got(ROBIN) == []
    await here.at(17, 30)
    assert here.got(ROBIN) == [danger.gap("18:00", "10:00", "988", "211")]
    assert here.got(SOL) == [danger.gap("19:00", "11:00", "988", "211")]
    for _ in range(2):
        await here.at(12)
        await here.at(20)
    assert len(here.got(ROBIN)) == 1
    await here.at(12)
    await here.says(ANA, "OFF DUTY")
    await here.at(14)
    ends = (house.clock.now() + timedelta(days=1)).strftime("%Y-%m-%d 10:00")
    assert here.got(ROBIN)[1:] == [danger.gap("12:30", ends, "988", "211")]


async def test_a_gap_without_end_is_said_each_time_one_begins(house: House) -> None:
    """Where duty goes by word alone: once for each end of it, and not again while it lasts."""
    here = await rota(house)
    await here.at(20)
    assert here.got(ROBIN) == []
    for times in (1, 2):
        await here.says(LOU, "ON DUTY")
        await here.at(23)
        await here.says(LOU, "OFF DUTY")
        await here.at(12)
        assert len(here.got(ROBIN)) == times
    assert here.got(ROBIN)[0] == danger.gap("23:30", "", "988", "")


async def test_nobody_is_woken_to_hear_that_nobody_is_on(house: House) -> None:
    """It waits for the end of her quiet hours; over by then, it is not said."""
    here = await rota(house, "07:00-01:00")
    quiet = {ROBIN: "22:00-06:00", SOL: "22:00-09:00"}
    for contact, hours in quiet.items():
        key = show_id(here.people[contact].id)
        await house.engine.registrar.change_member(key, {"quiet": hours, "timezone": "UTC"})
    await here.at(5)
    assert (here.got(ROBIN), here.got(SOL)) == ([], [])
    await here.at(6, 30)
    assert (len(here.got(ROBIN)), here.got(SOL)) == (1, [])
    await here.at(12)
    assert here.got(SOL) == []
