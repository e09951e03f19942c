"""How mappings hear of tables that may not have our triggers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_JSON = sa.JSON(none_as_null=True).with_variant(
    postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), "postgresql"
)
_INSTEAD = "read in place of triggers, which may not be installed (G31)"
_UNTIL = "how far the change column has been read"
_SEEN = "record id → change time, of the records read within the lookback"


def upgrade() -> None:
    with op.batch_alter_table("sync_watches") as table:
        table.add_column(sa.Column("change_column", sa.Text(), nullable=True, comment=_INSTEAD))
        table.add_column(sa.Column("read_until", sa.DateTime(timezone=True), nullable=True, comment=_UNTIL))
        table.add_column(sa.Column("seen", _JSON, nullable=True, comment=_SEEN))


def downgrade() -> None:
    # Not by a copy of the table, which SQLite makes no room for while triggers name it.
    for name in ("seen", "read_until", "change_column"):
        op.drop_column("sync_watches", name)
