"""How many rows there are of one member, in every table that can have any."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from relay.store.tables import MEMBER, METADATA

OF_A_MEMBER = ("member_id", "author_id", "reader_id")
"""Columns that hold the id of a member."""


async def holdings(c: AsyncConnection, member_id: int) -> dict[str, int]:
    """By name of the table; a table that is added is in it by itself."""
    found = {"member": await _count(c, MEMBER, MEMBER.c.id == member_id)}
    for table in METADATA.sorted_tables:
        columns = [table.c[name] for name in OF_A_MEMBER if name in table.c]
        if columns:
            hers = sa.or_(*(column == member_id for column in columns))
            found[table.name] = await _count(c, table, hers)
    return found


async def _count(c: AsyncConnection, table: sa.Table, which: sa.ColumnElement[bool]) -> int:
    query = sa.select(sa.func.count()).select_from(table).where(which)
    return int((await c.execute(query)).scalar_one())
