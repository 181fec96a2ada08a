"""What people call days and times in six languages, for the English words of `relay.hours`. Data.

Written as `relay.words.times` compares them: small, without accents, `_` for a space. Also how a
line of quiet hours is shown in a language: without letters that would make a text cost double.
"""

from __future__ import annotations

ENGLISH = frozenset(
    (
        *(
            "all",
            "am",
            "and",
            "at",
            "d",
            "daily",
            "day",
            "days",
            "every",
            "everyday",
            "for",
            "free",
        ),
        *("from", "h", "hour", "hours", "nightly", "night", "nights", "off", "on", "pm", "till"),
        *("to", "today", "tomorrow", "tonight", "until", "w", "week", "weeks"),
        *("weekday", "weekdays", "weekend", "weekends", "tues", "thur", "thurs"),
        *("mon", "tue", "wed", "thu", "fri", "sat", "sun"),
        *("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
        *("mondays", "tuesdays", "wednesdays", "thursdays", "fridays", "saturdays", "sundays"),
    )
)

FOREIGN: dict[str, tuple[str, ...]] = {
    "mon": (
        "lunes lun lundi montag montags mo segunda-feira segunda seg",
        "الاثنين الإثنين 星期一 周一 週一",
    ),
    "tue": (
        "martes mar mardi dienstag dienstags di terca-feira terca ter",
        "الثلاثاء 星期二 周二 週二",
    ),
    "wed": (
        "miercoles mie mercredi mer mittwoch mittwochs mi quarta-feira quarta qua",
        "الأربعاء 星期三 周三 週三",
    ),
    "thu": (
        "jueves jue jeudi jeu donnerstag donnerstags do quinta-feira quinta qui",
        "الخميس 星期四 周四 週四",
    ),
    "fri": (
        "viernes vie vendredi ven freitag freitags fr sexta-feira sexta sex",
        "الجمعة 星期五 周五 週五",
    ),
    "sat": (
        "sabado sabados sab samedi sam samstag samstags sa sonnabend",
        "السبت 星期六 周六 週六",
    ),
    "sun": (
        "domingo domingos dom dimanche dim sonntag sonntags so",
        "الأحد 星期日 星期天 周日 週日",
    ),
    "tonight": (
        "esta_noche ce_soir heute_abend heute_nacht esta_noite hoje_a_noite",
        "الليلة 今晚",
    ),
    "today": ("hoy aujourd'hui heute hoje", "اليوم 今天"),
    "tomorrow": ("manana demain morgen amanha", "غدا 明天"),
    "weekend": (
        "fin_de_semana fines_de_semana week-end wochenende wochenenden am_wochenende fim_de_semana",
        "نهاية_الأسبوع 周末 週末",
    ),
    "weekdays": ("entre_semana en_semaine werktags dias_uteis", "أيام_الأسبوع 工作日"),
    "night": ("cada_noche todas_las_noches chaque_nuit jede_nacht toda_noite", "كل_ليلة 每晚"),
    "daily": ("cada_dia todos_los_dias chaque_jour jeden_tag todo_dia", "كل_يوم 每天"),
    "all_day": (
        "todo_el_dia toute_la_journee den_ganzen_tag o_dia_todo dia_inteiro",
        "طوال_اليوم 全天",
    ),
    "from": ("de desde desde_las a_partir_de a_partir_das das ab von", "من 从 從 自"),
    "until": (
        "hasta hasta_el hasta_las jusqu'a jusqu'au bis bis_zum ate ate_as",
        "إلى حتى 直到 到 至",
    ),
    "to": ("a a_las as au",),
    "and": ("y et und و 和",),
    "off": (
        "apagar apagado quitar desactivar desactiver aus desligar desligado desativar",
        "إيقاف 关闭 關閉",
    ),
    "on": ("activar encender activer an ein ligar ativar", "تشغيل 开启 開啟"),
    "free": ("libre frei livre", "空闲 空閒"),
    "days": ("dia dias jour jours tag tage tagen", "يوم أيام ايام 天"),
    "hours": ("hora horas heure heures stunde stunden", "ساعة ساعات 小时 小時"),
    "weeks": ("semana semanas semaine semaines woche wochen", "أسبوع أسابيع 周 週 星期"),
    "for": ("por durante pendant fur", "لمدة"),
    "at": ("um uhr",),
}

SHOWN: dict[str, dict[str, str]] = {
    "es": {
        "mon": "lun",
        "tue": "mar",
        "wed": "mie",
        "thu": "jue",
        "fri": "vie",
        "sat": "sab",
        "sun": "dom",
        "free": "libre",
        "off": "apagar",
    },
    "fr": {
        "mon": "lun",
        "tue": "mar",
        "wed": "mer",
        "thu": "jeu",
        "fri": "ven",
        "sat": "sam",
        "sun": "dim",
        "free": "libre",
        "off": "desactiver",
    },
    "de": {
        "mon": "Mo",
        "tue": "Di",
        "wed": "Mi",
        "thu": "Do",
        "fri": "Fr",
        "sat": "Sa",
        "sun": "So",
        "free": "frei",
        "off": "aus",
    },
    "pt": {
        "mon": "seg",
        "tue": "ter",
        "wed": "qua",
        "thu": "qui",
        "fri": "sex",
        "sat": "sab",
        "sun": "dom",
        "free": "livre",
        "off": "desligar",
    },
    "ar": {
        "mon": "الاثنين",
        "tue": "الثلاثاء",
        "wed": "الأربعاء",
        "thu": "الخميس",
        "fri": "الجمعة",
        "sat": "السبت",
        "sun": "الأحد",
        "off": "إيقاف",
    },
    "zh": {
        "mon": "周一",
        "tue": "周二",
        "wed": "周三",
        "thu": "周四",
        "fri": "周五",
        "sat": "周六",
        "sun": "周日",
        "free": "空闲",
        "off": "关闭",
    },
}
