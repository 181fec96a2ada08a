"""Twilio's error codes, as data: what each means for one copy of one post.

Source: https://www.twilio.com/docs/api/errors. Twilio changes the causes behind a code, so a code
nobody here knows means "later", as every unknown error does.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType

from channels.contract import Later, Never, Outcome, Trouble

_BUSY = Later(why=Trouble.BUSY)
_CONFIGURATION = Later(why=Trouble.NOT_CONFIGURED)
_DAILY_CAP = Later(why=Trouble.BUSY, after=timedelta(hours=1))
_DEAD_NUMBER = Never(why=Trouble.BAD_CONTACT)
_FOR_NOW = Later(why=Trouble.REFUSED_FOR_NOW)
_OUR_BUG = Never(why=Trouble.OUR_FAULT)
_PHONE_OFF = Later(why=Trouble.REFUSED_FOR_NOW, after=timedelta(minutes=15))
_REFUSED = Never(why=Trouble.REFUSED)

OUTCOMES: Mapping[int, Outcome] = MappingProxyType(
    {
        14107: _CONFIGURATION,  # 30 answers between two numbers in 30 seconds: a loop
        20003: _CONFIGURATION,  # authentication failed
        20404: _CONFIGURATION,  # no such account
        20429: _BUSY,  # too many calls at once; never processed
        21211: _DEAD_NUMBER,  # not a phone number
        21212: _CONFIGURATION,  # From is no phone number
        21408: _CONFIGURATION,  # the account may not text that country
        21602: _OUR_BUG,  # no body
        21603: _CONFIGURATION,  # no From
        21606: _CONFIGURATION,  # From is not ours, or cannot text
        21610: Never(why=Trouble.OPTED_OUT),
        21611: _BUSY,  # the number's queue is longer than ten hours
        21612: _REFUSED,  # this From cannot reach this To
        21614: _DEAD_NUMBER,  # not a mobile number
        21617: _OUR_BUG,  # body longer than 1600 characters
        21635: _DEAD_NUMBER,  # a landline
        21659: _CONFIGURATION,  # From is no number of Twilio's
        21660: _CONFIGURATION,  # From belongs to another account
        30001: _BUSY,  # the service's queue overflows
        30002: _CONFIGURATION,  # account suspended
        30003: _PHONE_OFF,
        30004: _REFUSED,  # blocked by the recipient or her carrier
        30005: _DEAD_NUMBER,  # unknown destination
        30006: _DEAD_NUMBER,  # landline, or carrier out of reach
        30007: _REFUSED,  # filtered by the carrier: repeating it makes things worse
        30008: _FOR_NOW,  # unknown error
        30010: _REFUSED,  # dearer than the price cap
        30017: _BUSY,  # the carrier's network is congested
        30019: _REFUSED,  # content too large for the carrier
        30022: _BUSY,  # rate of the campaign exceeded
        30023: _DAILY_CAP,  # daily cap of the brand at one carrier
        30029: _CONFIGURATION,  # ContentRetention is not enabled
        30030: _CONFIGURATION,  # AddressRetention is not enabled
        30032: _CONFIGURATION,  # toll-free number not verified
        30034: _CONFIGURATION,  # number not registered for 10DLC
        30450: _CONFIGURATION,  # pumping protection
        30610: _CONFIGURATION,  # Compliance Toolkit: quiet hours
        30640: _CONFIGURATION,  # Compliance Toolkit: litigator
        63038: _DAILY_CAP,  # the account's daily limit
    }
)

_BY_STATUS: Mapping[int, Outcome] = MappingProxyType(
    {401: _CONFIGURATION, 403: _CONFIGURATION, 404: _CONFIGURATION, 429: _BUSY}
)


def outcome(status: int, code: object) -> Outcome:
    """The outcome of an answer other than 2xx: by Twilio's code, else by HTTP status, else later.

    `code` is what stood in the answer, whatever its type; for an answer without one the SDK puts
    the HTTP status there, which is no key of the table.
    """
    known = OUTCOMES.get(code) if isinstance(code, int) else None
    return known or _BY_STATUS.get(status, _FOR_NOW)
