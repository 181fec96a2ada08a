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
)
"""A name that is one of these could pass for a command, or for an answer of the relay."""
