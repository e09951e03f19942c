"""A statement of many rows takes time by their number, not by its square, whatever PostgreSQL knows of the tables.

Each trigger on changes asked whether there is a row that changed; PostgreSQL answers ``EXISTS`` over a join by looking
at every old row for every new one, as the first answer may come early: 10,000 prospects of which none had changed so
took seconds, 100,000 minutes. And of a table of which it has no statistics it expects few rows, so that it looked at
all rows of a statement for each of them. With an array of ids, and with a subquery in place of a join, it goes by the
index.
"""
# ruff: noqa: S608 - no parameters

from __future__ import annotations

from collections.abc import Sequence

from alembic import op

from modstamp.migrations.rewording import reword, rewrite

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


_PROSPECT = "prospects AS prospect ON prospect.id = meeting.prospect_id"
_CHANGES = (
    *((_joined(columns), _without_equals(columns)) for columns in _COLUMNS),
    ("prospect.email\nFROM", "(SELECT email FROM prospects WHERE id = meeting.prospect_id)\nFROM"),
    (f"meeting JOIN {_PROSPECT}\nWHERE", "meeting\nWHERE meeting.prospect_id IS NOT NULL AND"),
)
_IN, _END = "id IN (", ")"
_ANY, _END_OF_ANY = "id = ANY (ARRAY(", "))"


def upgrade() -> None:
    if op.get_context().dialect.name != "postgresql":
        return  # its triggers work row by row
    reword(dict(_CHANGES))
    rewrite(lambda definition: _enclosed(definition, (_IN, _END), (_ANY, _END_OF_ANY)))


def downgrade() -> None:
    if op.get_context().dialect.name != "postgresql":
        return
    rewrite(lambda definition: _enclosed(definition, (_ANY, _END_OF_ANY), (_IN, _END)))
    reword({new: old for old, new in _CHANGES})


def _enclosed(definition: str, old: tuple[str, str], new: tuple[str, str]) -> str:
    """With other words around each query of a statement's rows."""
    begun = definition.find(old[0])
    if begun < 0:
        return definition
    head, rest = definition[:begun], definition[begun + len(old[0]) :]
    length = _length_of_query(rest)
    query, rest = rest[:length], rest[length:]
    if "_rows" in query:
        return head + new[0] + query + new[1] + _enclosed(rest.removeprefix(old[1]), old, new)
    return head + old[0] + _enclosed(query + rest, old, new)


def _length_of_query(text: str) -> int:
    """Up to the bracket that closes it."""
    depth = 1
    for position, character in enumerate(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth == 0:
            return position
    raise ValueError(f"brackets that do not close: {text}")
