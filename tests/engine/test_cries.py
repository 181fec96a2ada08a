"""A cry for help: answered at once in every hour and state, and brought to one, then to more."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from channels.contract import Inbound, Proof
from channels.secret import Contact, Secret
from policies.facts import GroupState, MemberState
from relay.bell import Bell
from relay.duty import Reached
from relay.errors import RefusalError
from relay.intake import is_urgent
from relay.model import Group, Member, show_id
from relay.store.tables import MEMBER
from relay.wording import danger
from relay.words.reading import parse
from relay.words.vocabulary import Command
from tests.engine.conftest import House
from tests.support.cries import number_of, unnumbered

ROBIN, ANA, LOU, WREN, SOL = (f"+1202555010{n}" for n in range(1, 6))
NIGHT = "22:00-07:00"


@dataclass
class Night:
    """Robin and Sol are members; Ana, Lou and Wren run the group. It is three in the morning."""

    house: House
    group: Group
    bell: Bell
    people: dict[str, Member]

    async def says(self, contact: str, *texts: str, proof: Proof = Proof.PROVEN) -> None:
        """She texts, and all that can leave leaves."""
        for text in texts:
            await self.house.say(self.people[contact], contact, text, proof=proof)
        await self.house.deliver()

    async def later(self, **by: int) -> None:
        """Some time goes by; the bell rings, and all that can leave leaves."""
        self.house.clock.forward(**by)
        await self.bell.round()
        await self.house.deliver()

    def got(self, contact: str) -> list[str]:
        """What her phone showed."""
        return self.house.sms.texts_to(contact)

    def called(self) -> list[int]:
        """How many calls Ana, Lou and Wren have had."""
        calls = unnumbered([CALL])
        return [sum(t in calls for t in unnumbered(self.got(c))) for c in (ANA, LOU, WREN)]

    async def sets(self, contact: str, **wishes: str) -> None:
        """Change settings of a member."""
        key = show_id(self.people[contact].id)
        self.people[contact] = await self.house.engine.registrar.change_member(key, wishes)


CALL = danger.WROTE_CRISIS.format(name="Robin", short="10")


async def night(house: House, *, duty: str = "", **wishes: str) -> Night:
    """A group whose facilitators sleep, Ana with those hours of duty. 03:00 in the group's zone."""
    house.clock.forward(hours=(3 - house.clock.now().hour) % 24)
    group = await house.group(**{"quiet": NIGHT, "crisis": "988", **wishes})
    people = {}
    for name, contact in (("Robin", ROBIN), ("Sol", SOL)):
        people[contact] = await house.member(group, name, contact)
    for name, contact in (("Ana", ANA), ("Lou", LOU), ("Wren", WREN)):
        hours = {"duty": duty} if contact == ANA and duty else {}
        people[contact] = await house.member(group, name, contact, facilitator="yes", **hours)
    return Night(house, group, Bell(house.engine, lambda: None), people)


async def test_a_cry_at_three_in_the_morning(house: House) -> None:
    """The one on duty is called in her quiet hours, then one who is awake, then a sleeper."""
    here = await night(house, duty="20:00-08:00")
    await here.sets(WREN, quiet="off")
    await here.says(ROBIN, "CRISIS")
    assert here.got(ROBIN) == [danger.crisis_answer(Reached.ON_DUTY, "988", "")]
    assert here.called() == [1, 0, 0]
    await here.later(minutes=9)
    assert here.called() == [1, 0, 0]
    await here.later(minutes=1)
    assert here.called() == [1, 0, 1]
    await here.later(minutes=10)
    assert here.called() == [1, 1, 1]
    await here.later(minutes=10)
    assert here.got(ROBIN)[1:] == [danger.no_answer("988", "")]
    await here.later(hours=3)
    assert (here.called(), len(here.got(ROBIN)), here.got(SOL)) == ([1, 1, 1], 2, [])


async def test_who_takes_it_ends_the_calls(house: House) -> None:
    """Who cried and who was called hear it; only one takes; if she cries again, all are called."""
    here = await night(house, duty="20:00-08:00")
    await here.says(ROBIN, "SOS")
    await here.later(minutes=10)
    short = number_of(here.got(LOU)[0])
    await here.says(WREN, "TAKE 999")
    await here.says(LOU, f"take {short}")
    await here.says(ANA, f"TAKE #{short}")
    await here.later(hours=1)
    assert here.got(ROBIN)[1:] == [danger.LOOKED_AFTER.format(name="Lou")]
    assert here.got(LOU)[1:] == [danger.YOU_TOOK.format(name="Robin")]
    other = danger.OTHER_TOOK.format(taker="Lou", name="Robin")
    assert here.got(ANA)[1:] == [other, danger.NO_CALL]
    assert here.got(WREN) == [danger.NO_CALL]
    await here.says(ROBIN, "CRISIS")
    assert here.called() == [2, 2, 1]


async def test_who_stopped_after_her_cry_gets_no_text_about_it(house: House) -> None:
    """Somebody may have her phone by now. Who takes it hears that; one stopped before is told."""
    here = await night(house, duty="20:00-08:00")
    await here.says(ROBIN, "CRISIS", "STOP")
    before = len(here.got(ROBIN))
    await here.later(minutes=10)
    await here.later(minutes=10)
    await here.later(minutes=10)
    assert here.called() == [1, 1, 1]
    await here.says(LOU, "TAKE")
    assert here.got(LOU)[-1] == danger.YOU_TOOK_UNHEARD.format(name="Robin")
    assert len(here.got(ROBIN)) == before
    await here.says(ROBIN, "CRISIS")
    await here.says(LOU, "TAKE")
    assert here.got(ROBIN)[before + 1 :] == [danger.LOOKED_AFTER.format(name="Lou")]


async def test_a_crisis_after_help_is_brought_as_one(house: House) -> None:
    """Who was called for HELP hears that it is worse, however often she has cried before."""
    here = await night(house, duty="20:00-08:00")
    await here.says(ROBIN, *["HELP"] * 9)
    assert here.called() == [0, 0, 0]
    await here.says(ROBIN, "CRISIS")
    assert here.called() == [1, 0, 0]


async def test_who_comes_on_duty_later_is_called(house: House) -> None:
    """By her hours or by her word, within a day, although all others had been called in vain."""
    here = await night(house, duty="05:00-08:00")
    for contact in (ANA, LOU, WREN):
        await here.sets(contact, wake="no")
    await here.says(ROBIN, "CRISIS")
    await here.later(hours=1)
    assert here.called() == [0, 0, 0]
    await here.says(LOU, "ON DUTY")
    await here.later(minutes=10)
    assert here.called() == [0, 1, 0]
    await here.later(hours=1)
    assert here.called() == [1, 1, 0]
    await here.later(hours=23)
    await here.says(LOU, "TAKE")
    assert here.got(LOU)[-1] == danger.NO_CALL


async def test_a_damaged_card_keeps_nobody_else_from_being_called(house: House) -> None:
    """Of one who runs the group nothing can be read any more: the others are called."""
    here = await night(house)
    async with house.engine.database.writing() as c:
        hers = sa.update(MEMBER).where(MEMBER.c.id == here.people[ANA].id)
        await c.execute(hers.values(card=b"damaged"))
    await here.says(ROBIN, "CRISIS")
    assert here.called() == [0, 1, 1]


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("HELP HELP", Command.HELP),
        ("sos! sos! sos!", Command.CRISIS),
        ("Help. Emergency.", Command.CRISIS),
        ("救命救命", Command.CRISIS),
        ("info help", None),
    ],
)
def test_a_cry_said_over_and_over_is_one(text: str, command: Command | None) -> None:
    """Nothing but words of a cry is a cry; with any other word it is talk."""
    assert parse(text) is parse(text, to_mask=True) is command


async def test_take_alone_takes_the_only_one(house: House) -> None:
    """With two open she is asked which; one's own call is for others; members say it as talk."""
    here = await night(house)
    await here.says(ROBIN, "CRISIS")
    await here.says(ANA, "emergency")
    await here.says(LOU, "TAKE")
    assert here.got(LOU)[-1] == danger.WHICH_CALL
    await here.says(ANA, f"TAKE {number_of(here.got(LOU)[1])}")
    assert here.got(ANA)[-1] == danger.NOT_YOUR_OWN
    await here.says(LOU, f"TAKE {number_of(here.got(LOU)[0])}")
    await here.says(LOU, "TAKE")
    assert here.got(LOU)[-2:] == [danger.YOU_TOOK.format(name=n) for n in ("Robin", "Ana")]
    house.clock.forward(hours=5)
    await here.says(ROBIN, "take 20")
    assert here.got(SOL) == ["take 20"]


@pytest.mark.parametrize("word", ["HELP", "CRISIS"])
@pytest.mark.parametrize("group", list(GroupState))
async def test_in_every_state_it_is_answered_and_brought_at_once(
    house: House, word: str, group: GroupState
) -> None:
    """Whatever the group and the member are, in quiet hours, unproven, alone to a mask or not."""
    here = await night(house, duty="20:00-08:00", member_budget="1", budget="1")
    if group is not GroupState.OPEN:
        await house.engine.registrar.set_group_state("Tuesday", group)
    for state in MemberState:
        async with house.engine.database.writing() as c:
            await house.engine.roster.set_state(c, [here.people[ROBIN].id], state)
        before = len(here.got(ROBIN)), len(here.got(ANA))
        await here.says(ROBIN, word)
        after = len(here.got(ROBIN)), len(here.got(ANA))
        assert after == (before[0] + 1, before[1] + 1), state
        assert "988" in here.got(ROBIN)[-1]
    assert (here.got(LOU), here.got(WREN), here.got(SOL)) == ([], [], [])


async def test_a_forged_cry_is_nobodys_and_an_unproven_one_is_heard_once(house: House) -> None:
    """A mail that its host disowns calls nobody; one that nothing proves does, once an hour."""
    here = await night(house)
    ivy = await house.member(here.group, "Ivy", "ivy@willow.example")
    for number, proof in enumerate((Proof.FORGED, Proof.WEAK, Proof.WEAK)):
        await house.say(ivy, "ivy@willow.example", "crisis", proof=proof, message=f"{number}")
        await house.deliver()
        assert [len(here.got(c)) for c in (ANA, LOU, WREN)] == [min(number, 1)] * 3


async def test_without_duty_all_are_called_but_who_wants_to_sleep(house: House) -> None:
    """Who does not want to be woken hears of it in the morning, if nobody has taken it."""
    here = await night(house)
    await here.sets(WREN, wake="no")
    await here.says(ROBIN, "CRISIS")
    assert here.called() == [1, 1, 0]
    await here.later(minutes=10)
    assert here.got(WREN) == []
    assert here.got(ROBIN)[-1] == danger.no_answer("988", "")
    await here.later(hours=4)
    late = unnumbered([danger.NOBODY_TOOK.format(name="Robin", short="10")])
    assert unnumbered(here.got(WREN)) == late
    await here.says(WREN, "TAKE")
    assert here.got(ROBIN)[-1] == danger.LOOKED_AFTER.format(name="Wren")


async def test_when_nobody_is_on_duty_she_hears_it_with_whom_else_to_ask(house: House) -> None:
    """HELP and CRISIS say that nobody is on, call one who may be woken, and name alternatives."""
    here = await night(house, duty="09:00-12:00", alternatives="211", reach="Ana at the desk")
    await here.says(ROBIN, "help", "crisis")
    assert here.got(ROBIN) == [
        danger.help_answer("Group relay", "", "988", Reached.OTHERS, alternatives="211"),
        danger.crisis_answer(Reached.OTHERS, "988", "211"),
    ]
    assert sorted(len(here.got(c)) for c in (ANA, LOU, WREN)) == [0, 0, 2]


async def test_nobody_left_to_call_is_said_at_once(house: House) -> None:
    """A facilitator alone cries herself: she is not to wait for anybody, and is told one time."""
    here = await night(house, alternatives="211")
    for contact in (LOU, WREN):
        await house.engine.registrar.remove_member(show_id(here.people[contact].id))
    await here.says(ANA, "crisis")
    await here.later(hours=1)
    assert here.got(ANA) == [danger.crisis_answer(Reached.NOBODY, "988", "211")]


async def test_a_cry_again_is_answered_and_calls_nobody_anew(house: House) -> None:
    """Who was called hears it again, six times an hour at the most; the next waits for the time."""
    here = await night(house, duty="20:00-08:00")
    await here.says(ROBIN, *["CRISIS"] * 9)
    assert here.called() == [1 + 6, 0, 0]
    assert len(here.got(ROBIN)) == 9
    assert len(set(here.got(ANA))) == 1


async def test_a_call_stands_behind_no_post(house: House) -> None:
    """However many posts wait for her or are under way, calls and answers go first, in order."""
    here = await night(house, quiet="")
    for number in range(30):
        await house.say(here.people[SOL], SOL, f"post {number}")
    now, outbox = house.clock.now(), house.engine.outbox
    async with house.engine.database.writing() as c:
        under_way = await outbox.due(c, "sms", now, 100)
        await outbox.claim(c, under_way, 1, now + timedelta(hours=1))
    assert {row.member_id for row in under_way} >= {here.people[who].id for who in (ROBIN, ANA)}
    await house.say(here.people[ROBIN], ROBIN, "CRISIS")
    await house.say(here.people[ROBIN], ROBIN, "CRISIS")
    for most in (2, 100):
        async with house.engine.database.writing() as c:
            first = await outbox.due(c, "sms", now, most)
        assert {row.author_id for row in first} == {None}
        assert len(first) == min(most, len({ROBIN, ANA, LOU, WREN}))
    async with house.engine.database.writing() as c:
        await outbox.hold(c, [(row, now) for row in under_way])
    await house.deliver()
    assert (unnumbered(here.got(ANA)[:2]), len(here.got(ANA))) == (unnumbered([CALL] * 2), 32)
    assert here.got(ROBIN)[:2] == [danger.crisis_answer(Reached.ON_DUTY, "988", "")] * 2


async def test_a_kill_between_two_steps_neither_loses_nor_doubles_a_call(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is said and how far it got are one transaction: torn anywhere, it is done once more."""
    here = await night(house, duty="20:00-08:00")
    await here.says(ROBIN, "CRISIS")
    house.clock.forward(minutes=10)
    tell, told = house.engine.notices.tell, 0

    async def torn(*args: object, **more: object) -> bool:
        nonlocal told
        await tell(*args, **more)  # type: ignore[arg-type]
        told += 1
        raise RefusalError("killed")

    monkeypatch.setattr(type(house.engine.notices), "tell", lambda _, *a, **m: torn(*a, **m))
    await here.bell.round()
    monkeypatch.undo()
    await house.deliver()
    assert (told, here.called()) == (1, [1, 0, 0])
    again = Bell(house.engine, lambda: None), Bell(house.engine, lambda: None)
    for bell in again:
        await bell.round()
    await house.deliver()
    assert here.called() == [1, 1, 0]


async def test_a_damaged_row_rings_once_more(house: House) -> None:
    """How far it got cannot be read any more: everybody is called from the beginning."""
    here = await night(house, duty="20:00-08:00")
    await here.says(ROBIN, "CRISIS")
    async with house.engine.database.writing() as c:
        await c.exec_driver_sql("UPDATE alarm SET called = member.card FROM member")
    await here.later(minutes=10)
    assert here.called() == [2, 0, 0]


async def test_whom_else_to_ask_is_no_member(house: House) -> None:
    """Alternatives with a member's own number are refused: the answer could not leave."""
    await night(house)
    with pytest.raises(RefusalError, match="own number"):
        await house.engine.registrar.change_group("Tuesday", {"alternatives": f"call {SOL}"})


def test_a_cry_waits_behind_nothing() -> None:
    """In the line of texts that could not be taken in yet, a cry of any spelling goes first."""
    here = Inbound(
        channel="sms", provider_id="1", sender=Contact("sms", ROBIN), to=Secret(ANA),
        text=Secret(""), proof=Proof.PROVEN,
    )  # fmt: skip
    cries = ("CRISIS", "sos", "救命", "Notfall!", "HELP", "crysis")
    assert [t for t in cries if not is_urgent(replace(here, text=Secret(t)))] == []
    assert not is_urgent(replace(here, text=Secret("it was a crisis")))


async def test_listed_words_tell_their_writer_alone_whom_to_call(house: House) -> None:
    """Her post goes on as always, nobody is called; once a day, and only where there is a list."""
    here = await night(house)
    house.clock.forward(hours=5)
    await here.says(ROBIN, "I want to end it")
    assert here.got(ROBIN) == []
    await house.engine.registrar.change_group("Tuesday", {"crisis_words": "end it, kill, 自杀"})
    await here.says(ROBIN, "I want to END it.", "kill", "skills", "我想自杀了")
    care = danger.CARE.format(crisis="988")
    assert here.got(ROBIN) == [care]
    assert len(here.got(SOL)) == 5
    assert here.called() == [0, 0, 0]
    house.clock.forward(days=1)
    await here.says(ROBIN, "我想自杀了")
    assert here.got(ROBIN) == [care, care]
