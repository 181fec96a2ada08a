"""`INSERT … ON CONFLICT`, which both databases have, under two names in the library."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection


def insert(c: AsyncConnection, table: sa.Table) -> Any:
    """An insert that can say what to do where the row is there already."""
    return (postgresql if c.dialect.name == "postgresql" else sqlite).insert(table)
