"""What a text weighs on the air. Pure.

Lengths are septets (GSM 7-bit default alphabet, 3GPP TS 23.038 section 6.2.1) or UTF-16 units
(UCS-2); Twilio uses no national shift tables. One character outside the alphabet turns the whole
message into UCS-2.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_EXTENSION = frozenset("\f^{}\\[~]|€")
_SEPTETS = dict.fromkeys(_GSM, 1) | dict.fromkeys(_GSM_EXTENSION, 2)


class Encoding(Enum):
    """What a text is sent in."""

    GSM_7 = "GSM-7"
    UCS_2 = "UCS-2"


_LIMITS = {
    Encoding.GSM_7: (160, 153, 152),
    Encoding.UCS_2: (70, 67, 66),
}
"""A single message; a part of several; the same on a toll-free number at Twilio."""


@dataclass(frozen=True, slots=True)
class Weight:
    """How far a text has filled its segments, were it sent as several."""

    parts: int = 1
    used: int = 0
    """Septets or units in the last part."""
    total: int = 0
    """Septets or units in all."""
    units: int = 0
    """UTF-16 units in all, whatever the encoding."""


NOTHING = Weight()


@dataclass(frozen=True, slots=True)
class Scale:
    """Weighs a text piece by piece in one encoding, each piece once."""

    encoding: Encoding
    toll_free: bool = False

    def add(self, weight: Weight, text: str) -> Weight | None:
        """The weight with `text` behind it; `None` if a character is not in the alphabet.

        An escape pair (a character of the extension) and a surrogate pair move whole into the next
        part (3GPP TS 23.040 section 9.2.3.24.1).
        """
        limit = _LIMITS[self.encoding][2 if self.toll_free else 1]
        parts, used, total = weight.parts, weight.used, weight.total
        for cost in self._costs(text):
            if cost is None:
                return None
            if used + cost > limit:
                parts, used = parts + 1, 0
            used += cost
            total += cost
        return Weight(parts, used, total, weight.units + units(text))

    def segments(self, weight: Weight) -> int:
        """How many messages the carriers count. At least one."""
        return 1 if weight.total <= _LIMITS[self.encoding][0] else weight.parts

    def _costs(self, text: str) -> Iterable[int | None]:
        if self.encoding is Encoding.GSM_7:
            return map(_SEPTETS.get, text)
        return (2 if c > "\uffff" else 1 for c in text)


def units(text: str) -> int:
    """Length in UTF-16 units."""
    return len(text) + sum(1 for c in text if c > "\uffff")


def encoding(text: str) -> Encoding:
    """GSM-7 if every character is in the alphabet or its extension, else UCS-2."""
    return Encoding.GSM_7 if all(c in _SEPTETS for c in text) else Encoding.UCS_2


def segments(text: str, *, toll_free: bool = False) -> int:
    """How many messages the carriers count. At least one."""
    scale = Scale(encoding(text), toll_free)
    return scale.segments(scale.add(NOTHING, text) or NOTHING)
