"""A question to the group: answered with a number, counted, and nobody learns by whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa

from channels.contract import Proof, Receipt
from relay.model import Group, Member, show_id
from relay.store.tables import METADATA
from relay.wording import members as wording
from relay.words.of_members import read_answer
from tests.engine.conftest import House

ANA, SOL, IVY = "+12025550102", "+12025550103", "ivy@willow.example"
PHONES = [f"+120255501{n}" for n in range(10, 15)]
QUESTION = "How was your week?"
ASKED = wording.PULSE_ASKED.format(question=QUESTION)


@dataclass
class Room:
    """Ana facilitates, Sol texts, Ivy mails, five more text."""

    house: House
    group: Group
    ana: Member
    sol: Member
    ivy: Member
    others: list[Member]

    async def asks(self, text: str = f"PULSE {QUESTION}") -> None:
        """Ana asks, and all that can leave leaves."""
        await self.house.say(self.ana, ANA, text)
        await self.house.deliver()

    async def answer(self, *choices: str) -> None:
        """The five others answer, as far as there are choices."""
        for member, phone, choice in zip(self.others, PHONES, choices, strict=False):
            assert await self.house.say(member, phone, choice) is Receipt.TAKEN

    async def closes(self, **span: float) -> None:
        """Time goes on, and what is over ends."""
        self.house.clock.forward(**(span or {"hours": 24}))
        await self.house.sweeper.sweep()
        await self.house.deliver()

    async def dump(self) -> dict[str, list[Mapping[str, Any]]]:
        """Everything that is stored."""
        async with self.house.engine.database.reading() as c:
            found = {}
            for table in METADATA.sorted_tables:
                rows = [dict(row) for row in (await c.execute(sa.select(table))).mappings()]
                found[table.name] = sorted(rows, key=repr)
            return found

    def read(self) -> list[str]:
        """What Ivy's mailbox got."""
        return self.house.email.texts_to(IVY)


@pytest.fixture
async def room(house: House) -> Room:
    """A group of eight that has been asked nothing yet."""
    group = await house.group()
    ana = await house.member(group, "Ana", ANA, facilitator="yes")
    sol, ivy = await house.member(group, "Sol", SOL), await house.member(group, "Ivy", IVY)
    others = [await house.member(group, f"Wren {n}", p) for n, p in enumerate(PHONES)]
    return Room(house, group, ana, sol, ivy, others)


async def test_counts_are_told_at_the_end_and_not_before(room: Room) -> None:
    """Members answer by text and mail, in digits of any script; who asked is told the counts."""
    await room.asks()
    assert room.read() == [ASKED]
    assert room.house.sms.texts_to(SOL) == [ASKED]
    assert room.house.sms.texts_to(ANA) == [ASKED, wording.PULSE_STARTED]
    await room.answer("1", "5.", "٥", "５", "三")
    await room.house.say(room.ivy, IVY, "(4)\n")
    await room.closes(hours=23)
    assert len(room.house.sms.texts_to(ANA)) == 2
    await room.closes(hours=1)
    counts = wording.PULSE_COUNTS.format(question=QUESTION, one=1, two=0, three=1, four=1, five=3)
    assert room.house.sms.texts_to(ANA)[2:] == [counts]
    assert (room.read(), room.house.sms.texts_to(SOL)) == ([ASKED], [ASKED])
    assert (await room.house.engine.pulse.last_of("Tuesday"))["answers"] == {
        "1": 1,
        "2": 0,
        "3": 1,
        "4": 1,
        "5": 3,
    }


async def test_the_whole_group_is_told_if_it_wants_that(room: Room) -> None:
    """With `pulse_to=group` every member gets the counts."""
    await room.house.engine.registrar.change_group("Tuesday", {"pulse_to": "group"})
    await room.asks()
    await room.answer("1", "1", "1", "1", "1")
    await room.closes()
    counts = wording.PULSE_COUNTS.format(question=QUESTION, one=5, two=0, three=0, four=0, five=0)
    assert (room.read()[-1], room.house.sms.texts_to(SOL)[-1]) == (counts, counts)


async def test_too_few_answers_are_seen_by_nobody(room: Room) -> None:
    """Below the number that the group has set, counts are destroyed and nobody sees them."""
    await room.asks()
    await room.answer("1", "2", "3", "4")
    await room.closes()
    assert room.house.sms.texts_to(ANA)[-1] == wording.PULSE_TOO_FEW.format(question=QUESTION)
    await room.house.engine.registrar.change_group("Tuesday", {"pulse_from": "3"})
    last = await room.house.engine.pulse.last_of("Tuesday")
    assert set(last["answers"].values()) == {None}


async def test_a_digit_is_talk_unless_it_was_asked_for(room: Room) -> None:
    """Before the question it is passed on; after it, for a day, it is told to be late."""
    await room.house.say(room.sol, SOL, "3")
    await room.house.deliver()
    assert room.read() == ["3"]
    await room.asks("PULSE 6h How are you?")
    await room.house.say(room.sol, SOL, "+1")
    await room.house.say(room.sol, SOL, "6")
    await room.house.say(room.sol, SOL, "3 of us")
    await room.house.deliver()
    assert room.read()[2:] == ["+1", "6", "3 of us"]
    await room.closes(hours=6)
    await room.house.say(room.sol, SOL, "3")
    await room.house.deliver()
    assert room.house.sms.texts_to(SOL)[-1] == wording.PULSE_CLOSED
    await room.closes(hours=24)
    await room.house.say(room.sol, SOL, "4")
    await room.house.deliver()
    assert room.read()[5:] == ["4"]


async def test_only_her_first_answer_counts_until_a_restart(room: Room) -> None:
    """A second answer changes nothing and is answered by nothing; a new process knows no more."""
    await room.asks()
    await room.answer("1", "1", "1", "1")
    await room.house.say(room.sol, SOL, "2", message="once")
    await room.house.say(room.sol, SOL, "5")
    assert await room.house.say(room.sol, SOL, "2", message="once") is Receipt.AGAIN
    await room.closes()
    counts = wording.PULSE_COUNTS.format(question=QUESTION, one=4, two=1, three=0, four=0, five=0)
    assert room.house.sms.texts_to(ANA)[-1] == counts
    assert room.house.sms.texts_to(SOL) == [ASKED]


async def test_what_nothing_proves_does_not_count_and_is_not_passed_on(room: Room) -> None:
    """Who writes a number in her name neither votes for her nor has it brought to the group."""
    await room.asks()
    await room.house.say(room.ivy, IVY, "5", proof=Proof.WEAK)
    await room.house.deliver()
    assert room.read() == [ASKED, wording.PULSE_NOT_HERS]
    assert room.house.sms.texts_to(SOL) == [ASKED]


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("PULSE " + "x" * 91, wording.PULSE_TOO_LONG.format(most=90)),
        ("PULSE Is +1 202 555 0103 yours?", wording.PULSE_CONTACT),
    ],
)
async def test_a_question_that_cannot_be_asked(room: Room, text: str, answer: str) -> None:
    """One plain sentence says why, and nobody is asked."""
    await room.asks(text)
    assert room.house.sms.texts_to(ANA) == [answer]
    assert room.read() == []


async def test_nobody_is_asked_what_is_over(room: Room) -> None:
    """Whose night lasts longer than the question never gets it: her number would be talk."""
    await room.house.engine.registrar.change_member(show_id(room.ivy.id), {"quiet": "11:00-20:00"})
    await room.asks("PULSE 6h How are you?")
    await room.closes(hours=12)
    assert room.read() == []
    assert len(room.house.sms.texts_to(SOL)) == 1


@pytest.mark.parametrize("wish", [{"posting": "announce"}, {"posting": "moderated"}])
async def test_who_may_not_post_may_answer(room: Room, wish: dict[str, str]) -> None:
    """A number goes to nobody, so who only reads is heard; nobody looks at it first."""
    await room.house.engine.registrar.change_group("Tuesday", wish)
    await room.asks()
    await room.answer("1", "1", "1", "1", "1")
    await room.house.deliver()
    assert room.house.sms.texts_to(PHONES[0]) == [ASKED]
    await room.closes()
    counts = wording.PULSE_COUNTS.format(question=QUESTION, one=5, two=0, three=0, four=0, five=0)
    assert room.house.sms.texts_to(ANA)[-1] == counts


async def test_how_many_must_answer_does_not_fall_while_they_answer(room: Room) -> None:
    """Who wants to see a few answers cannot lower the number after they were given."""
    await room.asks()
    await room.answer("1", "2", "3")
    await room.house.engine.registrar.change_group("Tuesday", {"pulse_from": "3"})
    await room.closes()
    assert room.house.sms.texts_to(ANA)[-1] == wording.PULSE_TOO_FEW.format(question=QUESTION)


async def test_a_question_stays_until_its_end(room: Room) -> None:
    """A second one could show, by what changed, who answered in between. Members ask nothing."""
    await room.asks()
    await room.asks("PULSE And now?")
    assert room.house.sms.texts_to(ANA)[-1] == wording.PULSE_OPEN
    await room.house.say(room.sol, SOL, "Pulse: and now?")
    await room.house.deliver()
    assert room.read() == [ASKED, "Pulse: and now?"]


async def test_an_answer_leaves_nothing_of_who_gave_it(room: Room) -> None:
    """Of everything stored only the sealed counts change, and what any text changes; alike in all.

    Which number it was shows in nothing, not even in a length.
    """
    await room.asks()
    for member, phone in zip([room.sol, *room.others], [SOL, *PHONES], strict=True):
        await room.house.say(member, phone, "not a number")  # heard of today
    await room.house.deliver()
    changes = []
    for member, phone, choice in zip(room.others, PHONES, "12345", strict=True):
        before = await room.dump()
        await room.house.say(member, phone, choice)
        after = await room.dump()
        changes.append(_changes(before, after))
    assert all(change == changes[0] for change in changes)
    assert set(changes[0]) == {"pulse", "seen", "tally"}
    assert await room.house.stored() == (0, 0)


def _changes(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """What is new in each table: how many rows, and how long each value is."""
    found: dict[str, Any] = {}
    for table, rows in after.items():
        new = [row for row in rows if row not in before[table]]
        if new:
            found[table] = [
                {k: len(v) if isinstance(v, bytes) else type(v) for k, v in row.items()}
                for row in new
            ]
        assert len(rows) - len(before[table]) == (table == "seen")
    return found


def test_texts_about_questions_fit_into_one() -> None:
    """With the longest question, each is a single text of 160 plain letters."""
    numbers = dict.fromkeys(("one", "two", "three", "four", "five"), 100)
    texts = [t for n, t in vars(wording).items() if n.startswith("PULSE")]
    filled = [t.format(question="x" * 90, most=90, **numbers) for t in texts]
    assert len(filled) == 9
    assert [t for t in filled if len(t) > 160 or not t.isascii()] == []


@pytest.mark.parametrize("said", ["+1", "-1", "1?", "6", "0", "12", "1 2", "one", "", "½", "1/5"])
def test_what_is_no_answer(said: str) -> None:
    """What means something else between people is none."""
    assert read_answer(said) is None
