"""Change capture: triggers that tell every pushing mapping which records to look at (G4, G5, G31).

They work on any table whose primary key is one column, and for whatever program writes to it. After a change, each
mapping in `sync_watches` but the one that is writing (`writer`) finds an entry in `sync_pending` with the columns that
changed and when; a further change raises its counter and ends its waiting. A new or deleted record has no such columns.
`updated_at` is kept here too, where a table has it and its own program does not set it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Protocol

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    Text,
    bindparam,
    cast,
    column,
    delete,
    insert,
    literal,
    select,
    table,
    text,
)
from sqlalchemy.exc import ProgrammingError

from modstamp.connectors.engagement import postgresql, sqlite
from modstamp.connectors.engagement.definitions import CREATED_AT, UPDATED_AT
from modstamp.errors import ConfigurationError, Problem
from modstamp.model import Direction
from modstamp.sqltypes import Instant

_watches = table("sync_watches", column("table_name"), column("mapping"), column("change_column"))
_links = table("sync_links", column("mapping"), column("internal_id"))
_pending = table(
    "sync_pending",
    column("mapping"),
    column("direction"),
    column("record_id"),
    column("counter"),
    column("since", Instant),
)
_NO_RIGHT = "42501"
_PUSHING = str(Direction.PUSHING)


class _Triggers(Protocol):
    """What each database's module offers. `MARK` and `UNMARK` are SQL."""

    MARK: str
    UNMARK: str

    def removal(self, watched: Table) -> list[str]: ...

    def is_installed(self, connection: Connection, watched: Table, key: str, captured: Sequence[str]) -> bool: ...

    def installation(self, watched: Table, key: str, captured: Sequence[str]) -> list[str]: ...


def statements(connection: Connection, watched: Table) -> list[str]:
    """The SQL that `install` runs, for a person to read first. Raises `ConfigurationError`: no key of one column."""
    triggers = _triggers(connection)
    return triggers.removal(watched) + triggers.installation(watched, *_captured(watched))


def outstanding(connection: Connection, watched: Table) -> list[str]:
    """The SQL that is still to be run for somebody else's table; none when its triggers are as they should be (G31).

    Only its owner may drop a trigger on PostgreSQL, where who has the right to create one may replace it.
    """
    triggers, (key, captured) = _triggers(connection), _captured(watched)
    if triggers.is_installed(connection, watched, key, captured):
        return []
    first = [] if triggers is postgresql else triggers.removal(watched)
    return first + triggers.installation(watched, key, captured)


def try_out(connection: Connection, found: Sequence[str]) -> bool:
    """Run statements of `outstanding`; False when our login has no right to, and nothing was done."""
    try:
        with connection.begin_nested():
            _run(connection, found)
    except ProgrammingError as error:
        if getattr(error.orig, "sqlstate", None) != _NO_RIGHT:
            raise
        return False
    return True


def _captured(watched: Table) -> tuple[str, list[str]]:
    """The key, and the columns whose changes count. Raises `ConfigurationError`."""
    keys = [key.name for key in watched.primary_key]
    if len(keys) != 1:
        what = f"its primary key has {len(keys)} columns"
        fix = "give the table a primary key of one column, or leave it out of the mappings"
        raise ConfigurationError([Problem(f"table '{watched.name}'", what, fix)])
    own = {CREATED_AT, UPDATED_AT, *keys}
    return keys[0], [entry.name for entry in watched.columns if entry.name not in own and entry.computed is None]


def install(connection: Connection, watched: Table) -> None:
    """Put the triggers on the table, in place of earlier ones. To be repeated when its columns have changed."""
    _run(connection, statements(connection, watched))


def remove(connection: Connection, watched: Table) -> None:
    """Take the triggers off the table, if it has them."""
    _run(connection, _triggers(connection).removal(watched))


def watch(
    connection: Connection, watches: Mapping[str, str], change_columns: Mapping[str, str] | None = None
) -> list[str]:
    """Say which mappings hear of which table: mapping → table name. Mappings that are not named stop hearing.

    `change_columns`: mapping → the column that is read instead, as its table has no triggers of ours (G31). Returns the
    mappings that hear for the first time in this way, which know nothing of the rows that are there: see `seed`.
    """
    instead = change_columns or {}
    wanted = {(name, mapping, instead.get(mapping)) for mapping, name in watches.items()}
    present = {(row.table_name, row.mapping, row.change_column) for row in connection.execute(select(_watches))}
    for name, mapping, _ in present - wanted:
        connection.execute(delete(_watches).where(_watches.c.table_name == name, _watches.c.mapping == mapping))
    for name, mapping, change_column in sorted(wanted - present, key=str):
        connection.execute(insert(_watches).values(table_name=name, mapping=mapping, change_column=change_column))
    return sorted(mapping for _, mapping, _ in wanted - present)


def seed(connection: Connection, watched: Table, mapping: str, *, unlinked: ColumnElement[bool] | None = None) -> None:
    """Let a mapping look at rows that the table has already, but for those that it is to look at anyway.

    At every row that it has linked, as it may have been edited while it heard of nothing; of the others at those for
    which `unlinked` holds, and at all of them without it.
    """
    (key,) = watched.primary_key
    record = cast(key, Text)
    known = select(_pending.c.record_id).where(_pending.c.mapping == mapping, _pending.c.direction == _PUSHING)
    now = bindparam("now", datetime.now(UTC), Instant)
    rows = select(literal(mapping), literal(_PUSHING), record, literal(1), now).where(record.not_in(known))
    if unlinked is not None:
        rows = rows.where(record.in_(select(_links.c.internal_id).where(_links.c.mapping == mapping)) | unlinked)
    connection.execute(insert(_pending).from_select([each.name for each in _pending.columns], rows))


@contextmanager
def writer(connection: Connection, mapping: str | None) -> Iterator[None]:
    """What is written inside is not told to this mapping (G5). An error ends the transaction, and with it the mark.

    What triggers of the database's own write in answer is told: it is no part of what the mapping wrote.
    """
    if mapping is None:
        yield
        return
    triggers = _triggers(connection)
    connection.execute(text(triggers.MARK), {"mapping": mapping})
    yield
    connection.execute(text(triggers.UNMARK))


def announce(connection: Connection, ids: Sequence[str]) -> None:
    """These records are about to be written, by whoever `writer` names, if anybody."""
    _with_ids(connection, sqlite.ANNOUNCE, ids)


def take_back(connection: Connection, ids: Sequence[str]) -> None:
    """These records have just been inserted, by whoever `writer` names, if anybody."""
    _with_ids(connection, sqlite.TAKE_BACK, ids)


def _with_ids(connection: Connection, statement: str, ids: Sequence[str]) -> None:
    if connection.dialect.name == "sqlite":  # PostgreSQL's triggers see by themselves who wrote
        connection.execute(text(statement), {"ids": json.dumps(list(ids))})


def _run(connection: Connection, found: Sequence[str]) -> None:
    for statement in found:
        # To the driver as it is: a percent sign in it is no placeholder.
        connection.exec_driver_sql(statement, execution_options={"no_parameters": True})


def _triggers(connection: Connection) -> _Triggers:
    return postgresql if connection.dialect.name == "postgresql" else sqlite
