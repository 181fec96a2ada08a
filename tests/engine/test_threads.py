"""Threads without a memory: ids only we can read, a different one for every reader."""

from __future__ import annotations

from channels.contract import Outgoing
from channels.secret import Secret
from tests.engine.conftest import House

IVY, OAK, ELM = "ivy@willow.example", "oak@willow.example", "elm@willow.example"


async def _talk(house: House) -> dict[tuple[str, str], Outgoing]:
    """Ivy writes, Oak answers, Elm answers that. What each got last, by address and text."""
    group = await house.group()
    ivy, oak, elm = [
        await house.member(group, name, contact)
        for name, contact in (("Ivy", IVY), ("Oak", OAK), ("Elm", ELM))
    ]
    await house.say(ivy, IVY, "one", subject="Tea")
    await house.deliver()
    got = _got(house)
    await house.say(oak, OAK, "two", subject="Re: Tea", answers=(got[OAK, "one"].message_id,))
    await house.deliver()
    got = _got(house)
    two = got[ELM, "two"]
    await house.say(elm, ELM, "three", answers=(*two.references, two.message_id))
    await house.deliver()
    return _got(house)


def _got(house: House) -> dict[tuple[str, str], Outgoing]:
    return {(out.to.reveal(), out.text.reveal()): out for out in house.email.sent}


async def test_an_answer_points_at_what_the_reader_got(house: House) -> None:
    """Each reader's References name the ids of her own copies, the oldest first."""
    got = await _talk(house)
    assert got[ELM, "two"].references == (got[ELM, "one"].message_id,)
    assert got[OAK, "three"].references[0] == got[OAK, "one"].message_id
    assert got[IVY, "three"].references[1] == got[IVY, "two"].message_id


async def test_no_two_readers_have_the_same_id(house: House) -> None:
    """Mail hosts cannot see from an id that two of their customers share a group."""
    got = await _talk(house)
    ids = [out.message_id.reveal() for out in got.values()]
    assert len(set(ids)) == len(ids) == 6
    assert got[OAK, "one"].list_id != got[ELM, "one"].list_id


async def test_an_id_works_only_for_whom_it_was_made(house: House) -> None:
    """Somebody else's id, or one that is made up, begins a new thread."""
    got = await _talk(house)
    group = (await house.engine.registrar.groups())[0]
    (_, members) = await house.engine.registrar.group(group.name.reveal())
    oak = next(m for m in members if m.name.reveal() == "Oak")
    foreign = (got[ELM, "one"].message_id, Secret("a" * 26), Secret("short"), Secret("b" * 26))
    await house.say(oak, OAK, "four", answers=foreign)
    await house.deliver()
    assert _got(house)[ELM, "four"].references == ()


async def test_a_thread_outlives_its_words(house: House) -> None:
    """The posts are gone with their keys; an answer still finds its thread."""
    got = await _talk(house)
    await house.sweeper.sweep()
    assert house.engine.vault.body_keys() == set()
    (_, members) = await house.engine.registrar.group("Tuesday")
    ivy = next(m for m in members if m.name.reveal() == "Ivy")
    await house.say(ivy, IVY, "later", answers=(got[IVY, "two"].message_id,))
    await house.deliver()
    assert _got(house)[ELM, "later"].references == (got[ELM, "two"].message_id,)
