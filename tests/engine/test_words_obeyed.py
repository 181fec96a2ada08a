"""What a phone asks of the relay is done at once; what only looks like it is asked about."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from channels.contract import Receipt, Trait
from policies import catalogue
from policies.facts import GroupState, MemberState
from relay import wording
from relay.intake import Intake
from relay.model import Group, Member, show_id
from relay.wording import danger
from tests.engine.conftest import House
from tests.support.cries import unnumbered

ROBIN, ANA, SOL = "+12025550101", "+12025550102", "+12025550103"
IVY = "ivy@willow.example"
REVOCATION = "please take me off this list"


@dataclass
class Room:
    """Sol texts, Ana facilitates, Ivy reads by mail."""

    house: House
    group: Group
    sol: Member
    ana: Member

    async def says(self, text: str, **more: object) -> Receipt:
        """Sol texts, and all that can leave leaves."""
        receipt = await self.house.say(self.sol, SOL, text, **more)  # type: ignore[arg-type]
        await self.house.deliver()
        return receipt

    def told(self, contact: str = SOL) -> list[str]:
        """What the relay itself said to somebody."""
        said = [o for o in self.house.sms.sent if o.to.reveal() == contact and not o.author]
        return [o.text.reveal() for o in said]

    def read(self) -> list[str]:
        """What the group read."""
        return self.house.email.texts_to(IVY)

    async def state(self, member: Member | None = None) -> MemberState:
        """How a member stands."""
        key = show_id((member or self.sol).id)
        return (await self.house.engine.registrar.member(key)).state


@pytest.fixture
async def room(house: House) -> Room:
    """A group of three."""
    group = await house.group()
    sol = await house.member(group, "Sol", SOL)
    ana = await house.member(group, "Ana", ANA, facilitator="yes")
    await house.member(group, "Ivy", IVY)
    return Room(house, group, sol, ana)


async def test_leave_ends_one_group_and_what_waits_in_it(room: Room) -> None:
    """In one transaction: her copies of this group are gone, those of the other one arrive."""
    house = room.house
    other = await house.group("Friday")
    there = await house.member(other, "Wren", SOL)
    lou = await house.member(other, "Lou", ROBIN)
    await house.say(room.ana, ANA, "here")
    await house.say(lou, ROBIN, "there")
    assert await house.say(room.sol, SOL, "Leave.") is Receipt.TAKEN
    assert (await room.state(), await room.state(there)) == (
        MemberState.STOPPED,
        MemberState.ACTIVE,
    )
    await house.deliver()
    assert house.sms.texts_to(SOL) == ["there", wording.UNSUBSCRIBED]
    await room.says("leave the group")
    assert room.told() == [wording.UNSUBSCRIBED]
    assert room.told(ANA) == []


async def test_stop_ends_all_groups_with_one_confirmation(room: Room) -> None:
    """Said twice it is confirmed once; said again in another group, not there either."""
    house = room.house
    there = await house.member(await house.group("Friday"), "Wren", SOL)
    await room.says("STOP")
    await room.says("stop")
    await house.say(there, SOL, "STOP")
    await house.deliver()
    assert await room.state(there) is MemberState.STOPPED
    assert room.told() == [wording.STOPPED]


async def test_what_the_provider_has_confirmed_is_not_confirmed_again(room: Room) -> None:
    """A stop that the carrier answered itself gets no word of ours, and counts all the same."""
    await room.says("STOP", traits=frozenset({Trait.ANSWERED}))
    assert (room.told(), await room.state()) == ([], MemberState.STOPPED)


async def test_a_slip_in_a_word_reaches_nobody_before_she_says_so(room: Room) -> None:
    """She is asked; SEND AS IS lets it go, once, and she remains a member."""
    await room.says("STPO")
    assert (room.read(), room.told()) == ([], [wording.NEAR_MISS])
    await room.says("SEND AS IS")
    assert room.read() == ["STPO"]
    await room.says("SEND AS IS")
    assert room.told() == [wording.NEAR_MISS, wording.NOTHING_WAITS]
    assert (room.read(), room.told(ANA)) == (["STPO"], [])


async def test_a_wish_to_go_in_own_words_is_asked_about(room: Room) -> None:
    """Facilitators hear that she may want to go, not what she wrote; she stays until she says."""
    await room.says(REVOCATION)
    assert (room.read(), room.told()) == ([], [wording.WANTS_TO_GO])
    assert room.told(ANA) == [wording.MAY_WANT_TO_GO.format(name="Sol")]
    assert await room.state() is MemberState.ACTIVE
    await room.says("STOP")
    assert room.told() == [wording.WANTS_TO_GO, wording.STOPPED]
    assert await room.state() is MemberState.STOPPED
    assert room.read() == []


async def test_a_facilitator_s_own_wish_to_go_is_not_told_to_herself(room: Room) -> None:
    """She alone is asked."""
    await room.house.say(room.ana, ANA, REVOCATION)
    await room.house.deliver()
    assert room.told(ANA) == [wording.WANTS_TO_GO]


async def test_silence_is_told_in_the_end(room: Room) -> None:
    """Who says nothing about it hears that nobody got it, and nothing is kept."""
    await room.says("STPO")
    room.house.clock.forward(days=2)
    await room.house.sweeper.sweep()
    await room.house.deliver()
    assert room.told() == [wording.NEAR_MISS, wording.NOT_CONFIRMED]
    await room.house.sweeper.sweep()
    assert (await room.house.stored(), room.house.engine.vault.body_keys()) == ((0, 0), set())


async def test_in_a_frozen_group_who_wants_to_go_goes(room: Room) -> None:
    """LEAVE and HELP are heard; what only the group would hear is not."""
    await room.house.engine.registrar.set_group_state("Tuesday", GroupState.FROZEN)
    await room.says("MORE")
    await room.says("hello")
    await room.says("HELP")
    assert room.told()[:2] == [wording.FROZEN, wording.FROZEN]
    assert room.told()[2].startswith("Group relay:")
    assert unnumbered(room.told(ANA)) == [danger.WROTE_HELP.format(name="Sol", short="")]
    await room.says("LEAVE")
    assert await room.state() is MemberState.STOPPED
    assert room.told()[-1] == wording.UNSUBSCRIBED


async def test_who_is_invited_may_decline(room: Room) -> None:
    """LEAVE of somebody who has not agreed yet is no message to the group."""
    lou = await room.house.member(room.group, "Lou", ROBIN, agreed=False)
    await room.house.say(lou, ROBIN, "leave")
    await room.house.deliver()
    assert await room.state(lou) is MemberState.STOPPED
    assert room.told(ROBIN) == [wording.UNSUBSCRIBED]


async def test_what_was_shown_to_other_phones_is_not_passed_on(room: Room) -> None:
    """She is told why; a stop among other phones is a stop."""
    shown = frozenset({Trait.SHOWN_TO_OTHERS})
    await room.says("hello all", traits=shown)
    assert (room.read(), room.told()) == ([], [wording.SHOWN_TO_OTHERS])
    await room.says("STOP", traits=shown)
    assert await room.state() is MemberState.STOPPED


@pytest.mark.parametrize(("told", "heard"), [("told", Receipt.FORMER), ("silent", Receipt.REFUSED)])
async def test_who_has_left_may_be_told_so_once_a_month(
    room: Room, told: str, heard: Receipt
) -> None:
    """By the programme's choice; strangers never, and nothing of it is kept."""
    engine = room.house.engine
    settings = engine.settings.model_copy(update={"former_members": told})
    intake = Intake(replace(engine, settings=settings), catalogue.POST, lambda: None)
    room.house.intake = intake
    await engine.registrar.remove_member(show_id(room.sol.id))
    stranger = replace(room.sol, write_to=room.ana.write_to)
    for expected in (heard, Receipt.REFUSED):
        assert await room.says("hello, is anybody there?") is expected
    room.house.clock.forward(days=32)
    await room.house.sweeper.sweep()
    assert await room.says("hello again") is heard
    assert await room.house.say(stranger, ROBIN, "hello") is Receipt.REFUSED
    assert await room.house.stored() == (0, 0)
    assert (room.read(), room.told()) == ([], [])


async def test_a_stop_takes_what_waits_with_it(room: Room) -> None:
    """In the same transaction, in all her groups: when it is taken, only its answer is left."""
    house = room.house
    other = await house.group("Friday")
    await house.member(other, "Wren", SOL)
    lou = await house.member(other, "Lou", ROBIN)
    await house.say(room.ana, ANA, "here")
    await house.say(lou, ROBIN, "there")
    assert await house.stored() == (2, 3)
    await house.say(room.sol, SOL, "Stop")
    assert await house.stored() == (2, 2)  # Ivy's copy of `here`, and the answer
