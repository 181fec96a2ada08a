"""A fake Twilio with the phones behind it, over real HTTP on 127.0.0.1.

It stands alone: anything that talks to Twilio's REST API and takes its webhooks can be tested
against it. It needs `aiohttp`, and `twilio` for signing.

    carrier = Carrier()
    await carrier.start()
    carrier.set_webhook("http://127.0.0.1:8080")        # where /twilio/sms is served
    carrier.rent("+15552000001")                        # optional: before the first, any is ours
    # program under test: base URL carrier.api_url, carrier.account_sid, carrier.auth_token
    robin = carrier.phone("+15551000001")
    assert await robin.text("+15552000001", "hello") == 200
    await carrier.wait_for(lambda: len(robin.inbox) == 1, timeout=5)
    await carrier.close()

What it does as Twilio does (https://www.twilio.com/docs/messaging/api/message-resource):

- `POST /2010-04-01/Accounts/{sid}/Messages.json`: basic authentication (20003), another account
  (20404), `To` (21604, 21211), `From` (21603, 21606), `Body` (21602; 21617 over 1600 UTF-16
  units, the stricter reading of "characters"), `ValidityPeriod` (20001), `ContentRetention` and
  `AddressRetention` (30029, 30030 unless `redaction` is on). Answers 201 with the resource, or
  an error object.
- `GET` (200, 404/20404), `POST` with `Body=` (redacts; other words 400/30400) and `DELETE` (204,
  404) of `Messages/{sid}.json`. Redacting and deleting need a final status (409/20009).
- `GET /2010-04-01/Accounts/{sid}.json`.
- Status callbacks `sent`, then `delivered` or `undelivered`, signed, once each, best effort: a
  callback nobody takes is not repeated. They go only to addresses below the one given to
  `set_webhook`: a simulator must not call anybody else.
- Webhooks signed with HMAC-SHA1 over the configured URL and all parameters, geography included;
  tried again only where no connection came about, once.

Faults are scripted beforehand and used up in order: `fail`, `undeliver`, `lose_answer`, `delay`,
`duplicate_webhook`.

Not simulated: prices, queues and rates, opt-out words, media, Messaging Services, real segment
counts (`NumSegments` is a rough one). What it makes up (numbers, places, ids) belongs to nobody.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import re
import secrets
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import urlencode

import aiohttp
from aiohttp import web
from twilio.request_validator import RequestValidator

_API = "/2010-04-01/Accounts"
_VERSION = "2010-04-01"
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_LONGEST_BODY = 1600
_WEBHOOK_TIMEOUT = aiohttp.ClientTimeout(total=15, connect=5)  # Twilio's own defaults
_FINAL = frozenset({"delivered", "undelivered", "failed", "received"})
_PLACE = {"City": "ANYTOWN", "State": "CA", "Zip": "99999", "Country": "US"}
_STATUS_OF_CODE = {20003: 401, 20404: 404, 20429: 429, 20009: 409}
_MESSAGES = {
    20001: "Invalid parameter",
    20003: "Authenticate",
    20009: "Cannot change or delete a message whose delivery is not complete",
    20404: "The requested resource was not found",
    21211: "The 'To' number {To} is not a valid phone number.",
    21602: "Message body is required.",
    21603: "A 'From' phone number is required.",
    21604: "A 'To' phone number is required.",
    21606: "The From phone number {From} is not a valid, SMS-capable number for your account.",
    21610: "Attempt to send to unsubscribed recipient",
    21617: "The concatenated message body exceeds the 1600 character limit",
    30029: "ContentRetention is not enabled for this account",
    30030: "AddressRetention is not enabled for this account",
    30400: "Only an empty body is allowed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TextMessage:
    """A text as the phone shows it. `at` is aware (UTC)."""

    sid: str
    from_: str
    to: str
    body: str
    at: datetime


@dataclass(slots=True, kw_only=True)
class _Record:
    """What Twilio keeps of a message, until it is redacted or deleted."""

    sid: str
    direction: str
    from_: str
    to: str
    body: str
    status: str
    created: datetime
    media: int = 0
    error_code: int | None = None
    hide_numbers: bool = False


@dataclass(slots=True, kw_only=True)
class _Fault:
    """One scripted failure; `to` is `None` for any phone."""

    to: str | None
    code: int | None
    http: int | None
    times: int
    after: int = 0


@dataclass(frozen=True, slots=True)
class Phone:
    """One phone: `inbox` is what it shows, oldest first; `text` writes from it."""

    number: str
    inbox: list[TextMessage]
    _carrier: Carrier = field(repr=False, compare=False)

    async def text(self, to: str, body: str, media: int = 0) -> int:
        """Write to a number of Twilio's; the HTTP status the webhook answered with.

        0 if no connection came about or no answer came. With a duplicate scripted, the status of
        the last copy. Raises `ValueError` for a number that is nobody's.
        """
        return await self._carrier.take_from_phone(self.number, to, body, media)


class Carrier:
    """Twilio's API, the phones, and what may go wrong between them. See the module for its use.

    `account_sid` and `auth_token` are made up anew unless given. With `redaction` the account has
    Message Redaction. All methods but `start` and `close` may be called at any time between them.
    """

    def __init__(
        self,
        *,
        account_sid: str | None = None,
        auth_token: str | None = None,
        redaction: bool = False,
    ) -> None:
        self.account_sid = account_sid or "AC" + secrets.token_hex(16)
        self.auth_token = auth_token or secrets.token_hex(16)
        self.redaction = redaction
        self.requests: list[dict[str, str]] = []
        """The parameters of every create call that named this account, refused ones too."""
        self.callbacks: list[tuple[str, str, int]] = []
        """Message, status and what our callback got as HTTP status (0: nothing)."""
        self._phones: dict[str, Phone] = {}
        self._rented: set[str] = set()
        self._records: dict[str, _Record] = {}
        self._faults: list[_Fault] = []
        self._undeliverable: list[_Fault] = []
        self._answers_to_lose = 0
        self._webhooks_to_repeat = 0
        self._delay = 0.0
        self._public_url = ""
        self._via = ""
        self._port = 0
        self._runner: web.AppRunner | None = None
        self._http: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = asyncio.Event()
        self._waiters: set[asyncio.Future[None]] = set()

    # Life

    async def start(self, api_port: int = 0) -> None:
        """Serve the REST API on 127.0.0.1 (port 0: any free one)."""
        self._closing.clear()
        self._http = aiohttp.ClientSession(
            timeout=_WEBHOOK_TIMEOUT,
            connector=aiohttp.TCPConnector(force_close=True),  # the other side may be restarted
        )
        app = web.Application()
        app.add_routes(
            [
                web.get(_API + "/{account}.json", self._get_account),
                web.post(_API + "/{account}/Messages.json", self._create),
                web.get(_API + "/{account}/Messages/{sid}.json", self._fetch),
                web.post(_API + "/{account}/Messages/{sid}.json", self._redact),
                web.delete(_API + "/{account}/Messages/{sid}.json", self._delete),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", api_port)
        await site.start()
        self._port = int(self._runner.addresses[0][1])

    async def close(self) -> None:
        """Stop: nothing of it runs or listens afterwards. Callbacks still under way are dropped."""
        self._closing.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()
        http, self._http = self._http, None
        if http is not None:
            await http.close()

    @property
    def api_url(self) -> str:
        """Base URL of the REST API, in place of `https://api.twilio.com`."""
        return f"http://127.0.0.1:{self._port}"

    # The account

    def set_webhook(self, public_url: str, *, via: str | None = None) -> None:
        """Say where the webhooks are: `{public_url}/twilio/sms`, and so on.

        Signatures are made for `public_url`. `via` is the base URL to connect to instead, for a
        program that believes to stand behind `https://...`.
        """
        self._public_url = public_url.rstrip("/")
        self._via = (via or public_url).rstrip("/")

    def rent(self, *numbers: str) -> None:
        """Add numbers to the account. Before the first one, every number counts as rented."""
        self._rented.update(numbers)

    def phone(self, number: str) -> Phone:
        """The phone with that number (E.164). There is one for every number, from its first use."""
        if number not in self._phones:
            self._phones[number] = Phone(number, [], self)
        return self._phones[number]

    @property
    def delivered(self) -> list[TextMessage]:
        """Every text any phone received, oldest first within a phone."""
        return [message for phone in self._phones.values() for message in phone.inbox]

    # Faults

    def fail(
        self,
        to: str | None = None,
        *,
        code: int | None = None,
        http: int | None = None,
        times: int = 1,
        after: int = 0,
    ) -> None:
        """Refuse the next `times` create calls (to `to`) with a Twilio code, HTTP status, or both.

        The first `after` of them still pass. A code alone comes with the status Twilio uses; a
        status alone with a page of HTML, as from a proxy before the API.
        """
        self._faults.append(_Fault(to=to, code=code, http=http, times=times, after=after))

    def undeliver(self, to: str | None = None, *, code: int, times: int = 1) -> None:
        """Take the next `times` texts (to `to`), then report `undelivered` with that code."""
        self._undeliverable.append(_Fault(to=to, code=code, http=None, times=times))

    def lose_answer(self, times: int = 1) -> None:
        """Take the next `times` texts and drop the connection in place of an answer."""
        self._answers_to_lose += times

    def delay(self, seconds: float) -> None:
        """From now on take every text at once, and answer the create call this much later."""
        self._delay = seconds

    def duplicate_webhook(self, times: int = 1) -> None:
        """Post each of the next `times` incoming texts twice, with one `MessageSid`."""
        self._webhooks_to_repeat += times

    # Waiting

    async def wait_for(self, predicate: Callable[[], bool], timeout: float = 5.0) -> None:  # noqa: ASYNC109 - the name callers use
        """Return once `predicate()` holds; it is asked after everything that happens here.

        Raises `TimeoutError` after `timeout` seconds.
        """
        async with asyncio.timeout(timeout):
            while not predicate():
                waiter = asyncio.get_running_loop().create_future()
                self._waiters.add(waiter)
                try:
                    await waiter
                finally:
                    self._waiters.discard(waiter)

    def _happened(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    # REST API

    async def _get_account(self, request: web.Request) -> web.Response:
        refusal = self._stranger(request)
        if refusal is not None:
            return refusal
        return web.json_response(
            {"sid": self.account_sid, "status": "active", "type": "Full", "friendly_name": "fake"}
        )

    async def _create(self, request: web.Request) -> web.StreamResponse:
        refusal = self._stranger(request)
        if refusal is not None:
            return refusal
        asked = {name: str(value) for name, value in (await request.post()).items()}
        self.requests.append(asked)
        refusal = self._scripted(asked.get("To", "")) or self._invalid(asked)
        if refusal is not None:
            self._happened()
            return refusal
        record = self._take_from_program(asked)
        if self._answers_to_lose:
            self._answers_to_lose -= 1
            return self._hang_up(request)
        await self._wait_before_answering()
        return web.json_response(self._resource(record), status=201)

    async def _wait_before_answering(self) -> None:
        if self._delay:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), self._delay)

    @staticmethod
    def _hang_up(request: web.Request) -> web.StreamResponse:
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=500)  # goes nowhere: the connection is gone

    async def _fetch(self, request: web.Request) -> web.Response:
        found = self._found(request)
        return (
            found if isinstance(found, web.Response) else web.json_response(self._resource(found))
        )

    async def _redact(self, request: web.Request) -> web.Response:
        found = self._found(request)
        if isinstance(found, web.Response):
            return found
        if (await request.post()).get("Body") != "":
            return _error(30400)
        if found.status not in _FINAL:
            return _error(20009)
        found.body = ""
        return web.json_response(self._resource(found))

    async def _delete(self, request: web.Request) -> web.Response:
        found = self._found(request)
        if isinstance(found, web.Response):
            return found
        if found.status not in _FINAL:
            return _error(20009)
        del self._records[found.sid]
        return web.Response(status=204)

    def _stranger(self, request: web.Request) -> web.Response | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        try:
            name, _, password = base64.b64decode(token, validate=True).partition(b":")
        except ValueError:  # includes binascii.Error
            return _error(20003)
        known = hmac.compare_digest(name, self.account_sid.encode()) and hmac.compare_digest(
            password, self.auth_token.encode()
        )
        if scheme.lower() != "basic" or not known:
            return _error(20003)
        return None if request.match_info["account"] == self.account_sid else _error(20404)

    def _found(self, request: web.Request) -> _Record | web.Response:
        refusal = self._stranger(request)
        if refusal is not None:
            return refusal
        return self._records.get(request.match_info["sid"]) or _error(20404)

    def _scripted(self, to: str) -> web.Response | None:
        fault = _use_up(self._faults, to)
        if fault is None:
            return None
        if fault.code is None:
            status = fault.http or 500
            return web.Response(status=status, text="<html></html>", content_type="text/html")
        return _error(fault.code, status=fault.http)

    def _invalid(self, asked: Mapping[str, str]) -> web.Response | None:
        """Twilio's own checks, in its order."""
        to, from_, body = (asked.get(name, "") for name in ("To", "From", "Body"))
        validity = asked.get("ValidityPeriod", "36000")
        checks = (
            (bool(to), 21604),
            (_E164.fullmatch(to), 21211),
            (bool(from_), 21603),
            (self._is_ours(from_), 21606),
            (bool(body), 21602),
            (len(body.encode("utf-16-le")) // 2 <= _LONGEST_BODY, 21617),
            (validity.isdecimal() and 1 <= int(validity) <= 36_000, 20001),
            (self.redaction or asked.get("ContentRetention", "retain") == "retain", 30029),
            (self.redaction or asked.get("AddressRetention", "retain") == "retain", 30030),
        )
        for passed, code in checks:
            if not passed:
                return _error(code, asked=asked)
        return None

    def _is_ours(self, number: str) -> bool:
        return number in self._rented if self._rented else bool(_E164.fullmatch(number))

    def _resource(self, record: _Record) -> dict[str, object]:
        uri = f"{_API}/{self.account_sid}/Messages/{record.sid}"
        from_, to = record.from_, record.to
        if record.hide_numbers:
            to = to[:-4] + "XXXX"
        created = format_datetime(record.created)
        return {
            "account_sid": self.account_sid,
            "api_version": _VERSION,
            "body": record.body,
            "date_created": created,
            "date_sent": created if record.status in _FINAL else None,
            "date_updated": created,
            "direction": record.direction,
            "error_code": record.error_code,
            "error_message": None,
            "from": from_,
            "messaging_service_sid": None,
            "num_media": str(record.media),
            "num_segments": str(_rough_segments(record.body)),
            "price": None,
            "price_unit": "USD",
            "sid": record.sid,
            "status": record.status,
            "subresource_uris": {"media": f"{uri}/Media.json"},
            "to": to,
            "uri": f"{uri}.json",
        }

    # From the program to a phone

    def _take_from_program(self, asked: Mapping[str, str]) -> _Record:
        keep = asked.get("ContentRetention", "retain") == "retain"
        record = _Record(
            sid="SM" + secrets.token_hex(16),
            direction="outbound-api",
            from_=asked["From"],
            to=asked["To"],
            body=asked["Body"] if keep else "",
            status="queued",
            created=_now(),
            hide_numbers=asked.get("AddressRetention", "retain") != "retain",
        )
        self._records[record.sid] = record
        unreachable = _use_up(self._undeliverable, record.to)
        if unreachable is None:
            self.phone(record.to).inbox.append(
                TextMessage(
                    sid=record.sid,
                    from_=record.from_,
                    to=record.to,
                    body=asked["Body"],
                    at=record.created,
                )
            )
        code = unreachable.code if unreachable is not None else None
        self._in_background(self._report(record, asked.get("StatusCallback", ""), code))
        self._happened()
        return record

    async def _report(self, record: _Record, url: str, code: int | None) -> None:
        for status in ("sent", "undelivered" if code else "delivered"):
            record.status = status
            record.error_code = code if status == "undelivered" else None
            parameters = {
                "AccountSid": self.account_sid,
                "ApiVersion": _VERSION,
                "From": record.from_,
                "MessageSid": record.sid,
                "MessageStatus": status,
                "SmsSid": record.sid,
                "SmsStatus": status,
                "To": record.to,
            }
            if record.error_code is not None:
                parameters["ErrorCode"] = str(record.error_code)
            if status == "delivered":
                parameters["RawDlrDoneDate"] = record.created.strftime("%y%m%d%H%M")
            answered = await self._post(url, parameters) if url else 0
            self.callbacks.append((record.sid, status, answered))
            self._happened()

    def _in_background(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # From a phone to the program

    async def take_from_phone(self, number: str, to: str, body: str, media: int) -> int:
        """What `Phone.text` does."""
        if not self._is_ours(to):
            raise ValueError("This number is not rented by anybody.")
        record = _Record(
            sid=("MM" if media else "SM") + secrets.token_hex(16),
            direction="inbound",
            from_=number,
            to=to,
            body=body,
            status="received",
            created=_now(),
            media=media,
        )
        self._records[record.sid] = record
        url, parameters = f"{self._public_url}/twilio/sms", self._incoming(record)
        status = await self._post(url, parameters)
        if self._webhooks_to_repeat:
            self._webhooks_to_repeat -= 1
            status = await self._post(url, parameters)
        self._happened()
        return status

    def _incoming(self, record: _Record) -> dict[str, str]:
        """All of https://www.twilio.com/docs/messaging/guides/webhook-request, needed or not."""
        parameters = {
            "AccountSid": self.account_sid,
            "ApiVersion": _VERSION,
            "Body": record.body,
            "From": record.from_,
            "MessageSid": record.sid,
            "NumMedia": str(record.media),
            "NumSegments": str(_rough_segments(record.body)),
            "SmsMessageSid": record.sid,
            "SmsSid": record.sid,
            "SmsStatus": "received",
            "To": record.to,
        }
        parameters |= {f"{side}{name}": _PLACE[name] for side in ("From", "To") for name in _PLACE}
        media_url = f"{self.api_url}{_API}/{self.account_sid}/Messages/{record.sid}/Media/ME"
        for number in range(record.media):
            parameters[f"MediaUrl{number}"] = media_url + secrets.token_hex(16)
            parameters[f"MediaContentType{number}"] = "image/jpeg"
        return parameters

    def sign(self, url: str, parameters: Mapping[str, str]) -> str:
        """The `X-Twilio-Signature` of a request to `url`."""
        validator = RequestValidator(self.auth_token)
        return str(validator.compute_signature(url, parameters))

    async def _post(self, url: str, parameters: Mapping[str, str]) -> int:
        """Post a signed webhook; once more if no connection came about. 0: no answer."""
        if self._http is None:
            raise RuntimeError("The carrier has not been started.")
        if not self._public_url or not url.startswith(self._public_url):
            return 0
        target = self._via + url.removeprefix(self._public_url)
        headers = {
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
            "I-Twilio-Idempotency-Token": secrets.token_hex(16),
            "User-Agent": "TwilioProxy/1.1",
            "X-Twilio-Signature": self.sign(url, parameters),
        }
        form = urlencode(parameters).encode("ascii")
        for _ in range(2):
            try:
                async with self._http.post(target, data=form, headers=headers) as answer:
                    await answer.read()
                    return answer.status
            except aiohttp.ClientConnectorError:
                continue
            except (TimeoutError, aiohttp.ClientError):
                return 0
        return 0


def _use_up(faults: list[_Fault], to: str) -> _Fault | None:
    """The first fault scripted for that phone, one time less, unless its turn is yet to come."""
    for fault in faults:
        if fault.times > 0 and fault.to in (None, to):
            if fault.after:
                fault.after -= 1
                return None
            fault.times -= 1
            return fault
    return None


def _error(
    code: int, *, status: int | None = None, asked: Mapping[str, str] | None = None
) -> web.Response:
    """Twilio's error object. As in the real one, the message may hold a phone number."""
    status = status or _STATUS_OF_CODE.get(code, 400)
    named = {"To": "", "From": "", **(asked or {})}
    text = _MESSAGES.get(code, "Error {To}").replace("{To}", named["To"])
    answer = {
        "code": code,
        "message": text.replace("{From}", named["From"]),
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
    return web.json_response(answer, status=status)


def _rough_segments(body: str) -> int:
    """Good enough for a field nobody may rely on."""
    return 1 + len(body) // (153 if body.isascii() else 67)


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - stands alone, so it has no relay.clock to ask
