"""`relay group extend` and `destroy`."""

from __future__ import annotations

import json

from tests.cli.conftest import Desk


def test_a_group_is_given_more_time(staffed_here: Desk) -> None:
    """Its last day moves to a later one, and to nothing else."""
    desk = staffed_here
    assert desk("group", "extend", "Tuesday", "2101-01-01").status == 1
    before = desk.ask("group", "set", "Tuesday", "ends=2100-01-01")
    assert desk("group", "extend", "Tuesday", "2099-12-31").status == 1
    assert desk.ask("group", "extend", "Tuesday", "2100-02-01") == before | {"ends": "2100-02-01"}
    said = desk("group", "show", "Tuesday").out
    assert "2100-02-02 10:00 at the earliest, destroyed when keep_roster (270 days)" in said


def test_a_group_that_is_closed_hears_it(staffed_here: Desk) -> None:
    """Each member by a notice, unless the operator does not want that."""
    desk = staffed_here
    desk.ask("group", "create", "Sunday", "--timezone", "UTC")
    desk.ask("member", "add", "Sunday", "--name", "Lou", "--sms", "+12025550109", "--agreed",
             "2026-01-01")  # fmt: skip
    assert desk.ask("group", "close", "Sunday", "--no-tell")["state"] == "closed"
    assert desk.ask("inventory")["bodies"] == 0
    assert desk.ask("group", "close", "Tuesday")["state"] == "closed"
    assert desk.ask("inventory")["bodies"] == 2
    assert desk("group", "close", "Tuesday").status == 1


def test_a_group_is_destroyed_in_two_steps(staffed: Desk) -> None:
    """Not while it is open; shown first; then for good, with a certificate that is kept."""
    desk = staffed
    group = desk.ask("group", "show", "Tuesday")["group"]
    assert desk("group", "destroy", "Tuesday", "--yes").status == 1
    assert "relay group close" in desk("group", "destroy", "Tuesday").out
    desk.ask("group", "close", "Tuesday")
    plan = desk.ask("group", "destroy", "Tuesday")
    assert (plan["group"], plan["state"], plan["waiting"]) == (group, "closed", 2)
    assert plan["rows"]["member"] == 2
    assert "2 copies would never arrive" in desk("group", "destroy", "Tuesday").out
    assert "--yes does it" in desk("group", "destroy", "Tuesday").out
    assert desk.ask("group", "destroy", "Tuesday") == plan
    certificate = desk.ask("group", "destroy", "Tuesday", "--yes")
    assert certificate["before"] == plan["rows"]
    assert set(certificate["after"].values()) == {0}
    assert len(certificate["keys_destroyed"]) == 3
    kept = desk.folder / "data" / "certificates" / f"{group}.json"
    assert json.loads(kept.read_text()) == certificate
    assert desk("group", "destroy", "Tuesday", "--yes").status == 1
    assert [one["name"] for one in desk.ask("group", "list")] == ["Friday"]
    assert "destroyed after" not in desk("group", "show", "Friday").out
    desk.ask("group", "close", "Friday")
    assert "destroyed after" in desk("group", "show", "Friday").out
    said = desk("group", "destroy", "Friday", "--yes").out
    assert "Keys destroyed, of the group and its members: 1" in said
    assert desk.ask("group", "list") == []
