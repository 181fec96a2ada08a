"""The rest of the API: the account, calls, and the daily lists of deactivated numbers.

https://www.twilio.com/docs/voice/api/call-resource and
https://www.twilio.com/docs/messaging/api/deactivations-resource
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from email.utils import format_datetime

from aiohttp import web

from .account import Account
from .errors import error
from .model import API, VERSION, Call
from .store import Store

LISTS = "/deactivations"
"""Where a list is served without credentials, below an unguessable name, for two minutes."""

_FIRST_LIST = date(2020, 8, 27)
_VALID = timedelta(minutes=2)


class Others:
    """Handlers for `Accounts`, `Calls` and `Deactivations`."""

    def __init__(self, account: Account, store: Store) -> None:
        self._account = account
        self._store = store
        self._deactivated: defaultdict[date, list[str]] = defaultdict(list)
        self._tickets: dict[str, tuple[date, datetime]] = {}

    def routes(self) -> list[web.RouteDef]:
        """The paths of this part of the API."""
        return [
            web.get(API + "/{account}.json", self._fetch_account),
            web.get(API + "/{account}/Calls/{sid}.json", self._fetch_call),
            web.delete(API + "/{account}/Calls/{sid}.json", self._delete_call),
            web.get("/v1/Deactivations", self._deactivations),
            web.get(LISTS + "/{ticket}", self._list),
        ]

    def deactivate(self, numbers: Iterable[str], day: date | None) -> None:
        """Put numbers on the list of a day, or of today."""
        self._deactivated[day or self._account.now().date()].extend(numbers)

    async def _fetch_account(self, _: web.Request) -> web.Response:
        name = self._account.account_sid
        return web.json_response(
            {"sid": name, "status": "active", "type": "Full", "friendly_name": "fake"}
        )

    async def _fetch_call(self, request: web.Request) -> web.Response:
        call = self._store.calls.get(request.match_info["sid"])
        return error(20404) if call is None else web.json_response(self._resource(call))

    async def _delete_call(self, request: web.Request) -> web.Response:
        call = self._store.calls.get(request.match_info["sid"])
        if call is None:
            return error(20404)
        if call.status == "ringing":
            return error(20009)
        del self._store.calls[call.sid]
        return web.Response(status=204)

    def _resource(self, call: Call) -> dict[str, object]:
        created = format_datetime(call.created)
        return {
            "account_sid": self._account.account_sid,
            "api_version": VERSION,
            "date_created": created,
            "date_updated": created,
            "direction": "inbound",
            "duration": None,
            "from": call.from_,
            "sid": call.sid,
            "start_time": created,
            "status": call.status,
            "to": call.to,
            "uri": f"{API}/{self._account.account_sid}/Calls/{call.sid}.json",
        }

    async def _deactivations(self, request: web.Request) -> web.Response:
        """307 with the address of the list, in `Location` and as JSON."""
        now = self._account.now()
        try:
            day = date.fromisoformat(request.query.get("Date", ""))
        except ValueError:
            return error(20001)
        if day < _FIRST_LIST:
            return error(30113)
        if day > now.date():
            return error(20404)
        ticket = secrets.token_urlsafe(24)
        self._tickets[ticket] = (day, now + _VALID)
        address = f"{self._account.api_url}{LISTS}/{ticket}"
        return web.json_response(
            {"redirect_to": address}, status=307, headers={"Location": address}
        )

    async def _list(self, request: web.Request) -> web.Response:
        """Numbers with country code and without `+`, one a line; refuses credentials."""
        if "Authorization" in request.headers:
            return web.Response(status=400, text="Only one way to sign in is allowed.")
        day, until = self._tickets.get(request.match_info["ticket"], (None, None))
        if day is None or until is None or self._account.now() > until:
            return web.Response(status=403)
        lines = [number.removeprefix("+") + "\n" for number in self._deactivated[day]]
        return web.Response(text="".join(lines), content_type="text/plain")
