"""A mail read as a text: its subject first, if that says something. Pure.

A phone shows no subject. Often it says what the text does not ("Court moved to Friday"), but in
most mails it is a greeting, the subject of an old thread, or the first words once more; those would
cost every reader a line. In doubt it stays: a line too many is better than a word lost.
"""

from __future__ import annotations

import unicodedata

from channels.subjects import is_answer

_SILENT = (
    "no subject", "kein betreff", "ohne betreff", "sans objet", "aucun objet", "sin asunto",
    "sem assunto", "senza oggetto", "nessun oggetto", "geen onderwerp", "ämne saknas",
    "无主题", "無主旨", "件名なし", "제목 없음", "بلا موضوع", "без темы",
    "question", "questions", "a question", "quick question", "test", "testing", "message",
    "new message", "mail", "email", "text", "subject", "untitled",
    "good morning", "good afternoon", "good evening", "good night", "guten morgen", "guten tag",
    "guten abend", "buenos días", "buenas tardes", "buenas noches", "bom dia", "boa tarde",
    "boa noite", "buongiorno", "buonasera", "goedemorgen", "你好", "大家好", "مرحبا",
)  # fmt: skip
_GREETINGS = frozenset(
    (
        "hi", "hello", "hey", "hiya", "heya", "hallo", "hola", "ola", "ciao", "salut", "bonjour",
        "bonsoir", "moin", "servus", "hei", "hej", "greetings", "yo", "dear",
    )
)  # fmt: skip
_GREETED = _GREETINGS | frozenset(
    (
        "all", "everyone", "everybody", "group", "friends", "folks", "there", "again", "you",
        "team", "guys", "my", "the", "to", "from", "me", "zusammen", "alle", "an", "todos", "a",
        "todas", "tous", "toutes", "tutti",
    )
)  # fmt: skip


def words_of(subject: str, text: str, *, pseudonym: str = "") -> str:
    """The words of a mail for a phone: the subject on a line of its own, then the text.

    The subject is left out if it is empty, that of an answer, a greeting or filler, the writer's
    `pseudonym`, or what the text begins with anyway. A mail that has no other words keeps it.
    """
    line = " ".join(subject.split())
    if not line:
        return text
    if not text.strip():
        return line
    return f"{line}\n{text}" if _says_something(line, text, pseudonym) else text


def _says_something(line: str, text: str, pseudonym: str) -> bool:
    said = _words(line)
    if not said:
        return any(unicodedata.category(c) == "So" for c in line)  # an emoji speaks, dots do not
    if is_answer(line) or said in (_words(pseudonym), _words(text)[: len(said)]):
        return False
    return said not in _FILLERS and not (said[0] in _GREETINGS and _GREETED.issuperset(said))


def _words(text: str) -> list[str]:
    """The words of a text, without case, accents and punctuation."""
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    bare = (c for c in decomposed if not unicodedata.combining(c))
    return "".join(c if c.isalnum() else " " for c in bare if c not in "'\u2019").split()


_FILLERS = [_words(phrase) for phrase in _SILENT]
