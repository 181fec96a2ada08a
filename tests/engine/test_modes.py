"""How posts come to a member: bundles, digests, nudges; and what becomes of a broken bundle."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import pytest
import sqlalchemy as sa

from channels.contract import Later, Never, Outcome, Outgoing, Progress, Sent, Trouble
from channels.secret import Secret
from policies.facts import GroupState
from relay import wording
from relay.model import Group, Member, show_id
from relay.progress import Following
from relay.store.tables import DELIVERY
from relay.wording import modes
from tests.engine.conftest import House
from tests.engine.test_private import agree

ROBIN, SOL, ANA = "+12025550101", "+12025550103", "+12025550104"
IVY, OAK = "ivy@willow.example", "oak@willow.example"
LOST = Later(why=Trouble.ANSWER_LOST, unsure=True)
TOGETHER = "Robin: one\nIvy: two"


@dataclass
class Circle:
    """Robin and Ivy write; Sol reads by text, Oak by mail."""

    house: House
    group: Group
    robin: Member
    ivy: Member
    sol: Member
    oak: Member

    async def both_write(self) -> None:
        """`one` of Robin, `two` of Ivy."""
        await self.house.say(self.robin, ROBIN, "one")
        await self.house.deliver()
        await self.house.say(self.ivy, IVY, "two")
        await self.house.deliver()

    async def later(self, **span: float) -> None:
        """Time passes."""
        self.house.clock.forward(**span)
        await self.house.deliver()
        await self.house.sweeper.sweep()
        await self.house.deliver()

    async def sol_says(self, text: str) -> None:
        """Sol texts, and what follows from it."""
        await self.house.say(self.sol, SOL, text)
        await self.house.deliver()

    def sol_got(self) -> list[str]:
        """All that Sol's phone showed."""
        return self.house.sms.texts_to(SOL)

    def last(self) -> Outgoing:
        """What left for Sol last."""
        return [out for out in self.house.sms.sent if out.to.reveal() == SOL][-1]


@pytest.fixture
async def circle(house: House) -> Circle:
    """A group of four, on the clock of UTC; it is noon."""
    group = await house.group()
    return Circle(
        house,
        group,
        await house.member(group, "Robin", ROBIN),
        await house.member(group, "Ivy", IVY),
        await house.member(group, "Sol", SOL, mode="1h"),
        await house.member(group, "Oak", OAK, mode="digest", digest_at="18:30"),
    )


async def test_what_waited_for_the_hour_comes_as_one_message(circle: Circle) -> None:
    """Nothing before; then one text for Sol at one, one mail for Oak at half past six."""
    house = circle.house
    house.clock.forward(minutes=10)
    await circle.both_write()
    assert (circle.sol_got(), house.email.texts_to(OAK)) == ([], [])
    await circle.later(minutes=49)
    assert circle.sol_got() == []
    await circle.later(minutes=1)
    assert circle.sol_got() == [TOGETHER]
    await circle.later(hours=5, minutes=30)
    assert house.email.texts_to(OAK) == [TOGETHER]
    mail = house.email.sent[-1]
    assert (mail.author, mail.text.reveal(), mail.subject.reveal()) == (None, "", "2 notes")
    assert circle.sol_got() == [TOGETHER]
    assert await house.stored() == (0, 0)


async def test_members_of_every_post_get_each_by_itself(circle: Circle) -> None:
    """Robin and Ivy have chosen nothing: they get every post at once, as ever."""
    await circle.both_write()
    assert circle.house.sms.texts_to(ROBIN) == ["two"]
    assert circle.house.email.texts_to(IVY) == ["one"]


async def test_after_quiet_hours_it_comes_each_or_as_a_bundle(circle: Circle) -> None:
    """As she chose: what waited for the morning comes as one text, or one by one, in order."""
    engine = circle.house.engine
    ana = await circle.house.member(circle.group, "Ana", ANA, quiet="11:00-13:00")
    wishes = {"mode": "every", "after_quiet": "bundle", "quiet": "11:00-13:00"}
    await engine.registrar.change_member(show_id(circle.sol.id), wishes)
    await circle.both_write()
    await circle.later(hours=1)
    assert circle.sol_got() == [TOGETHER]
    assert circle.house.sms.texts_to(ANA) == ["one", "two"]
    assert ana.settings.after_quiet == "each"


async def test_what_does_not_fit_goes_on_in_the_next_text(circle: Circle) -> None:
    """In order, as many whole posts as fit into one text; all of them arrive."""
    circle.house.sms.most_together = 2
    for word in ("one", "two", "three", "four", "five"):
        await circle.house.say(circle.robin, ROBIN, word)
    await circle.later(hours=1)
    assert circle.sol_got() == ["Robin: one\nRobin: two", "Robin: three\nRobin: four", "five"]


async def test_what_comes_by_itself_keeps_its_place(circle: Circle) -> None:
    """A private post is in no bundle, and no later post of the group comes before it."""
    house = circle.house
    await house.engine.registrar.change_group("Tuesday", {"private": "on"})
    await agree(house, circle.ivy, IVY, circle.sol, SOL)
    await circle.both_write()
    await house.say(circle.ivy, IVY, "for you", to=circle.sol.mask)
    await house.say(circle.robin, ROBIN, "three")
    await circle.later(hours=1)
    assert circle.sol_got() == [TOGETHER, "for you", "three"]


async def test_a_bundle_that_is_refused_for_now_is_tried_again_whole(circle: Circle) -> None:
    """What was tried together is tried together; what was written meanwhile waits for its hour."""
    answers: list[Outcome] = [Later(why=Trouble.BUSY)]
    circle.house.sms.answer = _answers(answers)
    await circle.both_write()
    await circle.later(hours=1)
    await circle.house.say(circle.robin, ROBIN, "three")
    await circle.later(minutes=20)
    assert circle.sol_got() == [TOGETHER, TOGETHER]
    assert len({out.status.reveal() for out in circle.house.sms.sent if out.pieces}) == 2
    await circle.later(hours=1)
    assert circle.sol_got()[2:] == ["three"]


async def test_a_lost_answer_of_a_bundle_is_repeated_once(circle: Circle) -> None:
    """Twice at the most; then each author is told that somebody may not have got it."""
    circle.house.sms.answer = _answers([LOST, LOST, LOST])
    await circle.both_write()
    for _ in range(4):
        await circle.later(hours=1)
    assert circle.sol_got() == [TOGETHER, TOGETHER]
    await circle.later(hours=8)  # Oak gets hers
    assert wording.NOT_REACHED in circle.house.sms.texts_to(ROBIN)
    assert wording.NOT_REACHED in circle.house.email.texts_to(IVY)


async def test_news_of_a_bundle_is_of_all_its_posts(circle: Circle) -> None:
    """Arrived: none is left. Not arrived, each time: all are tried again, then told."""
    following = Following(circle.house.engine, lambda: None)
    circle.house.sms.answer = _answers([Sent(reported=True, reference=Secret("SM1"))] * 9)

    async def news(outcome: Outcome) -> None:
        status = circle.last().status
        await following.follow(Progress(token=status, reference=Secret("SM1"), outcome=outcome))

    await circle.both_write()
    await circle.later(hours=1)
    await news(Sent())
    assert await _waiting_for(circle, circle.sol) == 0
    await circle.both_write()
    await circle.later(hours=1)
    await news(Later(why=Trouble.REFUSED_FOR_NOW))
    assert await _waiting_for(circle, circle.sol) == 2
    await circle.later(hours=1)
    assert circle.sol_got() == [TOGETHER, TOGETHER, TOGETHER]
    await news(Never(why=Trouble.REFUSED))
    assert await _waiting_for(circle, circle.sol) == 0
    await circle.later(hours=8)
    assert wording.NOT_REACHED in circle.house.sms.texts_to(ROBIN)
    assert wording.NOT_REACHED in circle.house.email.texts_to(IVY)


async def test_one_post_that_must_not_leave_does_not_take_the_others_along(
    circle: Circle,
) -> None:
    """A refused bundle falls apart, and each post has its own fate; its author alone is told."""
    refused = Never(why=Trouble.REFUSED)

    def answer(out: Outgoing) -> Outcome:
        said = [piece.text.reveal() for piece in out.pieces] or [out.text.reveal()]
        return refused if "two" in said and out.to.reveal() == SOL else Sent()

    circle.house.sms.answer = answer
    await circle.both_write()
    await circle.later(hours=1)
    assert circle.sol_got() == [TOGETHER, "one", "two"]
    await circle.later(hours=8)
    assert wording.NOT_REACHED not in circle.house.sms.texts_to(ROBIN)
    assert wording.NOT_REACHED in circle.house.email.texts_to(IVY)


async def test_a_contact_in_one_post_stops_that_post_alone(circle: Circle) -> None:
    """The last look reads every post of a bundle."""
    house = circle.house
    await house.engine.registrar.change_group("Tuesday", {"contacts": "allow"})
    await house.say(circle.robin, ROBIN, "one")
    await house.say(circle.ivy, IVY, f"call {ROBIN}")
    await house.engine.registrar.change_group("Tuesday", {"contacts": "mask"})
    await circle.later(hours=1)
    assert not any(ROBIN in text for text in circle.sol_got())
    assert "one" in circle.sol_got()


async def test_a_bundle_survives_the_death_of_its_courier(circle: Circle) -> None:
    """Killed with a bundle in hand, it goes once more, whole, and counts as repeated."""
    house = circle.house
    house.clock.forward(minutes=59)
    await circle.both_write()
    house.clock.forward(minutes=1)
    house.sms.gate = asyncio.Event()
    house.sms.started.clear()
    dying = asyncio.create_task(house.courier(house.sms).run())
    await house.sms.started.wait()
    for task in asyncio.all_tasks():
        if task.get_name() == "send" or task is dying:
            task.cancel()
    with suppress(asyncio.CancelledError):
        await dying
    house.sms.gate = None
    await circle.later(minutes=10)
    assert circle.sol_got() == [TOGETHER, TOGETHER]
    assert (await house.tallies())["repeated"] == 2
    assert await _waiting_for(circle, circle.sol) == 0


async def test_who_stops_gets_no_bundle(circle: Circle) -> None:
    """What waits for her is gone with her stop, and no author is told of it."""
    await circle.both_write()
    await circle.sol_says("stop")
    await circle.later(hours=9)
    assert circle.sol_got() == [wording.STOPPED]
    assert wording.NOT_REACHED not in circle.house.sms.texts_to(ROBIN)


async def test_a_nudge_comes_once_and_the_posts_when_she_asks(circle: Circle) -> None:
    """One notice without a word of it, however many there are; READ NOTES brings them."""
    await circle.sol_says("MODE NUDGE")
    await circle.both_write()
    nudge = modes.NUDGE.format(count=1)
    assert circle.sol_got() == [modes.NUDGES, nudge]
    await circle.later(hours=5)
    assert circle.sol_got() == [modes.NUDGES, nudge]
    await circle.sol_says("read notes")
    assert circle.sol_got()[2:] == [TOGETHER]
    await circle.sol_says("READ NOTES")
    assert circle.sol_got()[3:] == [modes.NOTHING_NEW]
    await circle.both_write()
    assert circle.sol_got()[4:] == [nudge]


async def test_in_a_frozen_group_nothing_is_read_until_it_goes_on(circle: Circle) -> None:
    """She who asks is answered, and told anew when there is something to ask for."""
    await circle.sol_says("MODE NUDGE")
    await circle.both_write()
    registrar = circle.house.engine.registrar
    await registrar.set_group_state("Tuesday", GroupState.FROZEN)
    await circle.sol_says("READ NOTES")
    assert circle.sol_got()[2:] == [modes.NOTHING_NEW]
    await registrar.set_group_state("Tuesday", GroupState.OPEN)
    await circle.later(hours=1)
    assert circle.sol_got()[3:] == [modes.NUDGE.format(count=2)]
    await circle.sol_says("READ NOTES")
    assert circle.sol_got()[4:] == [TOGETHER]


async def test_who_rests_is_nudged_when_she_is_back(circle: Circle) -> None:
    """Not before, and not two days later."""
    await circle.sol_says("MODE NUDGE")
    await circle.sol_says("PAUSE 3h")
    told = len(circle.sol_got())
    await circle.both_write()
    await circle.later(hours=2, minutes=59)
    assert len(circle.sol_got()) == told
    await circle.later(minutes=1)
    assert circle.sol_got()[told:] == [modes.NUDGE.format(count=2)]


async def test_what_she_never_asks_for_is_told_to_its_author(circle: Circle) -> None:
    """When its life is over, as of any post that did not reach somebody."""
    await circle.sol_says("MODE NUDGE")
    await circle.both_write()
    for _ in range(5):
        await circle.later(days=1)
    assert wording.NOT_REACHED in circle.house.sms.texts_to(ROBIN)
    assert wording.NOT_REACHED in circle.house.email.texts_to(IVY)
    assert await circle.house.stored() == (0, 0)


async def test_a_word_sets_how_posts_come_and_says_it_back(circle: Circle) -> None:
    """Each way has its answer, with the time on her clock; what waited is judged anew at once."""
    await circle.both_write()
    answers = {
        "MODE DIGEST 8:00": modes.DIGEST.format(time="08:00"),
        "mode": modes.DIGEST.format(time="08:00"),
        "modo cada 3 horas": modes.HOURS.format(count=3),
        "MODE 1H": modes.HOURS.format(count=1),
        "mode digest": modes.DIGEST.format(time="08:00"),
        "MODE EVERY": modes.EVERY,
        "MODE BUNDLE": modes.BUNDLES,
    }
    for said, answer in answers.items():
        await circle.sol_says(said)
        assert answer in circle.sol_got(), said
    assert [text for text in circle.sol_got() if text in {"one", "two"}] == ["one", "two"]
    await circle.sol_says("MODE 2H")
    assert circle.sol_got()[-1] == wording.NEAR_MISS
    assert circle.house.sms.texts_to(ROBIN) == ["two"]


def _answers(answers: list[Outcome]) -> Callable[[Outgoing], Outcome]:
    """What Sol's next copies are answered with; then, and to all others, yes."""

    def answer(out: Outgoing) -> Outcome:
        is_post = out.author is not None or out.pieces
        return answers.pop(0) if answers and is_post and out.to.reveal() == SOL else Sent()

    return answer


async def _waiting_for(circle: Circle, member: Member) -> int:
    async with circle.house.engine.database.reading() as c:
        query = sa.select(sa.func.count()).where(DELIVERY.c.member_id == member.id)
        return int((await c.execute(query)).scalar_one())
