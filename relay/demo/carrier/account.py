"""The account: its names and settings, who may use it, and how its webhooks are signed."""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Literal

from aiohttp import web
from twilio.request_validator import (
    HMAC_SHA1,
    HMAC_SHA256,
    SIGNATURE_HEADER,
    SIGNATURE_SETTINGS_HEADER,
    RequestValidator,
)

from .errors import error

Signature = Literal["sha1", "sha256"]


def real_now() -> datetime:
    """The time, aware (UTC)."""
    return datetime.now(UTC)  # noqa: TID251 - stands alone, so it has no relay.clock to ask


class Account:
    """Settings that may be changed at any time; see `Carrier` for what they do."""

    def __init__(
        self,
        *,
        account_sid: str | None = None,
        auth_token: str | None = None,
        redaction: bool = False,
        handles_stop: bool = False,
        advanced_opt_out: bool = False,
        signature: Signature = "sha1",
        shared_key: str = "",
        now: Callable[[], datetime] = real_now,
    ) -> None:
        self.account_sid = account_sid or "AC" + secrets.token_hex(16)
        self.auth_token = auth_token or secrets.token_hex(16)
        self.redaction = redaction
        self.handles_stop = handles_stop
        self.advanced_opt_out = advanced_opt_out
        self.signature: Signature = signature
        self.shared_key = shared_key or secrets.token_hex(32)
        self.shared_key_id = "webhooks_sharedkey_" + secrets.token_hex(13)
        self.webhook_timeout = 15.0
        """Seconds until a webhook counts as unanswered; Twilio's own default."""
        self.now = now
        self.public_url = ""
        self.via = ""
        self.port = 0

    @property
    def api_url(self) -> str:
        """Base URL of the REST API, in place of `https://api.twilio.com`."""
        return f"http://127.0.0.1:{self.port}"

    def set_webhook(self, public_url: str, *, via: str | None = None) -> None:
        """Say where the webhooks are: `{public_url}/twilio/sms`, and so on.

        Signatures are made for `public_url`. `via` is the base URL to connect to instead, for a
        program that believes to stand behind `https://...`.
        """
        self.public_url = public_url.rstrip("/")
        self.via = (via or public_url).rstrip("/")

    def reach(self, url: str) -> str | None:
        """The address to connect to for a URL of the program's; `None` for anybody else's.

        A simulator must not call anybody else.
        """
        rest = url.removeprefix(self.public_url)
        if not self.public_url or not url.startswith(self.public_url) or rest[:1] not in "/?":
            return None
        return self.via + rest

    def stranger(self, request: web.Request) -> web.Response | None:
        """The answer to whoever is not this account: 20003; for another account's path, 20404."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        try:
            name, _, password = base64.b64decode(token, validate=True).partition(b":")
        except ValueError:  # includes binascii.Error
            return error(20003)
        known = hmac.compare_digest(name, self.account_sid.encode()) and hmac.compare_digest(
            password, self.auth_token.encode()
        )
        if scheme.lower() != "basic" or not known:
            return error(20003)
        account = request.match_info.get("account", self.account_sid)
        return None if account == self.account_sid else error(20404)

    def sign(self, url: str, parameters: Mapping[str, str]) -> str:
        """The `X-Twilio-Signature` of a request to `url`, which has no fragment."""
        sha256 = self.signature == "sha256"
        validator = RequestValidator(self.shared_key if sha256 else self.auth_token)
        algorithm = HMAC_SHA256 if sha256 else HMAC_SHA1
        return str(validator.compute_signature(url, parameters, algorithm))

    def signature_headers(self, url: str, parameters: Mapping[str, str]) -> dict[str, str]:
        """All headers that a signed request carries.

        https://www.twilio.com/docs/usage/webhooks/webhooks-security
        """
        headers = {SIGNATURE_HEADER: self.sign(url, parameters)}
        if self.signature == "sha256":
            settings = f"key={self.shared_key_id},algorithm={HMAC_SHA256}"
            headers[SIGNATURE_SETTINGS_HEADER] = settings
        return headers
