"""The page on which one plays: five devices, what the relay holds, and nothing from elsewhere.

`GET /` the page, `GET /state` the snapshot as JSON, `GET /events` the same snapshot pushed at every
change (server-sent events), `POST /say` `{"member", "text", "subject"?, "reply_to"?}` lets a member
write, `POST /clock` `{"minutes"}` or `{"to": "HH:MM"}` moves the clock forward. Loopback only: a
request under another host's name is refused, so that no page elsewhere can reach it through a name
it controls, and what is posted must be JSON, which no foreign form can send.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import time, timedelta
from pathlib import Path
from typing import Any

from aiohttp import web

from relay.demo.stage import NotTakenError, Stage

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
LONGEST = 5000
"""Characters one may write at once."""
_STATIC = Path(__file__).parent / "static"
_FILES = {"/": "page.html", "/page.css": "page.css", "/page.js": "page.js"}
_HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_LOOPBACK_NAMES = ("127.0.0.1", "localhost")
_BEAT = 15.0
STAGE = web.AppKey("stage", Stage)
ENDING = web.AppKey("ending", dict[str, bool])


class Page:
    """The page, being served on 127.0.0.1."""

    def __init__(self, stage: Stage) -> None:
        self._runner = web.AppRunner(build(stage), access_log=None, shutdown_timeout=2.0)
        self.url = ""

    async def start(self, port: int = 0) -> None:
        """Bind the port (0: a free one) and set `url`. Raises `OSError` where it is taken."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        host, bound = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{bound}/"

    async def close(self) -> None:
        """Let every browser go and free the port."""
        await self._runner.cleanup()


def build(stage: Stage) -> web.Application:
    """The application over a started stage."""
    app = web.Application(middlewares=[_only_loopback_names], client_max_size=64 * 1024)
    app[STAGE] = stage
    app[ENDING] = {}
    for path in _FILES:
        app.router.add_get(path, _file)
    app.router.add_get("/state", _state)
    app.router.add_get("/events", _events)
    app.router.add_post("/say", _say)
    app.router.add_post("/clock", _clock)
    app.on_response_prepare.append(_harden)
    app.on_shutdown.append(_end_events)
    return app


@web.middleware
async def _only_loopback_names(request: web.Request, handler: Any) -> web.StreamResponse:
    if request.url.host not in _LOOPBACK_NAMES:
        raise web.HTTPForbidden(text="This page answers on this machine only.")
    response: web.StreamResponse = await handler(request)
    return response


async def _harden(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(_HEADERS)


async def _end_events(app: web.Application) -> None:
    app[ENDING]["now"] = True
    app[STAGE].wake()


async def _file(request: web.Request) -> web.StreamResponse:
    return web.FileResponse(_STATIC / _FILES[request.path])


async def _state(request: web.Request) -> web.StreamResponse:
    return web.json_response(request.app[STAGE].snapshot())


async def _events(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    try:
        async for event in _stream(request.app):
            await response.write(event)
    except ConnectionResetError:
        return response  # the browser went away
    return response


async def _stream(app: web.Application) -> AsyncIterator[bytes]:
    stage = app[STAGE]
    news = True
    while not app[ENDING]:
        version = stage.version
        yield b"data: " + json.dumps(stage.snapshot()).encode() + b"\n\n" if news else b":\n\n"
        news = await stage.changed(version, _BEAT)


async def _clock(request: web.Request) -> web.StreamResponse:
    """Move the clock of this world forward, by minutes or to a time of the group's."""
    said = await _sent(request)
    if isinstance(said, web.Response):
        return said
    stage = request.app[STAGE]
    try:
        match said:
            case {"minutes": int(minutes), **rest} if not rest:
                stage.clock.forward(timedelta(minutes=minutes))
            case {"to": str(hour), **rest} if not rest:
                stage.clock.forward_to(time.fromisoformat(hour))
            case _:
                return _sorry(400, "Needed: minutes, a whole number, or to, as HH:MM.")
    except (ValueError, OverflowError):
        return _sorry(400, "The clock goes forward only, to a time of day or by a month at most.")
    return web.json_response({"now": stage.snapshot()["now"]})


async def _sent(request: web.Request) -> Any:
    """What was sent as JSON, or the answer to who sent something else."""
    if request.content_type != "application/json":
        return _sorry(415, "Send JSON.")
    try:
        return await request.json()
    except ValueError:
        return _sorry(400, "This is not JSON.")


async def _say(request: web.Request) -> web.StreamResponse:
    said = await _sent(request)
    if isinstance(said, web.Response):
        return said
    words = _words(said)
    if words is None:
        return _sorry(400, "Needed: member and text; subject and reply_to if wanted. All text.")
    if not words["text"].strip():
        return _sorry(400, "There is nothing to send yet.")
    if len(words["text"]) + len(words["subject"]) > LONGEST:
        return _sorry(400, f"At most {LONGEST} characters at once.")
    return await _let_speak(request.app[STAGE], words)


def _words(said: Any) -> dict[str, str] | None:
    """What was sent, with empty defaults, or `None` where it has the wrong shape."""
    if not isinstance(said, dict) or not {"member", "text"} <= said.keys():
        return None
    words = {"subject": "", "reply_to": ""} | {k: v for k, v in said.items() if v is not None}
    if words.keys() != {"member", "text", "subject", "reply_to"}:
        return None
    if not all(isinstance(value, str) for value in words.values()):
        return None
    return words | {"subject": " ".join(words["subject"].split())}


async def _let_speak(stage: Stage, words: dict[str, str]) -> web.StreamResponse:
    try:
        item = await stage.say(
            words["member"],
            words["text"],
            subject=words["subject"],
            reply_to=words["reply_to"] or None,
        )
    except KeyError:
        return _sorry(404, "There is no such member, or no such mail.")
    except NotTakenError as error:
        return _sorry(502, str(error))
    return web.json_response({"id": item.id})


def _sorry(status: int, sentence: str) -> web.Response:
    return web.json_response({"error": sentence}, status=status)
