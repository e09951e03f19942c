"""Records of which a person has said that they match nothing."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_RECORD = "internal id for pushing, external id for polling"


def upgrade() -> None:
    op.create_table(
        "sync_choices",
        sa.Column("mapping", sa.String(length=100), nullable=False),
        sa.Column("direction", sa.String(length=10), nullable=False),
        sa.Column("record_id", sa.Text(), nullable=False, comment=_RECORD),
        sa.Column("chosen_by", sa.String(length=200), nullable=False),
        sa.Column("chosen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("mapping", "direction", "record_id", name=op.f("pk_sync_choices")),
        comment="Records that match nothing, as a person says: the next run makes them anew on the other side",
    )


def downgrade() -> None:
    op.drop_table("sync_choices")
