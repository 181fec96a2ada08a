"""From a phone to the program: texts, pictures, group messages and calls, as signed webhooks.

https://www.twilio.com/docs/messaging/guides/webhook-request and
https://www.twilio.com/docs/voice/twiml#request-parameters. `OtherRecipients{N}`, the other
recipients of a native group MMS, stands in neither: it is what others saw arrive.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from .account import Account
from .faults import Faults, Repeat
from .life import Life
from .model import (
    API,
    PLACE,
    SMALLEST_PICTURE,
    TOLL_FREE,
    VERSION,
    Call,
    Media,
    Message,
    TextMessage,
    new_sid,
)
from .optout import Heard, OptOuts
from .phones import Phones, Pictures
from .rented import Numbers, Route
from .segments import segments
from .store import Store
from .webhooks import Answered, Webhooks


class Inbound:
    """What comes from phones."""

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
        self._account = account
        self._numbers = numbers
        self._store = store
        self._phones = phones
        self._opt_outs = opt_outs
        self._faults = faults
        self._webhooks = webhooks
        self._life = life

    async def text(
        self, number: str, to: str, body: str, media: Pictures, others: Sequence[str]
    ) -> int:
        """A text, from its arrival at the provider to the program's answer."""
        message = self._keep(number, to, body, _pictures(media), is_group=bool(others))
        heard = self._hear(message)
        parameters = self._announced(message, others)
        if heard is not None and self._account.advanced_opt_out:
            parameters["OptOutType"] = heard.meaning.value
        route = self._numbers.route(to, "Sms", f"{self._account.public_url}/twilio/sms")
        repeat = self._faults.repeated(number)
        if repeat is Repeat.AT_ONCE:
            both = (self._announce(route, parameters) for _ in range(2))
            _, answered = await asyncio.gather(*both)
        else:
            answered = await self._announce(route, parameters)
            if repeat is Repeat.AFTERWARDS:
                answered = await self._announce(route, parameters)
        self._life.happened()
        return answered.status

    async def call(self, number: str, to: str) -> str:
        """A call, from its ringing to the program's TwiML."""
        self._check(to)
        call = Call(sid=new_sid("CA"), from_=number, to=to, created=self._account.now())
        self._store.calls[call.sid] = call
        route = self._numbers.route(to, "Voice", f"{self._account.public_url}/twilio/voice")
        answered = await self._announce(route, self._ringing(call))
        call.status = "completed" if answered.is_well else "failed"
        self._life.happened()
        return answered.text if answered.is_well else ""

    def _check(self, to: str) -> None:
        if not self._numbers.is_ours(to):
            raise ValueError("This number is not rented by anybody.")

    def _keep(
        self, number: str, to: str, body: str, media: Sequence[Media], *, is_group: bool
    ) -> Message:
        self._check(to)
        now = self._account.now()
        message = Message(
            sid=new_sid("MM" if media or is_group else "SM"),
            direction="inbound",
            from_=number,
            to=to,
            body=body,
            status="received",
            created=now,
            segments=segments(body),
            service=self._numbers.service_of(to),
        )
        self._store.add(message)
        for each in media:
            self._store.attach(message, each, now)
        return message

    def _hear(self, message: Message) -> Heard | None:
        """Act on STOP and its like; the reply is Twilio's own and comes before the program's."""
        toll_free = bool(TOLL_FREE.fullmatch(message.to))
        if not (self._account.handles_stop or toll_free):
            return None
        scope = message.service or message.to
        heard = self._opt_outs.hear(scope, message.from_, message.body, toll_free=toll_free)
        if heard is not None and heard.reply:
            self._phones.deliver(
                TextMessage(
                    sid=new_sid("SM"),
                    from_=message.to,
                    to=message.from_,
                    body=heard.reply,
                    at=message.created,
                )
            )
        return heard

    async def _announce(self, route: Route, parameters: Mapping[str, str]) -> Answered:
        """Post it; to the fallback address if there is one and the first does not answer well."""
        answered = await self._webhooks.call(route.url, parameters, route.method)
        if answered.is_well or not route.fallback_url:
            return answered
        why = {"ErrorCode": "11200" if answered.status else "11205", "ErrorUrl": route.url}
        return await self._webhooks.call(
            route.fallback_url, {**parameters, **why}, route.fallback_method
        )

    def _announced(self, message: Message, others: Sequence[str]) -> dict[str, str]:
        """All parameters of an incoming text, needed or not."""
        parameters = {
            "AccountSid": self._account.account_sid,
            "ApiVersion": VERSION,
            "Body": message.body,
            "From": message.from_,
            "MessageSid": message.sid,
            "NumMedia": str(message.num_media),
            "NumSegments": str(message.segments),
            "SmsMessageSid": message.sid,
            "SmsSid": message.sid,
            "SmsStatus": "received",
            "To": message.to,
        }
        parameters |= _places("From", "To")
        if message.service:
            parameters["MessagingServiceSid"] = message.service
        base = f"{self._account.api_url}{API}/{self._account.account_sid}/Messages/{message.sid}"
        for number, media in enumerate(message.media.values()):
            parameters[f"MediaUrl{number}"] = f"{base}/Media/{media.sid}"
            parameters[f"MediaContentType{number}"] = media.content_type
        return parameters | {f"OtherRecipients{at}": other for at, other in enumerate(others)}

    def _ringing(self, call: Call) -> dict[str, str]:
        return {
            "AccountSid": self._account.account_sid,
            "ApiVersion": VERSION,
            "CallSid": call.sid,
            "CallStatus": call.status,
            "Called": call.to,
            "Caller": call.from_,
            "Direction": "inbound",
            "From": call.from_,
            "To": call.to,
            **_places("From", "To", "Caller", "Called"),
        }


def _pictures(media: Pictures) -> list[Media]:
    if isinstance(media, int):
        return [SMALLEST_PICTURE] * media
    return [Media(content_type=kind, octets=octets) for kind, octets in media]


def _places(*sides: str) -> dict[str, str]:
    return {f"{side}{name}": PLACE[name] for side in sides for name in PLACE}
