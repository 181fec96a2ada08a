"""Twilio's error codes, as data: what each means for one copy of one post.

Source: https://www.twilio.com/docs/api/errors. Twilio changes the causes behind a code, so a code
nobody here knows means "later", as every unknown error does.

A code comes at two times: in the answer to our request, and hours later in a status callback
(`reported`). Pure but for `warn`; the time of now is an argument.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from types import MappingProxyType
from zoneinfo import ZoneInfo

from channels.contract import Later, Never, Sent, Trouble

_log = logging.getLogger(__name__)

Bad = Later | Never
"""How a copy ended that did not arrive."""


class Kind(StrEnum):
    """Who has to do something about an error."""

    PERMANENT = "permanent"
    """Nobody: this copy cannot reach this phone."""
    TRANSIENT = "transient"
    """Nobody: it passes."""
    CONFIGURATION = "configuration"
    """The operator, at Twilio or in our settings. All texts may be held up."""
    SPEND = "spend"
    """The operator, if it happens often: a limit of the account or of its brand is used up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One error code of Twilio's."""

    code: int
    meaning: str
    kind: Kind
    at_once: Bad
    """The outcome when Twilio answers our request with it."""
    reported: Bad
    """The outcome when Twilio took the copy and reports the code later."""
    until_midnight: bool = False
    """Whether it ends at midnight Pacific time, when carriers start counting anew."""


_BUSY = Later(why=Trouble.BUSY)
_CONFIGURATION = Later(why=Trouble.NOT_CONFIGURED)
_DAILY_CAP = Later(why=Trouble.BUSY, after=timedelta(hours=1))
_DEAD_NUMBER = Never(why=Trouble.BAD_CONTACT)
_FOR_NOW = Later(why=Trouble.REFUSED_FOR_NOW)
_OPTED_OUT = Never(why=Trouble.OPTED_OUT)
_OUR_BUG = Never(why=Trouble.OUR_FAULT)
_PHONE_OFF = Later(why=Trouble.REFUSED_FOR_NOW, after=timedelta(minutes=15))
_REFUSED = Never(why=Trouble.REFUSED)

_ARRIVED = frozenset({"delivered", "read"})
_FAILED = frozenset({"undelivered", "failed", "canceled"})

_PACIFIC = ZoneInfo("America/Los_Angeles")
_MARGIN = timedelta(minutes=1)
"""Nobody's clock is exact."""


def _rows(kind: Kind, outcome: Bad, meanings: Mapping[int, str]) -> Iterable[Row]:
    return (
        Row(code=code, meaning=meaning, kind=kind, at_once=outcome, reported=outcome)
        for code, meaning in meanings.items()
    )


_CAPS = _rows(
    Kind.SPEND,
    _DAILY_CAP,
    {
        30023: "daily cap of the brand at one carrier",
        63038: "daily limit of the account",
    },
)

ROWS: Mapping[int, Row] = MappingProxyType(
    {
        row.code: row
        for row in (
            *_rows(
                Kind.PERMANENT,
                _DEAD_NUMBER,
                {
                    21211: "not a phone number",
                    21614: "not a mobile number",
                    21635: "a landline",
                    30005: "unknown destination: the number is dead",
                    30006: "a landline, or a carrier out of reach",
                },
            ),
            *_rows(Kind.PERMANENT, _OPTED_OUT, {21610: "she has sent STOP"}),
            *_rows(
                Kind.PERMANENT,
                _REFUSED,
                {
                    21612: "this From cannot reach this To",
                    30004: "blocked by the recipient or her carrier",
                },
            ),
            *_rows(
                Kind.PERMANENT,
                _OUR_BUG,
                {
                    21602: "no body",
                    21617: "body longer than 1600 characters",
                    30010: "dearer than the price cap",
                    30019: "content too large for the carrier",
                },
            ),
            *_rows(
                Kind.TRANSIENT,
                _BUSY,
                {
                    20429: "too many calls at once; never processed",
                    21611: "the number's queue is longer than ten hours",
                    30001: "the service's queue overflows",
                    30017: "the carrier's network is congested",
                    30022: "rate of the campaign exceeded",
                },
            ),
            *_rows(Kind.TRANSIENT, _PHONE_OFF, {30003: "the phone is off or out of reach"}),
            *_rows(
                Kind.TRANSIENT,
                _BUSY,
                {
                    11200: "a picture of ours could not be fetched",
                    12300: "a picture of ours was answered with something else",
                    30036: "it could not be sent in the time we gave it",
                },
            ),
            *_rows(Kind.TRANSIENT, _FOR_NOW, {30008: "unknown error"}),
            *_rows(
                Kind.CONFIGURATION,
                _CONFIGURATION,
                {
                    14107: "30 answers between two numbers in 30 seconds: a loop",
                    20003: "authentication failed",
                    20404: "no such account",
                    21212: "From is no phone number",
                    21408: "the account may not text that country",
                    21603: "no From",
                    21606: "From is not ours, or cannot text",
                    21608: "a trial account may not text that number",
                    21620: "the address of a picture of ours is none",
                    21659: "From is no number of Twilio's",
                    21660: "From belongs to another account",
                    30002: "account suspended",
                    30029: "ContentRetention is not enabled",
                    30030: "AddressRetention is not enabled",
                    30032: "toll-free number not verified",
                    30034: "number not registered for 10DLC",
                    30450: "pumping protection",
                    30610: "Compliance Toolkit: quiet hours",
                    30640: "Compliance Toolkit: litigator",
                },
            ),
            # Repeating what a carrier filtered makes things worse, so the copy ends; but only the
            # operator can mend the cause, and the phone is well.
            *_rows(Kind.CONFIGURATION, _OUR_BUG, {30007: "filtered by the carrier"}),
            *(replace(row, until_midnight=True) for row in _CAPS),
        )
    }
)

_BY_STATUS: Mapping[int, Bad] = MappingProxyType(
    {401: _CONFIGURATION, 403: _CONFIGURATION, 404: _CONFIGURATION, 429: _BUSY}
)


def known(code: object) -> Row | None:
    """The row of a code, whatever its type."""
    return ROWS.get(code) if isinstance(code, int) else None


def outcome(status: int, code: object, now: datetime | None = None) -> Bad:
    """The outcome of an answer other than 2xx: by Twilio's code, else by HTTP status, else later.

    `code` is what stood in the answer, whatever its type; for an answer without one the SDK puts
    the HTTP status there, which is no key of the table. `now` is aware; without it a daily limit
    is waited for an hour at a time.
    """
    row = known(code)
    if row is None:
        return _BUSY if status >= 500 else _BY_STATUS.get(status, _FOR_NOW)
    return _timed(row, row.at_once, now)


def reported(code: int | None, now: datetime | None = None) -> Bad:
    """The outcome of a copy that Twilio took and reports as undelivered, failed or canceled."""
    row = known(code)
    return _FOR_NOW if row is None else _timed(row, row.reported, now)


def ended(status: str, code: int | None, now: datetime | None = None) -> Sent | Bad | None:
    """The outcome of a copy that Twilio took and says this of; `None` while it is under way.

    https://www.twilio.com/docs/messaging/api/message-resource#message-status-values
    """
    if status in _ARRIVED:
        return Sent()
    if status not in _FAILED:
        return None
    warn(code)
    return reported(code, now)


def warn(code: object) -> None:
    """Say in the log what the operator has to look at. A code and its meaning are no secrets."""
    row = known(code)
    if row is not None and row.kind in (Kind.CONFIGURATION, Kind.SPEND):
        _log.warning("twilio error %d (%s): %s", row.code, row.kind, row.meaning)


def until_midnight(now: datetime) -> timedelta:
    """How long it is from `now`, which is aware, until a minute past midnight Pacific time."""
    tomorrow = now.astimezone(_PACIFIC).date() + timedelta(days=1)
    midnight = datetime.combine(tomorrow, time(), _PACIFIC)
    return midnight.astimezone(UTC) - now.astimezone(UTC) + _MARGIN


def _timed(row: Row, ended: Bad, now: datetime | None) -> Bad:
    if row.until_midnight and now is not None and isinstance(ended, Later):
        return replace(ended, after=until_midnight(now))
    return ended
