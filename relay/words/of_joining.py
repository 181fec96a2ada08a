"""The words of who joins, is renamed, or goes."""

from __future__ import annotations

from relay.words.word import Word

WORDS: tuple[Word, ...] = ()
