"""The words of who runs a group."""

from __future__ import annotations

import re

from policies.verdict import Reason
from relay.words import occasions
from relay.words.arguments import can_be_name, first_number, is_name, name_and_span, numbers
from relay.words.folding import folded
from relay.words.word import EVERYWHERE, Command, Form, Owner, Place, Who, Word

_GUIDES = frozenset({Who.FACILITATOR})
_LONGEST_CODE, _FEWEST_DIGITS = 6, 3
"""Of what was surely meant as a code of four digits."""
_TO_GROUP = frozenset({Place.GROUP})
_ALSO_FROZEN = frozenset({Reason.GROUP_FROZEN})
"""A frozen group takes no posts, but can be run."""


def _is_choice(rest: str) -> bool:
    return not rest or bool(numbers(rest)) or is_name(rest)


def _begins_as_choice(rest: str) -> bool:
    return bool(rest) and (first_number(rest) is not None or is_name(rest))


def _is_code(rest: str) -> bool:
    return len(numbers(rest)) == 1


def _is_like_a_code(rest: str) -> bool:
    said = folded(rest)
    return len(said) <= _LONGEST_CODE and sum(c.isdecimal() for c in said) >= _FEWEST_DIGITS


def _is_somebody_for_a_time(rest: str) -> bool:
    name, span = name_and_span(rest)
    return is_name(name) or (span is not None and can_be_name(name))


_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_LIKE_A_DAY = re.compile(r"[\d ./-]*\d[./-][\d ./-]*\d[\d ./-]*")


def _is_day(rest: str) -> bool:
    return _DAY.fullmatch(folded_day(rest)) is not None


def _is_like_a_day(rest: str) -> bool:
    return _LIKE_A_DAY.fullmatch(folded_day(rest)) is not None


def folded_day(rest: str) -> str:
    """What follows, with the digits of any script as ours, and without a full stop."""
    return "".join(folded(c) if c.isdecimal() else c for c in rest.strip().rstrip(".!\u3002"))


_APPROVE = Word(
    command=Command.APPROVE,
    spellings={
        "en": ("approve",),
        "es": ("aprobar",),
        "fr": ("approuver",),
        "de": ("genehmigen",),
        "pt": ("aprovar",),
        "ar": ("اعتماد",),
        "zh": ("批准",),
    },
    meaning="Lets the group read what waits for you under this number.",
    who=_GUIDES,
    where=EVERYWHERE,
    owner=Owner.RELAY,
    changes=True,
    form=Form.SHORT,
    fits=_is_choice,
    loud=True,
    names=True,
)

_DECLINE = Word(
    command=Command.DECLINE,
    spellings={
        "en": ("decline",),
        "es": ("rechazar",),
        "fr": ("refuser", "rejeter"),
        "de": ("ablehnen",),
        "pt": ("recusar", "rejeitar"),
        "ar": ("رفض",),
        "zh": ("拒绝", "拒絕"),
    },
    meaning="Gives what waits for you under this number back, with your words to its writer.",
    who=_GUIDES,
    where=EVERYWHERE,
    owner=Owner.RELAY,
    changes=True,
    form=Form.WORDS,
    opens=_begins_as_choice,
    plain=True,
    despite=_ALSO_FROZEN,
)

_MUTE = Word(
    command=Command.MUTE,
    spellings={
        "en": ("mute",),
        "es": ("silenciar",),
        "fr": ("mettre en sourdine",),
        "de": ("stummschalten",),
        "pt": ("silenciar",),
        "ar": ("كتم",),
        "zh": ("禁言",),
    },
    meaning="Keeps what a member writes from the group, for as long as you say.",
    who=_GUIDES,
    where=EVERYWHERE,
    owner=Owner.RELAY,
    changes=True,
    form=Form.SHORT,
    fits=_is_somebody_for_a_time,
    loud=True,
    names=True,
    despite=_ALSO_FROZEN,
)

_UNMUTE = Word(
    command=Command.UNMUTE,
    spellings={
        "en": ("unmute",),
        "es": ("dejar hablar",),
        "fr": ("rendre la parole",),
        "de": ("stummschaltung aufheben",),
        "pt": ("deixar falar",),
        "ar": ("إلغاء الكتم",),
        "zh": ("解除禁言", "取消禁言"),
    },
    meaning="Lets a muted member write to the group again.",
    who=_GUIDES,
    where=EVERYWHERE,
    owner=Owner.RELAY,
    changes=True,
    form=Form.SHORT,
    fits=is_name,
    loud=True,
    names=True,
    despite=_ALSO_FROZEN,
)

_FREEZE = Word(
    command=Command.FREEZE,
    spellings={
        "en": ("freeze", "freeze group", "freeze the group"),
        "es": ("congelar", "congelar grupo", "congelar el grupo"),
        "fr": ("geler", "geler le groupe"),
        "de": ("einfrieren", "gruppe einfrieren"),
        "pt": ("congelar", "congelar o grupo"),
        "ar": ("تجميد", "تجميد المجموعة"),
        "zh": ("冻结", "凍結", "冻结群组", "凍結群組"),
    },
    meaning="Stops the group, so that nothing is taken in or passed on until you send THAW.",
    who=_GUIDES,
    where=EVERYWHERE,
    owner=Owner.RELAY,
    changes=True,
    despite=_ALSO_FROZEN,
)

_THAW = Word(
    command=Command.THAW,
    spellings={
        "en": ("thaw", "unfreeze", "thaw group", "thaw the group"),
        "es": ("descongelar",),
        "fr": ("dégeler",),
        "de": ("auftauen",),
        "pt": ("descongelar",),
        "ar": ("إلغاء التجميد",),
        "zh": ("解冻", "解凍"),
    },
    meaning="Lets a frozen group go on.",
    who=_GUIDES,
    where=EVERYWHERE,
    owner=Owner.RELAY,
    changes=True,
    despite=_ALSO_FROZEN,
)

_EXTEND = Word(
    command=Command.EXTEND,
    spellings={
        "en": ("extend",),
        "es": ("prolongar",),
        "fr": ("prolonger",),
        "de": ("verlängern",),
        "pt": ("prolongar",),
        "ar": ("تمديد",),
        "zh": ("延长", "延長"),
    },
    meaning="Moves the last day of the group to the day that you name.",
    who=frozenset({Who.FACILITATOR}),
    where=frozenset({Place.GROUP}),
    owner=Owner.RELAY,
    changes=True,
    form=Form.SHORT,
    fits=_is_day,
    near=_is_like_a_day,
)

_REMOVE = Word(
    command=Command.REMOVE,
    # Alone, `remove` asks for silence: that is the law's word, and not this one.
    spellings={
        "en": ("remove", "kick out"),
        "es": ("expulsar",),
        "fr": ("exclure",),
        "de": ("entfernen",),
        "pt": ("remover", "expulsar"),
        "ar": ("إزالة",),
        "zh": ("移除",),
    },
    meaning="Takes a member out of the group for good, after you have been asked again.",
    who=_GUIDES,
    where=_TO_GROUP,
    owner=Owner.RELAY,
    changes=True,
    form=Form.SHORT,
    fits=is_name,
    loud=True,
    names=True,
    despite=_ALSO_FROZEN,
)

_REALLY = Word(
    command=Command.REALLY,
    spellings={
        "en": ("really",),
        "es": ("de verdad",),
        "fr": ("vraiment",),
        "de": ("wirklich",),
        "pt": ("de verdade",),
        "ar": ("حقا",),
        "zh": ("确实", "確實"),
    },
    meaning="Says that you are sure, with the number that you were asked with.",
    who=_GUIDES,
    where=_TO_GROUP,
    owner=Owner.RELAY,
    changes=True,
    form=Form.SHORT,
    fits=_is_code,
    near=_is_like_a_code,
    despite=_ALSO_FROZEN,
)

_ANNOUNCE = Word(
    command=Command.ANNOUNCE,
    spellings={
        "en": ("announce", "announcement"),
        "es": ("anunciar", "anuncio"),
        "fr": ("annoncer", "annonce"),
        "de": ("ankündigen", "ankündigung", "ansage"),
        "pt": ("anunciar", "anúncio"),
        "ar": ("إعلان",),
        "zh": ("公告", "宣布"),
    },
    meaning="Says your words to everybody in the group, marked as an announcement.",
    who=_GUIDES,
    where=_TO_GROUP,
    owner=Owner.RELAY,
    changes=True,
    form=Form.WORDS,
    posts=True,
)

_PLAN = Word(
    command=Command.PLAN,
    spellings={
        "en": ("plan",),
        "es": ("planear", "programar"),
        "fr": ("planifier", "programmer"),
        "de": ("planen", "plan"),
        "pt": ("planejar", "agendar"),
        "ar": ("جدولة",),
        "zh": ("计划", "計劃"),
    },
    meaning="Says your words to the group at the time in front of them, or lists what is planned.",
    who=_GUIDES,
    where=_TO_GROUP,
    owner=Owner.RELAY,
    changes=True,
    form=Form.WORDS,
    opens=occasions.begins,
    alone=True,
)

_UNPLAN = Word(
    command=Command.UNPLAN,
    spellings={
        "en": ("unplan",),
        "es": ("desprogramar",),
        "fr": ("déprogrammer",),
        "de": ("plan löschen",),
        "pt": ("desagendar",),
        "ar": ("إلغاء الجدولة",),
        "zh": ("取消计划", "取消計劃"),
    },
    meaning="Takes back what is planned under this number.",
    who=_GUIDES,
    where=_TO_GROUP,
    owner=Owner.RELAY,
    changes=True,
    form=Form.SHORT,
    fits=_is_code,
    despite=_ALSO_FROZEN,
)

WORDS: tuple[Word, ...] = (
    _EXTEND,
    _APPROVE,
    _DECLINE,
    _MUTE,
    _UNMUTE,
    _FREEZE,
    _THAW,
    _REMOVE,
    _REALLY,
    _ANNOUNCE,
    _PLAN,
    _UNPLAN,
)
