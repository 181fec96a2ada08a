"""Which pictures of a copy go with its text, as an MMS. Pure.

https://www.twilio.com/docs/messaging/guides/accepted-mime-types
"""

from __future__ import annotations

from channels.contract import Outgoing, Phrase, Picture, PictureKind
from channels.secret import Secret

COST = 3
"""What a picture message is counted as, in segments: in the United States one is charged about
three times what a text is, https://www.twilio.com/en-us/sms/pricing/us."""

_MOST = 10
"""`MediaUrl` may be given ten times."""
_LARGEST_TOTAL = 500_000
"""Octets. Twilio takes 5 MB, but carriers of receiving phones start refusing at 600 kB."""
_KINDS = frozenset({PictureKind.JPEG, PictureKind.PNG, PictureKind.GIF})
"""What every phone that shows pictures shows."""
_COUNTRIES = ("+1", "+61")
"""Calling codes of the United States and Canada, and of Australia: elsewhere there is no MMS."""


def chosen(out: Outgoing) -> tuple[Secret, ...]:
    """Links of the pictures that fit, in order; none where there is no MMS or no link."""
    if len(out.picture_links) != len(out.pictures) or not may_carry(out.write_to, out.to):
        return ()
    links: list[Secret] = []
    total = 0
    for picture, link in zip(out.pictures, out.picture_links, strict=True):
        if _fits(picture, total) and len(links) < _MOST:
            links.append(link)
            total += len(picture.octets)
    return tuple(links)


def note(out: Outgoing, left_out: int) -> str:
    """What a text says about pictures it does not carry."""
    if left_out == 0:
        return ""
    phrase = Phrase.PICTURES_BY_MAIL if out.by_mail else Phrase.PICTURES_LEFT_OUT
    return f"({out.say(phrase, left_out)})"


def may_carry(sender: Secret, *readers: Secret) -> bool:
    """Whether Twilio does MMS from that number, and to those in the same country."""
    numbers = [number.reveal() for number in (sender, *readers)]
    return any(all(number.startswith(code) for number in numbers) for code in _COUNTRIES)


def _fits(picture: Picture, total: int) -> bool:
    return picture.kind in _KINDS and total + len(picture.octets) <= _LARGEST_TOTAL
