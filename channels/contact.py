"""What people type as a phone number or a mail address, turned into a `Contact` or refused.

The one place where contacts are normalised: equal contacts must become equal strings, because
they are found through a keyed index of that string.
"""

from __future__ import annotations

import re
import unicodedata

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


def address(text: str, *, any_script: bool = False) -> Contact:
    """Read a mail address (RFC 5321 dot-string, RFC 6531). The domain is folded to lower case.

    Raises `BadContactError`. The local part keeps its case: only its owner's host knows whether
    case matters. Comparing folds it (`fold`), so that a reply in other case is still hers. A
    domain is kept as A-labels, however it was written. With `any_script` the local part may hold
    letters outside ASCII, in NFC: for a relay whose way in and way out both speak SMTPUTF8.
    """
    if any(ord(c) < 0x21 or ord(c) == 0x7F for c in text):
        raise BadContactError("A mail address has no spaces, line breaks or control characters.")
    local, _, domain = text.rpartition("@")
    local = unicodedata.normalize("NFC", local)
    if not (local.isascii() or any_script):
        raise BadContactError("A mail address must have plain ASCII letters before its at sign.")
    value = f"{local}@{_a_labels(domain)}"
    plain = "".join(map(_plain, value))
    dotted_wrongly = local.startswith(".") or local.endswith(".") or ".." in local
    too_long = _octets(local) > 64 or _octets(value) > 254
    if not _ADDRESS.fullmatch(plain) or dotted_wrongly or too_long:
        raise BadContactError("This is not a mail address.")
    return Contact(EMAIL, value)


def _plain(letter: str) -> str:
    """Stand in for a letter outside ASCII: for one of any script `a`, for the invisible a space."""
    if letter.isascii():
        return letter
    return "a" if unicodedata.category(letter)[0] in "LMN" else " "


def _octets(text: str) -> int:
    return len(text.encode("utf-8", "replace"))


def _a_labels(domain: str) -> str:
    """A domain in lower case and ASCII (RFC 5890). Raises `BadContactError`.

    Python's own tables are those of IDNA 2003, which write a few letters (German sharp s, Greek
    final sigma, joiners) as others, in another domain; what does not come back as it went is
    refused. Such a domain can be given by its A-labels.
    """
    if domain.isascii():
        return domain.lower()
    wanted = unicodedata.normalize("NFC", domain.lower())
    try:
        encoded = wanted.encode("idna")
        same = encoded.decode("idna") == wanted
    except UnicodeError:
        same = False
    if not same:
        raise BadContactError("Give this domain as it stands in DNS, beginning with xn--.")
    return encoded.decode("ascii")


def is_domain(text: str) -> bool:
    """Whether the text is a domain name of at least two labels (RFC 1035 section 2.3.1)."""
    return bool(_DOMAIN.fullmatch(text.lower())) and len(text) <= 253


def fold(contact: Contact) -> str:
    """The form under which two spellings of one contact are equal. Reveals it: index it at once."""
    return contact.reveal().lower() if contact.channel == EMAIL else contact.reveal()
