"""A case: one message of a member with all that is known of it, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from channels.contract import Inbound, Proof, Receipt, Trait
from policies.verdict import Drop, Hold, Pass, Reason, Refuse, Verdict
from relay.draft import Draft
from relay.log import Word
from relay.model import Group, Member
from relay.obeying.said import Said
from relay.store.roster import Arrival
from relay.words.orders import Order


class StaleDraftError(Exception):
    """The group allowed longer messages while this one was looked at: it has to come again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One message of a member, in the transaction that takes it in."""

    c: AsyncConnection
    inbound: Inbound
    arrival: Arrival
    """Of a phone that was silent for long, as if it were not."""
    made: Draft
    """What would leave of it."""
    verdict: Verdict
    now: datetime
    silent: bool
    """Whether her phone was silent for so long that it may be somebody else's by now."""
    order: Order | None = None
    """The order that the whole message is."""

    @property
    def member(self) -> Member:
        """Who wrote it."""
        return self.arrival.member

    @property
    def group(self) -> Group:
        """In which group."""
        return self.arrival.group

    @property
    def reader_id(self) -> int | None:
        """The one member it is for, if it is for one alone."""
        return self.arrival.reader.id if self.arrival.reader else None

    @property
    def to_mask(self) -> bool:
        """Whether it is for one member alone."""
        return self.arrival.reader is not None

    @property
    def proven(self) -> bool:
        """Whether something proves that she wrote it."""
        return self.inbound.proof is Proof.PROVEN

    @property
    def present(self) -> bool:
        """Whether its writer is awake: she wrote it just now."""
        return Trait.LATE not in self.inbound.traits

    @property
    def reasons(self) -> frozenset[Reason]:
        """What is said against it."""
        verdict = self.verdict
        return verdict.why if isinstance(verdict, Drop | Hold | Refuse) else frozenset()

    @property
    def why(self) -> str:
        """The same, for the log."""
        return ",".join(sorted(self.reasons))

    @property
    def may_pass(self) -> bool:
        """Whether it may be passed on, now or once she has said that it is hers."""
        return isinstance(self.verdict, Pass | Hold)

    @property
    def forged(self) -> bool:
        """Whether somebody else wrote it in her name. A forger commands nothing."""
        return Reason.NOT_AUTHENTIC in self.reasons

    def said(self, order: Order, made: Draft) -> Said:
        """An order of hers, as what acts on it reads it."""
        return Said(
            c=self.c,
            order=order,
            inbound=self.inbound,
            arrival=self.arrival,
            now=self.now,
            made=made,
        )


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a message, to be said once it is durable."""

    receipt: Receipt
    word: Word
    why: str = ""
    readers: int = 0
    gone: tuple[int, ...] = ()
    """Members who get nothing more from now on."""
