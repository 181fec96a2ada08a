"""Pictures for phones: an address that only one provider is told, good for a few minutes.

A token holds the post, which of its pictures, and until when; nothing is stored for it. The
picture is opened out of the sealed body each time, and gone with it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from aiohttp import web

from channels.contract import Picture
from channels.secret import Secret
from relay.clock import Clock, milliseconds
from relay.engine import Engine
from relay.model import Due
from relay.store.outbox import Outbox
from relay.store.roster import fits
from relay.vault.vault import ATTEMPT_SHIFT, UnsealError, Use, Vault

PICTURE_LIFE = timedelta(minutes=15)
"""How long an address is good for. Twilio fetches within seconds of taking a message."""

_LIFE = PICTURE_LIFE // timedelta(minutes=1)
_UNTIL_SHIFT = 32
_READER = (1 << _UNTIL_SHIFT) - 1
_POST = (1 << ATTEMPT_SHIFT) - 1


def picture_token(vault: Vault, due: Due, number: int, until: datetime) -> Secret:
    """A token for one picture of one copy."""
    ends = milliseconds(until) // 60_000
    return vault.mint(
        Use.PICTURE,
        due.post_id | number << ATTEMPT_SHIFT,
        ends << _UNTIL_SHIFT | due.member_id & _READER,
    )


class Handout:
    """`GET` and `HEAD /m/{token}`. Whatever is not such a picture now is the same 404."""

    def __init__(self, engine: Engine) -> None:
        self._database = engine.database
        self._outbox: Outbox = engine.outbox
        self._vault = engine.vault
        self._clock: Clock = engine.clock

    def routes(self) -> list[web.RouteDef]:
        """The one route."""
        return [web.get("/m/{token}", self._serve)]

    async def _serve(self, request: web.Request) -> web.Response:
        picture = await self._picture(Secret(request.match_info["token"]))
        if picture is None:
            raise web.HTTPNotFound
        return web.Response(
            body=picture.octets,
            content_type=f"image/{picture.kind}",
            headers={"Content-Disposition": f"inline; filename=picture.{picture.kind}"},
        )

    def _minute(self) -> int:
        return milliseconds(self._clock.now()) // 60_000

    async def _picture(self, token: Secret) -> Picture | None:
        read = self._vault.read(Use.PICTURE, token)
        if read is None or not 0 <= (read[1] >> _UNTIL_SHIFT) - self._minute() <= _LIFE:
            return None
        post_id, number = read[0] & _POST, read[0] >> ATTEMPT_SHIFT
        if not fits(post_id):
            return None
        async with self._database.reading() as c:
            found = await self._outbox.body_of(c, post_id)
        if found is None:
            return None
        try:
            pictures = found.open(self._vault).pictures
        except UnsealError:
            return None
        return pictures[number] if number < len(pictures) else None
