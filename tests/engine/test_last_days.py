"""The end of a group: announced, extended, closed, destroyed, certified; and who has left."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Set
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.contract import Later, Never, Sent, Trouble
from policies.facts import GroupState
from relay import lastday
from relay.destruction import Certificate
from relay.engine import Engine
from relay.errors import RefusalError
from relay.lastdays import LastDays
from relay.model import Group, GroupSettings, Member, show_id
from relay.store.destroying import HOUSE
from relay.store.tables import METADATA, ROUTE
from relay.sweeper import Sweeper
from relay.wording import last_days as wording
from tests.engine.conftest import House

ANA, SOL, IVY = "+12025550101", "+12025550102", "m.hale@willow.example"
SPECIAL = {"groups", "spent"}


def test_every_table_is_somebodys() -> None:
    """Each table names a group or a member, or is known to be the programme's."""
    for name, table in METADATA.tables.items():
        of_group = {"group_id", "member_id"} & set(table.c.keys()) or name in SPECIAL
        assert bool(of_group) is (name not in HOUSE), name


@pytest.mark.parametrize(
    ("now", "told", "expected"),
    [
        ("2026-12-05T12:00", "", None),
        ("2026-12-06T12:00", "", 14),
        ("2026-12-06T12:00", "2026-12-20 14", None),
        ("2026-12-06T12:00", "2026-12-19 14", 14),
        ("2026-12-13T12:00", "2026-12-20 14", 7),
        ("2026-12-15T12:00", "2026-12-20 7", None),
        ("2026-12-15T12:00", "", 7),
        ("2026-12-19T12:00", "2026-12-20 7", 1),
        ("2026-12-19T08:59", "2026-12-20 7", None),
        ("2026-12-20T12:00", "2026-12-20 1", None),
        ("2026-12-20T12:00", "", 1),
        ("2026-12-21T12:00", "", None),
    ],
)
def test_when_an_end_is_announced(now: str, told: str, expected: int | None) -> None:
    """14, 7 and 1 days before, each once for each day that was set, and never before morning."""
    settings = GroupSettings(ends="2026-12-20", end_told=told, timezone="Europe/Berlin")
    assert lastday.to_announce(settings, datetime.fromisoformat(now + "+00:00")) == expected


def test_the_last_day_is_the_groups_own() -> None:
    """It is over at midnight where the group is; a group without an end never is."""
    settings = GroupSettings(ends="2026-12-20", timezone="America/New_York")
    assert lastday.over_at(settings) == datetime(2026, 12, 21, 5, tzinfo=UTC)
    assert lastday.closing_at(settings) == datetime(2026, 12, 21, 15, tzinfo=UTC)
    assert lastday.over_at(GroupSettings()) is None
    assert lastday.closing_at(GroupSettings()) is None


class PowerCutError(Exception):
    """The process ends here."""


class Circle:
    """A group that ends, of a facilitator with a phone, Sol with a phone, Ivy with a mailbox."""

    def __init__(self, house: House, group: Group, members: dict[str, Member]) -> None:
        self.house = house
        self.group = group
        self.members = members
        self.days = LastDays(house.engine, lambda: None)

    async def day(self, text: str) -> list[tuple[str, str]]:
        """Let the clock go on to a moment in UTC, look, deliver. Who was told what, in order."""
        until = datetime.fromisoformat(text).replace(tzinfo=UTC)
        self.house.clock.forward(seconds=(until - self.house.clock.now()).total_seconds())
        before = len(self.house.sms.sent), len(self.house.email.sent)
        await self.days.round(sure=True)
        await self.house.deliver()
        sent = [*self.house.sms.sent[before[0] :], *self.house.email.sent[before[1] :]]
        return sorted((out.to.reveal(), out.text.reveal()) for out in sent)

    async def state(self) -> GroupState | None:
        """Of the group; `None` once it is destroyed."""
        groups = await self.house.engine.registrar.groups()
        return groups[0].state if groups else None


@pytest.fixture
async def circle(house: House) -> Circle:
    """Tuesday, in UTC, until the 10th of December; it is the 18th of November."""
    group = await house.group(ends="2026-12-10", keep_roster="30", jitter="0")
    members = {
        "Ana": await house.member(group, "Ana", ANA, facilitator="yes"),
        "Sol": await house.member(group, "Sol", SOL, quiet="22:00-07:00"),
        "Ivy": await house.member(group, "Ivy", IVY),
    }
    return Circle(house, group, members)


async def test_a_group_ends_as_announced(circle: Circle) -> None:
    """Told three times, each once; nothing new after the last day; closed in the morning."""
    everybody = [(who, wording.ENDS_ON.format(day="2026-12-10")) for who in (ANA, SOL, IVY)]
    hint = (ANA, wording.TO_EXTEND.format(day="2026-12-10", then="2027-01-07"))
    assert await circle.day("2026-11-25T12:00") == []
    assert await circle.day("2026-11-26T09:59") == []
    for day in ("2026-11-26T10:00", "2026-12-03T12:00", "2026-12-09T12:00"):
        assert await circle.day(day) == sorted([*everybody, hint])
        assert await circle.day(day.replace(":00", ":30")) == []
    assert await circle.day("2026-12-11T00:10") == []
    assert await circle.state() is GroupState.OPEN
    await circle.house.say(circle.members["Ana"], ANA, "one more thing")
    assert (await circle.day("2026-12-11T00:20"))[0][1].startswith("This group has ended")
    ended = [(who, wording.ENDED.format(count=30)) for who in (ANA, SOL, IVY)]
    assert await circle.day("2026-12-11T10:00") == sorted(ended)
    assert await circle.state() is GroupState.CLOSED
    assert await circle.day("2027-01-10T12:00") == []
    assert await circle.state() is GroupState.CLOSED
    assert await circle.day("2027-01-11T12:00") == []
    assert await circle.state() is None


async def test_the_farewells_of_the_last_evening_arrive(circle: Circle) -> None:
    """What is held overnight comes before the group is closed; no author is told otherwise."""
    await circle.day("2026-12-10T12:00")
    circle.house.clock.forward(hours=10, minutes=30)
    await circle.house.say(circle.members["Ivy"], IVY, "It was good to know you.")
    words = "It was good to know you."
    assert await circle.day("2026-12-10T23:00") == [(ANA, words)]
    assert await circle.day("2026-12-11T07:00") == [(SOL, words)]
    assert len(await circle.day("2026-12-11T10:00")) == 3
    assert await circle.state() is GroupState.CLOSED


async def test_the_end_waits_while_delivery_is_down(circle: Circle) -> None:
    """While the carrier takes nothing a group is not closed, and a closed one not destroyed."""
    house = circle.house
    await circle.day("2026-12-10T12:00")
    house.clock.forward(hours=11, minutes=50)
    house.sms.answer = lambda _: Later(why=Trouble.UNREACHABLE)
    await house.say(circle.members["Ivy"], IVY, "Farewell.")
    await circle.day("2026-12-11T10:00")
    assert await circle.state() is GroupState.OPEN
    house.sms.answer = lambda _: Sent()
    await circle.day("2026-12-11T12:00")
    await circle.day("2026-12-11T13:00")
    assert await circle.state() is GroupState.CLOSED
    house.sms.answer = lambda _: Later(why=Trouble.UNREACHABLE)
    house.clock.forward(days=31)
    async with house.engine.database.writing() as c:
        await house.engine.notices.tell(c, circle.members["Sol"].id, "Be well.", house.clock.now())
    await circle.day("2027-01-11T14:00")
    assert await circle.state() is GroupState.CLOSED
    house.sms.answer = lambda _: Sent()
    await circle.day("2027-01-11T16:00")
    await circle.day("2027-01-11T17:00")
    assert await circle.state() is None


async def test_a_wrong_clock_ends_nothing_for_good(circle: Circle) -> None:
    """Wrong at the start, or after a leap, for an hour or five: no group is closed or destroyed.

    Nor is who has left forgotten. What is due is done once the clock has gone on for six hours.
    """
    house, ticks = circle.house, 0.0
    friday = await house.group("Friday", keep_roster="30")
    await house.member(friday, "Sol", SOL)
    gone = await house.member(friday, "Ivy", IVY)
    await house.say(gone, IVY, "LEAVE")
    await circle.days.round(sure=True)
    closed = await house.group("Monday", keep_roster="30")
    await house.engine.registrar.set_group_state("Monday", GroupState.CLOSED)
    house.clock.forward(days=366)
    sweeper = Sweeper(house.engine, lambda: None, stopwatch=lambda: ticks)
    for leap in (0, 366):
        house.clock.forward(days=leap)
        for _ in range(6):
            await sweeper.sweep()
            groups = await house.engine.registrar.groups()
            assert [(group.name.reveal(), group.state) for group in groups] == [
                ("Friday", GroupState.OPEN),
                ("Monday", GroupState.CLOSED),
                ("Tuesday", GroupState.OPEN),
            ]
            assert house.engine.vault.is_alive(gone.id)
            house.clock.forward(hours=1)
            ticks += 3600
    for _ in range(3):
        await sweeper.sweep()
        await house.deliver()
        house.clock.forward(hours=1)
        ticks += 3600
    groups = await house.engine.registrar.groups()
    assert [group.state for group in groups] == [GroupState.OPEN, GroupState.CLOSED]
    assert not house.engine.vault.is_alive(closed.id)
    assert not house.engine.vault.is_alive(gone.id)


async def test_a_group_in_trouble_does_not_stand_in_the_way(
    circle: Circle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where another process was quicker, or a row is damaged, the other groups go on."""
    house = circle.house
    first = await house.group("Aaa", ends="2026-12-10")
    find = house.engine.roster.find_group

    async def found(c: AsyncConnection, key: str, *, lock: bool = False) -> Group:
        if key == show_id(first.id):
            raise RefusalError("There is no such group.")
        return await find(c, key, lock=lock)

    monkeypatch.setattr(house.engine.roster, "find_group", found)
    await circle.day("2026-12-10T12:00")
    await circle.day("2026-12-11T12:00")
    groups = {group.name.reveal(): group.state for group in await house.engine.registrar.groups()}
    assert groups == {"Aaa": GroupState.OPEN, "Tuesday": GroupState.CLOSED}


async def test_who_is_only_invited_hears_of_no_group(circle: Circle) -> None:
    """She has agreed to nothing: neither that it ends is told to her, nor that it has ended."""
    house = circle.house
    await house.member(circle.group, "Lou", "+12025550104", agreed=False)
    await house.deliver()
    invitation = house.sms.texts_to("+12025550104")
    for day in ("2026-12-09T12:00", "2026-12-11T12:00"):
        assert await circle.day(day)
    assert house.sms.texts_to("+12025550104") == invitation


async def test_an_end_is_moved(circle: Circle) -> None:
    """A later day counts from then on, and is announced anew; an earlier or past one is refused."""
    registrar = circle.house.engine.registrar
    assert len(await circle.day("2026-12-09T12:00")) == 4
    for wrong in ("2026-12-10", "2026-11-01", "soon", ""):
        with pytest.raises(RefusalError):
            await registrar.extend("Tuesday", wrong)
    with pytest.raises(RefusalError):
        await registrar.change_group("Tuesday", {"ends": "2026-12-08"})
    with pytest.raises(RefusalError):
        await registrar.create_group("Friday", {"ends": "2026-12-08"})
    await registrar.extend("Tuesday", "2027-01-10")
    assert await circle.day("2026-12-11T12:00") == []
    assert len(await circle.day("2026-12-27T12:00")) == 4
    await registrar.change_group("Tuesday", {"ends": ""})
    assert await circle.day("2027-01-12T12:00") == []
    assert await circle.state() is GroupState.OPEN
    with pytest.raises(RefusalError):
        await registrar.extend("Tuesday", "2027-05-01")


async def test_who_was_told_of_an_end_hears_that_it_is_moved(circle: Circle) -> None:
    """Whoever moves it; who has not been told of one hears nothing, nor does who is answered."""
    house, registrar = circle.house, circle.house.engine.registrar
    await registrar.extend("Tuesday", "2026-12-11")
    assert await circle.day("2026-11-18T13:00") == []
    assert len(await circle.day("2026-12-09T12:00")) == 4
    await registrar.change_group("Tuesday", {"jitter": "1"})
    assert await circle.day("2026-12-09T12:01") == []
    moved = wording.EXTENDED.format(day="2027-01-12")
    await house.say(circle.members["Ana"], ANA, "EXTEND 2027-01-12")
    assert await circle.day("2026-12-09T12:02") == sorted((who, moved) for who in (ANA, SOL, IVY))
    assert await circle.day("2026-12-09T12:03") == []
    await registrar.change_group("Tuesday", {"ends": "2026-12-11"})
    assert len(await circle.day("2026-12-09T12:04")) == 4  # announced, and nothing else said of it
    await registrar.change_group("Tuesday", {"ends": ""})
    on = sorted((who, wording.GOES_ON) for who in (ANA, SOL, IVY))
    assert await circle.day("2026-12-09T12:05") == on
    await registrar.change_group("Tuesday", {"ends": ""})
    assert await circle.day("2026-12-09T12:06") == []


async def test_an_end_is_tomorrow_at_the_earliest(circle: Circle) -> None:
    """Set for today, late at night, nobody could hear of it before it is over."""
    registrar = circle.house.engine.registrar
    circle.house.clock.forward(hours=11, minutes=30)
    with pytest.raises(RefusalError):
        await registrar.change_group("Tuesday", {"ends": "2026-11-18"})
    with pytest.raises(RefusalError):
        await registrar.create_group("Friday", {"ends": "2026-11-18"})
    await registrar.change_group("Tuesday", {"ends": "2026-11-19"})
    assert len(await circle.day("2026-11-19T10:00")) == 4


async def test_a_group_closed_by_hand_hears_it(circle: Circle) -> None:
    """Who is in it and nobody else; not at all where the operator does not want that."""
    house = circle.house
    await house.engine.registrar.close("Tuesday")
    ended = wording.ENDED.format(count=30)
    assert await circle.day("2026-11-18T12:01") == sorted((who, ended) for who in (ANA, SOL, IVY))
    friday = await house.group("Friday")
    await house.member(friday, "Wren", SOL)
    await house.engine.registrar.close("Friday", tell=False)
    assert await circle.day("2026-11-18T12:02") == []
    with pytest.raises(RefusalError):
        await house.engine.registrar.close("Friday")


async def test_an_end_is_moved_by_a_word(circle: Circle) -> None:
    """EXTEND and a day, of who runs the group; she is answered, and nothing goes to the group."""
    house, ana = circle.house, circle.members["Ana"]
    for said, answer in (
        ("EXTEND 2026-12-01", wording.LATER.format(day="2026-12-10")),
        ("Extend 2027-02-30", wording.LATER.format(day="2026-12-10")),
        ("verlängern 2027-01-10", wording.EXTENDED.format(day="2027-01-10")),
        ("prolonger: ２０２７-０１-３１.", wording.EXTENDED.format(day="2027-01-31")),
    ):
        await house.say(ana, ANA, said)
        await house.deliver()
        assert house.sms.texts_to(ANA)[-1] == answer
    group, _ = await house.engine.registrar.group("Tuesday")
    assert group.settings.ends == "2027-01-31"
    assert {out.to.reveal() for out in [*house.sms.sent, *house.email.sent]} == {ANA}
    await house.engine.registrar.change_group("Tuesday", {"ends": ""})
    await house.say(ana, ANA, "EXTEND 2028-01-01")
    await house.deliver()
    assert house.sms.texts_to(ANA)[-1] == wording.NO_END


async def test_a_group_closed_without_a_day_is_kept_from_now_on(circle: Circle) -> None:
    """What an older version closed is not destroyed as if it had been closed long ago."""
    engine = circle.house.engine
    closed = await engine.registrar.set_group_state("Tuesday", GroupState.CLOSED)
    async with engine.database.writing() as c:
        await engine.roster.save_group(
            c, replace(closed, settings=replace(closed.settings, ended=""))
        )
    await circle.day("2028-01-01T12:00")
    group, _ = await engine.registrar.group("Tuesday")
    assert group.settings.ended == "2028-01-01"
    await circle.day("2028-01-31T12:00")
    assert await circle.state() is GroupState.CLOSED
    await circle.day("2028-02-01T12:00")
    assert await circle.state() is None


async def test_who_has_left_is_forgotten_in_time(circle: Circle) -> None:
    """Names and agreements of who has gone stay as long as after an end; who comes back stays."""
    house, sol, ivy = circle.house, circle.members["Sol"], circle.members["Ivy"]
    await house.say(sol, SOL, "LEAVE")
    await house.say(ivy, IVY, "LEAVE")
    await circle.day("2026-11-18T13:00")
    await house.engine.registrar.change_member(show_id(ivy.id), {"state": "active"})
    await circle.day("2026-11-20T12:00")
    await circle.day("2026-12-09T12:00")
    assert await names(house) == {"Ana", "Ivy", "Sol"}
    await house.engine.registrar.change_group("Tuesday", {"ends": "2027-06-01"})
    await circle.day("2026-12-18T12:00")
    assert await names(house) == {"Ana", "Ivy", "Sol"}
    await circle.day("2026-12-19T12:00")
    assert await names(house) == {"Ana", "Ivy"}
    assert not house.engine.vault.is_alive(sol.id)


async def names(house: House) -> set[str]:
    """Who is known in the group."""
    _, members = await house.engine.registrar.group("Tuesday")
    return {member.name.reveal() for member in members}


async def test_only_a_closed_group_is_destroyed(circle: Circle) -> None:
    """An open one is refused, and all of it is still there."""
    destruction = circle.house.engine.destruction
    plan = await destruction.plan("Tuesday")
    with pytest.raises(RefusalError):
        await destruction.destroy("Tuesday")
    assert await destruction.plan("Tuesday") == plan
    assert (plan["rows"]["member"], plan["rows"]["route"], plan["state"]) == (3, 6, "open")


async def test_destroyed_for_real(circle: Circle, database_url: str) -> None:
    """No row of any table, no key, and no octet in the file is left of a group; others stay.

    The certificate counts it before and after, and names nobody.
    """
    house, engine = circle.house, circle.house.engine
    other = await house.group("Friday")
    stays = await house.member(other, "Sol", SOL)
    await house.say(circle.members["Ivy"], IVY, "Held, since Sol is asleep.", subject="Night")
    await engine.registrar.set_group_state("Tuesday", GroupState.CLOSED)
    owners = [circle.group.id, *(member.id for member in circle.members.values())]
    marks = await fill(engine, owners)
    assert await found(engine, {*owners, *marks})
    certificate = await engine.destruction.destroy("Tuesday")
    assert certificate.is_clean
    assert all(certificate.before[name] for name in METADATA.tables.keys() - HOUSE)
    assert certificate.keys_destroyed == sorted(map(show_id, owners))
    said = certificate.text() + json.dumps(asdict(certificate))
    assert not any(word in said for word in ("Ana", "Sol", "Ivy", "Tuesday", ANA, SOL, IVY))
    kept = house.engine.settings.data_dir / "certificates" / f"{certificate.group}.json"
    assert json.loads(kept.read_text()) == asdict(certificate)
    assert kept.stat().st_mode & 0o777 == 0o600
    assert await found(engine, {*owners, *marks}) == []
    assert not any(engine.vault.is_alive(owner) for owner in owners)
    assert [group.id for group in await engine.registrar.groups()] == [other.id]
    assert engine.vault.is_alive(stays.id)
    async with engine.database.reading() as c:
        resting = sa.select(sa.func.count()).select_from(ROUTE).where(ROUTE.c.member_id.is_(None))
        assert (await c.execute(resting)).scalar_one() == certificate.before["route"]
    await engine.database.close()
    if database_url.startswith("sqlite"):
        octets = file_of(database_url)
        assert [mark for mark in marks if mark in octets] == []
        assert not any(owner.to_bytes(8, "big") in octets for owner in owners)
        assert stays.id.to_bytes(8, "big") in octets


async def test_whom_she_must_not_meet_holds_in_her_other_groups(circle: Circle) -> None:
    """What a member named in a group that is destroyed goes on to keep somebody out of the others.

    Whoever it is hears no more than anybody else.
    """
    house = circle.house
    friday = await house.group("Friday")
    await house.member(friday, "Wren", SOL)
    await house.say(circle.members["Sol"], SOL, "NEVER WITH +1 202 555 0104")
    await house.engine.registrar.set_group_state("Tuesday", GroupState.CLOSED)
    assert (await house.engine.destruction.destroy("Tuesday")).is_clean
    with pytest.raises(RefusalError, match="cannot be added"):
        await house.member(friday, "Lou", "+12025550104")


async def test_two_who_destroy_it_at_once(circle: Circle) -> None:
    """One certificate and one refusal, whoever writes meanwhile, and nothing is left."""
    house, ivy = circle.house, circle.members["Ivy"]
    await house.engine.registrar.close("Tuesday")
    destroy = house.engine.destruction.destroy
    writing = (house.say(ivy, IVY, f"hello {n}") for n in range(3))
    await house.say(ivy, IVY, "hello")
    ended = await asyncio.gather(
        destroy("Tuesday"), *writing, destroy("Tuesday"), return_exceptions=True
    )
    certificates = [one for one in ended if isinstance(one, Certificate)]
    assert [one.is_clean for one in certificates] == [True]
    assert len([one for one in ended if isinstance(one, RefusalError)]) == 1
    assert await found(house.engine, {circle.group.id, ivy.id}) == []


async def test_killed_before_the_keys_are_gone(
    circle: Circle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows are gone by then; the sweeper destroys the keys of nobody within the hour."""
    house, vault = circle.house, circle.house.engine.vault
    await house.say(circle.members["Ivy"], IVY, "hello")
    await house.engine.registrar.close("Tuesday")
    house.clock.forward(hours=2)

    def dies(_: object) -> int:
        raise PowerCutError

    with monkeypatch.context() as m:
        m.setattr(vault, "forget", dies)
        with pytest.raises(PowerCutError):
            await house.engine.destruction.destroy("Tuesday")
    assert vault.is_alive(circle.group.id)
    await house.sweeper.sweep()
    assert not any(vault.is_alive(one.id) for one in [circle.group, *circle.members.values()])
    assert vault.body_keys() == set()


async def test_a_certificate_counts_keys_that_others_need(circle: Circle) -> None:
    """Messages of one hour share a key: until those of other groups have come, it is left."""
    house = circle.house
    friday = await house.group("Friday")
    wren = await house.member(friday, "Wren", SOL)
    await house.member(friday, "Heron", ANA)
    await house.say(circle.members["Ivy"], IVY, "hello")
    await house.say(wren, SOL, "hello")
    for name, left in (("Tuesday", 1), ("Friday", 0)):
        await house.engine.registrar.close(name)
        certificate = await house.engine.destruction.destroy(name)
        assert (certificate.body_keys_left, certificate.is_clean) == (left, not left)
        assert f"have come: {left}." in certificate.text()
    assert house.engine.vault.body_keys() == set()


async def test_a_copy_under_way_does_not_stand_in_others_way(circle: Circle) -> None:
    """Its group is destroyed before its answer comes: that is written down as any other."""
    house, courier = circle.house, circle.house.courier(circle.house.sms)
    friday = await house.group("Friday")
    await house.member(friday, "Wren", SOL)
    await house.say(circle.members["Ivy"], IVY, "hello")
    (parcel, *_) = await courier._fill()
    await house.engine.registrar.set_group_state("Tuesday", GroupState.CLOSED)
    certificate = await house.engine.destruction.destroy("Tuesday")
    courier._results.put_nowait(parcel.ended(Never(why=Trouble.WOULD_LEAK)))
    assert await courier._settled([courier._results.get_nowait()])
    assert certificate.is_clean
    owners = [circle.group.id, *(member.id for member in circle.members.values())]
    assert await found(house.engine, set(owners)) == []


def file_of(database_url: str) -> bytes:
    """The database of SQLite as a thief sees it."""
    return Path(database_url.removeprefix("sqlite:///")).read_bytes()


async def fill(engine: Engine, owners: list[int]) -> list[bytes]:
    """Put a row of this group into each table that has none. All octets that stand in its rows."""
    values = {"group_id": owners[0], "member_id": owners[1]}
    async with engine.database.writing() as c:
        for table in METADATA.sorted_tables:
            theirs = {name: value for name, value in values.items() if name in table.c}
            if theirs and not await with_any(c, table, set(owners)):
                row = {column.name: invented(column) for column in table.c}
                await c.execute(sa.insert(table), row | theirs)
        await engine.spending.add(c, {owners[0]: 3, owners[1]: 2}, engine.clock.now())
    rows = await found(engine, set(owners))
    return [v for row in rows for v in row if isinstance(v, bytes) and len(v) >= 16]


def invented(column: sa.Column[Any]) -> Any:
    """Something that fits into a column."""
    if column.nullable:
        return None
    if isinstance(column.type, sa.LargeBinary):
        return secrets.token_bytes(16)
    return 1 if isinstance(column.type, sa.Integer | sa.Boolean) else "x"


async def with_any(
    c: AsyncConnection, table: sa.Table, marks: Set[int | bytes]
) -> list[tuple[Any, ...]]:
    """The rows of a table in which one of these stands."""
    return [tuple(row) for row in await c.execute(table.select()) if marks & set(row)]


async def found(engine: Engine, marks: Set[int | bytes]) -> list[tuple[Any, ...]]:
    """The same of all tables; but a route that rests keeps its keyed index."""
    async with engine.database.reading() as c:
        return [
            row
            for table in METADATA.sorted_tables
            if table is not ROUTE
            for row in await with_any(c, table, marks)
        ]
