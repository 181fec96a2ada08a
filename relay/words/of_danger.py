"""The words of danger, of reports and of who is on duty."""

from __future__ import annotations

import re

from policies.verdict import Reason
from relay.words.word import (
    ANYONE,
    EVERYWHERE,
    WHATEVER,
    Command,
    Form,
    Owner,
    Who,
    Word,
)

FACILITATORS = frozenset({Who.FACILITATOR})
_FOR_DUTY = frozenset({Reason.GROUP_FROZEN, Reason.GROUP_CLOSED, Reason.SHOWN_TO_OTHERS})
_SURELY_HERS = WHATEVER
_NUMBER = re.compile(r"#?\d{2,3}[.!]?")
_SPAN = re.compile(
    r"(\d{1,2})\s*(?:h|hs|hrs?|hours?|horas?|heures?|std|stunden?)\.?", re.IGNORECASE
)
_LONGEST_HOURS = 72


def _is_number_of_a_call(rest: str) -> bool:
    return not rest or _NUMBER.fullmatch(rest) is not None


def _is_span(rest: str) -> bool:
    return not rest or hours_of(rest) is not None


def _begins_with_digits(rest: str) -> bool:
    return rest[:1].isdecimal()


def hours_of(rest: str) -> int | None:
    """How many hours, as in `ON DUTY 4h`; `None` if it says something else."""
    found = _SPAN.fullmatch(rest.strip())
    hours = int(found[1]) if found else 0
    return hours if 0 < hours <= _LONGEST_HOURS else None


_CRISIS = Word(
    command=Command.CRISIS,
    # Each of them is a cry even if nobody has heard of this relay. Nothing that people say to
    # each other of somebody else's need.
    spellings={
        "en": ("crisis", "emergency", "sos"),
        "es": ("crisis", "emergencia", "socorro", "auxilio"),
        "fr": ("crise", "urgence", "au secours", "secours"),
        "de": ("krise", "notfall", "notruf"),
        "pt": ("crise", "emergência", "socorro"),
        "ar": ("أزمة", "طوارئ", "النجدة"),
        "zh": ("危机", "危機", "救命", "求救"),
    },
    meaning="Tells you whom to call in danger, and calls who runs the group for you.",
    who=ANYONE,
    where=EVERYWHERE,
    owner=Owner.RELAY,
    changes=False,
    despite=_SURELY_HERS,
    unproven=True,
)

_REPORT = Word(
    command=Command.REPORT,
    spellings={
        "en": ("report",),
        "es": ("denunciar", "denuncia", "reportar"),
        "fr": ("signaler", "signalement"),
        "de": ("meldung",),
        "pt": ("denunciar", "denúncia"),
        "ar": ("بلاغ", "تبليغ"),
        "zh": ("举报", "舉報"),
    },
    meaning="Tells who runs the group what happened, but not a member whom you name.",
    who=ANYONE,
    where=EVERYWHERE,
    owner=Owner.RELAY,
    changes=False,
    form=Form.WORDS,
    alone=True,
    despite=_SURELY_HERS - {Reason.TOO_LONG, Reason.AUTOMATIC},
    unproven=True,
)

_TELL = Word(
    command=Command.TELL,
    spellings={
        "en": ("tell facilitators", "tell the facilitators", "tell facilitator"),
        "es": ("avisar a facilitadoras", "avisar a facilitadores", "avisar facilitadoras"),
        "fr": ("dire aux animatrices", "dire aux animateurs"),
        "de": ("an die leitung", "der leitung sagen"),
        "pt": ("avisar facilitadoras", "avisar facilitadores", "avisar as facilitadoras"),
        "ar": ("أخبر الميسرات", "أخبر الميسرين"),
        "zh": ("告诉主持人", "告訴主持人"),
    },
    meaning="Tells your words to who runs the group, and to nobody else.",
    who=ANYONE,
    where=EVERYWHERE,
    owner=Owner.RELAY,
    changes=False,
    form=Form.WORDS,
    alone=True,
    plain=True,
    despite=_SURELY_HERS - {Reason.TOO_LONG, Reason.AUTOMATIC},
    unproven=True,
)

_TAKE = Word(
    command=Command.TAKE,
    spellings={
        "en": ("take",),
        "es": ("atiendo",),
        "fr": ("je prends",),
        "de": ("übernehme", "ich übernehme"),
        "pt": ("assumo", "eu assumo"),
        "ar": ("أتولى",),
        "zh": ("接手",),
    },
    meaning="Says that you look after the member who called for help.",
    who=FACILITATORS,
    where=EVERYWHERE,
    owner=Owner.RELAY,
    changes=True,
    form=Form.SHORT,
    fits=_is_number_of_a_call,
    despite=_FOR_DUTY,
)

_ON_DUTY = Word(
    command=Command.ON_DUTY,
    spellings={
        "en": ("on duty",),
        "es": ("de guardia", "de turno"),
        "fr": ("de garde",),
        "de": ("im dienst",),
        "pt": ("de plantão",),
        "ar": ("في المناوبة",),
        "zh": ("值班",),
    },
    meaning="Puts you on duty, for as many hours as you say, or until you end it.",
    who=FACILITATORS,
    where=EVERYWHERE,
    owner=Owner.RELAY,
    changes=True,
    form=Form.SHORT,
    fits=_is_span,
    near=_begins_with_digits,
    despite=_FOR_DUTY,
)

_OFF_DUTY = Word(
    command=Command.OFF_DUTY,
    spellings={
        "en": ("off duty",),
        "es": ("fuera de guardia", "fin de guardia"),
        "fr": ("fin de garde",),
        "de": ("nicht im dienst", "dienst beendet"),
        "pt": ("fora do plantão", "fim do plantão"),
        "ar": ("خارج المناوبة",),
        "zh": ("结束值班", "結束值班"),
    },
    meaning="Ends your time on duty.",
    who=FACILITATORS,
    where=EVERYWHERE,
    owner=Owner.RELAY,
    changes=True,
    slips=False,
    despite=_FOR_DUTY,
)

_HAND_OVER = Word(
    command=Command.HAND_OVER,
    spellings={
        "en": ("hand over",),
        "es": ("entregar guardia",),
        "fr": ("passer la garde",),
        "de": ("dienst übergeben",),
        "pt": ("passar o plantão",),
        "ar": ("تسليم المناوبة",),
        "zh": ("交接给", "交接給"),
    },
    meaning="Asks the one whom you name to be on duty after you, with a note if you like.",
    who=FACILITATORS,
    where=EVERYWHERE,
    owner=Owner.RELAY,
    changes=True,
    form=Form.WORDS,
    despite=_FOR_DUTY,
)

WORDS: tuple[Word, ...] = (_CRISIS, _REPORT, _TELL, _TAKE, _ON_DUTY, _OFF_DUTY, _HAND_OVER)
