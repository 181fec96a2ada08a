"""`relay number …`: the pool and its room."""

from __future__ import annotations

import json

from tests.cli.conftest import NUMBER, Desk

SECOND, TOLL_FREE = "+12025550182", "+18885550100"
ADVICE = "Buy a number: one phone could join no further group."


def test_the_pool(desk: Desk) -> None:
    """`number add`, `list` and `park`: by country and kind, each with the room of its country."""
    desk.ask("init")
    assert desk.ask("number", "list") == []
    assert desk("number", "list").out == "none\n"
    assert desk.ask("number", "add", SECOND, TOLL_FREE, NUMBER) == {"added": 3}
    us = {"phones": 0, "state": "open", "country": "US", "joinable": 3}
    assert desk.ask("number", "list") == [
        {"number": NUMBER, **us, "kind": "local"},
        {"number": SECOND, **us, "kind": "local"},
        {"number": TOLL_FREE, **us, "kind": "toll_free"},
    ]
    assert desk.ask("number", "park", NUMBER) == {"parked": NUMBER}
    found = desk.ask("number", "list")
    assert [(n["state"], n["joinable"]) for n in found] == [("parked", 2), ("open", 2), ("open", 2)]
    assert desk("number", "list").out.splitlines() == [
        "NUMBER        PHONES  STATE   COUNTRY  KIND",
        f"{NUMBER}  0       parked  US       local",
        f"{SECOND}  0       open    US       local",
        f"{TOLL_FREE}  0       open    US       toll_free",
        "",
        "COUNTRY  NUMBERS  MOST BY ONE PHONE  MORE GROUPS",
        "US       2        0                  2",
    ]


def test_the_room_in_the_pool(staffed: Desk) -> None:
    """`number capacity` says by country how many more groups a phone could join; when to buy."""
    full = {"country": "US", "usable": 1, "busiest": 1, "joinable": 0, "advice": ADVICE}
    assert staffed.ask("number", "capacity") == [full]
    assert staffed("number", "capacity").out.endswith(f"\n\nUS: {ADVICE}\n")
    assert staffed("number", "list").out.endswith(f"\n\nUS: {ADVICE}\n")
    staffed.ask("number", "add", SECOND)
    roomy = {**full, "usable": 2, "joinable": 1, "advice": ""}
    assert staffed.ask("number", "capacity") == [roomy]
    assert ADVICE not in staffed("number", "list").out


def test_two_of_one_phone_at_once_get_different_numbers(staffed: Desk) -> None:
    """Two processes add one phone to two groups at the same moment: two different numbers."""
    staffed.ask("number", "add", "+12025550182")
    phone = "+12025550109"
    processes = [
        staffed.spawn("member", "add", group, "--name", "Sol", "--sms", phone, "--json")
        for group in ("Tuesday", "Friday")
    ]
    answers = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], answers
    assert {json.loads(out)["write_to"] for out, _ in answers} == {NUMBER, "+12025550182"}
