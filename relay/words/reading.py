"""Reading a message for a word to the relay. A word is a whole message, never its beginning."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Sequence
from enum import StrEnum

from policies.pseudonym import skeleton
from relay.words.folding import (
    LONGEST,
    folded,
    has_letters_for_slips,
    parted,
    shortened,
    undrawn,
)
from relay.words.letting_go import asks_to_be_let_go, is_no, without_begging
from relay.words.ordinary import ORDINARY
from relay.words.slips import forgiven, within
from relay.words.vocabulary import WORDS, Command, Form, Place, Who, Word


class Doubt(StrEnum):
    """Why a message that is no word should be asked about before anybody reads it."""

    REVOCATION = "revocation"
    """She may be asking, in words of her own, to be let go."""
    NEAR_MISS = "near_miss"
    """It looks like a slip of the finger in a word to the relay, or in her code word."""
    REPORT = "report"
    """It begins as a report does, and may as well be talk."""


def _spellings(words: Iterable[Word]) -> dict[str, Command]:
    """Return folded spelling to command; of two with one spelling, the first word has it."""
    found: dict[str, Command] = {}
    for word in words:
        for written in word.spellings.values():
            for spelling in written:
                found.setdefault(folded(spelling), word.command)
    return found


def _in_several_words(words: Iterable[Word]) -> frozenset[str]:
    """Return the folded spellings that people write as more than one word."""
    written = (s for word in words for many in word.spellings.values() for s in many)
    return frozenset(folded(spelling) for spelling in written if " " in spelling)


_ALONE = [w for w in WORDS if w.stands_alone]
_TO_GROUP = _spellings(word for word in _ALONE if Place.GROUP in word.where)
_TO_MASK = _spellings(word for word in _ALONE if Place.MASK in word.where)
_SLIPPERY = [w for w in _ALONE if w.form is Form.ALONE and w.slips]
_MISSED_BY_ANYONE = frozenset(w.command for w in _SLIPPERY if w.who != {Who.FACILITATOR})
_MISSED_BY_GUIDES = frozenset(w.command for w in _SLIPPERY)
_PHRASES = _in_several_words(WORDS)
_STOPS = frozenset(word for word, command in _TO_GROUP.items() if command is Command.STOP)
_LOOKS_OF_STOP = frozenset(skeleton(word) for word in _STOPS if word.isascii())

_SIGNED = re.compile(
    r"\W*(?:stop(?: ?all)?|unsubscribe|opt[ -]?out|revoke)"
    r"\W*\s[-~\u2012-\u2015]+\s*[^\W\d]+( \w)?\W*",
    re.IGNORECASE,
)
"""As under a mail: `STOP - Robin`."""

_INFO = folded("info")
_FEWEST_OF_CRISIS = 6
_CRIES = {
    said: command
    for said, command in _TO_MASK.items()
    if (command is Command.HELP and said != _INFO)
    or (command is Command.CRISIS and len(said) >= _FEWEST_OF_CRISIS)
}
"""Spellings that are a cry even with a slip in them: of HELP, and the longer ones of CRISIS."""
_NOTHING_BUT_CRIES = re.compile(
    "(?:"
    + "|".join(
        re.escape(said)
        for said, command in _TO_MASK.items()
        if command in {Command.HELP, Command.CRISIS} and said != _INFO
    )
    + ")+"
)
_SAYS_CRISIS = tuple(said for said, command in _TO_MASK.items() if command is Command.CRISIS)
_OTHERS = frozenset(w for w, c in _TO_MASK.items() if w not in _CRIES and c is not Command.CRISIS)

_YES = frozenset(
    (
        *("", "y", "yes", "ok", "okay", "confirm", "confirmed", "si", "oui", "ja", "sim", "da"),
        *("tak", "نعم", "是", "是的", "对", "對", "好"),
    )
)
_SURELY = frozenset(("yes", "si", "oui", "ja", "sim", "نعم", "是的"))


def parse(text: str, *, to_mask: bool = False) -> Command | None:
    """Read a whole message as a command; `None` if it is anything else.

    `to_mask`: it was written to another member alone.

    Folded for case, accents, width, punctuation, spaces and invisible characters, so that
    `Stop.`, `STOP ALL` and `opt-out` are words, and `Stop the line at gate 3` is not. What only
    looks like a word of stop, in letters of another script or with a zero for an o, is one too.
    So is `helppp` or `hlep` a word of help: who is afraid mistypes, and asking her first helps
    nobody.
    """
    if len(text) > LONGEST:
        return None
    found = (_TO_MASK if to_mask else _TO_GROUP).get(folded(text))
    if found is None and skeleton(text) in _LOOKS_OF_STOP:
        return Command.STOP
    return _cry(text) if found is None else found


def doubt(
    text: str,
    *,
    own: Sequence[str] = (),
    name: str = "",
    to_mask: bool = False,
    guides: bool = False,
) -> Doubt | None:
    """Say why a message that `parse` read as talk should be asked about; `None` if it is talk.

    `name`: hers, which may stand under a word of stop. `own`: the writer's own code words. One of
    them, or a slip in one, is for nobody's eyes, even where the slip makes another word. Ordinary
    words next to a command are talk. `guides`: she runs the group, so that she may have meant a
    word that is not for others.
    """
    if asks_to_be_let_go(text) or _is_stop_again(text) or _is_stop_dressed(text, name):
        return Doubt.REVOCATION
    said = folded(text)
    if len(text) > LONGEST or not said:
        return None
    if any(_is_meant(said, folded(code)) for code in own):
        return Doubt.NEAR_MISS
    missed = _MISSED_BY_GUIDES if guides else _MISSED_BY_ANYONE
    return Doubt.NEAR_MISS if _is_slip(text, said, missed, to_mask=to_mask) else None


def matches(code_word: str, text: str) -> bool:
    """Whether a whole message is this code word; takes as long whichever letter is wrong.

    A code word without any letter or digit matches nothing.
    """
    code = folded(code_word).encode()
    said = folded(text[: LONGEST + 1]).encode()
    return hmac.compare_digest(code, said) and bool(code) and len(text) <= LONGEST


def fits_as_code(code_word: str) -> bool:
    """Whether a word can be a code word: four letters or more, and no slip away from a command."""
    code = folded(code_word)
    if not has_letters_for_slips(code) or len(code_word) > LONGEST or parse(code_word):
        return False
    return not any(_is_meant(code, spelling) for spelling in _TO_MASK)


def is_yes(text: str) -> bool:
    """Whether an answer to a question says yes: in a word, or by an empty mail, or begins so.

    `Yes, but I did not write that` begins so and says no.
    """
    if len(text) > LONGEST:
        return False
    if folded(text) in _YES:
        return True
    first = folded("".join(text.split(maxsplit=1)[:1]))
    return first in _SURELY and not any(map(is_no, parted(text)))


def _cry(text: str) -> Command | None:
    """Return the cry that a single word is, drawn out or with one slip in it, or said repeatedly.

    Where another word to the relay is as near, or it is an ordinary word, it is none.
    """
    said = folded(text)
    if _NOTHING_BUT_CRIES.fullmatch(said):
        return Command.CRISIS if any(word in said for word in _SAYS_CRISIS) else Command.HELP
    if said in ORDINARY or len(parted(text)) != 1:
        return None
    if undrawn(said) in _CRIES:
        return _CRIES[undrawn(said)]
    near = [command for meant, command in _CRIES.items() if _is_near(said, (meant,))]
    return near[0] if near and not _is_near(said, _OTHERS) else None


def _is_near(said: str, spellings: Iterable[str]) -> bool:
    return any(within(said, meant, min(1, forgiven(meant))) for meant in spellings)


def _is_stop_again(text: str) -> bool:
    """Tell whether a message is nothing but a word of stop, said over and over."""
    said = parted(text) if len(text) <= LONGEST else []
    return len(said) > 1 and len(set(said)) == 1 and said[0] in _STOPS


def _is_stop_dressed(text: str, name: str) -> bool:
    """Tell whether a message is a word of stop with polite words, or signed.

    Her own name may follow as it likes, another word only behind a dash: `Stop, Robin` may be said
    to Robin.
    """
    if len(text) > LONGEST:
        return False
    if _SIGNED.fullmatch(text):
        return True
    said, own = parted(text), parted(name)
    if own and said[-len(own) :] == own:
        said = said[: -len(own)]
    return "".join(without_begging(said)) in _STOPS


def _is_slip(text: str, said: str, missed: frozenset[Command], *, to_mask: bool) -> bool:
    """Tell whether somebody meant a command and missed a key, or drew it out.

    Several short words are no slip of one: `I quit` says something, `quiit` does not.
    """
    if said in ORDINARY:
        return False
    words = _TO_MASK if to_mask else _TO_GROUP
    spellings = [spelling for spelling, command in words.items() if command in missed]
    alone = len(parted(text)) == 1
    if alone and shortened(said) != said and shortened(said) in spellings:
        return True
    return any(within(said, meant, _forgiven(meant, alone=alone)) for meant in spellings)


def _forgiven(meant: str, *, alone: bool) -> int:
    if alone and meant not in _PHRASES:
        return forgiven(meant)
    return 1 if meant in _PHRASES or forgiven(meant) > 1 else 0


def _is_meant(said: str, meant: str) -> bool:
    return bool(meant) and within(said, meant, forgiven(meant))
