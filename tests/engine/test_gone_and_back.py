"""What outlives the row of somebody who is gone: her stop, a ban, what she wanted of one member."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from channels.contract import Never, News, Proof, Receipt, Report, Sent, Trouble
from policies.facts import GroupState, MemberState
from relay.errors import RefusalError
from relay.feedback import Feedback
from relay.model import show_id
from relay.store.tables import BLOCK, OPTED_OUT
from relay.vault.vault import Purpose, Use
from relay.wording import members
from tests.engine.test_joining import ANA, IVY, ROBIN, SOL, Door, door, kept

__all__ = ["door"]


async def gone(door: Door, way: str = "remove") -> None:
    """Sol's row goes: she is removed, or her group is destroyed."""
    if way == "remove":
        await door.house.engine.registrar.remove_member(show_id(door.sol.id))
        return
    await door.house.engine.registrar.set_group_state("Tuesday", GroupState.CLOSED)
    await door.house.engine.destruction.destroy("Tuesday")


@pytest.fixture
async def wide(door: Door) -> Door:
    """The same with numbers enough for who comes back while her old pair rests."""
    numbers = [f"+1202555018{n}" for n in range(3, 7)]
    await door.house.engine.registrar.add_numbers(numbers)
    await door.house.group("Friday")
    return door


async def adds(door: Door, contact: str = SOL, *, agreed: bool = False) -> MemberState:
    """Somebody of this contact is invited to the other group, or comes in having agreed."""
    group, _ = await door.house.engine.registrar.group("Friday")
    return (await door.house.member(group, "Heron", contact, agreed=agreed)).state


@pytest.mark.parametrize("way", ["remove", "destroy"])
async def test_a_stop_outlives_her_row(wide: Door, way: str) -> None:
    """Nobody invites her again, to any group; with her agreement she comes in, and it is over."""
    await wide.says(wide.sol, SOL, "STOP")
    await gone(wide, way)
    heard = list(wide.got(SOL))
    for _ in range(2):
        with pytest.raises(RefusalError, match=r"^She said stop\."):
            await adds(wide)
    assert wide.got(SOL) == heard
    assert await adds(wide, agreed=True) is MemberState.ACTIVE
    _, (heron,) = await wide.house.engine.registrar.group("Friday")
    await wide.house.engine.registrar.remove_member(show_id(heron.id))
    with pytest.raises(RefusalError, match="rests"):  # only her name does
        await adds(wide, ROBIN)
    await wide.house.group("Sunday")
    sunday, _ = await wide.house.engine.registrar.group("Sunday")
    assert (await wide.house.member(sunday, "Sol", SOL, agreed=False)).state is MemberState.INVITED


async def test_who_only_left_may_be_invited(wide: Door) -> None:
    """LEAVE is about one group, and so is the click in a mail of its."""
    await wide.says(wide.sol, SOL, "LEAVE")
    await gone(wide)
    assert await adds(wide) is MemberState.INVITED


@pytest.mark.parametrize("news", [News.UNSUBSCRIBE, News.COMPLAINT])
async def test_a_complaint_about_mail_is_a_stop(wide: Door, news: News) -> None:
    """Whatever is mailed to her now would be the next one; the click is not."""
    ivy = await wide.house.member(wide.group, "Ivy", IVY)
    token = wide.house.engine.vault.mint(Use.UNSUBSCRIBE, ivy.id, wide.group.id)
    await Feedback(wide.house.engine, wake=lambda: None).hear(Report(token=token, news=news))
    await wide.house.engine.registrar.remove_member(show_id(ivy.id))
    if news is News.COMPLAINT:
        with pytest.raises(RefusalError, match="She said stop"):
            await adds(wide, IVY)
    else:
        assert await adds(wide, IVY) is MemberState.INVITED


async def test_a_carriers_stop_outlives_her_row(wide: Door) -> None:
    """She told her carrier, who tells us when we next write."""
    dead = Never(why=Trouble.OPTED_OUT)
    wide.house.sms.answer = lambda out: dead if out.to.reveal() == SOL else Sent()
    await wide.says(wide.ana, ANA, "hello")
    assert (await wide.now(wide.sol)).state is MemberState.STOPPED
    await gone(wide)
    with pytest.raises(RefusalError, match="She said stop"):
        await adds(wide)


@pytest.mark.parametrize("when", ["before", "after"])
async def test_her_own_start_lifts_it(wide: Door, when: str) -> None:
    """Whether her row is there still or not; a stranger who says it hears nothing."""
    await wide.says(wide.sol, SOL, "STOP")
    if when == "before":
        await wide.says(wide.sol, SOL, "START")
    await gone(wide)
    heard = list(wide.got(SOL))
    if when == "after":
        for text, proof in (("start now", Proof.PROVEN), ("START", Proof.WEAK)):
            receipt = await wide.says(wide.sol, SOL, text, proof=proof)
            assert receipt is Receipt.REFUSED
        with pytest.raises(RefusalError, match="She said stop"):
            await adds(wide)
        assert await wide.says(wide.sol, SOL, "Start.") is Receipt.REFUSED
        assert wide.got(SOL) == heard
    assert await adds(wide) is MemberState.INVITED


async def test_what_nothing_proves_to_be_hers_stops_her_here_alone(wide: Door) -> None:
    """Else a forger could keep her out of every group."""
    ivy = await wide.house.member(wide.group, "Ivy", IVY)
    await wide.says(ivy, IVY, "STOP", proof=Proof.WEAK)
    assert (await wide.now(ivy)).state is MemberState.STOPPED
    await wide.house.engine.registrar.remove_member(show_id(ivy.id))
    assert await adds(wide, IVY) is MemberState.INVITED


async def test_who_is_gone_can_be_banned(wide: Door) -> None:
    """By her contact: who asked to be forgotten before anybody could remove her stays out too."""
    keeping = wide.house.engine.doorkeeping
    with pytest.raises(RefusalError, match="remove ID --ban"):
        await keeping.ban("Tuesday", sms=SOL, email=None)
    for text in ("FORGET ME", "FORGET ME YES"):
        await wide.says(wide.sol, SOL, text)
    for _ in range(2):
        await keeping.ban("Tuesday", sms=SOL, email=None)
    with pytest.raises(RefusalError, match=r"^This contact cannot be added to this group\.$"):
        await wide.house.member(wide.group, "Wren", SOL)
    assert await adds(wide) is MemberState.INVITED
    await keeping.unban("Tuesday", sms=SOL, email=None)
    await wide.house.member(wide.group, "Wren", SOL)
    await keeping.ban("Tuesday", sms=None, email=IVY.upper())
    with pytest.raises(RefusalError, match="cannot be added"):
        await wide.house.member(wide.group, "Ivy", IVY, agreed=False)
    with pytest.raises(RefusalError, match="either a number"):
        await keeping.ban("Tuesday", sms=SOL, email=IVY)


@pytest.mark.parametrize("goes", ["asker", "asked"])
async def test_a_block_outlives_both(wide: Door, goes: str) -> None:
    """Who leaves and is invited anew cannot ask again; nor can she ask who left and is back."""
    house, registrar = wide.house, wide.house.engine.registrar
    await wide.set(private="on")
    ivy = await house.member(wide.group, "Ivy", IVY)
    await wide.says(ivy, IVY, "ASK Sol")
    await wide.says(wide.sol, SOL, "DENY Ivy")
    if goes == "asker":
        await registrar.remove_member(show_id(ivy.id))
        ivy = await house.member(wide.group, "Oak", IVY)
    else:
        await registrar.remove_member(show_id(wide.sol.id))
        wide.sol = await house.member(wide.group, "Wren", SOL)
    sol, name = wide.sol.name.reveal(), ivy.name.reveal()
    await wide.says(ivy, IVY, f"ASK {sol}")
    assert wide.got(SOL).count(members.WANTS.format(name=name)) == (goes == "asked")
    await wide.says(wide.sol, SOL, f"ASK {name}")
    assert wide.got(IVY)[-1] == members.WANTS.format(name=sol)


async def test_a_block_of_before_holds(wide: Door) -> None:
    """It was kept by the numbers of the two rows; her own wish takes it back as well."""
    engine, blocks = wide.house.engine, wide.house.engine.roster.blocks
    blind = engine.vault.index(Purpose.BLOCK, wide.sol.id, wide.ana.id)
    async with engine.database.writing() as c:
        await c.execute(sa.insert(BLOCK), {"blind": blind, "group_id": wide.group.id})
        assert await blocks.holds(c, wide.sol, wide.ana)
        assert not await blocks.holds(c, wide.ana, wide.sol)
        await blocks.lift(c, wide.sol, wide.ana)
        assert not await blocks.holds(c, wide.sol, wide.ana)


async def test_who_stopped_before_it_was_kept_is_known(wide: Door) -> None:
    """With the new schema comes what the older rows say; no contact can be read in it."""
    engine = wide.house.engine
    await wide.says(wide.sol, SOL, "STOP")
    async with engine.database.writing() as c:
        await c.execute(sa.delete(OPTED_OUT))
        await engine.roster.complete(c)
    assert SOL.encode() not in b"".join(await kept(wide.house))
    await gone(wide)
    with pytest.raises(RefusalError, match="She said stop"):
        await adds(wide)
