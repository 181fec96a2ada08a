"""From a message in to copies out: who gets it, once, in order, and what is left behind."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta

import pytest

from channels.contract import Later, Never, Outgoing, Proof, Receipt, Sent, Trait, Trouble
from channels.secret import Contact, Secret
from policies.facts import GroupState
from relay import wording
from relay.model import show_id
from tests.engine.conftest import House

ROBIN, ANA, SOL = "+12025550101", "+12025550102", "+12025550103"
IVY, THEO = "ivy@willow.example", "theo@harbor.example"


async def test_a_post_reaches_everybody_else_and_is_forgotten(house: House) -> None:
    """Texts and mails carry the pseudonym; the author gets nothing; nothing stays stored."""
    group = await house.group()
    robin = await house.member(group, "Robin", ROBIN)
    ana = await house.member(group, "Ana", ANA)
    ivy = await house.member(group, "Ivy", IVY)
    assert await house.say(robin, ROBIN, "hello everyone") is Receipt.TAKEN
    await house.deliver()
    (text,), (mail,) = house.sms.sent, house.email.sent
    assert text.to == Contact("sms", ANA)
    assert text.write_to == ana.write_to
    assert mail.to == Contact("email", IVY)
    assert mail.write_to == ivy.write_to
    assert mail.mask == robin.mask
    for out in (text, mail):
        assert out.author == Secret("Robin")
        assert out.text == Secret("hello everyone")
    assert await house.stored() == (0, 0)


async def test_groups_do_not_mix(house: House) -> None:
    """A person in two groups has two ways in, and each leads to one group only."""
    one, two = await house.group("one"), await house.group("two")
    robin_one = await house.member(one, "Robin", ROBIN)
    robin_two = await house.member(two, "Wren", ROBIN)
    await house.member(one, "Ana", ANA)
    await house.member(two, "Sol", SOL)
    assert robin_one.write_to != robin_two.write_to
    await house.say(robin_two, ROBIN, "for two")
    await house.deliver()
    assert house.sms.texts_to(SOL) == ["for two"]
    assert house.sms.texts_to(ANA) == []


async def test_a_repeat_does_nothing(house: House) -> None:
    """The same provider's id, however often and at once, makes one post."""
    group = await house.group()
    robin = await house.member(group, "Robin", ROBIN)
    await house.member(group, "Ana", ANA)
    receipts = await asyncio.gather(
        *(house.say(robin, ROBIN, "once", message="SM1") for _ in range(20))
    )
    assert sorted(r.value for r in receipts) == ["again"] * 19 + ["taken"]
    await house.deliver()
    assert house.sms.texts_to(ANA) == ["once"]


async def test_strangers_leave_no_trace(house: House) -> None:
    """An unknown sender, a wrong number, a forged mail: refused, and nothing is stored."""
    group = await house.group()
    robin = await house.member(group, "Robin", ROBIN)
    ivy = await house.member(group, "Ivy", IVY)
    await house.member(group, "Ana", ANA)
    assert await house.say(robin, SOL, "hi") is Receipt.REFUSED
    assert await house.say(ivy, THEO, "hi") is Receipt.REFUSED
    assert await house.say(ivy, IVY, "hi", proof=Proof.FORGED) is Receipt.REFUSED
    assert await house.say(ivy, IVY, "STOP", proof=Proof.FORGED) is Receipt.REFUSED
    assert await house.stored() == (0, 0)
    assert await house.tallies() == {}


async def test_an_invited_member_neither_writes_nor_reads(house: House) -> None:
    """Nobody receives group content without having agreed; she is told why hers went nowhere."""
    group = await house.group()
    robin = await house.member(group, "Robin", ROBIN)
    ana = await house.member(group, "Ana", ANA, agreed=False)
    ivy = await house.member(group, "Ivy", IVY, agreed=False)
    await house.say(robin, ROBIN, "secret")
    await house.say(ana, ANA, "let me in")
    assert await house.say(ivy, IVY, "let me in") is Receipt.REFUSED
    await house.deliver()
    asked, told = house.sms.texts_to(ANA)
    assert "JOIN" in asked
    assert told == wording.NOT_YET
    (asked,) = house.email.texts_to(IVY)
    assert "JOIN" in asked


async def test_a_removed_member_gets_nothing_more(house: House) -> None:
    """Copies that wait for her are gone with her, and she can write no more."""
    group = await house.group()
    robin = await house.member(group, "Robin", ROBIN)
    ana = await house.member(group, "Ana", ANA)
    await house.member(group, "Sol", SOL)
    await house.say(robin, ROBIN, "before")
    await house.engine.registrar.remove_member(show_id(ana.id))
    await house.deliver()
    assert house.sms.texts_to(ANA) == []
    assert house.sms.texts_to(SOL) == ["before"]
    assert await house.say(ana, ANA, "still here?") is Receipt.REFUSED


async def test_what_a_removed_author_said_still_arrives_under_her_name(house: House) -> None:
    """What was acknowledged is delivered, even when its author has left since."""
    group = await house.group()
    robin = await house.member(group, "Robin", ROBIN)
    await house.member(group, "Ana", ANA)
    await house.say(robin, ROBIN, "goodbye")
    await house.engine.registrar.remove_member(show_id(robin.id))
    await house.deliver()
    (out,) = house.sms.sent
    assert (out.author, out.text) == (Secret("Robin"), Secret("goodbye"))


async def test_stop_is_for_good_and_everywhere(house: House) -> None:
    """STOP ends delivery in every group, drops what waits, and is never fanned out."""
    one, two = await house.group("one"), await house.group("two")
    robin = await house.member(one, "Robin", ROBIN)
    ana = await house.member(one, "Ana", ANA)
    await house.member(two, "Ana", ANA)
    sol = await house.member(two, "Sol", SOL)
    await house.say(robin, ROBIN, "waiting")
    assert await house.say(ana, ANA, " Stop. ") is Receipt.TAKEN
    await house.say(sol, SOL, "also not")
    await house.deliver()
    assert house.sms.texts_to(ANA) == [wording.STOPPED]
    assert house.sms.texts_to(ROBIN) == []
    assert await house.stored() == (0, 0)


async def test_one_confirmation_of_a_stop_and_not_two(house: House) -> None:
    """Whose word the carrier has answered itself, and who says it again, hears nothing from us."""
    one, two = await house.group("one"), await house.group("two")
    robin = await house.member(one, "Robin", ROBIN)
    await house.member(two, "Robin", ROBIN)
    ana = await house.member(one, "Ana", ANA)
    for _ in range(3):
        await house.say(robin, ROBIN, "opt out")
        await house.say(ana, ANA, "stop", traits=frozenset({Trait.ANSWERED}))
    await house.deliver()
    assert (house.sms.texts_to(ROBIN), house.sms.texts_to(ANA)) == ([wording.STOPPED], [])


@pytest.mark.parametrize("text", ["Stop the line at gate 3", "make him stop", "I quit smoking"])
async def test_ordinary_talk_is_no_command(house: House, text: str) -> None:
    """A command is a whole message, never a part of one."""
    group = await house.group()
    robin = await house.member(group, "Robin", ROBIN)
    await house.member(group, "Ana", ANA)
    await house.say(robin, ROBIN, text)
    await house.deliver()
    assert house.sms.texts_to(ANA) == [text]


async def test_order_is_kept_for_each_reader(house: House) -> None:
    """Twenty posts arrive at a reader in the order they were taken, though sends run at once."""
    group = await house.group()
    robin = await house.member(group, "Robin", ROBIN)
    await house.member(group, "Ana", ANA)
    await house.member(group, "Sol", SOL)
    said = [f"part {n}" for n in range(20)]
    for text in said:
        await house.say(robin, ROBIN, text)
    await house.deliver()
    assert house.sms.texts_to(ANA) == said
    assert house.sms.texts_to(SOL) == said


async def test_a_reader_has_one_copy_on_its_way_at_a_time(house: House) -> None:
    """While one copy is being sent, the next for the same reader does not start: order holds."""
    group = await house.group()
    robin = await house.member(group, "Robin", ROBIN)
    await house.member(group, "Ana", ANA)
    for n in range(3):
        await house.say(robin, ROBIN, f"part {n}")
    house.sms.gate = asyncio.Event()
    delivering = asyncio.create_task(house.deliver())
    await house.sms.started.wait()
    courier = house.courier(house.sms)  # not a second one at work either
    assert await courier._fill() == []
    assert house.sms.texts_to(ANA) == ["part 0"]
    house.sms.gate.set()
    await delivering
    assert house.sms.texts_to(ANA) == ["part 0", "part 1", "part 2"]


async def test_trouble_delays_and_does_not_lose(house: House) -> None:
    """A later copy may overtake one that failed; the failed one comes with the next attempt."""
    group = await house.group()
    robin = await house.member(group, "Robin", ROBIN)
    await house.member(group, "Ana", ANA)
    failing = {"first"}
    house.sms.answer = lambda out: (
        Later(why=Trouble.BUSY) if out.text.reveal() in failing else Sent()
    )
    await house.say(robin, ROBIN, "first")
    await house.deliver()
    await house.say(robin, ROBIN, "second")
    failing.clear()
    await house.deliver()
    assert house.sms.texts_to(ANA) == ["first", "second"]
    house.clock.forward(minutes=2)
    await house.deliver()
    assert house.sms.texts_to(ANA) == ["first", "second", "first"]
    assert len({o.delivery for o in house.sms.sent if o.text.reveal() == "first"}) == 1
    assert await house.stored() == (0, 0)


async def test_unknown_errors_mean_later(house: House) -> None:
    """A bug in a channel delays a copy; it does not lose it and does not stop the courier."""
    group = await house.group()
    robin = await house.member(group, "Robin", ROBIN)
    await house.member(group, "Ana", ANA)

    def broken(out: Outgoing) -> Sent:
        raise ValueError(out.to.reveal())

    house.sms.answer = broken
    await house.say(robin, ROBIN, "hello")
    await house.deliver()
    assert await house.stored() == (1, 1)
    house.sms.answer = lambda out: Sent()
    house.clock.forward(minutes=2)
    await house.deliver()
    assert await house.stored() == (0, 0)


async def test_a_lost_answer_repeats_once_and_is_counted(house: House) -> None:
    """The provider may have taken it: one more try, then the author is told; never two more."""
    group = await house.group()
    robin = await house.member(group, "Robin", ROBIN)
    await house.member(group, "Ana", ANA)
    lost = {"hello"}
    house.sms.answer = lambda out: (
        Later(why=Trouble.ANSWER_LOST, unsure=True) if out.text.reveal() in lost else Sent()
    )
    await house.say(robin, ROBIN, "hello")
    for _ in range(4):
        await house.deliver()
        house.clock.forward(hours=1)
    assert house.sms.texts_to(ANA) == ["hello", "hello"]
    assert house.sms.texts_to(ROBIN) == [wording.NOT_REACHED]
    assert (await house.tallies())["repeated"] == 1
    assert await house.stored() == (0, 0)


async def test_a_crash_while_sending_repeats_once_and_is_counted(house: House) -> None:
    """A claim that nobody settled is looked at again after its lease, once."""
    group = await house.group()
    robin = await house.member(group, "Robin", ROBIN)
    await house.member(group, "Ana", ANA)
    await house.say(robin, ROBIN, "hello")
    for crash in range(2):
        async with house.engine.database.writing() as c:
            now = house.clock.now()
            due = await house.engine.outbox.due(c, "sms", now, 10)
            rows = [d.again() if d.in_flight else d for d in due]
            await house.engine.outbox.claim(c, rows, crash + 1, now + timedelta(seconds=60))
        assert len(due) == 1
        house.clock.forward(seconds=61)
    await house.deliver()
    assert house.sms.texts_to(ANA) == []  # unsure twice: not a third time
    assert house.sms.texts_to(ROBIN) == [wording.NOT_REACHED]


async def test_never_is_told_to_the_author_or_a_facilitator(house: House) -> None:
    """A refused copy is told to its author; a dead contact to the facilitators, once."""
    group = await house.group()
    robin = await house.member(group, "Robin", ROBIN)
    await house.member(group, "Ana", ANA)
    await house.member(group, "Ivy", IVY, facilitator="yes")
    house.sms.answer = lambda out: (
        Sent() if out.to.reveal() == ROBIN else Never(why=Trouble.REFUSED)
    )
    await house.say(robin, ROBIN, "one")
    await house.deliver()
    assert house.sms.texts_to(ROBIN) == [wording.NOT_REACHED]
    house.sms.answer = lambda out: (
        Sent() if out.to.reveal() == ROBIN else Never(why=Trouble.BAD_CONTACT)
    )
    await house.say(robin, ROBIN, "two")
    await house.deliver()
    await house.say(robin, ROBIN, "three")
    await house.deliver()
    notices = [out.text.reveal() for out in house.email.sent if out.author is None]
    assert notices == [wording.UNREACHABLE.format(name="Ana")]
    assert house.sms.texts_to(ROBIN) == [wording.NOT_REACHED]
    assert house.sms.texts_to(ANA) == ["one", "two"]
    assert await house.stored() == (0, 0)


async def test_quiet_hours_hold_and_use_up_no_attempt(house: House) -> None:
    """A reader's night holds her copy, sealed, until its end; others get theirs at once."""
    group = await house.group(timezone="America/Chicago")
    robin = await house.member(group, "Robin", ROBIN)
    await house.member(group, "Ana", ANA, quiet="05:00-08:00")  # noon UTC is 06:00 in Chicago
    await house.member(group, "Ivy", IVY)
    await house.say(robin, ROBIN, "early")
    await house.say(robin, ROBIN, "bird")
    await house.deliver()
    assert house.sms.sent == []
    assert [o.text.reveal() for o in house.email.sent] == ["early", "bird"]
    house.clock.forward(hours=1, minutes=59)
    await house.deliver()
    assert house.sms.sent == []
    house.clock.forward(minutes=1)
    await house.deliver()
    assert house.sms.texts_to(ANA) == ["early", "bird"]
    assert await house.stored() == (0, 0)


async def test_the_end_of_life_is_told(house: House) -> None:
    """A body that outlived itself is dropped with its copies, and the author hears of it."""
    group = await house.group()
    robin = await house.member(group, "Robin", ROBIN)
    await house.member(group, "Ivy", IVY)
    house.email.answer = lambda out: Later(why=Trouble.UNREACHABLE)
    await house.say(robin, ROBIN, "hello")
    await house.deliver()
    house.clock.forward(hours=37)
    await house.sweeper.sweep()
    await house.deliver()
    assert house.sms.texts_to(ROBIN) == [wording.NOT_REACHED]
    assert await house.stored() == (0, 0)


async def test_keys_die_when_nothing_is_left(house: House) -> None:
    """A body's key is destroyed as soon as no body under it is stored, and not before."""
    group = await house.group()
    robin = await house.member(group, "Robin", ROBIN)
    await house.member(group, "Ana", ANA)
    await house.say(robin, ROBIN, "hello")
    await house.sweeper.sweep()
    assert len(house.engine.vault.body_keys()) == 1  # the post still waits
    await house.deliver()
    await house.sweeper.sweep()
    assert house.engine.vault.body_keys() == set()
    await house.say(robin, ROBIN, "again")  # under a new key, though the hour is the same
    await house.deliver()
    assert house.sms.texts_to(ANA) == ["hello", "again"]


async def test_machines_and_empty_words_go_nowhere(house: House) -> None:
    """An auto-reply ends in silence; a message without words is told to its author."""
    group = await house.group(longest="100")
    robin = await house.member(group, "Robin", ROBIN)
    await house.member(group, "Ana", ANA)
    auto, files = frozenset({Trait.AUTOMATIC}), frozenset({Trait.FILES_LEFT_OUT})
    await house.say(robin, ROBIN, "I am away", traits=auto)
    await house.say(robin, ROBIN, "  \n ")
    await house.say(robin, ROBIN, "", traits=files)
    await house.say(robin, ROBIN, "x" * 101)
    await house.say(robin, ROBIN, "see", traits=files)
    await house.deliver()
    assert house.sms.texts_to(ANA) == ["see"]
    assert house.sms.texts_to(ROBIN) == [
        wording.EMPTY,
        wording.ONLY_FILES,
        wording.TOO_LONG,
        wording.FILES_LEFT_OUT,
    ]


async def test_nothing_is_sealed_under_a_key_that_dies(house: House) -> None:
    """Sealing and shredding at the same time, from all sides: every body still opens."""
    group = await house.group()
    robin = await house.member(group, "Robin", ROBIN)
    await house.member(group, "Ana", ANA)
    stopped = asyncio.Event()

    async def shred() -> None:
        while not stopped.is_set():
            await house.sweeper.sweep()

    shredder = asyncio.create_task(shred())
    for _ in range(5):
        await asyncio.gather(*(house.say(robin, ROBIN, f"{n}") for n in range(8)))
        await house.deliver()
    stopped.set()
    await shredder
    assert len(house.sms.texts_to(ANA)) == 40
    assert await house.stored() == (0, 0)


async def test_a_mail_may_say_all_in_its_subject(house: House) -> None:
    """Words only in the subject are words; the subject of an empty answer is not."""
    group = await house.group()
    ivy = await house.member(group, "Ivy", IVY)
    await house.member(group, "Ana", ANA)
    for subject in ("Please call me", "Re: Thursday"):
        await house.say(ivy, IVY, " \n", subject=subject)
    await house.deliver()
    assert house.sms.texts_to(ANA) == ["Please call me"]
    assert [o.text.reveal() for o in house.email.sent] == [wording.EMPTY]


async def test_a_frozen_group_waits(house: House) -> None:
    """Frozen: nothing is taken in, what waits is held, and goes on after the thaw."""
    group = await house.group()
    robin = await house.member(group, "Robin", ROBIN)
    await house.member(group, "Ana", ANA)
    ivy = await house.member(group, "Ivy", IVY)
    await house.say(robin, ROBIN, "before")
    await house.engine.registrar.set_group_state("Tuesday", GroupState.FROZEN)
    await house.say(robin, ROBIN, "during")
    assert await house.say(ivy, IVY, "during") is Receipt.REFUSED
    await house.deliver()
    assert house.sms.texts_to(ANA) == []
    assert house.sms.texts_to(ROBIN) == [wording.FROZEN]
    await house.engine.registrar.set_group_state("Tuesday", GroupState.OPEN)
    house.clock.forward(minutes=6)
    await house.deliver()
    assert house.sms.texts_to(ANA) == ["before"]


async def test_stopping_the_courier_settles_what_is_under_way(house: House) -> None:
    """Cancellation waits for the answer of a send and writes it down: nothing goes twice."""
    group = await house.group()
    robin = await house.member(group, "Robin", ROBIN)
    await house.member(group, "Ana", ANA)
    await house.say(robin, ROBIN, "hello")
    house.sms.gate = asyncio.Event()
    courier = house.courier(house.sms)
    task = asyncio.create_task(courier.run())
    await house.sms.started.wait()
    task.cancel()
    await asyncio.sleep(0)
    house.sms.gate.set()
    with suppress(asyncio.CancelledError):
        await task
    assert await house.stored() == (0, 0)
    assert house.sms.texts_to(ANA) == ["hello"]
