"""Looking after the account at Twilio: its numbers, and what it keeps of messages and calls.

Nothing here is repeated by itself, but for a file that Twilio announced and does not have yet.
Every method raises `AccountTroubleError`, one plain sentence without any number in it, unless it
says otherwise. Whatever Twilio answers goes into values of ours; nothing of it is kept.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any

from twilio.base import values

from channels.contract import Erased, Inbound, Outcome, Trait, Trouble
from channels.secret import Contact, Secret
from channels.sms import errors, fetching
from channels.sms.client import Connection
from channels.sms.config import SmsAccountConfig
from channels.sms.inbound import inbound
from channels.sms.media import address, medium
from channels.sms.parse import TextIn, clean, contact, is_answered
from channels.sms.trouble import AccountTroubleError, asked, refused, unreadable

__all__ = ["AccountTroubleError", "Direction", "Record", "Rented", "SmsAccount"]

_log = logging.getLogger(__name__)

_COUNTRY = re.compile(r"[A-Z]{2}")
_REFERENCE = re.compile(r"(?:SM|MM|CA)[0-9A-Za-z]{1,64}")
_LOCAL = frozenset({"US", "CA", "PR"})
"""Countries whose ordinary numbers take texts. Elsewhere those are the mobile ones."""
_LARGEST_LIST = 64 * 1024 * 1024
_PAGE = 1000
"""Records in one answer: the most Twilio gives."""
_DEACTIVATED = re.compile(r"(?m)^[ \t]*\+?1?([2-9][0-9]{9})[ \t]*\r?$")


class Direction(StrEnum):
    """Which way a message went."""

    IN = "in"
    OUT = "out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rented:
    """A number of the account. `reference` is Twilio's id of it."""

    number: Secret
    reference: str
    well: bool
    """Whether its addresses are ours, so that texts and calls to it come here."""
    texts: bool = True
    """Whether it can text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What Twilio keeps of one message."""

    sid: str
    direction: Direction
    sender: Secret
    """Her phone, a `Contact`, if it came in from one; else the proxy number, or a short code."""
    to: Secret
    text: Secret
    media: int
    """How many files came with it."""
    status: str
    """Twilio's: https://www.twilio.com/docs/messaging/api/message-resource"""
    at: datetime
    """Aware: when Twilio sent it, or told us of it."""


class SmsAccount:
    """The account. `close` lets go of its connections; before that, all methods may be called."""

    def __init__(self, config: SmsAccountConfig) -> None:
        self._config = config
        self._connection = Connection(
            config.account_sid,
            config.auth_token,
            api_url=config.api_url,
            timeout=config.timeout,
            connections=config.connections,
        )

    async def close(self) -> None:
        """Close the connections. Whatever is asked after this raises `RuntimeError`."""
        await self._connection.close()

    # Numbers

    async def search(
        self,
        country: str,
        *,
        area_code: str | None = None,
        toll_free: bool = False,
        limit: int = 10,
    ) -> list[Secret]:
        """Numbers on sale that take texts. `country` is its ISO code, such as US."""
        if not _COUNTRY.fullmatch(country):
            raise AccountTroubleError("A country is two capital letters, as US.", Trouble.REFUSED)
        if area_code is not None and not re.fullmatch(r"[0-9]{2,4}", area_code):
            raise AccountTroubleError("An area code is two to four digits.", Trouble.REFUSED)
        shelf = self._connection.client().available_phone_numbers(country)
        kind = "toll_free" if toll_free else "local" if country in _LOCAL else "mobile"
        found = await asked(
            getattr(shelf, kind).list_async(
                area_code=values.unset if area_code is None else area_code,
                sms_enabled=True,
                limit=limit,
            )
        )
        return [Secret(str(number.phone_number)) for number in found]

    async def buy(self, number: Secret) -> None:
        """Rent a number, with our addresses from the start. It costs money from now on."""
        numbers = self._connection.client().incoming_phone_numbers
        await asked(numbers.create_async(phone_number=number.reveal(), **self._addresses()))

    async def rented(self) -> list[Rented]:
        """All numbers of the account."""
        numbers = self._connection.client().incoming_phone_numbers
        found = await asked(numbers.list_async(page_size=_PAGE))
        return [
            Rented(
                number=Secret(str(number.phone_number)),
                reference=str(number.sid),
                well=self._is_well(number),
                texts=bool((number.capabilities or {"sms": True}).get("sms")),
            )
            for number in found
        ]

    async def point(self, number: Secret) -> None:
        """Give a number of the account our addresses."""
        numbers = self._connection.client().incoming_phone_numbers
        for found in await asked(numbers.list_async(phone_number=number.reveal())):
            if str(found.phone_number) == number.reveal():
                nothing = {"sms_application_sid": "", "voice_application_sid": ""}
                await asked(numbers(found.sid).update_async(**self._addresses(), **nothing))
                return
        raise AccountTroubleError("That number is not rented.", Trouble.REFUSED)

    def _addresses(self) -> dict[str, Any]:
        """Where Twilio reports texts and calls. The fragment asks for five attempts on any failure.

        https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides
        """
        base = self._config.public_url.rstrip("/") + "/twilio"
        return {
            "sms_url": f"{base}/sms#rc=5&rp=all",
            "sms_method": "POST",
            "sms_fallback_url": f"{base}/fallback",
            "sms_fallback_method": "POST",
            "voice_url": f"{base}/voice",
            "voice_method": "POST",
            "voice_caller_id_lookup": False,
        }

    def _is_well(self, number: Any) -> bool:
        """An application set for a number makes Twilio ignore its addresses."""
        elsewhere = (number.sms_application_sid, number.voice_application_sid, number.trunk_sid)
        return not any(elsewhere) and all(
            (getattr(number, name) or False) == value for name, value in self._addresses().items()
        )

    # What came with a message, and what Twilio keeps

    async def fetch(self, message: Inbound) -> Inbound:
        """`contract.Fetch`: the message with its files in it."""
        return await fetching.fetch(
            self._connection,
            message,
            account_sid=self._config.account_sid,
            api_url=self._config.api_url,
            waits=self._config.waits,
        )

    async def erase(self, reference: Secret) -> Erased:
        """`contract.Erase`: delete a message, and its files with it, or a call. Raises nothing.

        Twilio keeps nothing under an id of any other form. It refuses (20009) while a message is
        under way. https://help.twilio.com/articles/223133687
        """
        sid = reference.reveal()
        if not _REFERENCE.fullmatch(sid):
            return Erased.GONE
        client = self._connection.client()
        record = client.calls(sid) if sid.startswith("CA") else client.messages(sid)
        try:
            await asked(record.delete_async())
        except AccountTroubleError as error:
            if not error.is_gone:
                _log.warning("not erased at the provider yet: %s", error.why)
                return Erased.NOT_YET
        return Erased.GONE

    async def ended(self, reference: Secret) -> Outcome | None:
        """How a text of ours ended; `None` if it is under way, or Twilio knows of none.

        https://www.twilio.com/docs/messaging/api/message-resource#fetch-a-message-resource
        """
        sid = reference.reveal()
        if not _REFERENCE.fullmatch(sid):
            return None
        try:
            found = await asked(self._connection.client().messages(sid).fetch_async())
        except AccountTroubleError as error:
            if error.is_gone:
                return None
            raise
        code = found.error_code
        return errors.ended(str(found.status), code if isinstance(code, int) else None)

    async def recent(self, number: Secret, since: datetime, until: datetime) -> list[Record]:
        """What Twilio keeps of messages to and from one of our numbers, oldest first.

        `since` is included, `until` is not; both are aware. What has not left Twilio yet is not
        among them.
        """
        messages = self._connection.client().messages
        found: list[Any] = []
        # Twilio promises to compare days only, and not on which side of midnight: ask for more.
        asked_for = {
            "date_sent_after": since.astimezone(UTC),
            "date_sent_before": until.astimezone(UTC) + timedelta(days=1),
            "page_size": _PAGE,
        }
        for side in ("to", "from_"):
            found += await asked(messages.list_async(**{side: number.reveal()}, **asked_for))
        records = [record for record in map(_record, found) if since <= record.at < until]
        return sorted({record.sid: record for record in records}.values(), key=lambda r: r.at)

    async def missed(self, record: Record) -> Inbound | None:
        """The message of a record as a webhook would have told it; `None` if it is none.

        What only webhooks say is not in it: `OptOutType`, and other phones it went to. A picture
        message without a picture is how a group message of a phone comes, so it counts as one.
        """
        if record.direction is not Direction.IN or not isinstance(record.sender, Contact):
            return None
        files = self._connection.client().messages(record.sid).media
        listed = await asked(files.list_async(page_size=_PAGE)) if record.media else []
        media = [found for found in map(self._medium, listed) if found is not None]
        body = record.text.reveal()
        message = inbound(
            TextIn(
                sid=record.sid,
                sender=record.sender,
                to=record.to,
                text=Secret(clean(body)),
                media=tuple(media),
                left_out=len(media) < record.media,
                answered=is_answered(
                    body, record.to.reveal(), answers_stop=self._config.answers_stop
                ),
            ),
            record.sender,
        )
        if record.sid.startswith("MM") and not record.media:  # else a text has an SM
            return replace(message, traits=message.traits | {Trait.SHOWN_TO_OTHERS})
        return message

    def _medium(self, file: Any) -> Secret | None:
        account, api = self._config.account_sid, self._config.api_url
        url = address(str(file.parent_sid), str(file.sid), account_sid=account, api_url=api)
        found = medium(str(file.content_type), url, account_sid=account, api_url=api)
        return None if found is None else found.packed()

    # Phones that are somebody else's soon

    async def deactivated(self, day: date) -> frozenset[Contact]:
        """Numbers of the United States given up on that day, as carriers report.

        https://www.twilio.com/docs/messaging/api/deactivations-resource
        """
        place = self._connection.client().messaging.v1.deactivations()
        found = await asked(place.fetch_async(date=day))
        url = str(found.redirect_to or "")
        got = await asked(self._connection.download(url, most=_LARGEST_LIST, signed=False))
        if got.status != 200:
            raise refused(got.status)
        return _numbers(got.octets)


def _numbers(octets: bytes) -> frozenset[Contact]:
    """The numbers of a list, one a line. Raises `AccountTroubleError` if it is no such list."""
    text = octets.decode("ascii", "replace")
    found = frozenset(Contact("sms", f"+1{digits}") for digits in _DEACTIVATED.findall(text))
    if not found and text.strip():
        raise unreadable()
    return found


def _record(message: Any) -> Record:
    incoming = str(message.direction) == "inbound"
    sender, to = Secret(str(message.from_)), Secret(str(message.to))
    at = message.date_sent or message.date_created
    if not isinstance(at, datetime):
        raise unreadable()
    return Record(
        sid=str(message.sid),
        direction=Direction.IN if incoming else Direction.OUT,
        sender=(contact(sender.reveal()) or sender) if incoming else sender,
        to=to if incoming else (contact(to.reveal()) or to),
        text=Secret(str(message.body or "")),
        media=_count(message.num_media),
        status=str(message.status),
        at=at,
    )


def _count(number: Iterable[str] | None) -> int:
    digits = str(number or "0")
    return int(digits) if digits.isdecimal() else 0
