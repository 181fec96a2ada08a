"""The parts of Twilio's REST API that look after an account, as small as they can be, over HTTP."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

from aiohttp import web

ACCOUNT = "AC" + "0" * 32
TOKEN = "an auth token"
_BASE = f"/2010-04-01/Accounts/{ACCOUNT}"
_PAGE = 2  # so that every longer list has pages


@dataclass
class Medium:
    """A file of a message. `late` is how often it is not there yet."""

    kind: str
    octets: bytes
    late: int = 0


@dataclass
class Desk:
    """One account: what is in it, and what was asked."""

    url: str = ""
    on_sale: dict[str, list[str]] = field(default_factory=dict)
    numbers: dict[str, dict[str, Any]] = field(default_factory=dict)
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)
    media: dict[tuple[str, str], Medium] = field(default_factory=dict)
    calls: set[str] = field(default_factory=set)
    deactivated: bytes = b""
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    """Method, path and parameters."""
    let_in: list[tuple[str, str]] = field(default_factory=list)
    """Path and `Authorization` of what was fetched from the storage."""
    answer: web.Response | None = None
    """Given instead of anything else."""
    only: str = ""
    """Path whose beginning `answer` is for."""
    hops: int = 1
    """Redirects before a file comes."""
    silent: asyncio.Event | None = None
    """Nothing is answered before it is set."""

    def say(self, status: int, code: int = 0, only: str = "") -> None:
        """From now on, answer what is asked below `only` with this error."""
        page = web.Response(status=status, text="<html></html>", content_type="text/html")
        said = {"code": code, "message": "about +15551000001", "status": status}
        self.answer = web.json_response(said, status=status) if code else page
        self.only = only

    def add(self, sid: str, *, at: datetime, **changed: Any) -> None:
        """Keep a message."""
        ordinary = {
            "sid": sid,
            "account_sid": ACCOUNT,
            "direction": "inbound",
            "from": "+15551000001",
            "to": "+15552000001",
            "body": "hello",
            "num_media": "0",
            "status": "received",
            "date_created": format_datetime(at),
            "date_sent": format_datetime(at),
        }
        self.messages[sid] = {**ordinary, **changed}

    def place(self, message: str, sid: str) -> str:
        """Where a file of a message is fetched."""
        return f"{self.url}{_BASE}/Messages/{message}/Media/{sid}"

    def routes(self) -> list[web.RouteDef]:
        """Everything there is."""
        found = {
            ("GET", f"{_BASE}/AvailablePhoneNumbers/{{country}}/{{kind}}.json"): self._search,
            ("POST", f"{_BASE}/IncomingPhoneNumbers.json"): self._buy,
            ("GET", f"{_BASE}/IncomingPhoneNumbers.json"): self._numbers,
            ("POST", f"{_BASE}/IncomingPhoneNumbers/{{sid}}.json"): self._point,
            ("GET", f"{_BASE}/Messages.json"): self._messages,
            ("GET", f"{_BASE}/Messages/{{sid}}.json"): self._message,
            ("DELETE", f"{_BASE}/Messages/{{sid}}.json"): self._delete,
            ("GET", f"{_BASE}/Messages/{{sid}}/Media.json"): self._files,
            ("GET", f"{_BASE}/Messages/{{sid}}/Media/{{file}}"): self._file,
            ("DELETE", f"{_BASE}/Messages/{{sid}}/Media/{{file}}.json"): self._delete_file,
            ("DELETE", f"{_BASE}/Calls/{{sid}}.json"): self._delete_call,
            ("GET", "/v1/Deactivations"): self._deactivations,
        }
        routes = [web.route(*key, self._checked(handler)) for key, handler in found.items()]
        return [*routes, web.get("/storage/{hop}/{sid}/{file}", self._storage)]

    def _checked(self, handler: Any) -> Any:
        async def checked(request: web.Request) -> web.StreamResponse:
            parameters = {**request.query, **(await request.post())}
            self.asked.append((request.method, request.path, parameters))
            if self.silent is not None:
                await self.silent.wait()
            if self.answer is not None and request.path.startswith(self.only):
                return _again(self.answer)
            wanted = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
            if request.headers.get("Authorization") != f"Basic {wanted}":
                return _error(401, 20003)
            return await handler(request, parameters)

        return checked

    async def _search(self, request: web.Request, asked: dict[str, str]) -> web.Response:
        shelf = self.on_sale.get("{country}/{kind}".format(**request.match_info))
        if shelf is None:
            return _error(404, 20404)
        found = [number for number in shelf if asked.get("AreaCode", "") in number]
        listed = [{"phone_number": number} for number in found[: int(asked["PageSize"])]]
        return web.json_response({"available_phone_numbers": listed, "uri": "x"})

    async def _buy(self, request: web.Request, asked: dict[str, str]) -> web.Response:
        number = asked["PhoneNumber"]
        if not any(number in shelf for shelf in self.on_sale.values()):
            return _error(400, 21422)
        sid = f"PN{len(self.numbers):032}"
        self.numbers[sid] = {"sid": sid, "phone_number": number}
        return await self._set(sid, asked, 201)

    async def _point(self, request: web.Request, asked: dict[str, str]) -> web.Response:
        return await self._set(request.match_info["sid"], asked, 200)

    async def _set(self, sid: str, asked: dict[str, str], status: int) -> web.Response:
        names = {"SmsUrl": "sms_url", "SmsMethod": "sms_method", "VoiceUrl": "voice_url"}
        names |= {"SmsFallbackUrl": "sms_fallback_url", "VoiceMethod": "voice_method"}
        names |= {"SmsFallbackMethod": "sms_fallback_method"}
        names |= {"SmsApplicationSid": "sms_application_sid"}
        names |= {"VoiceApplicationSid": "voice_application_sid"}
        changed = {names[name]: value for name, value in asked.items() if name in names}
        changed["voice_caller_id_lookup"] = asked["VoiceCallerIdLookup"] == "true"
        self.numbers[sid] |= changed
        return web.json_response(self.numbers[sid], status=status)

    async def _numbers(self, request: web.Request, asked: dict[str, str]) -> web.Response:
        wanted = asked.get("PhoneNumber", "")
        found = [one for one in self.numbers.values() if wanted in one["phone_number"]]
        return _page(request, "incoming_phone_numbers", found)

    async def _messages(self, request: web.Request, asked: dict[str, str]) -> web.Response:
        found = [
            one
            for one in self.messages.values()
            if asked.get("To", one["to"]) == one["to"]
            and asked.get("From", one["from"]) == one["from"]
            and asked["DateSent>"] <= _stamp(one) <= asked["DateSent<"]
        ]
        return _page(request, "messages", found)

    async def _message(self, request: web.Request, asked: dict[str, str]) -> web.Response:
        found = self.messages.get(request.match_info["sid"])
        return _error(404, 20404) if found is None else web.json_response(found)

    async def _delete(self, request: web.Request, asked: dict[str, str]) -> web.Response:
        found = self.messages.get(request.match_info["sid"])
        if found is None:
            return _error(404, 20404)
        if found["status"] in ("queued", "sending", "sent"):
            return _error(409, 20009)
        del self.messages[found["sid"]]
        self.media = {key: value for key, value in self.media.items() if key[0] != found["sid"]}
        return web.Response(status=204)

    async def _files(self, request: web.Request, asked: dict[str, str]) -> web.Response:
        sid = request.match_info["sid"]
        found = [
            {"sid": file, "parent_sid": sid, "content_type": medium.kind}
            for (message, file), medium in self.media.items()
            if message == sid
        ]
        return _page(request, "media_list", found)

    async def _file(self, request: web.Request, asked: dict[str, str]) -> web.Response:
        key = (request.match_info["sid"], request.match_info["file"])
        found = self.media.get(key)
        if found is None or found.late > 0:
            if found is not None:
                found.late -= 1
            return _error(404, 20404)
        return web.Response(status=307, headers={"Location": "/storage/1/{}/{}".format(*key)})

    async def _storage(self, request: web.Request) -> web.Response:
        self.let_in.append((request.path, request.headers.get("Authorization", "")))
        if request.match_info["hop"] == "0":
            return web.Response(body=self.deactivated)
        key = (request.match_info["sid"], request.match_info["file"])
        hop = int(request.match_info["hop"])
        if hop < self.hops:
            location = "/storage/{}/{}/{}".format(hop + 1, *key)
            return web.Response(status=302, headers={"Location": location})
        return web.Response(body=self.media[key].octets)

    async def _delete_file(self, request: web.Request, asked: dict[str, str]) -> web.Response:
        gone = self.media.pop((request.match_info["sid"], request.match_info["file"]), None)
        return _error(404, 20404) if gone is None else web.Response(status=204)

    async def _delete_call(self, request: web.Request, asked: dict[str, str]) -> web.Response:
        sid = request.match_info["sid"]
        if sid not in self.calls:
            return _error(404, 20404)
        self.calls.remove(sid)
        return web.Response(status=204)

    async def _deactivations(self, request: web.Request, asked: dict[str, str]) -> web.Response:
        return web.json_response({"redirect_to": f"{self.url}/storage/0/x/y"}, status=307)


def _stamp(message: dict[str, Any]) -> str:
    return parsedate_to_datetime(message["date_sent"]).strftime("%Y-%m-%dT%H:%M:%SZ")


def _page(request: web.Request, name: str, found: list[Any]) -> web.Response:
    number = int(request.query.get("Page", "0"))
    shown = found[number * _PAGE : (number + 1) * _PAGE]
    following = None
    if (number + 1) * _PAGE < len(found):
        following = str(request.rel_url.update_query({"Page": str(number + 1)}))
    return web.json_response({name: shown, "next_page_uri": following, "page": number})


def _error(status: int, code: int) -> web.Response:
    return web.json_response({"code": code, "message": "no", "status": status}, status=status)


def _again(answer: web.Response) -> web.Response:
    return web.Response(status=answer.status, body=answer.body, content_type=answer.content_type)
