"""How far a text got and what it cost, what Twilio still keeps, reactions, the last thread."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """From 0002."""
    with op.batch_alter_table("member") as member:
        member.add_column(sa.Column("heard_day", sa.Integer(), nullable=True))
    with op.batch_alter_table("delivery") as delivery:
        delivery.add_column(
            sa.Column("stage", sa.SmallInteger(), nullable=False, server_default=sa.text("0"))
        )
        delivery.add_column(
            sa.Column("start", sa.Integer(), nullable=False, server_default=sa.text("0"))
        )
        delivery.add_column(sa.Column("rest", sa.Integer(), nullable=True))
        delivery.add_column(sa.Column("answers_until", _BIG, nullable=True))
        delivery.add_column(
            sa.Column("failed", sa.SmallInteger(), nullable=False, server_default=sa.text("0"))
        )
        delivery.add_column(
            sa.Column("troubled", sa.SmallInteger(), nullable=False, server_default=sa.text("0"))
        )
    op.create_table(
        "spent",
        sa.Column("owner", _BIG, autoincrement=False, nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("units", _BIG, nullable=False),
        sa.Column("told", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.PrimaryKeyConstraint("owner", "day"),
    )
    op.create_table(
        "erasure",
        sa.Column("blind", sa.LargeBinary(length=16), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("due", _BIG, nullable=False),
        sa.Column("tries", sa.SmallInteger(), nullable=False),
        sa.Column("until_day", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("blind"),
    )
    op.create_index("ix_erasure_due", "erasure", ["due"])
    op.create_table(
        "reaction",
        sa.Column("group_id", _BIG, nullable=False),
        sa.Column("sign", sa.String(length=16), nullable=False),
        sa.Column("count", _BIG, nullable=False),
        sa.PrimaryKeyConstraint("group_id", "sign"),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], ondelete="CASCADE"),
    )
    op.create_table(
        "talk",
        sa.Column("group_id", _BIG, nullable=False),
        sa.Column("root", _BIG, nullable=False),
        sa.Column("key_id", _BIG, nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("expires", _BIG, nullable=False),
        sa.PrimaryKeyConstraint("group_id"),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], ondelete="CASCADE"),
    )
    op.create_index("ix_talk_expires", "talk", ["expires"])
