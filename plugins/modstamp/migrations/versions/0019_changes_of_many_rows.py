"""What changed in a statement of many rows is found in one pass.

Each trigger on changes asked whether there is a row that changed; PostgreSQL answers ``EXISTS`` over a join by looking
at every old row for every new one, as the first answer may come early. Where none of the columns had changed, a
statement took time by the square of its rows: 10,000 prospects a few seconds, 100,000 minutes.
"""
# ruff: noqa: S608 - no parameters

from __future__ import annotations

from collections.abc import Sequence

from modstamp.migrations.rewording import reword

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

# What the triggers look at, apart from the id.
_COLUMNS = (
    ("prospect_id", "user_id", "account_id", "meeting_type_id", "source"),
    ("booked_at", "prospect_id"),
    ("meeting_id", "email", "user_id", "prospect_id", "answer", "organizer"),
    ("email",),
    ("account_id",),
    ("name",),
    ("status",),
)


def _joined(columns: Sequence[str]) -> str:
    now, before = (", ".join(f"{each}.{column}" for column in columns) for each in ("present", "former"))
    return (
        "(SELECT present.* FROM new_rows AS present JOIN old_rows AS former ON former.id = present.id"
        f" WHERE ({now}) IS DISTINCT FROM ({before}))"
    )


def _without_equals(columns: Sequence[str]) -> str:
    read = ", ".join(("id", *columns))
    return f"(SELECT {read} FROM new_rows EXCEPT SELECT {read} FROM old_rows)"


_CHANGES = [(_joined(columns), _without_equals(columns)) for columns in _COLUMNS]


def upgrade() -> None:
    reword(dict(_CHANGES))


def downgrade() -> None:
    reword({new: old for old, new in _CHANGES})
