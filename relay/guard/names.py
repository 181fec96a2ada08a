"""Where members' real names stand in a text.

What is masked is told to the readers: "what a lovely Robin" would give away that Robin's address
begins with `sunshine`. So a name that is also an everyday word counts only where it is clearly
meant as a name, and a local part only where its form is no word's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from relay.guard import shadow
from relay.guard.people import Person

_WORD = re.compile(r"(?:[^\W_]|[\u0900-\u109f\u1780-\u17ff])+")
"""A word; the vowel signs of Indic and South-East Asian scripts belong to it."""
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
"""Scripts without spaces between words: Thai, Lao, Burmese, Khmer, Japanese, Chinese."""
_GAP = re.compile(r"[\s._,'\-]{1,4}")
_SIGNED = re.compile(r"[\s,.!~*<>x\-]*")

_PARTICLES = frozenset(
    "abu bin bint dal das degli del della den der des dos ibn les los mac the van von y and und "
    "mrs miss herr frau senor senora dona don madame monsieur prof sir".split()
)
_EVERYDAY = frozenset(
    # en
    "abbey amber angel april ash august autumn basil bay bill bishop bob brook brooke brown carol "
    "cat chance charity chase chip christian cliff clay constance crystal daisy dale dawn dean "
    "deer destiny dick dollar dolly drew earl eden eve faith fawn fern flora forest frank gay "
    "gene ginger glen grace grant gray green guy harmony harry haven hazel heath heather herb "
    "holly honey hope hunter iris ivy jack jade jasmine jay jean jewel joy june junior justice "
    "king lance lane lark laurel lee liberty lily long love luna major marina mark may melody "
    "mercy merry mike miles mill mills moon moss myrtle nick noble nova olive opal page pat patience "
    "pearl peg penny piper poppy price prudence queen rain ray reed rich rip river rob robin rose "
    "ruby rusty sage sandy savannah serenity shade short sky sierra skip small smith song sparrow "
    "star stone storm sue summer sunny taylor terry true violet wade ward way west white will "
    "willow win winter wood woods young "
    # de
    "engel frei fried fuchs gross hahn herz jung kaiser klein koch konig kurz lang linde maria "
    "meister neu richter rot sommer stark stein stern treu vogel wolf weiss "
    # es, pt, fr
    "alba alma amparo angeles aurora blanca bonita caridad clara claro consuelo cruz dolores "
    "domingo esperanza estrella felicidade fe flor franco gloria guerra leal leon libre lobo luz "
    "mar maravilla mercedes milagros nieves paz pilar ramos reyes rio rocio rosa sol soledad "
    "victoria vida viola aime blanc claire constant desire fleur france jolie leger marine noir "
    "olivier petit pierre prune reine roux vert vie".split()
)


class Names:
    """The names of a group's members, ready to be looked for."""

    def __init__(self, people: Sequence[Person]) -> None:
        self._known: dict[str, list[tuple[tuple[str, ...], int, bool]]] = {}
        self._runs: dict[str, set[int]] = {}
        hidden = {word for p in people for word in _words(p.name.reveal())}
        for person in people:
            for name in person.names:
                self._add_name(person.id, name.reveal(), hidden)
            for contact in person.contacts:
                if "@" in (value := contact.reveal()):
                    self._add_local(person.id, value, hidden)

    def sightings(self, view: str, shown: str) -> Iterator[tuple[int, int, int]]:
        """Yield `(start, end, id)` in a folded text; `shown` is it with its capitals."""
        words = [(match[0], *match.span()) for match in _WORD.finditer(view)]
        for index, (word, start, _) in enumerate(words):
            for name, whose, capital in self._known.get(word, ()):
                here = words[index : index + len(name)]
                if tuple(each[0] for each in here) != name or not _joined(view, here):
                    continue
                if capital and not _meant(view, shown, here):
                    continue
                yield start, here[-1][2], whose
        for name, owners in self._runs.items():
            at = view.find(name)
            while at >= 0:
                for whose in owners:
                    yield at, at + len(name), whose
                at = view.find(name, at + len(name))

    def _add_name(self, whose: int, name: str, hidden: set[str]) -> None:
        words = _words(name)
        if _UNSPACED.search(name):
            if len(run := shadow.fold(name).strip()) > 1 and run not in hidden:
                self._runs.setdefault(run, set()).add(whose)
            return
        if len(words) > 1 and not set(words) <= hidden:
            self._add(words, whose, capital=False)
            self._add((*words[1:], words[0]), whose, capital=False)
            self._add((words[-1], *words[:-1]), whose, capital=False)
            if len("".join(words)) >= 7:
                self._add(("".join(words),), whose, capital=False)
        for word in words:
            if len(word) > 2 and word not in hidden | _PARTICLES:
                self._add((word,), whose, capital=word in _EVERYDAY)

    def _add_local(self, whose: int, address: str, hidden: set[str]) -> None:
        """Add a local part that looks like a name or a handle: `mara.hale`, `hale84`."""
        local = shadow.fold(address).rpartition("@")[0].strip('"').split("+")[0]
        words = tuple(re.findall(r"[a-z]+|[0-9]+", local)) if local.isascii() else _words(local)
        size = len("".join(words))
        parts = _words(local)
        if size < 5 or len(words) < 2 or set(parts) <= hidden:
            return
        self._add(("".join(words),), whose, capital=False)
        if len(parts) > 1:
            plain = all(part.isalpha() and len(part) > 1 for part in parts)
            self._add(parts, whose, capital=plain)

    def _add(self, words: tuple[str, ...], whose: int, *, capital: bool) -> None:
        entry = (words, whose, capital)
        known = self._known.setdefault(words[0], [])
        if entry not in known:
            known.append(entry)


def _words(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(shadow.fold(text)))


def _joined(view: str, words: Sequence[tuple[str, int, int]]) -> bool:
    """Tell whether only what may stand inside a name stands between its words."""
    return all(
        _GAP.fullmatch(view, a[2], b[1]) is not None for a, b in zip(words, words[1:], strict=False)
    )


def _meant(view: str, shown: str, words: Sequence[tuple[str, int, int]]) -> bool:
    """Tell whether everyday words are meant as a name.

    Several words: joined as in an address (`mara.hale`), or each with a capital. One word: it
    stands alone on its line, as a signature does, or with a capital behind a small letter's word.
    """
    start, end = words[0][1], words[-1][2]
    capitals = all(shown[word[1]].isupper() for word in words)
    if len(words) > 1:
        return capitals or not any(char.isspace() for char in view[start:end])
    line = view.rfind("\n", 0, start) + 1
    stop = view.find("\n", end)
    before, after = view[line:start], view[end : stop if stop >= 0 else len(view)]
    if _SIGNED.fullmatch(before) and _SIGNED.fullmatch(after) and line > 0:
        return True
    return capitals and re.search(r"[^\W\d_],? \Z", before) is not None
