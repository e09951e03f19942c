"""The reference schema of the engagement database: people, companies, deals and sequences."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    String,
    Text,
    false,
    func,
    true,
)

from modstamp.connectors.engagement.definitions import KEY, owner, reference, table
from modstamp.sqltypes import Instant

roles = table(
    "roles",
    "Places in the hierarchy of users",
    Column("name", String(80), nullable=False, comment="matches the other side's role"),
    Column("parent_id", KEY, ForeignKey("roles.id"), index=True, comment="the role above"),
    Index("roles_name_lower", func.lower(Column("name"))),
)

users = table(
    "users",
    "People who work with prospects",
    Column("email", String(254), nullable=False, comment="one user per address, whatever its case"),
    Column("username", String(80)),
    Column("first_name", String(80)),
    Column("last_name", String(80)),
    Column("title", String(128)),
    Column("phone", String(40)),
    Column("active", Boolean, nullable=False, server_default=true(), comment="may own records"),
    reference("role_id", roles, "place in the hierarchy"),
    Index("users_email_lower", func.lower(Column("email")), unique=True),
)

stages = table(
    "stages",
    "How far a prospect has come",
    Column("name", String(80), nullable=False, unique=True, comment="compared exactly"),
    Column("color", String(20)),
    Column("position", Integer, comment="order on the screen"),
    Index("stages_name_lower", func.lower(Column("name"))),
)

accounts = table(
    "accounts",
    "Companies",
    Column("name", String(255), nullable=False),
    Column("website", String(255)),
    Column("phone", String(40)),
    Column("industry", String(120)),
    Column("employees", Integer),
    Column("revenue", Numeric(18, 2, asdecimal=False), comment="per year"),
    Column("city", String(80)),
    Column("country", String(80)),
    Column("description", Text),
    reference("owner_id", users, "who looks after it"),
    Index("accounts_name_lower", func.lower(Column("name"))),
)

prospects = table(
    "prospects",
    "People to be won",
    Column("email", String(254), comment="one prospect per address, whatever its case (OSF-018)"),
    Column("first_name", String(80)),
    Column("last_name", String(80)),
    Column("company", String(255)),
    Column("title", String(128)),
    Column("phone", String(40)),
    Column("mobile_phone", String(40)),
    reference("stage_id", stages, "how far it has come"),
    Column("stage_name", String(80), comment="a stage as the other side words it"),
    reference("owner_id", users, "who looks after it"),
    reference("account_id", accounts, "where the person works"),
    Column("source", String(120), comment="where the prospect came from"),
    Column("opted_out", Boolean, nullable=False, server_default=false(), comment="wants no mail"),
    Column("city", String(80)),
    Column("country", String(80)),
    Column("description", Text),
    Column("custom1", Text),
    Column("custom2", Text),
    Column("custom3", Text),
    Column("current_sequence_id", BigInteger, comment="this and the following: kept by the database (OSF-166)"),
    Column("current_sequence_name", String(255), comment="the sequence that the prospect is in"),
    Column("current_sequence_status", String(40)),
    Column("current_sequence_step_number", Integer),
    Column("current_sequence_step_due", Date),
    Column("current_sequence_step_type", String(40)),
    Column("current_sequence_user_id", KEY, ForeignKey("users.id"), comment="who works on the prospect there"),
    Column("actively_sequenced", Boolean, nullable=False, server_default=false(), comment="in a sequence that goes on"),
    Index("prospects_email_lower", func.lower(Column("email")), unique=True),
)

opportunity_stages = table(
    "opportunity_stages",
    "How far an opportunity has come",
    Column("name", String(255), nullable=False, unique=True, comment="compared exactly"),
    Column("position", Integer, comment="order on the screen"),
    Column("probability", Numeric(5, 2, asdecimal=False), comment="percent, of a new opportunity in this stage"),
    Column("closed", Boolean, nullable=False, server_default=false(), comment="nothing follows"),
    Column("won", Boolean, nullable=False, server_default=false()),
    Index("opportunity_stages_name_lower", func.lower(Column("name"))),
)

opportunities = table(
    "opportunities",
    "What accounts may buy",
    Column("name", String(255), nullable=False),
    reference("account_id", accounts, "who would buy"),
    reference("owner_id", users, "who looks after it"),
    reference("stage_id", opportunity_stages, "how far it has come"),
    Column("amount", Numeric(18, 2, asdecimal=False)),
    Column("probability", Numeric(5, 2, asdecimal=False), comment="percent"),
    Column("close_date", Date),
    Column("type", String(255)),
    Column("next_step", String(255)),
    Column("source", String(255), comment="where it came from"),
    Column("description", Text),
    Index("opportunities_name_lower", func.lower(Column("name"))),
)

opportunity_prospect_roles = table(
    "opportunity_prospect_roles",
    "What part a prospect has in an opportunity",
    owner("opportunity_id", opportunities),
    owner("prospect_id", prospects),
    Column("role", String(255)),
    Column("is_primary", Boolean, nullable=False, server_default=false(), comment="the first one to talk to"),
)

sequences = table(
    "sequences",
    "Steps in which a prospect is approached",
    Column("name", String(255), nullable=False),
)

sequence_steps = table(
    "sequence_steps",
    "One step of a sequence",
    owner("sequence_id", sequences),
    Column("number", Integer, nullable=False, comment="place in the sequence, from 1"),
    Column("type", String(40), nullable=False, comment="auto_email, manual_email, call, task"),
)

sequence_states = table(
    "sequence_states",
    "Where a prospect is in a sequence",
    owner("prospect_id", prospects),
    owner("sequence_id", sequences),
    reference("step_id", sequence_steps, "the step that is done next"),
    reference("user_id", users, "who does it"),
    Column("status", String(40), nullable=False, comment="Pending, Active, Paused, Paused OOTO, Failed, Finished, …"),
    Column("due_on", Date, comment="of the step's task"),
    Column("started_at", Instant, nullable=False, server_default=func.current_timestamp()),
    Column("finished_at", Instant, comment="kept by the database: since when it goes on no more"),
)
