"""Unsubscribing with one click (RFC 8058): `POST` acts, `GET` only shows a button.

Link scanners and previews follow every link in a mail, so looking must do nothing. The answer is
the same octets for a token that works, one that was used and one that never was.
"""

from __future__ import annotations

from typing import Final

from aiohttp import web

from channels.contract import Hear, News, Report
from channels.secret import Secret

_CSP: Final = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'"
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Messages</title>
<style>
body {{ font: 1.125rem/1.5 system-ui, sans-serif }}
main {{ max-width: 32rem; margin: 15vh auto; padding: 0 1rem }}
button {{ font: inherit; padding: .75rem 1.5rem; min-height: 3rem }}
</style>
<main>
{content}
</main>
</html>
"""
ASK = _PAGE.format(
    content="""<h1>Get no more messages?</h1>
<form method="post">
<input type="hidden" name="List-Unsubscribe" value="One-Click">
<button>Get no more messages</button>
</form>
<p>Nobody else is told.</p>"""
)
DONE = _PAGE.format(
    content="""<h1>You will get no more messages.</h1>
<p>Nobody else was told. You may close this page.</p>"""
)


def routes(hear: Hear) -> list[web.AbstractRouteDef]:
    """`/u/{token}`. `hear` must have made it durable when it returns."""

    async def ask(request: web.Request) -> web.Response:  # noqa: ARG001 - a handler's shape
        return _page(ASK)

    async def act(request: web.Request) -> web.Response:
        """RFC 8058 section 3.2: urlencoded or multipart; no cookies, no redirect."""
        form = await request.post()
        if form.get("List-Unsubscribe") != "One-Click":
            return _page(ASK)
        token = Secret(request.match_info["token"])
        await hear(Report(news=News.UNSUBSCRIBE, token=token))
        return _page(DONE)

    return [web.get("/u/{token}", ask), web.post("/u/{token}", act)]


def _page(html: str) -> web.Response:
    return web.Response(
        text=html, content_type="text/html", headers={"Content-Security-Policy": _CSP}
    )
