"""Twilio's error object (https://www.twilio.com/docs/api/errors), in words of our own."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

_STATUS_OF_CODE = {20003: 401, 20004: 405, 20009: 409, 20404: 404, 20429: 429}
_MESSAGES = {
    11200: "The address could not be read",
    12300: "The address has no content type that can be sent",
    20001: "Invalid parameter",
    20003: "Authenticate",
    20004: "Method not allowed",
    20009: "Cannot change or delete a message whose delivery is not complete",
    20404: "The requested resource was not found",
    20429: "Too many requests",
    21211: "The 'To' number {To} is not a valid phone number.",
    21402: "An address given is not valid",
    21403: "A method given is neither GET nor POST",
    21408: "Sending to the region of {To} is not switched on",
    21421: "This is not a valid phone number",
    21422: "This phone number is not available",
    21602: "Message body is required.",
    21603: "A 'From' phone number is required.",
    21604: "A 'To' phone number is required.",
    21606: "The From phone number {From} is not a valid, SMS-capable number for your account.",
    21610: "Attempt to send to unsubscribed recipient",
    21611: "The queue of {From} is full",
    21612: "There is no way from {From} to {To}",
    21614: "The number {To} is not a mobile number",
    21617: "The concatenated message body exceeds the 1600 character limit",
    21620: "A media address is not valid",
    21623: "There are more than ten media addresses",
    21701: "There is no such Messaging Service",
    30003: "The handset cannot be reached",
    30005: "The handset is unknown",
    30006: "The number is a landline, or its carrier cannot be reached",
    30007: "The carrier filtered the message",
    30008: "Nobody knows why",
    30019: "The content is larger than the carrier takes",
    30029: "ContentRetention is not enabled for this account",
    30030: "AddressRetention is not enabled for this account",
    30113: "There is no list of a day so long ago",
    30400: "Only an empty body is allowed",
}


def error(
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


def message_of(code: int | None) -> str | None:
    """What a message resource says beside its error code."""
    return None if code is None else _MESSAGES.get(code, "Error")
