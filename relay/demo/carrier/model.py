"""What the fake Twilio holds: messages, their media, calls; and what a phone shows of a text."""

from __future__ import annotations

import base64
import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime

API = "/2010-04-01/Accounts"
VERSION = "2010-04-01"
E164 = re.compile(r"\+[1-9][0-9]{6,14}")
TOLL_FREE = re.compile(r"\+1(800|833|844|855|866|877|888)[0-9]{7}")
FINAL = frozenset({"delivered", "undelivered", "failed", "received"})
PLACE = {"City": "ANYTOWN", "State": "CA", "Zip": "99999", "Country": "US"}

_GREY_DOT = (
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAP//////////////////////////////////////////////////////////"
    "////////////////////////////wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAAAP/EABQQAQAAAAAAAAAA"
    "AAAAAAAAAAD/2gAIAQEAAD8AP//Z"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A picture or other file that came with a text."""

    content_type: str
    octets: bytes = field(repr=False)


SMALLEST_PICTURE = Media(content_type="image/jpeg", octets=base64.b64decode(_GREY_DOT))
"""What a phone sends where a test says only how many pictures: one grey pixel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextMessage:
    """A text as the phone shows it. `at` is aware (UTC)."""

    sid: str
    from_: str
    to: str
    body: str
    at: datetime
    media: tuple[Media, ...] = ()


@dataclass(slots=True, kw_only=True)
class Taken:
    """A text that the fake took from the program, as it was, whatever became of its record.

    `lost_answer` says that the program cannot know: no answer reached it. `status` is the last.
    """

    sid: str
    from_: str
    to: str
    body: str
    at: datetime
    lost_answer: bool = False
    status: str = "queued"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftBehind:
    """The ids of what is still stored at the provider. False if nothing is."""

    messages: tuple[str, ...]
    media: tuple[str, ...]
    calls: tuple[str, ...]

    def __bool__(self) -> bool:
        """Tell whether anything is left."""
        return bool(self.messages or self.media or self.calls)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMedia:
    """A Media resource. `token` opens it without credentials, as a signed address does."""

    sid: str
    message: str
    content_type: str
    octets: bytes = field(repr=False)
    created: datetime
    token: str


@dataclass(slots=True, kw_only=True)
class Message:
    """What Twilio keeps of a message, until it is redacted or deleted."""

    sid: str
    direction: str
    from_: str
    to: str
    body: str
    status: str
    created: datetime
    segments: int
    service: str = ""
    num_media: int = 0
    media: dict[str, StoredMedia] = field(default_factory=dict)
    error_code: int | None = None
    hide_numbers: bool = False
    serial: int = 0
    truth: Taken | None = None

    @property
    def is_final(self) -> bool:
        """Whether its status changes no more: only then it can be redacted or deleted."""
        return self.status in FINAL

    @property
    def shown_to(self) -> str:
        """The recipient as the record shows it."""
        return self.to[:-4] + "XXXX" if self.hide_numbers else self.to

    def advance(self, status: str, error_code: int | None = None) -> None:
        """Take on a status; after a final one nothing changes."""
        if self.is_final:
            return
        self.status, self.error_code = status, error_code
        if self.truth is not None:
            self.truth.status = status


@dataclass(slots=True, kw_only=True)
class Call:
    """What Twilio keeps of a call, until it is deleted."""

    sid: str
    from_: str
    to: str
    created: datetime
    status: str = "ringing"


def new_sid(kind: str) -> str:
    """An id as Twilio's: two letters and 32 hexadecimal digits."""
    return kind + secrets.token_hex(16)
