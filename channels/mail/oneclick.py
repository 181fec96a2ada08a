"""Unsubscribing with one click (RFC 8058): `POST` acts, `GET` only shows a button.

Link scanners and previews follow every link in a mail, so looking must do nothing. The answer is
the same octets for a token that works, one that was used and one that never was: its language is
the one her browser asks for, never one that we know of her.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Final

from aiohttp import web

from channels.contract import Hear, News, Report
from channels.secret import Secret

_CSP: Final = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'"
_PAGE = """<!doctype html>
<html lang="{language}" dir="{direction}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
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
_ASK = """<h1>{question}</h1>
<form method="post">
<input type="hidden" name="List-Unsubscribe" value="One-Click">
<button>{button}</button>
</form>
<p>{nobody}</p>"""
_DONE = """<h1>{done}</h1>
<p>{close}</p>"""
_RANGE = re.compile(
    r"\s*([a-z]{2,3})(?:-[a-z0-9-]+)?\s*(?:;\s*q=([01](?:\.[0-9]{0,3})?)\s*)?", re.IGNORECASE
)
"""One language of `Accept-Language`, and how much it is wanted (RFC 9110 section 12.5.4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What the page says, in one language."""

    language: str = "en"
    direction: str = "ltr"
    title: str = "Messages"
    question: str = "Get no more messages?"
    button: str = "Get no more messages"
    nobody: str = "Nobody else is told."
    done: str = "You will get no more messages."
    close: str = "Nobody else was told. You may close this page."

    def page(self, content: str) -> str:
        """The whole page around what is to be said."""
        said = {name: escape(getattr(self, name)) for name in self.__slots__}
        return _PAGE.format(**said, content=content.format(**said))


def routes(hear: Hear, known: Iterable[Words] = ()) -> list[web.AbstractRouteDef]:
    """`/u/{token}`. `hear` must have made it durable when it returns.

    `known`: the languages there are; English is always one, and what is shown if none is wanted.
    """
    by_language = {"en": Words(), **{words.language: words for words in known}}
    asking = {language: words.page(_ASK) for language, words in by_language.items()}
    done = {language: words.page(_DONE) for language, words in by_language.items()}

    async def ask(request: web.Request) -> web.Response:
        return _page(request, asking)

    async def act(request: web.Request) -> web.Response:
        """RFC 8058 section 3.2: urlencoded or multipart; no cookies, no redirect."""
        form = await request.post()
        if form.get("List-Unsubscribe") != "One-Click":
            return _page(request, asking)
        token = Secret(request.match_info["token"])
        await hear(Report(news=News.UNSUBSCRIBE, token=token))
        return _page(request, done)

    return [web.get("/u/{token}", ask), web.post("/u/{token}", act)]


def _page(request: web.Request, pages: Mapping[str, str]) -> web.Response:
    return web.Response(
        text=pages[wanted(request.headers.get("Accept-Language", ""), pages)],
        content_type="text/html",
        headers={"Content-Security-Policy": _CSP, "Vary": "Accept-Language"},
    )


def wanted(header: str, known: Iterable[str]) -> str:
    """The known language that is wanted most; English if none is. What is no language is passed."""
    found, most = "en", 0.0
    languages = set(known)
    for part in header.split(","):
        read = _RANGE.fullmatch(part)
        if read is None or read[1].lower() not in languages:
            continue
        much = float(read[2]) if read[2] else 1.0
        if much > most:
            found, most = read[1].lower(), much
    return found
