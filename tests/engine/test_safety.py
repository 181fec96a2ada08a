"""What must hold when things go wrong at once: races, poison, clocks, other processes."""

from __future__ import annotations

import asyncio
import secrets
from datetime import timedelta

import pytest
import sqlalchemy as sa

from channels.contract import Later, Never, Receipt, Sent, Trouble
from channels.gsm import Encoding, encoding, segments
from policies.facts import GroupState, MemberState
from relay import wording
from relay.clock import stopwatch
from relay.duty import Reached
from relay.errors import RefusalError
from relay.model import show_id
from relay.store.tables import MEMBER
from relay.sweeper import Sweeper
from relay.vault import master
from relay.vault.vault import UnsealError, Vault
from relay.wording import danger
from tests.engine.conftest import House
from tests.support.cries import unnumbered

ROBIN, ANA, SOL = "+12025550101", "+12025550102", "+12025550103"
IVY = "ivy@willow.example"


async def test_what_one_group_must_hold_does_not_delay_another(house: House) -> None:
    """A hundred frozen copies in front: the other group's message leaves in the same claim."""
    frozen, other = await house.group("frozen"), await house.group("other")
    robin = await house.member(frozen, "Robin", ROBIN)
    for n in range(10):
        await house.member(frozen, f"Wren {n}", f"+1202555{n:04}")
    for n in range(10):
        await house.say(robin, ROBIN, f"{n}")
    await house.engine.registrar.set_group_state("frozen", GroupState.FROZEN)
    ana = await house.member(other, "Ana", ANA)
    await house.member(other, "Sol", SOL)
    await house.say(ana, ANA, "now")
    (parcel,) = await house.courier(house.sms)._fill()
    assert parcel.due.group_id == other.id


async def test_one_row_that_does_not_open_ends_alone(house: House) -> None:
    """A reader whose card is damaged misses her copy, which is told; all others get theirs."""
    group = await house.group()
    robin = await house.member(group, "Robin", ROBIN)
    ana = await house.member(group, "Ana", ANA)
    await house.member(group, "Sol", SOL)
    await house.say(robin, ROBIN, "hello")
    async with house.engine.database.writing() as c:
        noise = secrets.token_bytes(200)
        await c.execute(sa.update(MEMBER).where(MEMBER.c.id == ana.id).values(card=noise))
    await house.deliver()
    assert house.sms.texts_to(SOL) == ["hello"]
    assert house.sms.texts_to(ROBIN) == [wording.NOT_REACHED]
    assert await house.stored() == (0, 0)


async def test_bad_news_waits_for_the_morning(house: House) -> None:
    """What was not reached is told after the author's quiet hours; answers to her come at once."""
    group = await house.group()
    robin = await house.member(group, "Robin", ROBIN, quiet="11:00-13:00", timezone="UTC")
    await house.member(group, "Ivy", IVY)
    house.email.answer = lambda out: Never(why=Trouble.REFUSED)
    await house.say(robin, ROBIN, "hello")
    await house.say(robin, ROBIN, " ")
    await house.deliver()
    assert house.sms.texts_to(ROBIN) == [wording.EMPTY]
    house.clock.forward(hours=1)
    await house.deliver()
    assert house.sms.texts_to(ROBIN) == [wording.EMPTY, wording.NOT_REACHED]


async def test_with_no_facilitator_the_authors_are_told_of_a_dead_contact(house: House) -> None:
    """Every author of a copy that waited for her hears that somebody was not reached."""
    group = await house.group()
    robin = await house.member(group, "Robin", ROBIN)
    sol = await house.member(group, "Sol", SOL)
    await house.member(group, "Ivy", IVY)
    house.email.answer = lambda out: Never(why=Trouble.BAD_CONTACT)
    await house.say(robin, ROBIN, "one")
    await house.say(sol, SOL, "two")
    await house.deliver()
    assert wording.NOT_REACHED in house.sms.texts_to(ROBIN)
    assert wording.NOT_REACHED in house.sms.texts_to(SOL)
    assert await house.stored() == (0, 0)


async def test_a_closed_group_ends_what_waits_and_says_so(house: House) -> None:
    """Copies held for the night end when the group is closed, and their author is told."""
    group = await house.group()
    robin = await house.member(group, "Robin", ROBIN)
    await house.member(group, "Ana", ANA, quiet="11:00-20:00", timezone="UTC")
    await house.say(robin, ROBIN, "later")
    await house.deliver()
    await house.engine.registrar.set_group_state("Tuesday", GroupState.CLOSED)
    await house.deliver()
    assert house.sms.texts_to(ROBIN) == [wording.NOT_REACHED]
    await house.say(robin, ROBIN, "anybody?")
    await house.deliver()
    assert house.sms.texts_to(ROBIN)[1:] == [wording.ENDED]
    assert await house.stored() == (0, 0)


async def test_removing_the_last_reader_forgets_the_post(house: House) -> None:
    """Her copy, the post nobody else waits for, and the keys of both are gone at once."""
    group = await house.group()
    robin = await house.member(group, "Robin", ROBIN)
    ana = await house.member(group, "Ana", ANA)
    await house.say(robin, ROBIN, "hello")
    await house.engine.registrar.remove_member(show_id(ana.id))
    assert await house.stored() == (0, 0)
    await house.sweeper.sweep()
    assert house.engine.vault.body_keys() == set()


async def test_a_key_left_by_a_crash_is_found_and_destroyed(house: House) -> None:
    """A process died between removing somebody and destroying her key: the sweep does it."""
    house.engine.vault.admit(12345, house.clock.now())
    sealed = house.engine.vault.seal(12345, "contact", ROBIN)
    group = await house.group()
    robin = await house.member(group, "Robin", ROBIN)
    house.clock.forward(hours=2)
    await house.sweeper.sweep()
    with pytest.raises(UnsealError):
        house.engine.vault.open(12345, "contact", sealed)
    assert (await house.engine.registrar.contact_of(robin)).reveal() == ROBIN


async def test_what_another_process_destroyed_is_gone_here_too(house: House) -> None:
    """A member removed by the command line cannot be opened from an old row by the server."""
    group = await house.group()
    robin = await house.member(group, "Robin", ROBIN)
    async with house.engine.database.reading() as c:
        query = sa.select(MEMBER.c.contact, MEMBER.c.card).where(MEMBER.c.id == robin.id)
        row = (await c.execute(query)).one()
    settings = house.engine.settings
    other = Vault(settings.data_dir / "keys", master.load(settings.master_key))
    other.forget([robin.id])
    with pytest.raises(UnsealError):
        house.engine.roster.open_contact(robin.id, "sms", row.contact)
    with pytest.raises(UnsealError):
        house.engine.roster.member_settings(robin.id, row.card)


async def test_an_answer_we_know_is_not_repeated_after_an_outage(house: House) -> None:
    """The store is away for longer than the lease while an answer waits: no second copy."""
    group = await house.group()
    robin = await house.member(group, "Robin", ROBIN)
    await house.member(group, "Ana", ANA)
    await house.say(robin, ROBIN, "hello")
    courier = house.courier(house.sms)
    (parcel,) = await courier._fill()
    courier._in_hand.add(parcel.due.id)
    await courier._send(parcel)
    house.clock.forward(minutes=5)  # the lease is long over, the answer not yet written down
    assert await courier._fill() == []
    await courier._write_down([courier._results.get_nowait()])
    assert house.sms.texts_to(ANA) == ["hello"]
    assert await house.stored() == (0, 0)


async def test_a_clock_that_leaps_ends_nothing(house: House) -> None:
    """Two days forward in a moment: held posts stay, until the clock has gone on steadily."""
    sweeper = Sweeper(house.engine, lambda: None, stopwatch=stopwatch)
    group = await house.group()
    robin = await house.member(group, "Robin", ROBIN)
    await house.member(group, "Ana", ANA)
    await sweeper.sweep()
    await house.say(robin, ROBIN, "hello")
    house.clock.forward(days=2)
    await sweeper.sweep()
    await sweeper.sweep()
    assert await house.stored() == (1, 1)


async def test_who_stopped_comes_back_only_by_explicit_words(house: House) -> None:
    """START is answered, correcting a date changes nothing, `state=active` does."""
    group = await house.group()
    robin = await house.member(group, "Robin", ROBIN)
    await house.say(robin, ROBIN, "STOP")
    assert await house.say(robin, ROBIN, "START") is Receipt.TAKEN
    await house.deliver()
    assert house.sms.texts_to(ROBIN) == [wording.STOPPED, wording.WAY_BACK]
    registrar, key = house.engine.registrar, show_id(robin.id)
    changed = await registrar.change_member(key, {"agreed": "2026-11-02"})
    assert changed.state is MemberState.STOPPED
    with pytest.raises(RefusalError):
        await registrar.change_member(key, {"state": "invited"})
    changed = await registrar.change_member(key, {"state": "active"})
    assert changed.state is MemberState.ACTIVE
    ana = await house.member(group, "Ana", ANA)
    await house.say(ana, ANA, "start")  # from a member it is a word like any other
    await house.deliver()
    assert house.sms.texts_to(ROBIN)[-1] == "start"


async def test_stop_is_never_undone_by_a_change_at_the_same_moment(house: House) -> None:
    """STOP and the command line write the same row together: she stays stopped."""
    group = await house.group()
    robin = await house.member(group, "Robin", ROBIN)
    registrar, key = house.engine.registrar, show_id(robin.id)
    for n in range(8):
        await registrar.change_member(key, {"state": "active"})
        await asyncio.gather(
            *(registrar.change_member(key, {"quiet": f"0{n}:0{m}-09:00"}) for m in range(3)),
            house.say(robin, ROBIN, "STOP"),
        )
        assert (await registrar.member(key)).state is MemberState.STOPPED


async def test_posts_removals_and_stops_together_break_nothing(house: House) -> None:
    """No message in is lost to another transaction, and in the end nothing is left."""
    group = await house.group()
    robin = await house.member(group, "Robin", ROBIN)
    house.sms.answer = lambda out: Later(why=Trouble.BUSY) if secrets.randbelow(8) == 0 else Sent()
    for n in range(6):
        people = [await house.member(group, f"Wren {n} {m}", f"+1202555{n}{m}23") for m in range(4)]
        work = [house.say(robin, ROBIN, f"{n}.{m}") for m in range(6)]
        work += [house.say(p, f"+1202555{n}{m}23", "STOP") for m, p in enumerate(people[:2])]
        removals = [house.engine.registrar.remove_member(show_id(p.id)) for p in people[2:]]
        delivering = asyncio.create_task(house.deliver())
        receipts, _ = await asyncio.gather(asyncio.gather(*work), asyncio.gather(*removals))
        assert set(receipts) == {Receipt.TAKEN}
        await delivering
    for _ in range(6):
        house.clock.forward(minutes=40)
        await house.deliver()
    house.clock.forward(hours=40)
    await house.sweeper.sweep()
    await house.deliver()
    assert await house.stored() == (0, 0)


async def test_two_at_once_under_one_name_get_one_plain_refusal(house: House) -> None:
    """The loser of a race hears the same sentence as one who came later."""
    group = await house.group()
    results = await asyncio.gather(
        house.member(group, "Wren", ROBIN),
        house.member(group, "Wren", ANA),
        house.member(group, "wren", SOL),
        return_exceptions=True,
    )
    refused = [r for r in results if isinstance(r, BaseException)]
    assert len(refused) == 2
    assert all(isinstance(r, RefusalError) and "pseudonym" in str(r) for r in refused)


async def test_a_settler_that_dies_stops_the_courier(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If outcomes can no longer be written down, nothing more is sent, and it is known."""
    group = await house.group()
    robin = await house.member(group, "Robin", ROBIN)
    await house.member(group, "Ana", ANA)
    courier = house.courier(house.sms)

    async def broken(batch: object) -> None:
        raise MemoryError

    monkeypatch.setattr(courier, "_write_down", broken)
    await house.say(robin, ROBIN, "hello")
    monkeypatch.setattr(courier, "_lease", timedelta(seconds=5))

    async def finish(settler: asyncio.Task[None]) -> None:
        settler.cancel()

    monkeypatch.setattr(courier, "_finish", finish)
    with pytest.raises(MemoryError):
        await asyncio.wait_for(courier.run(), 10)
    assert house.sms.texts_to(ANA) == ["hello"]


async def test_help_is_answered_and_brought_to_facilitators(house: House) -> None:
    """HELP belongs to the carriers and may be a cry: not fanned out, and not lost."""
    group = await house.group()
    robin = await house.member(group, "Robin", ROBIN)
    await house.member(group, "Ana", ANA)
    await house.member(group, "Ivy", IVY, facilitator="yes")
    await house.say(robin, ROBIN, "HELP")
    await house.deliver()
    assert house.sms.texts_to(ANA) == []
    assert house.sms.texts_to(ROBIN) == [danger.help_answer("Group relay", "", "", Reached.ON_DUTY)]
    assert unnumbered(o.text.reveal() for o in house.email.sent) == [
        danger.WROTE_HELP.format(name="Robin", short="")
    ]
    await house.say(robin, ROBIN, "stop")
    await house.say(robin, ROBIN, "help")
    await house.deliver()
    assert house.sms.texts_to(ROBIN) == [
        danger.help_answer("Group relay", "", "", Reached.ON_DUTY),
        danger.help_answer("Group relay", "", "", Reached.ON_DUTY),  # it stands behind nothing
        wording.STOPPED,
    ]
    assert len(house.email.sent) == 2  # whoever had her say stop, her cry is heard


async def test_a_cry_nobody_could_hear_is_not_said_to_be_heard(house: House) -> None:
    """Without a facilitator who can be told, the answer says so, and whom to call."""
    group = await house.group(crisis="988")
    robin = await house.member(group, "Robin", ROBIN, facilitator="yes")
    await house.say(robin, ROBIN, "HELP")
    await house.deliver()
    assert house.sms.texts_to(ROBIN) == [
        danger.help_answer("Group relay", "", "988", Reached.NOBODY)
    ]


def test_texts_of_the_programme_are_one_segment() -> None:
    """Whatever the relay says by itself fits into one text of 160 plain letters."""
    fills = {"name": "x" * 24, "count": 9999, "sign": "+", "signs": "+ 1", "programme": ""}
    texts = [v.format_map(fills) for k, v in vars(wording).items() if k.isupper() and k[0] != "_"]
    texts.append(danger.help_answer("P" * 30, "r" * 20, "c" * 20, Reached.ON_DUTY))
    assert len(texts) > 10
    assert [t for t in texts if segments(t) > 1 or encoding(t) is not Encoding.GSM_7] == []


async def test_nobody_speaks_in_another_members_voice(house: House) -> None:
    """A later line that begins like another member's text is marked; other words are not."""
    group = await house.group()
    robin = await house.member(group, "Robin", ROBIN)
    await house.member(group, "Ana", ANA)
    await house.member(group, "Lou", SOL)
    said = "hi\nLou: I told him\nl0u : where we meet\nNote: bring tea\nRobin: me again\nHim: no"
    await house.say(robin, ROBIN, said)
    await house.deliver()
    assert house.sms.texts_to(ANA) == [
        "hi\n> Lou: I told him\n> l0u : where we meet\nNote: bring tea\nRobin: me again\nHim: no"
    ]
