"""The REST API of numbers: search, buy, list, change, give back.

https://www.twilio.com/docs/phone-numbers/api/availablephonenumber-resource and
https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource
"""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import format_datetime

from aiohttp import web

from .account import Account
from .errors import error
from .model import API, E164, VERSION
from .paging import page
from .rented import URLS, Numbers, Offer, Rented

_ADDRESSES = tuple(name for name in URLS if name.endswith("Url"))
_METHODS = tuple(name for name in URLS if name.endswith("Method"))
_SNAKE = {
    "SmsUrl": "sms_url",
    "SmsMethod": "sms_method",
    "SmsFallbackUrl": "sms_fallback_url",
    "SmsFallbackMethod": "sms_fallback_method",
    "VoiceUrl": "voice_url",
    "VoiceMethod": "voice_method",
    "VoiceFallbackUrl": "voice_fallback_url",
    "VoiceFallbackMethod": "voice_fallback_method",
}


class Rental:
    """Handlers for `AvailablePhoneNumbers` and `IncomingPhoneNumbers`."""

    def __init__(self, account: Account, numbers: Numbers) -> None:
        self._account = account
        self._numbers = numbers

    def routes(self) -> list[web.RouteDef]:
        """The paths of this part of the API. There is no type `Mobile` in the US: 404."""
        base = API + "/{account}"
        return [
            web.get(base + "/AvailablePhoneNumbers/{country}/Local.json", self._local),
            web.get(base + "/AvailablePhoneNumbers/{country}/TollFree.json", self._toll_free),
            web.get(base + "/IncomingPhoneNumbers.json", self._list),
            web.post(base + "/IncomingPhoneNumbers.json", self._buy),
            web.get(base + "/IncomingPhoneNumbers/{sid}.json", self._fetch),
            web.post(base + "/IncomingPhoneNumbers/{sid}.json", self._change),
            web.delete(base + "/IncomingPhoneNumbers/{sid}.json", self._release),
        ]

    async def _local(self, request: web.Request) -> web.Response:
        return self._search(request, toll_free=False)

    async def _toll_free(self, request: web.Request) -> web.Response:
        return self._search(request, toll_free=True)

    def _search(self, request: web.Request, *, toll_free: bool) -> web.Response:
        asked = request.query
        found = [
            _offered(offer)
            for offer in self._numbers.on_sale(request.match_info["country"], toll_free=toll_free)
            if _fits(offer, asked)
        ]
        size = asked.get("PageSize", "")
        most = int(size) if size.isdecimal() else 50
        return web.json_response({"available_phone_numbers": found[:most], "uri": request.path_qs})

    async def _list(self, request: web.Request) -> web.Response:
        number = request.query.get("PhoneNumber", "")
        found = (
            each for each in self._numbers.newest_first() if not number or each.number == number
        )
        return page(request, "incoming_phone_numbers", found, self._resource)

    async def _buy(self, request: web.Request) -> web.Response:
        asked = {name: str(value) for name, value in (await request.post()).items()}
        number = asked.get("PhoneNumber") or self._any_of(asked.get("AreaCode", ""))
        if not E164.fullmatch(number):
            return error(21421)
        if not self._numbers.is_on_sale(number):
            return error(21422)
        if code := _mistake(asked):
            return error(code)
        rented = self._numbers.rent(number, self._account.now())
        _set(rented, asked)
        return web.json_response(self._resource(rented), status=201)

    def _any_of(self, area_code: str) -> str:
        local = self._numbers.on_sale("US", toll_free=False)
        fitting = (offer.number for offer in local if offer.number.startswith(f"+1{area_code}"))
        return next(fitting, "") if area_code else ""

    async def _fetch(self, request: web.Request) -> web.Response:
        rented = self._numbers.by_sid(request.match_info["sid"])
        return error(20404) if rented is None else web.json_response(self._resource(rented))

    async def _change(self, request: web.Request) -> web.Response:
        rented = self._numbers.by_sid(request.match_info["sid"])
        if rented is None:
            return error(20404)
        asked = {name: str(value) for name, value in (await request.post()).items()}
        if code := _mistake(asked):
            return error(code)
        _set(rented, asked)
        return web.json_response(self._resource(rented))

    async def _release(self, request: web.Request) -> web.Response:
        rented = self._numbers.by_sid(request.match_info["sid"])
        if rented is None:
            return error(20404)
        self._numbers.release(rented)
        return web.Response(status=204)

    def _resource(self, rented: Rented) -> dict[str, object]:
        created = format_datetime(rented.created)
        return {
            "account_sid": self._account.account_sid,
            "address_requirements": "none",
            "address_sid": None,
            "api_version": VERSION,
            "beta": False,
            "capabilities": {"fax": False, "mms": rented.mms, "sms": rented.sms, "voice": True},
            "date_created": created,
            "date_updated": created,
            "friendly_name": rented.settings["FriendlyName"] or rented.number,
            "origin": "twilio",
            "phone_number": rented.number,
            "sid": rented.sid,
            "status": "in-use",
            "uri": f"{API}/{self._account.account_sid}/IncomingPhoneNumbers/{rented.sid}.json",
            "voice_caller_id_lookup": rented.settings["VoiceCallerIdLookup"] == "true",
            **{snake: rented.settings[name] for name, snake in _SNAKE.items()},
        }


def _set(rented: Rented, asked: Mapping[str, str]) -> None:
    rented.settings.update({name: value for name, value in asked.items() if name in URLS})


def _mistake(asked: Mapping[str, str]) -> int | None:
    """What is wrong with addresses and methods, as an error code."""
    urls = [asked[name] for name in _ADDRESSES if asked.get(name)]
    if not all(url.startswith(("http://", "https://")) for url in urls):
        return 21402
    methods = {asked[name] for name in _METHODS if name in asked}
    return None if methods <= {"GET", "POST"} else 21403


def _fits(offer: Offer, asked: Mapping[str, str]) -> bool:
    area_code = asked.get("AreaCode", "")
    wants_sms, wants_mms = (asked.get(f"{kind}Enabled") == "true" for kind in ("Sms", "Mms"))
    return (
        offer.number.startswith(f"+1{area_code}" if area_code else "+")
        and (offer.sms or not wants_sms)
        and (offer.mms or not wants_mms)
    )


def _offered(offer: Offer) -> dict[str, object]:
    return {
        "address_requirements": "none",
        "beta": False,
        "capabilities": {"MMS": offer.mms, "SMS": offer.sms, "fax": False, "voice": True},
        "friendly_name": offer.number,
        "iso_country": offer.country,
        "lata": None,
        "latitude": None,
        "locality": None,
        "longitude": None,
        "phone_number": offer.number,
        "postal_code": None,
        "rate_center": None,
        "region": None,
    }
