"""The words of who runs a group."""

from __future__ import annotations

from relay.words.word import Word

WORDS: tuple[Word, ...] = ()
