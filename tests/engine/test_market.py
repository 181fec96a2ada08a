"""Numbers are rented over HTTP, from a server that speaks as Twilio's REST API does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from relay import wiring
from relay.config import Settings
from relay.errors import RefusalError
from relay.market import buy, read_wish, sync
from tests.engine.conftest import House

SID = "AC" + "0" * 32
PUBLIC = "https://relay.example.org"
POOL = ["+12025550181", "+12025550182"]
ADDRESSES = {
    "sms_url": f"{PUBLIC}/twilio/sms#rc=5&rp=all",
    "sms_method": "POST",
    "sms_fallback_url": f"{PUBLIC}/twilio/fallback",
    "sms_fallback_method": "POST",
    "voice_url": f"{PUBLIC}/twilio/voice",
    "voice_method": "POST",
}


@dataclass
class Twilio:
    """The few resources that renting needs, as a server of its own."""

    server: TestServer = field(init=False)
    offered: list[str] = field(default_factory=lambda: ["+12025550191", "+12025550192"])
    rented: dict[str, dict[str, object]] = field(default_factory=dict)
    """What is set for each rented number."""
    asked: list[dict[str, str]] = field(default_factory=list)

    async def start(self) -> None:
        """Listen."""
        app, base = web.Application(), f"/2010-04-01/Accounts/{SID}"
        app.router.add_get(f"{base}/AvailablePhoneNumbers/US/Local.json", self.search)
        app.router.add_get(f"{base}/IncomingPhoneNumbers.json", self.numbers)
        app.router.add_post(f"{base}/IncomingPhoneNumbers.json", self.buy)
        app.router.add_post(f"{base}/IncomingPhoneNumbers/{{sid}}.json", self.change)
        self.server = TestServer(app)
        await self.server.start_server()

    async def search(self, request: web.Request) -> web.Response:
        """What is on offer."""
        self.asked.append(dict(request.query))
        found = [{"phone_number": number, "capabilities": {}} for number in self.offered]
        return web.json_response({"available_phone_numbers": found, "next_page_uri": None})

    async def numbers(self, request: web.Request) -> web.Response:
        """What is rented, or the one that is asked for."""
        only = request.query.get("PhoneNumber")
        found = [self.shown(number) for number in self.rented if only in (None, number)]
        return web.json_response({"incoming_phone_numbers": found, "next_page_uri": None})

    async def buy(self, request: web.Request) -> web.Response:
        """Rent a number that is on offer."""
        form = await request.post()
        number = str(form["PhoneNumber"])
        if number not in self.offered:
            return web.json_response({"code": 21422, "message": number, "status": 400}, status=400)
        self.offered.remove(number)
        self.rented[number] = {}
        return web.json_response(self.set(number, form), status=201)

    async def change(self, request: web.Request) -> web.Response:
        """Set the addresses of a rented number."""
        number = request.match_info["sid"].replace("PN", "+")
        return web.json_response(self.set(number, await request.post()))

    def set(self, number: str, form: object) -> dict[str, object]:
        """Take over what came with a form, under the names that answers have."""
        assert hasattr(form, "items")
        for name, value in form.items():
            spelled = "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")
            self.rented[number][spelled] = value == "true" if "lookup" in spelled else value
        return self.shown(number)

    def shown(self, number: str) -> dict[str, object]:
        """The resource."""
        return {**self.rented[number], "sid": number.replace("+", "PN"), "phone_number": number}


@pytest.fixture
async def twilio() -> AsyncIterator[Twilio]:
    """A Twilio that has two numbers on offer, and rents us none."""
    twilio = Twilio()
    await twilio.start()
    yield twilio
    await twilio.server.close()


def settings_for(twilio: Twilio, house: House) -> Settings:
    """The settings of a relay that texts through it."""
    wanted = {
        "public_url": PUBLIC,
        "twilio_account_sid": SID,
        "twilio_auth_token": "hushhush",
        "twilio_api_url": str(twilio.server.make_url("")),
    }
    return Settings(data_dir=house.engine.settings.data_dir, **wanted)


async def test_renting_over_the_wire(house: House, twilio: Twilio) -> None:
    """What is bought has all three addresses and is in the pool; sync mends what points elsewhere.

    Numbers of the pool that are not rented are named, and stay.
    """
    registrar = house.engine.registrar
    wish = read_wish(country="us", area_code="202", toll_free=False, count=2)
    async with wiring.market(settings_for(twilio, house)) as place:
        bought = [number.reveal() for number in await buy(place, registrar, wish)]
        assert bought == ["+12025550191", "+12025550192"]
        assert twilio.asked[0]["AreaCode"] == "202"
        assert twilio.asked[0]["SmsEnabled"].lower() == "true"
        for number in bought:
            assert ADDRESSES.items() <= twilio.rented[number].items()
        twilio.rented[bought[0]]["sms_url"] = "https://elsewhere.example.org/"
        twilio.rented["+12025550193"] = {}
        found = await sync(place, registrar, add=False)
        assert found.rented == 3
        assert [n.reveal() for n in found.pointed] == [bought[0], "+12025550193"]
        assert [n.reveal() for n in found.unknown] == ["+12025550193"]
        assert [n.reveal() for n in found.missing] == POOL
        assert all(ADDRESSES.items() <= twilio.rented[n].items() for n in twilio.rented)
        found = await sync(place, registrar, add=True)
        assert (found.pointed, found.unknown) == ((), ())
        assert [n.reveal() for n in found.added] == ["+12025550193"]
    pool = [number.number.reveal() for number in (await registrar.pool()).numbers]
    assert pool == [*POOL, *bought, "+12025550193"]


async def test_what_twilio_says_no_to(house: House, twilio: Twilio) -> None:
    """Its no, and its silence, are refusals in a plain sentence without the number."""
    wish = read_wish(country="US", area_code=None, toll_free=False, count=1)
    async with wiring.market(settings_for(twilio, house)) as place:
        (number, *_) = await place.search(country="US", area_code=None, toll_free=False, limit=1)
        twilio.offered.clear()
        with pytest.raises(RefusalError, match="Somebody else") as refused:
            await place.buy(number)
        assert "2025550191" not in str(refused.value)
        with pytest.raises(RefusalError, match="nothing was bought"):
            await buy(place, house.engine.registrar, wish)
        await twilio.server.close()
        with pytest.raises(RefusalError, match="could not be reached"):
            await sync(place, house.engine.registrar, add=False)
    assert len((await house.engine.registrar.pool()).numbers) == len(POOL)
