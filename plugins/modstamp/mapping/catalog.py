"""All mappings together: what the rest of the program is given after loading."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from modstamp.errors import ConfigurationError, Problem
from modstamp.mapping import terms
from modstamp.mapping.documents import Document
from modstamp.mapping.field import FieldMapping
from modstamp.mapping.schema import OUTWARD, PEOPLE, TypeMapping
from modstamp.mapping.values import ValueTable

_LISTED = 20  # names; a longer list helps nobody


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingFile:
    """A type mapping with the file it came from and the value tables that stand beside it."""

    mapping: TypeMapping
    document: Document
    tables: Mapping[str, ValueTable] = field(default_factory=dict)

    def table(self, row: FieldMapping) -> ValueTable | None:
        """The value table of one of the mapping's fields; None when it has none."""
        if isinstance(row.values, tuple):
            return ValueTable(row.internal, tuple((pair.internal, pair.external) for pair in row.values))
        return None if row.values is None else self.tables[row.values]

    @property
    def fingerprint(self) -> str:
        """Changes when the mapping or a value table that it uses does, so that what waits is tried again (G26, G30)."""
        tables = {row.internal: table for row in self.mapping.fields if (table := self.table(row))}
        return terms.fingerprint(terms.document(self.mapping, tables))


@dataclass(frozen=True, slots=True)
class Mappings:
    """Every type mapping, in an order in which parents come before their children. Iterates over `TypeMapping`."""

    files: tuple[MappingFile, ...]

    def __iter__(self) -> Iterator[TypeMapping]:
        return (file.mapping for file in self.files)

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, name: str) -> TypeMapping:
        """The mapping of that name. Raises `ConfigurationError`."""
        return self.file(name).mapping

    def file(self, name: str) -> MappingFile:
        """The file of the mapping of that name. Raises `ConfigurationError`."""
        for file in self.files:
            if file.mapping.name == name:
                return file
        names = [mapping.name for mapping in self]
        raise ConfigurationError([Problem(f"mapping '{name}'", "there is no such mapping", suggestion(name, names))])

    def family(self, mapping: TypeMapping) -> tuple[TypeMapping, ...]:
        """The mappings of the same internal type into the same connection, this one included (G20)."""
        return tuple(other for other in self if other.family == mapping.family)

    def parents(self, mapping: TypeMapping) -> tuple[TypeMapping, ...]:
        """The mappings on the same connection that this one's references name; itself, if it refers to itself."""
        types = {name for row in mapping.fields for name in row.named_types}
        return tuple(other for other in self if other.connection == mapping.connection and other.internal in types)

    def tables(self, mapping: TypeMapping) -> dict[str, ValueTable]:
        """Internal field → value table, for the fields that have one."""
        file = self.file(mapping.name)
        found = {row.internal: file.table(row) for row in mapping.fields}
        return {name: table for name, table in found.items() if table}


def linking(mapping: TypeMapping, every: Iterable[TypeMapping]) -> dict[str, tuple[TypeMapping, ...]]:
    """The types of people without whom nothing of the mapping goes out → the mappings that link them (OMS-003)."""
    named = {row.reference.type for row in mapping.fields if row.reference and row.names_parent}
    kinds = [kind for kind in PEOPLE if mapping.internal in OUTWARD and kind in named]
    return {
        kind: tuple(each for each in every if each.connection == mapping.connection and each.internal == kind)
        for kind in kinds
    }


def suggestion(word: str, known: list[str]) -> str:
    """A fix for a name that nobody knows: the closest one, else all of them if they are few."""
    close = get_close_matches(word, known, n=1, cutoff=0.6)
    folded = [name for name in known if name.casefold() == word.casefold()]
    if found := folded or close:
        return f"did you mean '{found[0]}'?"
    if len(known) > _LISTED:
        return "none has a similar name: use the exact one."
    return f"use one of: {', '.join(sorted(known))}." if known else "take it out."


def in_order(files: list[MappingFile]) -> Mappings:
    """Parents before children, else by name. Types that refer to each other in a ring go by name, and wait (G16)."""
    unordered = Mappings(tuple(sorted(files, key=lambda file: file.mapping.name)))
    ordered: dict[str, MappingFile] = {}
    seen: set[str] = set()

    def visit(file: MappingFile) -> None:
        if file.mapping.name in seen:
            return
        seen.add(file.mapping.name)
        for parent in unordered.parents(file.mapping):
            visit(unordered.file(parent.name))
        ordered[file.mapping.name] = file

    for file in unordered.files:
        visit(file)
    return Mappings(tuple(ordered.values()))
