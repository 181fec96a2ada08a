"""Keeping the catalogues in step with the texts: what is new, what is missing, what is gone."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po

from relay.languages.catalogue import TRANSLATED, fits, forms, path_of, read
from relay.languages.texts import all_texts

_LEFT_OUT = (
    *(b'"POT-Creation-Date', b'"PO-Revision-Date', b'"Generated-By', b'"Last-Translator'),
    *(b'"Project-Id-Version', b'"Report-Msgid-Bugs-To', b'"Language-Team'),
)
"""Lines of the head that say nothing, or change with the day and the machine."""


def template() -> Catalog:
    """What there is to translate; the name of each text stands above it."""
    catalog = Catalog(domain="relay")
    for name, text in all_texts().items():
        one = text.template if text.plural is None else (text.template, text.plural)
        catalog.add(one, auto_comments=[name])
    return catalog


def renewed(language: str) -> Catalog:
    """The catalogue with the texts there are now; those that are gone are left out."""
    catalog = read(language)
    catalog.update(template(), no_fuzzy_matching=True)
    catalog.obsolete.clear()
    return catalog


def written(catalog: Catalog) -> bytes:
    """The file of a catalogue: the same bytes on every machine and day."""
    catalog.fuzzy = False
    catalog.header_comment = f"# What the programme says, in {catalog.locale_identifier}."
    file = BytesIO()
    write_po(file, catalog, width=0, sort_output=False)
    lines = file.getvalue().splitlines(keepends=True)
    return b"".join(line for line in lines if not line.startswith(_LEFT_OUT))


def update() -> None:
    """Write every catalogue anew, with gaps for what is not translated yet."""
    for language in TRANSLATED:
        path = path_of(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(written(renewed(language)))


def missing(language: str) -> Iterator[str]:
    """Names of the texts that cannot be said in a language, in whole or in one plural form."""
    catalog = read(language)
    for name, text in all_texts().items():
        message = catalog.get(text.template)
        if message is None or message.fuzzy or "" in (forms(message) or ("",)) or not fits(message):
            yield name
