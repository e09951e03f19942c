"""PostgreSQL tells of pending entries when they are committed, so that the pushing DAG of a mapping starts at once.

On the table itself and not in the change triggers, so that whoever makes an entry due is heard, as who wakes a child.
"""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

# One notice per mapping and transaction: PostgreSQL sends equal ones once. Entries with a reason are left-overs of
# runs, which wait for the clock: one that waits would set off a run that leaves it again, for ever.
_FUNCTION = """
CREATE FUNCTION modstamp_notify() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    PERFORM pg_notify('modstamp_pending', found.mapping) FROM (
        SELECT DISTINCT mapping FROM new_rows
        WHERE direction = 'pushing' AND reason IS NULL AND waits_for IS NULL
    ) AS found;
    RETURN NULL;
END
$body$
"""
_EVENTS = ("INSERT", "UPDATE")


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute(_FUNCTION)
    for event in _EVENTS:
        op.execute(
            f"CREATE TRIGGER modstamp_notify_{event.lower()} AFTER {event} ON sync_pending "
            "REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION modstamp_notify()"
        )


def downgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for event in _EVENTS:
        op.execute(f"DROP TRIGGER modstamp_notify_{event.lower()} ON sync_pending")
    op.execute("DROP FUNCTION modstamp_notify()")
