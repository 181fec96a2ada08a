"""Upkeep: what the provider keeps goes, what was missed is taken in, lost phones get nothing."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from channels.contract import (
    Erased,
    Inbound,
    Later,
    Outcome,
    Outgoing,
    Progress,
    Proof,
    Receipt,
    Sent,
    Trouble,
)
from channels.secret import Contact, Secret
from policies.facts import MemberState
from relay import wording
from relay.clock import day
from relay.intake import is_urgent
from relay.model import Member
from relay.progress import Following
from relay.store.tables import ERASURE, MEMBER
from relay.upkeep import Upkeep
from relay.vault.vault import Purpose
from tests.engine.conftest import House

ROBIN, IVY, CARO = "+15551230101", "+15551230102", "+15551230103"
FACILITATOR = "fay@example.org"


@dataclass(frozen=True)
class Kept:
    """What the pretended provider keeps of one message."""

    sid: str
    direction: str
    at: datetime
    sender: Contact
    to: Secret
    text: Secret


@dataclass
class Twilio:
    """Stands for the account: a list of messages, and what it was asked for."""

    records: list[Kept] = field(default_factory=list)
    lists: dict[date, list[str]] = field(default_factory=dict)
    answer: Callable[[str], Erased] = lambda _: Erased.GONE
    erased: list[str] = field(default_factory=list)
    days: list[date] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    ends: dict[str, Outcome | None] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0

    async def erase(self, reference: Secret) -> Erased:
        """Delete one."""
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        self.erased.append(reference.reveal())
        answer = self.answer(reference.reveal())
        if answer is Erased.GONE:
            self.records = [r for r in self.records if r.sid != reference.reveal()]
        return answer

    async def ended(self, reference: Secret) -> Outcome | None:
        """How a copy ended."""
        self.asked.append(reference.reveal())
        return self.ends.get(reference.reveal())

    async def recent(self, number: Secret, since: datetime, until: datetime) -> Sequence[Kept]:
        """List messages of one number, newest first."""
        if number.reveal() in self.broken:
            raise ConnectionError
        found = [r for r in self.records if r.to == number and since <= r.at < until]
        return sorted(found, key=lambda r: r.at, reverse=True)

    async def missed(self, record: Kept) -> Inbound | None:
        """A message as it should have come in."""
        if record.sid in self.broken:
            raise ConnectionError
        return Inbound(
            channel="sms",
            provider_id=record.sid,
            sender=record.sender,
            to=record.to,
            text=record.text,
            proof=Proof.PROVEN,
        )

    async def deactivated(self, day: date) -> Collection[Contact]:
        """The phones given up on a day."""
        self.days.append(day)
        return [Contact("sms", phone) for phone in self.lists.get(day, [])]

    def text(self, member: Member, phone: str, words: str, at: datetime, sid: str) -> None:
        """A text that came in there."""
        to, sender = member.write_to, Contact("sms", phone)
        self.records.append(Kept(sid, "in", at, sender, to, Secret(words)))


def upkeep(house: House, twilio: Twilio) -> Upkeep:
    """Upkeep as the wiring builds it, its stopwatch going by the stopped clock."""
    return Upkeep(
        house.engine,
        twilio,
        house.intake.accept,
        lambda: None,
        urgent=is_urgent,
        too_late=house.intake.too_late,
        stopwatch=lambda: house.clock.now().timestamp(),
    )


async def owe(house: House, *names: str) -> None:
    """Note something to be deleted now."""
    now = house.clock.now()
    async with house.engine.database.writing() as c:
        await house.engine.erasures.add(c, [(Secret(name), now) for name in names], now)


async def owed(house: House) -> list[sa.RowMapping]:
    """What is noted, by time."""
    async with house.engine.database.reading() as c:
        return list((await c.execute(sa.select(ERASURE).order_by(ERASURE.c.due))).mappings())


async def states(house: House) -> dict[str, str]:
    """The state of every member, by pseudonym."""
    groups = await house.engine.registrar.groups()
    found = [await house.engine.registrar.group(g.name.reveal()) for g in groups]
    return {m.name.reveal(): m.state.value for _, members in found for m in members}


async def heard(house: House, member: Member, on: int | None) -> None:
    """Her phone was last heard on a day."""
    async with house.engine.database.writing() as c:
        one = sa.update(MEMBER).where(MEMBER.c.id == member.id)
        await c.execute(one.values(heard_day=on))


# Deleting --------------------------------------------------------------------------------------


async def test_everything_due_is_deleted_few_at_a_time(house: House) -> None:
    """All batches, at most eight requests at once; what is gone is forgotten and counted."""
    twilio = Twilio()
    names = [f"SM{number}" for number in range(120)]
    await owe(house, *names)
    assert await upkeep(house, twilio).erase() == 120
    assert sorted(twilio.erased) == sorted(names)
    assert (twilio.most_at_once, await owed(house)) == (8, [])
    assert (await house.tallies())["erased"] == 120


async def test_what_is_not_gone_yet_is_asked_for_ever_more_seldom(house: House) -> None:
    """After a minute, ten, an hour, then every six, for two weeks; then it is given up, counted."""
    twilio = Twilio(answer=lambda _: Erased.NOT_YET)
    keeper = upkeep(house, twilio)
    await owe(house, "SM1")
    start, asked = house.clock.now(), []
    while await owed(house):
        before = len(twilio.erased)
        assert await keeper.erase() == 0
        if len(twilio.erased) > before:
            asked.append(house.clock.now() - start)
        await keeper.give_up()
        rows = await owed(house)
        ahead = rows[0]["due"] / 1000 - house.clock.now().timestamp() if rows else 0
        house.clock.forward(seconds=max(60, ahead))
    gaps = [later - earlier for earlier, later in itertools.pairwise(asked)]
    minutes = [gap / timedelta(minutes=1) for gap in gaps]
    assert minutes[:3] == [1, 10, 60]
    assert set(minutes[3:]) == {360}
    assert timedelta(days=14) < asked[-1] < timedelta(days=15)
    assert (await house.tallies())["left_behind"] == 1


async def test_trouble_with_one_hinders_no_other(house: House) -> None:
    """An error is "not yet"; what cannot be opened any more is forgotten and said."""
    twilio = Twilio()

    def answer(name: str) -> Erased:
        if name == "SM1":
            raise ConnectionError
        return Erased.GONE

    twilio.answer = answer
    await owe(house, "SM1", "SM2", "SM3")
    blinds = {n: house.engine.vault.index(Purpose.ERASURE, n) for n in ("SM1", "SM3")}
    async with house.engine.database.writing() as c:
        spoilt = sa.update(ERASURE).where(ERASURE.c.blind == blinds["SM3"])
        await c.execute(spoilt.values(sealed=b"x" * 40))
    assert await upkeep(house, twilio).erase() == 2
    assert sorted(twilio.erased) == ["SM1", "SM2"]
    (left,) = await owed(house)
    assert (bytes(left["blind"]), left["tries"]) == (blinds["SM1"], 1)
    assert left["due"] > house.clock.now().timestamp() * 1000


async def test_what_no_news_came_of_is_asked_for_before_it_is_deleted(house: House) -> None:
    """Bad news that never came is found in time to try anew; what news came of is not asked for."""
    group = await house.group()
    robin = await house.member(group, "Robin", ROBIN)
    await house.member(group, "Ivy", IVY)
    twilio, given = Twilio(), itertools.count(1)

    def take(_: Outgoing) -> Outcome:
        return Sent(reference=Secret(f"SM{next(given)}"), reported=True)

    house.sms.answer = take
    twilio.ends["SM1"] = Later(why=Trouble.REFUSED_FOR_NOW)
    await house.say(robin, ROBIN, "hello", message="SM0")
    await house.deliver()
    house.clock.forward(minutes=55)
    keeper = upkeep(house, twilio)
    assert await keeper.erase() == 1
    assert (twilio.asked, twilio.erased) == (["SM1"], ["SM1"])
    house.clock.forward(minutes=6)
    await house.deliver()
    assert house.sms.texts_to(IVY) == ["hello", "hello"]
    news = Progress(token=house.sms.sent[1].status, reference=Secret("SM2"), outcome=Sent())
    await Following(house.engine, lambda: None).follow(news)
    assert await keeper.erase() == 1
    assert (twilio.asked, await house.stored()) == (["SM1"], (0, 0))


async def test_what_is_under_way_still_is_asked_for_again(house: House) -> None:
    """Nothing follows from not knowing; the copy counts as sent when its time is over."""
    group = await house.group()
    robin = await house.member(group, "Robin", ROBIN)
    await house.member(group, "Ivy", IVY)
    twilio = Twilio(answer=lambda _: Erased.NOT_YET)
    house.sms.answer = lambda _: Sent(reference=Secret("SM1"), reported=True)
    await house.say(robin, ROBIN, "hello", message="SM0")
    await house.deliver()
    house.clock.forward(minutes=55)
    keeper = upkeep(house, twilio)
    assert await keeper.erase() == 0
    assert await house.stored() == (1, 1)
    house.clock.forward(minutes=6)
    await house.deliver()
    assert (await house.stored(), house.sms.texts_to(IVY)) == ((0, 0), ["hello"])
    twilio.answer = lambda _: Erased.GONE
    assert await keeper.erase() == 1
    assert twilio.asked == ["SM1", "SM1"]


# What never reached us --------------------------------------------------------------------------


async def test_missed_texts_are_taken_in_once_and_in_order(house: House) -> None:
    """What came while we were down is posted, oldest first; what was taken before is not again."""
    group = await house.group()
    robin = await house.member(group, "Robin", ROBIN)
    ivy = await house.member(group, "Ivy", IVY)
    house.clock.forward(hours=6)
    now, twilio = house.clock.now(), Twilio()
    twilio.text(robin, ROBIN, "third", now - timedelta(hours=1), "SM3")
    twilio.text(robin, ROBIN, "first", now - timedelta(hours=5), "SM1")
    twilio.text(robin, ROBIN, "second", now - timedelta(hours=2), "SM2")
    twilio.text(ivy, IVY, "known", now - timedelta(hours=3), "SM4")
    assert await house.say(ivy, IVY, "known", message="SM4") is Receipt.TAKEN
    keeper = upkeep(house, twilio)
    await keeper.reconcile()
    await keeper.reconcile()
    assert await house.stored() == (4, 4)
    await house.deliver()
    assert house.sms.texts_to(IVY) == ["first", "second", "third"]
    assert house.sms.texts_to(ROBIN) == ["known"]


async def test_what_was_seen_is_noted_for_deletion_after_an_hour(house: House) -> None:
    """Texts and copies alike, whoever wrote them; what is noted is not looked at again."""
    group = await house.group()
    robin = await house.member(group, "Robin", ROBIN)
    await house.member(group, "Ivy", IVY)
    house.clock.forward(hours=6)
    now, twilio = house.clock.now(), Twilio()
    twilio.text(robin, ROBIN, "new", now - timedelta(minutes=10), "SM1")
    twilio.text(robin, CARO, "a stranger's", now - timedelta(hours=2), "SM2")
    out = Kept("SM3", "out", now, Contact("sms", IVY), robin.write_to, Secret("copy"))
    twilio.records.append(replace_at(out, now - timedelta(minutes=20)))
    keeper = upkeep(house, twilio)
    assert await keeper.reconcile() == 1
    dues = [round(row["due"] / 1000 - now.timestamp()) for row in await owed(house)]
    assert dues == [60 * 60] * 3  # what came with them may have to be fetched first
    assert await keeper.erase() == 0
    house.clock.forward(hours=1)
    assert await keeper.erase() == 3
    assert (twilio.records, await house.stored()) == ([], (1, 1))


def replace_at(kept: Kept, at: datetime) -> Kept:
    """The same, at another time."""
    return Kept(kept.sid, kept.direction, at, kept.sender, kept.to, kept.text)


async def test_nothing_from_before_she_was_a_member_is_posted(house: House) -> None:
    """A text that was refused when it came is not posted because its writer was added since."""
    group = await house.group()
    await house.member(group, "Ivy", IVY)
    before = house.clock.now()
    house.clock.forward(hours=1)
    robin = await house.member(group, "Robin", ROBIN)
    house.clock.forward(hours=1)
    twilio = Twilio()
    twilio.text(robin, ROBIN, "to somebody else", before, "SM1")
    twilio.text(robin, ROBIN, "to you", before + timedelta(hours=1), "SM2")
    twilio.text(robin, ROBIN, "too old", before - timedelta(hours=11), "SM3")
    assert await upkeep(house, twilio).reconcile() == 1
    await house.deliver()
    assert house.sms.texts_to(IVY) == ["to you"]


async def test_with_message_privacy_nothing_is_handed_in(house: House) -> None:
    """Where the provider keeps no words there is nothing to post; it is deleted all the same."""
    group = await house.group()
    robin = await house.member(group, "Robin", ROBIN)
    await house.member(group, "Ivy", IVY)
    house.clock.forward(hours=2)
    twilio = Twilio()
    twilio.text(robin, ROBIN, "", house.clock.now() - timedelta(hours=1), "SM1")
    keeper = upkeep(house, twilio)
    keeper._redacted = True
    assert await keeper.reconcile() == 0
    assert (len(await owed(house)), await house.stored()) == (1, (0, 0))


async def test_what_cannot_be_looked_through_is_tried_again_soon(house: House) -> None:
    """A number or a text that fails hinders no other, is not noted, and is looked at again."""
    group = await house.group()
    robin = await house.member(group, "Robin", ROBIN)
    other = await house.group("Friday")
    also = await house.member(other, "Robin", ROBIN)
    await house.member(group, "Ivy", IVY)
    await house.member(other, "Caro", CARO)
    assert robin.write_to != also.write_to
    house.clock.forward(hours=1)
    twilio = Twilio()
    twilio.text(robin, ROBIN, "one", house.clock.now() - timedelta(minutes=3), "SM1")
    twilio.text(robin, ROBIN, "two", house.clock.now() - timedelta(minutes=2), "SM2")
    twilio.text(also, ROBIN, "elsewhere", house.clock.now() - timedelta(minutes=1), "SM3")
    twilio.broken = {robin.write_to.reveal(), "SM3"}
    keeper = upkeep(house, twilio)
    await keeper.round()
    assert await house.stored() == (0, 0)
    twilio.broken = {"SM1"}
    house.clock.forward(minutes=5)
    await keeper.round()
    assert await house.stored() == (2, 2)
    twilio.broken = set()
    house.clock.forward(minutes=5)
    await keeper.round()
    assert await house.stored() == (3, 3)


# Phones that may be somebody else's -------------------------------------------------------------


async def test_a_phone_that_was_given_up_gets_nothing_more(house: House) -> None:
    """Whoever had it is out in every group, facilitators are told, and who said stop is left."""
    group, other = await house.group(), await house.group("Friday")
    await house.member(group, "Fay", FACILITATOR, facilitator="yes")
    await house.member(group, "Robin", ROBIN)
    await house.member(other, "Rose", ROBIN)
    await house.member(group, "Ivy", IVY, agreed=False)
    caro = await house.member(group, "Caro", CARO)
    await house.say(caro, CARO, "stop")
    house.clock.forward(days=1)
    later = await house.member(await house.group("Late"), "Late", IVY)
    left: list[int] = []
    house.engine.departures.listen(left.extend)
    yesterday = house.clock.now().date() - timedelta(days=1)
    twilio = Twilio(lists={yesterday: [ROBIN, IVY, CARO, "+15551239999"]})
    keeper = upkeep(house, twilio)
    assert await keeper.deactivations() == 3
    assert twilio.days == [yesterday - timedelta(days=2), yesterday - timedelta(days=1), yesterday]
    assert await states(house) == {
        "Fay": "active",
        "Robin": "unreachable",
        "Rose": "unreachable",
        "Ivy": "unreachable",
        "Caro": "stopped",
        "Late": "active",
    }
    assert (len(left), later.id in left) == (3, False)
    await house.deliver()
    told = sorted(house.email.texts_to(FACILITATOR))
    assert told == sorted(wording.UNREACHABLE.format(name=name) for name in ("Ivy", "Robin"))


async def test_a_day_is_looked_at_once_and_overrules_nobody(house: House) -> None:
    """A facilitator lets her go on: the same list, in a new process too, changes nothing."""
    group = await house.group()
    robin = await house.member(group, "Robin", ROBIN)
    house.clock.forward(days=1)
    yesterday = house.clock.now().date() - timedelta(days=1)
    twilio = Twilio(lists={yesterday: [ROBIN]})
    keeper = upkeep(house, twilio)
    assert await keeper.deactivations() == 1
    async with house.engine.database.writing() as c:
        await house.engine.roster.set_state(c, [robin.id], MemberState.ACTIVE)
    asked = len(twilio.days)
    assert await keeper.deactivations() == 0
    assert len(twilio.days) == asked
    assert await upkeep(house, twilio).deactivations() == 0
    house.clock.forward(days=2)
    assert await keeper.deactivations() == 0
    assert twilio.days[-2:] == [yesterday + timedelta(days=1), yesterday + timedelta(days=2)]
    assert (await states(house))["Robin"] == "active"


async def test_a_silent_phone_is_asked_once(house: House) -> None:
    """Silent for longer than the setting: asked once, and nothing of the group until then."""
    group = await house.group(quiet="11:00-13:00")
    await house.member(group, "Fay", FACILITATOR, facilitator="yes")
    robin = await house.member(group, "Robin", ROBIN)
    ivy = await house.member(group, "Ivy", IVY)
    today, limit = day(house.clock.now()), house.engine.settings.silence_days
    await heard(house, robin, today - limit - 1)
    await heard(house, ivy, today - limit)
    left: list[int] = []
    house.engine.departures.listen(left.extend)
    keeper = upkeep(house, Twilio())
    assert await keeper.silence() == 1
    assert await keeper.silence() == 0
    assert await states(house) == {"Fay": "active", "Robin": "silent", "Ivy": "active"}
    assert left == [robin.id]
    await house.deliver()
    assert house.sms.texts_to(ROBIN) == []  # not in her quiet hours
    house.clock.forward(hours=2)
    await house.say(ivy, IVY, "hello")
    await house.deliver()
    assert house.sms.texts_to(ROBIN) == [wording.STILL_YOU]
    assert wording.FELL_SILENT.format(name="Robin") in house.email.texts_to(FACILITATOR)


async def test_a_phone_never_heard_counts_from_today(house: House) -> None:
    """Without a day her silence begins at first sight; mail members are never asked."""
    group = await house.group()
    robin = await house.member(group, "Robin", ROBIN)
    await house.member(group, "Mia", "mia@example.org")
    await heard(house, robin, None)
    keeper = upkeep(house, Twilio())
    for days, expected in ((house.engine.settings.silence_days, 0), (1, 0), (0, 1)):
        assert await keeper.silence() == (1 if expected else 0)
        house.clock.forward(days=days)
    assert await states(house) == {"Robin": "silent", "Mia": "active"}


# The loop ----------------------------------------------------------------------------------------


async def test_duties_come_round_and_a_leaping_clock_ends_nothing(house: House) -> None:
    """Each duty at its time; after a leap of the clock none until it has gone on for a while."""
    group = await house.group()
    robin = await house.member(group, "Robin", ROBIN)
    await heard(house, robin, day(house.clock.now()))
    ticks = [0.0]
    twilio = Twilio()
    keeper = Upkeep(
        house.engine,
        twilio,
        house.intake.accept,
        lambda: None,
        urgent=is_urgent,
        too_late=house.intake.too_late,
        stopwatch=lambda: ticks[0],
    )
    await keeper.round()
    house.clock.forward(days=100)
    ticks[0] += 3600
    await keeper.round()
    assert await states(house) == {"Robin": "active"}
    house.clock.forward(hours=1)
    ticks[0] += 3600
    await keeper.round()
    assert await states(house) == {"Robin": "silent"}


async def test_run_does_it_by_itself(house: House) -> None:
    """The loop begins at once, is woken, and ends when it is cancelled."""
    twilio = Twilio()
    keeper = upkeep(house, twilio)
    await owe(house, "SM1")
    task = asyncio.create_task(keeper.run())
    while twilio.erased != ["SM1"] or await owed(house):
        await asyncio.sleep(0.005)
    await owe(house, "SM2")
    keeper.wake()
    while "SM2" not in twilio.erased:
        await asyncio.sleep(0.005)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_a_text_of_a_moment_ago_does_not_wait_for_an_hour(house: House) -> None:
    """Left to its webhook at first, it is taken in some minutes later if that never came."""
    robin = await house.member(await house.group(), "Robin", ROBIN)
    twilio = Twilio()
    house.clock.forward(hours=1)
    twilio.text(robin, ROBIN, "help", house.clock.now() - timedelta(minutes=1), "SM1")
    keeper = upkeep(house, twilio)
    await keeper.round()
    assert await house.stored() == (0, 0)
    house.clock.forward(minutes=6)
    await keeper.round()
    assert (await house.tallies())["texts_in"] == 1
