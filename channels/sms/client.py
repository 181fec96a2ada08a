"""Connections to Twilio's REST API, for `send` and `account`: timeouts that hold, nothing kept.

The SDK's own HTTP client is not used as it is: it drops its timeout, keeps the last request with
the words of a member in memory, and writes addresses to its log. Its exceptions carry numbers;
those who call the SDK let none of them out, not even as the cause of another.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urljoin, urlsplit

import aiohttp
from aiohttp import hdrs
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from channels.secret import Secret

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_TOO_LARGE = 413
_MOST_REDIRECTS = 3
"""Twilio sends a file's readers to its storage; that has moved to a further host before."""


class UnreadableAnswerError(Exception):
    """The answer says yes, but not in Twilio's words: a proxy on the way, a change of theirs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """What a plain GET ended with: the octets of a 200, else none."""

    status: int
    """HTTP's, or 413 for an answer that is longer than whoever asked wants to hold."""
    octets: bytes = field(default=b"", repr=False)


class Connection:
    """The SDK's client over connections of our own, made inside the running loop at the first use.

    `api_url` replaces every host of Twilio's. `connections` is how many may be open at once.
    """

    def __init__(
        self,
        account_sid: str,
        auth_token: Secret,
        *,
        api_url: str | None,
        timeout: timedelta,
        connections: int,
    ) -> None:
        self._account_sid = account_sid
        self._auth_token = auth_token
        self._api_url = api_url
        self._timeout = timeout
        self._connections = connections
        self._http: TimedHttpClient | None = None
        self._client: Client | None = None
        self._closed = False

    def client(self) -> Client:
        """The SDK's client. Raises `RuntimeError` once closed."""
        http = self._opened()
        if self._client is None:
            self._client = Client(
                self._account_sid,
                self._auth_token.reveal(),
                http_client=http,
                environment={"TWILIO_EDGE": ""},  # else the SDK reads the process environment
            )
            if self._api_url is not None:
                self._client.api.base_url = self._api_url
                self._client.messaging.base_url = self._api_url
        return self._client

    async def download(self, url: str, *, most: int, signed: bool = True) -> Download:
        """GET octets, at most `most`.

        If `signed`, our name and token go to `url`, and never where it leads to. Raises
        `UnreadableAnswerError` for an address that is none or leads nowhere, and what aiohttp
        raises.
        """
        http = self._opened()
        auth = (self._account_sid, self._auth_token.reveal()) if signed else None
        for _ in range(_MOST_REDIRECTS + 1):
            status, location, octets = await http.get(self._checked(url), auth, most)
            if status not in _REDIRECTS:
                return Download(status=status, octets=octets)
            url, auth = urljoin(url, location) if location else "", None
        raise UnreadableAnswerError

    def _opened(self) -> TimedHttpClient:
        if self._closed:
            raise RuntimeError("The channel is closed.")
        if self._http is None:
            self._http = TimedHttpClient(self._timeout, self._connections)
        return self._http

    def _checked(self, url: str) -> str:
        """The address, if it is encrypted on the way as Twilio's API is for us."""
        schemes = {"https", urlsplit(self._api_url or "").scheme or "https"}
        if urlsplit(url).scheme not in schemes:
            raise UnreadableAnswerError
        return url

    async def close(self) -> None:
        """Close the connections. Whatever is asked after this raises `RuntimeError`."""
        self._closed = True
        http, self._http, self._client = self._http, None, None
        if http is not None:
            await http.close()


class TimedHttpClient(AsyncTwilioHttpClient):  # type: ignore[misc] # the SDK ships no types
    """The SDK's asynchronous client with a timeout that holds, no memory and no log.

    `timeout` is for one whole request, of which connecting may take half.
    """

    def __init__(self, timeout: timedelta, connections: int) -> None:
        super().__init__(pool_connections=False)
        seconds = timeout / timedelta(seconds=1)
        self._own_session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=connections),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=seconds, connect=seconds / 2),
        )

    async def request(
        self,
        method: str,
        url: str,
        params: dict[str, object] | None = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - the SDK's signature; the session's holds
        allow_redirects: bool = False,
    ) -> Response:
        """Make one request, once. Raises what aiohttp raises."""
        del timeout, allow_redirects
        sent = dict(headers or {})
        query = {name: str(value) for name, value in (params or {}).items()}
        if auth is not None:
            sent[hdrs.AUTHORIZATION] = aiohttp.encode_basic_auth(*auth)
        async with self._own_session.request(
            method, url, params=query, data=data, headers=sent, allow_redirects=False
        ) as response:
            text = (await response.read()).decode("utf-8", "replace")
        if method == "POST" and 200 <= response.status < 300 and not _names_something(text):
            raise UnreadableAnswerError
        return Response(response.status, text, dict(response.headers))

    async def get(
        self, url: str, auth: tuple[str, str] | None, most: int
    ) -> tuple[int, str, bytes]:
        """One GET: status, `Location`, and the octets of a 200, or 413 if they are too many."""
        headers = {hdrs.AUTHORIZATION: aiohttp.encode_basic_auth(*auth)} if auth else {}
        octets = bytearray()
        async with self._own_session.get(url, headers=headers, allow_redirects=False) as response:
            if response.status == 200:
                async for chunk in response.content.iter_any():
                    octets += chunk
                    if len(octets) > most:
                        return _TOO_LARGE, "", b""
            return response.status, response.headers.get(hdrs.LOCATION, ""), bytes(octets)

    async def close(self) -> None:
        """Close the connections."""
        await self._own_session.close()


def _names_something(answer: str) -> bool:
    """Whether it is a resource with an id, as every answer to a POST of ours is."""
    try:
        resource = json.loads(answer)
    except ValueError:
        return False
    return isinstance(resource, dict) and isinstance(resource.get("sid"), str)
