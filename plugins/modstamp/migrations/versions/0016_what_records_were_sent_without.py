"""What records were sent without, so that they are looked at again once it is linked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sync_missing",
        sa.Column("mapping", sa.String(length=100), nullable=False),
        sa.Column("record_id", sa.Text(), nullable=False, comment="internal id"),
        sa.Column("awaited", sa.Text(), nullable=False, comment="type:id of what it names and what has no link"),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("mapping", "record_id", "awaited", name=op.f("pk_sync_missing")),
        comment="What records were sent without: once it is linked they are looked at again",
    )


def downgrade() -> None:
    op.drop_table("sync_missing")
