"""People who edit both sides at random, and the journal of what they did, written before they do it."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from bench.chaos.fields import FIELDS, NAMES, TABLES, Field, Words
from bench.chaos.versions import BOTH, EXTERNAL, INTERNAL, FieldStory
from sandbox.salesforce.org import Org
from sandbox.salesforce.people import perform

_LATE: Final = 3.0  # seconds at most that a change becomes visible after its stamp
_HELD: Final = 1.5  # seconds at most that somebody keeps a transaction open


@dataclass
class Deletion:
    """`paired`: the other side had the record at that moment."""

    side: str
    at: float
    paired: bool


@dataclass
class Record:
    """One person or company of the world, known by a name that nobody changes.

    `born`: the sides on which people made it. `alone`: why the mapping lets it not travel. `loose`: why only the weaker
    rules hold for it: it was restored, made again, merged or converted.
    """

    name: str
    type: str
    born: str
    alone: str = ""
    loose: str = ""
    fields: dict[str, FieldStory] = field(default_factory=dict)
    deletions: list[Deletion] = field(default_factory=list)


class Journal:
    """One JSON line per thing, before it is done and after."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8")

    def tell(self, what: str, **details: Any) -> None:
        line = {"at": f"{datetime.now(UTC):%H:%M:%S.%f}"[:-3], "what": what, **details}
        self._file.write(json.dumps(line, default=str) + "\n")
        self._file.flush()


@dataclass
class Held:
    """A transaction that somebody keeps open."""

    until: float
    connection: Connection
    done: Callable[[], None]
    check: Callable[[], bool]


@dataclass
class People:
    """`records`: name → record. `wrong`: what was seen to be wrong right when somebody edited."""

    org: Org
    engine: Engine
    dice: random.Random
    words: Words
    journal: Journal
    records: dict[str, Record] = field(default_factory=dict)
    wrong: list[tuple[str, str]] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    retired: set[str] = field(default_factory=set)
    edits: int = 0
    _names: int = 0

    def act(self) -> None:
        """Do one thing."""
        happenings = {
            self.create_inside: 2,
            self.create_outside: 2,
            self.edit_inside: 8,
            self.edit_outside: 8,
            self.edit_both: 3,
            self.delete_inside: 0.6,
            self.delete_outside: 0.6,
            self.restore_outside: 0.5,
            self.insert_again: 0.3,
        }
        self.dice.choices(list(happenings), list(happenings.values()))[0]()
        self.edits += 1

    # Creating

    def _new(self, kind: str, side: str) -> tuple[Record, dict[str, Any]]:
        self._names += 1
        name = f"{kind[0].lower()}{self._names}"
        record = Record(name, kind, side)
        values: dict[str, Any] = {}
        common = self.common()
        for each in FIELDS[kind]:
            filled = each.kind in {"owner", "stage"} or not each.blank or self.dice.random() < 0.5  # noqa: PLR2004
            values[each.internal] = self.words.new(each, None, common) if filled else None
            if each.kind == "flag":
                values[each.internal] = False
            if not each.blank and values[each.internal] is None:
                values[each.internal] = f"{name} Inc"
        self.records[name] = record
        return record, values

    def common(self) -> dict[str, list[str]]:
        """Words of references that both sides know."""
        owners = [str(row["Email"]).lower() for row in self.org.store.rows("User")]
        accounts = {str(row["Name"]).lower() for row in self.org.store.rows("Account", "IsDeleted = 0")}
        known = self.words.inside
        return {
            "owner": [word for word in owners if word in known["owner"].values()],
            "stage": [stage.lower() for stage in self.words.statuses],
            "account": sorted(accounts & set(known["account"].values())) or [""],
        }

    def _begin(self, record: Record, values: Mapping[str, Any]) -> None:
        now = time.time()
        for each in FIELDS[record.type]:
            story = record.fields.setdefault(each.internal, FieldStory())
            story.begin(record.born, values[each.internal], now)

    def create_inside(self, kind: str = "") -> None:
        kind = kind or self.dice.choices(["Lead", "Account"], [6, 1])[0]
        record, values = self._new(kind, INTERNAL)
        columns = {each.internal: self.words.to_inside(each, values[each.internal]) for each in FIELDS[kind]}
        columns[NAMES[kind][0]] = record.name
        if kind == "Lead":
            mail = self._mail(record)
            columns["email"] = mail
        if not self._inside(record, "create", values, lambda tx: self._insert(tx, TABLES[kind], columns)):
            del self.records[record.name]

    def create_outside(self, kind: str = "") -> None:
        kind = kind or self.dice.choices(["Lead", "Contact", "Account"], [5, 3, 1])[0]
        record, values = self._new(kind, EXTERNAL)
        sent = {
            each.external: self.words.to_outside(each, value)
            for each in FIELDS[kind]
            if (value := values[each.internal]) is not None
        }
        sent[NAMES[kind][1]] = record.name
        if kind != "Account":
            mail = self._mail(record)
            if mail:
                sent["Email"] = mail
        self._outside(record, "create", values, {"values": sent})

    def _mail(self, record: Record) -> str | None:
        if self.dice.random() < 0.9:  # noqa: PLR2004  # nearly all
            return f"{record.name}@example.com"
        if record.type == "Lead":
            record.alone = "it has no mail address"
        return None

    @staticmethod
    def _insert(tx: Connection, table: str, columns: Mapping[str, Any]) -> None:
        names = ", ".join(columns)
        marks = ", ".join(f":{name}" for name in columns)
        tx.execute(text(f"INSERT INTO {table} ({names}) VALUES ({marks})"), dict(columns))  # noqa: S608

    def _inside(self, record: Record, what: str, values: Mapping[str, Any], work: Callable[[Connection], None]) -> bool:
        self.journal.tell(f"{what} inside", record=record.name, values=values)
        try:
            with self.engine.begin() as tx:
                work(tx)
        except DBAPIError as error:
            self.journal.tell("not done", record=record.name, why=str(error.orig).split("\n")[0])
            return False
        self._begin(record, values)
        return True

    def _outside(self, record: Record, what: str, values: Mapping[str, Any], order: Mapping[str, Any]) -> None:
        moment = self._moment(None)
        self.journal.tell(f"{what} outside", record=record.name, values=values, stamp=moment, type=record.type)
        self._begin(record, values)
        perform(self.org, {"object": record.type, **order}, moment)

    def _moment(self, row: Mapping[str, Any] | None) -> datetime | None:
        """Sometimes a change is stamped some seconds before it becomes visible, but not before the one that it follows."""
        if self.dice.random() > 0.2:  # noqa: PLR2004
            return None
        moment = self.org.clock.now() - timedelta(seconds=int(self.dice.uniform(1, _LATE + 1)))
        if row is not None and datetime.fromisoformat(str(row["SystemModstamp"])) > moment:
            return None
        return moment

    # Editing

    def edit_both(self) -> None:
        """The same record on both sides, often the same field."""
        name = self._somebody()
        if name:
            shared = self.dice.choice(FIELDS[self.records[name].type]) if self.dice.random() < 0.6 else None  # noqa: PLR2004
            sides = [self.edit_inside, self.edit_outside]
            self.dice.shuffle(sides)
            for edit in sides:
                edit(name, shared)

    def _somebody(self) -> str | None:
        return self.dice.choice(list(self.records)) if self.records else None

    def edit_inside(self, name: str | None = None, which: Field | None = None) -> None:
        name = name or self._somebody()
        if name is None:
            return
        record = self.records[name]
        hold = self.dice.random() < 0.1  # noqa: PLR2004
        connection = self.engine.connect()
        try:
            row = self._locked(connection, record)
            if row is None:
                connection.close()
                return
            each = which or self._field(record, both=row is not None)
            shown = self.words.from_inside(each, row[each.internal])
            value = self.words.new(each, shown, self.common())
            self.journal.tell("edit inside", record=name, field=each.internal, shown=shown, value=value, held=hold)
            statement = f"UPDATE {TABLES[record.type]} SET {each.internal} = :value WHERE id = :id"  # noqa: S608
            connection.execute(text(statement), {"value": self.words.to_inside(each, value), "id": row["id"]})
        except DBAPIError as error:
            connection.close()
            self.journal.tell("not done", record=name, why=str(error.orig).split("\n")[0])
            return
        held = Held(
            until=time.monotonic() + (self.dice.uniform(0.2, _HELD) if hold else 0),
            connection=connection,
            done=lambda: self._edited(record, each, INTERNAL, shown, value),
            check=lambda: self._shows(record, each, value),
        )
        if hold:
            self.held.append(held)
        else:
            self._end(held)

    def _locked(self, connection: Connection, record: Record) -> dict[str, Any] | None:
        key = NAMES[record.type][0]
        statement = text(f"SELECT * FROM {TABLES[record.type]} WHERE {key} = :name ORDER BY id FOR UPDATE")  # noqa: S608
        self.words.learn(connection)
        row = connection.execute(statement, {"name": record.name}).mappings().first()
        return None if row is None else dict(row)

    def _field(self, record: Record, *, both: bool) -> Field:
        choices = [each for each in FIELDS[record.type] if both or each.kind != "flag"]
        return self.dice.choice(choices)

    def _shows(self, record: Record, each: Field, value: Any) -> bool:
        with self.engine.connect() as connection:
            row = self._locked(connection, record)
            return row is not None and self.words.from_inside(each, row[each.internal]) == value

    def _end(self, held: Held) -> None:
        try:
            held.connection.commit()
            done = True
        except DBAPIError:
            done = held.check()
        finally:
            held.connection.close()
        self.journal.tell("committed" if done else "not done")
        if done:
            held.done()

    def end_held(self, *, all_of_them: bool = False) -> None:
        """Commit the transactions whose time has come."""
        due = [each for each in self.held if all_of_them or each.until <= time.monotonic()]
        for each in due:
            self.held.remove(each)
            self._end(each)

    def edit_outside(self, name: str | None = None, which: Field | None = None) -> None:
        name = name or self._somebody()
        if name is None:
            return
        record = self.records[name]
        with self._outside_row(record) as row:
            if row is None:
                return
            each = which or self._field(record, both=self._is_inside(record))
            if each.kind == "flag" and not self._is_inside(record):
                return
            shown = self.words.from_outside(each, row[each.external])
            value = self.words.new(each, shown, self.common())
            moment = self._moment(row)
            self.journal.tell(
                "edit outside", record=name, field=each.internal, shown=shown, value=value, id=row["Id"], stamp=moment
            )
            order = {
                "object": record.type,
                "id": row["Id"],
                "values": {each.external: self.words.to_outside(each, value)},
            }
            perform(self.org, order, moment)
        self._edited(record, each, EXTERNAL, shown, value)

    @contextmanager
    def _outside_row(self, record: Record) -> Iterator[dict[str, Any] | None]:
        """Nobody else changes it while the block runs."""
        key = NAMES[record.type][1]
        with self.org.store.writing():
            yield next(self.org.store.rows(record.type, f"{key} = ? AND IsDeleted = 0", (record.name,)), None)

    def _is_inside(self, record: Record) -> bool:
        key = NAMES[record.type][0]
        statement = text(f"SELECT count(*) FROM {TABLES[record.type]} WHERE {key} = :name")  # noqa: S608
        with self.engine.connect() as connection:
            return bool(connection.execute(statement, {"name": record.name}).scalar())

    def _edited(self, record: Record, each: Field, side: str, shown: Any, value: Any) -> None:
        complaint = record.fields[each.internal].edit(side, shown, value, time.time())
        if complaint and not record.loose:
            self.wrong.append((record.name, f"{each.internal}: {complaint}"))
            self.journal.tell("WRONG", record=record.name, field=each.internal, complaint=complaint)

    # Deleting and what comes after

    def delete_inside(self) -> None:
        record = self._person()
        if record is None:
            return
        self.journal.tell("delete inside", record=record.name)
        try:
            with self.engine.begin() as tx:
                row = self._locked(tx, record)
                if row is None:
                    return
                for each in FIELDS[record.type]:
                    record.fields[each.internal].observe(INTERNAL, self.words.from_inside(each, row[each.internal]))
                tx.execute(text("DELETE FROM prospects WHERE id = :id"), {"id": row["id"]})
        except DBAPIError as error:
            self.journal.tell("not done", record=record.name, why=str(error.orig).split("\n")[0])
            return
        key = NAMES[record.type][1]
        paired = bool(self.org.store.count(record.type, f"{key} = ? AND IsDeleted = 0", (record.name,)))
        record.deletions.append(Deletion(INTERNAL, time.time(), paired))

    def delete_outside(self) -> None:
        record = self._person()
        if record is None:
            return
        with self._outside_row(record) as row:
            if row is None:
                return
            self.journal.tell("delete outside", record=record.name, id=row["Id"])
            for each in FIELDS[record.type]:
                record.fields[each.internal].observe(EXTERNAL, self.words.from_outside(each, row[each.external]))
            perform(self.org, {"object": record.type, "id": row["Id"], "operation": "delete"})
        record.deletions.append(Deletion(EXTERNAL, time.time(), self._is_inside(record)))

    def _person(self) -> Record | None:
        people = [record for record in self.records.values() if record.type != "Account"]
        return self.dice.choice(people) if people else None

    def restore_outside(self) -> None:
        gone = [record for record in self.records.values() if record.deletions and record.type != "Account"]
        if not gone:
            return
        record = self.dice.choice(gone)
        key = NAMES[record.type][1]
        with self.org.store.writing():
            rows = list(self.org.store.rows(record.type, f"{key} = ?", (record.name,)))
            if not rows or not all(row["IsDeleted"] for row in rows):
                return
            row = self.dice.choice(rows)
            record.loose = "restored outside"
            self.journal.tell("restore outside", record=record.name, id=row["Id"])
            perform(self.org, {"object": record.type, "id": row["Id"], "operation": "undelete"})

    def insert_again(self) -> None:
        """Somebody deletes a prospect and makes it again, or imports a list."""
        gone = [record for record in self.records.values() if record.deletions and record.type == "Lead"]
        if not gone:
            return
        record = self.dice.choice(gone)
        if self._is_inside(record) or record.alone:
            return
        self.journal.tell("insert again", record=record.name)
        record.loose = "made again inside"
        columns = {
            "last_name": record.name,
            "email": f"{record.name}@example.com",
            "company": f"{record.name} Inc",
            "owner_id": next(iter(self.words.inside["owner"])),
        }
        try:
            with self.engine.begin() as tx:
                self._insert(tx, "prospects", columns)
        except DBAPIError as error:
            self.journal.tell("not done", record=record.name, why=str(error.orig).split("\n")[0])

    def create_pair(self) -> None:
        """Somebody both sides know before the sync does; what is blank inside is to be filled."""
        record, values = self._new("Lead", EXTERNAL)
        record.loose = "made on both sides"
        sent = {
            each.external: self.words.to_outside(each, value)
            for each in FIELDS["Lead"]
            if (value := values[each.internal]) is not None
        }
        mail = f"{record.name}@example.com"
        self._outside(record, "create", values, {"values": {**sent, "LastName": record.name, "Email": mail}})
        with self.engine.begin() as tx:
            self._insert(tx, "prospects", {"last_name": record.name, "email": mail.upper()})

    def retire(self, name: str) -> None:
        """Nobody touches it any more."""
        del self.records[name]
        self.retired.add(name)

    def in_step(self, name: str, values: Mapping[str, Any]) -> None:
        """Both sides agree on the record: whatever was before is forgotten."""
        record = self.records[name]
        record.deletions = []
        record.loose = ""
        for field_name, value in values.items():
            record.fields[field_name].begin(BOTH, value, time.time())

