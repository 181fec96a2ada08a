"""What texts may cost a day, and how fast they may leave."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.contract import Outgoing, Sent
from channels.secret import Secret
from policies import catalogue
from relay import wording
from relay.config import Limits, load_settings
from relay.courier import Courier
from relay.engine import open_engine
from relay.intake import Intake
from relay.model import Group, Member
from relay.pace import Pace
from relay.store.spending import EVERYBODY, carriers_day, day_of, renews
from relay.sweeper import Sweeper
from relay.vault import master
from tests.engine.conftest import House
from tests.support.clock import StoppedClock
from tests.support.recorder import Recorder

IVY, ANA = "ivy@willow.example", "ana@willow.example"


@dataclass
class Meter(Recorder):
    """Counts what leaves, and when: a text costs as many segments as it has words."""

    clock_of: StoppedClock = field(default_factory=StoppedClock)
    left: list[tuple[datetime, str, int]] = field(default_factory=list)
    """When, from which number, how many segments."""

    def cost(self, **copy: object) -> int:
        """One segment a word."""
        text = copy["text"]
        assert isinstance(text, Secret)
        return len(text.reveal().split())

    def charge(self, out: Outgoing) -> Sent:
        """Taken, and charged as it was said before."""
        cost = self.cost(text=out.text)
        self.left.append((self.clock_of.now(), out.write_to.reveal(), cost))
        return Sent(reference=Secret("SM1"), cost=cost)


class Steady(House):
    """A house whose couriers keep what they remember from one delivery to the next."""

    def courier(self, channel: Recorder) -> Courier:
        """The one of this channel."""
        if channel.name not in self.couriers:
            self.couriers[channel.name] = super().courier(channel)
        return self.couriers[channel.name]


@dataclass
class Toll:
    """A house whose texts are metered, with members in the order of their phones."""

    house: House
    meter: Meter
    phones: int = 0

    async def group(
        self, readers: int, name: str = "Tuesday", **wishes: str
    ) -> tuple[Group, Member]:
        """A group in which Ivy writes by mail, Ana facilitates by mail, and others text."""
        group = await self.house.group(name, **wishes)
        ivy = await self.house.member(group, "Ivy", IVY)
        await self.house.member(group, "Ana", ANA, facilitator="yes")
        for number in range(readers):
            self.phones += 1
            await self.house.member(group, f"Reader {'abcdefghijklmnop'[number]}", self.phone())
        return group, ivy

    def phone(self) -> str:
        """The phone of who came last."""
        return f"+1202555{self.phones:04}"

    async def writes(self, ivy: Member, *texts: str) -> None:
        """Ivy writes, and what can leave leaves."""
        for text in texts:
            await self.house.say(ivy, IVY, text)
        await self.house.deliver()

    def read(self) -> Counter[str]:
        """How many phones got which words."""
        return Counter(o.text.reveal() for o in self.house.sms.sent if o.author)

    def told(self) -> list[str]:
        """What facilitators were told."""
        return self.house.email.texts_to(ANA)[-1:] if self.house.email.texts_to(ANA) else []

    async def tomorrow(self) -> None:
        """Until just after midnight in UTC."""
        now = self.house.clock.now()
        midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0)
        self.house.clock.forward(seconds=(midnight - now).total_seconds())
        await self.house.deliver()


async def tolled(url: str, folder: Path, **given: object) -> House:
    """A house with other settings."""
    made = load_settings(
        data_dir=folder / "data", database_url=url, domain="relay.example", **given
    )
    master.create(made.master_key)
    clock = StoppedClock()
    engine = await open_engine(made, clock)
    await engine.registrar.add_numbers(["+12025550181", "+12025550182"])
    intake = Intake(engine, catalogue.POST, lambda: None)
    sweeper = Sweeper(engine, lambda: None, stopwatch=lambda: clock.now().timestamp())
    meter = Meter("sms", priced=True, clock_of=clock)
    meter.answer = meter.charge
    return Steady(engine, clock, intake, sweeper, meter, Recorder("email"))


def toll_of(house: House) -> Toll:
    """The same with its meter."""
    assert isinstance(house.sms, Meter)
    return Toll(house, house.sms)


@pytest.fixture
async def toll(database_url: str, tmp_path: Path) -> AsyncIterator[Toll]:
    """Nothing slows texts down, and a hundred segments a day are all there is."""
    made = await tolled(
        database_url,
        tmp_path,
        text_rate=0.0,
        texts_per_minute=100_000,
        text_segments_per_day=100,
        group_segments_per_day=50,
        member_segments_per_day=40,
    )
    yield toll_of(made)
    await made.engine.close()


@pytest.fixture
async def slow(database_url: str, tmp_path: Path) -> AsyncIterator[Toll]:
    """Each number takes a segment a second, and three at once."""
    made = await tolled(database_url, tmp_path, text_rate=1.0, text_burst=3, texts_per_minute=1000)
    yield toll_of(made)
    await made.engine.close()


async def test_what_is_over_the_budget_of_a_group_waits_for_the_next_day(toll: Toll) -> None:
    """A tenth is kept for answers; the rest of the copies come at midnight, in their order."""
    _, ivy = await toll.group(6, budget="10")
    await toll.writes(ivy, "one", "two", "three")
    assert toll.read() == {"one": 6, "two": 3}
    await toll.tomorrow()
    assert toll.read() == {"one": 6, "two": 6, "three": 6}
    for number in range(1, 7):
        got = toll.house.sms.texts_to(f"+1202555{number:04}")
        assert got == ["one", "two", "three"]


async def test_answers_go_though_the_budget_is_spent(toll: Toll) -> None:
    """A cry for help is never too dear, and stopping is not either."""
    group, ivy = await toll.group(4, budget="10")
    await toll.writes(ivy, "one", "two", "three")
    assert sum(toll.read().values()) == 9
    _, members = await toll.house.engine.registrar.group(group.name.reveal())
    reader = next(m for m in members if m.name.reveal() == "Reader a")
    for word in ("HELP", "STOP"):
        await toll.house.say(reader, "+12025550001", word)
        await toll.house.deliver()
    notices = [o.text.reveal() for o in toll.house.sms.sent if not o.author]
    assert notices[0].startswith("Group relay:")
    assert notices[1:] == [wording.STOPPED]


async def test_facilitators_hear_once_a_day_that_most_is_spent(toll: Toll) -> None:
    """From eight tenths on; told again the next day if it happens again."""
    _, ivy = await toll.group(2, budget="10")
    await toll.writes(ivy, "one", "two", "three")
    assert wording.BUDGET not in toll.house.email.texts_to(ANA)
    await toll.writes(ivy, "four")
    await toll.writes(ivy, "five")
    assert toll.house.email.texts_to(ANA).count(wording.BUDGET) == 1
    await toll.tomorrow()
    await toll.writes(ivy, "six", "seven", "eight", "nine")
    assert toll.house.email.texts_to(ANA).count(wording.BUDGET) == 2


async def test_each_of_three_budgets_holds_by_itself(toll: Toll) -> None:
    """A writer's, then her group's, then that of the whole programme; mails cost nothing."""
    group, ivy = await toll.group(4)
    robin = await toll.house.member(group, "Robin", "robin@willow.example")
    await toll.writes(ivy, *(f"ivy {n}" for n in range(6)))
    assert toll.meter.left[-1][2] == 2
    assert sum(cost for _, _, cost in toll.meter.left) == 36  # of her 40
    await toll.house.say(robin, "robin@willow.example", "robin one two")
    await toll.house.say(robin, "robin@willow.example", "robin")
    await toll.house.deliver()
    spent = sum(cost for _, _, cost in toll.meter.left)
    assert 36 + 6 <= spent <= 45  # of the group's 50
    for name in ("Wednesday", "Thursday"):
        _, author = await toll.group(4, name)
        await toll.writes(author, *(f"{name} {n}" for n in range(6)))
    assert 88 <= sum(cost for _, _, cost in toll.meter.left) <= 90  # of 100
    assert len([o for o in toll.house.email.sent if o.author]) >= 6


async def test_the_programme_s_day_is_the_carriers_day(toll: Toll) -> None:
    """At midnight in UTC groups begin anew; what all may send begins anew with the carriers."""
    authors = [(await toll.group(4, name))[1] for name in ("a", "b", "c")]
    for author in authors:
        await toll.writes(author, *(f"{n} words" for n in range(5)))
    assert sum(cost for _, _, cost in toll.meter.left) == 90
    await toll.tomorrow()
    assert sum(cost for _, _, cost in toll.meter.left) == 90
    toll.house.clock.forward(hours=8)  # midnight in California in winter
    await toll.house.deliver()
    assert sum(cost for _, _, cost in toll.meter.left) == 3 * 4 * 5 * 2


async def test_no_post_costs_more_than_the_budget_of_its_group(toll: Toll) -> None:
    """Whatever the size of the group and the length of the post; two couriers share a budget."""
    cases = ((7, 10, (1, 2, 1)), (1, 3, (1, 1, 4)), (5, 12, (4, 1, 2)), (6, 11, (3, 2, 2)))
    for number, (readers, budget, lengths) in enumerate(cases):
        _, ivy = await toll.group(readers, f"Group {number}", budget=str(budget))
        before = len(toll.meter.left)
        for words in lengths:
            await toll.house.say(ivy, IVY, " ".join(["word"] * words))
        other = asyncio.create_task(House.courier(toll.house, toll.house.sms).run())
        await toll.house.deliver()
        other.cancel()
        with suppress(asyncio.CancelledError):
            await other
        spent = sum(cost for _, _, cost in toll.meter.left[before:])
        assert spent <= budget - budget // 10, (readers, budget)


async def test_no_number_sends_faster_than_it_may(slow: Toll) -> None:
    """Three segments at once, then one a second; notices go first, each reader's posts in order."""
    group, ivy = await slow.group(6)
    start = slow.house.clock.now()
    await slow.writes(ivy, "one", "two words")
    _, members = await slow.house.engine.registrar.group(group.name.reveal())
    reader = next(m for m in members if m.name.reveal() == "Reader f")
    await slow.house.say(reader, slow.phone(), "HELP")
    await slow.house.deliver()
    assert slow.house.sms.sent[-1].author is None
    posts = [each for each in slow.meter.left if each[2] < 3]
    assert len(posts) == 3
    for _ in range(40):
        slow.house.clock.forward(seconds=1)
        if await slow.house.is_busy():
            await slow.house.deliver()
    assert slow.read() == {"one": 6, "two words": 6}
    for number in {number for _, number, _ in slow.meter.left}:
        spent = 0
        for at, of, cost in slow.meter.left:
            if of == number and cost < 3:  # the answer to HELP is longer
                spent += cost
                assert spent <= 3 + (at - start).total_seconds()
    for reading in range(1, 7):
        texts = slow.house.sms.texts_to(f"+1202555{reading:04}")
        assert [t for t in texts if len(t) < 20] == ["one", "two words"]
    assert (await slow.house.tallies())["held"] <= 12  # each copy at most once


async def test_what_waited_for_something_else_does_not_leave_at_once(slow: Toll) -> None:
    """Copies had their moments, then the night came: in the morning they are paced anew."""
    group, ivy = await slow.group(6)
    await slow.writes(ivy, "one", "two", "three")
    sent = len(slow.meter.left)
    hour = slow.house.clock.now().hour
    quiet = f"{hour:02}:00-{(hour + 2) % 24:02}:00"
    await slow.house.engine.registrar.change_group(group.name.reveal(), {"quiet": quiet})
    slow.house.clock.forward(minutes=30)
    await slow.house.deliver()
    assert len(slow.meter.left) == sent
    slow.house.clock.forward(minutes=90)
    await slow.house.deliver()
    by_number = Counter(number for _, number, _ in slow.meter.left[sent:])
    assert max(by_number.values()) <= 3


async def test_texts_cost_and_wait_for_nothing_behind_a_test_server() -> None:
    """On this machine there is no carrier to mind; what is set counts there as well."""
    here = load_settings(twilio_api_url="http://127.0.0.1:9")
    assert (here.limits.rate, here.limits.per_day) == (0.0, 1_000_000_000)
    pace, now = Pace(here.limits), datetime(2026, 11, 18, tzinfo=UTC)
    slots = {pace.slot((n, 1, 0), Secret("n"), 9, now, urgent=False) for n in range(10_000)}
    assert slots == {now}
    some = load_settings(
        twilio_api_url="http://127.0.0.1:9", text_rate=2.0, text_segments_per_day=10
    )
    assert (some.limits.rate, some.limits.per_day) == (2.0, 10)
    real = load_settings().limits
    assert (real.rate, real.per_minute, real.per_day) == (1.0, 60, 2000)


arrivals = st.lists(
    st.tuples(st.integers(0, 40_000), st.sampled_from("ab"), st.integers(1, 14)), max_size=60
)


@settings(deadline=None, max_examples=150)
@given(arrivals, st.sampled_from([0.3, 1.0, 3.0, 7.0]), st.integers(1, 12), st.integers(2, 90))
def test_pace_holds_in_every_stretch_of_time(
    copies: list[tuple[int, str, int]], rate: float, burst: int, per_minute: int
) -> None:
    """No number sends more than its burst and its rate; no minute has more texts than its cap."""
    limits = Limits(
        rate=rate,
        burst=burst,
        per_minute=per_minute,
        per_day=1,
        group=1,
        member=1,
        report=timedelta(hours=1),
        member_posts=0,
        group_posts=0,
    )
    pace, now = Pace(limits), datetime(2026, 11, 18, tzinfo=UTC)
    left: list[tuple[datetime, str, int]] = []
    for n, (wait, number, cost) in enumerate(copies):
        now += timedelta(milliseconds=wait)
        at = pace.slot((n, 1, 0), Secret(number), cost, now, urgent=False)
        assert at >= now
        assert at.microsecond % 1000 == 0  # the store keeps milliseconds: not held again
        left.append((at, number, cost))
    waiting = [(at, n) for n, (at, _, _) in enumerate(left) if at > now]
    for at, n in sorted(waiting):
        assert pace.slot((n, 1, 0), Secret(left[n][1]), left[n][2], at, urgent=False) == at
    for number in "ab":
        mine = [(at, cost) for at, of, cost in left if of == number]
        assert all(one[0] <= other[0] for one, other in pairwise(mine))
        most = max([burst, *(cost for _, cost in mine)])
        for n, (since, _) in enumerate(mine):
            for m, (until, _) in enumerate(mine[n:], n):
                spent = sum(cost for _, cost in mine[n : m + 1])
                assert spent <= most + rate * ((until - since).total_seconds() + 0.002)
    times = sorted(at for at, _, _ in left)
    for first in times:
        end = first + timedelta(minutes=1) - timedelta(milliseconds=2)
        assert sum(first <= at < end for at in times) <= per_minute


def test_a_number_with_much_to_send_keeps_no_other_waiting() -> None:
    """Though all share one cap a minute; and what was missed for long is booked anew, in order."""
    limits = replace(load_settings().limits, per_minute=600)
    pace, now = Pace(limits), datetime(2026, 11, 18, tzinfo=UTC)
    copies = [(n, 1, 0) for n in range(300)]
    slots = [pace.slot(copy, Secret("a"), 4, now, urgent=False) for copy in copies]
    assert slots[-1] - now > timedelta(minutes=15)
    assert pace.slot((1, 2, 0), Secret("b"), 4, now, urgent=False) == now
    assert pace.slot((2, 2, 0), Secret("a"), 4, now, urgent=True) == now
    late = slots[-1] + timedelta(minutes=2)
    again = [pace.slot(copy, Secret("a"), 4, late, urgent=False) for copy in copies]
    assert again == sorted(again)
    assert (min(again) >= late, len(set(again))) == (True, 300)


def test_days_begin_anew_when_they_are_said_to() -> None:
    """Hour by hour around both changes of California's clocks: a day ends where it renews."""
    for begin in (datetime(2026, 3, 6, tzinfo=UTC), datetime(2026, 10, 30, tzinfo=UTC)):
        for hour in range(24 * 5):
            now = begin + timedelta(hours=hour, minutes=17)
            for owner in (EVERYBODY, 12345):
                end = renews(owner, now)
                assert timedelta(0) < end - now <= timedelta(hours=25)
                just_before = end - timedelta(seconds=1)
                assert day_of(owner, just_before) == day_of(owner, now)
                assert day_of(owner, end) == day_of(owner, now) + 1
    assert carriers_day(datetime(1970, 1, 2, 8, tzinfo=UTC)) == 1
