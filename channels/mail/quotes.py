"""Cut what a mail program added: signature and quoted history. In doubt, her words stay.

An attribution line ("On ... wrote:") holds a time, a zone and often her own secret alias; it goes
wherever it stands above a quote, also where the quote itself stays. What is cut and what stays is
told in docs/quotes.md.

Every step looks at each line a bounded number of times, and at a bounded number of its letters
where an expression could look twice: the time is linear in the length of the text.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from channels.mail.devices import is_device, is_link
from channels.mail.phrases import FORWARD, LABELS, ORIGINAL, WROTE
from channels.mail.plain import INVISIBLE, SIGNATURE, visible

_LABELS_ALONE = {label: kind for label, kind in LABELS.items() if kind in {"reader", "subject"}}
_FOUR = {"sender", "moment", "reader", "subject"}
_RULE = re.compile(r"[_\-\u2014\u2500]{5,}|[-_=]{3,}[^-_=]{1,40}[-_=]{3,}")
_FIELD = re.compile(r"\*?([^\s:\uff1a*][^:\uff1a]{0,28})[:\uff1a]\s*(.*)")
_ADDRESS = re.compile(r"[^\s<>@]{1,100}@[^\s<>@.]{1,100}\.[^\s<>@]")
_CLOCK = re.compile(r"(?<![\d./-])\d{1,2} ?[:.h時时点點] ?\d{2}(?!\d|\.\d)")
_DAY = re.compile(
    r"(?<!\d)\d{1,2}\D{1,24}\d{4}(?!\d)|\d{4}\D{1,3}\d{1,2}\D{1,3}\d{1,2}"
    r"|(?<!\d)\d{1,2}[./-]\d{1,2}[./-]\d{2}"
)
_WROTE_LAST = re.compile(WROTE.pattern + r"$", re.IGNORECASE)
_DASHES = re.compile(r"-- ?|[\u2014\u2013]{1,40} ?")
_FULL_NAME = re.compile(
    r"(?:[A-Z\u00c0-\u00de][\w'\u2019.-]{0,30} ){1,3}[A-Z\u00c0-\u00de][\w'\u2019-]{1,30}"
)
_PLATE = re.compile(r"[^a-z\s](?:[^\s]{0,30} ){0,4}[^\s]{0,30}[^\s.!?:,]")
"""A line as on a door: short, and no sentence."""
_CONTACT = re.compile(
    r"@[\w-]{1,60}\.\w|https?://|www\.|\U0001f4de|\U0001f4f1|\U0001f4e7|\u260e|\u2709"
    r"|(?:\+|\b(?:tel|fax|mob|phone|cell|mobile|handy)\W{1,3})[ \d()./-]{7}",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?:[!?\u3002\uff01\uff1f\u061f।]|\w{5}\.)$")
_COLONS = (":", "\uff1a")
_MACHINE_FIELD = re.compile(r"([A-Za-z][A-Za-z0-9_-]{1,60}):(?:[ \t]|$)")
_TELLING = re.compile(
    r"(?:received(?:-spf)?|return-path|delivered-to|envelope-to|delivery-date|message-id|references"
    r"|in-reply-to|mime-version|content-(?:type|transfer-encoding|disposition|id)|errors-to"
    r"|dkim-signature|domainkey-signature|authentication-results|arc-[a-z-]+|x-[a-z0-9_-]+"
    r"|user-agent|thread-(?:topic|index)|list-[a-z]+|precedence|autocrypt)$",
    re.IGNORECASE,
)
_BROKEN_END = re.compile(r">[^>]{0,30}[:\uff1a]\s*")
_BRACKETED = re.compile(r"[<(\[]\s?[^\s<>@]{1,100}@[^\s<>@.]{1,100}\.[^\s<>@]")
_OPEN_ADDRESS = re.compile(r"<[^<>\s]{1,100}@[^<>\s]{1,90}$")
_MOST_LINES = 4
_MOST_TRIES = 500
"""Lines that look like a program's and are not. After so many, it is a text about mail."""
_LONGEST = 500
"""Characters of an attribution or field. Longer ones are her words, and would cost time."""
_BLOCK = 16
"""Lines of a header block that are looked at."""
_SIGNED = 6
"""Lines of a signature that is not marked as the standard says, at most."""
_SHORT, _FEW = 64, 8
"""Letters and words of a line of such a signature, at most."""
_BY_HAND = 12
"""Lines of a quote somebody types herself, at most."""


class _Added(NamedTuple):
    """Lines a program put in; `open` when what stands below them is not history to cut."""

    end: int
    open: bool


def cut(text: str, ours: str = "") -> str:
    """`text` without signature, quoted history at its end, and attribution lines.

    `ours` is the relay's mail domain: a line that names an address there was put in by a mail
    program, whatever its language.
    """
    lines = _without_machinery(_mended(text.split("\n")))
    lines = _without_history(lines, ours)
    lines = _without_signature(lines)
    lines = _without_tail(_without_unmarked_tail(lines, ours), ours)
    lines = _without_nameplate(lines)
    lines = _without_our_names(_without_attributions(lines, ours), ours)
    return "\n".join(_without_devices(lines)).strip("\n").rstrip()


def _mended(lines: list[str]) -> list[str]:
    """With attributions whole whose line broke before the `>` of the address."""
    whole: list[str] = []
    for line in lines:
        if whole and _BROKEN_END.fullmatch(line[:60]) and _OPEN_ADDRESS.search(whole[-1][-200:]):
            whole[-1] += line
        else:
            whole.append(line)
    return whole


# The insides of a message -------------------------------------------------------------------


def _without_machinery(lines: list[str]) -> list[str]:
    """Without heads and borders of MIME that a broken program left in the text.

    A head is a run of fields of which two are such as no person writes; a border is a line that
    stands above `Content-` fields, and the one that closes it. They hold hosts and addresses.
    """
    kept: list[str] = []
    borders: set[str] = set()
    at = 0
    while at < len(lines):
        border = lines[at].startswith("--") and _is_content(lines, at + 1)
        end, telling = _run_of_fields(lines, at + border)
        if border:
            borders.add(lines[at].rstrip())
            at = end
        elif telling >= 2:
            at = end
        else:
            kept += lines[at : max(end, at + 1)]
            at = max(end, at + 1)
    return [line for line in kept if line.rstrip().removesuffix("--") not in borders]


def _is_content(lines: list[str], at: int) -> bool:
    return at < len(lines) and lines[at][:8].lower() == "content-" and ":" in lines[at][:40]


def _run_of_fields(lines: list[str], at: int) -> tuple[int, int]:
    """Where the run of fields that begins here ends, and how many of them only machines write."""
    telling = 0
    begin = at
    while at < len(lines):
        field = _MACHINE_FIELD.match(lines[at][:80])
        folded = at > begin and lines[at][:1] in (" ", "\t") and lines[at].strip()
        if not field and not folded:
            break
        telling += bool(field and _TELLING.match(field[1]))
        at += 1
    return at, telling


# Dividers and blocks of header fields ------------------------------------------------------


def _without_history(lines: list[str], ours: str) -> list[str]:
    """Without what stands from "-----Original Message-----" or a block of header fields on.

    Where `>` lines or a forwarded text follow, only the divider and the fields go.
    """
    bare = [visible(line) for line in lines]
    kept: list[str] = []
    at = tries = 0
    while at < len(lines):
        looks = tries < _MOST_TRIES and _looks_added(bare[at])
        tries += looks
        added = _added(bare, at, ours, first=not any(map(str.strip, kept))) if looks else None
        if added is None:
            kept.append(lines[at])
            at += 1
        elif added.open:
            at = added.end
        else:
            break
    return kept


def _looks_added(line: str) -> bool:
    """Whether it is worth a closer look: a field, a divider or a rule."""
    if not line or len(line) > _LONGEST:
        return False
    if line[0] == ">":
        return False
    if line.isascii() and line[0].isalpha() and ":" not in line[:50] and "@" not in line:
        return False
    if _kind(line) or _RULE.match(line) or ORIGINAL.fullmatch(line) or FORWARD.fullmatch(line):
        return True
    return "@" in line and (_field(line) is not None or bool(_ADDRESS.search(line)))


def _added(bare: list[str], at: int, ours: str, *, first: bool) -> _Added | None:
    """The divider, the fields, or both, that begin at this line, if they do.

    `first`: nothing of hers stands above. What is below, if it is not ours, is then what she
    wants to show.
    """
    line = bare[at]
    below = _next_line(bare, at + 1)
    if FORWARD.fullmatch(line):
        end = _block_end(bare, below, ours, ruled=True)
        return _Added(end, not _names_us(" ".join(bare[below:end]), ours)) if end else None
    if _RULE.match(line) or ORIGINAL.fullmatch(line):
        end = _block_end(bare, below, ours, ruled=True)
        end = end or (at + 1 if ORIGINAL.fullmatch(line) else 0)
    else:
        end = _notes_end(bare, at) or _block_end(bare, at, ours, ruled=False)
    shown = first and not _names_us(" ".join(bare[at:end]), ours)
    return _Added(end, shown or _quotes_below(bare, end)) if end else None


def _notes_end(bare: list[str], at: int) -> int:
    """Where the head ends that Lotus Notes puts above history; 0 if none begins here.

    A line with an address, day and time in it or below, and then labels alone on their lines.
    """
    lines = [line[:_LONGEST] for line in bare[at : at + _BLOCK]]
    if not _ADDRESS.search(lines[0]) or not _stamped(" ".join(lines[:4])):
        return 0
    labels = {_LABELS_ALONE.get(line.strip(" :\t").lower(), ""): i for i, line in enumerate(lines)}
    if not labels.keys() >= {"reader", "subject"}:
        return 0
    below = labels["subject"] + 1
    return min(_next_line(bare, at + below) + 1, len(bare))


def _block_end(bare: list[str], at: int, ours: str, *, ruled: bool) -> int:
    """Where the header block that begins at `at` ends; 0 if none does.

    A block: three fields of which one names our domain; or sender, time, reader and subject in a
    language we know, under a divider (`ruled`) or with a time of day.
    """
    kinds: dict[str, str] = {}
    values: list[str] = []
    end = index = at
    while index < min(at + _BLOCK, len(bare)):
        field = _field(bare[index])
        if field is None and not (values and _continues(bare, index)):
            break
        if field is None:
            values[-1] += " " + bare[index][:_LONGEST]
        else:
            values.append(field[1])
            kinds.setdefault(LABELS.get(field[0], ""), field[1])
            end = index + 1
        index += 1
    return end if _is_block(kinds, values, ours, ruled=ruled) else 0


def _is_block(kinds: dict[str, str], values: list[str], ours: str, *, ruled: bool) -> bool:
    timed = ruled or bool(_CLOCK.search(kinds.get("moment", "")))
    naming = next((value for value in values[:6] if _names_us(value, ours)), "")
    known = len(kinds.keys() - {""})
    if naming and len(values) >= 3:
        return known >= 2 or "<" in naming or "mailto:" in naming
    addressed = len(values) >= 3 and "@" in kinds.get("sender", "")
    if naming or addressed or (ruled and len(values) >= 3):
        return timed and {"sender", "moment"} <= kinds.keys()
    return timed and kinds.keys() >= _FOUR


def _continues(bare: list[str], index: int) -> bool:
    """Whether this line, blank or the rest of a long value, is followed by one more field."""
    return index + 1 < len(bare) and bool(_kind(bare[index + 1]))


def _field(line: str) -> tuple[str, str] | None:
    match = _FIELD.fullmatch(line) if len(line) <= _LONGEST * 4 else None
    return (match[1].strip(" *").lower(), match[2]) if match else None


def _kind(line: str) -> str:
    """Which header field of those we know this line is; empty if none."""
    field = _field(line) if ":" in line[:34] or "\uff1a" in line[:34] else None
    return LABELS.get(field[0], "") if field else ""


def _quotes_below(bare: list[str], end: int) -> bool:
    """Whether what follows is marked, so that her answers can be told from it.

    An attribution may stand between.
    """
    below = _next_line(bare, end)
    return any(line.startswith(">") for line in bare[below : below + _MOST_LINES + 2])


def _next_line(bare: list[str], at: int) -> int:
    """The next line with letters, at most three further down."""
    return next((i for i in range(at, min(at + 3, len(bare))) if bare[i]), at)


# Signatures --------------------------------------------------------------------------------


def _without_signature(lines: list[str]) -> list[str]:
    """Without the standard signature (RFC 3676 section 4.3), which ends where a quote begins."""
    lines = _without_bare_signature(lines)
    if SIGNATURE not in lines:
        return lines
    begin = lines.index(SIGNATURE)
    rest = range(begin, len(lines))
    end = next((at for at in rest if lines[at].startswith(">")), len(lines))
    return lines[:begin] + lines[end:]


def _without_bare_signature(lines: list[str]) -> list[str]:
    """Without a short one at the end that follows a quote and has lost the space behind `--`."""
    after = range(len(lines) - 1, max(0, len(lines) - 1 - _SIGNED), -1)
    begin = next((at for at in after if lines[at] == SIGNATURE.rstrip()), 0)
    above = next((line for line in lines[max(0, begin - 3) : begin][::-1] if line.strip()), "")
    return lines[:begin] if above.startswith(">") else lines


def _without_nameplate(lines: list[str]) -> list[str]:
    """Without a short signature at the end whose mark has lost its space, or is one long dash.

    It holds a contact, or is a full name with lines as on a door.
    """
    after = range(len(lines) - 1, max(0, len(lines) - 2 - _SIGNED), -1)
    begin = next((at for at in after if _DASHES.fullmatch(lines[at])), 0)
    below = [line.strip() for line in lines[begin + 1 : begin + 2 + _SIGNED] if line.strip()]
    if not any(map(str.strip, lines[:begin])) or not below or not all(map(_is_short, below)):
        return lines
    named = _FULL_NAME.fullmatch(below[0]) and all(map(_PLATE.fullmatch, below))
    return lines[:begin] if named or any(map(_CONTACT.search, below)) else lines


def _is_short(line: str) -> bool:
    return len(line) <= _SHORT and len(line.split()) <= _FEW


def _without_devices(lines: list[str]) -> list[str]:
    """Without "Sent from my iPhone" at the end and directly above a quote."""
    kept: list[str] = []
    for line in [*lines, ">"]:
        if line.startswith(">"):
            end = len(kept)
            while end and (not kept[end - 1].strip() or _signed_with(kept, end)):
                end -= 1
            if any(map(is_device, kept[end:])):
                kept[end:] = [""]
        kept.append(line)
    return kept[:-1]


def _signed_with(lines: list[str], end: int) -> bool:
    """Whether the last line before `end` is a device's, or the link that such a one announces."""
    last = lines[end - 1]
    return is_device(last) or (
        end > 1 and is_link(last) and lines[end - 2].endswith(":") and is_device(lines[end - 2])
    )


# Quotes and attributions -------------------------------------------------------------------


def _without_tail(lines: list[str], ours: str) -> list[str]:
    """Without the `>` lines at the end, what introduces them, and device lines above that."""
    left = len(lines)
    while (start := _tail_start(lines, left, ours)) < left:
        left = start
    return lines[:left]


def _tail_start(lines: list[str], left: int, ours: str) -> int:
    """Where what a program added to the end of the first `left` lines begins; `left` if nowhere."""
    end = left
    while end and (not lines[end - 1].strip() or lines[end - 1].startswith(">")):
        end -= 1
    first = next((at for at in range(end, left) if lines[at].startswith(">")), None)
    if first is None:
        if not end or not _signed_with(lines, end):
            return left
        return end - 2 if end > 1 and lines[end - 2].strip() == "--" else end - 1
    if _is_by_hand(lines[max(0, first - _MOST_LINES - 1) : first], lines[first:left], ours):
        return left
    return _attribution_start(lines, end, ours, last=True)


def _is_by_hand(above: list[str], below: list[str], ours: str) -> bool:
    """Whether a short quote stands right below a line of hers that ends in a colon."""
    if not above or not visible(above[-1]).endswith(_COLONS):
        return False
    quote = [line for line in below if line.strip()]
    if len(quote) > _BY_HAND or any(line.startswith(">>") for line in quote):
        return False
    return _attribution_start(above, len(above), ours, last=True) == len(above)


def _without_unmarked_tail(lines: list[str], ours: str) -> list[str]:
    """Some programs quote without `>`: cut behind an attribution that a program wrote.

    One with our own domain, or one with another address in brackets. Above the latter must stand
    something of hers: else what is below is all there is, and only the attribution goes.
    """
    found = [at for at, line in enumerate(lines) if "@" in line and line[:1] != ">"][:_MOST_TRIES]
    gone: set[int] = set()
    for at in found:
        end = _end_below(lines, at, ours)
        if not end or _quotes_below(lines, end):
            continue
        start = _attribution_start(lines, end, ours)
        block = " ".join(lines[start:end])
        if start == end or start in gone or not _is_programs(block, ours):
            continue
        above = (line for i, line in enumerate(lines[:start]) if i not in gone)
        if _names_us(block, ours) or any(map(str.strip, above)):
            return [line for i, line in enumerate(lines[:start]) if i not in gone]
        gone |= set(range(start, end))
    return [line for i, line in enumerate(lines) if i not in gone]


def _is_programs(block: str, ours: str) -> bool:
    """Whether no person would have written this attribution; surer than `_is_attribution`."""
    stamped, wrote = _stamped(block), bool(WROTE.search(block))
    if _names_us(block, ours):
        return stamped or (wrote and "<" in block)
    if _BRACKETED.search(block):
        return stamped or wrote
    return stamped and wrote and bool(_ADDRESS.search(block))


def _end_below(lines: list[str], at: int, ours: str) -> int:
    """Behind the line that ends the attribution of which `at` is a part; 0 if none does."""
    for index in range(at, min(at + _MOST_LINES, len(lines))):
        line = visible(lines[index])
        if not line or line.startswith(">"):
            return 0
        if _closes(line, ours):
            return index + 1
    return 0


def _closes(line: str, ours: str) -> bool:
    """Whether an attribution may end with this line: a colon, or for some dashes or the verb."""
    if line.endswith(_COLONS):
        return True
    ends = line.endswith("--") or _WROTE_LAST.search(line[-20:])
    return bool(ends) and (_names_us(line, ours) or (len(line) <= _LONGEST and _stamped(line)))


def _without_attributions(lines: list[str], ours: str) -> list[str]:
    """Without the attributions above quotes that stay (interleaved answers), at every depth."""
    kept: list[str] = []
    depth = 0
    for line in lines:
        deeper = _depth(line)
        if deeper > depth or (deeper and not _depth(kept[-1] if kept else "")):
            end = len(kept)
            while end and not kept[end - 1].strip("> "):
                end -= 1
            start = _quoted_attribution_start(kept, end, ours)
            if start < end:
                del kept[start:]
        kept.append(line)
        depth = deeper if line.strip() else depth
    return kept


def _depth(line: str) -> int:
    """How many `>` the line begins with, spaces between them not counted; at most nine."""
    if not line.startswith(">"):
        return 0
    head = line[:18].replace(" ", "")
    return len(head) - len(head.lstrip(">"))


def _quoted_attribution_start(lines: list[str], end: int, ours: str) -> int:
    """As `_attribution_start`, for lines that may be quoted themselves."""
    if not end:
        return end
    depth = _depth(lines[end - 1])
    if not depth:
        return _attribution_start(lines, end, ours)
    begin = end
    while begin and end - begin <= _MOST_LINES and _depth(lines[begin - 1]) == depth:
        begin -= 1
    inner = [line.lstrip("> ") for line in lines[begin:end]]
    return begin + _attribution_start(inner, len(inner), ours)


def _without_our_names(lines: list[str], ours: str) -> list[str]:
    """Without quoted lines that name our domain: they are not hers, and hold an alias."""
    return [line for line in lines if not (line.startswith(">") and _is_ours(line, ours))]


def _is_ours(line: str, ours: str) -> bool:
    return _names_us(line, ours) or (line.endswith(_COLONS) and _stamped(line))


def _attribution_start(lines: list[str], end: int, ours: str, *, last: bool = False) -> int:
    """Where the attribution that ends before `end` begins; `end` if there is none.

    It is the last one to four lines before a quote, ends in a colon, and names our domain, or
    holds a day and a time, or an address and a verb of writing. Above the quote that ends the
    text (`last`) a day and such a verb are enough.
    """
    if not end or not _closes(visible(lines[end - 1]), ours):
        return end
    found = end
    for start in range(end - 1, max(-1, end - 1 - _MOST_LINES), -1):
        line = visible(lines[start])
        if not line or line.startswith(">") or (start < end - 1 and _SENTENCE.search(line[-9:])):
            break
        if sum(map(len, lines[start:end])) > _LONGEST:
            break
        block = " ".join(map(visible, lines[start:end]))
        if _is_attribution(block, ours, single=start == end - 1, last=last) and (
            found == end or _belongs(line, lines[found:end], block, ours)
        ):
            found = start
    return found


def _belongs(line: str, below: list[str], block: str, ours: str) -> bool:
    """Whether a line above what already is an attribution (`below`) is part of it."""
    if _names_us(line, ours) or visible(below[0]).startswith("<"):
        return True
    return _stamped(block) and not _stamped(" ".join(map(visible, below)))


def _is_attribution(block: str, ours: str, *, single: bool, last: bool) -> bool:
    wrote = bool(WROTE.search(block))
    if _names_us(block, ours):
        return True
    if _stamped(block):
        return single or wrote or bool(_ADDRESS.search(block))
    return wrote and (bool(_ADDRESS.search(block)) or (last and bool(_DAY.search(block))))


def _stamped(block: str) -> bool:
    """Whether it holds a time of day and, besides that, a day with its year."""
    without, clocks = _CLOCK.subn(" ", block[:_LONGEST])
    return bool(clocks and _DAY.search(without))


def _names_us(text: str, ours: str) -> bool:
    if not ours or "@" not in text:
        return False
    text = text.lower()
    return f"@{ours.lower()}" in (text if text.isascii() else INVISIBLE.sub("", text))
