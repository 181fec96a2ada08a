"""The web server's shell: health, metrics, and whatever routes the channels bring."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from relay import metrics
from relay.config import is_loopback
from relay.log import trouble

_BODY_LIMIT = 64 * 1024
_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-IP")
_HEADERS = {
    "Server": "relay",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}

Ready = Callable[[], Awaitable[None]]
"""Raises if the relay cannot do its work now."""


def application(routes: Iterable[web.AbstractRouteDef], ready: Ready) -> web.Application:
    """Put the application together."""

    async def healthz(request: web.Request) -> web.Response:  # noqa: ARG001 - a handler's shape
        return web.Response(text="ok\n")

    async def readyz(request: web.Request) -> web.Response:  # noqa: ARG001
        try:
            await ready()
        except Exception as error:  # noqa: BLE001 - any trouble means: not ready
            trouble(error, where="readyz")
            return web.Response(status=503, text="not ready\n")
        return web.Response(text="ok\n")

    app = web.Application(client_max_size=_BODY_LIMIT)
    app.on_response_prepare.append(_set_headers)
    app.add_routes(
        [
            web.get("/healthz", healthz),
            web.get("/readyz", readyz),
            web.get("/metrics", _metrics),
            *routes,
        ]
    )
    return app


class _Handler(RequestHandler):
    """One connection. Answers what is no HTTP without saying which library read it."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - quotes the request in the library's words
    ) -> web.StreamResponse:
        """A bare status with our own headers: `on_response_prepare` does not see these."""
        answer = super().handle_error(request, status, exc)
        answer.headers.update(_HEADERS)
        return answer


class _Server(web.Server):
    """Makes our own handlers."""

    def __call__(self) -> RequestHandler:
        return _Handler(self, loop=self._loop, **self._kwargs)


class _Runner(web.AppRunner):
    """The library's runner names no way to choose the class of handlers."""

    async def _make_server(self) -> web.Server:
        server = await super()._make_server()
        server.__class__ = _Server
        return server


class WebServer:
    """The application on a socket."""

    def __init__(self, app: web.Application) -> None:
        self._runner = _Runner(app, access_log=None, handle_signals=False)

    async def start(self, host: str, port: int) -> int:
        """Listen; port 0 takes any free one. Returns the port."""
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        return int(self._runner.addresses[0][1])

    async def close(self) -> None:
        """Stop listening, and let requests under way end."""
        await self._runner.cleanup()


async def _metrics(request: web.Request) -> web.Response:
    """Only for this machine: not from outside, and not through a proxy on this machine."""
    forwarded = any(name in request.headers for name in _FORWARDED)
    if forwarded or not is_loopback(request.remote or ""):
        raise web.HTTPNotFound
    return web.Response(
        body=metrics.exposition(), headers={"Content-Type": "text/plain; version=0.0.4"}
    )


async def _set_headers(request: web.Request, response: web.StreamResponse) -> None:  # noqa: ARG001
    response.headers.update(_HEADERS)
