"""Importing: a one-off poll of records that a person chose, by a CSV file, a list view or a report (OSF-014 to 016).

Everything but the choice is the mapping's: its toggles, conditions, brakes and lease. A file names records and brings
no values: what is written inside is what the other system shows when the import reads it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from modstamp import wiring
from modstamp.connections import Resolver, from_environment
from modstamp.errors import ConfigurationError, Problem
from modstamp.model import Column, Direction, TypeDescription
from modstamp.settings import Settings

if TYPE_CHECKING:
    from modstamp.engine.handoff import RunOptions
    from modstamp.mapping.schema import TypeMapping
    from modstamp.ports import Connector

_ID = "Id"
_SEPARATORS = ",;\t|"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where the choice of a mapping's records stands. `name`: of the list, or the path of the file."""

    mapping: str
    kind: Literal["CSV", "list view", "report"]
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """`ids` of external records. `rows`: of the file, or records of the list.

    `not_found`: rows that name no record: ``line``, ``reason``. `several`: rows whose key more than one record has:
    ``line``, ``ids``.
    """

    ids: Sequence[str]
    rows: int
    not_found: Sequence[Mapping[str, Any]] = ()
    several: Sequence[Mapping[str, Any]] = ()


def run(
    source: Source,
    run_id: str,
    settings: Settings,
    resolve: Resolver = from_environment,
    *,
    dry_run: bool = False,
) -> dict[str, Any]:
    """Import, or show what an import would do. The run's summary, with ``rows``, ``not_found`` and ``several``.

    Raises `ConfigurationError` for a source that cannot be read or says nothing of records, and what a run raises.
    """
    with wiring.open_run(source.mapping, Direction.POLLING, settings, resolve) as opened:
        choice = choose(source, opened, run_id)
        summary = wiring.run_through(opened, options(source, choice, dry_run=dry_run), run_id)
    told = {"rows": choice.rows, "not_found": list(choice.not_found), "several": list(choice.several)}
    return {**summary.as_dict(), **told}


def choose(source: Source, opened: wiring.Run, run_id: str) -> Choice:
    """The records that a source names. Its calls count as the run's."""
    connector, mapping = opened.environment.connector, opened.environment.mapping
    with opened.meter.during(run_id, mapping.name):
        if source.kind == "CSV":
            return _File(Path(source.name), mapping, connector).choice()
        ids = connector.listed(mapping.external_type, source.kind, source.name)
        return Choice(ids=ids, rows=len(ids))


def options(source: Source, choice: Choice, *, dry_run: bool) -> RunOptions:
    """Of a poll of these records alone."""
    from modstamp.engine.handoff import RunOptions  # noqa: PLC0415  # pandas

    return RunOptions(ids=tuple(choice.ids), origin=str(source), dry_run=dry_run)


class _File:
    """A CSV whose header has the id, or the fields of the match key, under their names or labels."""

    def __init__(self, path: Path, mapping: TypeMapping, connector: Connector) -> None:
        self._path = path
        self._mapping = mapping
        self._connector = connector
        self._type = connector.describe(mapping.external_type)
        names = {row.internal: row.external for row in mapping.fields}
        self._keys = [names[each] for each in (mapping.match_keys or ((),))[-1]]

    def choice(self) -> Choice:
        lines = list(self._lines())
        ids: dict[int, list[str]] = {}
        not_found: list[dict[str, Any]] = []
        named = [(line, row[_ID]) for line, row in lines if row.get(_ID)]
        known = self._connector.ids(self._type.name, [text for _, text in named])
        for (line, text), found in zip(named, known, strict=True):
            if found is None:
                not_found.append({"line": line, "reason": f"'{text}' is no id of {self._type.name}"})
            else:
                ids[line] = [found]
        ids |= self._by_key([(line, row) for line, row in lines if not row.get(_ID)], not_found)
        return Choice(
            ids=list(dict.fromkeys(each for _, found in sorted(ids.items()) for each in found)),
            rows=len(lines),
            not_found=sorted(not_found, key=lambda each: int(each["line"])),
            several=[{"line": line, "ids": found} for line, found in sorted(ids.items()) if len(found) > 1],
        )

    def _by_key(
        self, lines: Sequence[tuple[int, Mapping[str, str]]], not_found: list[dict[str, Any]]
    ) -> dict[int, list[str]]:
        from modstamp.engine.frames import column, frame  # noqa: PLC0415  # pandas
        from modstamp.engine.look import match_keys  # noqa: PLC0415  # pandas

        if not lines or not self._keys:
            not_found += [{"line": line, "reason": "it has no id"} for line, _ in lines]
            return {}
        rows = frame({name: [row.get(name) or None for _, row in lines] for name in self._keys})
        keys = match_keys(rows, self._keys)
        asked = rows.dropna().drop_duplicates().reset_index(drop=True)
        by_key: dict[str, list[str]] = {}
        if len(asked):
            records = self._connector.find(self._type.name, (), asked)
            for key, record in zip(match_keys(records, self._keys), column(records, Column.ID), strict=True):
                by_key.setdefault(key, []).append(record)
        result = {}
        for (line, _), key in zip(lines, keys, strict=True):
            if key in by_key:
                result[line] = by_key[key]
            else:
                reason = "no record has its key" if key else f"it has neither an id nor {' and '.join(self._keys)}"
                not_found.append({"line": line, "reason": reason})
        return result

    def _lines(self) -> Iterator[tuple[int, dict[str, str]]]:
        """Line and values by field name, of rows that are not empty."""
        try:
            with self._path.open(encoding="utf-8-sig", newline="") as text:
                first = text.readline()
                text.seek(0)
                separator = max(_SEPARATORS, key=first.count)
                reader = csv.reader(text, delimiter=separator, strict=True)
                names = self._header(next(reader, []))
                for cells in reader:
                    row = {name: cell.strip() for name, cell in zip(names, cells, strict=False) if name}
                    if any(map(str.strip, cells)):
                        yield reader.line_num, row
        except OSError as error:
            raise self._unusable(f"it cannot be read ({error.strerror})", "give the path of a readable file") from error
        except (UnicodeDecodeError, csv.Error) as error:
            raise self._unusable(f"it is no CSV in UTF-8: {error}", "export it again as CSV, UTF-8") from error

    def _header(self, cells: Sequence[str]) -> list[str | None]:
        """The field that each column is read as; None: none of those that tell records apart."""
        wanted = {_ID, *self._keys}
        words = _words(self._type, wanted)
        names = [words.get(cell.strip().casefold()) for cell in cells]
        used = [name for name in names if name]
        keys = " and ".join(self._keys)
        if len(used) != len(set(used)):
            raise self._unusable("two of its columns are named alike", "keep one of them")
        if _ID not in used and not (self._keys and set(self._keys) <= set(used)):
            raise self._unusable(
                "its header names neither the id nor the match key",
                f"add a column {_ID}" + (f", or {keys}" if keys else "") + " (the field's name, or its label)",
            )
        return names

    def _unusable(self, what: str, fix: str) -> ConfigurationError:
        return ConfigurationError([Problem(str(self._path), what, fix)])


def _words(description: TypeDescription, wanted: set[str]) -> dict[str, str]:
    """How a header may call these fields → the field. A name counts more than another field's label."""
    labels = {
        field.label.casefold(): name for name, field in description.fields.items() if name in wanted and field.label
    }
    return {**labels, f"{description.label} id".casefold(): _ID, **{name.casefold(): name for name in wanted}}
