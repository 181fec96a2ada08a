"""The catalogues: one gettext file a language, read through Babel.

They lie in `relay/catalogues/LANGUAGE/LC_MESSAGES/relay.po`. English is the source and has none.
"""

from __future__ import annotations

from functools import cache
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

from relay.languages.texts import has_gaps_of
from relay.log import trouble
from relay.wording.text import Translate
from relay.words.word import LANGUAGES

SOURCE = "en"
TRANSLATED = tuple(language for language in LANGUAGES if language != SOURCE)
FROM_RIGHT = frozenset({"ar"})
"""Written from right to left."""
LATIN = frozenset(LANGUAGES) - {"ar", "zh"}
"""Written in Latin letters, 160 of which go into one text."""
_FOLDER = Path(__file__).parents[1] / "catalogues"


def path_of(language: str) -> Path:
    """Where the catalogue of a language is."""
    return _FOLDER / language / "LC_MESSAGES" / "relay.po"


def read(language: str) -> Catalog:
    """A catalogue as it was written; an empty one if there is none yet."""
    try:
        with path_of(language).open("rb") as file:
            return read_po(file, locale=language, domain="relay")
    except FileNotFoundError:
        return Catalog(locale=language, domain="relay", charset="utf-8")


@cache
def translator(language: str) -> Translate:
    """What says templates in a language. What it has no words for stays English.

    A translation that could not be filled in counts as none: a slip in a catalogue must not keep
    a message from anybody.
    """
    if language not in TRANSLATED:
        return as_written
    try:
        return _translator(language)
    except Exception as error:  # noqa: BLE001 - better said in English than not at all
        trouble(error, where="catalogue")
        return as_written


def _translator(language: str) -> Translate:
    catalog = read(language)
    for message in [m for m in catalog if m.id and not fits(m)]:
        catalog.delete(message.id)
    file = BytesIO()
    write_mo(file, catalog)
    file.seek(0)
    known = Translations(file, domain="relay")

    def translate(template: str, plural: str | None, count: int) -> str:
        if plural is None:
            return str(known.gettext(template))
        return str(known.ngettext(template, plural, count))

    return translate


def as_written(template: str, plural: str | None, count: int) -> str:
    """English, in which the texts are written."""
    return template if plural is None or count == 1 else plural


def fits(message: Message) -> bool:
    """Whether every form of a translation can be filled in as the text itself."""
    template = message.id if isinstance(message.id, str) else message.id[-1]
    return all(has_gaps_of(words, template) for words in forms(message) if words)


def forms(message: Message) -> tuple[str, ...]:
    """The translation in each of its plural forms; one if it has no plural."""
    said = message.string
    return (said,) if isinstance(said, str) else tuple(said or ())
