"""Texts that are the same in every group, and why. Data."""

from __future__ import annotations

_LAW = "the law wants it to say that nothing more will come"
_AGREED = "members have agreed to it, word for word"
_DANGER = "who is in danger must be told the same, and the truth, in every group"
_PROMISE = "it promises what the programme does"

FIXED = {
    **dict.fromkeys(("STOPPED", "joining.STOPPED_TOLD", "joining.GONE", "UNSUBSCRIBED"), _LAW),
    "FORMER": "strangers read it",
    **dict.fromkeys(
        (
            *("joining.CHOICE", "joining.PRIVATE", "joining.NOT_PRIVATE", "joining.REPORTERS"),
            *("joining.PHONE_COMPANIES", "joining.KEPT", "joining.NO_HOTLINE"),
            *("joining.SAY_AGREE", "joining.AGREED_TO", "joining.PART"),
        ),
        _AGREED,
    ),
    **dict.fromkeys(("members.WANTS", "members.PULSE_ASKED"), _PROMISE),
}
_OF_DANGER = "danger."
_OF_DUTY = frozenset(
    f"{_OF_DANGER}{name}"
    for name in (
        *("ON_DUTY", "ON_DUTY_UNTIL", "OFF_DUTY", "OFF_DUTY_ALL", "ASKED_OVER", "TAKE_OVER"),
        *("TAKE_OVER_NOTE", "TAKEN_OVER", "NOBODY_OF_THAT_NAME"),
    )
)
"""What those who run a group hear of their turns is no text of danger."""


def why_fixed(name: str) -> str:
    """Why a text stays as it is, as the end of a sentence; empty if a group may reword it.

    A text that is added to those of danger is one of these by itself.
    """
    if name.startswith(_OF_DANGER) and name not in _OF_DUTY:
        return _DANGER
    return FIXED.get(name, "")
