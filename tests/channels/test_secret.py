"""Contacts do not show themselves, whatever is done with them."""

from __future__ import annotations

import copy
import json
import pickle
import traceback
from dataclasses import dataclass

import pytest
from pydantic import BaseModel, ConfigDict

from channels.contact import BadContactError, address, e164, fold, phone
from channels.secret import Contact, Secret

NUMBER = "+12025550143"


@dataclass(frozen=True)
class Holder:
    """Something that carries a contact."""

    contact: Contact


def test_a_contact_never_prints_itself() -> None:
    """str, repr, format, f-strings, containers, dataclasses, JSON, pickles: all redacted."""
    contact = Contact("sms", NUMBER)
    shown = [
        str(contact),
        repr(contact),
        f"{contact}",
        f"{contact!r:>20}",
        "%s %r" % (contact, contact),
        repr([contact]),
        repr({"x": contact}),
        repr(Holder(contact)),
        json.dumps({"x": contact}, default=str),
        pickle.dumps(contact).decode("latin-1"),
        pickle.dumps(Holder(contact)).decode("latin-1"),
    ]
    assert not [text for text in shown if NUMBER[2:] in text]
    with pytest.raises(TypeError):
        json.dumps(contact)
    assert contact.reveal() == NUMBER


def test_a_contact_in_pydantic_stays_redacted() -> None:
    """A model that holds one dumps, prints and fails without it."""

    class Model(BaseModel):
        model_config = ConfigDict(hide_input_in_errors=True)
        contact: Secret

    model = Model(contact=Secret(NUMBER))
    assert NUMBER not in model.model_dump_json() + repr(model) + str(model.model_dump())


def test_a_contact_in_a_traceback_stays_redacted() -> None:
    """Raising with a contact in hand prints no number, with locals or without."""
    contact = Contact("sms", NUMBER)
    try:
        raise ValueError(contact)
    except ValueError as error:
        lines = traceback.TracebackException.from_exception(error, capture_locals=True).format()
        assert NUMBER not in "".join(lines)


def test_equality_is_by_value_and_channel() -> None:
    """Equal contacts are equal and hash alike; copies are the same; nothing can be changed."""
    assert Contact("sms", NUMBER) == Contact("sms", NUMBER)
    assert Contact("sms", NUMBER) != Contact("email", NUMBER)
    assert len({Contact("sms", NUMBER), Contact("sms", NUMBER)}) == 1
    contact = Contact("sms", NUMBER)
    assert copy.deepcopy(Holder(contact)).contact is contact
    with pytest.raises(AttributeError):
        contact.channel = "email"


@pytest.mark.parametrize(
    "text",
    [
        "", "12025550143", "+1 202 555 0143", "+", "+0123456789", "+1202555014", "+442079460000",
        "+18005550143", "+12025550143\n", "+1202555014３", "hello", "+9999999999999",
    ],
)  # fmt: skip
def test_what_is_no_mobile_number_is_refused(text: str) -> None:
    """Landlines, toll-free, short, spaced, foreign digits: one sentence that repeats nothing."""
    with pytest.raises(BadContactError) as refusal:
        phone(text)
    assert str(refusal.value).endswith(".")
    assert len(text) < 2 or text not in str(refusal.value)


@pytest.mark.parametrize(
    "text", ["+12025550143", "+393331234567", "+4915112345678", "+919876543210", "+33612345678"]
)
def test_mobile_numbers_keep_every_digit(text: str) -> None:
    """What is taken is kept as written, leading zeros and all."""
    assert phone(text).reveal() == text
    assert e164("+390612345678").reveal() == "+390612345678"


@pytest.mark.parametrize(
    "text",
    [
        "", "a", "a@b", "@b.example", "a@", "a b@c.example", "a@b.example\n", "a\r\nBcc: x@b.org",
        "a@b.example\0", ".a@b.example", "a.@b.example", "a..b@c.example", "a@-b.example",
        "a@b..example", '"a b"@c.example', "a@[127.0.0.1]", "é@b.example",
        "a@bß.example", "a@b@c.example", "x" * 65 + "@b.example",
    ],
)  # fmt: skip
def test_what_is_no_plain_address_is_refused(text: str) -> None:
    """Control characters, quoted or literal forms, empty labels: one sentence."""
    with pytest.raises(BadContactError):
        address(text)


def test_addresses_compare_without_case() -> None:
    """Another spelling in capitals is the same person; the local part is kept as it was given."""
    assert address("Ivy.M@Willow.EXAMPLE").reveal() == "Ivy.M@willow.example"
    assert fold(address("Ivy@willow.example")) == fold(address("ivy@WILLOW.example"))
