"""Opportunities, and the sequences that prospects are in."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_USER_KEY = "CONSTRAINT prospects_current_sequence_user_id_fkey REFERENCES users (id)"
_PANEL: tuple[sa.Column[Any], ...] = (
    sa.Column(
        "current_sequence_id",
        sa.BigInteger(),
        nullable=True,
        comment="this and the following: kept by the database (OSF-166)",
    ),
    sa.Column(
        "current_sequence_name", sa.String(length=255), nullable=True, comment="the sequence that the prospect is in"
    ),
    sa.Column("current_sequence_status", sa.String(length=40), nullable=True),
    sa.Column("current_sequence_step_number", sa.Integer(), nullable=True),
    sa.Column("current_sequence_step_due", sa.Date(), nullable=True),
    sa.Column("current_sequence_step_type", sa.String(length=40), nullable=True),
    sa.Column(
        "actively_sequenced",
        sa.Boolean(),
        server_default=sa.text("false"),
        nullable=False,
        comment="in a sequence that goes on",
    ),
)


def _refer_to_users() -> None:
    """SQLite takes a reference with its column only, and knows no comments."""
    postgresql = op.get_context().dialect.name == "postgresql"
    kind = "BIGINT" if postgresql else "INTEGER"
    op.execute(f"ALTER TABLE prospects ADD COLUMN current_sequence_user_id {kind} {_USER_KEY}")
    if postgresql:
        op.execute("COMMENT ON COLUMN prospects.current_sequence_user_id IS 'who works on the prospect there'")


def upgrade() -> None:
    op.create_table(
        "opportunity_stages",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), sa.Identity(always=False), nullable=False
        ),
        sa.Column("name", sa.String(length=255), nullable=False, comment="compared exactly"),
        sa.Column("position", sa.Integer(), nullable=True, comment="order on the screen"),
        sa.Column(
            "probability",
            sa.Numeric(precision=5, scale=2, asdecimal=False),
            nullable=True,
            comment="percent, of a new opportunity in this stage",
        ),
        sa.Column("closed", sa.Boolean(), server_default=sa.text("false"), nullable=False, comment="nothing follows"),
        sa.Column("won", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("CURRENT_TIMESTAMP"), nullable=False
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("CURRENT_TIMESTAMP"),
            nullable=False,
            comment="last edit",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("opportunity_stages_pkey")),
        sa.UniqueConstraint("name", name=op.f("opportunity_stages_name_key")),
        comment="How far an opportunity has come",
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("opportunity_stages", schema=None) as batch_op:
        batch_op.create_index("opportunity_stages_name_lower", [sa.literal_column("lower(name)")], unique=False)

    op.create_table(
        "sequences",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), sa.Identity(always=False), nullable=False
        ),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("CURRENT_TIMESTAMP"), nullable=False
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("CURRENT_TIMESTAMP"),
            nullable=False,
            comment="last edit",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("sequences_pkey")),
        comment="Steps in which a prospect is approached",
        sqlite_autoincrement=True,
    )
    op.create_table(
        "sequence_steps",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), sa.Identity(always=False), nullable=False
        ),
        sa.Column("sequence_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, comment="place in the sequence, from 1"),
        sa.Column("type", sa.String(length=40), nullable=False, comment="auto_email, manual_email, call, task"),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("CURRENT_TIMESTAMP"), nullable=False
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("CURRENT_TIMESTAMP"),
            nullable=False,
            comment="last edit",
        ),
        sa.ForeignKeyConstraint(["sequence_id"], ["sequences.id"], name=op.f("sequence_steps_sequence_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("sequence_steps_pkey")),
        comment="One step of a sequence",
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("sequence_steps", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("sequence_steps_sequence_id"), ["sequence_id"], unique=False)

    op.create_table(
        "opportunities",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), sa.Identity(always=False), nullable=False
        ),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column(
            "account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True, comment="who would buy"
        ),
        sa.Column(
            "owner_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
            comment="who looks after it",
        ),
        sa.Column(
            "stage_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
            comment="how far it has come",
        ),
        sa.Column("amount", sa.Numeric(precision=18, scale=2, asdecimal=False), nullable=True),
        sa.Column("probability", sa.Numeric(precision=5, scale=2, asdecimal=False), nullable=True, comment="percent"),
        sa.Column("close_date", sa.Date(), nullable=True),
        sa.Column("type", sa.String(length=255), nullable=True),
        sa.Column("next_step", sa.String(length=255), nullable=True),
        sa.Column("source", sa.String(length=255), nullable=True, comment="where it came from"),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("CURRENT_TIMESTAMP"), nullable=False
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("CURRENT_TIMESTAMP"),
            nullable=False,
            comment="last edit",
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("opportunities_account_id_fkey")),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("opportunities_owner_id_fkey")),
        sa.ForeignKeyConstraint(["stage_id"], ["opportunity_stages.id"], name=op.f("opportunities_stage_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("opportunities_pkey")),
        comment="What accounts may buy",
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("opportunities", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("opportunities_account_id"), ["account_id"], unique=False)
        batch_op.create_index("opportunities_name_lower", [sa.literal_column("lower(name)")], unique=False)
        batch_op.create_index(batch_op.f("opportunities_owner_id"), ["owner_id"], unique=False)
        batch_op.create_index(batch_op.f("opportunities_stage_id"), ["stage_id"], unique=False)

    op.create_table(
        "opportunity_prospect_roles",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), sa.Identity(always=False), nullable=False
        ),
        sa.Column("opportunity_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("prospect_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("role", sa.String(length=255), nullable=True),
        sa.Column(
            "is_primary",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="the first one to talk to",
        ),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("CURRENT_TIMESTAMP"), nullable=False
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("CURRENT_TIMESTAMP"),
            nullable=False,
            comment="last edit",
        ),
        sa.ForeignKeyConstraint(
            ["opportunity_id"], ["opportunities.id"], name=op.f("opportunity_prospect_roles_opportunity_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["prospect_id"], ["prospects.id"], name=op.f("opportunity_prospect_roles_prospect_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("opportunity_prospect_roles_pkey")),
        comment="What part a prospect has in an opportunity",
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("opportunity_prospect_roles", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("opportunity_prospect_roles_opportunity_id"), ["opportunity_id"], unique=False)
        batch_op.create_index(batch_op.f("opportunity_prospect_roles_prospect_id"), ["prospect_id"], unique=False)

    op.create_table(
        "sequence_states",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), sa.Identity(always=False), nullable=False
        ),
        sa.Column("prospect_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sequence_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "step_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
            comment="the step that is done next",
        ),
        sa.Column(
            "user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True, comment="who does it"
        ),
        sa.Column(
            "status",
            sa.String(length=40),
            nullable=False,
            comment="Pending, Active, Paused, Paused OOTO, Failed, Finished, …",
        ),
        sa.Column("due_on", sa.Date(), nullable=True, comment="of the step's task"),
        sa.Column(
            "started_at", sa.DateTime(timezone=True), server_default=sa.text("CURRENT_TIMESTAMP"), nullable=False
        ),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("CURRENT_TIMESTAMP"), nullable=False
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("CURRENT_TIMESTAMP"),
            nullable=False,
            comment="last edit",
        ),
        sa.ForeignKeyConstraint(["prospect_id"], ["prospects.id"], name=op.f("sequence_states_prospect_id_fkey")),
        sa.ForeignKeyConstraint(["sequence_id"], ["sequences.id"], name=op.f("sequence_states_sequence_id_fkey")),
        sa.ForeignKeyConstraint(["step_id"], ["sequence_steps.id"], name=op.f("sequence_states_step_id_fkey")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("sequence_states_user_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("sequence_states_pkey")),
        comment="Where a prospect is in a sequence",
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("sequence_states", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("sequence_states_prospect_id"), ["prospect_id"], unique=False)
        batch_op.create_index(batch_op.f("sequence_states_sequence_id"), ["sequence_id"], unique=False)
        batch_op.create_index(batch_op.f("sequence_states_step_id"), ["step_id"], unique=False)
        batch_op.create_index(batch_op.f("sequence_states_user_id"), ["user_id"], unique=False)

    # Not by a copy of the table: SQLite does not tell what its indexes are made of.
    for column in _PANEL:
        op.add_column("prospects", column)
    _refer_to_users()


def downgrade() -> None:
    if op.get_context().dialect.name == "sqlite":
        # It drops no column that a trigger names.
        for event in ("insert", "update", "rekey", "delete"):
            op.execute(f"DROP TRIGGER IF EXISTS modstamp_prospects_{event}")
    op.drop_column("prospects", "current_sequence_user_id")
    for column in _PANEL:
        op.drop_column("prospects", column.name)
    with op.batch_alter_table("sequence_states", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("sequence_states_user_id"))
        batch_op.drop_index(batch_op.f("sequence_states_step_id"))
        batch_op.drop_index(batch_op.f("sequence_states_sequence_id"))
        batch_op.drop_index(batch_op.f("sequence_states_prospect_id"))

    op.drop_table("sequence_states")
    with op.batch_alter_table("opportunity_prospect_roles", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("opportunity_prospect_roles_prospect_id"))
        batch_op.drop_index(batch_op.f("opportunity_prospect_roles_opportunity_id"))

    op.drop_table("opportunity_prospect_roles")
    with op.batch_alter_table("opportunities", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("opportunities_stage_id"))
        batch_op.drop_index(batch_op.f("opportunities_owner_id"))
        batch_op.drop_index("opportunities_name_lower")
        batch_op.drop_index(batch_op.f("opportunities_account_id"))

    op.drop_table("opportunities")
    with op.batch_alter_table("sequence_steps", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("sequence_steps_sequence_id"))

    op.drop_table("sequence_steps")
    op.drop_table("sequences")
    with op.batch_alter_table("opportunity_stages", schema=None) as batch_op:
        batch_op.drop_index("opportunity_stages_name_lower")

    op.drop_table("opportunity_stages")
