"""`relay simulate`: a page for people, data with --json."""

from __future__ import annotations

from tests.cli.conftest import Desk


def test_a_week_is_drawn(staffed_here: Desk) -> None:
    """A strip for each day of each member, with nights, arrivals and their times."""
    desk = staffed_here
    desk.ask("group", "set", "Tuesday", "quiet=22:00-07:00", "jitter=0")
    said = desk("simulate", "Tuesday", "--days", "2").out.splitlines()
    assert said[0].startswith("Tuesday. ")
    assert said[1] == "Somebody writes every three hours, on the clock of the group."
    assert sum("████" in line for line in said) == 4
    night = "██████████████●···●·····●·····●·····●·····●·████"
    assert sum(night in line and line.endswith("21:00") for line in said) == 4
    assert sum("07:00 x3" in line for line in said) == 4
    pretended = desk("simulate", "Tuesday", "--set", "quiet=off", "--member", "robin:mode=digest")
    assert pretended.out.startswith("Tuesday, as if quiet=off, robin:mode=digest.")
    assert "Robin, UTC, a digest at 08:00" in pretended.out
    assert "██" not in pretended.out.splitlines()[5]
    asked = desk("simulate", "Tuesday", "--member", "Robin:mode=nudge", "--post", "14:00").out
    assert "Somebody writes 14:00," in asked
    assert "(until she asks)" in asked
    desk.ask("member", "add", "Tuesday", "--name", "Lou", "--sms", "+12025550109")
    assert "Lou, UTC, invited" in desk("simulate", "Tuesday").out


def test_the_same_as_data(staffed_here: Desk) -> None:
    """Each post of each member: when it was written, when it arrives, and what held it."""
    desk = staffed_here
    desk.ask("group", "set", "Tuesday", "quiet=22:00-07:00", "jitter=0", "timezone=Europe/Berlin")
    found = desk.ask("simulate", "Tuesday", "--days", "1", "--post", "23:30")
    assert [one["member"] for one in found] == ["Ivy", "Robin"]
    for one in found:
        assert one["timezone"] == "Europe/Berlin"
        (post,) = one["posts"]
        assert post["why"] == ["quiet_hours"]
        assert "T07:00:00" in post["local"]
        assert post["written"] < post["arrives"]
        (day,) = one["days"]
        assert len(day["strip"]) in {46, 48, 50}


def test_wrong_usage(staffed_here: Desk) -> None:
    """What is no option is wrong usage; what no setting can be is refused."""
    assert staffed_here("simulate", "Tuesday", "--days", "0").status == 2
    assert staffed_here("simulate", "Tuesday", "--member", "Ivy").status == 2
    assert staffed_here("simulate", "Tuesday", "--set", "quiet").status == 2
    assert staffed_here("simulate", "Tuesday", "--set", "quiet=10-7").status == 1
    assert staffed_here("simulate", "Nope").status == 1
