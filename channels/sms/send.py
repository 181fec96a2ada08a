"""Texts out through Twilio's REST API: `SmsChannel`.

https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource. The create
call has no idempotency key, so what matters is to know, when something breaks, whether Twilio may
already hold the message: before the request has left it cannot (`UNREACHABLE`, `TIMEOUT`), after
that it may (`ANSWER_LOST`, unsure).

The SDK's own HTTP client is not used as it is: it drops its timeout, keeps the last request with
the words of a member in memory, and writes addresses to its log. Its exceptions carry numbers;
none leaves this module, not even as the cause of another.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta

import aiohttp
from twilio.base import values
from twilio.base.exceptions import TwilioRestException, TwilioServiceException
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from channels.contract import Later, Never, Outcome, Outgoing, Sent, Trouble
from channels.secret import Secret
from channels.sms import segments
from channels.sms.config import SmsOutConfig
from channels.sms.errors import outcome

PICTURE = "[picture, only by mail]"

_log = logging.getLogger(__name__)

_LONGEST_VALIDITY = 36_000
"""Seconds. Twilio's limit, and its default."""
_REMEMBERED_DELIVERIES = 10_000
_ANSWER_LOST = Later(why=Trouble.ANSWER_LOST, unsure=True)


def status_token(delivery: Secret) -> Secret:
    """What stands in the status callback for a delivery: one-way, so that it tells outsiders none.

    32 hexadecimal digits, equal for every attempt and every part of one delivery.
    """
    digest = hashlib.sha256(b"sms status callback\0" + delivery.reveal().encode())
    return Secret(digest.hexdigest()[:32])


class SmsChannel:
    """The way out by text. `clock` gives the aware time of now.

    A long text leaves as several bodies, in order. How many of them Twilio took is remembered in
    memory by delivery, so that a later attempt goes on where this one stopped. The memory ends
    with the process, and holds 10,000 unfinished deliveries, of which the one longest without
    progress goes first. After that a reader may see the first parts of a long text twice; she
    also may see one part twice whose answer was lost.
    """

    def __init__(self, config: SmsOutConfig, clock: Callable[[], datetime]) -> None:
        self._config = config
        self._clock = clock
        self._http: _TimedHttpClient | None = None
        self._client: Client | None = None
        self._taken: OrderedDict[Secret, int] = OrderedDict()
        self._closed = False

    @property
    def name(self) -> str:
        """`sms`."""
        return "sms"

    @property
    def concurrency(self) -> int:
        """How many requests to Twilio may be under way at once."""
        return self._config.concurrency

    async def send(self, out: Outgoing) -> Outcome:
        """Send one copy, in as many bodies as it needs, and say how that ended."""
        try:
            return await self._send_parts(out)
        except Exception as error:  # noqa: BLE001 - the contract: nothing is raised but cancellation
            _log.error("text not sent: %s", type(error).__name__)  # its text may hold numbers
            return Later(why=Trouble.OUR_FAULT)

    async def close(self) -> None:
        """Close the connections. A send after this answers `Later`."""
        self._closed = True
        http, self._http, self._client = self._http, None, None
        if http is not None:
            await http.close()

    async def _send_parts(self, out: Outgoing) -> Outcome:
        bodies = segments.render(out.author, _words(out), most=self._config.most_parts)
        if not all(map(out.may_leave, [out.text.reveal(), "".join(bodies), *bodies])):
            return Never(why=Trouble.WOULD_LEAK)
        token = status_token(out.delivery)
        for number in range(self._taken.get(token, 0), len(bodies)):
            ended = await self._create(out, bodies[number], token)
            if isinstance(ended, Never):
                self._taken.pop(token, None)
            if not isinstance(ended, Sent):
                return ended
            self._remember(token, number + 1)
        self._taken.pop(token, None)
        return Sent()

    def _remember(self, token: Secret, taken: int) -> None:
        self._taken[token] = taken
        self._taken.move_to_end(token)
        if len(self._taken) > _REMEMBERED_DELIVERIES:
            self._taken.popitem(last=False)

    async def _create(self, out: Outgoing, body: str, token: Secret) -> Outcome:
        valid = int((out.expires - self._clock()) / timedelta(seconds=1))
        if valid < 1:
            return Never(why=Trouble.REFUSED)  # after `expires` the copy must not reach anyone
        base = self._config.public_url.rstrip("/")
        keep = not self._config.redaction
        try:
            await self._open().messages.create_async(
                to=out.to.reveal(),
                from_=out.write_to.reveal(),
                body=body,
                status_callback=f"{base}/twilio/status?t={token.reveal()}",
                validity_period=min(valid, _LONGEST_VALIDITY),
                content_retention=values.unset if keep else "discard",
                address_retention=values.unset if keep else "obfuscate",
            )
        except (TwilioRestException, TwilioServiceException) as error:
            return outcome(error.status, error.code)
        except aiohttp.InvalidURL:
            return Later(why=Trouble.NOT_CONFIGURED)
        except aiohttp.ConnectionTimeoutError:
            return Later(why=Trouble.TIMEOUT)
        except aiohttp.ClientConnectorError:  # refused, no such host, no TLS: nothing was sent
            return Later(why=Trouble.UNREACHABLE)
        except (TimeoutError, aiohttp.ClientError, OSError, _UnreadableAnswerError):
            return _ANSWER_LOST
        return Sent()

    def _open(self) -> Client:
        """The client, made inside the running loop at the first send."""
        if self._closed:
            raise RuntimeError("The channel is closed.")
        if self._client is None:
            self._http = _TimedHttpClient(self._config.timeout, self._config.concurrency)
            self._client = Client(
                self._config.account_sid,
                self._config.auth_token.reveal(),
                http_client=self._http,
                environment={"TWILIO_EDGE": ""},  # else the SDK reads the process environment
            )
            if self._config.api_url is not None:
                self._client.api.base_url = self._config.api_url
        return self._client


class _UnreadableAnswerError(Exception):
    """The answer says yes, but not in Twilio's words: a proxy on the way, a change of theirs."""


def _names_a_message(answer: str) -> bool:
    try:
        resource = json.loads(answer)
    except ValueError:
        return False
    return isinstance(resource, dict) and isinstance(resource.get("sid"), str)


class _TimedHttpClient(AsyncTwilioHttpClient):  # type: ignore[misc] # the SDK ships no types
    """The SDK's asynchronous client with a timeout that holds, no memory and no log."""

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
            sent["Authorization"] = aiohttp.encode_basic_auth(*auth)
        async with self._own_session.request(
            method, url, params=query, data=data, headers=sent, allow_redirects=False
        ) as response:
            text = (await response.read()).decode("utf-8", "replace")
        if method == "POST" and 200 <= response.status < 300 and not _names_a_message(text):
            raise _UnreadableAnswerError
        return Response(response.status, text, dict(response.headers))

    async def close(self) -> None:
        """Close the connections."""
        await self._own_session.close()


def _words(out: Outgoing) -> Secret:
    """The words; a text carries no pictures, so it says that there are some."""
    if not out.pictures:
        return out.text
    return Secret(f"{out.text.reveal()} {PICTURE}".strip())
