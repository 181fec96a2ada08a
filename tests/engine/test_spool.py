"""The spool: what the engine cannot take at once waits sealed, in order, and is taken once."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import create_async_engine

from channels.contract import Accept, Fetch, File, Inbound, Proof, Receipt, Trait
from channels.secret import Contact, Secret
from relay import metrics
from relay.model import new_id
from relay.spool import Knows, Spool
from relay.store.shelf import Kept, Shelf, Slip
from relay.vault import master
from relay.vault.vault import UnsealError, Vault
from tests.engine.conftest import House
from tests.support.canary import files_below, search
from tests.support.clock import StoppedClock

ROBIN, IVY = "+15551230101", "+15551230102"
LIFE = timedelta(hours=36)
ROOT = Path(__file__).resolve().parents[2]


def down() -> OperationalError:
    """What a database that is away says."""
    return OperationalError("INSERT", None, sqlite3.OperationalError("gone"))


def text(words: str, sender: str = ROBIN, media: tuple[str, ...] = ()) -> Inbound:
    """A text that came in."""
    return Inbound(
        channel="sms",
        provider_id=f"SM-{sender}-{words}",
        sender=Contact("sms", sender),
        to=Secret("+15551230199"),
        text=Secret(words),
        media=tuple(Secret(each) for each in media),
        proof=Proof.PROVEN,
    )


@dataclass
class Doorkeeper:
    """An engine that takes messages, or fails as it is told."""

    taken: list[Inbound] = field(default_factory=list)
    trouble: Exception | None = None
    fails: Callable[[Inbound], bool] = lambda _: False
    answer: Receipt = Receipt.TAKEN
    gate: asyncio.Event | None = None
    tried: list[str] = field(default_factory=list)

    async def accept(self, inbound: Inbound) -> Receipt:
        """Take one message."""
        self.tried.append(inbound.text.reveal())
        if self.gate is not None:
            await self.gate.wait()
        if self.trouble is not None:
            raise self.trouble
        if self.fails(inbound):
            raise down()
        self.taken.append(inbound)
        return self.answer

    @property
    def words(self) -> list[str]:
        """What it took, in order."""
        return [inbound.text.reveal() for inbound in self.taken]


@dataclass
class Place:
    """A data directory in which spools are opened, as processes come and go."""

    folder: Path
    clock: StoppedClock
    door: Doorkeeper
    leapt: float = 0.0
    """Seconds that the clock is ahead of where the stopwatch says it should be."""

    def leap(self, hours: float) -> None:
        """Put the clock on, or back; no time goes by."""
        self.clock.forward(hours=hours)
        self.leapt += hours * 3600

    @asynccontextmanager
    async def open(
        self,
        accept: Accept | None = None,
        fetch: Fetch | None = None,
        patience: float = 5.0,
        knows: Knows | None = None,
        too_late: Callable[[Inbound], Awaitable[None]] | None = None,
    ) -> AsyncIterator[tuple[Spool, Vault]]:
        """A process with a spool; `STOP` and `HELP` are urgent."""
        vault = Vault(self.folder / "keys", master.load(self.folder / "master.key"))
        spool = Spool(
            vault,
            self.folder / "spool",
            accept or self.door.accept,
            fetch,
            self.clock,
            life=LIFE,
            knows=knows,
            urgent=lambda inbound: inbound.text.reveal() in {"STOP", "HELP"},
            too_late=too_late,
            patience=patience,
            stopwatch=lambda: self.clock.now().timestamp() - self.leapt,
        )
        try:
            yield spool, vault
        finally:
            await spool.close()
            vault.close()

    def files(self) -> list[Path]:
        """The files of the messages that wait."""
        return sorted(p for p in (self.folder / "spool").iterdir() if p.name != "lock")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """An empty one."""
    master.create(tmp_path / "master.key")
    return Place(tmp_path, StoppedClock(), Doorkeeper())


@contextmanager
def full_disk(limit: int) -> Iterator[None]:
    """No file of this process grows beyond so many octets."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def counted(word: str, channel: str = "") -> float:
    """How often the log said a word."""
    value = metrics.REGISTRY.get_sample_value(
        "relay_fates_total", {"word": word, "channel": channel}
    )
    return value or 0.0


async def test_what_is_taken_in_time_leaves_no_trace(place: Place) -> None:
    """The engine's own receipt is the answer, whatever it is, and nothing is written down."""
    async with place.open() as (spool, vault):
        for number, receipt in enumerate(Receipt):
            place.door.answer = receipt
            assert await spool.take(text(f"hello {number}")) is receipt
        assert (spool.waiting(), place.files(), vault.spool_keys()) == (0, [], {})


async def test_trouble_means_later_and_exactly_one_post(house: House, tmp_path: Path) -> None:
    """With the database away the answer is yes; afterwards there is one post, however often."""
    group = await house.group()
    robin = await house.member(group, "Robin", ROBIN)
    await house.member(group, "Ivy", IVY)
    heard = replace(text("the moon is loud"), to=robin.write_to)
    trouble: list[Exception] = [down()]

    async def accept(inbound: Inbound) -> Receipt:
        if trouble:
            raise trouble.pop()
        return await house.intake.accept(inbound)

    folder, vault = tmp_path / "spool", house.engine.vault
    spool = Spool(
        vault,
        folder,
        accept,
        None,
        house.clock,
        life=LIFE,
        stopwatch=lambda: house.clock.now().timestamp(),
    )
    assert await spool.take(heard) is Receipt.TAKEN
    assert (spool.waiting(), await house.stored()) == (1, (0, 0))
    canaries = {"phone": ROBIN, "number": robin.write_to.reveal(), "words": "the moon is loud"}
    assert search(canaries, files_below(folder, tmp_path / "data" / "keys")) == []
    house.clock.forward(seconds=1)
    await spool.take_up()
    assert (spool.waiting(), await house.stored()) == (0, (1, 1))
    assert await spool.take(heard) is Receipt.AGAIN
    await spool.close()
    await house.deliver()
    assert house.sms.texts_to(IVY) == ["the moon is loud"]


@asynccontextmanager
async def locked(house: House, url: str) -> AsyncIterator[None]:
    """Somebody else holds what a message that comes in has to write to."""
    if url.startswith("sqlite"):
        other = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        yield
        other.close()
        return
    engine = create_async_engine(sa.make_url(url).set(drivername="postgresql+asyncpg"))
    async with engine.begin() as c:
        await c.execute(sa.text("LOCK TABLE seen IN ACCESS EXCLUSIVE MODE"))
        yield
    await engine.dispose()


async def test_a_locked_database_is_no_reason_to_say_no(
    house: House, tmp_path: Path, database_url: str
) -> None:
    """A lock outlasts the patience: yes, and the slow work goes on, ends well and clears up."""
    group = await house.group()
    robin = await house.member(group, "Robin", ROBIN)
    await house.member(group, "Ivy", IVY)
    spool = Spool(
        house.engine.vault,
        tmp_path / "spool",
        house.intake.accept,
        None,
        house.clock,
        life=LIFE,
        patience=0.05,
    )
    async with locked(house, database_url):
        assert await spool.take(replace(text("wait"), to=robin.write_to)) is Receipt.TAKEN
        assert spool.waiting() == 1
    while spool.waiting():
        await asyncio.sleep(0.005)
    await spool.take_up()
    assert await house.stored() == (1, 1)
    assert house.engine.vault.spool_keys() == {}
    await spool.close()


async def test_keys_die_with_the_file(place: Place) -> None:
    """Each message has its own key; once it is taken, a copy of its file is noise for ever."""
    place.door.trouble = down()
    async with place.open() as (spool, vault):
        await spool.take(text("one"))
        await spool.take(text("two, which says some words more", IVY))
        slips = Shelf(vault, place.folder / "spool").slips()
        copies = [path.read_bytes() for path in place.files()]
        assert len({slip.key_id for slip in slips}) == 2
        assert len({len(copy) for copy in copies}) == 1
        with pytest.raises(UnsealError):
            vault.open_spooled(slips[1].place, slips[0].key_id, copies[0])
        place.door.trouble = None
        place.clock.forward(seconds=1)
        await spool.take_up()
        assert vault.spool_keys() == {}
    async with place.open() as (_, vault):
        for slip, copy in zip(slips, copies, strict=True):
            with pytest.raises(UnsealError):
                vault.open_spooled(slip.place, slip.key_id, copy)


async def test_a_full_disk_is_said_and_leaves_nothing_half_done(place: Place) -> None:
    """What can be neither taken nor written down raises, for the channel to answer "later"."""
    place.door.trouble = down()
    async with place.open() as (spool, vault):
        with full_disk(10_000), pytest.raises(OSError, match="File too large"):
            await spool.take(text("x" * 20_000))
        assert (place.files(), vault.spool_keys(), spool.waiting()) == ([], {}, 0)
        place.door.trouble = None
        assert await spool.take(text("x" * 20_000)) is Receipt.TAKEN
    assert len(place.door.taken) == 1


async def test_nothing_of_hers_overtakes_what_waits(place: Place) -> None:
    """While a text waits, her later ones stand behind it, and other people's pass."""
    place.door.fails = lambda inbound: inbound.text.reveal() == "one"
    async with place.open() as (spool, _):
        await spool.take(text("one"))
        await spool.take(text("two"))
        await spool.take(text("hers", IVY))
        await spool.take_up()
        assert (place.door.words, spool.waiting()) == (["hers"], 2)
        place.door.fails = lambda _: False
        place.clock.forward(minutes=1)
        await spool.take(text("three"))
        await spool.take_up()
        assert (place.door.words, spool.waiting()) == (["hers", "one", "two", "three"], 0)


async def test_texts_that_come_together_keep_their_order(place: Place) -> None:
    """Of two that come while the engine is slow, the second never begins before the first."""
    place.door.gate = asyncio.Event()
    async with place.open(patience=0.02) as (spool, _):
        first, second = await asyncio.gather(spool.take(text("one")), spool.take(text("two")))
        assert (first, second, spool.waiting()) == (Receipt.TAKEN, Receipt.TAKEN, 2)
        assert place.door.tried == ["one"]
        place.door.gate.set()
        while spool.waiting() == 2:
            await asyncio.sleep(0)
        place.clock.forward(seconds=1)
        await spool.take_up()
    assert place.door.words == ["one", "two"]


async def test_what_fails_for_its_own_sake_blocks_nobody_for_ever(place: Place) -> None:
    """A text that keeps failing while others are taken does not keep her next one, a STOP, back."""
    place.door.fails = lambda inbound: inbound.text.reveal() == "poison"
    async with place.open() as (spool, _):
        await spool.take(text("poison"))
        await spool.take(text("stop"))
        for number in range(4):
            place.clock.forward(minutes=6)
            await spool.take(text(f"other {number}", IVY))
            await spool.take_up()
        assert "stop" in place.door.words
        assert spool.waiting() == 1


async def test_an_outage_blames_no_message(place: Place) -> None:
    """However long everything fails, a later text of hers is not even tried before an earlier."""
    place.door.trouble = down()
    async with place.open() as (spool, _):
        for words in ("one", "two", "three"):
            await spool.take(text(words))
        for _ in range(20):
            place.clock.forward(minutes=6)
            await spool.take_up()
        assert set(place.door.tried) == {"one"}
        place.door.trouble = None
        place.clock.forward(minutes=6)
        await spool.take_up()
    assert place.door.words == ["one", "two", "three"]


async def test_after_trouble_the_first_success_hurries_all(place: Place) -> None:
    """What waits for its next try is tried as soon as anything is taken again."""
    place.door.trouble = down()
    async with place.open() as (spool, _):
        await spool.take(text("one"))
        place.clock.forward(seconds=1)
        await spool.take_up()
        place.door.trouble = None
        await spool.take_up()
        assert place.door.words == []
        await spool.take(text("hers", IVY))
        await spool.take_up()
    assert place.door.words == ["hers", "one"]


async def test_a_restart_takes_up_what_waits(place: Place) -> None:
    """A process that died after writing down loses nothing, and its leavings are cleared away."""
    place.door.trouble = down()
    async with place.open() as (spool, _):
        await spool.take(text("one"))
        await spool.take(text("two"))
    async with place.open() as (_, vault):
        key_id, sealed = vault.seal_spooled(7, b"{}", place.clock.now())  # killed before the file
        (place.folder / "spool" / f"{7:012d}-{new_id():015x}.part").write_bytes(sealed)
    place.door.trouble = None
    place.clock.forward(hours=2)
    async with place.open() as (spool, vault):
        assert key_id in vault.spool_keys()
        await spool.take_up()
        assert place.door.words == ["one", "two"]
        assert (place.files(), vault.spool_keys()) == ([], {})


KILLED = """
import asyncio, os, signal, sys
from datetime import timedelta
from pathlib import Path
from relay.spool import Spool
from relay.vault import master
from relay.vault.vault import Vault
from tests.engine.test_spool import Doorkeeper, down, text
from tests.support.clock import StoppedClock

folder = Path(sys.argv[1])
vault = Vault(folder / "keys", master.load(folder / "master.key"))
door = Doorkeeper(trouble=down())
spool = Spool(vault, folder / "spool", door.accept, None, StoppedClock(), life=timedelta(days=1))
spool._enter = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(spool.take(text("one")))
"""


async def test_a_kill_before_the_answer_makes_a_repeat_at_the_most(place: Place) -> None:
    """Killed between writing down and saying yes: the text is there, whole, and its key too."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KILLED, str(place.folder), cwd=ROOT
    )
    assert await process.wait() == -signal.SIGKILL
    async with place.open() as (spool, vault):
        assert spool.waiting() == 1
        await spool.take_up()
        assert (spool.waiting(), vault.spool_keys()) == (0, {})
    assert place.door.words == ["one"]


async def test_run_takes_up_by_itself(place: Place) -> None:
    """The loop wakes for what was just written down, and ends when it is cancelled."""
    place.door.trouble = down()
    async with place.open() as (spool, _):
        task = asyncio.create_task(spool.run())
        await spool.take(text("one"))
        place.door.trouble = None
        place.clock.forward(seconds=1)
        await spool.take(text("two"))
        while spool.waiting():
            await asyncio.sleep(0.005)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    assert place.door.words == ["one", "two"]


async def test_damage_is_counted_and_blocks_nobody(place: Place) -> None:
    """A flipped bit, half a file, a destroyed key, another's place: removed; the rest is taken."""
    place.door.trouble = down()
    async with place.open() as (spool, vault):
        for number in range(5):
            await spool.take(text(f"text {number}"))
        flipped, halved, lost, moved, _ = place.files()
        content = bytearray(flipped.read_bytes())
        content[40] ^= 1
        flipped.write_bytes(content)
        halved.write_bytes(halved.read_bytes()[:100])
        vault.forget_spooled([int(lost.name.partition("-")[2], 16)])
        moved.rename(moved.with_name(f"{9:012d}-{moved.name.partition('-')[2]}"))
    place.door.trouble = None
    before = counted("trouble"), counted("key_lost")
    async with place.open() as (spool, vault):
        await spool.take_up()
        assert (spool.waiting(), vault.spool_keys()) == (0, {})
    assert place.door.words == ["text 4"]
    assert (counted("trouble") - before[0], counted("key_lost") - before[1]) == (3, 1)


async def test_one_process_takes_up_and_all_write(place: Place) -> None:
    """Of two on one folder the second keeps the order of what the first wrote, and inherits it."""
    place.door.trouble = down()
    async with place.open() as (first, _), place.open() as (second, _):
        await first.take(text("one"))
        await first.take_up()
        place.door.trouble = None
        await second.take(text("two"))
        place.clock.forward(minutes=1)
        await second.take_up()
        assert (place.door.words, second.waiting()) == ([], 2)
        await first.take_up()
        assert (place.door.words, second.waiting()) == (["one", "two"], 0)
        await first.close()
        place.door.trouble = down()
        await second.take(text("three"))
        place.door.trouble = None
        place.clock.forward(minutes=1)
        await second.take_up()
    assert place.door.words == ["one", "two", "three"]


async def test_media_is_fetched_once_and_kept(place: Place) -> None:
    """A picture text is written down at once; what was fetched outlives trouble with the engine."""
    fetches = 0

    async def fetch(inbound: Inbound) -> Inbound:
        nonlocal fetches
        fetches += 1
        return replace(inbound, media=(), files=(File(b"\0pixels\xff"), File(b"more")))

    async with place.open(fetch=fetch) as (spool, vault):
        assert await spool.take(text("look", media=("https://example.org/1",))) is Receipt.TAKEN
        assert (place.door.taken, spool.waiting(), fetches) == ([], 1, 0)
        place.door.trouble = down()
        await spool.take_up()
        assert (spool.waiting(), fetches) == (1, 1)
    place.door.trouble = None
    place.clock.forward(minutes=1)
    async with place.open(fetch=fetch) as (spool, vault):
        await spool.take_up()
        assert (spool.waiting(), fetches, vault.spool_keys()) == (0, 1, {})
    assert place.door.taken[0].files == (File(b"\0pixels\xff"), File(b"more"))


async def test_words_are_not_lost_for_a_picture(place: Place) -> None:
    """After a quarter of an hour of failing fetches the words go without it, in order."""

    async def fetch(inbound: Inbound) -> Inbound:
        raise ConnectionError

    async with place.open(fetch=fetch) as (spool, _):
        await spool.take(text("look", media=("https://example.org/1",)))
        await spool.take(text("and"))
        for _ in range(2):
            await spool.take_up()
            place.clock.forward(minutes=7)
            assert place.door.taken == []
        await spool.take_up()
        assert place.door.taken == []
        place.clock.forward(minutes=7)
        await spool.take_up()
    first = place.door.taken[0]
    assert (first.media, first.traits) == ((), frozenset({Trait.FILES_LEFT_OUT, Trait.LATE}))
    assert place.door.words == ["look", "and"]


async def test_one_failed_fetch_loses_no_picture(place: Place) -> None:
    """What waited for hours because we were down is tried more than once all the same."""
    failures: list[Exception] = [ConnectionError()]

    async def fetch(inbound: Inbound) -> Inbound:
        if failures:
            raise failures.pop()
        return replace(inbound, media=(), files=(File(b"pixels"),))

    async with place.open(fetch=fetch) as (spool, _):
        await spool.take(text("look", media=("https://example.org/1",)))
        place.clock.forward(hours=3)
        for _ in range(2):
            await spool.take_up()
            place.clock.forward(minutes=1)
    assert place.door.taken[0].files == (File(b"pixels"),)


async def test_without_a_way_to_fetch_the_words_go_at_once(place: Place) -> None:
    """Where nothing can be fetched, that it was left out is said."""
    async with place.open() as (spool, _):
        await spool.take(text("look", media=("https://example.org/1",)))
        await spool.take_up()
    assert place.door.taken[0].traits == {Trait.FILES_LEFT_OUT}


async def test_what_outlives_itself_ends(place: Place) -> None:
    """A message that could not be taken within its life is dropped, counted, never posted."""
    place.door.trouble = down()
    before = counted("expired", "sms")
    async with place.open() as (spool, vault):
        await spool.take(text("one"))
        place.door.trouble = None
        place.clock.forward(hours=36)
        await spool.take_up()
        assert (spool.waiting(), vault.spool_keys()) == (0, {})
    assert (place.door.words, counted("expired", "sms") - before) == ([], 1)


async def test_an_asker_who_goes_away_loses_nothing(place: Place) -> None:
    """If the request is cancelled in the middle, the text is written down all the same."""
    place.door.gate = asyncio.Event()
    async with place.open() as (spool, _):
        asked = asyncio.create_task(spool.take(text("one")))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        asked.cancel()
        with suppress(asyncio.CancelledError):
            await asked
        assert spool.waiting() == 1


async def test_a_message_comes_back_whole(place: Place) -> None:
    """Every field of an `Inbound` survives, lone surrogates and zero octets too."""
    whole = Inbound(
        channel="sms",
        provider_id="SM1",
        sender=Contact("sms", ROBIN),
        sender_name=Secret("R"),
        to=Secret("+15551230199"),
        text=Secret("a\0b\ud83d é"),
        subject=Secret("s"),
        html=Secret("<p>"),
        files=(File(b"\0\1"), File(b"")),
        media=(Secret("https://example.org/1"),),
        reaction=Secret("👍"),
        answers=(Secret("t"), Secret("u")),
        proof=Proof.WEAK,
        traits=frozenset(Trait),
        refusal_is_heard=True,
    )
    plain = text("")
    assert [
        f.name for f in fields(Inbound) if getattr(whole, f.name) == getattr(plain, f.name)
    ] == [
        "channel",
        "sender",
        "to",
    ]
    async with place.open() as (_, vault):
        shelf = Shelf(vault, place.folder / "spool")
        kept = Kept(inbound=whole, at=place.clock.now())
        slip = shelf.put(kept, place.clock.now())
        assert shelf.open(slip) == kept
        assert shelf.put(kept, place.clock.now()) > slip > Slip(0, 0)


PICTURE = ("https://example.org/1",)


async def fetched(inbound: Inbound) -> Inbound:
    """A provider that has the picture."""
    return replace(inbound, media=(), files=(File(b"pixels"),))


async def test_a_stop_stands_behind_nothing(place: Place) -> None:
    """It is handed in while her other text waits, and without its picture, which is noted."""
    place.door.fails = lambda inbound: inbound.text.reveal() == "one"
    place.door.answer = Receipt.AGAIN
    async with place.open(fetch=fetched) as (spool, _):
        assert await spool.take(text("one")) is Receipt.TAKEN
        assert await spool.take(text("STOP")) is Receipt.AGAIN
        assert await spool.take(text("HELP", media=PICTURE)) is Receipt.AGAIN
        assert await spool.take(text("two")) is Receipt.TAKEN
        assert (place.door.words, spool.waiting()) == (["STOP", "HELP"], 2)
    stop, cry = place.door.taken
    assert (stop.media, stop.traits) == ((), frozenset())
    assert (cry.media, cry.files, cry.traits) == ((), (), frozenset({Trait.FILES_LEFT_OUT}))


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_stop_that_was_written_down_goes_first(place: Place, *, restarted: bool) -> None:
    """Whatever of hers waited before it, and whichever process takes it up; others keep order."""
    place.door.trouble = down()
    async with place.open() as (spool, _):
        for words in ("one", "two", "STOP", "three"):
            await spool.take(text(words))
        place.door.trouble = None
        place.clock.forward(seconds=1)
        if not restarted:
            await spool.take_up()
    async with place.open() as (spool, _):
        await spool.take_up()
    assert place.door.words == ["STOP", "one", "two", "three"]


async def test_pictures_of_strangers_are_never_fetched(place: Place) -> None:
    """Their words go at once, and that something was left out is noted; a text asks nobody."""
    asked: list[str] = []

    async def knows(inbound: Inbound) -> bool:
        asked.append(inbound.text.reveal())
        return inbound.sender == Contact("sms", ROBIN)

    async with place.open(fetch=fetched, knows=knows) as (spool, _):
        await spool.take(text("look", IVY, media=PICTURE))
        await spool.take(text("hello", IVY))
        assert spool.waiting() == 0
        await spool.take(text("look", media=PICTURE))
        assert spool.waiting() == 1
        await spool.take_up()
    stranger, _, known = place.door.taken
    assert (stranger.media, stranger.files) == ((), ())
    assert (stranger.traits, known.traits) == (frozenset({Trait.FILES_LEFT_OUT}), frozenset())
    assert known.files == (File(b"pixels"),)
    assert asked == ["look", "look"]


async def test_in_doubt_a_picture_is_kept(place: Place) -> None:
    """Where it cannot be said, or not in time, whether she is known, nothing of hers is lost."""

    async def fails(_: Inbound) -> bool:
        raise down()

    async def hangs(_: Inbound) -> bool:
        return await asyncio.Event().wait()

    for number, knows in enumerate((fails, hangs, None)):
        async with place.open(fetch=fetched, knows=knows, patience=0.02) as (spool, _):
            await spool.take(text(f"look {number}", media=PICTURE))
            assert spool.waiting() == 1
            await spool.take_up()
    assert [inbound.files for inbound in place.door.taken] == [(File(b"pixels"),)] * 3


async def test_who_wrote_what_outlived_itself_is_told(place: Place) -> None:
    """Once, and not before its life is over; if telling fails, later; a stop is obeyed."""
    told: list[str] = []
    troubles: list[Exception] = [down()]

    async def too_late(inbound: Inbound) -> None:
        if troubles:
            raise troubles.pop()
        told.append(inbound.text.reveal())

    before = counted("expired", "sms")
    place.door.trouble = down()
    async with place.open(too_late=too_late) as (spool, vault):
        await spool.take(text("one"))
        await spool.take(text("STOP", IVY))
        place.clock.forward(hours=35, minutes=59)
        await spool.take_up()
        assert (told, len(troubles), spool.waiting()) == ([], 1, 2)
        place.clock.forward(minutes=6)
        await spool.take_up()
        assert (told, troubles, spool.waiting()) == ([], [], 2)
        assert counted("expired", "sms") == before
        place.door.trouble = None
        place.clock.forward(minutes=6)
        await spool.take_up()
        assert (told, spool.waiting(), vault.spool_keys()) == (["one"], 0, {})
    assert (place.door.words, counted("expired", "sms") - before) == (["STOP"], 1)


async def test_a_clock_that_leaps_empties_no_spool(place: Place) -> None:
    """What seems too old after a leap waits: put right, it is taken; after an hour, believed.

    Nor is a key destroyed for seeming old.
    """
    told: list[str] = []

    async def too_late(inbound: Inbound) -> None:
        told.append(inbound.text.reveal())

    place.door.trouble = down()
    async with place.open(too_late=too_late) as (spool, vault):
        await spool.take(text("one"))
        await spool.take(text("two", IVY))
        key, _ = vault.seal_spooled(9, b"{}", place.clock.now())
        place.door.trouble = None
        place.clock.forward(seconds=2)
        place.leap(hours=40)
        await spool.take_up()
        assert (told, place.door.words, spool.waiting()) == ([], [], 2)
        assert key in vault.spool_keys()
        place.leap(hours=-40)
        place.clock.forward(minutes=1)
        await spool.take_up()
        assert (told, sorted(place.door.words), spool.waiting()) == ([], ["one", "two"], 0)
        place.door.trouble = down()
        await spool.take(text("three"))
        place.leap(hours=40)
        for _ in range(59):
            place.clock.forward(minutes=1)
            await spool.take_up()
        assert (told, spool.waiting()) == ([], 1)
        place.clock.forward(minutes=2)
        await spool.take_up()
        assert (told, spool.waiting(), vault.spool_keys()) == (["three"], 0, {})


async def test_a_passing_trouble_of_the_disk_is_passing(place: Place) -> None:
    """A file that cannot be read is left alone for a minute, then tried again by who found it."""
    place.door.trouble = down()
    async with place.open() as (spool, _):
        await spool.take(text("one"))
    async with place.open() as (spool, _):
        for is_known in (False, True):
            if is_known:
                place.door.trouble = down()
                await spool.take(text("two"))
            place.door.trouble = None
            place.clock.forward(seconds=1)
            (file,) = place.files()
            away = file.rename(place.folder / "away")
            file.mkdir()  # reading it is an `OSError`
            await spool.take_up()
            file.rmdir()
            away.rename(file)
            await spool.take_up()
            assert spool.waiting() == 1
            place.clock.forward(minutes=1)
            await spool.take_up()
            assert spool.waiting() == 0
    assert place.door.words == ["one", "two"]


async def test_what_is_on_the_shelf_survives_a_power_cut(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is durable before it has its name, its name before `put` returns.

    That it is gone is durable before its key is destroyed.
    """
    folder = place.folder / "spool"
    synced: list[tuple[int, list[str], int]] = []
    async with place.open() as (_, vault):
        shelf = Shelf(vault, folder)

        def fsync(handle: int) -> None:
            names = sorted(path.name for path in folder.iterdir())
            synced.append((os.fstat(handle).st_ino, names, len(vault.spool_keys())))

        monkeypatch.setattr(os, "fsync", fsync)
        now = place.clock.now()
        slip = shelf.put(Kept(inbound=text("one"), at=now), now)
        file, home = (folder / slip.name).stat().st_ino, folder.stat().st_ino
        assert [each for each in synced if each[0] in {file, home}] == [
            (file, [f"{slip.name}.part"], 1),
            (home, [slip.name], 1),
        ]
        synced.clear()
        assert shelf.remove(slip)
        assert [each for each in synced if each[0] in {file, home}] == [(home, [], 1)]
        assert vault.spool_keys() == {}


async def test_tidying_takes_nothing_that_is_in_the_making(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a file whose key lives stays, and a key younger than an hour; what is left over goes.

    What another process begins to write while this one looks at the keys stays, too.
    """
    folder, now = place.folder / "spool", place.clock.now()
    young, old = now - timedelta(minutes=59), now - timedelta(minutes=61)
    async with place.open() as (_, vault):
        shelf = Shelf(vault, folder)

        def begun(at: datetime) -> Path:
            key, sealed = vault.seal_spooled(1, b"{}", at)
            path = folder / f"{1:012d}-{key:015x}.part"
            path.write_bytes(sealed)
            return path

        stays, _ = begun(young), begun(old)
        (folder / "notes.part").write_bytes(b"")
        key, _ = vault.seal_spooled(2, b"{}", young)
        kept = shelf.put(Kept(inbound=text("one"), at=old), old)
        meanwhile: list[Path] = []
        keys = Vault.spool_keys

        def spool_keys(_: Vault) -> dict[int, datetime]:
            found = keys(vault)
            meanwhile.append(begun(now))
            return found

        monkeypatch.setattr(Vault, "spool_keys", spool_keys)
        assert shelf.tidy(now) == 1
        assert set(place.files()) == {stays, folder / kept.name, *meanwhile}
        assert meanwhile
        assert {key, kept.key_id} <= keys(vault).keys()
        assert len(keys(vault)) == 3 + len(meanwhile)
