"""Where people act: both systems as they meet them, the journal, and the records that they know of."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from bench.chaos.diary import Happening
from bench.chaos.fields import FIELDS, NAMES, TABLES, Field, Words
from bench.chaos.versions import FieldStory
from sandbox.salesforce.org import Org

_LATE: Final = 3.0  # seconds at most that a change becomes visible after its stamp
_LATE_SHARE: Final = 0.2


@dataclass(frozen=True, slots=True)
class Deletion:
    """`paired`: the other side had the record at that moment."""

    side: str
    at: float
    paired: bool


@dataclass
class Record:
    """One person or company of the world, known by a name that nobody changes.

    `born`: the side on which people made it. `alone`: why the mapping lets it not travel. `loose`: why only the weaker
    rules hold for it: it was restored, made again, made on both sides, merged, converted. `settled`: it was in step
    once. `merged`: away, into the one of this name.
    """

    name: str
    type: str
    born: str
    alone: str = ""
    loose: str = ""
    settled: bool = False
    merged: str = ""
    fields: dict[str, FieldStory] = field(default_factory=dict)
    deletions: list[Deletion] = field(default_factory=list)

    @property
    def table(self) -> str:
        return TABLES[self.type]

    @property
    def keys(self) -> tuple[str, str]:
        """Inside and outside: what holds the name."""
        return NAMES[self.type]


class Journal:
    """One JSON line per thing, before it is done and after."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8")

    def tell(self, what: str, **details: Any) -> None:
        line = {"at": f"{datetime.now(UTC):%H:%M:%S.%f}"[:-3], "what": what, **details}
        self._file.write(json.dumps(line, default=str) + "\n")
        self._file.flush()

    def refused(self, name: str, error: DBAPIError) -> None:
        self.tell("not done", record=name, why=str(error.orig).split("\n", maxsplit=1)[0])


@dataclass
class Scene:
    """`records`: name → record that people may touch. `retired`: names that nobody touches any more.

    `happenings`: name → meeting or activity. `wrong`: (name, what) that was seen to be wrong right when somebody
    edited. `hidden`: (type, field) that our user could not see or write for a while.
    """

    org: Org
    engine: Engine
    dice: random.Random
    words: Words
    journal: Journal
    records: dict[str, Record] = field(default_factory=dict)
    retired: set[str] = field(default_factory=set)
    happenings: dict[str, Happening] = field(default_factory=dict)
    wrong: list[tuple[str, str]] = field(default_factory=list)
    hidden: set[tuple[str, str]] = field(default_factory=set)

    def happens(self, share: float) -> bool:
        return self.dice.random() < share

    def somebody(self) -> Record | None:
        return self.dice.choice(list(self.records.values())) if self.records else None

    def person(self) -> Record | None:
        people = [record for record in self.records.values() if record.type != "Account"]
        return self.dice.choice(people) if people else None

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

    # Inside

    def locked(self, connection: Connection, record: Record) -> dict[str, Any] | None:
        """The record's row, which nobody else changes before the transaction ends."""
        statement = f"SELECT * FROM {record.table} WHERE {record.keys[0]} = :name ORDER BY id FOR UPDATE"  # noqa: S608
        self.words.learn(connection)
        row = connection.execute(text(statement), {"name": record.name}).mappings().first()
        return None if row is None else dict(row)

    def carry_out(self, what: str, name: str, work: Callable[[Connection], None], **told: Any) -> bool:
        """One transaction inside. Whether it was done for certain."""
        self.journal.tell(what, record=name, **told)
        try:
            with self.engine.begin() as connection:
                work(connection)
        except DBAPIError as error:
            self.journal.refused(name, error)
            return False
        return True

    def is_inside(self, record: Record) -> bool:
        statement = f"SELECT count(*) FROM {record.table} WHERE {record.keys[0]} = :name"  # noqa: S608
        with self.engine.connect() as connection:
            return bool(connection.execute(text(statement), {"name": record.name}).scalar())

    @staticmethod
    def insert(connection: Connection, table: str, columns: Mapping[str, Any]) -> int:
        """Returns its id."""
        names, marks = ", ".join(columns), ", ".join(f":{name}" for name in columns)
        statement = f"INSERT INTO {table} ({names}) VALUES ({marks}) RETURNING id"  # noqa: S608
        return int(connection.execute(text(statement), dict(columns)).scalar_one())

    def users(self) -> list[int]:
        """Inside, of those whom both sides know."""
        known = self.words.inside["owner"]
        mails = {str(row["Email"]).lower() for row in self.org.store.rows("User")}
        return [number for number, mail in known.items() if mail in mails]

    def deals(self) -> list[int]:
        """Opportunities inside."""
        with self.engine.connect() as connection:
            return list(connection.execute(text("SELECT id FROM opportunities ORDER BY id")).scalars())

    @staticmethod
    def prospect(connection: Connection, record: Record) -> int | None:
        """Its id inside, if it is there."""
        statement = text("SELECT id FROM prospects WHERE last_name = :name ORDER BY id LIMIT 1")
        found = connection.execute(statement, {"name": record.name}).scalar()
        return None if found is None else int(found)

    def seen_inside(self, record: Record, row: Mapping[str, Any]) -> None:
        """Somebody looks at the whole row."""
        for each in FIELDS[record.type]:
            record.fields[each.internal].observe("internal", self.words.from_inside(each, row[each.internal]))

    # Outside

    @contextmanager
    def outside(self, record: Record) -> Iterator[dict[str, Any] | None]:
        """The record's row in Salesforce, which nobody else changes while the block runs."""
        with self.org.store.writing():
            rows = self.org.store.rows(record.type, f"{record.keys[1]} = ? AND IsDeleted = 0", (record.name,))
            yield next((row for row in rows if not row.get("IsConverted")), None)

    def is_outside(self, record: Record) -> bool:
        return bool(self.org.store.count(record.type, f"{record.keys[1]} = ? AND IsDeleted = 0", (record.name,)))

    def seen_outside(self, record: Record, row: Mapping[str, Any]) -> None:
        """Somebody looks at the whole record."""
        for each in FIELDS[record.type]:
            record.fields[each.internal].observe("external", self.words.from_outside(each, row[each.external]))

    def sent(self, record: Record, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values in Salesforce's words."""
        return {
            each.external: self.words.to_outside(each, values[each.internal])
            for each in FIELDS[record.type]
            if values[each.internal] is not None
        }

    def moment(self, row: Mapping[str, Any] | None = None) -> datetime | None:
        """Some changes are stamped seconds before they become visible, but not before the one that they follow."""
        if not self.happens(_LATE_SHARE):
            return None
        moment = self.org.clock.now() - timedelta(seconds=int(self.dice.uniform(1, _LATE + 1)))
        if row is not None and datetime.fromisoformat(str(row["SystemModstamp"])) > moment:
            return None
        return moment

    def was_hidden(self, record: Record, each: Field) -> bool:
        """A record that we make meanwhile goes without this field, which is never in step before both agree."""
        return (record.type, each.external) in self.hidden

    def edited(self, record: Record, each: Field, side: str, values: tuple[Any, Any], at: float) -> None:
        """`values`: what was shown, and what was written instead."""
        complaint = record.fields[each.internal].edit(side, *values, at)
        unsent = values[0] is None and self.was_hidden(record, each)
        if complaint and not record.loose and not unsent:
            self.wrong.append((record.name, f"{each.internal}: {complaint}"))
            self.journal.tell("WRONG", record=record.name, field=each.internal, complaint=complaint)
