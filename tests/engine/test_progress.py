"""What a provider tells later about the copies it took: late, twice, out of order, or never."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest
import sqlalchemy as sa

from channels.contract import Later, Never, Outcome, Outgoing, Progress, Sent, Trouble
from channels.secret import Secret
from policies.facts import MemberState
from relay import wording
from relay.model import Member, Stage, show_id
from relay.progress import Following, _News, _Step, _step
from relay.store.outbox import Copy
from relay.store.tables import DELIVERY, ERASURE
from relay.vault.vault import Use
from tests.engine.conftest import House

ROBIN, ANA, SOL = "+12025550101", "+12025550102", "+12025550103"
OFF = Later(why=Trouble.REFUSED_FOR_NOW)
REFUSED = Never(why=Trouble.REFUSED)
DEAD = Never(why=Trouble.BAD_CONTACT)
LOST = Later(why=Trouble.ANSWER_LOST, unsure=True)


@dataclass
class Street:
    """Robin writes, Sol reads, Ana facilitates; all by text. News comes when a test says so."""

    house: House
    robin: Member
    sol: Member
    following: Following
    answers: list[Outcome] = field(default_factory=list)
    """How Sol's next copies are answered; then they are taken."""

    def answer(self, out: Outgoing) -> Outcome:
        """What is Sol's is reported on later; what is not arrives."""
        if out.to.reveal() != SOL or out.author is None:
            return Sent()
        if self.answers:
            return self.answers.pop(0)
        return Sent(reported=True, reference=Secret(f"SM{len(self.copies())}"), cost=1)

    def copies(self) -> list[Outgoing]:
        """What left for Sol, of the group's words."""
        return [o for o in self.house.sms.sent if o.to.reveal() == SOL and o.author]

    def heard(self, contact: str) -> list[str]:
        """What the relay itself said to somebody."""
        said = [o for o in self.house.sms.sent if o.to.reveal() == contact and not o.author]
        return [o.text.reveal() for o in said]

    async def writes(self, text: str = "hello") -> None:
        """Robin writes, and what can leave leaves."""
        await self.house.say(self.robin, ROBIN, text)
        await self.house.deliver()

    async def news(self, outcome: Outcome | None, of: int = -1, reference: str = "SM1") -> None:
        """News of one of Sol's copies, and what follows from it."""
        token = self.copies()[of].status
        await self.follow(Progress(token=token, reference=Secret(reference), outcome=outcome))

    async def follow(self, progress: Progress) -> None:
        """Hand news in, then deliver what is due by it."""
        await self.following.follow(progress)
        await self.house.deliver()

    async def later(self, **span: float) -> None:
        """Time passes."""
        self.house.clock.forward(**span)
        await self.house.deliver()
        await self.house.sweeper.sweep()
        await self.house.deliver()

    async def state(self) -> MemberState:
        """Whether Sol still gets anything."""
        return (await self.house.engine.registrar.member(show_id(self.sol.id))).state

    async def erasures(self) -> list[int]:
        """When the provider may be asked to delete what it keeps, in minutes from now."""
        now = int(self.house.clock.now().timestamp() * 1000)
        async with self.house.engine.database.reading() as c:
            return [(due - now) // 60_000 for due in await c.scalars(sa.select(ERASURE.c.due))]


@pytest.fixture
async def street(house: House) -> Street:
    """A group of three phones."""
    group = await house.group()
    robin = await house.member(group, "Robin", ROBIN)
    sol = await house.member(group, "Sol", SOL)
    await house.member(group, "Ana", ANA, facilitator="yes")
    made = Street(house, robin, sol, Following(house.engine, lambda: None))
    house.sms.answer = made.answer
    return made


async def test_what_arrived_is_forgotten_and_counted_once(street: Street) -> None:
    """A copy stays until it is delivered; repeats and what is out of order change nothing."""
    await street.writes()
    await street.news(None)
    assert await street.house.stored() == (1, 1)
    assert await street.erasures() == [30]  # then it is asked how it ended
    for outcome in (Sent(), None, Sent()):
        await street.news(outcome)
        assert await street.house.stored() == (0, 0)
    assert await street.erasures() == [0]
    tallies = await street.house.tallies()
    assert (tallies["sent"], tallies.get("undelivered", 0), tallies["segments"]) == (2, 0, 1)
    assert len(street.copies()) == 1


async def test_no_news_is_good_news_in_the_end(street: Street) -> None:
    """After an hour without any word a copy counts as sent, and nobody is told anything."""
    await street.writes()
    await street.later(minutes=59)
    assert await street.house.stored() == (1, 1)
    await street.later(minutes=1)
    assert await street.house.stored() == (0, 0)
    assert (street.heard(ROBIN), street.heard(ANA)) == ([], [])
    assert (await street.house.tallies())["sent"] == 2


async def test_news_settles_an_answer_that_was_lost(street: Street) -> None:
    """It was taken after all: not sent again, and then it arrives as any other."""
    street.answers = [LOST]
    await street.writes()
    await street.news(None)
    await street.later(minutes=10)
    assert (len(street.copies()), await street.house.stored()) == (1, (1, 1))
    await street.news(Sent())
    assert await street.house.stored() == (0, 0)
    assert street.heard(ROBIN) == []


async def test_without_news_a_lost_answer_is_tried_once_more(street: Street) -> None:
    """Twice in doubt and never a third time; its author hears that some did not get it."""
    street.answers = [LOST, LOST]
    await street.writes()
    for _ in range(3):
        await street.later(minutes=10)
    assert len(street.copies()) == 2
    assert street.heard(ROBIN) == [wording.NOT_REACHED]


async def test_what_arrived_while_its_answer_was_lost_has_arrived(street: Street) -> None:
    """Delivered was reported before the send came back without an answer: it ends, once."""
    street.answers = [LOST, LOST]
    street.house.sms.gate = asyncio.Event()
    await street.house.say(street.robin, ROBIN, "hello")
    delivering = asyncio.create_task(street.house.deliver())
    while not street.copies():
        await asyncio.sleep(0.005)
    progress = Progress(token=street.copies()[0].status, reference=Secret("SM1"), outcome=Sent())
    await street.following.follow(progress)
    street.house.sms.gate.set()
    await delivering
    await street.later(minutes=10)
    assert (len(street.copies()), await street.house.stored()) == (1, (0, 0))
    tallies = await street.house.tallies()
    assert (tallies["sent"], tallies.get("repeated", 0)) == (2, 0)


async def test_a_phone_that_is_off_three_times_counts_as_dead(street: Street) -> None:
    """Tried again after each of two failures; the third is told to facilitators alone."""
    await street.writes()
    for tries in (1, 2):
        await street.news(OFF)
        assert len(street.copies()) == tries
        await street.later(minutes=5)
        assert len(street.copies()) == tries + 1
    assert await street.state() is MemberState.ACTIVE
    await street.news(OFF)
    assert await street.state() is MemberState.UNREACHABLE
    assert street.heard(ANA) == [wording.UNREACHABLE.format(name="Sol")]
    assert (street.heard(ROBIN), await street.house.stored()) == ([], (0, 0))
    assert (await street.house.tallies())["undelivered"] == 3


async def test_a_dead_number_counts_at_once(street: Street) -> None:
    """What waits for it goes as well; a repeat of the news tells nobody twice."""
    await street.writes()
    await street.writes("again")
    await street.news(DEAD, of=0)
    await street.news(DEAD, of=0)
    assert await street.state() is MemberState.UNREACHABLE
    assert street.heard(ANA) == [wording.UNREACHABLE.format(name="Sol")]
    assert await street.house.stored() == (0, 0)
    assert (await street.house.tallies())["undelivered"] == 1


async def test_a_refusal_is_told_to_the_author_and_the_second_day_to_facilitators(
    street: Street,
) -> None:
    """One refusal can be about the words; on a second day it is about the phone."""
    await street.writes()
    await street.news(REFUSED)
    assert street.heard(ROBIN) == [wording.NOT_REACHED]
    assert await street.state() is MemberState.ACTIVE
    await street.news(REFUSED)  # a repeat, and its copy is gone
    await street.later(days=1)
    await street.writes("tomorrow")
    await street.news(REFUSED)
    assert await street.state() is MemberState.UNREACHABLE
    assert street.heard(ANA) == [wording.UNREACHABLE.format(name="Sol")]
    assert (await street.house.tallies())["undelivered"] == 2
    await street.house.engine.registrar.change_member(show_id(street.sol.id), {"state": "active"})
    await street.writes("she is back")
    await street.news(REFUSED)
    assert await street.state() is MemberState.ACTIVE


async def test_bad_news_after_the_copy_counted_as_sent(street: Street) -> None:
    """Told to facilitators, once a day; on the second such day nothing more is sent."""
    for _ in range(2):
        await street.writes()
        await street.later(minutes=61)
        assert await street.house.stored() == (0, 0)
        await street.news(OFF)
        await street.news(OFF)
        await street.later(days=1)
    name = "Sol"
    told = [wording.GIVEN_BACK.format(name=name), wording.UNREACHABLE.format(name=name)]
    assert street.heard(ANA) == told
    assert street.heard(ROBIN) == []
    assert await street.state() is MemberState.UNREACHABLE


async def test_news_of_another_attempt_is_not_about_this_one(street: Street) -> None:
    """The first attempt failed; its failure, told again, does not fail the second one."""
    await street.writes()
    await street.news(OFF)
    await street.later(minutes=5)
    assert len(street.copies()) == 2
    assert street.copies()[0].status != street.copies()[1].status
    assert street.copies()[0].delivery == street.copies()[1].delivery
    for outcome in (OFF, REFUSED, DEAD, None, Sent()):
        await street.news(outcome, of=0)
        assert (len(street.copies()), await street.house.stored()) == (2, (1, 1))
    assert await street.state() is MemberState.ACTIVE
    await street.news(Sent(), of=1)
    assert await street.house.stored() == (0, 0)


async def test_a_killed_courier_s_copy_is_not_sent_again_once_it_is_known_to_be_taken(
    street: Street,
) -> None:
    """The row is still claimed, nobody will settle it, and the provider says it has it."""
    street.house.sms.gate = asyncio.Event()
    await street.house.say(street.robin, ROBIN, "hello")
    courier = street.house.courier(street.house.sms)
    running = asyncio.create_task(courier.run())
    while len(street.house.sms.sent) < 2:
        await asyncio.sleep(0.005)
    async with street.house.engine.database.reading() as c:
        claims = (await c.execute(sa.select(DELIVERY.c.claim))).scalars().all()
    assert None not in claims
    mine = street.copies()[0]
    await street.following.follow(
        Progress(token=mine.status, reference=Secret("SM1"), outcome=None)
    )
    for task in [t for t in asyncio.all_tasks() if t.get_name() == "send"]:
        task.cancel()  # killed: nothing is settled
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    street.house.sms.gate = None
    await street.later(minutes=2)
    assert len(street.copies()) == 1
    assert len([o for o in street.house.sms.sent if o.to.reveal() == ANA]) == 2  # nobody knows
    assert await street.house.stored() == (0, 0)
    assert (await street.house.tallies())["sent"] == 2


async def test_a_token_of_nobody_changes_nothing(street: Street) -> None:
    """Made up, foreign or of a removed member: no write, no erasure, no retry."""
    await street.writes()
    mint = street.house.engine.vault.mint
    tokens = [
        *(Secret(letter * 26) for letter in "aq"),
        Secret(""),
        Secret("short"),
        street.copies()[0].message_id,
        mint(Use.STATUS, 1 | 1 << 60, 12345),
        mint(Use.STATUS, 1 | 1 << 60, 2**64 - 1),
    ]
    before = await street.erasures()
    for token in tokens:
        for outcome in (None, Sent(), OFF, DEAD):
            await street.following.follow(
                Progress(token=token, reference=Secret("SMfalse"), outcome=outcome)
            )
    assert await street.house.stored() == (1, 1)
    await street.house.engine.registrar.remove_member(show_id(street.sol.id))
    await street.news(DEAD)
    assert await street.erasures() == before
    assert street.heard(ANA) == []


async def test_much_news_at_once_is_durable_when_it_is_taken(street: Street) -> None:
    """A hundred pieces of news come together in few transactions, each of them written."""
    for number in range(25):
        await street.house.say(street.robin, ROBIN, f"hello {number}")
    await street.house.deliver()
    copies = street.copies()
    assert len(copies) == 25
    transactions = 0
    database = street.house.engine.database
    transact = database.transact

    async def counting(work):  # type: ignore[no-untyped-def] # as `Database.transact`
        nonlocal transactions
        transactions += 1
        return await transact(work)

    database.transact = counting  # type: ignore[method-assign] # counts, and does the same
    progress = [
        Progress(token=copy.status, reference=Secret(f"SM{n + 1}"), outcome=outcome)
        for n, copy in enumerate(copies)
        for outcome in (None, Sent(), None, Sent())
    ]
    await asyncio.gather(*(street.following.follow(one) for one in progress))
    assert transactions <= 3
    assert await street.house.stored() == (0, 0)
    assert len(await street.erasures()) == 25


def test_news_by_how_far_a_copy_got() -> None:
    """The whole table: what each kind of news comes to in each stage, of this attempt or before."""
    kinds: tuple[Outcome | None, ...] = (None, Sent(), OFF, DEAD)
    same = {
        "flying": "note note failed failed",
        "waiting": "nothing arrived nothing nothing",
        "in doubt": "taken arrived failed failed",
        "taken": "nothing arrived failed failed",
        "resting": "nothing nothing late late",
        "page asked for": "nothing nothing nothing nothing",
        "page in doubt": "taken arrived failed failed",
    }
    earlier = dict.fromkeys(same, "nothing nothing nothing nothing") | {
        "waiting": "nothing arrived nothing nothing",
        "in doubt": "nothing arrived nothing nothing",
    }
    for table, attempt in ((same, 17 & 15), (earlier, 0)):
        for name, expected in table.items():
            found = [_step(_news(kind, attempt), _copy(name)) for kind in kinds]
            assert found == [_Step(word) for word in expected.split()], (name, attempt)


def _news(outcome: Outcome | None, attempt: int) -> _News:
    nothing = Secret("")
    return _News(
        post=1, member=2, attempt=attempt, token=nothing, reference=nothing, outcome=outcome
    )


def _copy(name: str) -> Copy:
    stage = {"taken": Stage.TAKEN, "resting": Stage.RESTING}.get(name, Stage.WAITING)
    return Copy(
        id=1,
        post_id=1,
        group_id=1,
        expires=0,
        attempts=17,
        unsure=int("doubt" in name),
        in_flight=name == "flying",
        stage=stage,
        start=100 * ("page" in name),
        rest=None,
    )
