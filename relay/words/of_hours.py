"""The words about quiet hours, pauses and how posts come."""

from __future__ import annotations

from relay.words.word import Word

WORDS: tuple[Word, ...] = ()
