"""A group's own words for what the programme says: `text.NAME=words`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from channels.contact import SMS
from channels.gsm import segments
from relay.errors import RefusalError
from relay.languages.catalogue import LATIN
from relay.languages.fillings import filled
from relay.languages.fixed import why_fixed
from relay.languages.naming import named
from relay.languages.speech import spoken
from relay.languages.telling import names, tells
from relay.languages.texts import all_texts, gaps
from relay.model import GroupSettings
from relay.wording.text import Text

_PREFIX = "text."


def split(wishes: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Settings by name, and a group's own words by the name of the text."""
    settings = {k: v for k, v in wishes.items() if not k.startswith(_PREFIX)}
    words = {k.removeprefix(_PREFIX): v for k, v in wishes.items() if k.startswith(_PREFIX)}
    return settings, words


def reworded(
    before: GroupSettings, after: GroupSettings, words: Mapping[str, str]
) -> GroupSettings:
    """Settings with these words in them; empty words go back to the programme's.

    Raises `RefusalError` with one plain sentence; then nothing counts.
    """
    own = dict(after.texts)
    for name, wish in words.items():
        text, fixed = _known(name), why_fixed(name)
        if wish.strip() and fixed:
            raise RefusalError(f"The text {name} stays as it is: {fixed}.")
        if wish.strip():
            own[name] = _read(text, " ".join(wish.split()), after.language)
        else:
            own.pop(name, None)
    if own and before.texts and before.language != after.language:
        raise RefusalError(
            "The group's own words are in its old language: take each back with text.NAME= first."
        )
    return replace(after, texts=tuple(sorted(own.items())))


def refuse_names(settings: GroupSettings, people: Iterable[str]) -> None:
    """Raise `RefusalError` where the group's own words name it or somebody in it."""
    people = list(people)
    for name, words in settings.texts:
        if any(names(words, each) for each in people):
            raise RefusalError(
                f"The words for {name} would show the name of the group or of a member."
            )


def texts_of(settings: GroupSettings) -> list[dict[str, Any]]:
    """Every text that a group may put in its own words, and how it is said to members now."""
    own = dict(settings.texts)
    return [
        {"text": name, "words": own.get(name) or _programmes(text, settings), "own": name in own}
        for name, text in all_texts().items()
        if _is_public(name) and not why_fixed(name)
    ]


def _programmes(text: Text, settings: GroupSettings) -> str:
    return spoken(Text(text.template, text.plural), replace(settings, texts=()))


def _is_public(name: str) -> bool:
    """Parts of texts, and what channels say of their own, are nobody's to change."""
    module, _, constant = name.rpartition(".")
    return not constant.startswith("_") and module != "phrases"


def _known(name: str) -> Text:
    public = [one for one in all_texts() if _is_public(one)]
    if name not in public:
        close = get_close_matches(name.upper(), public, n=1)
        hint = f"did you mean {close[0]}" if close else "relay group texts lists them"
        raise RefusalError(f"There is no such text: {hint}.")
    return all_texts()[name]


def _read(text: Text, words: str, language: str) -> str:
    """Words that can stand in place of a text. Raises `RefusalError`."""
    template = text.plural or text.template
    try:
        fits = gaps(words) == gaps(template) and not ("{{" in words or "}}" in words)
    except ValueError:
        fits = False
    if not fits or not words.isprintable():
        wanted = ", ".join(f"{{{gap}}}" for gap in sorted(gaps(template)))
        raise RefusalError(
            f"These words must hold {wanted}." if wanted else "These words must hold no braces."
        )
    if not _is_short(words, language):
        raise RefusalError("These words are too long for one text.")
    if not named(text.template) <= named(words):
        raise RefusalError(
            "These words must name the same words to the relay, in capitals or in quotes."
        )
    if tells(words):
        raise RefusalError("These words would tell whoever sees them what the group is for.")
    return words


def _is_short(words: str, language: str) -> bool:
    """One text in Latin letters, two in others, with the longest that is usually filled in."""
    group = GroupSettings(language=language)
    made = (spoken(one, group, channel=SMS) for one in filled(Text(words)))
    return all(segments(said) <= (1 if language in LATIN else 2) for said in made)
