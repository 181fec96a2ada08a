"""What a group is talking about: the subject and first post of the thread that began last.

A text has no subject and answers no message by name. It joins what the group talks about, so that
mail programs file it where it belongs. Sealed as a post is, under a key of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.contract import NO_WORDS
from channels.secret import Secret
from relay.clock import milliseconds, moment
from relay.model import Body
from relay.store.outbox import Outbox
from relay.store.tables import REACTION, TALK
from relay.store.upsert import insert
from relay.vault.vault import SealedBody, UnsealError, Vault

_SIGN = 16
"""Characters of a sign that are kept; an emoji of a family has eleven."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A thread that a text may join."""

    subject: Secret
    root: int
    """Its first post."""


class Talk:
    """Reads and writes topics. Every method takes the connection of its transaction."""

    def __init__(self, outbox: Outbox, vault: Vault) -> None:
        self._outbox = outbox
        self._vault = vault

    async def now_about(self, c: AsyncConnection, group_id: int, now: datetime) -> Topic | None:
        """What a group talks about; `None` if it is quiet, or nobody knows any more."""
        query = sa.select(TALK).where(
            TALK.c.group_id == group_id, TALK.c.expires > milliseconds(now)
        )
        row = (await c.execute(query)).mappings().first()
        if row is None:
            return None
        if row["body"] is None:
            return Topic(subject=NO_WORDS, root=row["root"])
        sealed = SealedBody(row["key_id"], row["body"])
        try:
            body = self._vault.open_body(row["root"], group_id, moment(row["expires"]), sealed)
        except UnsealError:
            return None
        return Topic(subject=body.subject, root=row["root"])

    async def begin(
        self, c: AsyncConnection, group_id: int, topic: Topic, expires: datetime, now: datetime
    ) -> None:
        """A thread has begun; the one before is no longer joined."""
        row: dict[str, Any] = {"root": topic.root, "key_id": None, "body": None}
        if topic.subject:
            await self._outbox.anybody_seals(c)
            body = Body(author=None, mask=NO_WORDS, subject=topic.subject, text=NO_WORDS)
            seal = self._vault.seal_body
            sealed = seal(topic.root, group_id, expires, body, now, own_key=True)
            row |= {"key_id": sealed.key_id, "body": sealed.blob}
        row["expires"] = milliseconds(expires)
        statement = insert(c, TALK).values(group_id=group_id, **row)
        await c.execute(statement.on_conflict_do_update(index_elements=["group_id"], set_=row))

    async def react(self, c: AsyncConnection, group_id: int, sign: str, by: int) -> None:
        """Count a reaction, or take one back."""
        count = max(by, 0)
        statement = insert(c, REACTION).values(group_id=group_id, sign=sign[:_SIGN], count=count)
        more = sa.case((REACTION.c.count + by > 0, REACTION.c.count + by), else_=0)
        await c.execute(
            statement.on_conflict_do_update(
                index_elements=["group_id", "sign"], set_={"count": more}
            )
        )

    async def take_reactions(self, c: AsyncConnection, group_id: int) -> dict[str, int]:
        """What was counted since the last post, the most frequent first; it is told once."""
        gone = await c.execute(
            sa.delete(REACTION).where(REACTION.c.group_id == group_id).returning(REACTION)
        )
        counts = {row["sign"]: int(row["count"]) for row in gone.mappings() if row["count"]}
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

    async def sealed(self, c: AsyncConnection) -> int:
        """How many subjects are kept, each under a key of its own."""
        query = sa.select(sa.func.count()).where(TALK.c.key_id.is_not(None))
        return int((await c.execute(query)).scalar_one())

    async def drop_expired(self, c: AsyncConnection, now: datetime) -> None:
        """Delete topics whose time is over."""
        await c.execute(sa.delete(TALK).where(TALK.c.expires <= milliseconds(now)))
