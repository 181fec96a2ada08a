"""The conformance suite: what `channels.contract` promises, shown of any channel.

A channel passes it with a test class that inherits `WayOut` and has a fixture `bench`, and one
that inherits `suite_in.WayIn` and has a fixture `door` (docs/adding-a-channel.md). What is asked
here is asked of every channel alike; what only one of them can do is in its own tests.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from channels.contract import (
    NO_WORDS,
    Channel,
    Later,
    Never,
    Outcome,
    Picture,
    PictureKind,
    Piece,
    Sent,
    Trouble,
)
from channels.secret import Secret
from tests.conformance.bench import NOW, Bench, World
from tests.conformance.copies import CANARIES, TEXT, inside, outgoing, send, token, watched_tasks

PATIENCE = 0.4
"""Seconds: how long a channel waits that is to run out of patience."""
TURNS = 50
"""Of the loop, in which what was called back has ended."""
LONG = " ".join(f"word{number}" for number in range(700))
SCRIPTS = (
    "Grüße, señora — ça va?", "Привет, как дела", "مرحبا كيف الحال", "שלום לכולם", "大家好，今天见",
    "こんにちは", "안녕하세요", "नमस्ते दोस्तों", "สวัสดีทุกคน", "👩‍👩‍👧 🇺🇦 👍🏽", "e\u0301 combined",
    "f(x) = {a|b} ~ [c] ^ \\ €", "one\n\ntwo\nthree", "<b>no tag</b> &amp; \"quotes\" 'all' %0D%0A",
)  # fmt: skip
NAMES = ("Robin", "Zoë", "小明", "يوسف", "O'Neil Jr.", "Ana, B", "Ноль")
HOSTILE = (
    "a\r\nBcc: {other}", "a\nTo: {other}", "a\rX: y", "a\u2028X: y", "a\x85X: y", "a\x00b",
    "\ud800x", "a&To={other}&Body=x", "a\r\n.\r\nRCPT TO:<{other}>", '"\r\n\r\nwords',
    "=?utf-8?q?a=0ABcc:_b?=", "../../{other}", "<{other}>", "%0d%0aBcc: {other}",
)  # fmt: skip
UNSEEN = dict.fromkeys(map(ord, "\u2066\u2067\u2068\u2069\u200e\u200f"))
"""Direction marks: nobody sees them."""


def _is_later(outcome: Outcome, *, unsure: bool) -> bool:
    return isinstance(outcome, Later) and outcome.unsure is unsure


ENDINGS: dict[World, Callable[[Outcome], bool]] = {
    World.TAKES: lambda outcome: isinstance(outcome, Sent),
    World.BUSY: lambda outcome: _is_later(outcome, unsure=False),
    World.NOBODY: lambda outcome: outcome == Never(why=Trouble.BAD_CONTACT),
    World.NONSENSE: lambda outcome: isinstance(outcome, Later),
    World.LOSES_ANSWER: lambda outcome: _is_later(outcome, unsure=True),
    World.HANGS: lambda outcome: _is_later(outcome, unsure=True),
    World.GONE: lambda outcome: _is_later(outcome, unsure=False),
}
"""How a send must end in each world."""


class WayOut:
    """The contract of `channels.contract.Channel`. A subclass has a fixture `bench`."""

    @pytest.fixture
    async def channel(self, bench: Bench) -> Any:
        """A channel on the bench, closed at the end."""
        made = bench.channel()
        yield made
        await made.close()

    async def test_it_says_what_it_is(self, bench: Bench, channel: Channel) -> None:
        """The name is that of its contacts, before and after a send; there is room for one copy."""
        for _ in range(2):
            assert (channel.name, bench.readers[0].channel) == (bench.kind, bench.kind)
            assert channel.concurrency >= 1
            assert channel.priced in (True, False)
            assert isinstance(await send(channel, outgoing(bench)), Sent)

    async def test_a_copy_is_read_under_the_pseudonym(self, bench: Bench, channel: Channel) -> None:
        """Each name that a member may bear is the one the reader sees, once, with the words."""
        for number, name in enumerate(NAMES):
            copy = outgoing(bench, author=Secret(name), delivery=token(number))
            assert isinstance(await send(channel, copy), Sent)
            last = bench.seen()[-1]
            assert (last.to, last.author.translate(UNSEEN)) == (copy.to.reveal(), name)
            assert TEXT in last.words
        assert len(bench.seen()) == len(NAMES)

    async def test_a_notice_bears_no_pseudonym(self, bench: Bench, channel: Channel) -> None:
        """Where the programme speaks, nothing looks like a member, not even the mask."""
        assert isinstance(await send(channel, outgoing(bench, author=None)), Sent)
        (copy,) = bench.seen()
        assert copy.author == ""
        assert TEXT in copy.words
        assert "m.ab1" not in copy.whole

    async def test_no_real_contact_is_in_a_copy(self, bench: Bench, channel: Channel) -> None:
        """The provider learns whom to bring it to, and that stands in nothing a reader gets."""
        for private in (False, True):
            assert isinstance(await send(channel, outgoing(bench, private=private)), Sent)
            copy = bench.seen()[-1]
            contact = copy.to
            assert contact == bench.readers[0].reveal()
            for form in {contact, contact.lstrip("+"), contact.partition("@")[0]}:
                assert form not in copy.whole

    async def test_copies_of_one_post_share_nothing(self, bench: Bench, channel: Channel) -> None:
        """Whatever work is shared between readers, no copy holds what is another reader's."""
        copies = [outgoing(bench, reader) for reader in (0, 1)]
        assert [type(await send(channel, copy)) for copy in copies] == [Sent, Sent]
        for mine, others, seen in zip(copies, copies[::-1], bench.seen(), strict=True):
            assert seen.to == mine.to.reveal()
            for value in (others.to, others.write_to, others.delivery, others.unsubscribe):
                assert value.reveal() not in seen.whole

    async def test_a_repeat_is_the_same_copy(self, bench: Bench, channel: Channel) -> None:
        """With an equal `delivery` token everything is equal, so that a repeat can be seen."""
        for _ in range(2):
            assert isinstance(await send(channel, outgoing(bench)), Sent)
        found = bench.seen()
        assert found
        assert all(copy == found[0] for copy in found)

    async def test_the_last_look_sees_all_that_a_reader_sees(
        self, bench: Bench, channel: Channel
    ) -> None:
        """Every word of the finished copy was asked about; a no to any of them stops it whole."""
        asked: list[str] = []
        copy = outgoing(bench, may_leave=lambda text: not asked.append(text))
        assert isinstance(await send(channel, copy), Sent)
        (seen,) = bench.seen()
        shown = f"{seen.author} {seen.words}"
        assert [word for word in shown.split() if word not in "\n".join(asked)] == []
        for mark in filter(shown.__contains__, CANARIES):
            no = replace(copy, may_leave=lambda text, mark=mark: mark not in text)
            assert await send(channel, no) == Never(why=Trouble.WOULD_LEAK)
        assert len(bench.seen()) == 1

    async def test_what_has_expired_reaches_nobody(self, bench: Bench, channel: Channel) -> None:
        """After `expires` nothing is sent, and a moment before it is."""
        for late in (timedelta(), timedelta(hours=-3)):
            outcome = await send(channel, outgoing(bench, expires=NOW + late))
            assert not isinstance(outcome, Sent)
        assert bench.seen() == []
        soon = outgoing(bench, expires=NOW + timedelta(minutes=1))
        assert isinstance(await send(channel, soon), Sent)

    async def test_nobody_is_woken(self, bench: Bench, channel: Channel) -> None:
        """From `not_after` on, what could wake her waits; what cannot need not."""
        quiet = outgoing(bench, not_after=NOW - timedelta(minutes=1))
        outcome = await send(channel, quiet)
        if bench.lights_up:
            assert isinstance(outcome, Later)
            assert not outcome.unsure
            assert outcome.after is not None
            assert outcome.after > timedelta()
            assert bench.seen() == []
        else:
            assert isinstance(outcome, Sent)
        before = outgoing(bench, delivery=token(1), not_after=NOW + timedelta(hours=1))
        assert isinstance(await send(channel, before), Sent)

    @pytest.mark.parametrize("world", World)
    async def test_every_ending_has_its_outcome(self, bench: Bench, world: World) -> None:
        """Trouble delays; only a reader who is not there is never; a lost answer is unsure.

        A world that has no way to do so says why, and the suite does not believe it of the rest.
        """
        if world in bench.cannot:
            assert bench.cannot[world]
            assert world not in (World.TAKES, World.NOBODY, World.GONE)
            return
        bench.become(world)
        waits = world is World.HANGS
        channel = bench.channel(patience=PATIENCE) if waits else bench.channel()
        try:
            outcome = await send(channel, outgoing(bench))
            while waits and _is_later(outcome, unsure=False) and not bench.seen():
                outcome = await send(channel, outgoing(bench))  # out of patience before it left
            assert ENDINGS[world](outcome), outcome
            taken = world in (World.TAKES, World.LOSES_ANSWER, World.HANGS)
            assert len(bench.seen()) == int(taken)
            if world is not World.GONE:
                bench.become(World.TAKES)
                while _is_slow(again := await send(channel, outgoing(bench, 1)), waits=waits):
                    pass  # on a busy machine a short patience ends early
                assert isinstance(again, Sent)
        finally:
            await channel.close()

    async def test_an_unknown_error_is_later(self, bench: Bench, channel: Channel) -> None:
        """A bug, wherever it is, delays: nothing is raised, nothing is sent, the next one goes."""

        def broken(_text: str) -> bool:
            raise ZeroDivisionError

        outcome = await send(channel, outgoing(bench, may_leave=broken))
        assert _is_later(outcome, unsure=False)
        assert bench.seen() == []
        assert isinstance(await send(channel, outgoing(bench)), Sent)

    async def test_words_of_every_script_arrive(self, bench: Bench, channel: Channel) -> None:
        """What was said is what is read, letter for letter."""
        for number, words in enumerate(SCRIPTS):
            copy = outgoing(bench, delivery=token(number), subject=NO_WORDS, text=Secret(words))
            assert isinstance(await send(channel, copy), Sent)
            assert words.split() == _said(bench.seen()[-1].words, words)

    async def test_a_copy_without_subject_arrives(self, bench: Bench, channel: Channel) -> None:
        """Texts have no subject, so none is needed."""
        assert isinstance(await send(channel, outgoing(bench, subject=NO_WORDS)), Sent)
        (copy,) = bench.seen()
        assert TEXT in copy.words

    async def test_a_private_copy_arrives(self, bench: Bench, channel: Channel) -> None:
        """Written to her alone it is read as any other, under the pseudonym."""
        assert isinstance(await send(channel, outgoing(bench, private=True)), Sent)
        (copy,) = bench.seen()
        assert copy.author == "Robinson"
        assert TEXT in copy.words

    async def test_pictures_never_keep_words_back(self, bench: Bench, channel: Channel) -> None:
        """Whether this channel shows pictures or not, the words that came with them arrive."""
        picture = Picture(PictureKind.PNG, b"\x89PNG of no size")
        assert isinstance(await send(channel, outgoing(bench, pictures=(picture,))), Sent)
        (copy,) = bench.seen()
        assert TEXT in copy.words

    async def test_nobody_can_write_into_what_is_ours(self, bench: Bench, channel: Channel) -> None:
        """A pseudonym, subject or text made to be read as more adds no field and no reader."""
        assert isinstance(await send(channel, outgoing(bench)), Sent)
        (plain,) = bench.seen()
        hers = {bench.readers[0].reveal()}
        for number, pattern in enumerate(HOSTILE):
            value = Secret(pattern.format(other=bench.readers[1].reveal()))
            for at, place in enumerate(("author", "subject", "text")):
                sent_before = len(bench.seen())
                copy = outgoing(bench, delivery=token(3 * number + at), **{place: value})
                await send(channel, copy)
                for seen in bench.seen()[sent_before:]:
                    assert (seen.to, seen.fields) == (plain.to, plain.fields), (place, pattern)
        assert {seen.to for seen in bench.seen()} == hers

    async def test_the_cost_is_known_before(self, bench: Bench, channel: Channel) -> None:
        """`cost` says what `Sent.cost` will, page by page; what has no price costs nothing."""
        for text, start in ((TEXT, 0), ("\u6f22" * 90, 0), (LONG, 0), (LONG, len(LONG) - 9)):
            copy = outgoing(bench, text=Secret(text), start=start)
            cost = channel.cost(
                author=copy.author,
                subject=copy.subject,
                text=copy.text,
                start=start,
                number=copy.write_to,
                pictures=0,
            )
            outcome = await send(channel, copy)
            assert isinstance(outcome, Sent)
            assert outcome.cost == cost
            assert (cost > 0) is channel.priced

    async def test_a_bundle_arrives_whole(self, bench: Bench, channel: Channel) -> None:
        """What is said to fit into one message goes as one, all of it, at the price that was said.

        A channel that takes each post by itself says that no two fit.
        """
        names = ("Robin", "Sol")
        pieces = tuple(Piece(author=Secret(name), text=Secret(f"{name} {TEXT}")) for name in names)
        base = outgoing(bench)
        cost = channel.cost_together(pieces, base.write_to)
        if cost is None:
            pieces = ()
        copy = replace(base, author=None, mask=NO_WORDS, text=NO_WORDS, pieces=pieces)
        outcome = await send(channel, copy if pieces else base)
        assert isinstance(outcome, Sent)
        assert cost in {None, outcome.cost}
        assert outcome.rest is None
        (seen,) = bench.seen()
        assert [name for name in names if f"{name} {TEXT}" not in seen.words] == (
            [] if pieces else [*names]
        )

    async def test_pages_make_up_the_whole(self, bench: Bench, channel: Channel) -> None:
        """From `rest` to `rest`, every word arrives once and in order, and nothing else does."""
        start: int | None = 0
        while start is not None:
            copy = outgoing(bench, text=Secret(LONG), subject=NO_WORDS, start=start)
            outcome = await send(channel, copy)
            assert isinstance(outcome, Sent)
            start = outcome.rest
        words = [word for copy in bench.seen() for word in _said(copy.words, LONG)]
        assert words == LONG.split()

    async def test_twenty_at_once(self, bench: Bench, channel: Channel) -> None:
        """However many are asked for together, each arrives once, with its own words."""
        copies = [
            outgoing(bench, n % 2, post=n, delivery=token(n), text=Secret(f"number{n}end"))
            for n in range(20)
        ]
        outcomes = await asyncio.gather(*(send(channel, copy) for copy in copies))
        assert {type(outcome) for outcome in outcomes} == {Sent}
        arrived = sorted((seen.to, seen.words.split()[-1]) for seen in bench.seen())
        assert arrived == sorted((copy.to.reveal(), copy.text.reveal()) for copy in copies)

    async def test_cancelling_is_not_swallowed(self, bench: Bench) -> None:
        """A send that is called back ends as cancelled, and after `close` no task of it is left."""
        with watched_tasks() as tasks:
            if World.HANGS not in bench.cannot:
                bench.become(World.HANGS)
            channel = bench.channel()
            sending = asyncio.create_task(inside(channel, outgoing(bench)))
            await _under_way(bench, sending)
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending
            await channel.close()
            for _ in range(TURNS):
                await asyncio.sleep(0)
        assert [task for task in tasks if not task.done()] == []

    async def test_it_closes_for_good(self, bench: Bench) -> None:
        """Unused or used, and twice: a send after `close` is later, and nothing leaves."""
        for used in (False, True):
            channel = bench.channel()
            if used:
                assert isinstance(await send(channel, outgoing(bench)), Sent)
            await channel.close()
            await channel.close()
            assert _is_later(await send(channel, outgoing(bench, 1)), unsure=False)
        assert len(bench.seen()) == 1

    @pytest.mark.parametrize("world", World)
    async def test_nothing_is_told_to_the_log(
        self, bench: Bench, world: World, caplog: pytest.LogCaptureFixture
    ) -> None:
        """However it ends, and at every level, no record has a contact, a word or a token."""
        caplog.set_level(logging.DEBUG)
        if world not in bench.cannot:
            bench.become(world)
        channel = bench.channel(patience=PATIENCE)
        copy = outgoing(bench)
        await send(channel, copy)
        await send(channel, replace(copy, may_leave=lambda _: bool(1 // 0)))
        await channel.close()
        told = "\n".join(record.getMessage() for record in caplog.records)
        tokens = (copy.delivery, copy.return_path, copy.unsubscribe, copy.status, copy.message_id)
        for secret in (*CANARIES, *(each.reveal() for each in (copy.to, copy.write_to, *tokens))):
            assert secret not in told


def _is_slow(outcome: Outcome, *, waits: bool) -> bool:
    return waits and isinstance(outcome, Later)


async def _under_way(bench: Bench, sending: asyncio.Task[Outcome]) -> None:
    """Wait until the copy is out there; where nothing hangs, let the send take its first step."""
    await asyncio.sleep(0)
    while World.HANGS not in bench.cannot and not bench.seen():
        assert not sending.done()
        await asyncio.sleep(0.005)


def _said(shown: str, wanted: str) -> list[str]:
    """The words of a page without what the channel says beside them."""
    found, words = shown.split(), wanted.split()
    while found and found[0] not in words:
        del found[0]
    while found and found[-1] not in words:
        del found[-1]
    return found
