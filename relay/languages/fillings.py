"""The longest that is usually filled into each gap of a text, so that its length can be judged."""

from __future__ import annotations

from itertools import product

from relay.languages.texts import all_texts, gaps
from relay.wording.text import Text

FILLINGS: dict[str, str | int] = {
    "name": "Wilhelmina of the Meadow",
    "count": 120,
    "day": "2026-12-24",
    "then": "2027-01-21",
    "time": "2026-12-24 18:00",
    "sign": "+",
    "signs": "+ 12, ! 9",
    "programme": "Tuesday Relay",
    "reach": "Call 202 555 0100",
    "crisis": "988, call or text",
    "alternatives": "your doctor, or call 211",
    "short": 998,
    "taker": "Wilhelmina of the Meadow",
    "start": "2026-12-24 18:00",
    "end": "2026-12-28 18:00",
    "note": "Robin is alone tonight",
    "until": "2026-12-24 18:00",
    "number": 4821,
    "code": 4821,
    "when": "2026-12-24 18:00",
    "plans": ", ".join(f"48{number}: 2026-12-24 18:00" for number in range(5)),
    "by": "Wilhelmina of the Meadow",
    "numbers": "12, 345, 678",
    "words": "Hello, I am glad to be here.",
    "reason": "please leave the names out",
    "version": 12,
    "names": "Juniper, Starling, Meadow",
    "old": "Wilhelmina of the Meadow",
    "question": "How was your week?",
    **dict.fromkeys(("one", "two", "three", "four", "five"), 12),
    "most": 120,
    "hours": "22:00-07:00, sat-sun 23:00-09:00 (New York)",
    "mask": "m7kq2x9d4w3t@relay.example.org",
}
"""By name of the gap. A pseudonym has 24 letters at the most."""

_ANY = "x" * 20

PARTS = {"crisis": ("danger.EMERGENCY",)}
"""Gaps that may hold another text, by its names."""


def filled(text: Text) -> list[Text]:
    """A text with its gaps filled, once for each text that may stand in one."""
    names = sorted(gaps(text.plural or text.template))
    choices = [_choices(name) for name in names]
    return [text.format(**dict(zip(names, one, strict=True))) for one in product(*choices)]


def _choices(name: str) -> list[str | int]:
    parts = [all_texts()[part] for part in PARTS.get(name, ())]
    return [FILLINGS.get(name, _ANY), *parts]
