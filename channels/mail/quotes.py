"""Cut what a mail program added: signature and quoted history. In doubt, her words stay.

An attribution line ("On ... wrote:") holds a time, a zone and often her own secret alias; it goes
wherever it stands above a quote, also where the quote itself stays.
"""

from __future__ import annotations

import re

from channels.mail.plain import SIGNATURE

_DIVIDER = re.compile(
    r"\s*-{3,}\s*(?:Original Message|Original Appointment|Urspr\u00fcngliche Nachricht"
    r"|Mensaje original|Message d['\u2019]origine|Message original|Mensagem original)\s*-{3,}\s*",
    re.IGNORECASE,
)
_RULE = re.compile(r"\s*[_-]{5,}\s*")
_FIELD = re.compile(r"\s*\*?([^\s:][^:\n]{0,28}):\*?\s*(.*)")
_FROM = re.compile(r"\s*\*?from\b", re.IGNORECASE)
_FEW = range(4)
_OUTLOOK = ({"from"}, {"sent", "date"}, {"to"}, {"subject"})
_ENGLISH = re.compile(r"\s*On\b.*\d.*\bwrote:\s*", re.DOTALL)
_ADDRESS = re.compile(r"[^\s<>@]+@[^\s<>@]+\.[^\s<>@]+")
_CLOCK = re.compile(r"\d{1,2}[:.h\u6642\u65f6]\d{2}")
_DAY = re.compile(r"\b(?:19|20)\d{2}\b|\d{4}\u5e74|\b\d{1,2}[./-]\d{1,2}[./-]\d{2}")
_COLONS = (":", "\uff1a")
_MOST_LINES = 4
_LONGEST = 500
"""Characters of an attribution. Longer ones are her words, and would cost time to look at."""


def cut(text: str, ours: str = "") -> str:
    """`text` without signature, quoted history at its end, and attribution lines.

    `ours` is the relay's mail domain: a line that names an address there was put in by a mail
    program, whatever its language.
    """
    lines = text.split("\n")
    del lines[_first_divider(lines, ours) :]
    del lines[_signature(lines) :]
    lines = _without_tail(lines, ours)
    lines = _without_attributions(lines, ours)
    return "\n".join(lines).strip("\n").rstrip()


def _first_divider(lines: list[str], ours: str) -> int:
    """Where "-----Original Message-----", or a block of header fields, begins; else the end."""
    near_us = {at - back for at in range(len(lines)) if _names_us(lines[at], ours) for back in _FEW}
    for at, line in enumerate(lines):
        if _DIVIDER.fullmatch(line):
            return at
        if (at in near_us or _FROM.match(line)) and _is_header_block(lines[at : at + 8], ours):
            return at - 1 if at and _RULE.fullmatch(lines[at - 1]) else at
    return len(lines)


def _is_header_block(lines: list[str], ours: str) -> bool:
    """Outlook's From, Sent, To, Subject; in other languages, three fields naming our domain."""
    fields = []
    for line in lines:
        match = _FIELD.fullmatch(line)
        if match is None:
            break
        fields.append((match[1].strip().rstrip("*").lower(), match[2]))
    names = [name for name, _ in fields]
    if all(any(name in wanted for name in names) for wanted in _OUTLOOK):
        return names[0] == "from"
    return len(fields) >= 3 and _names_us(" ".join(value for _, value in fields[:4]), ours)


def _signature(lines: list[str]) -> int:
    """Where the standard signature begins: a line of exactly `-- ` (RFC 3676 section 4.3)."""
    return lines.index(SIGNATURE) if SIGNATURE in lines else len(lines)


def _without_tail(lines: list[str], ours: str) -> list[str]:
    """Without the `>` lines at the end and what introduces them."""
    end = len(lines)
    while end and (not lines[end - 1].strip() or lines[end - 1].startswith(">")):
        end -= 1
    if any(line.startswith(">") for line in lines[end:]):
        return lines[: _attribution_start(lines, end, ours)]
    return _without_unmarked_tail(lines, ours)


def _without_unmarked_tail(lines: list[str], ours: str) -> list[str]:
    """Some programs quote without `>`: cut behind an attribution that names our own domain."""
    for at, line in enumerate(lines):
        if not _names_us(line, ours) or not line.rstrip().endswith(_COLONS):
            continue
        below = next((other for other in lines[at + 1 :] if other.strip()), "")
        if not below.startswith(">"):
            return lines[: _attribution_start(lines, at + 1, ours)]
    return lines


def _without_attributions(lines: list[str], ours: str) -> list[str]:
    """Without the attributions above quotes that stay (interleaved answers)."""
    kept: list[str] = []
    for line in lines:
        if line.startswith(">") and not (kept and kept[-1].startswith(">")):
            end = len(kept)
            while end and not kept[end - 1].strip():
                end -= 1
            start = _attribution_start(kept, end, ours)
            if start < end:
                del kept[start:]
        kept.append(line)
    return kept


def _attribution_start(lines: list[str], end: int, ours: str) -> int:
    """Where the attribution that ends before `end` begins; `end` if there is none.

    It is the last one to four lines before a quote, ends in a colon, and reads "On ... wrote:",
    or holds a date and a time, and an address if it is more than one line.
    """
    if not end or not lines[end - 1].rstrip().endswith(_COLONS):
        return end
    naming_us = end
    for start in range(end - 1, max(-1, end - 1 - _MOST_LINES), -1):
        block = "\n".join(lines[start:end])
        if not lines[start].strip() or lines[start].startswith(">") or len(block) > _LONGEST:
            break
        if _ENGLISH.fullmatch(block):
            return start
        if _stamped(block) and (start == end - 1 or _ADDRESS.search(block)):
            return start
        if naming_us == end and _names_us(block, ours):
            naming_us = start
    return naming_us


def _stamped(block: str) -> bool:
    return bool(_CLOCK.search(block) and _DAY.search(block))


def _names_us(text: str, ours: str) -> bool:
    return bool(ours) and f"@{ours.lower()}" in text.lower()
