"""Contract of `SmsChannel`, over HTTP against the fake Twilio: what leaves, and how it ended."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web

from channels.contract import Later, Never, Outgoing, Sent, Trouble
from channels.secret import Contact, Secret
from channels.sms.config import SmsOutConfig
from channels.sms.errors import OUTCOMES, outcome
from channels.sms.send import SmsChannel, status_token
from relay.demo.carrier import Carrier

MEMBER = "+15551000001"
PROXY = "+15552000001"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LONG = "lorem ipsum " * 330
LOST = Later(why=Trouble.ANSWER_LOST, unsure=True)

BAD_CONTACT = Never(why=Trouble.BAD_CONTACT)
REFUSED = Never(why=Trouble.REFUSED)
OUR_BUG = Never(why=Trouble.OUR_FAULT)
CONFIGURATION = Later(why=Trouble.NOT_CONFIGURED)
BUSY = Later(why=Trouble.BUSY)
FOR_NOW = Later(why=Trouble.REFUSED_FOR_NOW)
CAPPED = Later(why=Trouble.BUSY, after=timedelta(hours=1))
OFF = Later(why=Trouble.REFUSED_FOR_NOW, after=timedelta(minutes=15))

ROWS = {
    **dict.fromkeys([21211, 21614, 21635, 30005, 30006], BAD_CONTACT),
    21610: Never(why=Trouble.OPTED_OUT),
    **dict.fromkeys([14107, 20003, 20404, 21212, 21408, 21603, 21606, 21659, 21660], CONFIGURATION),
    **dict.fromkeys([30002, 30029, 30030, 30032, 30034, 30450, 30610, 30640], CONFIGURATION),
    **dict.fromkeys([20429, 21611, 30001, 30017, 30022], BUSY),
    **dict.fromkeys([30023, 63038], CAPPED),
    **dict.fromkeys([21612, 30004, 30007, 30010, 30019], REFUSED),
    **dict.fromkeys([21602, 21617], OUR_BUG),
    30003: OFF,
    30008: FOR_NOW,
}


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
    assert await channel.send(outgoing()) == Sent()
    (message,) = carrier.phone(MEMBER).inbox
    assert (message.from_, message.body) == (PROXY, "Robin: hello")
    (asked,) = carrier.requests
    assert asked == {
        "To": MEMBER,
        "From": PROXY,
        "Body": "Robin: hello",
        "StatusCallback": "https://relay.example.org/twilio/status?t="
        + status_token(Secret("a random token")).reveal(),
        "ValidityPeriod": "60",
    }
    assert (channel.name, channel.concurrency) == ("sms", 8)


async def test_a_notice_has_no_prefix(carrier: Carrier, channels: Any) -> None:
    """The programme itself speaks without a name."""
    assert await channels().send(outgoing(author=None)) == Sent()
    assert [message.body for message in carrier.phone(MEMBER).inbox] == ["hello"]


async def test_twilio_forgets_where_the_account_allows(carrier: Carrier, channels: Any) -> None:
    """The retention parameters are sent only with the setting: without the feature they fail."""
    channel = channels(redaction=True)
    assert await channel.send(outgoing()) == CONFIGURATION
    carrier.redaction = True
    assert await channel.send(outgoing()) == Sent()
    assert carrier.requests[-1]["ContentRetention"] == "discard"
    assert carrier.requests[-1]["AddressRetention"] == "obfuscate"


async def test_nothing_outlives_its_expiry(carrier: Carrier, channels: Any) -> None:
    """Twilio is told how long it may try, ten hours at most; what has expired is not sent."""
    channel = channels()
    assert await channel.send(outgoing(expires=NOW + timedelta(days=3))) == Sent()
    assert carrier.requests[-1]["ValidityPeriod"] == "36000"
    for late in (NOW, NOW - timedelta(hours=1), NOW + timedelta(milliseconds=900)):
        assert await channel.send(outgoing(expires=late)) == REFUSED
    assert len(carrier.requests) == 1


async def test_the_token_of_the_callback_is_one_way_and_stable() -> None:
    """Equal for every attempt, different for every delivery, and not the delivery itself."""
    one, other = status_token(Secret("one")), status_token(Secret("other"))
    assert re.fullmatch("[0-9a-f]{32}", one.reveal())
    assert one == status_token(Secret("one")) != other


async def test_status_callbacks_find_their_delivery(
    carrier: Carrier, channels: Any, edge: Any
) -> None:
    """The whole round: the fake Twilio calls our webhook with the token we gave it."""
    assert await channels(public_url=edge.url).send(outgoing()) == Sent()
    await carrier.wait_for(lambda: len(carrier.callbacks) == 2, timeout=5)
    token = status_token(Secret("a random token")).reveal()
    assert edge.statuses == [(token, "sent", None), (token, "delivered", None)]


def test_the_table_of_errors_is_the_one_tested() -> None:
    """A row added to the table needs a row here."""
    assert dict(OUTCOMES) == ROWS


@pytest.mark.parametrize("code", list(ROWS))
async def test_each_error_code(carrier: Carrier, channels: Any, code: int) -> None:
    """Every row, as an answer over HTTP; nothing arrives, and the next attempt is free to."""
    channel = channels()
    carrier.fail(to=MEMBER, code=code)
    assert await channel.send(outgoing()) == ROWS[code]
    assert carrier.phone(MEMBER).inbox == []
    assert await channel.send(outgoing()) == Sent()


@pytest.mark.parametrize(
    ("http", "expected"),
    [
        (301, FOR_NOW),
        (400, FOR_NOW),
        (401, CONFIGURATION),
        (403, CONFIGURATION),
        (404, CONFIGURATION),
        (429, BUSY),
        (500, FOR_NOW),
        (502, FOR_NOW),
        (503, FOR_NOW),
    ],
)
async def test_each_http_status_without_a_code(
    carrier: Carrier, channels: Any, http: int, expected: Later
) -> None:
    """A page of HTML from a proxy in between has a status, at least."""
    carrier.fail(http=http)
    assert await channels().send(outgoing()) == expected


async def test_an_unknown_code_means_later(carrier: Carrier, channels: Any) -> None:
    """A bug or a novelty must delay, not lose; its HTTP status still counts."""
    carrier.fail(code=99999)
    assert await channels().send(outgoing()) == FOR_NOW
    carrier.fail(code=99999, http=429)
    assert await channels().send(outgoing()) == BUSY


@pytest.mark.parametrize("code", [None, "21610", 21610.5, [], {}, True])
def test_a_code_of_another_type_is_unknown(code: object) -> None:
    """Whatever stands in the answer, the table does not raise."""
    assert outcome(400, code) == FOR_NOW


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
    assert await channel.send(outgoing("a" * 1600, author=Secret("R" * 1500))) == Later(
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


async def test_a_long_text_arrives_in_order(carrier: Carrier, channels: Any) -> None:
    """All parts, one after the other, joined to the words."""
    assert await channels().send(outgoing(LONG)) == Sent()
    parts = bodies(carrier)
    assert [part[:13] for part in parts] == ["Robin: (1/3) ", "Robin: (2/3) ", "Robin: (3/3) "]
    assert "".join(part[13:] for part in parts) == LONG


async def test_a_retry_goes_on_where_it_stopped(carrier: Carrier, channels: Any) -> None:
    """Parts already taken are not sent again."""
    channel = channels()
    carrier.fail(code=20429, after=1)
    assert await channel.send(outgoing(LONG)) == BUSY
    assert len(bodies(carrier)) == 1
    assert await channel.send(outgoing("another", delivery=Secret("another"))) == Sent()
    assert await channel.send(outgoing(LONG)) == Sent()
    assert [part[7:12] for part in bodies(carrier)] == ["(1/3)", "anoth", "(2/3)", "(3/3)"]
    assert await channel.send(outgoing(LONG)) == Sent()  # the engine asks again: a new round
    assert len(bodies(carrier)) == 7


async def test_a_lost_answer_repeats_one_part_only(carrier: Carrier, channels: Any) -> None:
    """The part in doubt comes twice, the one before it does not."""
    channel = channels()
    carrier.fail(code=20429, after=1)
    assert await channel.send(outgoing(LONG)) == BUSY
    carrier.lose_answer()
    assert await channel.send(outgoing(LONG)) == LOST
    assert await channel.send(outgoing(LONG)) == Sent()
    assert [part[7:12] for part in bodies(carrier)] == ["(1/3)", "(2/3)", "(2/3)", "(3/3)"]


async def test_what_is_remembered_has_a_limit(
    carrier: Carrier, channels: Any, monkeypatch: Any
) -> None:
    """Beyond it the delivery longest without progress is forgotten; ended ones are at once."""
    monkeypatch.setattr("channels.sms.send._REMEMBERED_DELIVERIES", 2)
    channel = channels()
    for name in ("one", "two", "one", "three"):
        carrier.fail(code=20429, after=1)
        assert await channel.send(outgoing(LONG, delivery=Secret(name))) == BUSY
    assert list(channel._taken) == [status_token(Secret("one")), status_token(Secret("three"))]
    carrier.fail(code=21610)
    assert await channel.send(outgoing(LONG, delivery=Secret("one"))) == ROWS[21610]
    assert await channel.send(outgoing(LONG, delivery=Secret("three"))) == Sent()
    assert not channel._taken


async def test_more_parts_than_allowed_are_left_out(carrier: Carrier, channels: Any) -> None:
    """A reader sees that there was more."""
    assert await channels(most_parts=2).send(outgoing(LONG)) == Sent()
    assert [part[:13] for part in bodies(carrier)] == ["Robin: (1/2) ", "Robin: (2/2) "]
    assert bodies(carrier)[-1].endswith("(...)")


async def test_nothing_is_logged_or_kept(carrier: Carrier, channels: Any, caplog: Any) -> None:
    """At DEBUG, good and bad: no number, no words, no token; the SDK keeps no last request."""
    caplog.set_level("DEBUG")
    channel = channels()
    assert await channel.send(outgoing("canary")) == Sent()
    carrier.fail(code=21211)
    assert await channel.send(outgoing("canary")) == BAD_CONTACT
    carrier.lose_answer()
    assert await channel.send(outgoing("canary")) == LOST
    token = status_token(Secret("a random token")).reveal()
    for secret in (MEMBER, MEMBER[1:], PROXY, "canary", carrier.auth_token, token):
        assert secret not in caplog.text
    assert channel._http._test_only_last_request is None
    assert channel._http._test_only_last_response is None


async def test_the_environment_changes_nothing(
    carrier: Carrier, channels: Any, monkeypatch: Any
) -> None:
    """The SDK would read account, edge and region from the process environment."""
    for name in ("ACCOUNT_SID", "AUTH_TOKEN", "EDGE", "REGION"):
        monkeypatch.setenv(f"TWILIO_{name}", "elsewhere")
    assert await channels().send(outgoing()) == Sent()
    assert len(carrier.requests) == 1


async def test_a_channel_never_used_closes(channels: Any) -> None:
    """Nothing is opened before the first send, and closing twice is fine."""
    channel = channels()
    await channel.close()
    await channel.close()
