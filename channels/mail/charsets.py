"""Bytes to letters, whatever the label says. Never raises and never drops a letter.

Labels are treated as the WHATWG Encoding Standard treats them (what mail programs do), from a
closed list: Python would also look up `zlib` or `unicode_escape` as a charset.
"""

from __future__ import annotations

import codecs
import re

_SUPERSETS = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "gb18030": "gb18030",
    "x-gbk": "gb18030",
    "cp936": "gb18030",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "cp932": "cp932",
    "euc-kr": "cp949",
    "ks_c_5601-1987": "cp949",
    "ksc5601": "cp949",
    "cp949": "cp949",
    "iso-8859-8-i": "iso8859-8",
    "iso-8859-9": "cp1254",
    "iso-8859-11": "cp874",
    "tis-620": "cp874",
    "macintosh": "mac_roman",
    "x-mac-roman": "mac_roman",
    "x-mac-cyrillic": "mac_cyrillic",
    "unicode-1-1-utf-7": "utf-7",
    "utf-16": "utf-16-be",  # RFC 2781 section 4.3, where no byte order mark says otherwise
}
_PLAIN = re.compile(
    r"(?:iso-?8859-?(?:[2-7]|8|10|1[3-6])|windows-?(?:874|125[0-8])|cp(?:437|8\d\d|125[0-8])"
    r"|koi8-[rtu]|big5(?:-hkscs)?|euc-jp|iso-2022-(?:jp(?:-[123]|-2004|-ext)?|kr)|hz(?:-gb-2312)?"
    r"|euc[-_]jis[-_]2004|johab|utf-7|utf-16-?[bl]e|utf-32(?:-?[bl]e)?)"
)
_LATIN = {
    "",
    "ascii",
    "us-ascii",
    "iso-8859-1",
    "iso8859-1",
    "latin1",
    "latin-1",
    "l1",
    "windows-1252",
    "cp1252",
    "ansi_x3.4-1968",
    "utf-8",
    "utf8",
    "utf-8mb4",
    "utf8mb4",
    "unicode-1-1-utf-8",
}
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_HANDLER = "channels.mail.windows-1252"


def _as_windows_1252(error: UnicodeError) -> tuple[str, int]:
    """Read the bytes that are no UTF-8 one by one as windows-1252: a mislabelled letter stays."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    bad = error.object[error.start : error.end]
    return bad.decode("cp1252", "replace"), error.end


codecs.register_error(_HANDLER, _as_windows_1252)


def decode(data: bytes, label: str = "") -> str:
    """Decode `data` as `label` says, or as it looks where the label is unknown or wrong.

    Undeclared and Western text is UTF-8 if it can be, else windows-1252; anything else is
    decoded with U+FFFD for what does not fit. The result holds no surrogates.
    """
    for mark, codec in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return _safe(data[len(mark) :].decode(codec, "replace"))
    declared = _codec(label)
    if declared is None:
        return guess(data)
    try:
        return _safe(data.decode(declared, "replace"))
    except (UnicodeError, LookupError):  # a stateful codec may still give up
        return guess(data)


def guess(data: bytes) -> str:
    """UTF-8, with what is not UTF-8 read as windows-1252."""
    return _safe(data.decode("utf-8", _HANDLER))


def _codec(label: str) -> str | None:
    """The Python codec for a label out of the closed list, `None` where guessing is better."""
    name = label.strip().strip("'\"").strip().lower()
    if name in _LATIN:
        return None
    if name in _SUPERSETS:
        return _SUPERSETS[name]
    if not _PLAIN.fullmatch(name):
        return None
    try:
        return codecs.lookup(name).name
    except LookupError:
        return None


def _safe(text: str) -> str:
    """Without lone surrogates, which no encoder takes."""
    return text.encode("utf-8", "replace").decode("utf-8") if _SURROGATE.search(text) else text


_SURROGATE = re.compile("[\ud800-\udfff]")
