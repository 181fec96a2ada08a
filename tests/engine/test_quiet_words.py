"""Quiet hours, pauses and urgent posts by word: what is answered, and what comes when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from channels.contract import Proof, Receipt
from policies.facts import GroupState
from relay import wording
from relay.model import Group, Member, MemberSettings, show_id
from relay.store import counts
from relay.wording import danger, hours
from tests.engine.conftest import House

SOL, ANA, ROBIN = "+12025550101", "+12025550102", "+12025550103"
IVY = "ivy@willow.example"


@dataclass
class Room:
    """Sol texts from Berlin, where it is 13:00; Ana facilitates; Ivy reads by mail."""

    house: House
    group: Group
    sol: Member
    ana: Member
    ivy: Member

    async def says(self, text: str, **more: object) -> Receipt:
        """Sol texts, and all that can leave leaves."""
        receipt = await self.house.say(self.sol, SOL, text, **more)  # type: ignore[arg-type]
        await self.house.deliver()
        return receipt

    async def writes(self, text: str) -> None:
        """Ivy writes to the group."""
        await self.house.say(self.ivy, IVY, text)
        await self.house.deliver()

    async def later(self, **span: float) -> None:
        """Time passes."""
        self.house.clock.forward(**span)
        await self.house.sweeper.sweep()
        await self.house.deliver()

    def told(self, contact: str = SOL) -> list[str]:
        """What the relay itself said to somebody."""
        said = [o for o in self.sent() if o.to.reveal() == contact and not o.author]
        return [o.text.reveal() for o in said]

    def read(self, contact: str = SOL) -> list[str]:
        """What somebody read of the group."""
        return [o.text.reveal() for o in self.sent() if o.to.reveal() == contact and o.author]

    def sent(self):  # type: ignore[no-untyped-def]
        """All that left, by both channels."""
        return [*self.house.sms.sent, *self.house.email.sent]

    async def settings(self) -> MemberSettings:
        """What Sol has set."""
        return (await self.house.engine.registrar.member(show_id(self.sol.id))).settings

    async def set(self, member: Member, **wishes: str) -> None:
        """What a facilitator sets for a member."""
        await self.house.engine.registrar.change_member(show_id(member.id), wishes)


@pytest.fixture
async def room(house: House) -> Room:
    """A group of three, without hours of its own."""
    group = await house.group(jitter="0")
    sol = await house.member(group, "Sol", SOL, timezone="Europe/Berlin")
    ana = await house.member(group, "Ana", ANA, facilitator="yes")
    ivy = await house.member(group, "Ivy", IVY)
    return Room(house, group, sol, ana, ivy)


async def test_hours_by_text_hold_at_once(room: Room) -> None:
    """What is held comes when they end; nobody but she reads the word or its answer."""
    await room.says("QUIET 12-14:30")
    assert room.told() == [hours.HOURS.format(hours="12:00-14:30 (Berlin)")]
    await room.writes("hello")
    assert room.read() == []
    await room.later(hours=1, minutes=29)
    assert room.read() == []
    await room.later(minutes=1)
    assert (room.read(), room.read(IVY), room.told(ANA)) == (["hello"], [], [])


async def test_hours_by_mail_are_the_same(room: Room) -> None:
    """A mail that says it in its subject says it; on the group's clock if she gave none."""
    await room.house.say(room.ivy, IVY, "", subject="Quiet 22-7")
    await room.house.deliver()
    assert room.told(IVY) == [hours.HOURS.format(hours="22:00-07:00")]
    assert room.read() == []


async def test_a_pause_that_ends_in_a_long_night_promises_nothing(room: Room) -> None:
    """What is written at its beginning is too old when that night ends, and she is told so."""
    await room.set(room.sol, quiet="18:00-10:00")
    for said, text in (("PAUSE 24h", hours.PAUSED_UNTIL), ("PAUSE 30h", hours.PAUSED_LONG)):
        await room.says(said)
        assert room.told()[-1].startswith(text.partition("{")[0]), said
        assert ("too old" in room.told()[-1]) is (text is hours.PAUSED_LONG), said


async def test_hours_that_end_let_go_what_they_held(room: Room) -> None:
    """QUIET OFF in the night: what waits comes at once, and QUIET says which hours hold."""
    await room.says("QUIET 12-16")
    await room.writes("hello")
    await room.says("QUIET OFF")
    assert room.read() == ["hello"]
    await room.says("QUIET")
    assert room.told()[1:] == [hours.NO_HOURS, hours.NO_HOURS]


async def test_a_silence_for_once(room: Room) -> None:
    """`tonight from 20:00` is added to her line, in her language, and over by the morning."""
    await room.set(room.sol, language="de")
    await room.says("Ruhe Mo-Fr 23-6")
    await room.says("ruhe heute abend ab 20:00")
    assert (await room.settings()).quiet == "mon-fri 23:00-06:00, 2026-11-18 20:00-07:00"
    await room.later(hours=7)
    await room.writes("late")
    assert room.read() == []
    await room.later(hours=11)
    assert room.read() == ["late"]


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("QUIET 25-99", hours.HOW_HOURS),
        ("quiet 10-7", hours.UNCLEAR_HOURS),
        ("QUIET 0:00-12:00, 12:00-24:00", hours.NO_TIME_LEFT),
        ("QUIET 2026-11-31 18-20", hours.HOW_HOURS),
        ("PAUSE 0d", hours.LENGTH_OF_PAUSE),
        ("PAUSE 5 years 3d", None),
        ("pause 100d", hours.LENGTH_OF_PAUSE),
        ("pause until 25:00", hours.HOW_PAUSE),
        ("QUIET 22 7", wording.NEAR_MISS),
    ],
)
async def test_what_is_no_time_changes_nothing(room: Room, said: str, answer: str | None) -> None:
    """One plain sentence, nobody else reads it, and what she had set stays; the rest is talk."""
    await room.says("QUIET 23-6")
    before = await room.settings()
    await room.says(said)
    assert await room.settings() == before
    assert room.told()[1:] == ([] if answer is None else [answer])
    assert room.read(IVY) == ([said] if answer is None else [])


async def test_group_hours_hold_on_both_clocks(room: Room) -> None:
    """Who lives by another clock keeps the group's nights on hers too; QUIET says so on her clock.

    She may have hours of her own instead, if the group lets its members.
    """
    engine, name = room.house.engine, room.group.name.reveal()
    await engine.registrar.change_group(
        name, {"quiet": "22:00-07:00", "timezone": "America/New_York", "narrow": "yes"}
    )
    await room.says("QUIET")  # 13:00 in Berlin, 7:00 in New York: both nights are over
    assert room.told() == [hours.GROUP_HOURS.format(hours="22:00-13:00 (Berlin)")]
    await room.later(hours=10)  # 23:00 in Berlin, 17:00 in New York
    await room.writes("evening")
    await room.later(hours=12)  # 11:00 in Berlin, 5:00 in New York
    assert room.read() == []
    await room.says("QUIET 22-7")
    assert room.read() == ["evening"]
    await engine.registrar.change_group(name, {"narrow": "no"})
    await room.writes("morning")
    assert room.read() == ["evening"]


async def test_a_pause_holds_what_lives_and_lets_go_the_rest(room: Room) -> None:
    """Nobody is told of what she did not want; on coming back she has the mode she had."""
    await room.set(room.sol, mode="digest", digest_at="15:00")
    await room.says("PAUSE 3d")
    assert room.told() == [hours.PAUSED_LONG.format(until="2026-11-21 13:00 (Berlin)")]
    await room.writes("too old by then")
    await room.later(hours=35, minutes=45)
    assert room.told(IVY) == []
    assert await room.house.stored() == (0, 0)
    await room.later(hours=20)
    await room.writes("fresh enough")
    await room.later(hours=16)
    assert room.read() == []
    assert (await room.settings()).mode == "digest"
    await room.later(hours=2, minutes=15)
    assert room.read() == ["fresh enough"]


async def test_resume_ends_a_pause(room: Room) -> None:
    """What still lives comes at once, or after her quiet hours, and she is told when."""
    await room.says("PAUSE")
    await room.writes("hello")
    assert (room.told(), room.read()) == ([hours.PAUSED], [])
    await room.says("RESUME")
    assert (room.told()[-1], room.read()) == (hours.RESUMED, ["hello"])
    await room.says("QUIET 12-15")
    await room.says("PAUSE until 14:00")
    assert room.told()[-1] == hours.PAUSED_UNTIL.format(until="14:00 (Berlin)")
    await room.says("resume")
    assert room.told()[-1] == hours.RESUMED_LATER.format(time="15:00 (Berlin)")


async def test_safety_comes_through_a_pause_and_the_night(room: Room) -> None:
    """The answers to STOP and HELP, what confirms her words, and a cry, at any hour."""
    await room.set(room.ana, quiet="11:00-23:00")
    await room.house.say(room.ana, ANA, "PAUSE 2d")
    await room.says("QUIET 12-23")
    await room.says("PAUSE 2d")
    await room.says("HELP")
    assert len(room.told()) == 3
    assert [text[:15] for text in room.told(ANA)[1:]] == [
        str(danger.WROTE_HELP).format(name="Sol", short=0)[:15]
    ]
    await room.says("STOP")
    assert room.told()[-1] == wording.STOPPED
    lou = await room.house.member(room.group, "Lou", ROBIN, agreed=False, quiet="11:00-23:00")
    await room.house.say(lou, ROBIN, "LEAVE")
    await room.house.deliver()
    assert room.told(ROBIN) == [wording.UNSUBSCRIBED]


async def test_words_are_heard_in_a_frozen_group_and_not_from_a_forger(room: Room) -> None:
    """Rest can be set at any time; what nothing proves to be hers sets nothing."""
    await room.house.engine.registrar.set_group_state("Tuesday", GroupState.FROZEN)
    await room.says("PAUSE 8h")
    assert (await room.settings()).pause_until > 0
    for said in ("PAUSE 3d", "QUIET 22-7", "WAKE OFF"):
        receipt = await room.house.say(room.ivy, IVY, said, proof=Proof.WEAK)
        assert receipt is Receipt.REFUSED
    assert room.told(IVY) == []


async def test_urgent_comes_at_night_to_who_lets_it(room: Room) -> None:
    """From one a facilitator allows it; so often a day; counted for the group without words."""
    await room.set(room.sol, may_urgent="yes")
    await room.house.engine.registrar.change_group("Tuesday", {"urgent": "2"})
    await room.set(room.ivy, quiet="11:00-20:00")
    await room.set(room.ana, quiet="11:00-20:00")
    await room.house.say(room.ana, ANA, "WAKE OFF")
    await room.says("URGENT the room is locked")
    assert (room.read(IVY), room.read(ANA)) == (["URGENT the room is locked"], [])
    assert room.told(ANA) == [hours.WAKES_NOT]
    await room.says("urgent: come to the back door")
    assert len(room.read(IVY)) == 2
    await room.says("URGENT once more")
    assert len(room.read(IVY)) == 2
    assert room.told() == [hours.TOO_OFTEN_URGENT.format(count=2)]
    async with room.house.engine.database.reading() as c:
        assert await counts.of_group(c, room.group.id) == {"urgent": 2}
    await room.later(hours=8)
    assert len(room.read(IVY)) == len(room.read(ANA)) == 3


async def test_urgent_is_not_granted_by_oneself(room: Room) -> None:
    """Not to a facilitator either; the words go out like any others, and she hears that."""
    await room.set(room.ivy, quiet="11:00-20:00")
    await room.house.say(room.ana, ANA, "URGENT come")
    await room.house.deliver()
    assert (room.read(IVY), room.read()) == ([], ["URGENT come"])
    assert room.told(ANA) == [hours.NOT_URGENT]


async def test_urgent_passes_no_pause(room: Room) -> None:
    """Who rests rests."""
    await room.set(room.ivy, may_urgent="yes")
    await room.says("PAUSE 8h")
    await room.writes("URGENT come")
    assert room.read() == []


async def test_what_was_urgent_hours_ago_wakes_nobody(room: Room) -> None:
    """A pause that ends at night lets go of what was urgent in the evening only in the morning."""
    await room.set(room.ivy, may_urgent="yes")
    await room.says("QUIET 15:00-23:00")
    await room.says("PAUSE 8h")
    await room.writes("URGENT come")
    await room.later(hours=8, minutes=5)
    assert room.read() == []
    await room.later(hours=2)
    assert room.read() == ["URGENT come"]


async def test_the_provider_brings_what_is_urgent_within_the_hour_or_by_day(room: Room) -> None:
    """While it wakes her it may lie there at night; not after that hour."""
    await room.set(room.ivy, may_urgent="yes")
    await room.says("QUIET 12-20")
    written = room.house.clock.now()
    await room.writes("URGENT come")
    (sent,) = [o for o in room.sent() if o.author and o.to.reveal() == SOL]
    assert sent.not_after == written + timedelta(hours=1)


async def test_who_writes_at_night_may_count_as_awake(room: Room) -> None:
    """For as many minutes as the group says, by default not at all."""
    await room.says("QUIET 12-20")
    await room.writes("one")
    await room.says("I cannot sleep")
    assert room.read() == []
    await room.house.engine.registrar.change_group("Tuesday", {"awake": "30", "jitter": "10"})
    await room.says("still awake")
    assert room.read() == ["one"]
    await room.later(minutes=29)
    await room.writes("two")
    assert room.read() == ["one", "two"]
    await room.later(minutes=2)
    await room.writes("three")
    assert room.read() == ["one", "two"]


async def test_the_day_begins_anew_on_the_day_of_a_pause(room: Room) -> None:
    """The clock of the answer is hers: eight hours from 13:00 are 21:00 in Berlin."""
    await room.says("PAUSE 8h")
    assert room.told() == [hours.PAUSED_UNTIL.format(until="21:00 (Berlin)")]
    stored = (await room.settings()).pause_until
    assert stored == int(datetime(2026, 11, 18, 20, tzinfo=UTC).timestamp() * 1000)
