"""Messages that wait for their author, masks that can be written to, bounces, what got lost."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """From 0001."""
    with op.batch_alter_table("route") as route:
        route.add_column(
            sa.Column("to_mask", sa.Boolean(), nullable=False, server_default=sa.false())
        )
    with op.batch_alter_table("post") as post:
        post.add_column(
            sa.Column("private", sa.Boolean(), nullable=False, server_default=sa.false())
        )
    op.create_table(
        "pending",
        sa.Column("id", _BIG, autoincrement=False, nullable=False),
        sa.Column("member_id", _BIG, nullable=False),
        sa.Column("group_id", _BIG, nullable=False),
        sa.Column("reader_id", _BIG, nullable=True),
        sa.Column("why", sa.String(length=16), nullable=False),
        sa.Column("made", _BIG, nullable=False),
        sa.Column("key_id", _BIG, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("expires", _BIG, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"]),
    )
    op.create_index("ix_pending_member_id", "pending", ["member_id"])
    op.create_index("ix_pending_expires", "pending", ["expires"])
    op.create_table(
        "block",
        sa.Column("blind", sa.LargeBinary(length=16), nullable=False),
        sa.Column("member_id", _BIG, nullable=False),
        sa.PrimaryKeyConstraint("blind"),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], ondelete="CASCADE"),
    )
    op.create_index("ix_block_member_id", "block", ["member_id"])
    op.create_table(
        "strike",
        sa.Column("member_id", _BIG, nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("member_id", "day"),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], ondelete="CASCADE"),
    )
    op.create_table(
        "loss",
        sa.Column("group_id", _BIG, nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("why", sa.String(length=16), nullable=False),
        sa.Column("count", _BIG, nullable=False),
        sa.Column("told", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.PrimaryKeyConstraint("group_id", "day", "why"),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], ondelete="CASCADE"),
    )
