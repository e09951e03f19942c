"""Tell runs that reconcile and undo from those that sync, and say better what the history holds."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_COMMENTS = (
    (
        "sync_actions",
        "status",
        "created, updated, linked, deleted, withheld, quarantined, held, waiting, …",
        "created, updated, linked, deleted, withheld, quarantined, held, waiting, purged, …",
    ),
    ("sync_history", "new", None, "as the side showed it after the write; what was sent, where it showed nothing"),
    (
        "sync_history",
        "rule",
        "edit, create, fill_blank, newest, crm, engagement, …; 'lost:' before it when the value lost",
        "edit, fill_blank, newest, crm, undo, …; 'lost:' before it: the old value is an edit that lost",
    ),
)


def upgrade() -> None:
    kind = sa.Column("kind", sa.String(12), nullable=False, server_default="sync", comment="sync, reconcile or undo")
    op.add_column("sync_runs", kind)
    _comment({(table, column): after for table, column, _, after in _COMMENTS})


def downgrade() -> None:
    _comment({(table, column): before for table, column, before, _ in _COMMENTS})
    op.drop_column("sync_runs", "kind")


def _comment(comments: dict[tuple[str, str], str | None]) -> None:
    """SQLite has no comments."""
    if op.get_bind().dialect.name == "postgresql":
        for (table, column), text in comments.items():
            op.alter_column(table, column, comment=text)
