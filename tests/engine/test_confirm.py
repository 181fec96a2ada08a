"""Mail that nothing proves: held, asked about at the known address, and let go by an answer."""

from __future__ import annotations

from channels.contract import Outgoing, Proof, Receipt, Trait
from channels.secret import Secret
from relay import wording
from relay.model import Group, Member
from tests.engine.conftest import House

IVY, OAK = "ivy@willow.example", "oak@willow.example"
SOL = "+12025550103"


async def _house(house: House, **wishes: str) -> Member:
    group = await house.group(**wishes)
    ivy = await house.member(group, "Ivy", IVY)
    await house.member(group, "Sol", SOL)
    return ivy


def _question(house: House) -> Outgoing:
    (question,) = [out for out in house.email.sent if out.text.reveal() == wording.CONFIRM]
    return question


def _back(out: Outgoing) -> Secret:
    return Secret(f"confirm+{out.confirm.reveal()}@relay.example")


async def test_an_unproven_mail_waits_for_its_author(house: House) -> None:
    """Nobody gets it until an answer from her own address has come; then everybody does, once."""
    ivy = await _house(house)
    assert await house.say(ivy, IVY, "hello", proof=Proof.WEAK) is Receipt.TAKEN
    await house.deliver()
    assert house.sms.sent == []
    question = _question(house)
    assert question.to.reveal() == IVY
    yes = await house.say(ivy, IVY, "", proof=Proof.WEAK, to=_back(question))
    await house.deliver()
    assert yes is Receipt.TAKEN
    assert [(o.author, o.text) for o in house.sms.sent] == [(ivy.name, Secret("hello"))]


async def test_a_confirmation_works_once(house: House) -> None:
    """The second answer finds nothing, and posts nothing."""
    ivy = await _house(house)
    await house.say(ivy, IVY, "hello", proof=Proof.WEAK)
    await house.deliver()
    for _ in range(2):
        await house.say(ivy, IVY, "yes", proof=Proof.WEAK, to=_back(_question(house)))
    await house.deliver()
    assert house.sms.texts_to(SOL) == ["hello"]
    assert wording.NOTHING_WAITS in house.email.texts_to(IVY)


async def test_only_she_can_confirm(house: House) -> None:
    """From another member, or disowned by her mail host, an answer is a stranger's."""
    ivy = await _house(house)
    oak = await house.member(await _group(house), "Oak", OAK)
    await house.say(ivy, IVY, "hello", proof=Proof.WEAK)
    await house.deliver()
    back = _back(_question(house))
    assert await house.say(oak, OAK, "yes", to=back) is Receipt.REFUSED
    assert await house.say(ivy, IVY, "yes", to=back, proof=Proof.FORGED) is Receipt.REFUSED
    guess = Secret("confirm+" + "a" * 26 + "@relay.example")
    assert await house.say(ivy, IVY, "yes", to=guess) is Receipt.REFUSED
    await house.deliver()
    assert house.sms.sent == []


async def _group(house: House) -> Group:
    return (await house.engine.registrar.groups())[0]


async def test_a_machine_does_not_confirm(house: House) -> None:
    """Her holiday note, sent back to the question, lets nothing go."""
    ivy = await _house(house)
    await house.say(ivy, IVY, "hello", proof=Proof.WEAK)
    await house.deliver()
    away = frozenset({Trait.AUTOMATIC})
    await house.say(ivy, IVY, "away", proof=Proof.WEAK, traits=away, to=_back(_question(house)))
    await house.deliver()
    assert house.sms.sent == []


async def test_what_nobody_confirms_is_told_and_forgotten(house: House) -> None:
    """After a quarter of an hour it is gone, its key too, and she hears that nobody got it."""
    ivy = await _house(house)
    await house.say(ivy, IVY, "hello", proof=Proof.WEAK)
    await house.deliver()
    back = _back(_question(house))
    house.clock.forward(minutes=16)
    await house.say(ivy, IVY, "yes", proof=Proof.WEAK, to=back)
    await house.sweeper.sweep()
    await house.deliver()
    await house.sweeper.sweep()
    assert house.sms.sent == []
    assert wording.NOT_CONFIRMED in house.email.texts_to(IVY)
    assert house.engine.vault.body_keys() == set()


async def test_a_group_can_refuse_what_is_not_proven(house: House) -> None:
    """With unproven=refuse it gets the answer a stranger gets, and no question is asked."""
    ivy = await _house(house, unproven="refuse")
    assert await house.say(ivy, IVY, "hello", proof=Proof.WEAK) is Receipt.REFUSED
    await house.deliver()
    assert house.email.sent == []


async def test_a_stop_needs_no_proof(house: House) -> None:
    """Whoever asks for silence in her name gets it: that can only make her safer."""
    ivy = await _house(house)
    await house.say(ivy, IVY, "STOP", proof=Proof.WEAK)
    await house.deliver()
    assert house.email.texts_to(IVY) == [wording.STOPPED]


async def test_nobody_fills_her_mailbox_with_questions(house: House) -> None:
    """Five wait at the most; the sixth is refused."""
    ivy = await _house(house)
    for n in range(5):
        assert await house.say(ivy, IVY, f"{n}", proof=Proof.WEAK) is Receipt.TAKEN
    assert await house.say(ivy, IVY, "5", proof=Proof.WEAK) is Receipt.REFUSED
