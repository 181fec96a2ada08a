"""Subjects of mails: which are those of an answer, or of something passed on. Pure."""

from __future__ import annotations

import re

_ANSWERS = (
    "re", "aw", "antw", "sv", "vs", "vá", "ynt", "odp", "rif", "res", "rv", "atb", "hs", "r",
    "απ", "σχετ", "отв", "回复", "回覆", "答复", "返信", "답장", "رد", "תגובה", "השב",
    "fw", "fwd", "wg", "tr", "vl", "vb", "doorst", "videresendt", "vidarebefordrat", "pd", "ilt",
    "enc", "rvs", "trs", "πρθ", "továbbítás", "пересл", "转发", "轉寄", "転送", "전달", "הועבר",
    "إعادة توجيه",
)  # fmt: skip
"""What mail programs set before the subject of an answer or of a mail passed on. A list, not any
short word with a colon: `SOS: he is here` and `Help: need a lift` are no answers."""
_ANSWER = re.compile(
    rf"(?:{'|'.join(_ANSWERS)})\s?(?:\[\d+\]|\(\d+\)|\^?\d+)?\s?[:\uff1a]", re.IGNORECASE
)


def is_answer(subject: str) -> bool:
    """Whether a subject is that of an answer, or of a mail passed on."""
    return _ANSWER.match(subject.strip()) is not None


def without_answers(subject: str) -> str:
    """A subject as it was before it was answered: `Re: AW: Thursday` gives `Thursday`."""
    bare = subject.strip()
    while (found := _ANSWER.match(bare)) is not None:
        bare = bare[found.end() :].strip()
    return bare
