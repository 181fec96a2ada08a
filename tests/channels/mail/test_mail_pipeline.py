"""Mail out, many at once over few connections: who got what is never guessed."""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.contract import Later, Never, Outcome, Sent, Trouble
from channels.mail.smarthost import Smarthost
from channels.secret import Contact
from tests.channels.mail.hostside import PIPELINING, Act, Fault, Host, Talk, host, smarthost
from tests.channels.mail.test_mail_listen import certificate

LOST = Later(why=Trouble.ANSWER_LOST, unsure=True)
UNREACHABLE = Later(why=Trouble.UNREACHABLE)
TIMEOUT = Later(why=Trouble.TIMEOUT)
REFUSED_FOR_NOW = Later(why=Trouble.REFUSED_FOR_NOW)
BAD = Never(why=Trouble.BAD_CONTACT)
OURS = Later(why=Trouble.NOT_CONFIGURED)

BOTH = pytest.mark.parametrize("offers", [PIPELINING, b""], ids=["pipelined", "one-by-one"])


def reader(number: int, domain: str = "willow.example") -> Contact:
    """A reader's address."""
    return Contact("email", f"m{number}@{domain}")


async def hand(out: Smarthost, number: int, domain: str = "willow.example") -> Outcome:
    """Hand over one copy, its words naming its reader."""
    words = f"Subject: {number}\r\n\r\n.for m{number}\r\n..\r\n".encode()
    return await out.hand_over(f"bounce+{number}@relay.example", reader(number, domain), words)


async def hand_all(out: Smarthost, count: int) -> list[Outcome]:
    """Hand over many at once."""
    return await asyncio.gather(*(hand(out, number) for number in range(count)))


def nothing_mixed_up(at: Host) -> None:
    """Each message lies under its own sender and recipient."""
    for sender, recipient, message in at.messages:
        number = recipient.decode()[1:].partition("@")[0]
        assert sender == f"bounce+{number}@relay.example".encode()
        assert message == f"Subject: {number}\r\n\r\n.for m{number}\r\n..\r\n".encode()


# The good case -----------------------------------------------------------------------------


async def test_envelopes_go_out_at_once_and_behind_the_dot_before() -> None:
    """A host that answers nothing before it has seen what may follow is not waited for.

    MAIL is answered when DATA is there, the first dot when the next MAIL is.
    """

    async def gate(talk: Talk, verb: str) -> None:
        wanted = {"MAIL": b"DATA\r\n", "DOT": b"MAIL FROM" if at.taken.total() == 0 else b""}
        while (text := wanted.get(verb, b"")) not in bytes(talk.reader._buffer):  # type: ignore[attr-defined]
            await asyncio.sleep(0)
            assert text

    async with host(gate=gate) as at, smarthost(at, connections=1) as out:
        assert await asyncio.wait_for(hand_all(out, 2), 20) == [Sent(), Sent()]
        assert len(at.talks) == 1
        nothing_mixed_up(at)


async def test_where_it_is_not_offered_every_command_waits_for_its_answer() -> None:
    """The host never finds more in its hands than the command it is at."""
    async with host(offers=b"") as at, smarthost(at, connections=2) as out:
        assert set(await hand_all(out, 12)) == {Sent()}
        assert not any(ahead for talk in at.talks for ahead in talk.ahead)
        assert at.taken == {reader(n).reveal().encode(): 1 for n in range(12)}
        nothing_mixed_up(at)


@BOTH
async def test_many_copies_over_few_connections(offers: bytes) -> None:
    """All arrive once, under their own envelope, dots as written, over kept connections."""
    async with host(offers=offers) as at, smarthost(at, connections=3) as out:
        for _ in range(2):
            assert set(await hand_all(out, 40)) == {Sent()}
        assert set(at.taken.values()) == {2}
        assert len(at.talks) <= 3
        nothing_mixed_up(at)


async def test_it_works_inside_starttls(tmp_path: Path) -> None:
    """The connection is taken over with its encryption."""
    cert, secret = certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert, secret)
    offers = PIPELINING + b"250-STARTTLS\r\n"
    async with (
        host(offers=offers, tls=context) as at,
        smarthost(at, require_tls=True, ca_file=str(cert), connections=2) as out,
    ):
        assert set(await hand_all(out, 20)) == {Sent()}
        assert [talk.lines[1] for talk in at.talks] == [b"STARTTLS"] * len(at.talks)
        nothing_mixed_up(at)


# Faults ------------------------------------------------------------------------------------

REPLIES: dict[str, dict[bytes, Outcome]] = {
    "MAIL": {b"451 4.3.0 later": REFUSED_FOR_NOW, b"550 5.7.1 no": OURS, b"530 log in": OURS},
    "RCPT": {
        b"450 4.2.1 grey": REFUSED_FOR_NOW,
        b"550 5.1.1 nobody m0@willow.example": BAD,
        b"550 no": REFUSED_FOR_NOW,
        b"550-5.2.1 shut\r\n550 5.2.1 down": Never(why=Trouble.REFUSED),
    },
    "DATA": {
        b"451 4.3.0 later": REFUSED_FOR_NOW,
        b"554 no": REFUSED_FOR_NOW,
        b"250 eh": REFUSED_FOR_NOW,
    },
    "DOT": {
        b"452 4.3.1 full": REFUSED_FOR_NOW,
        b"554 5.6.0 spam": Never(why=Trouble.REFUSED),
        b"550 5.1.1 nobody": BAD,
    },
}
CASES: list[tuple[str, Act, Outcome]] = [
    (verb, reply, outcome) for verb, found in REPLIES.items() for reply, outcome in found.items()
]
BREAKS = [
    (verb, fault, place, offers)
    for verb in REPLIES
    for fault in Fault
    for place in (0, 2)
    for offers in (PIPELINING, b"")
    if fault is not Fault.SILENCE or (place == 0) == (offers == b"")  # these are waited for
]


def once(verb: str, act: Act, for_reader: bytes = b"m0@") -> Any:
    """A script: one fault, at one step of one reader's first transaction."""
    left = deque([act])
    sender = b"bounce+" + for_reader.strip(b"m@") + b"@"

    def choose(talk: Talk, at: str) -> Act:
        ours = sender in next((ln for ln in reversed(talk.lines) if ln[:4] == b"MAIL"), b"")
        return left.popleft() if left and at == verb and ours else None

    return choose


@BOTH
@pytest.mark.parametrize(("verb", "reply", "expect"), CASES, ids=range(len(CASES)))
async def test_a_refusal_ends_one_copy_and_no_other(
    offers: bytes, verb: str, reply: bytes, expect: Outcome
) -> None:
    """Whatever is said no to, and where: that copy ends so, and those behind it arrive, once."""
    async with (
        host(offers=offers, choose=once(verb, reply)) as at,
        smarthost(at, connections=1) as out,
    ):
        found = await hand_all(out, 4)
        assert found == [expect, Sent(), Sent(), Sent()]
        assert at.taken == {reader(n).reveal().encode(): 1 for n in (1, 2, 3)}
        assert len(at.talks) == 1
        nothing_mixed_up(at)


@pytest.mark.parametrize(
    ("verb", "fault", "place", "offers"),
    BREAKS,
    ids=[f"{v}-{f.name}-{p or 'first'}-{o[4:8].decode()}" for v, f, p, o in BREAKS],
)
async def test_a_broken_connection_leaves_no_copy_in_the_wrong_state(
    verb: str, fault: Fault, place: int, offers: bytes
) -> None:
    """In doubt is a copy exactly if its dot went out unanswered; the others arrive once.

    Cut, silent, senseless or closing, at every step, first on its connection or behind another.
    """
    name = f"m{place}@".encode()
    wait = {"command_seconds": 0.6, "data_seconds": 0.6} if fault is Fault.SILENCE else {}
    async with (
        host(offers=offers, choose=once(verb, fault, name)) as at,
        smarthost(at, connections=1, **wait) as out,
    ):
        found = await hand_all(out, 4)
        got = found.pop(place)
        assert set(found) == {Sent()}
        whom = reader(place).reveal().encode()
        others = {reader(n).reveal().encode(): 1 for n in range(4) if n != place}
        if verb == "DOT":
            assert got == (REFUSED_FOR_NOW if fault is Fault.CLOSING else LOST)
        elif fault is Fault.SILENCE:
            assert got == TIMEOUT
        elif fault is Fault.CLOSING and verb != "MAIL":
            assert got == REFUSED_FOR_NOW
        else:
            assert got == (Sent() if place else UNREACHABLE)
        assert at.taken == (others | {whom: 1} if got == Sent() else others)
        nothing_mixed_up(at)


async def test_a_host_that_asks_for_a_message_to_nobody_gets_a_lone_dot() -> None:
    """RCPT refused and DATA answered with 354: no word of the message leaves."""

    def choose(talk: Talk, verb: str) -> Act:
        if b"RCPT TO:<m1@willow.example>" in talk.lines[-2:]:
            return {"RCPT": b"550 5.1.1 nobody", "DATA": b"354 go on"}.get(verb)
        return None

    async with host(choose=choose) as at, smarthost(at, connections=1) as out:
        assert await hand_all(out, 3) == [Sent(), BAD, Sent()]
        assert at.empty == [b""]
        assert len(at.talks) == 1
        nothing_mixed_up(at)


async def test_a_sender_refused_and_a_message_asked_for_gets_nothing() -> None:
    """MAIL refused, RCPT and DATA not: a dot might send something, so the connection is cut."""

    def choose(talk: Talk, verb: str) -> Act:
        if b"+1@" in next(ln for ln in reversed(talk.lines) if ln[:4] == b"MAIL"):
            return {"MAIL": b"550 no", "RCPT": b"250 ok", "DATA": b"354 go"}.get(verb)
        return None

    async with host(choose=choose) as at, smarthost(at, connections=1) as out:
        assert await hand_all(out, 3) == [Sent(), OURS, Sent()]
        assert at.empty == []
        assert len(at.talks) == 2


@BOTH
async def test_a_host_that_closes_after_each_message_costs_nobody_an_attempt(
    offers: bytes,
) -> None:
    """421 instead of an answer to the next envelope: it goes over a fresh connection."""

    def choose(talk: Talk, verb: str) -> Act:
        used = sum(line[:4] == b"MAIL" for line in talk.lines) > 1
        return Fault.CLOSING if verb == "MAIL" and used else None

    async with host(offers=offers, choose=choose) as at, smarthost(at, connections=2) as out:
        assert set(await hand_all(out, 12)) == {Sent()}
        assert set(at.taken.values()) == {1}


async def test_a_word_nobody_asked_for_ends_an_idle_connection() -> None:
    """421 while nothing is under way is not taken for the answer to the next command."""
    async with host() as at, smarthost(at, connections=1) as out:
        assert await hand(out, 1) == Sent()
        at.talks[0].writer.write(b"421 4.4.2 idle\r\n250 ok\r\n250 ok\r\n354 go\r\n250 ok\r\n")
        await asyncio.wait_for(at.talks[0].over.wait(), 20)  # long before its idle time is over
        assert await hand(out, 2) == Sent()
        assert at.taken.total() == 2
        assert len(at.talks) == 2


async def test_an_endless_reply_is_cut_off() -> None:
    """A host that never ends its reply does not fill our memory; the copy is not in doubt."""

    def choose(_talk: Talk, verb: str) -> Act:
        return b"250-more\r\n" * 8_000 + b"250 ok" if verb == "RCPT" else None

    async with host(choose=choose) as at, smarthost(at, connections=1) as out:
        assert await hand(out, 1) == UNREACHABLE
        assert at.taken.total() == 0


# Random faults -----------------------------------------------------------------------------

ACTS: list[Act] = [
    None,
    None,
    None,
    None,
    b"451 4.3.0 later",
    b"550 5.1.1 nobody",
    b"354 go",
    Fault.DROP,
    Fault.HALF,
    Fault.GARBAGE,
    Fault.CLOSING,
]


@settings(max_examples=60, deadline=None)
@given(
    script=st.lists(st.sampled_from(ACTS), max_size=60),
    offers=st.sampled_from([PIPELINING, b""]),
    connections=st.integers(1, 3),
    takes=st.booleans(),
)
async def test_whatever_the_host_does_no_copy_is_lost_and_reported_sent(
    script: list[Act], offers: bytes, connections: int, takes: bool
) -> None:
    """Sent means taken, once; not sent and not in doubt means not taken; never taken twice.

    In doubt is what the host had whole and did not answer, and nothing else.
    """
    left = deque(script)

    def choose(_talk: Talk, _verb: str) -> Act:
        return left.popleft() if left else None

    async with (
        host(offers=offers, choose=choose, takes_before_failing=takes) as at,
        smarthost(at, connections=connections, command_seconds=5.0, data_seconds=5.0) as out,
    ):
        found = await asyncio.wait_for(hand_all(out, 8), 60)
        for number, outcome in enumerate(found):
            whom = reader(number).reveal().encode()
            taken, doubtful = at.taken[whom], at.doubtful[whom]
            assert taken <= 1
            if outcome == Sent():
                assert (taken, doubtful) == (1, 0)
            elif isinstance(outcome, Later) and outcome.unsure:
                assert taken <= doubtful == 1
            else:
                assert (taken, doubtful) == (0, 0)
        nothing_mixed_up(at)


# Who gives up and who waits ----------------------------------------------------------------


async def test_a_copy_called_back_behind_another_does_not_put_that_one_in_doubt() -> None:
    """She stops while her envelope is out and the message before hers is not answered yet.

    Hers never leaves, the other one is known to have arrived, and the next go on.
    """
    behind, go_on = asyncio.Event(), asyncio.Event()

    async def gate(talk: Talk, verb: str) -> None:
        if verb == "DOT" and not go_on.is_set():
            while b"<m1@" not in bytes(talk.reader._buffer):  # type: ignore[attr-defined]
                await asyncio.sleep(0)
            behind.set()
            await go_on.wait()

    async with host(gate=gate) as at, smarthost(at, connections=1) as out:
        first = asyncio.create_task(hand(out, 0))
        second = asyncio.create_task(hand(out, 1))
        await behind.wait()
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        go_on.set()
        assert await first == Sent()
        assert await hand(out, 2) == Sent()
        assert sorted(at.taken) == [b"m0@willow.example", b"m2@willow.example"]
        assert at.empty == []


async def test_a_copy_called_back_after_its_dot_leaves_the_connection_in_use() -> None:
    """What has gone cannot be called back; its answer is read, and belongs to nobody else."""
    sent_off, go_on = asyncio.Event(), asyncio.Event()

    async def gate(_talk: Talk, verb: str) -> None:
        if verb == "DOT":
            sent_off.set()
            await go_on.wait()

    refuse = once("DOT", b"554 5.6.0 no")
    async with host(gate=gate, choose=refuse) as at, smarthost(at, connections=1) as out:
        first = asyncio.create_task(hand(out, 0))
        await sent_off.wait()
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        second = asyncio.create_task(hand(out, 1))
        go_on.set()
        assert await second == Sent()
        assert at.taken == {b"m1@willow.example": 1}
        assert len(at.talks) == 1


async def test_a_copy_called_back_as_the_host_asks_for_it_does_not_leave() -> None:
    """Her STOP and the 354 meet in one turn of the loop: no word of the message goes out."""
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def gate(_talk: Talk, verb: str) -> None:
        if verb == "DATA":
            asked.set()
            await go_on.wait()

    async with host(gate=gate, offers=b"") as at, smarthost(at, connections=1) as out:
        first = asyncio.create_task(hand(out, 0))
        await asked.wait()
        first.cancel()
        out._pipes[0].data_received(b"354 go\r\n")
        with pytest.raises(asyncio.CancelledError):
            await first
        go_on.set()
        await at.talks[0].over.wait()
        assert await hand(out, 1) == Sent()
        assert at.taken == {b"m1@willow.example": 1}


async def test_a_copy_that_waited_too_long_is_not_sent_later() -> None:
    """Its time was over while it waited: it is late, not in doubt, and never leaves any more.

    The one that was sent off, and whose answer did not come in time, is in doubt.
    """
    go_on = asyncio.Event()

    async def gate(_talk: Talk, verb: str) -> None:
        if verb == "DOT":
            await go_on.wait()

    async with host(gate=gate) as at, smarthost(at, connections=1, send_seconds=0.4) as out:
        found = await hand_all(out, 4)
        assert found == [LOST, TIMEOUT, TIMEOUT, TIMEOUT]
        go_on.set()
        while await hand(out, 9) != Sent():  # on a busy machine its own time may pass
            pass
        assert set(at.taken) <= {b"m0@willow.example", b"m9@willow.example"}


async def test_a_copy_given_up_frees_its_connection() -> None:
    """A host that fell silent in the middle does not hold up what comes after her time was over."""
    async with (
        host(choose=once("RCPT", Fault.SILENCE)) as at,
        smarthost(at, connections=1, send_seconds=0.5, command_seconds=600.0) as out,
    ):
        assert await hand(out, 0) == TIMEOUT
        while await hand(out, 1) != Sent():  # on a busy machine its own time may pass
            assert len(at.talks) > 1
        assert at.taken == {b"m1@willow.example": 1}


async def test_a_slow_domain_does_not_hold_every_connection() -> None:
    """Copies for a domain that does not answer leave connections for all others."""
    go_on = asyncio.Event()

    async def gate(talk: Talk, verb: str) -> None:
        if verb == "DOT" and talk.recipient.endswith(b"slow.example"):
            await go_on.wait()

    async with host(gate=gate) as at, smarthost(at, connections=4, domain_connections=2) as out:
        assert set(await hand_all(out, 8)) == {Sent()}  # all four are open now
        slow = [asyncio.create_task(hand(out, n, "slow.example")) for n in range(20, 30)]
        await asyncio.sleep(0)
        for number in range(10, 20):
            assert await asyncio.wait_for(hand(out, number), 20) == Sent()
        held = {talk.number for talk in at.talks if b"slow.example" in b"".join(talk.lines[-3:])}
        assert len(held) <= 2
        go_on.set()
        assert {await task for task in slow} == {Sent()}
        assert set(at.taken.values()) <= {1, 2}


async def test_fewer_connections_than_we_would_like_are_enough() -> None:
    """A host that takes two and turns away the rest with 421 gets everything over two."""

    class Few(Host):
        async def serve(self, r: asyncio.StreamReader, w: asyncio.StreamWriter) -> None:
            if len(self.talks) >= 2:
                w.write(b"421 4.7.0 too many\r\n")
                await w.drain()
                w.close()
                return
            await super().serve(r, w)

    at = Few()
    server = await asyncio.start_server(at.serve, "127.0.0.1", 0)
    at.port = server.sockets[0].getsockname()[1]
    async with smarthost(at, connections=8) as out:
        assert set(await hand_all(out, 30)) == {Sent()}
        assert set(at.taken.values()) == {1}
    server.close()
    await at.end()
    await server.wait_closed()


async def test_nobody_waits_for_a_host_that_is_not_there() -> None:
    """However many are in hand, they are told at once."""
    async with host() as at:
        port = at.port
    at.port = port
    async with smarthost(at, connections=2) as out:
        assert set(await hand_all(out, 30)) == {UNREACHABLE}


async def test_closing_ends_what_waits_and_lets_what_is_under_way_end() -> None:
    """The message that is out is answered; those that wait go another time."""
    sent_off, go_on = asyncio.Event(), asyncio.Event()

    async def gate(_talk: Talk, verb: str) -> None:
        if verb == "DOT":
            sent_off.set()
            await go_on.wait()

    async with host(gate=gate, offers=b"") as at, smarthost(at, connections=1) as out:
        tasks = [asyncio.create_task(hand(out, n)) for n in range(3)]
        await sent_off.wait()
        await out.close()
        go_on.set()
        assert await asyncio.gather(*tasks) == [Sent(), UNREACHABLE, UNREACHABLE]
        assert await hand(out, 4) == UNREACHABLE
        assert at.taken.total() == 1


# What is asked for behind MAIL FROM ----------------------------------------------------------


async def test_letters_outside_ascii_only_where_they_are_understood() -> None:
    """A local part in UTF-8 goes out as it is under SMTPUTF8, and not at all without."""
    to = Contact("email", "zoë@willow.example")
    async with host(offers=b"250-SMTPUTF8\r\n" + PIPELINING) as at, smarthost(at) as out:
        assert await out.hand_over("b@relay.example", to, b"A: b\r\n\r\nc\r\n") == Sent()
        assert await hand(out, 1) == Sent()
        assert b"MAIL FROM:<b@relay.example> SMTPUTF8" in at.commands()
        assert "RCPT TO:<zoë@willow.example>".encode() in at.commands()
        assert b"MAIL FROM:<bounce+1@relay.example>" in at.commands()
    async with host() as at, smarthost(at) as out:
        assert await out.hand_over("b@relay.example", to, b"A: b\r\n\r\nc\r\n") == OURS
        assert await hand(out, 1) == Sent()
        assert not any(b"zo" in line or b"UTF8" in line for line in at.commands())


async def test_tls_onward_is_asked_for_only_where_it_is_offered() -> None:
    """REQUIRETLS goes with a copy where it is wanted and offered; else it goes without."""
    offers = b"250-REQUIRETLS\r\n" + PIPELINING
    for wanted, offered, expect in [
        (True, offers, b"MAIL FROM:<bounce+1@relay.example> REQUIRETLS"),
        (True, PIPELINING, b"MAIL FROM:<bounce+1@relay.example>"),
        (False, offers, b"MAIL FROM:<bounce+1@relay.example>"),
    ]:
        async with host(offers=offered) as at, smarthost(at, require_tls_onward=wanted) as out:
            assert await hand(out, 1) == Sent()
            assert expect in at.commands()


@pytest.mark.parametrize("bad", ["a b@c.example", "a>\r\nDATA@c.example", "", "<a@c.example"])
async def test_no_command_can_be_written_into_an_address(bad: str) -> None:
    """What cannot stand between the brackets is not put there."""
    async with host() as at, smarthost(at) as out:
        with pytest.raises(ValueError, match="command"):
            await out.hand_over("b@relay.example", Contact("email", bad), b"A: b\r\n\r\n")
        assert at.talks == []
