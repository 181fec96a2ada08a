"""Kill test: `kill -9` of a serving relay at random moments while posts go in over real edges.

Clients do what Twilio and mail hosts do: what was not answered with yes is tried again, the same
`MessageSid`, the same bytes. Some give up after one try. In the end every copy is accounted for:
delivered, or given up after two crashes in its flight and told to its author.
"""

from __future__ import annotations

import asyncio
import random  # noqa: TID251 - seeded, so that a run can be repeated
import secrets
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from relay import wording
from relay.demo.carrier import TextMessage
from tests.support.clients import NO_ANSWER, Outside, Try, insist
from tests.support.town import Resident, Town

LEASE = 5
IN_FLIGHT = 8 + 2 * 4
"""More than any kill can leave in doubt: of each reader only one copy is ever in hand."""
READERS = 4
PEOPLE = (
    ("Robin", "+12025550101"),
    ("Ana", "+12025550102"),
    ("Sol", "+12025550103"),
    ("Ivy", "m.hale@willow.example"),
    ("Theo", "j.reed@harbor.example"),
)


@dataclass(slots=True)
class Post:
    """One post, and what its author was answered at each try."""

    word: str
    author: Resident
    attempt: Try
    tries: int | None
    """After how many tries she gives up; `None`: never."""
    answers: list[int] = field(default_factory=list)

    @property
    def acknowledged(self) -> bool:
        """Whether its author was told yes."""
        return self.answers[-1] in (200, 250)


@dataclass(slots=True)
class Figures:
    """What came out of a run."""

    kills: int
    posts: int
    acknowledged: int
    retried: int
    lost: int
    """Copies of acknowledged posts that neither arrived nor were told to their author."""
    told: int
    """Copies that did not arrive and were given up, their author told."""
    repeated: int
    most_copies: int
    unasked: int
    """Posts taken whose author never heard yes."""
    tallies: dict[str, int]
    notices: int

    def lines(self, name: str) -> Iterator[str]:
        """One line a figure."""
        yield f"{name}.kills {self.kills}"
        yield f"{name}.posts {self.posts}"
        yield f"{name}.posts_acknowledged {self.acknowledged}"
        yield f"{name}.posts_tried_again {self.retried}"
        yield f"{name}.copies_acknowledged_and_lost {self.lost}"
        yield f"{name}.copies_given_up_and_told {self.told}"
        yield f"{name}.copies_repeated {self.repeated}"
        yield f"{name}.most_copies_of_one_text {self.most_copies}"
        yield f"{name}.posts_unacknowledged_but_delivered {self.unasked}"
        for word in ("repeated", "given_up", "untold", "again"):
            yield f"{name}.tally_{word} {self.tallies.get(word, 0)}"
        yield f"{name}.notices_to_authors {self.notices}"


class Run:
    """A town, its members writing, and a relay that is killed again and again."""

    def __init__(self, town: Town, *, posts: int, kills: int, longest: float, seed: int) -> None:
        self.town = town
        self.kills = kills
        self.longest = longest
        """Seconds; no life is longer, counted from when the doors are open."""
        self.chance = random.Random(seed)
        self.count = posts
        self.posts: list[Post] = []
        self.turns = asyncio.Semaphore(0)
        """One for each post that may be written by now."""

    async def play(self) -> Figures:
        """The whole run, until the relay is empty and down."""
        for name, contact in PEOPLE:
            await self.town.resident("Tuesday", name, contact)
        people = list(self.town.residents.values())
        async with Outside(self.town) as outside:
            for number in range(self.count):
                author = people[number % len(people)]
                word = f"note{number:04d}"
                tries = 1 if self.chance.random() < 0.1 else None
                self.posts.append(Post(word, author, outside.post(author, word, "x"), tries))
            writers = [asyncio.create_task(self._write(person)) for person in people]
            await self._lives()
            async with asyncio.timeout(60):
                await asyncio.gather(*writers)
        held = await self.town.settled(60)
        await self.town.stop()
        return self._figures(held["tallies"])

    async def _write(self, person: Resident) -> None:
        for post in [post for post in self.posts if post.author is person]:
            await self.turns.acquire()
            post.answers = await insist(post.attempt, most=post.tries)

    async def _lives(self) -> None:
        """Let the relay live and die, posts coming in evenly, and leave it alive."""
        share = self.count // (self.kills + 1)
        for _ in range(self.kills):
            if self.chance.random() < 0.1:  # some lives end while they begin
                self.town.process = await self.town.launch()
                await asyncio.sleep(self.chance.uniform(0, 2))
            else:
                await self.town.spawn()
                await self._for_a_while(self.chance.uniform(0.1, self.longest), share)
            await self.town.kill()
        await self.town.spawn()
        for _ in range(self.count):
            self.turns.release()

    async def _for_a_while(self, seconds: float, posts: int) -> None:
        for _ in range(posts):
            self.turns.release()
            await asyncio.sleep(seconds / posts)

    def _figures(self, tallies: dict[str, int]) -> Figures:
        copies = {
            (post.word, reader.contact): _copies(reader, post.word)
            for post in self.posts
            for reader in self.town.residents.values()
            if reader is not post.author
        }
        told = lost = 0
        for author in self.town.residents.values():
            posts = [post for post in self.posts if post.author is author and post.acknowledged]
            short = sorted(_missing(copies, post) for post in posts)
            short = [count for count in short if count]
            heard = min(_notices(author), len(short))
            told += sum(short[:heard])
            lost += sum(short[heard:])
        return Figures(
            kills=self.kills,
            posts=len(self.posts),
            acknowledged=sum(post.acknowledged for post in self.posts),
            retried=sum(len(post.answers) > 1 for post in self.posts),
            lost=lost,
            told=told,
            repeated=sum(count - 1 for count in copies.values() if count > 1),
            most_copies=max(copies.values()),
            unasked=sum(
                not post.acknowledged and _missing(copies, post) < READERS for post in self.posts
            ),
            tallies=tallies,
            notices=sum(_notices(person) for person in self.town.residents.values()),
        )


def _texts(reader: Resident) -> list[str]:
    if reader.phone is not None:
        return [message.body for message in reader.phone.inbox]
    assert reader.inbox is not None
    return [mail.text for mail in reader.inbox.mails]


def _copies(reader: Resident, word: str) -> int:
    return sum(word in text for text in _texts(reader))


def _notices(author: Resident) -> int:
    return sum(wording.NOT_REACHED in " ".join(text.split()) for text in _texts(author))


def _missing(copies: dict[tuple[str, str], int], post: Post) -> int:
    return sum(count == 0 for (word, _), count in copies.items() if word == post.word)


async def run(town: Town, *, posts: int, kills: int, longest: float, name: str) -> Figures:
    """Play a run, say its figures and check what always must hold."""
    seed = secrets.randbits(32)
    print(f"{name}.seed {seed}")
    playing = Run(town, posts=posts, kills=kills, longest=longest, seed=seed)
    figures = await playing.play()
    print(*figures.lines(name), sep="\n")
    answers = {answer for post in playing.posts for answer in post.answers}
    assert answers <= {200, 250, NO_ANSWER, 503, 451, 421}
    assert figures.lost == 0
    assert figures.most_copies <= 2
    assert figures.repeated <= kills * IN_FLIGHT
    assert figures.tallies.get("repeated", 0) >= figures.repeated
    assert figures.tallies.get("given_up", 0) >= figures.told
    return figures


@pytest.fixture
async def town(tmp_path: Path, database_url: str) -> AsyncIterator[Town]:
    """A town with an empty group and short leases; the relay is not started yet."""
    made = Town(tmp_path, database_url, overrides={"RELAY_LEASE_SECONDS": str(LEASE)})
    await made.open()
    await made.group("Tuesday")
    yield made
    await made.close()


@pytest.mark.proof
@pytest.mark.timeout(400)
async def test_kill(town: Town, database_url: str) -> None:
    """200 posts, 22 kills: nothing acknowledged is lost, repeats are few, single and counted."""
    backend = database_url.partition(":")[0]
    figures = await run(town, posts=200, kills=22, longest=7, name=f"kill.{backend}")
    assert figures.repeated <= figures.kills


@pytest.mark.proof
async def test_kill_twice_in_one_flight(town: Town) -> None:
    """A copy in doubt after one crash is sent again; after two it is given up, told and counted."""
    robin, ana = [await town.resident("Tuesday", *person) for person in PEOPLE[:2]]
    assert ana.phone is not None
    town.carrier.delay(LEASE * 2)  # it takes the copy, and the relay dies before it hears so
    await town.spawn()
    assert await robin.says("in doubt") == 200
    shown = ana.phone.inbox
    for copies in (1, 2):
        await town.carrier.wait_for(partial(_holds, shown, copies), timeout=30)
        await town.kill()
        await town.spawn()
    town.carrier.delay(0)
    held = await town.settled()
    assert ana.got() == ["Robin: in doubt"] * 2
    assert robin.got() == [wording.NOT_REACHED]
    assert held["tallies"].get("repeated") == 1
    assert held["tallies"].get("given_up") == 1


def _holds(shown: list[TextMessage], count: int) -> bool:
    return len(shown) == count


async def test_kill_small(town: Town) -> None:
    """30 posts, 3 kills: the same, in every run of the tests."""
    await run(town, posts=30, kills=3, longest=1, name="kill.small")
