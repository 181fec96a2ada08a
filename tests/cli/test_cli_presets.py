"""`relay group show` explains, `relay group preset` compares and follows."""

from __future__ import annotations

import re

from relay.options import OF_GROUP
from relay.presets import PRESETS
from tests.cli.conftest import Desk


def test_show_explains_each_setting_and_marks_what_differs(staffed_here: Desk) -> None:
    """Every setting has its sentence; exactly what was set otherwise than the preset is marked."""
    desk = staffed_here
    assert "All is as the preset medium has it." in desk("group", "show", "Tuesday").out
    long = "What is said here stays here, and nobody takes pictures of it."
    desk.ask("group", "set", "Tuesday", "vetting=vouch2", f"agreement={long}", "keep_roster=30")
    said = desk("group", "show", "Tuesday").out
    for option in OF_GROUP:
        assert re.search(rf"^{option.name} ", said, re.MULTILINE)
        assert option.about in said
    assert re.findall(r"^ +\* (.*)$", said, re.MULTILINE) == [
        "preset medium: none",
        "preset medium: 270",
    ]
    assert "2 settings differ" in said
    assert PRESETS["medium"].keeping in said
    assert long in said
    desk.ask("group", "set", "Friday", "jitter=3")
    assert "1 setting differs" in desk("group", "show", "Friday").out


def test_a_preset_is_shown_first_and_followed_when_told(staffed_here: Desk) -> None:
    """Without --yes nothing changes; with it just what was shown."""
    desk = staffed_here
    before = desk.ask("group", "show", "Tuesday")
    plan = desk.ask("group", "preset", "Tuesday", "high")
    assert (plan["preset"], plan["done"]) == ("high", False)
    assert plan["changes"]["contacts"] == {"from": "mask", "to": "ask"}
    said = desk("group", "preset", "Tuesday", "high").out
    assert "Nothing is changed yet" in said
    assert re.search(r"^contacts +mask +ask$", said, re.MULTILINE)
    assert desk.ask("group", "show", "Tuesday") == before
    assert desk.ask("group", "preset", "Tuesday", "high", "--yes") == plan | {"done": True}
    changed = {name: pair["to"] for name, pair in plan["changes"].items()}
    assert desk.ask("group", "show", "Tuesday") == before | changed
    assert desk.ask("group", "preset", "Tuesday")["changes"] == {}
    assert "changes nothing" in desk("group", "preset", "Tuesday").out
    assert desk("group", "preset", "Tuesday", "extreme").status == 1
    assert desk("group", "set", "Tuesday", "preset=low").status == 1


def test_nights_are_not_forgotten(staffed_here: Desk) -> None:
    """Of a group on the clock of UTC, or without quiet hours, that is said, and of no other."""
    desk = staffed_here
    wishes = {
        "One": ("--quiet", "22:00-07:00", "--timezone", "Europe/Berlin"),
        "Two": ("--timezone", "Europe/Berlin"),
        "Three": ("--preset", "high"),
    }
    for (name, options), said in zip(
        wishes.items(), ((False, False), (False, True), (True, False)), strict=True
    ):
        outputs = (desk("group", "create", name, *options).out, desk("group", "show", name).out)
        for out in outputs:
            assert ("Its clock is UTC." in out, "It has no quiet hours" in out) == said


def test_what_is_named_at_creation_wins(staffed_here: Desk) -> None:
    """Quiet hours given to `create` are the group's; not given, they are the preset's."""
    desk = staffed_here
    given = desk.ask("group", "create", "One", "--preset", "high", "--quiet", "22:00-07:00")
    assert given["quiet"] == "22:00-07:00"
    assert desk.ask("group", "create", "Two", "--preset", "high")["quiet"] == "20:00-09:00"
