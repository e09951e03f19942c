"""What the runs of a window have done."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_JSON = sa.JSON(none_as_null=True).with_variant(
    postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), "postgresql"
)
_DONE = "in the window so far: create, update, delete or emptied → records (G28)"


def upgrade() -> None:
    with op.batch_alter_table("sync_cursors") as table:
        table.add_column(sa.Column("done", _JSON, nullable=True, comment=_DONE))


def downgrade() -> None:
    op.drop_column("sync_cursors", "done")
