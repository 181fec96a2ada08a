"""Where members' real names stand in a text.

What is masked is told to the readers: "what a lovely Robin" would give away that Robin's address
begins with `sunshine`. So a name that is also an everyday word counts only where it is clearly
meant as a name, and a local part only where its form is no word's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from enum import Enum
from itertools import pairwise

from relay.guard import shadow
from relay.guard.people import Person
from relay.guard.words import listed

_WORD = re.compile(r"(?:[^\W_]|[\u0900-\u109f\u1780-\u17ff])+")
"""A word; the vowel signs of Indic and South-East Asian scripts belong to it."""
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
"""Scripts without spaces between words: Thai, Lao, Burmese, Khmer, Japanese, Chinese."""
_GAP = re.compile(r"[\s._,'\-]{1,4}")
_SIGNED = re.compile(r"[\s,.!~*<>x\-]*")

_PARTICLES = listed(
    "abu bin bint dal das degli del della den der des dos ibn les los mac the van von und "
    "mrs miss herr frau senor senora dona don madame monsieur prof sir"
)
_EVERYDAY = listed(
    # en
    "abbey amber angel april ash august autumn basil bay bill bishop brook brown carol chance "
    "charity chase chip christian cliff clay constance crystal daisy dale dawn dean destiny "
    "dolly drew earl eden eve faith fawn fern flora forest frank gay ginger glen grace grant "
    "gray green guy harmony haven hazel heath heather herb holly honey hope hunter iris ivy "
    "jack jade jasmine jewel joy june junior justice king lance lane lark laurel liberty lily "
    "long love major mark may melody mercy merry miles mill mills moon moss myrtle nick noble "
    "nova olive opal page pat patience pearl peg penny piper poppy price prudence queen rain "
    "ray reed rich rip river rob robin rose ruby rusty sage sandy savannah serenity shade "
    "short sky skip small song sparrow star stone storm sue summer sunny terry true violet "
    "wade ward way west white will willow win winter wood woods young "
    # es, pt, fr
    "alba alma amparo angeles aurora blanca bonita caridad clara claro consuelo cruz dolores "
    "domingo esperanza estrella felicidade flor franco gloria guerra leal leon libre lobo luna "
    "luz mar maravilla mercedes milagros nieves paz pilar ramos reyes rio rocio rosa sol "
    "soledad victoria vida viola aime blanc claire constant desire fleur france jolie leger "
    "marine noir petit pierre prune reine roux vert vie"
)
_NOUNS = listed(
    "engel frei fried fuchs gross hahn herz jung kaiser klein koch konig kurz lang linde "
    "meister neu richter rot sommer stark stein stern treu vogel wolf weiss winter schwarz "
    "schneider bauer fischer weber wagner becker schafer zimmermann kruger lehrer"
)
"""German words bear capitals anyway."""
_NEAR = 80


class Sure(Enum):
    """What it takes for a name to count."""

    ALWAYS = "always"
    CAPITAL = "capital"
    """It stands like a name: with a capital where others have none, or as a signature."""
    SIGNED = "signed"
    """It stands as a signature."""


_Entry = tuple[tuple[str, ...], int, Sure, bool]
"""Words in order, whose, what it takes, and whether they are a whole name."""


class Names:
    """The names of a group's members, ready to be looked for."""

    def __init__(self, people: Sequence[Person]) -> None:
        self._known: dict[str, list[_Entry]] = {}
        self._runs: dict[str, set[int]] = {}
        hidden = {word for p in people for word in _words(p.name.reveal())}
        for person in people:
            for name in person.names:
                self._add_name(person.id, name.reveal(), hidden)
            for contact in person.contacts:
                if "@" in (value := contact.reveal()):
                    self._add_local(person.id, value, hidden)

    def sightings(self, view: str, shown: str) -> Iterator[tuple[int, int, int, bool]]:
        """Yield `(start, end, id, whole)` in a folded text; `shown` is it with its capitals.

        `whole` is false for a first or family name alone.
        """
        words = [(match[0], *match.span()) for match in _WORD.finditer(view)]
        for index, (word, start, _) in enumerate(words):
            for name, whose, sure, whole in self._known.get(word, ()):
                here = words[index : index + len(name)]
                if tuple(each[0] for each in here) != name or not _joined(view, here):
                    continue
                if sure is not Sure.ALWAYS and not _meant(view, shown, here, sure):
                    continue
                yield start, here[-1][2], whose, whole
        for run, owners in self._runs.items():
            at = view.find(run)
            while at >= 0:
                for whose in owners:
                    yield at, at + len(run), whose, True
                at = view.find(run, at + len(run))

    def _add_name(self, whose: int, name: str, hidden: set[str]) -> None:
        words = _words(name)
        if _UNSPACED.search(name):
            if len(run := shadow.fold(name).strip()) > 1 and run not in hidden:
                self._runs.setdefault(run, set()).add(whose)
            return
        if len(words) > 1 and not set(words) <= hidden:
            self._add(words, whose)
            self._add((*words[1:], words[0]), whose)
            self._add((words[-1], *words[:-1]), whose)
            if len("".join(words)) >= 7:
                self._add(("".join(words),), whose)
        for word in words:
            if len(word) > 2 and word not in hidden | _PARTICLES:
                self._add((word,), whose, _sureness(word), whole=False)

    def _add_local(self, whose: int, address: str, hidden: set[str]) -> None:
        """Add a local part that looks like a name or a handle: `mara.hale`, `hale84`."""
        local = shadow.fold(address).rpartition("@")[0].strip('"').split("+")[0]
        words = tuple(re.findall(r"[a-z]+|[0-9]+", local)) if local.isascii() else _words(local)
        size = len("".join(words))
        parts = _words(local)
        if size < 5 or len(words) < 2 or set(parts) <= hidden:
            return
        self._add(("".join(words),), whose)
        if len(parts) > 1:
            plain = all(part.isalpha() and len(part) > 1 for part in parts)
            self._add(parts, whose, sure=Sure.CAPITAL if plain else Sure.ALWAYS)

    def _add(
        self, words: tuple[str, ...], whose: int, sure: Sure = Sure.ALWAYS, *, whole: bool = True
    ) -> None:
        entry = (words, whose, sure, whole)
        known = self._known.setdefault(words[0], [])
        if entry not in known:
            known.append(entry)


def _words(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(shadow.fold(text)))


def _sureness(word: str) -> Sure:
    if word in _NOUNS:
        return Sure.SIGNED
    return Sure.CAPITAL if word in _EVERYDAY else Sure.ALWAYS


def _joined(view: str, words: Sequence[tuple[str, int, int]]) -> bool:
    """Tell whether only what may stand inside a name stands between its words."""
    return all(_GAP.fullmatch(view, a[2], b[1]) is not None for a, b in pairwise(words))


def _meant(view: str, shown: str, words: Sequence[tuple[str, int, int]], sure: Sure) -> bool:
    """Tell whether everyday words are meant as a name.

    Several words: joined as in an address (`mara.hale`), or each with a capital. One word: it
    stands last, as a signature does, or with a capital inside a sentence.
    """
    start, end = words[0][1], words[-1][2]
    capitals = all(shown[word[1]].isupper() for word in words)
    if len(words) > 1:
        return capitals or not any(char.isspace() for char in view[start:end])
    before = view[max(0, start - _NEAR) : start].rpartition("\n")
    after = view[end : end + _NEAR].partition("\n")[0]
    if _SIGNED.fullmatch(after):
        if before[1] and _SIGNED.fullmatch(before[2]):
            return True
        if capitals and re.search(r"[.!?,~-]\s?\Z", before[2]):
            return True
    inside = re.search(r"[^\W\d_],? \Z", before[2]) is not None
    return sure is Sure.CAPITAL and capitals and inside
