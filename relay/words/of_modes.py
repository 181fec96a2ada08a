"""The words about how posts come to a member."""

from __future__ import annotations

from policies.verdict import Reason
from relay.modes import looks_like_mode, read_mode
from relay.words.word import EVERYWHERE, HERSELF, Command, Form, Owner, Word

_READING = frozenset({Reason.GROUP_FROZEN})
"""Who may not write just now may still read."""


def _is_mode(rest: str) -> bool:
    """Nothing, or one of the ways in which posts can come."""
    return not rest or read_mode(rest) is not None


_MODE = Word(
    command=Command.MODE,
    spellings={
        "en": ("mode",),
        "es": ("modo",),
        "fr": ("mode",),
        "de": ("modus",),
        "pt": ("modo",),
        "ar": ("نمط",),
        "zh": ("模式",),
    },
    meaning="Sets how posts come to you, such as MODE NUDGE; alone, it tells you how they do.",
    who=HERSELF,
    where=EVERYWHERE,
    owner=Owner.RELAY,
    changes=True,
    form=Form.SHORT,
    fits=_is_mode,
    near=looks_like_mode,
    despite=_READING,
)

_READ = Word(
    command=Command.READ,
    spellings={
        "en": ("read notes", "show notes"),
        "es": ("leer notas", "ver notas"),
        "fr": ("lire notes", "lire les notes"),
        "de": ("notizen lesen", "notizen zeigen"),
        "pt": ("ler notas", "ver notas"),
        "ar": ("اقرأ الملاحظات", "قراءة الملاحظات"),
        "zh": ("查看留言", "看留言"),
    },
    meaning="Brings you at once what waits for you.",
    who=HERSELF,
    where=EVERYWHERE,
    owner=Owner.RELAY,
    changes=False,
    slips=False,
    despite=_READING,
)

WORDS: tuple[Word, ...] = (_MODE, _READ)
