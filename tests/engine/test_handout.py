"""Pictures for phones: an address for one provider, good for a few minutes, and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO

import aiohttp
import pytest
from PIL import Image

from channels.contract import File, Outgoing, Progress, Sent
from channels.secret import Secret
from relay.handout import Handout
from relay.model import Member, show_id
from relay.progress import Following
from relay.vault.vault import Use
from relay.web import WebServer, application
from tests.engine.conftest import House

ROBIN, SOL, ANA = "+12025550101", "+12025550103", "+12025550102"
IVY = "ivy@willow.example"


def drawn(colour: tuple[int, int, int]) -> File:
    """A picture of one colour."""
    out = BytesIO()
    Image.new("RGB", (16, 16), colour).save(out, "PNG")
    return File(out.getvalue())


async def ready() -> None:
    """Always."""


@asynccontextmanager
async def serving(house: House) -> AsyncIterator[str]:
    """The web server on a socket. Yields its address."""
    server = WebServer(application(Handout(house.engine).routes(), ready))
    port = await server.start("127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        await server.close()


async def shared(house: House, **wishes: str) -> Member:
    """Robin shows two pictures to Sol and Ivy, in a group that has it so. Sol."""
    house.sms.priced = True
    house.sms.answer = lambda out: Sent(reported=True, reference=Secret("SM1"), cost=3)
    group = await house.group(**({"pictures": "true", "text_pictures": "true"} | wishes))
    robin = await house.member(group, "Robin", ROBIN)
    sol = await house.member(group, "Sol", SOL)
    await house.member(group, "Ivy", IVY)
    files = (drawn((200, 0, 0)), drawn((0, 0, 200)))
    await house.say(robin, ROBIN, "look", files=files)
    await house.deliver()
    return sol


def copy_of(house: House, channel: str = "sms") -> Outgoing:
    """The copy that shows the pictures."""
    sent = house.sms.sent if channel == "sms" else house.email.sent
    return next(o for o in sent if o.author)


async def status(method: str, url: str) -> int:
    """What a request for an address is answered."""
    async with aiohttp.request(method, url) as answer:
        return answer.status


async def test_each_address_gives_its_picture_for_a_quarter_of_an_hour(house: House) -> None:
    """Exactly that one, as it was made anew, never to be cached; HEAD as well."""
    await shared(house)
    out = copy_of(house)
    assert len(out.picture_links) == len(out.pictures) == 2
    async with serving(house) as here:
        for link, picture in zip(out.picture_links, out.pictures, strict=True):
            async with aiohttp.request("GET", here + link.reveal()) as answer:
                assert (answer.status, await answer.read()) == (200, picture.octets)
                assert answer.headers["Content-Type"] == f"image/{picture.kind}"
                assert answer.headers["Cache-Control"] == "no-store"
            async with aiohttp.request("HEAD", here + link.reveal()) as answer:
                assert (answer.status, await answer.read()) == (200, b"")
                assert int(answer.headers["Content-Length"]) == len(picture.octets)
        url = here + out.picture_links[0].reveal()
        house.clock.forward(minutes=15)
        assert await status("GET", url) == 200
        house.clock.forward(minutes=1)
        assert (await status("GET", url), await status("HEAD", url)) == (404, 404)


async def test_what_is_no_such_picture_now_is_not_found(house: House) -> None:
    """Made up, of another use, another picture, another post, or gone with its post."""
    sol = await shared(house)
    out, mint = copy_of(house), house.engine.vault.mint
    soon = (int(house.clock.now().timestamp()) // 60 + 15) << 32 | 1
    tokens = [
        "a" * 26,
        "q" * 26,
        "short",
        out.message_id.reveal(),
        mint(Use.PICTURE, out.post | 2 << 60, soon).reveal(),
        mint(Use.PICTURE, out.post + 1, soon).reveal(),
        mint(Use.PICTURE, out.post, soon + (60 << 32)).reveal(),
    ]
    async with serving(house) as here:
        assert await status("GET", f"{here}/m/{mint(Use.PICTURE, out.post, soon).reveal()}") == 200
        for token in tokens:
            assert await status("GET", f"{here}/m/{token}") == 404, token
        assert await status("POST", here + out.picture_links[0].reveal()) == 405
        progress = Progress(token=out.status, reference=Secret("SM1"), outcome=Sent())
        await Following(house.engine, lambda: None).follow(progress)
        assert await status("GET", here + out.picture_links[0].reveal()) == 404
    assert (await house.stored(), sol.channel) == ((0, 0), "sms")


@pytest.mark.parametrize("wishes", [{"text_pictures": "false"}, {"pictures": "false"}])
async def test_no_address_where_the_group_wants_none(house: House, wishes: dict[str, str]) -> None:
    """Pictures go to phones only in groups that chose it, and never by an address in a mail."""
    await shared(house, **wishes)
    assert copy_of(house).picture_links == ()
    assert copy_of(house, "email").picture_links == ()


async def test_no_address_on_a_channel_that_carries_pictures_itself(house: House) -> None:
    """A mail holds them; nothing is to be fetched."""
    await shared(house)
    assert copy_of(house, "email").picture_links == ()
    assert len(copy_of(house, "email").pictures) == 2


async def test_who_has_gone_leaves_no_address(house: House) -> None:
    """The last reader stopped before her copy was there: its pictures are gone at once."""
    sol = await shared(house)
    out = copy_of(house)
    await house.engine.registrar.remove_member(show_id(sol.id))
    async with serving(house) as here:
        assert await status("GET", here + out.picture_links[0].reveal()) == 404
