"""Twilio's webhooks as `aiohttp.web` routes: check, read, hand in, and tell outsiders nothing.

Whatever is not a well-formed request signed by Twilio for our account gets the same 403, byte for
byte. Whatever is gets the same 200, whether the engine took it, knew it or refused it; only who
wrote here once is told, once, that this leads nowhere now (`Receipt.FORMER`). Trouble on our side
is 503. Signatures: https://www.twilio.com/docs/usage/security#validating-requests.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from xml.sax.saxutils import escape

import aiohttp
from aiohttp import hdrs, web
from aiohttp.web_protocol import RequestPayloadError
from twilio.request_validator import (
    HMAC_SHA1,
    HMAC_SHA256,
    SIGNATURE_HEADER,
    SIGNATURE_SETTINGS_HEADER,
    RequestValidator,
    get_signature_algorithm,
)

from channels.contract import Accept, Follow, Progress, Receipt
from channels.secret import Secret
from channels.sms import errors, parse
from channels.sms.config import SENTENCES, SmsInConfig
from channels.sms.inbound import inbound

EraseCall = Callable[[Secret], Awaitable[None]]
"""Told the id of a call, so that Twilio's record of it can be deleted (`contract.Erase`)."""

_log = logging.getLogger(__name__)

_FORM = "application/x-www-form-urlencoded"
_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
_EMPTY = f"{_DECLARATION}<Response />"
_BUSY = f'{_DECLARATION}<Response><Reject reason="busy"/></Response>'
_SECONDS_TO_SEND_THE_BODY = 10
"""Twilio gives up after 15 seconds; who takes longer than this is not Twilio."""

_ALGORITHMS = {"sha1": HMAC_SHA1, "sha256": HMAC_SHA256}


def routes(
    config: SmsInConfig,
    accept: Accept,
    follow: Follow | None = None,
    erase_call: EraseCall | None = None,
    clock: Callable[[], datetime] | None = None,
) -> list[web.RouteDef]:
    """`/twilio/sms`, `/twilio/fallback`, `/twilio/status`, `/twilio/voice`: all but POST get 403.

    The fallback is the first one again, under an address of its own. `clock` gives the aware time
    of now, for limits that end at midnight.
    """
    hooks = _Webhooks(config, accept, follow, erase_call, clock)
    return [
        web.route(hdrs.METH_ANY, "/twilio/sms", hooks.sms),
        web.route(hdrs.METH_ANY, "/twilio/fallback", hooks.sms),
        web.route(hdrs.METH_ANY, "/twilio/status", hooks.status),
        web.route(hdrs.METH_ANY, "/twilio/voice", hooks.voice),
    ]


@dataclass(frozen=True, slots=True)
class _Webhooks:
    config: SmsInConfig
    accept: Accept
    follow: Follow | None = None
    erase_call: EraseCall | None = None
    clock: Callable[[], datetime] | None = None

    async def sms(self, request: web.Request) -> web.Response:
        form = await self._authentic_form(request)
        if form is None:
            return _forbidden()
        message = parse.text_in(
            form,
            self.config.account_sid,
            api_url=self.config.api_url,
            answers_stop=self.config.answers_stop,
        )
        if isinstance(message, parse.Refusal):
            return _forbidden()
        if message.sender is None:
            return _twiml(_EMPTY)
        try:
            receipt = await self.accept(inbound(message, message.sender))
        except Exception as error:  # noqa: BLE001 - whatever it was, Twilio must be told "later"
            _note(error)
            return _trouble()
        return _twiml(self._told(receipt))

    def _told(self, receipt: Receipt) -> str:
        if receipt is not Receipt.FORMER:
            return _EMPTY
        sentence = escape(self.config.former_sentence)
        return f"{_DECLARATION}<Response><Message>{sentence}</Message></Response>"

    async def status(self, request: web.Request) -> web.Response:
        form = await self._authentic_form(request)
        if form is None:
            return _forbidden()
        report = parse.status_in(form, _raw_query(request), self.config.account_sid)
        if isinstance(report, parse.Refusal):
            return _forbidden()
        if self.follow is not None and not await _done(self.follow(self._progress(report))):
            return _trouble()
        return web.Response(status=204)

    def _progress(self, report: parse.StatusIn) -> Progress:
        now = self.clock() if self.clock else None
        outcome = errors.ended(report.status, report.error_code, now)
        return Progress(token=report.token, reference=Secret(report.sid), outcome=outcome)

    async def voice(self, request: web.Request) -> web.Response:
        """Busy, or one sentence. Busy is not answered and costs nothing (TwiML `<Reject>`).

        That Twilio's record of the call could not be noted for deletion changes nothing for the
        caller: it is in the log, and Twilio would read an error to her.
        """
        form = await self._authentic_form(request)
        if form is None:
            return _forbidden()
        call = parse.call_in(form, self.config.account_sid)
        if isinstance(call, parse.Refusal):
            return _forbidden()
        if self.erase_call is not None:
            await _done(self.erase_call(Secret(call.sid)))
        return _twiml(_BUSY if self.config.calls == "busy" else self._spoken())

    def _spoken(self) -> str:
        attributes, sentence = SENTENCES[self.config.call_language]
        said = f"<Say {attributes}>{escape(sentence)}</Say>"
        return f"{_DECLARATION}<Response>{said}<Hangup/></Response>"

    async def _authentic_form(self, request: web.Request) -> parse.Form | None:
        signature = _signature(request, _ALGORITHMS[self.config.signature])
        if signature is None or not _is_form_post(request):
            return None
        raw = await _body(request)
        form = parse.form(raw) if raw is not None else parse.Refusal.TOO_LARGE
        if isinstance(form, parse.Refusal):
            return None
        return form if self._is_signed(request.raw_path, form, signature) else None

    def _is_signed(self, target: str, form: parse.Form, signature: str) -> bool:
        """Ask the SDK, once for each key valid now. Raw: what Twilio signed is what it sent."""
        if not target.startswith("/") or not target.isascii():
            return False
        url = self.config.public_url.rstrip("/") + target
        algorithm = _ALGORITHMS[self.config.signature]
        return any(
            RequestValidator(key.reveal()).validate(url, form.fields, signature, algorithm)
            for key in self.config.keys
        )


def _signature(request: web.Request, algorithm: str) -> str | None:
    """The one signature of the request, if it is of the scheme that is configured.

    A header may not choose another one: whoever can choose the algorithm chooses the weakest.
    Without the header it is HMAC-SHA1 by the auth token; with a shared key there is one header.
    """
    signatures = request.headers.getall(SIGNATURE_HEADER, [])
    settings = request.headers.getall(SIGNATURE_SETTINGS_HEADER, [])
    if len(signatures) != 1 or (algorithm != HMAC_SHA1 and len(settings) != 1):
        return None
    pinned = all(get_signature_algorithm(header).upper() == algorithm for header in settings)
    return signatures[0] if pinned else None


def _is_form_post(request: web.Request) -> bool:
    try:
        charset = request.charset
    except ValueError:
        return False
    return (
        request.method == hdrs.METH_POST
        and request.content_type == _FORM
        and (charset or "utf-8").lower() == "utf-8"
        and hdrs.CONTENT_ENCODING not in request.headers
    )


async def _body(request: web.Request) -> bytes | None:
    """The raw body, or `None` when it is too large, broken off, wrongly framed or too slow."""
    raw = bytearray()
    try:
        async with asyncio.timeout(_SECONDS_TO_SEND_THE_BODY):
            async for chunk in request.content.iter_any():
                raw += chunk
                if len(raw) > parse.LARGEST_BODY:
                    return None
    except (TimeoutError, ConnectionError, aiohttp.ClientError, RequestPayloadError):
        return None
    return bytes(raw)


def _raw_query(request: web.Request) -> str:
    return request.raw_path.partition("?")[2]


async def _done(work: Awaitable[object]) -> bool:
    """Wait for the engine; an exception means later."""
    try:
        await work
    except Exception as error:  # noqa: BLE001 - whatever it was, the provider must be told "later"
        _note(error)
        return False
    return True


def _note(error: Exception) -> None:
    """Only the kind of the exception is logged: its text could hold what nobody may read."""
    _log.error("webhook not handled: %s", type(error).__name__)


def _forbidden() -> web.Response:
    return web.Response(status=403)


def _trouble() -> web.Response:
    return web.Response(status=503)


def _twiml(document: str) -> web.Response:
    return web.Response(text=document, content_type="text/xml")
