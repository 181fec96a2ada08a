"""A brake on how much one member, or all of them, may write; told politely, and never silent."""

from __future__ import annotations

from channels.contract import Inbound, Proof
from channels.secret import Contact, Secret
from relay.brakes import Brakes
from relay.model import show_id
from relay.wording import modes
from tests.engine.conftest import House

ROBIN, SOL = "+12025550101", "+12025550103"


async def test_who_writes_too_much_is_told_when_to_go_on(house: House) -> None:
    """Ten in a minute reach the group, the next ones do not, and each is told; then it goes on."""
    group = await house.group(member_rate="30", group_rate="120")
    robin = await house.member(group, "Robin", ROBIN)
    sol = await house.member(group, "Sol", SOL)
    for number in range(12):
        await house.say(robin, ROBIN, f"post {number}")
    await house.deliver()
    braked = modes.RATE.format(count=1)
    assert house.sms.texts_to(SOL) == [f"post {n}" for n in range(10)]
    assert house.sms.texts_to(ROBIN) == [braked, braked]
    await house.say(sol, SOL, "hello")  # others are not kept back
    await house.deliver()
    assert house.sms.texts_to(ROBIN)[-1] == "hello"
    house.clock.forward(minutes=1)
    await house.say(robin, ROBIN, "again")
    await house.deliver()
    assert house.sms.texts_to(SOL)[-1] == "again"


async def test_words_to_the_relay_have_no_limit(house: House) -> None:
    """Who has written too much still reaches the relay, and can stop it."""
    group = await house.group(member_rate="1")
    robin = await house.member(group, "Robin", ROBIN)
    await house.member(group, "Sol", SOL)
    await house.say(robin, ROBIN, "one")
    await house.say(robin, ROBIN, "two")
    await house.say(robin, ROBIN, "MODE NUDGE")
    await house.deliver()
    await house.say(robin, ROBIN, "stop")
    await house.deliver()
    assert modes.NUDGES in house.sms.texts_to(ROBIN)
    assert (await house.engine.registrar.member(show_id(robin.id))).state == "stopped"
    assert house.sms.texts_to(SOL) == ["one"]


async def test_the_group_as_a_whole_has_a_limit_and_facilitators_a_count(house: House) -> None:
    """The third post within the hour is not passed on, whoever writes it; minutes are right."""
    group = await house.group(group_rate="2")
    robin = await house.member(group, "Robin", ROBIN)
    sol = await house.member(group, "Sol", SOL)
    await house.say(robin, ROBIN, "one")
    house.clock.forward(minutes=20)
    await house.say(sol, SOL, "two")
    await house.say(sol, SOL, "three")
    await house.deliver()
    assert modes.RATE.format(count=40) in house.sms.texts_to(SOL)
    held = await house.engine.registrar.inventory("Tuesday")
    assert held["not_passed_on"] == {"rate": 1}
    house.clock.forward(minutes=40)
    await house.say(sol, SOL, "four")
    await house.deliver()
    assert house.sms.texts_to(ROBIN)[-1] == "four"


async def test_what_is_remembered_ends_with_the_hour(house: House) -> None:
    """Nothing of who wrote when is kept for longer, and a clock set back stops nobody."""
    group = await house.group(member_rate="1")
    robin = await house.member(group, "Robin", ROBIN)
    brakes, now = Brakes(house.engine.settings.limits), house.clock.now()
    brakes.note(robin, group, now)
    assert brakes.written(robin, group, now).hers_in_hour == 1
    assert brakes.minutes_to_wait(robin, group, now) == 60
    house.clock.forward(hours=-2)
    assert brakes.written(robin, group, house.clock.now()).hers_in_hour == 0
    house.clock.forward(hours=2)
    brakes.note(robin, group, now)
    house.clock.forward(hours=1)
    assert brakes.written(robin, group, house.clock.now()).all_in_hour == 0


async def test_a_reaction_that_is_passed_on_counts(house: House) -> None:
    """A phone that reacts over and over, as a line each time, is braked as one that writes."""
    group = await house.group(reactions="line", member_rate="30")
    robin = await house.member(group, "Robin", ROBIN)
    await house.member(group, "Sol", SOL)
    for number in range(12):
        await house.intake.accept(
            Inbound(
                channel=robin.channel,
                provider_id=f"reaction-{number}",
                sender=Contact(robin.channel, ROBIN),
                to=robin.write_to,
                text=Secret("Liked it"),
                reaction=Secret("+"),
                proof=Proof.PROVEN,
            )
        )
    await house.deliver()
    assert len(house.sms.texts_to(SOL)) == 10
