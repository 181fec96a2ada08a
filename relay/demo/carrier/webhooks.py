"""Requests of the fake to the program under test: webhooks, callbacks, and fetching of media."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from urllib.parse import urldefrag, urlencode

import aiohttp

from .account import Account

_AGENT = "TwilioProxy/1.1"
_AT_ONCE = 64
"""Callbacks under way at the same time; the others wait, and their time does not run yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What the program said; status 0 if nothing, because no connection came about or it broke."""

    status: int
    text: str = ""

    @property
    def is_well(self) -> bool:
        """Whether Twilio would not call the fallback address."""
        return 200 <= self.status < 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A file as the program served it; status 0 if it did not."""

    status: int
    content_type: str = ""
    octets: bytes = b""


class Webhooks:
    """Signed requests to addresses below the one given to `set_webhook`, and to no other."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._fresh: aiohttp.ClientSession | None = None
        self._kept: aiohttp.ClientSession | None = None
        self._turn = asyncio.Semaphore(_AT_ONCE)

    def open(self) -> None:
        """Be able to connect."""
        self._turn = asyncio.Semaphore(_AT_ONCE)
        self._fresh = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, force_close=True)
        )
        noting = aiohttp.TraceConfig()
        noting.on_connection_reuseconn.append(_note_reuse)
        self._kept = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), trace_configs=[noting]
        )

    async def close(self) -> None:
        """Let go of all connections."""
        for session in (self._fresh, self._kept):
            if session is not None:
                await session.close()
        self._fresh = self._kept = None

    async def call(self, url: str, parameters: Mapping[str, str], method: str = "POST") -> Answered:
        """A webhook, over a connection of its own; once more if no connection came about."""
        return await self._request(_of(self._fresh), url, parameters, method)

    async def callback(self, url: str, parameters: Mapping[str, str]) -> int:
        """A status callback, over a connection that is kept; the HTTP status, 0 for none.

        If the kept one turns out to be dead it is posted again over a new one: with callbacks
        that is allowed, since they may come twice.
        """
        async with self._turn:
            reused = SimpleNamespace(yes=False)
            answered = await self._request(_of(self._kept), url, parameters, "POST", reused)
            if answered.status == 0 and reused.yes:
                answered = await self._request(_of(self._fresh), url, parameters, "POST")
            return answered.status

    async def fetch(self, method: str, url: str) -> Fetched:
        """A file of the program's, unsigned, by `HEAD` or `GET`."""
        target = self._account.reach(urldefrag(url).url)
        if target is None:
            return Fetched(status=0)
        try:
            async with _of(self._fresh).request(
                method, target, headers={"User-Agent": _AGENT}, timeout=self._timeout()
            ) as answer:
                kind = answer.headers.get("Content-Type", "").partition(";")[0].strip()
                octets = await answer.read()
                return Fetched(status=answer.status, content_type=kind, octets=octets)
        except (TimeoutError, aiohttp.ClientError):
            return Fetched(status=0)

    def _timeout(self) -> aiohttp.ClientTimeout:
        total = self._account.webhook_timeout
        return aiohttp.ClientTimeout(total=total, connect=min(5.0, total))

    async def _request(
        self,
        session: aiohttp.ClientSession,
        url: str,
        parameters: Mapping[str, str],
        method: str,
        reused: SimpleNamespace | None = None,
    ) -> Answered:
        url = urldefrag(url).url  # what follows # is for Twilio alone, and is not signed
        if method == "GET":
            url, parameters = f"{url}{'&' if '?' in url else '?'}{urlencode(parameters)}", {}
        target = self._account.reach(url)
        if target is None:
            return Answered(status=0)
        headers = self._headers(url, parameters)
        form = urlencode(parameters).encode("ascii") if method == "POST" else None
        for _ in range(2):
            try:
                async with session.request(
                    method,
                    target,
                    data=form,
                    headers=headers,
                    timeout=self._timeout(),
                    trace_request_ctx=reused,
                ) as answer:
                    said = (await answer.read()).decode("utf-8", "replace")
                    return Answered(status=answer.status, text=said)
            except aiohttp.ClientConnectorError:
                continue
            except (TimeoutError, aiohttp.ClientError):
                return Answered(status=0)
        return Answered(status=0)

    def _headers(self, url: str, parameters: Mapping[str, str]) -> dict[str, str]:
        return {
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
            "I-Twilio-Idempotency-Token": secrets.token_hex(16),
            "User-Agent": _AGENT,
            **self._account.signature_headers(url, parameters),
        }


async def _note_reuse(
    _session: aiohttp.ClientSession,
    context: SimpleNamespace,
    _: aiohttp.TraceConnectionReuseconnParams,
) -> None:
    context.trace_request_ctx.yes = True


def _of(session: aiohttp.ClientSession | None) -> aiohttp.ClientSession:
    if session is None:
        raise RuntimeError("The carrier has not been started.")
    return session
