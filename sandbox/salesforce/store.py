"""The org's data: an ordinary SQLite file that the server, a generator and a test may open side by side.

What is written here is not judged (see `records` for that); it only gets its id, its audit fields and its name.
Values are Salesforce's own: ids of 18 characters, booleans, numbers, dates as `YYYY-MM-DD`, date-times as `datetime`
or as the text that `clock.stamp` writes.
"""

# ruff: noqa: S608 - only names from the schema are put into SQL; every value is bound

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import Any

from sandbox.salesforce import ids
from sandbox.salesforce.clock import Clock, stamp
from sandbox.salesforce.schema import ObjectType, Schema, load_schema
from sandbox.salesforce.tables import prepare, quoted

CHUNK = 5_000
PRAGMAS = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
PRAGMA cache_size = -16384;
PRAGMA temp_store = MEMORY;
"""

Row = dict[str, Any]


class Store:
    """Reads on a connection per thread, writes on one connection under a lock; both see committed data only."""

    def __init__(self, path: Path | str, *, schema: Schema | None = None, clock: Clock | None = None) -> None:
        self.path = Path(path)
        self.schema = schema or load_schema()
        self.clock = clock or Clock()
        self._lock = threading.RLock()
        self._local = threading.local()
        self._opened: list[sqlite3.Connection] = []
        self._depth = 0
        self._owner: int | None = None
        self._writer = self._connect()
        prepare(self._writer, self.schema)

    def close(self) -> None:
        """Close behind the transaction that is under way; who reads meanwhile must be waited for before."""
        with self._lock:
            while self._opened:
                self._opened.pop().close()

    def extend(self, schema: Schema) -> None:
        """Make room for what a schema has beyond the present one."""
        with self.writing() as connection:
            prepare(connection, schema)
        self.schema = schema

    def reader(self) -> sqlite3.Connection:
        """The connection to read with in this thread; inside `writing`, the writer, which sees its own changes."""
        if self._owner == threading.get_ident():
            return self._writer
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._connect()
        return connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction; nested ones are savepoints. An exception rolls back exactly what its own block did."""
        with self._lock:
            name = f"level{self._depth}"
            self._writer.execute("BEGIN IMMEDIATE" if self._depth == 0 else f"SAVEPOINT {name}")
            self._depth += 1
            self._owner = threading.get_ident()
            try:
                yield self._writer
            except BaseException:
                self._leave(*(("ROLLBACK",) if self._depth == 1 else (f"ROLLBACK TO {name}", f"RELEASE {name}")))
                raise
            self._leave("COMMIT" if self._depth == 1 else f"RELEASE {name}")

    def insert_many(
        self,
        object_name: str,
        rows: Iterable[Mapping[str, Any]],
        *,
        created: datetime | None = None,
        modified: datetime | None = None,
        by: str,
    ) -> list[str]:
        """Insert rows and return their ids in order.

        A row's own audit fields and Id win over `created`, `modified` (default: now) and `by` (a user's id). Fields
        that a row leaves out take their default.
        """
        object_type = self.schema[object_name]
        moment = stamp(created or self.clock.now())
        defaults = _audit(object_type, moment, stamp(modified) if modified else moment, by)
        iterator = iter(rows)
        new: list[str] = []
        with self.writing() as connection:
            while chunk := list(islice(iterator, CHUNK)):
                new += self._insert_chunk(connection, object_type, chunk, defaults)
        return new

    def update(
        self, object_name: str, record_id: str, values: Mapping[str, Any], *, modified: datetime | None = None, by: str
    ) -> bool:
        """Change one record and its audit fields; False when there is no such record."""
        object_type = self.schema[object_name]
        moment = stamp(modified or self.clock.now())
        changed = dict(values) | _only(object_type, _touch(moment, by)) | self._renamed(object_type, record_id, values)
        with self.writing() as connection:
            assignments = ", ".join(f"{quoted(name)} = ?" for name in changed)
            cursor = connection.execute(
                f"UPDATE {quoted(object_name)} SET {assignments} WHERE Id = ?",
                (*map(_plain, changed.values()), record_id),
            )
            return cursor.rowcount == 1

    def touch(self, object_name: str, record_id: str, *, modified: datetime | None = None) -> None:
        """Give a record a new SystemModstamp and nothing else, as Salesforce does for reasons of its own."""
        moment = stamp(modified or self.clock.now())
        with self.writing() as connection:
            sql = f"UPDATE {quoted(object_name)} SET SystemModstamp = ? WHERE Id = ?"
            connection.execute(sql, (moment, record_id))

    def delete(self, object_name: str, record_ids: Sequence[str], *, by: str, modified: datetime | None = None) -> None:
        """Put records into the recycle bin (or remove them, where the type has none) and note it in the delete log.

        What hangs on them by a field that cascades goes with them, at the same moment.
        """
        object_type, when = self.schema[object_name], modified or self.clock.now()
        with self.writing() as connection:
            for record_id in record_ids:
                self._take_along(connection, object_name, record_id, by=by, when=when)
                if object_type.soft_deletes:
                    self.update(object_name, record_id, {"IsDeleted": True}, modified=when, by=by)
                else:
                    connection.execute(f"DELETE FROM {quoted(object_name)} WHERE Id = ?", (record_id,))
                connection.execute("INSERT INTO _deletions VALUES (?, ?, ?)", (object_name, record_id, stamp(when)))

    def _take_along(
        self, connection: sqlite3.Connection, object_name: str, record_id: str, *, by: str, when: datetime
    ) -> None:
        for child in self.schema.objects.values():
            for name in child.takes_along(object_name):
                rows = self.rows(child.name, f"{quoted(name)} = ? AND IsDeleted = 0", (record_id,))
                ids = [row["Id"] for row in rows]
                noted = [(record_id, child.name, each) for each in ids]
                connection.executemany("INSERT INTO _taken_along VALUES (?, ?, ?)", noted)
                self.delete(child.name, ids, by=by, modified=when)

    def taken_along(self, record_id: str) -> list[tuple[str, str]]:
        """(object, id) of the records that were deleted with this one."""
        sql = "SELECT object, id FROM _taken_along WHERE parent = ?"
        return list(self.reader().execute(sql, (record_id,)))

    def undelete(
        self, object_name: str, record_ids: Sequence[str], *, by: str, modified: datetime | None = None
    ) -> None:
        """Take records out of the recycle bin, with what went along; the delete log forgets them.

        A loser of a merge no longer names its master.
        """
        alone = {"MasterRecordId": None} if "MasterRecordId" in self.schema[object_name].fields else {}
        when = modified or self.clock.now()
        with self.writing() as connection:
            for record_id in record_ids:
                self.update(object_name, record_id, {"IsDeleted": False, **alone}, modified=when, by=by)
                connection.execute("DELETE FROM _deletions WHERE object = ? AND id = ?", (object_name, record_id))
                for child, child_id in self.taken_along(record_id):
                    self.undelete(child, [child_id], by=by, modified=when)
                connection.execute("DELETE FROM _taken_along WHERE parent = ?", (record_id,))

    def purge(self, object_name: str, record_ids: Sequence[str] | None = None) -> int:
        """Remove records (default: the whole recycle bin of the type) for good; the delete log keeps them.

        What was deleted with them goes too.
        """
        table = quoted(object_name)
        with self.writing() as connection:
            if record_ids is None:
                found = connection.execute(f"SELECT Id FROM {table} WHERE IsDeleted = 1")
                record_ids = [record_id for (record_id,) in found]
            for record_id in record_ids:
                for child, child_id in self.taken_along(record_id):
                    self.purge(child, [child_id])
                connection.execute("DELETE FROM _taken_along WHERE parent = ?", (record_id,))
            parameters = [(record_id,) for record_id in record_ids]
            return connection.executemany(f"DELETE FROM {table} WHERE Id = ?", parameters).rowcount

    def rows(self, object_name: str, condition: str = "1", parameters: Sequence[Any] = ()) -> Iterator[Row]:
        """Records as dictionaries in the order of their creation; `condition` is SQL over the field names."""
        object_type = self.schema[object_name]
        listed = ", ".join(map(quoted, object_type.columns))
        sql = f"SELECT {listed} FROM {quoted(object_name)} WHERE {condition} ORDER BY _row"
        for values in self.reader().execute(sql, parameters):
            row = dict(zip(object_type.columns, values, strict=True))
            for name in object_type.boolean_columns:
                row[name] = bool(row[name])
            yield row

    def get(self, object_name: str, record_id: str) -> Row | None:
        """One record, deleted or not; None when there is none."""
        return next(self.rows(object_name, "Id = ?", (record_id,)), None)

    def living(self, object_name: str, record_ids: Iterable[str]) -> set[str]:
        """Those of the records that are there and not in the recycle bin."""
        condition = " AND IsDeleted = 0" if self.schema[object_name].soft_deletes else ""
        sql = f"SELECT Id FROM {quoted(object_name)} WHERE Id IN (SELECT value FROM json_each(?)){condition}"
        return {record_id for (record_id,) in self.reader().execute(sql, (json.dumps(list(record_ids)),))}

    def count(self, object_name: str, condition: str = "1", parameters: Sequence[Any] = ()) -> int:
        sql = f"SELECT count(*) FROM {quoted(object_name)} WHERE {condition}"
        number: int = self.reader().execute(sql, parameters).fetchone()[0]
        return number

    def deletions(self, object_name: str, start: str, end: str) -> list[tuple[str, str]]:
        """(id, time of deletion) from the delete log, both bounds included, as stamps."""
        sql = "SELECT id, deleted FROM _deletions WHERE object = ? AND deleted BETWEEN ? AND ? ORDER BY deleted, id"
        return list(self.reader().execute(sql, (object_name, start, end)))

    def _insert_chunk(
        self, connection: sqlite3.Connection, object_type: ObjectType, chunk: list[Mapping[str, Any]], defaults: Row
    ) -> list[str]:
        first = self._reserve(connection, object_type.prefix, len(chunk))
        named = {"Id", *defaults}.union(*chunk)
        composed = object_type.person and "Name" not in named
        columns = sorted(named | {"Name"} if composed else named)
        moments = [name for name in columns if object_type.fields[name].kind == "datetime"]
        base = dict.fromkeys(columns) | defaults
        whole = [{**base, "Id": ids.make(object_type.prefix, number), **row} for number, row in enumerate(chunk, first)]
        for row in whole:
            if composed:
                row["Name"] = full_name(row)
            for name in moments:
                row[name] = _plain(row[name])
        marks = ", ".join("?" * len(columns))
        listed = ", ".join(map(quoted, columns))
        connection.executemany(
            f"INSERT INTO {quoted(object_type.name)} ({listed}) VALUES ({marks})", map(itemgetter(*columns), whole)
        )
        return [row["Id"] for row in whole]

    def _renamed(self, object_type: ObjectType, record_id: str, values: Mapping[str, Any]) -> Row:
        if not object_type.person or not values.keys() & {"FirstName", "LastName"}:
            return {}
        return {"Name": full_name({**(self.get(object_type.name, record_id) or {}), **values})}

    @staticmethod
    def _reserve(connection: sqlite3.Connection, prefix: str, count: int) -> int:
        connection.execute("INSERT OR IGNORE INTO _sequence VALUES (?, 1)", (prefix,))
        sql = "UPDATE _sequence SET next = next + ? WHERE prefix = ? RETURNING next"
        following: int = connection.execute(sql, (count, prefix)).fetchone()[0]
        return following - count

    def _leave(self, *statements: str) -> None:
        self._depth -= 1
        if self._depth == 0:
            self._owner = None
        for statement in statements:
            self._writer.execute(statement)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=60, isolation_level=None, check_same_thread=False)
        connection.executescript(PRAGMAS)
        self._opened.append(connection)
        return connection


def full_name(row: Mapping[str, Any]) -> str:
    """A person's Name as Salesforce puts it together."""
    return " ".join(str(row[part]) for part in ("FirstName", "LastName") if row.get(part))


def _audit(object_type: ObjectType, created: str, modified: str, by: str) -> Row:
    defaults = {each.name: each.default for each in object_type.fields.values() if each.default is not None}
    owner = {"OwnerId": by, "CreatedDate": created, "CreatedById": by}
    return defaults | _only(object_type, owner | _touch(modified, by))


def _touch(moment: str, by: str) -> Row:
    return {"LastModifiedDate": moment, "LastModifiedById": by, "SystemModstamp": moment}


def _only(object_type: ObjectType, values: Row) -> Row:
    return {name: value for name, value in values.items() if name in object_type.fields}


def _plain(value: Any) -> Any:
    return stamp(value) if isinstance(value, datetime) else value
