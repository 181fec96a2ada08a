"""Contacts in what members write: replaced, asked about or allowed, and stopped at the door."""

from __future__ import annotations

from typing import Any

import pytest

from channels.contract import Receipt
from channels.secret import Secret
from policies import catalogue
from relay import draft as drafts
from relay import wording
from relay.intake import Intake
from relay.model import show_id
from relay.registrar import show_member
from tests.engine.conftest import House

ROBIN, SOL, ANA = "+12025550101", "+12025550103", "+12025550102"
IVY = "ivy.stone@willow.example"


async def _circle(house: House, **wishes: str) -> dict[str, Any]:
    group = await house.group(**wishes)
    return {
        "ivy": await house.member(group, "Ivy", IVY),
        "sol": await house.member(group, "Sol", SOL),
        "ana": await house.member(group, "Ana", ANA, facilitator="yes"),
    }


async def test_her_own_contact_is_replaced_and_she_is_told(house: House) -> None:
    """The others read her pseudonym in its place; she alone learns what happened."""
    circle = await _circle(house)
    await house.say(circle["ivy"], IVY, "write to ivy.stone@willow.example today")
    await house.deliver()
    assert house.sms.texts_to(SOL) == ["write to Ivy today"]
    assert house.email.texts_to(IVY) == [wording.MASKED_YOURS]


async def test_as_is_shows_her_own_and_only_hers(house: House) -> None:
    """`Send as is` brings her message again with her address; another member's stays replaced."""
    circle = await _circle(house)
    await house.say(circle["ivy"], IVY, f"I am {IVY}, and she is 202-555-0102")
    await house.deliver()
    await house.say(circle["ivy"], IVY, "Send as is!")
    await house.deliver()
    number = "and she is [number removed]"
    assert house.sms.texts_to(SOL) == [f"I am Ivy, {number}", f"I am {IVY}, {number}"]
    await house.say(circle["ivy"], IVY, "SEND AS IS")
    await house.deliver()
    assert house.email.texts_to(IVY)[-1] == wording.NOTHING_WAITS


async def test_ask_holds_until_she_says_so(house: House) -> None:
    """With contacts=ask nobody gets anything before she has said it."""
    circle = await _circle(house, contacts="ask")
    await house.say(circle["ivy"], IVY, f"mail me: {IVY}")
    await house.deliver()
    assert (house.sms.sent, house.email.texts_to(IVY)) == ([], [wording.ASKED])
    await house.say(circle["ivy"], IVY, "SEND AS IS")
    await house.deliver()
    assert house.sms.texts_to(SOL) == [f"mail me: {IVY}"]


async def test_ask_does_not_let_others_contacts_go(house: House) -> None:
    """Another member's number cannot be let go by her word."""
    circle = await _circle(house, contacts="ask")
    await house.say(circle["ivy"], IVY, "call Ana: +1 202 555 0102")
    await house.say(circle["ivy"], IVY, "SEND AS IS")
    await house.deliver()
    assert house.sms.sent == []
    assert house.email.texts_to(IVY) == [wording.ASKED_WITHOUT, wording.NOTHING_WAITS]


async def test_allow_lets_her_own_through(house: House) -> None:
    """With contacts=allow her own address stays in her words."""
    circle = await _circle(house, contacts="allow")
    await house.say(circle["ivy"], IVY, f"mail me: {IVY}")
    await house.deliver()
    assert house.sms.texts_to(SOL) == [f"mail me: {IVY}"]


async def test_the_last_look_stops_another_members_contact(house: House) -> None:
    """Where nothing was replaced, no copy leaves, and facilitators hear how many were stopped."""
    circle = await _circle(house, contacts="allow")
    await house.say(circle["ivy"], IVY, "Sol is (202) 555-0103")
    await house.deliver()
    assert house.sms.texts_to(SOL) in (["Sol is (202) 555-0103"], [])
    assert not any("0103" in text for text in house.sms.texts_to(ANA))
    told = [text for text in house.sms.texts_to(ANA) if "stopped" in text]
    assert len(told) == 1
    assert (await house.engine.registrar.inventory())["groups"] == []


async def test_the_last_look_is_independent(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the first guard broken in every way, still no contact leaves."""
    monkeypatch.setattr(drafts.Rules, "look", lambda *_: ())
    circle = await _circle(house)
    house.intake = Intake(house.engine, catalogue.POST, lambda: None)
    await house.say(circle["sol"], SOL, f"it is {IVY}")
    await house.say(circle["sol"], SOL, "it is +1 (202) 555 01 03")
    await house.deliver()
    sent = [out.text.reveal() for out in (*house.sms.sent, *house.email.sent)]
    others = [text for text in sent if text.startswith("it is")]
    assert all(IVY in text for text in others)
    assert {out.to.reveal() for out in house.email.sent if "it is" in out.text.reveal()} <= {IVY}
    assert not any("01 03" in text for text in sent)


async def test_what_helps_is_kept(house: House) -> None:
    """Hotlines of the group, dates, years and house numbers pass untouched."""
    circle = await _circle(house, hotlines="0800 116 016, +1 800 799 7233")
    words = "2024 was a hard year. Call 0800 116016 or 1-800-799-7233. 12345 Main Street, 3.5.2024"
    await house.say(circle["ivy"], IVY, words)
    await house.deliver()
    assert house.sms.texts_to(SOL) == [words]


async def test_strangers_numbers_are_the_groups_choice(house: House) -> None:
    """A number of nobody in the group is replaced, or not, as the facilitator set it."""
    circle = await _circle(house)
    await house.say(circle["ivy"], IVY, "my doctor: +49 30 901820")
    await house.engine.registrar.change_group("Tuesday", {"strangers": "off"})
    await house.say(circle["ivy"], IVY, "my doctor: +49 30 901820")
    await house.deliver()
    assert house.sms.texts_to(SOL) == ["my doctor: [number removed]", "my doctor: +49 30 901820"]


async def test_a_subject_is_words_too(house: House) -> None:
    """A contact in the subject is replaced as well."""
    circle = await _circle(house)
    oak = await house.member(await house.group("Oaks"), "Oak", "oak@elm.example")
    await house.member((await house.engine.registrar.groups())[0], "Elm", "elm@elm.example")
    assert oak.group_id != circle["ivy"].group_id
    taken = await house.say(oak, "oak@elm.example", "hello", subject="I am oak@elm.example")
    await house.deliver()
    assert taken is Receipt.TAKEN
    posts = [out for out in house.email.sent if out.author is not None]
    assert [out.subject for out in posts] == [Secret("I am Oak")]


async def test_her_mail_programs_name_for_her_is_replaced(house: House) -> None:
    """The full name beside her address in From does not stand in what the others read."""
    circle = await _circle(house)
    words = "See you!\nMara Hale-Stone"
    await house.say(circle["ivy"], IVY, words, real_name="Mara Hale-Stone")
    await house.deliver()
    assert house.sms.texts_to(SOL) == ["See you!\nIvy"]
    assert house.email.texts_to(IVY) == [wording.MASKED_YOURS]


async def test_real_names_a_facilitator_gave_are_replaced(house: House) -> None:
    """They are kept sealed, never shown, and replaced in what anybody of the group writes."""
    circle = await _circle(house)
    registrar = house.engine.registrar
    ivy = await registrar.change_member(show_id(circle["ivy"].id), {"real_names": "Mara Hale"})
    assert show_member(ivy)["real_names"] == "[redacted]"
    await house.say(circle["sol"], SOL, "I met Mara Hale today")
    await house.deliver()
    assert house.sms.texts_to(ANA) == ["I met [name removed] today"]
