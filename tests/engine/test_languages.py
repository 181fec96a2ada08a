"""What the programme says to a member, in the language she reads."""

from __future__ import annotations

import pytest

from channels.contract import Phrase
from relay import wording
from relay.errors import RefusalError
from relay.languages.phrases import phrases_for, to_strangers
from relay.languages.speech import spoken
from relay.model import GroupSettings, MemberSettings, show_id
from relay.notices import _MOST_AN_HOUR
from tests.engine.conftest import House

ROBIN, IVY, ANA = "+12025550123", "ivy@example.org", "+12025550147"


async def test_each_is_told_in_her_language(house: House) -> None:
    """Her own setting comes before the group's; who has none is told as the group speaks."""
    group = await house.group(language="es")
    robin = await house.member(group, "Robin", ROBIN)
    ivy = await house.member(group, "Ivy", IVY, language="de")
    await house.say(robin, ROBIN, "stop")
    await house.say(ivy, IVY, "hilfe")
    await house.deliver()
    await house.say(ivy, IVY, "stop")
    await house.deliver()
    spanish, german = GroupSettings(language="es"), GroupSettings(language="de")
    assert house.sms.texts_to(ROBIN) == [spoken(wording.STOPPED, spanish, channel="sms")]
    assert house.sms.texts_to(ROBIN)[0].startswith("No recibiras nada")
    assert spoken(wording.STOPPED, german) in house.email.texts_to(IVY)
    assert any("In Gefahr: dein Notruf" in said for said in house.email.texts_to(IVY))


async def test_the_same_answer_is_counted_in_any_language(house: House) -> None:
    """Two machines that talk to each other stop, also when one of them changes its language."""
    group = await house.group()
    robin = await house.member(group, "Robin", ROBIN)
    for number in range(_MOST_AN_HOUR + 5):
        language = ("fr", "pt")[number % 2]
        await house.engine.registrar.change_member(show_id(robin.id), {"language": language})
        await house.say(robin, ROBIN, "more")
        await house.deliver()
    told = house.sms.texts_to(ROBIN)
    assert (len(told), len(set(told))) == (_MOST_AN_HOUR, 2)


async def test_what_stands_beside_a_post_is_in_the_readers_language(house: House) -> None:
    """The channel gets her words for what goes on, and what was replaced is said as the group."""
    group = await house.group(language="es")
    robin = await house.member(group, "Robin", ROBIN)
    await house.member(group, "Ivy", IVY, language="de")
    await house.member(group, "Ana", ANA)
    await house.say(robin, ROBIN, "call me on +1 202 555 0199")
    await house.deliver()
    (hers,) = [out for out in house.email.sent if out.author]
    (anas,) = [out for out in house.sms.sent if out.author]
    assert hers.text.reveal() == anas.text.reveal() == "call me on [número quitado]"
    assert hers.say(Phrase.NO_SUBJECT, 1) == "kein Betreff"
    assert hers.say(Phrase.PICTURES_BY_MAIL, 3) == "3 Bilder gingen nur per Mail"
    assert anas.say(Phrase.MORE, 1) == "MAS para ver el resto"


def test_every_plural_form_is_said() -> None:
    """Arabic has six forms for things that are counted."""
    say = phrases_for(GroupSettings(language="ar"), MemberSettings(), "email")
    said = [say(Phrase.PICTURES_LEFT_OUT, count) for count in (0, 1, 2, 3, 11, 100)]
    assert said[:4] == ["لا صور محذوفة", "صورة محذوفة", "صورتان محذوفتان", "3 صور محذوفة"]
    assert said[4:] == ["11 صورة محذوفة", "100 صورة محذوفة"]


def test_who_is_nobody_reads_the_language_of_the_relay() -> None:
    """One plain text, so English where another language would take more."""
    assert to_strangers(wording.FORMER, "es") == "Este numero no lleva a nadie."
    assert to_strangers(wording.FORMER, "zh") == wording.FORMER


def test_names_keep_their_place_among_arabic_words() -> None:
    """In a mail a name stands in isolation; in a text that would cost two letters, so it does not.

    Languages that run from the left need none, and numbers are no names.
    """
    text = wording.UNREACHABLE.format(name="Robin")
    arabic = GroupSettings(language="ar")
    assert "\u2068Robin\u2069" in spoken(text, arabic, channel="email")
    assert "Robin" in spoken(text, arabic, channel="sms")
    assert "\u2068" not in spoken(text, arabic, channel="sms") + spoken(text, arabic)
    assert "\u2068" not in spoken(text, GroupSettings(language="fr"), channel="email")
    assert "\u2068" not in spoken(wording.BUDGET, arabic, channel="email")
    assert "\u2068" not in spoken(wording.OLD_DROPPED.format(count=3), arabic, channel="email")


def test_a_text_leaves_accents_out_and_a_mail_does_not() -> None:
    """What would make a text longer goes without its accent; a name keeps its own."""
    text = wording.UNREACHABLE.format(name="Ramón")
    spanish = GroupSettings(language="es")
    assert "cómo" in spoken(text, spanish, channel="email")
    assert "como" in spoken(text, spanish, channel="sms")
    assert "Ramón" in spoken(text, spanish, channel="sms")


def test_what_has_no_translation_is_said_as_it_is() -> None:
    """A plain string is nobody's text; a language nobody translated is English."""
    assert spoken("hello", GroupSettings(language="fr")) == "hello"
    assert spoken(wording.STOPPED, GroupSettings(language="en")) == wording.STOPPED
    assert (
        spoken(wording.STOPPED, GroupSettings(), MemberSettings(language="xx")) == wording.STOPPED
    )


async def test_a_group_is_told_in_its_own_words(house: House) -> None:
    """They are stored with the group; nobody's name or contact may stand in them."""
    group = await house.group("Blue hour")
    robin = await house.member(group, "Robin", ROBIN)
    registrar = house.engine.registrar
    await registrar.change_group("Blue hour", {"text.NOBODY": "You are the first one here."})
    await house.say(robin, ROBIN, "hello?")
    await house.deliver()
    assert house.sms.texts_to(ROBIN) == ["You are the first one here."]
    for words in ("Blue Hour rests.", "Ask Robin.", f"Call {ROBIN}."):
        with pytest.raises(RefusalError, match="would show"):
            await registrar.change_group("Blue hour", {"text.NOBODY": words})
    with pytest.raises(RefusalError, match="would show"):
        await registrar.change_group("Blue hour", {"name": "First one"})
    kept, _ = await registrar.group("Blue hour")
    assert kept.settings.texts == (("NOBODY", "You are the first one here."),)
    await registrar.change_group("Blue hour", {"text.NOBODY": ""})
    kept, _ = await registrar.group("Blue hour")
    assert kept.settings.texts == ()
