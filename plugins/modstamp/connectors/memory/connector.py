"""One client of a `MemorySystem`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Literal

import pandas as pd

from modstamp.connectors.memory.rules import fold
from modstamp.connectors.memory.system import Fault, MemorySystem, Version
from modstamp.errors import ConfigurationError, LimitReachedError, Problem, RejectedRecordError, RetryableError
from modstamp.frames import object_frame
from modstamp.instants import to_text
from modstamp.mapping.conditions import Criteria
from modstamp.mapping.evaluation import meeting
from modstamp.model import (
    Abilities,
    Action,
    Budget,
    Column,
    Operation,
    Outcome,
    Presence,
    Status,
    TypeDescription,
    Value,
    Values,
    Window,
)
from modstamp.ports import Page

_MISSING = {"NOT_FOUND", "ENTITY_IS_DELETED"}


class MemoryConnector:
    """Reads and writes a `MemorySystem` under the user `name`.

    Each page and each batch is one call; `maximum` calls may be made in all, None: any number. With `reads_back` off,
    pushes show nothing of what they wrote (G19).
    """

    def __init__(  # noqa: PLR0913 - each is a trait of the client that a test varies
        self,
        system: MemorySystem,
        *,
        name: str = "modstamp",
        page_size: int = 2000,
        batch_size: int = 200,
        maximum: int | None = None,
        reads_back: bool = True,
    ) -> None:
        self.system = system
        self.name = name
        self.page_size = page_size
        self.batch_size = batch_size
        self.maximum = maximum
        self.reads_back = reads_back
        self.calls = 0

    def abilities(self) -> Abilities:
        return Abilities(batch_size=self.batch_size, read_size=self.page_size)

    def now(self) -> datetime:
        return self.system.clock

    def user(self) -> str:
        return self.name

    def budget(self) -> Budget:
        return Budget(used_by_us=self.calls, own_threshold=self.maximum)

    def describe(self, type_name: str) -> TypeDescription:
        self._call()
        return self._type(type_name)

    def count(self, type_name: str, window: Window) -> int:
        self._call()
        return sum(_inside(window, *row) for row in self.system.visible(type_name))

    def calls_to_read(self, rows: int) -> int:
        return max(1, -(-rows // self.page_size))

    def calls_to_find(self, type_name: str, fields: Sequence[str], keys: pd.DataFrame) -> int:
        del type_name, fields
        return min(len(keys), 1)

    def pull(self, type_name: str, fields: Sequence[str], window: Window) -> Iterator[Page]:
        self._call()
        columns = self._known(type_name, fields)
        found = [row for row in self.system.visible(type_name) if _inside(window, *row)]
        found = sorted(found, key=lambda row: (row[1].stamp, row[0]))[: window.at_most]
        read_at = self.now()
        for start in range(0, max(len(found), 1), self.page_size):
            if start:
                self._call()
            records = _frame(columns, found[start : start + self.page_size], read_at)
            yield Page(records=records, total=len(found))

    def get(self, type_name: str, fields: Sequence[str], ids: Sequence[str]) -> pd.DataFrame:
        columns = self._known(type_name, fields)
        for _ in range(0, len(ids), self.page_size):
            self._call()
        return _frame(columns, [(record_id, self.system.read(type_name, record_id)) for record_id in ids], self.now())

    def find(
        self,
        type_name: str,
        fields: Sequence[str],
        keys: pd.DataFrame,
        *,
        including_deleted: bool = False,
        criteria: Criteria | None = None,
    ) -> pd.DataFrame:
        self._call()
        key_names = list(keys.columns)
        unknown = [name for name in key_names if name not in self._type(type_name).fields]
        if unknown:
            raise _wrong(f"type '{type_name}'", f"it has no field {', '.join(unknown)}", "correct the match keys")
        wanted = set(zip(*(map(fold, keys[name]) for name in key_names), strict=True))
        wanted = {key for key in wanted if None not in key and "" not in key}
        found = [
            (record_id, version)
            for record_id, version in self.system.visible(type_name)
            if (including_deleted or not version.deleted)
            and tuple(fold(version.fields.get(name)) for name in key_names) in wanted
        ]
        looked_at = criteria.fields if criteria else ()
        records = _frame(self._known(type_name, [*fields, *key_names, *looked_at]), found, self.now())
        return records if criteria is None else meeting(criteria, records)

    def ids(self, type_name: str, texts: Sequence[str]) -> list[str | None]:
        self._type(type_name)
        return [text.strip() or None for text in texts]

    def listed(self, type_name: str, kind: Literal["list view", "report"], name: str) -> list[str]:
        self._call()
        self._type(type_name)
        raise _wrong(f"{kind} '{name}'", "there is none of this name", "it cannot be made here")

    def created(self, type_name: str, fields: Sequence[str], since: datetime, until: datetime) -> pd.DataFrame:
        self._call()
        found = [
            (record_id, version)
            for record_id, version in self.system.visible(type_name)
            if version.created_by == self.name and since <= version.created_at <= until
        ]
        return _frame(self._known(type_name, fields), found, self.now())

    def push(self, type_name: str, actions: Sequence[Action], read_back: Sequence[str]) -> list[Outcome]:
        columns = self._known(type_name, read_back)
        outcomes: list[Outcome] = []
        for start in range(0, len(actions), self.batch_size):
            batch = actions[start : start + self.batch_size]
            try:
                self._call()
            except (LimitReachedError, RetryableError) as error:
                if not outcomes:
                    raise
                # What was sent before has outcomes that must not be lost; the rest was not sent.
                return outcomes + [_unsent(action, error) for action in actions[start:]]
            outcomes += self._send(type_name, batch, columns)
        return outcomes

    def _send(self, type_name: str, batch: Sequence[Action], columns: Sequence[str]) -> list[Outcome]:
        fault, late = self.system.faults.popleft() if self.system.faults else (None, 0.0)
        if fault is Fault.REFUSED:
            return [Outcome(status=Status.RETRY, id=action.id, code="SERVER_UNAVAILABLE") for action in batch]
        if fault is Fault.LOST_BEFORE:
            return [Outcome(status=Status.UNKNOWN, id=action.id) for action in batch]
        outcomes = [self._carry_out(type_name, action, columns, late) for action in batch]
        if fault:
            return [Outcome(status=Status.UNKNOWN, id=action.id) for action in batch]
        return outcomes

    def _carry_out(self, type_name: str, action: Action, columns: Sequence[str], late: float) -> Outcome:
        try:
            record_id = self._write(type_name, action, late)
        except RejectedRecordError as error:
            return _refused(action, error)
        version = self.system.read(type_name, record_id)
        shown = _shown(columns, record_id, version, self.now()) if self.reads_back else None
        return Outcome(status=Status.OK, id=record_id, shown=shown)

    def _write(self, type_name: str, action: Action, late: float) -> str:
        if action.id is None:
            key = {action.own_key.field: action.own_key.value} if action.own_key else {}
            return self.system.create(type_name, {**action.values, **key}, by=self.name, late=late)
        if self.system.read(type_name, action.id) is None:
            raise RejectedRecordError("NOT_FOUND", "the requested resource does not exist")
        if (type_name, action.id) in self.system.locked:
            raise RejectedRecordError("UNABLE_TO_LOCK_ROW", f"unable to obtain exclusive access: {action.id}")
        if action.operation is Operation.DELETE:
            self.system.delete(type_name, action.id, by=self.name, late=late)
        else:
            self.system.edit(type_name, action.id, action.values, by=self.name, late=late)
        return action.id

    def _call(self) -> None:
        if not self.system.reachable:
            raise RetryableError("the system does not answer")
        if self.maximum is not None and self.calls >= self.maximum:
            message = f"{self.calls} of {self.maximum} calls are used"
            raise LimitReachedError(message, until=self.now() + timedelta(minutes=5))
        self.calls += 1

    def _type(self, type_name: str) -> TypeDescription:
        if type_name not in self.system.types:
            raise _wrong(f"type '{type_name}'", "the system has no such type", "correct the mapping's external type")
        return self.system.types[type_name]

    def _known(self, type_name: str, fields: Iterable[str]) -> list[str]:
        """The fields that the system still shows, each once (G8)."""
        shown = self._type(type_name).fields
        return [name for name in dict.fromkeys(fields) if name in shown]


def _wrong(where: str, what: str, fix: str) -> ConfigurationError:
    return ConfigurationError([Problem(where, what, fix)])


def _inside(window: Window, record_id: str, version: Version) -> bool:
    if window.after is not None and (version.stamp, record_id) <= window.after:
        return False
    return (window.lower is None or version.stamp >= window.lower) and version.stamp <= window.upper


def _shown(columns: Sequence[str], record_id: str, version: Version | None, read_at: datetime) -> dict[str, Value]:
    """One record as a row of a frame of records."""
    values: Values = version.fields if version else {}
    stamp = to_text(version.stamp) if version else None
    return {
        **{name: values.get(name) for name in columns},
        Column.ID: record_id,
        Column.STATE: _presence(version).value,
        Column.STAMP: stamp,
        Column.MODIFIED_AT: stamp,
        Column.MODIFIED_BY: version.by if version else None,
        Column.CREATED_AT: to_text(version.created_at) if version else None,
        Column.CREATED_BY: version.created_by if version else None,
        Column.READ_AT: to_text(read_at),
        Column.MOVED_TO: version.moved_to if version else None,
    }


def _presence(version: Version | None) -> Presence:
    if version is None:
        return Presence.HIDDEN
    return Presence.DELETED if version.deleted else Presence.FOUND


def _frame(columns: Sequence[str], found: Sequence[tuple[str, Version | None]], read_at: datetime) -> pd.DataFrame:
    rows = [_shown(columns, record_id, version, read_at) for record_id, version in found]
    return object_frame({name: [row[name] for row in rows] for name in (*columns, *Column)})


def _unsent(action: Action, error: Exception) -> Outcome:
    return Outcome(status=Status.RETRY, id=action.id, code="NOT_SENT", message=str(error))


def _refused(action: Action, error: RejectedRecordError) -> Outcome:
    status, record_id = Status.REJECTED, action.id
    if error.code in _MISSING:
        status = Status.MISSING
    elif error.code == "UNABLE_TO_LOCK_ROW":
        status = Status.LOCKED
    elif error.code == "DUPLICATE_VALUE" and action.operation is Operation.CREATE:
        status, record_id = Status.EXISTS, error.reason.rpartition(" ")[2]
        if action.own_key and action.own_key.field in error.reason:
            status, record_id = Status.UNKNOWN, None  # an earlier try of the same create has arrived
    return Outcome(status=status, id=record_id, code=error.code, message=error.reason)
