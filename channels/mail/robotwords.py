"""Words of machines, by language: the tables `channels.mail.robots` looks things up in.

Every entry is a regular expression over folded letters (`fold`), itself folded when compiled, so
that the tables can be written as people write. None of them repeats without bound.
"""

from __future__ import annotations

import re
import unicodedata

_MARKS = re.compile("[\u0300-\u036f\u0640\u064b-\u0652]")
_LIKE = str.maketrans(dict.fromkeys("\u2018\u2019\u0060\u00b4\u02bc", "'"))


def fold(text: str) -> str:
    """Lower case, one width, no accents, no Arabic vowel signs, one kind of apostrophe."""
    wide = unicodedata.normalize("NFKD", text.translate(_LIKE).casefold())
    return unicodedata.normalize("NFC", _MARKS.sub("", wide))


def _any(*entries: str) -> str:
    return "(?:" + "|".join(fold(entry) for entry in entries) + ")"


_REPLY_KIND = r"(?:reply|response|responder|answer)"
_AUTO_REPLIES = _any(
    # English
    rf"(?:automatic|automated|auto) ?-?{_REPLY_KIND}",
    r"out of (?:the )?office(?: (?:auto ?-?)?(?:reply|response|message|notification|alert))?",
    rf"(?:vacation|holiday|away) (?:{_REPLY_KIND}|message|notice|notification)",
    r"auto",
    # Spanish
    r"respuesta (?:automática|automatizada)(?: de fuera de(?: la)? oficina)?",
    r"auto ?-?respuesta|mensaje automático|fuera de (?:la )?oficina|ausente de la oficina",
    # French
    r"réponse automatique|message automatique|absence du bureau|absente? du bureau",
    r"message d'absence|notification d'absence",
    # German
    r"automatische antwort(?: auf)?|automatische rückantwort|autoantwort|auto-antwort",
    r"abwesenheits(?:notiz|meldung|nachricht|benachrichtigung|assistent|info)|abwesenheitsagent",
    # Portuguese
    r"resposta automática|resposta de ausência|mensagem automática",
    r"fora do escritório|fora da empresa|ausência temporária|ausente do escritório",
    # Italian, Dutch, Polish, Swedish, Danish, Norwegian
    r"risposta automatica|messaggio automatico|fuori (?:sede|ufficio)|assente dall'ufficio",
    r"automatisch antwoord|automatische beantwoording|afwezigheids(?:bericht|melding|assistent)",
    r"odpowiedź automatyczna|automatyczna odpowiedź|autoodpowiedź|autoresponder|poza biurem",
    r"automatiskt svar|autosvar|automatisk svar|frånvaromeddelande|fraværsmelding|ikke på kontoret",
    # Arabic, Chinese, Hindi
    r"(?:ال)?رد (?:ال)?(?:تلقائي|آلي)|رسالة تلقائية|خارج المكتب",
    r"自动(?:回复|答复|回信|应答)|自動(?:回覆|回復|答覆|返信|応答)|不在办公室|外出自动回复",
    r"स्वचालित (?:उत्तर|जवाब|प्रतिक्रिया|प्रत्युत्तर)|स्वतः (?:उत्तर|जवाब)|ऑटो ?-?(?:रिप्लाई"
    r"|रिप्लाय)",
    r"कार्यालय से बाहर",
    # others of Exchange's languages
    r"automaattinen vastaus|automatická odpověď|automatikus válasz|răspuns automat"
    r"|otomatik yan\u0131t",
    r"автоматический ответ|автоответ|автоматична відповідь|자동 ?(?:회신|응답)|αυτόματη απάντηση",
    r"תשובה אוטומטית|מענה אוטומטי",
)
_ENDS = r"\s{0,3}(?:[:|\])}>】」]|[.!]{0,3}$)"
_REPLY_MARK = _any(
    r"re|aw|antw|sv|vs|odp|res|rif|ynt|fw|fwd|wg|tr|rv|enc|i|doorst",
    r"回复|答复|回覆|答覆|转发|轉寄|رد|رد على|إعادة توجيه|उत्तर|प्रति",
)
ANSWER = re.compile(rf"{_REPLY_MARK}(?:\[\d{{1,3}}\])?\s?:")
"""What mail programs put before the subject of an answer or a forward."""
AUTO_REPLY = re.compile(
    rf"[\[(<{{【「*]{{0,3}}\s{{0,3}}{_AUTO_REPLIES}"
    rf"(?:{_ENDS}|\s(?:re|aw|to|für|zu|à|a)\s?:)"
)
"""A subject only machines give: their name for such mail, and then a colon, bracket or nothing."""
AUTO_REPLY_BEHIND = re.compile(rf"[\[({{【「]\s?{_AUTO_REPLIES}\s?[\])}}】」]$")
"""The same, in brackets behind the subject it answers."""
AWAY_UNTIL = re.compile(
    _any(
        r"(?:i am |i'm |[^:]{1,40} is )?(?:currently )?out of (?:the )?office \(?"
        r"(?:until|till|from|through|thru|returning|back|between)\b",
        r"(?:ich bin )?(?:nicht im büro|abwesend|außer haus) (?:bis|vom|von|ab)\b",
        r"(?:je suis )?absente? (?:du bureau )?(?:jusqu'au|du \d)",
        r"(?:estoy )?fuera de (?:la )?oficina (?:hasta|del? \d)",
        r"(?:estou )?(?:fora do escritório|ausente) (?:até|de \d)",
        r"(?:sono )?fuori ufficio (?:fino|dal)\b",
        r"(?:ik ben )?afwezig (?:tot|van)\b",
        r"خارج المكتب حتى",
        r"(?:[a-z]{3,9} \d|\d).{0,20}(?:不在办公室|外出)",
    )
)
AWAY = re.compile(
    r"(?:auto:?\s)?"
    + _any(
        r"(?:i am |i'm |i will be |i'll be |currently |we are )?(?:out of (?:the )?office|away\b"
        r"|on (?:annual |sick |parental |maternity |paternity )?leave|on (?:my )?(?:vacation"
        r"|holidays?)"
        r"|not in the office|unavailable|ooo\b|o\.o\.o)",
        r"(?:annual|sick|parental|maternity) leave|vacation|holidays?\b|absence|away from",
        r"(?:thank you|thanks|many thanks) for (?:your|contacting|getting in touch|reaching out)",
        r"(?:we(?:'ve| have)? |i(?:'ve| have)? )?received your|your (?:e-?mail|message|request"
        r"|enquiry"
        r"|inquiry|ticket)|message received|[\[(#]?(?:ticket|case|request)\b|do not reply",
        r"(?:estoy |estaré )?(?:de vacaciones|ausente|fuera)|vacaciones|ausencia"
        r"|gracias por (?:su|tu)",
        r"(?:je suis |actuellement )?(?:en (?:congés?|vacances)|absente?)|congés?|absence"
        r"|merci (?:de|pour)",
        r"(?:ich bin )?(?:im urlaub|nicht im büro|abwesend|außer haus)|urlaub|abwesen"
        r"|vielen dank für",
        r"(?:estou )?(?:de férias|ausente|fora)|férias|ausência|obrigad[oa] (?:pel|por)",
        r"(?:sono )?(?:in (?:ferie|vacanza)|assente|fuori)|ferie|assenza|grazie per",
        r"(?:ik ben )?(?:afwezig|op vakantie|niet aanwezig)|vakantie|bedankt voor",
        r"jestem (?:na urlopie|poza)|na urlopie|urlop|nieobecno|dziękuj",
        r"(?:jag är )?(?:på semester|ledig|frånvarande|ej på kontoret)|semester|frånvaro|tack för",
        r"(?:أنا )?(?:في إجازة|خارج المكتب|غير متواجد|غائب)|إجازة|شكرا",
        r"(?:我)?(?:正在|目前)?(?:休假|外出|出差|度假|不在|放假)|感谢您|谢谢您",
        r"(?:मैं )?(?:अवकाश|छुट्टी|कार्यालय)|धन्यवाद|आपका (?:संदेश|ईमेल)",
    )
)
"""A subject a person may also write: it counts only with a second sign."""
_AWAY_TEXT = _any(
    r"\b(?:i am|i'm|i will be|i'll be|we are) (?:currently |presently |now )?(?:out of (?:the )?"
    r"office|away from (?:the|my) (?:office|desk|e-?mail|mail|computer)"
    r"|on (?:annual |sick |parental |maternity )?(?:leave|vacation|holiday))",
    r"\bestoy (?:actualmente )?(?:fuera de (?:la )?oficina|de vacaciones|ausente)|estaré ausente",
    r"\bje suis (?:actuellement )?(?:absente?|en congés?|en vacances)|serai absente?",
    r"\bich bin (?:derzeit |zur ?zeit |momentan )?(?:nicht im büro|im urlaub|abwesend|außer haus)"
    r"|\bbin ich (?:derzeit )?(?:nicht im büro|im urlaub|abwesend)",
    r"\bestou (?:atualmente )?(?:fora do escritório|de férias|ausente)|estarei ausente",
    r"\bsono (?:attualmente )?(?:fuori ufficio|in ferie|assente)",
    r"\bik ben (?:momenteel |op dit moment )?(?:afwezig|op vakantie|niet aanwezig)",
    r"\bjestem (?:obecnie )?(?:na urlopie|poza biurem|nieobecn)",
    r"\bjag är (?:för närvarande )?(?:på semester|ledig|frånvarande|inte på kontoret)",
    r"أنا (?:حاليا )?(?:خارج المكتب|في إجازة)|خارج المكتب",
    r"(?:我)?(?:正在|目前|现在)?(?:不在办公室|休假|出差|外出)",
    r"(?:कार्यालय से बाहर|अवकाश पर|छुट्टी पर)",
)
_LATER_TEXT = _any(
    r"(?:limited|no|little|intermittent|restricted) (?:or no )?access to (?:my )?e-?mail",
    r"(?:respond|reply|answer|get back|attend)\b.{0,60}\b(?:upon|when|once|after|on) (?:i |my )"
    r"?(?:return|am back|get back)",
    r"(?:e-?mail|message)s? (?:will|are) not be(?:ing)? (?:read|forwarded|answered|monitored)",
    r"(?:acceso limitado|no tendré acceso)|responder[eé].{0,50}(?:regreso|vuelta|brevedad)",
    r"(?:accès limité|pas accès)|répondrai.{0,50}retour|dès mon retour",
    r"(?:eingeschränkt|keinen? zugriff)|nach meiner rückkehr|(?:e-?mails?|nachrichten?) (?:wird"
    r"|werden)"
    r" nicht (?:gelesen|weitergeleitet|bearbeitet)",
    r"acesso limitado|sem acesso|responderei.{0,50}(?:retorno|regresso|voltar)",
    r"accesso limitato|risponderò.{0,50}(?:rientro|ritorno)|al mio rientro",
    r"beperkt(?:e)? toegang|na mijn (?:terugkeer|vakantie)|bij terugkomst",
    r"ograniczony dostęp|po (?:moim )?powrocie",
    r"begränsad tillgång|när jag är tillbaka|åter den",
    r"سأرد|سوف أرد|عند عودتي",
    r"(?:尽快|回来后|返回后|稍后|之后).{0,12}(?:回复|答复|联系)",
    r"(?:लौटने|वापस).{0,30}(?:उत्तर|जवाब)|शीघ्र.{0,20}(?:उत्तर|जवाब|संपर्क)",
)
_URGENT_TEXT = _any(
    r"(?:urgent|emergenc|immediate (?:help|assistance|attention|response)).{0,80}"
    r"(?:contact|call|e-?mail|write to|reach)",
    r"urgen(?:te|cia).{0,80}(?:contact|llam|escrib|ligue|entre em)",
    r"urgen(?:ce|t|te|za).{0,80}(?:contact|appel|adress|contatt|rivolg)",
    r"dringend.{0,80}(?:wenden|kontakt|anruf|e-?mail|contact)",
    r"dringende.{0,80}contact|piln.{0,80}kontakt|brådskande.{0,80}kontakt",
    r"(?:عاجل|طارئ|للضرورة).{0,80}(?:اتصال|التواصل)",
    r"(?:紧急|急事|緊急).{0,40}(?:联系|聯繫|致电|拨打)",
    r"(?:तत्काल|अत्यावश्यक|जरूरी).{0,80}संपर्क",
)
_AUTOMATED_TEXT = _any(
    r"this is an? (?:auto|automatic|automated|automatically generated|auto-generated"
    r"|system.generated)"
    r"[ -](?:reply|response|e-?mail|message|notification|answer)",
    r"(?:please )?(?:do not|don't) (?:reply|respond) to this (?:e-?mail|message)",
    r"(?:we|i)(?:'ve| have)? received your (?:e-?mail|message|request|enquiry|inquiry)",
    r"(?:ticket|case|request) (?:has been |was )?(?:created|opened|received|logged)",
    r"(?:este|esta) es una? (?:mensaje|respuesta|correo) automátic|no responda a este",
    r"ceci est une? (?:message|réponse) automatique|ne pas répondre à ce",
    r"dies ist eine automatisch|automatisch (?:generiert|erstellt|erzeugt)"
    r"|nicht auf diese (?:e-?mail|nachricht)",
    r"(?:esta é|este é) uma? (?:resposta|mensagem|e-?mail) automátic|não responda a est",
    r"questa è una risposta automatica|non rispondere a quest",
    r"dit is een automatisch|to jest automatyczna|detta är ett automatiskt",
    r"هذا رد (?:تلقائي|آلي)|هذه رسالة (?:تلقائية|آلية)|تم استلام رسالتك",
    r"(?:这|此)是?(?:一封)?(?:自动回复|系统自动)|请勿(?:直接)?回复|已收到您的(?:邮件|来信)",
    r"यह एक? ?(?:स्वचालित|ऑटोमेटेड)|कृपया इस (?:ईमेल|संदेश) का (?:उत्तर|जवाब) न",
)
AWAY_TEXT = re.compile(_AWAY_TEXT)
SECOND_SIGNS = tuple(
    re.compile(one, re.DOTALL) for one in (_LATER_TEXT, _URGENT_TEXT, _AUTOMATED_TEXT)
)
"""What out-of-office texts say besides being away: when the answer comes, whom else to ask."""

SURE_BOUNCE = re.compile(
    _any(
        r"delivery status notification \((?:failure|delay|success|relay|expan)",
        r"undelivered mail returned to sender$",
        r"mail delivery failed: returning message to sender",
        r"mail delivery (?:system|subsystem)$",
        r"returned mail: (?:see transcript for details|user unknown|host unknown"
        r"|unable to deliver)",
        r"(?:warning: )?message .{1,60} delayed \d+ hours?",
        r"warning: could not send message for (?:the )?past",
        r"delivery notification: delivery has (?:failed|been delayed)",
        r"mail system error - returned mail",
        r"complaint about message from\b",
    )
)
BOUNCE = re.compile(
    _any(
        r"undeliverable|undelivered|undeliverable mail|failure notice|mail delivery fail"
        r"|delivery fail",
        r"delivery (?:status )?(?:notification|report|delayed)|returned (?:mail|e-?mail)"
        r"|mail failure",
        r"mail error|mail (?:could|can) ?not be delivered",
        r"mail delivery (?:warning|problem|error)|.{1,200}\((?:delivery failed|failure)\)$",
        r"non.?delivery|message (?:undeliverable|status|delivery)|unable to deliver|rejected:"
        r"|blocked:",
        r"no (?:se puede|entregado|se pudo)|no se ha podido entregar|mensaje no entregado"
        r"|error de entrega",
        r"non remis|non délivré|échec de (?:la )?(?:remise|livraison)|message non (?:remis"
        r"|distribué)",
        r"unzustellbar|nicht zustellbar|zustellung|unzugestellt|übermittlungsfehler|rückläufer",
        r"não (?:é possível entregar|entregue|foi possível)|falha na entrega|mensagem não entregue",
        r"non recapitabile|mancato recapito|consegna fallita|onbestelbaar|niet bezorgd",
        r"niedostarcz|zwrot|nie można dostarczyć|oleverer|ej levererbart|kan inte levereras",
        r"لم يتم التسليم|تعذر تسليم|غير قابل للتسليم|无法(?:送达|投递|传递)|未(?:送达|传递)|退信"
        r"|系统退信|無法傳遞",
        r"डिलीवर नहीं|वितरण विफल|अवितरित|недостав",
    )
)
BOUNCE_TEXT = re.compile(
    _any(
        r"(?:could(?:n't| not)|can(?:'t|not)|was not|wasn't|not able to|unable to) (?:be )?deliver",
        r"delivery (?:has )?failed|delivery to the following|undeliverable|user unknown"
        r"|unknown user",
        r"invalid (?:final )?(?:delivery|recipient|address)|delivery of e-?mail|full mailbox",
        r"mailbox (?:is )?(?:full|unavailable|not found)|address not found|returned to sender"
        r"|qmail",
        r"\b[245]\.\d\.\d{1,3}\b|\b[45]5\d[ -]|\bsmtp\b|mailer-daemon|diagnostic",
        r"nachrichtenzustellung|nicht erreicht",
        r"nicht zugestellt|unzustellbar|n'a pas (?:pu )?être|non (?:remis|distribué)"
        r"|no se (?:pudo|ha podido)",
        r"não (?:pôde|foi|pode)|non è stato|niet (?:worden )?bezorgd|nie (?:można|została)"
        r"|kunde inte levereras",
        r"لم يتم تسليم|تعذر|无法(?:送达|投递)|退回|退信|डिलीवर नहीं|वितरित नहीं",
    )
)
RECEIPT = re.compile(
    _any(
        r"read|not read|delivered|relayed|expanded|receipt|return receipt|read receipt",
        r"gelesen|ungelesen|nicht gelesen|zugestellt|lesebestätigung|empfangsbestätigung",
        r"lu|non lu|remis|accusé de (?:lecture|réception)|leído|no leído|entregado"
        r"|confirmación de lectura",
        r"lida|lido|não lida|entregue|confirmação de leitura|letto|non letto|conferma di lettura",
        r"gelezen|niet gelezen|leesbevestiging|przeczytano|potwierdzenie przeczytania|odczytano",
        r"läst|ej läst|läskvitto|مقروءة|تمت القراءة|إيصال القراءة|تم التسليم|已读|已讀|未读"
        r"|阅读回执|पढ़ा गया|पठन रसीद",
    )
    + r"\s{0,2}(?::|$)"
)
RECEIPT_TEXT = re.compile(
    _any(
        r"(?:your|the) (?:message|mail|e-?mail).{0,400}\b(?:was|has been|is)\b (?:\w+ ){0,2}"
        r"(?:read|displayed|opened|deleted|delivered|received)",
        r"return receipt|read receipt|acknowledges that (?:you|the)",
        r"(?:nachricht|mail).{0,400}wurde.{0,80}(?:gelesen|gelöscht|angezeigt|zugestellt)",
        r"message.{0,400}a été (?:lu|affiché|supprimé|remis)|mensaje.{0,400}(?:se leyó|fue leíd"
        r"|ha sido)",
        r"mensagem.{0,400}(?:foi|lida em)|messaggio.{0,400}(?:è stato|letto)"
        r"|bericht.{0,400}(?:is|werd) gelezen",
        r"wiadomość.{0,400}(?:przeczyt|odczyt)|meddelande.{0,400}(?:lästes|har lästs)",
        r"(?:تمت قراءة|تم تسليم)|(?:邮件|郵件).{0,200}已.{0,40}(?:阅读|读取|讀取|送达)"
        r"|संदेश.{0,200}पढ़ा गया",
    ),
    re.DOTALL,
)
MEETING = re.compile(
    _any(
        r"accepted|declined|tentative(?:ly accepted)?|cancell?ed(?: event)?|new time proposed",
        r"zugesagt|abgelehnt|mit vorbehalt|abgesagt|accepté|refusé|provisoire|annulé|provisional",
        r"aceptado|aceptada|rechazado|rechazada|cancelado|aceito|aceite|recusado|accettato"
        r"|rifiutato",
        r"geaccepteerd|geweigerd|zaakceptowano|odrzucono|godkänt|avböjt|مقبول|مرفوض|已接受"
        r"|已拒绝|接受|स्वीकृत",
    )
    + r"\s{0,2}:"
)
MEETING_TEXT = re.compile(
    _any(
        r"has (?:accepted|declined|tentatively accepted|cancell?ed) (?:this|the|your) (?:invit"
        r"|event|meet)",
        r"hat (?:diese|die|ihre) (?:einladung|besprechung)|a (?:accepté|refusé) (?:cette|l'|votre)",
    )
)
CHALLENGE = re.compile(
    rf"(?:{_REPLY_MARK}\s?:\s?)?"
    + _any(
        r"(?:please |action required:? )?(?:confirm|verify|authenticate|validate) (?:your|that"
        r"|you)",
        r"(?:sender )?(?:verification|confirmation|authentication) (?:is )?(?:needed|required"
        r"|request)",
        r".{0,60}\b(?:your )?(?:e-?mail|message).{0,40}(?:requires?|needs?|awaits|awaiting|pending"
        r"|is waiting for)"
        r" (?:your )?(?:approval|verification|authentication|confirmation)",
        r"(?:anti.?spam|spam ?arrest|boxbe|mailblocks|challenge)",
        r"bitte bestätigen sie|confirme (?:su|seu)|veuillez confirmer|conferma (?:la|il) (?:tua"
        r"|tuo)",
    )
)
CHALLENGE_TEXT = re.compile(
    r"https?://.{0,300}"
    + _any(r"click|confirm|verif|captcha|authentic|approv|spam|klick|clique|clic|bestätig")
    + "|"
    + _any(r"click|confirm|verif|captcha|authentic|approv|spam|klick|clique|clic|bestätig")
    + r".{0,300}https?://",
    re.DOTALL,
)
_SPOKEN = (
    r"(?:[“\"«„「『].{1,2000}(?:[”\"»“」』]|\.\.\.)|an? (?:image|photo|movie|video|attachment"
    r"|audio message|voice message|contact|link|sticker|location))"
)
TAPBACK = re.compile(
    _any(
        r"(?:liked|loved|disliked|laughed at|emphasi[sz]ed|questioned)\s",
        r"removed an? (?:like|heart|dislike|laugh|question mark|exclamation(?: mark)?"
        r"|emphasis) from\s",
        r"(?:reacted|removed) (?:with a sticker|[^\s]{1,12})(?: reaction)? (?:to|from)\s",
        r"[^\w\s“\"«„]{1,12}\s{0,2}to\s",
        r"(?:le (?:gustó|encantó|disgustó)|ha? reído con|enfatizó|cuestionó"
        r"|reaccionó con [^\s]{1,12} a)\s",
        r"(?:a (?:aimé|adoré|ri de|exclamé|questionné)|n'a pas aimé|a réagi avec [^\s]{1,12} à)\s",
        r"(?:gefällt|gefällt nicht|liebt|lacht über|betont|hinterfragt"
        r"|hat mit [^\s]{1,12} reagiert auf)\s",
        r"(?:curtiu|amou|adorou|não curtiu|riu de|enfatizou|questionou|reagiu com [^\s]{1,12} a)\s",
        r"(?:ha messo [\"“]mi piace[\"”] a|ha adorato|ha riso a)\s",
        r"(?:أعجبه|أحب)\s",
        r"(?:赞了|喜欢了?|不喜欢|大笑|强调了?|质疑了?|用[^\s]{1,12}回应了?)\s?",
        r"(?:पसंद किया|प्यार किया)\s",
    )
    + rf"{_SPOKEN}$",
    re.DOTALL,
)
_TO_YOU = _any(
    r"(?:via|über|mit|mediante|a través de|através do|pelo|con|tramite|przez|عبر|通过|के ज़रिए"
    r"|ile) gmail",
    r"to your (?:message|e-?mail)|auf (?:deine|ihre) (?:nachricht|e-?mail)|a (?:tu|su"
    r"|sua) (?:mensaje|mensagem)",
    r"à votre (?:message|e-?mail)|gmail",
)
REACTION = re.compile(
    r"\W{1,12}[^\n]{0,120}"
    + _any(r"react|reag|reaccion|تفاعل|回应|回應|प्रतिक्रिया|リアクション|zareagow")
    + r"[^\n]{0,60}"
    + _TO_YOU
    + r"|\W{1,12}[^\n]{0,120}"
    + _TO_YOU
    + r"[^\n]{0,60}"
    + _any(r"reagiert|回应|回應|प्रतिक्रिया|react|reag")
)
NOBODY_READS = re.compile(
    r"(?:.{1,40}[-_.+])?(?:(?:do|please)[-_.]?)?(?:no|not|non|ne[-_.]?pas|nicht|keine|nao)[-_.]?"
    r"(?:reply|response|respond(?:er|a)?|repondre|antwort(?:en)?|responda|rispondere)(?:$"
    r"|[-_.+\d].{0,40})"
    r"|mailer[-_.]?daemon.{0,20}|auto[-_.]?(?:reply|responder|response|answer|mailer|notify).{0,20}"
    r"|(?:.{1,40}[-_.])?bounces?(?:$|[-_.+=].{0,60})|owner-.{1,60}|.{1,60}-(?:owner|request"
    r"|bounces)"
    r"|notifications?|newsletter|majordomo|listserv|mailman|postmaster-noreply"
)
"""Local parts nobody writes from."""
BULK_MAILER = re.compile(
    r"mailchimp|phplist|mailman|majordomo|sympa\b|listserv|ezmlm|constant ?contact|sendinblue|brevo"
    r"|klaviyo|hubspot|campaign ?monitor|marketo|eloqua|salesforce|acymailing|cleverreach"
    r"|newsletter"
    r"|mailjet|phpmailer|\bphp/\d|vacation|auto-?respon|auto-?reply|newsman|dada mail|lyris"
)
