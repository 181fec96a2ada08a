"""The page behind a link to unsubscribe: in the language of the browser, and equal for all."""

from __future__ import annotations

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from channels.contract import News, Report
from channels.mail.oneclick import Words, routes, wanted
from relay.languages.phrases import page_words
from relay.words.word import LANGUAGES

KNOWN = [Words(**page_words(language)) for language in LANGUAGES]


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("es-MX,es;q=0.9,en;q=0.8", "es"),
        ("en;q=0.8, de", "de"),
        ("nl, fr;q=0.5, de;q=0.7", "de"),
        ("AR-eg", "ar"),
        ("zh-Hans-CN", "zh"),
        ("nl", "en"),
        ("*", "en"),
        ("es;q=0", "en"),
        ("es;q=x, pt;q=0.1", "pt"),
        (";;,,q=1" * 500, "en"),
    ],
)
def test_the_language_that_is_wanted_most(header: str, language: str) -> None:
    """By what the browser says; what nobody can read is passed over."""
    assert wanted(header, LANGUAGES) == language


def test_the_page_says_the_same_in_english_wherever_its_words_come_from() -> None:
    """The channel's own words are those of the catalogues' source."""
    assert Words(**page_words("en")) == Words()


async def test_each_language_has_its_page_and_no_token_has_another() -> None:
    """Asking shows a button and does nothing; the page differs by the browser's language alone."""
    heard: list[Report] = []

    async def hear(report: Report) -> None:
        heard.append(report)

    app = web.Application()
    app.add_routes(routes(hear, KNOWN))
    async with TestClient(TestServer(app)) as client:
        for words in KNOWN:
            asked = {"Accept-Language": words.language}
            pages = [await _text(await client.get(f"/u/{t}", headers=asked)) for t in ("a", "b")]
            assert pages[0] == pages[1]
            assert f"<h1>{words.question}</h1>" in pages[0]
            assert f'lang="{words.language}" dir="{words.direction}"' in pages[0]
            assert not heard
            form = {"List-Unsubscribe": "One-Click"}
            done = await client.post("/u/a", data=form, headers=asked)
            assert words.done in await _text(done)
            assert done.headers["Vary"] == "Accept-Language"
            assert [report.news for report in heard] == [News.UNSUBSCRIBE]
            heard.clear()
    assert [words.language for words in KNOWN if words.direction == "rtl"] == ["ar"]


async def _text(answer: object) -> str:
    return str(await answer.text())  # type: ignore[attr-defined]
