"""Triggers for SQLite: it calls them row by row and knows no functions, so each names the columns of its table."""
# ruff: noqa: S608 - triggers take no parameters; every name and text is quoted

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, Table, text

from modstamp.connectors.engagement.definitions import UPDATED_AT
from modstamp.connectors.engagement.quoting import literal, quoted

MARK = "INSERT INTO sync_writer (mapping, record_id) VALUES (:mapping, '')"
UNMARK = "DELETE FROM sync_writer"
# It cannot tell which trigger fires which: so the writer names the records that it is about to write, and afterwards
# takes back the entries of those that it inserted, unless a further change has raised their counter.
ANNOUNCE = """
    INSERT OR IGNORE INTO sync_writer (mapping, record_id)
    SELECT writer.mapping, record.value FROM sync_writer AS writer, json_each(:ids) AS record
    WHERE writer.record_id = ''"""
TAKE_BACK = """
    DELETE FROM sync_pending WHERE direction = 'pushing' AND counter = 1
    AND mapping IN (SELECT mapping FROM sync_writer) AND record_id IN (SELECT value FROM json_each(:ids))"""

_STORED_NOW = "strftime('%Y-%m-%d %H:%M:%f000', 'now')"  # as SQLAlchemy stores instants
_STAMP = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"
_PAIRS = 50  # of arguments: SQLite passes at most 127
_TRIGGERS = ("modstamp_{}_insert", "modstamp_{}_update", "modstamp_{}_rekey", "modstamp_{}_delete")


def removal(watched: Table) -> list[str]:
    return [f"DROP TRIGGER IF EXISTS {quoted(trigger.format(watched.name))}" for trigger in _TRIGGERS]


def is_installed(connection: Connection, watched: Table, key: str, captured: Sequence[str]) -> bool:
    """Whether the table has the triggers that `installation` makes, word by word."""
    query = text("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :name")
    found = set(connection.scalars(query, {"name": watched.name}))
    return found.issuperset(installation(watched, key, captured))


def installation(watched: Table, key: str, captured: Sequence[str]) -> list[str]:
    insert, update, rekey, delete = (quoted(trigger.format(watched.name)) for trigger in _TRIGGERS)
    name, key = quoted(watched.name), quoted(key)
    old, new = f"old.{key}", f"new.{key}"
    differs = [(column, f"old.{quoted(column)} IS NOT new.{quoted(column)}") for column in captured]
    gone, come = _entry(watched.name, old, "'{}'", deleted=True), _entry(watched.name, new, "'{}'", deleted=False)
    edited = _touch(name, key, watched) + _entry(watched.name, new, _edits(differs), deleted=False)
    changed = " OR ".join(condition for _, condition in differs) or "false"
    return [
        f"CREATE TRIGGER {insert} AFTER INSERT ON {name} BEGIN {come} END",
        f"CREATE TRIGGER {update} AFTER UPDATE ON {name} WHEN {old} IS {new} AND ({changed}) BEGIN {edited} END",
        f"CREATE TRIGGER {rekey} AFTER UPDATE OF {key} ON {name} WHEN {old} IS NOT {new} BEGIN {gone} {come} END",
        f"CREATE TRIGGER {delete} AFTER DELETE ON {name} BEGIN {gone} END",
    ]


def _edits(differs: Sequence[tuple[str, str]]) -> str:
    """JSON of changed column → instant: a merge patch leaves the nulls out."""
    document = "'{}'"
    for start in range(0, len(differs), _PAIRS):
        cells = ", ".join(
            f"{literal(column)}, iif({condition}, {_STAMP}, NULL)"
            for column, condition in differs[start : start + _PAIRS]
        )
        document = f"json_patch({document}, json_object({cells}))"
    return document


def _touch(name: str, key: str, watched: Table) -> str:
    if UPDATED_AT not in watched.columns:
        return ""
    unset = f"{UPDATED_AT} IS old.{UPDATED_AT}"
    return f"UPDATE {name} SET {UPDATED_AT} = {_STORED_NOW} WHERE {key} = new.{key} AND {unset}; "


def _entry(table: str, record: str, edits: str, *, deleted: bool) -> str:
    return f"""
        INSERT INTO sync_pending (mapping, direction, record_id, counter, columns, deleted, since)
        SELECT mapping, 'pushing', CAST({record} AS TEXT), 1, {edits}, {int(deleted)}, {_STORED_NOW}
        FROM sync_watches WHERE table_name = {literal(table)} AND NOT EXISTS (
            SELECT 1 FROM sync_writer
            WHERE sync_writer.mapping = sync_watches.mapping AND sync_writer.record_id = CAST({record} AS TEXT)
        )
        ON CONFLICT (mapping, direction, record_id) DO UPDATE SET
            counter = counter + 1,
            columns = json_patch(coalesce(columns, '{{}}'), excluded.columns),
            deleted = excluded.deleted,
            reason = NULL, waits_for = NULL, not_before = NULL;"""
