"""What was done with a prospect outlives the prospect: its activities stay, and name nobody any longer.

On a meeting the attendee keeps address and name. Which of the two rows the database empties first is open, so what is
kept of meetings counts only prospects that are still there.
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

from modstamp.migrations.rewording import reword

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

# Table → what becomes of its row. The counts of a day are nobody's without the prospect.
_ACTIVITIES = {
    **dict.fromkeys(("meetings", "meeting_attendees", "mails", "calls", "texts", "tasks"), "SET NULL"),
    "mail_days": "CASCADE",
}
_REFERENCE = "FOREIGN KEY(prospect_id) REFERENCES prospects (id)"
# In the triggers of 0015: who is a prospect on a meeting, and who is listed.
_PROSPECT = "attendee.prospect_id IS NOT NULL AND attendee.user_id IS NULL"
_LISTED = "coalesce(attendee.user_id, attendee.prospect_id) IS NOT NULL"
_IS_THERE = "EXISTS (SELECT 1 FROM prospects AS person WHERE person.id = attendee.prospect_id)"
_CHANGES = (
    (_PROSPECT, f"{_PROSPECT} AND {_IS_THERE}"),
    (_LISTED, f"{_LISTED} AND (attendee.user_id IS NOT NULL OR {_IS_THERE})"),
)


def upgrade() -> None:
    for table, action in _ACTIVITIES.items():
        _refer(table, None, action)
    reword(dict(_CHANGES))


def downgrade() -> None:
    reword({new: old for old, new in _CHANGES})
    for table, action in _ACTIVITIES.items():
        _refer(table, action, None)


def _refer(table: str, before: str | None, after: str | None) -> None:
    """Whoever refers to a prospect that is deleted: `after` says what becomes of the row; None: it forbids that."""
    if op.get_context().dialect.name == "postgresql":
        name = f"{table}_prospect_id_fkey"
        op.drop_constraint(name, table, type_="foreignkey")
        op.create_foreign_key(name, table, "prospects", ["prospect_id"], ["id"], ondelete=after)
        return
    # Rebuilding a table would take its triggers away, and the rows of those that refer to it. This is what SQLite's
    # manual has for changes that touch no row: https://www.sqlite.org/lang_altertable.html#otheralter
    connection = op.get_bind()
    old, new = (f"{_REFERENCE} ON DELETE {action}" if action else _REFERENCE for action in (before, after))
    version = connection.execute(text("PRAGMA schema_version")).scalar_one()
    connection.execute(text("PRAGMA writable_schema = ON"))
    statement = "UPDATE sqlite_master SET sql = replace(sql, :old, :new) WHERE type = 'table' AND name = :name"
    connection.execute(text(statement), {"old": old, "new": new, "name": table})
    connection.execute(text(f"PRAGMA schema_version = {version + 1}"))
    connection.execute(text("PRAGMA writable_schema = OFF"))
