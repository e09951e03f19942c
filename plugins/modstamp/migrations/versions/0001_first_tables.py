"""First tables."""
# ruff: noqa: PLR0915 - one statement per table and index

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "roles",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), sa.Identity(always=False), nullable=False
        ),
        sa.Column("name", sa.String(length=80), nullable=False, comment="matches the other side's role"),
        sa.Column(
            "parent_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True, comment="the role above"
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
        sa.ForeignKeyConstraint(["parent_id"], ["roles.id"], name=op.f("roles_parent_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("roles_pkey")),
        comment="Places in the hierarchy of users",
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("roles", schema=None) as batch_op:
        batch_op.create_index("roles_name_lower", [sa.literal_column("lower(name)")], unique=False)
        batch_op.create_index(batch_op.f("roles_parent_id"), ["parent_id"], unique=False)

    op.create_table(
        "stages",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), sa.Identity(always=False), nullable=False
        ),
        sa.Column("name", sa.String(length=80), nullable=False, comment="compared exactly"),
        sa.Column("color", sa.String(length=20), nullable=True),
        sa.Column("position", sa.Integer(), nullable=True, comment="order on the screen"),
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
        sa.PrimaryKeyConstraint("id", name=op.f("stages_pkey")),
        sa.UniqueConstraint("name", name=op.f("stages_name_key")),
        comment="How far a prospect has come",
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("stages", schema=None) as batch_op:
        batch_op.create_index("stages_name_lower", [sa.literal_column("lower(name)")], unique=False)

    op.create_table(
        "users",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), sa.Identity(always=False), nullable=False
        ),
        sa.Column("email", sa.String(length=254), nullable=False, comment="one user per address, whatever its case"),
        sa.Column("username", sa.String(length=80), nullable=True),
        sa.Column("first_name", sa.String(length=80), nullable=True),
        sa.Column("last_name", sa.String(length=80), nullable=True),
        sa.Column("title", sa.String(length=128), nullable=True),
        sa.Column("phone", sa.String(length=40), nullable=True),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False, comment="may own records"),
        sa.Column(
            "role_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
            comment="place in the hierarchy",
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
        sa.ForeignKeyConstraint(["role_id"], ["roles.id"], name=op.f("users_role_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("users_pkey")),
        comment="People who work with prospects",
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.create_index("users_email_lower", [sa.literal_column("lower(email)")], unique=True)
        batch_op.create_index(batch_op.f("users_role_id"), ["role_id"], unique=False)

    op.create_table(
        "accounts",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), sa.Identity(always=False), nullable=False
        ),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("website", sa.String(length=255), nullable=True),
        sa.Column("phone", sa.String(length=40), nullable=True),
        sa.Column("industry", sa.String(length=120), nullable=True),
        sa.Column("employees", sa.Integer(), nullable=True),
        sa.Column("revenue", sa.Numeric(precision=18, scale=2, asdecimal=False), nullable=True, comment="per year"),
        sa.Column("city", sa.String(length=80), nullable=True),
        sa.Column("country", sa.String(length=80), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column(
            "owner_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
            comment="who looks after it",
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
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("accounts_owner_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("accounts_pkey")),
        comment="Companies",
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("accounts", schema=None) as batch_op:
        batch_op.create_index("accounts_name_lower", [sa.literal_column("lower(name)")], unique=False)
        batch_op.create_index(batch_op.f("accounts_owner_id"), ["owner_id"], unique=False)

    op.create_table(
        "prospects",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), sa.Identity(always=False), nullable=False
        ),
        sa.Column(
            "email",
            sa.String(length=254),
            nullable=True,
            comment="one prospect per address, whatever its case (OSF-018)",
        ),
        sa.Column("first_name", sa.String(length=80), nullable=True),
        sa.Column("last_name", sa.String(length=80), nullable=True),
        sa.Column("company", sa.String(length=255), nullable=True),
        sa.Column("title", sa.String(length=128), nullable=True),
        sa.Column("phone", sa.String(length=40), nullable=True),
        sa.Column("mobile_phone", sa.String(length=40), nullable=True),
        sa.Column(
            "stage_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
            comment="how far it has come",
        ),
        sa.Column("stage_name", sa.String(length=80), nullable=True, comment="a stage as the other side words it"),
        sa.Column(
            "owner_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
            comment="who looks after it",
        ),
        sa.Column(
            "account_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
            comment="where the person works",
        ),
        sa.Column("source", sa.String(length=120), nullable=True, comment="where the prospect came from"),
        sa.Column("opted_out", sa.Boolean(), server_default=sa.text("false"), nullable=False, comment="wants no mail"),
        sa.Column("city", sa.String(length=80), nullable=True),
        sa.Column("country", sa.String(length=80), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("custom1", sa.Text(), nullable=True),
        sa.Column("custom2", sa.Text(), nullable=True),
        sa.Column("custom3", sa.Text(), nullable=True),
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
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("prospects_account_id_fkey")),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("prospects_owner_id_fkey")),
        sa.ForeignKeyConstraint(["stage_id"], ["stages.id"], name=op.f("prospects_stage_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("prospects_pkey")),
        comment="People to be won",
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("prospects", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("prospects_account_id"), ["account_id"], unique=False)
        batch_op.create_index("prospects_email_lower", [sa.literal_column("lower(email)")], unique=True)
        batch_op.create_index(batch_op.f("prospects_owner_id"), ["owner_id"], unique=False)
        batch_op.create_index(batch_op.f("prospects_stage_id"), ["stage_id"], unique=False)

    op.create_table(
        "sync_actions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("run_id", sa.String(length=200), nullable=False),
        sa.Column("mapping", sa.String(length=100), nullable=False),
        sa.Column("direction", sa.String(length=10), nullable=False),
        sa.Column(
            "status",
            sa.String(length=20),
            nullable=False,
            comment="created, updated, linked, deleted, withheld, quarantined, held, waiting, …",
        ),
        sa.Column("code", sa.String(length=100), server_default="", nullable=False, comment="stable: groups causes"),
        sa.Column("message", sa.Text(), server_default="", nullable=False),
        sa.Column("internal_type", sa.String(length=100), nullable=False),
        sa.Column("internal_id", sa.Text(), nullable=True),
        sa.Column("external_type", sa.String(length=100), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        comment="The log: what was done and what was not, with its reason (OSF-104)",
    )
    with op.batch_alter_table("sync_actions", schema=None) as batch_op:
        batch_op.create_index("sync_actions_at", ["at"], unique=False)
        batch_op.create_index("sync_actions_external", ["mapping", "external_id"], unique=False)
        batch_op.create_index("sync_actions_internal", ["mapping", "internal_id"], unique=False)
        batch_op.create_index("sync_actions_run", ["run_id"], unique=False)

    op.create_table(
        "sync_calls",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("connection", sa.String(length=100), nullable=False),
        sa.Column("mapping", sa.String(length=100), nullable=True),
        sa.Column("run_id", sa.String(length=200), nullable=True),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("counted", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        comment="Every request to an outside service",
    )
    with op.batch_alter_table("sync_calls", schema=None) as batch_op:
        batch_op.create_index("sync_calls_connection", ["connection", "at"], unique=False)
        batch_op.create_index("sync_calls_run", ["run_id"], unique=False)

    op.create_table(
        "sync_changes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("verb", sa.String(length=20), nullable=False),
        sa.Column("object", sa.Text(), nullable=False),
        sa.Column(
            "detail",
            sa.JSON(none_as_null=True).with_variant(
                postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), "postgresql"
            ),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id"),
        comment="Changes of the configuration (Activity)",
    )
    with op.batch_alter_table("sync_changes", schema=None) as batch_op:
        batch_op.create_index("sync_changes_at", ["at"], unique=False)

    op.create_table(
        "sync_cursors",
        sa.Column("mapping", sa.String(length=100), nullable=False),
        sa.Column(
            "cursor",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="upper bound of the last window that was read whole (G2); None: never",
        ),
        sa.Column(
            "lower",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="of the window being read; None: from the beginning",
        ),
        sa.Column(
            "upper",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="of the window being read, by the server's clock; None: no window is open (G3)",
        ),
        sa.Column("after_stamp", sa.DateTime(timezone=True), nullable=True, comment="checkpoint inside the window"),
        sa.Column("after_id", sa.Text(), nullable=True, comment="checkpoint inside the window"),
        sa.PrimaryKeyConstraint("mapping"),
        comment="How far the external side of a mapping has been read",
    )
    op.create_table(
        "sync_history",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("run_id", sa.String(length=200), nullable=False),
        sa.Column("mapping", sa.String(length=100), nullable=False),
        sa.Column("link_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("side", sa.String(length=10), nullable=False, comment="whose field"),
        sa.Column("field", sa.String(length=200), nullable=False),
        sa.Column(
            "old",
            sa.JSON(none_as_null=True).with_variant(
                postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), "postgresql"
            ),
            nullable=True,
        ),
        sa.Column(
            "new",
            sa.JSON(none_as_null=True).with_variant(
                postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), "postgresql"
            ),
            nullable=True,
        ),
        sa.Column(
            "rule",
            sa.String(length=40),
            nullable=False,
            comment="edit, create, fill_blank, newest, crm, engagement, …; 'lost:' before it when the value lost",
        ),
        sa.PrimaryKeyConstraint("id"),
        comment="Every field that was written, and every value that lost",
    )
    with op.batch_alter_table("sync_history", schema=None) as batch_op:
        batch_op.create_index("sync_history_link", ["link_id", "at"], unique=False)
        batch_op.create_index("sync_history_run", ["run_id"], unique=False)

    op.create_table(
        "sync_intents",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("mapping", sa.String(length=100), nullable=False),
        sa.Column("link_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("internal_id", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True, comment="None for a create"),
        sa.Column("operation", sa.String(length=10), nullable=False),
        sa.Column(
            "sent",
            sa.JSON(none_as_null=True).with_variant(
                postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), "postgresql"
            ),
            nullable=False,
            comment="external field → value to be sent",
        ),
        sa.Column(
            "read",
            sa.JSON(none_as_null=True).with_variant(
                postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), "postgresql"
            ),
            nullable=False,
            comment="external field → value read just before",
        ),
        sa.Column(
            "internal_values",
            sa.JSON(none_as_null=True).with_variant(
                postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), "postgresql"
            ),
            nullable=False,
            comment="internal field → value that is being sent; the base once it landed",
        ),
        sa.Column(
            "match_key",
            sa.Text(),
            nullable=True,
            comment="of a create: recognises the record while its outcome is open (G20)",
        ),
        sa.Column("counter", sa.Integer(), nullable=False, comment="of the pending entry that was read"),
        sa.Column("run_id", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "recover_after",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="until then the server may still commit (G21)",
        ),
        sa.Column("job_id", sa.Text(), nullable=True, comment="of a bulk job, as soon as it is known"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("link_id"),
        comment="What is about to be sent, committed before it is sent (G18)",
    )
    with op.batch_alter_table("sync_intents", schema=None) as batch_op:
        batch_op.create_index("sync_intents_mapping", ["mapping", "match_key"], unique=False)

    op.create_table(
        "sync_leases",
        sa.Column("mapping", sa.String(length=100), nullable=False),
        sa.Column("direction", sa.String(length=10), nullable=False),
        sa.Column("holder", sa.String(length=200), nullable=True, comment="run id; None: free"),
        sa.Column("token", sa.BigInteger(), nullable=False, comment="fencing token, raised by each grant (G22)"),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("mapping", "direction"),
        comment="One writer per mapping and direction",
    )
    op.create_table(
        "sync_links",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("mapping", sa.String(length=100), nullable=False),
        sa.Column(
            "family",
            sa.String(length=200),
            nullable=False,
            comment="connection/internal type: one record, one mapping at a time (G20)",
        ),
        sa.Column("internal_id", sa.Text(), nullable=True, comment="None while a create inside is not done"),
        sa.Column("external_id", sa.Text(), nullable=True, comment="None while a create outside has no answer"),
        sa.Column("state", sa.String(length=12), nullable=False, comment="provisional, live or tombstone"),
        sa.Column(
            "deleted_side", sa.String(length=10), nullable=True, comment="of a tombstone: internal, external, both"
        ),
        sa.Column(
            "internal_base",
            sa.JSON(none_as_null=True).with_variant(
                postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), "postgresql"
            ),
            nullable=False,
            comment="internal field → value when both were last in step (G9)",
        ),
        sa.Column(
            "external_base",
            sa.JSON(none_as_null=True).with_variant(
                postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), "postgresql"
            ),
            nullable=False,
            comment="external field → value when both were last in step (G9)",
        ),
        sa.Column("stamp", sa.Text(), nullable=True, comment="external version at the last read (G1)"),
        sa.Column("hash", sa.String(length=32), nullable=True, comment="of the external values at the last read (G1)"),
        sa.Column(
            "read_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="server time of the last read, or of our last write's answer (G17)",
        ),
        sa.Column(
            "unconfirmed",
            sa.JSON(none_as_null=True).with_variant(
                postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), "postgresql"
            ),
            nullable=False,
            comment="external field → internal value that was sent without a read-back (G19)",
        ),
        sa.Column(
            "decisions",
            sa.JSON(none_as_null=True).with_variant(
                postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), "postgresql"
            ),
            nullable=False,
            comment="internal field → kept decision of a conflict (G14)",
        ),
        sa.Column(
            "mapping_hash",
            sa.String(length=32),
            nullable=True,
            comment="of the mapping file that last judged this link (G30)",
        ),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        comment="Pairs of ids that belong together, with one base per side",
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("sync_links", schema=None) as batch_op:
        batch_op.create_index(
            "sync_links_external",
            ["mapping", "external_id"],
            unique=True,
            postgresql_where=sa.text("state <> 'tombstone'"),
            sqlite_where=sa.text("state <> 'tombstone'"),
        )
        batch_op.create_index("sync_links_external_all", ["mapping", "external_id"], unique=False)
        batch_op.create_index(
            "sync_links_family_external",
            ["family", "external_id"],
            unique=False,
            postgresql_where=sa.text("state <> 'tombstone'"),
            sqlite_where=sa.text("state <> 'tombstone'"),
        )
        batch_op.create_index(
            "sync_links_internal",
            ["family", "internal_id"],
            unique=True,
            postgresql_where=sa.text("state <> 'tombstone'"),
            sqlite_where=sa.text("state <> 'tombstone'"),
        )
        batch_op.create_index("sync_links_internal_all", ["mapping", "internal_id"], unique=False)

    op.create_table(
        "sync_pending",
        sa.Column("mapping", sa.String(length=100), nullable=False),
        sa.Column(
            "direction",
            sa.String(length=10),
            nullable=False,
            comment="polling or pushing: which run shall look at the record",
        ),
        sa.Column("record_id", sa.Text(), nullable=False, comment="internal id for pushing, external id for polling"),
        sa.Column(
            "counter",
            sa.Integer(),
            server_default="1",
            nullable=False,
            comment="raised by each further reason; removed only if unchanged (G4)",
        ),
        sa.Column(
            "columns",
            sa.JSON(none_as_null=True).with_variant(
                postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), "postgresql"
            ),
            nullable=True,
            comment="internal column → instant of its last change",
        ),
        sa.Column(
            "deleted", sa.Boolean(), server_default=sa.text("false"), nullable=False, comment="the record was deleted"
        ),
        sa.Column("reason", sa.Text(), nullable=True, comment="why it was left over (G6)"),
        sa.Column(
            "waits_for", sa.Text(), nullable=True, comment="type:id of a parent without a link; None: nothing (G16)"
        ),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True, comment="not to be taken earlier"),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("mapping", "direction", "record_id"),
        comment="This mapping still has to look at this record",
    )
    with op.batch_alter_table("sync_pending", schema=None) as batch_op:
        batch_op.create_index("sync_pending_since", ["mapping", "direction", "since"], unique=False)

    op.create_table(
        "sync_quarantine",
        sa.Column("mapping", sa.String(length=100), nullable=False),
        sa.Column("direction", sa.String(length=10), nullable=False),
        sa.Column("record_id", sa.Text(), nullable=False, comment="id at the source of the direction"),
        sa.Column("kind", sa.String(length=12), nullable=False, comment="rejected, withheld, ambiguous or held"),
        sa.Column("code", sa.String(length=100), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column(
            "detail",
            sa.JSON(none_as_null=True).with_variant(
                postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), "postgresql"
            ),
            nullable=False,
            comment="candidates, fields, the target's answer",
        ),
        sa.Column("stamp", sa.Text(), nullable=True, comment="version of the record that waits"),
        sa.Column("hash", sa.String(length=32), nullable=True, comment="of the values that wait"),
        sa.Column("mapping_hash", sa.String(length=32), nullable=True),
        sa.Column("run_id", sa.String(length=200), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("mapping", "direction", "record_id"),
        comment="Records that wait for themselves, their other side or the mapping to change (G26)",
    )
    with op.batch_alter_table("sync_quarantine", schema=None) as batch_op:
        batch_op.create_index("sync_quarantine_code", ["mapping", "kind", "code"], unique=False)

    op.create_table(
        "sync_runs",
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("mapping", sa.String(length=100), nullable=False),
        sa.Column("direction", sa.String(length=10), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False, comment="running, completed, paused or failed"),
        sa.Column("message", sa.Text(), server_default="", nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "counts",
            sa.JSON(none_as_null=True).with_variant(
                postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), "postgresql"
            ),
            nullable=False,
            comment="seen, created, updated, unchanged, merged, withheld, quarantined, …",
        ),
        sa.Column(
            "reasons",
            sa.JSON(none_as_null=True).with_variant(
                postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), "postgresql"
            ),
            nullable=False,
            comment="kind → reason → records",
        ),
        sa.Column("calls", sa.Integer(), server_default="0", nullable=False, comment="counted by the service"),
        sa.Column(
            "document_calls",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="by the document's arithmetic (OSF-034)",
        ),
        sa.Column(
            "seconds", sa.Float(), server_default="0", nullable=False, comment="of work, without waiting between tasks"
        ),
        sa.PrimaryKeyConstraint("id"),
        comment="One pass of one mapping in one direction",
    )
    with op.batch_alter_table("sync_runs", schema=None) as batch_op:
        batch_op.create_index("sync_runs_started", ["mapping", "direction", "started_at"], unique=False)

    op.create_table(
        "sync_descriptions",
        sa.Column("connection", sa.String(length=100), nullable=False),
        sa.Column("type_name", sa.String(length=100), nullable=False),
        sa.Column(
            "document",
            sa.JSON(none_as_null=True).with_variant(
                postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), "postgresql"
            ),
            nullable=False,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("connection", "type_name"),
        comment="Types as the outside system last described them",
    )
    op.create_table(
        "sync_usage",
        sa.Column("connection", sa.String(length=100), nullable=False),
        sa.Column(
            "used_by_all",
            sa.Integer(),
            nullable=False,
            comment="of the account's daily calls, as the service last said",
        ),
        sa.Column("maximum", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("connection"),
        comment="What the service last said of its limit",
    )
    op.create_table(
        "sync_validations",
        sa.Column("run_id", sa.String(length=200), nullable=False),
        sa.Column("mapping", sa.String(length=100), nullable=False),
        sa.Column("direction", sa.String(length=10), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "document",
            sa.JSON(none_as_null=True).with_variant(
                postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), "postgresql"
            ),
            nullable=False,
            comment="per expectation: checked, failed, examples",
        ),
        sa.PrimaryKeyConstraint("run_id"),
        comment="What the expectations found",
    )
    op.create_table(
        "sync_watches",
        sa.Column("table_name", sa.String(length=100), nullable=False),
        sa.Column("mapping", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("table_name", "mapping"),
        comment="Which pushing mappings hear of changes in which table (G4)",
    )
    op.create_table(
        "sync_writer",
        sa.Column("mapping", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("mapping"),
        comment="SQLite only: the mapping that writes in the open transaction (G5)",
    )


def downgrade() -> None:
    op.drop_table("sync_writer")
    op.drop_table("sync_watches")
    op.drop_table("sync_validations")
    op.drop_table("sync_usage")
    op.drop_table("sync_descriptions")
    with op.batch_alter_table("sync_runs", schema=None) as batch_op:
        batch_op.drop_index("sync_runs_started")

    op.drop_table("sync_runs")
    with op.batch_alter_table("sync_quarantine", schema=None) as batch_op:
        batch_op.drop_index("sync_quarantine_code")

    op.drop_table("sync_quarantine")
    with op.batch_alter_table("sync_pending", schema=None) as batch_op:
        batch_op.drop_index("sync_pending_since")

    op.drop_table("sync_pending")
    with op.batch_alter_table("sync_links", schema=None) as batch_op:
        batch_op.drop_index("sync_links_internal_all")
        batch_op.drop_index(
            "sync_links_internal",
            postgresql_where=sa.text("state <> 'tombstone'"),
            sqlite_where=sa.text("state <> 'tombstone'"),
        )
        batch_op.drop_index(
            "sync_links_family_external",
            postgresql_where=sa.text("state <> 'tombstone'"),
            sqlite_where=sa.text("state <> 'tombstone'"),
        )
        batch_op.drop_index("sync_links_external_all")
        batch_op.drop_index(
            "sync_links_external",
            postgresql_where=sa.text("state <> 'tombstone'"),
            sqlite_where=sa.text("state <> 'tombstone'"),
        )

    op.drop_table("sync_links")
    op.drop_table("sync_leases")
    with op.batch_alter_table("sync_intents", schema=None) as batch_op:
        batch_op.drop_index("sync_intents_mapping")

    op.drop_table("sync_intents")
    with op.batch_alter_table("sync_history", schema=None) as batch_op:
        batch_op.drop_index("sync_history_run")
        batch_op.drop_index("sync_history_link")

    op.drop_table("sync_history")
    op.drop_table("sync_cursors")
    with op.batch_alter_table("sync_changes", schema=None) as batch_op:
        batch_op.drop_index("sync_changes_at")

    op.drop_table("sync_changes")
    with op.batch_alter_table("sync_calls", schema=None) as batch_op:
        batch_op.drop_index("sync_calls_run")
        batch_op.drop_index("sync_calls_connection")

    op.drop_table("sync_calls")
    with op.batch_alter_table("sync_actions", schema=None) as batch_op:
        batch_op.drop_index("sync_actions_run")
        batch_op.drop_index("sync_actions_internal")
        batch_op.drop_index("sync_actions_external")
        batch_op.drop_index("sync_actions_at")

    op.drop_table("sync_actions")
    with op.batch_alter_table("prospects", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("prospects_stage_id"))
        batch_op.drop_index(batch_op.f("prospects_owner_id"))
        batch_op.drop_index("prospects_email_lower")
        batch_op.drop_index(batch_op.f("prospects_account_id"))

    op.drop_table("prospects")
    with op.batch_alter_table("accounts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("accounts_owner_id"))
        batch_op.drop_index("accounts_name_lower")

    op.drop_table("accounts")
    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("users_role_id"))
        batch_op.drop_index("users_email_lower")

    op.drop_table("users")
    with op.batch_alter_table("stages", schema=None) as batch_op:
        batch_op.drop_index("stages_name_lower")

    op.drop_table("stages")
    with op.batch_alter_table("roles", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("roles_parent_id"))
        batch_op.drop_index("roles_name_lower")

    op.drop_table("roles")
