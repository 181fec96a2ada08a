"""The words between members alone, and answers to a question."""

from __future__ import annotations

from relay.words.word import Word

WORDS: tuple[Word, ...] = ()
