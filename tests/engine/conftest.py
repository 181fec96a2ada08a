"""An engine on each database, a stopped clock, and channels that record."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import sqlalchemy as sa

from channels.contract import File, Inbound, Proof, Receipt, Trait
from channels.secret import Contact, Secret
from policies import catalogue
from relay.config import Settings
from relay.courier import Courier
from relay.engine import Engine, open_engine
from relay.intake import Intake
from relay.model import Group, Member
from relay.store.tables import DELIVERY, POST
from relay.sweeper import Sweeper
from relay.vault import master
from tests.support.clock import StoppedClock
from tests.support.recorder import Recorder


@dataclass
class House:
    """A whole engine between recording channels."""

    engine: Engine
    clock: StoppedClock
    intake: Intake
    sweeper: Sweeper
    sms: Recorder
    email: Recorder
    couriers: dict[str, Courier] = field(default_factory=dict)
    messages: int = 0

    async def group(self, name: str = "Tuesday", **wishes: str) -> Group:
        """Create a group; unless it asks for it, quiet hours end on the minute."""
        return await self.engine.registrar.create_group(name, {"jitter": "0"} | wishes)

    async def member(
        self, group: Group, name: str, contact: str, *, agreed: bool = True, **wishes: str
    ) -> Member:
        """Add a member, by text or mail as her contact is."""
        facilitator = wishes.pop("facilitator", "") == "yes"
        return await self.engine.registrar.add_member(
            group.name.reveal(),
            name=name,
            sms=contact if contact.startswith("+") else None,
            email=None if contact.startswith("+") else contact,
            agreed="2026-11-01" if agreed else None,
            facilitator=facilitator,
            wishes=wishes,
        )

    async def say(
        self,
        member: Member,
        contact: str,
        text: str,
        *,
        subject: str = "",
        message: str | None = None,
        traits: frozenset[Trait] = frozenset(),
        proof: Proof = Proof.PROVEN,
        to: Secret | None = None,
        html: str = "",
        files: tuple[File, ...] = (),
        answers: tuple[Secret, ...] = (),
        real_name: str = "",
    ) -> Receipt:
        """A member writes from her contact to where she writes, or to another place."""
        self.messages += 1
        return await self.intake.accept(
            Inbound(
                channel=member.channel,
                provider_id=message or f"message-{self.messages}",
                sender=Contact(member.channel, contact),
                to=to or member.write_to,
                text=Secret(text),
                subject=Secret(subject),
                html=Secret(html),
                sender_name=Secret(real_name),
                files=files,
                answers=answers,
                proof=proof,
                traits=traits,
                refusal_is_heard=member.channel == "email",
            )
        )

    async def deliver(self) -> None:
        """Let both couriers work until nothing is due or under way, then stop them."""
        channels = (self.sms, self.email)
        tasks = [asyncio.create_task(self.courier(channel).run()) for channel in channels]
        while await self.is_busy():
            await asyncio.sleep(0.005)
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def courier(self, channel: Recorder) -> Courier:
        """A courier as the wiring builds it."""
        return Courier(self.engine, channel, catalogue.DELIVERY, self.sweeper.wake)

    async def is_busy(self) -> bool:
        """Whether something is due, or claimed and not settled."""
        moment = int(self.clock.now().timestamp() * 1000)
        query = sa.select(DELIVERY.c.id).where(
            (DELIVERY.c.due <= moment) | DELIVERY.c.claim.is_not(None)
        )
        async with self.engine.database.reading() as c:
            return (await c.execute(query)).first() is not None

    async def stored(self) -> tuple[int, int]:
        """How many posts and deliveries are stored."""
        async with self.engine.database.reading() as c:
            posts = await c.execute(sa.select(sa.func.count()).select_from(POST))
            deliveries = await c.execute(sa.select(sa.func.count()).select_from(DELIVERY))
            return posts.scalar_one(), deliveries.scalar_one()

    async def tallies(self) -> dict[str, int]:
        """How often what happened."""
        async with self.engine.database.reading() as c:
            return await self.engine.outbox.ledger.tallies(c)


@pytest.fixture
async def house(database_url: str, tmp_path: Path) -> AsyncIterator[House]:
    """An empty house with two proxy numbers and a mail domain."""
    settings = Settings(
        data_dir=tmp_path / "data",
        database_url=database_url,
        domain="relay.example",
        member_posts_per_hour=0,
        group_posts_per_hour=0,
    )
    master.create(settings.master_key)
    clock = StoppedClock()
    engine = await open_engine(settings, clock)
    await engine.registrar.add_numbers(["+12025550181", "+12025550182"])
    intake = Intake(engine, catalogue.POST, lambda: None)
    sweeper = Sweeper(engine, lambda: None, stopwatch=lambda: clock.now().timestamp())
    yield House(engine, clock, intake, sweeper, Recorder("sms"), Recorder("email"))
    await engine.close()
