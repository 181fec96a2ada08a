"""`relay duty`: who is on duty, and when nobody will be."""

from __future__ import annotations

from tests.cli.conftest import Desk


def test_the_rota_of_a_group(staffed: Desk) -> None:
    """By word of the operator, or by hours; shown as rows and a sentence, or as one object."""
    staffed.ask("group", "create", "Night")
    add = ("member", "add", "Night", "--agreed", "2026-01-01", "--facilitator", "--name")
    ana = staffed.ask(*add, "Ana", "--email", "ana@harbor.example")
    staffed.ask(*add, "Lou", "--email", "lou@harbor.example")
    assert staffed.ask("duty", "Night")["uses_duty"] is False
    assert "all at once" in staffed("duty", "Night").out
    found = staffed.ask("duty", "Night", "--on", "ana", "--hours", "4")
    assert [(row["name"], row["on_duty"]) for row in found["people"]] == [
        ("Ana", True), ("Lou", False),
    ]  # fmt: skip
    assert (found["nobody_from"] is None, found["nobody_until"]) == (False, None)
    assert "Nobody is on duty from" in staffed("duty", "Night").out
    assert staffed.ask("duty", "Night", "--on", "lou")["nobody_from"] is None
    staffed.ask("duty", "Night", "--off", "lou")
    found = staffed.ask("duty", "Night", "--off", "Ana")
    assert [row["on_duty"] for row in found["people"]] == [False, False]
    staffed.ask("member", "set", ana["member"], "duty=mon-fri 18:00-22:00")
    assert "mon-fri 18:00-22:00" in staffed("duty", "Night").out


def test_what_duty_refuses(staffed: Desk) -> None:
    """A name that runs nothing, two wishes at once, hours of nobody: one sentence each."""
    staffed.ask("group", "create", "Night")
    assert (staffed("duty", "Night", "--on", "Robin").status, staffed("duty", "None").status) == (
        1,
        1,
    )
    assert staffed("duty", "Night", "--on", "a", "--off", "b").status == 2
    assert staffed("duty", "Night", "--hours", "3").status == 2
