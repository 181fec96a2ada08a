"""Bytes to letters, whatever the label says. Never raises and never drops a letter.

Labels are treated as the WHATWG Encoding Standard treats them (what mail programs do), from a
closed list: Python would also look up `zlib` or `unicode_escape` as a charset.
"""

from __future__ import annotations

import codecs
import re


def _names(**codecs_by_label: str) -> dict[str, str]:
    return {label: codec for codec, labels in codecs_by_label.items() for label in labels.split()}


_SUPERSETS = _names(
    gb18030="gb2312 gbk gb18030 x-gbk cp936 windows-936 ms936 gb_2312-80 csgb2312 chinese gb2312-80"
    " iso-ir-58 csiso58gb231280 euc-cn x-euc-cn hz-gb",
    big5hkscs="big5 big5-hkscs x-x-big5 cn-big5 csbig5 big5-eten big5-tw windows-950 cp950",
    cp932="shift_jis shift-jis sjis x-sjis windows-31j windows-932 cp932 ms932 ms_kanji csshiftjis"
    " ms-kanji",
    cp949="euc-kr ks_c_5601-1987 ks_c_5601-1989 ksc5601 ksc_5601 cp949 windows-949 ms949 uhc korean"
    " cseuckr csksc56011987 iso-ir-149",
    euc_jp="euc-jp x-euc-jp ujis cseucpkdfmtjapanese",
    cp874="iso-8859-11 iso8859-11 tis-620 windows-874 dos-874 cp874 x-windows-874",
    cp1254="iso-8859-9 iso8859-9 latin5 l5 csisolatin5 x-cp1254",
    cp1250="x-cp1250 cp-1250",
    cp1251="x-cp1251 cp-1251 win-1251 win1251",
    iso8859_2="latin2 l2 csisolatin2",
    iso8859_5="cyrillic csisolatincyrillic",
    iso8859_6="arabic csisolatinarabic asmo-708 ecma-114",
    iso8859_7="greek greek8 csisolatingreek ecma-118 elot_928",
    iso8859_8="hebrew visual logical csisolatinhebrew",
    iso8859_15="latin9 latin-9 l9 csisolatin9",
    koi8_r="koi8 koi koi8_r cskoi8r",
    koi8_u="koi8-ru",
    cp866="866 ibm866 csibm866",
    mac_roman="macintosh x-mac-roman mac csmacintosh",
    mac_cyrillic="x-mac-cyrillic x-mac-ukrainian",
    utf_7="unicode-1-1-utf-7 x-unicode-2-0-utf-7",
    utf_16_le="unicode ucs-2 iso-10646-ucs-2 csunicode unicodefeff",
    utf_16_be="utf-16 unicodefffe",  # RFC 2781 section 4.3, where no byte order mark says otherwise
)
"""Labels that Python does not know, or takes for less than what mail programs send under them."""
_ISO = re.compile(r"iso[-_ ]?8859[-_ ]?(\d{1,2})(?:[-_:][\w-]{1,6})?")
"""As `iso_8859-2:1987` or `iso88592`; `-i` and `-e` say only in which order letters stand."""
_PLAIN = re.compile(
    r"(?:windows-?125[0-8]|cp(?:437|8\d\d|125[0-8])"
    r"|koi8-[rtu]|iso-2022-(?:jp(?:-[123]|-2004|-ext)?|kr)|hz(?:-gb-2312)?"
    r"|euc[-_]jis[-_]2004|johab|utf-7|utf-16-?[bl]e|utf-32(?:-?[bl]e)?)"
)
_WESTERN = {
    *("iso-8859-1", "iso8859-1", "latin1", "latin-1", "l1", "windows-1252", "cp1252"),
    *("cp-1252", "x-cp1252", "iso_8859-1", "iso88591", "iso-ir-100", "csisolatin1", "cp819"),
}
_AS_WESTERN = "western"
"""No codec: UTF-8 if it can be, else windows-1252."""
_NOTHING_SAID = {
    *("", "ascii", "us-ascii", "ansi_x3.4-1968"),
    *("utf-8", "utf8", "utf-8mb4", "utf8mb4", "unicode-1-1-utf-8"),
}
"""Labels that programs write without looking, or that cannot be true where they are wrong."""
_ISO_PARTS = {"2", "3", "4", "5", "6", "7", "8", "10", "13", "14", "15", "16"}
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SINGLE_OCTET = frozenset(
    codecs.lookup(name).name
    for name in (
        *("cp1250", "cp1251", "cp1252", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258"),
        *("cp874", "cp866", "koi8-r", "koi8-u", "mac_roman", "mac_cyrillic"),
        *(f"iso8859-{part}" for part in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)),
    )
)
_MULTIPLE = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)
_HIGH = re.compile(rb"[\x80-\xff]")
_HIGH_WORD = re.compile(rb"[\xa8\xb8\xc0-\xff]{3,}")
_SURE = 3
"""Letters of more than one octet that are valid UTF-8 by no chance."""
_MOST_FOREIGN = 12
"""High octets in words of nothing else that a Western text may hold."""
_LOOKED_AT = 20_000
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

    Undeclared and Western text is UTF-8 if it can be, else what `guess` makes of it; anything
    else is decoded with U+FFFD for what does not fit. The result holds no surrogates.
    """
    for mark, codec in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return _safe(data[len(mark) :].decode(codec, "replace"))
    declared = _codec(label)
    if declared == _AS_WESTERN:
        return _safe(data.decode("utf-8", _HANDLER))
    if declared is None or (declared in _SINGLE_OCTET and _is_utf8_after_all(data)):
        return guess(data)
    try:
        return _safe(data.decode(declared, "replace"))
    except (UnicodeError, LookupError):  # a stateful codec may still give up
        return guess(data)


def guess(data: bytes) -> str:
    """UTF-8; where that cannot be, Cyrillic if it looks so, else windows-1252."""
    return _safe(data.decode(_cyrillic(data) or "utf-8", _HANDLER))


def _is_utf8_after_all(data: bytes) -> bool:
    """Whether octets that no text of one octet a letter would happen to have are valid UTF-8."""
    if len(_MULTIPLE.findall(data)) < _SURE:
        return False
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _cyrillic(data: bytes) -> str | None:
    """The codec of unlabelled Cyrillic: words all of high octets, and none that is UTF-8.

    Lower case, which most letters are, is the upper half of windows-1251 and the lower of KOI8-R.
    """
    words = _HIGH_WORD.findall(data[:_LOOKED_AT])
    letters = b"".join(words)
    if len(letters) < _MOST_FOREIGN or _MULTIPLE.search(data):
        return None
    strange = len(_HIGH.findall(data[:_LOOKED_AT])) - len(letters)
    if strange * 4 > len(letters):
        return None
    upper = sum(octet >= 0xE0 for octet in letters)
    return "cp1251" if upper * 2 >= len(letters) else "koi8-r"


def _codec(label: str) -> str | None:
    """The Python codec for a label out of the closed list, `None` where guessing is better."""
    name = label.strip().strip("'\"").strip().lower()
    if name in _WESTERN:
        return _AS_WESTERN
    if name in _NOTHING_SAID:
        return None
    if name in _SUPERSETS:
        return _SUPERSETS[name]
    if iso := _ISO.fullmatch(name):
        name = f"iso8859-{iso[1]}"
        if name in _WESTERN or name in _SUPERSETS:
            return _SUPERSETS.get(name, _AS_WESTERN)
        return name if iso[1] in _ISO_PARTS else None
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
