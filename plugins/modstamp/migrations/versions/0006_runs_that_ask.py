"""Runs that ask before they write, and run ids as long as Airflow's."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_RUN_IDS = {
    "sync_actions": "run_id",
    "sync_calls": "run_id",
    "sync_history": "run_id",
    "sync_intents": "run_id",
    "sync_leases": "holder",
    "sync_quarantine": "run_id",
    "sync_runs": "id",
    "sync_validations": "run_id",
}
_STATES = "running, completed, paused{held} or failed"


def upgrade() -> None:
    op.create_table(
        "sync_holds",
        sa.Column("mapping", sa.String(100), nullable=False),
        sa.Column("direction", sa.String(10), nullable=False),
        sa.Column("run_id", sa.String(600), nullable=False, comment="the run that last counted"),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column(
            "counts",
            sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql"),
            nullable=False,
            comment="create, update, delete or emptied → records",
        ),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decision", sa.String(10), comment="approved or rejected; None: nobody has answered yet"),
        sa.Column("decided_by", sa.String(200)),
        sa.Column("decided_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("mapping", "direction"),
        comment="Runs that ask before they write (G28)",
    )
    _lengthen(600, 200)
    _comment(_STATES.format(held=", held"), _STATES.format(held=""))


def downgrade() -> None:
    _comment(_STATES.format(held=""), _STATES.format(held=", held"))
    _lengthen(200, 600)
    op.drop_table("sync_holds")


def _lengthen(length: int, before: int) -> None:
    for table, column in _RUN_IDS.items():
        with op.batch_alter_table(table) as batch:
            batch.alter_column(column, type_=sa.String(length), existing_type=sa.String(before))


def _comment(new: str, old: str) -> None:
    if op.get_bind().dialect.name == "postgresql":  # SQLite keeps no comments
        op.alter_column("sync_runs", "status", comment=new, existing_comment=old)
