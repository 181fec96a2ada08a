"""Words for one member alone: only if the group allows it and she has nothing against it."""

from __future__ import annotations

from channels.contract import Receipt
from channels.secret import Secret
from relay import wording
from relay.model import Member, show_id
from relay.wording import members as texts
from tests.engine.conftest import House

IVY, OAK, ELM = "ivy@willow.example", "oak@willow.example", "elm@willow.example"
SOL = "+12025550103"


async def agree(house: House, one: Member, hers: str, other: Member, others: str) -> None:
    """Both want to write to each other alone."""
    await house.say(one, hers, f"ASK {other.name.reveal()}")
    await house.say(other, others, f"Accept {one.name.reveal()}.")
    await house.deliver()
    house.email.sent.clear()
    house.sms.sent.clear()


async def test_a_mask_reaches_one_member_alone(house: House) -> None:
    """What is written to her mask reaches her and nobody else, marked as private."""
    group = await house.group(private="on")
    ivy, oak = await house.member(group, "Ivy", IVY), await house.member(group, "Oak", OAK)
    await house.member(group, "Sol", SOL)
    await agree(house, ivy, IVY, oak, OAK)
    await house.say(ivy, IVY, "only you", to=oak.mask)
    await house.deliver()
    (out,) = house.email.sent
    assert (out.to.reveal(), out.text.reveal(), out.private) == (OAK, "only you", True)
    assert (out.author, out.mask, house.sms.sent) == (ivy.name, ivy.mask, [])


async def test_it_is_off_unless_the_group_wants_it(house: House) -> None:
    """She gets a neutral answer, and nobody gets her words."""
    group = await house.group()
    ivy, oak = await house.member(group, "Ivy", IVY), await house.member(group, "Oak", OAK)
    assert await house.say(ivy, IVY, "only you", to=oak.mask) is Receipt.TAKEN
    await house.deliver()
    assert [(o.to.reveal(), o.text.reveal()) for o in house.email.sent] == [
        (IVY, wording.NOT_TO_HER)
    ]


async def test_who_is_blocked_hears_what_everybody_would(house: House) -> None:
    """`Block`, sent to a mask, ends private words from there; the answer to them tells nothing."""
    group = await house.group(private="on")
    ivy, oak = await house.member(group, "Ivy", IVY), await house.member(group, "Oak", OAK)
    await agree(house, ivy, IVY, oak, OAK)
    await house.say(oak, OAK, "Block", to=ivy.mask)
    await house.say(ivy, IVY, "hello?", to=oak.mask)
    await house.deliver()
    assert house.email.texts_to(OAK) == [texts.BLOCKED.format(name="Ivy")]
    assert house.email.texts_to(IVY) == [texts.HELD.format(name="Oak")]
    house.clock.forward(hours=26)
    await house.sweeper.sweep()
    await house.say(oak, OAK, "unblock", to=ivy.mask)
    await house.say(ivy, IVY, "hello again", to=oak.mask)
    await house.deliver()
    wants = texts.WANTS.format(name="Ivy")
    assert house.email.texts_to(OAK)[1:] == [texts.UNBLOCKED.format(name="Ivy"), wants]
    assert house.email.texts_to(IVY)[1:] == [texts.NO_YES, texts.HELD.format(name="Oak")]


async def test_a_mask_means_nothing_to_outsiders(house: House) -> None:
    """A stranger and a member of another group are refused as at an address that never was."""
    group, other = await house.group(private="on"), await house.group("other", private="on")
    oak = await house.member(group, "Oak", OAK)
    elm = await house.member(other, "Elm", ELM)
    nowhere = Secret("nowhere@relay.example")
    for to in (oak.mask, nowhere):
        assert await house.say(elm, ELM, "hello", to=to) is Receipt.REFUSED
        assert await house.say(oak, "nobody@x.example", "hello", to=to) is Receipt.REFUSED
    await house.deliver()
    assert house.email.sent == []


async def test_an_ex_members_mask_leads_nowhere(house: House) -> None:
    """After her removal her mask is an address that never was."""
    group = await house.group(private="on")
    ivy, oak = await house.member(group, "Ivy", IVY), await house.member(group, "Oak", OAK)
    await house.engine.registrar.remove_member(show_id(oak.id))
    assert await house.say(ivy, IVY, "still there?", to=oak.mask) is Receipt.REFUSED
