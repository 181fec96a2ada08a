"""Presets: with which settings a group begins, by how much its members have to fear.

The table below is the whole of it. Whoever creates a group names a preset, and what she sets
beside it wins. A preset is where a group began, not a rule it lives under: any of its settings can
be changed later, and `relay group show` marks where they differ by then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from relay.model import GroupSettings

DEFAULT = "medium"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """One of them."""

    name: str
    about: str
    """For which groups, as a sentence."""
    keeping: str
    """How long it keeps names and agreements, and why, as a sentence."""
    settings: Mapping[str, Any]
    """By name. What is not named here is each group's own, such as its clock and its language."""


_ABOUT = {
    "low": "For people who meet anyway, and have little to fear from being known to each other.",
    "medium": "For most groups: grief, illness, recovery. What nobody has chosen is as it is here.",
    "high": "For people whom somebody is looking for. Whatever could give one of them away is off.",
    "professional": "For groups that a counsellor runs by the rules of her profession.",
}
_KEEPING = {
    "low": "Names and agreements go three months after the end.",
    "medium": "Names and agreements stay for nine months after the end, for who asks what was "
    "agreed, and go then.",
    "high": "Names and agreements are destroyed 30 days after the end; 30 to 90 are usual.",
    "professional": "Names and agreements stay as long as the profession demands: seven years "
    "unless keep_roster says otherwise. Set it to what your licence or your insurer tells you.",
}

_TABLE: dict[str, tuple[Any, Any, Any, Any]] = {
    # setting            low       medium    high           professional
    "quiet":            ("",       "",       "20:00-09:00", "21:00-08:00"),
    "narrow":           (True,     True,     False,         True),
    "contacts":         ("mask",   "mask",   "ask",         "mask"),
    "strangers":        (False,    True,     True,          True),
    "pictures":         (True,     False,    False,         False),
    "text_pictures":    (True,     False,    False,         False),
    "html":             (True,     False,    False,         False),
    "private":          (True,     False,    False,         False),
    "code_after":       (0,        0,        30,            60),
    "awake":            (30,       0,        0,             0),
    "held_from":        (2,        3,        6,             3),
    "urgent":           (3,        3,        1,             3),
    "jitter":           (1,        1,        10,            5),
    "member_rate":      (0,        0,        20,            0),
    "vetting":          ("none",   "none",   "approve",     "approve"),
    "reaffirm":         (0,        0,        12,            26),
    "tell_joined":      (True,     False,    False,         False),
    "tell_left":        (True,     False,    False,         False),
    "tell_renamed":     (True,     False,    False,         False),
    "name_rest":        (30,       90,       365,           90),
    "moderated_first":  (0,        0,        3,             1),
    "page_after":       (15,       10,       5,             5),
    "pulse_from":       (3,        5,        8,             5),
    "keep_roster":      (90,       270,      30,            2_555),
}  # fmt: skip

PRESETS: Mapping[str, Preset] = {
    name: Preset(
        name=name,
        about=_ABOUT[name],
        keeping=_KEEPING[name],
        settings={setting: values[column] for setting, values in _TABLE.items()},
    )
    for column, name in enumerate(_ABOUT)
}


def begin_with(name: str) -> GroupSettings:
    """The settings of a new group of that preset, which there must be."""
    return GroupSettings(preset=name, **PRESETS[name].settings)


def differences(settings: GroupSettings, name: str) -> dict[str, tuple[Any, Any]]:
    """Where settings differ from a preset: what is set, and what the preset says, by name."""
    said = PRESETS[name].settings
    pairs = {setting: (getattr(settings, setting), value) for setting, value in said.items()}
    return {setting: pair for setting, pair in pairs.items() if pair[0] != pair[1]}


def follow(settings: GroupSettings, name: str) -> GroupSettings:
    """The settings changed to a preset's.

    Quiet hours that a group has stay: nobody is woken by a change of presets.
    """
    said = dict(PRESETS[name].settings)
    if settings.quiet:
        del said["quiet"]
    return replace(settings, preset=name, **said)
