"""The words about quiet hours, pauses and how posts come."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from policies.verdict import Reason
from relay.errors import RefusalError
from relay.hours import read_schedule, read_silence
from relay.pauses import read_pause
from relay.words.times import in_plain_words, looks_like_a_time
from relay.words.word import ANYONE, EVERYWHERE, HERSELF, Command, Form, Owner, Word

_SPAN = re.compile(r"\d(?:[:.h]\d\d|h)?\s?(?:[ap]\.?m\.?)?-\d")
_LENGTH = re.compile(r"\d\s?[hdw]")
_SOME_TIME = datetime(2026, 1, 7, tzinfo=UTC)
_SOMEWHERE = ZoneInfo("UTC")
_RESTING = frozenset({Reason.GROUP_FROZEN, Reason.STOPPED, Reason.UNREACHABLE})


def _are_hours(rest: str) -> bool:
    """`off`, hours, or at least two times of which the answer can say what is wrong."""
    said = in_plain_words(rest) or ""
    if said == "off":
        return True
    if not any(char.isdecimal() for char in said):
        return False  # a quiet sunday
    return _SPAN.search(said) is not None or _reads_as_hours(said)


def _reads_as_hours(said: str) -> bool:
    try:
        read_schedule(said, "UTC")
    except RefusalError:
        try:
            read_silence(said, "UTC", _SOME_TIME)
        except RefusalError:
            return False
    return True


def _is_length(rest: str) -> bool:
    """Nothing, `off`, so many days or hours, or until when."""
    said = in_plain_words(rest)
    if said is None or said in {"", "off"}:
        return said is not None
    try:
        read_pause(rest, _SOMEWHERE, _SOME_TIME)
    except RefusalError:
        return _LENGTH.search(said) is not None or (
            said.startswith("until ") and any(char.isdecimal() for char in said)
        )
    return True


def _nearly_hours(rest: str) -> bool:
    return looks_like_a_time(rest) and not _are_hours(rest)


def _nearly_length(rest: str) -> bool:
    return looks_like_a_time(rest) and not _is_length(rest)


def _is_on_or_off(rest: str) -> bool:
    return in_plain_words(rest) in {"on", "off"}


_QUIET = Word(
    command=Command.QUIET,
    spellings={
        "en": ("quiet", "quiet hours"),
        "es": ("silencio", "horas de silencio"),
        "fr": ("silence", "heures calmes"),
        "de": ("ruhe", "ruhezeit", "ruhezeiten"),
        "pt": ("silêncio", "horas de silêncio"),
        "ar": ("هدوء", "ساعات الهدوء"),
        "zh": ("静音", "靜音", "勿扰", "勿擾"),
    },
    meaning="Sets your quiet hours, or with OFF ends them; alone, it tells you which hold.",
    who=HERSELF,
    where=EVERYWHERE,
    owner=Owner.RELAY,
    changes=True,
    form=Form.SHORT,
    shouted=True,
    fits=_are_hours,
    near=_nearly_hours,
    despite=frozenset({Reason.GROUP_FROZEN}),
)

_PAUSE = Word(
    command=Command.PAUSE,
    spellings={
        "en": ("pause",),
        "es": ("pausa", "pausar"),
        "fr": ("pause",),
        "de": ("pause", "pausieren"),
        "pt": ("pausa", "pausar"),
        "ar": ("إيقاف مؤقت", "استراحة"),
        "zh": ("暂停", "暫停"),
    },
    meaning="Gives you a rest from posts, for as long as you say or until RESUME.",
    who=HERSELF,
    where=EVERYWHERE,
    owner=Owner.RELAY,
    changes=True,
    form=Form.SHORT,
    fits=_is_length,
    near=_nearly_length,
    despite=frozenset({Reason.GROUP_FROZEN}),
)

_RESUME = Word(
    command=Command.RESUME,
    spellings={
        "en": ("resume",),
        "es": ("reanudar",),
        "fr": ("reprendre",),
        "de": ("fortsetzen",),
        "pt": ("retomar",),
        "ar": ("استئناف",),
        "zh": ("恢复", "恢復"),
    },
    meaning="Ends your pause; posts come to you again as before.",
    who=ANYONE,
    where=EVERYWHERE,
    owner=Owner.RELAY,
    changes=True,
    despite=_RESTING,
)

_URGENT = Word(
    command=Command.URGENT,
    spellings={
        "en": ("urgent",),
        "es": ("urgente",),
        "fr": ("urgent",),
        "de": ("dringend",),
        "pt": ("urgente",),
        "ar": ("عاجل",),
        "zh": ("紧急", "緊急"),
    },
    meaning="Before a post, wakes others with it, if a facilitator lets you.",
    who=HERSELF,
    where=EVERYWHERE,
    owner=Owner.RELAY,
    changes=True,
    form=Form.WORDS,
    asked=False,
)

_WAKE = Word(
    command=Command.WAKE,
    spellings={
        "en": ("wake",),
        "es": ("despertar",),
        "fr": ("réveil",),
        "de": ("wecken",),
        "pt": ("acordar",),
        "ar": ("إيقاظ",),
        "zh": ("唤醒", "喚醒"),
    },
    meaning="With ON or OFF, says whether urgent posts may come in your quiet hours.",
    who=HERSELF,
    where=EVERYWHERE,
    owner=Owner.RELAY,
    changes=True,
    form=Form.SHORT,
    fits=_is_on_or_off,
    despite=frozenset({Reason.GROUP_FROZEN}),
)

WORDS: tuple[Word, ...] = (_QUIET, _PAUSE, _RESUME, _URGENT, _WAKE)
