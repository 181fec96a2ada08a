"""Every text in every language: there, short, easy to read, and true about the words it names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from channels.contact import SMS
from channels.gsm import Encoding, encoding, segments
from policies.pseudonym import LONGEST
from relay.languages import catalogue
from relay.languages.catalogue import LATIN, TRANSLATED, forms, read
from relay.languages.fillings import FILLINGS, PARTS, filled
from relay.languages.naming import named
from relay.languages.speech import spoken
from relay.languages.texts import all_texts, gaps, name_of
from relay.languages.upkeep import missing, renewed
from relay.model import GroupSettings
from relay.wording import danger
from relay.wording.text import Text
from relay.words.word import LANGUAGES
from tests.house.house_checks import modules
from tests.languages.grade import grade

LONG: dict[str, str] = {}
"""Texts that may be longer than one text, and why."""
SHORT = 6
"""Words that a text must have for a grade of its own: of fewer the formula knows nothing."""
HARDEST = 6.0
"""The sixth grade of school, at the age of eleven or twelve."""


@pytest.mark.parametrize("language", TRANSLATED)
def test_nothing_is_missing(language: str) -> None:
    """Each text can be said in each language, in every plural form; nothing old is left over."""
    assert list(missing(language)) == []
    kept = {message.id for message in read(language) if message.id}
    assert kept == {message.id for message in renewed(language) if message.id}


@pytest.mark.parametrize("damage", [b"\xff\xfe", b"nplurals=x; plural=((", b"charset=nope", None])
def test_a_broken_catalogue_silences_nobody(
    damage: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cry for help is answered in English where the words of a language cannot be read."""
    path = tmp_path / "es" / "LC_MESSAGES" / "relay.po"
    path.parent.mkdir(parents=True)
    head = b'msgid ""\nmsgstr "Language: es\\nContent-Type: text/plain; charset=utf-8\\n"\n'
    if damage is not None:
        broken = head.replace(
            b"charset=utf-8", b"Plural-Forms: " * (b"nplurals" in damage) + damage
        )
        path.write_bytes(broken + b'msgid "a {count}"\nmsgid_plural "b"\nmsgstr[0] "c"\n')
    else:
        path.mkdir()
    monkeypatch.setattr(catalogue, "_FOLDER", tmp_path)
    catalogue.translator.cache_clear()
    try:
        said = danger.CRISIS_NOBODY.format(crisis="988").said(catalogue.translator("es"))
    finally:
        catalogue.translator.cache_clear()
    assert said == danger.CRISIS_NOBODY.format(crisis="988")


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_same_is_filled_in(language: str) -> None:
    """A translation has the gaps of its text, all of them; a form for one thing needs no number."""
    for message in read(language):
        if message.id:
            ids = (message.id,) if isinstance(message.id, str) else message.id
            for said in filter(None, forms(message)):
                assert gaps(said) <= gaps(ids[-1])
                assert gaps(said) | {"count"} == gaps(ids[-1]) | {"count"}
                assert said != forms(message)[-1] or gaps(said) == gaps(ids[-1])


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_is_short(language: str) -> None:
    """One text of 160 letters in Latin letters, two where each letter weighs more.

    With what is usually filled in, and a pseudonym as long as there can be.
    """
    group = GroupSettings(language=language)
    for name, text in all_texts().items():
        for made in filled(text):
            said = spoken(made, group, channel=SMS)
            assert segments(said) <= (1 if language in LATIN else 2) or name in LONG, (name, said)
            assert language not in LATIN or encoding(said) is Encoding.GSM_7, (name, said)
    assert len(str(FILLINGS["name"])) == LONGEST


def test_somebody_said_what_is_filled_in() -> None:
    """Every gap of every text has its longest usual filling in the table."""
    wanted = {gap for text in all_texts().values() for gap in gaps(text.plural or text.template)}
    assert wanted <= FILLINGS.keys() | PARTS.keys()


def test_english_is_easy() -> None:
    """Every English text is for the sixth grade or below, by the formula of Flesch and Kincaid.

    With a name of the usual length: a long one makes no sentence harder.
    """
    hard = {
        name: (round(grade(made), 1), made)
        for name, text in all_texts().items()
        for made in (str(one).replace(str(FILLINGS["name"]), "Robin") for one in filled(text))
        if len(made.split()) >= SHORT and grade(made) > HARDEST
    }
    assert hard == {}


def test_the_formula() -> None:
    """Figures worked out by hand: seven words, one sentence, eight syllables; and a hard one."""
    assert grade("The cat sat on the old table.") == pytest.approx(0.39 * 7 + 11.8 * 8 / 7 - 15.59)
    assert grade("Unauthorised administrative communications necessitate verification.") > 20


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_that_are_named_are_read(language: str) -> None:
    """A text names the same words to the relay as the English one, and each is read as that word.

    In capitals, or in quotes where there are none.
    """
    group = GroupSettings(language=language)
    for name, text in all_texts().items():
        said = spoken(Text(text.template), group)
        assert named(said) == named(text.template), (name, said)


def test_each_text_has_one_name() -> None:
    """No two constants hold the same sentence: it would be translated once and reworded once."""
    for name, text in all_texts().items():
        assert name_of(text.template) == name


def test_texts_are_made_where_they_are_found() -> None:
    """Nobody makes a text outside of the modules that are translated, or inside a function."""
    for module, path in modules().items():
        source = path.read_text(encoding="utf-8")
        if not module.startswith(("relay.wording", "relay.languages")):
            assert not re.search(r"\bText\(", source), module
        elif module.startswith("relay.wording.") and module != "relay.wording.text":
            assert not re.search(r"^[ \t]+.*\bText\(", source, re.MULTILINE), module
