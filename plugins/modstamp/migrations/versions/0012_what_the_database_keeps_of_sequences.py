"""What the database keeps of sequences: the prospect's own columns say which one it is in (OSF-166 to OSF-174).

A prospect may have been in several sequences: the one that goes on counts before one that has stopped, a later one
before an earlier one, and a finished one not at all.
"""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_GOES_ON = "state.status IN ('Pending', 'Active')"
# For the prospects that fulfil {which}. Without a sequence, the outer join gives one row of nothing.
_KEEP = f"""
UPDATE prospects SET (
    current_sequence_id, current_sequence_name, current_sequence_status, current_sequence_step_number,
    current_sequence_step_type, current_sequence_step_due, current_sequence_user_id, actively_sequenced
) = (
    SELECT found.sequence_id, found.name, found.status, found.number, found.type, found.due_on, found.user_id,
        coalesce(found.goes_on, false)
    FROM (SELECT 1 AS one) AS always LEFT JOIN (
        SELECT state.sequence_id, sequence.name, state.status, step.number, step.type, state.due_on, state.user_id,
            {_GOES_ON} AS goes_on
        FROM sequence_states AS state
        JOIN sequences AS sequence ON sequence.id = state.sequence_id
        LEFT JOIN sequence_steps AS step ON step.id = state.step_id
        WHERE state.prospect_id = prospects.id AND state.status <> 'Finished'
        ORDER BY {_GOES_ON} DESC, state.started_at DESC, state.id DESC
        LIMIT 1
    ) AS found ON true
)
WHERE {{which}};"""  # noqa: S608 - no parameter
_OF_SEQUENCE = "id IN (SELECT prospect_id FROM sequence_states WHERE sequence_id = NEW.id)"
_OF_STEP = "id IN (SELECT prospect_id FROM sequence_states WHERE step_id = NEW.id)"
# Trigger → (table, event, the prospects that it concerns).
_TRIGGERS = {
    "keep_sequence_of_new_state": ("sequence_states", "INSERT", "id = NEW.prospect_id"),
    "keep_sequence_of_changed_state": ("sequence_states", "UPDATE", "id IN (OLD.prospect_id, NEW.prospect_id)"),
    "keep_sequence_of_deleted_state": ("sequence_states", "DELETE", "id = OLD.prospect_id"),
    "keep_name_of_sequence": ("sequences", "UPDATE", _OF_SEQUENCE),
    "keep_step_of_sequence": ("sequence_steps", "UPDATE", _OF_STEP),
}


def upgrade() -> None:
    postgresql = op.get_context().dialect.name == "postgresql"
    for name, (table, event, which) in _TRIGGERS.items():
        keep = _KEEP.format(which=which)
        if postgresql:
            body = f"BEGIN {keep} RETURN NULL; END"
            op.execute(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $body$ {body} $body$")
            body = f"EXECUTE FUNCTION {name}()"
        else:
            body = f"BEGIN {keep} END"
        op.execute(f"CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH ROW {body}")


def downgrade() -> None:
    for name, (table, *_) in _TRIGGERS.items():
        if op.get_context().dialect.name == "postgresql":
            op.execute(f"DROP TRIGGER {name} ON {table}")
            op.execute(f"DROP FUNCTION {name}()")
        else:
            op.execute(f"DROP TRIGGER {name}")
