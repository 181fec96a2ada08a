"""Contract of the fake Twilio's pictures and group messages, both ways."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from relay.demo.carrier import Carrier, Media
from relay.demo.carrier.model import SMALLEST_PICTURE
from tests.demo.carrierside import PHONE, PROXY, Api, Program

PNG = ("image/png", b"\x89PNG not really")


async def _ended(carrier: Carrier, api: Api, *media: str, callback: str) -> tuple[str, int | None]:
    """Send with media; the final status and error code of the record."""
    told = len(carrier.callbacks)
    _, resource = await api.create(*media, StatusCallback=callback)
    assert resource["sid"].startswith("MM")
    done = {"delivered", "undelivered", "failed"}
    await carrier.wait_for(lambda: any(c[1] in done for c in carrier.callbacks[told:]), timeout=5)
    _, resource = await api.ask("GET", "{account}/Messages/" + resource["sid"] + ".json")
    return resource["status"], resource["error_code"]


async def test_media_are_fetched_and_shown(carrier: Carrier, api: Api, program: Program) -> None:
    """`HEAD` and `GET` of each in turn; the phone shows type and octets; Twilio keeps them."""
    program.files = {"/m/1": PNG, "/m/2": ("image/gif; charset=binary", b"GIF89a")}
    urls = [f"{program.url}/m/1", f"{program.url}/m/2"]
    ended = await _ended(carrier, api, *urls, callback=program.url + "/s")
    assert ended == ("delivered", None)
    assert program.fetched == [
        (method, path) for path in ("/m/1", "/m/2") for method in ("HEAD", "GET")
    ]
    (text,) = carrier.phone(PHONE).inbox
    gif = Media(content_type="image/gif", octets=b"GIF89a")
    assert text.media == (Media(content_type=PNG[0], octets=PNG[1]), gif)
    assert len(carrier.left_behind().media) == 2


async def test_media_need_no_words(carrier: Carrier, api: Api, program: Program) -> None:
    """Either a body or media will do."""
    program.files = {"/m": PNG}
    assert (await api.create(program.url + "/m", Body=""))[0] == 201
    await carrier.wait_for(lambda: len(carrier.delivered) == 1, timeout=5)


@pytest.mark.parametrize(
    ("path", "ended"),
    [
        ("/m/large", ("undelivered", 30019)),
        ("/m/untyped", ("failed", 12300)),
        ("/nothing", ("failed", 11200)),
    ],
)
async def test_what_cannot_be_fetched_or_is_too_large_does_not_arrive(
    carrier: Carrier, api: Api, program: Program, path: str, ended: tuple[str, int]
) -> None:
    """The callback tells the code, once; the phone shows nothing."""
    program.status = 404
    program.files = {
        "/m/large": ("image/png", b"x" * 5_000_001),
        "/m/untyped": ("x-who/knows", b""),
    }
    assert await _ended(carrier, api, program.url + path, callback=program.url + "/s") == ended
    assert carrier.delivered == []
    last = program.calls[-1][1]
    assert (last["MessageStatus"], last["ErrorCode"]) == (ended[0], str(ended[1]))


async def test_no_media_are_fetched_from_elsewhere(
    carrier: Carrier, api: Api, program: Program
) -> None:
    """Only below the address given: a simulator leaves everybody else alone."""
    other = program.url + ".example.org/m"
    assert (await _ended(carrier, api, other, callback=""))[0] == "failed"
    assert (await api.create(*[program.url] * 11))[1]["code"] == 21623
    assert (await api.create("ftp://example.org/m"))[1]["code"] == 21620
    carrier.set_webhook("https://relay.example.org", via=program.url)
    for elsewhere in ("https://relay.example.org.example.net/", "https://relay.example.org@a/"):
        assert carrier.reach(elsewhere) is None
    assert carrier.reach("https://relay.example.org/m?n=1") == program.url + "/m?n=1"
    assert program.fetched == []


async def test_a_number_of_pictures_is_enough_to_say(carrier: Carrier, program: Program) -> None:
    """They are real ones, if small."""
    await carrier.phone(PHONE).text(PROXY, "see", media=2)
    await carrier.wait_for(lambda: len(carrier.left_behind().media) == 2, timeout=5)
    with Image.open(io.BytesIO(SMALLEST_PICTURE.octets)) as picture:
        assert (picture.format, picture.size) == ("JPEG", (1, 1))


async def test_a_native_group_message_names_the_others(carrier: Carrier, program: Program) -> None:
    """An MMS even without media, with one parameter for each other recipient."""
    others = ["+15551000002", "+15551000003"]
    await carrier.phone(PHONE).text(PROXY, "to all", others=others)
    await carrier.phone(PHONE).text(PROXY, "to all", media=1, others=others[:1])
    await carrier.phone(PHONE).text(PROXY, "to one")
    group, with_picture, single = (fields for _, fields, _ in program.calls)
    assert (group["MessageSid"][:2], group["NumMedia"]) == ("MM", "0")
    assert [group["OtherRecipients0"], group["OtherRecipients1"]] == others
    assert (with_picture["NumMedia"], with_picture["OtherRecipients0"]) == ("1", others[0])
    assert single["MessageSid"][:2] == "SM"
    assert not any(name.startswith("OtherRecipients") for name in single)
