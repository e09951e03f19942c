"""Reading records by id (G12), by match key, and by who created them when (G21)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import numpy as np
import pandas as pd

from modstamp.connectors.salesforce import records, soql
from modstamp.connectors.salesforce.calls import Calls, Request
from modstamp.connectors.salesforce.criteria import criterion
from modstamp.connectors.salesforce.describe import Types
from modstamp.connectors.salesforce.errors import RefusedError
from modstamp.connectors.salesforce.queries import Queries
from modstamp.errors import ConfigurationError, Problem
from modstamp.frames import object_frame
from modstamp.mapping.conditions import Criteria
from modstamp.mapping.evaluation import meeting
from modstamp.mapping.predicates import predicate
from modstamp.model import TypeDescription

_LONGEST_CRITERIA = 4_000  # bytes of a query's text
READ_SIZE = 2000  # ids that one retrieve takes
_LOG_REACHES = timedelta(days=15) - timedelta(minutes=2)


class Retrieve:
    """Current records. Every row carries the time at which the first of the requests was sent."""

    def __init__(self, calls: Calls, queries: Queries, types: Types) -> None:
        self._calls = calls
        self._queries = queries
        self._types = types

    def get(self, type_name: str, fields: Sequence[str], ids: Sequence[str]) -> pd.DataFrame:
        return self._types.with_known(type_name, fields, lambda names: self._get(type_name, names, ids))

    def _get(self, type_name: str, names: list[str], ids: Sequence[str]) -> pd.DataFrame:
        description = self._types.describe(type_name)
        read_at, wanted = self._calls.now(), list(dict.fromkeys(ids))
        found: dict[str, records.Record] = {}
        for start in range(0, len(wanted), READ_SIZE):
            found |= self._visible(description, names, wanted[start : start + READ_SIZE])
        found |= self._in_bin(description, names, [record_id for record_id in wanted if record_id not in found])
        found |= self._in_log(description, {record_id for record_id in wanted if record_id not in found})
        rows = [found.get(record_id) for record_id in ids]
        return object_frame(records.columns(description, names, ids, rows, read_at))

    def _visible(self, description: TypeDescription, names: list[str], ids: list[str]) -> dict[str, records.Record]:
        request = Request(
            kind="get",
            method="POST",
            path=f"composite/sobjects/{description.name}",
            type_name=description.name,
            json=retrieve_body(description, names, ids),
        )
        rows = self._calls.send(request).body
        return {record_id: row for record_id, row in zip(ids, rows, strict=True) if row is not None}

    def _in_bin(self, description: TypeDescription, names: list[str], ids: list[str]) -> dict[str, records.Record]:
        """No answer to an id proves nothing; a record in the recycle bin proves its deletion."""
        if not ids or not records.has_delete_flag(description):
            return {}
        columns = records.selected(description, names)
        beside = len(soql.select(columns, description.name))
        texts = [soql.select(columns, description.name, where) for where in soql.in_list("Id", ids, beside=beside)]
        return {row["Id"]: row for row in self._queries.all(description.name, texts, everything=True)}

    def _in_log(self, description: TypeDescription, ids: set[str]) -> dict[str, records.Record]:
        """Records that have left the recycle bin, or whose type has none, as far back as the delete log reaches."""
        if not ids:
            return {}
        end = self._calls.now()
        request = Request(
            kind="get",
            method="GET",
            path=f"sobjects/{description.name}/deleted",
            type_name=description.name,
            params={"start": _seconds(end - _LOG_REACHES), "end": _seconds(end)},
        )
        try:
            entries = self._calls.send(request).body["deletedRecords"]
        except RefusedError:
            # Not every type has a log, and a very long one is refused: then there is no proof.
            return {}
        return {
            entry["id"]: records.deleted(entry["id"], entry["deletedDate"]) for entry in entries if entry["id"] in ids
        }

    def find(
        self,
        type_name: str,
        fields: Sequence[str],
        keys: pd.DataFrame,
        *,
        including_deleted: bool = False,
        criteria: Criteria | None = None,
    ) -> pd.DataFrame:
        key_names = [str(name) for name in keys.columns]
        unknown = [name for name in key_names if name not in self._types.describe(type_name).fields]
        if unknown:
            what = f"Salesforce shows no field {', '.join(unknown)}"
            fix = "correct the match keys, or give the integration user the right to read the field"
            raise ConfigurationError([Problem(f"type '{type_name}'", what, fix)])
        wanted = [*fields, *key_names, *(criteria.fields if criteria else ())]

        def read(names: list[str]) -> pd.DataFrame:
            return self._find(type_name, names, keys, self._asked(type_name, criteria), everything=including_deleted)

        found = _equal(self._types.with_known(type_name, wanted, read), keys)
        return found if criteria is None else meeting(criteria, found)  # SOQL compares texts without case

    def calls_to_find(self, type_name: str, fields: Sequence[str], keys: pd.DataFrame) -> int:
        description = self._types.describe(type_name)
        names = [*fields, *(str(name) for name in keys.columns)]
        shown = [name for name in dict.fromkeys(names) if name in description.fields]
        return self._queries.calls(len(_find_texts(description, shown, keys, asked=True)))

    def _asked(self, type_name: str, criteria: Criteria | None) -> str | bool:
        """What Salesforce can apply of the criteria itself; a text too long to be sent beside keys is not."""
        if criteria is None:
            return True
        fields = self._types.describe(type_name).fields
        where = criterion(predicate(criteria.condition, fields, criteria.now)).where
        return where if isinstance(where, bool) or len(quote(where)) <= _LONGEST_CRITERIA else True

    def _find(
        self,
        type_name: str,
        names: list[str],
        keys: pd.DataFrame,
        asked: str | bool,  # noqa: FBT001 - as `Criterion.where`
        *,
        everything: bool,
    ) -> pd.DataFrame:
        description, read_at = self._types.describe(type_name), self._calls.now()
        texts = _find_texts(description, names, keys, asked=asked)
        found = {row["Id"]: row for row in self._queries.all(type_name, texts, everything=everything)}
        return records.frame(description, names, list(found.values()), read_at)

    def created(self, type_name: str, fields: Sequence[str], since: datetime, until: datetime) -> pd.DataFrame:
        def read(names: list[str]) -> pd.DataFrame:
            return self._created(type_name, names, soql.created_by(self._calls.user(), since, until))

        return self._types.with_known(type_name, fields, read)

    def _created(self, type_name: str, names: list[str], where: str) -> pd.DataFrame:
        description, read_at = self._types.describe(type_name), self._calls.now()
        text = soql.select(records.selected(description, names), type_name, where)
        found = {row["Id"]: row for row in self._queries.all(type_name, [text], everything=True)}
        return records.frame(description, names, list(found.values()), read_at)


def _find_texts(description: TypeDescription, names: list[str], keys: pd.DataFrame, *, asked: str | bool) -> list[str]:
    """`asked`: as `Criterion.where`."""
    columns = records.selected(description, names)
    more = f" AND {asked}" if isinstance(asked, str) else ""
    beside = len(soql.select(columns, description.name)) + len(quote(more))
    conditions = soql.matching(keys, description.fields, beside=beside) if asked is not False else ()
    return [soql.select(columns, description.name, where + more) for where in conditions]


def _equal(found: pd.DataFrame, keys: pd.DataFrame) -> pd.DataFrame:
    """The records that are equal to a row of the keys, texts without case: queries may find more."""
    names = [str(name) for name in keys.columns]
    if len(names) == 1 or any(name not in found for name in names):
        return found
    wanted = {_folded(row) for row in keys.itertuples(index=False)}
    there = (_folded(row) in wanted for row in found[names].itertuples(index=False))
    # Not as a list: an empty list would choose no column at all.
    return found[np.fromiter(there, bool, len(found))].reset_index(drop=True)


def _folded(row: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(each.strip().casefold() if isinstance(each, str) else each for each in row)


def _seconds(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S+00:00")


def retrieve_body(description: TypeDescription, names: Sequence[str], ids: Sequence[str]) -> dict[str, Any]:
    """What a retrieve of a collection asks for. An id that it does not find is answered with null."""
    return {"ids": list(ids), "fields": records.selected(description, names)}
