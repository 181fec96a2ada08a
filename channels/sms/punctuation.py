"""Typographic punctuation as plain punctuation, where that makes a text cheaper. Pure.

A phone turns `'` into a curly quote by itself, and that one character turns 160 septets into 70
units. Only marks that say the same in plain form are here. Letters, accents, symbols and other
scripts are what somebody wrote; joiners, variation selectors and marks of direction change what is
seen. None of these is touched.
"""

from __future__ import annotations

from channels.gsm import segments

_PLAIN = {
    "'": "\u2018\u2019\u201a\u201b\u2039\u203a",  # single quotes: curly, low, reversed, angled
    '"': "\u201c\u201d\u201e\u201f\u00ab\u00bb",  # double quotes, likewise
    "-": "\u2010\u2011\u2012\u2013\u2014\u2015",  # hyphens, figure, en and em dash, bar
    "...": "\u2026",
    " ": "\t\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f",
    "\n": "\u2028\u2029",  # line and paragraph separators
}
_TABLE = {ord(mark): plain for plain, marks in _PLAIN.items() for mark in marks}


def plain(text: str) -> str:
    """The text with all its typographic punctuation in plain form. No index survives this."""
    return text.translate(_TABLE)


def folded(text: str, *, toll_free: bool = False) -> str:
    """The text in plain punctuation if that saves at least one segment, else the text itself.

    A text that stays in UCS-2 for any other character never gets shorter, so it stays as it is.
    """
    candidate = plain(text)
    saves = segments(candidate, toll_free=toll_free) < segments(text, toll_free=toll_free)
    return candidate if saves else text
