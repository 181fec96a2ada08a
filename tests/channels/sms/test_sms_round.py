"""All edges of the SMS channel together, over HTTP against the fake Twilio and its phones."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree

import pytest

from channels.contract import Erased, File, Outgoing, Picture, PictureKind, Sent, Trait
from channels.secret import Contact, Secret
from channels.sms.account import Direction, SmsAccount
from channels.sms.config import SmsAccountConfig, SmsOutConfig
from channels.sms.send import SmsChannel
from relay.demo.carrier import Carrier

MEMBER = "+15551000001"
OTHER = "+15551000002"
PROXY = "+15552000001"
TOKEN = "abcdefghijklmnopqrstuvwx27"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
async def account(carrier: Carrier, edge: Any) -> AsyncIterator[SmsAccount]:
    """Our side of the account at the fake Twilio."""
    made = SmsAccount(
        SmsAccountConfig(
            public_url=edge.url,
            account_sid=carrier.account_sid,
            auth_token=Secret(carrier.auth_token),
            api_url=carrier.api_url,
            waits=(timedelta(),),
        )
    )
    yield made
    await made.close()


async def test_a_picture_comes_in_and_nothing_stays(
    carrier: Carrier, edge: Any, account: SmsAccount
) -> None:
    """Handed in as a place, fetched with its octets, and then erased: Twilio keeps nothing."""
    robin = carrier.phone(MEMBER)
    assert await robin.text(PROXY, "", [("image/png", b"octets"), ("text/plain", b"hi")]) == 200
    (message,) = edge.taken
    fetched = await account.fetch(message)
    assert (fetched.files, fetched.text) == ((File(b"octets"),), Secret("hi"))
    assert fetched.traits == frozenset()
    assert len(carrier.left_behind().media) == 2  # a crash now loses nothing
    assert await account.erase(Secret(message.provider_id)) is Erased.GONE
    assert not carrier.left_behind()


async def test_a_group_message_of_a_phone_is_noticed(carrier: Carrier, edge: Any) -> None:
    """As Twilio tells it, with its other recipients."""
    assert await carrier.phone(MEMBER).text(PROXY, "hi all", others=[OTHER]) == 200
    assert edge.taken[0].traits == {Trait.SHOWN_TO_OTHERS}


async def test_a_picture_goes_out_and_nothing_stays(
    carrier: Carrier, edge: Any, account: SmsAccount
) -> None:
    """The phone shows text and picture; the news of it is heard; Twilio's copy is erased."""
    channel = SmsChannel(
        SmsOutConfig(
            public_url=edge.url,
            account_sid=carrier.account_sid,
            auth_token=Secret(carrier.auth_token),
            api_url=carrier.api_url,
        ),
        lambda: NOW,
    )
    sent = await channel.send(
        Outgoing(
            post=1,
            delivery=Secret("a random token"),
            to=Contact("sms", MEMBER),
            write_to=Secret(PROXY),
            author=Secret("Robin"),
            mask=Secret("mask@relay.example.org"),
            subject=Secret(""),
            text=Secret("look"),
            pictures=(Picture(PictureKind.JPEG, b"one"), Picture(PictureKind.JPEG, b"two")),
            picture_links=(Secret(f"{edge.url}/m/one"), Secret(f"{edge.url}/m/two")),
            status=Secret(TOKEN),
            expires=NOW + timedelta(hours=1),
        )
    )
    await channel.close()
    assert isinstance(sent, Sent)
    await carrier.wait_for(lambda: len(carrier.callbacks) == 2, timeout=5)
    (text,) = carrier.phone(MEMBER).inbox
    assert text.body == "Robin: look"
    assert [medium.octets for medium in text.media] == [b"one", b"two"]
    assert edge.progress[-1] == (TOKEN, sent.reference.reveal(), Sent())
    assert await account.erase(sent.reference) is Erased.GONE
    assert not carrier.left_behind()


async def test_a_call_is_answered_and_forgotten(
    carrier: Carrier, edge: Any, account: SmsAccount
) -> None:
    """Busy; its id was handed in, and Twilio's record of it is erased with that."""
    answer = await carrier.phone(MEMBER).call(PROXY)
    assert [verb.tag for verb in ElementTree.fromstring(answer)] == ["Reject"]
    assert await account.erase(Secret(edge.calls[0])) is Erased.GONE
    assert not carrier.left_behind()


async def test_what_never_came_is_found(carrier: Carrier, edge: Any, account: SmsAccount) -> None:
    """A text whose webhook failed is in the list, and reads as the webhook would have told it."""
    edge.broken = True
    robin = carrier.phone(MEMBER)
    assert await robin.text(PROXY, "hello", [("image/jpeg", b"octets")]) == 503
    edge.broken = False
    now = carrier.now()
    day = timedelta(days=1)
    (record,) = await account.recent(Secret(PROXY), now - day, now + day)
    assert record.direction is Direction.IN
    found = await account.missed(record)
    assert found is not None
    assert (await account.fetch(found)).files == (File(b"octets"),)
    assert await robin.text(PROXY, "hello") == 200
    (heard,) = edge.taken
    assert replace(found, provider_id=heard.provider_id, media=()) == heard


async def test_numbers_are_bought_and_put_right(
    carrier: Carrier, edge: Any, account: SmsAccount
) -> None:
    """A number rented elsewhere leads nowhere until it is pointed here; texts to both arrive."""
    carrier.offer("+15552000009")
    (offered,) = await account.search("US", area_code="555")
    await account.buy(offered)
    wells = {number.number.reveal(): number.well for number in await account.rented()}
    assert wells == {PROXY: False, "+15552000009": True}
    await account.point(Secret(PROXY))
    assert all(number.well for number in await account.rented())
    for number in (PROXY, "+15552000009"):
        assert await carrier.phone(MEMBER).text(number, "hello") == 200
    assert [message.to.reveal() for message in edge.taken] == [PROXY, "+15552000009"]


async def test_phones_given_up_are_known(carrier: Carrier, account: SmsAccount) -> None:
    """The list of a day."""
    day = carrier.now().date()
    carrier.deactivate(MEMBER, day=day)
    assert await account.deactivated(day) == {Contact("sms", MEMBER)}


async def test_shared_keys_sign(carrier: Carrier, serve: Any) -> None:
    """With the algorithm that is configured, on both sides, everything arrives; else nothing."""
    carrier.signature, carrier.shared_key = "sha256", "a shared key"
    async with serve(signature="sha256", shared_keys=(Secret("a shared key"),)) as edge:
        assert await carrier.phone(MEMBER).text(PROXY, "hello") == 200
        carrier.signature = "sha1"
        assert await carrier.phone(MEMBER).text(PROXY, "hello") == 403
    assert len(edge.taken) == 1
