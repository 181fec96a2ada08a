"""What somebody tries at the door who means harm: another's phone, a name, a number."""

from __future__ import annotations

from policies.facts import MemberState
from relay import wording
from relay.model import show_id
from relay.naming import SUGGESTIONS
from relay.wording import guiding
from relay.wording import joining as said
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
