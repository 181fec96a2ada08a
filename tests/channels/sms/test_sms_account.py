"""Contract of `SmsAccount`, over HTTP: numbers, what is kept at Twilio, and what goes wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from aiohttp import web
from desk import ACCOUNT, TOKEN, Desk, Medium

from channels.contract import Erased, File, Inbound, Later, Never, Proof, Sent, Trait, Trouble
from channels.secret import Contact, Secret
from channels.sms.account import AccountTroubleError, Direction, Record, SmsAccount
from channels.sms.client import Connection, UnreadableAnswerError
from channels.sms.config import SmsAccountConfig, SmsInConfig
from channels.sms.webhook import routes

MEMBER = "+15551000001"
PROXY = "+15552000001"
SID = "SM" + "1" * 32
MMS = "MM" + "1" * 32
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@dataclass
class World:
    """An account, and the server it is at."""

    desk: Desk
    account: SmsAccount
    config: SmsAccountConfig


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """A small Twilio on a free port of 127.0.0.1, and our side of it."""
    desk = Desk()
    app = web.Application()
    app.add_routes(desk.routes())
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    desk.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    config = SmsAccountConfig(
        public_url="https://relay.example.org/",
        account_sid=ACCOUNT,
        auth_token=Secret(TOKEN),
        api_url=desk.url,
        timeout=timedelta(seconds=5),
        waits=(timedelta(), timedelta()),
    )
    account = SmsAccount(config)
    yield World(desk, account, config)
    await account.close()
    await runner.cleanup()


def revealed(secrets: Any) -> list[str]:
    """The values."""
    return [secret.reveal() for secret in secrets]


async def refusal(work: Any) -> AccountTroubleError:
    """What it was refused with: a sentence of its own, and no number in it."""
    with pytest.raises(AccountTroubleError) as caught:
        await work
    sentence = str(caught.value)
    assert sentence.endswith(".")
    assert "+1" not in sentence
    assert TOKEN not in sentence
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    return caught.value


# Numbers


async def test_numbers_on_sale_are_found(world: World) -> None:
    """By country, area code and kind; where ordinary numbers take no texts, mobile ones."""
    world.desk.on_sale = {
        "US/Local": ["+15552000001", "+15553000001"],
        "US/TollFree": ["+18335550100"],
        "GB/Mobile": ["+447700900001"],
    }
    search = world.account.search
    assert revealed(await search("US")) == ["+15552000001", "+15553000001"]
    assert revealed(await search("US", area_code="555", limit=1)) == ["+15552000001"]
    assert revealed(await search("US", toll_free=True)) == ["+18335550100"]
    assert revealed(await search("GB")) == ["+447700900001"]
    assert {asked["SmsEnabled"] for _, _, asked in world.desk.asked} == {"true"}
    assert (await refusal(search("FR"))).is_gone


async def test_what_was_typed_wrong_asks_nothing(world: World) -> None:
    """A country and an area code have one form; neither can become part of another address."""
    for country, area_code in (("us", None), ("US/../x", None), ("", None), ("US", "5x5")):
        await refusal(world.account.search(country, area_code=area_code))
    assert world.desk.asked == []


async def test_a_bought_number_comes_here(world: World) -> None:
    """All addresses are ours from the start, everything is posted, callers are not looked up."""
    world.desk.on_sale = {"US/Local": [PROXY]}
    await world.account.buy(Secret(PROXY))
    (asked,) = [asked for method, _, asked in world.desk.asked if method == "POST"]
    assert asked == {
        "PhoneNumber": PROXY,
        "SmsUrl": "https://relay.example.org/twilio/sms#rc=5&rp=all",
        "SmsMethod": "POST",
        "SmsFallbackUrl": "https://relay.example.org/twilio/fallback",
        "SmsFallbackMethod": "POST",
        "VoiceUrl": "https://relay.example.org/twilio/voice",
        "VoiceMethod": "POST",
        "VoiceCallerIdLookup": "false",
    }
    (rented,) = await world.account.rented()
    assert (rented.number, rented.well) == (Secret(PROXY), True)
    assert PROXY not in repr(rented)
    assert (await refusal(world.account.buy(Secret(MEMBER)))).code == 21422


async def test_addresses_we_are_given_are_addresses_we_serve(world: World) -> None:
    """What is set at Twilio is among our routes."""

    async def nobody(_: Inbound) -> Any:
        raise AssertionError

    config = SmsInConfig(public_url="", account_sid=ACCOUNT, auth_tokens=(Secret(TOKEN),))
    served = {route.path for route in routes(config, nobody)}
    given = [value for name, value in world.account._addresses().items() if "url" in name]
    paths = {url.removeprefix("https://relay.example.org").partition("#")[0] for url in given}
    assert paths <= served


async def test_numbers_that_lead_elsewhere_are_seen_and_put_right(world: World) -> None:
    """Also when an application hides the addresses; the list has pages."""
    world.desk.on_sale = {"US/Local": [f"+1555200000{n}" for n in range(5)]}
    for number in world.desk.on_sale["US/Local"]:
        await world.account.buy(Secret(number))
    sids = list(world.desk.numbers)
    world.desk.numbers[sids[0]]["sms_url"] = "https://elsewhere.example"
    world.desk.numbers[sids[1]]["voice_method"] = "GET"
    world.desk.numbers[sids[2]]["sms_application_sid"] = "AP1"
    world.desk.numbers[sids[3]]["voice_caller_id_lookup"] = True
    rented = await world.account.rented()
    assert [number.well for number in rented] == [False, False, False, False, True]
    assert [number.reference for number in rented] == sids
    for number in rented:
        await world.account.point(number.number)
    assert all(number.well for number in await world.account.rented())
    for number in (MEMBER, PROXY[:-1]):  # Twilio also finds numbers that hold what was asked for
        await refusal(world.account.point(Secret(number)))


# What came with a message


def with_media(world: World, *media: Medium, **changed: Any) -> Inbound:
    """A message as the webhook hands it in, and its files at Twilio."""
    places = []
    for number, medium in enumerate(media):
        sid = f"ME{number}"
        world.desk.media[MMS, sid] = medium
        places.append(Secret(f"{medium.kind} {world.desk.place(MMS, sid)}"))
    message = Inbound(
        channel="sms",
        provider_id=MMS,
        sender=Contact("sms", MEMBER),
        to=Secret(PROXY),
        text=Secret("look"),
        media=tuple(places),
        proof=Proof.PROVEN,
    )
    return replace(message, **changed)


async def test_files_are_fetched_and_stay_until_their_message_goes(world: World) -> None:
    """In order; our password goes to the API and not to where the files are stored."""
    message = with_media(world, Medium("image/jpeg", b"one"), Medium("image/png", b"two"))
    world.desk.hops = 2
    fetched = await world.account.fetch(message)
    assert fetched == replace(message, media=(), files=(File(b"one"), File(b"two")))
    assert len(world.desk.let_in) == 4
    assert {authorization for _, authorization in world.desk.let_in} == {""}
    assert len(world.desk.media) == 2  # a crash now loses nothing
    assert await world.account.fetch(fetched) == fetched


async def test_words_in_a_file_are_words(world: World) -> None:
    """Long ones of some phones; beside other words they are left out, unless they are the same."""
    parts = (Medium("text/plain", b"one\0"), Medium("text/plain", b"tw\xff"))
    empty = with_media(world, *parts, text=Secret(" "))
    fetched = await world.account.fetch(empty)
    assert (fetched.text, fetched.traits) == (Secret("one\ntw\ufffd"), frozenset())
    same = with_media(world, Medium("text/plain", b"look\n"))
    assert (await world.account.fetch(same)).traits == frozenset()
    other = await world.account.fetch(with_media(world, Medium("text/plain", b"other")))
    assert (other.text, other.traits) == (Secret("look"), {Trait.FILES_LEFT_OUT})


async def test_a_file_may_come_a_little_late(world: World) -> None:
    """Twilio announces files before they are stored: asked for again, so often as configured."""
    message = with_media(world, Medium("image/jpeg", b"late", late=2))
    fetched = await world.account.fetch(message)
    assert (fetched.files, fetched.traits) == ((File(b"late"),), frozenset())
    message = with_media(world, Medium("image/jpeg", b"gone", late=9), Medium("image/png", b"here"))
    fetched = await world.account.fetch(message)
    assert (fetched.files, fetched.traits) == ((File(b"here"),), {Trait.FILES_LEFT_OUT})


async def test_what_is_too_large_is_left_out(world: World, monkeypatch: Any) -> None:
    """One file that is too large; the others come."""
    monkeypatch.setattr("channels.sms.fetching.LARGEST_FILE", 100)
    files = [Medium("image/jpeg", b"x" * 101), *[Medium("image/jpeg", b"y" * 100)] * 2]
    fetched = await world.account.fetch(with_media(world, *files))
    assert [len(file.octets) for file in fetched.files] == [100, 100]
    assert fetched.traits == {Trait.FILES_LEFT_OUT}


async def test_all_files_together_have_a_limit(world: World, monkeypatch: Any) -> None:
    """What does not fit into it is left out, and a smaller one after it is not."""
    monkeypatch.setattr("channels.sms.fetching.LARGEST_TOTAL", 250)
    sizes = (100, 100, 100, 50)
    files = [Medium("image/jpeg", b"x" * size) for size in sizes]
    fetched = await world.account.fetch(with_media(world, *files))
    assert [len(file.octets) for file in fetched.files] == [100, 100, 50]
    assert fetched.traits == {Trait.FILES_LEFT_OUT}


async def test_trouble_leaves_everything_where_it_is(world: World) -> None:
    """Later is later: nothing is deleted before all is here. Redirects in a circle are trouble."""
    files = (Medium("image/jpeg", b"one"), Medium("image/jpeg", b"two"))
    message = with_media(world, *files)
    path = world.desk.place(MMS, "ME1").removeprefix(world.desk.url)
    world.desk.say(503, only=path)
    assert (await refusal(world.account.fetch(message))).why is Trouble.BUSY
    world.desk.say(401, 20003, only=path)
    assert (await refusal(world.account.fetch(message))).why is Trouble.NOT_CONFIGURED
    world.desk.answer = None
    world.desk.hops = 99
    await refusal(world.account.fetch(message))
    world.desk.hops = 1
    assert len(world.desk.media) == 2
    assert len((await world.account.fetch(message)).files) == 2


async def test_only_places_of_our_account_are_asked(world: World) -> None:
    """Whatever stands in `media`, the password goes nowhere else."""
    message = with_media(world)
    strangers = (
        "image/jpeg https://evil.example/x",
        "image/jpeg " + world.desk.place(MMS, "ME1").replace(ACCOUNT, "AC" + "1" * 32),
        "video/mp4 " + world.desk.place(MMS, "ME1"),
        "",
    )
    fetched = await world.account.fetch(replace(message, media=tuple(map(Secret, strangers))))
    assert (fetched.media, fetched.files, fetched.traits) == ((), (), {Trait.FILES_LEFT_OUT})
    assert world.desk.asked == []


# What Twilio keeps


async def test_messages_and_calls_are_erased(world: World) -> None:
    """And what is not there is gone as well; ids of another form are nothing to ask about."""
    world.desk.add(SID, at=NOON)
    world.desk.calls.add("CA1")
    for reference in (SID, "CA1", SID, "CA1", MMS):
        assert await world.account.erase(Secret(reference)) is Erased.GONE
    assert (world.desk.messages, world.desk.calls) == ({}, set())
    asked = len(world.desk.asked)
    for reference in ("", "XX1", "SM1/../x", "SM1\n"):
        assert await world.account.erase(Secret(reference)) is Erased.GONE
    assert len(world.desk.asked) == asked


async def test_what_is_under_way_is_not_erased_yet(world: World) -> None:
    """Twilio refuses; when it has ended, it is erased, and its files with it."""
    for status in ("queued", "sending", "sent"):
        world.desk.add(MMS, at=NOON, status=status)
        with_media(world, Medium("image/jpeg", b"x"))
        assert await world.account.erase(Secret(MMS)) is Erased.NOT_YET
    world.desk.messages[MMS]["status"] = "delivered"
    assert await world.account.erase(Secret(MMS)) is Erased.GONE
    assert (world.desk.messages, world.desk.media) == ({}, {})


async def test_how_a_text_ended_is_known(world: World) -> None:
    """As its status says; nothing while it is under way, gone, or no text; trouble is raised."""
    for status, code, outcome in (
        ("delivered", None, Sent()),
        ("undelivered", 30005, Never(why=Trouble.BAD_CONTACT)),
        ("failed", None, Later(why=Trouble.REFUSED_FOR_NOW)),
        ("sent", None, None),
        ("queued", None, None),
    ):
        world.desk.add(SID, at=NOON, status=status, error_code=code)
        assert await world.account.ended(Secret(SID)) == outcome
    for reference in (MMS, "", "SM1/../x"):
        assert await world.account.ended(Secret(reference)) is None
    world.desk.say(500, 0)
    assert (await refusal(world.account.ended(Secret(SID)))).why is Trouble.BUSY


async def test_a_page_that_is_none_of_twilios_says_nothing_is_gone(world: World) -> None:
    """A 404 of a proxy, a refused password, an outage: not yet, and no id in the log."""
    world.desk.add(SID, at=NOON)
    for status, code in ((404, 0), (401, 20003), (500, 0), (429, 20429)):
        world.desk.say(status, code)
        assert await world.account.erase(Secret(SID)) is Erased.NOT_YET
    world.desk.answer = None
    assert await world.account.erase(Secret(SID)) is Erased.GONE


async def test_messages_of_a_number_are_listed(world: World) -> None:
    """Both ways, oldest first, over pages, from `since` on and before `until`; in any time zone."""
    for n in range(5):
        world.desk.add(f"SM{n}", at=NOON + n * HOUR, body=f"text {n}")
    outbound = {"direction": "outbound-api", "from": PROXY, "to": MEMBER, "status": "delivered"}
    world.desk.add("MM7", at=NOON + 1.5 * HOUR, num_media="1", **outbound)
    world.desk.add("SM8", at=NOON + HOUR, to="+15552000002")
    eastern = timezone(timedelta(hours=-5))
    since, until = ((NOON + n * HOUR).astimezone(eastern) for n in (1, 4))
    records = await world.account.recent(Secret(PROXY), since, until)
    assert [record.sid for record in records] == ["SM1", "MM7", "SM2", "SM3"]
    assert records[0] == Record(
        sid="SM1",
        direction=Direction.IN,
        sender=Contact("sms", MEMBER),
        to=Secret(PROXY),
        text=Secret("text 1"),
        media=0,
        status="received",
        at=NOON + HOUR,
    )
    assert records[1].direction is Direction.OUT
    assert (records[1].sender, records[1].to) == (Secret(PROXY), Contact("sms", MEMBER))
    assert (records[1].media, records[1].status) == (1, "delivered")
    assert not any(secret in repr(records) for secret in (MEMBER, PROXY, "text 1"))


async def test_a_missed_message_is_read_as_its_webhook_would_have_been(world: World) -> None:
    """Words, files, reactions and words of the carrier; what went out is nobody's message."""
    world.desk.add(MMS, at=NOON, body="look\0", num_media="3")
    kinds = ("image/jpeg", "audio/amr", "text/plain")
    message = with_media(world, *[Medium(kind, b"x") for kind in kinds])
    (record,) = await world.account.recent(Secret(PROXY), NOON, NOON + HOUR)
    wanted = replace(
        message,
        media=(message.media[0], message.media[2]),
        traits=frozenset({Trait.FILES_LEFT_OUT}),
    )
    assert await world.account.missed(record) == wanted
    assert len((await world.account.fetch(wanted)).files) == 1
    bare = replace(record, sid=MMS.replace("MM", "SM"), media=0)
    to_others = await world.account.missed(replace(record, media=0))
    assert to_others is not None
    assert Trait.SHOWN_TO_OTHERS in to_others.traits
    stopped = await world.account.missed(replace(bare, text=Secret("Stop ")))
    assert stopped is not None
    assert stopped.traits == {Trait.ANSWERED}
    liked = await world.account.missed(replace(bare, text=Secret("Liked \u201cthat\u201d")))
    assert liked is not None
    assert liked.reaction
    assert await world.account.missed(replace(bare, direction=Direction.OUT)) is None
    assert await world.account.missed(replace(bare, sender=Secret("12345"))) is None


async def test_numbers_that_were_given_up_are_listed(world: World) -> None:
    """One a line, in whichever way they are written; fetched without our password."""
    world.desk.deactivated = b"+15551000001\r\n15551000002\n5551000003\n"
    found = await world.account.deactivated(date(2026, 3, 1))
    assert found == {Contact("sms", f"+1555100000{n}") for n in (1, 2, 3)}
    assert world.desk.asked[0][1:] == ("/v1/Deactivations", {"Date": "2026-03-01"})
    assert world.desk.let_in == [("/storage/0/x/y", "")]
    world.desk.deactivated = b""
    assert await world.account.deactivated(date(2026, 3, 2)) == frozenset()
    world.desk.deactivated = b"<html>not a list</html>"
    await refusal(world.account.deactivated(date(2026, 3, 3)))


# Trouble


async def test_every_trouble_is_one_sentence(world: World, caplog: Any) -> None:
    """Whatever is asked and however it fails: a kind, a sentence, no number, nothing logged."""
    caplog.set_level("DEBUG")
    account = world.account
    asks = (
        lambda: account.search("US"),
        lambda: account.buy(Secret(PROXY)),
        account.rented,
        lambda: account.point(Secret(PROXY)),
        lambda: account.recent(Secret(PROXY), NOON, NOON + HOUR),
        lambda: account.deactivated(date(2026, 3, 1)),
    )
    kinds = {
        (401, 20003): Trouble.NOT_CONFIGURED,
        (401, 0): Trouble.NOT_CONFIGURED,
        (429, 20429): Trouble.BUSY,
        (503, 0): Trouble.BUSY,
        (400, 21649): Trouble.REFUSED_FOR_NOW,
        (400, 99999): Trouble.REFUSED_FOR_NOW,
        (200, 0): Trouble.REFUSED_FOR_NOW,
    }
    for (status, code), why in kinds.items():
        world.desk.say(status, code)
        for ask in asks:
            trouble = await refusal(ask())
            assert trouble.why is why, (status, code)
    world.desk.say(400, 99999)
    assert "99999" in str(await refusal(account.rented()))
    assert not any(secret in caplog.text for secret in (PROXY, MEMBER, TOKEN))


async def test_a_twilio_that_cannot_be_reached(world: World) -> None:
    """Nobody there, no answer in time, an address that is none."""
    nobody = SmsAccount(replace(world.config, api_url="http://127.0.0.1:1"))
    assert (await refusal(nobody.rented())).why is Trouble.UNREACHABLE
    await nobody.close()
    nowhere = SmsAccount(replace(world.config, api_url="http://"))
    assert (await refusal(nowhere.rented())).why is Trouble.NOT_CONFIGURED
    await nowhere.close()
    world.desk.silent = asyncio.Event()
    hasty = SmsAccount(replace(world.config, timeout=timedelta(seconds=0.2)))
    assert (await refusal(hasty.rented())).why is Trouble.TIMEOUT
    assert await hasty.erase(Secret(SID)) is Erased.NOT_YET
    world.desk.silent.set()
    await hasty.close()


async def test_wrong_credentials(world: World) -> None:
    """The sentence says what to look at."""
    wrong = SmsAccount(replace(world.config, auth_token=Secret("wrong")))
    assert "auth token" in str(await refusal(wrong.rented()))
    assert await wrong.erase(Secret(SID)) is Erased.NOT_YET
    await wrong.close()


async def test_a_list_is_not_fetched_without_encryption(world: World) -> None:
    """Twilio's own addresses are https: an answer that leads to another one is trouble."""
    connection = Connection(
        ACCOUNT, Secret(TOKEN), api_url=None, timeout=timedelta(seconds=5), connections=1
    )
    for url in (world.desk.url + "/storage/0/x/y", "file:///etc/passwd", ""):
        with pytest.raises(UnreadableAnswerError):
            await connection.download(url, most=1, signed=False)
    await connection.close()
    assert world.desk.let_in == []


async def test_a_closed_account_asks_nothing(world: World) -> None:
    """Closing twice is fine; what is asked afterwards is an error of ours, and says so."""
    await world.account.close()
    await world.account.close()
    with pytest.raises(RuntimeError):
        await world.account.rented()
