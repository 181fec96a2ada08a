"""A post longer than one text: the rest rests, and comes when its reader asks for MORE."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from channels.contract import Later, Outcome, Outgoing, Progress, Sent, Trouble
from channels.secret import Secret
from policies.facts import MemberState
from relay import wording
from relay.model import Member, show_id
from relay.progress import Following
from tests.engine.conftest import House

ROBIN, SOL = "+12025550101", "+12025550103"
PAGE = 500
LONG = " ".join("abcdefghij"[n % 10] * 4 for n in range(280))  # three pages, and no fourth


@dataclass
class Lane:
    """Robin writes at length, Sol reads page by page; a page has 500 characters."""

    house: House
    robin: Member
    sol: Member
    following: Following
    arrives: bool = True
    """Whether the provider says at once that a page is there."""

    def answer(self, out: Outgoing) -> Outcome:
        """One page is taken."""
        if out.to.reveal() != SOL or out.author is None:
            return Sent()
        end = out.start + PAGE
        rest = end if end < len(out.text.reveal()) else None
        return Sent(reported=True, reference=Secret("SM1"), rest=rest, cost=4)

    def starts(self) -> list[int]:
        """Where each page that Sol got begins."""
        return [o.start for o in self.house.sms.sent if o.to.reveal() == SOL and o.author]

    def told(self, contact: str) -> list[str]:
        """What the relay itself said to somebody."""
        said = [o for o in self.house.sms.sent if o.to.reveal() == contact and not o.author]
        return [o.text.reveal() for o in said]

    async def says(self, text: str) -> None:
        """Sol texts."""
        await self.house.say(self.sol, SOL, text)
        await self.house.deliver()
        if self.arrives:
            await self.news(Sent())

    async def writes(self, text: str = LONG) -> None:
        """Robin texts."""
        await self.house.say(self.robin, ROBIN, text)
        await self.house.deliver()
        if self.arrives:
            await self.news(Sent())

    async def news(self, outcome: Outcome | None, of: int = -1) -> None:
        """News of one of Sol's pages."""
        copies = [o for o in self.house.sms.sent if o.to.reveal() == SOL and o.author]
        await self.following.follow(
            Progress(token=copies[of].status, reference=Secret("SM1"), outcome=outcome)
        )
        await self.house.deliver()

    async def later(self, **span: float) -> None:
        """Time passes."""
        self.house.clock.forward(**span)
        await self.house.deliver()
        await self.house.sweeper.sweep()
        await self.house.deliver()

    async def keys(self) -> int:
        """How many keys of bodies are left when nothing needs to be kept but what is stored."""
        await self.house.sweeper.sweep()
        return len(self.house.engine.vault.body_keys())


@pytest.fixture
async def lane(house: House) -> Lane:
    """A group of two phones."""
    group = await house.group()
    robin, sol = await house.member(group, "Robin", ROBIN), await house.member(group, "Sol", SOL)
    made = Lane(house, robin, sol, Following(house.engine, lambda: None))
    house.sms.answer = made.answer
    return made


async def test_more_brings_page_after_page(lane: Lane) -> None:
    """Until the end, and no further; then nothing is kept."""
    await lane.writes()
    assert (lane.starts(), await lane.house.stored()) == ([0], (1, 1))
    await lane.says("MORE")
    assert (lane.starts(), await lane.house.stored()) == ([0, 500], (1, 1))
    await lane.says("more!")
    assert (lane.starts(), await lane.house.stored()) == ([0, 500, 1000], (0, 0))
    await lane.says("MORE")
    assert (lane.starts(), lane.told(SOL)) == ([0, 500, 1000], [wording.NO_MORE])
    assert await lane.keys() == 0


async def test_more_comes_in_quiet_hours(lane: Lane) -> None:
    """Who asks is awake; what others write waits all the same."""
    await lane.writes()
    hour = lane.house.clock.now().hour
    quiet = f"{hour:02}:00-{(hour + 8) % 24:02}:00"
    await lane.house.engine.registrar.change_member(show_id(lane.sol.id), {"quiet": quiet})
    await lane.house.say(lane.robin, ROBIN, "good night")
    await lane.says("MORE")
    assert lane.starts() == [0, 500]


async def test_more_while_the_page_before_is_under_way(lane: Lane) -> None:
    """The next page goes; late news of the page before is not taken for news of this one."""
    lane.arrives = False
    await lane.writes()
    await lane.house.say(lane.sol, SOL, "MORE")
    await lane.news(Sent(), of=0)
    assert lane.starts() == [0, 500]
    for outcome in (None, Sent(), Later(why=Trouble.REFUSED_FOR_NOW)):
        await lane.news(outcome, of=0)
    assert (lane.starts(), await lane.house.stored()) == ([0, 500], (1, 1))
    await lane.news(Sent(), of=1)
    await lane.says("MORE")
    assert lane.starts() == [0, 500, 1000]


async def test_a_page_without_news_rests_as_well(lane: Lane) -> None:
    """After an hour it counts as arrived: MORE still finds the rest."""
    lane.arrives = False
    await lane.writes()
    await lane.later(minutes=61)
    assert await lane.house.stored() == (1, 1)
    await lane.says("MORE")
    assert lane.starts() == [0, 500]


async def test_a_page_that_did_not_arrive_can_be_asked_for_again(lane: Lane) -> None:
    """However many pages were tried before: who reads them has a phone that works."""
    await lane.writes()
    lane.arrives = False
    for _ in range(4):
        await lane.says("MORE")
        await lane.news(Later(why=Trouble.REFUSED_FOR_NOW))
    assert lane.starts() == [0, 500, 500, 500, 500]
    member = await lane.house.engine.registrar.member(show_id(lane.sol.id))
    assert member.state is MemberState.ACTIVE
    assert lane.told(ROBIN) == []


async def test_an_answer_that_was_lost_keeps_the_rest(lane: Lane) -> None:
    """Taken after all, as news tells: the rest can be asked for."""
    lost = Later(why=Trouble.ANSWER_LOST, unsure=True, rest=500)
    lane.house.sms.answer = lambda out: lost if out.author and not out.start else lane.answer(out)
    lane.arrives = False
    await lane.writes()
    await lane.news(None)
    await lane.news(Sent())
    await lane.says("MORE")
    assert lane.starts() == [0, 500]


async def test_a_rest_that_nobody_asks_for_is_no_loss(lane: Lane) -> None:
    """It is gone with its key when its life ends, and not before; its author hears nothing."""
    await lane.writes()
    await lane.later(hours=35)
    assert (await lane.house.stored(), await lane.keys()) == ((1, 1), 1)
    await lane.later(hours=2)
    assert (await lane.house.stored(), await lane.keys()) == ((0, 0), 0)
    assert lane.told(ROBIN) == []
    await lane.says("MORE")
    assert lane.told(SOL) == [wording.NO_MORE]


@pytest.mark.parametrize("words", [LONG, "\N{WINKING FACE}" * 140], ids=["letters", "emoji"])
async def test_what_rests_keeps_no_other_words_readable(lane: Lane, words: str) -> None:
    """A post that can rest has a key of its own: the hour's key goes with the short posts."""
    await lane.house.say(lane.robin, ROBIN, "short, of the same hour")
    await lane.house.deliver()
    short = lane.house.engine.vault.body_keys()
    await lane.house.say(lane.robin, ROBIN, words)
    long = lane.house.engine.vault.body_keys() - short
    assert (len(short), len(long)) == (1, 1)
    await lane.house.deliver()
    await lane.news(Sent(), of=0)
    await lane.later(minutes=1)
    assert lane.house.engine.vault.body_keys() == long


async def test_of_two_long_posts_the_newest_goes_on_first(lane: Lane) -> None:
    """And when that is at its end, the one before."""
    await lane.writes()
    await lane.writes(LONG[:600].replace("a", "x"))
    for _ in range(3):
        await lane.says("MORE")
    copies = [o for o in lane.house.sms.sent if o.to.reveal() == SOL and o.author]
    assert [(o.start, "x" in o.text.reveal()) for o in copies] == [
        (0, False),
        (0, True),
        (500, True),
        (500, False),
        (1000, False),
    ]


async def test_stop_drops_what_rests(lane: Lane) -> None:
    """Nothing of it is kept, and its author is not told."""
    await lane.writes()
    await lane.house.say(lane.sol, SOL, "STOP")
    await lane.house.deliver()
    assert (await lane.house.stored(), lane.starts()) == ((0, 0), [0])
    assert (lane.told(SOL), lane.told(ROBIN)) == ([wording.STOPPED], [])


async def test_removal_drops_what_rests(lane: Lane) -> None:
    """A removed member's rest goes with her."""
    await lane.writes()
    await lane.house.engine.registrar.remove_member(show_id(lane.sol.id))
    assert (await lane.house.stored(), await lane.keys()) == ((0, 0), 0)
    assert lane.told(ROBIN) == []
