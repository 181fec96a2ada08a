"""What stands around the fake Twilio in its tests: a client of its API, a program it calls."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import aiohttp
from aiohttp import web
from twilio.rest import Client

from relay.demo.carrier import Carrier

PHONE = "+15551000001"
PROXY = "+15552000001"
OTHER_PROXY = "+15552000002"
TOLL_FREE = "+18005550100"

T = TypeVar("T")


@dataclass
class Api:
    """A plain client of the REST API."""

    carrier: Carrier
    session: aiohttp.ClientSession
    password: str = ""

    async def ask(
        self, method: str, path: str, data: Mapping[str, str] | list[tuple[str, str]] | None = None
    ) -> tuple[int, Any]:
        """Status and JSON (`None` where there is none)."""
        account = self.carrier.account_sid
        url = f"{self.carrier.api_url}/2010-04-01/Accounts/{path.format(account=account)}"
        async with self.session.request(
            method, url, data=data, headers={"Authorization": self.basic}
        ) as answer:
            json = answer.content_type == "application/json"
            return answer.status, await answer.json() if json else None

    @property
    def basic(self) -> str:
        """The credentials as a header."""
        return aiohttp.encode_basic_auth(
            self.carrier.account_sid, self.password or self.carrier.auth_token
        )

    async def create(self, *media: str, **changed: str) -> tuple[int, Any]:
        """Send an ordinary text, changed; an empty value leaves the parameter out."""
        asked = {"To": PHONE, "From": PROXY, "Body": "hello", **changed}
        present = [(name, value) for name, value in asked.items() if value]
        present += [("MediaUrl", url) for url in media]
        return await self.ask("POST", "{account}/Messages.json", present)

    async def get(self, url: str, *, basic: bool) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and octets of any address; redirects are not followed."""
        headers = {"Authorization": self.basic} if basic else {}
        async with self.session.get(url, headers=headers, allow_redirects=False) as answer:
            return answer.status, answer.headers.copy(), await answer.read()


@dataclass
class Sdk:
    """Twilio's own library, in a thread since it blocks."""

    client: Client

    async def do(self, work: Callable[[Any], T]) -> T:
        """What the work makes of the client."""
        return await asyncio.to_thread(work, self.client)


@dataclass
class Program:
    """A program under test: takes webhooks and answers as told, serves files."""

    url: str = ""
    status: int = 200
    statuses: dict[str, int] = field(default_factory=dict)
    """By path, where it differs from `status`."""
    text: str = ""
    calls: list[tuple[str, dict[str, str], Mapping[str, str]]] = field(default_factory=list)
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    fetched: list[tuple[str, str]] = field(default_factory=list)
    """Method and path, for each time a file was asked for."""
    close: Callable[[], Awaitable[None]] | None = None

    async def take(self, request: web.Request) -> web.Response:
        """A webhook."""
        fields = {name: str(value) for name, value in (await request.post()).items()}
        self.calls.append((request.path_qs, fields, dict(request.headers)))
        status = self.statuses.get(request.path, self.status)
        return web.Response(status=status, text=self.text, content_type="text/xml")

    async def serve(self, request: web.Request) -> web.Response:
        """A file, or a webhook by GET."""
        if request.path not in self.files:
            return await self.take(request)
        self.fetched.append((request.method, request.path))
        kind, octets = self.files[request.path]
        return web.Response(body=octets, headers={"Content-Type": kind} if kind else {})

    def statuses_heard(self) -> list[str]:
        """What the status callbacks said, in the order in which they came."""
        return [fields["MessageStatus"] for _, fields, _ in self.calls if "MessageStatus" in fields]
