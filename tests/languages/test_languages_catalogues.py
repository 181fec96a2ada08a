"""Every text in every language: there, short, easy to read, and true about the words it names."""

from __future__ import annotations

import re

import pytest

from channels.contact import SMS
from channels.sms.gsm import Encoding, encoding, segments
from policies.pseudonym import LONGEST
from relay.languages.catalogue import LATIN, TRANSLATED, forms, read
from relay.languages.fillings import FILLINGS, filled
from relay.languages.speech import spoken
from relay.languages.texts import all_texts, gaps, name_of
from relay.languages.upkeep import missing, renewed
from relay.model import GroupSettings
from relay.wording.text import Text
from relay.words.folding import folded
from relay.words.letting_go import is_no
from relay.words.reading import is_yes, parse
from relay.words.vocabulary import WORDS, Form
from relay.words.word import LANGUAGES
from tests.house.house_checks import modules
from tests.languages.grade import grade

LONG: dict[str, str] = {}
"""Texts that may be longer than one text, and why."""
SHORT = 6
"""Words that a text must have for a grade of its own: of fewer the formula knows nothing."""
HARDEST = 6.0
"""The sixth grade of school, at the age of eleven or twelve."""
NO_WORDS = frozenset({"SMS", "OK", "UTC"})
"""Capitals that are no word to the relay."""

_QUOTED = re.compile("[\u00ab\u201c]([^\u00bb\u201d]+)[\u00bb\u201d]")
_GAP = re.compile(r"\{\w+\}")
_BY_SPELLING = {
    folded(spelling): word for word in reversed(WORDS) for many in word.spellings.values()
    for spelling in many
}  # fmt: skip


@pytest.mark.parametrize("language", TRANSLATED)
def test_nothing_is_missing(language: str) -> None:
    """Each text can be said in each language, in every plural form; nothing old is left over."""
    assert list(missing(language)) == []
    kept = {message.id for message in read(language) if message.id}
    assert kept == {message.id for message in renewed(language) if message.id}


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_same_is_filled_in(language: str) -> None:
    """A translation has the gaps of its text, all of them; a form for one thing needs no number."""
    for message in read(language):
        if message.id:
            ids = (message.id,) if isinstance(message.id, str) else message.id
            for said in forms(message):
                assert gaps(said) <= gaps(ids[-1])
                assert gaps(said) | {"count"} == gaps(ids[-1]) | {"count"}
            assert gaps(forms(message)[-1]) == gaps(ids[-1])


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


def test_english_is_easy() -> None:
    """Every English text is for the sixth grade or below, by the formula of Flesch and Kincaid."""
    hard = {
        name: (round(grade(made), 1), made)
        for name, text in all_texts().items()
        for made in filled(text)
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


def named(text: str) -> set[str]:
    """The words to the relay that a text names."""
    found: set[str] = set()
    bare = _GAP.sub(" 7 ", text)
    for phrase in [*_QUOTED.findall(bare), *_in_capitals(_QUOTED.sub(" ", bare))]:
        found |= set(_read(phrase.split()))
    return found


def _in_capitals(text: str) -> list[str]:
    """Runs of words of two letters or more that are all capitals."""
    runs: list[list[str]] = [[]]
    for word in re.split(r"(\s+|[^\w\s'-]+)", text):
        if not word.strip():
            continue
        if word.isupper() and sum(c.isalpha() for c in word) > 1:
            runs[-1].append(word)
        elif runs[-1]:
            runs.append([])
    return [" ".join(run) for run in runs if run]


def _read(words: list[str]) -> list[str]:
    """What a run of words is read as, the longest first."""
    if not words:
        return []
    for count in range(len(words), 0, -1):
        said, rest = " ".join(words[:count]), words[count:]
        command = parse(said) or parse(said, to_mask=True)
        if command is not None:
            return [command, *_read(rest)]
        word = _BY_SPELLING.get(folded(said))
        if word is not None and word.form is not Form.ALONE:
            return [word.command]
        if is_yes(said):
            return ["yes", *_read(rest)]
        if is_no(folded(said)):
            return ["no", *_read(rest)]
        if said in NO_WORDS:
            return _read(rest)
    raise AssertionError(f"{words} is no word to the relay")


def test_each_text_has_one_name() -> None:
    """No two constants hold the same sentence: it would be translated once and reworded once."""
    for name, text in all_texts().items():
        assert name_of(text.template) == name


def test_texts_are_made_where_they_are_found() -> None:
    """Nobody makes a text outside of the modules that are translated, or inside a function."""
    for module, path in modules().items():
        source = path.read_text(encoding="utf-8")
        if not module.startswith("relay.wording"):
            assert not re.search(r"\bText\(", source), module
        elif module != "relay.wording.text":
            assert not re.search(r"^[ \t]+.*\bText\(", source, re.MULTILINE), module
