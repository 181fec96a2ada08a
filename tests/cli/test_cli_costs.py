"""`relay costs`: a month of texts out of counters and prices, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from relay.clock import SystemClock, day
from relay.costs import costs
from relay.store.spending import carriers_day
from relay.store.tables import SPENT, TALLY
from tests.cli.conftest import NUMBER, ROBIN, Desk
from tests.support.town import NUMBERS, Town


def count(desk: Desk, *, days_ago: int, out: int, came_in: int) -> None:
    """Write down a day of texts, as couriers and intake do."""
    now = SystemClock().now()
    if out:
        desk.sql(
            "INSERT INTO spent (owner, day, units, told)"
            f" VALUES (0, {carriers_day(now) - days_ago}, {out}, false)"
        )
        desk.sql(  # a group's own spending is a part of that, and must not count twice
            "INSERT INTO spent (owner, day, units, told)"
            f" VALUES (7, {carriers_day(now) - days_ago}, {out}, false)"
        )
    if came_in:
        desk.sql(
            "INSERT INTO tally (day, word, count)"
            f" VALUES ({day(now) - days_ago}, 'texts_in', {came_in})"
        )


def test_a_month_out_of_some_days(staffed: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A young relay's month is made of the days it has; today, which is not over, is none."""
    monkeypatch.setenv("RELAY_TEXT_PRICE", "0.0115")
    monkeypatch.setenv("RELAY_NUMBER_PRICE", "1.15")
    staffed.ask("number", "add", "+12025550182")
    staffed.ask("number", "park", "+12025550182")
    count(staffed, days_ago=0, out=9000, came_in=9000)
    count(staffed, days_ago=3, out=30, came_in=0)
    count(staffed, days_ago=12, out=70, came_in=20)
    found = staffed.ask("costs")
    assert found == {
        "segments_out": 100, "texts_in": 20, "numbers": 2, "days": 12,
        "month": {"segments_out": 250, "texts_in": 50, "numbers": 2},
        "currency": "USD", "estimate": "5.75",
    }  # fmt: skip
    assert list(found) == [
        "segments_out", "texts_in", "numbers", "days", "month", "currency", "estimate",
    ]  # fmt: skip
    said = staffed("costs").out.splitlines()
    assert said[0] == (
        "Whole days counted: 12. Segments out: 100. Texts in: 20. Numbers in the pool: 2."
    )
    assert "about 5.75 USD" in said[1]
    assert "0.0115 each" in said[1]
    assert said[2].startswith("It is an estimate.")
    some = staffed.ask("costs", "--days", "3")
    assert (some["segments_out"], some["texts_in"], some["days"]) == (30, 0, 3)
    assert some["month"] == {"segments_out": 300, "texts_in": 0, "numbers": 2}
    for secret in (NUMBER, ROBIN):
        assert secret not in "".join(said)


def test_nothing_counted_yet(staffed: Desk) -> None:
    """Before the first whole day only numbers are known, and the sentence says so."""
    count(staffed, days_ago=0, out=50, came_in=10)
    assert staffed.ask("costs") == {
        "segments_out": 0, "texts_in": 0, "numbers": 1, "days": 0,
        "month": {"segments_out": 0, "texts_in": 0, "numbers": 1},
        "currency": "USD", "estimate": "1.15",
    }  # fmt: skip
    assert staffed("costs").out == (
        "No whole day with texts has been counted yet. Numbers alone: 1 at 1.15,"
        " so 1.15 USD a month.\n"
    )


def test_silent_weeks_count(staffed: Desk) -> None:
    """Days without a text are days of the month, too; cents are rounded, not cut off."""
    count(staffed, days_ago=34, out=35, came_in=0)
    found = staffed.ask("costs", "--days", "35")
    assert (found["days"], found["month"]["segments_out"]) == (34, 31)
    assert found["estimate"] == "1.50"
    assert staffed.ask("costs", "--days", "7")["estimate"] == "1.15"


async def test_what_a_relay_counted_is_what_is_told(tmp_path: Path) -> None:
    """A text to two readers by phone, a day later: one text in, and the segments of two copies."""
    town = Town(tmp_path)
    await town.open()
    try:
        await town.group("Tuesday")
        robin = await town.resident("Tuesday", "Robin", "+12025550101")
        for name, phone in (("Ana", "+12025550102"), ("Sol", "+12025550103")):
            await town.resident("Tuesday", name, phone)
        await town.start()
        assert await robin.says("a" * 200) == 200  # two segments
        await town.settled()
        await town.stop()
        async with town.opened() as engine:
            async with engine.database.writing() as c:
                for table in (SPENT, TALLY):
                    await c.execute(sa.update(table).values(day=table.c.day - 1))
            found = (await costs(engine, 30)).shown()
    finally:
        await town.close()
    assert (found["segments_out"], found["texts_in"], found["days"]) == (4, 1, 1)
    assert found["numbers"] == len(NUMBERS)
    assert found["month"] == {"segments_out": 120, "texts_in": 30, "numbers": 2}
