"""The reference schema of the engagement database: meetings, mails, calls, texts and tasks.

Columns that are called kept are worked out by the database from other tables, whoever changes those.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Date, Index, Integer, String, Text, false, func, true

from modstamp.connectors.engagement.definitions import owner, reference, table, with_whom
from modstamp.connectors.engagement.tables import accounts, opportunities, prospects, sequence_steps, users
from modstamp.sqltypes import Instant

NOBODY = "[]"  # a list of nobody, as it stands in a text

meeting_types = table(
    "meeting_types",
    "What meetings are for",
    Column("name", String(255), nullable=False),
)

meetings = table(
    "meetings",
    "Meetings as they stand in a user's calendar: one row per user who has it there",
    Column(
        "booked_at", Instant, nullable=False, server_default=func.current_timestamp(), comment="when it was put there"
    ),
    Column("title", String(1000)),
    Column("location", String(1000)),
    Column("description", Text),
    Column("starts_at", Instant, nullable=False, comment="of a whole day: its midnight, as if it were in UTC"),
    Column("ends_at", Instant, nullable=False, comment="of a whole day: the midnight after it"),
    Column("all_day", Boolean, nullable=False, server_default=false(), comment="whole days"),
    Column("no_show", Boolean, nullable=False, server_default=false(), comment="a user says that nobody came"),
    Column("canceled", Boolean, nullable=False, server_default=false(), comment="no longer in the calendar"),
    Column("source", String(10), nullable=False, server_default="App", comment="App: made here; Sync: read in"),
    Column("is_organizer", Boolean, nullable=False, server_default=true(), comment="the user invited the others"),
    reference("user_id", users, "in whose calendar it stands"),
    reference("booker_id", users, "who booked it, who may be somebody else"),
    reference("meeting_type_id", meeting_types, "what it is for"),
    reference("opportunity_id", opportunities, "what it is about"),
    with_whom(prospects, "kept: who stays as long as among the attendees; else the first of these"),
    reference("account_id", accounts, "kept where it is empty: the account of the prospect"),
    Column("has_prospect", Boolean, nullable=False, server_default=false(), comment="kept: there is one among them"),
    Column("accepted_invitees", Text, nullable=False, server_default=NOBODY, comment="kept: JSON, as in prospect:12"),
    Column("declined_invitees", Text, nullable=False, server_default=NOBODY, comment="kept: JSON, as in user:3"),
    Column("undecided_invitees", Text, nullable=False, server_default=NOBODY, comment="kept: JSON, all the others"),
    Column("booked_by_prospect", Boolean, nullable=False, server_default=false(), comment="kept: one invited the user"),
    Column("booked_in_app", Boolean, nullable=False, server_default=true(), comment="kept: the source is App"),
    Column("meeting_type_name", String(255), comment="kept"),
    Column("attributed_sequence_name", String(255), comment="kept: the sequence that led to it"),
    Column("recording_url", Text),
    Column("recording_object", String(255), comment="id of the recording's record on the other side"),
    Column("recording_summary", Text),
    Column("provider_uid", String(1024), index=True, comment="the calendar's own id, the same for all who have it"),
    Column("original_starts_at", Instant, comment="of one meeting of a series: when it was to start at first"),
)

meeting_attendees = table(
    "meeting_attendees",
    "Who is on a meeting: users, prospects and others, of whom there is an address only",
    owner("meeting_id", meetings),
    Column("email", String(254)),
    Column("name", String(255)),
    reference("user_id", users, "kept where it is empty: who has the address"),
    with_whom(prospects, "kept where it is empty: who has the address"),
    Column("answer", String(40), comment="accepted, declined, tentative, …; empty: none yet"),
    Column("organizer", Boolean, nullable=False, server_default=false(), comment="invited the others"),
    Index("meeting_attendees_email_lower", func.lower(Column("email"))),
)

mails = table(
    "mails",
    "Mails from and to prospects",
    Column("direction", String(10), nullable=False, server_default="sent", comment="sent, received"),
    Column("in_app", Boolean, nullable=False, server_default=true(), comment="made in the product or its extensions"),
    Column("subject", String(1000)),
    Column("body", Text),
    Column("from_address", String(254)),
    Column("to_addresses", Text, comment="with commas between them"),
    Column("sent_at", Instant, nullable=False, server_default=func.current_timestamp()),
    Column("thread", String(255), comment="the same for a mail and its answers"),
    with_whom(prospects, "from or to whom"),
    reference("user_id", users, "whose mail it is"),
    reference("opportunity_id", opportunities, "what it is about"),
    reference("sequence_step_id", sequence_steps, "the step that sent it"),
)

mail_events = table(
    "mail_events",
    "Single opens and clicks, which are never synchronised (OSF-138, OSF-139)",
    owner("mail_id", mails),
    Column("kind", String(10), nullable=False, comment="open, click"),
    Column("happened_at", Instant, nullable=False, server_default=func.current_timestamp()),
    Column("url", Text, comment="what was clicked"),
)

mail_days = table(
    "mail_days",
    "What a prospect did with our mails on one day: kept by the database from the single opens and clicks",
    owner("prospect_id", prospects, ondelete="CASCADE"),
    Column("day", Date, nullable=False, comment="in UTC"),
    Column("opens", Integer, nullable=False, server_default="0"),
    Column("clicks", Integer, nullable=False, server_default="0"),
    Index("mail_days_prospect_id_day", "prospect_id", "day", unique=True),
)

calls = table(
    "calls",
    "Telephone calls with prospects",
    Column("direction", String(10), nullable=False, server_default="outbound", comment="outbound, inbound"),
    Column("called_at", Instant, nullable=False, server_default=func.current_timestamp()),
    Column("duration_seconds", Integer),
    Column("disposition", String(255), comment="how it went"),
    Column("purpose", String(255)),
    Column("phone", String(40)),
    Column("note", Text),
    with_whom(prospects, "with whom"),
    reference("user_id", users, "who made or took it"),
    reference("opportunity_id", opportunities, "what it was about"),
)

texts = table(
    "texts",
    "Text messages from and to prospects",
    Column("direction", String(10), nullable=False, server_default="sent", comment="sent, received"),
    Column("sent_at", Instant, nullable=False, server_default=func.current_timestamp()),
    Column("body", Text),
    Column("phone", String(40), comment="the prospect's"),
    with_whom(prospects, "from or to whom"),
    reference("user_id", users, "whose message it is"),
    reference("opportunity_id", opportunities, "what it is about"),
)

tasks = table(
    "tasks",
    "What users have to do",
    Column("type", String(40), nullable=False, comment="email, call, action_item, linkedin, text, generic"),
    Column("subject", String(255)),
    Column("note", Text),
    Column("due_on", Date),
    Column("status", String(40), nullable=False, server_default="open", comment="open, done, skipped"),
    Column("completed_at", Instant, comment="kept where it is empty: since when it is done"),
    with_whom(prospects, "whom it is about"),
    reference("user_id", users, "who does it"),
    reference("opportunity_id", opportunities, "what it is about"),
    reference("sequence_step_id", sequence_steps, "the step that made it; empty: made by hand"),
)
