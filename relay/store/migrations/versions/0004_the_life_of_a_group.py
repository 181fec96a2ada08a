"""Roles, urgent and bundled copies, invitations, what is planned, cries, consent, questions."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """From 0003."""
    _columns()
    _members_tables()
    _groups_tables()
    _blocks_of_groups()
    op.create_table(
        "opted_out",
        sa.Column("blind", sa.LargeBinary(length=16), nullable=False),
        sa.PrimaryKeyConstraint("blind"),
    )


def _columns() -> None:
    """In place: a table made anew, as alembic's batches do, would take along what refers to it."""
    op.add_column(
        "member", sa.Column("role", sa.String(length=16), nullable=False, server_default="member")
    )
    op.execute("UPDATE member SET role = 'facilitator' WHERE facilitator")
    op.drop_column("member", "facilitator")
    op.add_column("member", sa.Column("left_day", sa.Integer(), nullable=True))
    op.add_column(
        "post", sa.Column("urgent", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.create_index(
        "post_urgent",
        "post",
        ["id"],
        sqlite_where=sa.text("urgent = 1"),
        postgresql_where=sa.text("urgent"),
    )
    op.add_column("post", sa.Column("reporter_id", _BIG, nullable=True))
    since = sa.Column("since", _BIG, nullable=False, server_default=sa.text("0"))
    op.add_column("delivery", since)
    op.add_column("delivery", sa.Column("leader", _BIG, nullable=True))
    op.add_column("delivery", sa.Column("aside", _BIG, nullable=True))
    op.add_column("pending", sa.Column("short", sa.Integer(), nullable=True))
    op.create_index("pending_short", "pending", ["group_id", "short"], unique=True)


def _blocks_of_groups() -> None:
    """Who blocked whom is the group's to keep: it outlives the two. Nothing refers to the table."""
    op.rename_table("block", "block_before")
    op.drop_index("ix_block_member_id", "block_before")
    op.create_table(
        "block",
        sa.Column("blind", sa.LargeBinary(length=16), nullable=False),
        sa.Column("group_id", _BIG, nullable=False),
        sa.PrimaryKeyConstraint("blind", name="block_in_group"),
        _of("group_id", "groups"),
    )
    op.execute(
        "INSERT INTO block (blind, group_id) SELECT block_before.blind, member.group_id "
        "FROM block_before JOIN member ON member.id = block_before.member_id"
    )
    op.drop_table("block_before")
    op.create_index("ix_block_group_id", "block", ["group_id"])


def _of(column: str, table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{table}.id"], ondelete="CASCADE")


def _members_tables() -> None:
    op.create_table(
        "invite",
        sa.Column("member_id", _BIG, autoincrement=False, nullable=False),
        sa.Column("blind", sa.LargeBinary(length=16), nullable=False),
        sa.Column("until", _BIG, nullable=False),
        sa.Column("tries", sa.SmallInteger(), nullable=False, server_default=sa.text("0")),
        sa.PrimaryKeyConstraint("member_id"),
        _of("member_id", "member"),
    )
    op.create_index("ix_invite_until", "invite", ["until"])
    op.create_table(
        "voucher",
        sa.Column("blind", sa.LargeBinary(length=16), nullable=False),
        sa.Column("member_id", _BIG, nullable=False),
        sa.PrimaryKeyConstraint("blind"),
        _of("member_id", "member"),
    )
    op.create_index("ix_voucher_member_id", "voucher", ["member_id"])
    op.create_table(
        "avoid",
        sa.Column("blind", sa.LargeBinary(length=16), nullable=False),
        sa.Column("member_id", _BIG, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("blind", "member_id"),
        _of("member_id", "member"),
    )
    op.create_index("ix_avoid_member_id", "avoid", ["member_id"])
    op.create_table(
        "consent",
        sa.Column("blind", sa.LargeBinary(length=16), nullable=False),
        sa.Column("member_id", _BIG, nullable=False),
        sa.Column("until", _BIG, nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("blind"),
        _of("member_id", "member"),
    )
    op.create_index("ix_consent_member_id", "consent", ["member_id"])


def _groups_tables() -> None:
    op.create_table(
        "happened",
        sa.Column("group_id", _BIG, nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("word", sa.String(length=16), nullable=False),
        sa.Column("count", _BIG, nullable=False),
        sa.PrimaryKeyConstraint("group_id", "day", "word"),
        _of("group_id", "groups"),
    )
    op.create_table(
        "resting_name",
        sa.Column("blind", sa.LargeBinary(length=16), nullable=False),
        sa.Column("group_id", _BIG, nullable=False),
        sa.Column("until_day", sa.Integer(), nullable=False),
        sa.Column("holder", sa.LargeBinary(length=16), nullable=False),
        sa.PrimaryKeyConstraint("blind"),
        _of("group_id", "groups"),
    )
    op.create_index("ix_resting_name_group_id", "resting_name", ["group_id"])
    op.create_index("ix_resting_name_until_day", "resting_name", ["until_day"])
    op.create_table(
        "banned",
        sa.Column("blind", sa.LargeBinary(length=16), nullable=False),
        sa.Column("group_id", _BIG, nullable=False),
        sa.PrimaryKeyConstraint("blind"),
        _of("group_id", "groups"),
    )
    op.create_index("ix_banned_group_id", "banned", ["group_id"])
    op.create_table(
        "planned",
        sa.Column("id", _BIG, autoincrement=False, nullable=False),
        sa.Column("group_id", _BIG, nullable=False),
        sa.Column("member_id", _BIG, nullable=False),
        sa.Column("short", sa.Integer(), nullable=False),
        sa.Column("due", _BIG, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("group_id", "short", name="planned_short"),
        _of("group_id", "groups"),
        _of("member_id", "member"),
    )
    op.create_index("ix_planned_member_id", "planned", ["member_id"])
    op.create_index("ix_planned_due", "planned", ["due"])
    op.create_table(
        "alarm",
        sa.Column("id", _BIG, autoincrement=False, nullable=False),
        sa.Column("group_id", _BIG, nullable=False),
        sa.Column("member_id", _BIG, nullable=False),
        sa.Column("short", sa.Integer(), nullable=False),
        sa.Column("due", _BIG, nullable=False),
        sa.Column("called", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("group_id", "short", name="alarm_short"),
        _of("group_id", "groups"),
        _of("member_id", "member"),
    )
    op.create_index("ix_alarm_member_id", "alarm", ["member_id"])
    op.create_index("ix_alarm_due", "alarm", ["due"])
    op.create_table(
        "pulse",
        sa.Column("group_id", _BIG, autoincrement=False, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("closes", _BIG, nullable=False),
        sa.PrimaryKeyConstraint("group_id"),
        _of("group_id", "groups"),
    )
    op.create_index("ix_pulse_closes", "pulse", ["closes"])
