"""Words no member may be called by. Data for `policies.pseudonym`; compared by skeleton.

English, Spanish, French, German, Portuguese, Italian, Dutch, Turkish, Polish, Russian, Ukrainian,
Arabic, Persian, Hindi, Chinese, Japanese, Korean, Vietnamese. Words that are also given names
are left out.
"""

from __future__ import annotations

ROLES = (
    *("admin", "administrator", "administration", "moderator", "mod", "facilitator", "operator"),
    *("cofacilitator", "organizer", "organiser", "coordinator", "counselor", "counsellor"),
    *("therapist", "helpline", "hotline", "crisis", "emergency", "police", "staff", "support"),
    *("system", "relay", "anytime", "server", "service", "security", "postmaster", "mailer-daemon"),
    *("noreply", "twilio", "root", "webmaster", "abuse", "bot", "official", "verified"),
    *("administradora", "administrador", "moderadora", "moderador", "facilitadora", "facilitador"),
    *("coordinadora", "coordinador", "emergencia", "policia", "sistema", "soporte", "servicio"),
    *("administratrice", "administrateur", "moderatrice", "moderateur", "facilitatrice"),
    *("facilitateur", "animatrice", "animateur", "urgence", "systeme", "assistance", "crise"),
    *("administratorin", "moderatorin", "leitung", "leiterin", "gruppenleitung", "notruf"),
    *("polizei", "krise", "betreuung", "seelsorge", "verwaltung", "notfall"),
    *("emergência", "polícia", "suporte", "coordenadora", "coordenador", "crisi", "polizia"),
    *("amministratore", "amministratrice", "moderatore", "moderatrice", "facilitatore"),
    *(
        "beheerder",
        "begeleider",
        "politie",
        "noodgeval",
        "yönetici",
        "moderatör",
        "polis",
        "destek",
    ),
    *("moderatorka", "administratorka", "policja", "kryzys"),
    *("админ", "администратор", "модератор", "фасилитатор", "ведущая", "ведущий", "полиция"),
    *("поддержка", "система", "кризис", "адміністратор", "адмін", "поліція", "підтримка"),
    *("مشرف", "مشرفة", "المشرف", "المشرفة", "مدير", "المدير", "ميسرة", "شرطة", "الشرطة", "طوارئ"),
    *("مدیر", "پلیس", "پشتیبانی", "النظام", "الدعم"),
    *("एडमिन", "व्यवस्थापक", "संचालक", "पुलिस", "सहायता"),
    *(
        "管理员",
        "管理員",
        "主持人",
        "版主",
        "警察",
        "客服",
        "系统",
        "系統",
        "危机",
        "危機",
        "热线",
        "熱線",
    ),
    *(
        "管理者",
        "モデレーター",
        "サポート",
        "システム",
        "관리자",
        "운영자",
        "진행자",
        "경찰",
        "시스템",
    ),
    *("quản trị viên", "quản trị", "cảnh sát"),
)
"""A name that has one of these as a word could pass for whoever runs or guards the group."""

COMMANDS = (
    *("stop", "stopall", "start", "unstop", "end", "quit", "cancel", "unsubscribe", "subscribe"),
    *("optout", "revoke", "help", "info", "yes", "join", "leave", "agree", "decline", "approve"),
    *("accept", "quiet", "pause", "resume", "mute", "remove", "freeze", "thaw", "who", "list"),
    *("announce", "report", "urgent", "sos", "forget me", "everyone", "everybody", "group"),
    *("member", "members", "nobody", "anonymous", "unknown", "you", "me", "null", "none"),
    *("alto", "parar", "pare", "ayuda", "basta", "salir", "todos", "grupo", "unirse", "silencio"),
    *("arrêt", "arret", "arreter", "aide", "quitter", "groupe", "rejoindre"),
    *("stopp", "hilfe", "ende", "verlassen", "gruppe", "abbestellen", "ruhe"),
    *("ajuda", "sair", "aiuto", "gruppo", "esci", "hulp", "groep", "yardim", "dur", "grup"),
    *("pomoc", "grupa", "стоп", "помощь", "группа", "допомога", "група"),
    *("توقف", "مساعدة", "المساعدة", "مجموعة", "انضمام", "مغادرة", "کمک", "گروه"),
    *("रोकें", "मदद", "समूह", "停止", "帮助", "幫助", "加入", "退出", "群组", "群組"),
    *("ヘルプ", "助けて", "中止", "도움말", "중지", "그룹", "trợ giúp", "dừng", "nhóm"),
    *("td", "more", "block", "unblock", "send as is", "send it as is"),
    *("leave group", "leave the group", "leave this group"),
    *("baja", "darse de baja", "cancelar", "empezar", "reanudar", "más", "bloquear"),
    *("desbloquear", "enviar tal cual", "envía tal cual", "salir del grupo", "dejar el grupo"),
    *("abandonar el grupo", "désabonner", "se désabonner", "désabonnement", "démarrer"),
    *("reprendre", "plus", "la suite", "bloquer", "débloquer", "envoyer tel quel"),
    *("quitter le groupe", "sortir du groupe", "abmelden", "austreten", "starten", "mehr"),
    *("blockieren", "sperren", "entsperren", "freigeben", "so senden", "unverändert senden"),
    *("gruppe verlassen", "die gruppe verlassen", "descadastrar", "começar", "retomar", "mais"),
    *("enviar assim", "enviar tal qual", "sair do grupo", "deixar o grupo", "отписаться"),
    *("قف", "إيقاف", "إلغاء", "إلغاء الاشتراك", "ابدأ", "استئناف", "المزيد", "حظر"),
    *("إلغاء الحظر", "أرسل كما هي", "إرسال كما هو", "مغادرة المجموعة", "الخروج من المجموعة"),
    *("退订", "退訂", "取消", "取消订阅", "取消訂閱", "开始", "開始", "恢复", "恢復", "更多"),
    *("屏蔽", "封鎖", "拉黑", "取消屏蔽", "解除封鎖", "取消拉黑", "原样发送", "原樣發送"),
    *("退群", "退出群组", "退出群組", "离开群组", "離開群組"),
    *("ストップ", "配信停止", "수신거부"),
)
"""A name that is one of these could pass for a command, or for an answer of the relay.

Every word to the relay is among them, in each spelling that could be a name; a test compares.
"""
