"""Twilio's own handling of STOP, START and HELP, where the account leaves it switched on.

https://help.twilio.com/articles/223134027: only a message that is the single word counts; the
message still goes to the program; later sends are refused with 21610. In a Messaging Service it
is the service that is stopped. Toll-free: the network itself does it, always, and knows only STOP,
START and UNSTOP (https://help.twilio.com/articles/360058144374). Texts of the replies are ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

_STOP = frozenset(["STOP", "STOPALL", "UNSUBSCRIBE", "END", "QUIT", "CANCEL", "REVOKE", "OPTOUT"])
_START = frozenset(["START", "YES", "UNSTOP"])
_HELP = frozenset(["HELP", "INFO"])
_TOLL_FREE_STOP = frozenset({"STOP"})
_TOLL_FREE_START = frozenset({"START", "UNSTOP"})


class OptOutType(StrEnum):
    """What a word means; also the values of the webhook's parameter of that name."""

    STOP = "STOP"
    START = "START"
    HELP = "HELP"


_REPLIES = {
    OptOutType.STOP: "You get no more texts from this number. Reply START to get them again.",
    OptOutType.START: "You get texts from this number again. Reply STOP to end them.",
    OptOutType.HELP: "Reply STOP to end texts from this number. Rates may apply.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What a word did: its meaning, and the one reply that the phone gets (empty: none)."""

    meaning: OptOutType
    reply: str


class OptOuts:
    """Who stopped what: pairs of phone and number, or of phone and service."""

    def __init__(self) -> None:
        self._stopped: set[tuple[str, str]] = set()

    def blocks(self, scope: str, phone: str) -> bool:
        """Whether a create call from there to that phone is refused with 21610."""
        return (scope, phone) in self._stopped

    def hear(self, scope: str, phone: str, body: str, *, toll_free: bool) -> Heard | None:
        """Act on a text; `None` if it is no such word."""
        meaning = _meaning(body.strip().upper(), toll_free=toll_free)
        if meaning is None:
            return None
        pair = (scope, phone)
        was_stopped = pair in self._stopped
        if meaning is OptOutType.STOP:
            self._stopped.add(pair)
        elif meaning is OptOutType.START:
            self._stopped.discard(pair)
        answers = was_stopped if meaning is OptOutType.START else not was_stopped
        return Heard(meaning=meaning, reply=_REPLIES[meaning] if answers else "")


def _meaning(word: str, *, toll_free: bool) -> OptOutType | None:
    if word in (_TOLL_FREE_STOP if toll_free else _STOP):
        return OptOutType.STOP
    if word in (_TOLL_FREE_START if toll_free else _START):
        return OptOutType.START
    return OptOutType.HELP if word in _HELP and not toll_free else None
