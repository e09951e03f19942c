"""Which records a writer writes, for SQLite, whose triggers cannot tell who fired them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from modstamp.connectors.engagement.quoting import quoted

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def _create(*columns: sa.Column[str]) -> None:
    """The table is empty between transactions."""
    op.drop_table("sync_writer")
    op.create_table(
        "sync_writer",
        sa.Column("mapping", sa.String(length=100), nullable=False),
        *columns,
        sa.PrimaryKeyConstraint("mapping", *(column.name for column in columns)),
        comment="SQLite only: the mapping that writes in the open transaction (G5)",
    )


def upgrade() -> None:
    record = sa.Column(
        "record_id",
        sa.Text(),
        server_default="",
        nullable=False,
        comment="that it writes; empty: not told yet",
    )
    _create(record)


def downgrade() -> None:
    _drop_triggers()
    _create()


def _drop_triggers() -> None:
    """They name the column that goes, and SQLite renames no table while a trigger makes no sense."""
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        query = sa.text(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'modstamp\\_%' ESCAPE '\\'"
        )
        for name in connection.scalars(query).all():
            op.execute(f"DROP TRIGGER {quoted(name)}")
