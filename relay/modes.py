"""How posts come, as members write it: `3h`, `digest 8:00`, `bundle`; in seven languages."""

from __future__ import annotations

import re
from collections.abc import Mapping

from relay.errors import RefusalError
from relay.hours import read_time
from relay.words.folding import folded

_WAYS: Mapping[str, tuple[str, ...]] = {
    "every": (
        *("every", "every post", "each", "all", "cada uno", "cada mensaje", "todos", "tous"),
        *("chacun", "chaque message", "alle", "jede", "jede nachricht", "cada mensagem"),
        *("كل رسالة", "الكل", "每条", "每條", "全部"),
    ),
    "bundle": (
        *("bundle", "bundles", "together", "juntos", "paquete", "ensemble", "groupés"),
        *("bündel", "gebündelt", "pacote", "معا", "حزمة", "合并", "合併"),
    ),
    "1h": (
        *("1h", "1 hour", "hourly", "every hour", "cada hora", "1 hora", "chaque heure"),
        *("toutes les heures", "1 heure", "stündlich", "jede stunde", "1 stunde"),
        *("كل ساعة", "每小时", "每小時", "1小时", "1小時"),
    ),
    "3h": (
        *("3h", "3 hours", "every 3 hours", "every three hours", "3 horas", "cada 3 horas"),
        *("cada tres horas", "3 heures", "toutes les 3 heures", "toutes les trois heures"),
        *("3 stunden", "alle 3 stunden", "alle drei stunden", "cada três horas", "a cada 3 horas"),
        *("كل 3 ساعات", "كل ثلاث ساعات", "每3小时", "每3小時", "3小时", "3小時"),
    ),
    "nudge": (
        *("nudge", "nudges", "aviso", "avisos", "avis", "hinweis", "hinweise", "تنبيه"),
        *("提醒", "通知"),
    ),
}
_DIGESTS = (
    *("digest", "daily", "resumen", "diario", "résumé", "quotidien", "übersicht", "täglich"),
    *("resumo", "diário", "ملخص", "يومي", "摘要", "每日", "每天"),
)
_BY_SPELLING = {folded(said): way for way, many in _WAYS.items() for said in many}
_DIGEST_WORDS = frozenset(map(folded, _DIGESTS))
_BETWEEN = frozenset(map(folded, ("at", "a las", "à", "um", "às", "as", "الساعة", "في")))
_HOURS = re.compile(r"\d{1,2}\s?h(?:ours?)?", re.IGNORECASE)


def read_mode(text: str) -> dict[str, str] | None:
    """Read the settings of a way in which posts can come; `None` if it is none.

    Of a digest the time may be left out: then it stays as it is.
    """
    way = _BY_SPELLING.get(folded(text))
    if way == "bundle":
        return {"mode": "every", "after_quiet": "bundle"}
    if way == "every":
        return {"mode": "every", "after_quiet": "each"}
    if way is not None:
        return {"mode": way}
    said = _digest(text)
    if said is None:
        return None
    if not said:
        return {"mode": "digest"}
    try:
        return {"mode": "digest", "digest_at": f"{read_time(said):%H:%M}"}
    except RefusalError:
        return None


def looks_like_mode(text: str) -> bool:
    """Whether a way was surely meant that there is not: `2h`, or a digest at no time of day."""
    if read_mode(text) is not None:
        return False
    said = _digest(text)
    return _HOURS.fullmatch(text.strip()) is not None or (said is not None and said[:1].isdecimal())


def _digest(text: str) -> str | None:
    """What follows a word for digest, without a word between; `None` if there is no such word."""
    first, _, rest = text.strip().partition(" ")
    if folded(first) not in _DIGEST_WORDS:
        return None
    between, _, time = rest.strip().rpartition(" ")
    return time if folded(between) in _BETWEEN else rest.strip()
