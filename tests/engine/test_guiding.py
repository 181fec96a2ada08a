"""Running a group by words: posts that are looked at first, muting, freezing."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from channels.contract import Proof, Receipt
from channels.secret import Secret
from policies.facts import GroupState, MemberState
from relay import wording
from relay.model import Group, Member, show_id
from relay.wording import guiding
from tests.engine.conftest import House
from tests.engine.test_handout import drawn

ROBIN, ANA, SOL, LOU = "+12025550101", "+12025550102", "+12025550103", "+12025550104"
IVY = "ivy@willow.example"


@dataclass
class Room:
    """Sol texts, Ivy reads and writes by mail, Ana runs the group and Lou helps, by text."""

    house: House
    group: Group
    sol: Member
    ivy: Member
    ana: Member
    lou: Member

    async def says(self, who: str, text: str, **more: object) -> Receipt:
        """Somebody writes, and all that can leave leaves."""
        contact = {"sol": SOL, "ivy": IVY, "ana": ANA, "lou": LOU}[who]
        receipt = await self.house.say(getattr(self, who), contact, text, **more)  # type: ignore[arg-type]
        await self.house.deliver()
        return receipt

    def told(self, contact: str) -> list[str]:
        """What the relay itself said to somebody."""
        sent = [*self.house.sms.sent, *self.house.email.sent]
        return [o.text.reveal() for o in sent if o.to.reveal() == contact and not o.author]

    def read(self, contact: str = IVY) -> list[str]:
        """What members said to somebody."""
        sent = [*self.house.sms.sent, *self.house.email.sent]
        return [o.text.reveal() for o in sent if o.to.reveal() == contact and o.author]

    def number(self, contact: str = ANA) -> int:
        """Under which number the last post waits for a facilitator."""
        asked = [t for t in self.told(contact) if t.startswith("APPROVE ")]
        return int(re.findall(r"\d+", asked[-1])[0])

    async def set(self, **wishes: str) -> None:
        """Set something for the group."""
        self.group = await self.house.engine.registrar.change_group("Tuesday", wishes)

    async def set_for(self, member: Member, **wishes: str) -> None:
        """Set something for a member."""
        await self.house.engine.registrar.change_member(show_id(member.id), wishes)

    async def waiting(self) -> int:
        """How many messages wait for somebody's word."""
        async with self.house.engine.database.reading() as c:
            return await self.house.engine.pending.count(c)


@pytest.fixture
async def room(house: House) -> Room:
    """A group of four."""
    group = await house.group()
    sol = await house.member(group, "Sol", SOL)
    ivy = await house.member(group, "Ivy", IVY)
    ana = await house.member(group, "Ana", ANA, facilitator="yes")
    lou = await house.member(group, "Lou", LOU)
    room = Room(house, group, sol, ivy, ana, lou)
    await room.set_for(lou, role="co_facilitator")
    return room


async def test_in_a_moderated_group_a_facilitator_reads_first(room: Room) -> None:
    """Both who run it get the words with a number; one answer lets the group read them, once."""
    await room.set(posting="moderated")
    await room.says("sol", "hello all")
    number = room.number()
    asked = guiding.TO_LOOK_AT.format(number=number, name="Sol", words="hello all")
    assert (room.told(ANA), room.told(LOU)) == ([asked], [asked])
    assert (room.read(), room.told(SOL)) == ([], [guiding.LOOKED_AT_FIRST])
    await room.says("ana", f"Approve {number}")
    assert (room.read(), room.read(LOU), room.read(SOL)) == (["hello all"], ["hello all"], [])
    assert room.told(ANA)[-1] == guiding.APPROVED.format(number=number)
    await room.says("lou", f"APPROVE {number}")
    assert room.told(LOU)[-1] == guiding.NO_SUCH_NUMBER.format(number=number)
    assert room.read() == ["hello all"]
    await room.says("ana", "good morning")
    assert room.read()[-1] == "good morning"
    assert await room.waiting() == 0


@pytest.mark.parametrize("state", list(MemberState))
async def test_what_she_wrote_before_her_phone_fell_silent_is_read(
    room: Room, state: MemberState
) -> None:
    """It was hers when she wrote it; of who has gone, or is not let in again yet, nothing comes."""
    await room.set(posting="moderated")
    await room.says("sol", "hello all")
    async with room.house.engine.database.writing() as c:
        await room.house.engine.roster.set_state(c, [room.sol.id], state)
    number = room.number()
    await room.says("ana", f"APPROVE {number}")
    is_in = state in {MemberState.ACTIVE, MemberState.SILENT, MemberState.UNREACHABLE}
    assert room.read() == (["hello all"] if is_in else [])
    text = guiding.APPROVED if is_in else guiding.WRITER_GONE
    assert room.told(ANA)[-1] == text.format(number=number)


async def test_what_is_declined_is_known_to_its_writer_alone(room: Room) -> None:
    """She hears the reason, without a contact that stands in it; the others hear nothing."""
    await room.set(posting="moderated")
    await room.says("sol", "hello all")
    number = room.number()
    await room.says("ana", f"DECLINE {number}: too long, ask {ANA}")
    assert room.told(SOL)[-1].startswith("A facilitator did not pass your message on: too long")
    assert ANA not in room.told(SOL)[-1]
    assert (room.read(), room.told(IVY)) == ([], [])
    await room.says("sol", "hello again")
    await room.says("lou", f"decline {room.number()}")
    assert room.told(SOL)[-1] == guiding.DECLINED
    assert room.read() == []


async def test_the_first_posts_of_a_new_member_are_looked_at(room: Room) -> None:
    """As many as the group wants are approved; the next goes to everybody at once."""
    await room.set(moderated_first="2")
    robin = await room.house.member(room.group, "Robin", ROBIN)
    for text in ("one", "two"):
        await room.house.say(robin, ROBIN, text)
        await room.house.deliver()
        assert room.read() == (["one"] if text == "two" else [])
        await room.says("ana", f"APPROVE {room.number()}")
    await room.house.say(robin, ROBIN, "three")
    await room.house.deliver()
    assert room.read() == ["one", "two", "three"]
    await room.says("sol", "an old member")
    assert room.read()[-1] == "an old member"
    assert room.told(ROBIN) == [guiding.LOOKED_AT_FIRST]


async def test_cries_stops_and_orders_are_not_looked_at(room: Room) -> None:
    """They act at once in a moderated group, and no words of theirs wait."""
    await room.set(posting="moderated")
    await room.says("sol", "HELP")
    assert [t for t in room.told(ANA) if "Sol" in t] != []
    await room.says("sol", "MORE")
    assert room.told(SOL)[-1] == wording.NO_MORE
    await room.says("sol", "STOP")
    assert (room.told(SOL)[-1], await room.waiting()) == (wording.STOPPED, 0)


async def test_proof_and_meaning_come_before_the_look(room: Room) -> None:
    """Nobody looks at what nothing proves, or what may be a slip, before its author has spoken."""
    await room.set(posting="moderated")
    await room.says("ivy", "from me", proof=Proof.WEAK)
    await room.says("sol", "STPO")
    assert (room.told(ANA), await room.waiting()) == ([], 2)
    question = room.house.email.sent[-1]
    to = Secret(f"confirm+{question.confirm.reveal()}@relay.example")
    await room.says("ivy", "yes", proof=Proof.WEAK, to=to)
    await room.says("sol", "SEND AS IS")
    asked = [t.partition("? ")[2] for t in room.told(ANA)]
    assert (asked, room.read(SOL)) == (["Ivy: from me", "Sol: STPO"], [])


async def test_what_nobody_looked_at_is_told(room: Room) -> None:
    """Its writer and who runs the group hear of it, and nothing of it is kept."""
    await room.set(posting="moderated")
    await room.says("sol", "hello")
    room.house.clock.forward(days=2)
    for _ in range(2):
        await room.house.sweeper.sweep()
        await room.house.deliver()
    assert room.told(SOL)[-1] == guiding.NOT_LOOKED_AT
    assert room.told(ANA)[1] == guiding.NOT_LOOKED_AT_BY_YOU.format(count=1)
    await room.house.sweeper.sweep()
    assert (await room.house.stored(), room.house.engine.vault.body_keys()) == ((0, 0), set())


async def test_where_nobody_can_look_nothing_is_kept(room: Room) -> None:
    """Without anybody who runs the group, the writer hears it at once."""
    await room.set(posting="moderated")
    for who in ("ana", "lou"):
        await room.says(who, "STOP")
    await room.says("sol", "hello")
    assert (room.told(SOL), await room.waiting()) == ([guiding.NOBODY_LOOKS], 0)


async def test_only_facilitators_write_announcements(room: Room) -> None:
    """A member is told so; an interpreter writes too; a listener is told that she only reads."""
    await room.set(posting="announce")
    await room.says("sol", "me too")
    assert (room.told(SOL), room.read()) == ([guiding.ANNOUNCEMENTS_ONLY], [])
    await room.says("ana", "we meet at noon")
    await room.set_for(room.sol, role="interpreter")
    await room.says("sol", "a mediodía")
    assert room.read() == ["we meet at noon", "a mediodía"]
    await room.set_for(room.sol, role="listener")
    await room.says("sol", "thanks")
    assert (room.told(SOL)[-1], len(room.read())) == (guiding.READS_ONLY, 2)


async def test_a_muted_member_reads_and_is_not_passed_on(room: Room) -> None:
    """She hears it once, and with each post; her words to the relay count; then it is over."""
    await room.says("ana", "mute sol 2h")
    until = "14:00"
    assert room.told(SOL) == [guiding.MUTE_BEGINS.format(until=until)]
    assert room.told(ANA) == [guiding.MUTED_BY_YOU.format(name="Sol", until=until)]
    await room.says("sol", "let me speak")
    assert (room.told(SOL)[-1], room.read()) == (guiding.MUTED.format(until=until), [])
    await room.says("sol", "MORE")
    assert room.told(SOL)[-1] == wording.NO_MORE
    await room.says("ana", "and so on")
    assert room.read(SOL) == ["and so on"]
    room.house.clock.forward(hours=2)
    await room.says("sol", "me again")
    assert room.read() == ["and so on", "me again"]


async def test_a_muted_member_has_no_way_round(room: Room) -> None:
    """What waited when she was muted is not let go by her, nor by an answer to a question."""
    await room.says("sol", "STPO")
    await room.says("ana", "MUTE Sol")
    await room.says("sol", "SEND AS IS")
    assert room.read() == []
    await room.says("ana", "UNMUTE sol")
    assert room.told(SOL)[-1] == guiding.MUTE_ENDS
    await room.says("sol", "SEND AS IS")
    assert room.read() == ["STPO"]


async def test_names_that_nobody_has_are_asked_about(room: Room) -> None:
    """Nothing is done and nobody reads it; if it was meant for the group, SEND AS IS brings it."""
    for text in ("mute Rowan 2h", "unmute rowan", "decline Rowan"):
        room.house.clock.forward(seconds=1)
        await room.says("ana", text)
        assert room.told(ANA)[-1] == guiding.NO_SUCH_NAME
    assert room.read() == []
    await room.says("ana", "SEND AS IS")
    assert room.read() == ["decline Rowan"]


async def test_who_helps_does_not_decide_about_who_runs_it(room: Room) -> None:
    """A co-facilitator mutes members and no facilitator."""
    await room.says("lou", "MUTE ana 1h")
    assert room.told(LOU) == [guiding.RUNS_THE_GROUP.format(name="Ana")]
    await room.says("lou", "MUTE ivy 1h")
    assert room.told(IVY) == [guiding.MUTE_BEGINS.format(until="13:00")]


async def test_a_group_is_frozen_and_thawed_by_word(room: Room) -> None:
    """At once; whoever else runs it hears of it; members' words are given back meanwhile."""
    await room.says("lou", "FREEZE")
    assert room.told(ANA) == [guiding.FROZEN_BY.format(name="Lou")]
    await room.says("sol", "hello?")
    assert (room.told(SOL), room.read()) == ([wording.FROZEN], [])
    await room.says("ana", "freeze")
    assert room.told(ANA)[-1] == guiding.SO_ALREADY
    await room.says("ana", "thaw!")
    assert room.told(LOU)[-1] == guiding.THAWED_BY.format(name="Ana")
    await room.says("sol", "hello")
    assert room.read() == ["hello"]
    group, _ = await room.house.engine.registrar.group("Tuesday")
    assert group.state is GroupState.OPEN


async def test_a_frozen_group_gets_nothing_by_an_approval(room: Room) -> None:
    """What waits goes on waiting until the group is thawed."""
    await room.set(posting="moderated")
    await room.says("sol", "hello")
    number = room.number()
    await room.says("ana", "FREEZE")
    await room.says("ana", f"APPROVE {number}")
    assert room.read() == []
    await room.says("ana", "THAW")
    await room.says("ana", f"APPROVE {number}")
    assert room.read() == ["hello"]


async def test_a_facilitator_s_code_word_is_asked_first(room: Room) -> None:
    """What changes something for others waits for it, by text; a freeze and a look do not."""
    await room.set_for(room.ana, code_word="marmalade")
    await room.says("ana", "MUTE sol 2h")
    assert (room.told(ANA), room.told(SOL)) == ([wording.CODE_FIRST], [])
    await room.says("ana", "APPROVE")
    assert room.told(ANA)[-1] == guiding.NOTHING_TO_LOOK_AT
    await room.says("ana", "marmalade")
    assert room.told(SOL) == [guiding.MUTE_BEGINS.format(until="14:00")]
    await room.says("ana", "FREEZE")
    assert room.told(ANA)[-1] == guiding.FROZEN_BY_YOU


async def test_members_words_are_talk(room: Room) -> None:
    """What only who runs the group may ask is ordinary talk from anybody else."""
    said = ["mute ana 2h", "FREEZE", "approve 12", "DECLINE 12 no", "thaw", "freze"]
    for text in said:
        await room.says("sol", text)
    assert (room.read(), room.told(SOL)) == (said, [])


async def test_a_facilitator_s_slip_is_asked_about(room: Room) -> None:
    """`FREZE` is for nobody before she has said what she means."""
    await room.says("ana", "FREZE")
    assert (room.read(), room.told(ANA)) == ([], [wording.NEAR_MISS])


async def test_an_announcement_says_that_it_is_one(room: Room) -> None:
    """It goes to all, also where only who runs the group writes, without anybody's contact."""
    await room.set(posting="announce")
    await room.says("lou", f"ANNOUNCE we meet at noon, call {LOU}")
    (said,) = room.read()
    assert said.startswith("Announcement: we meet at noon, call ")
    assert LOU not in said
    assert [o.author.reveal() for o in room.house.email.sent if o.author] == ["Lou"]
    assert room.told(LOU) == [wording.MASKED]
    await room.set(language="es")
    await room.says("ana", "Announcement: hoy no")
    assert room.read()[1].endswith(": hoy no")
    await room.set(language="en")
    await room.says("ana", "FREEZE")
    await room.says("ana", "ANNOUNCE once more")
    assert (room.told(ANA)[-1], len(room.read())) == (wording.FROZEN, 2)


async def test_an_announcement_in_small_letters_may_be_a_sentence(room: Room) -> None:
    """She is asked; from a member it is talk."""
    await room.says("ana", "announce it to everyone")
    assert (room.read(), room.told(ANA)) == ([], [wording.NEAR_MISS])
    await room.says("sol", "ANNOUNCE the end of the world")
    assert room.read() == ["ANNOUNCE the end of the world"]


async def test_an_announcement_with_a_contact_is_asked_about_where_posts_are(room: Room) -> None:
    """As for a post in such a group; nobody got it."""
    await room.set(contacts="ask")
    await room.says("ana", f"ANNOUNCE call {ANA}")
    assert (room.read(), room.told(ANA)) == ([], [wording.ASKED_WITHOUT])


def sure(room: Room, contact: str = ANA) -> str:
    """The code with which somebody was asked whether she is sure."""
    return re.findall(r"REALLY (\d{4})", room.told(contact)[-1])[0]


async def test_a_member_is_removed_in_two_steps(room: Room) -> None:
    """Nothing happens before the second word; then she is gone with all that waits for her."""
    await room.says("ana", "REMOVE sol")
    code = sure(room)
    await room.says("sol", "still here")
    assert room.read() == ["still here"]
    await room.house.say(room.ana, ANA, "not for her any more")
    await room.says("ana", f"really {code}")
    assert room.told(ANA)[-1] == guiding.REMOVED_BY_YOU.format(name="Sol")
    assert room.told(LOU)[-1] == guiding.REMOVED_BY.format(name="Sol", by="Ana")
    assert (room.told(SOL), room.told(IVY), room.read(SOL)) == ([], [], [])
    assert await room.says("sol", "hello?") is Receipt.REFUSED
    await room.says("ana", f"really {code}")
    assert room.told(ANA)[-1] == guiding.NOTHING_ASKED


async def test_the_second_word_is_hers_alone_and_soon(room: Room) -> None:
    """Not another one's, not a wrong one, not after fifteen minutes, not of what came before."""
    await room.says("ana", "REMOVE sol")
    code = sure(room)
    await room.says("lou", f"REALLY {code}")
    assert room.told(LOU) == [guiding.NOTHING_ASKED]
    wrong = str(1000 + (int(code) - 999) % 9000)
    await room.says("ana", f"REALLY {wrong}")
    await room.says("ana", f"REALLY {code}")
    assert room.told(ANA)[1:] == [guiding.NOTHING_ASKED] * 2
    await room.says("ana", "REMOVE sol")
    old = sure(room)
    room.house.clock.forward(minutes=16)
    await room.says("ana", f"REALLY {old}")
    assert room.told(ANA)[-1] == guiding.NOTHING_ASKED
    room.house.clock.forward(minutes=1)
    await room.says("ana", "REMOVE sol")
    first = sure(room)
    await room.says("ana", "REMOVE ivy")
    await room.says("ana", f"REALLY {first}")
    _, members = await room.house.engine.registrar.group("Tuesday")
    assert len(members) == 4


async def test_who_removes_whom(room: Room) -> None:
    """Who helps removes nobody, and nobody removes herself."""
    await room.says("lou", "REMOVE sol")
    assert room.told(LOU) == [guiding.ONLY_ITS_HEAD]
    await room.says("ana", "REMOVE Ana")
    assert room.told(ANA) == [guiding.NOT_YOURSELF]
    await room.says("ana", "remove nobodyhere")
    assert (room.told(ANA)[-1], room.read()) == (guiding.NO_SUCH_NAME, [])


async def test_what_was_asked_twice_and_never_answered_is_no_loss(room: Room) -> None:
    """It ends in silence, and nothing of it is kept."""
    await room.says("ana", "REMOVE sol")
    room.house.clock.forward(hours=1)
    for _ in range(2):
        await room.house.sweeper.sweep()
        await room.house.deliver()
    assert (len(room.told(ANA)), await room.waiting()) == (1, 0)
    async with room.house.engine.database.reading() as c:
        assert await room.house.engine.outbox.ledger.losses(c, room.group.id) == {}


async def test_an_order_that_waited_for_a_code_word_is_no_order_of_who_runs_it_no_more(
    room: Room,
) -> None:
    """What counts is what she is when it is done, not when she asked."""
    await room.set_for(room.lou, code_word="marmalade")
    await room.says("lou", "ANNOUNCE I am still in charge")
    await room.set_for(room.lou, role="member")
    await room.says("lou", "marmalade")
    assert room.read() == []
    assert room.told(LOU)[-1] == wording.NOTHING_WAITS


async def test_a_name_may_look_like_a_time_or_a_sentence(room: Room) -> None:
    """Whom nobody else is called like is meant, whatever her name looks like."""
    names = {
        "Sol 2h": "mute sol 2h 3h",
        "La Luna": "MUTE La Luna",
        "All Of Us": "mute all of us 3h",
    }
    await room.set_for(room.sol, name="Sol 2h")
    await room.says("ana", "MUTE Sol 2h")
    assert room.told(ANA)[-1].startswith("Sol 2h is muted until 2026-11-19 12:00")
    for name, text in names.items():
        await room.set_for(room.sol, name=name)
        room.house.clock.forward(seconds=1)
        await room.says("ana", text)
        assert room.told(ANA)[-1].startswith(f"{name} is muted until "), text
    assert room.read() == []


async def test_what_was_held_for_its_name_comes_as_it_was_written(room: Room) -> None:
    """In the words and the script in which she wrote it, and to whom she wrote it."""
    text = "\u7981\u8a00\u7f57\u5bbe"
    await room.says("ana", text)
    assert (room.told(ANA), room.read()) == ([guiding.NO_SUCH_NAME], [])
    await room.says("ana", "SEND AS IS")
    assert room.read() == [text]


async def test_a_mute_that_is_read_after_a_night_does_not_say_the_wrong_day(room: Room) -> None:
    """The time is that of the past, with its date, if it is over when she reads it."""
    await room.set_for(room.sol, quiet="11:00-20:00")
    await room.says("ana", "MUTE sol 2h")
    assert room.told(SOL) == []
    room.house.clock.forward(hours=8)
    await room.house.deliver()
    assert room.told(SOL) == [guiding.MUTE_BEGINS.format(until="2026-11-18 14:00")]


async def test_what_was_held_before_is_looked_at_all_the_same(room: Room) -> None:
    """A group that wants to look at posts by now looks at what her word lets go."""
    await room.says("sol", "STPO")
    await room.set(posting="moderated")
    await room.says("sol", "SEND AS IS")
    assert (room.read(), room.told(SOL)[-1]) == ([], guiding.LOOKED_AT_FIRST)
    await room.says("ana", f"APPROVE {room.number()}")
    assert room.read() == ["STPO"]


async def test_announcements_count_towards_what_may_be_written(room: Room) -> None:
    """A phone in other hands floods nobody with them."""
    await room.set(member_rate="2")
    for text in ("one", "two", "three"):
        await room.says("ana", f"ANNOUNCE {text}")
    assert room.read() == ["Announcement: one", "Announcement: two"]
    assert room.told(ANA)[-1].startswith("A lot was written just now")


async def test_who_goes_or_is_muted_before_the_look(room: Room) -> None:
    """What somebody wrote who has gone is gone; a look counts for more than a mute."""
    await room.set(posting="moderated")
    await room.says("sol", "from sol")
    mine = room.number()
    await room.says("ivy", "from ivy")
    await room.says("ana", "MUTE ivy 2h")
    await room.says("lou", f"APPROVE {room.number()}")
    assert room.read(SOL) == ["from ivy"]
    await room.says("sol", "STOP")
    await room.says("ana", f"APPROVE {mine}")
    assert (room.told(ANA)[-1], room.read()) == (guiding.NO_SUCH_NUMBER.format(number=mine), [])


async def test_an_urgent_post_is_urgent_when_it_was_looked_at(room: Room) -> None:
    """It wakes who lets such wake her, then and not before, and no facilitator for the look."""
    await room.set(posting="moderated", quiet="11:00-20:00")
    await room.set_for(room.sol, may_urgent="true")
    await room.set_for(room.ana, quiet="08:00-09:00")
    await room.says("sol", "URGENT: the meeting is off")
    assert (room.told(LOU), room.read(), len(room.told(ANA))) == ([], [], 1)
    await room.says("ana", f"APPROVE {room.number()}")
    assert len(room.read()) == 1


async def test_pictures_are_seen_before_they_are_passed_on(room: Room) -> None:
    """They come with the question where they would come with the post, and then with the post."""
    await room.set(posting="moderated", pictures="true")
    await room.set_for(room.ivy, role="co_facilitator")
    oak = "oak@willow.example"
    await room.house.member(room.group, "Oak", oak)
    await room.says("sol", "look", files=(drawn((200, 0, 0)), drawn((0, 0, 200))))
    (asked,) = [o for o in room.house.email.sent if not o.author]
    assert (asked.to.reveal(), len(asked.pictures)) == (IVY, 2)
    assert "Pictures: 2." in room.told(ANA)[-1]
    await room.says("ana", f"APPROVE {room.number()}")
    seen = {o.to.reveal(): o.pictures for o in room.house.email.sent if o.author}
    assert seen == {IVY: asked.pictures, oak: asked.pictures}


async def test_what_begins_with_a_word_and_a_members_name_is_asked_about(room: Room) -> None:
    """In small letters, and whatever follows; about nobody's name it is talk, as from a member."""
    await room.set_for(room.ivy, name="La Luna")
    orders = ("remove sol, she tells others where we meet", "mute la luna please, she shouts")
    for text in (*orders, "unmute la luna", "mute sol " + "because she shouts at us " * 6):
        room.house.clock.forward(seconds=1)
        await room.says("ana", text)
        assert room.told(ANA)[-1] == wording.NEAR_MISS, text
    assert (room.read(), room.read(SOL)) == ([], [])
    await room.says("ana", "mute the television please, it is late")
    await room.says("sol", orders[0])
    assert room.read() == ["mute the television please, it is late", orders[0]]


async def test_what_was_held_for_its_name_goes_to_whom_it_was_written(room: Room) -> None:
    """What she wrote to one member alone is let go to her, and not to the group."""
    await room.set(private="true")
    await room.set_for(room.ivy, role="co_facilitator")
    await room.says("ivy", "mute rowan 2h", to=room.sol.mask)
    await room.says("ivy", "SEND AS IS", to=room.sol.mask)
    await room.says("sol", "ACCEPT Ivy")
    assert (room.read(SOL), room.read(LOU)) == (["mute rowan 2h"], [])
