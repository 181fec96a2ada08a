"""Code words: a phone may be in other hands, or be somebody else's by now."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import sqlalchemy as sa

from policies.facts import MemberState
from relay import wording
from relay.clock import day
from relay.model import Member, show_id
from relay.store.tables import MEMBER
from tests.engine.conftest import House

LINDEN, ANA = "+12025550103", "+12025550102"
IVY = "ivy@willow.example"
CODE = "Blüten Staub"


@dataclass
class Hut:
    """Linden texts and has a code word; Ivy reads."""

    house: House
    linden: Member
    ivy: Member

    async def says(self, *texts: str) -> None:
        """Linden's phone texts, a second apart, and all that can leave leaves."""
        for text in texts:
            self.house.clock.forward(seconds=1)
            await self.house.say(self.linden, LINDEN, text)
            await self.house.deliver()

    def told(self) -> list[str]:
        """What the relay itself said to Linden."""
        said = [o for o in self.house.sms.sent if o.to.reveal() == LINDEN and not o.author]
        return [o.text.reveal() for o in said]

    def read(self) -> list[str]:
        """What Ivy read."""
        return self.house.email.texts_to(IVY)

    async def state(self) -> MemberState:
        """How Linden stands."""
        return (await self.house.engine.registrar.member(show_id(self.linden.id))).state

    async def falls_silent(self, *, code: str = CODE) -> None:
        """As `LostPhones.silence` leaves her."""
        change = self.house.engine.registrar.change_member
        await change(show_id(self.linden.id), {"code_word": code})
        async with self.house.engine.database.writing() as c:
            await self.house.engine.roster.set_state(c, [self.linden.id], MemberState.SILENT)


@pytest.fixture
async def hut(house: House) -> Hut:
    """A group of two and a facilitator."""
    group = await house.group()
    linden = await house.member(group, "Linden", LINDEN, code_word=CODE)
    await house.member(group, "Ana", ANA, facilitator="yes")
    return Hut(house, linden, await house.member(group, "Ivy", IVY))


async def test_leave_waits_for_the_code_word(hut: Hut) -> None:
    """Whoever holds her phone cannot take her out of the group."""
    await hut.says("LEAVE")
    assert (hut.told(), await hut.state()) == ([wording.CODE_FIRST], MemberState.ACTIVE)
    await hut.says("is this your code?")
    assert (hut.read(), await hut.state()) == (["is this your code?"], MemberState.ACTIVE)
    await hut.says(CODE)
    assert await hut.state() is MemberState.STOPPED
    assert hut.told() == [wording.CODE_FIRST, wording.UNSUBSCRIBED]
    assert len(hut.read()) == 1


async def test_stop_never_waits(hut: Hut) -> None:
    """With a code word and without, from a silent phone as well."""
    await hut.falls_silent()
    await hut.says("STOP")
    assert (hut.told(), await hut.state()) == ([wording.STOPPED], MemberState.STOPPED)


async def test_the_code_word_reaches_nobody_in_any_dressing(hut: Hut) -> None:
    """Whatever a phone makes of it, and whether or not anything waits."""
    dressed = (  # as it is, run together, in quotes, in wide letters, with marks
        "bluten staub",
        "BLÜTENSTAUB!",
        "“Blüten\u00a0Staub”",
        "ＢＬＵＴＥＮ ＳＴＡＵＢ",
        " blüten-staub. ",
    )
    await hut.says(*dressed)
    assert hut.read() == []
    assert len(hut.told()) == len(dressed)
    assert len(set(hut.told())) == 1  # and no dressing can be told from another


async def test_a_slip_in_the_code_word_reaches_nobody(hut: Hut) -> None:
    """It is asked about like a slip in any other word."""
    await hut.says("Bluten Stuab")
    assert (hut.read(), hut.told()) == ([], [wording.NEAR_MISS])


async def test_after_days_of_silence_the_code_word_comes_first(hut: Hut) -> None:
    """What she wrote waits, however much it is, and goes on in its order."""
    await hut.house.engine.registrar.change_group("Tuesday", {"code_after": "3"})
    await hut.says("one")
    hut.house.clock.forward(days=2)
    await hut.says("two")
    hut.house.clock.forward(days=3)
    await hut.says("three", "four", "Bluten Stuab", "SEND AS IS")
    assert hut.read() == ["one", "two"]
    code = wording.CODE_FIRST
    assert hut.told() == [code, code, wording.NEAR_MISS, code]
    await hut.says(CODE)
    assert hut.read() == ["one", "two", "three", "four"]
    await hut.says("five")
    assert hut.read()[-1] == "five"


async def test_a_silent_phone_is_asked_who_it_is(hut: Hut) -> None:
    """Nothing comes and goes until she gives her name; then what she wrote goes on."""
    await hut.falls_silent(code="")
    await hut.house.say(hut.ivy, IVY, "meanwhile")
    await hut.says("hello, who is this?", "Lindn", "wrong")
    assert hut.read() == []
    assert await hut.state() is MemberState.SILENT
    assert hut.house.sms.texts_to(LINDEN) == hut.told()
    await hut.says("linden.")
    assert hut.read() == ["hello, who is this?", "wrong"]
    assert (await hut.state(), hut.told()[-1]) == (MemberState.ACTIVE, wording.WELCOME_BACK)
    async with hut.house.engine.database.reading() as c:
        heard = await c.scalar(sa.select(MEMBER.c.heard_day).where(MEMBER.c.id == hut.linden.id))
    assert heard == day(hut.house.clock.now())
    await hut.says("linden.")
    assert hut.read()[-1] == "linden."  # a name is no code word where nobody asked for it


async def test_a_silent_phone_without_a_code_word_is_asked_for_her_name(hut: Hut) -> None:
    """And with one, the code word alone does as well."""
    await hut.falls_silent(code="")
    await hut.says("hello")
    assert hut.told() == [wording.STILL_YOU]
    await hut.falls_silent(code="marigold")
    await hut.says("hello again", "marigold")
    assert hut.read() == ["hello", "hello again"]
    assert await hut.state() is MemberState.ACTIVE


async def test_what_a_silent_phone_says_is_gone_in_the_end(hut: Hut) -> None:
    """Nobody showed that it is she: nobody reads it, and the phone is told no more."""
    await hut.falls_silent()
    await hut.says("hello")
    hut.house.clock.forward(days=2)
    await hut.house.sweeper.sweep()
    await hut.house.deliver()
    await hut.says(CODE)
    assert hut.read() == []
    assert hut.told() == [wording.CODE_FIRST, wording.WELCOME_BACK]


async def test_words_to_the_relay_count_as_heard(hut: Hut) -> None:
    """Who asks for MORE every week is not silent."""
    await hut.says("MORE")
    async with hut.house.engine.database.reading() as c:
        heard = await c.scalar(sa.select(MEMBER.c.heard_day).where(MEMBER.c.id == hut.linden.id))
    assert heard == day(hut.house.clock.now())


async def test_mail_knows_no_code_word(hut: Hut) -> None:
    """A mail proves by itself who wrote it: a code word in it is a word like any other."""
    change = hut.house.engine.registrar.change_member
    await change(show_id(hut.ivy.id), {"code_word": "marigold"})
    await hut.house.engine.registrar.change_group("Tuesday", {"code_after": "1"})
    hut.house.clock.forward(days=5)
    await hut.house.say(hut.ivy, IVY, "leave no trace")
    await hut.house.say(hut.ivy, IVY, "LEAVE")
    await hut.house.deliver()
    assert hut.house.sms.texts_to(LINDEN) == ["leave no trace"]
    assert hut.house.email.texts_to(IVY) == [wording.UNSUBSCRIBED]
