"""The conformance suite, second half: what is promised by whoever calls an `Accept`."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from channels.contract import Inbound, Proof, Receipt
from channels.secret import REDACTED, Contact
from tests.conformance.bench import Door, Engine, Heard
from tests.conformance.copies import TEXT
from tests.conformance.suite import SCRIPTS


class WayIn:
    """The contract of an `Accept` and whoever calls it. A subclass has a fixture `door`."""

    @pytest.fixture
    async def engine(self, door: Door) -> Any:
        """The engine behind the door, and the door open."""
        made = Engine()
        await door.open(made.accept)
        yield made
        await door.close()

    async def test_a_message_comes_in_whole(self, door: Door, engine: Engine) -> None:
        """Who, where and what are as written, and all of it travels where it cannot be printed."""
        assert await door.write(TEXT) == [Heard.YES]
        (message,) = engine.taken
        sender = door.people[0]
        assert (message.channel, message.sender) == (door.kind, sender)
        assert (message.to, message.text.reveal().strip()) == (door.place, TEXT)
        assert message.proof is Proof.PROVEN
        assert message.refusal_is_heard is door.refusal_is_heard
        assert isinstance(message.sender, Contact)
        shown = repr(message).replace(REDACTED, "")
        for secret in (sender.reveal(), door.place.reveal(), *TEXT.split()):
            assert secret not in shown
            assert secret not in message.provider_id

    async def test_yes_is_heard_only_of_what_is_durable(self, door: Door, engine: Engine) -> None:
        """The provider waits for the engine: not before `Accept` returned does it hear anything."""
        engine.gate.clear()
        writing = asyncio.create_task(door.write(TEXT))
        await engine.entered.wait()
        assert not writing.done()
        assert door.said == []
        engine.gate.set()
        assert await writing == [Heard.YES]

    async def test_a_repeat_is_known_by_its_id(self, door: Door, engine: Engine) -> None:
        """One message has one id however often it comes, two have two; a repeat hears yes too."""
        engine.answers = [Receipt.TAKEN, Receipt.AGAIN]
        assert await door.write(TEXT, copies=2) == [Heard.YES, Heard.YES]
        assert await door.write("something else") == [Heard.YES]
        first, again, other = (message.provider_id for message in engine.taken)
        assert first == again != other
        assert door.said[0] == door.said[1]

    async def test_trouble_is_later(self, door: Door, engine: Engine, caplog: Any) -> None:
        """An exception of the engine makes the provider come again; nothing of it is told."""
        caplog.set_level(logging.DEBUG)
        engine.answers = [RuntimeError("nightingale trouble")]
        assert await door.write(TEXT, copies=2) == [Heard.LATER, Heard.YES]
        first, again = engine.taken
        assert first.provider_id == again.provider_id
        told = "\n".join(record.getMessage() for record in caplog.records) + door.said[0]
        for secret in ("nightingale", "trouble with", door.people[0].reveal()):
            assert secret not in told

    async def test_outsiders_learn_nothing(self, door: Door, engine: Engine) -> None:
        """Who is refused hears the same as anybody who is, and never "later"."""
        engine.answers = [Receipt.REFUSED] * 3
        heard = [await door.write(TEXT), await door.write("hello", who=1), await door.write("")]
        wanted = Heard.NO if door.refusal_is_heard else Heard.YES
        assert heard[:2] == [[wanted], [wanted]]
        assert len(set(door.said[:2])) == 1
        assert Heard.LATER not in heard[2]

    async def test_who_has_left_is_done_with(self, door: Door, engine: Engine) -> None:
        """Whether she is told or not, the provider does not come again."""
        engine.answers = [Receipt.FORMER]
        (heard,) = await door.write(TEXT)
        assert heard is not Heard.LATER

    async def test_nobody_speaks_for_another(self, door: Door, engine: Engine) -> None:
        """What only claims to be hers never comes in as proven to be."""
        await door.forge(TEXT)
        hers = [each for each in engine.taken if each.sender == door.people[0]]
        assert [each for each in hers if each.proof is Proof.PROVEN] == []

    async def test_words_of_every_script_come_in(self, door: Door, engine: Engine) -> None:
        """What was written is what the engine gets."""
        for words in SCRIPTS:
            assert await door.write(words) == [Heard.YES]
        assert [_plain(each) for each in engine.taken] == [words.split() for words in SCRIPTS]

    async def test_twenty_come_at_once(self, door: Door, engine: Engine) -> None:
        """Each is handed in once and under its own id."""
        texts = [f"number {n} of twenty" for n in range(20)]
        heard = await asyncio.gather(*(door.write(text, who=n % 2) for n, text in enumerate(texts)))
        assert heard == [[Heard.YES]] * 20
        assert sorted(each.text.reveal().strip() for each in engine.taken) == sorted(texts)
        assert len({each.provider_id for each in engine.taken}) == 20


def _plain(message: Inbound) -> list[str]:
    return message.text.reveal().split()
