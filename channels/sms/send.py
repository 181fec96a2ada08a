"""Texts out through Twilio's REST API: `SmsChannel`.

https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource. The create
call has no idempotency key, so what matters is to know, when something breaks, whether Twilio may
already hold the message: before the request has left it cannot (`UNREACHABLE`, `TIMEOUT`), after
that it may (`ANSWER_LOST`, unsure). So one copy is one create call, and nothing is remembered.

Exceptions of the SDK carry numbers; none leaves this module, not even as the cause of another.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import aiohttp
from twilio.base import values
from twilio.base.exceptions import TwilioRestException, TwilioServiceException

from channels.contract import (
    NO_WORDS,
    Later,
    Never,
    Outcome,
    Outgoing,
    Phrase,
    Piece,
    Say,
    Sent,
    Trouble,
    in_english,
)
from channels.secret import Secret
from channels.sms import errors
from channels.sms.bundle import lines
from channels.sms.client import Connection, UnreadableAnswerError
from channels.sms.config import SmsOutConfig
from channels.sms.pictures import COST, chosen, may_carry, note
from channels.sms.segments import Page, page
from channels.sms.words import words_of

_log = logging.getLogger(__name__)

_LONGEST_VALIDITY = 36_000
"""Seconds. Twilio's limit, and its default."""
_LEAST_VALIDITY = timedelta(seconds=30)
"""A text that has less than this before it would wake somebody is not worth trying."""
_TOLL_FREE = ("800", "833", "844", "855", "866", "877", "888")
"""Area codes of the North American Numbering Plan whose texts are cut shorter by Twilio."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Text:
    """One text, finished. `valid` is how many seconds Twilio may try."""

    page: Page
    media: tuple[Secret, ...] = field(repr=False)
    valid: int

    @property
    def cost(self) -> int:
        return COST if self.media else self.page.segments


class SmsChannel:
    """The way out by text. `clock` gives the aware time of now.

    A copy is one text of at most `most_segments`. What does not fit can be asked for: the outcome
    says where the words go on (`rest`), and an `Outgoing` that differs in `start` alone, pictures
    included, is the next page.
    """

    def __init__(self, config: SmsOutConfig, clock: Callable[[], datetime]) -> None:
        self._config = config
        self._clock = clock
        self._connection = Connection(
            config.account_sid,
            config.auth_token,
            api_url=config.api_url,
            timeout=config.timeout,
            connections=config.concurrency,
        )

    @property
    def name(self) -> str:
        """`sms`."""
        return "sms"

    @property
    def concurrency(self) -> int:
        """How many requests to Twilio may be under way at once."""
        return self._config.concurrency

    @property
    def priced(self) -> bool:
        """Texts cost something."""
        return True

    def cost(
        self,
        *,
        author: Secret | None,
        subject: Secret,
        text: Secret,
        start: int,
        number: Secret,
        pictures: int,
        say: Say = in_english,
    ) -> int:
        """Segments, or what a picture message counts as: `channels.sms.pictures.COST`."""
        if pictures and start == 0 and may_carry(number):
            return COST
        words = _all_words(author, subject, text)
        return self._page(author, words, start, number, say(Phrase.MORE, 1)).segments

    def cost_together(self, pieces: Sequence[Piece], number: Secret) -> int | None:
        """Segments of all of them as one text, if they fit into one."""
        whole = self._page(None, lines(pieces), 0, number, in_english(Phrase.MORE, 1))
        return whole.segments if whole.next is None else None

    def _page(
        self, author: Secret | None, words: str, start: int, number: Secret, more: str
    ) -> Page:
        return page(
            author,
            words,
            start=min(start, len(words)),  # pictures that go no longer take their note with them
            most=self._config.most_segments,
            toll_free=_is_toll_free(number),
            more=more,
        )

    async def send(self, out: Outgoing) -> Outcome:
        """Send one copy as one text, and say how that ended."""
        try:
            return await self._send(out)
        except Exception as error:  # noqa: BLE001 - the contract: nothing is raised but cancellation
            _log.error("text not sent: %s", type(error).__name__)  # its text may hold numbers
            return Later(why=Trouble.OUR_FAULT)

    async def close(self) -> None:
        """Close the connections. A send after this answers `Later`."""
        await self._connection.close()

    async def _send(self, out: Outgoing) -> Outcome:
        valid = _valid(out, self._clock())
        if not isinstance(valid, int):
            return valid
        words, media = (lines(out.pieces), ()) if out.pieces else _words(out)
        body = self._page(out.author, words, out.start, out.write_to, out.say(Phrase.MORE, 1))
        if out.pieces and body.next is not None:  # nobody could ask for the rest of a bundle
            return Never(why=Trouble.OUR_FAULT)
        said = [out.text.reveal(), *(piece.text.reveal() for piece in out.pieces)]
        if not all(map(out.may_leave, [*said, words, body.body])):
            return Never(why=Trouble.WOULD_LEAK)
        return await self._create(out, _Text(page=body, media=media, valid=valid))

    async def _create(self, out: Outgoing, text: _Text) -> Outcome:
        lost = Later(why=Trouble.ANSWER_LOST, unsure=True, rest=text.page.next)
        try:
            sid = await self._ask(out, text)
        except (TwilioRestException, TwilioServiceException) as error:
            errors.warn(error.code)
            if _may_have_been_taken(error.status, error.code):
                return lost
            return errors.outcome(error.status, error.code, self._clock())
        except aiohttp.InvalidURL:
            return Later(why=Trouble.NOT_CONFIGURED)
        except aiohttp.ConnectionTimeoutError:
            return Later(why=Trouble.TIMEOUT)
        except aiohttp.ClientConnectorError:  # refused, no such host, no TLS: nothing was sent
            return Later(why=Trouble.UNREACHABLE)
        except (TimeoutError, aiohttp.ClientError, OSError, UnreadableAnswerError):
            return lost
        return Sent(
            reference=NO_WORDS if self._config.redaction else Secret(sid),
            reported=bool(out.status),
            rest=text.page.next,
            cost=text.cost,
        )

    async def _ask(self, out: Outgoing, text: _Text) -> str:
        """Make the create call; the id Twilio gave. Raises what the SDK and aiohttp raise."""
        forget = self._config.redaction
        message = await self._connection.client().messages.create_async(
            to=out.to.reveal(),
            from_=out.write_to.reveal(),
            body=text.page.body,
            media_url=[link.reveal() for link in text.media] or values.unset,
            status_callback=self._callback(out.status),
            validity_period=text.valid,
            content_retention="discard" if forget else values.unset,
            address_retention="obfuscate" if forget else values.unset,
        )
        return str(message.sid)

    def _callback(self, status: Secret) -> object:
        """Where Twilio reports what became of it; nowhere for a copy nobody follows."""
        if not status:
            return values.unset
        return f"{self._config.public_url.rstrip('/')}/twilio/status?t={status.reveal()}"


def _may_have_been_taken(status: int, code: object) -> bool:
    """What breaks behind a proxy may have broken after Twilio took it; 503 is "not now"."""
    return status >= 500 and status != 503 and errors.known(code) is None


def _valid(out: Outgoing, now: datetime) -> int | Outcome:
    """How many seconds Twilio may try, or the outcome if there is no time to."""
    left = out.expires - now
    if left < timedelta(seconds=1):
        return Never(why=Trouble.REFUSED)  # after `expires` the copy must not reach anyone
    if out.not_after is not None and out.not_after < out.expires:
        left = out.not_after - now
        if left < _LEAST_VALIDITY:
            wait = max(left, timedelta()) + timedelta(seconds=1)
            return Later(why=Trouble.BUSY, after=wait)
    return min(int(left / timedelta(seconds=1)), _LONGEST_VALIDITY)


def _words(out: Outgoing) -> tuple[str, tuple[Secret, ...]]:
    """The words of all pages together, and the pictures that go with this one.

    What is counted in `start` must not depend on `start`: so pictures are chosen the same for
    every page, and go with the first.
    """
    links = chosen(out)
    about = note(out, len(out.pictures) - len(links))
    words = _all_words(out.author, out.subject, out.text)
    return f"{words} {about}".strip() if about else words, links if out.start == 0 else ()


def _all_words(author: Secret | None, subject: Secret, text: Secret) -> str:
    """What the programme itself says has no subject."""
    if author is None:
        return text.reveal()
    return words_of(subject.reveal(), text.reveal(), pseudonym=author.reveal())


def _is_toll_free(number: Secret) -> bool:
    return number.reveal().startswith(tuple(f"+1{code}" for code in _TOLL_FREE))
