"""What somebody tries at the door who means harm: another's phone, a name, a number."""

from __future__ import annotations

import asyncio

import pytest
import sqlalchemy as sa

from channels.contract import News, Report
from policies.facts import GroupState, MemberState
from relay import wording
from relay.clock import day
from relay.errors import RefusalError
from relay.feedback import Feedback
from relay.model import show_id
from relay.naming import SUGGESTIONS
from relay.store.tables import MEMBER
from relay.vault.vault import DAY_SHIFT, Use
from relay.wording import guiding
from relay.wording import joining as said
from relay.wording.members import NO_YES
from tests.engine.test_joining import ANA, LOU, ROBIN, SOL, Door, door

__all__ = ["door"]


async def test_a_phone_that_may_be_somebody_else_s_opens_nothing(door: Door) -> None:
    """Silent for long, it vouches for nobody, takes no name, learns nothing, and stays silent."""
    await door.set(vetting="vouch1", agreement="We meet on Tuesdays.")
    lou = await door.invited()
    await door.joins(lou, LOU)
    async with door.house.engine.database.writing() as c:
        await door.house.engine.roster.set_state(c, [door.sol.id], MemberState.SILENT)
    for text in ("RENAME Ana", "RENAME Wren", "AGREEMENT", f"NEVER WITH {ROBIN}", "VOUCH Lou"):
        await door.says(door.sol, SOL, text)
    assert door.got(SOL) == [wording.STILL_YOU] * 5
    assert (await door.now(lou)).state is MemberState.INVITED
    sol = await door.now(door.sol)
    assert (sol.name.reveal(), sol.state) == ("Sol", MemberState.SILENT)


async def test_who_vouches_says_her_code_word_first(door: Door) -> None:
    """Who has her phone in his hands cannot let himself in with it."""
    await door.set(vetting="vouch1")
    key = show_id(door.sol.id)
    await door.house.engine.registrar.change_member(key, {"code_word": "marmalade"})
    lou = await door.invited()
    await door.joins(lou, LOU)
    await door.says(door.sol, SOL, "VOUCH Lou")
    assert (door.got(SOL), (await door.now(lou)).state) == (
        [wording.CODE_FIRST], MemberState.INVITED,
    )  # fmt: skip
    await door.says(door.sol, SOL, "marmalade")
    assert (await door.now(lou)).state is MemberState.ACTIVE


async def test_a_stop_is_not_undone_by_a_name(door: Door) -> None:
    """A member taken as she was before a stop of another process is renamed as she is now."""
    engine = door.house.engine
    async with engine.database.writing() as c:
        await engine.roster.stop(c, [door.sol.id])
        await engine.naming.rename(c, door.group, door.sol, "Wren", door.house.clock.now())
    hers = await door.now(door.sol)
    assert (hers.name.reveal(), hers.state) == ("Wren", MemberState.STOPPED)


async def test_no_name_tells_who_is_here(door: Door) -> None:
    """Somebody's real name is refused as a taken one is, and offered to nobody."""
    change = door.house.engine.registrar.change_member
    real = ", ".join(SUGGESTIONS[:-3])
    await change(show_id(door.ana.id), {"real_names": real})
    await door.says(door.sol, SOL, f"RENAME {SUGGESTIONS[0]}")
    free = door.got(SOL)[-1].removeprefix("This name is taken, or too close to one. Free are: ")
    assert set(free.split(", ")) == set(SUGGESTIONS[-3:])
    await change(show_id(door.sol.id), {"real_names": "Mara Hale"})
    await door.says(door.sol, SOL, "RENAME Hale")
    assert door.got(SOL)[-1].startswith("This name could tell")


async def test_a_name_is_no_way_around_a_mute(door: Door) -> None:
    """Where everybody is told of a new name, who may not write gets none."""
    await door.says(door.ana, ANA, "MUTE Sol 2h")
    await door.says(door.sol, SOL, "RENAME Wren")
    assert (await door.now(door.sol)).name.reveal() == "Wren"
    await door.set(tell_renamed="true")
    before = len(door.got(ANA))
    await door.says(door.sol, SOL, "RENAME Hear me now")
    assert (await door.now(door.sol)).name.reveal() == "Wren"
    assert door.got(SOL)[-1].startswith(guiding.MUTED.format(until="14:00")[:20])
    assert door.got(ANA)[before:] == []


async def test_names_are_changed_three_times_a_day(door: Door) -> None:
    """More would wear out the others, and the names."""
    for name in ("Wren", "Heron", "Fern", "Moss"):
        await door.says(door.sol, SOL, f"RENAME {name}")
    assert door.got(SOL)[-1] == said.NAMES_ENOUGH
    assert (await door.now(door.sol)).name.reveal() == "Fern"
    door.house.clock.forward(days=1)
    await door.says(door.sol, SOL, "RENAME Moss")
    assert (await door.now(door.sol)).name.reveal() == "Moss"


async def test_agree_to_a_friend_is_no_answer_to_us(door: Door) -> None:
    """For three days after a question reached her it is one, or once she can only read."""
    await door.set(reaffirm="4", quiet="11:00-20:00", timezone="UTC")
    door.house.clock.forward(days=29)
    await door.house.sweeper.sweep()
    door.house.clock.forward(hours=8, days=3)
    await door.house.deliver()
    assert (door.got(SOL), (await door.now(door.sol)).settings.asked_on) != ([], "")
    await door.says(door.sol, SOL, "Agree!")
    assert door.got(ANA)[-1] == "Agree!"
    await door.says(door.sol, SOL, "AGREEMENT")
    await door.says(door.sol, SOL, "Agree!")
    assert door.got(SOL)[-1] == said.AFFIRMED.format(version=1)
    door.house.clock.forward(days=29)
    await door.house.sweeper.sweep()
    door.house.clock.forward(days=14)
    await door.says(door.sol, SOL, "agree")
    assert (await door.now(door.sol)).settings.asked_on == ""


async def test_nobody_hears_that_she_agreed_to_what_is_new(door: Door) -> None:
    """Who reads it before she was asked can agree to it at once."""
    await door.set(agreement="Be kind.")
    await door.says(door.sol, SOL, "AGREEMENT")
    assert door.got(SOL)[-1].endswith(said.SAY_AGREE.format(version=2))
    await door.says(door.sol, SOL, "AGREE")
    assert door.got(SOL)[-1] == said.AFFIRMED.format(version=2)
    await door.says(door.sol, SOL, "AGREEMENT")
    assert door.got(SOL)[-1].endswith(said.AGREED_TO.format(version=2))


@pytest.mark.parametrize(("word", "may"), [("STOP", False), ("LEAVE", False), ("hello", True)])
async def test_a_stop_holds_in_a_group_she_never_saw(door: Door, word: str, *, may: bool) -> None:
    """Who ended it wherever she was gets no invitation to another group."""
    await door.says(door.sol, SOL, word)
    friday = await door.house.group("Friday")
    before = len(door.got(SOL))
    try:
        await door.house.member(friday, "Wren", SOL, agreed=False)
    except RefusalError:
        assert not may
    await door.house.deliver()
    assert len(door.got(SOL)) - before == may


async def test_a_mailbox_that_is_not_there_ends_an_invitation(door: Door) -> None:
    """The mail host says so later; who runs the group hears of it."""
    ivy = await door.invited("Ivy", "ivy@willow.example")
    today = day(door.house.clock.now())
    token = door.house.engine.vault.mint(Use.BOUNCE, ivy.id, today << DAY_SHIFT)
    await Feedback(door.house.engine, wake=lambda: None).hear(Report(token=token, news=News.DEAD))
    await door.house.deliver()
    assert door.got(ANA) == [wording.UNREACHABLE.format(name="Ivy")]
    assert (await door.now(ivy)).state is MemberState.UNREACHABLE


async def test_nobody_is_let_into_a_group_that_has_ended(door: Door) -> None:
    """She would be told that she is in."""
    await door.set(vetting="approve")
    lou = await door.invited()
    await door.joins(lou, LOU)
    await door.house.engine.registrar.set_group_state("Tuesday", GroupState.CLOSED)
    with pytest.raises(RefusalError, match="closed"):
        await door.house.engine.doorkeeping.let_in(show_id(lou.id))


async def test_who_is_named_while_she_is_let_in_is_not_missed(door: Door) -> None:
    """Of two transactions at once the later one sees the earlier: that the two share a group."""
    await door.set(vetting="approve")
    lou, engine = await door.invited(), door.house.engine
    await door.joins(lou, LOU)
    avoid = engine.doorkeeping.avoid(show_id(door.sol.id), sms=LOU, email=None, undo=False)
    async with engine.database.writing() as c:
        assert await engine.joining.let_in(c, door.group, lou, door.house.clock.now())
        naming = asyncio.create_task(avoid)
        while c.dialect.name == "postgresql" and not naming.done():
            waits = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            if (await c.execute(sa.text(waits))).first() is not None:
                break
    await naming
    await door.house.deliver()
    assert door.got(ANA)[-1] == said.APART


async def test_what_waits_for_her_yes_shows_nothing_of_her_once_she_is_gone(door: Door) -> None:
    """Its author hears what she would have anyway, when she would have."""
    await door.set(private="true")
    ivy = await door.house.member(door.group, "Ivy", "ivy@willow.example")
    await door.says(ivy, "ivy@willow.example", "to you alone", to=door.sol.mask)
    await door.says(door.sol, SOL, "FORGET ME")
    await door.says(door.sol, SOL, "FORGET ME YES")
    held = await door.house.engine.doorkeeping.held_of(show_id(door.sol.id))
    assert (held["held"], held["rows"]["pending"]) == (False, 0)
    before = len(door.got("ivy@willow.example"))
    door.house.clock.forward(days=8)
    await door.house.sweeper.sweep()
    await door.house.deliver()
    assert door.got("ivy@willow.example")[before:] == [NO_YES]


async def test_one_damaged_row_keeps_no_invitation_alive(door: Door) -> None:
    """Those of others end, and who runs the group hears of them."""
    lou = await door.invited()
    await door.invited("Robin", ROBIN)
    async with door.house.engine.database.writing() as c:
        await c.execute(sa.update(MEMBER).where(MEMBER.c.id == lou.id).values(card=b"x"))
    door.house.clock.forward(hours=25)
    async with door.house.engine.database.writing() as c:
        await door.house.engine.joining.not_taken_up(c, door.house.clock.now())
    await door.house.deliver()
    assert door.got(ANA) == [said.NOT_TAKEN_UP.format(name="Robin")]
