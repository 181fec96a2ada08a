"""The words of danger, of reports and of who is on duty."""

from __future__ import annotations

from relay.words.word import Word

WORDS: tuple[Word, ...] = ()
