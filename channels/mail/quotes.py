"""Cut what a mail program added: signature and quoted history. In doubt, her words stay.

An attribution line ("On ... wrote:") holds a time, a zone and often her own secret alias; it goes
wherever it stands above a quote, also where the quote itself stays. What is cut and what stays is
told in docs/quotes.md.

Every step looks at each line a bounded number of times, and at a bounded number of its letters
where an expression could look twice: the time is linear in the length of the text.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import NamedTuple

from channels.mail.plain import SIGNATURE


def _words(words: str) -> frozenset[str]:
    return frozenset(words.split())


def _labels(**kinds: str) -> dict[str, str]:
    return {word.strip(): kind for kind, words in kinds.items() for word in words.split("|")}


_LABELS = _labels(
    sender="from|von|de|da|van|fra|från|od|\u043e\u0442|remitente|remetente|expéditeur"
    "|absender|من|المرسل|发件人"
    "|發件人|寄件者|寄件人|差出人"
    "|से|प्रेषक|भेजने वाला",
    moment="sent|date|gesendet|gesendet am|datum|enviado|enviado el|enviado em|enviada|enviada em"
    "|fecha|data|envoyé|envoyé le|inviato|verzonden|skickat|sendt|wysłano"
    "|\u0434\u0430\u0442\u0430|\u043e\u0442\u043f\u0440\u0430\u0432\u043b\u0435\u043d\u043e"
    "|تاريخ الإرسال"
    "|التاريخ|تم الإرسال"
    "|أُرسلت|أرسلت"
    "|发送时间|发送日期|日期|时间|時間"
    "|寄件日期|傳送時間|傳送日期"
    "|發送時間|送信日時"
    "|भेजा गया|भेजा|तारीख"
    "|दिनांक|दिनांक और समय",
    reader="to|an|para|a|à|pour|aan|til|till|do|\u043a\u043e\u043c\u0443|destinataire"
    "|إلى|الى|收件人|收件者|宛先"
    "|को|प्रति|प्राप्तकर्ता",
    copy="cc|kopie|copia|cópia|نسخة|抄送|副本|प्रतिलिपि|reply-to|bcc",
    subject="subject|betreff|asunto|objet|sujet|assunto|oggetto|onderwerp|ämne|emne|temat"
    "|\u0442\u0435\u043c\u0430|الموضوع|موضوع"
    "|主题|主題|主旨|件名|विषय",
)
_FOUR = {"sender", "moment", "reader", "subject"}
_ORIGINAL = re.compile(
    r"[-_=]{2,}\s*(?:original (?:message|mail|e-?mail|appointment|meeting request)|replied message"
    r"|original-?nachricht|ursprüngliche (?:nachricht|e-?mail)|ursprungsnachricht"
    r"|mensaje original|correo original|message (?:d['\u2019]origine|original|initial)"
    r"|mensagem original|messaggio originale|oorspronkelijk bericht|ursprungligt meddelande"
    r"|(?:ال)?رسالة (?:ال)?أصلية"
    r"|原始邮件|原始郵件|原邮件|原始信息"
    r"|原始訊息|回复的原邮件"
    r"|मूल संदेश)\s*[-_=]{2,}",
    re.IGNORECASE,
)
_FORWARD = re.compile(
    r"[-_=]{2,}\s*(?:forwarded (?:message|mail|by \S{1,60})|mensaje reenviado"
    r"|message transféré|weitergeleitete nachricht|mensagem (?:encaminhada|reencaminhada)"
    r"|(?:ال)?رسالة (?:ال)?(?:مُ?عاد(?:ة)? (?:ال)?(?:توجيهها|إرسالها)|مُ?حو[ّ]?لة|مُ?مر[ّ]?رة)"
    r"|转发(?:的)?邮件|轉寄(?:的)?(?:郵件|訊息)"
    r"|अग्रेषित संदेश)\s*[-_=]{2,}"
    r"|begin forwarded message:|inicio del mensaje reenviado:"
    r"|début du message transféré ?:|início da mensagem reencaminhada:"
    r"|anfang der weitergeleiteten nachricht:",
    re.IGNORECASE,
)
_RULE = re.compile(r"[_\-\u2014\u2500]{5,}|[-_=]{3,}[^-_=]{1,40}[-_=]{3,}")
_FIELD = re.compile(r"\*?([^\s:\uff1a*][^:\uff1a]{0,28})[:\uff1a]\s*(.*)")
_ADDRESS = re.compile(r"[^\s<>@]{1,100}@[^\s<>@.]{1,100}\.[^\s<>@]")
_CLOCK = re.compile(r"(?<![\d./-])\d{1,2} ?[:.h時时点點] ?\d{2}(?!\d|\.\d)")
_DAY = re.compile(
    r"(?<!\d)\d{1,2}\D{1,24}\d{4}(?!\d)|\d{4}\D{1,3}\d{1,2}\D{1,3}\d{1,2}"
    r"|(?<!\d)\d{1,2}[./-]\d{1,2}[./-]\d{2}"
)
_WROTE = re.compile(
    r"(?:\b(?:wrote|writes|escribió|a écrit|schrieb|escreveu|scrisse|ha scritto|schreef"
    r"|skrev|napisał|\u043d\u0430\u043f\u0438\u0441\u0430\u043b|\u043f\u0438\u0448\u0435\u0442)"
    r"|كتب|كتابة|写道|寫道|लिखा)",
    re.IGNORECASE,
)
_WROTE_LAST = re.compile(_WROTE.pattern + r"$", re.IGNORECASE)
_SENTENCE = re.compile(r"(?:[!?\u3002\uff01\uff1f\u061f।]|\w{5}\.)$")
_INVISIBLE = re.compile("[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_COLONS = (":", "\uff1a")
_DEVICES = _words(
    "iphone ipad ipod ios iphones android samsung galaxy outlook yahoo proton protonmail gmail "
    "huawei xiaomi redmi pixel windows thunderbird nokia motorola oppo vivo oneplus honor lg htc "
    "sony xperia macbook mac watch smartphone phone mobile cell tablet handy mobiltelefon "
    "blackberry handheld mobilgerät móvil celular teléfono téléphone mobile portable telemóvel "
    "telefone mail courrier correo gmx web.de spark airmail bluemail "
    "هاتفي الهاتف جوالي "
    "الآيفون آيفون سامسونج "
    "फ़ोन फोन मोबाइल आईफोन "
    "मेल"
)
_SENDING = _words(
    "sent gesendet verschickt enviado enviada envoyé envoyée أُرسلت أرسلت مُرسل مرسل الإرسال "
    "أُرسل أرسل المرسلة भेजा भेजी"
)
_FROM = _words(
    "from via with using von vom mit desde con de depuis avec partir do da pelo pela com "
    "من على عبر بواسطة باستخدام से"
)
_GETTING = _words(
    "get holen beziehen herunterladen obtener obtén obtenga descargar descarga obtenez obtenir "
    "télécharger téléchargez obter obtenha baixar baixe transferir الحصول احصل نزّل تنزيل "
    "تحميل प्राप्त"
)
_PROGRAMS = _words("outlook yahoo proton protonmail gmail spark airmail bluemail")
_BETWEEN = _words(
    "my the a an for by on app device secure email e-mail plus pro ultra "
    "verizon wireless t-mobile at&t auf sicheren messagerie la sécurisée باستخدام الآمن "
    "सुरक्षित ईमेल "
    "von meinem meiner vom mit der für sie sich wurde diese nachricht aus dem app gerät sichere "
    "desde mi con el la para dispositivo aplicación de mon ma depuis avec pour appareil "
    "à l'application sur un sécurisé do da meu minha pelo pela no o a partir dispositivo "
    "correio courriel electrónico seguro aplicativo com "
    "من على عبر تم الـ جهاز "
    "الخاص بي لنظام ل لـ بريد "
    "بواسطة تطبيق جهازي "
    "मेरे से गया गई के लिए करें "
    "अपने पर डिवाइस"
)
_KNOWN = _DEVICES | _SENDING | _FROM | _GETTING | _BETWEEN
_BRANDS = (
    "(?i:iphone|ipad|ios|android|outlook|yahoo|samsung|galaxy|proton|gmail|huawei|xiaomi"
    "|华为|小米|手机|手機)"
)
_CHINESE_DEVICE = re.compile(
    rf"(?:[发發传傳来來]自[\w ]{{0,14}}?{_BRANDS}[\x21-\x7e 版手机機邮箱的]{{0,24}}"
    rf"|(?:从|從|由|通过|透過|使用)[\w ]{{0,14}}?{_BRANDS}[\w ]{{0,24}}?[发發传傳]送"
    r"|(?:获取|獲取|取得|下载|下載)[\w ]{0,14}?(?i:outlook|yahoo)[\w ]{0,14})"
)
_DIGIT = re.compile(r"\d")
_LINK = re.compile(r"\s*[<(\[]*https?://[^\s>)\]]*[>)\]]*")
_BROKEN_END = re.compile(r">[^>]{0,30}[:\uff1a]\s*")
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
    lines = _without_history(_mended(text.split("\n")), ours)
    lines = _without_signature(lines)
    lines = _without_tail(_without_unmarked_tail(lines, ours), ours)
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


# Dividers and blocks of header fields ------------------------------------------------------


def _without_history(lines: list[str], ours: str) -> list[str]:
    """Without what stands from "-----Original Message-----" or a block of header fields on.

    Where `>` lines or a forwarded text follow, only the divider and the fields go.
    """
    bare = [_bare(line) for line in lines]
    kept: list[str] = []
    at = tries = 0
    while at < len(lines):
        looks = tries < _MOST_TRIES and _looks_added(bare[at], ours)
        tries += looks
        added = _added(bare, at, ours) if looks else None
        if added is None:
            kept.append(lines[at])
            at += 1
        elif added.open:
            at = added.end
        else:
            break
    return kept


def _looks_added(line: str, ours: str) -> bool:
    """Whether it is worth a closer look: a field, a divider or a rule."""
    if not line or len(line) > _LONGEST:
        return False
    if line[0] == ">" or (line.isascii() and line[0].isalpha() and ":" not in line[:50]):
        return False
    if _kind(line) or _RULE.match(line) or _ORIGINAL.fullmatch(line) or _FORWARD.fullmatch(line):
        return True
    return _names_us(line, ours) and _field(line) is not None


def _added(bare: list[str], at: int, ours: str) -> _Added | None:
    """The divider, the fields, or both, that begin at this line, if they do."""
    line = bare[at]
    below = _next_line(bare, at + 1)
    if _FORWARD.fullmatch(line):
        end = _block_end(bare, below, ours, ruled=True)
        return _Added(end, not _names_us(" ".join(bare[below:end]), ours)) if end else None
    if _RULE.match(line) or _ORIGINAL.fullmatch(line):
        end = _block_end(bare, below, ours, ruled=True)
        end = end or (at + 1 if _ORIGINAL.fullmatch(line) else 0)
    else:
        end = _block_end(bare, at, ours, ruled=False)
    return _Added(end, _quotes_below(bare, end)) if end else None


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
            kinds.setdefault(_LABELS.get(field[0], ""), field[1])
            end = index + 1
        index += 1
    return end if _is_block(kinds, values, ours, ruled=ruled) else 0


def _is_block(kinds: dict[str, str], values: list[str], ours: str, *, ruled: bool) -> bool:
    timed = ruled or bool(_CLOCK.search(kinds.get("moment", "")))
    naming = next((value for value in values[:6] if _names_us(value, ours)), "")
    known = len(kinds.keys() - {""})
    if naming and len(values) >= 3:
        return known >= 2 or "<" in naming or "mailto:" in naming
    if naming or (ruled and len(values) >= 3):
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
    return _LABELS.get(field[0], "") if field else ""


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


def _without_devices(lines: list[str]) -> list[str]:
    """Without "Sent from my iPhone" at the end and directly above a quote."""
    kept: list[str] = []
    for line in [*lines, ">"]:
        if line.startswith(">"):
            end = len(kept)
            while end and (not kept[end - 1].strip() or _is_device(kept[end - 1])):
                end -= 1
            if any(map(_is_device, kept[end:])):
                kept[end:] = [""]
        kept.append(line)
    return kept[:-1]


def _is_device(line: str) -> bool:
    """Whether each word of the line is one that such lines are made of."""
    if len(line) > 160 or not line.strip() or line.startswith(">"):
        return False
    line = _bare(_LINK.sub("", line) if "http" in line else line).strip(" *_.-[]()\u3002।")
    if not line.isascii() and _CHINESE_DEVICE.fullmatch(line):
        return True
    words: list[str] = []
    for written in line.lower().split():
        word = written.strip(".,;:()<>[]*_\"'।")
        if word and word not in _KNOWN and not _DIGIT.search(word):
            return False
        words += [word] if word else []
    if not 3 <= len(words) <= 14:
        return False
    if not _GETTING.isdisjoint(words) and not _PROGRAMS.isdisjoint(words):
        return True
    sent = not _SENDING.isdisjoint((*words[:2], *words[-2:])) and not _FROM.isdisjoint(words)
    return sent and not _DEVICES.isdisjoint(words)


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
        return end - 1 if end and _is_device(lines[end - 1]) else left
    if _is_by_hand(lines[max(0, first - _MOST_LINES - 1) : first], lines[first:left], ours):
        return left
    return _attribution_start(lines, end, ours, last=True)


def _is_by_hand(above: list[str], below: list[str], ours: str) -> bool:
    """Whether a short quote stands right below a line of hers that ends in a colon."""
    if not above or not _bare(above[-1]).endswith(_COLONS):
        return False
    quote = [line for line in below if line.strip()]
    if len(quote) > _BY_HAND or any(line.startswith(">>") for line in quote):
        return False
    return _attribution_start(above, len(above), ours, last=True) == len(above)


def _without_unmarked_tail(lines: list[str], ours: str) -> list[str]:
    """Some programs quote without `>`: cut behind an attribution that names our own domain."""
    naming = (at for at, line in enumerate(lines) if _names_us(line, ours) and line[:1] != ">")
    for at in islice(naming, _MOST_TRIES):
        end = _end_below(lines, at, ours)
        if not end or _quotes_below(lines, end):
            continue
        start = _attribution_start(lines, end, ours)
        block = " ".join(lines[start:end])
        if start < end and (_stamped(block) or (_WROTE.search(block) and "<" in block)):
            return lines[:start]
    return lines


def _end_below(lines: list[str], at: int, ours: str) -> int:
    """Behind the line that ends the attribution of which `at` is a part; 0 if none does."""
    for index in range(at, min(at + _MOST_LINES, len(lines))):
        line = _bare(lines[index])
        if not line or line.startswith(">"):
            return 0
        if _closes(line, ours):
            return index + 1
    return 0


def _closes(line: str, ours: str) -> bool:
    """Whether an attribution may end with this line: a colon, or for us dashes or the verb."""
    if line.endswith(_COLONS):
        return True
    ends = line.endswith("--") or _WROTE_LAST.search(line[-20:])
    return bool(ends) and _names_us(line, ours)


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
    if not end or not _closes(_bare(lines[end - 1]), ours):
        return end
    found = end
    for start in range(end - 1, max(-1, end - 1 - _MOST_LINES), -1):
        line = _bare(lines[start])
        if not line or line.startswith(">") or (start < end - 1 and _SENTENCE.search(line[-9:])):
            break
        if sum(map(len, lines[start:end])) > _LONGEST:
            break
        block = " ".join(map(_bare, lines[start:end]))
        if _is_attribution(block, ours, single=start == end - 1, last=last) and (
            found == end or _belongs(line, lines[found:end], block, ours)
        ):
            found = start
    return found


def _belongs(line: str, below: list[str], block: str, ours: str) -> bool:
    """Whether a line above what already is an attribution (`below`) is part of it."""
    if _names_us(line, ours) or _bare(below[0]).startswith("<"):
        return True
    return _stamped(block) and not _stamped(" ".join(map(_bare, below)))


def _is_attribution(block: str, ours: str, *, single: bool, last: bool) -> bool:
    wrote = bool(_WROTE.search(block))
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
    return f"@{ours.lower()}" in (text if text.isascii() else _INVISIBLE.sub("", text))


def _bare(line: str) -> str:
    """The line without invisible characters and outer spaces."""
    return line.strip() if line.isascii() else _INVISIBLE.sub("", line).strip()
