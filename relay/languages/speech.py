"""Saying a text to somebody: in her language, and in her group's own words."""

from __future__ import annotations

from functools import lru_cache

from channels.contact import EMAIL, SMS
from relay.languages.catalogue import FROM_RIGHT, translator
from relay.languages.fixed import why_fixed
from relay.languages.texts import has_gaps_of, name_of
from relay.model import GroupSettings, MemberSettings
from relay.wording.text import Text, Translate

_ISOLATE, _END = "\u2068", "\u2069"
"""First strong isolate and its end (UAX #9): what stands between them leaves alone the order of
what stands around it."""

_PLAIN = str.maketrans(
    {
        **dict(zip("áâãçëêíîïóôõúû", "aaaceeiiiooouu", strict=True)),
        **dict(zip("ÁÀÂÃÈÊËÍÎÏÓÔÕÚÙÛ", "AAAAEEEIIIOOOUUU", strict=True)),
        "œ": "oe",
        "Œ": "OE",
        "\u2019": "'",
        "\u00a0": " ",
        "\u202f": " ",
    }
)
"""Letters that one text of 160 letters cannot hold: a single one would make it two or three. People
who text leave their accents out as well."""


def language_of(group: GroupSettings, member: MemberSettings | None = None) -> str:
    """Hers if she has set one, else the group's."""
    return (member.language if member is not None else "") or group.language


def spoken(
    text: str,
    group: GroupSettings,
    member: MemberSettings | None = None,
    *,
    channel: str = "",
) -> str:
    """A text as this member reads it, or as the whole group does. A plain string stays.

    In a mail, what is filled in is set apart where it may run against the direction of the words,
    such as a name in Arabic, by signs nobody sees. In a text each would cost a letter; there, the
    letters that would make it longer go without their accents. What is filled in stays as it is.
    """
    if not isinstance(text, Text):
        return text
    language = language_of(group, member)
    reworded = group.texts if language == group.language else ()
    translate = _translate(language, reworded, plain=channel == SMS)
    apart = channel == EMAIL and language in FROM_RIGHT
    return text.said(translate, _apart if apart else str)


@lru_cache(maxsize=200)
def _translate(language: str, reworded: tuple[tuple[str, str], ...], *, plain: bool) -> Translate:
    """The group's own words before those of the catalogue."""
    known, own = translator(language), dict(reworded)

    def translate(template: str, plural: str | None, count: int) -> str:
        words = _own(own, template) if own else ""
        if not words or not has_gaps_of(words, plural or template):  # older than the text
            words = known(template, plural, count)
        return words.translate(_PLAIN) if plain else words

    return translate


def _own(own: dict[str, str], template: str) -> str:
    """What the group says in place of a text; nothing where it could not any more."""
    name = name_of(template)
    return "" if why_fixed(name) else own.get(name, "")


def _apart(value: object) -> str:
    return f"{_ISOLATE}{value}{_END}" if isinstance(value, str) else str(value)
