"""What mail programs write around a text, in the languages we know."""

from __future__ import annotations

import re


def _labels(**kinds: str) -> dict[str, str]:
    return {word.strip(): kind for kind, words in kinds.items() for word in words.split("|")}


LABELS = _labels(
    sender="from|von|de|da|van|fra|från|od|\u043e\u0442|от кого|lähettäjä|gönderen"
    "|remitente|remetente|expéditeur"
    "|absender|من|المرسل|发件人"
    "|發件人|寄件者|寄件人|差出人"
    "|से|प्रेषक|भेजने वाला",
    moment="sent|date|gesendet|gesendet am|datum|enviado|enviado el|enviado em|enviada|enviada em"
    "|fecha|data|dato|lähetetty|gönderildi|envoyé|envoyé le|inviato|verzonden|skickat|sendt|wysłano"
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
    "|кому|vastaanottaja|kime|إلى|الى|收件人|收件者|宛先"
    "|को|प्रति|प्राप्तकर्ता",
    copy="cc|kopie|copia|cópia|نسخة|抄送|副本|प्रतिलिपि|reply-to|bcc",
    subject="subject|betreff|thema|aihe|konu|asunto|objet|sujet|assunto|oggetto|onderwerp|ämne|emne|temat"
    "|\u0442\u0435\u043c\u0430|الموضوع|موضوع"
    "|主题|主題|主旨|件名|विषय",
)
ORIGINAL = re.compile(
    r"[-_=]{2,}\s*(?:original (?:message|mail|e-?mail|appointment|meeting request)|replied message"
    r"|original-?nachricht|ursprüngliche (?:nachricht|e-?mail)|ursprungsnachricht"
    r"|mensaje original|correo original|message (?:d['\u2019]origine|original|initial)"
    r"|mensagem original|messaggio originale|oorspronkelijk bericht|ursprungligt meddelande"
    r"|(?:ال)?رسالة (?:ال)?أصلية"
    r"|原始邮件|原始郵件|原邮件|原始信息"
    r"|原始訊息|回复的原邮件"
    r"|oprindelig besked|opprinnelig melding|alkuperäinen viesti|oryginalna wiadomość"
    r"|původní zpráva|eredeti üzenet|orijinal (?:mesaj|ileti)|özgün ileti"
    r"|исходное (?:сообщение|письмо)"
    r"|元のメッセージ|원본 (?:메시지|메일)|הודעה מקורית|پیام اصلی"
    r"|मूल संदेश)\s*[-_=]{2,}",
    re.IGNORECASE,
)
FORWARD = re.compile(
    r"[-_=]{2,}\s*(?:forwarded (?:message|mail|by \S{1,60})|mensaje reenviado"
    r"|message transféré|weitergeleitete nachricht|mensagem (?:encaminhada|reencaminhada)"
    r"|(?:ال)?رسالة (?:ال)?(?:مُ?عاد(?:ة)? (?:ال)?(?:توجيهها|إرسالها)|مُ?حو[ّ]?لة|مُ?مر[ّ]?رة)"
    r"|转发(?:的)?邮件|轉寄(?:的)?(?:郵件|訊息)"
    r"|videresendt (?:besked|melding)|vidarebefordrat meddelande|przekazana wiadomość"
    r"|messaggio (?:inoltrato|rispedito)|doorgestuurd bericht|пересылаемое (?:сообщение|письмо)"
    r"|転送されたメッセージ|전달된 메시지"
    r"|अग्रेषित संदेश)\s*[-_=]{2,}"
    r"|begin forwarded message:|inicio del mensaje reenviado:"
    r"|début du message transféré ?:|início da mensagem reencaminhada:"
    r"|anfang der weitergeleiteten nachricht:",
    re.IGNORECASE,
)
WROTE = re.compile(
    r"(?:\b(?:wrote|writes|escribió|a écrit|schrieb|escreveu|scrisse|ha scritto|schreef"
    r"|skrev|napisał|kirjoitti|napsal|a scris|írta|yazd\u0131"
    r"|\u043d\u0430\u043f\u0438\u0441\u0430\u043b|\u043f\u0438\u0448\u0435\u0442)"
    r"|كتب|كتابة|نوشت|写道|寫道|作成|のメール|लिखा|כתב)",
    re.IGNORECASE,
)
