"""What the two edges of the SMS channel must be told. Nothing here is read from the environment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from channels.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsInConfig:
    """How Twilio's webhooks are recognised. Raises `ValueError` when a signature could be forged.

    `public_url` is the base under which Twilio calls us, as configured at Twilio, such as
    `https://relay.example.org`; signatures are checked against it and never against a header of
    the request. During a rotation `auth_tokens` holds the old and the new token.
    """

    public_url: str
    account_sid: str
    auth_tokens: tuple[Secret, ...]

    def __post_init__(self) -> None:
        if not self.auth_tokens or not all(self.auth_tokens):
            raise ValueError("Text messaging needs at least one auth token, and none may be empty.")


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsOutConfig:
    """How texts leave.

    `api_url` replaces `https://api.twilio.com`: a regional endpoint, a test server. `redaction`
    says that Message Redaction is enabled for the account; without it Twilio refuses the two
    retention parameters (errors 30029 and 30030).
    """

    public_url: str
    account_sid: str
    auth_token: Secret
    api_url: str | None = None
    redaction: bool = False
    timeout: timedelta = timedelta(seconds=10)
    """For one whole request, of which connecting may take half."""
    concurrency: int = 8
    most_parts: int = 4
    """Bodies one copy may be split into; what does not fit is left out, visibly."""
