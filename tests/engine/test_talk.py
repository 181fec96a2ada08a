"""What a group talks about: texts join the thread of the last mail, and mails that of a text."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import sqlalchemy as sa

from channels.contract import Outgoing
from channels.secret import Secret
from relay.model import Member
from relay.store.tables import TALK
from relay.vault.vault import Use
from tests.engine.conftest import House

SOL, ROBIN = "+12025550103", "+12025550101"
IVY, OAK = "ivy@willow.example", "oak@willow.example"


@dataclass
class Table:
    """Sol texts; Ivy and Oak mail."""

    house: House
    sol: Member
    ivy: Member
    oak: Member

    async def texts(self, text: str) -> Outgoing:
        """Sol writes. What Oak got of it."""
        return await self._says(self.sol, SOL, text, "", ())

    async def mails(self, text: str, subject: str, *answers: Secret) -> Outgoing:
        """Ivy writes. What Oak got of it."""
        return await self._says(self.ivy, IVY, text, subject, answers)

    async def _says(
        self, member: Member, contact: str, text: str, subject: str, answers: tuple[Secret, ...]
    ) -> Outgoing:
        await self.house.say(member, contact, text, subject=subject, answers=answers)
        await self.house.deliver()
        return self.last(OAK)

    def last(self, contact: str) -> Outgoing:
        """The mail somebody got last."""
        return next(o for o in reversed(self.house.email.sent) if o.to.reveal() == contact)

    def threads(self, out: Outgoing) -> list[int]:
        """The posts its References name, to this very reader."""
        found = [self.house.engine.vault.read(Use.MESSAGE, each) for each in out.references]
        reader = self.oak.id if out.to.reveal() == OAK else self.ivy.id
        assert all(each is not None and each[1] == reader for each in found)
        return [each[0] for each in found if each is not None]

    async def topics(self) -> list[tuple[bool, bool]]:
        """Of each topic, whether a key and a sealed subject are kept."""
        async with self.house.engine.database.reading() as c:
            rows = await c.execute(sa.select(TALK.c.key_id, TALK.c.body))
            return [(row.key_id is not None, row.body is not None) for row in rows]


@pytest.fixture
async def table(house: House) -> Table:
    """A group of three."""
    group = await house.group()
    people = (("Sol", SOL), ("Ivy", IVY), ("Oak", OAK))
    return Table(house, *[await house.member(group, name, contact) for name, contact in people])


async def test_a_text_joins_the_thread_of_the_last_mail(table: Table) -> None:
    """Under its subject, and with References to its first post."""
    tea = await table.mails("who comes?", "Tea")
    answer = await table.texts("I do")
    assert answer.subject == Secret("Re: Tea")
    assert table.threads(answer) == [tea.post]
    cake = await table.mails("who bakes?", "AW: Fwd: Cake")
    assert (cake.references, cake.subject) == ((), Secret("AW: Fwd: Cake"))
    answer = await table.texts("not I")
    assert answer.subject == Secret("Re: Cake")
    assert table.threads(answer) == [cake.post]
    text = next(o for o in table.house.sms.sent if o.subject)
    assert text.to.reveal() == SOL  # what phones do with a subject is their channel's business


async def test_an_answer_in_a_thread_leads_its_texts_there(table: Table) -> None:
    """A mail that answers an older thread makes it what the group talks about."""
    tea = await table.mails("who comes?", "Tea")
    await table.mails("who bakes?", "Cake")
    mine = next(o for o in table.house.email.sent if o.to.reveal() == OAK and o.post == tea.post)
    await table.house.say(table.oak, OAK, "I come", subject="Re: Tea", answers=(mine.message_id,))
    await table.house.deliver()
    answer = await table.texts("so do I")
    assert (answer.subject, table.threads(answer)) == (Secret("Re: Tea"), [tea.post])


async def test_a_mail_answers_a_text(table: Table) -> None:
    """A text begins a thread without a subject; mails answer it, and texts join it."""
    first = await table.texts("is anybody up?")
    assert (first.subject, first.references) == (Secret(""), ())
    assert await table.topics() == [(False, False)]
    answer = await table.mails("I am", "Re: a message", table.last(IVY).message_id)
    assert table.threads(answer) == [first.post]
    again = await table.texts("good")
    assert (again.subject, table.threads(again)) == (Secret(""), [first.post])


async def test_after_its_time_a_new_thread_begins(table: Table) -> None:
    """The subject is gone with its key; a text then stands for itself."""
    await table.mails("who comes?", "Tea")
    await table.house.sweeper.sweep()
    assert await table.topics() == [(True, True)]
    assert len(table.house.engine.vault.body_keys()) == 1
    table.house.clock.forward(hours=13)
    late = await table.texts("oh, I do")
    assert (late.subject, late.references) == (Secret(""), ())
    await table.house.sweeper.sweep()
    assert table.house.engine.vault.body_keys() == set()
    table.house.clock.forward(hours=13)
    await table.house.sweeper.sweep()
    assert await table.topics() == []


async def test_groups_of_one_kind_keep_no_subject(house: House) -> None:
    """Where nobody texts nothing is joined, and where nobody mails there is no subject."""
    mail, text = await house.group("mail"), await house.group("text")
    ivy = await house.member(mail, "Ivy", IVY)
    await house.member(mail, "Oak", OAK)
    sol = await house.member(text, "Sol", SOL)
    await house.member(text, "Robin", ROBIN)
    await house.say(ivy, IVY, "who comes?", subject="Tea")
    await house.say(sol, SOL, "hello")
    await house.deliver()
    await house.sweeper.sweep()
    async with house.engine.database.reading() as c:
        rows = list(await c.execute(sa.select(TALK.c.group_id, TALK.c.key_id, TALK.c.body)))
    assert [tuple(row) for row in rows] == [(text.id, None, None)]
    assert house.engine.vault.body_keys() == set()
