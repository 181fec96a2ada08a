"""Twilio's form posts, turned into strict frozen values or a typed refusal. Pure; never raises.

A valid signature is not enough (https://www.twilio.com/docs/usage/security): names and values are
joined without delimiters before signing, so one signed request can be cut anew into another one,
and the SDK ignores repeated values. The shape demanded here leaves each signed text one reading:
every name once, letters and digits only, strict patterns, and outside the words of a text none of
the names that decide anything may turn up a second time (`_has_one_reading`).

Sizes are bytes of the raw body. Geographic fields are never read.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import parse_qsl

from channels.secret import Contact, Secret
from channels.sms.media import medium

LARGEST_BODY = 64 * 1024
_MOST_FIELDS = 200

_NAME = re.compile(r"[A-Za-z0-9]+")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_OPT_OUT = {"STOP": "stop", "HELP": "help"}
"""With Advanced Opt-Out the account has words of its own; `OptOutType` says what one stands for.
Not START: yes is one, and her words must not be lost for an answer that nobody waits for."""
_CARRIERS_WORDS = frozenset(
    {
        *("STOP", "STOPALL", "UNSUBSCRIBE", "END", "QUIT", "CANCEL", "REVOKE", "OPTOUT"),
        *("START", "UNSTOP"),
        *("HELP", "INFO"),
    }
)
"""What Twilio answers itself without being told to. YES is one too, but only of those it stopped:
https://help.twilio.com/articles/223134027"""
_TOLL_FREE = re.compile(r"\+1(?:800|833|844|855|866|877|888)[0-9]{7}")
_NETWORKS_WORDS = frozenset({"STOP", "START", "UNSTOP"})
"""What the toll-free network answers, whatever the account says, and nothing else:
https://help.twilio.com/articles/360058144374"""
_OTHERS = re.compile(r"(?i).*recipient.*|cc[0-9]*")
"""Twilio names the other phones of a native group message in `OtherRecipients0`, `1` and so on;
its page on webhooks does not say so, hence the wide net. The pattern is for names."""
_MESSAGE_SID = re.compile(r"(?:SM|MM)[0-9A-Za-z]{1,64}")
_CALL_SID = re.compile(r"CA[0-9A-Za-z]{1,64}")
_COUNT = re.compile(r"[0-9]{1,3}")
_ERROR_CODE = re.compile(r"[0-9]{1,6}")
_TOKEN = re.compile(r"[a-z2-7]{26}")
_LONGEST_SENDER = 64

_BODY_AGAIN = re.compile(r"Body(?![a-z])")
_FROM_AGAIN = re.compile(r"From(?![a-z])")

_OVERRIDES = "\u202d\u202e"
"""LEFT-TO-RIGHT and RIGHT-TO-LEFT OVERRIDE: they make text read other than it is written."""

STATUSES = frozenset(
    {
        "accepted",
        "scheduled",
        "canceled",
        "queued",
        "sending",
        "sent",
        "delivered",
        "undelivered",
        "failed",
        "read",
        "partially_delivered",
        "receiving",
        "received",
    }
)
"""`MessageStatus`: https://www.twilio.com/docs/messaging/api/message-resource."""


class Refusal(StrEnum):
    """Why a request is none of Twilio's. Outsiders are never told which."""

    TOO_LARGE = "too_large"
    NOT_A_FORM = "not_a_form"
    ODD_NAME = "odd_name"
    REPEATED = "repeated"
    OTHER_ACCOUNT = "other_account"
    BAD_SHAPE = "bad_shape"
    TWO_READINGS = "two_readings"


@dataclass(frozen=True, slots=True)
class Form:
    """Parameters of one request, each name once. Does not print them."""

    fields: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TextIn:
    """A text that came in. `sender` is `None` where no answer could go: a short code, a name."""

    sid: str
    sender: Contact | None
    to: Secret
    text: Secret
    media: tuple[Secret, ...] = ()
    """Pictures and texts that wait at Twilio, as `channels.sms.media` packs them."""
    left_out: bool = False
    """Something else came with it as well."""
    answered: bool = False
    """Twilio has answered this word itself."""
    shown_to_others: bool = False
    """It went to other people's phones too: a native group message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusIn:
    """What became of a text we sent. `token` is ours, out of the callback's own address."""

    token: Secret
    sid: str
    status: str
    error_code: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallIn:
    """Somebody calls a proxy number."""

    sid: str


def form(raw: bytes) -> Form | Refusal:
    """Read `application/x-www-form-urlencoded`: UTF-8, at most 64 KB, each name once."""
    if len(raw) > LARGEST_BODY:
        return Refusal.TOO_LARGE
    try:
        pairs = parse_qsl(
            raw.decode("utf-8"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError:  # includes UnicodeDecodeError
        return Refusal.NOT_A_FORM
    if not all(_NAME.fullmatch(name) for name, _ in pairs):
        return Refusal.ODD_NAME
    fields = dict(pairs)
    return Form(fields) if len(fields) == len(pairs) else Refusal.REPEATED


def text_in(
    request: Form, account_sid: str, *, api_url: str | None = None, answers_stop: bool = True
) -> TextIn | Refusal:
    """Read an incoming text (https://www.twilio.com/docs/messaging/guides/webhook-request).

    `api_url`: see `channels.sms.media.medium`; `answers_stop`: whether Twilio answers its own
    words by itself.
    """
    fields = request.fields
    if fields.get("AccountSid") != account_sid:
        return Refusal.OTHER_ACCOUNT
    if not _is_well_shaped(fields):
        return Refusal.BAD_SHAPE
    if not _has_one_reading(fields):
        return Refusal.TWO_READINGS
    body, word = fields["Body"], fields.get("OptOutType", "")
    media, left_out = _media(fields, account_sid, api_url)
    return TextIn(
        sid=fields["MessageSid"],
        sender=contact(fields["From"]),
        to=Secret(fields["To"]),
        text=Secret(_OPT_OUT.get(word) or clean(body)),
        media=media,
        left_out=left_out,
        answered=bool(word) or is_answered(body, fields["To"], answers_stop=answers_stop),
        shown_to_others=any(value and _OTHERS.fullmatch(name) for name, value in fields.items()),
    )


def contact(number: str) -> Contact | None:
    """Whom an answer to that number reaches; `None` for a short code or a name."""
    return Contact("sms", number) if _E164.fullmatch(number) else None


def is_answered(body: str, to: str, *, answers_stop: bool) -> bool:
    """Whether a text to that number of ours has been answered before we saw it.

    `answers_stop`: whether Twilio answers its own words by itself. Toll-free it is the network
    that does, always and only `_NETWORKS_WORDS`.
    """
    if _TOLL_FREE.fullmatch(to):
        return _is_one_of(_NETWORKS_WORDS, body)
    return answers_stop and is_carriers_word(body)


def is_carriers_word(body: str) -> bool:
    """Whether a text is nothing but a word that Twilio answers by default, in any case."""
    return _is_one_of(_CARRIERS_WORDS, body)


def _is_one_of(words: frozenset[str], body: str) -> bool:
    word = body.strip()
    return word.isascii() and word.upper() in words


def _is_well_shaped(fields: Mapping[str, str]) -> bool:
    sender = fields.get("From", "")
    return bool(
        _MESSAGE_SID.fullmatch(fields.get("MessageSid", ""))
        and 0 < len(sender) <= _LONGEST_SENDER
        and _E164.fullmatch(fields.get("To", ""))
        and "Body" in fields
        and _COUNT.fullmatch(fields.get("NumMedia", "0"))
    )


def _media(
    fields: Mapping[str, str], account_sid: str, api_url: str | None
) -> tuple[tuple[Secret, ...], bool]:
    """What to fetch, in order, and whether something came that is not fetched."""
    kept = []
    count = int(fields.get("NumMedia", "0"))
    for number in range(count):
        kind, url = (fields.get(f"Media{what}{number}", "") for what in ("ContentType", "Url"))
        found = medium(kind, url, account_sid=account_sid, api_url=api_url)
        if found is not None and found.message == fields["MessageSid"]:
            kept.append(found.packed())
    return tuple(kept), len(kept) < count


def status_in(request: Form, query: str, account_sid: str) -> StatusIn | Refusal:
    """Read a status callback. `query` is the raw query of its address: `t` and a token of ours."""
    fields = request.fields
    if fields.get("AccountSid") != account_sid:
        return Refusal.OTHER_ACCOUNT
    name, _, token = query.partition("=")
    sid, status = fields.get("MessageSid", ""), fields.get("MessageStatus", "")
    code = fields.get("ErrorCode", "")
    well_shaped = (
        name == "t"
        and _TOKEN.fullmatch(token)
        and _MESSAGE_SID.fullmatch(sid)
        and status in STATUSES
        and (not code or _ERROR_CODE.fullmatch(code))
    )
    if not well_shaped:
        return Refusal.BAD_SHAPE
    error_code = int(code) if code else None
    return StatusIn(token=Secret(token), sid=sid, status=status, error_code=error_code)


def call_in(request: Form, account_sid: str) -> CallIn | Refusal:
    """Read a call (https://www.twilio.com/docs/voice/twiml). Who calls is never read."""
    if request.fields.get("AccountSid") != account_sid:
        return Refusal.OTHER_ACCOUNT
    sid = request.fields.get("CallSid", "")
    return CallIn(sid=sid) if _CALL_SID.fullmatch(sid) else Refusal.BAD_SHAPE


def clean(words: str) -> str:
    """Words without control characters (but line feed and tab) and without bidi overrides."""
    return "".join(c for c in words if c in "\n\t" or not _is_unwanted(c))


def _is_unwanted(character: str) -> bool:
    return unicodedata.category(character) == "Cc" or character in _OVERRIDES


def _has_one_reading(fields: Mapping[str, str]) -> bool:
    """Whether the signed text can be cut into parameters in this way only.

    Somebody who writes `hiFrom+15550001111X` as her words, and gets hold of the signature, could
    cut the same signed text into another sender and hide her own number in a parameter `X`. In
    any such cut the true `From` (or `Body`) is still there, outside the words: so count them. The
    others sort after `From`, so a cut that changes them has to hide the true `From` as well. A
    small letter after the name is let through, or a city called Frome would cost a message.
    """
    signed = "".join(name + ("\n" if name == "Body" else fields[name]) for name in sorted(fields))
    beginning_with_from = sum(1 for pair in fields.items() if _FROM_AGAIN.match("".join(pair)))
    return (
        len(_BODY_AGAIN.findall(signed)) == 1
        and len(_FROM_AGAIN.findall(signed)) == beginning_with_from
    )
