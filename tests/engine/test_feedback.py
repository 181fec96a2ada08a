"""What mail hosts and readers let us know, and what follows from it."""

from __future__ import annotations

import pytest

from channels.contract import News, Outgoing, Receipt, Report
from channels.secret import Secret
from relay import wording
from relay.feedback import Feedback
from relay.model import Member
from tests.engine.conftest import House

IVY, OAK = "ivy@willow.example", "oak@willow.example"
ANA = "+12025550102"


async def _sent(house: House) -> tuple[Member, Member, Outgoing]:
    """A group in which Ivy got one post, and its copy."""
    group = await house.group()
    ivy = await house.member(group, "Ivy", IVY)
    oak = await house.member(group, "Oak", OAK)
    await house.member(group, "Ana", ANA, facilitator="yes")
    await house.say(oak, OAK, "one")
    await house.deliver()
    return ivy, oak, next(out for out in house.email.sent if out.to.reveal() == IVY)


async def _hear(house: House, news: News, token: Secret) -> None:
    await Feedback(house.engine, lambda: None).hear(Report(news=news, token=token))


async def _state(house: House, name: str) -> str:
    (_, members) = await house.engine.registrar.group("Tuesday")
    return next(str(m.state) for m in members if m.name.reveal() == name)


async def test_a_dead_mailbox_gets_nothing_more(house: House) -> None:
    """At once; her facilitator learns it, the group does not."""
    _, oak, copy = await _sent(house)
    await _hear(house, News.DEAD, copy.return_path)
    await house.say(oak, OAK, "two")
    await house.deliver()
    assert await _state(house, "Ivy") == "unreachable"
    assert house.email.texts_to(IVY) == ["one"]
    assert house.email.texts_to(OAK) == []
    assert wording.UNREACHABLE.format(name="Ivy") in house.sms.texts_to(ANA)


async def test_a_return_path_ends(house: House) -> None:
    """After two weeks its token means nothing."""
    *_, copy = await _sent(house)
    house.clock.forward(days=15)
    await _hear(house, News.DEAD, copy.return_path)
    assert await _state(house, "Ivy") == "active"


@pytest.mark.parametrize("news", list(News))
async def test_made_up_tokens_do_nothing(house: House, news: News) -> None:
    """Any letters are heard without a word and change nobody."""
    *_, copy = await _sent(house)
    for token in ("a" * 26, "", "x", copy.message_id.reveal(), copy.list_id.reveal()):
        await _hear(house, news, Secret(token))
    assert await _state(house, "Ivy") == "active"
    assert await house.stored() == (0, 0)


async def test_one_use_is_not_another(house: House) -> None:
    """A return path does not unsubscribe, and a link to unsubscribe reports no dead mailbox."""
    *_, copy = await _sent(house)
    await _hear(house, News.UNSUBSCRIBE, copy.return_path)
    await _hear(house, News.DEAD, copy.unsubscribe)
    assert await _state(house, "Ivy") == "active"


async def test_soft_failures_add_up(house: House) -> None:
    """Told once a day; on the fifth day within two weeks the mailbox counts as dead."""
    *_, copy = await _sent(house)
    for _ in range(4):
        await _hear(house, News.FAILED, copy.return_path)
        await _hear(house, News.FAILED, copy.return_path)
        await house.deliver()
        house.clock.forward(days=1)
    assert await _state(house, "Ivy") == "active"
    await _hear(house, News.FAILED, copy.return_path)
    assert await _state(house, "Ivy") == "unreachable"
    await house.deliver()
    told = house.sms.texts_to(ANA)
    assert told.count(wording.GIVEN_BACK.format(name="Ivy")) == 4


async def test_a_complaint_ends_it_without_another_mail(house: House) -> None:
    """Nothing more to her, not even a confirmation; her facilitator is asked to look after her."""
    _, oak, copy = await _sent(house)
    await _hear(house, News.COMPLAINT, copy.return_path)
    await house.say(oak, OAK, "two")
    await house.deliver()
    assert house.email.texts_to(IVY) == ["one"]
    assert wording.COMPLAINED.format(name="Ivy") in house.sms.texts_to(ANA)


async def test_a_complaint_by_link_counts_too(house: House) -> None:
    """A complaint that names only her link to unsubscribe is hers as well."""
    *_, copy = await _sent(house)
    await _hear(house, News.COMPLAINT, copy.unsubscribe)
    assert await _state(house, "Ivy") == "stopped"


async def test_unsubscribing_ends_this_group_at_once(house: House) -> None:
    """What waits for her is dropped in the same transaction; one confirmation; only this group."""
    _, oak, copy = await _sent(house)
    other = await house.group("other")
    await house.member(other, "Iris", IVY)
    assert await house.say(oak, OAK, "two") is Receipt.TAKEN
    await _hear(house, News.UNSUBSCRIBE, copy.unsubscribe)
    await _hear(house, News.UNSUBSCRIBE, copy.unsubscribe)
    await house.deliver()
    assert house.email.texts_to(IVY) == ["one", wording.UNSUBSCRIBED]
    (_, members) = await house.engine.registrar.group("other")
    assert [str(m.state) for m in members] == ["active"]
