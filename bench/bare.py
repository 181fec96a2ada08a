"""The bare statements: what the store's work would cost with nothing of ours around it.

The same tables, the same indexes, the same durable commit for each batch, on the driver's own
connection; but no judging, no sealing, no order between one reader's copies, no tallies.
"""

from __future__ import annotations

import json
from typing import Any, Protocol


class Bare(Protocol):
    """Three statements, each in a transaction of its own."""

    async def fan_out(self, post_id: int, group_id: int, due: int) -> int:
        """Insert a delivery for each member of a group. Returns how many."""
        ...

    async def claim(self, channel: str, now: int, until: int, limit: int, token: int) -> list[int]:
        """Take what is due. Returns the ids."""
        ...

    async def settle(self, ids: list[int], token: int) -> None:
        """Delete what has ended."""
        ...

    async def forget(self) -> None:
        """Empty the hot tables. Not measured."""
        ...


class BareSqlite:
    """On aiosqlite's connection."""

    def __init__(self, connection: Any) -> None:
        self._c = connection

    async def fan_out(self, post_id: int, group_id: int, due: int) -> int:
        """Insert a delivery for each member of a group. Returns how many."""
        await self._c.execute("BEGIN IMMEDIATE")
        cursor = await self._c.execute(
            "INSERT INTO delivery (post_id, member_id, channel, due, attempts, unsure)"
            " SELECT ?, id, channel, ?, 0, 0 FROM member WHERE group_id = ? AND state = 'active'",
            (post_id, due, group_id),
        )
        await self._c.execute("COMMIT")
        return int(cursor.rowcount)

    async def claim(self, channel: str, now: int, until: int, limit: int, token: int) -> list[int]:
        """Take what is due. Returns the ids."""
        await self._c.execute("BEGIN IMMEDIATE")
        rows = await self._c.execute_fetchall(
            "UPDATE delivery SET claim = ?, due = ?, attempts = attempts + 1 WHERE id IN"
            " (SELECT id FROM delivery WHERE channel = ? AND due <= ? ORDER BY due, id LIMIT ?)"
            " RETURNING id, post_id, member_id",
            (token, until, channel, now, limit),
        )
        await self._c.execute("COMMIT")
        return [row[0] for row in rows]

    async def settle(self, ids: list[int], token: int) -> None:
        """Delete what has ended."""
        await self._c.execute("BEGIN IMMEDIATE")
        await self._c.execute(
            "DELETE FROM delivery WHERE id IN (SELECT value FROM json_each(?)) AND claim = ?",
            (json.dumps(ids), token),
        )
        await self._c.execute("COMMIT")

    async def forget(self) -> None:
        """Empty the hot tables. Not measured."""
        for statement in ("BEGIN IMMEDIATE", "DELETE FROM delivery", "DELETE FROM post", "COMMIT"):
            await self._c.execute(statement)


class BarePostgres:
    """On asyncpg's connection; a statement by itself is a transaction."""

    def __init__(self, connection: Any) -> None:
        self._c = connection

    async def fan_out(self, post_id: int, group_id: int, due: int) -> int:
        """Insert a delivery for each member of a group. Returns how many."""
        done = await self._c.execute(
            "INSERT INTO delivery (post_id, member_id, channel, due, attempts, unsure)"
            " SELECT $1, id, channel, $2, 0, 0 FROM member"
            " WHERE group_id = $3 AND state = 'active'",
            post_id,
            due,
            group_id,
        )
        return int(done.rpartition(" ")[2])

    async def claim(self, channel: str, now: int, until: int, limit: int, token: int) -> list[int]:
        """Take what is due. Returns the ids."""
        rows = await self._c.fetch(
            "UPDATE delivery SET claim = $1, due = $2, attempts = attempts + 1"
            " WHERE id = ANY(ARRAY(SELECT id FROM delivery WHERE channel = $3 AND due <= $4"
            " ORDER BY due, id LIMIT $5 FOR UPDATE SKIP LOCKED)) RETURNING id, post_id, member_id",
            token,
            until,
            channel,
            now,
            limit,
        )
        return [row[0] for row in rows]

    async def settle(self, ids: list[int], token: int) -> None:
        """Delete what has ended."""
        await self._c.execute(
            "DELETE FROM delivery WHERE id = ANY($1::bigint[]) AND claim = $2", ids, token
        )

    async def forget(self) -> None:
        """Empty the hot tables. Not measured."""
        await self._c.execute("DELETE FROM delivery")
        await self._c.execute("DELETE FROM post")
