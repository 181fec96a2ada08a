"""Short sentences by which people ask to be let go, in words of their own.

Any reasonable way of saying it counts (47 CFR 64.1200(a)(10)); but `make him stop` is why people
are here. So a message is matched whole, as a list of words, and only where the writer speaks of
herself and of messages, of the group, or of her number.
"""

from __future__ import annotations

import re

from relay.words.folding import folded, parted

_MOST_WORDS = 12
"""Polite words at both ends not counted. Who writes more tells a story."""
_LONGEST = 160
_SENTENCE = re.compile(r"[.!?\u2026\u061f\u3002\uff01\uff1f\n\r]+")
_NAME = 2
"""Words that may follow: who she is, as under a mail."""

_POLITE_WORDS = """
please pls plz kindly hi hello hey ok okay sorry sry just thanks thank you thx ty now asap
immediately already anymore again forever everyone everybody guys all yall someone somebody
anyone can could would will and so but
por favor porfa hola gracias perdon ya pueden puedes alguien ahora
bonjour bonsoir svp stp sil vous te plait merci pardon desole desolee maintenant
bitte hallo danke sofort jetzt konnt ihr kann jemand mal entschuldigung
oi ola obrigada obrigado desculpa desculpe agora alguem pode podem
"""
_POLITE = frozenset(_POLITE_WORDS.split())
"""Words that change nothing at either end of such a sentence."""

_BEG = (
    "(?:please|pls|plz|kindly|thanks|thank you|thx|ty|now|asap|immediately|hi|hello|hey|sorry|"
    "por favor|porfa|porfavor|gracias|hola|ahora|ya|bonjour|svp|stp|sil (?:vous|te) plait|merci|"
    "maintenant|bitte|hallo|danke|sofort|jetzt|oi|ola|obrigad[ao]|agora|пожалуиста|من فضلك|لو سمحت)"
)
"""What may stand around a bare word of stop. Fewer words than `_POLITE`: `just quit` tells of
cigarettes, `quit please` does not."""
_BEGGED = re.compile(f"(?:{_BEG} )*[请請]?(?P<rest>.*?)(?: {_BEG})*")

_NO_WORDS = """
no not never none nothing nobody nope nah cannot neither nor but
nunca nada nadie ni jamas tampoco pero ningun ninguno ninguna
ne pas non jamais rien personne aucun aucune mais ni
nicht nichts kein keine keinen keiner keinem keines nie niemals niemand nein nee aber
nao ninguem nem nenhum nenhuma mas
niet geen nooit niets maar ikke ingen aldri men inte aldrig non mai niente nessuno ma
не нет ни никогда ничего но nie ale لا ليس لم لن ما لست لكن
"""
_NOES = frozenset(_NO_WORDS.split())
"""Words that make a no, or half a one, of what began as a yes; folded."""
_NOT = re.compile(
    "(?:do|does|did|was|were|is|are|have|has|had|would|could|should|must|need|wo|ca|ai)nt|.*[不没沒].*"
)

_PIECES = {
    "texts": "(?:texts?|txts?|messages?|msgs?|sms|mails?|emails?|notifications?|alerts?)",
    "texting": "(?:text|txt|messag|msg|mail|email|contact|spamm|bother|writ)(?:e?ing|in)",
    "group": (
        "(?:(?:from|off|of|out|in|on|the|this|your|that|these|ur|group|mailing|text|messag\\w+|"
        "phone|contact)\\s)*(?:group|list|chat|thread|text|texts|messages|system|"
        "service|program|programme|groupchat|gc)"
    ),
    "a_group": "(?:the|this|your|that) (?:text |mailing |support )?"
    "(?:group|list|chat|thread|program|programme|service|groupchat)",
    "number": "(?:number|phone number|phone|cell|cell number)",
    "from_here": "(?:from |off |of )*(?:here|this|these)",
    "mine": "(?:number|phone|phone number|no|email|mail|address|details|contact|info|data|cell)",
    "no_longer": "(?:do not|dont|no longer) (?:want|wish)",
    "want": "(?:i )?(?:want|wanna|need|would like|wish|like|id like|d like)(?: to)?(?: be)?",
    "mensajes": "(?:mensajes?|textos?|sms|correos?|emails?|msjs?|notificaciones)",
    "messages": "(?:messages?|textos?|sms|mails?|emails?|courriels?|notifications)",
    "nachrichten": "(?:nachrichten?|sms|mails?|emails?|e mails?|texte)",
    "mensagens": "(?:mensagem|mensagens|textos?|sms|emails?|msgs?|notificacoes)",
}

_ENGLISH = (
    r"take me (?:off(?: {from_here})?|(?:off|out) {group})",
    r"take (?:my|this) {mine} (?:off|out)(?: {group})?",
    r"get me (?:off|out) {group}",
    r"(?:remove|delete|unsubscribe|unsub|drop|unenroll|deregister) me"
    r"(?: {group}| {from_here})?",
    r"opt me out(?: {group})?",
    r"let me out {group}",
    r"(?:delete|remove|erase|lose|forget) my {mine}(?: {group})?",
    r"(?:delete|remove|erase|lose|forget|unsubscribe) this {number}(?: {group})?",
    r"(?:unsubscribe|unsub|opt out|optout|stop|quit) {group}|(?:stop|stop all) [0-9]{{1,3}}",
    r"(?:no|not any|enough) (?:more )?(?:of )?(?:the |these |your )?{texts}(?: to me)?",
    r"no more {texting}(?: me)?",
    r"(?:stop|quit|cease|end|cancel) (?:all )?(?:the |these |those |your |my |sending )*"
    r"(?:me )?(?:the |these |those |any |more |your )*{texts}(?: to me)?",
    r"(?:stop|quit|cease) {texting}(?: to)? me",
    r"stop sending (?:me )?(?:these|this|those|stuff|things)?(?: to me)?",
    r"(?:stop|quit) {texting} this {mine}",
    r"(?:do not|dont|never) (?:text|txt|message|msg|mail|email|contact|write)(?: to)? me"
    r"(?: any more| ever)?",
    r"(?:do not|dont|never) (?:text|txt|message|msg|contact|call|write)(?: to)? this {number}"
    r"(?: any more| ever)?",
    r"(?:do not|dont) send (?:me )?(?:any |more |these |any more )*{texts}(?: to me)?",
    r"i {no_longer} (?:to )?(?:get |receive |have )?"
    r"(?:any |more |these |those |your |the )*{texts}(?: any more)?",
    r"i {no_longer} to be (?:in|on|part of|a part of|a member of) {a_group}(?: any more)?",
    r"(?:its |this is |thats |you |youve |u |ve |have |got |i think )*"
    r"(?:the |a )?wrong number(?: im afraid)?",
    r"(?:you |youve |u )?(?:ve )?(?:have|got) the wrong (?:person|phone|address)",
    r"i want out(?: of {group})?",
    r"{want} (?:leave|quit|exit|get out of|get off|out of|off|removed from|taken off) "
    r"(?:of )?(?:the|this|your) (?:group|list|chat|thread|text list|mailing list)",
    r"{want} (?:unsubscribe|unsubscribed|opt out|removed|taken off|opted out)(?: {group})?",
    r"(?:i am|im|i) (?:leaving|leave|quit|quitting|done with) {a_group}",
    r"(?:i am|im) done with (?:these|the|your) {texts}",
    r"(?:i )?(?:revoke|withdraw) (?:my )?consent",
    r"i (?:opt out|unsubscribe|revoke)|(?:im |i am )?opting out",
    r"cancel my (?:membership|subscription)(?: {group})?",
    r"how (?:do|can|to) (?:i |you )?(?:unsubscribe|opt out|get off {group}|"
    r"leave (?:the|this) group|stop (?:the|these|getting|receiving|getting these) {texts})"
    r"(?: {group})?",
    r"(?:stop|unsubscribe|opt out|optout|revoke)",
    r"leave me alone",
)

_SPANISH = (
    r"no mas(?: {mensajes})?|basta de {mensajes}|no quiero (?:recibir )?mas {mensajes}",
    r"(?:dejen?|deja|paren?|para) de (?:escribirme|textearme|contactarme|mandarme {mensajes}|"
    r"enviarme {mensajes}|mandar {mensajes}|enviar {mensajes})",
    r"no me (?:escriban|escribas|manden|mandes|envien|envies)(?: mas)?(?: {mensajes})?",
    r"(?:quitenme|quitame|saquenme|sacame|borrenme|borrame|eliminenme|eliminame)"
    r"(?: (?:de la lista|de esta lista|del grupo|de este grupo|de aqui))?",
    r"(?:me )?(?:sacan|quitan|borran|pueden sacar|pueden quitar) (?:del grupo|de la lista)",
    r"(?:borren?|borra|quiten|eliminen) mi (?:numero|telefono|correo|nombre)",
    r"(?:es (?:un |el )?|(?:ustedes )?tienen? (?:el )?)?numero equivocado",
    r"(?:me )?quiero (?:salir(?:me)?|irme|dejar|salirme) (?:del|de este|el|este|de la) "
    r"(?:grupo|lista|chat)",
    r"(?:quiero )?(?:darme|denme|dame) de baja(?: del grupo)?",
)

_FRENCH = (
    r"plus de {messages}|je ne veux plus (?:de |recevoir (?:de |vos |ces )?|vos ){messages}",
    r"ne m(?:ecrivez|ecris|envoyez|envoie) plus(?: (?:rien|de {messages}))?",
    r"(?:arretez|arrete|cessez) "
    r"(?:de mecrire|de menvoyer (?:des|ces|vos) {messages}|les {messages})",
    r"(?:enlevez|enleve|retirez|retire|supprimez|supprime|effacez|desabonnez|desinscrivez|sortez) "
    r"moi(?: (?:de la liste|de cette liste|du groupe|de ce groupe|de la))?",
    r"(?:supprimez|supprime|effacez|enlevez|oubliez) mon (?:numero|adresse|nom)",
    r"(?:cest (?:un |le )?|(?:vous )?avez (?:le |un )?)?(?:mauvais|faux) numero|erreur de numero",
    r"je (?:veux|voudrais|souhaite) (?:quitter|sortir) (?:le|du|ce|de ce) groupe",
    r"je quitte (?:le|ce) groupe",
    r"je (?:veux|voudrais|souhaite) (?:me desabonner|me desinscrire|etre retiree?)(?: du groupe)?",
)

_GERMAN = (
    r"keine(?: weiteren)? {nachrichten}(?: mehr)?(?: an mich)?",
    r"ich (?:will|mochte|mag) keine {nachrichten} mehr(?: bekommen| erhalten| kriegen)?",
    r"(?:schreibt|schreib|schickt|schick|textet) mir (?:bitte )?(?:nicht|nichts) mehr",
    r"(?:schickt|schick) mir (?:bitte )?keine {nachrichten} mehr",
    r"(?:hort|hor) (?:bitte )?auf mir zu schreiben",
    r"(?:nehmt|nimm|streicht|entfernt|loscht|meldet) mich(?: bitte)?"
    r"(?: (?:raus|ab|(?:von|aus) (?:der|dieser) (?:liste|gruppe)))?",
    r"(?:loscht|losche|vergesst|entfernt) (?:bitte )?meine (?:nummer|adresse|daten|mail)",
    r"(?:das ist (?:die |eine )?|(?:ihr )?habt die )?falsche nummer",
    r"ich (?:will|mochte) (?:hier |da )?raus(?: aus (?:der|dieser) gruppe)?",
    r"ich (?:will|mochte) (?:aus )?(?:die|diese|der|dieser) gruppe (?:verlassen|raus|austreten)",
    r"ich verlasse (?:die|diese) gruppe|ich (?:will|mochte) mich abmelden|abmelden",
)

_PORTUGUESE = (
    r"(?:chega de|sem mais|nada de|nao quero mais(?: receber)?) {mensagens}",
    r"(?:parem?|para) de (?:me )?(?:escrever|mandar|enviar)(?: me)?(?: {mensagens})?",
    r"nao me (?:escrevam|escreva|mandem|mande|enviem|envie)(?: mais)?(?: {mensagens})?",
    r"(?:me )?(?:tirem?|tira|removam?|remova|excluam?|exclua|apaguem)(?: me)?"
    r" (?:do grupo|deste grupo|desse grupo|da lista|desta lista)",
    r"me (?:tirem|removam|remova|excluam)|(?:tirem|remova|removam|excluam) me",
    r"(?:apaguem?|apaga|excluam?|removam?) (?:o )?meu (?:numero|telefone|email|contato)",
    r"(?:e (?:o )?|voces tem o )?numero errado|foi engano de numero",
    r"(?:eu )?quero (?:sair|me retirar) (?:do|deste|desse|da|desta) (?:grupo|lista|chat)",
    r"(?:eu )?quero (?:me descadastrar|cancelar (?:as )?{mensagens})",
)

_UNSPACED = frozenset(
    folded(sentence)
    for sentence in (
        *("别再发了", "别给我发短信", "不要再发短信", "不要再给我发消息", "请把我移除", "把我移除"),
        *(
            "打错了",
            "号码错了",
            "發錯了",
            "不要再傳訊息",
            "我要退群",
            "我想退出群组",
            "请删除我的号码",
        ),
        *("لا ترسلوا لي رسائل", "لا أريد رسائل", "لا مزيد من الرسائل", "رقم خاطئ", "الرقم خطأ"),
        *("احذفوا رقمي", "أريد مغادرة المجموعة", "أخرجوني من المجموعة", "أزيلوني من القائمة"),
    )
)
"""Chinese and Arabic: compared by their letters alone."""

_SENTENCES = "|".join((*_ENGLISH, *_SPANISH, *_FRENCH, *_GERMAN, *_PORTUGUESE))
_WISH = "(?:(?:i want|i need|i would like|id like) you(?: guys| all)? to )?(?:please )?"
_ASKS = re.compile(f"{_WISH}(?:{_SENTENCES.format(**_PIECES)})")


def asks_to_be_let_go(text: str) -> bool:
    """Tell whether a short message, all of it, asks for no more messages, or to be taken out.

    A name may follow, as under a mail. The first sentence decides: `I told him. Stop texting me.`
    tells of somebody else.
    """
    if len(text) > _LONGEST:
        return False
    if folded(text) in _UNSPACED:
        return True
    sentences = [words for part in _SENTENCE.split(text) if (words := _plain(part))]
    if not sentences or sum(map(len, sentences)) > _MOST_WORDS:
        return False
    return _asks(sentences[0]) and all(len(s) <= _NAME or _asks(s) for s in sentences[1:])


def without_begging(words: list[str]) -> list[str]:
    """Return folded words without those that only beg or greet, at both ends."""
    match = _BEGGED.fullmatch(" ".join(words))
    return match["rest"].split() if match else []


def is_no(word: str) -> bool:
    """Whether a folded word denies."""
    return word in _NOES or _NOT.fullmatch(word) is not None


def _plain(sentence: str) -> list[str]:
    """Return the folded words of a sentence without the polite ones at its ends."""
    words = parted(sentence)
    while words and words[0] in _POLITE:
        words.pop(0)
    while words and words[-1] in _POLITE:
        words.pop()
    return words


def _asks(words: list[str]) -> bool:
    return _ASKS.fullmatch(" ".join(words)) is not None
