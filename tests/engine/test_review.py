"""What a review found and was mended: each mend once, as members see it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
import sqlalchemy as sa

from channels.contract import (
    File,
    Inbound,
    Later,
    Never,
    Outcome,
    Outgoing,
    Progress,
    Sent,
    Trouble,
)
from channels.secret import Contact, Secret
from channels.sms import errors
from channels.sms.account import Direction, Record, SmsAccount
from channels.sms.config import SmsAccountConfig, SmsOutConfig
from channels.sms.send import SmsChannel
from policies.facts import GroupState, MemberState
from relay import wording
from relay.clock import day
from relay.demo.carrier import Carrier
from relay.duty import Reached
from relay.errors import RefusalError
from relay.model import Group, Member, Stage, show_id
from relay.notices import ANSWER_LIFE
from relay.progress import MOST_TROUBLES, Following
from relay.store.spending import EVERYBODY
from relay.store.tables import DELIVERY, ERASURE, MEMBER, SPENT
from relay.wording import danger
from tests.engine.conftest import House
from tests.engine.test_budget import Meter, tolled
from tests.engine.test_handout import drawn
from tests.engine.test_private import agree
from tests.engine.test_upkeep import Kept, Twilio, upkeep
from tests.support.cries import unnumbered

ROBIN, SOL, FAY = "+15551230101", "+15551230102", "+15551230103"
IVY, OAK = "ivy@example.org", "oak@example.org"
LONG = " ".join("abcdefghij"[n % 10] * 4 for n in range(280))
GO = "please take me off this list"
CODE = "marigold"


@dataclass
class Yard:
    """Robin and Sol text, Fay facilitates by text, Ivy and Oak mail; not all are always there."""

    house: House
    group: Group
    members: dict[str, Member]

    async def says(self, who: str, *texts: str, **more: Any) -> None:
        """Somebody writes, each message a second after the one before; then what can leave does."""
        for text in texts:
            self.house.clock.forward(seconds=1)
            await self.house.say(self.members[who], who, text, **more)
        await self.house.deliver()

    async def later(self, **span: float) -> None:
        """Time passes, and what can leave leaves."""
        self.house.clock.forward(**span)
        await self.house.deliver()

    def copies(self, contact: str) -> list[Outgoing]:
        """What the group said to somebody."""
        sent = self.house.sms.sent + self.house.email.sent
        return [o for o in sent if o.author and o.to.reveal() == contact]

    def read(self, contact: str) -> list[str]:
        """The words of it."""
        return [o.text.reveal() for o in self.copies(contact)]

    def told(self, contact: str) -> list[str]:
        """What the relay itself said to somebody."""
        sent = self.house.sms.sent + self.house.email.sent
        return [o.text.reveal() for o in sent if not o.author and o.to.reveal() == contact]

    async def state(self, who: str) -> MemberState:
        """How somebody stands."""
        return (await self.house.engine.registrar.member(show_id(self.members[who].id))).state

    async def becomes(self, who: str, state: MemberState) -> None:
        """Somebody's state, as the duties of upkeep would leave it."""
        async with self.house.engine.database.writing() as c:
            await self.house.engine.roster.set_state(c, [self.members[who].id], state)

    async def change(self, who: str, **wishes: str) -> None:
        """A facilitator changes somebody's settings."""
        await self.house.engine.registrar.change_member(show_id(self.members[who].id), wishes)

    async def set_group(self, **wishes: str) -> None:
        """A facilitator changes the group's settings."""
        await self.house.engine.registrar.change_group("Tuesday", wishes)

    async def held(self) -> dict[str, Any]:
        """The inventory of the group."""
        return await self.house.engine.registrar.inventory("Tuesday")


NAMES = {ROBIN: "Robin", SOL: "Sol", FAY: "Fay", IVY: "Ivy", OAK: "Oak"}


async def yard(house: House, *who: str, **wishes: str) -> Yard:
    """A group of these."""
    group = await house.group(**wishes)
    members = {}
    for contact in who:
        role = {"facilitator": "yes"} if contact == FAY else {}
        members[contact] = await house.member(group, NAMES[contact], contact, **role)
    return Yard(house, group, members)


def reported(house: House, contact: str) -> None:
    """Of what goes to this phone the provider tells later how it ended."""
    taken = Sent(reported=True, reference=Secret("SM1"), cost=1)
    house.sms.answer = lambda out: taken if out.to.reveal() == contact and out.author else Sent()


async def news(yard: Yard, contact: str, outcome: Outcome, of: str = "") -> None:
    """News of the newest copy for a phone, or of the newest with these words."""
    copy = [o for o in yard.copies(contact) if of in o.text.reveal()][-1]
    follow = Following(yard.house.engine, lambda: None).follow
    await follow(Progress(token=copy.status, reference=Secret("SM1"), outcome=outcome))


# What counts against a phone ---------------------------------------------------------------------


async def test_what_is_not_her_phones_fault_never_counts_against_it(house: House) -> None:
    """Registration, rate, pictures, filters: tried often, then told to the author, every day."""
    here = await yard(house, ROBIN, SOL, FAY)
    reported(house, SOL)
    codes = (30034, 30022, 11200)
    for days in (1, 2):
        await here.says(ROBIN, *map(str, codes))
        for _ in range(MOST_TROUBLES):
            assert here.told(ROBIN).count(wording.NOT_REACHED) == (days - 1) * 4
            await asyncio.gather(
                *(news(here, SOL, errors.reported(code), of=str(code)) for code in codes)
            )
            await here.later(minutes=40)
        assert len(here.copies(SOL)) == days * 3 * MOST_TROUBLES + days - 1
        await here.says(ROBIN, "30007")
        await news(here, SOL, errors.reported(30007))
        await here.later(days=1)
        assert here.told(ROBIN).count(wording.NOT_REACHED) == days * 4
    assert (await here.state(SOL), here.told(FAY)) == (MemberState.ACTIVE, [])


async def test_a_phone_is_out_after_three_failures_of_its_own(house: House) -> None:
    """However much else went wrong with the same copy before and between."""
    here = await yard(house, ROBIN, SOL, FAY)
    reported(house, SOL)
    await here.says(ROBIN, "hello")
    for code in (30034, 30034, 30003, 30022, 30003, 30034):
        await news(here, SOL, errors.reported(code))
        await here.later(minutes=40)
        assert await here.state(SOL) is MemberState.ACTIVE, code
    await news(here, SOL, errors.reported(30003))
    await house.deliver()
    assert await here.state(SOL) is MemberState.UNREACHABLE
    assert here.told(FAY) == [wording.UNREACHABLE.format(name="Sol")]


async def test_a_carriers_stop_is_one_for_all_groups(house: House) -> None:
    """Whatever her state there was: nothing goes on by itself. Each group's facilitators know."""
    here = await yard(house, ROBIN, SOL, FAY)
    await house.engine.registrar.add_numbers(["+12025550183"])
    invited, silent = await house.group("Friday"), await house.group("Sunday")
    await house.member(invited, "Lou", SOL, agreed=False)
    await house.member(invited, "Mia", ROBIN, facilitator="yes")
    wren = await house.member(silent, "Wren", SOL)
    await house.member(silent, "Mia", FAY, facilitator="yes")
    async with house.engine.database.writing() as c:
        await house.engine.roster.set_state(c, [wren.id], MemberState.SILENT)
    dead = Never(why=Trouble.OPTED_OUT)
    house.sms.answer = lambda out: dead if out.to.reveal() == SOL else Sent()
    await here.says(ROBIN, "hello")
    async with house.engine.database.reading() as c:
        states = await c.execute(sa.select(MEMBER.c.state).where(MEMBER.c.channel == "sms"))
        assert sorted(states.scalars()) == ["active"] * 4 + ["stopped"] * 3
    for contact, names in ((FAY, ("Sol", "Wren")), (ROBIN, ("Lou",))):
        assert sorted(here.told(contact)) == [wording.UNREACHABLE.format(name=n) for n in names]


# Cries for help ----------------------------------------------------------------------------------


async def test_a_cry_for_help_is_heard_from_everywhere(house: House) -> None:
    """After a stop, from a silent phone, in a group frozen or closed; in quiet hours, and late."""
    here = await yard(house, ROBIN, SOL, FAY, quiet="11:00-22:00")
    cries, answer = [], danger.help_answer("Group relay", "", "", Reached.ON_DUTY)

    async def cry(who: str) -> None:
        await here.says(who, "HELP")
        cries.append(danger.WROTE_HELP.format(name=NAMES[who], short=""))
        assert (unnumbered(here.told(FAY)), here.told(who)[-1]) == (cries, answer)

    await here.says(ROBIN, "STOP")
    await cry(ROBIN)
    await here.becomes(SOL, MemberState.SILENT)
    await cry(SOL)
    for state in (GroupState.FROZEN, GroupState.CLOSED):
        await house.engine.registrar.set_group_state("Tuesday", state)
        await cry(ROBIN)
        await cry(SOL)
    busy = Later(why=Trouble.BUSY, after=timedelta(hours=1))
    house.sms.answer = lambda out: busy if out.to.reveal() == FAY else Sent()
    await here.says(SOL, "HELP")
    house.sms.answer = lambda out: Sent()
    await here.later(hours=1, minutes=30)
    assert len(here.told(FAY)) == 6 + 2  # the first of the two was turned away
    assert {out.not_after for out in house.sms.sent if out.to.reveal() == FAY} == {None}


async def test_a_cry_is_answered_more_than_five_times_a_day(house: House) -> None:
    """Other answers to who is no member now are five a day, and twenty an hour to members."""
    here = await yard(house, ROBIN, SOL, FAY)
    await here.says(ROBIN, *["SEND AS IS"] * 22)
    assert here.told(ROBIN) == [wording.NOTHING_WAITS] * 20
    await here.later(hours=1)
    await here.says(ROBIN, "SEND AS IS")
    assert here.told(ROBIN) == [wording.NOTHING_WAITS] * 21
    await here.says(SOL, "STOP", *["START"] * 7)
    assert here.told(SOL) == [wording.STOPPED] + [wording.WAY_BACK] * 5
    await here.says(SOL, *["HELP"] * 7)
    assert len(here.told(SOL)) == 1 + 5 + 7
    await here.later(days=1)
    await here.says(SOL, "START")
    assert here.told(SOL)[-1] == wording.WAY_BACK
    await here.becomes(SOL, MemberState.SILENT)
    await here.says(SOL, *["hello"] * 7)
    assert here.told(SOL).count(wording.STILL_YOU) == 5


async def test_a_cry_that_nobody_could_hear_is_answered_so(house: House) -> None:
    """Her only facilitator has stopped: she is not to wait for anybody."""
    here = await yard(house, ROBIN, FAY, crisis="988")
    await here.says(FAY, "STOP")
    await here.says(ROBIN, "HELP")
    assert here.told(ROBIN) == [danger.help_answer("Group relay", "", "988", Reached.NOBODY)]


async def test_the_answer_to_help_shows_no_members_contact(house: House) -> None:
    """In no form, whoever was first, the setting or the member; so the answer always leaves."""
    here = await yard(house, ROBIN, SOL, FAY, IVY)
    forms = ("+1 (555) 123-0103", "555.123.0103", "Fay 5551230103", "1-555-123-0103 (Fay)")
    for setting in ("reach", "crisis"):
        for shown in (*forms, "ivy @ example.org", IVY.upper()):
            with pytest.raises(RefusalError, match="member's own"):
                await here.set_group(**{setting: shown})
    await here.set_group(reach="Office 555 987 0199", crisis="oak@example.org")
    for contact in ("+15559870199", OAK):
        with pytest.raises(RefusalError, match="member's own"):
            await house.member(here.group, "Lou", contact)
    group, members = await house.engine.registrar.group("Tuesday")
    assert (len(members), group.settings.reach) == (4, "Office 555 987 0199")
    await here.says(ROBIN, "HELP")
    assert "555 987 0199" in here.told(ROBIN)[-1]


# What waits for her word -------------------------------------------------------------------------


async def test_the_subject_with_her_own_contact_is_no_topic(house: House) -> None:
    """What may be seen of Ivy does not stand over the words of who texts after her."""
    here = await yard(house, ROBIN, SOL, IVY, OAK)
    await here.says(IVY, "write to me", subject=f"I am at {IVY}")
    await here.says(IVY, "SEND AS IS")
    assert IVY in here.copies(OAK)[-1].subject.reveal()
    await here.says(ROBIN, "we will")
    assert (here.read(OAK)[-1], here.copies(OAK)[-1].subject.reveal()) == ("we will", "")
    await here.set_group(contacts="allow")
    await here.says(IVY, "or here", subject=f"Also {IVY}")
    await here.says(ROBIN, "yes")
    assert (here.read(OAK)[-1], here.copies(OAK)[-1].subject.reveal()) == ("yes", "")


async def test_what_waited_long_for_the_code_word_is_not_let_go(house: House) -> None:
    """The phone may have been in other hands: she is told how many, and nobody gets them."""
    here = await yard(house, ROBIN, FAY, IVY)
    await here.change(ROBIN, code_word=CODE)
    await here.becomes(ROBIN, MemberState.SILENT)
    await here.says(ROBIN, "old one", "old two")
    await here.later(minutes=61)
    await here.says(ROBIN, "new", "Robin")  # with a code word her name wakes nothing
    assert await here.state(ROBIN) is MemberState.SILENT
    await here.says(ROBIN, CODE)
    assert here.read(IVY) == ["new"]
    assert here.told(ROBIN)[-1] == wording.OLD_DROPPED.format(count=2)
    assert await here.state(ROBIN) is MemberState.ACTIVE
    assert (await here.held())["not_passed_on"] == {"not_confirmed": 2}


async def test_only_her_newest_wish_to_leave_is_let_go(house: House) -> None:
    """Before other words it may be somebody else's; a frozen group lets nothing go at all."""
    here = await yard(house, ROBIN, FAY, IVY, code_after="3")
    await here.change(ROBIN, code_word=CODE)
    await here.says(ROBIN, "hello")
    await here.later(days=4)
    await here.says(ROBIN, "LEAVE", "I am here", CODE)
    assert (await here.state(ROBIN), here.read(IVY)) == (MemberState.ACTIVE, ["hello", "I am here"])
    await here.says(ROBIN, "LEAVE")
    await house.engine.registrar.set_group_state("Tuesday", GroupState.FROZEN)
    await here.says(ROBIN, CODE, "marigolt")  # and a guess cannot be told from the word itself
    assert here.told(ROBIN)[-2:] == [wording.FROZEN] * 2
    await house.engine.registrar.set_group_state("Tuesday", GroupState.OPEN)
    assert (await here.state(ROBIN), (await here.held())["waiting_for_author"]) == ("active", 1)
    await here.says(ROBIN, CODE)
    assert await here.state(ROBIN) is MemberState.STOPPED


async def test_a_guess_at_a_code_word_is_answered_as_the_word(house: House) -> None:
    """Where nothing waits: whoever holds the phone does not learn that the guess was right."""
    here = await yard(house, ROBIN, FAY, IVY)
    await here.change(ROBIN, code_word=CODE)
    await here.says(ROBIN, CODE, "marigolt")
    assert here.told(ROBIN) == [wording.NEAR_MISS] * 2
    assert here.read(IVY) == []


async def test_of_what_waits_the_newest_five_are_kept(house: House) -> None:
    """The sixth ends the oldest, which is counted; so it is with what waits for a code word."""
    here = await yard(house, ROBIN, SOL, FAY, IVY)
    await here.says(IVY, *(f"{GO} {'!' * n}" for n in range(6)))
    held = await here.held()
    assert (held["waiting_for_author"], held["not_passed_on"]) == (5, {"not_confirmed": 1})
    await here.says(IVY, *["SEND AS IS"] * 6)
    assert here.read(ROBIN) == [f"{GO} {'!' * n}".strip() for n in (5, 4, 3, 2, 1)]
    assert here.told(IVY)[-1] == wording.NOTHING_WAITS
    await here.change(SOL, code_word=CODE)
    await here.becomes(SOL, MemberState.SILENT)
    await here.says(SOL, *(f"word {n}" for n in range(7)))
    held = await here.held()
    assert (held["waiting_for_author"], held["not_passed_on"]) == (5, {"not_confirmed": 3})
    await here.says(SOL, CODE)
    assert here.read(ROBIN)[5:] == [f"word {n}" for n in range(2, 7)]


async def test_a_wish_to_go_said_to_one_member_is_for_her_alone(house: House) -> None:
    """It is said to her and not to us: she reads it, and facilitators hear nothing."""
    here = await yard(house, FAY, IVY, OAK, private="on")
    await agree(house, here.members[IVY], IVY, here.members[OAK], OAK)
    await here.says(IVY, GO, to=here.members[OAK].mask)
    assert (here.read(OAK), here.told(FAY), here.told(IVY)) == ([GO], [], [])
    await here.says(IVY, GO)
    assert here.told(FAY) == [wording.MAY_WANT_TO_GO.format(name="Ivy")]


async def test_a_file_left_out_is_told_when_the_words_go(house: House) -> None:
    """Where the group asks about contacts, a file that stayed behind is told in the end."""
    here = await yard(house, ROBIN, IVY, contacts="ask")
    await here.says(IVY, f"I am at {IVY}", files=(File(b"no picture"),))
    assert (here.read(ROBIN), here.told(IVY)) == ([], [wording.ASKED])
    await here.says(IVY, "SEND AS IS")
    assert here.read(ROBIN) == [f"I am at {IVY}"]
    assert here.told(IVY) == [wording.ASKED, wording.SOME_FILES]


# Silence -----------------------------------------------------------------------------------------


async def test_who_is_let_in_again_is_not_silent_again(house: House) -> None:
    """Her silence is counted from then on; one phone, heard in one group, is heard in all."""
    here = await yard(house, ROBIN, SOL, FAY)
    friday = await house.member(await house.group("Friday"), "Lou", SOL)
    long_ago = day(house.clock.now()) - house.engine.settings.silence_days - 1
    ids = [here.members[ROBIN].id, here.members[SOL].id, friday.id]
    async with house.engine.database.writing() as c:
        await house.engine.roster.set_heard(c, ids, long_ago)
    await house.say(friday, SOL, "hello")
    keeper = upkeep(house, Twilio())
    assert await keeper.silence() == 1
    assert (await here.state(ROBIN), await here.state(SOL)) == ("silent", "active")
    await here.change(ROBIN, state="active")
    assert await keeper.silence() == 0
    await here.later(days=house.engine.settings.silence_days)
    await here.says(SOL, "still here")
    assert await keeper.silence() == 0
    await here.later(days=1)
    assert await keeper.silence() == 2
    assert (await here.state(ROBIN), await here.state(SOL)) == ("silent", "active")


# The night ---------------------------------------------------------------------------------------


async def test_an_answer_that_comes_late_waits_for_the_morning(house: House) -> None:
    """After a quarter of an hour she may be asleep again; before that it comes at any hour."""
    here = await yard(house, ROBIN, FAY, quiet="11:00-19:00")
    for minutes, at_once in ((10, True), (20, False)):
        before = len(house.sms.sent)
        busy = Later(why=Trouble.BUSY, after=timedelta(minutes=minutes))
        house.sms.answer = lambda out, busy=busy: busy  # type: ignore[misc]
        await here.says(ROBIN, "SEND AS IS")
        house.sms.answer = lambda out: Sent()
        await here.later(minutes=minutes)
        assert len(house.sms.sent) - before == 1 + at_once, minutes
    await here.later(hours=7)
    assert (None in {o.not_after for o in house.sms.sent}, len(house.sms.sent)) == (False, 4)


async def test_an_answer_may_not_lie_at_the_provider_into_the_night(house: House) -> None:
    """It may arrive for as long as it is an answer; then it waits like everything else."""
    here = await yard(house, ROBIN, FAY, quiet="11:00-19:00")
    await here.says(ROBIN, "MORE")
    assert [o.not_after for o in house.sms.sent] == [house.clock.now() + ANSWER_LIFE]
    await here.says(ROBIN, "HELP")
    assert house.sms.sent[1].not_after is None or house.sms.sent[1].not_after >= (
        house.sms.sent[1].expires
    )


async def test_a_notice_that_answers_nothing_minds_the_night(house: House) -> None:
    """Ready in the evening and held up into the night, it waits; nor may it arrive late."""
    here = await yard(house, ROBIN, SOL, FAY, IVY, quiet="13:00-19:00")
    busy = Later(why=Trouble.BUSY, after=timedelta(hours=2))
    house.sms.answer = lambda out: Sent() if out.author else busy
    house.email.answer = lambda out: Never(why=Trouble.REFUSED)
    await here.says(ROBIN, "hello")  # at noon; Ivy does not get it
    async with house.engine.database.writing() as c:
        long_ago = day(house.clock.now()) - house.engine.settings.silence_days - 1
        await house.engine.roster.set_heard(c, [here.members[SOL].id], long_ago)
    await upkeep(house, Twilio()).silence()
    await here.later(seconds=1)
    first = [o for o in house.sms.sent if not o.author]
    night = house.clock.now().replace(hour=13, minute=0, second=0, microsecond=0)
    assert {o.not_after for o in first} == {night}
    house.sms.answer = lambda out: Sent()
    await here.later(hours=3)
    assert len([o for o in house.sms.sent if not o.author]) == len(first) == 3
    await here.later(hours=4)
    assert here.told(ROBIN) == [wording.NOT_REACHED] * 2
    assert here.told(FAY) == [wording.FELL_SILENT.format(name="Sol")] * 2


# Long posts --------------------------------------------------------------------------------------


async def test_more_asked_twice_quickly_is_one_wish(house: House) -> None:
    """The page on its way is what she asks for; a page that arrived goes before one under way."""
    here = await yard(house, ROBIN, SOL)
    taken = Sent(reported=True, reference=Secret("SM1"), rest=500)
    house.sms.answer = lambda out: taken if out.to.reveal() == SOL and not out.start else Sent()
    await here.says(ROBIN, LONG)
    await news(here, SOL, Sent())
    await here.says(ROBIN, LONG.upper())  # under way, no news of it
    await house.say(here.members[SOL], SOL, "MORE")
    await here.says(SOL, "more")
    assert [(o.start, o.text.reveal() == LONG) for o in here.copies(SOL)] == [
        (0, True),
        (0, False),
        (500, True),
    ]
    assert here.told(SOL) == []


@pytest.mark.parametrize("stage", [Stage.TAKEN, Stage.ARRIVED])
async def test_after_a_crash_news_alone_keeps_the_rest(house: House, stage: Stage) -> None:
    """The page is there, where it ended is not known: MORE brings it once more, and what follows.

    A post that fits into one text has just ended, and so has an emoji or two.
    """
    here = await yard(house, ROBIN, SOL)
    for text in (LONG, "\N{WINKING FACE}" * 140, "short"):
        await house.say(here.members[ROBIN], ROBIN, text)
        async with house.engine.database.writing() as c:
            died = sa.update(DELIVERY).where(DELIVERY.c.stage == Stage.WAITING)
            await c.execute(died.values(claim=7, attempts=1, stage=stage))
        await house.deliver()
        assert here.read(SOL) == []
    assert (await here.held())["deliveries"]["resting"] == 2
    await here.says(SOL, "MORE")
    await here.says(SOL, "MORE")
    assert sorted(here.read(SOL)) == sorted([LONG, "\N{WINKING FACE}" * 140])
    assert here.told(SOL) == []


# What texts cost ---------------------------------------------------------------------------------


@pytest.fixture
async def metered(database_url: str, tmp_path: Path) -> AsyncIterator[House]:
    """A text costs as many segments as it has words; each number may send three, then one a second.

    One text has one segment.
    """
    made = await tolled(database_url, tmp_path, text_rate=1.0, text_burst=20, text_segments=1)
    yield made
    await made.engine.close()


async def test_more_that_waits_for_its_budget_does_not_come_at_night(metered: House) -> None:
    """She was awake when she asked, not when the day begins; if she asks then, she is again."""
    here = await yard(metered, ROBIN, SOL, budget="10", quiet="22:00-07:00")
    meter = cast("Meter", metered.sms)
    meter.answer = lambda out: replace(
        meter.charge(out), reported=bool(out.author), rest=None if out.start else 9
    )
    await here.later(hours=9)
    await here.says(ROBIN, "one two three four five six")
    await here.says(SOL, "MORE")
    assert [o.start for o in here.copies(SOL)] == [0]
    await here.later(hours=4)
    assert [o.start for o in here.copies(SOL)] == [0]
    await here.says(SOL, "MORE")
    assert ([o.start for o in here.copies(SOL)], here.told(SOL)) == ([0, 9], [])


async def test_an_author_hears_once_that_a_budget_holds_her_post(metered: House) -> None:
    """Once a post; and what was spent is stored by nobody's id."""
    here = await yard(metered, ROBIN, SOL, FAY, budget="6")
    await here.says(ROBIN, "one two", "three four", "five six")
    assert here.told(ROBIN) == [wording.HELD_BY_BUDGET] * 2
    assert len(here.copies(SOL) + here.copies(FAY)) == 3
    await here.later(hours=1)
    assert here.told(ROBIN) == [wording.HELD_BY_BUDGET] * 2
    async with metered.engine.database.reading() as c:
        owners = set((await c.execute(sa.select(SPENT.c.owner))).scalars())
    assert (len(owners), EVERYBODY in owners) == (3, True)
    assert owners.isdisjoint({here.group.id, *(m.id for m in here.members.values())})


async def test_a_clock_set_back_stops_no_text(metered: House) -> None:
    """Moments of the hour that is gone by are nobody's: the next text leaves at once."""
    here = await yard(metered, ROBIN, IVY)
    await here.says(IVY, "one " * 20)
    await here.later(hours=-1)
    await here.says(IVY, "two " * 20)
    assert len(here.copies(ROBIN)) == 2


async def test_a_post_of_more_than_one_text_has_a_key_of_its_own(metered: House) -> None:
    """How long one text may be is a setting, and decides what may have to stay for MORE."""
    here = await yard(metered, ROBIN, IVY)
    for text in ("a " * 90, "b " * 90):
        await metered.say(here.members[IVY], IVY, text)
    assert len(metered.engine.vault.body_keys()) == 2


# What the provider does --------------------------------------------------------------------------


def record(here: Yard, sid: str, text: str, **ago: float) -> Kept:
    """A text of Robin's that was sent some time ago."""
    to, at = here.members[ROBIN].write_to, here.house.clock.now() - timedelta(**ago)
    return Kept(sid, "in", at, Contact("sms", ROBIN), to, Secret(text))


class Shared(Twilio):
    """Reads records as the channel does."""

    async def missed(self, kept: Kept) -> Inbound | None:
        """What the account makes of a record."""
        public = "https://relay.example"
        config = SmsAccountConfig(public_url=public, account_sid="AC1", auth_token=Secret("x"))
        account = SmsAccount(config)
        found = Record(
            sid=kept.sid,
            direction=Direction(kept.direction),
            sender=kept.sender,
            to=kept.to,
            text=kept.text,
            media=0,
            status="received",
            at=kept.at,
        )
        message = await account.missed(found)
        await account.close()
        return message


async def test_what_never_reached_us_is_done_told_or_posted_by_its_age(house: House) -> None:
    """A stop is never too old; what is too old is told; what is fresh is left to its webhook."""
    here = await yard(house, ROBIN, SOL)
    house.clock.forward(days=6)
    twilio = Shared()
    sids = ["SM" + f"{n:032}" for n in range(5)]
    shown = "MM" + "1" * 32
    twilio.records = [
        record(here, sids[0], "of last week", days=5),
        record(here, sids[1], "of this morning", hours=5),
        record(here, shown, "to many", hours=4),
        record(here, sids[2], "of just now", minutes=2),
    ]
    keeper = upkeep(house, twilio)
    assert await keeper.reconcile() == 3
    await house.deliver()
    assert here.read(SOL) == ["of this morning"]
    assert here.told(ROBIN) == [wording.TOO_LATE, wording.SHOWN_TO_OTHERS]
    twilio.records = [record(here, sids[3], "STOP", days=5)]
    assert await upkeep(house, twilio).reconcile() == 1
    assert await here.state(ROBIN) is MemberState.STOPPED
    async with house.engine.database.reading() as c:
        assert await c.scalar(sa.select(sa.func.count()).select_from(ERASURE)) == 4


async def test_what_comes_in_late_wakes_nobody(house: House) -> None:
    """Hours after she wrote, in her night, no answer comes, nor is she awake; a cry is heard."""
    here = await yard(house, ROBIN, SOL, quiet="08:00-13:00")
    await house.engine.registrar.change_group("Tuesday", {"awake": "60", "crisis": "988"})
    house.clock.forward(days=6)
    twilio = Shared()
    twilio.records = [
        record(here, "SM" + f"{n:032}", text, hours=5 - n)
        for n, text in enumerate(("hello", "MORE", "QUIET"))
    ]
    assert await upkeep(house, twilio).reconcile() == 3
    await house.deliver()
    await here.says(SOL, "good night")
    assert (here.told(ROBIN), here.read(ROBIN), here.read(SOL)) == ([], [], ["hello"])
    twilio.records = [record(here, "SM" + "9" * 32, "CRISIS", hours=4)]
    assert await upkeep(house, twilio).reconcile() == 1
    await house.deliver()
    assert ["988" in text for text in here.told(ROBIN)] == [True]
    await here.later(hours=2)
    assert len(here.told(ROBIN)) == 3
    assert here.read(ROBIN) == ["good night"]


@pytest.fixture
async def carrier() -> AsyncIterator[Carrier]:
    """A pretended Twilio, on a socket."""
    made = Carrier()
    await made.start()
    yield made
    await made.close()


def by_twilio(house: House, carrier: Carrier) -> SmsChannel:
    """Has a house text through the real channel."""
    carrier.rent("+12025550181", "+12025550182")
    config = SmsOutConfig(
        public_url="https://relay.example",
        account_sid=carrier.account_sid,
        auth_token=Secret(carrier.auth_token),
        api_url=carrier.api_url,
    )
    channel = SmsChannel(config, house.clock.now)
    house.sms = cast("Any", channel)
    return channel


async def test_an_answer_of_500_is_repeated_once_at_the_most(
    house: House, carrier: Carrier
) -> None:
    """Twilio may have taken it: sent once more, never a third time, and then its author knows."""
    here = await yard(house, ROBIN, IVY)
    channel = by_twilio(house, carrier)
    for http in (500, 502, 504):
        carrier.fail(http=http, times=2)
    await here.says(IVY, "one", "two", "three")
    for _ in range(2):
        await here.later(minutes=40)
    asked = Counter(request["Body"] for request in carrier.requests)
    assert asked == {"Ivy: one": 2, "Ivy: two": 2, "Ivy: three": 2}
    await channel.close()
    assert house.email.texts_to(IVY) == [wording.NOT_REACHED] * 3


async def test_a_picture_that_nobody_can_see_is_told(house: House, carrier: Carrier) -> None:
    """A group of phones that carries no pictures, but for the one who mails them: nobody sees it.

    So no text says that others do.
    """
    here = await yard(house, ROBIN, IVY, pictures="on")
    channel = by_twilio(house, carrier)
    await here.says(IVY, "look", files=(drawn((9, 9, 9)),))
    await house.member(here.group, "Oak", OAK)
    await here.says(IVY, "again", files=(drawn((9, 9, 9)),))
    await channel.close()
    texts = [text.body for text in carrier.phone(ROBIN).inbox]
    assert texts == ["Ivy: look (picture left out)", "Ivy: again (picture sent to mail readers)"]
    assert house.email.texts_to(IVY) == [wording.SOME_FILES]


async def test_a_mail_that_is_all_subject_may_cry_for_help(house: House) -> None:
    """`SOS:` is no prefix of an answer: the words reach the group; an empty answer does not."""
    group = await house.group()
    ivy = await house.member(group, "Ivy", "ivy@willow.example")
    await house.member(group, "Ana", "+12025550102")
    await house.say(ivy, "ivy@willow.example", "", subject="SOS: he is here")
    await house.say(ivy, "ivy@willow.example", "", subject="Re: Thursday")
    await house.deliver()
    assert house.sms.texts_to("+12025550102") == ["SOS: he is here"]
