"""From a folder of mapping files to `Mappings`, or to every problem of every file at once.

Quick, because Airflow runs it at each DAG parse: neither pandas nor Great Expectations is imported here.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from modstamp.errors import ConfigurationError, Problem
from modstamp.mapping import checking, documents, invalid
from modstamp.mapping.catalog import MappingFile, Mappings, in_order
from modstamp.mapping.schema import TypeMapping
from modstamp.mapping.values import ValueTable, read_table

_VALUES = "values"  # the folder of value tables beside the mapping files


def load(folder: Path) -> Mappings:
    """Every mapping below the folder, cross-checked. Raises `ConfigurationError` with all problems at once."""
    paths = sorted(path for path in folder.rglob("*.y*ml") if path.parent.name != _VALUES)
    if not paths:
        problem = Problem(str(folder), "holds no mapping file", "set MODSTAMP_MAPPINGS to the folder that does")
        raise ConfigurationError([problem])
    tables, problems = _tables({path.parent for path in paths})
    files = []
    for path in paths:
        file, faults = _read(path, tables[path.parent])
        problems += faults
        files += [file] if file else []
    problems += checking.check(files)
    if problems:
        raise ConfigurationError(problems)
    return in_order(files)


def _tables(folders: set[Path]) -> tuple[dict[Path, dict[str, ValueTable]], list[Problem]]:
    tables: dict[Path, dict[str, ValueTable]] = {folder: {} for folder in folders}
    problems = []
    for folder in sorted(folders):
        for path in sorted((folder / _VALUES).glob("*.csv")):
            table, faults = read_table(path)
            problems += faults
            # A table with faults still counts as there: its users need no second complaint.
            tables[folder][path.stem] = table or ValueTable(path.stem, ())
    return tables, problems


def _read(path: Path, tables: Mapping[str, ValueTable]) -> tuple[MappingFile | None, list[Problem]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        return None, [Problem(str(path), f"cannot be read: {error}", "make it a readable text file in UTF-8")]
    document = documents.parse(text, str(path))
    problems = list(document.problems)
    if document.data is None:
        return None, problems or [Problem(document.where(), "the file is empty", "write a mapping, or remove it")]
    try:
        mapping = TypeMapping.model_validate(document.data)
    except ValidationError as error:
        return None, problems + invalid.problems(document, error)
    return MappingFile(mapping=mapping, document=document, tables=tables), problems
