"""Lists as the API of 2010-04-01 pages them: newest first, by a token that outlives deletion.

https://www.twilio.com/docs/usage/twilios-response#paging
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Protocol, TypeVar
from urllib.parse import urlencode

from aiohttp import web

_LARGEST = 1000
_USUAL = 50


class Numbered(Protocol):
    """Something that is listed: a later one has a greater number."""

    @property
    def serial(self) -> int:
        """Its place in the order of coming."""
        ...


T = TypeVar("T", bound=Numbered)


def page(
    request: web.Request, key: str, found: Iterable[T], show: Callable[[T], dict[str, object]]
) -> web.Response:
    """One page of what was found (newest first), with the address of the next if there is more."""
    size = max(1, min(_number(request.query.get("PageSize", ""), _USUAL), _LARGEST))
    number = _number(request.query.get("Page", ""), 0)
    before = _serial(request.query.get("PageToken", ""))
    rest = (each for each in found if before is None or each.serial < before)
    shown = list(islice(rest, size + 1))
    more, shown = len(shown) > size, shown[:size]
    following = _uri(request, size, number + 1, shown[-1].serial) if more else None
    return web.json_response(
        {
            "end": number * size + max(len(shown) - 1, 0),
            "first_page_uri": _uri(request, size, 0, None),
            "next_page_uri": following,
            "page": number,
            "page_size": size,
            "previous_page_uri": None,
            "start": number * size,
            "uri": request.path_qs,
            key: [show(each) for each in shown],
        }
    )


def _number(text: str, usual: int) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else usual


def _serial(token: str) -> int | None:
    try:
        return int(token[4:], 16) if token.startswith("PA") else None
    except ValueError:
        return None


def _uri(request: web.Request, size: int, number: int, last: int | None) -> str:
    kept = {
        name: value
        for name, value in request.query.items()
        if name not in {"Page", "PageSize", "PageToken"}
    }
    token = {} if last is None else {"PageToken": f"PASM{last:032x}"}
    asked = {**kept, "PageSize": str(size), "Page": str(number), **token}
    return f"{request.path}?{urlencode(asked)}"
