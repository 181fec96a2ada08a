"""A text that came in, as the engine takes it: one reading for webhooks and for looking back."""

from __future__ import annotations

from channels.contract import NO_WORDS, Inbound, Proof, Trait
from channels.secret import Contact, Secret
from channels.sms import reactions
from channels.sms.parse import TextIn

REMOVED = "-"
"""Stands before the sign of a reaction that was taken back."""


def inbound(message: TextIn, sender: Contact) -> Inbound:
    """Everything the engine needs of it. Only Twilio can say so: it is proven."""
    return Inbound(
        channel="sms",
        provider_id=message.sid,
        sender=sender,
        to=message.to,
        text=message.text,
        media=message.media,
        reaction=_reaction(message),
        proof=Proof.PROVEN,
        traits=frozenset(_traits(message)),
    )


def _traits(message: TextIn) -> list[Trait]:
    noticed = {
        Trait.FILES_LEFT_OUT: message.left_out,
        Trait.ANSWERED: message.answered,
        Trait.SHOWN_TO_OTHERS: message.shown_to_others,
    }
    return [trait for trait, applies in noticed.items() if applies]


def _reaction(message: TextIn) -> Secret:
    """The sign, if the text is nothing but a reaction; what comes with a picture says more."""
    if message.media or message.left_out:
        return NO_WORDS
    found = reactions.read(message.text.reveal())
    if found is None:
        return NO_WORDS
    return Secret(REMOVED + found.sign if found.removed else found.sign)
