"""The courier: takes what is due, judges it, sends it, and writes down how it ended.

One courier for each channel. The attempt is recorded before the network call; a copy whose
answer was lost, to a crash or on the wire, is sent once more and counted, never twice more.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from channels.contract import NO_WORDS, Channel, Later, Never, Outcome, Outgoing, Piece, Trouble
from channels.secret import Secret
from policies.facts import DeliveryPolicy
from policies.verdict import Drop, Hold, Pass, Reason, Refuse, Verdict
from relay.bundles import Bundling, piece_of, together
from relay.clock import day, moment
from relay.engine import Engine
from relay.errors import RefusalError
from relay.handout import PICTURE_LIFE, picture_token
from relay.judge import judge_delivery, quiet_begins
from relay.languages.phrases import phrases_for
from relay.log import Field, Word, say, trouble
from relay.looks import Look, Looks
from relay.model import Body, Due, Stage
from relay.nudging import Nudges
from relay.pace import Pace
from relay.posting import may_come_in_parts
from relay.progress import status_token
from relay.purse import Purse, Purses
from relay.settling import Result, Settling
from relay.store.bundles import Bundles
from relay.store.outbox import SealedReader
from relay.vault.vault import DAY_SHIFT, PRIVATE, SealedBody, UnsealError, Use, Vault

_IDLE = timedelta(seconds=1)
"""How long to sleep at the most: another process may have taken a post in."""

_LINGER = 0.02
"""Seconds in which outcomes come together at the most, to be written down at once."""

_BATCH = 500
_MOST_BATCHES = 10
_MISSED = {Reason.ANSWER_LOST, Reason.EXPIRED, Reason.GROUP_CLOSED, Reason.UNREADABLE}
"""Endings that left a reader without her copy; one who has gone is not missed."""
_ASKS_FOR = {Reason.NOT_ASKED_FOR, Reason.QUIET_HOURS, Reason.SPREAD, Reason.BUDGET}
"""Why a copy may be held of which its reader is told: who rests for longer is left alone."""


@dataclass(slots=True)
class _Shared:
    """A body that the parcels of one claim share: opened once, gone with the last of them."""

    sealed: SealedBody
    opened: Body | None = None

    def open(self, vault: Vault, due: Due, expires: datetime) -> Body:
        """Raises `UnsealError` if its key is gone."""
        if self.opened is None:
            self.opened = vault.open_body(due.post_id, due.group_id, expires, self.sealed)
        return self.opened


@dataclass(frozen=True, slots=True)
class _Parcel:
    """A claimed delivery, ready to be opened and sent."""

    due: Due
    token: int
    reader: SealedReader
    body: _Shared
    look: Look
    others: tuple[tuple[Due, _Shared], ...] = ()
    """The copies that go with it, in one message."""

    @property
    def rows(self) -> list[Due]:
        """All copies in this message."""
        return [self.due, *(row for row, _ in self.others)]

    def ended(self, outcome: Outcome | None) -> Result:
        """How it ended."""
        return Result(self.due, self.token, outcome, tuple(row for row, _ in self.others))


@dataclass(slots=True)
class _Batch:
    """What is known of the rows that one look at the queue found, while they are judged."""

    bodies: dict[int, _Shared]
    costs: dict[int, int]
    """By delivery; nothing where the channel costs nothing."""
    purse: Purse | None


class Courier:
    """Delivers on one channel until it is stopped."""

    def __init__(
        self,
        engine: Engine,
        channel: Channel,
        policies: Sequence[DeliveryPolicy],
        ended: Callable[[], None],
    ) -> None:
        """`ended` is called when outcomes were written down: posts may have ended with them."""
        self._channel = channel
        self._database = engine.database
        self._roster = engine.roster
        self._outbox = engine.outbox
        self._looks = Looks(engine.circles, engine.settings.domain)
        self._nudges = Nudges(engine.outbox, engine.notices)
        self._bundling = Bundling(Bundles(engine.outbox), channel.name)
        self._vault = engine.vault
        self._endings = engine.endings
        self._settling = Settling(engine, priced=channel.priced)
        self._lease = engine.settings.lease
        self._segments = engine.settings.text_segments
        self._public_url = engine.settings.public_url or ""
        limits = engine.settings.limits
        self._purses = Purses(engine.spending, engine.endings, limits)
        self._pace = Pace(limits)
        self._clock = engine.clock
        self._policies = policies
        self._ended = ended
        self._woken = asyncio.Event()
        self._enough = asyncio.Event()
        """Outcomes, to be written down."""
        self._more = False
        """The last claim did not see the end of what is due."""
        self._results: asyncio.Queue[Result] = asyncio.Queue()
        self._sends: dict[asyncio.Task[None], _Parcel] = {}
        self._in_hand: set[int] = set()
        """Claimed by us and not yet settled: whatever the clock says, nobody died with these."""
        self._withdrawn: set[int] = set()
        """Members who may have gone since the last claim looked at them."""
        self._called_back: set[int] = set()

    def wake(self) -> None:
        """Something may be due now."""
        self._woken.set()

    def withdraw(self, member_ids: Iterable[int]) -> None:
        """Let nothing the group said, and that is in hand, go out to these members any more.

        To be called when it is committed that they stopped, left or were removed: what was
        claimed before that has been judged as if they had not. What the network already has
        cannot be called back; its answer is no longer waited for. Notices still go.
        """
        gone = set(member_ids)
        self._withdrawn |= gone
        self._looks.forget()
        for task, parcel in self._sends.items():
            if parcel.due.author_id is not None and parcel.due.member_id in gone:
                self._called_back.add(parcel.due.id)
                task.cancel()

    def readers(self) -> set[int]:
        """The members to whom something of a group is on its way now."""
        return {p.due.member_id for p in self._sends.values() if p.due.author_id is not None}

    async def run(self) -> None:
        """Deliver until cancelled; then let what is under way end, and write it down."""
        settler = asyncio.create_task(self._settle_forever())
        try:
            while not settler.done():
                await self._round()
            settler.result()  # it never ends by itself: whatever stopped it must be known
        finally:
            await asyncio.shield(self._finish(settler))

    async def _round(self) -> None:
        self._woken.clear()
        try:
            for parcel in await self._fill():
                if self._went_meanwhile(parcel.due):
                    self._results.put_nowait(parcel.ended(None))
                    continue
                self._in_hand.update(row.id for row in parcel.rows)
                task = asyncio.create_task(self._send(parcel), name="send")
                self._sends[task] = parcel
                task.add_done_callback(self._ended_send)
        except Exception as error:  # noqa: BLE001 - the courier outlives any trouble of the store
            trouble(error, where="claim")
        await self._sleep()

    async def _sleep(self) -> None:
        """Sleep until woken, enough sends have ended, or something may have fallen due."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_IDLE.total_seconds()):
                await self._woken.wait()

    def _room(self) -> int:
        """How much may be claimed now: nothing before half the places are free, for batches."""
        room = self._channel.concurrency - len(self._sends)
        return room if room * 2 >= self._channel.concurrency else 0

    def _ended_send(self, task: asyncio.Task[None]) -> None:
        """A task that is called back before its first step never runs, so it cannot say so."""
        parcel = self._sends.pop(task)
        if task.cancelled() and parcel.due.id in self._called_back:
            self._results.put_nowait(parcel.ended(None))
        if self._is_enough():
            self._enough.set()
        if self._room():
            self._woken.set()

    # Claiming ------------------------------------------------------------------------------

    async def _fill(self) -> list[_Parcel]:
        """Claim what can be sent at once, and no more: who says stop now gets nothing after."""
        room = self._room()
        if not room or not (self._more or await self._is_due()):
            return []
        self._withdrawn.clear()  # whoever went until now is seen to have gone
        said: list[tuple[Word, dict[str, Field]]] = []
        async with self._database.writing() as c:
            parcels = await self._claim(c, room, said)
        for word, fields in said:
            say(word, channel=self._channel.name, **fields)
        return parcels

    async def _is_due(self) -> bool:
        """A look that takes no lock."""
        async with self._database.reading() as c:
            due = await self._outbox.next_due(c, self._channel.name)
        return due is not None and moment(due) <= self._clock.now()

    async def _claim(
        self, c: AsyncConnection, room: int, said: list[tuple[Word, dict[str, Field]]]
    ) -> list[_Parcel]:
        """Claim what may leave, and hold or end what may not, however much that is.

        If little of a small batch may leave, the next one is large: what must wait in one group
        must not keep another group's messages waiting.
        """
        now, token = self._clock.now(), secrets.randbits(62)
        if self._channel.priced:
            await self._purses.alone(c)
        going: list[list[Due]] = []
        limit, more = room, True
        bodies: dict[int, _Shared] = {}
        for _ in range(_MOST_BATCHES):
            rows = await self._outbox.due(c, self._channel.name, now, limit)
            mine = [row for row in rows if row.id not in self._in_hand]
            await self._land(c, [row for row in mine if row.stage is not Stage.WAITING], now)
            open_ones = [row.after_a_crash() for row in mine if row.stage is Stage.WAITING]
            messages = await self._bundling.gather(c, open_ones, now, self._in_hand)
            batch = await self._look_at(c, messages, now)
            judged, passed = self._judge_all(messages, batch, now)
            taken = passed[: room - len(going)]
            claimed = [row for rows in taken for row in rows]
            await self._outbox.claim(c, claimed, token, now + self._lease)
            await self._bundling.lead(c, taken)
            await self._pay(c, claimed, batch)
            said += await self._put_aside(c, judged, now)
            going += taken
            bodies |= batch.bodies
            more = len(rows) == limit
            if not more or len(going) == room:
                break
            limit = _BATCH
        self._more = more
        if more and len(going) < room:
            self._woken.set()
        repeated = sum(1 for rows in going for row in rows if row.in_flight)
        if repeated:
            await self._outbox.ledger.count(c, {Word.REPEATED: repeated}, now)
            said.append((Word.REPEATED, {"count": repeated}))
        return await self._parcels(c, going, token, bodies)

    async def _land(self, c: AsyncConnection, rows: Sequence[Due], now: datetime) -> None:
        """The provider has these and no bad news came: they have ended, or rest."""
        if not rows:
            return
        goes_on = {row.id: row.rest or 0 for row in rows if row.stage is Stage.TAKEN and row.rest}
        goes_on |= await self._after_deaths(c, [row for row in rows if row.in_flight])
        ended = [row for row in rows if row.id not in goes_on]
        await self._outbox.rest(
            c, [(row.id, goes_on[row.id], row.expires) for row in rows if row.id in goes_on]
        )
        await self._outbox.lock_posts(c, (row.post_id for row in ended))
        await self._outbox.end(c, [row.id for row in ended], None)
        await self._endings.after(c, [row.post_id for row in ended], {}, now)
        taken = sum(1 for row in rows if row.in_flight)  # not counted: whoever had them died
        await self._outbox.ledger.count(c, {Word.SENT: taken} if taken else {}, now)

    async def _after_deaths(self, c: AsyncConnection, rows: Sequence[Due]) -> dict[int, int]:
        """Where long posts go on of which only the news is left: with the same page once more."""
        if not rows:
            return {}
        bodies, found = await self._bodies(c, rows), dict[int, int]()
        for row in rows:
            try:
                body = bodies[row.post_id].open(self._vault, row, moment(row.expires))
            except (KeyError, UnsealError):
                continue  # nothing can follow
            if body.author and may_come_in_parts(body, self._segments, row.start):
                found[row.id] = row.start
        return found

    async def _look_at(
        self, c: AsyncConnection, messages: Sequence[Sequence[Due]], now: datetime
    ) -> _Batch:
        """What these copies would cost, and what it would be paid from."""
        priced = self._channel.priced
        rows = [row for some in messages if priced or len(some) > 1 for row in some]
        if not rows:
            return _Batch({}, {}, None)
        bodies = await self._bodies(c, rows)
        if not priced:
            return _Batch(bodies, {}, None)
        costs = {row.id: self._cost(row, bodies) for row in rows}
        return _Batch(bodies, costs, await self._purses.open(c, rows, now))

    def _cost(self, row: Due, bodies: dict[int, _Shared]) -> int:
        try:
            body = bodies[row.post_id].open(self._vault, row, moment(row.expires))
        except (KeyError, UnsealError):
            return 0  # it will not leave
        return self._channel.cost(
            author=body.author,
            subject=body.subject,
            text=body.text,
            start=row.start,
            number=row.number,
            pictures=len(body.pictures) if row.group_settings.text_pictures else 0,
            say=phrases_for(row.group_settings, row.reader_settings, row.channel),
        )

    def _judge_all(
        self, messages: Sequence[Sequence[Due]], batch: _Batch, now: datetime
    ) -> tuple[list[tuple[Due, Verdict]], list[list[Due]]]:
        """What may not leave now, and why; and the messages that may."""
        aside: list[tuple[Due, Verdict]] = []
        passed: list[list[Due]] = []
        for rows in messages:
            going = self._judge_one_by_one(rows, batch, now, aside)
            slot = self._slot(going, batch, now)
            if slot > now:
                aside += [(row, Hold(slot, frozenset({Reason.PACE}))) for row in going]
            elif going:
                passed.append(going)
        return aside, passed

    def _judge_one_by_one(
        self,
        rows: Sequence[Due],
        batch: _Batch,
        now: datetime,
        aside: list[tuple[Due, Verdict]],
    ) -> list[Due]:
        """Of what may go together, in order, what does: until something does not fit any more."""
        going: list[Due] = []
        for row in rows:
            cost = self._cost_beside(going, row, batch)
            if cost is None:
                break
            verdict = self._verdict(row, batch, now, cost)
            if isinstance(verdict, Pass):
                going.append(row)
                batch.costs[row.id] = cost
                if batch.purse is not None:
                    batch.purse.reserve(row, cost)
            else:
                self._pace.gone(_copy(row))  # its moment passes; it is booked anew
                aside.append((row, verdict))
        return going

    def _verdict(self, row: Due, batch: _Batch, now: datetime, cost: int) -> Verdict:
        if row.unsure > 1:
            return Drop(frozenset({Reason.ANSWER_LOST}))
        budgets = batch.purse.budgets(row) if batch.purse else ()
        try:
            return judge_delivery(self._policies, row, now, cost=cost, budgets=budgets)
        except RefusalError:  # a time zone that this machine does not know
            return Drop(frozenset({Reason.UNREADABLE}))

    def _cost_beside(self, going: Sequence[Due], row: Due, batch: _Batch) -> int | None:
        """What a copy adds to the cost of a message.

        `None` if it does not fit into that, or would cost less by itself.
        """
        own = batch.costs.get(row.id, 0)
        if not going:
            return own
        pieces = self._pieces([*going, row], batch.bodies)
        whole = self._channel.cost_together(pieces, row.number) if pieces else None
        added = None if whole is None else whole - sum(batch.costs.get(r.id, 0) for r in going)
        return None if added is None or added > own else max(added, 0)

    def _pieces(self, rows: Sequence[Due], bodies: dict[int, _Shared]) -> tuple[Piece, ...] | None:
        """Posts as the parts of a bundle; `None` if one of them cannot be one."""
        try:
            opened = [bodies[r.post_id].open(self._vault, r, moment(r.expires)) for r in rows]
        except (KeyError, UnsealError):
            return None
        pieces = tuple(piece for piece in map(piece_of, opened) if piece is not None)
        return pieces if len(pieces) == len(rows) else None

    def _slot(self, going: Sequence[Due], batch: _Batch, now: datetime) -> datetime:
        """When a message may leave: now, or later."""
        cost = sum(batch.costs.get(row.id, 0) for row in going)
        if batch.purse is None or not cost:
            for row in going:
                self._pace.gone(_copy(row))
            return now
        first = going[0]
        answer = first.author_id is None
        return self._pace.slot(_copy(first), first.number, cost, now, urgent=answer)

    async def _pay(self, c: AsyncConnection, taken: Sequence[Due], batch: _Batch) -> None:
        if batch.purse is None or not taken:
            return
        for row in taken:
            self._pace.gone(_copy(row))
            batch.purse.pay(row, batch.costs[row.id])
        await self._purses.settle(c, batch.purse)

    async def _put_aside(
        self, c: AsyncConnection, judged: Sequence[tuple[Due, Verdict]], now: datetime
    ) -> list[tuple[Word, dict[str, Field]]]:
        """Hold what must wait and end what may not leave."""
        held = [(row, v.until) for row, v in judged if isinstance(v, Hold)]
        ended = [(row, v) for row, v in judged if isinstance(v, Drop | Refuse)]
        await self._outbox.hold(c, held)
        unasked = [
            row
            for row, v in judged
            if isinstance(v, Hold) and Reason.NOT_ASKED_FOR in v.why and v.why <= _ASKS_FOR
        ]
        await self._nudges.tell(c, unasked, now)
        for row, verdict in judged:
            if isinstance(verdict, Hold) and Reason.BUDGET in verdict.why and row.author_id:
                await self._endings.held_by_budget(c, row.post_id, row.author_id, now)
        await self._end_judged(c, ended, now)
        said: list[tuple[Word, dict[str, Field]]] = [
            (Word.DROPPED, {"why": ",".join(sorted(v.why))}) for _, v in ended
        ]
        lost = sum(1 for _, v in ended if isinstance(v, Drop) and Reason.ANSWER_LOST in v.why)
        for word, count in ((Word.GIVEN_UP, lost), (Word.HELD, len(held))):
            if count:
                await self._outbox.ledger.count(c, {word: count}, now)
                said.append((word, {"count": count}))
        return said

    async def _end_judged(
        self, c: AsyncConnection, ended: Sequence[tuple[Due, Drop | Refuse]], now: datetime
    ) -> None:
        """End what may not leave. A reader who is gone counts as nobody not reached."""
        if not ended:
            return
        rows = [row for row, _ in ended]
        alone = await self._outbox.private_among(c, (row.post_id for row in rows))
        missed = Counter(
            row.post_id
            for row, v in ended
            if row.post_id in alone or (isinstance(v, Drop) and v.why & _MISSED)
        )
        for row, v in ended:
            outlasted = Reason.OUTLASTED in v.why and not v.why & {*_MISSED, Reason.PAUSED}
            if outlasted and row.post_id not in alone:
                missed[row.post_id] += not await self._endings.outlasted(c, row, now)
        await self._outbox.lock_posts(c, (row.post_id for row in rows))
        await self._outbox.end(c, [row.id for row in rows], None)
        await self._endings.after(c, [row.post_id for row in rows], missed, now)

    async def _bodies(self, c: AsyncConnection, rows: Sequence[Due]) -> dict[int, _Shared]:
        sealed = await self._outbox.bodies(c, (row.post_id for row in rows))
        return {post_id: _Shared(body) for post_id, body in sealed.items()}

    async def _parcels(
        self,
        c: AsyncConnection,
        going: Sequence[Sequence[Due]],
        token: int,
        bodies: dict[int, _Shared],
    ) -> list[_Parcel]:
        rows = [row for some in going for row in some]
        if not rows:
            return []
        readers = await self._outbox.contacts(c, rows)
        missing = [row for row in rows if row.post_id not in bodies]
        if missing:
            bodies = bodies | await self._bodies(c, missing)
        await self._looks.prepare(c, rows)
        return [
            _Parcel(
                row,
                token,
                readers[row.member_id],
                bodies[row.post_id],
                self._looks.at(row),
                tuple((other, bodies[other.post_id]) for other in others),
            )
            for row, *others in going
        ]

    # Sending -------------------------------------------------------------------------------

    async def _send(self, parcel: _Parcel) -> None:
        outcome: Outcome | None
        try:
            if self._went_meanwhile(parcel.due):
                self._results.put_nowait(parcel.ended(None))
                return
            async with asyncio.timeout(self._lease.total_seconds() * 0.9):  # channels end before
                outcome = await self._channel.send(self._open_all(parcel))
        except UnsealError:
            outcome = Never(why=Trouble.OUR_FAULT)
            say(Word.KEY_LOST, channel=self._channel.name)
        except TimeoutError:
            outcome = Later(why=Trouble.ANSWER_LOST, unsure=True)
        except Exception as error:  # noqa: BLE001 - unknown trouble delays, it never loses
            trouble(error, where="send")
            outcome = Later(why=Trouble.OUR_FAULT)
        self._results.put_nowait(parcel.ended(outcome))

    def _went_meanwhile(self, due: Due) -> bool:
        """Whether its reader went while the claim was being committed; notices go all the same."""
        return due.author_id is not None and due.member_id in self._withdrawn

    def _open_all(self, parcel: _Parcel) -> Outgoing:
        """Raises `UnsealError` if a key is gone, or what was to go together cannot any more."""
        out = self._open(parcel)
        if not parcel.others:
            return out
        bodies = {row.post_id: body for row, body in parcel.others}
        pieces = self._pieces(parcel.rows, bodies | {parcel.due.post_id: parcel.body})
        if pieces is None:
            raise UnsealError
        return together(out, parcel.rows, pieces)

    def _open(self, parcel: _Parcel) -> Outgoing:
        due = parcel.due
        expires = moment(due.expires)
        body = parcel.body.open(self._vault, due, expires)
        to = parcel.reader.open(self._roster)
        reader, mint = due.member_id, self._vault.mint
        issued = day(self._clock.now()) << DAY_SHIFT | due.post_id & (1 << DAY_SHIFT) - 1
        confirm = mint(Use.CONFIRM, body.confirm, reader) if body.author is None else NO_WORDS
        shown = due.author_id if body.shown else None
        return Outgoing(
            post=due.post_id,
            delivery=self._vault.token("delivery", due.post_id, reader),
            to=to,
            write_to=due.number,
            author=body.author,
            mask=body.mask,
            subject=body.subject,
            text=body.text,
            html=body.html,
            pictures=body.pictures,
            picture_links=self._links(due, body),
            footnote=body.footnote,
            by_mail=bool(parcel.look.mailboxes - {due.author_id}),
            start=due.start,
            private=body.private,
            message_id=mint(Use.MESSAGE, due.post_id, reader | (body.private and PRIVATE)),
            references=tuple(
                mint(Use.MESSAGE, post & ~PRIVATE, reader | post & PRIVATE) for post in body.thread
            ),
            return_path=mint(Use.BOUNCE, reader, issued),
            unsubscribe=mint(Use.UNSUBSCRIBE, reader, due.group_id),
            list_id=mint(Use.LIST, due.group_id, reader),
            confirm=confirm,
            status=status_token(self._vault, due),
            not_after=quiet_begins(due, self._clock.now()),
            may_leave=lambda text: parcel.look.allows(text, reader, shown),
            say=phrases_for(due.group_settings, due.reader_settings, due.channel),
            expires=expires,
        )

    def _links(self, due: Due, body: Body) -> tuple[Secret, ...]:
        """Where the provider may fetch the pictures, where the group lets them go to phones."""
        if not (body.pictures and self._channel.priced and due.group_settings.text_pictures):
            return ()
        until = self._clock.now() + PICTURE_LIFE
        return tuple(
            Secret(f"{self._public_url}/m/{picture_token(self._vault, due, n, until).reveal()}")
            for n in range(len(body.pictures))
        )

    # Settling ------------------------------------------------------------------------------

    async def _settle_forever(self) -> None:
        while True:
            batch = [await self._results.get()]
            await self._linger()
            while not self._results.empty():
                batch.append(self._results.get_nowait())
            await self._write_down(batch)

    async def _linger(self) -> None:
        """Let outcomes come together while sends are under way: each writing has its price."""
        self._enough.clear()
        if self._is_enough():
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LINGER):
                await self._enough.wait()

    def _is_enough(self) -> bool:
        """As many outcomes as a claim has copies, or none to come."""
        return not self._sends or self._results.qsize() * 2 >= self._channel.concurrency

    async def _write_down(self, batch: Sequence[Result]) -> None:
        """Try until the store takes it: what was sent must not be forgotten."""
        settled = False
        while not settled:
            settled = await asyncio.shield(self._settled(batch))
            if not settled:
                await asyncio.sleep(_IDLE.total_seconds())

    async def _settled(self, batch: Sequence[Result]) -> bool:
        """Write a batch down, all or nothing. `False` if the store could not."""
        try:
            said = await self._database.transact(lambda c: self._settling.settle(c, batch))
        except Exception as error:  # noqa: BLE001 - the store comes back; the results are kept
            trouble(error, where="settle")
            return False
        for word, fields in said:
            say(word, channel=self._channel.name, **fields)
        for result in batch:
            self._in_hand.difference_update(row.id for row in (result.due, *result.others))
            self._called_back.discard(result.due.id)
            self._results.task_done()
        self._woken.set()  # the next copy for the same readers may go
        self._ended()
        return True

    async def _finish(self, settler: asyncio.Task[None]) -> None:
        """Let sends under way end and be written down."""
        if self._sends:
            await asyncio.wait(list(self._sends), timeout=self._lease.total_seconds())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(10):
                await self._results.join()
        settler.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await settler


def _copy(row: Due) -> tuple[int, int, int]:
    return row.post_id, row.member_id, row.start
