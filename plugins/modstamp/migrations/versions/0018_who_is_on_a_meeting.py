"""Who is on a meeting is found by the meeting's index, also in a transaction that fills empty tables.

PostgreSQL plans a trigger's statements when it is first called and keeps the plan. While the tables are empty, all
indexes seem equally good, and the one of all prospects was taken for "has a prospect"; ``EXISTS`` was answered by
reading all prospects. With 1,000 attendees, one by one, each of them had 1,500 others and 9,000 prospects read.
"""
# ruff: noqa: S608 - no parameters

from __future__ import annotations

from modstamp.migrations.rewording import reword

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_PERSON = "prospects AS person WHERE person.id = attendee.prospect_id)"
_EXISTS, _FOUND = f"EXISTS (SELECT 1 FROM {_PERSON}", f"(SELECT person.id FROM {_PERSON} IS NOT NULL"
_NAMED = """meeting_attendees AS attendee
    WHERE attendee.meeting_id = meeting.id AND attendee.prospect_id = meeting.prospect_id"""
_CHANGES = (
    (f"attendee.prospect_id IS NOT NULL AND attendee.user_id IS NULL AND {_EXISTS}",
     f"coalesce(attendee.user_id, 0) = 0 AND {_FOUND}"),
    (f"attendee.user_id IS NOT NULL OR {_EXISTS}", f"attendee.user_id IS NOT NULL OR {_FOUND}"),
    (f"NOT EXISTS (\n    SELECT 1 FROM {_NAMED}\n)", f"(\n    SELECT attendee.id FROM {_NAMED} LIMIT 1\n) IS NULL"),
)  # fmt: skip


def upgrade() -> None:
    reword(dict(_CHANGES))


def downgrade() -> None:
    reword({new: old for old, new in _CHANGES})
