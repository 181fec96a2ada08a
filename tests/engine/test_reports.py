"""What is told to who runs the group, and to nobody else."""

from __future__ import annotations

import pytest

from channels.contract import File, Never, Proof, Receipt, Sent, Trouble
from policies.facts import GroupState, MemberState
from relay import wording
from relay.model import Group, Member, show_id
from relay.obeying.danger import names
from relay.wording import danger, modes
from tests.engine.conftest import House

ROBIN, ANA, LOU, SOL = (f"+1202555010{n}" for n in range(1, 5))
IVY = "ivy@willow.example"
TOLD_ONE = danger.REPORT_TOLD.format(count=1)
TOLD_TWO = danger.REPORT_TOLD.format(count=2)


async def room(house: House, **wishes: str) -> tuple[Group, dict[str, Member]]:
    """Ana and Lou run the group; Robin and Sol are members."""
    group = await house.group(**wishes)
    people = {
        contact: await house.member(group, name, contact, facilitator=runs)
        for name, contact, runs in (
            ("Robin", ROBIN, ""), ("Sol", SOL, ""), ("Ana", ANA, "yes"), ("Lou", LOU, "yes"),
        )
    }  # fmt: skip
    return group, people


@pytest.mark.parametrize(
    ("text", "told", "kept"),
    [
        ("REPORT Sol frightens me", "Robin reports: Sol frightens me", ""),
        ("report: Sol frightens me", "Robin reports: Sol frightens me", ""),
        ("tell facilitators I am late", "Robin tells who runs the group: I am late", ""),
        ("DENUNCIAR Sol me asusta", "Robin reports: Sol me asusta", ""),
        ("report cards came today", "", danger.NOT_REPORTED),
        ("Report", "", danger.HOW_TO_REPORT),
        ("TELL FACILITATORS", "", danger.HOW_TO_REPORT),
    ],
)
async def test_only_who_runs_the_group_gets_it(
    house: House, text: str, told: str, kept: str
) -> None:
    """In capitals, with a colon, or as TELL FACILITATORS; else she is asked what she means."""
    _, people = await room(house)
    await house.say(people[ROBIN], ROBIN, text)
    await house.deliver()
    assert house.sms.texts_to(ANA) == house.sms.texts_to(LOU) == ([told] if told else [])
    assert house.sms.texts_to(SOL) == []
    assert house.sms.texts_to(ROBIN) == [kept or TOLD_TWO]


async def test_who_is_named_does_not_get_it(house: House) -> None:
    """A facilitator named in any writing, also with a slip; with nobody left she hears it so."""
    _, people = await room(house, alternatives="the office at 211")
    await house.say(people[ROBIN], ROBIN, "REPORT: ANA shouts at us")
    await house.deliver()
    assert (house.sms.texts_to(ANA), len(house.sms.texts_to(LOU))) == ([], 1)
    assert house.sms.texts_to(ROBIN) == [TOLD_ONE]
    await house.say(people[LOU], LOU, "REPORT: Robin is rude, and Ana's words")
    await house.say(people[ROBIN], ROBIN, "TELL FACILITATORS lou and ana drink")
    await house.deliver()
    nobody = danger.nobody_told("the office at 211")
    assert house.sms.texts_to(LOU)[1:] == [nobody]
    assert house.sms.texts_to(ROBIN)[1:] == [nobody]
    assert house.sms.texts_to(ANA) == []


def test_names_are_found_rather_too_often() -> None:
    """With any ending, look-alike letters, one slip in a longer name; not inside other words."""
    hers = ("robin", "Robin's", "Robins Ton", "r0bin", "Robbin")
    assert [text for text in hers if not names(text, "Robin")] == []
    hers = ("ana lu shouts", "it was Ana  Lu.", "ANA-LU", "ANALU", "Ana shouts")
    assert [text for text in hers if not names(text, "Ana Lu")] == []
    assert names("Ana Lu shouts", "AnaLu")
    assert names("أحمد وسارة", "سارة")
    assert names("小红骂我", "小红")
    assert names("da ist Änna", "Anna")
    assert not any(names(text, "Ana") for text in ("banana", "analysis", "an a", "Ann"))
    assert not names("robbery", "Robin")


@pytest.mark.parametrize("group", [GroupState.OPEN, GroupState.FROZEN])
@pytest.mark.parametrize("state", list(MemberState))
async def test_it_is_heard_whatever_she_is(
    house: House, group: GroupState, state: MemberState
) -> None:
    """From a stopped, silent, invited or unreached member, in a frozen group as well."""
    _, people = await room(house)
    await house.engine.registrar.set_group_state("Tuesday", group)
    async with house.engine.database.writing() as c:
        await house.engine.roster.set_state(c, [people[ROBIN].id], state)
    assert await house.say(people[ROBIN], ROBIN, "REPORT he hit me") is Receipt.TAKEN
    await house.deliver()
    assert house.sms.texts_to(ANA) == ["Robin reports: he hit me"]
    assert house.sms.texts_to(ROBIN) == [TOLD_TWO]


async def test_contacts_are_masked_and_pictures_left_out(house: House) -> None:
    """Who runs the group learns no real contact by it either; she hears what was changed."""
    _, people = await room(house)
    said = f"REPORT: call me on {ROBIN}\nLou: I did it"
    await house.say(people[ROBIN], ROBIN, said, files=(File(octets=b"x"),))
    await house.deliver()
    assert house.sms.texts_to(ANA) == ["Robin reports: call me on Robin\n> Lou: I did it"]
    assert house.sms.texts_to(LOU) == []
    assert house.sms.texts_to(ROBIN) == [TOLD_ONE, wording.MASKED, danger.FILES_NOT_TOLD]


async def test_what_nothing_proves_is_said_to_be_so(house: House) -> None:
    """Told once an hour, with a doubt; she whose name it bears hears of it. Forged: nobody does."""
    group, _ = await room(house)
    ivy = await house.member(group, "Ivy", IVY)
    for number, proof in enumerate((Proof.FORGED, Proof.WEAK, Proof.WEAK)):
        await house.say(ivy, IVY, "REPORT: he hit me", proof=proof, message=f"{number}")
    await house.deliver()
    told = "Somebody who may not be Ivy reports: he hit me"
    assert house.sms.texts_to(ANA) == [told]
    assert house.email.texts_to(IVY) == [TOLD_TWO]


async def test_a_report_that_cannot_be_brought_is_told_to_who_wrote_it(house: House) -> None:
    """Turned away for good, or its reader gone before she read it: Robin hears that, once each."""
    _, people = await room(house)
    house.sms.answer = lambda out: Never(why=Trouble.REFUSED) if out.to.reveal() == ANA else Sent()
    await house.say(people[ROBIN], ROBIN, "REPORT he hit me")
    await house.deliver()
    assert house.sms.texts_to(ROBIN) == [TOLD_TWO, wording.NOT_REACHED]
    await house.engine.registrar.change_member(show_id(people[LOU].id), {"quiet": "00:00-23:00"})
    await house.say(people[ROBIN], ROBIN, "REPORT: again, Ana knows")
    await house.deliver()
    await house.say(people[LOU], LOU, "STOP")
    await house.deliver()
    assert house.sms.texts_to(ROBIN)[2:] == [TOLD_ONE, wording.NOT_REACHED]
    assert await house.stored() == (0, 0)


async def test_a_long_report_comes_whole_and_one_too_long_not_at_all(house: House) -> None:
    """As long as the group lets a post be; longer, she is told that nobody got it."""
    _, people = await room(house, longest="500")
    words = "word " * 80
    await house.say(people[ROBIN], ROBIN, f"REPORT {words}")
    await house.say(people[ROBIN], ROBIN, f"REPORT {words * 2}")
    await house.deliver()
    assert house.sms.texts_to(ANA) == [f"Robin reports: {words.strip()}"]
    assert house.sms.texts_to(ROBIN) == [TOLD_TWO, wording.TOO_LONG]


async def test_who_is_meant_by_a_number_or_a_real_name_does_not_get_it(house: House) -> None:
    """Somebody knows her from elsewhere: her contact and her real name say who is meant as well."""
    _, people = await room(house)
    await house.engine.registrar.change_member(
        show_id(people[LOU].id), {"real_names": "Carla Gomez"}
    )
    await house.say(people[ROBIN], ROBIN, f"REPORT {ANA} hit me")
    await house.deliver()
    assert (house.sms.texts_to(ANA), len(house.sms.texts_to(LOU))) == ([], 1)
    await house.say(people[ROBIN], ROBIN, "REPORT: carla gomez hit me")
    await house.deliver()
    assert (len(house.sms.texts_to(ANA)), len(house.sms.texts_to(LOU))) == (1, 1)


async def test_reports_do_not_bury_a_call(house: House) -> None:
    """Ten an hour; then she is told when to send it again, and a cry comes all the same."""
    _, people = await room(house)
    for number in range(11):
        await house.say(people[ROBIN], ROBIN, f"REPORT: {number}")
    await house.say(people[ROBIN], ROBIN, "CRISIS")
    await house.deliver()
    assert len(house.sms.texts_to(ANA)) == 11
    wait = 60 - house.clock.now().minute
    assert modes.RATE.format(count=wait) in house.sms.texts_to(ROBIN)


async def test_an_unproven_report_too_many_is_given_back(house: House) -> None:
    """Her mail host hears that it was refused and tells her: hers may be the second."""
    group, _ = await room(house)
    ivy = await house.member(group, "Ivy", IVY)
    receipts = [
        await house.say(ivy, IVY, f"REPORT: {n}", proof=Proof.WEAK, message=n)
        for n in ("one", "two")
    ]
    assert receipts == [Receipt.TAKEN, Receipt.REFUSED]
