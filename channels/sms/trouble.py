"""What went wrong when Twilio was asked something about our account, as one plain sentence."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

import aiohttp
from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.http.response import Response

from channels.contract import Trouble
from channels.sms import errors
from channels.sms.client import UnreadableAnswerError

_NOT_FOUND = 20404

_PAPERS = "Twilio wants an address or papers for numbers of that country: see its console."
_SENTENCES: Mapping[int, str] = MappingProxyType(
    {
        20003: "Twilio does not accept the account id and the auth token.",
        20404: "Twilio has no such thing in this account.",
        20429: "Twilio is busy. Try again in a minute.",
        21422: "Somebody else has just rented that number.",
        21452: "Twilio has no number there.",
        21613: _PAPERS,
        21649: _PAPERS,
    }
)
"""https://www.twilio.com/docs/api/errors"""
_BY_STATUS: Mapping[int, int] = MappingProxyType({401: 20003, 429: 20429})


class AccountTroubleError(Exception):
    """Twilio did not do it. The text is one plain sentence; it repeats no number and no words.

    `why` says of what kind it is; `code` is Twilio's, 0 if it gave none.
    """

    def __init__(self, sentence: str, why: Trouble, code: int = 0) -> None:
        super().__init__(sentence)
        self.why = why
        self.code = code

    @property
    def is_gone(self) -> bool:
        """Whether Twilio itself says that there is no such thing (any more)."""
        return self.code == _NOT_FOUND


Answer = TypeVar("Answer")


async def asked(work: Awaitable[Answer]) -> Answer:
    """Wait for Twilio. Raises `AccountTroubleError`, which carries nothing of what it was about."""
    try:
        return await work
    except Exception as error:  # noqa: BLE001 - it may carry numbers: none of it goes further
        trouble = _trouble(error)
    raise trouble


def refused(status: int, code: object = 0) -> AccountTroubleError:
    """An answer other than 2xx."""
    known = code if isinstance(code, int) and code >= 1000 else _BY_STATUS.get(status, 0)
    why = errors.outcome(status, known).why
    if known in _SENTENCES:
        return AccountTroubleError(_SENTENCES[known], why, known)
    what = f"error {known}" if known else f"HTTP status {status}"
    return AccountTroubleError(f"Twilio refused it with {what}.", why, known)


def unreadable() -> AccountTroubleError:
    """An answer that is not in Twilio's words."""
    return AccountTroubleError("Twilio's answer could not be read.", Trouble.REFUSED_FOR_NOW)


def _trouble(error: Exception) -> AccountTroubleError:
    if isinstance(error, AccountTroubleError):
        return error
    if isinstance(error, TwilioRestException | TwilioServiceException):
        return refused(error.status, error.code)
    if isinstance(error, TwilioException):
        return _of_a_list(error)
    if isinstance(error, TimeoutError):
        return AccountTroubleError("Twilio did not answer in time.", Trouble.TIMEOUT)
    if isinstance(error, aiohttp.InvalidURL):
        sentence = "The address of Twilio's API in the settings is none."
        return AccountTroubleError(sentence, Trouble.NOT_CONFIGURED)
    if isinstance(error, UnreadableAnswerError | ValueError | LookupError | TypeError):
        return unreadable()
    if isinstance(error, aiohttp.ClientError | OSError):
        return AccountTroubleError("Twilio could not be reached.", Trouble.UNREACHABLE)
    return AccountTroubleError("Twilio could not be asked.", Trouble.OUR_FAULT)


def _of_a_list(error: TwilioException) -> AccountTroubleError:
    """For a refused list the SDK raises its plain exception, with the answer inside."""
    answer = next((found for found in error.args if isinstance(found, Response)), None)
    if answer is None:
        return unreadable()
    try:
        said: Any = json.loads(answer.text)
    except ValueError:
        said = None
    code = said.get("code", 0) if isinstance(said, dict) else 0
    return refused(answer.status_code, code)
