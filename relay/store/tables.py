"""The tables. Private to the store: rows become nouns of `relay.model` before they leave it.

What identifies a person or repeats her words is sealed (`bytes`) or a keyed index (`*_blind`).
Uniqueness rests on keyed indexes only, because a database prints the value it found twice.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _id() -> sa.Column[int]:
    return sa.Column("id", _BIG, primary_key=True, autoincrement=False)


def _blind(*, unique: bool = False) -> sa.Column[bytes]:
    return sa.Column(sa.LargeBinary(16), nullable=False, unique=unique)


class NumberRow(SQLModel, table=True):
    """A rented proxy number."""

    __tablename__ = "number"

    id: int = Field(sa_column=_id())
    number_blind: bytes = Field(sa_column=_blind(unique=True))
    sealed: bytes
    parked: bool = False


class GroupRow(SQLModel, table=True):
    """A group; its name and settings are sealed under its own key."""

    __tablename__ = "groups"  # `group` is a word of SQL

    id: int = Field(sa_column=_id())
    state: str = Field(max_length=16)
    name_blind: bytes = Field(sa_column=_blind(unique=True))
    card: bytes


class MemberRow(SQLModel, table=True):
    """A membership; contact, pseudonym, aliases and settings are sealed under its own key."""

    __tablename__ = "member"
    __table_args__ = (
        sa.UniqueConstraint("group_id", "contact_blind"),
        sa.UniqueConstraint("group_id", "name_blind"),
        sa.Index("member_fan_out", "group_id", "state"),
    )

    id: int = Field(sa_column=_id())
    group_id: int = Field(sa_column=sa.Column(_BIG, sa.ForeignKey("groups.id"), nullable=False))
    state: str = Field(max_length=16)
    channel: str = Field(max_length=16)
    role: str = Field(
        sa_column=sa.Column(sa.String(16), nullable=False, server_default=sa.text("'member'"))
    )
    contact_blind: bytes = Field(sa_column=_blind())
    name_blind: bytes = Field(sa_column=_blind())
    contact: bytes
    card: bytes
    heard_day: int | None = Field(sa_column=sa.Column(sa.Integer, nullable=True))
    """The day on which her phone last said something; a number can get another owner."""
    left_day: int | None = Field(sa_column=sa.Column(sa.Integer, nullable=True))
    """The day on which it was seen that she has gone."""


class RouteRow(SQLModel, table=True):
    """Where a message written to us leads: a pair of phone and number, or an alias.

    A pair whose member has left leads nowhere until `until_day`: were it given to another group
    at once, a text meant for the old one would be posted in the new one.
    """

    __tablename__ = "route"

    blind: bytes = Field(sa_column=sa.Column(sa.LargeBinary(16), primary_key=True))
    member_id: int | None = Field(
        sa_column=sa.Column(
            _BIG, sa.ForeignKey("member.id", ondelete="SET NULL"), nullable=True, index=True
        )
    )
    until_day: int | None = Field(sa_column=sa.Column(sa.Integer, nullable=True))
    to_mask: bool = Field(
        sa_column=sa.Column(sa.Boolean, nullable=False, server_default=sa.false())
    )
    """It leads to this member alone: the mask under which the others see her."""


class PostRow(SQLModel, table=True):
    """What was said, sealed once. Gone when its last delivery has ended or its life is over."""

    __tablename__ = "post"
    __table_args__ = (
        sa.Index(
            "post_urgent",
            "id",
            sqlite_where=sa.text("urgent = 1"),
            postgresql_where=sa.text("urgent"),
        ),
    )

    id: int = Field(sa_column=_id())
    group_id: int = Field(sa_column=sa.Column(_BIG, sa.ForeignKey("groups.id"), nullable=False))
    author_id: int | None = Field(sa_column=sa.Column(_BIG, nullable=True))
    reporter_id: int | None = Field(sa_column=sa.Column(_BIG, nullable=True))
    """Of a notice with a member's words: she is told if it reaches nobody."""
    key_id: int = Field(sa_column=sa.Column(_BIG, nullable=False))
    body: bytes
    expires: int = Field(sa_column=sa.Column(_BIG, nullable=False, index=True))
    unreached: int = 0
    private: bool = Field(
        sa_column=sa.Column(sa.Boolean, nullable=False, server_default=sa.false())
    )
    """For one reader alone: if she goes, its author has to know."""
    urgent: bool = Field(sa_column=sa.Column(sa.Boolean, nullable=False, server_default=sa.false()))
    """It comes in quiet hours too, but to who does not want to be woken. A notice that is urgent
    belongs to a call for help."""


class DeliveryRow(SQLModel, table=True):
    """One copy of one post for one reader. The row is deleted when it has ended."""

    __tablename__ = "delivery"
    __table_args__ = (
        sa.Index("delivery_due", "channel", "due", "id"),
        sa.Index("delivery_of_reader", "member_id", "id"),
        sa.Index("delivery_of_post", "post_id"),
    )

    id: int | None = Field(default=None, sa_column=sa.Column(_BIG, primary_key=True))
    post_id: int = Field(sa_column=sa.Column(_BIG, sa.ForeignKey("post.id"), nullable=False))
    member_id: int = Field(
        sa_column=sa.Column(_BIG, sa.ForeignKey("member.id", ondelete="CASCADE"), nullable=False)
    )
    channel: str = Field(max_length=16)
    due: int = Field(sa_column=sa.Column(_BIG, nullable=False))
    attempts: int = Field(sa_column=sa.Column(sa.SmallInteger, nullable=False))
    unsure: int = Field(sa_column=sa.Column(sa.SmallInteger, nullable=False))
    claim: int | None = Field(sa_column=sa.Column(_BIG, nullable=True))
    stage: int = Field(
        sa_column=sa.Column(sa.SmallInteger, nullable=False, server_default=sa.text("0"))
    )
    """`relay.model.Stage`: how far this attempt got, as a rank that only rises."""
    start: int = Field(sa_column=sa.Column(sa.Integer, nullable=False, server_default=sa.text("0")))
    """How many characters of the words went before."""
    rest: int | None = Field(sa_column=sa.Column(sa.Integer, nullable=True))
    """Where the words go on that did not fit, once this attempt was taken."""
    answers_until: int | None = Field(sa_column=sa.Column(_BIG, nullable=True))
    """Until when it answers what its reader did herself, so that it comes at night too."""
    failed: int = Field(
        sa_column=sa.Column(sa.SmallInteger, nullable=False, server_default=sa.text("0"))
    )
    """How often the provider took it and then could not bring it to her phone."""
    troubled: int = Field(
        sa_column=sa.Column(sa.SmallInteger, nullable=False, server_default=sa.text("0"))
    )
    """The same where something else than her phone was to blame."""
    since: int = Field(sa_column=sa.Column(_BIG, nullable=False, server_default=sa.text("0")))
    """When it began to wait."""
    leader: int | None = Field(sa_column=sa.Column(_BIG, nullable=True))
    """The post whose copy it goes with, in one message: outcomes are of them all."""
    aside: int | None = Field(sa_column=sa.Column(_BIG, nullable=True))
    """The member with whom its reader has this alone: it comes from where she writes to her."""


class PendingRow(SQLModel, table=True):
    """A message that waits for a word of its author, sealed as a post is."""

    __tablename__ = "pending"
    __table_args__ = (sa.Index("pending_short", "group_id", "short", unique=True),)

    id: int = Field(sa_column=_id())
    member_id: int = Field(
        sa_column=sa.Column(
            _BIG, sa.ForeignKey("member.id", ondelete="CASCADE"), nullable=False, index=True
        )
    )
    group_id: int = Field(sa_column=sa.Column(_BIG, sa.ForeignKey("groups.id"), nullable=False))
    reader_id: int | None = Field(sa_column=sa.Column(_BIG, nullable=True))
    why: str = Field(max_length=16)
    made: int = Field(sa_column=sa.Column(_BIG, nullable=False))
    """When, in milliseconds: her word is about her newest."""
    key_id: int = Field(sa_column=sa.Column(_BIG, nullable=False))
    body: bytes
    expires: int = Field(sa_column=sa.Column(_BIG, nullable=False, index=True))
    short: int | None = Field(sa_column=sa.Column(sa.Integer, nullable=True))
    """What a facilitator calls it by, in its group."""


class BlockRow(SQLModel, table=True):
    """A keyed index of two contacts in a group, of whom one may not write to the other alone."""

    __tablename__ = "block"

    blind: bytes = Field(sa_column=sa.Column(sa.LargeBinary(16), primary_key=True))
    group_id: int = Field(
        sa_column=sa.Column(
            _BIG, sa.ForeignKey("groups.id", ondelete="CASCADE"), nullable=False, index=True
        )
    )


class StrikeRow(SQLModel, table=True):
    """A day on which a member's mailbox gave something back."""

    __tablename__ = "strike"

    member_id: int = Field(
        sa_column=sa.Column(_BIG, sa.ForeignKey("member.id", ondelete="CASCADE"), primary_key=True)
    )
    day: int = Field(sa_column=sa.Column(sa.Integer, primary_key=True, autoincrement=False))


class SeenRow(SQLModel, table=True):
    """A keyed index of a provider's message id, so that a repeat does nothing."""

    __tablename__ = "seen"

    blind: bytes = Field(sa_column=sa.Column(sa.LargeBinary(16), primary_key=True))
    until_day: int = Field(sa_column=sa.Column(sa.Integer, nullable=False, index=True))


class TallyRow(SQLModel, table=True):
    """How often something happened on a day, in the whole programme. Never per person."""

    __tablename__ = "tally"

    day: int = Field(sa_column=sa.Column(sa.Integer, primary_key=True, autoincrement=False))
    word: str = Field(sa_column=sa.Column(sa.String(16), primary_key=True))
    count: int = Field(sa_column=sa.Column(_BIG, nullable=False))


class LossRow(SQLModel, table=True):
    """How many messages to a group nobody in it saw, by day. Never per person."""

    __tablename__ = "loss"

    group_id: int = Field(
        sa_column=sa.Column(_BIG, sa.ForeignKey("groups.id", ondelete="CASCADE"), primary_key=True)
    )
    day: int = Field(sa_column=sa.Column(sa.Integer, primary_key=True, autoincrement=False))
    why: str = Field(sa_column=sa.Column(sa.String(16), primary_key=True))
    count: int = Field(sa_column=sa.Column(_BIG, nullable=False))
    told: bool = Field(sa_column=sa.Column(sa.Boolean, nullable=False, server_default=sa.false()))
    """Whether the group's facilitators have been told."""


class HappenedRow(SQLModel, table=True):
    """How often something happened in a group on a day. Never per person, and not what it was."""

    __tablename__ = "happened"

    group_id: int = Field(
        sa_column=sa.Column(_BIG, sa.ForeignKey("groups.id", ondelete="CASCADE"), primary_key=True)
    )
    day: int = Field(sa_column=sa.Column(sa.Integer, primary_key=True, autoincrement=False))
    word: str = Field(sa_column=sa.Column(sa.String(16), primary_key=True))
    count: int = Field(sa_column=sa.Column(_BIG, nullable=False))


class SpentRow(SQLModel, table=True):
    """What a group, an author or the whole programme was charged on a day, in segments."""

    __tablename__ = "spent"

    owner: int = Field(sa_column=sa.Column(_BIG, primary_key=True, autoincrement=False))
    """A keyed index of a group or a member, or 0 for all."""
    day: int = Field(sa_column=sa.Column(sa.Integer, primary_key=True, autoincrement=False))
    units: int = Field(sa_column=sa.Column(_BIG, nullable=False))
    told: bool = Field(sa_column=sa.Column(sa.Boolean, nullable=False, server_default=sa.false()))
    """Whether facilitators have been told that most of the day's budget is spent."""


class ErasureRow(SQLModel, table=True):
    """Something a provider still keeps and is to delete."""

    __tablename__ = "erasure"

    blind: bytes = Field(sa_column=sa.Column(sa.LargeBinary(16), primary_key=True))
    sealed: bytes
    """The provider's id of it."""
    due: int = Field(sa_column=sa.Column(_BIG, nullable=False, index=True))
    tries: int = Field(sa_column=sa.Column(sa.SmallInteger, nullable=False))
    until_day: int = Field(sa_column=sa.Column(sa.Integer, nullable=False))
    """The last day on which it is tried."""


class ReactionRow(SQLModel, table=True):
    """How often members of a group reacted since its last post. Never per person."""

    __tablename__ = "reaction"

    group_id: int = Field(
        sa_column=sa.Column(_BIG, sa.ForeignKey("groups.id", ondelete="CASCADE"), primary_key=True)
    )
    sign: str = Field(sa_column=sa.Column(sa.String(16), primary_key=True))
    count: int = Field(sa_column=sa.Column(_BIG, nullable=False))


class TalkRow(SQLModel, table=True):
    """What a group is talking about: the first post of its last thread, and its subject.

    The subject is sealed as a post is; where there is none, nothing is.
    """

    __tablename__ = "talk"

    group_id: int = Field(
        sa_column=sa.Column(_BIG, sa.ForeignKey("groups.id", ondelete="CASCADE"), primary_key=True)
    )
    root: int = Field(sa_column=sa.Column(_BIG, nullable=False))
    key_id: int | None = Field(sa_column=sa.Column(_BIG, nullable=True))
    body: bytes | None = Field(sa_column=sa.Column(sa.LargeBinary, nullable=True))
    expires: int = Field(sa_column=sa.Column(_BIG, nullable=False, index=True))


class InviteRow(SQLModel, table=True):
    """An invitation that has not been taken up. One a member; a new one takes its place."""

    __tablename__ = "invite"

    member_id: int = Field(
        sa_column=sa.Column(
            _BIG,
            sa.ForeignKey("member.id", ondelete="CASCADE"),
            primary_key=True,
            autoincrement=False,
        )
    )
    blind: bytes = Field(sa_column=_blind())
    """A keyed index of its code, bound to the member."""
    until: int = Field(sa_column=sa.Column(_BIG, nullable=False, index=True))
    tries: int = Field(
        sa_column=sa.Column(sa.SmallInteger, nullable=False, server_default=sa.text("0"))
    )
    """How often a wrong code was said."""


class VoucherRow(SQLModel, table=True):
    """A keyed index of a member and one who vouched for her, until she is let in."""

    __tablename__ = "voucher"

    blind: bytes = Field(sa_column=sa.Column(sa.LargeBinary(16), primary_key=True))
    member_id: int = Field(
        sa_column=sa.Column(
            _BIG, sa.ForeignKey("member.id", ondelete="CASCADE"), nullable=False, index=True
        )
    )


class AvoidRow(SQLModel, table=True):
    """A keyed index of a contact with whom a member must never share a group."""

    __tablename__ = "avoid"

    blind: bytes = Field(sa_column=sa.Column(sa.LargeBinary(16), primary_key=True))
    member_id: int = Field(
        sa_column=sa.Column(
            _BIG,
            sa.ForeignKey("member.id", ondelete="CASCADE"),
            primary_key=True,
            autoincrement=False,
            index=True,
        )
    )


class RestingNameRow(SQLModel, table=True):
    """A freed pseudonym, as a keyed index, that nobody may take yet."""

    __tablename__ = "resting_name"

    blind: bytes = Field(sa_column=sa.Column(sa.LargeBinary(16), primary_key=True))
    group_id: int = Field(
        sa_column=sa.Column(
            _BIG, sa.ForeignKey("groups.id", ondelete="CASCADE"), nullable=False, index=True
        )
    )
    until_day: int = Field(sa_column=sa.Column(sa.Integer, nullable=False, index=True))
    holder: bytes = Field(sa_column=_blind())
    """A keyed index of the contact of who had it: she may take it back."""


class BannedRow(SQLModel, table=True):
    """A keyed index of a contact that was taken out of a group for good."""

    __tablename__ = "banned"

    blind: bytes = Field(sa_column=sa.Column(sa.LargeBinary(16), primary_key=True))
    group_id: int = Field(
        sa_column=sa.Column(
            _BIG, sa.ForeignKey("groups.id", ondelete="CASCADE"), nullable=False, index=True
        )
    )


class OptedOutRow(SQLModel, table=True):
    """A keyed index of a contact that said stop to all of us, until it is taken back."""

    __tablename__ = "opted_out"

    blind: bytes = Field(sa_column=sa.Column(sa.LargeBinary(16), primary_key=True))


class PlannedRow(SQLModel, table=True):
    """A post that is to come later, or again and again; sealed under the key of its group."""

    __tablename__ = "planned"
    __table_args__ = (sa.UniqueConstraint("group_id", "short", name="planned_short"),)

    id: int = Field(sa_column=_id())
    group_id: int = Field(
        sa_column=sa.Column(_BIG, sa.ForeignKey("groups.id", ondelete="CASCADE"), nullable=False)
    )
    member_id: int = Field(
        sa_column=sa.Column(
            _BIG, sa.ForeignKey("member.id", ondelete="CASCADE"), nullable=False, index=True
        )
    )
    short: int = Field(sa_column=sa.Column(sa.Integer, nullable=False))
    due: int = Field(sa_column=sa.Column(_BIG, nullable=False, index=True))
    sealed: bytes


class AlarmRow(SQLModel, table=True):
    """A cry for help that no facilitator has answered yet."""

    __tablename__ = "alarm"
    __table_args__ = (sa.UniqueConstraint("group_id", "short", name="alarm_short"),)

    id: int = Field(sa_column=_id())
    group_id: int = Field(
        sa_column=sa.Column(_BIG, sa.ForeignKey("groups.id", ondelete="CASCADE"), nullable=False)
    )
    member_id: int = Field(
        sa_column=sa.Column(
            _BIG, sa.ForeignKey("member.id", ondelete="CASCADE"), nullable=False, index=True
        )
    )
    short: int = Field(sa_column=sa.Column(sa.Integer, nullable=False))
    due: int = Field(sa_column=sa.Column(_BIG, nullable=False, index=True))
    """When the next facilitator is called."""
    called: bytes
    """Who has been called, sealed under the key of the group."""


class ConsentRow(SQLModel, table=True):
    """A keyed index of two members, of whom one lets the other write to her alone."""

    __tablename__ = "consent"

    blind: bytes = Field(sa_column=sa.Column(sa.LargeBinary(16), primary_key=True))
    member_id: int = Field(
        sa_column=sa.Column(
            _BIG, sa.ForeignKey("member.id", ondelete="CASCADE"), nullable=False, index=True
        )
    )
    """Who was asked."""
    until: int | None = Field(sa_column=sa.Column(_BIG, nullable=True))
    """Until when she may say yes; empty once she has."""
    sealed: bytes
    """Whom it is about, and the numbers of their line, under her key."""


class PulseRow(SQLModel, table=True):
    """A question that a group is being asked, and its counts. Nothing of who answered."""

    __tablename__ = "pulse"

    group_id: int = Field(
        sa_column=sa.Column(
            _BIG,
            sa.ForeignKey("groups.id", ondelete="CASCADE"),
            primary_key=True,
            autoincrement=False,
        )
    )
    sealed: bytes
    """The question and the counts, under the key of the group."""
    closes: int = Field(sa_column=sa.Column(_BIG, nullable=False, index=True))


METADATA = SQLModel.metadata
NUMBER = METADATA.tables["number"]
GROUP = METADATA.tables["groups"]
MEMBER = METADATA.tables["member"]
ROUTE = METADATA.tables["route"]
POST = METADATA.tables["post"]
DELIVERY = METADATA.tables["delivery"]
SEEN = METADATA.tables["seen"]
TALLY = METADATA.tables["tally"]
PENDING = METADATA.tables["pending"]
BLOCK = METADATA.tables["block"]
STRIKE = METADATA.tables["strike"]
LOSS = METADATA.tables["loss"]
HAPPENED = METADATA.tables["happened"]
SPENT = METADATA.tables["spent"]
ERASURE = METADATA.tables["erasure"]
REACTION = METADATA.tables["reaction"]
TALK = METADATA.tables["talk"]
INVITE = METADATA.tables["invite"]
VOUCHER = METADATA.tables["voucher"]
AVOID = METADATA.tables["avoid"]
RESTING_NAME = METADATA.tables["resting_name"]
BANNED = METADATA.tables["banned"]
OPTED_OUT = METADATA.tables["opted_out"]
PLANNED = METADATA.tables["planned"]
ALARM = METADATA.tables["alarm"]
CONSENT = METADATA.tables["consent"]
PULSE = METADATA.tables["pulse"]
