"""Posts and their deliveries: fan out, take what is due, write down how it ended, forget.

Every statement works on a batch. Rows hold only ids, states and times; what was said is sealed
once per post. Both databases run the same statements; PostgreSQL adds row locks, because it lets
several couriers work at once (SQLite has one writer).
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.contract import NO_WORDS
from channels.secret import Contact, Secret
from policies.facts import GroupState, MemberState
from relay.clock import milliseconds, moment
from relay.model import Body, Due, GroupSettings, Member, MemberSettings, Stage, new_id
from relay.store.ledger import Ledger
from relay.store.roster import Roster
from relay.store.tables import DELIVERY, GROUP, MEMBER, PENDING, POST, TALK
from relay.vault.vault import Purpose, SealedBody, UnsealError, Vault

_SEALING = 7_262_018_451_002  # any number: the name of our advisory lock in PostgreSQL
_PRIME, _OTHER_PRIME = 2_147_483_647, 2_147_483_629
"""Below 2**31, so that a product of two numbers below them is one that both databases know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A post that was just stored."""

    id: int
    group_id: int
    author_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A post that is gone, and how many it did not reach."""

    post_id: int
    group_id: int
    author_id: int | None
    unreached: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A delivery as it stands, for who has news of it."""

    id: int
    post_id: int
    group_id: int
    expires: int
    attempts: int
    unsure: int
    in_flight: bool
    stage: Stage
    start: int
    rest: int | None
    failed: int = 0
    """How often it was reported as not brought to her phone."""
    troubled: int = 0
    """The same where something else was to blame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What one group has in the buffer now."""

    group_id: int
    bodies: int
    due: int
    held: int
    retrying: int
    sending: int
    on_the_way: int
    resting: int
    first_gone_by: int | None
    last_gone_by: int | None


class Outbox:
    """The hot tables. Every method takes the connection of its transaction."""

    def __init__(self, roster: Roster, vault: Vault) -> None:
        self.ledger = Ledger(vault)
        self._roster = roster
        self._vault = vault

    # Accepting -----------------------------------------------------------------------------

    async def add_post(
        self,
        c: AsyncConnection,
        *,
        group_id: int,
        author_id: int | None,
        body: Body,
        expires: datetime,
        now: datetime,
        own_key: bool = False,
        reporter_id: int | None = None,
        urgent: bool = False,
    ) -> Stored:
        """Seal what was said, and store it. What is `urgent` comes in quiet hours too.

        A reporter is told as an author is if a notice with her words reaches nobody. With
        `own_key` nothing else is sealed under the same key: it may have to stay for long.
        """
        await self.anybody_seals(c)
        post_id = new_id()
        sealed = self._vault.seal_body(post_id, group_id, expires, body, now, own_key=own_key)
        row = {
            "id": post_id,
            "group_id": group_id,
            "author_id": author_id,
            "reporter_id": reporter_id,
            "key_id": sealed.key_id,
            "body": sealed.blob,
            "expires": milliseconds(expires),
            "unreached": 0,
            "private": body.private,
            "urgent": urgent,
        }
        await c.execute(sa.insert(POST), row)
        return Stored(id=post_id, group_id=group_id, author_id=author_id)

    async def anybody_seals(self, c: AsyncConnection) -> None:
        """Say that this transaction seals something it has not stored yet."""
        await self._lock_sealing(c, exclusive=False)

    async def nobody_seals(self, c: AsyncConnection) -> None:
        """Wait until no transaction, of any process, has sealed and not yet committed."""
        await self._lock_sealing(c, exclusive=True)

    async def _lock_sealing(self, c: AsyncConnection, *, exclusive: bool) -> None:
        """SQLite's one writer excludes all others anyway; PostgreSQL needs a named lock."""
        if c.dialect.name == "postgresql":
            name = "pg_advisory_xact_lock" + ("" if exclusive else "_shared")
            await c.execute(sa.text(f"SELECT {name}(:n)"), {"n": _SEALING})

    async def fan_out(
        self, c: AsyncConnection, post: Stored, now: datetime, chance: int | None = None
    ) -> int:
        """One delivery for each active member of the group but the author. Returns how many.

        One statement, whatever the size of the group. In an order of this post's own, drawn from
        `chance` or by lot: who gets it first says nothing about who has been here for long.
        """
        chance = secrets.randbits(31) if chance is None else chance
        drawn = (MEMBER.c.id % _PRIME) * sa.literal(chance | 1, sa.BigInteger) % _OTHER_PRIME
        readers = sa.select(
            sa.literal(post.id),
            MEMBER.c.id,
            MEMBER.c.channel,
            sa.literal(milliseconds(now)),
            sa.literal(0),
            sa.literal(0),
            sa.literal(milliseconds(now)),
        ).where(
            MEMBER.c.group_id == post.group_id,
            MEMBER.c.state == MemberState.ACTIVE,
            MEMBER.c.id != (post.author_id or 0),
        )
        readers = readers.order_by(drawn)
        columns = ["post_id", "member_id", "channel", "due", "attempts", "unsure", "since"]
        done = await c.execute(sa.insert(DELIVERY).from_select(columns, readers))
        return done.rowcount

    async def address_to(
        self,
        c: AsyncConnection,
        post_id: int,
        member_id: int,
        channel: str,
        due: datetime,
        answers_until: datetime | None = None,
        aside: int | None = None,
    ) -> None:
        """One delivery for one member; until a time it answers her, whatever her clock shows.

        With `aside` it comes from where she writes to that member alone.
        """
        row = {
            "post_id": post_id,
            "member_id": member_id,
            "channel": channel,
            "due": milliseconds(due),
            "attempts": 0,
            "unsure": 0,
            "answers_until": None if answers_until is None else milliseconds(answers_until),
            "since": milliseconds(due),
            "aside": aside,
        }
        await c.execute(sa.insert(DELIVERY), row)

    async def address_to_member(
        self, c: AsyncConnection, post_id: int, member: Member, author: Member, due: datetime
    ) -> None:
        """One delivery for one member alone, from where she writes to its author."""
        await self.address_to(c, post_id, member.id, member.channel, due, aside=author.id)

    async def newest_for(self, c: AsyncConnection, member_id: int) -> int:
        """The id of the last copy for a member; 0 if there is none."""
        query = sa.select(sa.func.max(DELIVERY.c.id)).where(DELIVERY.c.member_id == member_id)
        return int((await c.execute(query)).scalar_one() or 0)

    async def turn_aside(
        self, c: AsyncConnection, member_id: int, other_id: int, after: int
    ) -> None:
        """Let notices to a member, later than that copy, come from where she writes to another.

        What answers her words to one member alone must not invite her to say them to the group.
        """
        notices = sa.select(POST.c.id).where(POST.c.author_id.is_(None))
        hers = sa.and_(DELIVERY.c.member_id == member_id, DELIVERY.c.id > after)
        some = sa.update(DELIVERY).where(hers, DELIVERY.c.post_id.in_(notices))
        await c.execute(some.where(DELIVERY.c.aside.is_(None)).values(aside=other_id))

    # Taking --------------------------------------------------------------------------------

    async def due(self, c: AsyncConnection, channel: str, now: datetime, limit: int) -> list[Due]:
        """What is due on a channel, at most one delivery for each reader, longest waiting first.

        An earlier copy for the same reader goes first if it is due or under way; one that
        failed and is to be tried again does not stand in the way of the next. Calls for help and
        their answers stand behind nothing but each other.
        """
        await _plan_afresh(c)
        calls = await self._calls(c, channel, now)
        first = await self.dues(c, _next_among(self.to_judge(), calls, now, limit)) if calls else []
        if len(first) == limit:
            return first
        rest = _next_due(self.to_judge(), channel, now, limit - len(first))
        others = DELIVERY.c.member_id.not_in(set(calls.values()))
        return [*first, *await self.dues(c, rest.where(~_IS_CALL, others))]

    async def _calls(self, c: AsyncConnection, channel: str, now: datetime) -> dict[int, int]:
        """The readers of calls that are due or under way, by delivery: all of them are few.

        What is due is picked here: SQLite would go through all that is due to find these.
        """
        d = DELIVERY.c
        query = sa.select(d.id, d.member_id, d.channel, d.due, d.claim)
        rows = await c.execute(query.join(POST, POST.c.id == d.post_id).where(_IS_CALL))
        moment = milliseconds(now)
        return {
            row.id: row.member_id
            for row in rows
            if row.channel == channel and (row.due <= moment or row.claim is not None)
        }

    @staticmethod
    def to_judge() -> sa.Select[Any]:
        """Deliveries with all that is needed to judge them: what `dues` reads."""
        d = DELIVERY
        return (
            sa.select(
                d,
                POST.c.group_id,
                POST.c.author_id,
                POST.c.expires,
                POST.c.private,
                POST.c.urgent,
                MEMBER.c.state,
                MEMBER.c.card,
                GROUP.c.state.label("group_state"),
                GROUP.c.card.label("group_card"),
            )
            .join(POST, POST.c.id == d.c.post_id)
            .join(MEMBER, MEMBER.c.id == d.c.member_id)
            .join(GROUP, GROUP.c.id == POST.c.group_id)
        )

    async def dues(self, c: AsyncConnection, query: sa.Select[Any]) -> list[Due]:
        """What a query out of `to_judge` finds."""
        rows = (await c.execute(query)).mappings().all()
        alone = [(row["member_id"], row["aside"]) for row in rows if row["aside"] is not None]
        consents = await self._roster.consents.numbers(c, alone)
        return [self._due_from(row, consents) for row in rows]

    def _due_from(self, row: Any, consents: Mapping[tuple[int, int], Secret]) -> Due:
        """A row with the settings of group and reader; one that does not open is marked so.

        What is for her alone is only hers as long as she lets its author write to her alone.
        """
        group_settings, reader_settings, readable = GroupSettings(), MemberSettings(), True
        number = NO_WORDS
        try:
            group = {"id": row["group_id"], "state": row["group_state"], "card": row["group_card"]}
            group_settings = self._roster.group_from(group).settings
            reader_settings = self._roster.member_settings(row["member_id"], row["card"])
            number = self._roster.write_to(row["member_id"], row["channel"], row["card"])
        except (UnsealError, ValueError, TypeError, KeyError):
            readable = False
        if row["aside"] is not None:
            between = consents.get((row["member_id"], row["aside"]))
            number = between or number
            readable = readable and (between is not None or row["author_id"] is None)
        return Due(
            id=row["id"],
            post_id=row["post_id"],
            group_id=row["group_id"],
            author_id=row["author_id"],
            member_id=row["member_id"],
            channel=row["channel"],
            attempts=row["attempts"],
            unsure=row["unsure"],
            in_flight=row["claim"] is not None,
            expires=row["expires"],
            stage=Stage(row["stage"]),
            start=row["start"],
            answers_until=row["answers_until"],
            since=row["since"],
            leader=row["leader"],
            alone=row["private"],
            luck=self._luck(row["member_id"]),
            urgent=row["urgent"],
            rest=row["rest"],
            number=number,
            reader=MemberState(row["state"]),
            reader_settings=reader_settings,
            group=GroupState(row["group_state"]),
            group_settings=group_settings,
            readable=readable,
        )

    def _luck(self, member_id: int) -> int:
        return int.from_bytes(self._vault.index(Purpose.LUCK, member_id)[:8], "big")

    async def claim(
        self, c: AsyncConnection, rows: Sequence[Due], token: int, until: datetime
    ) -> None:
        """Record an attempt on each row before it is made, and when to look again if we die."""
        for unsure, ids in _by(rows, lambda row: row.unsure).items():
            await c.execute(
                sa.update(DELIVERY)
                .where(DELIVERY.c.id.in_([row.id for row in ids]))
                .values(
                    claim=token,
                    due=milliseconds(until),
                    attempts=DELIVERY.c.attempts + 1,
                    unsure=unsure,
                    stage=Stage.WAITING,
                    rest=None,
                )
            )

    async def hold(self, c: AsyncConnection, rows: Sequence[tuple[Due, datetime]]) -> None:
        """Let rows wait until a time. Uses up no attempt."""
        for (until, unsure), held in _by(
            rows, lambda row: (milliseconds(row[1]), row[0].unsure)
        ).items():
            await c.execute(
                sa.update(DELIVERY)
                .where(DELIVERY.c.id.in_([row.id for row, _ in held]))
                .values(due=until, claim=None, unsure=unsure)
            )

    async def contacts(self, c: AsyncConnection, rows: Sequence[Due]) -> dict[int, SealedReader]:
        """The sealed contacts of the readers, by member."""
        query = sa.select(MEMBER.c.id, MEMBER.c.channel, MEMBER.c.contact).where(
            MEMBER.c.id.in_({row.member_id for row in rows})
        )
        return {r.id: SealedReader(r.id, r.channel, r.contact) for r in await c.execute(query)}

    async def bodies(self, c: AsyncConnection, post_ids: Iterable[int]) -> dict[int, SealedBody]:
        """The sealed bodies, by post."""
        query = sa.select(POST.c.id, POST.c.key_id, POST.c.body).where(POST.c.id.in_(set(post_ids)))
        return {r.id: SealedBody(r.key_id, r.body) for r in await c.execute(query)}

    async def body_of(self, c: AsyncConnection, post_id: int) -> StoredBody | None:
        """One sealed body, with what it is bound to; `None` if it is gone."""
        p = POST.c
        query = sa.select(p.id, p.group_id, p.expires, p.key_id, p.body).where(p.id == post_id)
        row = (await c.execute(query)).first()
        if row is None:
            return None
        return StoredBody(row.id, row.group_id, row.expires, SealedBody(row.key_id, row.body))

    # Settling ------------------------------------------------------------------------------

    async def lock_posts(self, c: AsyncConnection, post_ids: Iterable[int]) -> None:
        """Keep other couriers from ending the last copies of the same posts at this moment.

        Without it two of them would each still see the other's copy, and the post would stay.
        """
        if c.dialect.name == "postgresql":
            await _plan_afresh(c)
            ids = sorted(set(post_ids))
            query = sa.select(POST.c.id).where(POST.c.id.in_(ids)).order_by(POST.c.id)
            await c.execute(query.with_for_update())

    async def end(self, c: AsyncConnection, ids: Sequence[int], token: int | None) -> set[int]:
        """Delete ended deliveries; with a token only those still claimed under it.

        Returns which there still were.
        """
        statement = sa.delete(DELIVERY).where(DELIVERY.c.id.in_(ids))
        if token is not None:
            statement = statement.where(DELIVERY.c.claim == token)
        return set((await c.execute(statement.returning(DELIVERY.c.id))).scalars())

    async def postpone(
        self,
        c: AsyncConnection,
        row: Due,
        token: int,
        until: datetime,
        unsure: int,
        rest: int | None = None,
    ) -> None:
        """Try a claimed delivery again at a time; `rest` holds if it turns out to be taken."""
        await c.execute(
            sa.update(DELIVERY)
            .where(DELIVERY.c.id == row.id, DELIVERY.c.claim == token)
            .values(due=milliseconds(until), claim=None, unsure=unsure, rest=rest)
        )

    async def stages(
        self, c: AsyncConnection, ids: Iterable[int]
    ) -> dict[int, tuple[int | None, Stage]]:
        """Claim and stage of deliveries: what was reported while their sends were under way."""
        d = DELIVERY.c
        query = sa.select(d.id, d.claim, d.stage).where(d.id.in_(set(ids)))
        rows = await c.execute(query.with_for_update())
        return {row.id: (row.claim, Stage(row.stage)) for row in rows}

    async def taken(
        self, c: AsyncConnection, rows: Sequence[tuple[int, int | None]], until: datetime
    ) -> None:
        """The provider has these, by id and the rest of them; news is waited for until a time."""
        for rest, some in _by(rows, lambda row: row[1]).items():
            await c.execute(
                sa.update(DELIVERY)
                .where(DELIVERY.c.id.in_([number for number, _ in some]))
                .values(claim=None, stage=Stage.TAKEN, due=milliseconds(until), rest=rest)
            )

    async def rest(self, c: AsyncConnection, rows: Sequence[tuple[int, int, int]]) -> None:
        """These arrived, and there is more: by id, where it goes on, and when its life ends."""
        for delivery_id, start, expires in rows:
            await c.execute(
                sa.update(DELIVERY)
                .where(DELIVERY.c.id == delivery_id)
                .values(
                    claim=None,
                    stage=Stage.RESTING,
                    due=expires,
                    start=start,
                    rest=None,
                    failed=0,
                    troubled=0,
                )
            )

    async def more(
        self,
        c: AsyncConnection,
        member_id: int,
        now: datetime,
        until: datetime,
        aside: int | None = None,
    ) -> bool:
        """Let the next page of the newest long post go to her, as an answer until a time.

        `aside`: of those by that member to her alone. Otherwise of those to the group.

        One that is on its way already is what she asks for; if it waits for something, it is
        looked at again, because she is awake now. `False` if there is none at all.
        """
        d = DELIVERY.c
        asked = (d.stage == Stage.WAITING) & (d.start > 0)
        there_is = (d.stage == Stage.RESTING) | ((d.stage == Stage.TAKEN) & d.rest.is_not(None))
        newest = (
            sa.select(d.id, d.start, d.rest, d.stage, d.claim, d.unsure)
            .where(d.member_id == member_id, d.aside.is_not_distinct_from(aside))
            .where(asked | (d.claim.is_(None) & there_is))
            .order_by(sa.case((asked, 2), (d.stage == Stage.RESTING, 1), else_=0).desc())
            .order_by(d.id.desc())
            .limit(1)
            .with_for_update()
        )
        row = (await c.execute(newest)).first()
        if row is None:
            return False
        again = {"due": milliseconds(now), "answers_until": milliseconds(until)}
        this = sa.update(DELIVERY).where(d.id == row.id)
        if row.stage == Stage.WAITING:
            if row.claim is None and not row.unsure:
                await c.execute(this.values(**again))
            return True
        start = row.start if row.rest is None else row.rest
        await c.execute(this.values(start=start, rest=None, stage=Stage.WAITING, unsure=0, **again))
        return True

    async def copies(
        self, c: AsyncConnection, keys: Iterable[tuple[int, int]]
    ) -> dict[tuple[int, int], list[Copy]]:
        """Deliveries by post and reader, locked until this transaction ends.

        A bundle went under the post of its first copy: there all of it is found.
        """
        wanted = set(keys)
        posts = {post for post, _ in wanted}
        d = DELIVERY.c
        query = (
            sa.select(DELIVERY, POST.c.group_id, POST.c.expires)
            .join(POST, POST.c.id == d.post_id)
            .where(
                d.post_id.in_(posts) | d.leader.in_(posts),
                d.member_id.in_({member for _, member in wanted}),
            )
            .order_by(d.id)
            .with_for_update(of=DELIVERY)
        )
        found: dict[tuple[int, int], list[Copy]] = {}
        for row in (await c.execute(query)).mappings():
            post = row["post_id"] if row["leader"] is None else row["leader"]
            if (post, row["member_id"]) in wanted:
                found.setdefault((post, row["member_id"]), []).append(_copy(row))
        return found

    async def set_stage(self, c: AsyncConnection, ids: Sequence[int], stage: Stage) -> None:
        """Note, of copies in flight, what was reported of them; never less than before."""
        await c.execute(
            sa.update(DELIVERY)
            .where(DELIVERY.c.id.in_(ids), DELIVERY.c.stage < stage)
            .values(stage=stage)
        )

    async def again(
        self, c: AsyncConnection, delivery_id: int, until: datetime, *, her_phone: bool
    ) -> None:
        """The provider could not bring it, and whether that is her phone's fault: try anew.

        Where it goes on is kept: it may turn out to have arrived.
        """
        count = "failed" if her_phone else "troubled"
        await c.execute(
            sa.update(DELIVERY)
            .where(DELIVERY.c.id == delivery_id)
            .values(
                claim=None,
                stage=Stage.WAITING,
                unsure=0,
                due=milliseconds(until),
                **{count: DELIVERY.c[count] + 1},
            )
        )

    async def unreached(self, c: AsyncConnection, posts: dict[int, int]) -> None:
        """Count readers a post did not reach."""
        for post_id, count in posts.items():
            await c.execute(
                sa.update(POST)
                .where(POST.c.id == post_id)
                .values(unreached=POST.c.unreached + count)
            )

    async def drop_finished(self, c: AsyncConnection, post_ids: Iterable[int]) -> list[Ended]:
        """Delete those posts whose last delivery has ended."""
        waiting = sa.exists().where(DELIVERY.c.post_id == POST.c.id)
        gone = await c.execute(
            sa.delete(POST)
            .where(POST.c.id.in_(set(post_ids)), ~waiting)
            .returning(POST.c.id, POST.c.group_id, _WHO_IS_TOLD, POST.c.unreached)
        )
        return [_ended(row) for row in gone]

    async def drop_expired(self, c: AsyncConnection, now: datetime, limit: int) -> list[Ended]:
        """Delete posts whose life is over, with the copies that never left."""
        query = sa.select(POST.c.id).where(POST.c.expires <= milliseconds(now)).limit(limit)
        ids = list((await c.execute(query.with_for_update(skip_locked=True))).scalars())
        if not ids:
            return []
        counts = sa.select(DELIVERY.c.post_id, sa.func.count()).where(
            DELIVERY.c.post_id.in_(ids), DELIVERY.c.stage == Stage.WAITING
        )
        left = {row[0]: row[1] for row in await c.execute(counts.group_by(DELIVERY.c.post_id))}
        await self.unreached(c, left)
        await c.execute(sa.delete(DELIVERY).where(DELIVERY.c.post_id.in_(ids)))
        return await self.drop_finished(c, ids)

    async def drop_waiting_for(self, c: AsyncConnection, member_ids: Sequence[int]) -> Counter[int]:
        """Delete what waits for members who left or stopped. Returns how many, by post.

        What the provider has already is none of these, but its posts are named, with 0.
        """
        gone = await c.execute(
            sa.delete(DELIVERY)
            .where(DELIVERY.c.member_id.in_(member_ids), DELIVERY.c.claim.is_(None))
            .returning(DELIVERY.c.post_id, DELIVERY.c.stage)
        )
        counts: Counter[int] = Counter()
        for post_id, stage in gone:
            counts[post_id] += stage == Stage.WAITING
        return counts

    async def stop_post(self, c: AsyncConnection, post_id: int) -> int:
        """Drop the copies of a post that have not left. Returns how many."""
        gone = await c.execute(
            sa.delete(DELIVERY)
            .where(DELIVERY.c.post_id == post_id, DELIVERY.c.claim.is_(None))
            .returning(DELIVERY.c.stage)
        )
        return sum(1 for stage in gone.scalars() if stage == Stage.WAITING)

    async def private_among(self, c: AsyncConnection, post_ids: Iterable[int]) -> set[int]:
        """Those of these posts that were for one reader alone, or bring her a member's words."""
        alone = POST.c.private | POST.c.reporter_id.is_not(None)
        query = sa.select(POST.c.id).where(POST.c.id.in_(set(post_ids)), alone)
        return set((await c.execute(query)).scalars())

    async def hurry(self, c: AsyncConnection, group_id: int, now: datetime) -> None:
        """Have everything that is held for a group judged anew, now."""
        posts = sa.select(POST.c.id).where(POST.c.group_id == group_id)
        await c.execute(
            sa.update(DELIVERY)
            .where(
                DELIVERY.c.post_id.in_(posts),
                DELIVERY.c.claim.is_(None),
                DELIVERY.c.attempts == 0,
            )
            .values(due=milliseconds(now))
        )

    async def let_read(
        self, c: AsyncConnection, member_id: int, now: datetime, until: datetime
    ) -> int:
        """Let what the group said, and waits for a reader, come as an answer. Returns how many."""
        done = await c.execute(
            sa.update(DELIVERY)
            .where(_untouched(member_id), _said_by_members())
            .values(due=milliseconds(now), answers_until=milliseconds(until))
        )
        return int(done.rowcount)

    async def no_answers(
        self, c: AsyncConnection, member_id: int, now: datetime, until: datetime
    ) -> None:
        """What answers her until then is none: what she wrote came late, so she may be asleep."""
        d = DELIVERY.c
        hers = (d.member_id == member_id) & (d.answers_until == milliseconds(until))
        await c.execute(sa.update(DELIVERY).where(hers).values(answers_until=milliseconds(now) - 1))

    async def unread(self, c: AsyncConnection, member_id: int) -> int:
        """How many posts wait for a reader."""
        query = sa.select(sa.func.count()).select_from(DELIVERY)
        of_group = _said_by_members()
        return int((await c.execute(query.where(_untouched(member_id), of_group))).scalar_one())

    # Looking -------------------------------------------------------------------------------

    async def next_due(self, c: AsyncConnection, channel: str) -> int | None:
        """When the next delivery of a channel is due, in milliseconds."""
        query = sa.select(sa.func.min(DELIVERY.c.due)).where(DELIVERY.c.channel == channel)
        due: int | None = (await c.execute(query)).scalar_one()
        return due

    async def keys_in_use(self, c: AsyncConnection) -> set[int]:
        """The body keys that seal something stored: a post, or a message that waits."""
        keys = [sa.select(table.c.key_id) for table in (POST, PENDING, TALK)]
        return set((await c.execute(sa.union(*keys))).scalars()) - {None}

    async def held(self, c: AsyncConnection, now: datetime) -> list[Held]:
        """What is in the buffer now, by group."""
        d, moment = DELIVERY.c, milliseconds(now)
        posts = await c.execute(
            sa.select(
                POST.c.group_id,
                sa.func.count(),
                sa.func.min(POST.c.expires),
                sa.func.max(POST.c.expires),
            ).group_by(POST.c.group_id)
        )
        why = sa.case(
            (d.claim.is_not(None), "sending"),
            (d.stage == Stage.TAKEN, "on_the_way"),
            (d.stage == Stage.RESTING, "resting"),
            (d.due <= moment, "due"),
            (d.attempts > 0, "retrying"),
            else_="held",
        )
        counts = await c.execute(
            sa.select(POST.c.group_id, why, sa.func.count())
            .join(POST, POST.c.id == d.post_id)
            .group_by(POST.c.group_id, why)
        )
        by_group: dict[int, dict[str, int]] = {}
        for group_id, word, count in counts:
            by_group.setdefault(group_id, {})[word] = count
        return [
            Held(
                group_id=group_id,
                bodies=bodies,
                first_gone_by=first,
                last_gone_by=last,
                **{w: by_group.get(group_id, {}).get(w, 0) for w in _WHY},
            )
            for group_id, bodies, first, last in posts
        ]


@dataclass(frozen=True, slots=True)
class StoredBody:
    """A sealed body, and what it is bound to."""

    post_id: int
    group_id: int
    expires: int
    sealed: SealedBody

    def open(self, vault: Vault) -> Body:
        """What was said. Raises `UnsealError` if its key is gone."""
        return vault.open_body(self.post_id, self.group_id, moment(self.expires), self.sealed)


@dataclass(frozen=True, slots=True)
class SealedReader:
    """A reader's contact, still sealed."""

    member_id: int
    channel: str
    contact: bytes

    def open(self, roster: Roster) -> Contact:
        """Her contact."""
        return roster.open_contact(self.member_id, self.channel, self.contact)


K = TypeVar("K")
V = TypeVar("V")
_IS_CALL = POST.c.urgent & POST.c.author_id.is_(None)
_WHO_IS_TOLD = sa.func.coalesce(POST.c.author_id, POST.c.reporter_id).label("author_id")
_WHY = ("due", "held", "retrying", "sending", "on_the_way", "resting")


def _next_due(query: sa.Select[Any], channel: str, now: datetime, limit: int) -> sa.Select[Any]:
    """What is due on a channel, each the first of its reader."""
    d = DELIVERY.c
    query = query.where(d.channel == channel, d.due <= milliseconds(now))
    return _first_of_reader(query, now, limit)


def _next_among(
    query: sa.Select[Any], ids: Collection[int], now: datetime, limit: int
) -> sa.Select[Any]:
    """What is due of these, each the first of these for its reader, whatever else waits."""
    d, moment = DELIVERY.c, milliseconds(now)
    still_due = d.due + 0 <= moment  # to be found by its number, not by its time
    return _first_of_reader(query.where(d.id.in_(ids), still_due), now, limit, ids)


def _first_of_reader(
    query: sa.Select[Any], now: datetime, limit: int, among: Collection[int] | None = None
) -> sa.Select[Any]:
    d, e = DELIVERY, DELIVERY.alias("earlier")
    earlier = sa.and_(
        e.c.member_id == d.c.member_id,
        e.c.id < d.c.id,
        e.c.claim.is_not(None) | ((e.c.attempts == 0) & (e.c.due <= milliseconds(now))),
    )
    if among is not None:
        earlier = earlier & e.c.id.in_(among)
    return (
        query.where(~sa.exists().where(earlier))
        .order_by(d.c.due, d.c.id)
        .limit(limit)
        .with_for_update(of=d, skip_locked=True)
    )


def _copy(row: Any) -> Copy:
    return Copy(
        id=row["id"],
        post_id=row["post_id"],
        group_id=row["group_id"],
        expires=row["expires"],
        attempts=row["attempts"],
        unsure=row["unsure"],
        in_flight=row["claim"] is not None,
        stage=Stage(row["stage"]),
        start=row["start"],
        rest=row["rest"],
        failed=row["failed"],
        troubled=row["troubled"],
    )


def _untouched(member_id: int) -> sa.ColumnElement[bool]:
    """What waits for a reader and was never tried."""
    d = DELIVERY.c
    return (d.member_id == member_id) & d.claim.is_(None) & (d.attempts == 0)


def _said_by_members() -> sa.ColumnElement[bool]:
    return sa.exists().where(POST.c.id == DELIVERY.c.post_id, POST.c.author_id.is_not(None))


def _ended(row: Any) -> Ended:
    return Ended(
        post_id=row.id, group_id=row.group_id, author_id=row.author_id, unreached=row.unreached
    )


def _by(items: Iterable[V], key: Callable[[V], K]) -> dict[K, list[V]]:
    found: dict[K, list[V]] = {}
    for item in items:
        found.setdefault(key(item), []).append(item)
    return found


async def _plan_afresh(c: AsyncConnection) -> None:
    """Until the end of the transaction, PostgreSQL uses no plan from when the queue was empty."""
    if c.dialect.name == "postgresql":
        await c.execute(sa.text("SET LOCAL plan_cache_mode = force_custom_plan"))
