"""Contract of what the fake Twilio keeps: lists, media, calls, deletion, by Twilio's library."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.request_validator import RequestValidator

from relay.demo.carrier import Carrier
from tests.demo.carrierside import OTHER_PROXY, PHONE, PROXY, Api, Program, Sdk

PIXEL = ("image/png", b"\x89PNG not really")
VOICE = ("audio/amr", b"#!AMR not really")


async def test_deletion_leaves_nothing_behind(
    carrier: Carrier, sdk: Sdk, api: Api, program: Program
) -> None:
    """A message takes its media along; a call goes by itself; each twice is 404."""
    await api.create()
    await carrier.wait_for(lambda: len(carrier.callbacks) == 2, timeout=5)
    await carrier.phone(PHONE).text(PROXY, "", media=[PIXEL, VOICE])
    await carrier.phone(PHONE).call(PROXY)
    left = carrier.left_behind()
    assert left
    assert [len(kind) for kind in (left.messages, left.media, left.calls)] == [2, 2, 1]

    def delete(client: Any) -> list[bool]:
        return [
            *(client.messages(sid).delete() for sid in left.messages),
            client.calls(left.calls[0]).delete(),
        ]

    assert await sdk.do(delete) == [True] * 3
    assert not carrier.left_behind()
    assert len(carrier.taken) == 1
    for kind, sid in (("Messages", left.messages[1]), ("Calls", left.calls[0])):
        for method in ("GET", "DELETE"):
            status, error = await api.ask(method, f"{{account}}/{kind}/{sid}.json")
            assert (status, error["code"]) == (404, 20404)


async def test_media_are_listed_fetched_and_deleted(
    carrier: Carrier, sdk: Sdk, program: Program
) -> None:
    """One by one, through the library; the message stays."""
    await carrier.phone(PHONE).text(PROXY, "see", media=[PIXEL, VOICE])
    sid = carrier.left_behind().messages[0]

    def work(client: Any) -> list[Any]:
        listed = client.messages(sid).media.list()
        first = client.messages(sid).media(listed[0].sid).fetch()
        listed[1].delete()
        with pytest.raises(TwilioRestException):
            listed[1].delete()
        return [*(each.content_type for each in listed), first.parent_sid]

    assert await sdk.do(work) == ["image/png", "audio/amr", sid]
    assert len(carrier.left_behind().media) == 1
    assert (await sdk.do(lambda client: client.messages(sid).fetch())).num_media == "2"


async def test_content_is_behind_a_redirect_and_takes_no_credentials(
    carrier: Carrier, api: Api, program: Program
) -> None:
    """First hop with them, second without: who sends them along is refused, as is a stranger."""
    await carrier.phone(PHONE).text(PROXY, "see", media=[PIXEL])
    fields = program.calls[0][1]
    url = fields["MediaUrl0"]
    assert fields["MediaContentType0"] == "image/png"
    assert (await api.get(url, basic=False))[0] == 401
    status, headers, octets = await api.get(url, basic=True)
    assert (status, octets) == (307, b"")
    location = headers["Location"]
    status, headers, octets = await api.get(location, basic=False)
    assert (status, headers["Content-Type"], octets) == (200, *PIXEL)
    assert (await api.get(location, basic=True))[0] == 400
    assert (await api.ask("DELETE", url.partition("Accounts/")[2]))[0] == 204
    assert (await api.get(location, basic=False))[0] == 403
    assert (await api.get(url, basic=True))[0] == 404


async def test_storage_may_lag_behind_the_webhook(
    carrier: Carrier, api: Api, program: Program
) -> None:
    """A file can be 404 at first, as often as scripted, and is there later."""
    await carrier.phone(PHONE).text(PROXY, "see", media=[PIXEL])
    carrier.script("media_late", times=2)
    url = program.calls[0][1]["MediaUrl0"]
    assert [(await api.get(url, basic=True))[0] for _ in range(3)] == [404, 404, 307]


async def test_messages_are_listed_newest_first_by_pages(
    carrier: Carrier, sdk: Sdk, api: Api, program: Program
) -> None:
    """The library follows the pages; deleting what it was given loses nothing of the rest."""
    for number in range(5):
        await carrier.phone(PHONE).text(PROXY, str(number))

    def bodies(client: Any) -> list[str]:
        return [message.body for message in client.messages.list(page_size=2)]

    assert await sdk.do(bodies) == ["4", "3", "2", "1", "0"]

    def purged(client: Any) -> list[str]:
        seen = []
        for message in client.messages.stream(page_size=2):
            seen.append(message.body)
            message.delete()
        return seen

    assert await sdk.do(purged) == ["4", "3", "2", "1", "0"]
    _, page = await api.ask("GET", "{account}/Messages.json?PageSize=0&PageToken=PAx&Page=x")
    assert (page["messages"], page["next_page_uri"], page["page_size"]) == ([], None, 1)


async def test_messages_are_listed_by_number_and_date(sdk: Sdk, api: Api, program: Program) -> None:
    """`To`, `From`, a day, and limits that are included; what is no date is 20001."""
    carrier = api.carrier
    noon = datetime(2026, 1, 2, 12, tzinfo=UTC)
    carrier.rent(OTHER_PROXY)
    for days, to, phone in ((0, PROXY, PHONE), (1, OTHER_PROXY, PHONE), (2, PROXY, "+15551000009")):
        carrier.now = lambda days=days: noon + timedelta(days=days)  # type: ignore[misc]
        await carrier.phone(phone).text(to, str(days))

    async def found(**asked: Any) -> list[str]:
        return [each.body for each in await sdk.do(lambda client: client.messages.list(**asked))]

    assert await found(to=PROXY) == ["2", "0"]
    assert await found(from_=PHONE) == ["1", "0"]
    assert await found(to=PROXY, from_=PHONE) == ["0"]
    assert await found(date_sent=date(2026, 1, 3)) == ["1"]
    assert await found(date_sent_after=noon + timedelta(days=1)) == ["2", "1"]
    assert await found(date_sent_before=noon + timedelta(days=1)) == ["1", "0"]
    assert await found(date_sent_before=noon, date_sent_after=noon) == ["0"]
    sent = (await sdk.do(lambda client: client.messages.list(limit=1)))[0].date_sent
    assert sent == noon + timedelta(days=2)
    assert (await api.ask("GET", "{account}/Messages.json?DateSent=soon"))[1]["code"] == 20001


async def test_a_call_is_announced_and_kept(carrier: Carrier, sdk: Sdk, program: Program) -> None:
    """A signed form; the caller hears the program's TwiML, or nothing after a bad answer."""
    program.text = "<Response/>"
    assert await carrier.phone(PHONE).call(PROXY) == "<Response/>"
    ((path, fields, headers),) = program.calls
    assert path == "/twilio/voice"
    assert (fields["From"], fields["To"], fields["Direction"]) == (PHONE, PROXY, "inbound")
    validator = RequestValidator(carrier.auth_token)
    assert validator.validate(program.url + path, fields, headers["X-Twilio-Signature"])
    call = await sdk.do(lambda client: client.calls(fields["CallSid"]).fetch())
    assert (call.status, call._from, call.to) == ("completed", PHONE, PROXY)
    program.status = 503
    assert await carrier.phone(PHONE).call(PROXY) == ""
    with pytest.raises(ValueError, match="not rented"):
        await carrier.phone(PHONE).call(OTHER_PROXY)


async def test_what_is_not_there_is_404_and_what_is_not_done_405(api: Api) -> None:
    """Unknown paths answer like Twilio, with an error object, and only to the account."""
    assert (await api.ask("GET", "{account}/Nothing.json"))[1]["code"] == 20404
    assert (await api.ask("PUT", "{account}/Messages.json"))[1]["code"] == 20004
    for path in ("Messages/SM1/Media.json", "Messages/SM1/Media/ME1.json"):
        assert (await api.ask("GET", "{account}/" + path))[1]["code"] == 20404
    assert (await api.ask("DELETE", "{account}/Messages/SM1/Media/ME1"))[0] == 404
    api.password = "wrong"
    assert (await api.ask("GET", "{account}/Nothing.json"))[0] == 401
