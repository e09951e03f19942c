"""The tables of the state, beside the data in the internal database, so that both commit together.

JSON columns hold open shapes: bases (field name → value), counts, decisions. Ids of records are text on both sides.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from modstamp.state.types import Instant

metadata = MetaData()
_Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
_Key = BigInteger().with_variant(Integer, "sqlite")
RUN_ID = String(600)  # a DAG's name and Airflow's run id may have 250 characters each
_ALIVE = text("state <> 'tombstone'")

links = Table(
    "sync_links",
    metadata,
    Column("id", _Key, primary_key=True),
    Column("mapping", String(100), nullable=False),
    Column(
        "family",
        String(200),
        nullable=False,
        comment="connection/internal type: one record, one mapping at a time (G20)",
    ),
    Column("internal_id", Text, comment="None while a create inside is not done"),
    Column("external_id", Text, comment="None while a create outside has no answer"),
    Column("state", String(12), nullable=False, comment="provisional, live or tombstone"),
    Column("deleted_side", String(10), comment="of a tombstone: internal, external, both"),
    Column("internal_base", _Json, nullable=False, comment="internal field → value when both were last in step (G9)"),
    Column("external_base", _Json, nullable=False, comment="external field → value when both were last in step (G9)"),
    Column("stamp", Text, comment="external version at the last read (G1)"),
    Column("hash", String(32), comment="of the external values at the last read (G1)"),
    Column("read_at", Instant, comment="server time of the last read, or of our last write's answer (G17)"),
    Column(
        "unconfirmed",
        _Json,
        nullable=False,
        comment="external field → internal value that was sent without a read-back (G19)",
    ),
    Column("decisions", _Json, nullable=False, comment="internal field → kept decision of a conflict (G14)"),
    Column("mapping_hash", String(32), comment="of the mapping file that last judged this link (G30)"),
    Column("changed_at", Instant, nullable=False),
    Index("sync_links_internal", "family", "internal_id", unique=True, postgresql_where=_ALIVE, sqlite_where=_ALIVE),
    Index("sync_links_external", "mapping", "external_id", unique=True, postgresql_where=_ALIVE, sqlite_where=_ALIVE),
    Index("sync_links_family_external", "family", "external_id", postgresql_where=_ALIVE, sqlite_where=_ALIVE),
    Index("sync_links_internal_all", "mapping", "internal_id"),
    Index("sync_links_external_all", "mapping", "external_id"),
    comment="Pairs of ids that belong together, with one base per side",
    sqlite_autoincrement=True,  # ids outlive their links in the history, and are never given twice
)

cursors = Table(
    "sync_cursors",
    metadata,
    Column("mapping", String(100), primary_key=True),
    Column("cursor", Instant, comment="upper bound of the last window that was read whole (G2); None: never"),
    Column("lower", Instant, comment="of the window being read; None: from the beginning"),
    Column("upper", Instant, comment="of the window being read, by the server's clock; None: no window is open (G3)"),
    Column("after_stamp", Instant, comment="checkpoint inside the window"),
    Column("after_id", Text, comment="checkpoint inside the window"),
    Column("done", _Json, comment="in the window so far: create, update, delete or emptied → records (G28)"),
    comment="How far the external side of a mapping has been read",
)

pending = Table(
    "sync_pending",
    metadata,
    Column("mapping", String(100), primary_key=True),
    Column("direction", String(10), primary_key=True, comment="polling or pushing: which run shall look at the record"),
    Column("record_id", Text, primary_key=True, comment="internal id for pushing, external id for polling"),
    Column(
        "counter",
        Integer,
        nullable=False,
        server_default="1",
        comment="raised by each further reason; removed only if unchanged (G4)",
    ),
    Column("columns", _Json, comment="internal column → instant of its last change"),
    Column("deleted", Boolean, nullable=False, server_default=text("false"), comment="the record was deleted"),
    Column("reason", Text, comment="why it was left over (G6)"),
    Column("waits_for", Text, comment="type:id of a parent without a link; None: nothing (G16)"),
    Column("not_before", Instant, comment="not to be taken earlier"),
    Column("since", Instant, nullable=False),
    Index("sync_pending_since", "mapping", "direction", "since"),
    comment="This mapping still has to look at this record",
)

missing = Table(
    "sync_missing",
    metadata,
    Column("mapping", String(100), primary_key=True),
    Column("record_id", Text, primary_key=True, comment="internal id"),
    Column("awaited", Text, primary_key=True, comment="type:id of what it names and what has no link"),
    Column("since", Instant, nullable=False),
    comment="What records were sent without: once it is linked they are looked at again",
)

watches = Table(
    "sync_watches",
    metadata,
    Column("table_name", String(100), primary_key=True),
    Column("mapping", String(100), primary_key=True),
    Column("change_column", Text, comment="read in place of triggers, which may not be installed (G31)"),
    Column("read_until", Instant, comment="how far the change column has been read"),
    Column("seen", _Json, comment="record id → change time, of the records read within the lookback"),
    comment="Which pushing mappings hear of changes in which table (G4)",
)

mappings = Table(
    "sync_mappings",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("document", _Json, nullable=False, comment="what the mapping said when a run last began (G30)"),
    Column("changed_at", Instant, nullable=False),
    comment="Mappings as runs know them: what differs in the file is carried out once",
)

writer = Table(
    "sync_writer",
    metadata,
    Column("mapping", String(100), primary_key=True),
    Column("record_id", Text, primary_key=True, server_default="", comment="that it writes; empty: not told yet"),
    comment="SQLite only: the mapping that writes in the open transaction (G5)",
)

intents = Table(
    "sync_intents",
    metadata,
    Column("id", _Key, primary_key=True),
    Column("mapping", String(100), nullable=False),
    Column("link_id", _Key, nullable=False, unique=True),
    Column("internal_id", Text, nullable=False),
    Column("external_id", Text, comment="None for a create"),
    Column("operation", String(10), nullable=False),
    Column("sent", _Json, nullable=False, comment="external field → value to be sent"),
    Column("read", _Json, nullable=False, comment="external field → value read just before"),
    Column(
        "internal_values",
        _Json,
        nullable=False,
        comment="internal field → value that is being sent; the base once it landed",
    ),
    Column("match_key", Text, comment="of a create: recognises the record while its outcome is open (G20)"),
    Column("key_field", Text, comment="of a create with an own key: the external field that holds it (G21)"),
    Column("key_value", Text, comment="of a create with an own key: chosen before sending"),
    Column("counter", Integer, nullable=False, comment="of the pending entry that was read"),
    Column("run_id", RUN_ID, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("began_at", Instant, comment="by the target's clock: what it creates for this is not older (G21)"),
    Column("recover_after", Instant, nullable=False, comment="until then the server may still commit (G21)"),
    Column("job_id", Text, comment="of a bulk job, as soon as it is known"),
    Index("sync_intents_mapping", "mapping", "match_key"),
    comment="What is about to be sent, committed before it is sent (G18)",
)

leases = Table(
    "sync_leases",
    metadata,
    Column("mapping", String(100), primary_key=True),
    Column("direction", String(10), primary_key=True),
    Column("holder", RUN_ID, comment="run id; None: free"),
    Column("token", BigInteger, nullable=False, comment="fencing token, raised by each grant (G22)"),
    Column("expires_at", Instant, nullable=False),
    comment="One writer per mapping and direction",
)

runs = Table(
    "sync_runs",
    metadata,
    Column("id", RUN_ID, primary_key=True),
    Column("mapping", String(100), nullable=False),
    Column("direction", String(10), nullable=False),
    Column("kind", String(12), nullable=False, server_default="sync", comment="sync, reconcile or undo"),
    Column("status", String(12), nullable=False, comment="running, completed, paused, held or failed"),
    Column("message", Text, nullable=False, server_default=""),
    Column("started_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column(
        "counts", _Json, nullable=False, comment="seen, created, updated, unchanged, merged, withheld, quarantined, …"
    ),
    Column("reasons", _Json, nullable=False, comment="kind → reason → records"),
    Column("calls", Integer, nullable=False, server_default="0", comment="counted by the service"),
    Column(
        "document_calls", Integer, nullable=False, server_default="0", comment="by the document's arithmetic (OSF-034)"
    ),
    Column("seconds", Float, nullable=False, server_default="0", comment="of work, without waiting between tasks"),
    Index("sync_runs_started", "mapping", "direction", "started_at"),
    comment="One pass of one mapping in one direction",
)

actions = Table(
    "sync_actions",
    metadata,
    Column("id", _Key, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("run_id", RUN_ID, nullable=False),
    Column("mapping", String(100), nullable=False),
    Column("direction", String(10), nullable=False),
    Column(
        "status",
        String(20),
        nullable=False,
        comment="created, updated, linked, deleted, withheld, quarantined, held, waiting, purged, …",
    ),
    Column("code", String(100), nullable=False, server_default="", comment="stable: groups causes"),
    Column("message", Text, nullable=False, server_default=""),
    Column("internal_type", String(100), nullable=False),
    Column("internal_id", Text),
    Column("external_type", String(100), nullable=False),
    Column("external_id", Text),
    Index("sync_actions_at", "at"),
    Index("sync_actions_run", "run_id"),
    Index("sync_actions_internal", "mapping", "internal_id"),
    Index("sync_actions_external", "mapping", "external_id"),
    comment="The log: what was done and what was not, with its reason (OSF-104)",
)

holds = Table(
    "sync_holds",
    metadata,
    Column("mapping", String(100), primary_key=True),
    Column("direction", String(10), primary_key=True),
    Column("run_id", RUN_ID, nullable=False, comment="the run that last counted"),
    Column("message", Text, nullable=False),
    Column("counts", _Json, nullable=False, comment="create, update, delete or emptied → records"),
    Column("asked_at", Instant, nullable=False),
    Column("counted_at", Instant, nullable=False),
    Column("decision", String(10), comment="approved or rejected; None: nobody has answered yet"),
    Column("decided_by", String(200)),
    Column("decided_at", Instant),
    comment="Runs that ask before they write (G28)",
)

choices = Table(
    "sync_choices",
    metadata,
    Column("mapping", String(100), primary_key=True),
    Column("direction", String(10), primary_key=True),
    Column("record_id", Text, primary_key=True, comment="internal id for pushing, external id for polling"),
    Column("chosen_by", String(200), nullable=False),
    Column("chosen_at", Instant, nullable=False),
    comment="Records that match nothing, as a person says: the next run makes them anew on the other side",
)

changes = Table(
    "sync_changes",
    metadata,
    Column("id", _Key, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("actor", String(200), nullable=False),
    Column("verb", String(20), nullable=False),
    Column("object", Text, nullable=False),
    Column("detail", _Json, nullable=False),
    Index("sync_changes_at", "at"),
    comment="Changes of the configuration (Activity)",
)

quarantine = Table(
    "sync_quarantine",
    metadata,
    Column("mapping", String(100), primary_key=True),
    Column("direction", String(10), primary_key=True),
    Column("record_id", Text, primary_key=True, comment="id at the source of the direction"),
    Column("kind", String(12), nullable=False, comment="rejected, withheld, ambiguous or held"),
    Column("code", String(100), nullable=False),
    Column("reason", Text, nullable=False),
    Column("detail", _Json, nullable=False, comment="candidates, fields, the target's answer"),
    Column("stamp", Text, comment="version of the record that waits"),
    Column("hash", String(32), comment="of the values that wait"),
    Column("mapping_hash", String(32)),
    Column("run_id", RUN_ID, nullable=False),
    Column("since", Instant, nullable=False),
    Index("sync_quarantine_code", "mapping", "kind", "code"),
    comment="Records that wait for themselves, their other side or the mapping to change (G26)",
)

history = Table(
    "sync_history",
    metadata,
    Column("id", _Key, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("run_id", RUN_ID, nullable=False),
    Column("mapping", String(100), nullable=False),
    Column("link_id", _Key, nullable=False),
    Column("side", String(10), nullable=False, comment="whose field"),
    Column("field", String(200), nullable=False),
    Column("old", _Json),
    Column("new", _Json, comment="as the side showed it after the write; what was sent, where it showed nothing"),
    Column(
        "rule",
        String(40),
        nullable=False,
        comment="edit, fill_blank, newest, crm, undo, …; 'lost:' before it: the old value is an edit that lost",
    ),
    Index("sync_history_link", "link_id", "at"),
    Index("sync_history_run", "run_id"),
    comment="Every field that was written, and every value that lost",
)

calls = Table(
    "sync_calls",
    metadata,
    Column("id", _Key, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("connection", String(100), nullable=False),
    Column("mapping", String(100)),
    Column("run_id", RUN_ID),
    Column("kind", String(20), nullable=False),
    Column("counted", Integer, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("status", Integer),
    Index("sync_calls_connection", "connection", "at"),
    Index("sync_calls_run", "run_id"),
    comment="Every request to an outside service",
)

usage = Table(
    "sync_usage",
    metadata,
    Column("connection", String(100), primary_key=True),
    Column("used_by_all", Integer, nullable=False, comment="of the account's daily calls, as the service last said"),
    Column("maximum", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    comment="What the service last said of its limit",
)

descriptions = Table(
    "sync_descriptions",
    metadata,
    Column("connection", String(100), primary_key=True),
    Column("type_name", String(100), primary_key=True),
    Column("document", _Json, nullable=False),
    Column("at", Instant, nullable=False),
    comment="Types as the outside system last described them",
)

validations = Table(
    "sync_validations",
    metadata,
    Column("run_id", RUN_ID, primary_key=True),
    Column("mapping", String(100), nullable=False),
    Column("direction", String(10), nullable=False),
    Column("at", Instant, nullable=False),
    Column("document", _Json, nullable=False, comment="per expectation: checked, failed, examples"),
    comment="What the expectations found",
)
