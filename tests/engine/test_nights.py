"""Nights: what is held outlives them, and its author hears how many read later."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from relay.clock import moment
from relay.model import Group, GroupSettings, Member, MemberSettings, show_id
from relay.nights import LONGEST_LIFE, life_of_post, read_later, shared_end
from relay.notices import TO_DELIVER
from relay.store.tables import POST
from relay.wording import guiding, hours
from tests.engine.conftest import House

NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)  # a Wednesday
LIFE = timedelta(hours=36)
ROBIN = "+12025550101"
FREE_DAYS = "mon-fri 00:00-24:00, sat sun 08:00-24:00"
"""Quiet from Sunday at 8:00 to Saturday at 0:00, nearly six days."""


def reader(quiet: str, **more: object) -> MemberSettings:
    """Somebody who has set this."""
    return MemberSettings(quiet=quiet, **more)  # type: ignore[arg-type]


def test_a_life_outlasts_every_night() -> None:
    """As configured, or the longest hold of any reader that can begin within it, and some hours."""
    group = GroupSettings(quiet="22:00-07:00")
    assert life_of_post(group, [], LIFE, NOW) == LIFE
    assert life_of_post(group, [reader(""), reader("off")], LIFE, NOW) == LIFE
    week = life_of_post(GroupSettings(), [reader(""), reader(FREE_DAYS)], LIFE, NOW)
    assert week >= timedelta(days=2, hours=12) + TO_DELIVER  # until Saturday at 0:00
    assert week <= timedelta(days=6) + TO_DELIVER
    silence = ", ".join(f"2026-11-{day} all day" for day in range(19, 29))
    assert life_of_post(group, [reader(silence)], LIFE, NOW) >= timedelta(days=10) + TO_DELIVER


def test_a_life_has_an_end() -> None:
    """Whatever anybody sets, nothing is kept for longer than repeats are known for."""
    silence = ", ".join(f"2026-12-{day:02} all day" for day in range(1, 20))
    more = ", ".join(f"2026-11-{day} all day" for day in range(19, 31))
    group = GroupSettings(quiet=more)
    assert life_of_post(group, [reader(silence)], LIFE, NOW) == LONGEST_LIFE
    assert (
        life_of_post(GroupSettings(), [reader("off", timezone="Nowhere/At_All")], LIFE, NOW) == LIFE
    )


def test_a_life_outlasts_a_digest_and_the_night_after_it() -> None:
    """What is written just after one waits a day, and may then wait for the end of a night."""
    owl = reader("09:00-23:30", mode="digest", digest_at="09:30")
    hold = timedelta(hours=14, minutes=30)
    assert life_of_post(GroupSettings(), [owl], LIFE, NOW) >= hold + timedelta(days=1) + TO_DELIVER
    assert life_of_post(GroupSettings(), [owl], timedelta(hours=1), NOW) >= timedelta(days=1)


def test_who_reads_later_is_counted_by_when_her_night_ends() -> None:
    """Not who is awake, nor whom something urgent may wake, nor who rests for longer."""
    awake = int((NOW + timedelta(minutes=5)).timestamp() * 1000)
    readers = [
        *(reader("11:00-14:00"), reader("11:00-14:00", wake=False), reader("11:00-15:00")),
        *(reader("off"), reader(""), reader("11:00-14:00", awake_until=awake)),
        *(reader("11:00-14:00", pause_until=-1), reader("11:00-14:00", pause_until=_at(15))),
    ]
    at = {14: NOW + timedelta(hours=2), 15: NOW + timedelta(hours=3)}
    assert read_later(GroupSettings(), readers, NOW) == {at[14]: 2, at[15]: 1}
    assert read_later(GroupSettings(), readers, NOW, urgent=True) == {at[14]: 1}


def _at(hour: int) -> int:
    return int(NOW.replace(hour=hour).timestamp() * 1000)


def test_a_time_is_that_of_several_or_of_the_group() -> None:
    """However few the group wants to be told of, three share a time that is not its own."""
    later = Counter({NOW + timedelta(hours=2): 2, NOW + timedelta(hours=3): 3})
    for quiet, hour in (("", 15), ("11:00-14:00", 14), ("11:00-14:30", 15)):
        group = GroupSettings(quiet=quiet, held_from=2)
        assert shared_end(group, later, NOW) == NOW.replace(hour=hour), quiet
    assert shared_end(GroupSettings(quiet="11:00-14:00", held_from=4), later, NOW) is None


@dataclass
class Lodge:
    """Robin writes by text from Berlin; others read by mail."""

    house: House
    group: Group
    robin: Member

    async def says(self, text: str) -> list[str]:
        """Robin writes; what the relay tells her of it."""
        before = len(self.told())
        await self.house.say(self.robin, ROBIN, text)
        await self.house.deliver()
        return self.told()[before:]

    def told(self) -> list[str]:
        """What the relay itself said to Robin."""
        return [o.text.reveal() for o in self.house.sms.sent if not o.author]

    async def readers(self, *quiet: str) -> list[Member]:
        """Members with these quiet hours."""
        member = self.house.member
        return [
            await member(self.group, f"Reader {'abcdefgh'[n]}", f"r{n}@willow.example", quiet=each)
            for n, each in enumerate(quiet)
        ]

    async def change(self, member: Member, quiet: str) -> None:
        """A member sets other hours."""
        await self.house.engine.registrar.change_member(show_id(member.id), {"quiet": quiet})


@pytest.fixture
async def lodge(house: House) -> Lodge:
    """A group of one, so far."""
    group = await house.group(jitter="0")
    robin = await house.member(group, "Robin", ROBIN, timezone="Europe/Berlin")
    return Lodge(house, group, robin)


async def test_an_author_hears_once_a_night_how_many_read_later(lodge: Lodge) -> None:
    """With the time, on her own clock, if enough share it; in her own night as well."""
    await lodge.readers("11:00-14:00", "11:00-14:00", "11:00-14:00", "11:00-13:30", "")
    await lodge.change(lodge.robin, "12:00-20:00")
    assert await lodge.says("one") == [hours.READ_AFTER.format(count=3, time="15:00")]
    assert str(hours.READ_AFTER.format(count=3, time="15:00")) == (
        "3 members will see this after 15:00, when quiet hours end."
    )
    assert await lodge.says("two") == []
    lodge.house.clock.forward(days=1)
    assert await lodge.says("three") == [hours.READ_AFTER.format(count=3, time="15:00")]


async def test_no_time_is_said_that_is_not_that_of_several(lodge: Lodge) -> None:
    """Only the count, once a day; below the group's number nothing; with 0 never anything."""
    await lodge.readers("11:00-13:00", "11:00-13:30", "11:00-14:00")
    assert await lodge.says("one") == [hours.READ_LATER.format(count=3)]
    assert await lodge.says("two") == []
    lodge.house.clock.forward(days=1)
    registrar = lodge.house.engine.registrar
    for least in ("4", "0"):
        await registrar.change_group("Tuesday", {"held_from": least})
        assert await lodge.says("three") == []


async def test_a_post_outlives_the_night_it_is_written_in(lodge: Lodge) -> None:
    """Of days if need be: it arrives when the hours that were known end, and nobody misses it."""
    await lodge.readers("2026-11-18 all day, 2026-11-19 all day, 2026-11-20 all day")
    assert await lodge.says("hello") == []
    async with lodge.house.engine.database.reading() as c:
        (expires,) = (await c.execute(sa.select(POST.c.expires))).scalars()
    assert moment(expires) >= datetime(2026, 11, 21, 6, tzinfo=UTC)
    for _ in range(59):
        lodge.house.clock.forward(hours=1)
        await lodge.house.deliver()
        await lodge.house.sweeper.sweep()
    assert lodge.house.email.texts_to("r0@willow.example") == []
    lodge.house.clock.forward(hours=1)
    await lodge.house.deliver()
    assert lodge.house.email.texts_to("r0@willow.example") == ["hello"]
    assert lodge.told() == []


async def test_hours_set_later_that_outlast_a_post_are_told_at_once(lodge: Lodge) -> None:
    """Once a post, though others still wait for it; those get it."""
    first, second, third = await lodge.readers("11:00-14:00", "11:00-14:00", "11:00-14:00")
    assert len(await lodge.says("hello")) == 1
    week = ", ".join(f"2026-11-{day} all day" for day in range(18, 24))
    await lodge.change(first, week)
    await lodge.change(second, week)
    await lodge.house.deliver()
    assert lodge.told()[1:] == [hours.OUTLASTED]
    lodge.house.clock.forward(hours=2)
    await lodge.house.deliver()
    assert lodge.house.email.texts_to("r2@willow.example") == ["hello"]
    assert await lodge.house.stored() == (0, 0)
    assert lodge.told()[1:] == [hours.OUTLASTED]
    assert third.settings.quiet == "11:00-14:00"


async def test_who_rests_until_a_post_is_over_is_no_news(lodge: Lodge) -> None:
    """Also where that moment falls into her night: she chose not to get it."""
    (sol,) = await lodge.readers("11:00-10:00")
    house = lodge.house
    async with house.engine.database.writing() as c:
        await house.engine.resting.pause(c, sol, lodge.group, "", house.clock.now())
    await lodge.says("hello")
    house.clock.forward(hours=35, minutes=50)
    await house.deliver()
    assert await lodge.house.stored() == (0, 0)
    assert lodge.told() == []


async def test_who_did_not_write_just_now_is_not_woken(lodge: Lodge) -> None:
    """A facilitator lets a post go in its writer's night: she hears nothing, and sleeps on."""
    await lodge.readers("11:00-14:00", "11:00-14:00", "11:00-14:00")
    house, ana = lodge.house, "ana@willow.example"
    facilitator = await house.member(lodge.group, "Ana", ana, facilitator="yes")
    wishes = {"posting": "moderated", "awake": "30"}
    await house.engine.registrar.change_group("Tuesday", wishes)
    assert await lodge.says("URGENT hello") == [guiding.LOOKED_AT_FIRST]
    house.clock.forward(minutes=10)
    await lodge.change(lodge.robin, "12:00-20:00")
    (number,) = re.findall(r"APPROVE (\d+)", "".join(house.email.texts_to(ana)))
    for said in (f"APPROVE {number}", "good night"):
        await house.say(facilitator, ana, said)
        await house.deliver()
    assert house.sms.texts_to(ROBIN) == [guiding.LOOKED_AT_FIRST]
    house.clock.forward(hours=7)
    await house.deliver()
    assert house.sms.texts_to(ROBIN)[1:] == [hours.NOT_URGENT, "good night"]


async def test_a_groups_hours_let_go_what_they_held(lodge: Lodge) -> None:
    """When they are taken back, what waits is judged anew."""
    await lodge.readers("")
    registrar = lodge.house.engine.registrar
    await registrar.change_group("Tuesday", {"quiet": "11:00-20:00"})
    await lodge.says("hello")
    assert lodge.house.email.texts_to("r0@willow.example") == []
    await registrar.change_group("Tuesday", {"quiet": ""})
    await lodge.house.deliver()
    assert lodge.house.email.texts_to("r0@willow.example") == ["hello"]


async def test_bad_news_outlives_a_night_too(lodge: Lodge) -> None:
    """A notice that waits for the end of long quiet hours comes then."""
    await lodge.change(lodge.robin, "2026-11-18 all day, 2026-11-19 all day, 2026-11-20 all day")
    async with lodge.house.engine.database.writing() as c:
        await lodge.house.engine.notices.tell(c, lodge.robin.id, hours.WAKES, NOW)
    lodge.house.clock.forward(hours=59, minutes=30)
    await lodge.house.sweeper.sweep()
    await lodge.house.deliver()
    assert lodge.told() == [hours.WAKES]
