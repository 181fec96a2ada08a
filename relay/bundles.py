"""Bundling: what waits for one reader and may go together, and how it is made into one message."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import takewhile

from sqlalchemy.ext.asyncio import AsyncConnection

from channels.contract import NO_WORDS, Outgoing, Piece
from channels.secret import Secret
from policies.facts import Mode
from relay.clock import moment
from relay.languages.speech import spoken
from relay.model import Body, Due, MemberSettings, Stage
from relay.store.bundles import Bundles
from relay.wording.modes import BUNDLE

_TOGETHER = {Mode.HOURLY, Mode.THREE_HOURLY, Mode.DIGEST, Mode.NUDGE}


class Bundling:
    """Finds the copies that go with others. For one channel."""

    def __init__(self, bundles: Bundles, channel: str) -> None:
        self._bundles = bundles
        self._channel = channel

    async def gather(
        self, c: AsyncConnection, rows: Sequence[Due], now: datetime, in_hand: Collection[int]
    ) -> list[list[Due]]:
        """Each due copy, with those that may go with it behind it, in order."""
        firsts = [row for row in rows if _begins(row)]
        beside: dict[int, list[Due]] = {}
        if firsts:
            readers = {row.member_id for row in firsts}
            for row in await self._bundles.beside(c, self._channel, readers, now):
                beside.setdefault(row.member_id, []).append(row)
        found: list[list[Due]] = []
        used = set(in_hand)
        for row in rows:
            if row.id in used:
                continue
            together = [row]
            if _begins(row):
                others = _in_turn(row, beside.get(row.member_id, ()))
                together += [o.after_a_crash() for o in others if o.id not in used]
            used.update(one.id for one in together)
            found.append(together)
        return found

    async def lead(self, c: AsyncConnection, claimed: Sequence[Sequence[Due]]) -> None:
        """Note who goes with whom, of copies that were just claimed."""
        await self._bundles.lead(c, claimed)


def wants_bundles(settings: MemberSettings) -> bool:
    """Whether what is due together reaches her as one message."""
    return Mode(settings.mode) in _TOGETHER or settings.after_quiet == "bundle"


def _begins(row: Due) -> bool:
    fresh = row.attempts == 0 or row.leader is not None
    return fresh and _may_join(row) and wants_bundles(row.reader_settings)


def _may_join(row: Due) -> bool:
    is_post = row.author_id is not None and not row.alone
    return is_post and row.stage is Stage.WAITING and row.start == 0 and row.readable


def _in_turn(first: Due, beside: Sequence[Due]) -> list[Due]:
    """What goes with the first. What goes by itself is not overtaken by what came after it."""
    others: Iterable[Due] = (row for row in beside if row.id != first.id)
    if first.leader is None:
        others = takewhile(lambda row: row.attempts > 0 or _may_join(row), others)
    return [row for row in others if _joins(row, first)]


def _joins(row: Due, first: Due) -> bool:
    """What was tried together is tried together again; else what was never tried."""
    if not _may_join(row) or row.leader != first.leader:
        return False
    return row.leader is not None or (row.attempts == 0 and not row.in_flight)


def piece_of(body: Body) -> Piece | None:
    """A post as a part of a bundle; `None` for what needs a message of its own.

    Pictures do, and words in which their author's own contact may be seen: by whose wish that is
    must be plain.
    """
    if body.author is None or body.private or body.shown or body.pictures:
        return None
    text, author = body.text, body.author
    return Piece(author=author, subject=body.subject, text=text, footnote=body.footnote)


def together(out: Outgoing, rows: Sequence[Due], pieces: tuple[Piece, ...]) -> Outgoing:
    """The message of a bundle, from the one that its first copy would have been alone."""
    due = rows[0]
    subject = spoken(
        BUNDLE.format(count=len(pieces)),
        due.group_settings,
        due.reader_settings,
        channel=due.channel,
    )
    return replace(
        out,
        author=None,
        mask=NO_WORDS,
        subject=Secret(subject),
        text=NO_WORDS,
        html=NO_WORDS,
        footnote=NO_WORDS,
        message_id=NO_WORDS,
        references=(),
        pieces=pieces,
        expires=min(moment(row.expires) for row in rows),
    )
