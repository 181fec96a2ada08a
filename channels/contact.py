"""What people type as a phone number or a mail address, turned into a `Contact` or refused.

The one place where contacts are normalised: equal contacts must become equal strings, because
they are found through a keyed index of that string.
"""

from __future__ import annotations

import re

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberType

from channels.secret import Contact

SMS = "sms"
EMAIL = "email"

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_DOMAIN_LABEL = r"(?!-)[a-z0-9-]{1,63}(?<!-)"
_ADDRESS = re.compile(
    rf"[A-Za-z0-9!#$%&'*+/=?^_`{{|}}~.-]{{1,64}}@(?:{_DOMAIN_LABEL}\.)+{_DOMAIN_LABEL}"
)
_DOMAIN = re.compile(rf"(?:{_DOMAIN_LABEL}\.)+{_DOMAIN_LABEL}")
_TEXTABLE = {
    PhoneNumberType.MOBILE,
    PhoneNumberType.FIXED_LINE_OR_MOBILE,
    PhoneNumberType.PERSONAL_NUMBER,
}


class BadContactError(ValueError):
    """What was typed is no usable contact. The text is one plain sentence without the value."""


def e164(text: str) -> Contact:
    """Read any number in E.164 form, mobile or not: a rented one may be of any kind."""
    if not _E164.fullmatch(text):
        raise BadContactError("A phone number is written with + and country code, digits only.")
    return Contact(SMS, text)


def phone(text: str) -> Contact:
    """Read a mobile-capable E.164 number, such as `+15551234567`.

    Raises `BadContactError`. Numbers are E.164 inside; an Italian leading zero survives, because
    the string is checked and kept, never rebuilt from parts.
    """
    e164(text)
    try:
        parsed = phonenumbers.parse(text, None)
    except NumberParseException:
        raise BadContactError("This is not a phone number of any country.") from None
    if not phonenumbers.is_valid_number(parsed) and not _is_example(parsed):
        raise BadContactError("This is not a phone number of any country.")
    if phonenumbers.number_type(parsed) not in _TEXTABLE and not _is_example(parsed):
        raise BadContactError("This phone number cannot receive texts.")
    return Contact(SMS, text)


def _is_example(parsed: phonenumbers.PhoneNumber) -> bool:
    """North American 555 numbers: no subscriber's; kept for examples and Twilio's test numbers."""
    national = str(parsed.national_number)
    fictional = len(national) == 10 and "555" in (national[:3], national[3:6])
    toll_free = phonenumbers.number_type(parsed) == PhoneNumberType.TOLL_FREE
    return parsed.country_code == 1 and fictional and not toll_free


def address(text: str) -> Contact:
    """Read a mail address (RFC 5321 dot-string, ASCII). The domain is folded to lower case.

    Raises `BadContactError`. The local part keeps its case: only its owner's host knows whether
    case matters. Comparing folds it (`fold`), so that a reply in other case is still hers.
    """
    if any(ord(c) < 0x21 or ord(c) == 0x7F for c in text):
        raise BadContactError("A mail address has no spaces, line breaks or control characters.")
    if not text.isascii():
        raise BadContactError("Mail addresses with letters outside ASCII are not supported yet.")
    local, _, domain = text.rpartition("@")
    value = f"{local}@{domain.lower()}"
    dotted_wrongly = local.startswith(".") or local.endswith(".") or ".." in local
    if not _ADDRESS.fullmatch(value) or dotted_wrongly or len(value) > 254:
        raise BadContactError("This is not a mail address.")
    return Contact(EMAIL, value)


def is_domain(text: str) -> bool:
    """Whether the text is a domain name of at least two labels (RFC 1035 section 2.3.1)."""
    return bool(_DOMAIN.fullmatch(text.lower())) and len(text) <= 253


def fold(contact: Contact) -> str:
    """The form under which two spellings of one contact are equal. Reveals it: index it at once."""
    return contact.reveal().lower() if contact.channel == EMAIL else contact.reveal()
