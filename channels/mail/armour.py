"""Blocks for machines inside a text: keys, signatures, cards, appointments, encoded files.

People's programs put them among the words, and each names its owner: a PGP signature holds the id
of a key, a key the address it is for, a card and an appointment everything.
"""

from __future__ import annotations

import re

_ARMOUR = re.compile(
    r"-----\s?BEGIN (PGP [A-Z ]{3,30}|[A-Z0-9 ]{0,30}(?:KEY|KEY BLOCK|CERTIFICATE|X509 CRL)"
    r"|(?:NEW )?CERTIFICATE REQUEST|PKCS ?#?7|CMS)-----"
)
_SIGNED = "PGP SIGNED MESSAGE"
_SIGNATURE = "PGP SIGNATURE"
_CARD = re.compile(
    r"BEGIN:(VCARD|VCALENDAR|VEVENT|VTODO|VJOURNAL|VFREEBUSY|VALARM|VTIMEZONE|ICALENDAR)",
    re.IGNORECASE,
)
_ENCODED = re.compile(r"begin(?:-base64)? [0-7]{3,4} \S.{0,200}")
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4}){1,19}(?:[A-Za-z0-9+/=]{4})?")
_YENC = re.compile(r"=ybegin .{0,200}")
_HASH = re.compile(r"(?:Hash|Charset|NotDashEscaped):.{0,200}")
_MARKS = "> \t"
_PLACE = re.compile(
    r"\[(?:cid:|image: ?)[^\[\]\n]{0,200}\]|<cid:[^<>\s]{1,200}>"
    r"|^<[^<>/:@\n]{1,100}\.(?:jpe?g|png|gif|heic|heif|webp|pdf|mov|mp4)>$",
    re.IGNORECASE | re.MULTILINE,
)


def without_armour(text: str) -> tuple[str, bool]:
    """`text` without such blocks, and whether one was more than a signature.

    A block that does not end goes to the end of the text. Of a signed text (RFC 9580 section 7)
    the words stay. Linear in the length.
    """
    if "begin" not in text.lower():
        return text, False
    kept: list[str] = []
    left_out = False
    end = ""
    """The line with which the block ends that is left out; empty outside of one."""
    signed = head = False
    lines = text.split("\n")
    for line, below in zip(lines, [*lines[1:], ""], strict=True):
        bare = line.lstrip(_MARKS).rstrip()
        if end:
            end = "" if _ends(bare, end) else end
            continue
        begun = _ARMOUR.match(bare)
        if begun and begun[1] == _SIGNED:
            signed = head = True
            continue
        if head and (_HASH.fullmatch(bare) or not bare):
            head = bool(bare)
            continue
        head = False
        end = _end_of(bare, below.lstrip(_MARKS).rstrip())
        if end:
            signed = False
            left_out = left_out or not (begun and begun[1] == _SIGNATURE)
        else:
            kept.append(line.removeprefix("- ") if signed else line)
    return "\n".join(kept), left_out


def without_places(text: str) -> str:
    """`text` without the marks that programs leave where a picture stood: each holds its name."""
    return _PLACE.sub("", text)


def _ends(line: str, end: str) -> bool:
    folded = line.replace(" ", "").lower()
    return folded == end or (end == "=yend" and folded.startswith(end))


def _end_of(line: str, below: str) -> str:
    """The line that ends the block which begins with this one, folded; empty if none does."""
    if begun := _ARMOUR.match(line):
        return f"-----end{begun[1].replace(' ', '').lower()}-----"
    if begun := _CARD.fullmatch(line):
        return f"end:{begun[1].lower()}"
    if _ENCODED.fullmatch(line):
        if line.startswith("begin-"):
            return "====" if _BASE64.fullmatch(below) else ""
        return "end" if _is_uuencoded(below) else ""
    return "=yend" if _YENC.fullmatch(line) else ""


def _is_uuencoded(line: str) -> bool:
    """Whether the line is as long as its first letter says: four letters for three octets."""
    if not line or not " " <= line[0] <= "`":
        return False
    groups = -(-((ord(line[0]) - 32) & 63) // 3)
    return groups * 4 - 3 <= len(line) - 1 <= groups * 4 + 1
