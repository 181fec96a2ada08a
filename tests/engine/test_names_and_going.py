"""Names that rest, people who must not meet, and going for good."""

from __future__ import annotations

from datetime import timedelta

import pytest

from channels.contract import News, Receipt, Report
from policies.facts import MemberState
from policies.pseudonym import problem, skeleton
from relay import wording
from relay.errors import RefusalError
from relay.feedback import Feedback
from relay.model import show_id
from relay.naming import SUGGESTIONS
from relay.vault.vault import UnsealError, Use
from relay.wording import joining as said
from tests.engine.test_joining import ANA, IVY, LOU, ROBIN, SOL, Door, door, kept

__all__ = ["door"]


# Names -----------------------------------------------------------------------------------------


def test_suggested_names_are_fit_and_unlike() -> None:
    """Each may be a pseudonym, and no two could be mixed up."""
    assert len(SUGGESTIONS) > 60
    assert [name for name in SUGGESTIONS if problem(name)] == []
    assert len({skeleton(name) for name in SUGGESTIONS}) == len(SUGGESTIONS)


async def test_who_has_no_name_gets_one(door: Door) -> None:
    """Left out, a name is chosen that is free and tells nothing."""
    registrar = door.house.engine.registrar
    names = set()
    for number in range(3):
        member = await registrar.add_member(
            "Tuesday", name=None, sms=f"+1202555014{number}", email=None, agreed="2026-11-01",
            facilitator=False, wishes={},
        )  # fmt: skip
        names.add(member.name.reveal())
    assert len(names) == 3
    assert names <= set(SUGGESTIONS)


async def test_a_member_takes_another_name(door: Door) -> None:
    """The old one rests for others, not for her; the group hears of it only if it wants to."""
    await door.says(door.sol, SOL, "RENAME Wren")
    assert (await door.now(door.sol)).name.reveal() == "Wren"
    assert door.got(SOL) == [said.RENAMED.format(name="Wren")]
    assert door.got(ANA) == []
    with pytest.raises(RefusalError, match="rests"):
        await door.house.member(door.group, "Sol", ROBIN)
    with pytest.raises(RefusalError, match="rests"):
        await door.house.member(door.group, "S0l", ROBIN)
    await door.says(door.ana, ANA, "rename sol")
    assert door.got(ANA)[0].startswith("This name is taken")
    await door.says(door.sol, SOL, "Rename Sol")
    assert (await door.now(door.sol)).name.reveal() == "Sol"
    await door.set(tell_renamed="true")
    await door.says(door.sol, SOL, "RENAME: Heron")
    assert door.got(ANA)[-1] == said.NOW_CALLED.format(old="Sol", name="Heron")
    door.house.clock.forward(days=91)
    await door.house.sweeper.sweep()
    await door.house.member(door.group, "Wren", ROBIN)


@pytest.mark.parametrize("name", ["Ana", "Aña", "moderator", "stop", "Hale", "M. Hale"])
async def test_a_name_that_misleads_is_not_given(door: Door, name: str) -> None:
    """Taken, reserved, or somebody's real one: she hears why, and which ones are free."""
    registrar = door.house.engine.registrar
    await registrar.change_member(show_id(door.ana.id), {"real_names": "Mara Hale, M. Hale"})
    await door.says(door.sol, SOL, f"RENAME {name}")
    (told,) = door.got(SOL)
    assert "ree" in told.rsplit(":", maxsplit=1)[0]
    assert len(told.split(":")[-1].split(",")) == 3
    assert (await door.now(door.sol)).name.reveal() == "Sol"


async def test_the_same_name_may_be_had_in_two_groups(door: Door) -> None:
    """Names, and their rest, are of one group each."""
    await door.house.group("Friday")
    other = await door.house.engine.registrar.group("Friday")
    await door.house.member(other[0], "Sol", ROBIN)
    await door.says(door.sol, SOL, "RENAME Wren")
    await door.house.member(other[0], "Wren", LOU)


# Who must not meet -------------------------------------------------------------------------------


async def test_somebody_named_cannot_be_added(door: Door) -> None:
    """By word, in any group she is in; the refusal says nothing, and nobody is told."""
    await door.says(door.sol, SOL, "never with +1 (202) 555-0104")
    assert door.got(SOL) == [said.AVOIDED]
    assert door.got(ANA) == []
    with pytest.raises(RefusalError, match=r"^This contact cannot be added to this group\.$"):
        await door.house.member(door.group, "Lou", LOU)
    friday = await door.house.group("Friday")
    lou = await door.house.member(friday, "Lou", LOU)
    with pytest.raises(RefusalError, match="cannot be added"):
        await door.house.member(friday, "Wren", SOL)  # the other way round
    await door.house.engine.registrar.remove_member(show_id(lou.id))
    await door.house.member(friday, "Wren", SOL)
    with pytest.raises(RefusalError, match="cannot be added"):
        await door.house.member(friday, "Lou", LOU)
    await door.house.engine.registrar.remove_member(show_id(door.sol.id))
    with pytest.raises(RefusalError, match="cannot be added"):  # her wish went with her
        await door.house.member(friday, "Lou", LOU)


async def test_an_address_is_named_as_well(door: Door) -> None:
    """However it is spelled; taken back by the operator it counts no more."""
    await door.says(door.sol, SOL, "NEVER WITH Ivy@Willow.example")
    with pytest.raises(RefusalError, match="cannot be added"):
        await door.house.member(door.group, "Ivy", IVY)
    keeping = door.house.engine.doorkeeping
    await keeping.avoid(show_id(door.sol.id), sms=None, email=IVY, undo=True)
    await door.house.member(door.group, "Ivy", IVY)


async def test_what_is_no_whole_contact_is_not_passed_on(door: Door) -> None:
    """It is answered or asked about; talk of never is talk."""
    for text in ("never with 555", "never with him again, his number is +1 202 555 0104"):
        await door.says(door.sol, SOL, text)
    assert [text for text in door.got(ANA) if "0104" in text] == []
    await door.says(door.sol, SOL, "never with him again")
    assert door.got(ANA)[-1] == "never with him again"


async def test_who_was_named_after_an_invitation_has_a_number_that_is_too_old(door: Door) -> None:
    """What others hear whose number is no longer good; facilitators hear that, and not why."""
    lou, code = await door.invited(), door.code()
    await door.says(door.sol, SOL, f"NEVER WITH {LOU}")
    for _ in range(2):
        await door.says(lou, LOU, f"JOIN {code}")
    assert door.got(LOU)[1:] == [said.WRONG_CODE] * 2
    assert door.got(ANA) == [said.CANNOT.format(name="Lou")]


async def test_who_was_named_before_she_agreed_hears_as_if_invited_anew(door: Door) -> None:
    """The same two answers, in the same order, as of who got another invitation meanwhile."""
    heard = {}
    for name, contact in (("Lou", LOU), ("Robin", ROBIN)):
        member = await door.invited(name, contact)
        code = door.code(contact)
        await door.says(member, contact, f"JOIN {code}")
        before = len(door.got(contact))
        if name == "Lou":
            await door.says(door.sol, SOL, f"NEVER WITH {LOU}")
        else:
            await door.house.engine.doorkeeping.invite(show_id(member.id))
        await door.says(member, contact, "AGREE")
        await door.says(member, contact, f"JOIN {code}")
        await door.says(member, contact, "hello?")
        heard[name] = [t for t in door.got(contact)[before:] if "you are invited" not in t]
    assert heard["Lou"] == heard["Robin"]
    assert heard["Lou"] == [wording.NOT_YET, said.WRONG_CODE, wording.NOT_YET]
    assert door.got(ANA) == [said.CANNOT.format(name="Lou")]


async def test_who_was_named_while_she_waits_waits_for_ever(door: Door) -> None:
    """She hears what anybody hears who waits; facilitators hear that, and not why."""
    await door.set(vetting="approve")
    lou = await door.invited()
    await door.joins(lou, LOU)
    await door.says(door.sol, SOL, f"NEVER WITH {LOU}")
    assert door.got(LOU)[-1] == said.WAIT
    assert (await door.now(lou)).state is MemberState.INVITED
    await door.says(door.ana, ANA, "APPROVE Lou")
    assert door.got(ANA)[-1] == said.CANNOT.format(name="Lou")
    with pytest.raises(RefusalError, match="cannot be added"):
        await door.house.engine.doorkeeping.let_in(show_id(lou.id))


async def test_two_who_share_a_group_already(door: Door) -> None:
    """She hears the same as ever; others who run it learn that it is so, not of whom."""
    lou = await door.house.member(door.group, "Lou", LOU, facilitator="yes")
    await door.says(door.sol, SOL, f"NEVER WITH {LOU}")
    await door.says(door.sol, SOL, f"NEVER WITH {ROBIN}")
    assert door.got(SOL) == [said.AVOIDED] * 2
    assert (door.got(LOU), door.got(ANA)) == ([], [said.APART])
    pairs = await door.house.engine.doorkeeping.conflicts("Tuesday")
    assert [{one.id, other.id} for one, other in pairs] == [{door.sol.id, lou.id}]


async def test_a_banned_contact_stays_out(door: Door) -> None:
    """Of this group, until an operator lifts it; the sentence is that of any other reason."""
    await door.house.engine.registrar.add_numbers(["+12025550183", "+12025550184"])
    registrar, keeping = door.house.engine.registrar, door.house.engine.doorkeeping
    await registrar.remove_member(show_id(door.sol.id), ban=True)
    with pytest.raises(RefusalError, match=r"^This contact cannot be added to this group\.$"):
        await door.house.member(door.group, "Heron", SOL)
    await door.house.member(await door.house.group("Friday"), "Heron", SOL)
    await keeping.unban("Tuesday", sms=SOL, email=None)
    await door.house.member(door.group, "Heron", SOL)
    with pytest.raises(RefusalError, match="not banned"):
        await keeping.unban("Tuesday", sms=SOL, email=None)


async def test_no_contact_that_was_named_is_readable(door: Door) -> None:
    """Neither a number nor an address stands anywhere in the database."""
    await door.says(door.sol, SOL, f"NEVER WITH {LOU}")
    await door.says(door.sol, SOL, f"NEVER WITH {IVY}")
    rows = b"".join(await kept(door.house))
    assert LOU.encode() not in rows
    assert IVY.encode() not in rows


# Going -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["leave", "remove", "forget", "stop"])
async def test_the_group_cannot_tell_why_somebody_went(door: Door, way: str) -> None:
    """By whichever way, the same sentence; and by default none."""
    await door.set(tell_left="true")
    if way == "leave":
        await door.says(door.sol, SOL, "LEAVE")
        assert door.got(SOL) == [said.GONE]
    elif way == "stop":
        await door.says(door.sol, SOL, "STOP")
        await door.says(door.sol, SOL, "STOP")
        assert door.got(SOL) == [said.STOPPED_TOLD]
    elif way == "remove":
        await door.house.engine.registrar.remove_member(show_id(door.sol.id))
    else:
        await door.says(door.sol, SOL, "FORGET ME")
        await door.says(door.sol, SOL, "FORGET ME YES")
    await door.house.deliver()
    assert door.got(ANA) == [said.LEFT.format(name="Sol")]


async def test_forget_me_is_said_twice(door: Door) -> None:
    """The second word alone, or too late, does nothing; both together leave nothing of her."""
    house = door.house
    await door.says(door.sol, SOL, "forget me yes")
    await door.says(door.sol, SOL, "forget me")
    assert door.got(SOL) == [said.FORGET_LATE, said.FORGET_ASKED]
    house.clock.forward(minutes=16)
    await door.says(door.sol, SOL, "forget me yes")
    assert door.got(SOL)[-1] == said.FORGET_LATE
    assert (await door.now(door.sol)).state is MemberState.ACTIVE


async def test_forget_me_leaves_nothing(door: Door) -> None:
    """Rows, keys, what waits for her and what of hers waits for others: shown by the inventory."""
    house, keeping = door.house, door.house.engine.doorkeeping
    robin = await house.member(door.group, "Robin", ROBIN, quiet="11:00-20:00", timezone="UTC")
    await house.say(door.ana, ANA, "for her")
    await house.say(door.sol, SOL, "of hers")
    await house.say(door.sol, SOL, f"NEVER WITH {LOU}")
    key = show_id(door.sol.id)
    before = await keeping.held_of(key)
    assert (before["held"], before["key"], before["member"]) == (True, True, key)
    assert before["rows"]["post"] > 0
    assert before["rows"]["delivery"] > 0
    sealed = house.engine.vault.seal(door.sol.id, "contact", SOL)
    await house.say(door.sol, SOL, "Forget me.")
    assert await house.say(door.sol, SOL, "Forget me: yes") is Receipt.TAKEN
    after = await keeping.held_of(key)
    assert (after["held"], after["key"], sum(after["rows"].values())) == (False, False, 0)
    assert after["rows"].keys() == before["rows"].keys()
    with pytest.raises(UnsealError):
        house.engine.vault.open(door.sol.id, "contact", sealed)
    house.clock.forward(hours=9)
    await house.deliver()
    assert [text for text in door.got(ROBIN) if text in {"of hers", "for her"}] == ["for her"]
    assert await house.say(door.sol, SOL, "hello?") is Receipt.REFUSED
    assert robin.name.reveal() == "Robin"


async def test_forget_me_waits_for_a_code_word(door: Door) -> None:
    """Who has one says it first: her phone may be in other hands."""
    registrar, key = door.house.engine.registrar, show_id(door.sol.id)
    await registrar.change_member(key, {"code_word": "marmalade"})
    await door.says(door.sol, SOL, "FORGET ME")
    assert door.got(SOL) == [wording.CODE_FIRST]
    await door.says(door.sol, SOL, "FORGET ME YES")
    assert (await door.now(door.sol)).state is MemberState.ACTIVE
    await door.says(door.sol, SOL, "marmalade")
    assert door.got(SOL)[-1] == said.FORGET_ASKED
    await door.says(door.sol, SOL, "FORGET ME YES")
    with pytest.raises(RefusalError, match="no such member"):
        await registrar.member(key)


async def test_who_is_gone_has_a_name_that_rests(door: Door) -> None:
    """Removed, she may have it back; forgotten, nobody knows that it was hers."""
    await door.house.engine.registrar.add_numbers(["+12025550183", "+12025550184"])
    registrar = door.house.engine.registrar
    await registrar.remove_member(show_id(door.sol.id))
    with pytest.raises(RefusalError, match="rests"):
        await door.house.member(door.group, "Sol", ROBIN)
    sol = await door.house.member(door.group, "Sol", SOL)
    await registrar.remove_member(show_id(sol.id), forget=True)
    with pytest.raises(RefusalError, match="rests"):
        await door.house.member(door.group, "Sol", SOL)
    door.house.clock.forward(days=91)
    await door.house.member(door.group, "Sol", SOL)


async def test_a_facilitator_lets_in_by_name(door: Door) -> None:
    """`APPROVE Lou`, said by who runs the group; a name nobody waits under does nothing."""
    await door.set(vetting="approve")
    lou = await door.invited()
    await door.joins(lou, LOU)
    await door.says(door.ana, ANA, "approve lou")
    assert door.got(ANA)[-1] == said.LET_IN.format(name="Lou")
    assert (await door.now(lou)).state is MemberState.ACTIVE
    await door.says(door.ana, ANA, "APPROVE Nobody")
    assert door.got(SOL) == []


def test_a_day_is_how_long_an_invitation_lasts() -> None:
    """The life of an invitation, and of the second word, as the pages say."""
    from relay.joining import CODE_LIFE
    from relay.leaving import SURE_WITHIN

    assert (timedelta(hours=24), timedelta(minutes=15)) == (CODE_LIFE, SURE_WITHIN)


@pytest.mark.parametrize("news", [News.UNSUBSCRIBE, News.COMPLAINT])
async def test_a_click_that_ends_it_is_told_as_well(door: Door, news: News) -> None:
    """What the mail host passes on of her wish is a way to go as any other."""
    await door.set(tell_left="true")
    ivy = await door.house.member(door.group, "Ivy", IVY)
    token = door.house.engine.vault.mint(Use.UNSUBSCRIBE, ivy.id, door.group.id)
    await Feedback(door.house.engine, wake=lambda: None).hear(Report(token=token, news=news))
    await door.house.deliver()
    assert door.got(SOL) == [said.LEFT.format(name="Ivy")]
    assert door.got(IVY) == ([said.GONE] if news is News.UNSUBSCRIBE else [])


@pytest.mark.parametrize("word", ["LEAVE", "STOP"])
async def test_nobody_is_told_of_who_never_came(door: Door, word: str) -> None:
    """And she is not told that the group was."""
    await door.set(tell_left="true")
    lou = await door.invited()
    await door.says(lou, LOU, word)
    assert door.got(LOU)[-1] == (wording.UNSUBSCRIBED if word == "LEAVE" else wording.STOPPED)
    assert door.got(SOL) == door.got(ANA) == []
