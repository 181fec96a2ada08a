"""The recording channel, with which the engine is tested, keeps the contract like the real ones."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from channels.contract import Later, Never, Outcome, Outgoing, Sent, Trouble
from channels.secret import Contact, Secret
from tests.conformance.bench import NOW, Seen, World
from tests.conformance.suite import WayOut
from tests.support.recorder import Recorder, lines_of

REFUSALS: Mapping[World, Outcome] = {
    World.BUSY: Later(why=Trouble.BUSY),
    World.NOBODY: Never(why=Trouble.BAD_CONTACT),
    World.NONSENSE: Later(why=Trouble.OUR_FAULT),
    World.GONE: Later(why=Trouble.UNREACHABLE),
}
LOST = Later(why=Trouble.ANSWER_LOST, unsure=True)


@dataclass
class Lists:
    """A bench: the recorder, told how to answer."""

    kind: str
    readers: tuple[Contact, Contact]
    places: tuple[Secret, Secret]
    lights_up: bool
    priced: bool
    cannot: Mapping[World, str] = field(default_factory=dict)
    sent: list[Outgoing] = field(default_factory=list)
    turned_away: list[Outgoing] = field(default_factory=list)
    world: World = World.TAKES
    gates: list[asyncio.Event] = field(default_factory=list)

    def channel(self, *, patience: float = 20.0) -> Recorder:
        """A recorder that writes into the list of this bench."""
        gate = asyncio.Event()
        self.gates.append(gate)
        self._set(gate)
        return Recorder(
            self.kind,
            priced=self.priced,
            answer=self._answer,
            sent=self.sent,
            gate=gate,
            clock=lambda: NOW,
            patience=patience,
        )

    def become(self, world: World) -> None:
        """As the recorder is told to do it."""
        self.world = world
        for gate in self.gates:
            self._set(gate)

    def _set(self, gate: asyncio.Event) -> None:
        (gate.clear if self.world is World.HANGS else gate.set)()

    def _answer(self, out: Outgoing) -> Outcome:
        if self.world is World.LOSES_ANSWER:
            return LOST
        refusal = REFUSALS.get(self.world)
        if refusal is not None:
            self.turned_away.append(out)
        return refusal or Sent()

    def seen(self) -> list[Seen]:
        """What was recorded and not turned away."""
        gone = set(map(id, self.turned_away))
        return [_seen(out) for out in self.sent if id(out) not in gone]


def _seen(out: Outgoing) -> Seen:
    subject, text = out.subject.reveal(), out.text.reveal()
    author = "" if out.author is None else out.author.reveal()
    words = "\n".join([subject, text, *lines_of(out)])
    return Seen(to=out.to.reveal(), author=author, words=words, whole=words, fields=("words",))


class TestTextsRecorded(WayOut):
    """As it stands in for texts."""

    @pytest.fixture
    def bench(self) -> Lists:
        """Numbers, and a price."""
        return Lists(
            kind="sms",
            readers=(Contact("sms", "+15551000001"), Contact("sms", "+15551000002")),
            places=(Secret("+15552000001"), Secret("+15552000002")),
            lights_up=True,
            priced=True,
        )


class TestMailsRecorded(WayOut):
    """As it stands in for mail."""

    @pytest.fixture
    def bench(self) -> Lists:
        """Addresses, and no price."""
        return Lists(
            kind="email",
            readers=(
                Contact("email", "mara.quill@willow.example"),
                Contact("email", "i@w.example"),
            ),
            places=(Secret("k3v9q2@relay.example"), Secret("w8x7y6@relay.example")),
            lights_up=False,
            priced=False,
        )
