"""Twilio's webhooks as `aiohttp.web` routes: check, read, hand in, and tell outsiders nothing.

Whatever is not a well-formed request signed by Twilio for our account gets the same 403, byte for
byte. Whatever is gets the same 200, whether the engine took it, knew it or refused it. Trouble on
our side is 503. Signatures: https://www.twilio.com/docs/usage/security#validating-requests.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import aiohttp
from aiohttp import hdrs, web
from aiohttp.web_protocol import RequestPayloadError
from twilio.request_validator import (
    HMAC_SHA1,
    SIGNATURE_HEADER,
    SIGNATURE_SETTINGS_HEADER,
    RequestValidator,
    get_signature_algorithm,
)

from channels.contract import Accept, Inbound, Proof, Trait
from channels.secret import Secret
from channels.sms import parse
from channels.sms.config import SmsInConfig

OnStatus = Callable[[Secret, str, int | None], Awaitable[None]]
"""Told of each status callback: our token, Twilio's `MessageStatus`, its error code if any."""

_log = logging.getLogger(__name__)

_FORM = "application/x-www-form-urlencoded"
_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
_EMPTY = f"{_DECLARATION}<Response />"
_BUSY = f'{_DECLARATION}<Response><Reject reason="busy"/></Response>'
_SECONDS_TO_SEND_THE_BODY = 10
"""Twilio gives up after 15 seconds; who takes longer than this is not Twilio."""


def routes(
    config: SmsInConfig, accept: Accept, on_status: OnStatus | None = None
) -> list[web.RouteDef]:
    """`/twilio/sms`, `/twilio/status` and `/twilio/voice`, for any method: all but POST get 403."""
    hooks = _Webhooks(config, accept, on_status)
    return [
        web.route(hdrs.METH_ANY, "/twilio/sms", hooks.sms),
        web.route(hdrs.METH_ANY, "/twilio/status", hooks.status),
        web.route(hdrs.METH_ANY, "/twilio/voice", hooks.voice),
    ]


@dataclass(frozen=True, slots=True)
class _Webhooks:
    config: SmsInConfig
    accept: Accept
    on_status: OnStatus | None

    async def sms(self, request: web.Request) -> web.Response:
        form = await self._authentic_form(request)
        if form is None:
            return _forbidden()
        message = parse.text_in(form, self.config.account_sid)
        if isinstance(message, parse.Refusal):
            return _forbidden()
        if message.sender is None:
            return _twiml(_EMPTY)
        inbound = Inbound(
            channel="sms",
            provider_id=message.sid,
            sender=message.sender,
            to=message.to,
            text=message.text,
            proof=Proof.PROVEN,
            traits=frozenset({Trait.FILES_LEFT_OUT}) if message.media else frozenset(),
        )
        return _twiml(_EMPTY) if await _done(self.accept(inbound)) else _trouble()

    async def status(self, request: web.Request) -> web.Response:
        form = await self._authentic_form(request)
        if form is None:
            return _forbidden()
        report = parse.status_in(form, _raw_query(request), self.config.account_sid)
        if isinstance(report, parse.Refusal):
            return _forbidden()
        if self.on_status is not None and not await _done(
            self.on_status(report.token, report.status, report.error_code)
        ):
            return _trouble()
        return web.Response(status=204)

    async def voice(self, request: web.Request) -> web.Response:
        """Busy: the call is not answered and costs nothing (TwiML `<Reject>`)."""
        form = await self._authentic_form(request)
        if form is None or isinstance(parse.call_in(form, self.config.account_sid), parse.Refusal):
            return _forbidden()
        return _twiml(_BUSY)

    async def _authentic_form(self, request: web.Request) -> parse.Form | None:
        signature = _signature(request)
        if signature is None or not _is_form_post(request):
            return None
        raw = await _body(request)
        form = parse.form(raw) if raw is not None else parse.Refusal.TOO_LARGE
        if isinstance(form, parse.Refusal):
            return None
        return form if self._is_signed(request.raw_path, form, signature) else None

    def _is_signed(self, target: str, form: parse.Form, signature: str) -> bool:
        """Ask the SDK, once for each token valid now. Raw: what Twilio signed is what it sent."""
        if not target.startswith("/") or not target.isascii():
            return False
        url = self.config.public_url.rstrip("/") + target
        return any(
            RequestValidator(token.reveal()).validate(url, form.fields, signature)
            for token in self.config.auth_tokens
        )


def _signature(request: web.Request) -> str | None:
    """The one signature of the request, if it is of the scheme we expect (HMAC-SHA1).

    A header may not choose another one: whoever can choose the algorithm chooses the weakest.
    """
    signatures = request.headers.getall(SIGNATURE_HEADER, [])
    settings = request.headers.getall(SIGNATURE_SETTINGS_HEADER, [])
    if len(signatures) != 1:
        return None
    pinned = all(get_signature_algorithm(header).upper() == HMAC_SHA1 for header in settings)
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
    """Wait for the engine. Its receipt says nothing outsiders may learn; an exception means later.

    Only the kind of the exception is logged: its text could hold what nobody may read.
    """
    try:
        await work
    except Exception as error:  # noqa: BLE001 - whatever it was, the provider must be told "later"
        _log.error("webhook not handled: %s", type(error).__name__)
        return False
    return True


def _forbidden() -> web.Response:
    return web.Response(status=403)


def _trouble() -> web.Response:
    return web.Response(status=503)


def _twiml(document: str) -> web.Response:
    return web.Response(text=document, content_type="text/xml")
