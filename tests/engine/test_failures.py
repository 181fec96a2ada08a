"""What was reported of her phone counts against it; what the provider refused does not."""

from __future__ import annotations

from channels.contract import Later, Outcome, Outgoing, Progress, Sent, Trouble
from channels.secret import Secret
from policies.facts import MemberState
from relay import wording
from relay.model import show_id
from relay.progress import Following
from tests.engine.conftest import House

ROBIN, IVY = "+12025550101", "+12025550102"
BUSY = Later(why=Trouble.BUSY)
OFF = Later(why=Trouble.REFUSED_FOR_NOW)


async def test_an_outage_at_the_provider_is_not_held_against_a_phone(house: House) -> None:
    """After two refused attempts her phone may be out of reach twice, and gets it all the same."""
    group = await house.group()
    robin = await house.member(group, "Robin", ROBIN)
    ivy = await house.member(group, "Ivy", IVY)
    answers: list[Outcome] = [BUSY, BUSY]

    def answer(_: Outgoing) -> Outcome:
        return answers.pop(0) if answers else Sent(reference=Secret("SM1"), reported=True)

    house.sms.answer = answer
    following = Following(house.engine, lambda: None)

    async def news(outcome: Outcome) -> None:
        token = house.sms.sent[-1].status
        await following.follow(Progress(token=token, reference=Secret("SM1"), outcome=outcome))
        house.clock.forward(minutes=30)
        await house.deliver()

    await house.say(robin, ROBIN, "hello")
    for _ in range(3):
        await house.deliver()
        house.clock.forward(minutes=5)
    for _ in range(2):
        await news(OFF)
    assert (await house.engine.registrar.member(show_id(ivy.id))).state is MemberState.ACTIVE
    assert house.sms.texts_to(IVY) == ["hello"] * 5
    await news(Sent())
    assert await house.stored() == (0, 0)


async def test_the_author_is_told_where_no_facilitator_can_be(house: House) -> None:
    """Her phone counts as dead, she is the only one who runs the group: so the author hears."""
    group = await house.group()
    robin = await house.member(group, "Robin", ROBIN)
    await house.member(group, "Ivy", IVY, facilitator="yes")
    house.sms.answer = lambda _: Sent(reference=Secret("SM1"), reported=True)
    following = Following(house.engine, lambda: None)
    await house.say(robin, ROBIN, "hello")
    for _ in range(3):
        await house.deliver()
        token = house.sms.sent[-1].status
        await following.follow(Progress(token=token, reference=Secret("SM1"), outcome=OFF))
        house.clock.forward(minutes=30)
    await house.deliver()
    assert house.sms.texts_to(IVY) == ["hello"] * 3
    assert house.sms.texts_to(ROBIN) == [wording.NOT_REACHED]
