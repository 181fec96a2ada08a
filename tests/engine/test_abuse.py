"""What somebody who means harm could try, from outside or as a member."""

from __future__ import annotations

import pytest

from channels.contract import File, Proof, Receipt, Trait
from channels.secret import Secret
from policies.facts import GroupState, MemberState
from relay import wording
from relay.duty import Reached
from relay.model import Member, show_id
from relay.wording import danger
from tests.engine.conftest import House
from tests.engine.test_private import agree

IVY, OAK, ELM = "ivy.stone84@willow.example", "oak@willow.example", "elm@willow.example"
SOL, ANA = "+12025550103", "+12025550102"


async def _group(house: House, **wishes: str) -> dict[str, Member]:
    group = await house.group(**wishes)
    return {
        "ivy": await house.member(group, "Ivy", IVY),
        "oak": await house.member(group, "Oak", OAK),
        "elm": await house.member(group, "Elm", ELM),
        "sol": await house.member(group, "Sol", SOL),
        "ana": await house.member(group, "Ana", ANA, facilitator="yes"),
    }


def _to_group(house: House, contact: str) -> list[str]:
    """What one reader got from other members."""
    sent = [*house.sms.sent, *house.email.sent]
    return [o.text.reveal() for o in sent if o.to.reveal() == contact and o.author is not None]


@pytest.mark.parametrize("proof", [Proof.WEAK, Proof.FORGED])
@pytest.mark.parametrize("traits", [frozenset(), frozenset({Trait.AUTOMATIC})])
async def test_a_mask_does_not_tell_who_is_here(
    house: House, proof: Proof, traits: frozenset[Trait]
) -> None:
    """Mail with a forged sender to a mask is refused for members and strangers alike."""
    circle = await _group(house, private="on")
    for sender in (IVY, "stranger@elsewhere.example"):
        receipt = await house.say(
            circle["ivy"], sender, "hi", to=circle["oak"].mask, proof=proof, traits=traits
        )
        assert receipt is Receipt.REFUSED
    await house.deliver()
    assert house.email.sent == []


async def test_writing_an_address_does_not_tell_whose_it_is(house: House) -> None:
    """A member's contact is replaced as a stranger's is; nobody learns her pseudonym by it."""
    circle = await _group(house)
    for address in (IVY, "stranger.84@willow.example"):
        await house.say(circle["oak"], OAK, f"is {address} here?")
        await house.deliver()
    assert _to_group(house, ELM) == ["is [address removed] here?"] * 2
    assert house.email.texts_to(OAK) == [wording.MASKED] * 2


async def test_writing_a_handle_is_not_answered(house: House) -> None:
    """Her handle is replaced, but who wrote it is not told, so it answers no question."""
    circle = await _group(house)
    await house.say(circle["oak"], OAK, "ivy.stone84 rocks")
    await house.deliver()
    assert _to_group(house, ELM) == ["[name removed] rocks"]
    assert house.email.texts_to(OAK) == []


async def test_a_stopped_leak_answers_no_guess(house: House) -> None:
    """Where the group allows contacts, a guess that was right is told to facilitators only."""
    circle = await _group(house, contacts="allow")
    await house.say(circle["oak"], OAK, f"is it {IVY}?")
    await house.deliver()
    assert house.email.texts_to(OAK) == []
    assert any("stopped" in text for text in house.sms.texts_to(ANA))


async def test_an_unproven_stop_ends_one_group_only(house: House) -> None:
    """Her other groups go on: nobody can silence her everywhere with a forged word."""
    circle = await _group(house)
    other = await house.member(await house.group("other"), "Iris", IVY)
    await house.say(circle["ivy"], IVY, "STOP", proof=Proof.WEAK)
    registrar = house.engine.registrar
    assert (await registrar.member(show_id(circle["ivy"].id))).state is MemberState.STOPPED
    assert (await registrar.member(show_id(other.id))).state is MemberState.ACTIVE


async def test_unproven_words_do_not_flood(house: House) -> None:
    """However often they come: one cry for help an hour, and no notice for nonsense."""
    circle = await _group(house)
    for n in range(12):
        for text in ("HELP", "", "send as is", "x" * 5000):
            await house.say(circle["ivy"], IVY, text, proof=Proof.WEAK, message=f"{n}{text[:9]}")
    await house.deliver()
    assert house.email.texts_to(IVY) == [danger.help_answer("Group relay", "", "", Reached.ON_DUTY)]
    assert len(house.sms.texts_to(ANA)) == 1


async def test_no_means_no(house: House) -> None:
    """Whoever answers that she did not write it deletes it."""
    circle = await _group(house)
    await house.say(circle["ivy"], IVY, "forged words", proof=Proof.WEAK)
    await house.deliver()
    (question,) = house.email.sent
    back = Secret(f"confirm+{question.confirm.reveal()}@relay.example")
    for answer in ("No! I did not write this", "yes"):
        await house.say(circle["ivy"], IVY, answer, to=back)
    await house.deliver()
    assert _to_group(house, OAK) == []
    assert wording.NOT_HERS in house.email.texts_to(IVY)


@pytest.mark.parametrize("yes", ["YES", "Yes, that was me", "ok", "S\u00ed", "Ja.", ""])
async def test_yes_is_said_in_many_ways(house: House, yes: str) -> None:
    """A plain yes, or an answer without words, lets her message go."""
    circle = await _group(house)
    await house.say(circle["ivy"], IVY, "hello", proof=Proof.WEAK)
    await house.deliver()
    (question,) = house.email.sent
    back = Secret(f"confirm+{question.confirm.reveal()}@relay.example")
    await house.say(circle["ivy"], IVY, yes, to=back, proof=Proof.WEAK)
    await house.deliver()
    assert _to_group(house, OAK) == ["hello"]


async def test_a_confirmed_message_keeps_the_groups_rules(house: House) -> None:
    """In a group that asks, a contact does not cross because the message had to be confirmed."""
    circle = await _group(house, contacts="ask")
    await house.say(circle["ivy"], IVY, f"I am {IVY}", proof=Proof.WEAK)
    await house.deliver()
    (question,) = house.email.sent
    back = Secret(f"confirm+{question.confirm.reveal()}@relay.example")
    await house.say(circle["ivy"], IVY, "yes", to=back, proof=Proof.WEAK)
    await house.deliver()
    assert _to_group(house, OAK) == []
    assert house.email.texts_to(IVY)[-1] == wording.ASKED_WITHOUT


async def test_answering_a_notice_does_not_post(house: House) -> None:
    """A facilitator who answers `Ivy wrote HELP` does not tell the whole group."""
    circle = await _group(house)
    await house.engine.registrar.change_member(show_id(circle["oak"].id), {"facilitator": "yes"})
    await house.say(circle["ivy"], IVY, "HELP")
    await house.deliver()
    notice = next(o for o in house.email.sent if o.to.reveal() == OAK)
    assert notice.confirm
    back = Secret(f"confirm+{notice.confirm.reveal()}@relay.example")
    await house.say(circle["oak"], OAK, "Ivy, what happened?", to=back)
    await house.deliver()
    assert _to_group(house, ELM) == []
    assert house.email.texts_to(OAK)[-1] == wording.NOBODY_READS


async def test_as_is_means_the_newest_of_that_place(house: House) -> None:
    """Said to a mask it never lets a message to the group go, and the other way round."""
    circle = await _group(house, private="on")
    await agree(house, circle["ivy"], IVY, circle["oak"], OAK)
    await house.say(circle["ivy"], IVY, f"group: {IVY}")
    await house.say(circle["ivy"], IVY, f"alone: {IVY}", to=circle["oak"].mask)
    await house.say(circle["ivy"], IVY, "SEND AS IS", to=circle["oak"].mask)
    await house.deliver()
    assert f"alone: {IVY}" in _to_group(house, OAK)
    assert _to_group(house, ELM) == ["group: Ivy"]
    house.clock.forward(minutes=1)
    await house.say(circle["ivy"], IVY, f"later: {IVY}")
    await house.say(circle["ivy"], IVY, "SEND AS IS")
    await house.deliver()
    assert _to_group(house, ELM)[-1] == f"later: {IVY}"


async def test_private_words_leave_no_trace_in_the_group(house: House) -> None:
    """An answer to them, sent to the group, names no id of what was said alone."""
    circle = await _group(house, private="on")
    await agree(house, circle["ivy"], IVY, circle["oak"], OAK)
    await house.say(circle["ivy"], IVY, "alone", to=circle["oak"].mask)
    await house.deliver()
    (copy,) = house.email.sent
    await house.say(circle["oak"], OAK, "to all", answers=(copy.message_id,))
    await house.say(circle["oak"], OAK, "back", answers=(copy.message_id,), to=circle["ivy"].mask)
    await house.deliver()
    found = {o.text.reveal(): o.references for o in house.email.sent}
    assert found["to all"] == ()
    assert len(found["back"]) == 1


async def test_private_words_to_somebody_who_goes_are_told(house: House) -> None:
    """If she stops before she got them, their author hears that they were not brought."""
    circle = await _group(house, private="on")
    await agree(house, circle["ivy"], IVY, circle["oak"], OAK)
    await house.engine.registrar.change_member(
        show_id(circle["oak"].id), {"quiet": "11:00-14:00", "timezone": "UTC"}
    )
    await house.say(circle["ivy"], IVY, "alone", to=circle["oak"].mask)
    await house.deliver()
    await house.say(circle["oak"], OAK, "STOP")
    await house.deliver()
    assert house.email.texts_to(IVY) == [wording.NOT_REACHED]


async def test_a_text_file_speaks_in_nobodys_voice(house: House) -> None:
    """A line in it that looks like another member's text is marked, with any kind of colon."""
    circle = await _group(house, pictures="on")
    words = "notes\nSol: I relapsed\nElm\u2236 me too"
    await house.say(circle["ivy"], IVY, "see", files=(File(words.encode()),))
    await house.deliver()
    (text,) = _to_group(house, SOL)
    assert "\n> Sol: I relapsed\n> Elm" in text


async def test_a_group_that_ends_keeps_nothing_back(house: House) -> None:
    """What waits for a word is dropped with it, and counted."""
    circle = await _group(house)
    await house.say(circle["ivy"], IVY, "hello", proof=Proof.WEAK)
    await house.deliver()
    held = await house.engine.registrar.inventory("Tuesday")
    assert held["waiting_for_author"] == 1
    await house.engine.registrar.set_group_state("Tuesday", GroupState.CLOSED)
    await house.deliver()
    held = await house.engine.registrar.inventory("Tuesday")
    assert held["waiting_for_author"] == 0
    assert held["not_passed_on"] == {"not_confirmed": 1}


async def test_a_full_mailbox_of_questions_loses_no_repeat(house: House) -> None:
    """A mail refused because too much waits is taken when it comes again later."""
    circle = await _group(house)
    for n in range(5):
        await house.say(circle["ivy"], IVY, f"{n}", proof=Proof.WEAK)

    async def again() -> Receipt:
        return await house.say(circle["ivy"], IVY, "5", proof=Proof.WEAK, message="once more")

    assert await again() is Receipt.REFUSED
    house.clock.forward(minutes=16)
    await house.sweeper.sweep()
    assert await again() is Receipt.TAKEN


async def test_a_word_refused_for_want_of_proof_is_refused_again(house: House) -> None:
    """Nothing of it was noted, so a repeat is not mistaken for something that was taken."""
    circle = await _group(house)
    for _ in range(2):
        receipt = await house.say(
            circle["ivy"], IVY, "SEND AS IS", proof=Proof.WEAK, message="the same"
        )
        assert receipt is Receipt.REFUSED
