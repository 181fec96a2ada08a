"""From an invitation to being a member: nobody reads a word before, and nobody outside learns."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
import sqlalchemy as sa

from channels.contract import Proof, Receipt
from channels.gsm import segments
from policies.facts import MemberState
from relay import wording
from relay.errors import RefusalError
from relay.model import Group, Member, show_id
from relay.store.tables import INVITE, METADATA, VOUCHER
from relay.wording import joining as said
from tests.engine.conftest import House

ROBIN, ANA, SOL, LOU = (f"+1202555010{n}" for n in range(1, 5))
IVY, OAK = "ivy@willow.example", "oak@willow.example"


@dataclass
class Door:
    """A group of Sol, who texts, and Ana, who facilitates; others come to it."""

    house: House
    group: Group
    sol: Member
    ana: Member

    async def invited(self, name: str = "Lou", contact: str = LOU) -> Member:
        """Somebody is invited, and what can leave has left."""
        member = await self.house.member(self.group, name, contact, agreed=False)
        await self.house.deliver()
        return member

    async def says(self, member: Member, contact: str, text: str, **more: object) -> Receipt:
        """Somebody writes, and what can leave leaves."""
        receipt = await self.house.say(member, contact, text, **more)  # type: ignore[arg-type]
        await self.house.deliver()
        return receipt

    def got(self, contact: str) -> list[str]:
        """All that reached somebody."""
        return (self.house.email if "@" in contact else self.house.sms).texts_to(contact)

    def code(self, contact: str = LOU) -> str:
        """The number in her newest invitation."""
        return re.findall(r"JOIN (\d{6})", "\n".join(self.got(contact)))[-1]

    async def now(self, member: Member) -> Member:
        """The member as she is now."""
        return await self.house.engine.registrar.member(show_id(member.id))

    async def set(self, **wishes: str) -> None:
        """Change the group."""
        await self.house.engine.registrar.change_group("Tuesday", wishes)

    async def joins(self, member: Member, contact: str) -> None:
        """She takes up the invitation and agrees."""
        await self.says(member, contact, f"JOIN {self.code(contact)}")
        await self.says(member, contact, "AGREE")


@pytest.fixture
async def door(house: House) -> Door:
    """The group, by the default settings."""
    group = await house.group()
    sol = await house.member(group, "Sol", SOL)
    ana = await house.member(group, "Ana", ANA, facilitator="yes")
    return Door(house, group, sol, ana)


async def test_from_invitation_to_first_post(door: Door) -> None:
    """Invitation, JOIN, the whole agreement, AGREE; then she writes and reads, not before."""
    lou = await door.invited()
    (invitation,) = door.got(LOU)
    assert invitation == said.INVITED.format(programme="Group relay", code=door.code())
    assert "Tuesday" not in invitation
    await door.says(door.sol, SOL, "before")
    await door.says(lou, LOU, f"Join {door.code()[:3]} {door.code()[3:]}.")
    shown = door.got(LOU)[1:]
    count = len(shown)
    assert [text.split(" ")[0] for text in shown] == [f"{n}/{count}" for n in range(1, count + 1)]
    assert shown[-1].endswith(said.SAY_AGREE.format(version=1))
    assert [text for text in shown if segments(text) > 1] == []
    assert (await door.now(lou)).state is MemberState.INVITED
    await door.says(lou, LOU, "agree")
    assert door.got(LOU)[-1] == said.WELCOME.format(name="Lou")
    hers = await door.now(lou)
    assert (hers.state, hers.settings.agreed_version, hers.settings.agreed_by) == (
        MemberState.ACTIVE, 1, "sms",
    )  # fmt: skip
    assert hers.agreed_on == door.house.clock.now().date()
    await door.says(lou, LOU, "hello")
    await door.says(door.sol, SOL, "after")
    assert door.got(SOL)[-1] == "hello"
    assert (door.got(LOU)[-1], "before" in door.got(LOU)) == ("after", False)
    assert door.got(SOL) == ["hello"]  # nobody was told that she came


async def test_by_mail_the_agreement_is_one_mail(door: Door) -> None:
    """A mail that nothing proves counts where it answers what only her mailbox has seen."""
    ivy = await door.invited("Ivy", IVY)
    await door.says(ivy, IVY, f"JOIN {door.code(IVY)}", proof=Proof.WEAK)
    assert len(door.got(IVY)) == 2
    for part in (said.PRIVATE, said.REPORTERS, said.SAY_AGREE.format(version=1)):
        assert part in door.got(IVY)[1]
    await door.says(ivy, IVY, "AGREE", proof=Proof.WEAK)
    assert door.got(IVY)[-1] == said.ANSWER_THE_MAIL
    assert (await door.now(ivy)).state is MemberState.INVITED
    await door.says(ivy, IVY, "AGREE", proof=Proof.FORGED)
    assert (await door.now(ivy)).state is MemberState.INVITED
    from relay.vault.vault import Use

    token = door.house.engine.vault.mint(Use.CONFIRM, 0, ivy.id).reveal()
    from channels.secret import Secret

    to = Secret(f"confirm+{token}@relay.example")
    await door.says(ivy, IVY, "AGREE", proof=Proof.WEAK, to=to)
    assert (await door.now(ivy)).settings.agreed_by == "email"


async def test_a_number_works_once_for_a_day_and_for_her_alone(door: Door) -> None:
    """Wrong, used, another's and old numbers get the same answer; a new one replaces the old."""
    lou, robin = await door.invited(), await door.invited("Robin", ROBIN)
    first = door.code()
    for number in (door.code(ROBIN), "000000" if first != "000000" else "111111"):
        await door.says(lou, LOU, f"JOIN {number}")
    await door.house.engine.doorkeeping.invite(show_id(lou.id))
    await door.house.deliver()
    await door.says(lou, LOU, f"JOIN {first}")
    assert door.got(LOU)[1:].count(said.WRONG_CODE) == 3
    await door.says(lou, LOU, f"JOIN {door.code()}")
    await door.says(lou, LOU, f"JOIN {door.code()}")
    assert door.got(LOU)[-1] == said.WRONG_CODE
    door.house.clock.forward(hours=25)
    await door.says(robin, ROBIN, f"JOIN {door.code(ROBIN)}")
    assert door.got(ROBIN)[-1] == said.WRONG_CODE


async def test_too_many_wrong_numbers_end_an_invitation(door: Door) -> None:
    """After five even the right one is wrong, and who runs the group hears that nobody came."""
    lou = await door.invited()
    right = door.code()
    wrong = [f"{(int(right) + n) % 10**6:06}" for n in range(1, 6)]
    for number in (*wrong, right):
        await door.says(lou, LOU, f"JOIN {number}")
    assert (await door.now(lou)).settings.shown_version == 0
    assert door.got(LOU)[1:] == [said.WRONG_CODE] * 5  # the sixth answer is one too many
    await door.house.sweeper.sweep()
    await door.house.deliver()
    assert door.got(ANA) == [said.NOT_TAKEN_UP.format(name="Lou")]


async def test_agree_counts_only_after_join(door: Door) -> None:
    """Before, she hears what to do; from a member it is talk."""
    lou = await door.invited()
    await door.says(lou, LOU, "AGREE")
    assert door.got(LOU)[-1] == wording.NOT_YET
    await door.says(lou, LOU, "hello?")
    assert door.got(LOU)[-1] == wording.NOT_YET
    await door.says(lou, LOU, f"JOIN {door.code()}")
    await door.says(lou, LOU, "hello?")
    assert door.got(LOU)[-1] == said.NOT_AGREED
    await door.says(door.ana, ANA, "Agree!")
    assert door.got(SOL) == ["Agree!"]
    assert (await door.now(lou)).state is MemberState.INVITED


async def test_who_says_stop_is_not_invited_again(door: Door) -> None:
    """A stop holds: no number works any more, and no further invitation leaves."""
    lou = await door.invited()
    await door.says(lou, LOU, "STOP")
    await door.says(lou, LOU, f"JOIN {door.code()}")
    with pytest.raises(RefusalError, match="said stop"):
        await door.house.engine.doorkeeping.invite(show_id(lou.id))
    assert door.got(LOU)[1:] == [wording.STOPPED]


async def test_nobody_is_pestered_with_invitations(door: Door) -> None:
    """Three a month to one person at the most; and none to who is in."""
    lou, doorkeeping = await door.invited(), door.house.engine.doorkeeping
    for _ in range(2):
        await doorkeeping.invite(show_id(lou.id))
    with pytest.raises(RefusalError, match="three times"):
        await doorkeeping.invite(show_id(lou.id))
    with pytest.raises(RefusalError, match="already"):
        await doorkeeping.invite(show_id(door.sol.id))


async def test_an_invitation_waits_for_the_morning(door: Door) -> None:
    """It lights up no phone at night, and its day begins when it arrives."""
    await door.set(quiet="11:00-20:00", timezone="UTC")
    lou = await door.invited()
    assert door.got(LOU) == []
    door.house.clock.forward(hours=8)
    await door.house.deliver()
    door.house.clock.forward(hours=23)
    await door.says(lou, LOU, f"JOIN {door.code()}")
    assert len(door.got(LOU)) > 2


async def test_a_facilitator_lets_in(door: Door) -> None:
    """With vetting she waits, hears so, and gets nothing; who runs the group is told."""
    await door.set(vetting="approve")
    lou = await door.invited()
    await door.joins(lou, LOU)
    assert door.got(LOU)[-1] == said.WAIT
    await door.says(lou, LOU, "hello?")
    assert door.got(LOU)[-1] == said.NOT_LET_IN
    assert door.got(ANA) == [said.WANTS_IN.format(name="Lou")]
    await door.house.engine.doorkeeping.let_in(show_id(lou.id))
    await door.house.deliver()
    assert door.got(LOU)[-1] == said.WELCOME.format(name="Lou")
    assert (await door.now(lou)).state is MemberState.ACTIVE


async def test_members_vouch(door: Door) -> None:
    """Two of them, each counted once; nobody can tell from the answer who waits, or whether."""
    await door.set(vetting="vouch2")
    lou = await door.invited()
    robin = await door.house.member(door.group, "Robin", ROBIN)
    await door.joins(lou, LOU)
    for name in ("Lou", "lou", "Sol", "Nobody"):
        await door.says(door.sol, SOL, f"VOUCH {name}")
    assert (await door.now(lou)).state is MemberState.INVITED
    assert door.got(SOL) == [said.VOUCHED] * 4
    await door.says(robin, ROBIN, "vouch lou")
    assert (await door.now(lou)).state is MemberState.ACTIVE
    async with door.house.engine.database.reading() as c:
        assert (await c.execute(sa.select(VOUCHER))).first() is None
        assert (await c.execute(sa.select(INVITE))).first() is None


async def test_without_vetting_to_vouch_is_talk(door: Door) -> None:
    """A word that means nothing in a group is not taken from its members."""
    await door.says(door.ana, ANA, "vouch Lou")
    assert door.got(SOL) == ["vouch Lou"]


async def test_the_group_may_be_told_who_came(door: Door) -> None:
    """By setting, in one sentence; she herself is only welcomed."""
    await door.set(tell_joined="true")
    lou = await door.invited()
    await door.joins(lou, LOU)
    assert door.got(SOL) == [said.JOINED.format(name="Lou")]
    assert said.JOINED.format(name="Lou") not in door.got(LOU)


async def test_other_words_are_asked_about(door: Door) -> None:
    """All are asked, after their night; reminded once; then they read and no longer write."""
    await door.set(agreement="We do not speak of money.", quiet="13:00-15:00", timezone="UTC")
    group = (await door.house.engine.registrar.groups())[0]
    assert group.settings.agreement_version == 2
    door.house.clock.forward(hours=2)
    await door.house.sweeper.sweep()
    await door.house.deliver()
    assert door.got(SOL) == []
    door.house.clock.forward(hours=2)
    await door.house.deliver()
    assert door.got(SOL) == [said.CHANGED]
    for _ in range(9):
        door.house.clock.forward(days=1)
        await door.house.sweeper.sweep()
        await door.house.deliver()
    assert door.got(SOL) == [said.CHANGED, said.REMINDER]
    await door.says(door.sol, SOL, "still here")
    assert "still here" in door.got(ANA)
    door.house.clock.forward(days=6)
    await door.says(door.sol, SOL, "and now?")
    assert "and now?" not in door.got(ANA)
    assert door.got(SOL)[-1] == said.MUST_AGREE
    await door.says(door.sol, SOL, "AGREE")  # to words she has not read
    assert any("We do not speak of money." in text for text in door.got(SOL))
    await door.says(door.sol, SOL, "AGREE")
    assert door.got(SOL)[-1] == said.AFFIRMED.format(version=2)
    await door.says(door.sol, SOL, "thank you")
    assert door.got(ANA)[-1] == "thank you"
    assert (await door.now(door.sol)).settings.agreed_version == 2


async def test_the_same_words_are_affirmed_with_one_word(door: Door) -> None:
    """Every so many weeks; who answers keeps the day of her agreement."""
    agreed_on = (await door.now(door.sol)).agreed_on
    await door.set(reaffirm="4")
    door.house.clock.forward(days=29)
    await door.house.sweeper.sweep()
    await door.house.deliver()
    assert door.got(SOL) == [said.STILL_AGREE]
    await door.says(door.sol, SOL, "AGREE")
    hers = await door.now(door.sol)
    assert (hers.agreed_on, hers.settings.affirmed_on) == (
        agreed_on, door.house.clock.now().date().isoformat(),
    )  # fmt: skip
    door.house.clock.forward(hours=2)
    await door.house.sweeper.sweep()
    await door.house.deliver()
    assert door.got(SOL) == [said.STILL_AGREE, said.AFFIRMED.format(version=1)]


async def test_the_agreement_shows_nobody_s_contact(door: Door) -> None:
    """Everybody reads it, so it would not go out with a member's own number in it."""
    with pytest.raises(RefusalError, match="agreement"):
        await door.set(agreement=f"Call Ana: {ANA}")


async def test_who_only_reads_may_still_go(door: Door) -> None:
    """What is no writing to the group is heard: to read on, to leave, to ask for help."""
    await door.set(agreement="Be kind.")
    for days in (1, 15):
        door.house.clock.forward(days=days)
        await door.house.sweeper.sweep()
    await door.says(door.sol, SOL, "MORE")
    assert door.got(SOL)[-1] == wording.NO_MORE
    await door.says(door.sol, SOL, "SEND AS IS")  # that would be writing
    assert door.got(SOL)[-1] == said.MUST_AGREE
    await door.says(door.sol, SOL, "RENAME Wren")
    assert (await door.now(door.sol)).name.reveal() == "Wren"
    await door.says(door.sol, SOL, "LEAVE")
    assert (await door.now(door.sol)).state is MemberState.STOPPED


async def test_a_stranger_who_says_join_is_a_stranger(door: Door) -> None:
    """From an unknown phone it is refused as anything is, and nothing is kept."""
    lou = await door.invited()
    before = await kept(door.house)
    assert await door.says(lou, OAK.replace(OAK, ROBIN), f"JOIN {door.code()}") is Receipt.REFUSED
    assert await door.says(door.sol, ROBIN, "JOIN 123456") is Receipt.REFUSED
    assert await kept(door.house) == before


async def test_an_invitation_that_cannot_arrive_is_told(door: Door) -> None:
    """A dead number is told to who runs the group; with another try she is invited again."""
    from channels.contract import Never, Outgoing, Sent, Trouble

    def answer(out: Outgoing) -> Never | Sent:
        return Never(why=Trouble.BAD_CONTACT) if out.to.reveal() == LOU else Sent()

    door.house.sms.answer = answer
    lou = await door.invited()
    await door.house.deliver()
    assert door.got(ANA) == [wording.UNREACHABLE.format(name="Lou")]
    door.house.sms.answer = lambda out: Sent()
    again = await door.house.engine.doorkeeping.invite(show_id(lou.id))
    assert again.state is MemberState.INVITED


async def test_nothing_of_an_invitation_is_readable(door: Door) -> None:
    """No number stands in the database, nor in anything that is shown."""
    lou = await door.invited()
    code = door.code()
    assert not [row for row in await kept(door.house) if code.encode() in row]
    from relay.registrar import show_member

    assert code not in str(show_member(await door.now(lou)))


async def kept(house: House) -> list[bytes]:
    """All rows of all tables, as octets."""
    found = []
    async with house.engine.database.reading() as c:
        for table in METADATA.sorted_tables:
            for row in await c.execute(sa.select(table)):
                cells = [cell if isinstance(cell, bytes) else str(cell).encode() for cell in row]
                found.append(table.name.encode() + b"|" + b"|".join(cells))
    return sorted(found)
