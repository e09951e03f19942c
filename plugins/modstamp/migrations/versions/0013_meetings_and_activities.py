"""Meetings, mails, calls, texts and tasks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# Those that name others first.
_TABLES = (
    "meeting_attendees",
    "mail_events",
    "mail_days",
    "mails",
    "calls",
    "texts",
    "tasks",
    "meetings",
    "meeting_types",
)


def upgrade() -> None:
    op.create_table(
        "meeting_types",
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
        sa.PrimaryKeyConstraint("id", name=op.f("meeting_types_pkey")),
        comment="What meetings are for",
        sqlite_autoincrement=True,
    )
    op.create_table(
        "calls",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), sa.Identity(always=False), nullable=False
        ),
        sa.Column(
            "direction", sa.String(length=10), server_default="outbound", nullable=False, comment="outbound, inbound"
        ),
        sa.Column("called_at", sa.DateTime(timezone=True), server_default=sa.text("CURRENT_TIMESTAMP"), nullable=False),
        sa.Column("duration_seconds", sa.Integer(), nullable=True),
        sa.Column("disposition", sa.String(length=255), nullable=True, comment="how it went"),
        sa.Column("purpose", sa.String(length=255), nullable=True),
        sa.Column("phone", sa.String(length=40), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column(
            "prospect_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True, comment="with whom"
        ),
        sa.Column(
            "user_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
            comment="who made or took it",
        ),
        sa.Column(
            "opportunity_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
            comment="what it was about",
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
        sa.ForeignKeyConstraint(["opportunity_id"], ["opportunities.id"], name=op.f("calls_opportunity_id_fkey")),
        sa.ForeignKeyConstraint(["prospect_id"], ["prospects.id"], name=op.f("calls_prospect_id_fkey")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("calls_user_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("calls_pkey")),
        comment="Telephone calls with prospects",
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("calls", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("calls_opportunity_id"), ["opportunity_id"], unique=False)
        batch_op.create_index(batch_op.f("calls_prospect_id"), ["prospect_id"], unique=False)
        batch_op.create_index(batch_op.f("calls_user_id"), ["user_id"], unique=False)

    op.create_table(
        "mail_days",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), sa.Identity(always=False), nullable=False
        ),
        sa.Column("prospect_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("day", sa.Date(), nullable=False, comment="in UTC"),
        sa.Column("opens", sa.Integer(), server_default="0", nullable=False),
        sa.Column("clicks", sa.Integer(), server_default="0", nullable=False),
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
        sa.ForeignKeyConstraint(["prospect_id"], ["prospects.id"], name=op.f("mail_days_prospect_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("mail_days_pkey")),
        comment="What a prospect did with our mails on one day: kept by the database from the single opens and clicks",
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("mail_days", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("mail_days_prospect_id"), ["prospect_id"], unique=False)
        batch_op.create_index("mail_days_prospect_id_day", ["prospect_id", "day"], unique=True)

    op.create_table(
        "mails",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), sa.Identity(always=False), nullable=False
        ),
        sa.Column("direction", sa.String(length=10), server_default="sent", nullable=False, comment="sent, received"),
        sa.Column(
            "in_app",
            sa.Boolean(),
            server_default=sa.text("true"),
            nullable=False,
            comment="made in the product or its extensions",
        ),
        sa.Column("subject", sa.String(length=1000), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("from_address", sa.String(length=254), nullable=True),
        sa.Column("to_addresses", sa.Text(), nullable=True, comment="with commas between them"),
        sa.Column("sent_at", sa.DateTime(timezone=True), server_default=sa.text("CURRENT_TIMESTAMP"), nullable=False),
        sa.Column("thread", sa.String(length=255), nullable=True, comment="the same for a mail and its answers"),
        sa.Column(
            "prospect_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
            comment="from or to whom",
        ),
        sa.Column(
            "user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True, comment="whose mail it is"
        ),
        sa.Column(
            "opportunity_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
            comment="what it is about",
        ),
        sa.Column(
            "sequence_step_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
            comment="the step that sent it",
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
        sa.ForeignKeyConstraint(["opportunity_id"], ["opportunities.id"], name=op.f("mails_opportunity_id_fkey")),
        sa.ForeignKeyConstraint(["prospect_id"], ["prospects.id"], name=op.f("mails_prospect_id_fkey")),
        sa.ForeignKeyConstraint(["sequence_step_id"], ["sequence_steps.id"], name=op.f("mails_sequence_step_id_fkey")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("mails_user_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("mails_pkey")),
        comment="Mails from and to prospects",
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("mails", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("mails_opportunity_id"), ["opportunity_id"], unique=False)
        batch_op.create_index(batch_op.f("mails_prospect_id"), ["prospect_id"], unique=False)
        batch_op.create_index(batch_op.f("mails_sequence_step_id"), ["sequence_step_id"], unique=False)
        batch_op.create_index(batch_op.f("mails_user_id"), ["user_id"], unique=False)

    op.create_table(
        "meetings",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), sa.Identity(always=False), nullable=False
        ),
        sa.Column(
            "booked_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("CURRENT_TIMESTAMP"),
            nullable=False,
            comment="when it was put there",
        ),
        sa.Column("title", sa.String(length=1000), nullable=True),
        sa.Column("location", sa.String(length=1000), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column(
            "starts_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="of a whole day: its midnight, as if it were in UTC",
        ),
        sa.Column(
            "ends_at", sa.DateTime(timezone=True), nullable=False, comment="of a whole day: the midnight after it"
        ),
        sa.Column("all_day", sa.Boolean(), server_default=sa.text("false"), nullable=False, comment="whole days"),
        sa.Column(
            "no_show",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="a user says that nobody came",
        ),
        sa.Column(
            "canceled",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="no longer in the calendar",
        ),
        sa.Column(
            "source",
            sa.String(length=10),
            server_default="App",
            nullable=False,
            comment="App: made here; Sync: read in",
        ),
        sa.Column(
            "is_organizer",
            sa.Boolean(),
            server_default=sa.text("true"),
            nullable=False,
            comment="the user invited the others",
        ),
        sa.Column(
            "user_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
            comment="in whose calendar it stands",
        ),
        sa.Column(
            "booker_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
            comment="who booked it, who may be somebody else",
        ),
        sa.Column(
            "meeting_type_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
            comment="what it is for",
        ),
        sa.Column(
            "opportunity_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
            comment="what it is about",
        ),
        sa.Column(
            "prospect_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
            comment="kept: who stays as long as among the attendees; else the first of these",
        ),
        sa.Column(
            "account_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
            comment="kept where it is empty: the account of the prospect",
        ),
        sa.Column(
            "has_prospect",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="kept: there is one among them",
        ),
        sa.Column(
            "accepted_invitees", sa.Text(), server_default="[]", nullable=False, comment="kept: JSON, as in prospect:12"
        ),
        sa.Column(
            "declined_invitees", sa.Text(), server_default="[]", nullable=False, comment="kept: JSON, as in user:3"
        ),
        sa.Column(
            "undecided_invitees", sa.Text(), server_default="[]", nullable=False, comment="kept: JSON, all the others"
        ),
        sa.Column(
            "booked_by_prospect",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="kept: one invited the user",
        ),
        sa.Column(
            "booked_in_app",
            sa.Boolean(),
            server_default=sa.text("true"),
            nullable=False,
            comment="kept: the source is App",
        ),
        sa.Column("meeting_type_name", sa.String(length=255), nullable=True, comment="kept"),
        sa.Column(
            "attributed_sequence_name",
            sa.String(length=255),
            nullable=True,
            comment="kept: the sequence that led to it",
        ),
        sa.Column("recording_url", sa.Text(), nullable=True),
        sa.Column(
            "recording_object",
            sa.String(length=255),
            nullable=True,
            comment="id of the recording's record on the other side",
        ),
        sa.Column("recording_summary", sa.Text(), nullable=True),
        sa.Column(
            "provider_uid",
            sa.String(length=1024),
            nullable=True,
            comment="the calendar's own id, the same for all who have it",
        ),
        sa.Column(
            "original_starts_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="of one meeting of a series: when it was to start at first",
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
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("meetings_account_id_fkey")),
        sa.ForeignKeyConstraint(["booker_id"], ["users.id"], name=op.f("meetings_booker_id_fkey")),
        sa.ForeignKeyConstraint(["meeting_type_id"], ["meeting_types.id"], name=op.f("meetings_meeting_type_id_fkey")),
        sa.ForeignKeyConstraint(["opportunity_id"], ["opportunities.id"], name=op.f("meetings_opportunity_id_fkey")),
        sa.ForeignKeyConstraint(["prospect_id"], ["prospects.id"], name=op.f("meetings_prospect_id_fkey")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("meetings_user_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("meetings_pkey")),
        comment="Meetings as they stand in a user's calendar: one row per user who has it there",
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("meetings", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("meetings_account_id"), ["account_id"], unique=False)
        batch_op.create_index(batch_op.f("meetings_booker_id"), ["booker_id"], unique=False)
        batch_op.create_index(batch_op.f("meetings_meeting_type_id"), ["meeting_type_id"], unique=False)
        batch_op.create_index(batch_op.f("meetings_opportunity_id"), ["opportunity_id"], unique=False)
        batch_op.create_index(batch_op.f("meetings_prospect_id"), ["prospect_id"], unique=False)
        batch_op.create_index(batch_op.f("meetings_provider_uid"), ["provider_uid"], unique=False)
        batch_op.create_index(batch_op.f("meetings_user_id"), ["user_id"], unique=False)

    op.create_table(
        "tasks",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), sa.Identity(always=False), nullable=False
        ),
        sa.Column(
            "type", sa.String(length=40), nullable=False, comment="email, call, action_item, linkedin, text, generic"
        ),
        sa.Column("subject", sa.String(length=255), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("status", sa.String(length=40), server_default="open", nullable=False, comment="open, done, skipped"),
        sa.Column(
            "completed_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="kept where it is empty: since when it is done",
        ),
        sa.Column(
            "prospect_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
            comment="whom it is about",
        ),
        sa.Column(
            "user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True, comment="who does it"
        ),
        sa.Column(
            "opportunity_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
            comment="what it is about",
        ),
        sa.Column(
            "sequence_step_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
            comment="the step that made it; empty: made by hand",
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
        sa.ForeignKeyConstraint(["opportunity_id"], ["opportunities.id"], name=op.f("tasks_opportunity_id_fkey")),
        sa.ForeignKeyConstraint(["prospect_id"], ["prospects.id"], name=op.f("tasks_prospect_id_fkey")),
        sa.ForeignKeyConstraint(["sequence_step_id"], ["sequence_steps.id"], name=op.f("tasks_sequence_step_id_fkey")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("tasks_user_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("tasks_pkey")),
        comment="What users have to do",
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("tasks", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("tasks_opportunity_id"), ["opportunity_id"], unique=False)
        batch_op.create_index(batch_op.f("tasks_prospect_id"), ["prospect_id"], unique=False)
        batch_op.create_index(batch_op.f("tasks_sequence_step_id"), ["sequence_step_id"], unique=False)
        batch_op.create_index(batch_op.f("tasks_user_id"), ["user_id"], unique=False)

    op.create_table(
        "texts",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), sa.Identity(always=False), nullable=False
        ),
        sa.Column("direction", sa.String(length=10), server_default="sent", nullable=False, comment="sent, received"),
        sa.Column("sent_at", sa.DateTime(timezone=True), server_default=sa.text("CURRENT_TIMESTAMP"), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("phone", sa.String(length=40), nullable=True, comment="the prospect's"),
        sa.Column(
            "prospect_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
            comment="from or to whom",
        ),
        sa.Column(
            "user_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
            comment="whose message it is",
        ),
        sa.Column(
            "opportunity_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
            comment="what it is about",
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
        sa.ForeignKeyConstraint(["opportunity_id"], ["opportunities.id"], name=op.f("texts_opportunity_id_fkey")),
        sa.ForeignKeyConstraint(["prospect_id"], ["prospects.id"], name=op.f("texts_prospect_id_fkey")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("texts_user_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("texts_pkey")),
        comment="Text messages from and to prospects",
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("texts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("texts_opportunity_id"), ["opportunity_id"], unique=False)
        batch_op.create_index(batch_op.f("texts_prospect_id"), ["prospect_id"], unique=False)
        batch_op.create_index(batch_op.f("texts_user_id"), ["user_id"], unique=False)

    op.create_table(
        "mail_events",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), sa.Identity(always=False), nullable=False
        ),
        sa.Column("mail_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False, comment="open, click"),
        sa.Column(
            "happened_at", sa.DateTime(timezone=True), server_default=sa.text("CURRENT_TIMESTAMP"), nullable=False
        ),
        sa.Column("url", sa.Text(), nullable=True, comment="what was clicked"),
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
        sa.ForeignKeyConstraint(["mail_id"], ["mails.id"], name=op.f("mail_events_mail_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("mail_events_pkey")),
        comment="Single opens and clicks, which are never synchronised (OSF-138, OSF-139)",
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("mail_events", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("mail_events_mail_id"), ["mail_id"], unique=False)

    op.create_table(
        "meeting_attendees",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), sa.Identity(always=False), nullable=False
        ),
        sa.Column("meeting_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("name", sa.String(length=255), nullable=True),
        sa.Column(
            "user_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
            comment="kept where it is empty: who has the address",
        ),
        sa.Column(
            "prospect_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
            comment="kept where it is empty: who has the address",
        ),
        sa.Column(
            "answer", sa.String(length=40), nullable=True, comment="accepted, declined, tentative, …; empty: none yet"
        ),
        sa.Column(
            "organizer", sa.Boolean(), server_default=sa.text("false"), nullable=False, comment="invited the others"
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
        sa.ForeignKeyConstraint(["meeting_id"], ["meetings.id"], name=op.f("meeting_attendees_meeting_id_fkey")),
        sa.ForeignKeyConstraint(["prospect_id"], ["prospects.id"], name=op.f("meeting_attendees_prospect_id_fkey")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("meeting_attendees_user_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("meeting_attendees_pkey")),
        comment="Who is on a meeting: users, prospects and others, of whom there is an address only",
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("meeting_attendees", schema=None) as batch_op:
        batch_op.create_index("meeting_attendees_email_lower", [sa.literal_column("lower(email)")], unique=False)
        batch_op.create_index(batch_op.f("meeting_attendees_meeting_id"), ["meeting_id"], unique=False)
        batch_op.create_index(batch_op.f("meeting_attendees_prospect_id"), ["prospect_id"], unique=False)
        batch_op.create_index(batch_op.f("meeting_attendees_user_id"), ["user_id"], unique=False)

    op.add_column(
        "sequence_states",
        sa.Column(
            "finished_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="kept by the database: since when it goes on no more",
        ),
    )


def downgrade() -> None:
    if op.get_context().dialect.name == "sqlite":
        # It drops no column that a trigger names.
        for event in ("insert", "update", "rekey", "delete"):
            op.execute(f"DROP TRIGGER IF EXISTS modstamp_sequence_states_{event}")
    op.drop_column("sequence_states", "finished_at")
    for name in _TABLES:
        op.drop_table(name)
