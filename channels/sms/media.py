"""Where files that came with a text wait at Twilio, and which of them are worth fetching. Pure.

https://www.twilio.com/docs/messaging/api/media-resource. An address out of a webhook is asked for
with our account's password, so it is taken only if it is letter by letter one of our account's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from channels.secret import Secret

API = "https://api.twilio.com"
_PLACE = re.compile(
    r"/2010-04-01/Accounts/(?P<account>AC[0-9A-Za-z]{1,64})"
    r"/Messages/(?P<message>(?:SM|MM)[0-9A-Za-z]{1,64})/Media/(?P<sid>ME[0-9A-Za-z]{1,64})"
)
_KIND = re.compile(r"image/[a-z0-9][a-z0-9.+-]{0,60}|text/plain")


@dataclass(frozen=True, slots=True, kw_only=True)
class Medium:
    """One file: `kind` is `image/...` or `text/plain`, `message` and `sid` are Twilio's ids."""

    kind: str
    url: Secret
    message: str
    sid: str

    def packed(self) -> Secret:
        """As it travels in `Inbound.media`: the kind, a space, the address."""
        return Secret(f"{self.kind} {self.url.reveal()}")


def medium(kind: str, url: str, *, account_sid: str, api_url: str | None) -> Medium | None:
    """A file of one of our account's messages, or `None` if it is not that or of no use to us.

    `kind` is a media type as it came, with or without parameters; `api_url` the other base, if
    any, under which Twilio's API may be.
    """
    plain = kind.partition(";")[0].strip().lower()
    base = next((base for base in _bases(api_url) if url.startswith(base + "/")), None)
    place = _PLACE.fullmatch(url.removeprefix(base)) if base is not None else None
    if place is None or place["account"] != account_sid or not _KIND.fullmatch(plain):
        return None
    return Medium(kind=plain, url=Secret(url), message=place["message"], sid=place["sid"])


def unpacked(packed: Secret, *, account_sid: str, api_url: str | None) -> Medium | None:
    """What `Medium.packed` made, checked once more."""
    kind, _, url = packed.reveal().partition(" ")
    return medium(kind, url, account_sid=account_sid, api_url=api_url)


def address(message: str, sid: str, *, account_sid: str, api_url: str | None) -> str:
    """Where a file is fetched."""
    base = _bases(api_url)[0]
    return f"{base}/2010-04-01/Accounts/{account_sid}/Messages/{message}/Media/{sid}"


def _bases(api_url: str | None) -> tuple[str, ...]:
    return (API,) if api_url is None else (api_url.rstrip("/"), API)
