"""Contract of `relay.demo.carrier`, the fake Twilio: over HTTP, as a program under test sees it."""

from __future__ import annotations

import asyncio
import shutil
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from twilio.request_validator import RequestValidator

import relay.demo.carrier as carrier_package
from relay.demo.carrier import Carrier
from tests.demo.carrierside import PHONE, PROXY, Api, Program


async def test_a_created_message_arrives_and_is_answered_like_twilio(
    carrier: Carrier, api: Api
) -> None:
    """201 with the message resource; the phone shows the text at once."""
    status, resource = await api.create()
    assert status == 201
    assert resource["sid"].startswith("SM")
    assert (resource["status"], resource["direction"]) == ("queued", "outbound-api")
    assert (resource["to"], resource["from"], resource["body"]) == (PHONE, PROXY, "hello")
    (text,) = carrier.phone(PHONE).inbox
    assert (text.sid, text.from_, text.to, text.body) == (resource["sid"], PROXY, PHONE, "hello")
    assert text.at.tzinfo is not None
    assert carrier.delivered == [text]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"To": ""}, 21604),
        ({"To": "12345"}, 21211),
        ({"From": ""}, 21603),
        ({"From": "+15559999999"}, 21606),
        ({"Body": ""}, 21602),
        ({"Body": "x" * 1601}, 21617),
        ({"Body": "😀" * 801}, 21617),
        ({"ValidityPeriod": "36001"}, 20001),
        ({"ValidityPeriod": "0"}, 20001),
        ({"ContentRetention": "discard"}, 30029),
        ({"AddressRetention": "obfuscate"}, 30030),
    ],
)
async def test_what_twilio_refuses(
    carrier: Carrier, api: Api, changed: dict[str, str], code: int
) -> None:
    """400 with Twilio's error object, and nothing arrives."""
    status, error = await api.create(**changed)
    assert status == error["status"] == 400
    assert error["code"] == code
    assert error["more_info"].endswith(f"/{code}")
    assert carrier.delivered == []


async def test_the_longest_body_is_taken(carrier: Carrier, api: Api) -> None:
    """1600 characters."""
    assert (await api.create(Body="x" * 1600))[0] == 201


async def test_strangers_are_refused(carrier: Carrier, api: Api) -> None:
    """Wrong password 401/20003, another account 404/20404."""
    assert (await api.ask("GET", "{account}.json"))[0] == 200
    assert (await api.ask("GET", "AC1.json"))[1]["code"] == 20404
    api.password = "wrong"
    for path in ("{account}.json", "{account}/Messages.json", "{account}/Messages/SM1.json"):
        method = "POST" if "s.json" in path else "GET"
        status, error = await api.ask(method, path)
        assert (status, error["code"]) == (401, 20003)
    url = f"{carrier.api_url}/2010-04-01/Accounts/{carrier.account_sid}.json"
    for header in ("", "Basic", "Basic é", "Basic !!!", "Bearer abc"):
        async with api.session.get(url, headers={"Authorization": header}) as answer:
            assert answer.status == 401


async def test_every_number_is_rented_until_one_is() -> None:
    """A test that does not care about renting need not."""
    carrier = Carrier()
    await carrier.start()
    async with aiohttp.ClientSession() as session:
        api = Api(carrier, session)
        assert (await api.create())[0] == 201
        carrier.rent("+15552000002")
        assert (await api.create())[1]["code"] == 21606
    await carrier.close()


async def test_messages_can_be_fetched_redacted_and_deleted(carrier: Carrier, api: Api) -> None:
    """After their final status: 200, 200, 204, then 404; other words than none are refused."""
    _, resource = await api.create()
    path = "{account}/Messages/" + resource["sid"] + ".json"
    await carrier.wait_for(lambda: len(carrier.callbacks) == 2, timeout=5)
    assert (await api.ask("GET", path))[1]["status"] == "delivered"
    assert (await api.ask("POST", path, {"Body": "other"}))[1]["code"] == 30400
    assert (await api.ask("POST", path, {"Body": ""}))[1]["body"] == ""
    assert (await api.ask("DELETE", path))[0] == 204
    for method in ("GET", "POST", "DELETE"):
        status, error = await api.ask(method, path)
        assert (status, error["code"]) == (404, 20404)


async def test_a_message_under_way_cannot_be_deleted(
    carrier: Carrier, api: Api, program: Program
) -> None:
    """20009 before the final status."""
    answered = asyncio.Event()
    seen: list[tuple[int, Any]] = []

    async def hold(request: web.Request) -> web.Response:
        if not answered.is_set():
            path = "{account}/Messages/" + str((await request.post())["MessageSid"]) + ".json"
            seen.append(await api.ask("DELETE", path))
            seen.append(await api.ask("POST", path, {"Body": ""}))
            answered.set()
        return web.Response()

    app = web.Application()
    app.add_routes([web.post("/", hold)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    carrier.set_webhook(url)
    await api.create(StatusCallback=url)
    await asyncio.wait_for(answered.wait(), 5)
    assert [(status, error["code"]) for status, error in seen] == [(409, 20009)] * 2
    await runner.cleanup()


async def test_redaction_hides_words_and_digits(api: Api) -> None:
    """With the feature on, the record has no body and no last four digits; the phone has all."""
    api.carrier.redaction = True
    _, resource = await api.create(ContentRetention="discard", AddressRetention="obfuscate")
    assert (resource["body"], resource["to"]) == ("", PHONE[:-4] + "XXXX")
    assert api.carrier.phone(PHONE).inbox[0].body == "hello"


async def test_a_phone_texts_like_twilio(carrier: Carrier, program: Program) -> None:
    """A signed form with Twilio's usual parameters, those about places included."""
    assert await carrier.phone(PHONE).text(PROXY, " é 😀\n", media=2) == 200
    ((path, fields, headers),) = program.calls
    assert path == "/twilio/sms"
    url = program.url + path
    signature = headers["X-Twilio-Signature"]
    assert RequestValidator(carrier.auth_token).validate(url, fields, signature)
    assert (fields["From"], fields["To"], fields["Body"]) == (PHONE, PROXY, " é 😀\n")
    assert fields["MessageSid"] == fields["SmsSid"] == fields["SmsMessageSid"]
    assert (fields["MessageSid"][:2], fields["NumMedia"]) == ("MM", "2")
    expected = {"FromCity", "FromState", "FromZip", "FromCountry", "ToCity", "MediaUrl1"}
    assert expected < fields.keys()


async def test_text_answers_with_the_status_of_the_webhook(
    carrier: Carrier, program: Program
) -> None:
    """Whatever the program said; 0 if nobody was there."""
    program.status = 503
    assert await carrier.phone(PHONE).text(PROXY, "hello") == 503
    assert program.close is not None
    await program.close()
    assert await carrier.phone(PHONE).text(PROXY, "hello") == 0
    assert len(program.calls) == 1


async def test_a_text_to_nobody_is_a_mistake_of_the_test(carrier: Carrier) -> None:
    """No such number: a plain error rather than silence."""
    with pytest.raises(ValueError, match="not rented"):
        await carrier.phone(PHONE).text("+15559999999", "hello")


async def test_a_lost_connection_is_not_tried_again(carrier: Carrier) -> None:
    """As with Twilio, only a connection that never came about is repeated."""
    connections = 0

    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    carrier.set_webhook(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    assert await carrier.phone(PHONE).text(PROXY, "hello") == 0
    assert connections == 1
    server.close()
    await server.wait_closed()


async def test_signatures_are_for_the_public_address(carrier: Carrier, program: Program) -> None:
    """A program may believe to stand behind https while the test reaches it on loopback."""
    carrier.set_webhook("https://relay.example.org", via=program.url)
    assert await carrier.phone(PHONE).text(PROXY, "hello") == 200
    ((path, fields, headers),) = program.calls
    validator = RequestValidator(carrier.auth_token)
    url = "https://relay.example.org" + path
    assert validator.validate(url, fields, headers["X-Twilio-Signature"])


async def test_status_callbacks_are_signed_and_in_order(
    carrier: Carrier, api: Api, program: Program
) -> None:
    """`sent`, then `delivered`, to the address given, its query included."""
    url = program.url + "/twilio/status?t=abc"
    _, resource = await api.create(StatusCallback=url)
    await carrier.wait_for(lambda: len(carrier.callbacks) == 2, timeout=5)
    assert carrier.callbacks == [
        (resource["sid"], "sent", 200),
        (resource["sid"], "delivered", 200),
    ]
    assert [fields["MessageStatus"] for _, fields, _ in program.calls] == ["sent", "delivered"]
    for path, fields, headers in program.calls:
        assert path == "/twilio/status?t=abc"
        validator = RequestValidator(carrier.auth_token)
        assert validator.validate(url, fields, headers["X-Twilio-Signature"])


async def test_nobody_else_is_called_back(carrier: Carrier, api: Api, program: Program) -> None:
    """An address not below the configured one gets nothing: simulators stay among themselves."""
    await api.create(StatusCallback="http://elsewhere.example/")
    await carrier.wait_for(lambda: len(carrier.callbacks) == 2, timeout=5)
    assert [answered for _, _, answered in carrier.callbacks] == [0, 0]


async def test_undelivered_texts_are_reported(carrier: Carrier, api: Api, program: Program) -> None:
    """Taken, then `undelivered` with the code; the phone shows nothing."""
    carrier.undeliver(PHONE, code=30003)
    assert (await api.create(StatusCallback=program.url + "/s"))[0] == 201
    await carrier.wait_for(lambda: len(program.calls) == 2, timeout=5)
    assert program.calls[-1][1]["MessageStatus"] == "undelivered"
    assert program.calls[-1][1]["ErrorCode"] == "30003"
    assert carrier.delivered == []


async def test_failures_are_used_up_in_order(carrier: Carrier, api: Api) -> None:
    """By phone, number of times, and how many pass before."""
    carrier.fail(to="+15551000002", code=21610)
    carrier.fail(code=20429, times=2, after=1)
    carrier.fail(http=502)
    answers = [await api.create() for _ in range(5)]
    assert [status for status, _ in answers] == [201, 429, 429, 502, 201]
    assert answers[1][1]["code"] == 20429
    assert answers[3][1] is None
    status, error = await api.create(To="+15551000002")
    assert (status, error["code"]) == (400, 21610)
    assert len(carrier.delivered) == 2
    assert len(carrier.requests) == 6


async def test_a_lost_answer_is_a_text_taken(carrier: Carrier, api: Api) -> None:
    """The connection drops, the phone rings."""
    carrier.lose_answer()
    with pytest.raises(aiohttp.ClientError):
        await api.create()
    assert len(carrier.phone(PHONE).inbox) == 1
    assert (await api.create())[0] == 201


async def test_a_delay_comes_after_taking_and_ends_with_the_carrier(
    carrier: Carrier, api: Api
) -> None:
    """The text is there long before the answer; closing does not wait for it."""
    carrier.delay(3600)
    creating = asyncio.create_task(api.create())
    await carrier.wait_for(lambda: len(carrier.phone(PHONE).inbox) == 1, timeout=5)
    assert not creating.done()
    await asyncio.gather(carrier.close(), creating)
    assert creating.result()[0] == 201


async def test_a_duplicate_has_the_same_id(carrier: Carrier, program: Program) -> None:
    """Twilio may post one message twice."""
    carrier.duplicate_webhook()
    await carrier.phone(PHONE).text(PROXY, "once")
    await carrier.phone(PHONE).text(PROXY, "again")
    sids = [fields["MessageSid"] for _, fields, _ in program.calls]
    assert len(sids) == 3
    assert sids[0] == sids[1] != sids[2]


async def test_it_stands_alone(tmp_path: Path) -> None:
    """The folder, copied under another name, runs with nothing of this repository beside it."""
    folder = Path(carrier_package.__file__).parent
    shutil.copytree(folder, tmp_path / "fake", ignore=shutil.ignore_patterns("__pycache__"))
    code = (
        "import asyncio, sys\n"
        "from fake import Carrier\n"
        "async def main():\n"
        "    carrier = Carrier()\n"
        "    await carrier.start()\n"
        "    await carrier.close()\n"
        "asyncio.run(main())\n"
        "assert not {'relay', 'channels', 'policies'} & sys.modules.keys()\n"
    )
    alone = await asyncio.create_subprocess_exec(sys.executable, "-c", code, cwd=tmp_path)
    assert await alone.wait() == 0


async def test_waiting_ends_with_the_event_or_the_time(carrier: Carrier, api: Api) -> None:
    """The predicate is asked after everything that happens; `TimeoutError` otherwise."""
    waiting = asyncio.create_task(
        carrier.wait_for(lambda: len(carrier.phone(PHONE).inbox) == 2, timeout=5)
    )
    await api.create()
    await api.create()
    await waiting
    with pytest.raises(TimeoutError):
        await carrier.wait_for(lambda: False, timeout=0.01)


async def test_a_closed_carrier_starts_again() -> None:
    """Phones and numbers are kept; the port may be chosen."""
    carrier = Carrier(account_sid="AC" + "0" * 32, auth_token="token")
    await carrier.start()
    port = int(carrier.api_url.rpartition(":")[2])
    await carrier.close()
    await carrier.start(api_port=port)
    async with aiohttp.ClientSession() as session:
        assert (await Api(carrier, session).create())[0] == 201
    await carrier.close()
    await carrier.close()
