"""Triggers for PostgreSQL: one function for all tables, called once per statement with all of its rows.

The function runs with the rights and the search path of whoever installed it, so that programs that may write to the
watched table need no rights on the state. No column is named in a trigger, except the key: columns may come and go.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, Table, text

from modstamp.connectors.engagement.definitions import UPDATED_AT
from modstamp.connectors.engagement.quoting import literal, table_quoted

MARK = "SELECT set_config('modstamp.writer', :mapping, true)"
UNMARK = "SELECT set_config('modstamp.writer', '', true)"

# Arguments: the key, then the columns that do not count. A row whose key was changed is one row gone and another come,
# hence the full join. Entries are written in the order of their key: two statements then cannot wait for each other.
_CAPTURE = """
CREATE OR REPLACE FUNCTION modstamp_capture() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $body$
DECLARE
    moment CONSTANT timestamptz := clock_timestamp();
    stamp CONSTANT jsonb := to_jsonb(to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'));
    -- What another trigger writes in answer to the writer's own statement was not written by the writer.
    writer CONSTANT text := CASE pg_trigger_depth()
        WHEN 1 THEN coalesce(current_setting('modstamp.writer', true), '') ELSE '' END;
    key_column CONSTANT text := TG_ARGV[0];
    ignored CONSTANT text[] := TG_ARGV[1:];
    ids text[];
    edits jsonb[];
    gone boolean[];
BEGIN
    IF NOT EXISTS (SELECT FROM sync_watches WHERE table_name = TG_TABLE_NAME AND mapping <> writer) THEN
        RETURN NULL;
    ELSIF TG_OP = 'INSERT' THEN
        SELECT array_agg(to_jsonb(n) ->> key_column), array_agg(jsonb '{}'), array_agg(false)
        INTO ids, edits, gone FROM new_rows n;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT array_agg(to_jsonb(o) ->> key_column), array_agg(jsonb '{}'), array_agg(true)
        INTO ids, edits, gone FROM old_rows o;
    ELSIF TG_OP = 'TRUNCATE' THEN
        EXECUTE format('SELECT array_agg(%I::text), array_agg(jsonb ''{}''), array_agg(true) FROM %I.%I',
                       key_column, TG_TABLE_SCHEMA, TG_TABLE_NAME)
        INTO ids, edits, gone;
    ELSE
        -- Materialized: else a row would be turned into JSON again for each of its columns.
        WITH before_rows AS MATERIALIZED (SELECT to_jsonb(o) AS was FROM old_rows o),
        after_rows AS MATERIALIZED (SELECT to_jsonb(n) AS is_now FROM new_rows n),
        compared AS (
            SELECT coalesce(is_now, was) ->> key_column AS id, is_now IS NULL AS gone, CASE
                WHEN was IS NULL OR is_now IS NULL THEN jsonb '{}'
                ELSE (SELECT jsonb_object_agg(name, stamp) FROM jsonb_each(is_now - ignored) AS cell (name, value)
                      WHERE value IS DISTINCT FROM was -> name)
            END AS edits
            FROM before_rows FULL JOIN after_rows ON was ->> key_column = is_now ->> key_column
        )
        SELECT array_agg(compared.id), array_agg(compared.edits), array_agg(compared.gone)
        INTO ids, edits, gone FROM compared WHERE compared.edits IS NOT NULL;
    END IF;
    INSERT INTO sync_pending AS entry (mapping, direction, record_id, counter, columns, deleted, since)
    SELECT watch.mapping, 'pushing', change.id, 1, change.edits, change.gone, moment
    FROM sync_watches AS watch CROSS JOIN unnest(ids, edits, gone) AS change (id, edits, gone)
    WHERE watch.table_name = TG_TABLE_NAME AND watch.mapping <> writer
    ORDER BY watch.mapping, change.id
    ON CONFLICT (mapping, direction, record_id) DO UPDATE SET
        counter = entry.counter + 1,
        columns = coalesce(entry.columns, '{}') || excluded.columns,
        deleted = excluded.deleted,
        reason = NULL, waits_for = NULL, not_before = NULL;
    RETURN NULL;
END
$body$
"""

# Compared as they are stored: some types (json, point) know no equality.
_TOUCH = f"""
CREATE OR REPLACE FUNCTION modstamp_touch() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    IF NEW *<> OLD AND NEW.{UPDATED_AT} IS NOT DISTINCT FROM OLD.{UPDATED_AT} THEN
        NEW.{UPDATED_AT} := clock_timestamp();
    END IF;
    RETURN NEW;
END
$body$
"""

_EVENTS = {
    "INSERT": ("AFTER", "REFERENCING NEW TABLE AS new_rows"),
    "UPDATE": ("AFTER", "REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows"),
    "DELETE": ("AFTER", "REFERENCING OLD TABLE AS old_rows"),
    "TRUNCATE": ("BEFORE", ""),  # it hands over no rows: they are read while they are there
}
_TRIGGERS = (*(f"modstamp_{event.lower()}" for event in _EVENTS), "modstamp_touch")


def removal(watched: Table) -> list[str]:
    name = table_quoted(watched)
    return [f"DROP TRIGGER IF EXISTS {trigger} ON {name}" for trigger in _TRIGGERS]


def is_installed(connection: Connection, watched: Table, key: str, captured: Sequence[str]) -> bool:
    """Whether the table has the triggers that `installation` makes; columns are told by their arguments."""
    query = text("SELECT tgname, tgargs FROM pg_trigger WHERE tgrelid = CAST(:name AS regclass) AND NOT tgisinternal")
    found = {name: bytes(given) for name, given in connection.execute(query, {"name": table_quoted(watched)})}
    wanted = b"".join(value.encode() + b"\0" for value in _arguments(watched, key, captured))
    touched = UPDATED_AT not in watched.columns or "modstamp_touch" in found
    return touched and all(found.get(f"modstamp_{event.lower()}") == wanted for event in _EVENTS)


def _arguments(watched: Table, key: str, captured: Sequence[str]) -> tuple[str, ...]:
    return key, *(column.name for column in watched.columns if column.name not in captured)


def installation(watched: Table, key: str, captured: Sequence[str]) -> list[str]:
    name = table_quoted(watched)
    arguments = ", ".join(literal(value) for value in _arguments(watched, key, captured))
    capture = [
        f"CREATE OR REPLACE TRIGGER modstamp_{event.lower()} {when} {event} ON {name} {rows} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION modstamp_capture({arguments})"
        for event, (when, rows) in _EVENTS.items()
    ]
    if UPDATED_AT not in watched.columns:
        return [_CAPTURE, *capture]
    touch = (
        f"CREATE OR REPLACE TRIGGER modstamp_touch BEFORE UPDATE ON {name} "
        "FOR EACH ROW EXECUTE FUNCTION modstamp_touch()"
    )
    return [_CAPTURE, _TOUCH, *capture, touch]
