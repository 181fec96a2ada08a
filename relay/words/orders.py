"""Reading what somebody asks of the relay: a word, and what follows it, as one whole message."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from relay.words.arguments import can_be_name, name_and_span
from relay.words.folding import FIRST_WIDE, folded
from relay.words.reading import parse
from relay.words.vocabulary import WORDS, Command, Form, Place, Who, Word

_MOST_WORDS = 3
"""Of so many a word is made at the most, as people write them."""
_LONGEST_SHORT = 120
"""Characters of a message in which times or a name may follow a word."""
_PARTS = re.compile(r"\s*([^\s:\uff1a]+)([\s:\uff1a]*)")
_COLONS = (":", "\uff1a")
_NEVER_JOINED = frozenset({Command.RENAME, Command.VOUCH})
"""Behind these stands a name that may be anything, and with no space between a sentence may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What she asks for."""

    command: Command
    rest: str = ""
    """What follows the word, as she wrote it, without blanks around it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Begun:
    """A message that begins as a word does."""

    word: Word
    rest: str
    stressed: bool
    """The word stands in capitals, or a colon behind it: it is no part of a sentence."""


_BY_COMMAND = {word.command: word for word in WORDS}


def declared(command: Command) -> Word:
    """The word of a command."""
    return _BY_COMMAND[command]


def read_order(text: str, standing: Who, *, to_mask: bool = False) -> Order | None:
    """Read a whole message as an order of somebody of that standing; `None` if it is talk.

    A word that is not for her is talk. `to_mask`: it was written to another member alone.

    Examples: `Stop.` and `QUIET 22-7` and `REPORT he frightens me` are orders, `quiet night` is
    not.
    """
    command = parse(text, to_mask=to_mask)
    if command is not None:
        return Order(command=command) if standing in declared(command).who else None
    for begun in _begun(text, standing, to_mask=to_mask):
        if begun.word.form is Form.WORDS:
            if begun.word.opens(begun.rest) and (begun.stressed or begun.word.plain):
                return Order(command=begun.word.command, rest=begun.rest)
        elif begun.stressed < begun.word.stressed:
            continue  # it may begin a sentence
        elif not begun.rest or begun.word.fits(begun.rest) or _is_loud(begun):
            return Order(command=begun.word.command, rest=begun.rest)
    return None


def rest_of(command: Command, text: str) -> str:
    """What follows the word of a command in a text that begins with it; else the whole text."""
    for written, _, rest in reversed(list(_beginnings(text))):
        if folded(written) in _FOLDED[command]:
            return rest
    return text.strip()


def loosely(text: str, standing: Who, *, to_mask: bool = False) -> Order | None:
    """Read a message as an order that is not sure to be one; the name in it may be missing.

    Whether it is one, only what is going on can tell.

    Example: `Accept Sol`, from somebody whom Sol has asked for something.
    """
    for begun in _begun(text, standing, to_mask=to_mask):
        if begun.word.names and (
            begun.word.fits(begun.rest) or can_be_name(name_and_span(begun.rest)[0])
        ):
            return Order(command=begun.word.command, rest=begun.rest)
    said, place = folded(text), Place.MASK if to_mask else Place.GROUP
    for word in WORDS if len(text) <= _LONGEST_SHORT else ():
        heard = word.stressed and place in word.where and standing in word.who
        if heard and said in _folded_spellings(word):
            return Order(command=word.command)
    return None


def nearly(text: str, standing: Who, *, to_mask: bool = False) -> Command | None:
    """The command that a message was surely meant as, or may have been meant as, but is not.

    Nobody may read such a message before she has said what she means.
    """
    for begun in _begun(text, standing, to_mask=to_mask):
        words = begun.word.form is Form.WORDS and begun.word.asked
        if words and (begun.stressed or begun.word.opens(begun.rest)):
            return begun.word.command
        if begun.word.near(begun.rest):
            return begun.word.command
    return None


def after_a_word_of_members(text: str, standing: Who) -> str:
    """What follows a word behind which a member's name belongs; empty if it begins with none."""
    found = (b.rest for b in _begun(text, standing, to_mask=False) if b.word.loud)
    return next(found, "")


def is_marked_urgent(text: str) -> bool:
    """Tell whether a member marks what she writes as urgent. It is a post, word by word."""
    order = read_order(text, Who.MEMBER)
    return order is not None and order.command is Command.URGENT


def _begun(text: str, standing: Who, *, to_mask: bool) -> Iterator[_Begun]:
    """Yield the words a message begins with, the longest first.

    Something follows, but where the word may stand alone when it is stressed.
    """
    place = Place.MASK if to_mask else Place.GROUP
    for written, behind, rest in reversed(list(_beginnings(text))):
        said = folded(written)
        for word in WORDS:
            if word.form is Form.ALONE or place not in word.where or standing not in word.who:
                continue
            if said and said in _folded_spellings(word):
                stressed = written == written.upper() != written.lower() or behind in _COLONS
                begun = _Begun(word=word, rest=rest, stressed=stressed)
                if word.form is Form.SHORT and len(text) > _LONGEST_SHORT and not word.loud:
                    continue
                if rest or (stressed and word.shouted):
                    yield begun


def _is_loud(begun: _Begun) -> bool:
    return begun.stressed and begun.word.loud


def _beginnings(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield the first words, what stands right behind them, and the rest; shortest first.

    In a script without spaces a word may stand right before what belongs to it.
    """
    text, at = text.strip(), 0
    for spelling in _JOINED if text[:1] >= FIRST_WIDE else ():
        if text.startswith(spelling):
            yield spelling, "", text[len(spelling) :].strip()
    for _ in range(_MOST_WORDS):
        found = _PARTS.match(text, at)
        if found is None:
            return
        yield text[: found.end(1)], found[2].strip()[:1], text[found.end() :].strip()
        at = found.end()


_FOLDED = {
    word.command: frozenset(folded(s) for many in word.spellings.values() for s in many)
    for word in WORDS
}

_JOINED = sorted(
    (
        spelling
        for word in WORDS
        for many in word.spellings.values()
        for spelling in many
        if spelling >= FIRST_WIDE and word.command not in _NEVER_JOINED
    ),
    key=len,
)


def _folded_spellings(word: Word) -> frozenset[str]:
    return _FOLDED[word.command]
