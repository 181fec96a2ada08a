"""Plain text: line ends, characters that must not pass, and format=flowed."""

from __future__ import annotations

import re

_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_NEVER = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
_QUOTE = re.compile(r">+")
SIGNATURE = "-- "
INVISIBLE = re.compile("[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")


def clean(text: str) -> str:
    """`text` with line feeds for line ends, and without controls and direction overrides.

    Direction marks and joiners stay: Persian, Arabic and emoji are written with them.
    """
    return _NEVER.sub("", _LINE_ENDS.sub("\n", text))


def unflow(text: str, *, delsp: bool) -> str:
    """Join the soft-broken lines of `format=flowed` (RFC 3676 sections 4.1 to 4.5).

    Quote depth is written back as one `>` a level; with `delsp` the space before a soft break
    goes too (languages written without spaces).
    """
    lines: list[str] = []
    depth_before, soft = 0, False
    for raw in text.split("\n"):
        depth, line = _unstuffed(raw)
        flows = line.endswith(" ") and line != SIGNATURE
        if soft and depth == depth_before and line != SIGNATURE:
            lines[-1] += line
        else:
            lines.append(_quoted(depth, line))
        soft, depth_before = flows, depth
        if flows and delsp:
            lines[-1] = lines[-1][:-1]
    return "\n".join(lines)


def _unstuffed(raw: str) -> tuple[int, str]:
    """Quote depth, and the line without its quote marks and its one stuffed space."""
    marks = _QUOTE.match(raw)
    depth = len(marks.group()) if marks else 0
    line = raw[depth:]
    return depth, line.removeprefix(" ")


def _quoted(depth: int, line: str) -> str:
    return f"{'>' * depth} {line}" if depth else line


def visible(line: str) -> str:
    """The line without invisible characters and outer spaces."""
    return line.strip() if line.isascii() else INVISIBLE.sub("", line).strip()
