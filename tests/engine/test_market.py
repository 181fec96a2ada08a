"""Numbers are rented over HTTP, from a pretended Twilio that speaks as the real one does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import aiohttp
import pytest

from relay import wiring
from relay.config import Settings
from relay.demo.carrier import Carrier
from relay.errors import RefusalError
from relay.market import Rented, buy, read_wish, sync
from tests.engine.conftest import House
from tests.support.market import Shop

SID, TOKEN = "AC" + "0" * 32, "hushhush"
PUBLIC = "https://relay.example.org"
FIRST, SECOND = "+12025550181", "+12025550182"
OFFERED = ["+12025550191", "+12025550192"]
ADDRESSES = {
    "sms_url": f"{PUBLIC}/twilio/sms#rc=5&rp=all",
    "sms_method": "POST",
    "sms_fallback_url": f"{PUBLIC}/twilio/fallback",
    "sms_fallback_method": "POST",
    "voice_url": f"{PUBLIC}/twilio/voice",
    "voice_method": "POST",
    "voice_caller_id_lookup": False,
}


@pytest.fixture
async def twilio() -> AsyncIterator[Carrier]:
    """A Twilio with two numbers on sale, that rents us the first of the pool's two."""
    carrier = Carrier(account_sid=SID, auth_token=TOKEN)
    carrier.rent(FIRST)
    carrier.offer(*OFFERED)
    await carrier.start()
    yield carrier
    await carrier.close()


def settings_for(twilio: Carrier) -> Settings:
    """The settings of a relay that texts through it."""
    wanted = {
        "public_url": PUBLIC,
        "twilio_account_sid": SID,
        "twilio_auth_token": TOKEN,
        "twilio_api_url": f"http://127.0.0.1:{twilio.port}",
    }
    return Settings(**wanted)


async def addresses(twilio: Carrier) -> dict[str, dict[str, object]]:
    """What is set for each rented number, as Twilio's console would show it."""
    url = f"http://127.0.0.1:{twilio.port}/2010-04-01/Accounts/{SID}/IncomingPhoneNumbers.json"
    auth = {"Authorization": aiohttp.encode_basic_auth(SID, TOKEN)}
    async with aiohttp.ClientSession(headers=auth) as session, session.get(url) as answer:
        found = (await answer.json())["incoming_phone_numbers"]
    return {one["phone_number"]: {name: one[name] for name in ADDRESSES} for one in found}


async def test_renting_over_the_wire(house: House, twilio: Carrier) -> None:
    """What is bought has all three addresses and is in the pool; sync points the pool's here.

    What is rented and unknown is left alone, and pointed here and added only when asked for; what
    is not rented is named and stays.
    """
    registrar = house.engine.registrar
    wish = read_wish(country="us", area_code="202", toll_free=False, count=2)
    async with wiring.market(settings_for(twilio)) as place:
        bought = await buy(place, registrar, wish)
        assert [number.reveal() for number in bought] == OFFERED
        twilio.rent("+12025550193")
        before = await addresses(twilio)
        assert {n for n, found in before.items() if found == ADDRESSES} == set(OFFERED)
        found = await sync(place, registrar, add=False)
        assert found.rented == 4
        assert [n.reveal() for n in found.pointed] == [FIRST]
        assert [n.reveal() for n in found.unknown] == ["+12025550193"]
        assert [n.reveal() for n in found.missing] == [SECOND]
        after = await addresses(twilio)
        assert {n for n, found in after.items() if found == ADDRESSES} == {FIRST, *OFFERED}
        assert after["+12025550193"] == before["+12025550193"]
        found = await sync(place, registrar, add=True)
        assert found.unknown == ()
        assert [n.reveal() for n in found.pointed] == ["+12025550193"]
        assert [n.reveal() for n in found.added] == ["+12025550193"]
        assert list((await addresses(twilio)).values()) == [ADDRESSES] * 4
    pool = [number.number.reveal() for number in (await registrar.pool()).numbers]
    assert pool == [FIRST, SECOND, *OFFERED, "+12025550193"]


async def test_a_number_that_cannot_text_is_none_of_ours(house: House) -> None:
    """It is neither named nor pointed nor added, unless somebody put it into the pool."""
    shop = Shop(offered=[], ours={FIRST: False, SECOND: True, "+12025550193": False})
    voice = [replace(one, texts=False) for one in await shop.rented()]

    async def rented() -> list[Rented]:
        return voice

    shop.rented = rented  # type: ignore[method-assign]
    found = await sync(shop, house.engine.registrar, add=True)
    assert (found.rented, found.added, found.unknown, found.missing) == (2, (), (), ())
    assert shop.ours == {FIRST: True, SECOND: True, "+12025550193": False}


async def test_what_twilio_says_no_to(house: House, twilio: Carrier) -> None:
    """Its no, and its silence, are refusals in a plain sentence without the number."""
    registrar = house.engine.registrar
    wish = read_wish(country="US", area_code=None, toll_free=True, count=1)
    async with wiring.market(settings_for(twilio)) as place:
        (number, *_) = await place.search(country="US", area_code=None, toll_free=False, limit=1)
        await place.buy(number)
        with pytest.raises(RefusalError, match="Somebody else") as refused:
            await place.buy(number)
        assert "2025550191" not in str(refused.value)
        with pytest.raises(RefusalError, match="nothing was bought"):
            await buy(place, registrar, wish)
        await twilio.close()
        with pytest.raises(RefusalError, match="could not be reached"):
            await sync(place, registrar, add=False)
    assert len((await registrar.pool()).numbers) == 2
