"""Contract of the fake Twilio's numbers: buying, their webhooks, services, opt-outs, lists."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from twilio.base.exceptions import TwilioException
from twilio.request_validator import HMAC_SHA256, RequestValidator, get_signature_algorithm

from relay.demo.carrier import Carrier
from relay.demo.carrier.segments import segments
from tests.demo.carrierside import OTHER_PROXY, PHONE, PROXY, TOLL_FREE, Api, Program, Sdk


async def test_numbers_are_searched_by_type_area_and_ability(carrier: Carrier, sdk: Sdk) -> None:
    """Local and toll-free apart; no mobile ones in the US."""
    carrier.offer("+15552000010", "+15562000010", TOLL_FREE)
    carrier.offer("+15552000011", mms=False)

    async def found(kind: str, **asked: Any) -> list[str]:
        def search(client: Any) -> list[str]:
            listed = getattr(client.available_phone_numbers("US"), kind).list(**asked)
            return [each.phone_number for each in listed]

        return await sdk.do(search)

    assert await found("local", area_code=555, sms_enabled=True) == ["+15552000010", "+15552000011"]
    assert await found("local", area_code=555, mms_enabled=True) == ["+15552000010"]
    assert await found("local", page_size=1, limit=1) == ["+15552000010"]
    assert await found("toll_free") == [TOLL_FREE]
    with pytest.raises(TwilioException, match="20404"):
        await found("mobile")


async def test_a_number_is_bought_changed_listed_and_released(
    carrier: Carrier, sdk: Sdk, api: Api
) -> None:
    """It leaves the sale, is ours, carries its addresses; others than on sale are refused."""
    new = "+15552000010"
    carrier.offer(new, "+15552000012")

    def buy(client: Any) -> Any:
        bought = client.incoming_phone_numbers.create(
            phone_number=new,
            sms_url="https://relay.example.org/a#rc=5",
            sms_fallback_url="https://relay.example.org/b",
            voice_url="https://relay.example.org/v",
            voice_caller_id_lookup=False,
        )
        return client.incoming_phone_numbers(bought.sid).update(sms_url="https://example.org/c")

    number = await sdk.do(buy)
    assert (number.phone_number, number.sms_url) == (new, "https://example.org/c")
    assert (number.sms_fallback_url, number.sms_method) == ("https://relay.example.org/b", "POST")
    assert (await api.create(From=new))[0] == 201
    listed = await sdk.do(lambda client: client.incoming_phone_numbers.list(page_size=1))
    assert [each.phone_number for each in listed] == [new, PROXY]
    only = await sdk.do(lambda client: client.incoming_phone_numbers.list(phone_number=new))
    assert [each.sid for each in only] == [number.sid]
    by_area = {"AreaCode": "555"}
    assert (await api.ask("POST", "{account}/IncomingPhoneNumbers.json", by_area))[0] == 201
    for asked, code in (
        ({"PhoneNumber": new}, 21422),
        ({"PhoneNumber": "12"}, 21421),
        (by_area, 21421),
    ):
        _, error = await api.ask("POST", "{account}/IncomingPhoneNumbers.json", asked)
        assert error["code"] == code
    path = f"{{account}}/IncomingPhoneNumbers/{number.sid}.json"
    assert (await api.ask("POST", path, {"SmsUrl": "nowhere"}))[1]["code"] == 21402
    assert (await api.ask("POST", path, {"SmsMethod": "PUT"}))[1]["code"] == 21403
    assert (await api.ask("DELETE", path))[0] == 204
    assert [(await api.ask(how, path))[0] for how in ("GET", "POST", "DELETE")] == [404] * 3
    assert (await api.create(From=new))[1]["code"] == 21606


async def _set(sdk: Sdk, **settings: str) -> None:
    """Change what is set of our number."""
    await sdk.do(lambda client: client.incoming_phone_numbers.list()[0].update(**settings))


async def test_a_number_has_webhooks_of_its_own(
    carrier: Carrier, sdk: Sdk, program: Program
) -> None:
    """The fragment is neither asked for nor signed; by GET all stands in the address and is."""
    await _set(sdk, sms_url=program.url + "/in?k=1#rc=5&rp=all", voice_url=program.url + "/call")
    await carrier.phone(PHONE).text(PROXY, "hello")
    await carrier.phone(PHONE).call(PROXY)
    assert [path for path, _, _ in program.calls] == ["/in?k=1", "/call"]
    path, fields, headers = program.calls[0]
    validator = RequestValidator(carrier.auth_token)
    assert validator.validate(program.url + path, fields, headers["X-Twilio-Signature"])
    await _set(sdk, sms_method="GET")
    assert await carrier.phone(PHONE).text(PROXY, "by get") == 200
    path, fields, headers = program.calls[2]
    assert fields == {}
    assert "Body=by+get" in path
    assert validator.validate(program.url + path, {}, headers["X-Twilio-Signature"])


async def test_the_fallback_is_called_where_the_first_fails(
    carrier: Carrier, sdk: Sdk, program: Program
) -> None:
    """On a bad answer: the same text with why, and its answer counts. Not after a good one."""
    await _set(sdk, sms_url=program.url + "/a", sms_fallback_url=program.url + "/b")
    assert await carrier.phone(PHONE).text(PROXY, "one") == 200
    program.statuses["/a"] = 503
    assert await carrier.phone(PHONE).text(PROXY, "two") == 200
    assert [path for path, _, _ in program.calls] == ["/a", "/a", "/b"]
    failed, repeated = program.calls[1][1], program.calls[2][1]
    why = {"ErrorCode": "11200", "ErrorUrl": program.url + "/a"}
    assert repeated == failed | why
    program.statuses["/b"] = 500
    assert await carrier.phone(PHONE).text(PROXY, "three") == 500


async def test_the_fallback_is_called_where_nobody_answers_in_time(
    carrier: Carrier, sdk: Sdk
) -> None:
    """A slow program counts as none; Twilio waits fifteen seconds, a test may shorten that."""
    heard: list[str] = []
    never = asyncio.Event()

    async def take(request: web.Request) -> web.Response:
        heard.append(request.path)
        if request.path == "/slow":
            await never.wait()
        return web.Response()

    app = web.Application()
    app.router.add_post("/{path}", take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    carrier.set_webhook(url)
    carrier.webhook_timeout = 0.1
    await _set(sdk, sms_url=url + "/slow", sms_fallback_url=url + "/quick")
    assert await carrier.phone(PHONE).text(PROXY, "hello") == 200
    assert heard == ["/slow", "/quick"]
    never.set()
    await runner.cleanup()


async def test_a_service_chooses_the_sender(carrier: Carrier, api: Api, program: Program) -> None:
    """`MessagingServiceSid` in place of `From`, and in webhooks; unknown ones are 21701."""
    carrier.rent(OTHER_PROXY)
    service = carrier.service(OTHER_PROXY, PROXY)
    _, resource = await api.create(From="", MessagingServiceSid=service)
    assert (resource["from"], resource["num_segments"]) == (OTHER_PROXY, "0")
    assert resource["messaging_service_sid"] == service
    await carrier.phone(PHONE).text(PROXY, "hello")
    assert program.calls[0][1]["MessagingServiceSid"] == service
    assert (await api.create(From="", MessagingServiceSid="MG1"))[1]["code"] == 21701
    with pytest.raises(ValueError, match="needs a number"):
        carrier.service()


# Opt-outs


async def test_stop_is_ours_unless_twilio_handles_it(
    carrier: Carrier, api: Api, program: Program
) -> None:
    """Off by default: the word arrives like any other, nothing is blocked, nobody replies."""
    await carrier.phone(PHONE).text(PROXY, "STOP")
    assert (await api.create())[0] == 201
    assert [text.body for text in carrier.phone(PHONE).inbox] == ["hello"]
    assert "OptOutType" not in program.calls[0][1]


async def test_twilio_handles_stop(carrier: Carrier, api: Api, program: Program) -> None:
    """The single word blocks the pair with 21610 and is answered once; START lifts it."""
    carrier.handles_stop = True
    phone = carrier.phone(PHONE)
    carrier.rent(OTHER_PROXY)
    for word in ("Stop please", " stop\n", "REVOKE"):
        await phone.text(PROXY, word)
    assert len(phone.inbox) == 1
    assert phone.inbox[0].from_ == PROXY
    assert (await api.create())[1]["code"] == 21610
    assert (await api.create(From=OTHER_PROXY))[0] == 201
    assert (await api.create(To="+15551000002"))[0] == 201
    await phone.text(PROXY, "help")
    await phone.text(PROXY, "start")
    assert len(phone.inbox) == 3
    await phone.text(PROXY, "UNSTOP")
    assert len(phone.inbox) == 3
    await phone.text(PROXY, "Info")
    assert len(phone.inbox) == 4
    assert (await api.create())[0] == 201
    assert len(program.calls) == 7
    assert not any("OptOutType" in fields for _, fields, _ in program.calls)
    assert len(carrier.taken) == 3


async def test_in_a_service_stop_is_for_all_its_numbers(
    carrier: Carrier, api: Api, program: Program
) -> None:
    """And with Advanced Opt-Out the webhook says what the word meant."""
    carrier.handles_stop = carrier.advanced_opt_out = True
    carrier.rent(OTHER_PROXY)
    carrier.service(PROXY, OTHER_PROXY)
    for word in ("optout", "hello", "yes", "help"):
        await carrier.phone(PHONE).text(PROXY, word)
        blocked = (await api.create(From=OTHER_PROXY))[0] == 400
        assert blocked is (word in {"optout", "hello"})
    meanings = [fields.get("OptOutType") for _, fields, _ in program.calls]
    assert meanings == ["STOP", None, "START", "HELP"]


async def test_toll_free_networks_handle_stop_always(
    carrier: Carrier, api: Api, program: Program
) -> None:
    """It cannot be switched off, and knows fewer words."""
    carrier.rent(TOLL_FREE)
    for word, refused in (("quit", False), ("stop", True), ("yes", True), ("unstop", False)):
        await carrier.phone(PHONE).text(TOLL_FREE, word)
        assert ((await api.create(From=TOLL_FREE))[0] == 400) is refused


# Deactivations


async def test_deactivated_numbers_are_listed_by_day(carrier: Carrier, sdk: Sdk, api: Api) -> None:
    """Two minutes long, at an address that takes no credentials; digits, one number a line."""
    now = datetime(2026, 3, 4, 5, tzinfo=UTC)
    carrier.now = lambda: now
    carrier.deactivate(PHONE, "+15551000002")
    carrier.deactivate("+15551000003", day=date(2026, 3, 3))

    async def address(day: date) -> str:
        fetched = await sdk.do(lambda client: client.messaging.v1.deactivations().fetch(date=day))
        return str(fetched.redirect_to)

    today = await address(date(2026, 3, 4))
    status, headers, octets = await api.get(today, basic=False)
    assert (status, headers["Content-Type"].partition(";")[0]) == (200, "text/plain")
    assert octets == b"15551000001\n15551000002\n"
    assert (await api.get(await address(date(2026, 3, 3)), basic=False))[2] == b"15551000003\n"
    assert (await api.get(await address(date(2026, 3, 2)), basic=False))[2] == b""
    assert (await api.get(today, basic=True))[0] == 400
    now += timedelta(minutes=3)
    assert (await api.get(today, basic=False))[0] == 403
    list_url = f"{carrier.api_url}/v1/Deactivations?Date="
    status, headers, _ = await api.get(list_url + "2026-03-04", basic=True)
    assert (status, headers["Location"][: len(carrier.api_url)]) == (307, carrier.api_url)
    assert (await api.get(list_url + "2026-03-04", basic=False))[0] == 401
    for day, status in (("", 400), ("2020-08-26", 400), ("2026-03-05", 404)):
        assert (await api.get(list_url + day, basic=True))[0] == status


# Details


async def test_a_shared_key_signs_in_place_of_the_token(
    carrier: Carrier, api: Api, program: Program
) -> None:
    """HMAC-SHA256, and a header that says so, on webhooks and callbacks alike."""
    carrier.signature, carrier.shared_key = "sha256", "shared"
    await carrier.phone(PHONE).text(PROXY, "hello")
    await api.create(StatusCallback=program.url + "/s?t=1")
    await carrier.wait_for(lambda: len(carrier.callbacks) == 2, timeout=5)
    assert len(program.calls) == 3
    for path, fields, headers in program.calls:
        settings = headers["X-Twilio-Webhooks-Signature-Settings"]
        assert settings.startswith("key=webhooks_sharedkey_")
        algorithm = get_signature_algorithm(settings)
        assert algorithm == HMAC_SHA256
        signature, url = headers["X-Twilio-Signature"], program.url + path
        assert RequestValidator("shared").validate(url, fields, signature, algorithm)
        assert not RequestValidator(carrier.auth_token).validate(url, fields, signature)


async def test_segments_are_counted_as_on_the_air(api: Api) -> None:
    """Vectors of 3GPP TS 23.038: limits, pairs that are not torn, the two alphabets, toll-free."""
    vectors = {
        "": 1, "a" * 160: 1, "a" * 161: 2, "a" * 306: 2, "a" * 307: 3, "€" * 80: 1, "€" * 81: 2,
        "a" * 152 + "€" + "a" * 8: 2, "漢" * 70: 1, "漢" * 71: 2, "😀" * 35: 1, "😀" * 36: 2,
        "a" * 1600: 11, "漢" * 1600: 24,
    }  # fmt: skip
    assert {body: segments(body) for body in vectors} == vectors
    assert segments("漢" * 1600, toll_free=True) == 25
    assert segments("a" * 305, toll_free=True) == 3
    assert (await api.create(Body="ç" * 71))[1]["num_segments"] == "2"


async def test_any_code_can_be_had(carrier: Carrier, api: Api) -> None:
    """Those of bad numbers, opt-outs and regions come as Twilio's error object with 400."""
    for code in (21408, 21610, 21611, 21612, 21614, 99999):
        carrier.fail(code=code)
        status, error = await api.create()
        assert (status, error["code"]) == (400, code)
        assert error["message"]
