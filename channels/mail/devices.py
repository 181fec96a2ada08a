"""Lines that devices and programs sign with: "Sent from my iPhone", "Get Outlook for iOS"."""

from __future__ import annotations

import re

from channels.mail.plain import visible


def _words(words: str) -> frozenset[str]:
    return frozenset(words.split())


_DEVICES = _words(
    "iphone ipad ipod ios iphones android samsung galaxy outlook yahoo proton protonmail gmail "
    "huawei xiaomi redmi pixel windows thunderbird nokia motorola oppo vivo oneplus honor lg htc "
    "sony xperia macbook mac watch smartphone phone mobile cell tablet handy mobiltelefon "
    "blackberry handheld mobilgerät móvil celular teléfono téléphone mobile portable telemóvel "
    "telefone mail courrier correo gmx web.de spark airmail bluemail tuta tutanota typeapp "
    "aol fastmail icloud mymail k-9 fairemail verizon t-mobile droid canary edison "
    "هاتفي الهاتف هاتف جوالي "
    "الآيفون آيفون سامسونج "
    "फ़ोन फोन मोबाइल आईफोन "
    "मेल"
)
_SENDING = _words(
    "sent gesendet verschickt enviado enviada envoyé envoyée أُرسلت أرسلت مُرسل مرسل الإرسال "
    "أُرسل أرسل المرسلة إرساله إرسالها भेजा भेजी"
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
    "my the a an for by on app device secure email e-mail plus pro ultra all new lte 4g 5g "
    "enjoy securely & ad-free emails mailbox werbefreie sichere "
    "verizon wireless t-mobile at&t auf sicheren mobilen messagerie la sécurisée باستخدام الآمن "
    "सुरक्षित ईमेल "
    "von meinem meiner vom mit der für sie sich wurde diese nachricht aus dem app gerät sichere "
    "desde mi con el la para dispositivo aplicación de mon ma depuis avec pour appareil "
    "à l'application d'outlook sur un sécurisé do da meu minha pelo pela no o a partir dispositivo "
    "correio courriel electrónico seguro aplicativo com "
    "من على عبر تم الـ جهاز "
    "الخاص بي لنظام ل لـ بريد "
    "بواسطة تطبيق جهازي "
    "मेरे से गया गई के लिए करें "
    "अपने पर डिवाइस"
)
_KNOWN = _DEVICES | _SENDING | _FROM | _GETTING | _BETWEEN
_BRANDS = (
    "(?i:iphone|ipad|ios|android|outlook|yahoo|samsung|galaxy|proton|gmail|huawei|xiaomi|windows"
    "|windows|华为|小米|手机|手機)"
)
_CHINESE_DEVICE = re.compile(
    rf"(?:[发發传傳来來]送?自[\w ]{{0,14}}?{_BRANDS}[\x21-\x7e 版手机機邮箱件应用的]{{0,24}}"
    rf"|(?:从|從|由|通过|透過|使用)[\w ]{{0,14}}?{_BRANDS}[\w ]{{0,24}}?[发發传傳]送"
    r"|(?:获取|獲取|取得|下载|下載)[\w ]{0,14}?(?i:outlook|yahoo)[\w ]{0,14})"
)
_PRODUCTS = (
    r"(?:iphone|ipad|ios|android|outlook|yahoo|samsung|galaxy|proton|gmail|huawei|xiaomi|windows)"
)
_SENT_IN_OTHERS = (
    r"inviato (?:da|dal|con|tramite)|(?:verstuurd|verzonden) (?:vanaf|via|met|vanuit)"
    r"|skickat från|sendt (?:fra|via)|lähetetty|wysłan[eoy] (?:z|za)|odesláno z|trimis de pe"
    r"|elküldve|\u043e\u0442\u043f\u0440\u0430\u0432\u043b\u0435\u043d\u043e"
    r"|надіслано|נשלח"
)
_SENT_LAST = r"から送信|에서 보냄|gönderildi|lähetetty|küldve"
_GET_IN_OTHERS = (
    r"scarica|ottieni|download|pobierz(?: program)?|hämta|få|hent|hanki|laden sie|hol dir"
    r"|получить|скачать|stáhnout|letöltés|descarregar"
)
_GET_LAST = (
    r"を入手(?:する)?|を取得|다운로드|받기|downloaden|herunter(?:laden)?|edinin|indirin|letöltése"
)
_OTHERS = re.compile(
    rf"(?:{_SENT_IN_OTHERS})[^.!?]{{1,30}}?{_PRODUCTS}[^.!?]{{0,24}}"
    rf"|[^.!?]{{0,12}}{_PRODUCTS}[^.!?]{{0,16}}(?:{_SENT_LAST})"
    rf"|(?:{_GET_IN_OTHERS}) [^.!?]{{0,14}}(?:outlook|yahoo)[^.!?]{{0,30}}"
    rf"|[^.!?]{{0,14}}outlook[^.!?]{{0,16}}(?:{_GET_LAST})",
    re.IGNORECASE,
)
"""Languages of which we do not know enough words to tell such a line by each of them."""
_STORE = re.compile(r"https?://(?:aka\.ms|[\w.-]{0,40}onelink\.me|overview\.mail\.yahoo\.com)/\S")
_DIGIT = re.compile(r"\d")
_LINK = re.compile(r"\s*[<(\[]*https?://[^\s>)\]]*[>)\]]*")


def is_device(line: str) -> bool:
    """Whether each word of the line is one that such lines are made of.

    In other languages: whether it names a product between words of sending or getting, or links
    to where the program is had.
    """
    if len(line) > 160 or not line.strip() or line.startswith(">"):
        return False
    in_store = _STORE.search(line)
    line = visible(_LINK.sub("", line) if "http" in line else line).strip(" *_.-[]()\u3002।")
    line = line.replace("\u00ae", "").replace("\u2019", "'")
    if not line.isascii() and _CHINESE_DEVICE.fullmatch(line):
        return True
    if _OTHERS.fullmatch(line) or (in_store and 1 <= len(line.split()) <= 8):
        return True
    return _is_made_of_known_words(line)


def _is_made_of_known_words(line: str) -> bool:
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


def is_link(line: str) -> bool:
    """Whether the line is an address of the web and nothing else."""
    return bool(_LINK.fullmatch(line.strip())) if len(line) <= 160 else False
