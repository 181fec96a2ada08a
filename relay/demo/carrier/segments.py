"""How many messages a text is on the air: `NumSegments`. Pure.

GSM 7-bit default alphabet and its extension (3GPP TS 23.038 section 6.2.1): 160 septets in a
single message, 153 in each of several. One character outside makes it UCS-2: 70 UTF-16 units,
67 in each of several. Toll-free numbers at Twilio: 152 and 66.
"""

from __future__ import annotations

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("\f^{}\\[~]|€")


def segments(body: str, *, toll_free: bool = False) -> int:
    """At least one. Neither an escape pair nor a surrogate pair is torn apart."""
    if _BASIC.issuperset(body) or all(c in _BASIC or c in _EXTENSION for c in body):
        costs = [2 if c in _EXTENSION else 1 for c in body]
        single, part = 160, 152 if toll_free else 153
    else:
        costs = [2 if c > "\uffff" else 1 for c in body]
        single, part = 70, 66 if toll_free else 67
    return 1 if sum(costs) <= single else _parts(costs, part)


def _parts(costs: list[int], room: int) -> int:
    count, used = 1, 0
    for cost in costs:
        if used + cost > room:
            count, used = count + 1, 0
        used += cost
    return count
