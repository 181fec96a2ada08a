"""The REST API of what is kept: list, fetch, redact and delete messages and their media.

https://www.twilio.com/docs/messaging/api/message-resource and
https://www.twilio.com/docs/messaging/api/media-resource
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from aiohttp import web

from .account import Account
from .errors import error, message_of
from .faults import Fault, Faults
from .model import API, FINAL, VERSION, Message, StoredMedia
from .paging import page
from .store import Store

CDN = "/cdn"
"""Where media are served without credentials, below an unguessable name."""


class Messages:
    """Handlers for `Messages` and `Media`; creating is `Outbound`'s."""

    def __init__(self, account: Account, store: Store, faults: Faults) -> None:
        self._account = account
        self._store = store
        self._faults = faults

    def routes(self) -> list[web.RouteDef]:
        """The paths of this part of the API."""
        one = API + "/{account}/Messages/{sid}"
        return [
            web.get(API + "/{account}/Messages.json", self._list),
            web.get(one + ".json", self._fetch),
            web.post(one + ".json", self._redact),
            web.delete(one + ".json", self._delete),
            web.get(one + "/Media.json", self._list_media),
            web.get(one + "/Media/{media}.json", self._fetch_media),
            web.delete(one + "/Media/{media}.json", self._delete_media),
            web.get(one + "/Media/{media}", self._redirect),
            web.delete(one + "/Media/{media}", self._delete_media),
            web.get(CDN + "/{token}", self._content),
        ]

    async def _list(self, request: web.Request) -> web.Response:
        try:
            fits = _filter(request.query)
        except ValueError:
            return error(20001)
        found = (message for message in self._store.newest_first() if fits(message))
        account = self._account.account_sid
        return page(request, "messages", found, lambda message: resource(account, message))

    async def _fetch(self, request: web.Request) -> web.Response:
        message = self._message(request)
        return error(20404) if message is None else self._shown(message)

    async def _redact(self, request: web.Request) -> web.Response:
        message = self._message(request)
        if message is None:
            return error(20404)
        if (await request.post()).get("Body") != "":
            return error(30400)
        if not message.is_final:
            return error(20009)
        message.body = ""
        return self._shown(message)

    async def _delete(self, request: web.Request) -> web.Response:
        message = self._message(request)
        if message is None:
            return error(20404)
        if not message.is_final:
            return error(20009)
        self._store.remove(message)
        return web.Response(status=204)

    def _message(self, request: web.Request) -> Message | None:
        return self._store.get(request.match_info["sid"])

    def _shown(self, message: Message) -> web.Response:
        return web.json_response(resource(self._account.account_sid, message))

    # Media

    async def _list_media(self, request: web.Request) -> web.Response:
        message = self._message(request)
        if message is None:
            return error(20404)
        shown = [self._media_resource(media) for media in message.media.values()]
        return web.json_response(
            {"media_list": shown, "next_page_uri": None, "page": 0, "uri": request.path_qs}
        )

    async def _fetch_media(self, request: web.Request) -> web.Response:
        media = self._media(request)
        return error(20404) if media is None else web.json_response(self._media_resource(media))

    async def _delete_media(self, request: web.Request) -> web.Response:
        message, media = self._message(request), self._media(request)
        if message is None or media is None:
            return error(20404)
        self._store.detach(message, media)
        return web.Response(status=204)

    async def _redirect(self, request: web.Request) -> web.Response:
        """The content itself is elsewhere, as with Twilio's signed addresses."""
        message, media = self._message(request), self._media(request)
        if message is None or media is None:
            return error(20404)
        if self._faults.happens(Fault.MEDIA_LATE, message.from_):
            return error(20404)
        location = f"{self._account.api_url}{CDN}/{media.token}"
        return web.Response(status=307, headers={"Location": location})

    async def _content(self, request: web.Request) -> web.Response:
        """Refuses credentials, which have no business there, as storage behind signed URLs does."""
        media = self._store.by_token(request.match_info["token"])
        if "Authorization" in request.headers:
            return web.Response(status=400, text="Only one way to sign in is allowed.")
        if media is None:
            return web.Response(status=403)
        return web.Response(body=media.octets, headers={"Content-Type": media.content_type})

    def _media(self, request: web.Request) -> StoredMedia | None:
        message = self._message(request)
        return None if message is None else message.media.get(request.match_info["media"])

    def _media_resource(self, media: StoredMedia) -> dict[str, object]:
        created = format_datetime(media.created)
        message = f"{API}/{self._account.account_sid}/Messages/{media.message}"
        return {
            "account_sid": self._account.account_sid,
            "content_type": media.content_type,
            "date_created": created,
            "date_updated": created,
            "parent_sid": media.message,
            "sid": media.sid,
            "uri": f"{message}/Media/{media.sid}.json",
        }


def resource(account_sid: str, message: Message) -> dict[str, object]:
    """A message as JSON. Dates are those of RFC 2822."""
    uri = f"{API}/{account_sid}/Messages/{message.sid}"
    created = format_datetime(message.created)
    waiting = message.status in {"queued", "accepted"}
    return {
        "account_sid": account_sid,
        "api_version": VERSION,
        "body": message.body,
        "date_created": created,
        "date_sent": created if message.status in FINAL else None,
        "date_updated": created,
        "direction": message.direction,
        "error_code": message.error_code,
        "error_message": message_of(message.error_code),
        "from": message.from_,
        "messaging_service_sid": message.service or None,
        "num_media": str(message.num_media),
        "num_segments": "0" if message.service and waiting else str(message.segments),
        "price": None,
        "price_unit": "USD",
        "sid": message.sid,
        "status": message.status,
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": message.shown_to,
        "uri": f"{uri}.json",
    }


def _filter(asked: Mapping[str, str]) -> Callable[[Message], bool]:
    """`To`, `From`, and `DateSent` as a day or, with `<` or `>`, as a limit that is included.

    Raises `ValueError` for a date that is none.
    """
    earliest, latest = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    if day := asked.get("DateSent"):
        earliest = _instant(day).replace(hour=0, minute=0, second=0)
        latest = earliest + timedelta(days=1) - timedelta(microseconds=1)
    if limit := asked.get("DateSent>"):
        earliest = max(earliest, _instant(limit))
    if limit := asked.get("DateSent<"):
        latest = min(latest, _instant(limit))
    dated = any(name.startswith("DateSent") for name in asked)
    to, from_ = asked.get("To", ""), asked.get("From", "")

    def fits(message: Message) -> bool:
        return (
            (not to or message.shown_to == to)
            and (not from_ or message.from_ == from_)
            and (not dated or (message.is_final and earliest <= message.created <= latest))
        )

    return fits


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC)
