"""Every word to the relay, declared once. To add one, see docs/adding-a-word.md."""

from __future__ import annotations

from policies.verdict import Reason
from relay.words import of_danger, of_guiding, of_hours, of_joining, of_members, of_modes
from relay.words.word import (
    ANYONE,
    EVERYWHERE,
    HERSELF,
    LANGUAGES,
    WHATEVER,
    Command,
    Form,
    Owner,
    Place,
    Who,
    Word,
)

__all__ = ["LANGUAGES", "WORDS", "Command", "Form", "Owner", "Place", "Who", "Word"]

NOT_FOR_WRITING = frozenset(
    {
        Reason.GROUP_FROZEN,
        Reason.NOT_A_MEMBER_NOW,
        Reason.NOT_PROVEN,
        Reason.SHOWN_TO_OTHERS,
        Reason.UNREACHABLE,
    }
)
"""What may be said against a post, but not against a word that makes its writer safer."""

OF_POSTS_ONLY = frozenset(
    {
        *(Reason.ANNOUNCEMENTS_ONLY, Reason.MUTED, Reason.NOT_AFFIRMED, Reason.RATE),
        Reason.READS_ONLY,
    }
)
"""What may be said against a post, and never against a word, but one that is a post itself."""


_STOP = Word(
    command=Command.STOP,
    # English: 47 CFR 64.1200(a)(10), the opt-out words that Twilio acts on by default, and those
    # of the CTIA's principles. Not TD, which Chinese carriers let people write: elsewhere it is a
    # bank, a touchdown, a name.
    spellings={
        "en": (
            *("stop", "quit", "end", "revoke", "opt out", "cancel", "unsubscribe"),
            *("stopall", "optout", "remove"),
        ),
        "es": ("alto", "baja", "parar", "pare", "cancelar", "darse de baja"),
        "fr": ("arrêt", "arrêter", "désabonner", "désabonnement", "se désabonner"),
        "de": ("stopp", "abmelden", "abbestellen"),
        "pt": ("parar", "pare", "sair", "cancelar", "descadastrar"),
        "ar": ("توقف", "قف", "إيقاف", "إلغاء", "إلغاء الاشتراك"),
        "zh": ("停止", "退订", "退訂", "取消", "取消订阅", "取消訂閱"),
        "ru": ("стоп", "отписаться"),
        "ja": ("ストップ", "配信停止"),
        "ko": ("수신거부",),
    },
    meaning="Ends all messages of this service to you, in every group.",
    who=ANYONE,
    where=EVERYWHERE,
    owner=Owner.LAW,
    changes=True,
    despite=WHATEVER,
    unproven=True,
)

_START = Word(
    command=Command.START,
    # Twilio lifts its own block on `start` and `unstop`; nobody is back in a group by them. It
    # also does so on `yes`, which between people is only an answer.
    spellings={
        "en": ("start", "unstop", "subscribe"),
        "es": ("empezar",),
        "fr": ("démarrer",),
        "de": ("starten",),
        "pt": ("começar",),
        "ar": ("ابدأ",),
        "zh": ("开始", "開始"),
    },
    meaning="Tells you the way back after you have said stop.",
    who=frozenset({Who.STOPPED}),
    where=EVERYWHERE,
    owner=Owner.CARRIER,
    changes=False,
    despite=WHATEVER,
    unproven=True,
)

_HELP = Word(
    command=Command.HELP,
    # `HELP` and `INFO` belong to the carriers. They may be a cry: facilitators hear of them.
    spellings={
        "en": ("help", "info"),
        "es": ("ayuda",),
        "fr": ("aide",),
        "de": ("hilfe",),
        "pt": ("ajuda",),
        "ar": ("مساعدة", "المساعدة"),
        "zh": ("帮助", "幫助"),
    },
    meaning="Tells you what you can do, and tells who runs the group that you asked.",
    who=ANYONE,
    where=EVERYWHERE,
    owner=Owner.CARRIER,
    changes=False,
    despite=WHATEVER,
    unproven=True,
)

_LEAVE = Word(
    command=Command.LEAVE,
    # No bare goodbye in any language: people part at the end of an evening.
    spellings={
        "en": ("leave", "leave group", "leave the group", "leave this group"),
        "es": ("salir", "salir del grupo", "dejar el grupo", "abandonar el grupo"),
        "fr": ("quitter", "quitter le groupe", "sortir du groupe"),
        "de": ("verlassen", "austreten", "gruppe verlassen", "die gruppe verlassen"),
        "pt": ("sair do grupo", "deixar o grupo"),
        "ar": ("مغادرة", "مغادرة المجموعة", "الخروج من المجموعة"),
        "zh": ("退出", "退群", "退出群组", "退出群組", "离开群组", "離開群組"),
    },
    meaning="Takes you out of this group; your other groups stay.",
    who=HERSELF | {Who.INVITED},
    where=EVERYWHERE,
    owner=Owner.RELAY,
    changes=True,
    despite=NOT_FOR_WRITING,
)

_MORE = Word(
    command=Command.MORE,
    spellings={
        "en": ("more",),
        "es": ("más",),
        "fr": ("plus", "la suite"),
        "de": ("mehr",),
        "pt": ("mais",),
        "ar": ("المزيد",),
        "zh": ("更多",),
    },
    meaning="Sends you the rest of a message that was cut short.",
    who=HERSELF,
    where=EVERYWHERE,
    owner=Owner.RELAY,
    changes=False,
)

_AS_IS = Word(
    command=Command.AS_IS,
    spellings={
        "en": ("send as is", "send it as is"),
        "es": ("enviar tal cual", "envía tal cual"),
        "fr": ("envoyer tel quel",),
        "de": ("so senden", "unverändert senden"),
        "pt": ("enviar assim", "enviar tal qual"),
        "ar": ("أرسل كما هي", "إرسال كما هو"),
        "zh": ("原样发送", "原樣發送"),
    },
    meaning="Passes on your waiting message with your own number, address or name in it.",
    who=HERSELF,
    where=EVERYWHERE,
    owner=Owner.RELAY,
    changes=True,
    posts=True,
)

_BLOCK = Word(
    command=Command.BLOCK,
    spellings={
        "en": ("block",),
        "es": ("bloquear",),
        "fr": ("bloquer",),
        "de": ("blockieren", "sperren"),
        "pt": ("bloquear",),
        "ar": ("حظر",),
        "zh": ("屏蔽", "封鎖", "拉黑"),
    },
    meaning="Stops the member you send it to from writing to you alone.",
    who=HERSELF,
    where=frozenset({Place.MASK}),
    owner=Owner.RELAY,
    changes=True,
)

_UNBLOCK = Word(
    command=Command.UNBLOCK,
    spellings={
        "en": ("unblock",),
        "es": ("desbloquear",),
        "fr": ("débloquer",),
        "de": ("entsperren", "freigeben"),
        "pt": ("desbloquear",),
        "ar": ("إلغاء الحظر",),
        "zh": ("取消屏蔽", "解除封鎖", "取消拉黑"),
    },
    meaning="Lets the member you send it to write to you alone again.",
    who=HERSELF,
    where=frozenset({Place.MASK}),
    owner=Owner.RELAY,
    changes=True,
)

WORDS = (
    *(_STOP, _START, _HELP, _LEAVE, _MORE, _AS_IS, _BLOCK, _UNBLOCK),
    *of_danger.WORDS,
    *of_hours.WORDS,
    *of_modes.WORDS,
    *of_joining.WORDS,
    *of_guiding.WORDS,
    *of_members.WORDS,
)
"""All there are. What could be read as two is the one that stands first, so STOP comes first."""
