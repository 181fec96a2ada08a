"""A group's own words for what the relay says."""

from __future__ import annotations

import pytest

from relay import wording
from relay.errors import RefusalError
from relay.languages.fixed import FIXED, why_fixed
from relay.languages.rewording import refuse_names, reworded, split, texts_of
from relay.languages.speech import spoken
from relay.languages.telling import names, tells
from relay.languages.texts import all_texts
from relay.model import GroupSettings, MemberSettings
from relay.wording import danger
from relay.wording.text import Text

PLAIN = GroupSettings()


def own(language: str = "en", **words: str) -> GroupSettings:
    """Settings with these words."""
    group = GroupSettings(language=language)
    return reworded(group, group, words)


def test_a_group_speaks_in_its_own_words() -> None:
    """To who reads the group's language; others and other groups hear the programme's."""
    group = own(FROZEN="We are on a break. Your words stay with you.", NOBODY=" So far  you. ")
    assert spoken(wording.FROZEN, group) == "We are on a break. Your words stay with you."
    assert spoken(wording.NOBODY, group) == "So far you."
    assert spoken(wording.FROZEN, group, MemberSettings(language="de")).startswith("Die Gruppe")
    assert spoken(wording.ENDED, group) == wording.ENDED
    assert spoken(wording.FROZEN, PLAIN) == wording.FROZEN
    again = reworded(group, group, {"FROZEN": ""})
    assert spoken(wording.FROZEN, again) == wording.FROZEN
    assert hash(again) == hash(own(NOBODY="So far you."))


def test_gaps_are_filled_in_the_groups_own_words() -> None:
    """What stands in braces is filled in where the group wants it; in texts accents go."""
    group = own("es", UNREACHABLE="AYUDA, dice {name}. Atención, por favor.")
    said = spoken(wording.UNREACHABLE.format(name="Robin"), group, channel="sms")
    assert said == "AYUDA, dice Robin. Atencion, por favor."


def test_words_that_do_not_fit_a_later_programme_are_left_aside() -> None:
    """A stored text whose gaps are gone must not keep a message from anybody."""
    group = GroupSettings(texts=(("FROZEN", "It is {what}."), ("GONE", "Old")))
    assert spoken(wording.FROZEN, group) == wording.FROZEN


@pytest.mark.parametrize(
    ("name", "words", "sentence"),
    [
        ("FROZN", "x", "There is no such text: did you mean FROZEN."),
        ("FROZEN", "We rest, {{name}}.", "These words must hold no braces."),
        ("NEAR_MISS", "AB " * 3_400, "These words are too long for one text."),
        ("_TOLD", "x", "There is no such text"),
        ("phrases.MORE", "x", "There is no such text"),
        ("joining.KEPT", "x", "The text joining.KEPT stays as it is: members have agreed"),
        ("STOPPED", "Bye", "The text STOPPED stays as it is"),
        ("UNREACHABLE", "HELP was said", "These words must hold {name}."),
        ("UNREACHABLE", "HELP {name} {count}", "These words must hold {name}."),
        ("UNREACHABLE", "HELP {name.x}", "These words must hold {name}."),
        ("FROZEN", "Break {", "These words must hold no braces."),
        ("FROZEN", "Break\u202eback", "These words must hold no braces."),
        ("ASKED", "Nobody got it.", "These words must name the same words"),
        ("ASKED", "Nobody got it. Say ASIS.", "These words must name the same words"),
        ("FROZEN", "The survivors are on a break.", "These words would tell"),
        ("FROZEN", "La terapia está en pausa.", "These words would tell"),
        ("FROZEN", "x" * 161, "These words are too long"),
        ("UNREACHABLE", "HELP {name} " + "x" * 140, "These words are too long"),
        ("FROZEN", "\u6f22" * 71, "These words are too long"),
    ],
)
def test_bad_words_are_refused(name: str, words: str, sentence: str) -> None:
    """One plain sentence, and nothing is changed."""
    with pytest.raises(RefusalError) as refused:
        reworded(PLAIN, PLAIN, {name: words})
    assert str(refused.value).startswith(sentence)


def test_where_letters_weigh_more_two_texts_are_allowed() -> None:
    """In Arabic and Chinese, as for the programme's own words."""
    assert own("zh", FROZEN="\u6f22" * 134).texts
    with pytest.raises(RefusalError):
        own("zh", FROZEN="\u6f22" * 135)


def test_no_text_names_the_group_or_a_member() -> None:
    """However it is written; part of another word is no name."""
    group = own(FROZEN="Blue hour: Robins rest.")
    refuse_names(group, ["Blue", "Robin", "Rest of us", ""][1:])
    for name in ("blue  hour", "Robins", "BLUE-HOUR"):
        with pytest.raises(RefusalError, match="would show the name"):
            refuse_names(group, [name])
    assert names("wir sind die Bl\u00fctezeit", "bl\u00fctezeit")
    assert not names("anything", "")


def test_another_language_needs_other_words() -> None:
    """Words in the old language would be said to who does not read it."""
    group = own(FROZEN="We are on a break.")
    spanish = GroupSettings(language="es", texts=group.texts)
    with pytest.raises(RefusalError, match="old language"):
        reworded(group, spanish, {})
    assert reworded(group, spanish, {"FROZEN": ""}).texts == ()


def test_the_programmes_own_texts_tell_nothing() -> None:
    """No text in any language holds a word that tells what a group is for."""
    for language in ("en", "es", "fr", "de", "pt", "ar", "zh"):
        group = GroupSettings(language=language)
        for name, text in all_texts().items():
            assert not tells(spoken(Text(text.template), group)), (language, name)


def test_all_that_may_be_reworded_is_listed() -> None:
    """By name, with the words of now; parts and what the law fixes are not."""
    listed = {row["text"]: row for row in texts_of(own("es", FROZEN="Una pausa."))}
    assert listed["FROZEN"] == {"text": "FROZEN", "words": "Una pausa.", "own": True}
    assert listed["UNREACHABLE"]["words"].startswith("Los mensajes ya no llegan a {name}")
    assert not {"STOPPED", "phrases.MORE"} & set(listed)


def test_what_is_fixed_is_there() -> None:
    """Each text that stays as it is has a name of now."""
    assert all_texts().keys() >= FIXED.keys()


def test_what_is_said_in_danger_is_nobodys_to_change() -> None:
    """Answers to CRISIS and HELP, who was told, and what is promised; turns of duty may be."""
    of_danger = {name for name in all_texts() if name.startswith("danger.")}
    free = {name.removeprefix("danger.") for name in of_danger if not why_fixed(name)}
    assert free == {
        *("ON_DUTY", "ON_DUTY_UNTIL", "OFF_DUTY", "OFF_DUTY_ALL", "ASKED_OVER", "TAKE_OVER"),
        *("TAKE_OVER_NOTE", "TAKEN_OVER", "NOBODY_OF_THAT_NAME"),
    }
    fixed = (of_danger - {f"danger.{name}" for name in free}) | {
        "members.WANTS", "members.PULSE_ASKED",
    }  # fmt: skip
    assert not fixed & {row["text"] for row in texts_of(PLAIN)}
    for name in fixed:
        with pytest.raises(RefusalError, match="stays as it is"):
            reworded(PLAIN, PLAIN, {name: all_texts()[name].template})


def test_what_was_reworded_before_it_was_fixed_is_not_said() -> None:
    """A group that has such words still says the programme's, and can take its own back."""
    group = GroupSettings(
        texts=(("danger.CARE", "In danger: {crisis}. Send CRISIS. We all know."),)
    )
    care = danger.CARE.format(crisis="112")
    assert spoken(care, group) == care
    assert reworded(group, group, {"danger.CARE": ""}).texts == ()


def test_wishes_are_told_apart() -> None:
    """Settings, and words for texts."""
    assert split({"quiet": "22-7", "text.FROZEN": "x"}) == ({"quiet": "22-7"}, {"FROZEN": "x"})
