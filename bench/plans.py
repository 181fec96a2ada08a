"""How a database finds the due deliveries: its own plan, for the very statements we send."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bench.ground import Ground

Work = Callable[[AsyncConnection], Awaitable[object]]

_TRIALS = 6
"""PostgreSQL may change to a plan that fits all values after five that fitted one each."""


async def plans(ground: Ground, work: Work) -> list[str]:
    """Do `work` and return the plan of each statement it sent. Nothing of it is kept.

    The database is asked over the relay's own connection, whose settings decide. On PostgreSQL
    it is the plan after the server has had the chance to settle on a general one, which is what
    a courier lives with: its statements are prepared once and stay.
    """
    async with ground.engine.database.reading() as c:
        with _listening(c) as sent:
            await work(c)
        if ground.is_sqlite:
            return [await _sqlite(c, text, values) for text, values in sent]
        driver = (await c.get_raw_connection()).driver_connection
        asked = [(text, values) for text, values in sent if not text.startswith("SET ")]
        return [await _postgres(driver, text, values) for text, values in asked]


@contextmanager
def _listening(c: AsyncConnection) -> Iterator[list[tuple[str, tuple[Any, ...]]]]:
    sent: list[tuple[str, tuple[Any, ...]]] = []

    def hear(_: object, __: object, text: str, values: tuple[Any, ...], *___: object) -> None:
        sent.append((text, values))

    sa.event.listen(c.sync_connection, "before_cursor_execute", hear)
    try:
        yield sent
    finally:
        sa.event.remove(c.sync_connection, "before_cursor_execute", hear)


async def _sqlite(c: AsyncConnection, text: str, values: tuple[Any, ...]) -> str:
    rows = await c.exec_driver_sql("EXPLAIN QUERY PLAN " + text, values)
    return "\n".join(row["detail"] for row in rows.mappings())


async def _postgres(driver: Any, text: str, values: tuple[Any, ...]) -> str:
    await driver.execute(f"PREPARE asked AS {text}")
    literals = ", ".join(_literal(value) for value in values)
    call = f"EXECUTE asked({literals})" if values else "EXECUTE asked"
    for _ in range(_TRIALS):
        await driver.execute(call)
    rows = await driver.fetch("EXPLAIN " + call)
    await driver.execute("DEALLOCATE asked")
    return "\n".join(row[0] for row in rows)


def _literal(value: object) -> str:
    return str(value) if isinstance(value, int) else "'{}'".format(str(value).replace("'", "''"))


async def effort(ground: Ground, work: Work) -> int:
    """Do `work` and return how much the database had to do for it. Nothing of it is kept.

    Counted, not timed: on SQLite thousands of steps of its virtual machine, on PostgreSQL rows
    that were looked at, in tables and indexes. To be compared on one database only.
    """
    async with ground.engine.database.reading() as c:
        if ground.is_sqlite:
            return await _steps(c, work)
        before = await _rows_seen(c)
        await work(c)
        return await _rows_seen(c) - before


async def _steps(c: AsyncConnection, work: Work) -> int:
    driver: Any = (await c.get_raw_connection()).driver_connection
    steps: list[None] = []

    def step() -> int:
        steps.append(None)
        return 0

    await driver.set_progress_handler(step, 1000)
    try:
        await work(c)
    finally:
        await driver.set_progress_handler(None, 0)
    return len(steps)


async def _rows_seen(c: AsyncConnection) -> int:
    """What this transaction has read so far; the server's own counters."""
    query = sa.text(
        "SELECT sum(pg_stat_get_xact_tuples_returned(oid)) FROM pg_class"
        " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'i')"
    )
    return int((await c.execute(query)).scalar_one())


def reads_whole_table(plan: str, table: str) -> bool:
    """Whether a plan goes through a table row by row, in whatever order."""
    lines = [line.strip() for line in plan.splitlines()]
    scans = (f"SCAN {table}", f"Seq Scan on {table}")
    return any(line.removeprefix("->").strip().startswith(scans) for line in lines)


def finds_by_due(plan: str) -> bool:
    """Whether the outermost search for deliveries goes along (channel, due, id), up to a time."""
    sqlite = "SEARCH delivery USING INDEX delivery_due (channel=? AND due<?)"
    covered = "SEARCH delivery USING COVERING INDEX delivery_due (channel=?"
    postgres = ("Index Scan using delivery_due on delivery", "Index Only Scan using delivery_due")
    return sqlite in plan or covered in plan or any(text in plan for text in postgres)
