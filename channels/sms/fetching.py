"""Fetching what came with a text from Twilio (`contract.Fetch`).

It is deleted there with its message, once that is taken in (`contract.Erase`): until then a crash
must not lose it.
https://www.twilio.com/docs/messaging/api/media-resource. A webhook can be ahead of the storage
behind it: the first 404 only means "not yet" (https://help.twilio.com/articles/44750147594523).
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field, replace
from datetime import timedelta

from channels.contract import File, Inbound, Trait
from channels.secret import Secret
from channels.sms.client import Connection, Download
from channels.sms.media import Medium, unpacked
from channels.sms.parse import clean
from channels.sms.trouble import asked, refused

_log = logging.getLogger(__name__)

LARGEST_FILE = 5 * 1024 * 1024
"""Octets: the most Twilio takes for one message."""
LARGEST_TOTAL = 32 * 1024 * 1024

_GONE = 404
_LEFT_OUT = frozenset({_GONE, 413})


@dataclass(slots=True, kw_only=True)
class _Basket:
    """What has been fetched of one message so far."""

    room: int
    left_out: bool
    files: list[File] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def put(self, medium: Medium, octets: bytes) -> None:
        self.room -= len(octets)
        if medium.kind == "text/plain":
            self.texts.append(clean(octets.decode("utf-8", "replace")))
        else:
            self.files.append(File(octets))


async def fetch(
    connection: Connection,
    message: Inbound,
    *,
    account_sid: str,
    api_url: str | None,
    waits: tuple[timedelta, ...],
) -> Inbound:
    """The message with its files in it, and nothing left to fetch.

    What is too large, has been deleted or is none of our account's is left out, visibly
    (`FILES_LEFT_OUT`). Raises `AccountTroubleError`.
    """
    found = [unpacked(item, account_sid=account_sid, api_url=api_url) for item in message.media]
    media = [medium for medium in found if medium is not None]
    basket = _Basket(room=LARGEST_TOTAL, left_out=len(media) < len(found))
    for medium in media:
        await _fill(basket, connection, medium, waits)
    return _with(message, basket)


async def _fill(
    basket: _Basket, connection: Connection, medium: Medium, waits: tuple[timedelta, ...]
) -> None:
    got = await _get(connection, medium, min(LARGEST_FILE, basket.room), waits)
    if got.status == 200:
        basket.put(medium, got.octets)
    elif got.status in _LEFT_OUT:
        basket.left_out = True
    else:
        raise refused(got.status)


async def _get(
    connection: Connection, medium: Medium, most: int, waits: tuple[timedelta, ...]
) -> Download:
    """One file; a 404 is asked again after each of `waits`."""
    url = medium.url.reveal()
    got = await asked(connection.download(url, most=most))
    for wait in waits:
        if got.status != _GONE:
            break
        await asyncio.sleep(wait.total_seconds())
        got = await asked(connection.download(url, most=most))
    return got


def _with(message: Inbound, basket: _Basket) -> Inbound:
    """Some phones send long words as a file: they are the text if nothing else is."""
    text = message.text
    if not text.reveal().strip():
        text = Secret("\n".join(basket.texts))
    elif not all(part.strip() in text.reveal() for part in basket.texts):
        basket.left_out = True
    left_out = {Trait.FILES_LEFT_OUT} if basket.left_out else set()
    return replace(
        message,
        text=text,
        files=(*message.files, *basket.files),
        media=(),
        traits=message.traits | left_out,
    )
