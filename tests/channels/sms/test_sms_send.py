"""Contract of `SmsChannel`, over HTTP against the fake Twilio: what leaves, and how it ended."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest
from aiohttp import web

from channels.contract import (
    Later,
    Never,
    Outcome,
    Outgoing,
    Picture,
    PictureKind,
    Sent,
    Trouble,
)
from channels.secret import Contact, Secret
from channels.sms.config import SmsOutConfig
from channels.sms.send import SmsChannel
from relay.demo.carrier import Carrier

MEMBER = "+15551000001"
PROXY = "+15552000001"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LONG = "lorem ipsum " * 330
LOST = Later(why=Trouble.ANSWER_LOST, unsure=True)

SID = re.compile("(SM|MM)[0-9a-f]{32}")
TOKEN = "abcdefghijklmnopqrstuvwx27"

BAD_CONTACT = Never(why=Trouble.BAD_CONTACT)
REFUSED = Never(why=Trouble.REFUSED)
CONFIGURATION = Later(why=Trouble.NOT_CONFIGURED)


def is_sent(outcome: Outcome, **wanted: Any) -> bool:
    """Whether Twilio took it under an id of its own, and the rest is as wanted."""
    if not isinstance(outcome, Sent) or not SID.fullmatch(outcome.reference.reveal()):
        return False
    return replace(outcome, reference=Secret("")) == Sent(**{"cost": 1, "reported": True, **wanted})


def outgoing(text: str = "hello", **changed: Any) -> Outgoing:
    """An ordinary copy for one reader."""
    return replace(
        Outgoing(
            post=1,
            delivery=Secret("a random token"),
            to=Contact("sms", MEMBER),
            write_to=Secret(PROXY),
            author=Secret("Robin"),
            mask=Secret("mask@relay.example.org"),
            subject=Secret(""),
            text=Secret(text),
            status=Secret(TOKEN),
            expires=NOW + timedelta(minutes=1),
        ),
        **changed,
    )


def configured(carrier: Carrier, **changed: Any) -> SmsOutConfig:
    """Settings that reach the fake Twilio."""
    return replace(
        SmsOutConfig(
            public_url="https://relay.example.org/",
            account_sid=carrier.account_sid,
            auth_token=Secret(carrier.auth_token),
            api_url=carrier.api_url,
            timeout=timedelta(seconds=5),
        ),
        **changed,
    )


@pytest.fixture
async def channels(carrier: Carrier) -> AsyncIterator[Any]:
    """Makes channels to the fake Twilio, and closes them."""
    made: list[SmsChannel] = []

    def make(**changed: Any) -> SmsChannel:
        made.append(SmsChannel(configured(carrier, **changed), lambda: NOW))
        return made[-1]

    yield make
    for channel in made:
        await channel.close()


async def test_a_copy_arrives_as_composed(carrier: Carrier, channels: Any) -> None:
    """From the reader's own proxy number, under the pseudonym, with nothing else of the post."""
    channel = channels()
    assert is_sent(await channel.send(outgoing()))
    (message,) = carrier.phone(MEMBER).inbox
    assert (message.from_, message.body) == (PROXY, "Robin: hello")
    (asked,) = carrier.requests
    assert asked == {
        "To": MEMBER,
        "From": PROXY,
        "Body": "Robin: hello",
        "StatusCallback": f"https://relay.example.org/twilio/status?t={TOKEN}",
        "ValidityPeriod": "60",
    }
    assert (channel.name, channel.concurrency, channel.priced) == ("sms", 8, True)


async def test_nobody_is_called_about_a_copy_nobody_follows(
    carrier: Carrier, channels: Any
) -> None:
    """Without a token there is no callback, and the outcome says so."""
    assert is_sent(await channels().send(outgoing(status=Secret(""))), reported=False)
    assert "StatusCallback" not in carrier.requests[0]


async def test_a_notice_has_no_prefix(carrier: Carrier, channels: Any) -> None:
    """The programme itself speaks without a name, and without a subject."""
    notice = outgoing(author=None, subject=Secret("a subject for mailboxes"))
    assert is_sent(await channels().send(notice))
    assert [message.body for message in carrier.phone(MEMBER).inbox] == ["hello"]


async def test_twilio_forgets_where_the_account_allows(carrier: Carrier, channels: Any) -> None:
    """The retention parameters are sent only with the setting: without the feature they fail."""
    channel = channels(redaction=True)
    assert await channel.send(outgoing()) == CONFIGURATION
    carrier.redaction = True
    assert await channel.send(outgoing()) == Sent(cost=1, reported=True)  # nothing to erase
    assert carrier.requests[-1]["ContentRetention"] == "discard"
    assert carrier.requests[-1]["AddressRetention"] == "obfuscate"


async def test_nothing_outlives_its_expiry(carrier: Carrier, channels: Any) -> None:
    """Twilio is told how long it may try, ten hours at most; what has expired is not sent."""
    channel = channels()
    assert is_sent(await channel.send(outgoing(expires=NOW + timedelta(days=3))))
    assert carrier.requests[-1]["ValidityPeriod"] == "36000"
    for late in (NOW, NOW - timedelta(hours=1), NOW + timedelta(milliseconds=900)):
        assert await channel.send(outgoing(expires=late)) == REFUSED
    assert len(carrier.requests) == 1


async def test_nobody_is_woken(carrier: Carrier, channels: Any) -> None:
    """Twilio may try until her quiet hours begin; with less than half a minute left, not at all."""
    channel = channels()
    late = NOW + timedelta(hours=5)
    for left, seconds in {30: "30", 3600: "3600", 6 * 3600: "18000"}.items():
        quiet = NOW + timedelta(seconds=left)
        assert is_sent(await channel.send(outgoing(expires=late, not_after=quiet)))
        assert carrier.requests[-1]["ValidityPeriod"] == seconds
    for left, wait in {29: 30, 1: 2, 0: 1, -3600: 1}.items():
        quiet = NOW + timedelta(seconds=left)
        ended = await channel.send(outgoing(expires=late, not_after=quiet))
        assert ended == Later(why=Trouble.BUSY, after=timedelta(seconds=wait))
    assert await channel.send(outgoing(expires=NOW, not_after=NOW)) == REFUSED
    assert len(carrier.requests) == 3


async def test_status_callbacks_find_their_delivery(
    carrier: Carrier, channels: Any, edge: Any
) -> None:
    """The whole round: the fake Twilio calls our webhook with the token and the id we know."""
    sent = await channels(public_url=edge.url).send(outgoing())
    await carrier.wait_for(lambda: len(carrier.callbacks) == 2, timeout=5)
    sid = sent.reference.reveal()
    assert edge.progress == [(TOKEN, sid, None), (TOKEN, sid, Sent())]


async def test_wrong_credentials_are_configuration(channels: Any) -> None:
    """Text messaging pauses; nobody's message is lost."""
    assert await channels(auth_token=Secret("wrong")).send(outgoing()) == CONFIGURATION


async def test_a_lost_answer_is_unsure(carrier: Carrier, channels: Any) -> None:
    """The text was taken and the connection dropped: it may be there, and here it is."""
    carrier.lose_answer()
    assert await channels().send(outgoing()) == LOST
    assert len(carrier.phone(MEMBER).inbox) == 1


async def test_a_late_answer_is_unsure(carrier: Carrier, channels: Any) -> None:
    """Our timeout holds, unlike the SDK's own; the text may be there."""
    carrier.delay(3600)
    assert await channels(timeout=timedelta(seconds=0.2)).send(outgoing()) == LOST
    assert len(carrier.phone(MEMBER).inbox) == 1


@pytest.fixture
async def silent() -> AsyncIterator[str]:
    """host:port of a server that takes connections and never says a word."""
    gone = asyncio.Event()

    async def listen(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await gone.wait()
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    yield f"{host}:{port}"
    gone.set()
    server.close()
    await server.wait_closed()


async def test_a_server_that_never_answers(channels: Any, silent: str) -> None:
    """The request has left when time is up: unsure."""
    channel = channels(timeout=timedelta(seconds=0.2), api_url=f"http://{silent}")
    assert await channel.send(outgoing()) == LOST


async def test_a_connection_that_never_comes_about(channels: Any, silent: str) -> None:
    """Time is up during the TLS handshake: nothing was sent, so nothing is unsure."""
    channel = channels(timeout=timedelta(seconds=0.4), api_url=f"https://{silent}")
    assert await channel.send(outgoing()) == Later(why=Trouble.TIMEOUT)


async def test_nobody_there(carrier: Carrier, channels: Any) -> None:
    """Connection refused: nothing was sent."""
    channel = channels()
    await carrier.close()
    assert await channel.send(outgoing()) == Later(why=Trouble.UNREACHABLE)


async def test_no_tls_is_not_there_either(carrier: Carrier, channels: Any) -> None:
    """A server that cannot speak TLS on an https address gets no message."""
    channel = channels(api_url=carrier.api_url.replace("http:", "https:"))
    assert await channel.send(outgoing()) == Later(why=Trouble.UNREACHABLE)


async def test_an_address_that_is_none_is_configuration(channels: Any) -> None:
    """Nothing was sent, and the operator must look."""
    assert await channels(api_url="http://").send(outgoing()) == CONFIGURATION


@pytest.mark.parametrize("answer", ["", "<html>ok</html>", "[]", "{}", '{"sid": 5}', "\udcff"])
async def test_a_yes_nobody_can_read_is_unsure(channels: Any, answer: str) -> None:
    """201 without a message: it may have been taken."""

    async def say(_: web.Request) -> web.Response:
        body = answer.encode("utf-8", "surrogateescape")
        return web.Response(status=201, body=body, content_type="application/json")

    app = web.Application()
    app.add_routes([web.post("/{path:.*}", say)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        channel = channels(api_url=f"http://127.0.0.1:{runner.addresses[0][1]}")
        assert await channel.send(outgoing()) == LOST
    finally:
        await channel.close()
        await runner.cleanup()


async def test_errors_of_ours_mean_later(channels: Any, caplog: Any) -> None:
    """Anything unexpected delays; the log names its kind only."""
    channel = channels()
    assert await channel.send(outgoing("a" * 1600, author=Secret("R" * 1599))) == Later(
        why=Trouble.OUR_FAULT
    )
    await channel.close()
    assert await channel.send(outgoing()) == Later(why=Trouble.OUR_FAULT)
    assert "RuntimeError" in caplog.text
    assert "RRR" not in caplog.text


async def test_cancellation_goes_through(carrier: Carrier, channels: Any) -> None:
    """A send that is cancelled is cancelled, not swallowed."""
    carrier.delay(3600)
    sending = asyncio.create_task(channels().send(outgoing()))
    await carrier.wait_for(lambda: len(carrier.requests) == 1, timeout=5)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending


def bodies(carrier: Carrier) -> list[str]:
    """What the reader's phone shows."""
    return [message.body for message in carrier.phone(MEMBER).inbox]


async def test_a_long_text_comes_page_by_page(carrier: Carrier, channels: Any) -> None:
    """One text for each send; the outcome says where the next begins, and nothing is remembered."""
    start: int | None = 0
    while start is not None:
        ended = await channels().send(outgoing(LONG, start=start))
        assert isinstance(ended, Sent)
        assert 1 <= ended.cost <= 4
        start = ended.rest
    pages = bodies(carrier)
    assert len(pages) == len(carrier.requests) > 2
    more = pages[0][pages[0].index("m ...") + 1 :]
    words = [page.removeprefix("Robin: ").removesuffix(more).strip() for page in pages]
    assert " ".join(words) == LONG.strip()


async def test_a_text_is_as_long_as_it_may_be_dear(carrier: Carrier, channels: Any) -> None:
    """The setting is in segments; toll-free numbers have smaller ones."""
    rest = []
    for number in (PROXY, "+18335550100"):
        carrier.rent(number)
        for most in (1, 3):
            channel = channels(most_segments=most)
            ended = await channel.send(outgoing("x" * 2000, write_to=Secret(number)))
            assert ended.cost == most
            rest.append(ended.rest)
    assert rest[0] < rest[1]
    assert rest[3] < rest[1]


def test_every_toll_free_number_has_smaller_segments(channels: Any) -> None:
    """306 characters are two texts from an ordinary number, and three from any of those."""
    said = {"author": None, "subject": Secret(""), "text": Secret("x" * 306)}
    costs = {
        area: channels().cost(**said, start=0, number=Secret(f"+1{area}5550100"), pictures=0)
        for area in ("800", "833", "844", "855", "866", "877", "888", "801", "555")
    }
    assert {area for area, cost in costs.items() if cost == 2} == {"801", "555"}
    assert {area for area, cost in costs.items() if cost == 3} == set(costs) - {"801", "555"}


async def test_a_doubtful_page_says_what_comes_after_it(carrier: Carrier, channels: Any) -> None:
    """Should it have arrived after all, the reader can go on; the next attempt is the same page."""
    channel = channels()
    carrier.lose_answer()
    lost = await channel.send(outgoing(LONG))
    again = await channel.send(outgoing(LONG))
    assert lost == Later(why=Trouble.ANSWER_LOST, unsure=True, rest=again.rest)
    assert again.rest is not None
    assert bodies(carrier)[0] == bodies(carrier)[1]


async def test_a_mail_is_read_as_a_text(carrier: Carrier, channels: Any) -> None:
    """Its subject stands first if it says something; `start` counts into both."""
    mail = outgoing("all is well", subject=Secret("Tuesday is cancelled"))
    assert is_sent(await channels().send(mail))
    assert is_sent(await channels().send(replace(mail, start=len("Tuesday is cancelled\n"))))
    assert is_sent(await channels().send(replace(mail, subject=Secret("Re: Tuesday"))))
    assert is_sent(await channels().send(replace(mail, subject=Secret("Robin"))))
    assert (
        bodies(carrier) == ["Robin: Tuesday is cancelled\nall is well"] + ["Robin: all is well"] * 3
    )


async def test_what_a_copy_will_cost_is_known_before(channels: Any) -> None:
    """As it is charged afterwards: the same words, the same page, and three for a picture."""
    channel = channels()
    for text, start in (("hi", 0), ("\u6f22" * 100, 0), (LONG, 0), (LONG, len(LONG) - 20)):
        said = {"author": Secret("Robin"), "subject": Secret("a subject"), "text": Secret(text)}
        ended = await channel.send(replace(outgoing(), start=start, **said))
        cost = channel.cost(**said, start=start, number=Secret(PROXY), pictures=0)
        assert cost == ended.cost
    assert channel.cost(**said, start=0, number=Secret(PROXY), pictures=2) == 3
    assert channel.cost(**said, start=len(LONG) - 20, number=Secret(PROXY), pictures=2) == 1
    assert channel.cost(**said, start=len(LONG) - 20, number=Secret("+442"), pictures=2) == 1


def picture(kind: PictureKind = PictureKind.JPEG, size: int = 1000) -> Picture:
    """A picture of so many octets."""
    return Picture(kind, b"x" * size)


def shown(*pictures: Picture, text: str = "look", **changed: Any) -> Outgoing:
    """A copy with pictures, each under a link of its own."""
    links = tuple(Secret(f"https://relay.example.org/m/{n}") for n in range(len(pictures)))
    wanted = {"pictures": pictures, "picture_links": links, **changed}
    return outgoing(text, **wanted)


@pytest.fixture
async def create() -> AsyncIterator[Any]:
    """An API that notes each create call, parameters repeated or not, and takes it."""
    asked: list[dict[str, list[str]]] = []

    async def take(request: web.Request) -> web.Response:
        asked.append(parse_qs(await request.text(), keep_blank_values=True))
        return web.json_response({"sid": "MM" + "0" * 32}, status=201)

    app = web.Application()
    app.add_routes([web.post("/{path:.*}", take)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}", asked
    await runner.cleanup()


async def test_pictures_go_with_the_text_where_phones_take_them(channels: Any, create: Any) -> None:
    """Up to ten, in order, 500 kB together; the others are said to have gone by mail."""
    url, asked = create
    channel = channels(api_url=url)
    png, gif, webp = PictureKind.PNG, PictureKind.GIF, PictureKind.WEBP
    australian = {"to": Contact("sms", "+61491570156"), "write_to": Secret("+61491570157")}
    cases: list[tuple[Outgoing, str, list[int]]] = [
        (shown(picture(), picture(png), picture(gif)), "look", [0, 1, 2]),
        (shown(picture(), text=""), "", [0]),
        (shown(picture(webp), picture()), "look (picture sent to mail readers)", [1]),
        (shown(picture(size=300_000), picture(size=200_000)), "look", [0, 1]),
        (
            shown(picture(size=300_000), picture(size=200_001), picture(size=200_000)),
            "look (picture sent to mail readers)",
            [0, 2],
        ),
        (shown(*[picture()] * 12), "look (2 pictures sent to mail readers)", list(range(10))),
        (shown(picture(), **australian), "look", [0]),
        (
            shown(picture(), **{**australian, "write_to": Secret(PROXY)}),
            "look (picture sent to mail readers)",
            [],
        ),
        (
            shown(picture(), picture(), to=Contact("sms", "+447700900123")),
            "look (2 pictures sent to mail readers)",
            [],
        ),
        (shown(picture(), picture_links=()), "look (picture sent to mail readers)", []),
        (shown(picture(webp), text=""), "(picture sent to mail readers)", []),
    ]
    for out, words, links in cases:
        ended = await channel.send(out)
        assert ended.cost == (3 if links else 1)
        assert asked[-1]["Body"][0].rstrip() == f"Robin: {words}".rstrip()
        wanted = [f"https://relay.example.org/m/{number}" for number in links]
        assert asked[-1].get("MediaUrl", []) == wanted


async def test_pictures_go_with_the_first_page_alone(channels: Any, create: Any) -> None:
    """The next page is a plain text, and says nothing of pictures that have arrived."""
    url, asked = create
    channel = channels(api_url=url)
    out = shown(picture(), text=LONG)
    first = await channel.send(out)
    assert (first.cost, len(asked[0]["MediaUrl"])) == (3, 1)
    second = await channel.send(replace(out, start=first.rest))
    assert second.cost == 4
    assert "MediaUrl" not in asked[1]
    assert await channel.send(replace(out, start=len(LONG) + 90)) == replace(
        second, cost=1, rest=None
    )


async def test_nothing_is_logged_or_kept(carrier: Carrier, channels: Any, caplog: Any) -> None:
    """At DEBUG, good and bad: no number, no words, no token; the SDK keeps no last request."""
    caplog.set_level("DEBUG")
    channel = channels()
    assert is_sent(await channel.send(outgoing("canary")))
    carrier.fail(code=21211)
    assert await channel.send(outgoing("canary")) == BAD_CONTACT
    carrier.lose_answer()
    assert await channel.send(outgoing("canary")) == LOST
    for secret in (MEMBER, MEMBER[1:], PROXY, "canary", carrier.auth_token, TOKEN):
        assert secret not in caplog.text
    assert channel._connection._http._test_only_last_request is None
    assert channel._connection._http._test_only_last_response is None


async def test_the_environment_changes_nothing(
    carrier: Carrier, channels: Any, monkeypatch: Any
) -> None:
    """The SDK would read account, edge and region from the process environment."""
    for name in ("ACCOUNT_SID", "AUTH_TOKEN", "EDGE", "REGION"):
        monkeypatch.setenv(f"TWILIO_{name}", "elsewhere")
    assert is_sent(await channels().send(outgoing()))
    assert len(carrier.requests) == 1


async def test_a_channel_never_used_closes(channels: Any) -> None:
    """Nothing is opened before the first send, and closing twice is fine."""
    channel = channels()
    await channel.close()
    await channel.close()
