"""Contract of the fake Twilio's faults: by script and by seeded chance, counted, with the truth."""

from __future__ import annotations

import asyncio
from collections import Counter

import aiohttp
import pytest

from relay.demo.carrier import Carrier, Fault
from tests.demo.carrierside import PHONE, Api, Program


async def _told(carrier: Carrier, count: int) -> None:
    await carrier.wait_for(lambda: len(carrier.callbacks) == count, timeout=5)


async def test_a_refusal_and_a_page_of_html_take_nothing(carrier: Carrier, api: Api) -> None:
    """429 with 20429; 503 and 500 by turns, as a page; the phone shows nothing, all is counted."""
    carrier.chaos(0, faults={Fault.REFUSE: 1})
    assert (await api.create())[1]["code"] == 20429
    carrier.chaos(0, faults={Fault.SERVER_ERROR: 1})
    assert [await api.create() for _ in range(3)] == [(500, None), (503, None), (500, None)]
    assert (carrier.taken, carrier.delivered) == ([], [])
    assert carrier.faults_done == {"refuse": 1, "server_error": 3}
    carrier.chaos(0)
    assert (await api.create())[0] == 201


async def test_callbacks_twice_out_of_order_and_not_at_all(
    carrier: Carrier, api: Api, program: Program
) -> None:
    """Each is scripted for one text; the record has the final status all the same."""
    url = program.url + "/s"
    carrier.script(Fault.CALLBACKS_REORDERED)
    _, resource = await api.create(StatusCallback=url)
    await _told(carrier, 2)
    assert program.statuses_heard() == ["delivered", "sent"]
    path = "{account}/Messages/" + resource["sid"] + ".json"
    assert (await api.ask("GET", path))[1]["status"] == "delivered"
    carrier.script("callback_duplicated", times=2)
    await api.create(StatusCallback=url)
    await _told(carrier, 6)
    assert program.statuses_heard()[2:] == ["sent", "sent", "delivered", "delivered"]
    carrier.script(Fault.CALLBACK_DROPPED, to=PHONE)
    await api.create(StatusCallback=url)
    await _told(carrier, 8)
    assert program.statuses_heard()[6:] == ["delivered"]
    assert carrier.callbacks[-2][1:] == ("sent", 0)
    assert carrier.faults_done == {
        "callbacks_reordered": 1, "callback_duplicated": 2, "callback_dropped": 1
    }  # fmt: skip


async def test_a_late_callback_holds_up_nothing(
    carrier: Carrier, api: Api, program: Program
) -> None:
    """`delivered` is there first; the late `sent` follows."""
    carrier.chaos(0, late=0.01)
    carrier.script(Fault.CALLBACK_LATE)
    await api.create(StatusCallback=program.url + "/s")
    await _told(carrier, 2)
    assert program.statuses_heard() == ["delivered", "sent"]


async def test_closing_does_not_wait_for_what_is_late(
    carrier: Carrier, api: Api, program: Program
) -> None:
    """An answer that would be an hour late comes when the fake ends."""
    carrier.chaos(0, faults={Fault.ANSWER_LATE: 1}, late=3600)
    creating = asyncio.create_task(api.create())
    await carrier.wait_for(lambda: len(carrier.taken) == 1, timeout=5)
    assert not creating.done()
    await asyncio.gather(carrier.close(), creating)
    assert creating.result()[0] == 201


async def test_whoever_does_not_wait_for_the_answer_has_lost_it(carrier: Carrier, api: Api) -> None:
    """A client that hangs up during a delay cannot know: that counts as a lost answer, too."""
    carrier.chaos(0, late=0.05)
    carrier.script(Fault.ANSWER_LATE)
    creating = asyncio.create_task(api.create())
    await carrier.wait_for(lambda: len(carrier.taken) == 1, timeout=5)
    creating.cancel()
    await asyncio.gather(creating, return_exceptions=True)
    await carrier.wait_for(lambda: carrier.taken[0].lost_answer, timeout=5)
    assert (await api.create())[0] == 201
    assert not carrier.taken[1].lost_answer


async def test_undelivered_by_chance_is_30003(carrier: Carrier, api: Api, program: Program) -> None:
    """Taken, then reported; the phone shows nothing, the truth says so."""
    carrier.chaos(0, faults={"undelivered": 1})
    await api.create(StatusCallback=program.url + "/s")
    await _told(carrier, 2)
    assert program.calls[-1][1]["ErrorCode"] == "30003"
    assert [taken.status for taken in carrier.taken] == ["undelivered"]
    assert carrier.delivered == []


async def test_an_incoming_text_may_come_twice_by_chance(
    carrier: Carrier, program: Program
) -> None:
    """The same id, posted twice, counted once."""
    carrier.chaos(1, faults=["webhook_duplicated"])
    await carrier.phone(PHONE).text("+15552000001", "hello")
    first, second = (fields for _, fields, _ in program.calls)
    assert first == second
    assert carrier.faults_done == {"webhook_duplicated": 1}


async def test_codes_by_chance(carrier: Carrier, api: Api) -> None:
    """What is not delivered has one of the codes asked for, the same again with the same seed."""

    async def codes(seed: int) -> list[int]:
        carrier.chaos(0, seed, {"undelivered": 1}, undelivered_codes=(30003, 30034, 30007))
        sids = [(await api.create())[1]["sid"] for _ in range(12)]
        await carrier.wait_for(lambda: all(t.status == "undelivered" for t in carrier.taken))
        paths = ["{account}/Messages/" + sid + ".json" for sid in sids]
        return [(await api.ask("GET", path))[1]["error_code"] for path in paths]

    first = await codes(1)
    assert set(first) == {30003, 30034, 30007}
    assert await codes(1) == first
    assert await codes(2) != first
    with pytest.raises(ValueError, match="needs a code"):
        carrier.chaos(undelivered_codes=())


@pytest.mark.parametrize("scripted", [True, False])
async def test_a_text_may_come_twice_at_once(carrier: Carrier, *, scripted: bool) -> None:
    """Neither post waits for the answer to the other."""
    both = asyncio.Barrier(2)
    came: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split()[0])
        came.append(await reader.readexactly(length))
        await both.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    carrier.set_webhook(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    if scripted:
        carrier.duplicate_webhook(overlap=True)
    else:
        carrier.chaos(1, faults=["webhook_duplicated"], overlap=True)
    async with asyncio.timeout(5):
        assert await carrier.phone(PHONE).text("+15552000001", "hello") == 200
    first, second = came
    assert first == second
    assert carrier.faults_done == {"webhook_duplicated": 1}
    server.close()
    await server.wait_closed()


async def test_a_page_of_html_may_hide_that_it_was_taken(carrier: Carrier, api: Api) -> None:
    """502 and 504 by turns, by script and by chance; the phone shows it, the answer is lost."""
    carrier.script("server_error_taken", to=PHONE)
    assert await api.create(Body="by script") == (502, None)
    carrier.chaos(0, faults={Fault.SERVER_ERROR_TAKEN: 1})
    assert await api.create(Body="by chance") == (504, None)
    carrier.chaos(0)
    assert (await api.create(Body="by chance"))[0] == 201
    assert [text.body for text in carrier.delivered] == ["by script", "by chance", "by chance"]
    assert [taken.lost_answer for taken in carrier.taken] == [True, True, False]
    (double,) = carrier.doubles().values()
    assert [taken.lost_answer for taken in double] == [True, False]
    assert carrier.faults_done == {"server_error_taken": 2}


async def test_doubles_are_told_apart_by_the_lost_answer(carrier: Carrier, api: Api) -> None:
    """The truth outlives deletion, and says which double a program could not have avoided."""
    carrier.lose_answer()
    with pytest.raises(aiohttp.ClientError):
        await api.create(Body="unsure")
    for body in ("unsure", "twice", "twice", "once"):
        _, resource = await api.create(Body=body)
    await _told(carrier, 10)
    await api.ask("DELETE", "{account}/Messages/" + resource["sid"] + ".json")
    doubles = carrier.doubles()
    assert {body: [copy.lost_answer for copy in doubles[PHONE, body]] for _, body in doubles} == {
        "unsure": [True, False],
        "twice": [False, False],
    }
    assert [taken.body for taken in carrier.taken] == ["unsure", "unsure", "twice", "twice", "once"]
    assert carrier.taken[-1].sid == resource["sid"]


async def test_the_same_seed_makes_the_same_faults(api: Api) -> None:
    """Whatever else is left to chance: each class has its own dice, near the rate asked for."""

    async def answers(seed: int, *faults: str) -> list[int]:
        api.carrier.chaos(0.3, seed, faults)
        return [(await api.create())[0] for _ in range(60)]

    first = await answers(7, Fault.REFUSE)
    assert await answers(7, Fault.REFUSE, Fault.UNDELIVERED) == first
    assert await answers(8, Fault.REFUSE) != first
    assert Counter(first).keys() == {201, 429}
    assert 6 <= first.count(429) <= 30


async def test_all_classes_at_once_are_counted(
    carrier: Carrier, api: Api, program: Program
) -> None:
    """With no names given every class strikes; what was lost and refused adds up to the truth."""
    carrier.chaos(0.3, seed=3, late=0)
    outcomes: Counter[object] = Counter()
    for number in range(60):
        try:
            status, _ = await api.create(Body=str(number), StatusCallback=program.url + "/s")
        except aiohttp.ClientError:
            status = 0
        outcomes[status] += 1
        await carrier.phone(PHONE).text("+15552000001", "hello", media=1)
        _, fields, _ = program.calls[-1]
        await api.get(fields.get("MediaUrl0", carrier.api_url), basic=True)
    done = carrier.faults_done
    assert set(done) == {fault.value for fault in Fault}
    assert outcomes[0] == done["answer_lost"]
    assert outcomes[502] + outcomes[504] == done["server_error_taken"]
    lost = done["answer_lost"] + done["server_error_taken"]
    assert lost == sum(taken.lost_answer for taken in carrier.taken)
    assert outcomes[429] == done["refuse"]
    assert outcomes[500] + outcomes[503] == done["server_error"]
    assert len(carrier.taken) == outcomes[201] + lost


async def test_a_class_that_is_none_is_a_mistake_of_the_test(carrier: Carrier) -> None:
    """No such fault: a plain error rather than no fault at all."""
    with pytest.raises(ValueError, match="typo"):
        carrier.chaos(faults=["typo"])
    with pytest.raises(ValueError, match="typo"):
        carrier.script("typo")


async def test_callbacks_come_over_kept_connections(carrier: Carrier, api: Api) -> None:
    """One connection serves many; where it turns out dead the callback takes a new one."""
    connections = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        for _ in range(4 if connections == 1 else 1):
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split()[0])
            await reader.readexactly(length)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        if connections == 1:
            await reader.readuntil(b"\r\n\r\n")  # the fifth gets no answer
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    carrier.set_webhook(url)
    for count in (2, 4, 6):
        await api.create(StatusCallback=url + "/s")
        await _told(carrier, count)
    assert connections == 3
    assert {answered for _, _, answered in carrier.callbacks} == {200}
    server.close()
    await server.wait_closed()
