"""From the program to a phone: the create call, delivery, and status callbacks.

https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource and
https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web

from .account import Account
from .errors import error
from .faults import Fault, Faults
from .life import Life
from .messages import resource
from .model import (
    E164,
    TOLL_FREE,
    VERSION,
    Media,
    Message,
    Taken,
    TextMessage,
    new_sid,
)
from .optout import OptOuts
from .phones import Phones
from .rented import Numbers
from .segments import segments
from .store import Store
from .webhooks import Webhooks

_LONGEST_BODY = 1600
_MOST_MEDIA = 10
_LARGEST_MEDIA = 5_000_000
_KINDS = ("image/", "audio/", "video/", "text/", "application/")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A create call: its parameters, the media addresses, and who sends."""

    form: Mapping[str, str]
    media_urls: Sequence[str]
    sender: str
    service: str

    @property
    def to(self) -> str:
        return self.form.get("To", "")

    @property
    def body(self) -> str:
        return self.form.get("Body", "")

    def keeps(self, what: str) -> bool:
        """Whether `ContentRetention` or `AddressRetention` is the usual one."""
        return self.form.get(f"{what}Retention", "retain") == "retain"


class Outbound:
    """What comes from the program."""

    def __init__(
        self,
        account: Account,
        numbers: Numbers,
        store: Store,
        phones: Phones,
        opt_outs: OptOuts,
        faults: Faults,
        webhooks: Webhooks,
        life: Life,
    ) -> None:
        self.requests: list[dict[str, str]] = []
        self.callbacks: list[tuple[str, str, int]] = []
        self.delay = 0.0
        self._account = account
        self._numbers = numbers
        self._store = store
        self._phones = phones
        self._opt_outs = opt_outs
        self._faults = faults
        self._webhooks = webhooks
        self._life = life

    async def create(self, request: web.Request) -> web.StreamResponse:
        """`POST Messages.json`."""
        asked = await self._read(request)
        refusal = self._struck(asked.to) or self._invalid(asked)
        if refusal is not None:
            self._life.happened()
            return refusal
        message, truth = self._take(asked)
        answer = web.json_response(resource(self._account.account_sid, message), status=201)
        if self._faults.happens(Fault.ANSWER_LOST, asked.to):
            truth.lost_answer = True
            return _hang_up(request)
        if (status := self._faults.broken_answer(asked.to)) is not None:
            truth.lost_answer = True
            return _page(status)
        await self._wait_before_answering(asked.to)
        if request.transport is None or request.transport.is_closing():
            truth.lost_answer = True  # who asked has gone, and cannot know
            self._life.happened()
        return answer

    async def _read(self, request: web.Request) -> _Asked:
        fields = await request.post()
        form = {name: str(value) for name, value in fields.items()}
        self.requests.append(form)
        sender, service = form.get("From", ""), form.get("MessagingServiceSid", "")
        return _Asked(
            form=form,
            media_urls=[str(url) for url in fields.getall("MediaUrl", [])],
            sender=sender or self._numbers.sender_of(service),
            service=service or self._numbers.service_of(sender),
        )

    async def _wait_before_answering(self, to: str) -> None:
        if self.delay:
            self._faults.done[Fault.ANSWER_LATE] += 1
            await self._life.pause(self.delay)
        elif self._faults.happens(Fault.ANSWER_LATE, to):
            await self._life.pause(self._faults.late)

    def _struck(self, to: str) -> web.Response | None:
        refusal = self._faults.refusal(to)
        if refusal is None:
            return None
        if refusal.code is None:
            return _page(refusal.http or 500)
        return error(refusal.code, status=refusal.http)

    def _invalid(self, asked: _Asked) -> web.Response | None:
        """Twilio's own checks, in its order."""
        validity = asked.form.get("ValidityPeriod", "36000")
        redacts, media = self._account.redaction, asked.media_urls
        checks = (
            (bool(asked.to), 21604),
            (E164.fullmatch(asked.to), 21211),
            (asked.sender or not asked.service, 21701),
            (bool(asked.sender), 21603),
            (self._numbers.is_ours(asked.sender), 21606),
            (asked.body or media, 21602),
            (len(asked.body.encode("utf-16-le")) // 2 <= _LONGEST_BODY, 21617),
            (len(media) <= _MOST_MEDIA, 21623),
            (all(url.startswith(("http://", "https://")) for url in media), 21620),
            (validity.isdecimal() and 1 <= int(validity) <= 36_000, 20001),
            (redacts or asked.keeps("Content"), 30029),
            (redacts or asked.keeps("Address"), 30030),
            (not self._opt_outs.blocks(asked.service or asked.sender, asked.to), 21610),
        )
        for passed, code in checks:
            if not passed:
                return error(code, asked={**asked.form, "From": asked.sender})
        return None

    def _take(self, asked: _Asked) -> tuple[Message, Taken]:
        now = self._account.now()
        sid = new_sid("MM" if asked.media_urls else "SM")
        truth = Taken(sid=sid, from_=asked.sender, to=asked.to, body=asked.body, at=now)
        self._store.taken.append(truth)
        message = Message(
            sid=sid,
            direction="outbound-api",
            from_=asked.sender,
            to=asked.to,
            body=asked.body if asked.keeps("Content") else "",
            status="queued",
            created=now,
            segments=segments(asked.body, toll_free=bool(TOLL_FREE.fullmatch(asked.sender))),
            service=asked.service,
            hide_numbers=not asked.keeps("Address"),
            truth=truth,
        )
        self._store.add(message)
        callback = asked.form.get("StatusCallback", "")
        code = self._faults.undeliverable(message.to)
        if asked.media_urls:
            self._life.in_background(self._send_media(message, truth, asked, callback, code))
        else:
            if code is None:
                self._deliver(message, truth, ())
            self._life.in_background(self._report(message, callback, code))
        self._life.happened()
        return message, truth

    def _deliver(self, message: Message, truth: Taken, media: Sequence[Media]) -> None:
        self._phones.deliver(
            TextMessage(
                sid=message.sid,
                from_=message.from_,
                to=message.to,
                body=truth.body,
                at=message.created,
                media=tuple(media),
            )
        )

    # Media

    async def _send_media(
        self, message: Message, truth: Taken, asked: _Asked, callback: str, code: int | None
    ) -> None:
        """Fetch first; without its media a message is not sent."""
        fetched = [await self._fetch(url) for url in asked.media_urls]
        media = [each for each in fetched if isinstance(each, Media)]
        if len(media) < len(fetched):
            failure = next(each for each in fetched if isinstance(each, int))
            await self._tell(message, callback, "failed", failure)
            return
        for each in media:
            self._store.attach(message, each, self._account.now())
        if sum(len(each.octets) for each in media) > _LARGEST_MEDIA:
            code = code or 30019
        if code is None:
            self._deliver(message, truth, media)
        await self._report(message, callback, code)

    async def _fetch(self, url: str) -> Media | int:
        """The file, by `HEAD` and then `GET` as Twilio does it; or an error code."""
        for method in ("HEAD", "GET"):
            fetched = await self._webhooks.fetch(method, url)
            if fetched.status != 200:
                return 11200
            if not fetched.content_type.startswith(_KINDS):
                return 12300
        return Media(content_type=fetched.content_type, octets=fetched.octets)

    # Status callbacks

    async def _report(self, message: Message, url: str, code: int | None) -> None:
        """`sent`, then the final one; both best effort, and not repeated if nobody takes them."""
        final = "undelivered" if code else "delivered"
        statuses = ["sent", final]
        if url and self._faults.happens(Fault.CALLBACKS_REORDERED, message.to):
            statuses.reverse()
        for status in statuses:
            await self._tell(message, url, status, code if status == final else None)

    async def _tell(self, message: Message, url: str, status: str, code: int | None) -> None:
        message.advance(status, code)
        to = message.to
        if not url or self._faults.happens(Fault.CALLBACK_DROPPED, to):
            self._note(message, status, 0)
            return
        parameters = self._news(message, status, code)
        if self._faults.happens(Fault.CALLBACK_LATE, to):
            self._life.in_background(self._tell_late(message, url, parameters))
            return
        copies = 2 if self._faults.happens(Fault.CALLBACK_DUPLICATED, to) else 1
        for _ in range(copies):
            self._note(message, status, await self._webhooks.callback(url, parameters))

    async def _tell_late(self, message: Message, url: str, parameters: Mapping[str, str]) -> None:
        await self._life.pause(self._faults.late)
        answered = await self._webhooks.callback(url, parameters)
        self._note(message, parameters["MessageStatus"], answered)

    def _note(self, message: Message, status: str, answered: int) -> None:
        self.callbacks.append((message.sid, status, answered))
        self._life.happened()

    def _news(self, message: Message, status: str, code: int | None) -> dict[str, str]:
        parameters = {
            "AccountSid": self._account.account_sid,
            "ApiVersion": VERSION,
            "From": message.from_,
            "MessageSid": message.sid,
            "MessageStatus": status,
            "SmsSid": message.sid,
            "SmsStatus": status,
            "To": message.to,
        }
        if message.service:
            parameters["MessagingServiceSid"] = message.service
        if code is not None:
            parameters["ErrorCode"] = str(code)
        if status == "delivered":
            parameters["RawDlrDoneDate"] = message.created.strftime("%y%m%d%H%M")
        return parameters


def _page(status: int) -> web.Response:
    """What a proxy before the API says."""
    return web.Response(status=status, text="<html></html>", content_type="text/html")


def _hang_up(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)  # goes nowhere: the connection is gone
