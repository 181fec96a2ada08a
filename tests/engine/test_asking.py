"""Words between two members alone: asked for, agreed to, on lines of their own, and ended."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import pytest
import sqlalchemy as sa

from channels.contract import Proof, Receipt, Sent
from channels.secret import Secret
from policies.facts import MemberState
from relay import wording as words
from relay.model import Group, Member, show_id
from relay.store.tables import CONSENT, PENDING, ROUTE
from relay.wording import members as wording
from tests.engine.conftest import House

SOL, ROBIN, LOU, IVY = "+12025550103", "+12025550101", "+12025550104", "ivy@willow.example"
T = TypeVar("T")
CONTACTS = {"Sol": SOL, "Robin": ROBIN, "Lou": LOU, "Ivy": IVY}


@dataclass
class Room:
    """Sol, Robin and Lou text; Ivy mails; Lou runs the group."""

    house: House
    group: Group
    members: dict[str, Member]

    async def says(self, name: str, text: str, *, to: str = "") -> Receipt:
        """A member writes to the group, or to one member where she writes to her alone."""
        member = self.members[name]
        where = await self.line(name, to) if to else member.write_to
        receipt = await self.house.say(member, CONTACTS[name], text, to=where)
        await self.house.deliver()
        return receipt

    async def line(self, name: str, other: str) -> Secret:
        """Where a member writes to another alone."""
        member, reader = self.members[name], self.members[other]
        if member.channel == "email":
            return reader.mask
        async with self.house.engine.database.reading() as c:
            key = (member.id, reader.id)
            return (await self.house.engine.roster.consents.numbers(c, [key]))[key]

    async def agree(self, one: str, other: str) -> None:
        """Both want to write to each other alone."""
        await self.says(one, f"ASK {other}")
        await self.says(other, f"Accept {one}")
        self.house.sms.sent.clear()
        self.house.email.sent.clear()

    def read(self, name: str) -> list[str]:
        """What a member got, in order."""
        member = self.members[name]
        channel = self.house.sms if member.channel == "sms" else self.house.email
        return channel.texts_to(CONTACTS[name])

    def numbers(self, name: str) -> list[str]:
        """From which number each came."""
        sent = self.house.sms.sent
        return [o.write_to.reveal() for o in sent if o.to.reveal() == CONTACTS[name]]

    async def rows(self, table: sa.Table) -> int:
        """How many rows there are."""
        async with self.house.engine.database.reading() as c:
            return int(
                (await c.execute(sa.select(sa.func.count()).select_from(table))).scalar_one()
            )


@pytest.fixture
async def room(house: House) -> Room:
    """A group whose members may write to each other alone."""
    await house.engine.registrar.add_numbers(["+12025550183"])
    group = await house.group(private="on")
    members = {
        name: await house.member(
            group, name, contact, **({"facilitator": "yes"} if name == "Lou" else {})
        )
        for name, contact in CONTACTS.items()
    }
    return Room(house, group, members)


async def test_two_phones_have_a_line_of_their_own(room: Room) -> None:
    """Each gets one more number; what is said there is read by the other alone, from hers."""
    await room.says("Sol", "ASK robin")
    assert room.read("Sol") == [wording.ASKED.format(name="robin")]
    assert room.read("Robin") == [wording.WANTS.format(name="Sol")]
    await room.says("Robin", "accept")
    assert room.read("Robin")[1:] == [wording.OPEN_BY_TEXT.format(name="Sol")]
    assert room.read("Sol")[1:] == [wording.OPEN_BY_TEXT.format(name="Robin")]
    homes = [room.numbers(name)[0] for name in ("Sol", "Robin")]
    lines = [room.numbers(name)[1] for name in ("Sol", "Robin")]
    assert all(home != line for home, line in zip(homes, lines, strict=True))
    await room.says("Sol", "only you", to="Robin")
    await room.says("Robin", "and only you", to="Sol")
    await room.says("Sol", "all of you")
    assert room.read("Robin")[2:] == ["only you", "all of you"]
    assert room.numbers("Robin")[2:] == [lines[1], homes[1]]
    assert (room.read("Sol")[2:], room.numbers("Sol")[2:]) == (["and only you"], [lines[0]])
    assert room.read("Ivy") == room.read("Lou") == ["all of you"]


async def test_a_mail_waits_for_a_yes(room: Room) -> None:
    """Of her first mail nothing is seen before the other one agrees; then it comes."""
    await room.says("Ivy", "a word with you", to="Robin")
    assert room.read("Ivy") == [wording.HELD.format(name="Robin")]
    assert room.read("Robin") == [wording.WANTS.format(name="Ivy")]
    await room.says("Robin", "ACCEPT Ivy")
    assert room.read("Robin")[1:] == [wording.OPEN_BY_TEXT.format(name="Ivy"), "a word with you"]
    mask = room.members["Robin"].mask.reveal()
    assert room.read("Ivy")[1:] == [wording.OPEN_BY_MAIL.format(name="Robin", mask=mask)]
    await room.says("Robin", "gladly", to="Ivy")
    (last,) = [o for o in room.house.email.sent if o.text.reveal() == "gladly"]
    assert (last.private, last.mask) == (True, room.members["Robin"].mask)
    assert room.read("Sol") == room.read("Lou") == []


@pytest.mark.parametrize("answer", ["nothing", "deny", "blocked", "unknown", "gone"])
async def test_who_asks_hears_the_same_whatever_she_is_told(room: Room, answer: str) -> None:
    """No, nothing, a block, somebody who has stopped, and nobody at all: one answer, no news."""
    if answer == "blocked":
        await room.says("Robin", "DENY Sol")
    if answer == "gone":
        await room.says("Robin", "STOP")
    name = "Rowan" if answer == "unknown" else "Robin"
    await room.says("Sol", f"ASK {name}")
    if answer == "deny":
        await room.says("Robin", "Deny Sol")
    room.house.clock.forward(hours=30)
    await room.house.sweeper.sweep()
    await room.house.deliver()
    assert room.read("Sol") == [wording.ASKED.format(name=name)]
    assert room.read("Ivy") == room.read("Lou") == []
    asked = wording.WANTS.format(name="Sol") in room.read("Robin")
    assert asked is (answer in {"nothing", "deny"})


@pytest.mark.parametrize("answer", ["nothing", "deny", "blocked", "gone"])
async def test_a_mail_without_a_yes_is_told_alike(room: Room, answer: str) -> None:
    """After a day its author hears that it was deleted, at the same hour in every case."""
    if answer == "blocked":
        await room.says("Robin", "DENY Ivy")
    if answer == "gone":
        await room.says("Robin", "LEAVE")
    await room.says("Ivy", "a word", to="Robin")
    if answer == "deny":
        await room.says("Robin", "DENY Ivy")
    room.house.clock.forward(hours=23, minutes=59)
    await room.house.sweeper.sweep()
    assert await room.rows(PENDING) == 1
    room.house.clock.forward(minutes=1)
    await room.house.sweeper.sweep()
    await room.house.deliver()
    assert room.read("Ivy") == [wording.HELD.format(name="Robin"), wording.NO_YES]
    assert "a word" not in room.read("Robin")
    assert await room.rows(PENDING) == 0
    assert room.read("Lou") == []
    async with room.house.engine.database.reading() as c:
        assert await room.house.engine.outbox.ledger.losses(c, room.group.id) == {}


async def test_a_no_holds_until_she_asks_herself(room: Room) -> None:
    """After DENY nothing of the other one's wishes comes; her own ASK takes it back."""
    await room.says("Sol", "ASK Robin")
    await room.says("Robin", "DENY")
    room.house.clock.forward(days=2)
    await room.says("Sol", "ASK Robin")
    blocked = wording.BLOCKED.format(name="Sol")
    assert room.read("Robin") == [wording.WANTS.format(name="Sol"), blocked]
    await room.says("Robin", "ASK Sol")
    await room.says("Sol", "ACCEPT robin!")
    await room.says("Sol", "here", to="Robin")
    assert room.read("Robin")[-1] == "here"


async def test_who_asks_one_who_has_asked_has_said_yes(room: Room) -> None:
    """Two wishes that meet are a consent; nobody is asked twice for one wish."""
    await room.says("Sol", "ASK Ivy")
    await room.says("Sol", "ASK Ivy")
    assert room.read("Ivy") == [wording.WANTS.format(name="Sol")]
    await room.says("Ivy", "ASK: Sol")
    assert room.read("Sol")[-1] == wording.OPEN_BY_TEXT.format(name="Ivy")
    await room.says("Sol", "ASK Ivy")
    assert room.read("Sol")[-1] == wording.OPEN_BY_TEXT.format(name="Ivy")


async def test_a_yes_comes_too_late(room: Room) -> None:
    """A day after the wish there is nothing to say yes to."""
    await room.says("Sol", "ASK Robin")
    room.house.clock.forward(hours=24)
    await room.says("Robin", "ACCEPT Sol")
    assert room.read("Robin")[-1] == wording.NOBODY_ASKS
    await room.says("Robin", "accept")  # now it is talk
    assert room.read("Ivy") == ["accept"]
    assert await room.rows(CONSENT) == 1
    room.house.clock.forward(hours=1)
    await room.house.sweeper.sweep()
    assert await room.rows(CONSENT) == 0


@pytest.mark.parametrize("how", ["block", "stop", "leave", "removed", "deny"])
async def test_a_line_ends_for_both(room: Room, how: str) -> None:
    """Neither reaches the other any more; both pairs rest, so a late text lands nowhere."""
    await room.agree("Sol", "Robin")
    lines = {name: await room.line(name, other) for name, other in _PAIR}
    if how == "removed":
        await room.house.engine.registrar.remove_member(show_id(room.members["Robin"].id))
    elif how == "deny":
        await room.says("Robin", "DENY Sol")
    else:
        await room.says("Robin", how.upper(), to="Sol")
    for name, other in _PAIR:
        member = room.members[name]
        said = await room.house.say(member, CONTACTS[name], f"late {other}", to=lines[name])
        assert said is Receipt.REFUSED
    room.house.clock.forward(days=2)
    await room.house.sweeper.sweep()
    await room.house.deliver()
    assert room.read("Sol") == []
    assert room.read("Lou") == room.read("Ivy") == []
    assert await room.rows(CONSENT) == 0
    async with room.house.engine.database.reading() as c:
        query = sa.select(ROUTE.c.until_day).where(ROUTE.c.until_day.is_not(None))
        assert len((await c.execute(query)).all()) == (4 if how == "removed" else 2)


_PAIR = (("Sol", "Robin"), ("Robin", "Sol"))


async def test_what_waits_for_the_morning_does_not_outlive_a_block(room: Room) -> None:
    """Quiet hours hold private words too; ended before their end, they never arrive."""
    await room.agree("Sol", "Robin")
    key = show_id(room.members["Robin"].id)
    await room.house.engine.registrar.change_member(key, {"quiet": "11:00-14:00"})
    await room.says("Sol", "in the night", to="Robin")
    assert room.read("Robin") == []
    await room.says("Robin", "BLOCK", to="Sol")
    room.house.clock.forward(hours=3)
    await room.house.deliver()
    assert room.read("Robin") == [wording.BLOCKED.format(name="Sol")]
    assert room.read("Sol") == [words.NOT_REACHED]


async def test_answers_come_from_the_line_they_answer(room: Room) -> None:
    """A slip on a line is asked about there, so that what she corrects stays between the two."""
    await room.agree("Sol", "Robin")
    line = await room.line("Sol", "Robin")
    await room.says("Sol", "unsubscribbe", to="Robin")
    assert room.read("Sol") == [words.NEAR_MISS]
    assert room.numbers("Sol") == [line.reveal()]
    await room.says("Sol", "SEND AS IS", to="Robin")
    assert room.read("Robin") == ["unsubscribbe"]
    assert room.read("Ivy") == []


async def test_more_of_a_line_comes_on_it(room: Room) -> None:
    """MORE to the group's number brings no private page, and MORE on the line none of the group."""
    await room.agree("Sol", "Robin")
    room.house.sms.answer = lambda out: Sent(
        reported=True, rest=3 if out.start == 0 and out.author else None
    )
    await room.says("Sol", "private words", to="Robin")
    await room.says("Ivy", "words for all")
    home, line = room.numbers("Robin")[1], room.numbers("Robin")[0]
    await room.says("Robin", "MORE", to="Sol")
    await room.says("Robin", "MORE")
    sent = [o for o in room.house.sms.sent if o.to.reveal() == ROBIN]
    assert [(o.write_to.reveal(), o.private, o.start) for o in sent] == [
        (line, True, 0),
        (home, False, 0),
        (line, True, 3),
        (home, False, 3),
    ]


async def test_no_number_is_said_plainly(house: House) -> None:
    """Who needs one more number than there are hears so, and nothing is opened."""
    group = await house.group(private="on")
    other = await house.group("Friday", private="on")
    sol, ivy = await house.member(group, "Sol", SOL), await house.member(group, "Ivy", IVY)
    await house.say(ivy, IVY, "ASK Sol")
    await house.member(other, "Wren", SOL)  # the last of the two numbers
    await house.say(sol, SOL, "ACCEPT Ivy")
    await house.say(sol, SOL, "ASK Ivy")
    await house.say(sol, SOL, "ASK Rowan")
    await house.deliver()
    wants = wording.WANTS.format(name="Ivy")
    assert house.sms.texts_to(SOL) == [wants, *[wording.NO_NUMBER] * 3]
    assert house.email.texts_to(IVY) == [wording.ASKED.format(name="Sol")]


async def test_small_letters_are_asked_about_where_they_name_a_member(room: Room) -> None:
    """`ask robin` may be a wish that nobody else should see; `ask her` is talk."""
    await room.says("Sol", "Ask Robin")
    assert room.read("Sol") == [words.NEAR_MISS]
    assert room.read("Ivy") == room.read("Robin") == []
    await room.says("Sol", "Ask her")
    assert room.read("Ivy") == ["Ask her"]
    await room.says("Sol", "accept robin")  # who asks for nothing any more
    assert room.read("Sol") == [words.NEAR_MISS] * 2
    await room.says("Sol", "私聊 Ivy")
    assert room.read("Ivy")[1:] == [wording.WANTS.format(name="Sol")]


async def test_any_name_is_a_name(room: Room) -> None:
    """A long one, or one that begins as a sentence does, takes no word of hers to the group."""
    await room.house.engine.registrar.add_numbers(["+12025550184", "+12025550185"])
    phones = {"Willa of the Meadow": "+12025550105", "The Owl": "+12025550106"}
    others = {n: await room.house.member(room.group, n, p) for n, p in phones.items()}
    for name, phone in phones.items():
        room.house.sms.sent.clear()
        await room.says("Sol", f"ASK {name}")
        await room.house.say(others[name], phone, "ASK SOL")
        await room.house.deliver()
        assert room.read("Sol")[1:] == [wording.OPEN_BY_TEXT.format(name=name)]
        await room.says("Sol", f"accept {name}")
        assert room.read("Sol")[2:] == [words.NEAR_MISS]
        await room.says("Sol", f"DENY {name}")
        await room.says("Sol", f"ASK {name.upper()}")
        assert room.read("Sol")[-1] == wording.ASKED.format(name=name.upper())
        for order in (f"MUTE {name} 2h", f"unmute {name}", f"APPROVE {name}", f"VOUCH {name}"):
            await room.says("Lou", order)
        assert name in room.read("Lou")[0]
    assert [text for text in room.read("Ivy") if "group again" not in text] == []


async def test_who_must_say_whom_she_means(room: Room) -> None:
    """Where two ask, a yes or no without a name is for nobody's eyes and says yes to nobody."""
    await room.says("Sol", "ASK Robin")
    await room.says("Ivy", "ASK Robin")
    await room.says("Robin", "accept")
    await room.says("Robin", "Deny")
    assert room.read("Robin")[2:] == [wording.WHO] * 2
    assert (room.read("Lou"), await room.rows(CONSENT)) == ([], 2)


async def test_what_both_wrote_before_either_said_yes(room: Room) -> None:
    """One yes lets the words of both go."""
    bea = await room.house.member(room.group, "Bea", "bea@willow.example")
    ivy = room.members["Ivy"]
    await room.house.say(ivy, CONTACTS["Ivy"], "a word", to=bea.mask)
    await room.house.say(bea, "bea@willow.example", "and another", to=ivy.mask)
    await room.house.say(bea, "bea@willow.example", "ACCEPT Ivy")
    await room.house.deliver()
    assert "and another" in room.read("Ivy")
    assert "a word" in room.house.email.texts_to("bea@willow.example")


async def test_what_she_says_of_one_member_is_not_confirmed_into_the_group(room: Room) -> None:
    """A mail that nothing proves says yes to nobody; a wish in it is asked about, not posted."""
    await room.says("Sol", "ASK Ivy")
    ivy, address = room.members["Ivy"], CONTACTS["Ivy"]
    assert await room.house.say(ivy, address, "accept", proof=Proof.WEAK) is Receipt.REFUSED
    await room.house.say(ivy, address, "ask robin", proof=Proof.WEAK)
    await room.house.deliver()
    asked = room.house.email.sent[-1]
    confirm = Secret(f"confirm+{asked.confirm.reveal()}@relay.example")
    await room.house.say(ivy, address, "yes", to=confirm)
    await room.house.deliver()
    assert room.read("Ivy")[1:] == [words.CONFIRM, words.NEAR_MISS]
    assert room.read("Lou") == room.read("Robin") == []


async def test_a_phone_that_may_be_anothers_tells_the_group_no_wish(room: Room) -> None:
    """What she wishes of one member waits for what she means, not only for her name."""
    async with room.house.engine.database.writing() as c:
        sol = room.members["Sol"].id
        await room.house.engine.roster.set_state(c, [sol], MemberState.SILENT)
    await room.says("Sol", "ask robin")
    await room.says("Sol", "Sol")
    assert room.read("Sol") == [words.NEAR_MISS, words.WELCOME_BACK]
    assert room.read("Ivy") == []


async def test_a_question_asked_of_one_alone_is_not_asked_of_all(room: Room) -> None:
    """On a line of two, `Pulse: 120` is talk between them."""
    await room.agree("Lou", "Robin")
    await room.says("Lou", "Pulse: 120 over 80", to="Robin")
    assert room.read("Robin") == ["Pulse: 120 over 80"]
    assert room.read("Ivy") == room.read("Sol") == []


async def test_where_the_group_does_not_want_it(room: Room) -> None:
    """Nobody is asked; and what was agreed before reaches nobody while it is off."""
    await room.agree("Sol", "Robin")
    await room.house.engine.registrar.change_group("Tuesday", {"private": "off"})
    await room.says("Sol", "ASK Ivy")
    await room.says("Sol", "still?", to="Robin")
    assert room.read("Sol") == [wording.PRIVATE_OFF, words.NOT_TO_HER]
    assert room.read("Robin") == room.read("Ivy") == []


async def test_a_phone_that_may_be_anothers_opens_nothing(room: Room) -> None:
    """Who must show first that the phone is hers still cannot say yes or ask."""
    await room.says("Sol", "ASK Robin")
    async with room.house.engine.database.writing() as c:
        robin = room.members["Robin"].id
        await room.house.engine.roster.set_state(c, [robin], MemberState.SILENT)
    await room.says("Robin", "accept")
    await room.says("Robin", "ASK Ivy")
    assert room.read("Robin")[1:] == [words.STILL_YOU] * 2
    assert (room.read("Ivy"), await room.rows(CONSENT)) == ([], 1)


@dataclass
class Dice:
    """The same throws for the same seed."""

    seed: int
    thrown: int = 0

    def choice(self, some: Sequence[T]) -> T:
        """One of them."""
        self.thrown += 1
        digest = hashlib.blake2b(f"{self.seed} {self.thrown}".encode(), digest_size=8).digest()
        return some[int.from_bytes(digest, "big") % len(some)]


@dataclass
class Walk:
    """Members who do whatever comes to them, and what each meant by what she wrote."""

    room: Room
    dice: Dice
    threads: dict[tuple[str, str], str] = field(default_factory=dict)
    """By member and number or mask: with whom alone she believes to talk there, ever since."""
    meant: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By words: who wrote them, and to whom; to nobody means to all."""

    read_alone: int = 0
    """How many words for one alone were read."""

    async def step(self) -> None:
        """One thing that happens."""
        name = self.dice.choice(sorted(CONTACTS))
        other = self.dice.choice(sorted(CONTACTS.keys() - {name}))
        say = self.dice.choice(
            [self.to_all, self.alone, self.alone, self.word, self.word, self.wait]
        )
        await say(name, other)

    async def to_all(self, name: str, _: str) -> None:
        """Words for the group, to where she writes to it."""
        member = self.room.members[name]
        await self.room.house.say(member, CONTACTS[name], self.words(name, ""), to=member.write_to)

    async def alone(self, name: str, other: str) -> None:
        """Words for one member alone, in any talk she ever had with one; a mail to any mask."""
        member = self.room.members[name]
        places = [place for (who, place), _ in self.threads.items() if who == name]
        if member.channel == "email":
            place = self.room.members[other].mask.reveal()
        elif places:
            place = self.dice.choice(places)
            other = self.threads[name, place]
        else:
            return
        to = Secret(place)
        await self.room.house.say(member, CONTACTS[name], self.words(name, other), to=to)

    async def word(self, name: str, other: str) -> None:
        """A wish, a yes, a no, or an end, said to the relay."""
        text = self.dice.choice(
            ["ASK", "ASK", "ASK", "ACCEPT", "ACCEPT", "ACCEPT", "DENY", "BLOCK"]
        )
        to = self.room.members[name].write_to
        if text == "BLOCK":
            places = [
                p for (who, p), with_ in self.threads.items() if (who, with_) == (name, other)
            ]
            if not places:
                return
            to = Secret(places[-1])
        said = text if text == "BLOCK" else f"{text} {other}"
        await self.room.house.say(self.room.members[name], CONTACTS[name], said, to=to)

    async def wait(self, *_: str) -> None:
        """Time goes on, and what can leave leaves."""
        self.room.house.clock.forward(hours=self.dice.choice([0, 0, 1, 7]))
        await self.room.house.sweeper.sweep()
        await self.room.house.deliver()
        self.look()

    def words(self, name: str, other: str) -> str:
        """Words like no others."""
        said = f"words {len(self.meant)} of mine"
        self.meant[said] = (name, other)
        return said

    def look(self) -> None:
        """Compare what came with what was meant, and learn which talk is on which number."""
        house = self.room.house
        for out in [*house.sms.sent, *house.email.sent]:
            name = next(n for n, contact in CONTACTS.items() if contact == out.to.reveal())
            said, place = out.text.reveal(), out.write_to.reveal()
            home = place == self.room.members[name].write_to.reveal()
            if out.author is None:
                if said.startswith(OPENED) and not home:
                    self.threads[name, place] = said.split()[0]
                continue
            author, reader = self.meant[said]
            assert (out.author.reveal(), out.private) == (author, bool(reader))
            assert reader in {"", name}
            self.read_alone += bool(reader)
            if out in house.sms.sent:
                assert home is not bool(reader)
                assert home or self.threads[name, place] == author
        house.sms.sent.clear()
        house.email.sent.clear()


OPENED = tuple(wording.OPEN_BY_TEXT.format(name=name) for name in CONTACTS)


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_happens_no_word_is_read_where_it_was_not_meant(
    room: Room, seed: int
) -> None:
    """Private words reach the one member they were written to, or nobody; words to all reach all.

    Members ask, agree, refuse and block as they like, and write into every talk that their phone
    has ever shown them, also long after its end. Each talk stays on its own number.
    """
    await room.house.engine.registrar.add_numbers([f"+1202555019{n}" for n in range(6)])
    walk = Walk(room, Dice(seed))
    for _ in range(90):
        await walk.step()
    await walk.wait()
    assert len(walk.meant) > 15
    assert walk.read_alone > 1
