"""How often a copy was reported as not delivered: not the same as how often it was tried."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """From 0003."""
    with op.batch_alter_table("delivery") as delivery:
        delivery.add_column(
            sa.Column("failed", sa.SmallInteger(), nullable=False, server_default=sa.text("0"))
        )
